#!/bin/sh
# test_tune.sh: el4ner tune, through the command: what it fits to the shipped models and a pool of our
# own, that tag and eval take the result, and what it refuses.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
pool=$root/examples/annotated.jsonl

says 2 "takes no operand" "an operand" "$el4ner" tune pool.jsonl
says 2 "--for" "an aim that is none" "$el4ner" tune --for speed
says 2 "--sentences" "too few sentences to ask for" "$el4ner" tune --sentences 3
says 2 "/nowhere/" "an output that cannot be written" "$el4ner" tune -o /nowhere/x.yaml
try 0 "the cost" "$el4ner" tune --dry-run --pool "$pool" --sentences 20 &&
    that "the cost" grep -Eq '^nano-b +[0-9]+ +[0-9]+ +[0-9]+$' out

printf 'types: {person: , organization: , location: }\npool: %s\n' "$pool" >own.yaml
printf 'base: own.yaml\ntypes: [person]\n' >derived.yaml
try 0 "a configuration on top of another" "$el4ner" config -c derived.yaml &&
    that "a configuration on top of another" grep -q "^pool: .*annotated.jsonl" out
printf 'base: loop.yaml\n' >loop.yaml
says 2 "loop.yaml:1:7: 'base' leads through more than" "a base in a circle" "$el4ner" config -c loop.yaml
printf 'base: none.yaml\n' >lost.yaml
says 2 "lost.yaml:1:7: cannot read the configuration" "a base that is not there" "$el4ner" config -c lost.yaml
printf 'judge: {trust: {nobody: 1}}\n' >judge.yaml
says 2 "judge.yaml:1:17: no member has the name 'nobody'" "a judgement of other members" \
    "$el4ner" config -c judge.yaml
printf 'judge: {threshold: 2}\n' >judge.yaml
says 2 "judge.yaml:1:20" "a threshold above 1" "$el4ner" config -c judge.yaml

try 0 "types of the pool" "$el4ner" config --types auto --pool "$pool" &&
    that "types of the pool" grep -q '^    wording: ' out

if ! "$el4ner" members -c own.yaml --json 2>/dev/null | grep -q nano-a; then
    skip "tuning the shipped models: no llama-server"
    exit 0
fi

try 0 "tune" "$el4ner" tune -c own.yaml --sentences 60 --seed 3 -o tuned.yaml --json || exit 0
cp out tuned.json
that "what was fitted" python3 - <<'END'
import json
r = json.load(open("tuned.json"))
assert not r["too_few"] and r["sentences"] == 60
assert 0 < r["right"] < r["candidates"], r
for f in r["as_configured"], r["untuned"], r["tuned"]:
    p, q = f["precision"], f["recall"]
    assert abs(f["f1"] - 2 * p * q / (p + q)) < 1e-9, f
    assert 0 <= f["calibration_error"] <= 1
# It is worth more than to keep every candidate.
everything = 2 * r["right"] / (r["candidates"] + r["mentions"])
assert r["tuned"]["f1"] >= everything - 1e-9, (r, everything)
best = max([r["f1_if_nobody_verifies"], r["f1_if_all_verify"]] +
           [m["f1_if_it_verifies"] for m in r["members"].values()])
assert r["tuned"]["f1"] >= best - 0.005 - 1e-9
# What is configured is the untuned judgement, after overlaps are resolved.
configured, untuned = r["as_configured"], r["untuned"]
assert configured["recall"] <= untuned["recall"] <= configured["recall"] + 0.05, r
assert configured["precision"] >= untuned["precision"] - 0.05, r
# A fit of types that does not see what the pool's labels say of them is 3 points below.
assert r["tuned"]["f1"] > untuned["f1"] - 0.02, r
gain = r["tuned_less_untuned"]
assert abs(gain["f1_difference"] - (r["tuned"]["f1"] - untuned["f1"])) < 1e-9, r
assert gain["interval"][0] <= gain["f1_difference"] <= gain["interval"][1] and 0 < gain["p"] <= 1, r
END
that "the file says what it is" grep -q "^# Fitted by el4ner tune to 60 sentences" tuned.yaml
try 0 "the same again, from stored replies" "$el4ner" tune -c own.yaml --sentences 60 --seed 3 -o again.yaml &&
    that "the same again, from stored replies" cmp tuned.yaml again.yaml
that "the labels alone are not as good there" sh -c '! grep -q "labels alone are as good" out'

# What only the pool says of itself stays as it is untuned, and the threshold follows from it.
held() { grep -E '^  (threshold|trust_pool|bias|pool): ' "$1"; }
that "the bias, the weight of the pool's labels and the threshold are not fitted" \
    test "$(held tuned.yaml)" = "$(printf '  threshold: 0.25\n  trust_pool: 1\n  bias: -0.86\n  pool: 0.55')"
try 0 "for precision" "$el4ner" tune -c own.yaml --sentences 60 --seed 3 --for precision -o precise.yaml &&
    that "for precision" test "$(held precise.yaml)" = "$(printf '  threshold: 0.4\n  trust_pool: 1\n  bias: -0.86\n  pool: 0.55')"
that "what members say is" sh -c "! grep -q '^  listed: {nano-a: 0.46, nano-b: 0.46, nano-c: 0.46}' tuned.yaml"

mkdir -p elsewhere
cp tuned.yaml elsewhere/
try 0 "the tuned configuration loads anywhere" "$el4ner" config -c elsewhere/tuned.yaml &&
    that "the tuned configuration loads anywhere" grep -q '^judge:  # fitted' out
cp out printed.yaml
try 0 "it can be printed and loaded again" "$el4ner" config -c printed.yaml &&
    that "it can be printed and loaded again" test "$(sed 's/ *#.*//' out)" = "$(sed 's/ *#.*//' printed.yaml)"

echo "Edith Carrow of the Penrose Trust spoke in Oslo, and Edith Carrow left." >text.txt
try 0 "tagging with it" "$el4ner" tag -c tuned.yaml text.txt --trace trace.jsonl -o tagged.jsonl
that "scores are probabilities above the threshold" python3 - <<'END'
import json, re
threshold = float(re.search(r"threshold: ([\d.]+)", open("tuned.yaml").read()).group(1))
entities = json.loads(open("tagged.jsonl").readline())["entities"]
candidates = json.loads(open("trace.jsonl").readline())["candidates"]
assert candidates
kept = {c["text"]: c["probability"] for c in candidates if not c["dropped"]}
for c in candidates:
    if "type" in c:
        assert c["dropped"] == (c["probability"] < threshold), c
for e in entities:
    assert abs(e["score"] - kept[e["text"]]) < 1e-4 and e["score"] >= threshold - 1e-4, e
runs = [c for c in candidates if not c["extracted_by"]]
assert all("probability" in c for c in runs if "type" in c), runs
assert {c["text"] for c in candidates} >= {"Edith Carrow", "Penrose Trust", "Oslo"}, candidates
spans = sorted((e["start"], e["end"]) for e in entities)
assert all(a[1] <= b[0] for a, b in zip(spans, spans[1:])), spans
END
# Labels that no model would think of: every word "radar".
python3 - <<'END'
import json
with open("radar.jsonl", "w") as out:
    for i in range(60):
        text = f"The radar of house {i} turned ." if i % 2 else f"The door of house {i} turned ."
        at = text.find("radar")
        entities = [{"start": at, "end": at + 5, "type": "location"}] if at >= 0 else []
        print(json.dumps({"text": text, "entities": entities}), file=out)
END
printf 'base: own.yaml\npool: radar.jsonl\nextract: {from_pool: 0.3}\nverify: {by: none}\n' >radar.yaml
echo "The radar of ships turned ." >radar.txt
try 0 "candidates by the pool's labels" "$el4ner" tag -c radar.yaml radar.txt --trace trace.jsonl -o tagged.jsonl &&
    that "candidates by the pool's labels" python3 - <<'END'
import json
candidates = {c["text"]: c for c in json.loads(open("trace.jsonl").readline())["candidates"]}
assert "radar" in candidates and not candidates["radar"]["extracted_by"], candidates
END
# What the members list beside it is never labelled.
sed 's/ turned / turned for Anna Berg of Oslo /' radar.jsonl >known.jsonl
printf 'base: own.yaml\npool: known.jsonl\n' >known.yaml
try 0 "tune where the labels know all" "$el4ner" tune -c known.yaml --sentences 40 --quick &&
    that "the labels alone are named where they are as good" grep -q "labels alone are as good: 'judge: labels'" out
printf 'extract: {from_pool: 2}\n' >wrong.yaml
says 2 "wrong.yaml:1:22" "a probability above 1" "$el4ner" config -c wrong.yaml
printf 'base: own.yaml\nextract: {from_pool: 0.03}\nverify: {by: none}\njudge: general\n' >general.yaml
try 0 "the general judgement" "$el4ner" config -c general.yaml --types ship,person &&
    that "the general judgement" grep -qx 'judge: general' out
cp out printed.yaml
try 0 "the general judgement, printed and loaded" "$el4ner" config -c printed.yaml &&
    that "the general judgement, printed and loaded" test "$(sed 's/ *#.*//' out)" = "$(sed 's/ *#.*//' printed.yaml)"
try 0 "the general judgement with other types" "$el4ner" tag -c general.yaml --types ship,person text.txt \
    --trace trace.jsonl -o tagged.jsonl &&
    that "the general judgement with other types" python3 - <<'END'
import json
candidates = json.loads(open("trace.jsonl").readline())["candidates"]
assert any("probability" in c for c in candidates), candidates
for e in json.loads(open("tagged.jsonl").readline())["entities"]:
    assert e["type"] in ("ship", "person") and 0.2 < e["score"] <= 1, e
END
# An ensemble that says that its members were trained for el4ner; other members were not.
mkdir -p config/el4ner/ensembles
sed 's/^members:/judge: trained\n&/' "$root/ensembles/nano.yaml" >config/el4ner/ensembles/mine.yaml
try 0 "members that were trained" "$el4ner" config -c own.yaml --ensemble mine &&
    that "members that were trained" grep -qx 'judge: trained' out
try 0 "members that were trained, by default" "$el4ner" config -c own.yaml --ensemble mine --profile default &&
    that "members that were trained, by default" grep -qx 'judge: trained' out
try 0 "members that were trained, by votes" "$el4ner" config -c own.yaml --ensemble mine --profile votes &&
    that "members that were trained, by votes" test "$(grep -c '^judge' out)" = 0
try 0 "a text by members that were trained" "$el4ner" tag -c own.yaml --ensemble mine text.txt -o tagged.jsonl &&
    that "a text by members that were trained" test -s tagged.jsonl
printf 'base: radar.yaml\nextract: {from_pool: 0.03}\njudge: labels\n' >labels.yaml
try 0 "the labels alone" "$el4ner" config -c labels.yaml --types auto && that "the labels alone" grep -qx 'judge: labels' out
try 0 "the labels alone ask no member" "$el4ner" tag -c labels.yaml --types auto radar.txt --trace trace.jsonl \
    -o tagged.jsonl &&
    that "the labels alone ask no member" python3 - <<'END'
import json
line = json.loads(open("trace.jsonl").readline())
assert not any(line[stage]["calls"] for stage in ("retrieve", "extract", "classify", "verify")), line
entities = json.loads(open("tagged.jsonl").readline())["entities"]
assert [(e["text"], e["type"], e["extracted_by"]) for e in entities] == [("radar", "location", [])], entities
END
printf 'base: labels.yaml\nllama_server: /none\nmembers: [{name: a, gguf: %s}, {name: b, url: "http://127.0.0.1:1"}]\n' \
    "$root/models/nano-a.gguf" >nobody.yaml
cp tagged.jsonl by-members.jsonl
try 0 "the labels alone need no server" "$el4ner" tag -c nobody.yaml --types auto radar.txt -o tagged.jsonl &&
    that "the labels alone need no server" cmp tagged.jsonl by-members.jsonl
says 3 "no member can be reached" "members that are compared with the labels do" "$el4ner" eval -c nobody.yaml --types auto \
    --ablate voting tagged.jsonl
# Where the server tells, a judgement of trained members hears how probable each span was in a member's list; and the
# member lists one at least, whatever it thinks of it. Where it is asked for, any judgement does. All are shown two
# demonstrations.
plain_prompts
echo "Anna Berg met Carlo Dias in Eden." >met.txt
for case in trained:auto trained:off general:auto general:on; do
    serve --record calls-told
    printf 'judge: %s\nextract: {some: %s}\npool: %s\ntypes: [person, location]\nmembers: [{name: m, url: "http://127.0.0.1:%s", prompts: %s}]\n' \
        "${case%:*}" "${case#*:}" "$pool" "$port" "$PWD/plain" >told.yaml
    try 0 "lists, $case" "$el4ner" tag -c told.yaml --no-cache met.txt --trace trace.jsonl -o tagged.jsonl &&
        that "lists, $case" python3 - "$case" <<'END'
import json, sys
some = sys.argv[1] in ("trained:auto", "general:on")
line = json.loads(open("trace.jsonl").readline())
assert len(line["retrieve"]["demonstrations"]) == 2, line["retrieve"]
candidates = line["candidates"]
listed = {c["text"]: c.get("listed") for c in candidates if c["extracted_by"]}
assert listed, candidates
for told in listed.values():
    assert abs(told["m"] - 0.8) < 1e-3 if some else told is None, listed
roots = {line for call in map(json.loads, open("calls-told")) for line in call.get("grammar", "").splitlines()
         if line.startswith('root ::= "["')}
assert roots == {'root ::= "[" f0%s "]"' % ("" if some else "?")}, roots
END
done
# What a judgement drops whatever is answered is not asked about; with lazy votes off, it is. The outcome is the same.
head -n 4 "$root/examples/news.txt" >news.txt
for by in none a; do
    for lazy in false true; do
        printf 'judge: trained\nretrieve: {k: 1}\nverify: {by: %s}\nlazy_votes: %s\nmembers: [{name: a, gguf: %s, prompts: conversation}]\n' \
            $by $lazy "$root/models/nano-a.gguf" >lazy.yaml
        try 0 "lazy votes: $lazy, verifies: $by" "$el4ner" tag -c lazy.yaml news.txt --cache lazy.db --trace trace.jsonl \
            --account account-$lazy.json -o $lazy.jsonl
    done
    that "nobody is asked about what is dropped in any case; verifies: $by" python3 - <<'END'
import json
asked, lazy = (json.load(open(f"account-{word}.json")) for word in ("false", "true"))
calls = [a["members"]["a"]["classify"]["calls"] for a in (asked, lazy)]
assert 0 < calls[1] < calls[0] and calls[0] - calls[1] == lazy["saved_calls"] - asked["saved_calls"], (asked, lazy)
assert lazy["members"]["a"]["classify"]["from_store"] == calls[1], lazy
candidates = [c for line in open("trace.jsonl") for c in json.loads(line)["candidates"]]
ruled_out = [c for c in candidates if c.get("ruled_out")]
assert len(ruled_out) == calls[0] - calls[1] and all(c["dropped"] and not c["votes"] for c in ruled_out), candidates
END
    that "and the outcome is the same; verifies: $by" cmp false.jsonl true.jsonl
done
printf 'judge: sometimes\n' >wrong.yaml
says 2 "wrong.yaml:1:8" "a judgement of no such name" "$el4ner" config -c wrong.yaml
try 0 "tune --quick" "$el4ner" tune -c own.yaml --sentences 60 --seed 3 --quick -o quick.yaml --table table.tsv --json &&
    that "tune --quick" python3 - <<'END'
import json
quick, whole = json.load(open("out")), json.load(open("tuned.json"))
assert "as_configured" not in quick and "f1_if_all_verify" not in quick
assert abs(quick["f1_if_nobody_verifies"] - whole["f1_if_nobody_verifies"]) < 1e-9
assert quick["untuned"] == whole["untuned"]
assert quick["pool_alone"] == whole["pool_alone"] and 0 < quick["pool_alone"]["f1"] < 1
assert quick["tuned"]["f1"] == quick["f1_if_nobody_verifies"]
rows = [line.rstrip("\n").split("\t") for line in open("table.tsv")]
table = [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
assert sum(int(r["right"]) for r in table) == quick["right"]
assert sum(int(r["occurrences"]) for r in table) == quick["candidates"]
assert {r["bias"] for r in table} == {"1"} and {r["listed.nano-a"] for r in table} <= {"1", "-1", "0"}
END
that "tune --quick: nobody verifies" grep -q "by: none" quick.yaml
# Of a store of its own: what was asked for. Verifiers tell the probability of "yes".
asked='import sqlite3, sys; print(*sqlite3.connect(sys.argv[1]).execute("select count(*), count(yes) from replies").fetchone())'
"$el4ner" tune -c own.yaml --sentences 12 --seed 3 --cache whole.db >out 2>err
"$el4ner" tune -c own.yaml --sentences 12 --seed 3 --cache quick.db --quick >out 2>err
python3 -c "$asked" whole.db >whole.txt
python3 -c "$asked" quick.db >quick.txt
that "tune --quick asks no verifier" grep -q "^[1-9][0-9]* 0$" quick.txt
that "tune --quick asks less than half" test $((2 * $(cut -d' ' -f1 quick.txt))) -lt "$(cut -d' ' -f1 whole.txt)"
that "the whole tuning asks verifiers" grep -q "^[1-9][0-9]* [1-9]" whole.txt
says 2 "fitted without the type 'ship'" "types it was not fitted for" \
    "$el4ner" tag -c tuned.yaml --types person,ship text.txt
try 0 "types in another order" "$el4ner" config -c tuned.yaml --types location,person &&
    that "types in another order" grep -q 'of_type: {location' out
printf 'base: tuned.yaml\ntypes: [person]\n' >narrow.yaml
says 2 "run el4ner tune again" "other types on top of it" "$el4ner" config -c narrow.yaml
try 0 "the paper profile judges by its own rules" "$el4ner" config -c tuned.yaml --profile paper &&
    that "the paper profile judges by its own rules" sh -c '! grep -q "^judge:\|from_pool: 0\\." out'

printf '{"text": "Rain fell.", "entities": []}\n{"text": "Snow fell.", "entities": []}\n{"text": "Ada came.", "entities": [{"start": 0, "end": 3, "type": "person"}]}\n' >tiny.jsonl
says 1 "too few mentions of the types" "a pool that is too small" \
    "$el4ner" tune --pool tiny.jsonl --types person -o tiny.yaml --no-cache
that "a pool that is too small writes nothing" test ! -e tiny.yaml
says 1 "No member was asked" "a pool without labels of the types" \
    "$el4ner" tune --pool "$pool" --types vehicle --sentences 60 -o tiny.yaml --no-cache
for name in Ada Bea Cid Dan Eva Fay Gus Hal Ida Jan Kim Lou; do
    printf '{"text": "%s came.", "entities": [{"start": 0, "end": 3, "type": "person"}]}\n' $name
done >plain.jsonl
says 1 "too few right or wrong candidates" "a pool without anything to be wrong about" \
    "$el4ner" tune --pool plain.jsonl --types person -o tiny.yaml
that "a pool without anything to be wrong about writes nothing" test ! -e tiny.yaml
