"""Train the SentencePiece tokenizer shared by the members: work/tokenizer.txt -> work/sp.model."""
from __future__ import annotations

import argparse
from pathlib import Path

import sentencepiece as spm

MARKERS = [f"<|{m}|>" for m in "extract classify verify types text spans answer sep is mark /mark end".split()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path(__file__).parent / "work")
    parser.add_argument("--pieces", type=int, default=7168)
    args = parser.parse_args()
    spm.SentencePieceTrainer.train(
        input=str(args.work / "tokenizer.txt"), model_prefix=str(args.work / "sp"), model_type="bpe",
        vocab_size=args.pieces, byte_fallback=True, character_coverage=0.998, normalization_rule_name="identity",
        add_dummy_prefix=False, remove_extra_whitespaces=False, split_digits=True, user_defined_symbols=MARKERS, minloglevel=2, num_threads=2)


if __name__ == "__main__":
    main()
