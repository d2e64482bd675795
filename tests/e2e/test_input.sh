#!/bin/sh
# Input that is bad, and members that are: each costs as little as possible and is named.
. "$(dirname "$0")/lib.sh"
serve
configure ok.yaml "name: a, url: 'http://127.0.0.1:$port', prompts: compact"
tag() { "$el4ner" tag -c ok.yaml --no-cache "$@"; }
text="Anna Berg met Carlo Dias in Eden."
echo "$text" >good.txt

try 0 "plain text" tag good.txt && that "plain text" grep -q '"text": "Anna' out
try 0 "standard input" tag - <good.txt && that "standard input" grep -q Carlo out

printf 'Anna\nBerg \377\376 Carlo\n' >invalid.txt
try 1 "invalid UTF-8 fails its file" tag invalid.txt good.txt
that "invalid UTF-8 is named with its position" grep -Eq 'invalid\.txt:2:6|invalid\.txt.*byte 10' err
that "the next file is tagged all the same" grep -q Carlo out
try 0 "--replace-invalid" tag --replace-invalid invalid.txt
that "--replace-invalid puts U+FFFD" grep -q "$(printf '\357\277\275')" out

: >empty.txt
try 0 "an empty file" tag empty.txt good.txt && that "an empty file is named" grep -q 'empty.txt: is empty' err
that "the file after it is tagged" grep -q Carlo out
: >empty.jsonl
try 1 "empty JSON lines" tag empty.jsonl && that "empty JSON lines are named" grep -q 'empty.jsonl: is empty' err

head -c 4096 /dev/zero | tr '\0' '\001' >binary && printf '\000\001\377' >>binary
try 1 "a binary file" tag binary && that "a binary file is named" grep -q "binary" err

cat >lines.jsonl <<'END'
{"id": "1", "text": "Anna Berg came."}
{"id": "2", "text": "Carlo Dias
{"id": "3", "text": "Dora Eden went.", "note": {"deep": [1, null]}}
END
try 1 "a broken line of JSON" tag lines.jsonl
that "a broken line is named" grep -q 'lines.jsonl:2' err
that "the lines around it are tagged" test "$(grep -c '"id": "[13]"' out)" = 2
that "unknown fields are carried through" grep -q '"note": {"deep": \[1, null\]}' out

printf 'Anna B-PER\nBerg\n\n' >columns.conll
try 1 "a broken line of CoNLL" tag columns.conll && that "a broken CoNLL line is named" grep -q 'columns.conll:2' err
printf '\357\273\277-DOCSTART- O\r\n\r\nAnna\tB-PER\r\nBerg\tI-PER\r\n\r\n' >windows.conll
try 0 "CRLF, BOM and tabs" tag --to conll windows.conll && that "CRLF, BOM and tabs" grep -q '^Anna' out

printf '{"id": "1", "text": "Nothing here."}\n' >unlabelled.jsonl
try 2 "a pool without labels" tag --pool unlabelled.jsonl good.txt
that "a pool without labels is named" grep -Eq 'unlabelled.jsonl.*(label|entit)' err
try 2 "a pool that is not there" tag --pool nowhere.el4 good.txt
that "a pool that is not there is named" grep -q 'nowhere.el4' err

echo "this is no model" >false.gguf
configure false.yaml "name: a, gguf: false.gguf"
try 3 "a GGUF that is none" "$el4ner" tag -c false.yaml good.txt
that "a GGUF that is none is named" grep -Eq 'false.gguf.*GGUF|GGUF.*false.gguf' err
configure absent.yaml "name: a, gguf: absent.gguf"
says 2 "absent.gguf" "a GGUF that is not there" "$el4ner" tag -c absent.yaml good.txt

configure dead.yaml "name: a, url: 'http://127.0.0.1:1', retries: 0"
try 3 "no member can be reached" "$el4ner" tag -c dead.yaml good.txt
that "the endpoint is named" grep -q '127.0.0.1:1' err
configure half.yaml "name: a, url: 'http://127.0.0.1:$port', prompts: compact" \
    "name: gone, url: 'http://127.0.0.1:1', retries: 0"
try 1 "one of two members cannot be reached" "$el4ner" tag -c half.yaml --no-cache good.txt
that "the silent member is named" grep -q 'member gone gave no answer' err
that "the other one's entities come out" grep -q Carlo out

serve --api openai --fault 'prose%1'
configure prose.yaml "name: a, url: 'http://127.0.0.1:$port', prompts: chat"
try 1 "a member that answers nonsense" "$el4ner" tag -c prose.yaml --no-cache good.txt
that "its abstentions are counted" grep -q 'abstention' err

serve --fault 'status=500@2-4' --fault 'half@6-7' --fault 'utf8@9-9' --fault 'garbage@11-11'
configure faulty.yaml "name: a, url: 'http://127.0.0.1:$port', prompts: compact"
try 0 "faults that pass are tried again" "$el4ner" tag -c faulty.yaml --no-cache good.txt

try 0 "-o writes the file" tag -o result.jsonl good.txt && that "-o writes the file" grep -q Carlo result.jsonl
that "-o leaves nothing beside it" test "$(find . -name 'result.jsonl*' | wc -l)" = 1
try 0 "-o chooses the format by its ending" tag -o result.conll good.txt &&
    that "-o chooses the format by its ending" grep -Eq '^Berg.B-' result.conll
try 0 "side files" tag --trace trace.jsonl --manifest manifest.json --account account.json good.txt
that "the trace is JSON lines" python3 -c 'import json; [json.loads(l) for l in open("trace.jsonl")]'
that "the trace has how sure the verifier is, and only of it" python3 -c '
import json
t = [json.loads(l) for l in open("trace.jsonl")]
calls = [c for s in t for c in s["verify"]["calls"]]
assert calls and all(0 <= c["yes_probability"] <= 1 for c in calls), calls
assert not any("yes_probability" in c for s in t for c in s["extract"]["calls"]), t'
that "the manifest is JSON" python3 -c 'import json; assert json.load(open("manifest.json"))["el4ner"]'
that "the account is JSON" python3 -c '
import json
a = json.load(open("account.json"))
assert a["documents"] == 1 and a["members"]["a"]["extract"]["calls"] >= 1, a'

printf '{"id": "1", "body": "Anna Berg met Carlo Dias."}\n' >body.jsonl
says 1 'if "body" is the text, say --text-field' "the text under another key" "$el4ner" convert body.jsonl body.conll
