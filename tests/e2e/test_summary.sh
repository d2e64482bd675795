#!/bin/sh
# Tables of entities and the summary over all documents.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
tab=$(printf '\t')
cat >in.jsonl <<'END'
{"id": "a,1", "text": "𝔸da met \"Bob\tLee\" in Oslo.", "entities": [{"start": 0, "end": 3, "type": "person", "score": 0.75}, {"start": 9, "end": 16, "type": "person"}, {"start": 21, "end": 25, "type": "place"}]}
{"id": "b", "text": "Nobody.", "entities": []}
END
try 0 "a table of entities" "$el4ner" convert in.jsonl - --to table &&
    printf '%s\n' "document${tab}start${tab}end${tab}text${tab}type${tab}score" \
        "a,1${tab}0${tab}3${tab}𝔸da${tab}person${tab}0.75" \
        "a,1${tab}9${tab}16${tab}\"Bob${tab}Lee\"${tab}person${tab}" \
        "a,1${tab}21${tab}25${tab}Oslo${tab}place${tab}" >wanted &&
    that "a table of entities" cmp wanted out
try 0 "with commas" "$el4ner" convert in.jsonl e.csv --to table --offsets utf16 &&
    that "with commas" grep -qx '"a,1",22,26,Oslo,place,' e.csv

plain_prompts
serve --api openai
configure c.yaml "name: a, url: 'http://127.0.0.1:$port', prompts: $PWD/plain"
printf '%s\n' '{"id": "1", "text": "Ada met Bob. Then Ada left."}' '{"id": "2", "text": "In Oslo Ada sang."}' \
    '{"id": "3", "text": "nothing"}' >texts.jsonl
try 0 "tag to a table" "$el4ner" tag -q -c c.yaml --no-cache texts.jsonl -o e.csv.gz --to table --summary sum.txt
gunzip <e.csv.gz >e.csv
try 0 "the same to JSON lines" "$el4ner" tag -q -c c.yaml --no-cache texts.jsonl -o e.jsonl --summary -
that "the summary on standard error" cmp err sum.txt
that "the table and the summary" python3 - <<'END'
import collections, csv, json
rows = list(csv.DictReader(open("e.csv", encoding="utf-8")))
wanted = [(d["id"], str(e["start"]), str(e["end"]), e["text"], e["type"], float(e["score"]))
          for d in map(json.loads, open("e.jsonl")) for e in d["entities"]]
assert wanted and wanted == [
    (r["document"], r["start"], r["end"], r["text"], r["type"], float(r["score"])) for r in rows]
lines = open("sum.txt").read().splitlines()
types = collections.Counter(w[4] for w in wanted)
assert lines[0] == f"{len(wanted)} entities of {len(types)} types in 3 documents", lines
different = {t: len({w[3] for w in wanted if w[4] == t}) for t in types}
ordered = sorted(types.items(), key=lambda x: (-x[1], x[0]))
assert lines[1:1 + len(types)] == [f"{n:8}  {t} ({different[t]} different)" for t, n in ordered], lines
assert lines[1 + len(types)] == "most frequent"
texts = collections.Counter((w[3], w[4]) for w in wanted)
inside = {k: len({w[0] for w in wanted if (w[3], w[4]) == k}) for k in texts}
ordered = sorted(texts.items(), key=lambda x: (-x[1], x[0]))
assert lines[2 + len(types):] == [
    f"{n:8}  {t} ({k}, in {inside[t, k]} document{'s' * (inside[t, k] != 1)})" for (t, k), n in ordered], lines
END
says 2 "cannot write nowhere/s" "a summary into no folder" "$el4ner" tag -c c.yaml texts.jsonl --summary nowhere/s
says 2 "--from must be one of" "a table of entities is not read" "$el4ner" convert --from table e.csv o.jsonl
