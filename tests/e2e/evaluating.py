"""eval through the command: every figure of its JSON, its tables and its report, beside figures counted
from what `tag` writes and traces with the same members.

usage: evaluating.py EL4NER PORT-A PORT-B PORT-C

The members are voting_server.py; their counts of completions are in the file "counts".
"""
import csv
import html
import io
import itertools
import json
import os
import re
import subprocess
import sys
import zlib

PROGRAM, *PORTS = sys.argv[1:5]
MEMBERS = dict(zip("abc", PORTS))
TYPES = ["person", "location", "organization"]
TEXTS = [
    "Anna Berg met Carlo Dias in Eden. Then Oslo froze.",
    "Acme Motors hired Hannah Lund.",
    "From Lima the road leads to Cusco.",
    "Nobody came.",
    "Tor Vik and Ines Prado sued Delta Bank in Porto.",
    "Bergen beat Molde, said Coach Rolf Ness.",
    "Bright Lights opened in Turin with Luca Neri.",
    "Mira writes for Daily Planet.",
    "Omar Said left Cairo for Tunis.",
    "In Quito it rained. Sun Foods stayed open. Eva Roth sang.",
    "Gold Coast lost to Perth.",
    "Ravi Iyer of Blue Mill lives in Pune.",
    "Zoe asked Ken Ito about Kyoto.",
    "Star Line sails to Malta.",
]
# Not what the members list: shorter here and there, and some are missing.
GOLD_SPANS = [
    ["Anna Berg", "Carlo Dias", "Eden", "Oslo"], ["Acme Motors", "Hannah Lund"], ["Lima", "Cusco"], [],
    ["Tor Vik", "Ines Prado", "Delta Bank", "Porto"], ["Bergen", "Molde", "Rolf Ness"],
    ["Bright Lights", "Turin", "Luca Neri"], ["Mira", "Daily Planet"], ["Omar Said", "Cairo", "Tunis"],
    ["Quito", "Sun Foods", "Eva Roth"], ["Gold Coast", "Perth"], ["Ravi Iyer", "Blue Mill", "Pune"],
    ["Zoe", "Ken Ito", "Kyoto"], ["Star", "Malta"],
]
POOL = [
    ("Lena Voss flew to Riga.", [("Lena Voss", "person"), ("Riga", "location")]),
    ("Delta Motors and Acme merged.", [("Delta Motors", "organization"), ("Acme", "organization")]),
    ("Rolf met Anna in Turin.", [("Rolf", "person"), ("Anna", "person"), ("Turin", "location")]),
    ("The Coast Line closed.", [("Coast Line", "organization")]),
    ("Perth is far from Cairo.", [("Perth", "location"), ("Cairo", "location")]),
    ("Blue Star sold Sun Foods.", [("Blue Star", "organization"), ("Sun Foods", "organization")]),
]


def gold_type(span):
    """What most members say of it, but for every fifth."""
    number = zlib.crc32(span.encode())
    return TYPES[(number % 3 + (number // 3 % 5 == 0)) % 3]


GOLD = [[(text.index(s), text.index(s) + len(s), gold_type(s)) for s in spans]
        for text, spans in zip(TEXTS, GOLD_SPANS)]


def labelled(path, rows):
    with open(path, "w", encoding="utf-8") as f:
        for number, (text, entities) in enumerate(rows):
            f.write(json.dumps({"id": str(number), "text": text, "entities": [
                dict(zip(("start", "end", "type"), e)) for e in entities]}) + "\n")


def configure(path, members="abc", verifier="b", retrieve="k: 2", extract="", verify="", profile="votes"):
    with open(path, "w", encoding="utf-8") as f:
        f.write(f"profile: {profile}\nmembers:\n")
        for m in members:
            f.write(f"  - {{name: {m}, url: 'http://127.0.0.1:{MEMBERS[m]}', prompts: compact}}\n")
        f.write(f"pool: pool.jsonl\nlazy_votes: false\nverify: {{by: {verifier}{verify}}}\n")
        f.write(f"retrieve: {{spans: members, {retrieve}}}\n")
        f.write(f"extract: {{{extract}}}\n" if extract else "")


def run(*command):
    done = subprocess.run([PROGRAM, *command], capture_output=True, encoding="utf-8")
    assert done.returncode == 0, (command, done.returncode, done.stderr)
    return done.stdout


class Tagged:
    """What tag says with a configuration: entities by document, the sentences of the trace, the calls."""

    def __init__(self, name, **how):
        configure(f"{name}.yaml", **how)
        run("tag", "-q", "-c", f"{name}.yaml", "--no-cache", "--trace", "trace.jsonl", "-o", f"{name}.jsonl",
            "texts.jsonl")
        self.file = f"{name}.jsonl"
        with open(self.file, encoding="utf-8") as f:
            self.entities = [[(e["start"], e["end"], e["type"]) for e in json.loads(line)["entities"]]
                             for line in f]
        with open("trace.jsonl", encoding="utf-8") as f:
            self.sentences = [json.loads(line) for line in f]
        self.calls = sum(len(s[stage]["calls"]) for s in self.sentences
                         for stage in ("retrieve", "extract", "classify", "verify"))


def share(part, whole):
    return {"share": part / whole if whole else None, "part": part, "whole": whole}


def prf(right, predicted, gold):
    precision, recall = right / predicted if predicted else 0, right / gold if gold else 0
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0
    return {"precision": precision, "recall": recall, "f1": f1}


def scored(predicted, kind=None, gold=GOLD):
    keep = lambda entities: {e for e in entities if kind is None or e[2] == kind}
    right = sum(len(keep(p) & keep(g)) for p, g in zip(predicted, gold))
    n_predicted, n_gold = (sum(len(keep(d)) for d in side) for side in (predicted, gold))
    return {**prf(right, n_predicted, n_gold), "predicted": n_predicted, "gold": n_gold, "correct": right}


def same(what, got, wanted):
    """All of `wanted` is in `got`, numbers to 1e-8."""
    if isinstance(wanted, dict):
        for key, value in wanted.items():
            same(f"{what}.{key}", got[key], value)
    elif isinstance(wanted, list):
        assert len(got) == len(wanted), (what, got, wanted)
        for i, value in enumerate(wanted):
            same(f"{what}[{i}]", got[i], value)
    elif isinstance(wanted, (int, float)) and not isinstance(got, str) and got is not None:
        assert abs(got - wanted) < 1e-8, f"{what} is {got}, not {wanted}"
    else:
        assert got == wanted, f"{what} is {got}, not {wanted}"


# ---- stages ----

def occurrences(text, spans):
    """Where the words of each span are in the text: as whole words."""
    return {m.span() for s in spans for m in re.finditer(rf"\b{re.escape(s)}\b", text)}


def stage_figures(tagged):
    f = dict.fromkeys(("gold", "gold_types", "pre_found", "pre_listed", "types_shown", "mentions_shown", "found",
                       "candidates", "typed", "typed_right", "kept_right", "kept_wrong", "strings", "ungrounded"), 0)
    by, right_by = {n: 0 for n in range(4)}, {n: 0 for n in range(4)}
    verdicts = {}
    for s in tagged.sentences:
        begin = s["begin_in_bytes"]
        gold = {(a - begin, b - begin, t) for a, b, t in GOLD[int(s["id"])]
                if begin <= a < begin + len(s["text"])}
        spans = {g[:2] for g in gold}
        shown = [e for d in s["retrieve"]["demonstrations"] for e in d["spans"]]
        pre = occurrences(s["text"], [p["text"] for p in s["retrieve"]["spans"]])
        f["gold"] += len(gold)
        f["gold_types"] += len({g[2] for g in gold})
        f["pre_found"] += len(spans & pre)
        f["pre_listed"] += len(pre)
        f["types_shown"] += len({g[2] for g in gold} & {e["type"] for e in shown})
        f["mentions_shown"] += sum(s["text"][a:b].lower() in {e["text"].lower() for e in shown} for a, b in spans)
        for call in s["extract"]["calls"]:
            f["strings"] += len(re.findall(r"<\|mark\|>(.*?)<\|/mark\|>", call["reply"]))
            f["ungrounded"] += len(call.get("not_in_sentence", []))
        for c in s["candidates"]:
            for a, b in c["spans_in_bytes"]:
                a, b, n = a - begin, b - begin, len(c["extracted_by"])
                by[n] += 1
                right_by[n] += (a, b) in spans
                if not c.get("too_few_listed_it"):
                    f["candidates"] += 1
                    f["found"] += (a, b) in spans
                if "type" in c:
                    right = (a, b, c["type"]) in gold
                    f["typed"] += 1
                    f["typed_right"] += right
                    f["kept_right" if right else "kept_wrong"] += not c["dropped"]
                    key = (c["verified"], right)
                    verdicts[key] = verdicts.get(key, 0) + 1
    v = lambda verdict, right: verdicts.get((verdict, right), 0)
    whole = lambda verdict: v(verdict, True) + v(verdict, False)
    f1 = lambda right, predicted: 2 * right / (predicted + f["gold"])
    return {
        "sentences": len(tagged.sentences), "gold_mentions": f["gold"],
        "retrieve": {
            "pre_extraction_recall": share(f["pre_found"], f["gold"]),
            "pre_extraction_precision": share(f["pre_found"], f["pre_listed"]),
            "gold_types_shown": share(f["types_shown"], f["gold_types"]),
            "gold_mentions_shown": share(f["mentions_shown"], f["gold"]),
            "fell_back_to_sentence_similarity": share(
                sum(s["retrieve"]["fell_back_to_sentence_similarity"] for s in tagged.sentences),
                len(tagged.sentences)),
        },
        "extract": {
            "union_recall": share(f["found"], f["gold"]),
            "union_precision": share(f["found"], f["candidates"]),
            "by_proposers": [{"proposers": n, "candidates": by[n], "precision": share(right_by[n], by[n]),
                              "recall": share(right_by[n], f["gold"])} for n in by if n > 0],
            "ungrounded_strings": share(f["ungrounded"], f["strings"]),
        },
        "classify": {"accuracy_on_correct_spans": share(f["typed_right"], f["found"])},
        "verify": {
            "asked": whole("yes") + whole("no"), "unreadable": whole("unreadable"),
            "not_asked": whole("not asked"),
            "precision_of_yes": share(v("yes", True), whole("yes")),
            "right_kept": share(v("yes", True), v("yes", True) + v("no", True)),
            "precision_of_no": share(v("no", False), whole("no")),
            "wrong_dropped": share(v("no", False), v("yes", False) + v("no", False)),
        },
        "budget": {
            "after_extraction": f1(f["found"], f["found"]),
            "after_classification": f1(f["typed_right"], f["typed_right"]),
            "after_verification": f1(f["kept_right"], f["kept_right"] + f["kept_wrong"]),
            "final": scored(tagged.entities)["f1"],
        },
    }


# ---- projections ----

def project(full, members="abc", first_type=False, verified=True, pairs_skip=0, spans_skip=0, keep=None):
    """Entities by document from the votes and verdicts of one run in which everything was verified."""
    documents = [[] for _ in TEXTS]
    for s in full.sentences:
        for c in s["candidates"]:
            proposers = [m for m in c["extracted_by"] if m in members]
            votes = {t: [m for m in who if m in members] for t, who in c["votes"].items()}
            votes = {t: who for t, who in votes.items() if who}
            if not proposers or not votes:
                continue
            winner = min(votes, key=lambda t: (-len(votes[t]), min(votes[t])))
            kind = min(votes, key=lambda t: min(votes[t])) if first_type else winner
            agreeing = [m for m in proposers if m in votes[winner]]
            if keep is not None and len(proposers if keep[0] == "span" else agreeing) < keep[1]:
                continue
            refused = c["verified"] == "no" and c.get("type") == kind
            skips = (pairs_skip and len(agreeing) >= pairs_skip) or (
                spans_skip and len(proposers) >= spans_skip)
            if verified and refused and not skips:
                continue
            documents[int(s["id"])] += [(len(proposers), a, b, kind) for a, b in c["spans_in_bytes"]]
    flat = []
    for entities in documents:
        stay = []
        for n, a, b, kind in sorted(entities, key=lambda e: (-e[0], e[1] - e[2], e[1], e[3])):
            if all(b <= other[0] or other[1] <= a for other in stay):
                stay.append((a, b, kind))
        flat.append(stay)
    return flat


def wanted_rows():
    """{(group, name): (how to tag for the exact figure, how to project)}"""
    rows = {("configured", "as configured"): ({}, None)}
    for size in (1, 2):
        for members in itertools.combinations("abc", size):
            verifier = "b" if "b" in members else members[0]
            rows["members", " + ".join(members)] = (
                {"members": members, "verifier": verifier}, {"members": members})
    rows["verifier", "nobody verifies"] = ({"verifier": "none"}, {"verified": False})
    for m in "abc":
        rows["verifier", f"{m} verifies"] = ({"verifier": m}, None)
    rows["verifier", "all verify"] = ({"verifier": "all"}, None)
    rows["voting", "union, first member's type, no verification"] = (
        None, {"first_type": True, "verified": False})
    rows["voting", "voting, no verification"] = ({"verifier": "none"}, {"verified": False})
    rows["voting", "voting, everything verified"] = ({"verify": ", agreement_skips: 0"}, {})
    for m in (2, 3):
        rows["voting", f"pairs of {m} need no verification"] = (
            {"verify": f", agreement_skips: {m}"}, {"pairs_skip": m})
        rows["voting", f"only span:{m}, everything verified"] = (
            {"extract": f"at_least: {m}", "verify": ", agreement_skips: 0"}, {"keep": ("span", m)})
        rows["voting", f"spans of {m} need no verification"] = (None, {"spans_skip": m})
        rows["voting", f"only span:{m}, no verification"] = (
            None, {"keep": ("span", m), "verified": False})
        rows["voting", f"only pair:{m}, no verification"] = (
            None, {"keep": ("pair", m), "verified": False})
    rows["retrieval", "zero-shot"] = ({"retrieve": "k: 0"}, None)
    for name, kind in (("random", "random"), ("BM25", "bm25"), ("sentence similarity", "sentence"),
                       ("span similarity", "span")):
        rows["retrieval", name] = ({"retrieve": f"k: 2, similarity: {kind}"}, None)
    for k in (0, 1, 3):
        rows["k", f"k = {k}"] = ({"retrieve": f"k: {k}"}, None)
    return rows


# ---- checks ----

def check_rows(result, full):
    rows = wanted_rows()
    assert [(r["group"], r["name"]) for r in result["rows"]] == list(rows), result["rows"]
    needed = 0
    for number, row in enumerate(result["rows"]):
        exact, projected = rows[row["group"], row["name"]]
        assert (row["exact"] is None) == (exact is None), row
        assert (row["projected"] is None) == (projected is None), row
        name = f"{row['group']}: {row['name']}"
        if exact is not None:
            tagged = Tagged(f"row{number}", **exact)
            needed += tagged.calls
            wanted = scored(tagged.entities)
            del wanted["gold"]
            compared = json.loads(run("score", "--json", "--compare", "--samples", "200", "--seed", "3",
                                      "gold.jsonl", tagged.file, "row0.jsonl"))
            wanted["f1_interval"] = compared["files"][0]["intervals"]["f1"]
            wanted["against_configured"] = {
                "difference": compared["comparison"]["f1_difference"],
                "interval": compared["comparison"]["interval"], "p": compared["comparison"]["p"]}
            report(f"eval: exact, {name}", lambda: same(name, row, {"exact": wanted, "calls": tagged.calls,
                                                                    "failed_documents": 0}))
        if projected is not None:
            wanted = scored(project(full, **projected))
            del wanted["gold"]
            report(f"eval: projected, {name}", lambda: same(name, row["projected"], wanted))
    return needed


def check_result(result):
    with open("row0.jsonl", encoding="utf-8") as f:
        predicted = [[(e["start"], e["end"], e["type"]) for e in json.loads(line)["entities"]] for line in f]
    by_type = {t: scored(predicted, t) for t in TYPES}
    lengths = {}
    for n, name in enumerate(("1", "2", "3", "4", "5+"), 1):
        long = lambda side: [{e for e in d if min(len(text[e[0]:e[1]].split()), 5) == n}
                             for text, d in zip(TEXTS, side)]
        lengths[name] = scored(long(predicted), gold=long(GOLD))
    same("result", result, {
        "match": "strict", "documents": len(TEXTS), "micro": scored(predicted), "by_type": by_type,
        "macro": {key: sum(t[key] for t in by_type.values()) / 3 for key in ("precision", "recall", "f1")},
        "accuracy": None, "by_length": lengths,
        "intervals": json.loads(run("score", "--json", "--samples", "200", "--seed", "3", "gold.jsonl",
                                    "row0.jsonl"))["files"][0]["intervals"]})


def check_tables(out, result):
    """Percentages with two decimals, the interval, p with three, counts."""
    lines = out.splitlines()
    table = lines[:lines.index("")]
    assert max(map(len, table)) <= 100, max(table, key=len)
    listed, group = {}, None
    for line in table[1:]:
        if not line.startswith(" "):
            group = line
            continue
        figures = re.search(r" (exact|projected) +(.*)$", line)
        name = line[:figures.start()].strip() if figures else line.strip()
        last = (group, name) if name else last  # a long name has a line of its own
        if figures:
            listed[*last, figures[1]] = figures[2].split()
    for row in result["rows"]:
        for how in "exact", "projected":
            figures = row[how]
            if figures is None:
                assert (row["group"], row["name"], how) not in listed
                continue
            wanted = ["%.2f" % (100 * x) for x in (figures["precision"], figures["recall"], figures["f1"],
                                                   *figures["f1_interval"])]
            if row["group"] != "configured":
                wanted.append("%.3f" % figures["against_configured"]["p"])
            if how == "exact":
                wanted += [str(row["calls"]), str(row["calls_made"])]
            assert listed[row["group"], row["name"], how] == wanted, (row["name"], how, wanted)
    assert (f"Calls made: {result['calls']['made']}; separate runs of each exact row would have made "
            f"{result['calls']['needed_by_separate_runs']}.") in out
    stages = result["stages"]
    shares = {
        "retrieve: gold mentions pre-extracted": stages["retrieve"]["pre_extraction_recall"],
        "retrieve: gold types among demonstrations": stages["retrieve"]["gold_types_shown"],
        "retrieve: gold mentions among demonstrations": stages["retrieve"]["gold_mentions_shown"],
        "extract: gold mentions among the candidates": stages["extract"]["union_recall"],
        **{f"extract: right of those proposed by {p['proposers']}": p["precision"]
           for p in stages["extract"]["by_proposers"]},
        "extract: strings not in the sentence": stages["extract"]["ungrounded_strings"],
        "classify: right type on right spans": stages["classify"]["accuracy_on_correct_spans"],
        "verify: right pairs kept": stages["verify"]["right_kept"],
        "verify: wrong pairs dropped": stages["verify"]["wrong_dropped"],
    }
    for what, s in shares.items():
        wanted = f"  {what:<44} {100 * s['share']:6.2f} %  ({s['part']} of {s['whole']})"
        assert wanted in lines, (wanted, lines)
    for what, value in stages["budget"].items():
        assert re.search(rf"^  {what.replace('_', ' ')} +{100 * value:.2f}$", out, re.M), what
    for kind, t in result["result"]["by_type"].items():
        wanted = "  %-20s  %9.2f  %6.2f  %6.2f  %7d  %9d  %7d" % (
            kind, 100 * t["precision"], 100 * t["recall"], 100 * t["f1"], t["gold"], t["predicted"], t["correct"])
        assert wanted in lines, wanted


def check_formats(result):
    """--to csv, read by Python, holds every row; markdown and latex hold the same cells."""
    arguments = ("eval", "-q", "-c", "eval.yaml", "--cache", "formats.sqlite", "--ablate", "verifier,voting",
                 "--samples", "200", "--seed", "3", "--by-type", "gold.jsonl", "--to")
    table = list(csv.DictReader(io.StringIO(run(*arguments, "csv"))))
    found = {(r["group"], r["row"], r["figures"]): r for r in table}
    wanted = [r for r in result["rows"] if r["group"] in ("configured", "verifier", "voting")]
    assert len(found) == sum((r["exact"] is not None) + (r["projected"] is not None) for r in wanted) + len(
        result["result"]["by_type"])
    for row in wanted:
        for how in "exact", "projected":
            if row[how] is not None:
                got = found[row["group"], row["name"], how]
                assert got["F1"] == "%.2f" % (100 * row[how]["f1"]), (got, row)
                assert got["low"] == "%.2f" % (100 * row[how]["f1_interval"][0]), (got, row)
                assert got["calls"] == (str(row["calls"]) if how == "exact" else ""), (got, row)
    for kind, t in result["result"]["by_type"].items():
        assert found["types", kind, "exact"]["gold"] == str(t["gold"])
    marked = run(*arguments, "markdown").splitlines()
    assert marked[1].startswith("|---|---|---|---:|"), marked[1]
    rows = [[c.strip() for c in line[1:-1].split("|")] for line in marked]
    assert rows[0] == list(table[0]) and len(rows) == len(table) + 2
    assert [r[5] for r in rows[2:]] == [r["F1"] for r in table]
    latex = run(*arguments, "latex")
    assert latex.startswith("\\begin{tabular}{lllrrrrrrrrrrr}\n") and latex.endswith("\\end{tabular}\n"), latex
    assert latex.count(" & ") == 13 * (len(table) + 1)


def cells(page):
    """Rows of all tables as lists of their cells' texts."""
    for row in re.findall(r"<tr.*?</tr>", page, re.S):
        yield [html.unescape(re.sub(r"<[^>]*>", "", c)).strip() for c in re.findall(
            r"<t[hd].*?(?=<t[hd]|</tr>)", row, re.S)]


def check_report(page, result):
    table = list(cells(page))
    assert "<dt>Date</dt><dd>2001-09-09 01:46 UTC</dd>" in page
    version = run("--version").split()[1]
    assert f"<dt>el4ner</dt><dd>{version}</dd>" in page
    about = re.search(r'<dl class="about">.*?</dl>', page, re.S)[0]
    assert re.findall(r"<li>(\w+) <span", about) == ["a", "b", "c"] and "voting-a.gguf" in about, about
    configuration = html.unescape(re.search(r"<summary>Configuration</summary><pre>(.*?)</pre>", page, re.S)[1])
    assert configuration.splitlines() == run("config", "-c", "eval.yaml").splitlines(), configuration
    empty = [r for r in table if r[0] in ("4 words", "5 words or more")]
    assert empty == [[r[0], "\u2013", "\u2013", "\u2013", "0", "0", "0"] for r in empty] and len(empty) == 2, empty
    figures = lambda t: ["%.2f" % (100 * t[k]) for k in ("precision", "recall", "f1")]
    for name, t in [("all", result["result"]["micro"]), *result["result"]["by_type"].items(),
                    ("1 word", result["result"]["by_length"]["1"]),
                    ("2 words", result["result"]["by_length"]["2"])]:
        wanted = [name, *figures(t), *(str(t[k]) for k in ("gold", "predicted", "correct"))]
        assert wanted in table, wanted
    micro, intervals = result["result"]["micro"], result["result"]["intervals"]
    for name, key in (("Precision", "precision"), ("Recall", "recall"), ("F1", "f1")):
        low, high = intervals[key]
        card = (f"<span>{name}</span><b>{100 * micro[key]:.2f}</b>"
                f"<span>{100 * low:.2f} to {100 * high:.2f}</span>")
        assert card in page, card
    assert f"<span>Macro F1</span><b>{100 * result['result']['macro']['f1']:.2f}</b>" in page
    for row in result["rows"]:
        found = [r for r in table if r and r[0] == row["name"]]
        exact = figures(row["exact"]) if row["exact"] else ["no such figure"]
        for r in found:
            joined = " ".join(r)
            assert all(x in joined for x in exact), (exact, r)
            if row["projected"]:
                assert all(x in joined for x in figures(row["projected"])), (row, r)
        assert found, row["name"]
    stages = result["stages"]
    for what, s in (("gold mentions that pre-extraction listed", stages["retrieve"]["pre_extraction_recall"]),
                    ("gold types that the demonstrations show", stages["retrieve"]["gold_types_shown"]),
                    ("gold mentions in the union", stages["extract"]["union_recall"]),
                    ("right types on right spans", stages["classify"]["accuracy_on_correct_spans"]),
                    ("right pairs kept", stages["verify"]["right_kept"]),
                    ("wrong pairs dropped", stages["verify"]["wrong_dropped"])):
        assert any(r[1:] == [what, f"{100 * s['share']:.2f} %", f"{s['part']} of {s['whole']}"]
                   for r in table), what
    b = stages["budget"]
    for name, value, before in (
            ("extraction", b["after_extraction"], 1),
            ("classification", b["after_classification"], b["after_extraction"]),
            ("verification", b["after_verification"], b["after_classification"]),
            ("resolving overlaps: the result", b["final"], b["after_verification"])):
        assert [name, f"{100 * value:.2f}", f"{100 * (value - before):+.2f}", ""] in table, name


def check_confusion(page):
    """Rows: gold types; columns: what is predicted on the same span; the last of both is nothing."""
    with open("row0.jsonl", encoding="utf-8") as f:
        predicted = [{(e["start"], e["end"]): e["type"] for e in json.loads(line)["entities"]} for line in f]
    kinds = sorted(TYPES) + ["(nothing)"]
    counts = {(a, b): 0 for a in kinds for b in kinds}
    for g, p in zip(GOLD, predicted):
        gold = {(a, b): t for a, b, t in g}
        for span in {*gold, *p}:
            counts[gold.get(span, "(nothing)"), p.get(span, "(nothing)")] += 1
    section = page[page.index('id="confusion"'):page.index('id="texts"')]
    table = list(cells(section))
    for a in kinds:
        wanted = [a] + ["\u2013" if (a, b) == ("(nothing)", "(nothing)") else str(counts[a, b]) for b in kinds]
        assert wanted in table, (wanted, table)


def check_tag():
    """tag's summary, its account and the scores of its entities, from its trace."""
    done = subprocess.run([PROGRAM, "tag", "-c", "eval.yaml", "--no-cache", "--trace", "trace.jsonl", "--account",
                           "account.json", "-o", "tagged.jsonl", "texts.jsonl"], capture_output=True,
                          encoding="utf-8", check=True)
    account = json.load(open("account.json"))
    sentences = [json.loads(line) for line in open("trace.jsonl")]
    documents = [json.loads(line) for line in open("tagged.jsonl")]
    entities = [e for d in documents for e in d["entities"]]
    candidates = [c for s in sentences for c in s["candidates"]]
    refused = [c for c in candidates if c["verified"] == "no"]
    strings = [s for t in sentences for c in t["extract"]["calls"]
               for s in re.findall(r"<\|mark\|>(.*?)<\|/mark\|>", c["reply"])]
    # What three propose and vote for alike is not asked.
    agreed = [c for c in candidates if c["verified"] == "not asked" and len(c["extracted_by"]) == 3]
    abstained = [c for s in sentences for stage in ("retrieve", "extract", "classify", "verify")
                 for c in s[stage]["calls"] if c.get("abstained")]
    assert refused and agreed and abstained and all(c["member"] == "b" for c in abstained)
    members = {}
    for m in "abc":
        members[m] = {}
        for stage in ("retrieve", "extract", "classify", "verify"):
            calls = [c for s in sentences for c in s[stage]["calls"] if c["member"] == m]
            members[m][stage] = {
                "calls": len(calls), "from_store": 0, "retries": 0, "cut": 0, "failures": {},
                "abstained": sum(c.get("abstained", False) for c in calls),
                "prompt_tokens": sum(len(c["prompt"]) for c in calls),
                "answer_tokens": sum(len(c["reply"]) for c in calls)}
    same("account", account, {
        "documents": len(TEXTS), "failed_documents": 0, "sentences": len(sentences), "entities": len(entities),
        "proposed": len(strings), "ungrounded": strings.count("Nowhere"),
        "candidates": sum(len(c["spans_in_bytes"]) for c in candidates),
        "verified_no": sum(len(c["spans_in_bytes"]) for c in refused),
        "saved_calls": len(agreed), "demonstrations_dropped": 0, "asked_longer": 0, "still_cut": 0,
        "members": members})
    assert f"{len(TEXTS)} documents, {len(sentences)} sentences, {len(entities)} entities in " in done.stderr
    assert f"  b verify {len(abstained)}: neither yes nor no" in done.stderr, done.stderr
    assert sum(d["abstained"] for d in documents) == len(abstained)
    for e in entities:
        assert e["score"] == round(len(e["extracted_by"]) / 3, 4), e


def check_dry_run():
    """Calls of every member and stage, with as many spans a sentence as in the pool; what they cost."""
    configure("price.yaml")
    with open("price.yaml", encoding="utf-8") as f:
        priced = f.read().replace("prompts: compact}", "prompts: compact, price: {in: 1000, out: 2000}}")
    with open("price.yaml", "w", encoding="utf-8") as f:
        f.write(priced)
    out = run("tag", "-q", "-c", "price.yaml", "--dry-run", "texts.jsonl")
    n = sum(len(re.findall(r"[.](?= |$)", text)) for text in TEXTS)
    spans = -(-sum(len(mentions) for _, mentions in POOL) // len(POOL))
    assert f"{len(TEXTS)} documents, {n} sentences" in out, (n, out)
    for m in "abc":
        row, = re.findall(rf"^{m} +(.*)$", out, re.M)
        *calls, prompt, answer, cost = row.split()
        assert [int(c) for c in calls] == [n, n, n, n * spans if m == "b" else 0], (row, spans)
        assert abs(float(cost) - (int(prompt) * 1000 + int(answer) * 2000) / 1e6) < 0.005001, row


def report(name, check):
    try:
        check()
        print("ok", name)
    except (AssertionError, KeyError, ValueError) as error:
        print(f"not ok {name}\n  {error!r}")


def check_judged(by_votes):
    """Under a judgement the rows of members are not projected, and those of voting are by votes as ever."""
    configure("judged.yaml", profile="default")
    run("eval", "-q", "-c", "judged.yaml", "--no-cache", "--ablate", "members,verifier,voting", "--samples", "0", "-o",
        "judged.json", "gold.jsonl")
    rows = json.load(open("judged.json"))["rows"]
    assert [r["name"] for r in rows if r["projected"] and r["group"] != "voting"] == []
    plain = {r["name"]: r for r in by_votes["rows"] if r["group"] == "voting"}
    voting = [r for r in rows if r["group"] == "voting"]
    assert len(voting) == len(plain) > 0
    for row in voting:
        for kind in ("exact", "projected"):
            wanted, got = plain[row["name"]][kind], row[kind]
            same(row["name"], got and got["f1"], wanted and wanted["f1"])


def check_candidates():
    """Candidates are those that only the pool's labels gave too, and not what too few members listed."""
    for name, how in (("judged", {"profile": "default"}), ("two", {"extract": "at_least: 2"}),
                      ("both", {"profile": "default", "extract": "at_least: 2"})):
        configure(name + ".yaml", **how)
        run("eval", "-q", "-c", name + ".yaml", "--no-cache", "--samples", "0", "-o", name + ".json", "gold.jsonl")
        tagged = Tagged(name, **how)
        same(name, json.load(open(name + ".json"))["stages"]["extract"], stage_figures(tagged)["extract"])
    lone = [c for s in tagged.sentences for c in s["candidates"] if len(c["extracted_by"]) < 2]
    aside = {c["by_pool"]["mention"] >= 0.03: c.get("too_few_listed_it", False) for c in lone}
    assert aside == {False: True, True: False}, lone  # what the pool's labels make probable needs no member


def check_unverified():
    """What a judgement drops, nobody has refused."""
    configure("unverified.yaml", verifier="none", profile="default")
    run("tag", "-q", "-c", "unverified.yaml", "--no-cache", "--account", "account.json", "-o", "unverified.jsonl",
        "texts.jsonl")
    account = json.load(open("account.json"))
    assert account["entities"] < account["candidates"] and account["verified_no"] == 0, account


def check_predictions():
    """What eval found, drawn documents only, scores the same through score, and two such files can be compared."""
    scores = []
    for name, more in ("a", []), ("b", ["--k", "0"]):
        run("eval", "-q", "-c", "eval.yaml", "--cache", "formats.sqlite", "--draw", "3", "--samples", "0", "-o", "drawn.json",
            "--predictions", name + ".jsonl", *more, "gold.jsonl")
        scores.append(json.load(open("drawn.json"))["result"])
    assert len(open("a.jsonl").readlines()) == 3
    scored = json.loads(run("score", "--json", "--common", "--compare", "gold.jsonl", "a.jsonl", "b.jsonl"))
    for wanted, got in zip(scores, scored["files"], strict=True):
        for key in "gold", "predicted", "correct":
            same(key, got["micro"][key], wanted["micro"][key])
    assert "comparison" in scored, scored


def main():
    os.environ["SOURCE_DATE_EPOCH"] = "1000000000"
    labelled("gold.jsonl", zip(TEXTS, GOLD))
    labelled("pool.jsonl", [(text, [(text.index(s), text.index(s) + len(s), t) for s, t in mentions])
                            for text, mentions in POOL])
    with open("texts.jsonl", "w", encoding="utf-8") as f:
        for number, text in enumerate(TEXTS):
            f.write(json.dumps({"id": str(number), "text": text}) + "\n")
    configure("eval.yaml")
    open("counts", "w").close()
    out = run("eval", "-q", "-c", "eval.yaml", "--no-cache", "--ablate", "all", "--ks", "0,1,3", "--samples", "200",
              "--seed", "3", "--by-type", "-o", "eval.json", "--report", "report.html", "gold.jsonl")
    made = len(open("counts").readlines())
    result = json.load(open("eval.json"))
    page = open("report.html", encoding="utf-8").read()
    full = Tagged("full", verify=", agreement_skips: 0")
    needed = check_rows(result, full)
    configured = Tagged("row0")
    report("tag: summary, account, scores", check_tag)
    report("tag: dry run", check_dry_run)
    report("eval: calls", lambda: same("calls", result["calls"], {
        "needed_by_separate_runs": needed, "made": made}))
    report("eval: the result", lambda: check_result(result["result"]))
    report("eval: voting under a judgement", lambda: check_judged(result))
    report("eval: stages", lambda: same("stages", result["stages"], stage_figures(configured)))
    report("tag: nobody verifies", check_unverified)
    report("eval: candidates", check_candidates)
    report("eval: tables", lambda: check_tables(out, result))
    report("eval: tables for other texts", lambda: check_formats(result))
    report("eval: predictions", check_predictions)
    report("eval: the report", lambda: check_report(page, result))
    report("eval: confusion in the report", lambda: check_confusion(page))


main()
