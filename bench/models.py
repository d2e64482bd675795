#!/usr/bin/env python3
"""Tables of the shipped models: members alone and together, with and without each part of the method.

    bench/models.py --data DIR [--sets wnut17,uner_en_ewt] [--n 300] [--out FOLDER]
    bench/models.py --tables FOLDER

For each set, `el4ner eval --ablate members,verifier,voting,retrieval` on seeded sentences of the dev
split, with the train split as pool; its JSON goes into FOLDER, and the tables are printed from there.
What is right is counted again by a scorer of its own (f1.py) on the output of `el4ner tag`.
"""
import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import f1

SETS = "wnut17,uner_en_ewt,btc,tweebank_ner,litbank,bc5cdr,genia,crossner_ai,germeval2014,uner_zh_gsd"


def members(folder):
    return [{"name": p.stem, "gguf": str(p)} for p in sorted(folder.glob("nano-*.gguf"))]


def run(args, name):
    rows = f1.sample(args.data / name, args.n, args.seed)
    config = f1.configuration(args.data, name, "ensemble", members(args.models), json.loads(args.settings))
    sample, settings = args.out / f"{name}.sample.jsonl", args.out / f"{name}.yaml"
    plain, result = args.out / f"{name}.plain.jsonl", args.out / f"{name}.found.jsonl"
    settings.write_text(json.dumps(config), encoding="utf-8")
    with sample.open("w", encoding="utf-8") as labelled, plain.open("w", encoding="utf-8") as text:
        for r in rows:
            row = {k: r[k] for k in ("id", "text", "tokens")} | {"lang": r.get("lang", "en")}
            text.write(json.dumps(row, ensure_ascii=False) + "\n")
            labelled.write(json.dumps(row | {"entities": r["entities"]}, ensure_ascii=False) + "\n")
    common = ["-c", str(settings), "--pool", str(args.data / name / "train.jsonl"), "--cache",
              str(args.out / "replies.sqlite"), "-q"] + (["--nested"] if name in f1.NESTED else [])
    environment = dict(os.environ, EL4NER_DATA=str(f1.ROOT))
    began = time.time()
    subprocess.run([args.program, "eval", *common, str(sample), "--ablate", args.ablate, "--json",
                    str(args.out / f"{name}.json"), "--samples", "1000"], env=environment, check=True,
                   stdout=subprocess.DEVNULL)
    seconds = time.time() - began
    done = subprocess.run([args.program, "tag", *common, "--offsets", "token", "-o", str(result), str(plain)],
                          env=environment, check=False)
    if done.returncode not in (0, 1):
        sys.exit(f"bench/models.py: tag gave {done.returncode}")
    found = f1.entities([json.loads(line) for line in result.open(encoding="utf-8")])
    told = json.loads((args.out / f"{name}.json").read_text(encoding="utf-8"))
    own = f1.scores(f1.entities(rows), found)[2]
    print(f"{name}: {seconds:.0f} s, F1 {100 * told['result']['micro']['f1']:.2f}, own count {own:.2f}", file=sys.stderr)


def cell(value, mark=None):
    if value is None:
        return "-"
    text = f"{100 * value['f1']:.1f}"
    difference = value.get("against_configured")
    if mark and difference and difference["p"] < 0.05:
        text += " " + ("+" if difference["difference"] > 0 else "-")
    return text


def table(results, columns, kind):
    """A row a set, a column for each (group, name) of the ablation. "+" or "-" behind a figure: better or worse
    than the configured ensemble with p < 0.05."""
    print("| set | " + " | ".join(title for title, _, _ in columns) + " |")
    print("|---|" + "---|" * len(columns))
    for name, told in results.items():
        rows = {(r["group"], r["name"]): r[kind] for r in told["rows"]}
        cells = [cell(rows.get((group, row)), group != "configured") for _, group, row in columns]
        print(f"| {name} | " + " | ".join(cells) + " |")
    print()


def tables(folder):
    results = {}
    for name in SETS.split(","):
        path = folder / f"{name}.json"
        if path.exists():
            results[name] = json.loads(path.read_text(encoding="utf-8"))
    first = next(iter(results.values()))
    names = [r["name"] for r in first["rows"] if r["group"] == "members"]
    print("| set | gold | ensemble | 95 % | calls |\n|---|---|---|---|---|")
    for name, told in results.items():
        configured = told["rows"][0]
        low, high = configured["exact"]["f1_interval"]
        print(f"| {name} | {told['result']['micro']['gold']} | {100 * configured['exact']['f1']:.1f} | "
              f"{100 * low:.1f} to {100 * high:.1f} | {configured['calls']} |")
    print()
    configured = ("ensemble", "configured", "as configured")
    table(results, [configured] + [(n, "members", n) for n in names], "exact")
    for group, kind in (("verifier", "exact"), ("voting", "projected"), ("retrieval", "exact")):
        rows = [(r["name"], group, r["name"]) for r in first["rows"] if r["group"] == group and r[kind] is not None]
        if rows:
            print(f"{group} ({kind})\n")
            table(results, ([configured] if kind == "exact" else []) + rows, kind)
    print("| set | pre-extraction recall | union recall | union precision | type right | right kept | wrong dropped |")
    print("|---|---|---|---|---|---|---|")
    for name, told in results.items():
        s = told["stages"]
        shares = [s["retrieve"]["pre_extraction_recall"], s["extract"]["union_recall"], s["extract"]["union_precision"],
                  s["classify"]["accuracy_on_correct_spans"], s["verify"]["right_kept"], s["verify"]["wrong_dropped"]]
        print(f"| {name} | " + " | ".join("-" if x["share"] is None else f"{100 * x['share']:.0f} %" for x in shares) + " |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--models", type=Path, default=f1.ROOT / "models", help="folder of nano-*.gguf")
    parser.add_argument("--sets", default=SETS)
    parser.add_argument("--n", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--ablate", default="members,verifier,voting,retrieval")
    parser.add_argument("--out", type=Path, default=Path("/tmp/el4ner-models"))
    parser.add_argument("--program", default=str(f1.ROOT / "build/el4ner"))
    parser.add_argument("--settings", default="{}", help="more configuration, as JSON")
    parser.add_argument("--tables", type=Path, help="only print the tables of this folder")
    args = parser.parse_args()
    if args.tables is None:
        args.out.mkdir(parents=True, exist_ok=True)
        for name in args.sets.split(","):
            run(args, name)
    tables(args.tables or args.out)


if __name__ == "__main__":
    main()
