"""What the members themselves find in sentences of the training splits: work/found.jsonl, for verification to learn from.

    python3 mine.py --program ../../build/el4ner --models work/second --n 8000

Runs extraction and classification as a user would, without demonstrations, and keeps every candidate with its type,
right or wrong: these, and not invented ones, are the pairs that the verifier will be asked about. The sentences have
other names and words than those that were trained on (names.py), lest what is right be what is remembered.
"""
from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
from pathlib import Path

from examples import BASE, Builder, mixture

NESTED = ("genia", "litbank", "germeval2014")
ROOT = Path(__file__).resolve().parents[2]


def tag(args, name: str, rows: list[dict], types: list[str], folder: Path) -> list[list]:
    """The candidates of each row, as [start, end, type] in token indices."""
    members = [{"name": p.stem, "gguf": str(p.resolve())} for p in sorted(args.models.glob("nano-*.gguf"))]
    config = {"types": {t: {"wording": t} for t in types}, "members": members, "retrieve": {"k": 0},
              "verify": {"by": "none"}}
    text, out = folder / f"{name}.jsonl", folder / f"{name}.out.jsonl"
    (folder / f"{name}.yaml").write_text(json.dumps(config))
    with text.open("w") as file:
        for i, row in enumerate(rows):
            joint = "" if row["lang"] == "zh" else " "
            file.write(json.dumps({"id": str(i), "text": joint.join(row["tokens"]), "tokens": row["tokens"]},
                                  ensure_ascii=False) + "\n")
    command = [args.program, "tag", "-c", str(folder / f"{name}.yaml"), "--offsets", "token", "--no-cache", "--quiet",
               "-o", str(out), *(["--nested"] if name in NESTED else []), str(text)]
    if subprocess.run(command, env=dict(os.environ, EL4NER_DATA=str(ROOT)), check=False).returncode not in (0, 1):
        raise SystemExit(f"failed: {' '.join(command)}")
    found: list[list] = [[] for _ in rows]
    for line in out.open():
        answer = json.loads(line)
        found[int(answer["id"])] = [[e["start"], e["end"], e["type"]] for e in answer["entities"]]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path(__file__).parent / "work")
    parser.add_argument("--models", type=Path, default=Path(__file__).parents[1])
    parser.add_argument("--program", default=str(ROOT / "build/el4ner"))
    parser.add_argument("--n", type=int, default=7000, help="sentences of all sets together")
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
