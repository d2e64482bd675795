#!/bin/sh
# A model file that cannot be read any more when its server runs: nobody knows which model that is,
# so its replies are neither stored nor taken from the store.
. "$(dirname "$0")/lib.sh"
[ -r "$root/models/nano-a.gguf" ] || { skip "no model"; exit 0; }
awk -v n=4 -f "$root/bench/sentences.awk" >in.jsonl
# A llama-server that takes the file away once it runs.
cat >vanishing <<END2
#!/bin/sh
rm -f "$work/model.gguf"
exec "$build/tests/scripted_server" "\$@"
END2
chmod +x vanishing
configure c.yaml "name: a, gguf: $work/model.gguf"
# calls FILTER: whether it holds of the numbers of calls, and of those from the store
calls() { python3 -c '
import json, sys
stages = json.load(open("account.json"))["members"]["a"].values()
calls, stored = sum(s["calls"] for s in stages), sum(s["from_store"] for s in stages)
assert eval(sys.argv[1]), (calls, stored)' "$1"; }
run() { # LLAMA-SERVER
    cp "$root/models/nano-a.gguf" model.gguf
    EL4NER_LLAMA_SERVER=$1 "$el4ner" tag -c c.yaml --k 0 --cache store.db --account account.json \
        -o out.jsonl in.jsonl
}
server=$build/tests/scripted_server
try 0 "a file that stays" run "$server" && that "a file that stays" calls "calls > 0 and stored == 0"
try 0 "its replies are stored" run "$server" && that "its replies are stored" calls "stored == calls"
says 0 "its file cannot be hashed" "a file that goes" run ./vanishing
that "a file that goes: no reply is taken from the store" calls "calls > 0 and stored == 0"
try 0 "a file that goes, again" run ./vanishing
that "a file that goes: none was stored" calls "stored == 0"
