#!/bin/sh
# Answers that cannot be used: the summary, the trace and eval's report name the cause and what
# helps; answers that servers hand out as thoughts are read.
. "$(dirname "$0")/lib.sh"
plain_prompts
awk -v n=2 -f "$root/bench/sentences.awk" >in.jsonl
# tag API FAULT [EXIT STATUS [FIELDS]]: into out.jsonl, trace, account.json
tag() {
    serve --api "$1" --fault "$2"
    case $2 in hang*) patience=2 ;; *) patience=60 ;; esac
    configure c.yaml "name: q, url: 'http://127.0.0.1:$port', prompts: $PWD/plain, model: scripted,
      slots: 2, retries: 0, timeouts: {first_byte: $patience}${4:-}"
    try "${3:-0}" "$1, $2" "$el4ner" tag -c c.yaml --no-cache --trace trace --account account.json \
        -o out.jsonl in.jsonl
    rc=$?
    kill "$server" 2>/dev/null
    return $rc
}

# The answer among the thoughts, and none beside it.
for api in openai ollama; do
    tag $api prose@999 && cp out.jsonl clean.jsonl
    that "$api, the trace has word and probability" grep -q '"yes_probability":0.8[0-9]*,"word":"yes"' trace
    that "$api, entities" grep -q '"votes"' clean.jsonl
    tag $api "thought@3-" && that "$api, answers among the thoughts" cmp clean.jsonl out.jsonl
done

# cause API FAULT STAGE-AND-COUNT TEXT CAUSE [EXIT STATUS [FIELDS]]
cause() {
    tag "$1" "$2" "${6:-1}" "${7:-}" || return
    that "$1, $2: the count" grep -qF -- "  q $3: " err
    that "$1, $2: the cause and the remedy" grep -qF -- "$4" err
    that "$1, $2: the trace" grep -qF "\"cause\":\"$5\"" trace
    that "$1, $2: the account" grep -qF "\"cause\": \"$5\"" account.json
}
cause openai thinks@2- "extract 2" \
    "empty answer, the model was still thinking; switch thinking off with extra_body: {chat_template_kwargs" thinking
cause ollama thinks "extract 2" \
    "empty answer, the model was still thinking; switch thinking off with extra_body: {think: false}" thinking
cause openai mute@2- "extract 2" "empty answer; --trace FILE shows" empty
cause openai prose@2- "extract 2" "the model declined to answer; --trace" refused
cause openai length=2@2- "extract 2" "cut off at the length limit before anything could be read; a larger \`max_tokens\`" cut \
    1 ", max_tokens: 3"
cause openai status=400@2- "extract 2" "HTTP 400: scripted status 400)" status
cause openai hang@2- "extract 2" "timed out" timeout
cause openai html@2- "extract 2" "is not what its API promises" malformed
cause openai context@2- "extract 2" "does not fit the model's context" context

# Text without a list; some documents keep what they have.
serve --api openai
good=$port
serve --api openai --fault mute@4-5
configure c.yaml "name: q, url: 'http://127.0.0.1:$port', prompts: $PWD/plain, slots: 1" \
    "name: r, url: 'http://127.0.0.1:$good', prompts: $PWD/plain, slots: 1"
try 0 "a member that is silent twice" "$el4ner" tag -c c.yaml --no-cache -o out.jsonl in.jsonl
that "a member that is silent twice: counted" grep -q "  q [a-z]* [12]: empty answer" err

# eval: the text, the JSON and the report.
python3 -c '
import json
for line in open("clean.jsonl"):
    d = json.loads(line)
    print(json.dumps({"id": d["id"], "text": d["text"], "entities": [
        {k: e[k] for k in ("start", "end", "type")} for e in d["entities"]]}))' >gold.jsonl
kill "$server"
serve --api openai --fault mute@4-5
configure c.yaml "name: q, url: 'http://127.0.0.1:$port', prompts: $PWD/plain, slots: 1" \
    "name: r, url: 'http://127.0.0.1:$good', prompts: $PWD/plain, slots: 1"
try 0 "eval" "$el4ner" eval -c c.yaml --no-cache --report report.html -o eval.json gold.jsonl &&
    that "eval names causes" grep -q "  q [a-z]* [12]: empty answer; --trace" err
that "eval's report names causes" grep -q "<li>q [a-z]* [12]: empty answer; --trace" report.html
that "eval's JSON names causes" python3 -c '
import json
assert {a["cause"] for a in json.load(open("eval.json"))["abstentions"]} == {"empty"}'

# members says it at once.
serve --api openai --fault thinks@2-
configure c.yaml "name: q, url: 'http://127.0.0.1:$port', prompts: $PWD/plain"
try 1 "members and a model that thinks" "$el4ner" members -c c.yaml
that "members says how to switch thinking off" grep -q "still thinking; switch thinking off" out
