#!/bin/sh
# The llama-server children: found, used, watched, and gone when el4ner is.
. "$(dirname "$0")/lib.sh"
if ! have_llama_server; then
    skip "children: no llama-server (make deps)"
    exit 0
fi
# children PID: the processes below it, at any depth
children() {
    for child in $(cat /proc/"$1"/task/*/children 2>/dev/null); do
        echo "$child"
        children "$child"
    done
}
alive() {
    for pid; do
        if [ -e "/proc/$pid" ] && ! grep -q '^State:.*[ZX]' "/proc/$pid/status" 2>/dev/null; then return 0; fi
    done
    return 1
}
lines() { [ "$(wc -l <"$1")" -ge "$2" ]; }
python3 -c '
for i in range(50):
    print("{\"id\": \"%d\", \"text\": \"In the year %d Edith Carrow moved from Budapest to Iceland, and Gil Prado stayed.\"}" % (i, 1600 + i))
' >many.jsonl

try 0 "the shipped models answer" "$el4ner" members --json
that "every shipped model is ready and compact" python3 -c '
import json
members = json.load(open("out"))
assert members and all(m["state"] == "ready" and "compact" in m["can"] for m in members), members'
try 0 "a text by the shipped models" "$el4ner" tag --no-cache "$root/examples/news.txt"
that "entities come out" python3 -c '
import json
assert len(json.load(open("out"))["entities"]) >= 3'

# kill -9 of el4ner: no llama-server stays behind
"$el4ner" tag --no-cache --k 0 many.jsonl >killed.jsonl 2>err &
pid=$!
that "a run is under way" wait_until 60 lines killed.jsonl 2
below=$(children $pid)
that "it has children" test -n "$below"
kill -9 $pid
wait $pid 2>/dev/null
# shellcheck disable=SC2086 # process ids
gone() { ! alive $below; }
that "kill -9 of el4ner leaves no llama-server" wait_until 60 gone

# kill -9 of one llama-server: it is started again, and no result is lost
"$el4ner" tag --no-cache --k 0 -o whole.jsonl many.jsonl >out 2>err &
pid=$!
sleep 1
below=$(children $pid)
for child in $below; do
    case $(cat "/proc/$child/cmdline" 2>/dev/null | tr '\0' ' ') in
    *llama-server*)
        kill -9 "$child"
        break
        ;;
    esac
done
wait $pid
that "kill -9 of one llama-server: the run succeeds" test $? = 0
that "kill -9 of one llama-server: every document is there" test "$(wc -l <whole.jsonl)" = 50
that "kill -9 of one llama-server costs no answer" python3 -c '
import json
assert all(json.loads(l)["abstained"] == 0 for l in open("whole.jsonl"))'
that "and it is told" grep -q 'llama-server' err

# Cores go to children by their size. The server of this test only writes down what it was told.
cp "$root/models/nano-a.gguf" small.gguf
cp "$root/models/nano-a.gguf" large.gguf
cat >told <<'END'
#!/bin/sh
echo "$@" >>threads
exit 1
END
chmod +x told
cat >sizes.yaml <<'END'
llama_server: ./told
members:
  - {name: small, gguf: small.gguf, parameters: 0.1}
  - {name: large, gguf: large.gguf, parameters: 0.9}
  - {name: own, gguf: nano-a.gguf, parameters: 0.00001, threads: 7}
END
cp small.gguf nano-a.gguf
"$el4ner" members -c sizes.yaml >out 2>err
that "threads of children by size" python3 -c '
import os
told = [line.split() for line in open("threads")]
of = {words[words.index("-m") + 1]: int(words[words.index("-t") + 1]) for words in told}
cores = len(os.sched_getaffinity(0))
share = lambda part: max(1, int(cores * part / (0.1 + 0.9 + 0.00001) + 0.5))
wanted = {"small.gguf": share(0.1), "large.gguf": share(0.9), "nano-a.gguf": 7}
assert {path.split("/")[-1]: n for path, n in of.items()} == wanted, (of, wanted)'
