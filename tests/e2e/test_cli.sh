#!/bin/sh
# The command line: help, mistakes, and where the configuration comes from.
. "$(dirname "$0")/lib.sh"

says 2 "el4ner --help lists them" "no command" "$el4ner"
says 2 "did you mean 'el4ner tag'" "a mistyped command" "$el4ner" tga
says 2 "unknown command 'frobnicate'" "an unknown command" "$el4ner" frobnicate
says 2 "did you mean '--types'" "a mistyped option" "$el4ner" tag --tpyes person -
says 2 "unknown option '-to'; did you mean '--to'" "a long option with one hyphen" "$el4ner" tag -to jsonl
that "help of a part" sh -c "$el4ner help pool build | grep -q '^Usage: el4ner pool build'"
says 2 "unknown option '-x'" "an unknown letter" "$el4ner" tag -x
says 2 "'--k' needs a value" "a value is missing" "$el4ner" tag --k
says 2 "takes no value" "a value too much" "$el4ner" tag --nested=yes -
says 2 '--lang: "english" is not a language code; use "en"' "--lang is the name of a language" "$el4ner" tag --lang english -
says 2 '--lang: "xx" is not a language code' "--lang is no language" "$el4ner" tag --lang xx -
says 2 "holds control characters" "--types with control characters" "$el4ner" tag --types "$(printf 'a\033[31m')" -
echo "Anna met Bob." >named.txt
says 2 "--cache needs the name of a file" "an empty name of the store" "$el4ner" tag --cache "" named.txt
says 2 "the name of an output is empty" "an empty name of the output" "$el4ner" tag -o "" named.txt
says 2 "the name of an output is empty" "an empty name of the trace" "$el4ner" tag --trace "" named.txt
says 2 "--k must be a whole number from 0 to 1000, not \"five\"" "k is no number" "$el4ner" tag --k five -
says 2 "give the files to tag" "no file" "$el4ner" tag
says 2 "cannot read missing.txt" "a file that is not there" "$el4ner" tag missing.txt
says 2 "standard input (-) can be read only once" "standard input twice" "$el4ner" tag - -
says 2 "--from must be one of text, jsonl, conll" "an unknown input format" "$el4ner" tag --from pdf -
says 2 "--to must be" "an unknown output format" "$el4ner" tag --to pdf -
says 2 "--offsets must be" "an unknown unit" "$el4ner" tag --offsets words -
says 2 "--profile must be default, votes or paper" "an unknown profile" "$el4ner" tag --profile best - </dev/null
says 2 "--types: an empty name" "an empty type" "$el4ner" tag --types a,,b - </dev/null
says 2 "no member has the name 'nobody'" "an unknown verifier" "$el4ner" tag --verifier nobody - </dev/null
says 2 "must be auto, on or off" "a wrong --constrain" "$el4ner" tag --constrain maybe - </dev/null
says 2 "cannot write nowhere/out.jsonl" "a folder that is not there" "$el4ner" tag -o nowhere/out.jsonl - </dev/null
says 2 "cannot write" "a trace that cannot be written" "$el4ner" tag --trace nowhere/trace - </dev/null
says 2 "takes no operand" "an operand too much" "$el4ner" config extra

for command in $("$el4ner" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'); do
    try 0 "$command --help" "$el4ner" "$command" --help &&
        that "$command --help" grep -q '^Usage: el4ner' out
done
try 0 "version" "$el4ner" --version && that "version" grep -Eq '^el4ner [0-9]+\.[0-9]+\.[0-9]+$' out

try 0 "the shipped configuration" "$el4ner" config && that "the shipped configuration" grep -q 'nano-a' out
"$el4ner" config >first 2>/dev/null
try 0 "config can be loaded again" "$el4ner" config -c first
that "config can be loaded again" test "$(sed 's/ *#.*//' out)" = "$(sed 's/ *#.*//' first)"
mkdir -p config/el4ner
for label in Chemical CHEMICAL chemical CHEM; do
    try 0 "the label $label" "$el4ner" config --types "$label" &&
        that "the wording of $label" grep -q 'wording: chemical$' out
done
echo "types: [ship]" >config/el4ner/config.yaml
try 0 "the user's configuration" "$el4ner" config && that "the user's configuration" grep -q '^  ship:' out
echo "types: [tree]" >el4ner.yaml
try 0 "the folder's configuration" "$el4ner" config && that "the folder's configuration" grep -q '^  tree:' out
rm el4ner.yaml

printf 'types:\n  - a\n typos: [\n' >broken.yaml
says 2 "broken.yaml:3:2: broken YAML" "broken YAML" "$el4ner" tag -c broken.yaml - </dev/null
printf 'members:\n  - name: a\n    ulr: http://127.0.0.1:1\n' >unknown.yaml
says 2 "unknown.yaml:3:5: unknown key 'ulr' in a member; did you mean 'url'?" "an unknown key" \
    "$el4ner" tag -c unknown.yaml - </dev/null
printf 'members:\n  - {name: a, url: "http://127.0.0.1:1", api_key_env: EL4NER_NO_SUCH_KEY}\n' >key.yaml
says 2 "EL4NER_NO_SUCH_KEY is not set" "a missing key" "$el4ner" members -c key.yaml

# The examples, with each of the alternatives in comments.
for file in "$root"/examples/*.yaml; do
    try 0 "${file##*/} loads" "$el4ner" config -c "$file" && pass "${file##*/} loads"
done
for set in GENIA ACE05; do
    python3 - "$root/examples/paper.yaml" $set >alternative.yaml <<'END'
import re, sys
text = open(sys.argv[1], encoding="utf-8").read()
head = text[:text.index("# WNUT17")]
block = text[text.index("# " + sys.argv[2] + ":"):].split("\n\n")[0]
print(head + re.sub(r"(?m)^# ?", "", block[block.index("\n#\n") + 3:]))
END
    try 0 "the types of $set load" "$el4ner" config -c alternative.yaml &&
        that "the types of $set load" grep -q 'nested: true' out
done

# Output that cannot be written, and files that must stay.
printf 'Ada B-person\n. O\n\n' >gold.conll
full_disk() { "$el4ner" "$@" >/dev/full; }
for command in "--help" "tag --help" "score gold.conll gold.conll" "score --json gold.conll gold.conll"; do
    # shellcheck disable=SC2086 # words
    says 1 "cannot write" "$command to a full disk" full_disk $command
done
echo old >old.jsonl
says 2 "cannot open" "a pool that is not there" "$el4ner" tag --pool nosuch --trace old.jsonl --manifest old.jsonl -o old.jsonl gold.conll
that "outputs of a run that did not begin are as they were" test "$(cat old.jsonl)" = old
says 2 "gold.conll is read and would be written over" "an output over the input" "$el4ner" tag gold.conll -o gold.conll
says 2 "cannot hold entities" "entities in plain text" "$el4ner" tag gold.conll -o out.txt
says 2 "cannot write nowhere/r.html" "a report into no folder" "$el4ner" eval gold.conll --report nowhere/r.html
says 2 "cannot read nosuch" "no gold file" "$el4ner" score nosuch gold.conll
says 2 "is an index" "scoring against an index" "$el4ner" score --pool p.el4 gold.conll gold.conll

# A member that is not there.
serve --api openai
configure dead.yaml "name: live, url: 'http://127.0.0.1:$port'" "name: dead, url: 'http://127.0.0.1:1'"
says 1 "the member dead gave no answer all through" "tag names a silent member" \
    "$el4ner" tag -c dead.yaml --no-cache --types person gold.conll
says 1 "the member dead gave no answer all through" "eval names a silent member" \
    "$el4ner" eval -c dead.yaml --no-cache --types auto --samples 0 gold.conll
mkdir temporary
TMPDIR=$work/temporary says 1 "gave no answer" "eval with a folder for temporary files" \
    "$el4ner" eval -c dead.yaml --no-cache --types auto --samples 0 --report r.html gold.conll
that "eval leaves no temporary file" test -z "$(ls temporary)"
TMPDIR=$work/nowhere says 1 "cannot make a temporary file in $work/nowhere" "eval without a folder for temporary files" \
    "$el4ner" eval -c dead.yaml --no-cache --types auto --samples 0 --report r.html gold.conll
says 1 "cannot write to standard output" "pool search to a full disk" \
    sh -c "'$el4ner' pool search 'Anna met Bob' >/dev/full"

# Types are shown in pre-extraction, or not.
for shown in true false; do
    configure types.yaml "name: live, url: 'http://127.0.0.1:$port'"
    printf 'types: {zeppelin: {aliases: [person]}}\nretrieve: {types: %s, spans: members}\n' "$shown" >>types.yaml
    try 0 "types: $shown" "$el4ner" tag -c types.yaml --no-cache --trace trace gold.conll
    that "types: $shown in pre-extraction" python3 -c '
import json
calls = json.loads(open("trace").readline())["retrieve"]["calls"]
assert calls and all(("zeppelin" in c["prompt"]) == ("'$shown'" == "true") for c in calls), calls'
done
