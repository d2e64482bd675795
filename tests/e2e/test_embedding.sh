#!/bin/sh
# Retrieval with vectors of an embedding model, from a server and from a file.
. "$(dirname "$0")/lib.sh"
cat >pool.jsonl <<'END'
{"id": "a", "text": "Marlowe sailed home.", "entities": [{"start": 0, "end": 7, "type": "person"}]}
{"id": "b", "text": "Rain fell on Bonn.", "entities": [{"start": 13, "end": 17, "type": "location"}]}
{"id": "c", "text": "Zorg met Qux.", "entities": [{"start": 0, "end": 4, "type": "person"}, {"start": 9, "end": 12, "type": "person"}]}
END
echo "Later Marlowe met Anna." >in.txt

# run_with FILE VECTORS: a configuration with one scripted member
run_with() {
    configure "$1" "name: a, url: 'http://127.0.0.1:$member', prompts: compact, model: m"
    printf 'retrieve:\n  k: 2\n  spans: members\n  vectors: %s\n' "$2" >>"$1"
}
serve
member=$port
serve --api openai
embedder=$port
run_with server.yaml "{url: 'http://127.0.0.1:$embedder', model: e, extra_body: {x: 1}}"

try 0 "a labelled file is embedded" "$el4ner" tag -c server.yaml --pool pool.jsonl \
    --trace trace.json --account account.json -o out.jsonl in.txt &&
    that "a labelled file is embedded" python3 -c '
import json
r = json.loads(open("trace.json").read())["retrieve"]
assert r["demonstrations"][0]["id"] == "a" and not r["no_vectors_so_bm25"], r
m = {m["span"]: m["with"] for m in r["demonstrations"][0]["matches"]}
assert m["Marlowe"] == "Marlowe", m
assert [c for c in r["calls"] if c["member"] == "embedder"][0]["dimensions"] == 32, r["calls"]
a = json.load(open("account.json"))
assert a["embedder"]["calls"] == 3 and list(a["members"]) == ["a"], a'

sed 's/spans: members/spans: auto/' server.yaml >tagger.yaml
try 0 "spans of the tagger are embedded" "$el4ner" tag -c tagger.yaml --pool pool.jsonl \
    --trace trace.json -o tagger.jsonl in.txt &&
    that "spans of the tagger are embedded" python3 -c '
import json
r = json.loads(open("trace.json").read())["retrieve"]
assert [c["texts"] for c in r["calls"]] == ["Marlowe\nAnna\n"], r["calls"]
assert r["demonstrations"][0]["id"] == "a" and not r["no_vectors_so_bm25"], r'

try 0 "a pool is built with the vectors" "$el4ner" pool build -c server.yaml -o pool.el4 \
    pool.jsonl && pass "a pool is built with the vectors"
try 0 "its info" "$el4ner" pool info pool.el4 &&
    that "the pool tells whose vectors it has" grep -q 'vectors *e, 32 dimensions' out
try 0 "the same with a built pool" "$el4ner" tag -c server.yaml --pool pool.el4 -o again.jsonl \
    in.txt && that "the same with a built pool" cmp out.jsonl again.jsonl
try 0 "a search by span" "$el4ner" pool search -c server.yaml --pool pool.el4 --json \
    --spans Marlowe "Later Marlowe met Anna." &&
    that "a search with the vectors" python3 -c '
import json
q = json.load(open("out"))[0]
assert q["demonstrations"][0]["id"] == "a", q
assert abs(q["demonstrations"][0]["score"] - 1) < 1e-6, q'

{ printf 'judge: labels\nprofile: default\n' && grep -v profile server.yaml; } | sed "s/:$member'/:1'/" >labels.yaml
try 0 "the labels alone, and vectors" "$el4ner" tag -c labels.yaml --pool pool.jsonl -o labels.jsonl in.txt &&
    that "the labels alone, and vectors" test -s labels.jsonl

# Over a base that has a model of vectors
printf 'base: server.yaml\nretrieve: {vectors: ngram}\n' >over.yaml
try 0 "n-grams over a model" "$el4ner" config -c over.yaml &&
    that "n-grams over a model" grep -q '^  vectors: ngram$' out
printf "base: server.yaml\nretrieve: {vectors: {url: 'http://127.0.0.1:$embedder', model: f}}\n" >over.yaml
try 0 "a model over a model" "$el4ner" config -c over.yaml &&
    that "a model over a model" grep -q '^    model: f$' out

# Faults
serve --api openai
run_with other.yaml "{url: 'http://127.0.0.1:$port', model: other}"
says 2 "this pool has vectors of e (32 numbers)" "another model is refused" \
    "$el4ner" tag -c other.yaml --pool pool.el4 -o none.jsonl in.txt
run_with plain.yaml ngram
says 2 "name that embedding model" "n-grams are refused" \
    "$el4ner" tag -c plain.yaml --pool pool.el4 -o none.jsonl in.txt
run_with gone.yaml "{url: 'http://127.0.0.1:1', model: e}"
says 3 "embedding member" "an embedder that is not there" \
    "$el4ner" tag -c gone.yaml --pool pool.el4 -o none.jsonl in.txt
serve --api openai --fault null@2-
run_with broken.yaml "{url: 'http://127.0.0.1:$port', model: e, retries: 0}"
try 0 "broken vectors" "$el4ner" tag -c broken.yaml --pool pool.el4 --no-cache --trace trace.json \
    -o broken.jsonl in.txt &&
    that "broken vectors cost the demonstrations only" grep -q 'without vectors' err
that "and the trace says so" grep -q '"no_vectors_so_bm25":true' trace.json
try 0 "a dry run reaches nothing" "$el4ner" tag --dry-run -c gone.yaml --pool pool.el4 in.txt &&
    pass "a dry run reaches nothing"

# A file: the mean of a shipped model's states.
if have_llama_server && [ -e "$root/models/nano-a.gguf" ]; then
    run_with file.yaml "{gguf: models/nano-a.gguf, threads: 1}"
    try 0 "a gguf embedder" "$el4ner" pool build -c file.yaml -o file.el4 pool.jsonl &&
        pass "a gguf embedder"
    try 0 "tagging with it" "$el4ner" tag -c file.yaml --pool file.el4 --trace trace.json \
        -o file.jsonl in.txt &&
        that "a gguf embedder finds the same name" python3 -c '
import json
r = json.loads(open("trace.json").read())["retrieve"]
assert r["demonstrations"][0]["id"] == "a" and not r["no_vectors_so_bm25"], r
m = {m["span"]: m["cosine"] for m in r["demonstrations"][0]["matches"]}
assert abs(m["Marlowe"] - 1) < 1e-3, m'
    # A long text is cut, not refused.
    python3 -c '
import json
t = "Marlowe " + "of Bonn " * 900
print(json.dumps({"text": t, "sentence": True, "entities": [{"start": 0, "end": 7, "type": "person"}]}))
' >long.jsonl
    try 0 "a long text is cut" "$el4ner" pool build -c file.yaml -o long.el4 long.jsonl &&
        pass "a long text is cut"
else
    skip "a gguf embedder (no llama-server)"
fi
