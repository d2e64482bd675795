#!/bin/sh
# el4ner combine: the voting rules through the command.
. "$(dirname "$0")/lib.sh"

# By hand. "Ada Bay" is LOC by two and PER by one; "Ada" is PER by a alone; nobody else says Rome but c.
text='"id": "1", "text": "Ada Bay saw Rome"'
echo "{$text, \"entities\": [{\"start\": 0, \"end\": 7, \"type\": \"LOC\"}, {\"start\": 0, \"end\": 3, \"type\": \"PER\"}]}" >a.jsonl
echo "{$text, \"entities\": [{\"start\": 0, \"end\": 7, \"type\": \"PER\"}]}" >b.jsonl
echo "{$text, \"entities\": [{\"start\": 0, \"end\": 7, \"type\": \"LOC\"}, {\"start\": 12, \"end\": 16, \"type\": \"LOC\"}]}" >c.jsonl
# combined NAME WANTED OPTION...: the entities as "start-end:TYPE score"
combined() {
    name=$1 entities=$2
    shift 2
    try 0 "$name" "$el4ner" combine a.jsonl b.jsonl c.jsonl "$@" || return 0
    that "$name" python3 -c '
import json, sys
found = ["{start}-{end}:{type} {score}".format(**e) for e in json.loads(open("out").read())["entities"]]
sys.exit(0 if ", ".join(found) == sys.argv[1] else ", ".join(found))' "$entities"
}
combined "by default pairs of two" "0-7:LOC 0.6667"
combined "span:1 is the union" "0-7:LOC 0.6667, 0-3:PER 0.3333, 12-16:LOC 0.3333" --keep span:1
combined "span:1 without overlaps" "0-7:LOC 0.6667, 12-16:LOC 0.3333" --keep span:1 --flat
combined "span:3" "0-7:LOC 0.6667" --keep span:3
combined "pair:3" "" --keep pair:3
combined "majority" "0-7:LOC 0.6667" --keep majority
combined "a heavy vote decides the type" "0-7:PER 0.6" --keep span:2 --weights b=3
combined "a heavy vote keeps its span" "0-7:LOC 0.75, 12-16:LOC 0.5" --keep span:2 --weights c=2
combined "a tie goes to the one listed first" "0-7:LOC 0.5" --keep span:2 --weights c=0

# A recorded prediction that is none is an error; one that is not there has not answered.
echo '{"text": "Rome", "predictions": {"a": {"entities": "none"}, "b": []}}' >recorded.jsonl
says 1 "recorded.jsonl:1: a prediction must be a list" "a prediction that is no list" \
    "$el4ner" combine --models a,b recorded.jsonl
echo '{"text": "Rome", "predictions": {"a": {"entities": null}, "b": []}}' >recorded.jsonl
try 0 "a prediction that is not there" "$el4ner" combine --models a,b recorded.jsonl

# Random predictions, beside the rules written down once more.
python3 "$root/tests/e2e/combining.py" "$el4ner"
