#!/usr/bin/env python3
"""Strict micro-F1 of the ensemble and of each member alone, scored independently of el4ner.

    bench/f1.py --data DIR [--sets wnut17,uner_en_ewt] [--n 300] [--rows ensemble,nano-a] [-- TAG OPTIONS]

DIR holds one folder a set with train.jsonl and dev.jsonl (tokens, entities in token offsets) and
types.json with a wording for each label. A seeded sample of the dev split is tagged; the pool is the
train split. An entity counts if start, end and type are right. Nested sets are tagged with --nested.
Rows: ensemble, the name of a member (alone), thrice:NAME (that member as an ensemble of three that are shown 1, 3 and 5
demonstrations), or any of these with +zero (no demonstrations), +random, +bm25, +sentence
(other retrieval), +votes or +paper (that profile), +all or +nobody (who verifies), +free (answers are not constrained).
"""
import argparse
import json
import os
import random
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NESTED = {"litbank", "genia", "germeval2014"}
LABELS = {"PER": "person", "LOC": "location", "ORG": "organization", "MISC": "miscellaneous"}


def wording(words):
    """The plain part of a wording such as "group (band, team, ...)"."""
    plain = re.sub(r"\s*\(.*?\)", "", words).strip()
    return LABELS.get(plain, plain)


def sample(folder, n, seed):
    rows = [json.loads(line) for line in (folder / "dev.jsonl").open(encoding="utf-8")]
    random.Random(seed).shuffle(rows)
    return rows[:n]


def entities(rows):
    return {(r["id"], e["start"], e["end"], e["type"]) for r in rows for e in r["entities"]}


def scores(gold, found):
    right = len(gold & found)
    p = right / len(found) if found else 0.0
    r = right / len(gold) if gold else 0.0
    return 100 * p, 100 * r, 100 * (2 * p * r / (p + r)) if p + r else 0.0


def thrice(member, work):
    """One model as three members that are shown the nearest 1, 3 and 5 demonstrations."""
    result = []
    for shown in (1, 3, 5):
        folder = work / f"compact-{shown}"
        if not folder.exists():
            shutil.copytree(ROOT / "prompts/compact", folder)
            text = (folder / "set.yaml").read_text(encoding="utf-8")
            (folder / "set.yaml").write_text(text.replace("max_demonstrations: 5", f"max_demonstrations: {shown}"),
                                             encoding="utf-8")
        result.append(member | {"name": f"{member['name']}-{shown}", "prompts": str(folder)})
    return result


PARTS = {"zero": {"retrieve": {"k": 0}}, "votes": {"profile": "votes"}, "paper": {"profile": "paper"},
         "all": {"verify": {"by": "all"}}, "nobody": {"verify": {"by": "none"}}, "free": {"constrain": "off"}}


def configuration(data, name, row, members, settings, work):
    types = json.loads((data / "types.json").read_text(encoding="utf-8"))[name]
    alone = row.split("+")[0]
    any_ = "any " if name == "litbank" else ""  # it marks descriptions as well as names
    plain = [wording(words) for words in types.values()]
    config = {"types": {label: {"wording": any_ + (wording(words) if plain.count(wording(words)) == 1 else words)}
                        for label, words in types.items()}}
    config["members"] = [m for m in members if alone in ("ensemble", m["name"])]
    if alone.startswith("thrice:"):
        config["members"] = [t for m in members if alone == "thrice:" + m["name"] for t in thrice(m, work)]
    if not config["members"]:
        sys.exit(f"bench/f1.py: no member {alone}")
    config.update(settings)
    for part in row.split("+")[1:]:
        config.update(PARTS.get(part, {"retrieve": {"similarity": part}}))
    return config


def write_sample(path, rows, gold=False):
    """Plain tokens and text, as `tag` gets them; with the entities if it is the gold file."""
    with path.open("w", encoding="utf-8") as out:
        for r in rows:
            plain = {"id": r["id"], "text": r["text"], "tokens": r["tokens"], "lang": r.get("lang", "en")}
            more = {"entities": r["entities"], "offset_unit": "token"} if gold else {}
            out.write(json.dumps(plain | more, ensure_ascii=False) + "\n")


def run_tag(program, config, name, text, result, options):
    """One run of `el4ner tag` with this configuration: what it found."""
    file = result.with_suffix(".yaml")
    file.write_text(json.dumps(config), encoding="utf-8")
    command = [program, "tag", "-c", str(file), "--offsets", "token", "--quiet", "-o", str(result), *options]
    command += (["--nested"] if name in NESTED else []) + [str(text)]
    done = subprocess.run(command, env=dict(os.environ, EL4NER_DATA=str(ROOT)), check=False)
    if done.returncode not in (0, 1):
        sys.exit(f"{' '.join(command)} gave {done.returncode}")
    return entities([json.loads(line) for line in result.open(encoding="utf-8")])


def tag(args, name, row, members, text, result):
    """One row: what it found, and its seconds."""
    config = configuration(args.data, name, row, members, json.loads(args.settings), args.work)
    began = time.time()
    found = run_tag(args.program, config, name, text, result,
                    ["--pool", str(args.data / name / "train.jsonl"), "--cache", str(args.work / "replies.sqlite"),
                     "--account", str(result.with_suffix(".account")), *args.options])
    return found, time.time() - began


def shipped(folder=ROOT / "models"):
    return [{"name": p.stem, "gguf": str(p)} for p in sorted(folder.glob("nano-*.gguf"))]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sets", default="wnut17,uner_en_ewt")
    parser.add_argument("--rows", default="nano-a,nano-b,nano-c,ensemble")
    parser.add_argument("--n", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--work", type=Path, default=Path("/tmp/el4ner-f1"), help="folder for outputs and replies")
    parser.add_argument("--program", default=str(ROOT / "build/el4ner"))
    parser.add_argument("--settings", default="{}", help="more configuration, as JSON")
    parser.add_argument("options", nargs="*", help="options of el4ner tag, after --")
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    members = shipped()
    print("| set | row | precision | recall | F1 | seconds |\n|---|---|---|---|---|---|", flush=True)
    for name in args.sets.split(","):
        rows = sample(args.data / name, args.n, args.seed)
        text = args.work / f"{name}.jsonl"
        write_sample(text, rows)
        for row in args.rows.split(","):
            found, seconds = tag(args, name, row, members, text, args.work / f"{name}.{row}.jsonl")
            p, r, f = scores(entities(rows), found)
            print(f"| {name} | {row} | {p:.1f} | {r:.1f} | {f:.1f} | {seconds:.0f} |", flush=True)


if __name__ == "__main__":
    main()
