#!/bin/sh
# Where scores are low, demonstrations are of the sentence's own language or script.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
python3 - <<'END'
import json, re
lines = []
def add(id, lang, text):
    text, spans = text.replace("[", "").replace("]", ""), re.finditer(r"\[(.*?)\]", text)
    entities = [{"start": m.start() - 2 * i, "end": m.end() - 2 * i - 2, "type": "person"} for i, m in enumerate(spans)]
    lines.append({"id": id, "text": text, "entities": entities, **({"lang": lang} if lang else {})})
add("zh1", "zh", "[Umbrella]先生昨天来了。")
add("zh2", None, "[Umbrellas]和[小王]都在北京工作。")
add("de1", "de", "Frau [Umbrello] wohnt in Graz.")
add("en1", "en", "Then [Mary Stone] left the room.")
add("en2", "en-GB", "Nobody saw [Peter Field].")
add("en3", None, "We met [Kim Rivers] at noon.")
with open("pool.jsonl", "w", encoding="utf-8") as f:
    f.writelines(json.dumps(line) + "\n" for line in lines)
END
# found NAME WANTED OPTION...: ids of the demonstrations for a sentence whose spans are Umbrellist and Zork
found() {
    what=$1 ids=$2
    shift 2
    try 0 "$what" "$el4ner" pool search "The Umbrellist met Zork." --pool pool.jsonl --types person --json "$@" &&
        that "$what" python3 -c '
import json, sys
got = " ".join(sorted(d["id"] for d in json.load(open("out"))[0]["demonstrations"]))
sys.exit(0 if got == sys.argv[1] else f"{got}, not {sys.argv[1]}")' "$ids"
}
found "the language of the sentence" "en1 en2 en3" --spans "Umbrellist, Zork" --k 3 --lang en
found "its script" "de1 en1 en2 en3" --spans "Umbrellist, Zork" --k 4
found "others where it has no more" "de1 en1 en2 en3 zh1" --spans "Umbrellist, Zork" --k 5
found "the paper's retrieval is as published" "de1 zh1 zh2" --spans "Umbrellist, Zork" --k 3 --lang en --profile paper
found "high scores stay" "de1 zh1 zh2" --spans "Umbrella" --k 3 --lang en
try 0 "it is said" "$el4ner" pool search "The Umbrellist met Zork." --pool pool.jsonl --types person --spans Umbrellist --k 3 &&
    that "it is said" grep -q "low scores: sentences of its own language or script" out

plain_prompts
serve --api openai
configure c.yaml "name: a, url: 'http://127.0.0.1:$port', prompts: $PWD/plain"
printf 'Umbrellist met Zork.' >text.txt
try 0 "the trace" "$el4ner" tag -q -c c.yaml --no-cache --pool pool.jsonl --types person --lang en --k 3 \
    --trace trace text.txt -o o.jsonl
that "the trace" python3 -c '
import json
r = json.loads(open("trace").readline())["retrieve"]
assert r["low_scores_so_own_language"] is True, r
assert [d.get("lang") for d in sorted(r["demonstrations"], key=lambda d: d["id"])] == ["en", "en-GB", None], r'

try 0 "the shipped pool" "$el4ner" pool search "The quick brown fox jumps over the lazy dog." --no-members --lang en --json &&
    that "the shipped pool: English for English" python3 - "$root/pools/default.jsonl" <<'END'
import json, sys
lang = {d["id"]: d["lang"] for d in map(json.loads, open(sys.argv[1], encoding="utf-8"))}
assert [lang[d["id"]] for d in json.load(open("out"))[0]["demonstrations"]] == ["en"] * 2
END

# Members for some languages only: nobody else is asked, in any stage.
configure two.yaml "name: a, url: 'http://127.0.0.1:$port', prompts: $PWD/plain, languages: [de, und-Hans]" \
    "name: b, url: 'http://127.0.0.1:$port', prompts: $PWD/plain"
# asked NAME TEXT MEMBERS OPTION...
asked() {
    name="who is asked: $1" members=$3
    printf '%s' "$2" >text.txt
    shift 3
    try 0 "$name" "$el4ner" tag -q -c two.yaml --no-cache --pool pool.jsonl --types person --profile votes \
        --trace trace text.txt -o o.jsonl "$@" &&
        that "$name" python3 -c '
import json, sys
r = json.loads(open("trace").readline())
who = {c["member"] for stage in ("extract", "classify", "verify") for c in r[stage]["calls"]}
assert " ".join(sorted(who)) == sys.argv[1], who' "$members"
}
asked "one of its languages" "Umbrellist met Zork." "a b" --lang de
asked "another language" "Umbrellist met Zork." "b" --lang en
asked "a script of one of them" "Umbrellist met Zork." "a b"
asked "any language in this script" "雨伞先生昨天来了。" "a b"
asked "another script" "Дождь идёт." "b"
try 0 "the estimate knows" "$el4ner" tag -c two.yaml --pool pool.jsonl --types person --lang en --dry-run text.txt
that "the estimate knows" grep -Eq '^a( +0){5}' out
