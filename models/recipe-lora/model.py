"""A llama, qwen2 or gemma3 GGUF as a trainable torch model: frozen bfloat16 weights with LoRA.

Sequences are trees of segments: what may be attended to and how far in a token is comes from tree.py, so that several
questions share what they are asked about. The head is computed only where a token is trained.
"""
from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from gguf import GGUFReader
from gguf.quants import dequantize
from torch import Tensor

from tree import Batch

LINEARS = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")


def half_order(heads: int, dim: int) -> np.ndarray:
    """Row order that turns llama.cpp's interleaved rotary pairs (2i, 2i + 1) into halves (i, i + dim / 2)."""
    one = np.concatenate([np.arange(0, dim, 2), np.arange(1, dim, 2)])
    return np.concatenate([h * dim + one for h in range(heads)])


class Shape:
    def __init__(self, reader: GGUFReader):
        def get(key: str) -> Any:
            return reader.fields[key].contents()
        self.arch = arch = get("general.architecture")
        if arch not in ("llama", "qwen2", "gemma3") or arch + ".rope.scaling.factor" in reader.fields:
            raise SystemExit(f"this {arch} model cannot be trained: llama, qwen2 and gemma3 models can, "
                             "if their rotary angles are not scaled")
        self.width, self.layers = get(arch + ".embedding_length"), get(arch + ".block_count")
        self.heads, self.kv = get(arch + ".attention.head_count"), get(arch + ".attention.head_count_kv")
        self.eps, self.base = get(arch + ".attention.layer_norm_rms_epsilon"), get(arch + ".rope.freq_base")
        self.gemma = arch == "gemma3"
        self.dim = get(arch + ".attention.key_length") if self.gemma else self.width // self.heads
        self.window = get(arch + ".attention.sliding_window") if self.gemma else None

    def base_of(self, layer: int) -> float:
        """Of rotary angles. Gemma: five layers look at a window, with a base of their own, the sixth at everything."""
        return 10000.0 if self.gemma and layer % 6 != 5 else self.base

    def heads_of(self, name: str) -> int:
        """Heads whose rows are in llama.cpp's own order in this tensor; 0: none."""
        if self.arch != "llama":
            return 0
        return self.heads if ".attn_q" in name else self.kv if ".attn_k" in name else 0

    def halves(self, name: str, rows: np.ndarray) -> np.ndarray:
        heads = self.heads_of(name)
        return rows[half_order(heads, self.dim)] if heads else rows

    def interleaved(self, name: str, rows: np.ndarray) -> np.ndarray:
        heads = self.heads_of(name)
        if not heads:
            return rows
        out = np.empty_like(rows)
        out[half_order(heads, self.dim)] = rows
        return out


# Passes over memory cost as much as the matrix products here, so each is one compiled loop.


def _rms(x: Tensor, w: Tensor, eps: float) -> tuple[Tensor, Tensor]:
    f = x.float()
    r = torch.rsqrt(f.square().mean(-1, keepdim=True) + eps)
    return (f * r * w).to(x.dtype), r


def _add_rms(x: Tensor, y: Tensor, w: Tensor, eps: float) -> tuple[Tensor, Tensor, Tensor]:
    s = x + y
    return s, *_rms(s, w, eps)


def _rms_back(dn: Tensor, x: Tensor, r: Tensor, w: Tensor) -> Tensor:
    n, g = x.float() * r, dn.float() * w
    return ((g - n * (g * n).mean(-1, keepdim=True)) * r).to(x.dtype)


def _add_rms_back(ds: Tensor, dn: Tensor, x: Tensor, r: Tensor, w: Tensor) -> Tensor:
    n, g = x.float() * r, dn.float() * w
    return (ds.float() + (g - n * (g * n).mean(-1, keepdim=True)) * r).to(x.dtype)


def _swiglu(g: Tensor, u: Tensor) -> Tensor:
    f = g.float()
    return (f * torch.sigmoid(f) * u).to(u.dtype)


def _swiglu_back(dy: Tensor, g: Tensor, u: Tensor) -> tuple[Tensor, Tensor]:
    gf, uf, df = g.float(), u.float(), dy.float()
    s = torch.sigmoid(gf)
    return (df * uf * s * (1 + gf * (1 - s))).to(g.dtype), (df * gf * s).to(g.dtype)


def _geglu(g: Tensor, u: Tensor) -> Tensor:
    return (F.gelu(g.float(), approximate="tanh") * u).to(u.dtype)


def _geglu_back(dy: Tensor, g: Tensor, u: Tensor) -> tuple[Tensor, Tensor]:
    gf, uf, df = g.float(), u.float(), dy.float()
    dg = torch.ops.aten.gelu_backward(df * uf, gf, approximate="tanh")
    return dg.to(g.dtype), (df * F.gelu(gf, approximate="tanh")).to(g.dtype)


def _rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:  # [B, L, heads, dim] to [B, heads, L, dim]
    a, b = x.float().chunk(2, -1)
    return torch.cat([a * cos - b * sin, b * cos + a * sin], -1).to(x.dtype).transpose(1, 2).contiguous()


def _rotate_back(dx: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    a, b = dx.transpose(1, 2).float().chunk(2, -1)
    return torch.cat([a * cos + b * sin, b * cos - a * sin], -1).to(dx.dtype).contiguous()


def _softmax_back(dp: Tensor, p: Tensor, d: Tensor) -> Tensor:
    return (p.float() * (dp.float() - d)).to(p.dtype)


class K:
    """The loops above, plain or compiled."""
    rms: Callable[..., Any]
    add_rms: Callable[..., Any]
    rms_back: Callable[..., Any]
    add_rms_back: Callable[..., Any]
    swiglu: Callable[..., Any]
    swiglu_back: Callable[..., Any]
    geglu: Callable[..., Any]
    geglu_back: Callable[..., Any]
    rotate: Callable[..., Any]
    rotate_back: Callable[..., Any]
    softmax_back: Callable[..., Any]


def kernels(compiled: bool) -> None:
    for f in (_rms, _add_rms, _rms_back, _add_rms_back, _swiglu, _swiglu_back, _geglu, _geglu_back,
              _rotate, _rotate_back, _softmax_back):
        setattr(K, f.__name__[1:], staticmethod(torch.compile(f, dynamic=True) if compiled else f))


kernels(False)


class LoraLinear(torch.autograd.Function):
    """x W' + (x A') B' with W frozen; nothing is kept but x and x A'."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, w: Tensor, a: Tensor, b: Tensor) -> Tensor:
        h = x @ a.t()
        y = torch.mm(x, w.t())
        y.addmm_(h, b.t())
        ctx.save_for_backward(x, h, w, a, b)
        return y

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        (dy,) = grads
        x, h, w, a, b = ctx.saved_tensors
        g = dy @ b
        dx = None
        if ctx.needs_input_grad[0]:
            dx = torch.mm(dy, w)
            dx.addmm_(g, a)
        return dx, None, g.t() @ x, dy.t() @ h


class AddNorm(torch.autograd.Function):
    """x + y, and its norm; the norm's weights stay frozen."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, y: Tensor, w: Tensor, eps: float) -> tuple[Tensor, Tensor]:
        s, n, r = K.add_rms(x, y, w, eps)
        ctx.save_for_backward(s, r, w)
        return s, n

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        d = K.add_rms_back(*grads, *ctx.saved_tensors)
        return d, d, None, None


class Norm(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, w: Tensor, eps: float) -> Tensor:
        n, r = K.rms(x, w, eps)
        ctx.save_for_backward(x, r, w)
        return n

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        return K.rms_back(*grads, *ctx.saved_tensors), None, None


class Glu(torch.autograd.Function):
    """A gate's function times the rest: SiLU, or the approximate GELU of Gemma."""

    @staticmethod
    def forward(ctx: Any, g: Tensor, u: Tensor, gelu: bool) -> Tensor:
        ctx.save_for_backward(g, u)
        ctx.gelu = gelu
        return (K.geglu if gelu else K.swiglu)(g, u)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        return *(K.geglu_back if ctx.gelu else K.swiglu_back)(*grads, *ctx.saved_tensors), None


class Attention(torch.autograd.Function):
    """Rotary attention of [B, L, heads + 2 kv, dim] with an additive mask [B, 1, L, L]: batched products run on AMX."""

    @staticmethod
    def forward(ctx: Any, qkv: Tensor, mask: Tensor, heads: int, kv: int, cos: Tensor, sin: Tensor) -> Tensor:
        b, n, _, dim = qkv.shape
        qk = K.rotate(qkv[:, :, :heads + kv], cos, sin)
        q, k = qk[:, :heads].reshape(b * kv, -1, dim), qk[:, heads:].reshape(b * kv, n, dim)
        v = qkv[:, :, heads + kv:].transpose(1, 2).reshape(b * kv, n, dim)
        q = q * dim ** -0.5
        scores = torch.bmm(q, k.transpose(1, 2))
        scores.view(b, heads, n, n).add_(mask)
        p = torch.softmax(scores, -1)
        o = torch.bmm(p, v)
        ctx.save_for_backward(q, k, v, p, o, cos, sin)
        ctx.heads, ctx.kv = heads, kv
        return o.view(b, heads, n, dim).transpose(1, 2).reshape(b * n, heads * dim)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        q, k, v, p, o, cos, sin = ctx.saved_tensors
        heads, kv, n, dim = ctx.heads, ctx.kv, k.shape[1], k.shape[2]
        b = k.shape[0] // kv
        do = grads[0].view(b, n, heads, dim).transpose(1, 2).reshape(b * kv, -1, dim)
        dv = torch.bmm(p.transpose(1, 2), do)
        d = (do.float() * o.float()).sum(-1, keepdim=True)
        ds = K.softmax_back(torch.bmm(do, v.transpose(1, 2)), p, d)
        dq = torch.bmm(ds, k).mul_(dim ** -0.5).view(b, heads, n, dim)
        dk = torch.bmm(ds.transpose(1, 2), q).view(b, kv, n, dim)
        dqk = K.rotate_back(torch.cat([dq, dk], 1), cos, sin)
        return torch.cat([dqk, dv.view(b, kv, n, dim).transpose(1, 2)], 2), None, None, None, None, None


Group = tuple[Tensor, ...]  # a weight, or a weight with its A and B


class Model(torch.nn.Module):
    def __init__(self, path: Path, rank: int, scale: float = 2.0, dtype: torch.dtype = torch.bfloat16, longest: int = 2048):
        super().__init__()
        reader = GGUFReader(path)
        self.s = s = Shape(reader)
        if s.window is not None and longest > s.window:
            raise SystemExit(f"{path}: layers of this model look at {s.window} tokens; choose --longest {s.window} or less")
        self.rank, self.scale, self.dtype = rank, scale, dtype
        raw = {t.name: t for t in reader.tensors}

        def take(name: str) -> Tensor:
            t = raw.pop(name)
            w = dequantize(t.data, t.tensor_type).astype(np.float32)
            return torch.from_numpy(np.ascontiguousarray(s.halves(name, w))).to(dtype)

        self.embed = take("token_embd.weight")
        self.head = take("output.weight") if "output.weight" in raw else self.embed
        self.scaled = s.width ** 0.5 if s.gemma else 1.0  # what embeddings are multiplied by
        self.final = take("output_norm.weight")
        self.norms: list[tuple[Tensor, Tensor]] = []
        self.head_norms: list[tuple[Tensor, Tensor]] = []  # of queries and keys: Gemma alone, as those after a part
        self.after_norms: list[tuple[Tensor, Tensor]] = []
        self.weights: list[list[Tensor]] = []
        self.biases: list[Tensor | None] = []
        self.params: dict[str, torch.nn.Parameter] = {}
        for i in range(s.layers):
            p = f"blk.{i}."
            self.norms.append((take(p + "attn_norm.weight"), take(p + "ffn_norm.weight")))
            if s.gemma:
                self.head_norms.append((take(p + "attn_q_norm.weight"), take(p + "attn_k_norm.weight")))
                self.after_norms.append((take(p + "post_attention_norm.weight"), take(p + "post_ffw_norm.weight")))
            w = {n: take(f"{p}{n}.weight") for n in LINEARS}
            biased = p + "attn_q.bias" in raw
            self.biases.append(torch.cat([take(f"{p}{n}.bias") for n in LINEARS[:3]]) if biased else None)
            self.weights.append([torch.cat([w[n] for n in LINEARS[:3]]), *(w[n] for n in LINEARS[3:])])
            for n in LINEARS if rank else ():
                out, in_ = w[n].shape
                self.params[f"{p}{n}.lora_a"] = torch.nn.Parameter(torch.randn(rank, in_) / math.sqrt(in_))
                self.params[f"{p}{n}.lora_b"] = torch.nn.Parameter(torch.zeros(out, rank))
        assert set(raw) <= {"rope_freqs.weight"}, list(raw)
        self.turns: dict[float, tuple[Tensor, Tensor]] = {}  # by base: cosines and sines; bfloat16 angles are too coarse
        for base in {s.base_of(i) for i in range(s.layers)}:
            angle = torch.arange(longest).double()[:, None] * base ** (-torch.arange(0, s.dim, 2).double() / s.dim)
            self.turns[base] = angle.cos().float(), angle.sin().float()

    def cast(self) -> list[list[Group]]:
        """Trained weights in the working type, once a step; gradients come back through it in 32 bits."""
        if not self.rank:
            return [[(w,) for w in row] for row in self.weights]
        out = []
        for i in range(self.s.layers):
            row: list[Group] = []
            for w, names in zip(self.weights[i], (LINEARS[:3], *((n,) for n in LINEARS[3:]))):
                a = torch.cat([self.params[f"blk.{i}.{n}.lora_a"] for n in names])
                b = torch.block_diag(*[self.params[f"blk.{i}.{n}.lora_b"] for n in names]) * self.scale
                row.append((w, a.to(self.dtype), b.to(self.dtype)))
            out.append(row)
        return out

    @staticmethod
    def linear(x: Tensor, group: Group) -> Tensor:
        return F.linear(x, group[0]) if len(group) == 1 else LoraLinear.apply(x, *group)

    def normed_heads(self, qkv: Tensor, layer: int) -> Tensor:
        if not self.head_norms:
            return qkv
        q, k, v = qkv.split([self.s.heads, self.s.kv, self.s.kv], 2)
        wq, wk = self.head_norms[layer]
        return torch.cat([Norm.apply(q, wq, self.s.eps), Norm.apply(k, wk, self.s.eps), v], 2)

    def after(self, x: Tensor, layer: int, part: int) -> Tensor:
        return Norm.apply(x, self.after_norms[layer][part], self.s.eps) if self.after_norms else x

    def states(self, ids: Tensor, places: Tensor, mask: Tensor, cast: list[list[Group]]) -> Tensor:
        s, (n, size) = self.s, ids.shape
        turns = {base: [table[places].unsqueeze(2) for table in tables] for base, tables in self.turns.items()}
        x = self.embed[ids.reshape(-1)]
        if self.scaled != 1:
            x = (x.float() * self.scaled).to(self.dtype)
        y = Norm.apply(x, self.norms[0][0], s.eps)
        for i, w in enumerate(cast):
            qkv = self.linear(y, w[0])
            if (bias := self.biases[i]) is not None:
                qkv = qkv + bias
            qkv = self.normed_heads(qkv.view(n, size, -1, s.dim), i)
            o = self.linear(Attention.apply(qkv, mask, s.heads, s.kv, *turns[s.base_of(i)]), w[1])
            x, y = AddNorm.apply(x, self.after(o, i, 0), self.norms[i][1], s.eps)
            o = self.linear(Glu.apply(self.linear(y, w[2]), self.linear(y, w[3]), s.gemma), w[4])
            x, y = AddNorm.apply(x, self.after(o, i, 1), self.norms[i + 1][0] if i + 1 < s.layers else self.final, s.eps)
        return y

    def losses(self, batch: Batch, cast: list[list[Group]]) -> tuple[Tensor, Tensor, Tensor]:
        """Of each trained token: its loss, its weight, and the logits at its place."""
        x = self.states(batch.ids, batch.places, batch.mask, cast)
        w = F.pad(batch.weights[:, 1:], (0, 1)).reshape(-1)
        at = w.nonzero().squeeze(1)
        target = F.pad(batch.ids[:, 1:], (0, 1)).reshape(-1)[at]
        logits = F.linear(x[at], self.head).float()
        return F.cross_entropy(logits, target, reduction="none"), w[at], logits


