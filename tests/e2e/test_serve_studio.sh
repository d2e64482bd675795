#!/bin/sh
# el4ner serve as an ML backend of Label Studio: predictions, and annotations that become demonstrations.
# With Label Studio itself: make check-service.
. "$(dirname "$0")/lib.sh"
. "$root/tests/e2e/service.sh"
client=$root/tests/e2e/studio.py

serve
configure two.yaml "name: a, url: 'http://127.0.0.1:$port', prompts: compact" \
    "name: b, url: 'http://127.0.0.1:$port', prompts: compact"
printf '{"text": "Ada", "entities": [{"start": 0, "end": 3, "type": "A & \\"B\\""}]}\n' >a.jsonl
printf '{"text": "Bob", "entities": [{"start": 0, "end": 3, "type": "person"}]}\n' >>a.jsonl
try 0 "the labelling configuration" "$el4ner" convert a.jsonl --to labelstudio -o tasks.json --labelstudio-config c.xml

service -c two.yaml --max-body 1 --max-texts 50
python3 "$client" predict "$address"
python3 "$client" config "$address" c.xml
that "why Label Studio was refused is logged" grep -qF '/setup: the labelling configuration has no <Labels>' service-err
kill "$service"
ends 0 "it ends"

service -c two.yaml --max-body 1 --learn pool.jsonl
python3 "$client" learn "$address" "$work/pool.jsonl"
kill "$service"
ends 0 "it ends with what it has learned"
try 0 "the pool can be read" "$el4ner" pool build pool.jsonl -o pool.el4 && pass "what was learned is a pool"
service -c two.yaml --learn pool.jsonl
python3 "$client" again "$address" "$work/pool.jsonl"
kill "$service"
wait "$service"

mkdir closed
service -c two.yaml --learn closed/pool.jsonl
rmdir closed
python3 "$client" disk "$address" closed/pool.jsonl
kill "$service"
wait "$service"

echo 'no JSON' >bad.jsonl
says 2 "bad.jsonl:1" "a file that is not a pool" "$el4ner" serve -c two.yaml --listen 127.0.0.1:0 --learn bad.jsonl

two=$port
serve --api openai
configure embedded.yaml "name: a, url: 'http://127.0.0.1:$two', prompts: compact"
printf 'retrieve:\n  vectors: {url: "http://127.0.0.1:%s", model: e}\n' "$port" >>embedded.yaml
says 2 "cannot grow while it is in use" "vectors of an embedding model" "$el4ner" serve -c embedded.yaml \
    --pool pool.jsonl --listen 127.0.0.1:0 --learn new.jsonl

printf 'secret\n' >token
service -c two.yaml --token-file token
python3 "$client" token "$address"
kill "$service"
wait "$service"

# What is learned is judged by, too.
python3 - >seed.jsonl <<'PY'
import json
for i in range(40):
    name = ["Ada", "Bob", "Carl", "Dora"][i % 4]
    text = f"{name} {['sang', 'slept', 'ran', 'wrote'][i // 4 % 4]} in {['Rome', 'Oslo', 'Bonn'][i % 3]} {i}."
    start = text.index(" in ") + 4
    print(json.dumps({"text": text, "entities": [{"start": 0, "end": len(name), "type": "PER"},
                                                 {"start": start, "end": start + 4, "type": "LOC"}]}))
PY
{ printf 'judge: labels\n' && grep -v profile two.yaml; } >labels.yaml
service -c labels.yaml --pool seed.jsonl --learn judged.jsonl
that "no member is needed" grep -q '^el4ner: ready: no member is needed' service-err
python3 "$client" judged "$address" "$work/judged.jsonl"
kill "$service"
wait "$service"
service -c labels.yaml --pool seed.jsonl --learn judged.jsonl
python3 "$client" judges "$address" "$work/judged.jsonl"
