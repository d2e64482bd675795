#!/bin/sh
# The ways to a server: TLS with one's own authority, an HTTP proxy, a Unix socket, a gateway that
# wants a header. All on this machine.
. "$(dirname "$0")/lib.sh"
unset http_proxy https_proxy all_proxy no_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY
awk -v n=6 -f "$root/bench/sentences.awk" >in.jsonl
gateway() { serve_by python3 "$root/tests/e2e/gateway.py" "$@"; }
# member FIELDS...: a configuration with one member; a refusal is final, so that no test waits
member() { configure c.yaml "name: a, prompts: compact, retries: 0, timeouts: {connect: 2}, $1"; }
same() { # NAME: a run over c.yaml gives what the plain one gave
    try 0 "$1" "$el4ner" tag -q -c c.yaml --no-cache -o out.jsonl in.jsonl &&
        that "$1" cmp plain.jsonl out.jsonl
}
refused() { # TEXT NAME
    says 3 "$1" "$2" "$el4ner" tag -c c.yaml --no-cache -o out.jsonl in.jsonl
}
serve
model=$port
member "url: 'http://127.0.0.1:$model'"
try 0 "the plain way" "$el4ner" tag -q -c c.yaml --no-cache -o plain.jsonl in.jsonl
that "the plain way" grep -q '"votes"' plain.jsonl

# An HTTP proxy.
gateway --log proxied
proxy=http://127.0.0.1:$port
member "url: 'http://127.0.0.1:$model', proxy: '$proxy'"
same "through a proxy"
that "through a proxy, indeed" grep -q "^POST http://127.0.0.1:$model/completion HTTP" proxied
member "url: 'http://127.0.0.1:$model', proxy: 'http://127.0.0.1:1'"
refused "http://127.0.0.1:$model" "no proxy there"
member "url: 'http://127.0.0.1:$model'"
try 0 "a proxy of the environment" env http_proxy=http://127.0.0.1:1 "$el4ner" tag -q -c c.yaml \
    --no-cache -o out.jsonl in.jsonl &&
    pass "a proxy of the environment is not for this machine"

# TLS.
if command -v openssl >/dev/null; then
    make_key() { openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes "$@" 2>/dev/null; }
    make_key -x509 -days 2 -subj "/CN=An authority of one's own" -keyout ca.key -out ca.pem
    make_key -x509 -days 2 -subj "/CN=Another authority" -keyout other.key -out other.pem
    make_key -subj "/CN=server" -keyout server.key -out server.csr
    echo "subjectAltName = IP:127.0.0.1" >names
    openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names \
        -out server.pem 2>/dev/null
    gateway --to "$model" --cert server.pem --key server.key
    tls=$port
    member "url: 'https://127.0.0.1:$tls', ca_file: ca.pem"
    same "TLS with ca_file"
    member "url: 'https://127.0.0.1:$tls/v1', ca_file: ca.pem, proxy: '$proxy'"
    same "TLS through a proxy"
    that "TLS through a proxy, indeed" grep -q "^CONNECT 127.0.0.1:$tls HTTP" proxied
    member "url: 'https://127.0.0.1:$tls'"
    refused "name its authority with ca_file" "TLS without ca_file is refused, and the way out is named"
    member "url: 'https://127.0.0.1:$tls', ca_file: other.pem"
    refused "certificate" "an authority that did not sign"
    member "url: 'https://localhost:$tls', ca_file: ca.pem"
    refused "localhost:$tls" "a certificate for another host"
    member "url: 'https://127.0.0.1:$tls', ca_file: none.pem"
    says 2 "none.pem" "no such ca_file" "$el4ner" tag -c c.yaml --no-cache in.jsonl
    member "url: 'https://127.0.0.1:$tls', ca_file: in.jsonl"
    refused "in.jsonl" "a ca_file that holds no certificate"
else
    skip "TLS: no openssl"
fi

# A Unix socket.
serve --unix model.socket
member "url: 'http://localhost', unix_socket: model.socket"
same "a Unix socket"
member "url: 'http://localhost', unix_socket: none.socket"
refused "localhost" "no such socket"

# A gateway that wants a header; its value comes from the environment and stays there.
canary=team-canary-71b2
gateway --to "$model" --require "X-Team: $canary"
member "url: 'http://127.0.0.1:$port', headers: {X-Team: {env: TEAM}}"
try 0 "a header from the environment" env TEAM=$canary "$el4ner" tag -c c.yaml --cache store.db \
    --trace trace --manifest manifest --account account.json -o out.jsonl in.jsonl &&
    that "a header from the environment" cmp plain.jsonl out.jsonl
that "its value is in no output, trace, store or message" sh -c "! grep -rqF $canary ."
says 2 "TEAM" "a header's variable that is not set" "$el4ner" tag -c c.yaml --no-cache in.jsonl
member "url: 'http://127.0.0.1:$port'"
refused "the gateway wants its header" "without the header"
