"""Trees of segments as tensors: a token sees its own segment up to itself, and the segments that this one follows."""
from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from layout import Segment

STEP = 32  # lengths are multiples of it, lest each has its own kernels


@dataclass
class Batch:
    ids: Tensor      # [B, L]
    places: Tensor   # [B, L]: how many tokens are before it in its conversation
    mask: Tensor     # [B, 1, L, L]: 0, or minus infinity where it may not look
    weights: Tensor  # [B, L]: of predicting ids[b, t]
    tokens: int


def length(tree: list[Segment]) -> int:
    return sum(len(s.ids) for s in tree)


def rounded(n: int) -> int:
    return -(-n // STEP) * STEP


def batch(trees: list[list[Segment]], dtype: torch.dtype) -> Batch:
    size = rounded(max(length(t) for t in trees))
    ids = torch.zeros(len(trees), size, dtype=torch.long)
    places = torch.zeros(len(trees), size, dtype=torch.long)
    weights = torch.zeros(len(trees), size)
    mask = torch.full((len(trees), 1, size, size), float("-inf"), dtype=dtype)
    below = torch.zeros(size, size, dtype=dtype).masked_fill_(torch.ones(size, size, dtype=torch.bool).triu_(1), float("-inf"))
    for i, tree in enumerate(trees):
        at = 0
        ranges: list[tuple[int, int]] = []  # of each segment
        ends: list[int] = []  # of each segment in its conversation
        for s in tree:
            n = len(s.ids)
            before = ends[s.parent] if s.parent >= 0 else 0
            ids[i, at:at + n] = torch.tensor(s.ids)
            weights[i, at:at + n] = torch.tensor(s.weights)
            places[i, at:at + n] = torch.arange(before, before + n)
            mask[i, 0, at:at + n, at:at + n] = below[:n, :n]
            above = s.parent
            while above >= 0:
                a, b = ranges[above]
                mask[i, 0, at:at + n, a:b] = 0
                above = tree[above].parent
            ranges.append((at, at + n))
            ends.append(before + n)
            at += n
        mask[i, 0, at:, at:] = below[:size - at, :size - at]  # padding sees padding
    return Batch(ids, places, mask, weights, sum(length(t) for t in trees))
