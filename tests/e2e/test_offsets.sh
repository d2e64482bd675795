#!/bin/sh
# Offsets: in every unit, an entity's text is the slice of the document at its offsets.
. "$(dirname "$0")/lib.sh"
serve_by python3 "$root/tests/e2e/pieces_server.py"
configure ok.yaml "name: a, url: 'http://127.0.0.1:$port', api: llama, prompts: compact"
cat >slices.py <<'END'
import json, sys
unit, source, tagged = sys.argv[1:4]
wanted = [json.loads(l)["text"] for l in open(source, encoding="utf-8")]
got = [json.loads(l) for l in open(tagged, encoding="utf-8")]
assert [d["text"] for d in got] == wanted, "texts differ"
count = 0
for d in got:
    text = d["text"]
    assert d["offset_unit"] == unit, d["offset_unit"]
    for e in d["entities"]:
        if unit == "codepoint":
            piece = text[e["start"]:e["end"]]
        elif unit == "byte":
            piece = text.encode()[e["start"]:e["end"]].decode()
        else:
            piece = text.encode("utf-16-le")[2 * e["start"]:2 * e["end"]].decode("utf-16-le")
        assert piece == e["text"] != "", (piece, e)
        count += 1
print(count, "entities")
assert count >= int(sys.argv[4]), count
END
check_set() { # NAME FILE ATLEAST
    for unit in codepoint byte utf16; do
        try 0 "$1 in $unit" "$el4ner" tag -c ok.yaml --k 1 --no-cache -o tagged.jsonl --offsets $unit "$2" || continue
        that "$1: every entity is its slice, in $unit" python3 slices.py $unit "$2" tagged.jsonl "$3"
    done
}
cat >own.jsonl <<'END'
{"id": "1", "text": "🦊 Ágnes Ødegård met 𝒳 Čedo in Žepče — “Ünal”."}
{"id": "2", "text": "  Τάσος\tΝίκος\r\nwent  home  "}
{"id": "3", "text": "周明远 and Maria 👩‍👩‍👧 Lübeck e\u0301 Éva"}
{"id": "4", "text": ""}
{"id": "5", "text": "No"}
END
check_set "own texts" own.jsonl 3
for name in uner_zh_gsd uner_da_ddt uner_hr_set uner_en_ewt; do
    dev=$shared/data/$name/dev.jsonl
    if [ ! -r "$dev" ]; then
        skip "$name: no $dev"
        continue
    fi
    head -n 200 "$dev" | python3 -c '
import json, sys
for line in sys.stdin:
    d = json.loads(line)
    print(json.dumps({"id": d["id"], "text": d["text"]}, ensure_ascii=False))' >set.jsonl
    check_set "$name" set.jsonl 100
done
