#!/bin/sh
# Label Studio with el4ner serve as its ML backend. LABEL_STUDIO is the program; see tests/check-service.
. "$(dirname "$0")/lib.sh"
. "$root/tests/e2e/service.sh"
client=$root/tests/e2e/label_studio.py
if [ -z "${LABEL_STUDIO:-}" ]; then
    skip "Label Studio: it could not be installed"
    exit
fi

# free_port: one that nobody listens at
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# Its own guard against addresses of this machine is for what others ask of it.
export ML_BLOCK_LOCAL_IP=0 SSRF_PROTECTION_ENABLED=0 LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN=1
export COLLECT_ANALYTICS=0 LATEST_VERSION_CHECK=0 SENTRY_DSN='' FRONTEND_SENTRY_DSN=''
at=$(free_port)
HOME=$work "$LABEL_STUDIO" start --no-browser --data-dir "$work/label-studio" --port "$at" \
    --internal-host 127.0.0.1 --host "http://127.0.0.1:$at" --username a@example.com --password a-password-1 \
    --user-token 0123456789abcdef0123 --enable-legacy-api-token --agree-fix-sqlite >studio-log 2>&1 </dev/null &
studio=$!
servers="$servers $studio"
python3 "$client" wait "http://127.0.0.1:$at" 0123456789abcdef0123
if ! kill -0 "$studio" 2>/dev/null; then tail -n 20 studio-log; fi

# First of all, as it names the first project.
if have_llama_server && command -v jq >/dev/null && command -v curl >/dev/null; then
    service --learn pool.jsonl
    python3 "$client" manual "http://127.0.0.1:$at" 0123456789abcdef0123 "$address" pool.jsonl
    kill "$service"
    wait "$service"
    rm -f pool.jsonl
else
    skip "the session of the manual: no llama-server, jq or curl"
fi

serve
configure two.yaml "name: a, url: 'http://127.0.0.1:$port', prompts: compact" \
    "name: b, url: 'http://127.0.0.1:$port', prompts: compact"
service -c two.yaml --learn pool.jsonl
python3 "$client" all "http://127.0.0.1:$at" 0123456789abcdef0123 "$address" pool.jsonl
kill "$service"
ends 0 "it ends with Label Studio still there"

printf 'secret\n' >token
service -c two.yaml --learn pool.jsonl --token-file token
python3 "$client" token "http://127.0.0.1:$at" 0123456789abcdef0123 "$address" pool.jsonl
kill "$service"
wait "$service"
