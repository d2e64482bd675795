#!/bin/sh
# Servers that misbehave: where another try helps nothing is lost; where it does not, one cell is,
# and it is counted.
. "$(dirname "$0")/lib.sh"
awk -v n=12 -f "$root/bench/sentences.awk" >in.jsonl
serve --slots 4 --model other
sound=$port
# Two members: a's server misbehaves, b's does not.
run() { # NAME OUTPUT SERVER-ARGUMENT...
    name=$1 output=$2
    shift 2
    serve --slots 4 "$@"
    # Where a time limit is what ends the call, it is short; else it is one that a busy machine keeps.
    case $name in
    *hang* | *drip* | *endless*) patience="first_byte: 2, total: 3" ;;
    *) patience="first_byte: 60, total: 90" ;;
    esac
    cat >fault.yaml <<END
profile: votes
members:
  - {name: a, url: "http://127.0.0.1:$port", prompts: compact, slots: 4, retries: ${retries:-4},
     timeouts: {$patience}}
  - {name: b, url: "http://127.0.0.1:$sound", prompts: compact, slots: 4}
END
    # shellcheck disable=SC2086 # no option, no argument
    try "${status:-0}" "$name" "$el4ner" tag -c fault.yaml --no-cache ${strict:-} --account account.json \
        -o "$output" in.jsonl
    rc=$?
    kill "$server" 2>/dev/null
    return $rc
}
account() { python3 -c '
import json, sys
a = json.load(open("account.json"))["members"]["a"].values()
failures = {k: sum(s["failures"].get(k, 0) for s in a) for k in sum([list(s["failures"]) for s in a], [])}
retries, abstained = sum(s["retries"] for s in a), sum(s["abstained"] for s in a)
assert eval(sys.argv[1]), (failures, retries, abstained)' "$1"; }

run "a clean run" clean.jsonl && pass "a clean run"
that "with something in it" test "$(grep -c '"votes"' clean.jsonl)" -gt 8

for fault in cut half halfjson status=500 status=503 status=429 retry=0.1 html chunks garbage empty \
    list utf8 hang drip=200 slow=300; do
    run "$fault, again and again" out.jsonl --fault "$fault%9" || continue
    that "$fault, again and again: nothing is lost" cmp clean.jsonl out.jsonl
done

# Without further tries: one cell, counted, all other documents intact.
others() { python3 -c '
import json
a = [json.loads(l) for l in open("clean.jsonl")]
b = [json.loads(l) for l in open("out.jsonl")]
assert len(a) == len(b)
changed = [i for i in range(len(a)) if a[i] != b[i]]
assert len(changed) <= 1, changed
assert sum(d["abstained"] for d in b) == 1'; }
retries=0
for fault in half status=500 status=400 status=401 endless headers html list hang; do
    run "one $fault" out.jsonl --fault "$fault@7" || continue
    that "one $fault costs one cell" others
    that "one $fault is counted" account 'abstained == 1 and retries == 0'
done
strict=--strict status=1
run "one failure with --strict" out.jsonl --fault "status=400@7" && pass "one failure with --strict fails its document"
strict='' status=0

# Answers that their length limit cuts: asked once more with twice the room.
whole() { python3 -c '
import json, sys
a = json.load(open("account.json"))
assert eval(sys.argv[1]), a' "$1"; }
run "one answer is cut" out.jsonl --fault "length=3@2" --record calls &&
    that "one answer is cut: nothing is lost" cmp clean.jsonl out.jsonl
that "it is counted" whole 'a["asked_longer"] == 1 and a["still_cut"] == 0'
that "and was asked with twice the room" python3 -c '
import json
limits = {}
for line in open("calls"):
    call = json.loads(line)
    limits.setdefault(call["prompt"], []).append(call["n_predict"])
again = [l for l in limits.values() if len(l) > 1]
assert len(again) == 1 and again[0][1] == 2 * again[0][0], again'
run "all answers are cut" out.jsonl --fault "length=60%1"
that "all answers are cut: counted" whole 'a["asked_longer"] == a["still_cut"] > 3'
that "the summary says so" grep -q "cut by the length limit, asked again" err
that "whole items are kept, no half ones" python3 -c '
import json
kept = 0
for line in open("out.jsonl"):
    d = json.loads(line)
    text = d["text"]
    for e in d["entities"]:
        if "a" in e["extracted_by"]:
            kept += 1
            assert not text[e["start"] - 1:e["start"]].isalnum(), e
            assert not text[e["end"]:e["end"] + 1].isalnum(), e
assert kept > 0'
run "the longer call fails" out.jsonl --fault "length=11@1" --fault "status=400@2-9999"
that "the longer call fails: the cut answer stands" whole \
    '(sum(s["abstained"] for s in a["members"]["a"].values()) ==
      sum(s["calls"] for s in a["members"]["a"].values()) - 2) and a["asked_longer"] == 1'

# Ollama cuts a prompt that is too long and says nothing, but for the number of tokens it read.
serve --slots 4 --api ollama --fault silent%1 --record calls
configure ollama.yaml "name: a, url: 'http://127.0.0.1:$port', api: ollama, model: scripted, context: 3000" \
    "name: b, url: 'http://127.0.0.1:$sound', prompts: compact"
says 1 "the member a gave no answer all through" "prompts cut by Ollama" \
    "$el4ner" tag -c ollama.yaml --no-cache --account account.json --trace trace.jsonl -o out.jsonl in.jsonl
that "prompts cut by Ollama: counted as too long" whole \
    'all(s["failures"].get("context", 0) == s["calls"] for s in a["members"]["a"].values())'
that "demonstrations are dropped before it is given up" whole 'a["demonstrations_dropped"] > 0'
that "the trace says why" grep -q "Ollama cut the prompt to fit its window without saying so: 3000 tokens" trace.jsonl
that "and newer ones are told not to" sh -c '! grep -v "\"truncate\":false" calls'
kill "$server"

# Not what it seems to be.
configure none.yaml "name: a, url: 'http://127.0.0.1:1'"
says 3 "http://127.0.0.1:1" "nobody there" "$el4ner" tag -c none.yaml --no-cache in.jsonl
serve
configure tls.yaml "name: a, url: 'https://127.0.0.1:$port', timeouts: {connect: 0.5}"
says 3 "https://127.0.0.1:$port" "no TLS there" "$el4ner" tag -c tls.yaml --no-cache in.jsonl

# Keys stay where they belong.
canary=sk-canary-3f9a1c
serve --key $canary --fault echo@5 --fault status=401@9
cat >key.yaml <<END
profile: votes
members:
  - {name: a, url: "http://127.0.0.1:$port", prompts: compact, api_key_env: CANARY, retries: 0}
END
CANARY=$canary "$el4ner" tag -c key.yaml --cache store.db --trace trace --manifest manifest --account account.json \
    -o out.jsonl in.jsonl >out 2>err
that "the key was needed and used" grep -q '"votes"' out.jsonl
that "the key is in no output, trace, store or message" sh -c "! grep -rqF $canary . \
    --exclude-dir=config"
