"""Combining through the command: random predictions, and the voting rules written down once more from
docs/measurements.md, by another way.

usage: combining.py EL4NER
"""
import json
import random
import subprocess
import sys

TYPES = ["LOC", "ORG", "PER"]
NAMES = ["a", "b", "c", "d", "e"]
N_TEXTS = 60


def make_sets(generator, n):
    """n predictions: sets[i][document] = [(start, end, type)], or None: no answer."""
    sets = []
    for _ in range(n):
        documents = []
        for _ in range(N_TEXTS):
            found = set()
            for _ in range(generator.randrange(5)):
                start = generator.randrange(6)
                found.add((start, start + generator.randrange(1, 4), generator.choice(TYPES)))
            documents.append(None if generator.random() < 0.1 else sorted(found))
        sets.append(documents)
    return sets


def write_sets(sets):
    text = "abcdefghij"
    for name, documents in zip(NAMES, sets):
        with open(f"{name}.jsonl", "w", encoding="utf-8") as f:
            for number, entities in enumerate(documents):
                line = {"id": str(number), "text": text}
                if entities is not None:
                    line["entities"] = [dict(zip(("start", "end", "type"), e)) for e in entities]
                f.write(json.dumps(line) + "\n")
    with open("recorded.jsonl", "w", encoding="utf-8") as f:
        for number in range(N_TEXTS):
            said = {name: {"entities": [dict(zip(("start", "end", "type"), e)) for e in s[number]]}
                    for name, s in zip(NAMES, sets) if s[number] is not None}
            f.write(json.dumps({"id": number, "text": text, "predictions": said}) + "\n")


def combine(answers, rule, least, weights, flat):
    """answers: {name: entities}, in listed order. [(start, end, type, score, extracted_by)]"""
    def weigh(names):
        return sum(weights.get(name, 1) for name in names)

    everyone = weigh(answers)
    kept = []
    for start, end in sorted({e[:2] for entities in answers.values() for e in entities}):
        by_type = {}
        for name, entities in answers.items():
            for entity in entities:
                if entity[:2] == (start, end):
                    by_type.setdefault(entity[2], []).append(name)
        proposers = [n for n in answers if any(n in voters for voters in by_type.values())]
        order = list(answers)
        # Most weight; then the type of the voter who is listed first; then the smaller name.
        winner = min(by_type, key=lambda t: (-weigh(by_type[t]), order.index(by_type[t][0]), t))
        enough = {
            "span": weigh(proposers) >= least,
            "pair": weigh(by_type[winner]) >= least,
            "majority": weigh(proposers) > everyone / 2,
        }[rule]
        if enough:
            kept.append((start, end, winner, weigh(by_type[winner]) / everyone if everyone else None,
                         proposers))
    if flat:
        stay = []
        for entity in sorted(kept, key=lambda e: (-weigh(e[4]), e[0] - e[1], e[0])):
            if all(entity[1] <= other[0] or other[1] <= entity[0] for other in stay):
                stay.append(entity)
        kept = stay
    return sorted(kept, key=lambda e: (e[0], -e[1]))


def run(program, arguments):
    done = subprocess.run([program, "combine", *arguments], capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def check(program, sets, rule, least, weights, flat, recorded):
    names = NAMES[:len(sets)]
    arguments = ["--to", "jsonl"]
    if rule is not None:
        arguments += ["--keep", rule if rule == "majority" else f"{rule}:{least:g}"]
    if weights:
        arguments += ["--weights", ",".join(f"{n}={w:g}" for n, w in weights.items())]
    arguments += ["--flat"] if flat else []
    arguments += (["--models", ",".join(names), "recorded.jsonl"] if recorded
                  else [f"{name}.jsonl" for name in names])
    if rule is None:  # the default: pairs that half have, and at least two
        rule, least = "pair", max(2, (len(names) + 1) // 2)
    got = run(program, arguments)
    assert len(got) == N_TEXTS, len(got)
    for number, document in enumerate(got):
        answers = {name: s[number] for name, s in zip(names, sets) if s[number] is not None}
        wanted = combine(answers, rule, least, weights, flat)
        seen = [(e["start"], e["end"], e["type"], e.get("score"), e["extracted_by"])
                for e in document.get("entities", [])]
        assert [e[:3] + (e[4],) for e in seen] == [e[:3] + (e[4],) for e in wanted], (
            number, answers, seen, wanted)
        for one, other in zip(seen, wanted):
            assert (one[3] is None) == (other[3] is None), (number, one, other)
            assert one[3] is None or abs(one[3] - other[3]) <= 0.00005001, (number, one, other)
        assert document["abstained"] == len(names) - len(answers), (number, document["abstained"])


def main():
    program = sys.argv[1]
    for n in (2, 3, 5):
        sets = make_sets(random.Random(n), n)
        write_sets(sets)
        half = {"a": 2, NAMES[n - 1]: 0.5}
        rules = [(None, 0), ("majority", 0)] + [
            (kind, least) for kind in ("span", "pair") for least in range(1, n + 1)]
        for rule, least in rules:
            name = f"combine {n}: {rule or 'default'}" + (f":{least}" if least else "")
            try:
                for weights in ({}, half):
                    for flat in (False, True):
                        for recorded in (False, True):
                            if least <= n + sum(w - 1 for w in weights.values()):
                                check(program, sets, rule, least, weights, flat, recorded)
                if rule is None:
                    check(program, sets, "span", 1.5, half, False, False)
                print("ok", name)
            except AssertionError as error:
                print(f"not ok {name}\n  {error}")


main()
