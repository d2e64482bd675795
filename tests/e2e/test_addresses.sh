#!/bin/sh
# Addresses as people give them, and what a server itself says of a wrong one or of a wrong model.
. "$(dirname "$0")/lib.sh"
plain_prompts
awk -v n=2 -f "$root/bench/sentences.awk" >in.jsonl
member() { configure c.yaml "name: a, url: 'http://127.0.0.1:$port$1', prompts: $PWD/plain, retries: 0${2:-}"; }
run() { "$el4ner" tag -c c.yaml --no-cache -o out.jsonl in.jsonl; }

serve --api openai --record record
member ""
try 0 "the plain address" run && cp out.jsonl clean.jsonl
that "the plain address" grep -q '"votes"' clean.jsonl
for path in / /v1 /v1/ /v1/chat/completions /v1/chat/completions/ /v1/completions /v1/models \
    /gateway/chat/completions; do
    member "$path"
    try 0 "an address with $path" run && that "an address with $path" cmp clean.jsonl out.jsonl
done
served=$port
serve_by python3 "$root/tests/e2e/gateway.py" --to "$served" --log asked
member "/gateway/chat/completions?api-version=2024-10-21"
try 0 "an address with a query" run && that "an address with a query" cmp clean.jsonl out.jsonl
that "the query is behind every path" sh -c '! grep -vF "?api-version=2024-10-21 HTTP" asked'
that "the path is the one that was named" grep -qF "POST /gateway/chat/completions?api" asked
serve --api ollama
member /api/chat ", model: scripted"
try 0 "an address with /api/chat" run && that "an address with /api/chat" cmp clean.jsonl out.jsonl
serve --api llama
member /completion
try 0 "an address with /completion" run && that "an address with /completion" cmp clean.jsonl out.jsonl
member /nowhere
says 3 "http://127.0.0.1:$port/nowhere: HTTP 404: no such route (/v1/models)" "an address that is none" run

# A wrong model: what the server says at the address that it has, not what others say after it.
serve --api openai --fault model
for api in "" ", api: chat"; do
    member "" ", model: other$api"
    says 3 "HTTP 404: The model \`other\` does not exist; the server lists: scripted" \
        "a wrong model$api" run
done
member ""
try 0 "the right model" run && that "the right model" cmp clean.jsonl out.jsonl
serve --api openai --key k
member ""
says 3 "HTTP 401: Invalid API Key; check api_key_env or api_key_file" "a key is wanted" run
serve --api openai --fault status=400
member ""
says 3 "HTTP 400: scripted status 400" "a refusal without a name" run
