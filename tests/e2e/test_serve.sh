#!/bin/sh
# el4ner serve: what comes by HTTP is tagged as el4ner tag tags it; mistakes, limits, tokens, clients
# that go away, the end.
. "$(dirname "$0")/lib.sh"
. "$root/tests/e2e/service.sh"
client=$root/tests/e2e/service.py

awk -v n=12 -f "$root/bench/sentences.awk" >in.jsonl
serve
first=$port
serve
configure two.yaml "name: a, url: 'http://127.0.0.1:$first', prompts: compact" \
    "name: b, url: 'http://127.0.0.1:$port', prompts: compact"
try 0 "el4ner tag" "$el4ner" tag -c two.yaml -q --no-cache --to jsonl -o expected.jsonl in.jsonl
# A request must have come in 3 s, so that nobody waits for the rest of halves.
service -c two.yaml --max-body 1 --max-texts 50 --receive-seconds 3
python3 "$client" all "$address"
python3 "$client" faults "$address"
kill "$service" 2>/dev/null
ends 0 "it ends when asked to"

# A second ensemble, whose llama-server is the scripted one.
printf '#!/bin/sh\nexec "%s" "$@"\n' "$build/tests/scripted_server" >fake-server
chmod +x fake-server
EL4NER_LLAMA_SERVER=$work/fake-server service -c two.yaml --also nano
python3 "$client" ensembles "$address"
CHOICE=1 python3 "$root/tests/e2e/page.py" "$address" "$service"
kill "$service" 2>/dev/null
ends 0 "it ends with both ensembles"
says 2 "served already" "an ensemble twice" "$el4ner" serve -c two.yaml --also nano --also nano
says 2 "there is no ensemble 'nanu'" "an unknown ensemble" "$el4ner" serve -c two.yaml --also nanu

service -c two.yaml --listen "unix:$work/socket"
python3 "$client" unix "$address"
that "others cannot connect to the socket" test "$(stat -c %a socket)" = 660
says 2 "in use" "a socket that is in use" "$el4ner" serve -c two.yaml --listen "unix:$work/socket"
kill -KILL "$service"
wait "$service" 2>/dev/null
service -c two.yaml --listen "unix:$work/socket"
python3 "$client" unix "$address"
kill "$service"
ends 0 "a socket that was left behind does not matter"
that "the socket is taken away" test ! -e socket

# The ensemble's own types are none of the pool's.
serve
printf 'judge: trained\ntypes: [dish]\nmembers: [{name: a, url: "http://127.0.0.1:%s", prompts: compact}]\n' "$port" >dish.yaml
service -c dish.yaml
python3 "$client" "other types" "$address"
kill "$service"
ends 0 "it ends with types of its own"

# A slow server, so that things happen while texts are in work.
serve --latency 100 --slots 2
configure slow.yaml "name: a, url: 'http://127.0.0.1:$port', prompts: compact, slots: 2"
service -c slow.yaml --max-requests 2
python3 "$client" slow "$address"
kill "$service"
wait "$service"

service -c slow.yaml --receive-seconds 1 --send-seconds 1 --max-seconds 1
python3 "$client" seconds "$address"
kill "$service"
ends 0 "it ends with its limits"

# A model server that ends and comes back.
serve
configure gone.yaml "name: a, url: 'http://127.0.0.1:$port', prompts: compact, retries: 0"
service -c gone.yaml
kill "$server"
wait "$server" 2>/dev/null
python3 "$client" killed "$address"
serve --port "$port"
python3 "$client" back "$address"
kill "$service"
wait "$service"

service -c slow.yaml
for part in load finishes stopped; do
    rm -f in-work
    python3 "$client" $part "$address" >client-out 2>&1 &
    pid=$!
    until [ -e in-work ] || ! kill -0 $pid 2>/dev/null; do sleep 0.1; done
    kill "$service"
    if [ $part = stopped ]; then
        sleep 0.5
        kill "$service"
        ends 1 "a second signal ends it with a status"
    else
        ends 0 "it ends when all is answered"
    fi
    wait $pid
    cat client-out
    [ $part = stopped ] || service -c slow.yaml
done

# Tokens and addresses.
printf 'secret\n' >token
service -c two.yaml --token-file token
python3 "$client" token "$address"
kill "$service"
wait "$service"
says 2 "no token is asked for" "other machines need a token" "$el4ner" serve -c two.yaml --listen 0.0.0.0:0
says 2 "is not set or empty" "a token from nowhere" "$el4ner" serve -c two.yaml --token-env NO_SUCH_TOKEN
: >token
says 2 "token-file: token: holds no token" "an empty token" "$el4ner" serve -c two.yaml --token-file token
says 2 "--listen must be like" "an address that is none" "$el4ner" serve -c two.yaml --listen 8765
says 2 "takes no files" "a file" "$el4ner" serve -c two.yaml in.jsonl
configure none.yaml "name: a, url: 'http://127.0.0.1:1', prompts: compact, retries: 0"
says 3 "" "no member can be reached" "$el4ner" serve -c none.yaml --listen 127.0.0.1:0

if have_llama_server && command -v curl >/dev/null; then
    service
    python3 "$client" manual "$address" "$root/docs/service.md"
    kill "$service"
    ends 0 "it ends with its models"
else
    skip "the examples of the manual: no llama-server or no curl"
fi
