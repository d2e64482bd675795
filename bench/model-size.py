#!/usr/bin/env python3
"""F1 against the number of parameters: one model of the size of three, or three.

    bench/model-size.py --data DIR --work FOLDER 1.91:5:FOLDER1 5.77:5:FOLDER2 ...

Each model argument is millions of parameters, millions of tokens trained on, and a folder of nano-*.gguf of that size.
Each model is run alone, and those of one folder together, as by f1.py. Prints the table, and a paired bootstrap of each
ensemble against larger single models of as many tokens; writes the means of all sets as a plot to FOLDER/model-size.svg.
"""
import argparse
import math
from pathlib import Path

import f1
from models import SETS, score


def measure(args, data, models):
    """For each row (what, parameters, tokens): F1 by set, and the file of its answers."""
    rows = []
    for spec in models:
        parameters, tokens, folder = spec.split(":", 2)
        members = f1.shipped(Path(folder))
        args.work = args.base / Path(folder).name
        args.work.mkdir(parents=True, exist_ok=True)
        for row in [m["name"] for m in members] + (["ensemble"] if len(members) > 1 else []):
            count = len(members) if row == "ensemble" else 1
            scores, files = {}, {}
            for name, sample in data.items():
                files[name] = args.work / f"{name}.{row}.jsonl"
                found, _ = f1.tag(args, name, row, members, args.base / f"{name}.jsonl", files[name])
                scores[name] = f1.scores(f1.entities(sample), found)[2]
                print(f"{folder} {row} {name}: {scores[name]:.1f}", flush=True)
            rows.append({"count": count, "size": float(parameters), "tokens": float(tokens), "f1": scores, "files": files})
    return rows


def title(row):
    return f"{row['count']} x {row['size']:.2f} million" if row["count"] > 1 else f"{row['size']:.2f} million"


def mean(row):
    return sum(row["f1"].values()) / len(row["f1"])


def compared(args, gold, a, b):
    c = score(args, gold, a, b)["comparison"]
    return f"{100 * c['f1_difference']:+.1f}, p {c['p']:.3f}"


def plot(rows, path):
    """Single models and ensembles over their parameters in all, on a logarithmic scale."""
    totals, means = [r["size"] * r["count"] for r in rows], [mean(r) for r in rows]
    low, high = math.log(min(totals) / 1.3), math.log(max(totals) * 1.3)
    bottom, top = 5 * math.floor(min(means) / 5), 5 * math.ceil(max(means) / 5)

    def place(total, value):
        return 60 + 520 * (math.log(total) - low) / (high - low), 330 - 290 * (value - bottom) / (top - bottom)

    out = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 620 390" font-family="sans-serif" font-size="13">',
           '<rect width="620" height="390" fill="white"/>']
    for value in range(bottom, top + 1, 5):
        y = place(totals[0], value)[1]
        out.append(f'<path d="M60 {y:.1f}H580" stroke="#ddd"/><text x="52" y="{y + 4:.1f}" text-anchor="end">{value}</text>')
    ticks = []
    for total in sorted(totals):  # sizes nearly equal share one
        if not ticks or total > 1.1 * ticks[-1]:
            ticks.append(total)
    for total in ticks:
        x = place(total, bottom)[0]
        out.append(f'<path d="M{x:.1f} 330v5" stroke="#555"/><text x="{x:.1f}" y="350" text-anchor="middle">{total:.1f}</text>')
    out.append('<text x="320" y="376" text-anchor="middle">million parameters in all</text>'
               '<text x="16" y="185" text-anchor="middle" transform="rotate(-90 16 185)">mean F1</text>')
    for row, total, value in zip(rows, totals, means):
        x, y = place(total, value)
        color = "#c33" if row["count"] > 1 else "#36c"
        out.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{color}"><title>{title(row)}, {row["tokens"]:g} million '
                   f'tokens: {value:.1f}</title></circle>')
    groups = {}
    for row, total, value in zip(rows, totals, means):
        groups.setdefault((row["count"], row["size"], row["tokens"]), []).append((total, value))
    for (_, _, tokens), points in groups.items():
        x, y = place(points[0][0], sum(v for _, v in points) / len(points))
        beside, anchor = (x - 10, "end") if x > 500 else (x + 10, "start")
        out.append(f'<text x="{beside:.1f}" y="{y + 4:.1f}" fill="#555" text-anchor="{anchor}">{tokens:g} M tokens</text>')
    out.append('<circle cx="80" cy="52" r="5" fill="#36c"/><text x="92" y="56">one model</text>'
               '<circle cx="80" cy="72" r="5" fill="#c33"/><text x="92" y="76">an ensemble of three</text></svg>')
    path.write_text("\n".join(out) + "\n", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", metavar="SIZE:TOKENS:FOLDER")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", dest="base", type=Path, required=True)
    parser.add_argument("--sets", default=SETS)
    parser.add_argument("--n", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--program", default=str(f1.ROOT / "build/el4ner"))
    args = parser.parse_args()
    args.settings, args.options = '{"profile": "votes"}', []
    args.base.mkdir(parents=True, exist_ok=True)
    data = {name: f1.sample(args.data / name, args.n, args.seed) for name in args.sets.split(",")}
    for name, sample in data.items():
        f1.write_sample(args.base / f"{name}.jsonl", sample)
        f1.write_sample(args.base / f"{name}.gold.jsonl", sample, gold=True)
    rows = measure(args, data, args.models)
    print("\n| models | tokens each | " + " | ".join(data) + " | mean |\n|---|---|" + "---|" * (len(data) + 1))
    for r in rows:
        print(f"| {title(r)} | {r['tokens']:g} M | " + " | ".join(f"{r['f1'][n]:.1f}" for n in data) + f" | {mean(r):.1f} |")
    for a in rows:
        for b in rows:
            if a["count"] > 1 and b["count"] == 1 and a["tokens"] == b["tokens"] and b["size"] > 2 * a["size"]:
                print(f"\n{title(a)} - {title(b)}: " + "; ".join(
                    f"{n} {compared(args, args.base / f'{n}.gold.jsonl', a['files'][n], b['files'][n])}" for n in data))
    plot(rows, args.base / "model-size.svg")


if __name__ == "__main__":
    main()
