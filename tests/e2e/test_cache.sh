#!/bin/sh
# The reply store is shown, pruned and exported.
. "$(dirname "$0")/lib.sh"
awk -v n=6 -f "$root/bench/sentences.awk" >in.jsonl
holds() { # EXPRESSION over s, the summary
    "$el4ner" cache --json --cache store.db | python3 -c '
import json, sys
s = json.load(sys.stdin)
m = {x["model"]: x["replies"] for x in s["models"]}
assert eval(sys.argv[1]), s' "$1"
}

try 0 "no store yet" "$el4ner" cache
that "no store yet: says so, makes none" sh -c 'grep -q "not there yet" out && ! test -e cache/el4ner/replies.sqlite'
says 1 "no reply store there" "a named store must be there" "$el4ner" cache --cache none.db
that "and is not made" test ! -e none.db
echo "no store, but long enough to be looked at: $(seq 1 400)" >text.db
says 1 "not usable as a reply store" "another file" "$el4ner" cache --cache text.db

serve --model first
configure first.yaml "name: a, url: 'http://127.0.0.1:$port', prompts: compact"
first=$port
serve --model second
configure both.yaml "name: a, url: 'http://127.0.0.1:$first', prompts: compact" \
    "name: b, url: 'http://127.0.0.1:$port', prompts: compact"
try 0 "a run" "$el4ner" tag -q -c both.yaml --cache store.db -o once.jsonl in.jsonl
that "replies by model" holds 'set(m) == {"first", "second"} and min(m.values()) >= 6 and sum(m.values()) == s["replies"] and s["file_bytes"] > 0'
try 0 "the table" "$el4ner" cache --cache store.db
that "the table" sh -c "grep -q '^path *store.db' out && grep -q ' first\$' out && grep -q ' second\$' out"

try 0 "export" "$el4ner" cache export --cache store.db -o export.jsonl
"$el4ner" cache export --cache store.db >again.jsonl
that "export: the same to a file and a pipe" cmp export.jsonl again.jsonl
that "export: whole lines, keys in order" python3 -c '
import json
l = [json.loads(x) for x in open("export.jsonl")]
keys = [x["key"] for x in l]
assert keys == sorted(set(keys)) and all(len(k) == 64 for k in keys)
assert {x["model"] for x in l} == {"first", "second"}
assert any(x["text"] for x in l) and all(x["written"] > 1.6e9 for x in l)'

says 2 "say what to drop" "prune wants a word" "$el4ner" cache prune --cache store.db
says 2 "stands alone" "--all with another" "$el4ner" cache prune --all --model first --cache store.db
says 2 "such as" "no age" "$el4ner" cache prune --older-than 30 --cache store.db
says 2 "such as" "no size" "$el4ner" cache prune --max-size -1G --cache store.db
says 2 "not prune or export" "no such part" "$el4ner" cache proon
says 2 "did you mean '--older-than'" "a slip of the pen" "$el4ner" cache prune --older-then 3d
says 0 "0 replies dropped" "nothing is that old" "$el4ner" cache prune --older-than 1h --cache store.db
says 0 "0 replies dropped" "nothing is that large" "$el4ner" cache prune --max-size 1G --cache store.db
try 0 "one model" "$el4ner" cache prune -q --model first --cache store.db
that "one model goes, the other stays" holds 'set(m) == {"second"}'
try 0 "asked again" "$el4ner" tag -q -c both.yaml --cache store.db -o twice.jsonl in.jsonl
that "what was dropped is asked again; the result is the same" cmp once.jsonl twice.jsonl
python3 -c '
import sqlite3
db = sqlite3.connect("store.db")
db.execute("UPDATE replies SET written = written - 40 * 86400 WHERE model = \"second\"")
db.commit()'
try 0 "by age" "$el4ner" cache prune --older-than 30d --cache store.db
that "the old go" holds 'set(m) == {"first"}'
try 0 "all" "$el4ner" cache prune --all --cache store.db
that "all go" holds 's["replies"] == 0'
try 0 "help" "$el4ner" cache prune --help
that "help" grep -q -- '--max-size' out
