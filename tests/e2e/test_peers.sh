#!/bin/sh
# The bench beside other tools: what of it needs neither a model nor these tools.
. "$(dirname "$0")/lib.sh"
mkdir -p data/people
python3 - <<'END'
import json

def line(number, before, name, after):
    tokens = [*before, name, *after, "."] if name else [*before, *after, "."]
    entities = [{"start": len(before), "end": len(before) + 1, "type": "PER"}] if name else []
    return json.dumps({"id": str(number), "text": " ".join(tokens), "tokens": tokens, "entities": entities}) + "\n"

names = ["Anna", "Bert", "Carla", "Dino", "Edith", "Franz"]
with open("data/people/dev.jsonl", "w") as file:
    file.writelines(line(i, ["yesterday", "then"], name, ["went", "home", "by", "train"]) for i, name in enumerate(names))
with open("data/people/train.jsonl", "w") as file:
    for i, name in enumerate(["Gerda", "Hugo", "Ida", "Jens", "", "Klara"]):
        file.write(line(i, ["today", "at", "last"], name, ["came", "back", "from", "work"]))
with open("data/types.json", "w") as file:
    json.dump({"people": {"PER": "person"}}, file)
END
serve --slots 4
export BUILD="$build" SERVER="http://127.0.0.1:$port" SEED=7 PYTHONDONTWRITEBYTECODE=1
try 0 "the bench runs at small servers" timeout 300 python3 "$root/tests/e2e/peers.py" "$root/bench/peers" data
cat out
skip "langextract and spacy-llm: bench/peers/run fetches them from pip's index"
