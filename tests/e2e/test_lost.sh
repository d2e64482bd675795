#!/bin/sh
# Output is not lost: a run that ends with nothing leaves the older file, a killed one leaves
# nothing of its own, and what is done of a long text is written.
. "$(dirname "$0")/lib.sh"
printf '%s\n' '{"id": "1", "text": "Anna Berg met Carlo Dias.", "entities": [{"start": 0, "end": 9, "type": "person"}]}' >gold.jsonl
echo 'a good result' >good
keep() { cp good "$1"; }
kept() { that "$1" cmp good "$2"; }
alone() { test "$(find . -maxdepth 1 -name "*$1*" ! -name "$1" | wc -l)" = 0; }
dead() { test -z "$(find . -name '.el4ner-*')"; }

serve
configure ok.yaml "name: a, url: 'http://127.0.0.1:$port', prompts: compact"
serve --fault 'hang%1'
configure hang.yaml "name: a, url: 'http://127.0.0.1:$port', prompts: compact"

# A folder of brat whose files do not fit on the disk.
mkdir brat
keep brat/1.txt
awk 'BEGIN { printf "{\"id\": \"1\", \"text\": \""; for (i = 0; i < 2000; i++) printf "Anna "; print "\"}" }' >large.jsonl
# shellcheck disable=SC2016 # the shell's own
says 1 "cannot write" "brat without room" sh -c 'trap "" XFSZ; ulimit -f 4; exec "$1" convert large.jsonl brat --to brat' - "$el4ner"
kept "brat without room leaves the older file" brat/1.txt
that "and nothing of its own" dead

# An input that cannot be read.
printf 'no JSON\n' >broken.jsonl
keep out.jsonl
says 1 "out.jsonl stays as it was" "tag of a broken input says that it wrote nothing" \
    "$el4ner" tag -c ok.yaml broken.jsonl -o out.jsonl
kept "tag of a broken input leaves the older output" out.jsonl
keep trace.jsonl
try 1 "a trace of a broken input" "$el4ner" tag -c ok.yaml broken.jsonl -o out.jsonl --trace trace.jsonl
kept "a broken input leaves the older trace" trace.jsonl
keep out.jsonl
"$el4ner" convert broken.jsonl out.conll >out 2>err
that "convert of a broken input makes no file" test ! -e out.conll

# An empty file among others does not fail the run; nothing but empty files does.
: >empty1.txt
: >empty2.jsonl
echo "Anna Berg met Carlo Dias." >one.txt
says 0 "empty1.txt: is empty, and left out" "an empty file among others" \
    "$el4ner" tag -c ok.yaml empty1.txt one.txt empty2.jsonl -o some.jsonl
that "an empty file among others: the rest is written" test "$(grep -c '"one.txt"' some.jsonl)" = 1
keep out.jsonl
says 1 "is empty" "nothing but empty files" "$el4ner" tag -c ok.yaml empty1.txt empty2.jsonl -o out.jsonl
kept "nothing but empty files leave the older output" out.jsonl

# Two Ctrl-C before anything is done.
keep out.jsonl
attended "$el4ner" tag -c hang.yaml --no-cache gold.jsonl -o out.jsonl >out 2>err &
pid=$!
wait_until 60 asked 1
kill -INT $pid
wait_until 60 grep -q 'Ctrl-C again' err
kill -INT $pid
ends $pid
kept "two Ctrl-C leave the older output" out.jsonl
that "two Ctrl-C: the message says so" grep -q "out.jsonl stays as it was" err

# One that ends the program, whatever it does: nothing of its own is left, the older file is.
mkfifo pipe
for signal in INT TERM KILL; do
    keep out.jsonl
    attended "$el4ner" convert pipe out.jsonl --from jsonl >out 2>err &
    pid=$!
    { cat gold.jsonl; sleep 1; kill -$signal $pid; } >pipe
    wait $pid
    kept "SIG$signal in convert leaves the older output" out.jsonl
    that "SIG$signal in convert leaves nothing else" alone out.jsonl
done
that "no temporary file is left" dead

# A long text: what is done of it is written, long before all of it would be.
awk 'BEGIN { for (i = 0; i < 3000; i++) print "Anna Berg met Carlo Dias in Eden on day " i "." }' >long.txt
check_cut() { python3 - "$1" <<'END'
import json, re, sys
document, = [json.loads(line) for line in open(sys.argv[1])]
done, whole = map(int, re.fullmatch(r"cut short: only its first (\d+) of (\d+) sentences are done", document["failure"]).groups())
assert 0 < done < whole == 3000, (done, whole)
sentences = document["text"].splitlines(keepends=True)
border = sum(len(s) for s in sentences[:done])
starts = [e["start"] for e in document["entities"]]
assert starts and max(starts) < border, (max(starts), border)
assert max(starts) > border - 2 * len(sentences[0]), (max(starts), border)
END
}
for signals in TERM "INT INT"; do
    rm -f long.jsonl
    serve --latency 40 --slots 2
    configure slow.yaml "name: a, url: 'http://127.0.0.1:$port', prompts: compact, slots: 2"
    attended "$el4ner" tag -c slow.yaml --no-cache long.txt -o long.jsonl --trace long.trace >out 2>err &
    pid=$!
    wait_until 60 asked 20
    for signal in $signals; do
        kill "-$signal" $pid
        sleep 0.3
    done
    ends $pid
    status=$?
    that "SIG$signals during a long text ends with status 1" test $status = 1
    that "SIG$signals during a long text: what is done is written and marked" check_cut long.jsonl
    that "SIG$signals during a long text: it is named" grep -q 'long.txt failed: cut short' err
done
