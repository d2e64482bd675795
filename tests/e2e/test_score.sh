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
says 1 "no tag of IOB2" "--scheme refuses tags that it does not know" score --match seqeval-strict --scheme iob2 bioes.conll bioes.conll
for scheme in iob1 iob2; do # O I-LOC is an entity of IOB1 alone
    try 0 "--scheme $scheme" score --match seqeval-strict --scheme $scheme gold.conll gold.conll
    cp out $scheme.json
done
cp iob1.json out
figure "IOB1: B-PER at the beginning opens nothing, I-PER and I-LOC do" 'f["micro"]["gold"], f["by_length"]["1"]["gold"]' '2, 2'
cp iob2.json out
figure "IOB2: B-PER does, I-LOC does not" 'f["micro"]["gold"], list(f["by_type"]), f["by_length"]["2"]["gold"]' '1, ["PER"], 1'
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
