"""Read the training splits, write what training needs: sentences.jsonl (with nearest neighbours) and tokenizer text.

    python3 prepare.py --data DIR --work DIR

Only the sets named in SETS are read, and of each only train.jsonl, and the pool that ships. A sentence keeps its tokens and its entities as
[start, end, type] in token indices. `near` lists the most alike sentences of the same set: cosine of TF-IDF vectors in
which the words of mentions count twice, a cheap stand-in for the span similarity by which the program retrieves.
"""
from __future__ import annotations

import argparse
import json
import math
import random
import re
from collections import Counter
from pathlib import Path

import numpy as np

# All permit redistribution and commercial use with attribution (A) or share-alike (SA).
SETS = ("wnut17 uner_en_ewt btc tweebank_ner fin litbank genia bc5cdr ncbi_disease stackoverflow_ner re3d_free "
        "crossner_politics crossner_science crossner_ai germeval2014 uner_zh_gsd uner_da_ddt uner_hr_set "
        "uner_pt_bosque").split()
POOL = "pool_default"  # ours: pools/default.jsonl
MAX_WORDS, MAX_SPAN, NEIGHBOURS = 60, 12, 12
SKIP = {"Code_Block", "Output_Block"}  # place-holders for cut-out code, not names
PLAIN = {"PER": "person", "LOC": "location", "ORG": "organization", "MISC": "miscellaneous"}


def wording(types: dict, name: str, label: str) -> str:
    """What a type is called in prompts. Sets that mean something else by a word call it otherwise: LitBank marks
    descriptions ("a legal tribunal") as well as names, FIN the roles of a contract as persons."""
    if name == "fin" and label == "PER":
        return "contract party"
    words = types[name].get(label, label)
    return ("any " if name == "litbank" else "") + PLAIN.get(words, words)


def read(data: Path, name: str, types: dict) -> list[dict]:
    rows = []
    for line in (data / name / "train.jsonl").open():
        row = json.loads(line)
        tokens = row["tokens"]
        limit = MAX_WORDS * 2 if row["lang"] == "zh" else MAX_WORDS
        if not 3 <= len(tokens) <= limit or any(" " in t for t in tokens) or "CODE_BLOCK" in tokens:
            continue
        spans = sorted({(e["start"], e["end"], wording(types, name, e["type"])) for e in row["entities"]
                        if e["type"] not in SKIP and e["end"] - e["start"] <= MAX_SPAN},
                       key=lambda s: (s[0], -s[1], s[2]))
        rows.append({"set": name, "lang": row["lang"], "tokens": tokens, "spans": spans})
    return rows


def read_pool(file: Path) -> list[dict]:
    """The pool that ships: entities in code points, many types of all fields together."""
    rows = []
    for line in file.open():
        row = json.loads(line)
        words = [m.span() for m in re.finditer(r"[㐀-鿿]|'\w+|\w+(?:[-.]\w+)*|\S", row["text"])]
        first, last = {a: i for i, (a, _) in enumerate(words)}, {b: i + 1 for i, (_, b) in enumerate(words)}
        spans = [(first.get(e["start"]), last.get(e["end"]), e["type"]) for e in row["entities"]]
        if all(a is not None and b is not None for a, b, _ in spans):
            rows.append({"set": POOL, "lang": row["lang"][:2], "tokens": [row["text"][a:b] for a, b in words],
                         "spans": spans})
    return rows


def neighbours(rows: list[dict]) -> list[list[int]]:
    """The most alike rows of each row, nearest first; near-copies are left out."""
    chars = rows[0]["lang"] == "zh"
    units = [[c for t in r["tokens"] for c in t] if chars else [t.lower() for t in r["tokens"]] for r in rows]
    marked = [[u.lower() for s in r["spans"] for t in r["tokens"][s[0]:s[1]] for u in (t if chars else [t])] for r in rows]
    frequency = Counter(w for u in units for w in set(u))
    words = [w for w, n in frequency.items() if 2 <= n <= max(20, len(rows) // 12)]
    index = {w: i for i, w in enumerate(words)}
    postings: list[list[tuple[int, float]]] = [[] for _ in words]
    vectors = []
    for i, (u, m) in enumerate(zip(units, marked)):
        weight: dict[int, float] = {}
        for w in set(u):
            if w in index:
                weight[index[w]] = math.log(len(rows) / frequency[w]) * (2.0 if w in m else 1.0)
        norm = math.sqrt(sum(x * x for x in weight.values())) or 1.0
        vectors.append({k: x / norm for k, x in weight.items()})
        for k, x in vectors[-1].items():
            postings[k].append((i, x))
    packed = [(np.array([i for i, _ in p], int), np.array([x for _, x in p], np.float32)) for p in postings]
    result = []
    for i, vector in enumerate(vectors):
        score = np.zeros(len(rows), np.float32)
        for k, x in vector.items():
            score[packed[k][0]] += x * packed[k][1]
        score[i] = 0
        score[score > 0.9] = 0
        best = np.argpartition(-score, min(NEIGHBOURS, len(rows) - 1))[:NEIGHBOURS]
        result.append([int(j) for j in best[np.argsort(-score[best], kind="stable")] if score[j] > 0])
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=Path(__file__).parent / "work")
    parser.add_argument("--pool", type=Path, default=Path(__file__).parents[2] / "pools/default.jsonl")
    args = parser.parse_args()
    args.work.mkdir(exist_ok=True)
    types = json.loads((args.data / "types.json").read_text())
    rng, text = random.Random(1), []
    with (args.work / "sentences.jsonl").open("w") as out:
        for name in [*SETS, POOL]:
            rows = read_pool(args.pool) if name == POOL else read(args.data, name, types)
            for row, near in zip(rows, neighbours(rows)):
                row["near"] = near
                out.write(json.dumps(row, ensure_ascii=False) + "\n")
                joint = "" if row["lang"] == "zh" else " "
                english = row["lang"] == "en"
                if name != POOL and rng.random() < (1.0 if english else 0.2):
                    text.append(" " + joint.join(row["tokens"]))
            print(name, len(rows), flush=True)
    names = sorted({wording(types, s, label) for s in SETS for label in types[s]})
    (args.work / "tokenizer.txt").write_text("\n".join(text + [" " + n for n in names] * 20))


if __name__ == "__main__":
    main()
