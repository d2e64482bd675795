#!/bin/sh
# What people type in their first hour: pipes, slips of words, a server without a configuration.
. "$(dirname "$0")/lib.sh"

# ---- Into a pipe ----
serve
configure ok.yaml "name: a, url: 'http://127.0.0.1:$port', prompts: compact"
long="Anna Berg met Carlo Dias in Eden, and then Francesca Gallo drove Henrik Ibarra to Jakobstad and Klagenfurt."
echo "$long" >long.txt
try 0 "the terminal's form into a pipe" "$el4ner" tag -q -c ok.yaml --to terminal long.txt
that "the terminal's form into a pipe is on one line" test "$(sed 's/\[\([^]]*\)\]([^)]*)/\1/g' out)" = "$long"
try 0 "convert" "$el4ner" tag -q -c ok.yaml long.txt -o long.jsonl
try 0 "convert to the terminal's form" "$el4ner" convert long.jsonl - --to terminal
that "convert does not break lines either" test "$(sed 's/\[\([^]]*\)\]([^)]*)/\1/g' out)" = "$long"

# A reader that has enough. The status of the command before the pipe goes into a file.
into_head() { # LINES COMMAND...
    lines=$1
    shift
    (
        "$@" 2>err
        echo $? >status
    ) | head -n "$lines" >out
}
serve --latency 50
configure slow.yaml "name: a, url: 'http://127.0.0.1:$port', prompts: compact, slots: 1"
awk 'BEGIN { for (i = 0; i < 30; i++) printf "{\"text\": \"Anna Berg met Carlo Dias in Eden, number %d.\"}\n", i }' >thirty.jsonl
into_head 1 "$el4ner" tag -c slow.yaml --no-cache --window 1 thirty.jsonl
that "tag into head gives what was asked for" test "$(grep -c . out)" = 1
that "tag into head ends without a word" test "$(cat err)" = ""
that "tag into head ends by the signal, as others do" test "$(cat status)" = 141
into_head 0 "$el4ner" tag -q -c slow.yaml --no-cache --window 1 thirty.jsonl -o whole.jsonl
that "an output of its own does not end with the pipe" test "$(grep -c . whole.jsonl) $(cat status)" = "30 0"
ignoring() {
    trap '' PIPE
    "$@"
}
into_head 1 ignoring "$el4ner" tag -q -c slow.yaml --no-cache --window 1 thirty.jsonl
that "where SIGPIPE is ignored it is an error that is said" grep -q "cannot write" err
that "and has the status of one" test "$(cat status)" = 1

# ---- Stored replies are those of the same model ----
stored() { # how many replies of the last run came from the store
    sed -n 's/^el4ner: \([0-9]*\) of [0-9]* replies came from the store.*/\1/p' err
}
pair() { # API PATH OTHER-PATH
    serve --api "$1" --model same --path "$2"
    configure one.yaml "name: a, url: 'http://127.0.0.1:$port', prompts: compact, model: same"
    serve --api "$1" --model same --path "$3"
    configure two.yaml "name: a, url: 'http://127.0.0.1:$port', prompts: compact, model: same"
    rm -f pair.db*
    try 0 "$1: a run" "$el4ner" tag -c one.yaml --cache pair.db long.txt
    that "$1: a first run takes nothing from the store" test -z "$(stored)"
    try 0 "$1: the same again" "$el4ner" tag -c one.yaml --cache pair.db long.txt
    that "$1: the summary says what came from the store" test "$(stored)" -ge 3
    try 0 "$1: another server" "$el4ner" tag -c two.yaml --cache pair.db long.txt
}
for api in llama openai ollama; do
    pair $api /models/one.gguf /models/two.gguf
    that "$api: another model of the same name is asked" test -z "$(stored)"
    pair $api /models/one.gguf /models/one.gguf
    that "$api: the same model at another address is known again" test "$(stored)" -ge 3
    pair $api "" ""
    that "$api: a server that tells nothing is known by its address" test -z "$(stored)"
done
awk 'BEGIN { for (i = 0; i < 30; i++) printf "{\"text\": \"Anna Berg met Carlo Dias, number %d.\", \"entities\": [{\"start\": 0, \"end\": 9, \"type\": \"person\"}]}\n", i }' >labelled.jsonl
twice() { # STATUS COMMAND...
    wanted=$1 command=$2
    shift
    try "$wanted" "$command" "$el4ner" "$@" -c one.yaml --cache pair.db
    try "$wanted" "$command again" "$el4ner" "$@" -c one.yaml --cache pair.db
    that "$command says what came from the store" test "$(stored)" -ge 30
}
twice 0 eval --samples 0 --types auto labelled.jsonl
twice 0 tune --sentences 10 --pool labelled.jsonl --types person
refresh() { "$el4ner" tag -c "$@" --cache pair.db --refresh long.txt; }
replies() { "$el4ner" cache export --cache pair.db | wc -l; }
count=$(replies)
try 0 "refresh" refresh one.yaml
that "--refresh asks anew" test -z "$(stored)"
that "--refresh replaces" test "$(replies)" = "$count"
printf '%s\n%s\n' "$long" "$long" >twice.txt
try 0 "refresh of what comes twice" "$el4ner" tag -c one.yaml --cache pair.db --refresh --window 1 twice.txt
that "what this run has asked is not asked again" test "$(stored)" -ge 3
says 2 "give one of them" "--refresh without a store" "$el4ner" tag -c one.yaml --refresh --no-cache long.txt

# ---- The other ending ----
echo "types: [ship]" >el4ner.yml
try 0 "el4ner.yml" "$el4ner" config
that "el4ner.yml is read" grep -q '^  ship:' out
echo "types: [tree]" >el4ner.yaml
says 2 "el4ner.yaml and el4ner.yml are both there" "el4ner.yml beside el4ner.yaml" "$el4ner" config
try 0 "one of two is named" "$el4ner" config -c el4ner.yml
rm el4ner.yaml el4ner.yml
mkdir -p config/el4ner
echo "types: [bird]" >config/el4ner/config.yml
try 0 "config.yml" "$el4ner" config
that "the user's config.yml is read" grep -q '^  bird:' out
rm config/el4ner/config.yml

# ---- Words that people try ----
key() { # FILE WORD KEY: the error about WORD names KEY
    says 2 "unknown key '$2' in $3" "$2 in $3" "$el4ner" config -c "$1"
    that "$2 leads to $4" grep -qF "; use '$4'" err
}
member_key() {
    echo "members: [{name: a, url: 'http://127.0.0.1:1', $1: x}]" >word.yaml
    key word.yaml "$1" "a member" "$2"
}
member_key api_key api_key_env
that "api_key says what to write" grep -qF "environment variable" err
member_key base_url url
member_key endpoint url
member_key n_ctx context
member_key path gguf
echo "types: {person: {desc: people}}" >word.yaml
key word.yaml desc "a type" description
echo "models: []" >word.yaml
key word.yaml models "the configuration" members
echo "entities: [person]" >word.yaml
key word.yaml entities "the configuration" types
for format in label-studio LabelStudio prodigy JSONL ndjson conll-u bio; do
    try 0 "--to $format" "$el4ner" convert long.jsonl - --to "$format" && that "--to $format" test -s out
done
says 2 "jsonl (one document a line)" "--to json" "$el4ner" convert long.jsonl - --to json
says 2 "one of text, jsonl" "--from json" "$el4ner" tag --from yaml long.txt
printf '%%PDF-1.4\n' >"a report.pdf"
says 2 "pdftotext 'a report.pdf' OUT.txt" "the command for a PDF names it" "$el4ner" convert "a report.pdf" - --to jsonl
cp "a report.pdf" "Zoë's.pdf"
says 2 "pdftotext 'Zoë'\\''s.pdf' OUT.txt" "a name with a quotation mark" "$el4ner" convert "Zoë's.pdf" - --to jsonl
says 2 "pdftotext IN OUT.txt" "the command for standard input" "$el4ner" convert - - --to jsonl <"a report.pdf"

# ---- A server without a configuration ----
serve --api openai --model one --record asked
url=http://127.0.0.1:$port
try 0 "--url" "$el4ner" tag --url "$url" --model other --no-cache long.txt
that "--url: the server is asked for the model" grep -qF '"model":"other"' asked
that "--url: the member has the model's name" grep -qF '  other classify' err
that "--url: not the built-in models" sh -c "! grep -q 'built-in' err"
try 0 "--url alone" "$el4ner" tag --url "$url" --no-cache long.txt
that "--url alone: one member" grep -qF '  model classify' err
that "--url alone: the first model that the server lists" grep -qF '"model":"one"' asked
echo "verify: {by: nano-b}" >by.yaml
try 0 "--url over a configuration" "$el4ner" tag -q -c by.yaml --url "$url" --no-cache long.txt
try 0 "members --url" "$el4ner" members --no-speed --url "$url" --model one
that "members --url" grep -qF "one at $url" out
"$el4ner" config --url "$url" --model one >written.yaml
try 0 "what config --url prints" "$el4ner" tag -q -c written.yaml --no-cache long.txt
try 0 "eval --url" "$el4ner" eval -q --url "$url" --model one --no-cache --types auto --samples 0 long.jsonl
try 0 "tune --url --dry-run" "$el4ner" tune -q --url "$url" --model one --dry-run
says 2 "write one first" "tune --url -o" "$el4ner" tune --url "$url" -o tuned.yaml
says 2 "give the server with --url" "--model without --url" "$el4ner" tag --model one long.txt
says 2 "the variable with the key of the server that --url names" "--key-env without --url" \
    "$el4ner" tag --key-env KEY long.txt
serve --api openai --model one --key a-secret
url=http://127.0.0.1:$port
says 3 "HTTP 401" "--url of a server that wants a key" "$el4ner" tag --url "$url" --no-cache long.txt
try 0 "--key-env" env KEY=a-secret "$el4ner" tag --url "$url" --key-env KEY --no-cache long.txt && pass "--key-env"
says 2 "the environment variable KEY is not set" "--key-env that is not set" \
    env -u KEY "$el4ner" tag --url "$url" --key-env KEY long.txt
says 2 "is not a server URL" "--url that is none" "$el4ner" tag --url localhost:8080 long.txt

# ---- Labels of the input ----
printf 'Ada B-PER\nKing I-PER\nmet O\nBob B-PER\n\n# the end\n' >labelled.conll
tag_types() { sed -n 's/.* [BI]-//p' "$1" | sort -u | tr '\n' ' '; }
try 0 "--types auto" "$el4ner" tag -q -c ok.yaml --types auto --no-cache labelled.conll -o auto.conll
that "--types auto: the labels of the input" test "$(tag_types auto.conll)" = "PER "
that "--types auto: only tags differ" test "$(sed 's/ [^ ]*$//' labelled.conll)" = "$(sed 's/ [^ ]*$//' auto.conll)"
# shellcheck disable=SC2016 # the shell's own
try 0 "--types auto of standard input" sh -c '"$1" tag -q -c ok.yaml --types auto --no-cache - --to conll <labelled.conll' - "$el4ner"
try 0 "--types auto without labels" "$el4ner" config -c ok.yaml --types auto
that "--types auto without labels: those of the pool" grep -q '^  creative work:' out
try 0 "--types auto of a text" "$el4ner" tag -q -c ok.yaml --types auto --no-cache long.txt && pass "--types auto of a text"

# ---- A value that is an option ----
says 2 "the option '--summary' needs a value, and '-o' is an option" "--summary without a value" \
    "$el4ner" tag -c ok.yaml --summary -o x.jsonl long.txt
says 2 "the option '-o' needs a value, and '--no-cache' is an option" "-o without a value" \
    "$el4ner" tag -c ok.yaml -o --no-cache long.txt
try 0 "a value that begins like one" "$el4ner" tag -q -c ok.yaml --no-cache --summary=-o long.txt
that "a value that begins like one" grep -q "in 1 document$" ./-o

# ---- Only what is sure ----
scores() { grep -o '"score": [0-9.]*' out | sort -u | sed 's/.*: //'; }
try 0 "scores" "$el4ner" tag -c ok.yaml long.txt
least=$(scores | head -n 1)
entities=$(grep -o '"score"' out | wc -l)
try 0 "--min-score at the least" "$el4ner" tag -c ok.yaml --min-score "$least" long.txt
that "an entity with this score stays" test "$(grep -o '"score"' out | wc -l)" = "$entities"
says 0 "$entities of these entities score below 1 and are left out" "--min-score 1" "$el4ner" tag -c ok.yaml --min-score 1 long.txt
that "--min-score leaves them out" test "$(grep -o '"score"' out | wc -l)" = 0
says 2 "must be a number from 0 to 1" "--min-score 80" "$el4ner" tag --min-score 80 long.txt

# ---- JSON of other shapes ----
printf '{"nr": 7, "body": "Anna met Bob.", "more": 1}\n' >body.jsonl
says 1 'if "body" is the text, say --text-field' "a text of another name" "$el4ner" convert body.jsonl - --to jsonl
try 0 "--text-field" "$el4ner" convert body.jsonl - --to jsonl --text-field body --id-field nr
that "--text-field, --id-field" test "$(cat out)" = '{"id": "7", "text": "Anna met Bob.", "offset_unit": "codepoint", "more": 1}'
says 1 'has no field "boby", which --text-field names' "--text-field that is not there" \
    "$el4ner" convert body.jsonl - --to jsonl --text-field boby
printf '{"text": "A title", "body": "Anna met Bob."}\n' >both.jsonl
says 0 'is left out' "--text-field beside a text" "$el4ner" convert both.jsonl - --to jsonl --text-field body
printf '[{"text": "Anna met Bob."},\n {"text": "Carlo"}]\n' >array.json
try 0 "an array of objects" "$el4ner" convert array.json - --to jsonl && that "an array of objects" test "$(grep -c . out)" = 2
echo '["Anna met Bob.", "Carlo"]' >strings.json
says 1 'such as {"text": ...}, not a string' "an array of strings" "$el4ner" convert strings.json - --to jsonl
