"""Scoring cases through the command: writes both sides as CoNLL files, runs `el4ner score --match M
--json` and compares with the figures of the case.

usage: scoring.py EL4NER CASES.json PREFIX [old]

"old": nervaluate's figures are those of an older version than 1.2 (see ORDER).

Cases: [{"name", "scheme", "gold": [[tag]], "pred": [[tag]], "expected": {scorer: figures}}].
Scorers: conlleval (counts, percentages with two decimals), seqeval_default and seqeval_strict
(micro), nervaluate (modes strict, exact, partial, ent_type). What a case does not
name, or has as null, is not compared. Prints "ok NAME" or "not ok NAME" for each case and scorer.
"""
import json
import os
import subprocess
import sys

# nervaluate goes through the predictions in order and gives each a gold mention that no earlier one
# took. el4ner pairs the best first, whatever the order: same span and type, same span, same type,
# any overlap. The only count that this changes is how many are right in the mode ent_type ("type"):
# - The old version gives a prediction the first mention that it touches. Where the first is of
#   another type and the second of its own, that is an incorrect one, and a correct one here.
# - Every version lets an earlier prediction of another type take the mention (incorrect), and
#   leaves nothing to a later one of the right type (spurious); here it is the other way round.
# By how many mentions; a case can name that by itself, as "order".
ORDER = {
    "04-BIO-noisy": 1,
    "06-BIO-clean": 1,
    "15-BIO-noisy": 2,
    "25-BIO-clean": 1,
    "34-BIO-clean": 1,
    "40-BIO-noisy": 1,
}
MATCHES = {
    "conlleval": "conlleval",
    "seqeval_default": "seqeval",
    "seqeval_strict": "seqeval-strict",
}
MODES = {"strict": "strict", "exact": "exact", "partial": "partial", "ent_type": "type"}
SCHEMES = {"BIO": "iob2", "IOB1": "iob1", "IOB2": "iob2", "BIOES": "bioes", "auto": "auto"}


def write(path, sentences):
    with open(path, "w", encoding="utf-8") as f:
        for number, tags in enumerate(sentences):
            for i, tag in enumerate(tags):
                f.write(f"w{number}.{i}\t{tag}\n")
            f.write("\n")


def score(program, match, scheme):
    command = [program, "score", "gold.conll", "pred.conll", "--json", "--match", match,
               "--scheme", scheme, "--samples", "0"]
    run = subprocess.run(command, capture_output=True, encoding="utf-8")
    if run.returncode != 0:
        raise AssertionError(f"status {run.returncode}: {run.stderr.strip()}")
    result = json.loads(run.stdout)["files"][0]
    if result["match"] != match:
        raise AssertionError(f"asked for {match}, got {result['match']}")
    return result


def close(what, got, wanted, tolerance):
    if got is None or abs(got - wanted) > tolerance:
        raise AssertionError(f"{what} is {got}, not {wanted}")


def check_fractions(got, wanted, scale, tolerance):
    for key in ("precision", "recall", "f1"):
        if key in wanted:
            close(key, got[key] * scale, wanted[key], tolerance)


def check_conlleval(got, wanted):
    micro = got["micro"]
    close("tokens", got["tokens"], wanted["tokens"], 0)
    for key in ("gold", "predicted", "correct"):
        close(key, micro[key], wanted[key], 0)
    close("accuracy", got["accuracy"] * 100, wanted["accuracy"], 0.00501)
    check_fractions(micro, wanted, 100, 0.00501)


def check_seqeval(got, wanted):
    micro = got["micro"]
    for key in ("gold", "predicted", "correct"):
        if key in wanted:
            close(key, micro[key], wanted[key], 0)
    check_fractions(micro, wanted, 1, 1e-6)
    check_fractions(got["macro"], wanted.get("macro", {}), 1, 1e-6)
    if "accuracy" in wanted:
        close("accuracy", got["accuracy"], wanted["accuracy"], 1e-6)


def check_nervaluate(mode, got, wanted, more, whole):
    micro = got["micro"]
    close("correct", micro["correct"], wanted["correct"] + more, 0)
    close("incorrect", micro["incorrect"], wanted["incorrect"] - more, 0)
    for key in ("partial", "missed", "spurious"):
        close(key, micro[key], wanted[key], 0)
    if mode == "partial":
        # SemEval-2013: precision = (correct + partial / 2) / predicted. The old version gives that
        # for one sentence; over several it leaves the halves out.
        halves = micro["correct"] + micro["partial"] / 2
        for key, all_of in (("precision", micro["predicted"]), ("recall", micro["gold"])):
            close(key, micro[key], halves / all_of if all_of else 0, 1e-9)
        if whole:
            check_fractions(micro, wanted, 1, 1e-6)
    elif more == 0:
        check_fractions(micro, wanted, 1, 1e-6)


def check(program, case, scorer, old):
    wanted = case["expected"][scorer]
    scheme = SCHEMES[case["scheme"]]
    if scorer == "nervaluate":
        for mode, match in MODES.items():
            if mode not in wanted:
                continue
            more = case.get("order", ORDER.get(case["name"], 0)) if mode == "ent_type" else 0
            try:
                check_nervaluate(mode, score(program, match, scheme), wanted[mode], more,
                                 not old or len(case["gold"]) == 1)
            except (AssertionError, KeyError) as error:
                raise AssertionError(f"{mode}: {error}") from None
    else:
        got = score(program, MATCHES[scorer], scheme)
        (check_conlleval if scorer == "conlleval" else check_seqeval)(got, wanted)


def main():
    program, path, prefix = sys.argv[1:4]
    old = sys.argv[4:] == ["old"]
    with open(path, encoding="utf-8") as f:
        cases = json.load(f)
    for case in cases:
        write("gold.conll", case["gold"])
        write("pred.conll", case["pred"])
        for scorer in [s for s, figures in case["expected"].items() if figures is not None]:
            name = f"{prefix} {case['name']}: {scorer}"
            try:
                check(program, case, scorer, old)
                print("ok", name)
            except (AssertionError, KeyError) as error:
                print(f"not ok {name}\n  {error}")
    os.remove("gold.conll")
    os.remove("pred.conll")


main()
