#!/bin/sh
# el4ner score: every figure through the command.
. "$(dirname "$0")/lib.sh"

# --- tags: conlleval, seqeval, nervaluate ---
# Own cases; expected figures are those of conlleval 0.2, seqeval 1.2.2 and nervaluate 1.2.1 (PyPI).
python3 "$root/tests/e2e/scoring.py" "$el4ner" "$root/tests/cases/scores/tags.json" "tags,"
golden=$shared/golden/scoring-cases.json
if [ -r "$golden" ]; then
    python3 "$root/tests/e2e/scoring.py" "$el4ner" "$golden" "golden" old
else
    skip "golden scoring cases: no $golden"
fi

# --- tags on one side only, or of two schemes ---
# figure NAME FILTER WANTED: what FILTER, a Python expression over f (the first file's figures), gives
figure() {
    that "$1" python3 -c '
import json, sys
f = json.load(open("out"))["files"][0]
got, wanted = eval(sys.argv[1]), eval(sys.argv[2])
sys.exit(0 if got == wanted else f"{sys.argv[1]} is {got}, not {wanted}")' "$2" "$3"
}
score() { "$el4ner" score --json --samples 0 "$@"; }
# As IOB2 the gold file has one entity; an I- that continues nothing is another where it may be.
printf 'Ada B-PER\nLee I-PER\nin O\nOslo I-LOC\n\n' >gold.conll
cat >pred.jsonl <<'END'
{"id": "1", "text": "Ada Lee in Oslo", "tokens": ["Ada", "Lee", "in", "Oslo"], "offset_unit": "codepoint", "entities": [{"start": 0, "end": 7, "type": "PER"}, {"start": 11, "end": 15, "type": "LOC"}]}
END
says 0 "pred.jsonl has no tags; --match conlleval takes its entities as they are" "JSON lines against tags" \
    score --match conlleval gold.conll pred.jsonl
figure "and the entities count" 'f["micro"]["correct"], f["micro"]["gold"], f["accuracy"]' '2, 2, 1'
says 0 "pred.jsonl has no tags" "JSON lines against tags, strict" score --match seqeval-strict gold.conll pred.jsonl
figure "the side with tags is read strictly" 'f["micro"]["correct"], f["micro"]["gold"], f["micro"]["predicted"]' '1, 1, 2'
says 0 "gold.jsonl has no tags" "tags against JSON lines" sh -c "cp pred.jsonl gold.jsonl && '$el4ner' score --json --match seqeval-strict gold.jsonl gold.conll"
figure "tags are read on the other side, too" 'f["micro"]["correct"], f["micro"]["gold"], f["micro"]["predicted"]' '1, 2, 1'
says 0 "neither gold.jsonl nor pred.jsonl has tags" "no tags at all" score --match seqeval gold.jsonl pred.jsonl
try 0 "a mode without tags" score gold.conll pred.jsonl
that "a mode without tags does not ask for them" [ ! -s err ]
figure "strict takes the entities of both" 'f["micro"]["correct"], f["accuracy"]' '2, 1'
printf 'Ada B-PER\nLee E-PER\nin O\nOslo S-LOC\n\n' >bioes.conll
printf 'Ada B-PER\nLee I-PER\nin O\nOslo B-LOC\n\n' >iob2.conll
says 0 "bioes.conll has tags of BIOES, iob2.conll has not" "two schemes" score --match conlleval bioes.conll iob2.conll
figure "the tags are compared as they are" 'f["micro"]["correct"], f["accuracy"]' '2, 0.5'
try 0 "two schemes as entities" score bioes.conll iob2.conll
figure "entities have no scheme" 'f["micro"]["correct"], f["accuracy"]' '2, 1'
says 1 "is not a tag of IOB2" "--scheme refuses tags that it does not know" score --match seqeval-strict --scheme iob2 bioes.conll bioes.conll
for scheme in iob1 iob2; do # O I-LOC is an entity of IOB1 alone
    try 0 "--scheme $scheme" score --match seqeval-strict --scheme $scheme gold.conll gold.conll
    cp out $scheme.json
done
cp iob1.json out
figure "IOB1: B-PER at the beginning opens nothing, I-PER and I-LOC do" 'f["micro"]["gold"], f["by_length"]["1"]["gold"]' '2, 2'
cp iob2.json out
figure "IOB2: B-PER does, I-LOC does not" 'f["micro"]["gold"], list(f["by_type"]), f["by_length"]["2"]["gold"]' '1, ["PER"], 1'
# Scores that predictions carry: (|0.9 - 1| + |0.8 - 0|) / 2, and by chance sqrt(2/pi) (sqrt(0.09) + sqrt(0.16)) / 2.
sed 's/"PER"}/"PER", "score": 0.9}/; s/"LOC"}/"ORG", "score": 0.8}/' pred.jsonl >scored.jsonl
try 0 "predictions with scores" score pred.jsonl scored.jsonl
figure "their calibration" '[round(x, 4) for x in (f["calibration"]["entities"], f["calibration"]["error"], f["calibration"]["error_by_chance"])]' '[2, 0.45, 0.2793]'
try 0 "predictions with scores, for people" "$el4ner" score --samples 0 pred.jsonl scored.jsonl
that "their calibration, for people" grep -q "calibration *scores of 2 entities: expected calibration error 45.00 % (true scores would show about 27.93 % by chance)" out
try 0 "predictions without scores" score pred.jsonl pred.jsonl
figure "have no calibration" 'f["calibration"]' None
# CoNLL-U keeps its tags in MISC.
printf '# sent_id = 1\n# text = Ada Lee\n1\tAda\t_\t_\t_\t_\t_\t_\t_\tNER=I-PER\n2\tLee\t_\t_\t_\t_\t_\t_\t_\t_\n\n' >misc.conllu
for match in seqeval seqeval-strict; do
    try 0 "tags of MISC, $match" score --match $match misc.conllu misc.conllu && cp out $match.json
done
cp seqeval.json out
figure "tags of MISC, lenient" 'f["micro"]["gold"], f["accuracy"]' '1, 1'
cp seqeval-strict.json out
figure "tags of MISC, strict" 'f["micro"]["gold"], f["accuracy"]' '0, 1'
# The report shows what was counted.
try 0 "a report of a strict reading" score --match seqeval-strict --scheme iob2 --report r.html gold.conll gold.conll
that "the report has one gold mention" grep -q '1 gold mentions, 1 predicted; matching: seqeval-strict' r.html
that "and draws one" grep -qF '"g":[[0,7,"PER",0]],"p":[[0,7,"PER",null,"correct"]]' r.html

# --- types of two vocabularies ---
cat >tagged.jsonl <<'END'
{"id": "1", "text": "Ada Lee in Oslo", "tokens": ["Ada", "Lee", "in", "Oslo"], "offset_unit": "codepoint", "entities": [{"start": 0, "end": 7, "type": "person"}, {"start": 11, "end": 15, "type": "location"}]}
END
says 0 "no type in common: gold (iob2.conll) has LOC, PER; predicted (tagged.jsonl) has location, person; --types" \
    "no type in common" score iob2.conll tagged.jsonl
figure "no type in common: nothing is right" 'f["micro"]["f1"]' '0'
try 0 "types read by the shipped aliases" score --types person,location iob2.conll tagged.jsonl
that "nothing to warn of" [ ! -s err ]
figure "types read by the shipped aliases" 'f["micro"]["f1"], list(f["by_type"])' '1, ["location", "person"]'
printf 'types:\n  human:\n    aliases: [PER, person]\n' >types.yaml
says 0 "1 entities of iob2.conll are of types that are not asked for" "types of a configuration" \
    score -c types.yaml --match conlleval iob2.conll iob2.conll
that "the tags are read by them" sh -c "! grep -q 'has tags\|has no tags' err"
figure "types of a configuration, in the tags too" 'f["micro"]["gold"], list(f["by_type"]), f["accuracy"]' '1, ["human"], 1'
says 2 "none of its entities has a type that is asked for" "types that the gold file has not" score --types gadget iob2.conll tagged.jsonl
printf 'Ada O\nLee O\nin O\nOslo O\n\n' >none.conll
try 0 "nothing predicted" score iob2.conll none.conll
that "is not taken for other types" [ ! -s err ]

# --- recorded predictions ---
cat >recorded.jsonl <<'END'
{"id": 7, "text": "Ada slept", "gold": [{"start": 0, "end": 3, "type": "PER"}]}

{"id": 8, "text": "Bonn slept", "gold": [{"start": 0, "end": 4, "type": "LOC"}]}
END
cat >swapped.jsonl <<'END'
{"id": "8", "text": "Bonn slept", "entities": [{"start": 0, "end": 4, "type": "LOC"}]}
{"id": "7", "text": "Ada slept", "entities": [{"start": 0, "end": 3, "type": "PER"}]}
END
try 0 "ids that are numbers" score recorded.jsonl swapped.jsonl &&
    figure "ids that are numbers" 'f["micro"]["correct"], f["micro"]["gold"]' '2, 2'
sed 's/"id": [0-9]*, //' recorded.jsonl >noid.jsonl
sed 's/"id": "8"/"id": "2"/; s/"id": "7"/"id": "1"/' swapped.jsonl >counted.jsonl
try 0 "ids by position, blank lines not counted" score noid.jsonl counted.jsonl &&
    figure "ids by position, blank lines not counted" 'f["micro"]["correct"]' '2'
sed 's/"id": 7/"id": [7]/' recorded.jsonl >badid.jsonl
says 1 'badid.jsonl:1: "id" must be a string or a whole number' "an id that is none" score badid.jsonl swapped.jsonl

# --- entities: every mode, by hand ---
# Right: Ada Lee, Bank of Oslo, the last Oslo. Rome has another type, New York is cut. Missed: Ada and the
# Oslo inside of the bank (its only neighbour is taken). Spurious: "in", "nothing".
cat >g.jsonl <<'END'
{"id": "1", "text": "Ada Lee saw Rome and Ada", "entities": [{"start": 0, "end": 7, "type": "PER"}, {"start": 12, "end": 16, "type": "LOC"}, {"start": 21, "end": 24, "type": "PER"}]}
{"id": "2", "text": "Bank of Oslo in Oslo", "entities": [{"start": 0, "end": 12, "type": "ORG"}, {"start": 8, "end": 12, "type": "LOC"}, {"start": 16, "end": 20, "type": "LOC"}]}
{"id": "3", "text": "nothing", "entities": []}
{"id": "4", "text": "New York City", "entities": [{"start": 0, "end": 13, "type": "LOC"}]}
END
cat >p.jsonl <<'END'
{"id": "1", "text": "Ada Lee saw Rome and Ada", "entities": [{"start": 0, "end": 7, "type": "PER"}, {"start": 12, "end": 16, "type": "ORG"}]}
{"id": "2", "text": "Bank of Oslo in Oslo", "entities": [{"start": 0, "end": 12, "type": "ORG"}, {"start": 13, "end": 15, "type": "PER"}, {"start": 16, "end": 20, "type": "LOC"}]}
{"id": "3", "text": "nothing", "entities": [{"start": 0, "end": 7, "type": "LOC"}]}
{"id": "4", "text": "New York City", "entities": [{"start": 0, "end": 8, "type": "LOC"}]}
END
echo '{"text": "Oslo Rome Ada  Lee", "entities": [{"start": 0, "end": 4, "type": "LOC"}, {"start": 5, "end": 9, "type": "ORG"}, {"start": 10, "end": 18, "type": "LOC"}]}' >seen.jsonl
counts='[f["micro"][k] for k in ("gold", "predicted", "correct", "incorrect", "partial", "missed", "spurious")]'
by_hand() { # MODE COUNTS RIGHT: precision is RIGHT/7, and so is recall
    try 0 "mode $1" score --match "$1" g.jsonl p.jsonl || return 0
    figure "mode $1: counts" "$counts" "$2"
    figure "mode $1: fractions" '[round(f["micro"][k], 8) for k in ("precision", "recall", "f1")]' "[round($3 / 7, 8)] * 3"
}
by_hand strict '[7, 7, 3, 2, 0, 2, 2]' 3
by_hand exact '[7, 7, 4, 1, 0, 2, 2]' 4
by_hand partial '[7, 7, 4, 0, 1, 2, 2]' 4.5
by_hand type '[7, 7, 4, 1, 0, 2, 2]' 4
groups() { # NAME KEY WANTED: gold, predicted, correct of each group
    figure "$1" "{k: [v['gold'], v['predicted'], v['correct']] for k, v in f['$2'].items()}" "$3"
}
try 0 "groups" score --pool seen.jsonl --report r.html g.jsonl p.jsonl
groups "by type" by_type '{"LOC": [4, 3, 1], "ORG": [1, 2, 1], "PER": [2, 2, 1]}'
groups "by length" by_length '{"1": [4, 4, 1], "2": [1, 2, 1], "3": [2, 1, 1], "4": [0, 0, 0], "5+": [0, 0, 0]}'
groups "by novelty" by_novelty '{"seen": [2, 2, 1], "seen_with_other_type": [2, 1, 1], "unseen": [3, 4, 1]}'
# LOC 1/3 and 1/4, ORG 1/2 and 1, PER 1/2 and 1/2
figure "macro" '[round(f["macro"][k], 6) for k in ("precision", "recall", "f1")]' '[0.444444, 0.583333, 0.484127]'
figure "no tokens, no accuracy" 'f["accuracy"], f["tokens"], f["documents"]' 'None, 0, 4'
that "the report: cards" sh -c "tr -d '\n' <r.html | grep -q '<span>Precision</span><b>42.86</b>.*<span>Recall</span><b>42.86</b>.*<span>F1</span><b>42.86</b>.*<span>Macro F1</span><b>48.41</b>'"
that "the report: a row" grep -q '<th scope="row">LOC</th><td>33.33</td><td>25.00</td><td>28.57</td><td>4</td><td>3</td><td>1</td>' r.html
that "the report: novelty" grep -q '<th scope="row">unseen</th><td>25.00</td><td>33.33</td><td>28.57</td><td>3</td><td>4</td><td>1</td>' r.html
try 0 "as text" "$el4ner" score --samples 0 --by-type --by-length --pool seen.jsonl g.jsonl p.jsonl
line() { that "as text:$1" grep -Eq "^ *$1$" out; }
line 'p.jsonl +42\.86 +42\.86 +42\.86 +7 +7 +3'
line 'macro +44\.44 +58\.33 +48\.41'
line 'LOC +33\.33 +25\.00 +28\.57 +4 +3 +1'
line '2 words +50\.00 +100\.00 +66\.67 +1 +2 +1'
line 'seen with other type +100\.00 +50\.00 +66\.67 +2 +1 +1'
try 0 "accuracy as text" "$el4ner" score --samples 0 --match conlleval gold.conll iob2.conll
line 'accuracy +75\.00 % of 4 tokens'
head -n 3 p.jsonl >three.jsonl
says 1 "--common scores only the documents" "a document is missing" score g.jsonl three.jsonl
try 0 "--common" score --common g.jsonl three.jsonl && figure "--common" 'f["documents"], f["micro"]["gold"]' '3, 6'

# --- intervals: what all draws together give ---
# Each document has one gold mention and one prediction, so that precision is a mean of zeros and ones.
cat >draws.py <<'END'
import itertools, json, math, subprocess, sys

def write(path, rights):
    with open(path, "w") as f:
        for i, right in enumerate(rights):
            kind = "A" if right else "B"
            f.write(json.dumps({"id": str(i), "text": "x", "entities": [{"start": 0, "end": 1, "type": kind}]}) + "\n")

def score(*arguments):
    return json.loads(subprocess.run([sys.argv[1], "score", "--json", *arguments], check=True, stdout=-1, stderr=-3).stdout)

def quantile(chances, level):
    """chances: {value: probability}; the smallest value that is reached with this probability."""
    total = 0
    for value in sorted(chances):
        total += chances[value]
        assert abs(total - level) > 0.005, "too near to tell"
        if total >= level:
            return value

def close(what, got, wanted, most=1e-9):
    assert abs(got - wanted) <= most, f"{what} is {got}, not {wanted}"

def interval():
    n, right = 12, 9
    write("ones", [1] * n), write("some", [1] * right + [0] * (n - right))
    chances = {k / n: math.comb(n, k) * (right / n) ** k * (1 - right / n) ** (n - k) for k in range(n + 1)}
    intervals = score("--samples", "20000", "ones", "some")["files"][0]["intervals"]
    assert intervals["level"] == 0.95 and intervals["samples"] == 20000, intervals
    for key in ("precision", "recall", "f1"):
        close(key, intervals[key][0], quantile(chances, 0.025))
        close(key, intervals[key][1], quantile(chances, 0.975))

def comparison():
    a, b = [1, 1, 1, 1, 0, 1], [0, 0, 0, 0, 1, 1]
    write("ones", [1] * 6), write("a", a), write("b", b)
    seen = (sum(a) - sum(b)) / 6
    chances, strays = {}, 0
    for draw in itertools.product(range(6), repeat=6):
        d = sum(a[i] - b[i] for i in draw) / 6
        chances[d] = chances.get(d, 0) + 6 ** -6
        strays += abs(d - seen) >= abs(seen) - 1e-12
    c = score("--samples", "20000", "--compare", "ones", "a", "b")["comparison"]
    close("difference", c["f1_difference"], seen)
    close("p", c["p"], strays * 6 ** -6, 0.015)
    close("low", c["interval"][0], quantile(chances, 0.025))
    close("high", c["interval"][1], quantile(chances, 0.975))
    assert score("--compare", "ones", "a", "a")["comparison"]["p"] == 1

def seeds():
    write("ones", [1] * 40), write("some", [i % 3 > 0 for i in range(40)])
    runs = [score("--samples", "30", "--seed", seed, "ones", "some")["files"][0] for seed in ("1", "1", "2")]
    assert runs[0] == runs[1] and runs[0]["intervals"] != runs[2]["intervals"], runs
    assert runs[0]["micro"] == runs[2]["micro"]
    for run in runs:
        for key in ("precision", "recall", "f1"):
            low, high = run["intervals"][key]
            assert 0 <= low < run["micro"][key] < high <= 1, run
    assert "intervals" not in score("--samples", "0", "ones", "some")["files"][0]

globals()[sys.argv[2]]()
END
that "the interval is that of all draws" python3 draws.py "$el4ner" interval
that "the comparison is that of all draws" python3 draws.py "$el4ner" comparison
that "a seed gives its figures again" python3 draws.py "$el4ner" seeds

# --- tables for other texts ---
mkdir tables
cat >tables/gold.jsonl <<'END'
{"id": "1", "text": "Ada in Oslo", "entities": [{"start": 0, "end": 3, "type": "a_b,c"}, {"start": 7, "end": 11, "type": "LOC"}]}
END
sed 's/"LOC"/"a_b,c"/' tables/gold.jsonl >tables/a.jsonl
try 0 "score as CSV" "$el4ner" score --by-type --samples 0 --to csv tables/gold.jsonl tables/a.jsonl &&
    printf '%s\n' 'file,row,P,R,F1,low,high,p,gold,predicted,correct' \
        'tables/a.jsonl,micro,50.00,50.00,50.00,,,,2,2,1' 'tables/a.jsonl,macro,25.00,50.00,33.33,,,,,,' \
        'tables/a.jsonl,LOC,0.00,0.00,0.00,,,,1,0,0' \
        'tables/a.jsonl,"a_b,c",50.00,100.00,66.67,,,,1,2,1' >wanted &&
    that "score as CSV" cmp wanted out
try 0 "score as Markdown" "$el4ner" score --by-type --samples 0 --to markdown tables/gold.jsonl tables/a.jsonl &&
    that "score as Markdown" grep -qxF '| tables/a.jsonl | a\_b,c | 50.00 | 100.00 | 66.67 | 1 | 2 | 1 |' out
# shellcheck disable=SC1003 # the line ends with two backslashes
try 0 "score as LaTeX" "$el4ner" score --by-type --samples 0 --to latex tables/gold.jsonl tables/a.jsonl &&
    that "score as LaTeX" grep -qxF 'tables/a.jsonl & a\_b,c & 50.00 & 100.00 & 66.67 & 1 & 2 & 1 \\' out
try 0 "a comparison as Markdown" "$el4ner" score --compare --to markdown tables/gold.jsonl tables/a.jsonl tables/gold.jsonl &&
    that "a comparison as Markdown" grep -Eq 'tables/a.jsonl - tables/gold.jsonl \| difference \|  \|  \| -50.00 ' out
says 2 "--json and --to exclude" "two forms at once" "$el4ner" score --json --to csv tables/gold.jsonl tables/a.jsonl
says 2 "--to" "a form that does not exist" "$el4ner" score --to word tables/gold.jsonl tables/a.jsonl
