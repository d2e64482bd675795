#!/usr/bin/env python3
"""Which voting rule should be the default? Judged on recorded predictions of real systems.

    bench/voting-rules.py NAME=FILE[:MODEL,MODEL...] ...

FILE is JSON lines with `gold` and `predictions` by model, or a folder of CoNLL files with one
called gold.conll. For each number n of members, every subset of n models is combined by every
rule. A rule is then chosen by its mean F1 on all sets but one, and judged on the one left out.
"""
import collections
import itertools
import json
import math
import os
import sys


def read_recorded(path, models):
    rows = [json.loads(line) for line in open(path, encoding="utf-8") if line.strip()]
    models = models or list(rows[0]["predictions"])
    triples = lambda items: frozenset((e["start"], e["end"], e["type"]) for e in items)
    rows = [r for r in rows if all(m in r["predictions"] for m in models)]
    gold = [triples(r["gold"]) for r in rows]
    return gold, {m: [triples(r["predictions"][m]["entities"]) for r in rows] for m in models}


def read_conll(path):
    sentences, current, begin, kind = [], set(), None, None
    position = 0

    def close():
        nonlocal begin, kind
        if begin is not None:
            current.add((begin, position, kind))
        begin = kind = None

    for line in open(path, encoding="utf-8"):
        tag = line.rstrip("\n").split("\t")[-1]
        if not line.strip():
            close()
            sentences.append(frozenset(current))
            current, position = set(), 0
            continue
        if tag == "O" or tag[0] == "B" or tag[2:] != kind:
            close()
        if tag != "O" and begin is None:
            begin, kind = position, tag[2:]
        position += 1
    if position:
        close()
        sentences.append(frozenset(current))
    return sentences


def read_set(argument):
    name, _, rest = argument.partition("=")
    path, _, models = rest.partition(":")
    models = models.split(",") if models else None
    if os.path.isdir(path):
        files = {f[:-6]: read_conll(os.path.join(path, f)) for f in sorted(os.listdir(path)) if f.endswith(".conll")}
        return name, (files.pop("gold"), files)
    return name, read_recorded(path, models)


def counts(gold, predicted):
    return sum(map(len, gold)), sum(map(len, predicted)), sum(len(g & p) for g, p in zip(gold, predicted))


def f1(gold, predicted):
    g, p, c = counts(gold, predicted)
    return 200 * c / (g + p) if g + p else 0.0


def combine(members, weights, span_least, pair_least):
    """Spans with support >= span_least whose type has support >= pair_least; ties to the first."""
    result = []
    for proposals in zip(*members):
        spans = collections.defaultdict(list)
        for i, proposal in enumerate(proposals):
            for start, end, kind in proposal:
                spans[start, end].append((i, kind))
        kept = set()
        for (start, end), votes in spans.items():
            if sum(weights[i] for i in {i for i, _ in votes}) < span_least - 1e-9:
                continue
            support = collections.Counter()
            for i, kind in votes:
                support[kind] += weights[i]
            best = max(support.values())
            kind = next(k for _, k in sorted(votes) if support[k] > best - 1e-9)
            if best >= pair_least - 1e-9:
                kept.add((start, end, kind))
        result.append(frozenset(kept))
    return result


def member_weights(gold, members):
    """F1 of each on the first half; mean 1."""
    half = len(gold) // 2
    values = [f1(gold[:half], m[:half]) for m in members]
    return [v * len(values) / sum(values) for v in values]


def over(n):
    return n // 2 + 1


RULES = collections.OrderedDict([
    ("span:1 (union)", lambda n: (1, 0, False)),
    ("span:2", lambda n: (min(2, n), 0, False)),
    ("span:3", lambda n: (min(3, n), 0, False)),
    ("majority (span)", lambda n: (over(n), 0, False)),
    ("span, half", lambda n: (max(2, math.ceil(n / 2)), 0, False)),
    ("pair:2", lambda n: (0, min(2, n), False)),
    ("pair:3", lambda n: (0, min(3, n), False)),
    ("pair, over half", lambda n: (0, over(n), False)),
    ("pair, half", lambda n: (0, max(2, math.ceil(n / 2)), False)),
    ("weighted span, half", lambda n: (n / 2, 0, True)),
    ("weighted pair, half", lambda n: (0, n / 2, True)),
    ("weighted pair, 0.4", lambda n: (0, 0.4 * n, True)),
])


def study(data, n):
    """F1 by set and rule, a mean over all subsets of n members; judged on the second half."""
    table = collections.OrderedDict()
    for name, (gold, models) in data.items():
        if len(models) < n:
            continue
        half = len(gold) // 2
        sums = collections.Counter()
        subsets = list(itertools.combinations(models, n))
        wins = collections.Counter()
        for subset in subsets:
            members = [models[m] for m in subset]
            weights = member_weights(gold, members)
            late = [m[half:] for m in members]
            best = max(f1(gold[half:], m) for m in late)
            sums["best member"] += best
            for rule, make in RULES.items():
                span_least, pair_least, weighted = make(n)
                w = weights if weighted else [1] * n
                value = f1(gold[half:], combine(late, w, span_least, pair_least))
                sums[rule] += value
                wins[rule] += value > best
        table[name] = ({k: v / len(subsets) for k, v in sums.items()}, wins, len(subsets))
    return table


def main():
    data = collections.OrderedDict(read_set(a) for a in sys.argv[1:])
    for n in range(2, 1 + max(len(models) for _, models in data.values())):
        table = study(data, n)
        if len(table) < 2:
            continue
        print(f"\n### {n} members\n")
        print("| rule | " + " | ".join(f"{s} ({table[s][2]})" for s in table) + " | mean |")
        print("|---|" + "---|" * (len(table) + 1))
        for rule in ["best member"] + list(RULES):
            values = [table[s][0][rule] for s in table]
            print(f"| {rule} | " + " | ".join(f"{v:.2f}" for v in values) + f" | {sum(values) / len(values):.2f} |")
        print("\n| left out | chosen on the others | F1 | union | gain | best rule there | F1 | subsets above their best member |")
        print("|---|---|---|---|---|---|---|---|")
        for left in table:
            # F1 levels differ between sets: a rule is judged by its distance to the best member.
            mean = lambda r: sum(table[s][0][r] - table[s][0]["best member"] for s in table if s != left)
            chosen = max(RULES, key=mean)
            here = table[left][0]
            best = max(RULES, key=lambda r: here[r])
            union = here["span:1 (union)"]
            print(f"| {left} | {chosen} | {here[chosen]:.2f} | {union:.2f} | {here[chosen] - union:+.2f} | {best} | {here[best]:.2f} | {table[left][1][chosen]} of {table[left][2]} |")


if __name__ == "__main__":
    main()
