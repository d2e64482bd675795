#!/bin/sh
# Counts that convert and members print, by hand.
. "$(dirname "$0")/lib.sh"
cat >in.jsonl <<'END'
{"id": "1", "text": "Ada Lee of Rome", "tokens": ["Ada", "Lee", "of", "Rome"], "offset_unit": "codepoint", "entities": [{"start": 0, "end": 7, "type": "x", "score": 0.9}, {"start": 0, "end": 3, "type": "y", "score": 0.5}, {"start": 12, "end": 15, "type": "z"}]}
{"id": "2", "text": "Bo", "entities": [{"start": 0, "end": 9, "type": "x"}]}
{"id": "3", "text": "Cy", "entities": []}
END
try 1 "convert counts" "$el4ner" convert in.jsonl - --to conll --flat
that "entities that were widened" grep -q '1 entities that began or ended within a token were widened' err
that "entities that were dropped" grep -q '1 entities that overlap better ones were dropped' err
that "documents that were left out" grep -q '1 document was left out, 2 written' err
try 1 "convert to text" "$el4ner" convert in.jsonl - --to text
that "entities that text cannot hold" grep -q 'plain text cannot hold entities: 3 are not in the output' err

serve --slots 3 --context 2048
first=$port
configure ok.yaml "name: a, url: 'http://127.0.0.1:$port', prompts: compact"
try 0 "members" "$el4ner" members -c ok.yaml --no-speed
that "slots and context of a member" grep -Eq '^a +reached +2048 +3 ' out
try 0 "members as JSON" "$el4ner" members -c ok.yaml --no-speed --json
that "slots and context of a member as JSON" python3 -c '
import json
m, = json.load(open("out"))
assert m["slots"] == 3 and m["context"] == 2048, m'

# An entity's score is the mean of two shares: of members that list it, and how sure the verifier is.
serve
configure two.yaml "name: a, url: 'http://127.0.0.1:$first', prompts: compact" \
    "name: b, url: 'http://127.0.0.1:$port', prompts: compact"
echo "Anna Berg met Carlo Dias in Eden. Mira saw Oslo, Bonn and Lima." >text.txt
try 0 "scores with a verifier that tells how sure it is" "$el4ner" tag -q -c two.yaml --no-cache --k 0 \
    --trace trace.jsonl --to jsonl text.txt
that "scores with a verifier that tells how sure it is" python3 -c '
import json, math
document = json.loads(open("out").read())
sure = {}
for line in open("trace.jsonl"):
    for call in json.loads(line)["verify"]["calls"]:
        span = call["prompt"].split("<|spans|>")[1].split("<|types|>")[0].strip()
        sure[span] = call["yes_probability"]
        assert abs(sure[span] - 0.8) < 1e-3 or call["reply"] != "yes", call
assert len(document["entities"]) > 3
for e in document["entities"]:
    wanted = (len(e["extracted_by"]) / 2 + sure[e["text"]]) / 2
    assert abs(e["score"] - wanted) < 6e-5, (e, wanted)'
