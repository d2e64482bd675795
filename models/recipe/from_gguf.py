"""Take up a model of this family from its GGUF file, to train it further: work/NAME.pt and work/sp.model.

    python3 from_gguf.py ../nano-a.gguf nano-a-first

What training needs besides the weights (the optimizer's moments, the auxiliary read-outs) begins anew.
"""
from __future__ import annotations

import argparse
import struct
from pathlib import Path

import numpy as np
import torch

from export import BASE
from model import Shape, frequencies

SCALAR = {4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q"}


class Reader:
    def __init__(self, raw: bytes):
        self.raw, self.at = raw, 4

    def take(self, form: str):
        value = struct.unpack_from(form, self.raw, self.at)[0]
        self.at += struct.calcsize(form)
        return value

    def string(self) -> str:
        n = self.take("<Q")
        self.at += n
        return self.raw[self.at - n:self.at].decode()

    def value(self, kind: int):
        if kind == 8:
            return self.string()
        if kind == 9:
            inner = self.take("<I")
            return [self.value(inner) for _ in range(self.take("<Q"))]
        return self.take(SCALAR[kind])


def read(path: Path) -> tuple[dict, dict[str, torch.Tensor]]:
    r = Reader(path.read_bytes())
    assert r.take("<I") == 3, "GGUF version 3 expected"
    tensors, keys = r.take("<Q"), r.take("<Q")
    meta = {}
    for _ in range(keys):
        key = r.string()
        meta[key] = r.value(r.take("<I"))
    infos = []
    for _ in range(tensors):
        name = r.string()
        shape = [r.take("<Q") for _ in range(r.take("<I"))][::-1]
        infos.append((name, shape, np.float16 if r.take("<I") else np.float32, r.take("<Q")))
    start = r.at + -r.at % 32
    return meta, {name: torch.from_numpy(np.frombuffer(r.raw, kind, int(np.prod(shape)), start + offset)
                                         .astype(np.float32).reshape(shape)) for name, shape, kind, offset in infos}


def varint(n: int) -> bytes:
    out = b""
    while n > 127:
        out, n = out + bytes([n & 127 | 128]), n >> 7
    return out + bytes([n])


def tokenizer(meta: dict, model: bytes) -> bytes:
    """The SentencePiece file `model` with its pieces (field 1) exchanged for those of the GGUF."""
    rest, at = b"", 0
    while at < len(model):
        begin, tag = at, model[at]
        at, size, shift = at + 1, 0, 0
        while True:
            size |= (model[at] & 127) << shift
            at, shift = at + 1, shift + 7
            if model[at - 1] < 128:
                break
        at += size
        if tag != 0x0A:
            rest += model[begin:at]
    pieces = b""
    for text, score, kind in zip(*(meta[f"tokenizer.ggml.{k}"] for k in ("tokens", "scores", "token_type"))):
        raw = text.encode()
        piece = b"\x0a" + varint(len(raw)) + raw + b"\x15" + struct.pack("<f", score) + b"\x18" + varint(kind)
        pieces += b"\x0a" + varint(len(piece)) + piece
    return pieces + rest


def separated(rows: torch.Tensor, shape: Shape) -> torch.Tensor:
    """llama.cpp has rotated pairs side by side, we have them half a block apart."""
    order = list(range(0, shape.rotated, 2)) + list(range(1, shape.rotated, 2)) + list(range(shape.rotated, shape.head))
    return rows.view(shape.heads, shape.head, -1)[:, order].reshape(rows.shape)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("gguf", type=Path)
    parser.add_argument("name")
    parser.add_argument("--work", type=Path, default=Path(__file__).parent / "work")
    args = parser.parse_args()
    meta, t = read(args.gguf)
    heads, width = meta["llama.attention.head_count"], meta["llama.embedding_length"]
    shape = Shape(pieces=len(meta["tokenizer.ggml.tokens"]), width=width, layers=meta["llama.block_count"], heads=heads,
                  inner=meta["llama.feed_forward_length"], context=meta["llama.context_length"])
    pairs = shape.head // 2
    own = BASE ** (-2.0 * torch.arange(pairs) / shape.head) / t["rope_freqs.weight"]
    shape.rotated = 2 * int((own > 1e-9).sum())
    if not torch.allclose(own[:shape.rotated // 2], frequencies(shape), rtol=1e-4):
        raise SystemExit(f"{args.gguf}: its rotary frequencies are not those of model.py")
    weights = {"embed.weight": t["token_embd.weight"], "norm.weight": t["output_norm.weight"]}
    for i in range(shape.layers):
        own, theirs = f"blocks.{i}.", f"blk.{i}."
        q, k = (separated(t[f"{theirs}attn_{x}.weight"], shape) for x in "qk")
        weights |= {
            own + "norm1.weight": t[theirs + "attn_norm.weight"],
            own + "norm2.weight": t[theirs + "ffn_norm.weight"],
            own + "qkv.weight": torch.cat([q, k, t[theirs + "attn_v.weight"]]),
            own + "out.weight": t[theirs + "attn_output.weight"],
            own + "gate.weight": torch.cat([t[theirs + "ffn_gate.weight"], t[theirs + "ffn_up.weight"]]),
            own + "down.weight": t[theirs + "ffn_down.weight"],
        }
    model = args.work / "sp.model"
    model.write_bytes(tokenizer(meta, model.read_bytes()))
    torch.save({"model": weights, "shape": shape, "state": {"tokens": 0, "steps": 0, "seconds": 0.0}},
               args.work / f"{args.name}.pt")


if __name__ == "__main__":
    main()
