#!/bin/sh
# The same bytes come out whether one call is in flight or 64; nothing is asked twice; Ctrl-C.
. "$(dirname "$0")/lib.sh"
python3 - >many.jsonl <<'END'
import json, random
r = random.Random(7)
names = "Anna Berg Carlo Dias Eden Farn Gill Hart Ivo Jarl Kuno Lund Moor Nils Orla Pine".split()
for i in range(150):
    text = ". ".join(" ".join(r.choice(names + ["and", "in", "met", "the"]) for _ in range(r.randint(3, 12)))
                     for _ in range(r.randint(1, 3)))
    print(json.dumps({"id": str(i), "text": text + "."}))
END
run() { # SLOTS LATENCY OUTPUT
    serve --slots "$1" --latency "$2" --api openai
    first=$port
    serve --slots "$1" --latency 0 --api llama
    configure "run$1.yaml" "name: a, url: 'http://127.0.0.1:$first', slots: $1, model: m" \
        "name: b, url: 'http://127.0.0.1:$port', slots: $1, prompts: compact, model: n"
    try 0 "a run with $1 in flight" "$el4ner" tag -c "run$1.yaml" --no-cache --trace "trace$1" \
        --window 200 -o "$3" many.jsonl && pass "a run with $1 in flight"
}
run 1 0 one.jsonl
run 64 3 many64.jsonl
that "the same bytes with 1 and 64 calls in flight" cmp one.jsonl many64.jsonl
that "there is something in them" test "$(grep -c '"votes"' one.jsonl)" -gt 100
that "the order is the input's" python3 -c '
import json
ids = [json.loads(l)["id"] for l in open("one.jsonl")]
assert ids == [str(i) for i in range(150)], ids[:20]'
that "the same trace, but for where replies came from" python3 -c '
import json
def load(name):
    return [json.loads(l) for l in open(name)]
a, b = load("trace1"), load("trace64")
assert len(a) == len(b) > 0, (len(a), len(b))'

# From the store: the same bytes and not one call.
serve
configure stored.yaml "name: a, url: 'http://127.0.0.1:$port', prompts: compact, model: m"
try 0 "a first run" "$el4ner" tag -c stored.yaml -o first.jsonl many.jsonl
kill "$server"
wait "$server" 2>/dev/null
serve --port "$port"
try 0 "a second run" "$el4ner" tag -c stored.yaml -o second.jsonl --account account.json many.jsonl
that "the second run gives the same bytes" cmp first.jsonl second.jsonl
that "the second run asks nothing" python3 -c '
import json, urllib.request
stats = json.load(urllib.request.urlopen("http://127.0.0.1:'"$port"'/stats"))
assert stats["completions"] <= 1, stats'
that "the store is private" test "$(stat -c %a cache/el4ner/replies.sqlite)" = 600

# Ctrl-C: what was begun is finished, the output is valid and in place.
serve --latency 40 --slots 2
configure slow.yaml "name: a, url: 'http://127.0.0.1:$port', prompts: compact, slots: 2"
attended "$el4ner" tag -c slow.yaml --no-cache --window 4 -o stopped.jsonl many.jsonl 2>err &
pid=$!
wait_until 60 asked 12
kill -INT $pid
wait $pid
got=$?
cat err >out
that "Ctrl-C ends with status 1" test $got = 1
that "Ctrl-C is acknowledged" grep -q 'finishing the documents in work' err
that "Ctrl-C leaves valid output, in order" python3 -c '
import json
ids = [json.loads(l)["id"] for l in open("stopped.jsonl")]
assert 0 < len(ids) < 150 and ids == [str(i) for i in range(len(ids))], ids'
that "nothing else is left" test "$(find . -name 'stopped.jsonl*' | wc -l)" = 1

serve --fault 'hang%1'
configure hang.yaml "name: a, url: 'http://127.0.0.1:$port', prompts: compact"
attended "$el4ner" tag -c hang.yaml --no-cache -o hung.jsonl many.jsonl 2>err &
pid=$!
wait_until 60 asked 1
kill -INT $pid
wait_until 60 grep -q 'Ctrl-C again' err
kill -INT $pid
ends $pid
that "Ctrl-C twice stops at once" test $? = 1
