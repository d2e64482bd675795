"""Export a checkpoint to GGUF, F16 or Q8_0: python3 export.py nano-a --out ../nano-a.gguf [--q8]"""
from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import sentencepiece as spm

import gguf
from model import EPSILON, Shape, frequencies, load

BASE = 10000.0


def piece_type(sp: spm.SentencePieceProcessor, i: int) -> int:
    """llama.cpp's token types: 1 normal, 2 unknown, 3 control, 4 user defined, 6 byte."""
    piece = sp.id_to_piece(i)
    if sp.is_unknown(i):
        return 2
    if sp.is_control(i):
        return 3
    if sp.is_byte(i):
        return 6
    return 4 if piece.startswith("<|") and piece.endswith("|>") else 1


def interleaved(rows: np.ndarray, shape: Shape) -> np.ndarray:
    """Rotated pairs lie half a block apart here and side by side in llama.cpp."""
    half = shape.rotated // 2
    order = [j for i in range(half) for j in (i, i + half)] + list(range(shape.rotated, shape.head))
    return rows.reshape(shape.heads, shape.head, -1)[:, order].reshape(rows.shape)


def rope_factors(shape: Shape) -> np.ndarray:
    """What llama.cpp divides its own frequencies by to get ours; the unrotated pairs get (almost) frequency 0."""
    pairs = shape.head // 2
    own = BASE ** (-2.0 * np.arange(pairs) / shape.head)
    ours = np.full(pairs, 1e-12)
    ours[:shape.rotated // 2] = frequencies(shape).numpy()
    return (own / ours).astype(np.float32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name")
    parser.add_argument("--work", type=Path, default=Path(__file__).parent / "work")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--q8", action="store_true", help="matrices in Q8_0")
    args = parser.parse_args()
    saved = load(args.work / f"{args.name}.pt")
    shape: Shape = saved["shape"]
    sp = spm.SentencePieceProcessor(model_file=str(args.work / "sp.model"))
    pieces = range(sp.get_piece_size())
    meta = [
        ("general.architecture", "str", "llama"),
        ("general.name", "str", f"el4ner {args.name}"),
        ("general.license", "str", "cc-by-sa-4.0"),
        ("general.file_type", "u32", 7 if args.q8 else 1),
        ("llama.context_length", "u32", shape.context),
        ("llama.embedding_length", "u32", shape.width),
        ("llama.block_count", "u32", shape.layers),
        ("llama.feed_forward_length", "u32", shape.inner),
        ("llama.attention.head_count", "u32", shape.heads),
        ("llama.attention.head_count_kv", "u32", shape.heads),
        ("llama.attention.layer_norm_rms_epsilon", "f32", EPSILON),
        ("llama.rope.dimension_count", "u32", shape.head),
        ("llama.rope.freq_base", "f32", BASE),
        ("llama.vocab_size", "u32", shape.pieces),
        ("tokenizer.ggml.model", "str", "llama"),
        ("tokenizer.ggml.pre", "str", "default"),
        ("tokenizer.ggml.tokens", "str", [sp.id_to_piece(i) for i in pieces]),
        ("tokenizer.ggml.scores", "f32", [float(sp.get_score(i)) for i in pieces]),
        ("tokenizer.ggml.token_type", "i32", [piece_type(sp, i) for i in pieces]),
        ("tokenizer.ggml.bos_token_id", "u32", sp.bos_id()),
        ("tokenizer.ggml.eos_token_id", "u32", sp.piece_to_id("<|end|>")),
        ("tokenizer.ggml.unknown_token_id", "u32", sp.unk_id()),
        ("tokenizer.ggml.add_bos_token", "bool", False),
        ("tokenizer.ggml.add_eos_token", "bool", False),
        ("tokenizer.ggml.add_space_prefix", "bool", False),
    ]
    weights = {k: v.numpy() for k, v in saved["model"].items()}
    d, inner = shape.width, shape.inner
    tensors = {"token_embd.weight": weights["embed.weight"], "output_norm.weight": weights["norm.weight"],
               "rope_freqs.weight": rope_factors(shape)}
    for i in range(shape.layers):
        own, theirs = f"blocks.{i}.", f"blk.{i}."
        q, k, v = np.split(weights[own + "qkv.weight"], 3)
        gate, up = np.split(weights[own + "gate.weight"], 2)
        tensors |= {
            theirs + "attn_norm.weight": weights[own + "norm1.weight"],
            theirs + "ffn_norm.weight": weights[own + "norm2.weight"],
            theirs + "attn_q.weight": interleaved(q, shape),
            theirs + "attn_k.weight": interleaved(k, shape),
            theirs + "attn_v.weight": v,
            theirs + "attn_output.weight": weights[own + "out.weight"],
            theirs + "ffn_gate.weight": gate,
            theirs + "ffn_up.weight": up,
            theirs + "ffn_down.weight": weights[own + "down.weight"],
        }
    gguf.write(args.out, meta, tensors, args.q8)
    print(f"{args.out}: {args.out.stat().st_size / 1e6:.2f} MB, {saved['state']['tokens'] / 1e6:.2f} M tokens seen")


if __name__ == "__main__":
    main()
