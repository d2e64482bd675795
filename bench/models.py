#!/usr/bin/env python3
"""Tables of the shipped models: members alone and together, with and without each part of the method.

    bench/models.py --data DIR [--sets wnut17,uner_en_ewt] [--n 300] [--work FOLDER]
    bench/models.py --tables FOLDER

Seeded sentences of each dev split, the train split as pool. Each row is a run of `el4ner tag`; what is right is
counted by a scorer of its own (f1.py) and again by `el4ner score`, which also gives intervals and paired bootstrap.
The row "thrice" asks the best of the members before it three times, with 1, 3 and 5 demonstrations. `el4ner eval`
adds figures of the stages and other ways to count the same votes. Results are kept in FOLDER; from there the tables
can be printed again.
"""
import argparse
import json
import os
import subprocess
from pathlib import Path

import f1

SETS = "wnut17,uner_en_ewt,btc,tweebank_ner,litbank,bc5cdr,genia,crossner_ai,germeval2014,uner_zh_gsd"
ROWS = ("ensemble,ensemble+paper,nano-a,nano-b,nano-c,ensemble+zero,nano-a+zero,nano-b+zero,nano-c+zero,ensemble+random,"
        "thrice,thrice+paper")


def score(args, gold, *found):
    """What `el4ner score` says of one prediction or, compared, of two."""
    command = [args.program, "score", str(gold), *map(str, found), "--json"] + (["--compare"] if len(found) > 1 else [])
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def run(args, name):
    rows = f1.sample(args.data / name, args.n, args.seed)
    gold, text = args.work / f"{name}.gold.jsonl", args.work / f"{name}.jsonl"
    f1.write_sample(text, rows)
    f1.write_sample(gold, rows, gold=True)
    members = f1.shipped(args.models)
    told = {"rows": {}, "compared": {"ensemble": {}, "ensemble+paper": {}}}
    place = {row: args.work / f"{name}.{row}.jsonl" for row in args.rows.split(",")}
    for row, result in place.items():
        what = row
        if row.startswith("thrice"):
            singles = [r for r in told["rows"] if r in [m["name"] for m in members]]
            what = row.replace("thrice", "thrice:" + max(singles, key=lambda r: told["rows"][r]["f1"]))
        found, seconds = f1.tag(args, name, what, members, text, result)
        own = f1.scores(f1.entities(rows), found)
        theirs = score(args, gold, result)["files"][0]
        if abs(own[2] - 100 * theirs["micro"]["f1"]) > 1e-6:
            raise SystemExit(f"{name} {row}: {own[2]} by f1.py, {100 * theirs['micro']['f1']} by el4ner score")
        told["rows"][row] = theirs["micro"] | {"interval": theirs["intervals"]["f1"], "seconds": seconds}
        for whole, compared in told["compared"].items():
            if whole in told["rows"] and whole != row:
                compared[row] = score(args, gold, place[whole], result)["comparison"]
        print(f"{name} {row}: {own[2]:.1f} in {seconds:.0f} s", flush=True)
    out = args.work / f"{name}.eval.json"
    subprocess.run([args.program, "eval", "-c", str(place["ensemble"].with_suffix(".yaml")), "--pool",
                    str(args.data / name / "train.jsonl"), "--cache", str(args.work / "replies.sqlite"), "-q",
                    *(["--nested"] if name in f1.NESTED else []), "--ablate", args.ablate, "-o", str(out), str(gold)],
                   check=True, stdout=subprocess.DEVNULL, env=dict(os.environ, EL4NER_DATA=str(f1.ROOT)))
    told["eval"] = json.loads(out.read_text(encoding="utf-8"))
    (args.work / f"{name}.told.json").write_text(json.dumps(told), encoding="utf-8")


def alone(folder, names, n_members):
    """What if a "yes" to a span that one member listed counts from some probability on? From the run in which all was
    verified; the last column drops such spans."""
    least = (0, 0.6, 0.7, 0.8, 0.9, 0.95, 2)
    print("\nverify: alone (from what the paper profile verified)\n\n| set | "
          + " | ".join(map(str, least[:-1])) + " | never |\n|---|" + "---|" * len(least))
    for name in names:
        rows = [json.loads(line) for line in (folder / f"{name}.ensemble+paper.jsonl").open(encoding="utf-8")]
        gold = f1.entities([json.loads(line) for line in (folder / f"{name}.gold.jsonl").open(encoding="utf-8")])
        cells = []
        for limit in least:
            found = set()
            for r in rows:
                for e in r["entities"]:  # the score is the mean of the listing members' share and the probability
                    listed = len(e["extracted_by"])
                    if listed > 1 or 2 * e["score"] - listed / n_members >= limit:
                        found.add((r["id"], e["start"], e["end"], e["type"]))
            cells.append(f"{f1.scores(gold, found)[2]:.1f}")
        print(f"| {name} | " + " | ".join(cells) + " |")


def tables(folder):
    results = {n: json.loads((folder / f"{n}.told.json").read_text(encoding="utf-8"))
               for n in SETS.split(",") if (folder / f"{n}.told.json").exists()}
    rows = list(next(iter(results.values()))["rows"])
    print("F1; behind it + or -: better or worse than the ensemble with p < 0.05 (paired bootstrap)\n")
    print("| set | gold | interval of ensemble | " + " | ".join(rows) + " |\n|---|---|---|" + "---|" * len(rows))
    for name, told in results.items():
        cells = []
        for row in rows:
            against = told["compared"]["ensemble"].get(row)
            mark = "" if against is None or against["p"] >= 0.05 else " -" if against["f1_difference"] > 0 else " +"
            cells.append(f"{100 * told['rows'][row]['f1']:.1f}{mark}")
        low, high = told["rows"]["ensemble"]["interval"]
        print(f"| {name} | {told['rows']['ensemble']['gold']} | {100 * low:.1f} to {100 * high:.1f} | "
              + " | ".join(cells) + " |")
    print("\nThe ensemble minus others, in the default and in the paper profile\n")
    print("| set | profile | " + " | ".join(rows[1:]) + " |\n|---|---|" + "---|" * (len(rows) - 1))
    for name, told in results.items():
        for whole, compared in told["compared"].items():
            cells = [f"{100 * c['f1_difference']:+.1f}, p {c['p']:.3f}" if c else "" for c in map(compared.get, rows[1:])]
            print(f"| {name} | {'paper' if '+' in whole else 'default'} | " + " | ".join(cells) + " |")
    for group, kind in (("verifier", "exact"), ("voting", "projected")):
        titles = [r["name"] for r in next(iter(results.values()))["eval"]["rows"] if r["group"] == group and r[kind]]
        if titles:
            print(f"\n{group} ({kind})\n\n| set | " + " | ".join(titles) + " |\n|---|" + "---|" * len(titles))
        for name, told in results.items():
            found = {r["name"]: r[kind] for r in told["eval"]["rows"] if r["group"] == group}
            if titles:
                print(f"| {name} | " + " | ".join(f"{100 * found[t]['f1']:.1f}" for t in titles) + " |")
    alone(folder, [n for n in results if (folder / f"{n}.ensemble+paper.jsonl").exists()], 3)
    print("\n| set | pre-extraction recall | union recall | union precision | type right | right kept | wrong dropped |")
    print("|---|---|---|---|---|---|---|")
    for name, told in results.items():
        s = told["eval"]["stages"]
        shares = [s["retrieve"]["pre_extraction_recall"], s["extract"]["union_recall"], s["extract"]["union_precision"],
                  s["classify"]["accuracy_on_correct_spans"], s["verify"]["right_kept"], s["verify"]["wrong_dropped"]]
        print(f"| {name} | " + " | ".join("-" if x["share"] is None else f"{100 * x['share']:.0f} %" for x in shares) + " |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--models", type=Path, default=f1.ROOT / "models", help="folder of nano-*.gguf")
    parser.add_argument("--sets", default=SETS)
    parser.add_argument("--rows", default=ROWS, help="as in f1.py; the first is ensemble")
    parser.add_argument("--n", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--ablate", default="verifier,voting")
    parser.add_argument("--work", type=Path, default=Path("/tmp/el4ner-models"))
    parser.add_argument("--program", default=str(f1.ROOT / "build/el4ner"))
    parser.add_argument("--settings", default="{}", help="more configuration, as JSON")
    parser.add_argument("--tables", type=Path, help="only print the tables of this folder")
    parser.add_argument("options", nargs="*", help="options of el4ner tag, after --")
    args = parser.parse_args()
    if args.tables is None:
        args.work.mkdir(parents=True, exist_ok=True)
        for name in args.sets.split(","):
            run(args, name)
    tables(args.tables or args.work)


if __name__ == "__main__":
    main()
