#!/bin/sh
# el4ner pool: build, add, info, search, without any member.
. "$(dirname "$0")/lib.sh"
cat >a.jsonl <<'END'
{"id": "a", "text": "Marlowe sailed home.", "entities": [{"start": 0, "end": 7, "type": "person"}]}
{"id": "b", "text": "Rain fell on Bonn.", "entities": [{"start": 13, "end": 17, "type": "location"}]}
END
printf 'Bonn B-LOC\nslept O\n\n' >b.conll

try 0 "a pool is built" "$el4ner" pool build a.jsonl -o pool.el4 && pass "a pool is built"
try 0 "a pool is extended" "$el4ner" pool add pool.el4 b.conll &&
    try 0 "a pool is extended" "$el4ner" pool info pool.el4 &&
    that "a pool is extended" grep -q '^sentences *3 ' out
says 0 "2 of these sentences repeat another" "a file added twice" \
    "$el4ner" pool add pool.el4 a.jsonl -o twice.el4
try 0 "a file added twice" "$el4ner" pool info twice.el4 &&
    that "a file added twice" grep -q '^sentences *5 (0 without a span, 2 that repeat another)' out
says 2 "-o POOL.el4" "adding to a labelled file needs an output" "$el4ner" pool add a.jsonl b.conll
says 2 "-o POOL.el4" "building needs an output" "$el4ner" pool build a.jsonl
says 2 "build, add, search or info" "an unknown part" "$el4ner" pool sort
cp a.jsonl own.jsonl
says 2 "own.jsonl is read and would be written over" "a pool over its own input" \
    "$el4ner" pool build own.jsonl -o own.jsonl
that "the input is whole" cmp a.jsonl own.jsonl
says 2 "not an ordinary file" "a pool into a device" "$el4ner" pool build a.jsonl -o /dev/null
chmod 600 pool.el4
ln -s pool.el4 link.el4
try 0 "a pool behind a link" "$el4ner" pool build a.jsonl -o link.el4
that "the link stays" test -L link.el4
that "and the mode" test "$(stat -c %a pool.el4)" = 600
try 0 "a pool behind a link is extended" "$el4ner" pool add link.el4 b.conll &&
    that "a pool behind a link is extended" "$el4ner" pool info pool.el4
echo '{"text": "no labels"}' >none.jsonl
says 1 "no labelled entity" "a pool without labels" "$el4ner" pool build none.jsonl -o none.el4
that "nothing is left of it" [ ! -e none.el4 ]
head -c 5000 pool.el4 >short.el4
says 1 "cut short" "a truncated pool" "$el4ner" pool info short.el4

search() { "$el4ner" pool search --pool pool.el4 --types person,location "$@"; }
try 0 "a search by span" search --spans "Marlowe, Bonn" --k 3 --json "Then Marlowe met Anna in Bonn." &&
    that "a search by span" python3 -c '
import json
q, = json.load(open("out"))
assert [s["text"] for s in q["spans"]] == ["Marlowe", "Bonn"], q["spans"]
assert all(s["tag"] == "PROPN" and s["weight"] == 4 for s in q["spans"]), q["spans"]
d = q["demonstrations"]
assert [x["rank"] for x in d] == [1, 2, 3], d
assert {m["span"]: m["with"] for m in d[0]["matches"]}[
    "Marlowe" if d[0]["id"] == "a" else "Bonn"] in ("Marlowe", "Bonn"), d
assert all(0.4 < x["score"] < 0.6 for x in d), d'
printf 'Marlowe sailed home.\nBonn is old.\n' >queries.txt
try 0 "queries from a file" search --no-members --file queries.txt --json --k 1 &&
    that "queries from a file; none is its own demonstration" python3 -c '
import json
a, b = json.load(open("out"))
assert a["demonstrations"][0]["id"] != "a" and b["demonstrations"][0]["id"] == "b", (a, b)'
for by in sentence bm25 random; do
    try 0 "a search by $by" search --by $by --k 2 "It rained on Bonn." &&
        that "a search by $by" grep -q '^ 2 ' out
done
try 0 "variants" search --no-members --symmetric --mix 20 --diverse 30 "Bonn is old." &&
    that "a search in another way" grep -q 'Bonn  *Bonn' out
says 2 "--mix must be" "a share that is none" search --mix 100 "Bonn is old."
says 2 "give queries" "a search without a query" search

# Scores and cosines beside the formulas written down once more; and what a pool holds, counted by hand.
python3 "$root/tests/e2e/searching.py" "$el4ner"
try 0 "pool info" "$el4ner" pool info p.el4
that "pool info counts sentences" grep -q '^sentences   9 (1 without a span, 0 that repeat another)$' out
that "pool info counts spans" grep -q '^spans       17 (16 distinct)$' out
that "pool info counts types" sh -c "grep -q ' 9  location$' out && grep -q ' 5  person$' out && grep -q ' 3  organization$' out"
