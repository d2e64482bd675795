"""What the members themselves find in sentences of the training splits: work/found.jsonl, for verification to learn from.

    python3 mine.py --program ../../build/el4ner --models work/second --n 8000

Runs extraction and classification as a user would, without demonstrations, and keeps every candidate with its type,
right or wrong: these, and not invented ones, are the pairs that the verifier will be asked about. The sentences have
other names and words than those that were trained on (names.py), lest what is right be what is remembered.
"""
from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from examples import BASE, Builder, mixture

sys.path.append(str(Path(__file__).resolve().parents[2] / "bench"))
import f1


def tag(args, name: str, rows: list[dict], types: list[str], folder: Path) -> list[list]:
    """The candidates of each row, as [start, end, type] in token indices."""
    config = {"types": {t: {"wording": t} for t in types}, "members": f1.shipped(args.models.resolve()),
              "retrieve": {"k": 0}, "verify": {"by": "none"}}
    text = folder / f"{name}.jsonl"
    f1.write_sample(text, [{"id": str(i), "text": ("" if row["lang"] == "zh" else " ").join(row["tokens"])} | row
                           for i, row in enumerate(rows)])
    found: list[list] = [[] for _ in rows]
    for i, start, end, kind in sorted(f1.run_tag(args.program, config, name, text, folder / f"{name}.out.jsonl", ["--no-cache"])):
        found[int(i)].append([start, end, kind])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path(__file__).parent / "work")
    parser.add_argument("--models", type=Path, default=Path(__file__).parent / "work/second")
    parser.add_argument("--program", default=str(f1.ROOT / "build/el4ner"))
    parser.add_argument("--n", type=int, default=8000, help="sentences of all sets together")
    parser.add_argument("--sets", help="only these")
    parser.add_argument("--seed", type=int, default=5)
    args = parser.parse_args()
    builder = Builder(args.work, args.seed, mixture("trunk"), vary=0.9)
    part = args.work / "found.tmp"
    with part.open("w") as out, tempfile.TemporaryDirectory() as folder:
        for name in args.sets.split(",") if args.sets else BASE:
            rows = builder.rows[name]
            n = min(len(rows) // 2, round(args.n * BASE[name] / sum(BASE.values())))
            chosen = [builder.swapped(row) for row in builder.rng.sample(rows, n)]
            found = tag(args, name, chosen, builder.types[name], Path(folder))
            right = sum((a, b, t) in {tuple(s) for s in row["spans"]} for row, f in zip(chosen, found) for a, b, t in f)
            for row, f in zip(chosen, found):
                kept = {k: row[k] for k in ("set", "lang", "tokens", "spans")}
                out.write(json.dumps(kept | {"found": f}, ensure_ascii=False) + "\n")
            print(f"{name}: {n} sentences, {sum(map(len, found))} candidates, {right} of them right", flush=True)
    part.rename(args.work / "found.jsonl")


if __name__ == "__main__":
    main()
