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
# Label Studio: the configuration for the tasks.
try 0 "the labelling configuration" "$el4ner" convert in.jsonl tasks.json --to labelstudio --labelstudio-config l.xml &&
    that "the labelling configuration" python3 -c '
import json, xml.etree.ElementTree as tree
view = tree.parse("l.xml").getroot()
labels, text = view.find("Labels"), view.find("Text")
assert [l.get("value") for l in labels] == ["person", "place"]
tasks = json.load(open("tasks.json"))
region = tasks[0]["predictions"][0]["result"][0]
assert (labels.get("name"), labels.get("toName")) == (region["from_name"], region["to_name"])
assert text.get("name") == region["to_name"] and text.get("value")[1:] in tasks[0]["data"]'
try 0 "tag: the labelling configuration" "$el4ner" tag -q -c c.yaml --no-cache --types "person, work & play" \
    texts.jsonl -o tasks.json --to labelstudio --labelstudio-config l.xml &&
    that "tag: the labelling configuration" grep -q '<Label value="work &amp; play"/>' l.xml
says 2 "belongs to --to labelstudio" "a configuration without tasks" "$el4ner" tag texts.jsonl --labelstudio-config l.xml
# HTML: the same type has the same colour on every page; legend and index.
printf '%s\n' '{"id": "x", "text": "Oslo Ada", "entities": [{"start": 0, "end": 4, "type": "place"}, {"start": 5, "end": 8, "type": "ship"}]}' \
    '{"id": "y & z", "text": "Ada", "entities": [{"start": 0, "end": 3, "type": "ship"}]}' >other.jsonl
"$el4ner" convert in.jsonl one.html && "$el4ner" convert other.jsonl two.html
that "pages" python3 - <<'END'
import re
one, two = open("one.html").read(), open("two.html").read()
hue = lambda page, type: set(re.findall(rf'<mark style="--hue: (\d+)"[^>]*>(?:[^<]*<b>&#8288;)?{type}', page))
assert len(hue(one, "place")) == 1 and hue(one, "place") == hue(two, "place"), (hue(one, "place"), hue(two, "place"))
assert hue(two, "ship") and not hue(two, "ship") & hue(two, "place")
assert "<h1>Entities</h1>" in two and "3 entities in 2 documents" in two
assert re.search(r'ship</mark> 2</span>\s*<span><mark[^>]*>place</mark> 1</span>', two), two[-900:]
assert '<a href="#d2">y &amp; z</a> (1)' in two and '<h2 id="d2">y &amp; z</h2>' in two
END
says 2 "cannot write nowhere/s" "a summary into no folder" "$el4ner" tag -c c.yaml texts.jsonl --summary nowhere/s
says 2 "--from must be one of" "a table of entities is not read" "$el4ner" convert --from table e.csv o.jsonl
