"""What the nano models find in sentences of the training splits: work/found.jsonl, for verification to learn from.

    python3 mine.py --work DIR --program ../../build/el4ner --n 3500

Runs extraction and classification as a user would, without demonstrations, and keeps what is wrong of it: such spans,
beside invented ones, are what a verifier will be asked about.
"""
from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LEFT_OUT = {"crossner_politics"}  # held out


def tag(args: argparse.Namespace, name: str, rows: list[dict], folder: Path) -> list[list]:
    """The candidates of each row, as [start, end, type] in token indices."""
    types = sorted({s[2] for row in rows for s in row["spans"]})
    config = {"types": {t: {"wording": t} for t in types}, "retrieve": {"k": 0}, "verify": {"by": "none"},
              "members": [{"name": p.stem, "gguf": str(p)} for p in sorted((ROOT / "models").glob("nano-*.gguf"))]}
    (folder / "mine.yaml").write_text(json.dumps(config), encoding="utf-8")
    text, out = folder / "mine.jsonl", folder / "mine.out.jsonl"
    with text.open("w", encoding="utf-8") as file:
        for i, row in enumerate(rows):
            joint = "" if row["lang"] == "zh" else " "
            file.write(json.dumps({"id": str(i), "text": joint.join(row["tokens"]), "tokens": row["tokens"],
                                   "lang": row["lang"]}, ensure_ascii=False) + "\n")
    subprocess.run([args.program, "tag", "-c", str(folder / "mine.yaml"), "--offsets", "token", "--quiet", "--no-cache",
                    "-o", str(out), str(text)], check=False, env=dict(os.environ, EL4NER_DATA=str(ROOT)))
    found: list[list] = [[] for _ in rows]
    for line in out.open(encoding="utf-8"):
        done = json.loads(line)
        found[int(done["id"])] = sorted([e["start"], e["end"], e["type"]] for e in done["entities"])
    print(f"{name}: {len(rows)} sentences, {sum(map(len, found))} candidates", flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path(__file__).parent / "work")
    parser.add_argument("--program", default=str(ROOT / "build/el4ner"))
    parser.add_argument("--n", type=int, default=250, help="sentences of each set")
    args = parser.parse_args()
    rng = random.Random(5)
    sets: dict[str, list[dict]] = {}
    for line in (args.work / "sentences.jsonl").open(encoding="utf-8"):
        row = json.loads(line)
        if row["set"] not in LEFT_OUT:
            sets.setdefault(row["set"], []).append(row)
    with (args.work / "found.jsonl").open("w", encoding="utf-8") as out:
        for name, rows in sets.items():
            chosen = rng.sample(rows, min(args.n, len(rows)))
            for row, spans in zip(chosen, tag(args, name, chosen, args.work)):
                right = {tuple(s) for s in row["spans"]}
                wrong = [s for s in spans if tuple(s) not in right]
                if wrong:
                    out.write(json.dumps({"set": name, "tokens": row["tokens"], "wrong": wrong}, ensure_ascii=False) + "\n")
            out.flush()


if __name__ == "__main__":
    main()
