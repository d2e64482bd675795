#!/bin/sh
# How long runs get on: the line on a terminal and, where there is none, from time to time; and what
# is told at once about a member that is gone or answers prose.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
plain_prompts
python3 -c '
import json
names = "Ada Lovelace", "Grace Hopper", "Alan Turing", "Konrad Zuse"
for i in range(8):
    text = f"{names[i % 4]} came to London in the year {1900 + i}."
    end = len(names[i % 4])
    print(json.dumps({"id": f"d{i}", "text": text,
                      "entities": [{"start": 0, "end": end, "type": "person"}]}))' >gold.jsonl

# on_terminal COMMAND...: standard error is a terminal of 200 columns; what it got is in err
on_terminal() {
    python3 - "$@" <<'END'
import fcntl, os, pty, struct, subprocess, sys, termios
master, slave = pty.openpty()
fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 200, 0, 0))
with open("out", "wb") as out:
    run = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=out, stderr=slave)
os.close(slave)
said = b""
while True:
    try:
        part = os.read(master, 65536)
    except OSError:
        break
    if not part:
        break
    said += part
open("err", "wb").write(said.replace(b"\r\033[K", b"\n"))
sys.exit(run.wait())
END
}

serve --api openai --latency 80 --slots 2
configure slow.yaml "name: slow, url: 'http://127.0.0.1:$port', prompts: $PWD/plain, slots: 2"
that "eval on a terminal" \
    on_terminal "$el4ner" eval -c slow.yaml --no-cache --ablate k --ks 0 gold.jsonl
that "eval: row, done, total, rate, calls" \
    grep -Eq '^row [12] of 2, (as configured|k = 0): [0-9]+ of 8 documents, [0-9]+ sentences?.*( sentences/s| s a sentence).*  calls: slow [0-9]+' err
that "eval: time left" grep -Eq ' %  .*  [0-9]+:[0-9][0-9] left' err
that "eval: calls in flight" grep -Eq '  [12] calls? in flight' err
that "tag on a terminal" on_terminal "$el4ner" tag -c slow.yaml --no-cache -o o.jsonl gold.jsonl
that "tag on a terminal: calls in flight" grep -Eq '^[0-9]+ documents?, .*  [12] calls? in flight' err
sed 's/in the year/by train in/; s/"id": "d/"id": "e/' gold.jsonl | cat gold.jsonl - >pool.jsonl # labels enough to tune
on_terminal "$el4ner" tune -c slow.yaml --no-cache --pool pool.jsonl --sentences 16
that "tune on a terminal" \
    grep -Eq '^run [123] of 3: [0-9]+ of 16 sentences, .*( sentences/s| s a sentence).*  [12] calls? in flight' err

try 0 "no terminal" "$el4ner" eval -c slow.yaml --no-cache --progress 1 gold.jsonl &&
    that "no terminal: a line from time to time" grep -Eq '^el4ner: [0-9]+ of 8 documents, ' err
try 0 "no terminal, quiet" "$el4ner" eval -q -c slow.yaml --no-cache --progress 1 gold.jsonl &&
    that "no terminal, quiet" test ! -s err
try 0 "no lines" "$el4ner" tag -c slow.yaml --no-cache --progress 0 -o o.jsonl gold.jsonl &&
    that "no lines" test "$(wc -l <err)" -eq 1
says 2 "--progress" "no number of seconds" "$el4ner" eval --progress often gold.jsonl

# A member that answers prose, and one that is gone: told before the run is over.
serve --api openai
good=$port
serve --api openai --fault prose@2-
configure prose.yaml "name: good, url: 'http://127.0.0.1:$good', prompts: $PWD/plain" \
    "name: talks, url: 'http://127.0.0.1:$port', prompts: $PWD/plain"
for command in "tag -o o.jsonl" eval; do
    # shellcheck disable=SC2086
    try 1 "$command and prose" "$el4ner" $command -c prose.yaml --no-cache gold.jsonl --trace trace
    that "$command and prose: told at once, once" python3 - <<'END'
lines = [l for l in open("err") if "member talks: its first answer is not usable" in l]
assert len(lines) == 1, lines
assert "it begins: I am sorry, I cannot help with that." in lines[0] and "--trace FILE" in lines[0]
said = open("err").read()
assert said.index("first answer") < said.index("abstentions, by member")
END
    that "$command: the trace" grep -q "cannot help with that" trace
done
serve --api openai --fault prose@8-
configure later.yaml "name: good, url: 'http://127.0.0.1:$good', prompts: $PWD/plain" \
    "name: talks, url: 'http://127.0.0.1:$port', prompts: $PWD/plain, slots: 1"
try 0 "prose later on" "$el4ner" tag -q -c later.yaml --no-cache -o o.jsonl gold.jsonl &&
    that "prose later on" grep -q "member talks: 5 answers in a row are not usable, the last one: the model declined" err
serve --api openai --fault status=400@2-
configure gone.yaml "name: good, url: 'http://127.0.0.1:$good', prompts: $PWD/plain" \
    "name: gone, url: 'http://127.0.0.1:$port', prompts: $PWD/plain, retries: 0"
try 1 "a member that is gone" "$el4ner" eval -c gone.yaml --no-cache gold.jsonl
that "a member that is gone" grep -q "warning: member gone: its first answer is not usable: the server refused" err
