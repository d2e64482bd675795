"""Strict F1 of members, alone and by majority, on dev sentences, with llama-server.

    python3 evaluate.py --data DIR --sets uner_en_ewt,btc --n 120 --k 0,5 ../nano-a.gguf ../nano-b.gguf ../nano-c.gguf

A pair (string, type) counts once a sentence. Demonstrations come from the set's training split by word overlap, in
which words of mentions count twice. `majority`: the spans that most members propose, with the type that most give
(ties: the first member's). `verified`: the pairs to which the member itself (majority: most members) answers yes.
"""
from __future__ import annotations

import argparse
import json
import math
import random
from collections import Counter, defaultdict
from contextlib import ExitStack
from pathlib import Path

from prepare import PLAIN
from server import Server

SEP = "<|sep|>"
Row = tuple[str, list[tuple[str, str]]]


def load(data: Path, name: str, split: str, types: dict) -> list[Row]:
    rows = []
    for line in (data / name / f"{split}.jsonl").open():
        r = json.loads(line)
        joint = "" if r["lang"] == "zh" else " "
        pairs: dict[str, str] = {}
        for e in sorted(r["entities"], key=lambda e: (e["start"], -e["end"])):
            words = types[name][e["type"]]
            pairs.setdefault(joint.join(r["tokens"][e["start"]:e["end"]]), PLAIN.get(words, words))
        rows.append((joint.join(r["tokens"]), list(pairs.items())))
    return rows


class Pool:
    def __init__(self, rows: list[Row], chars: bool):
        self.rows = rows
        self.units = (lambda t: list(t)) if chars else (lambda t: t.lower().split())
        words = [set(self.units(t)) for t, _ in rows]
        frequency = Counter(w for s in words for w in s)
        self.idf = {w: math.log(len(rows) / n) for w, n in frequency.items()}
        self.postings: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for i, (s, (_, pairs)) in enumerate(zip(words, rows)):
            marked = {u for string, _ in pairs for u in self.units(string)}
            weight = {w: self.idf[w] * (2 if w in marked else 1) for w in s}
            norm = math.sqrt(sum(x * x for x in weight.values())) or 1.0
            for w, x in weight.items():
                self.postings[w].append((i, x / norm))

    def nearest(self, text: str, k: int) -> list[Row]:
        """The k most alike, the nearest last."""
        score: Counter[int] = Counter()
        for w in set(self.units(text)):
            for i, x in self.postings.get(w, ()):
                score[i] += x * self.idf[w]
        best = sorted(score, key=lambda i: (-score[i], i))
        return [self.rows[i] for i in best if self.rows[i][0] != text][:k][::-1]


def fit(head: str, demos: list[str], last: str, room: int, server: Server) -> str:
    """Drop the farthest demonstrations until the prompt leaves room for the answer."""
    while True:
        prompt = head + "".join(demos) + last
        if not demos or len(server.post("/tokenize", {"content": prompt, "parse_special": True})["tokens"]) <= room:
            return prompt
        demos = demos[1:]


def clean(text: str) -> str:
    return text.replace("<|", "< |")


def extract(server: Server, types: list[str], demos: list[Row], text: str, room: int) -> list[str]:
    shots = [f"<|text|>{clean(t)}<|answer|>{SEP.join(clean(s) for s, _ in p)}<|end|>" for t, p in demos]
    prompt = fit(f"<|extract|><|types|>{SEP.join(types)}", shots, f"<|text|>{clean(text)}<|answer|>", room, server)
    found = [s.strip() for s in server.complete(prompt).split(SEP)]
    return list(dict.fromkeys(s for s in found if s and s in text))


def classify(server: Server, types: list[str], demos: list[Row], text: str, spans: list[str], room: int) -> list[str]:
    shots = [f"<|text|>{clean(t)}<|spans|>{SEP.join(clean(s) for s, _ in p)}<|answer|>{SEP.join(y for _, y in p)}<|end|>"
             for t, p in demos if p]
    last = f"<|text|>{clean(text)}<|spans|>{SEP.join(map(clean, spans))}<|answer|>"
    answer = server.complete(fit(f"<|classify|><|types|>{SEP.join(types)}", shots, last, room, server))
    kinds = [t.strip() for t in answer.split(SEP)]
    return (kinds + [""] * len(spans))[:len(spans)]


def verify(server: Server, text: str, span: str, kind: str) -> bool:
    return server.complete(f"<|verify|><|text|>{clean(text)}<|spans|>{clean(span)}<|types|>{kind}<|answer|>", 3).strip() != "no"


class Score:
    def __init__(self) -> None:
        self.right = self.found = self.gold = 0

    def add(self, found: set, gold: set) -> None:
        self.right += len(found & gold)
        self.found += len(found)
        self.gold += len(gold)

    def __str__(self) -> str:
        p, r = self.right / max(1, self.found), self.right / max(1, self.gold)
        return f"{200 * p * r / max(1e-9, p + r):5.1f} ({100 * p:.0f}/{100 * r:.0f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sets", required=True)
    parser.add_argument("--n", type=int, default=120)
    parser.add_argument("--k", default="0,5")
    parser.add_argument("--room", type=int, default=440, help="tokens of a prompt; the rest is for the answer")
    parser.add_argument("--no-verify", action="store_true")
    args = parser.parse_args()
    types = json.loads((args.data / "types.json").read_text())
    with ExitStack() as stack:
        servers = [stack.enter_context(Server(m)) for m in args.models]
        names = [m.stem for m in args.models] + (["majority"] if len(servers) > 1 else [])
        for name in args.sets.split(","):
            train = load(args.data, name, "train", types)
            pool = Pool(train, name.endswith("zh_gsd"))
            kinds = sorted({y for _, p in train for _, y in p})
            dev = load(args.data, name, "dev", types)
            random.Random(5).shuffle(dev)
            for k in map(int, args.k.split(",")):
                spans, typed, verified = ({n: Score() for n in names} for _ in range(3))
                for text, pairs in dev[:args.n]:
                    demos = pool.nearest(text, k) if k else []
                    gold, strings = set(pairs), {s for s, _ in pairs}
                    found = [extract(s, kinds, demos, text, args.room) for s in servers]
                    union = list(dict.fromkeys(x for f in found for x in f))
                    votes = [dict(zip(union, classify(s, kinds, demos, text, union, args.room))) if union else {}
                             for s in servers]
                    results = [{(x, v[x]) for x in f} for f, v in zip(found, votes)]
                    if len(servers) > 1:
                        most = [x for x in union if 2 * sum(x in f for f in found) > len(servers)]
                        results.append({(x, Counter(v[x] for v in votes).most_common(1)[0][0]) for x in most})
                    asked = sorted(set().union(*results)) if not args.no_verify else []
                    yes = [{a for a in asked if verify(s, text, *a)} for s in servers]
                    if len(servers) > 1:
                        yes.append({a for a in asked if 2 * sum(a in y for y in yes) > len(servers)})
                    for n, result, y in zip(names, results, yes):
                        spans[n].add({x for x, _ in result}, strings)
                        typed[n].add(result, gold)
                        verified[n].add(result & y, gold)
                for n in names:
                    print(f"{name} n={min(args.n, len(dev))} k={k} {n}: spans {spans[n]} typed {typed[n]} verified {verified[n]}",
                          flush=True)


if __name__ == "__main__":
    main()
