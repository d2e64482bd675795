#!/bin/sh
# Servers that refuse a part of a request and name it: it is left out, renamed or moved, once for
# each endpoint and refusal, and the right entities come out.
. "$(dirname "$0")/lib.sh"
awk -v n=8 -f "$root/bench/sentences.awk" >in.jsonl
plain_prompts
member() { configure c.yaml "name: a, url: 'http://127.0.0.1:$port', prompts: $PWD/plain, $1"; }
calls() { # of the server in $port
    curl -sS "http://127.0.0.1:$port/stats" | sed 's/.*"completions":\([0-9]*\).*/\1/'
}
# refused API NUMBER TEXT FAULT...: with so many more calls than a server that refuses nothing, and
# this among the changes that `el4ner members` shows
refused() {
    api=$1 more=$2 text=$3
    shift 3
    what="$api refuses $*"
    faults=
    for f; do faults="$faults --fault refuse=$f"; done
    # shellcheck disable=SC2086 # several words
    serve --api "$api" --record record $faults
    member "model: scripted, slots: 1"
    try 0 "$what" "$el4ner" tag -c c.yaml --no-cache -o out.jsonl in.jsonl || return
    that "$what: the right entities" cmp "clean-$api.jsonl" out.jsonl
    n=$(calls)
    that "$what: $more more calls" test "$((n - $(cat "calls-$api")))" = "$more"
    that "$what: and the log says so" grep -q "refuses a request" err
    "$el4ner" members -c c.yaml >out 2>err
    that "$what: members shows it" grep -qF -- "$text" out
    kill "$server"
}
command -v curl >/dev/null || { skip "no curl"; exit 0; }
for api in openai vllm ollama llama; do
    serve --api $api
    member "model: scripted, slots: 1"
    try 0 "$api, nothing refused" "$el4ner" tag -q -c c.yaml --no-cache -o "clean-$api.jsonl" in.jsonl &&
        that "$api, nothing refused" grep -q '"votes"' "clean-$api.jsonl"
    calls >"calls-$api"
done

refused openai 1 "max_tokens as max_completion_tokens" max_tokens
that "max_completion_tokens is sent" grep -q '"max_completion_tokens":[0-9]' record
that "and max_tokens never again" test "$(grep -c '"max_tokens"' record)" = 2
refused openai 2 "without max_completion_tokens" max_tokens max_completion_tokens
refused openai 1 "without temperature" temperature
refused openai 1 "without seed" seed:fastapi
refused vllm 1 "without seed" seed:vllm
refused openai 1 "system text in the first user turn" system
that "no system role in the last call" sh -c 'tail -n 1 record | grep -qv "\"role\":\"system\""'
refused openai 1 "without response_format" response_format
refused vllm 1 "without response_format" "response_format:words"
refused vllm 1 "" "structured_outputs@3-"
refused openai 1 "without logprobs, without top_logprobs" logprobs
refused openai 1 "without top_logprobs" top_logprobs:fastapi
refused openai 5 "max_tokens as max_completion_tokens, without temperature, without seed" \
    max_tokens temperature seed:fastapi system response_format
refused llama 1 "system text in the first user turn" "system@2-"
refused ollama 1 "without seed" "seed:words"
refused ollama 1 "without format" "format:fastapi"

# In mid-run: calls in flight are repeated, and what was stored counts.
serve --api openai --latency 30 --fault refuse=seed:fastapi@4-
member "model: scripted, slots: 4"
try 0 "refused in mid-run" "$el4ner" tag -c c.yaml --cache store.db -o out.jsonl in.jsonl &&
    that "refused in mid-run: the right entities" cmp clean-openai.jsonl out.jsonl
that "refused in mid-run: said once" test "$(grep -c 'refuses a request' err)" = 1
that "refused in mid-run: few calls more" test "$(($(calls) - $(cat calls-openai)))" -le 4
kill "$server"
serve --api openai --fault refuse=seed --fault refuse=temperature
member "model: scripted, slots: 4"
try 0 "stored replies" "$el4ner" tag -q -c c.yaml --cache store.db -o out.jsonl in.jsonl &&
    that "stored replies do not depend on what an endpoint refuses" test "$(calls)" -le 3
that "stored replies: the right entities" cmp clean-openai.jsonl out.jsonl
kill "$server"

# The endpoints of a member are told apart.
serve --api openai --fault refuse=seed
other=$port
serve --api openai
configure c.yaml "name: a, url: ['http://127.0.0.1:$other', 'http://127.0.0.1:$port'], prompts: $PWD/plain"
try 0 "two endpoints" "$el4ner" members -c c.yaml --no-speed --json &&
    that "two endpoints, one of which refuses" python3 -c '
import json, sys
assert json.load(open("out"))[0]["adapted"] == [{"url": sys.argv[1], "changes": ["without seed"]}]
' "http://127.0.0.1:$other"

# What the user set stays, and a server that refuses everything is an error that says so.
serve --api openai --fault refuse=seed
member "extra_body: {seed: 7}"
says 3 "seed" "a refused field of extra_body" "$el4ner" tag -c c.yaml --no-cache -o out.jsonl in.jsonl
serve --api openai --fault refuse=seed --fault refuse=messages:fastapi
member "slots: 4"
says 3 "Extra inputs are not permitted; it was asked without seed" "a server that refuses everything" \
    "$el4ner" tag -c c.yaml --no-cache -o out.jsonl in.jsonl
that "a server that refuses everything is asked few times" test "$(calls)" -lt 10
