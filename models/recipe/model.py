"""The decoder, as llama.cpp's `llama` architecture computes it: RMSNorm, rotary positions, SwiGLU, tied embedding."""
from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn as nn
import torch.nn.functional as F

EPSILON = 1e-5
SIZE = 0.5  # of an embedding's entries at first; the last norm makes up for it


def load(path: Path, device: str = "cpu") -> dict:
    """A checkpoint of ours, shape and all: newer versions of PyTorch have to be told to trust it."""
    return torch.load(path, map_location=device, **({"weights_only": False} if torch.__version__ >= "2" else {}))


@dataclass
class Shape:
    pieces: int
    width: int = 256
    layers: int = 6
    heads: int = 4
    inner: int = 512
    rotated: int = 24  # dimensions of a head that carry positions; the others compare contents alone
    context: int = 640
    base: float = 0.0  # of the usual rotary frequencies, if these are wanted

    @property
    def head(self) -> int:
        return self.width // self.heads


def frequencies(shape: Shape) -> torch.Tensor:
    """Radians a token of each rotated pair: from about 2 down to 0.004, or the usual ones."""
    if shape.base:
        return shape.base ** (-torch.arange(shape.rotated // 2) / (shape.rotated // 2))
    return 2.2 * (0.004 / 2.2) ** (torch.arange(shape.rotated // 2) / (shape.rotated // 2 - 1))


class Norm(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + EPSILON) * self.weight


class Block(nn.Module):
    def __init__(self, shape: Shape):
        super().__init__()
        d = shape.width
        self.shape = shape
        self.norm1, self.norm2 = Norm(d), Norm(d)
        self.qkv = nn.Linear(d, 3 * d, bias=False)
        self.out = nn.Linear(d, d, bias=False)
        self.gate = nn.Linear(d, 2 * shape.inner, bias=False)
        self.down = nn.Linear(shape.inner, d, bias=False)
        small = SIZE / math.sqrt(2 * shape.layers)  # blocks must not drown the embedding at first
        for layer, scale in ((self.qkv, 1.0), (self.gate, 1.0), (self.out, small), (self.down, small)):
            nn.init.normal_(layer.weight, std=scale * layer.in_features ** -0.5)

    def forward(self, x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        b, t, d = x.shape
        s = self.shape
        q, k, v = self.qkv(self.norm1(x)).view(b, t, 3, s.heads, s.head).permute(2, 0, 3, 1, 4)
        half = s.rotated // 2

        def rotate(z: torch.Tensor) -> torch.Tensor:
            p, r = z[..., :half], z[..., half:s.rotated]
            return torch.cat([p * cos - r * sin, r * cos + p * sin, z[..., s.rotated:]], -1)

        q, k = rotate(q), rotate(k)
        if hasattr(F, "scaled_dot_product_attention"):
            a = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            n = b * s.heads
            w = torch.baddbmm(mask, q.reshape(n, t, -1), k.reshape(n, t, -1).transpose(1, 2), alpha=s.head ** -0.5)
            a = torch.bmm(w.softmax(-1), v.reshape(n, t, -1)).view(b, s.heads, t, -1)
        x = x + self.out(a.transpose(1, 2).reshape(b, t, d))
        g, u = self.gate(self.norm2(x)).chunk(2, -1)
        return x + self.down(F.silu(g) * u)


class Model(nn.Module):
    def __init__(self, shape: Shape):
        super().__init__()
        self.shape = shape
        self.embed = nn.Embedding(shape.pieces, shape.width)
        nn.init.normal_(self.embed.weight, std=SIZE)
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.norm = Norm(shape.width)
        nn.init.constant_(self.norm.weight, 0.05 / SIZE)
        angle = torch.arange(shape.context)[:, None] * frequencies(shape)
        self.register_buffer("cos", angle.cos(), persistent=False)
        self.register_buffer("sin", angle.sin(), persistent=False)
        self.register_buffer("mask", torch.full((shape.context, shape.context), -1e9).triu(1), persistent=False)

    def forward(self, ids: torch.Tensor, middle: int = 4) -> tuple[torch.Tensor, torch.Tensor]:
        """The normalised last state of each position, and the state after `middle` blocks."""
        t = ids.shape[1]
        x = self.embed(ids)
        for i, block in enumerate(self.blocks):
            x = block(x, self.cos[:t], self.sin[:t], self.mask[:t, :t])
            if i + 1 == middle:
                half_way = x
        return self.norm(x), half_way

    def logits(self, states: torch.Tensor) -> torch.Tensor:
        return states @ self.embed.weight.T


@torch.no_grad()
def start_with_copying(model: Model, markers: list[int]) -> None:
    """Begin with an induction circuit instead of waiting for one to be found.

    Head 0 of block 0 looks one token back and writes that token's code into a second subspace; head 0 of block 1 looks
    for the place whose preceding token is the present one and raises the token found there. Markers have no code, so
    that nothing is copied after them by this. In the last two blocks, head 0 copies the tokens it looks at and head 1
    the tokens before those; where they look is left to training. Everything is trained on.
    Behind a marker, which has no code, head 0 of block 1 goes by the token before the marker: a copy goes on there.
    """
    s, d, h = model.shape, model.shape.width, model.shape.head
    basis, _ = torch.linalg.qr(torch.randn(d, d))
    code, store = basis[:, :h].T.clone(), basis[:, h:2 * h].T.clone()  # two subspaces, h x d
    constant = basis[:, -1]
    embed = model.embed.weight
    embed -= (embed @ constant)[:, None] * constant
    embed += 6 * SIZE * constant  # a direction that all tokens share: it drives the look back
    embed[markers] -= embed[markers] @ code.T @ code
    half = s.rotated // 2
    first, second = model.blocks[0], model.blocks[1]
    f = frequencies(s)
    size = 6 / (6 ** 2 + d) ** 0.5 * d ** 0.5  # of the shared direction after RMSNorm
    gain = torch.where(f > 0.05, 4.0, 0.5)
    q, k = torch.zeros(h, d), torch.zeros(h, d)
    q[:half] = gain[:, None] * constant / size
    k[:half] = (gain * f.cos())[:, None] * constant / size   # turned by one step, so that the
    k[half:s.rotated] = (gain * f.sin())[:, None] * constant / size  # best match is the token before
    first.qkv.weight[0:h], first.qkv.weight[d:d + h] = q, k
    first.qkv.weight[2 * d:2 * d + h] = code
    first.out.weight[:, :h] = SIZE * 2 * store.T
    q, k = torch.zeros(h, d), torch.zeros(h, d)
    free = h - s.rotated
    q[s.rotated:] = 2.0 * code[:free] + 1.2 * store[:free]
    k[s.rotated:] = 2.0 * store[:free]
    second.qkv.weight[0:h], second.qkv.weight[d:d + h] = q, k
    second.qkv.weight[2 * d:2 * d + h] = code
    second.out.weight[:, :h] = SIZE * 8 * code.T
    for block in model.blocks[-2:]:
        block.qkv.weight[2 * d:2 * d + h], block.qkv.weight[2 * d + h:2 * d + 2 * h] = code, store
        block.out.weight[:, :h] = SIZE * 3 * code.T
        block.out.weight[:, h:2 * h] = SIZE * 2 * code.T
