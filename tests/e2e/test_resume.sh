#!/bin/sh
# A run that is killed goes on where it was: the same bytes, and no answer is paid for twice but
# those in flight or not yet committed. KILLS=100 for the long form.
. "$(dirname "$0")/lib.sh"
kills=${KILLS:-5}
awk -v n=150 -f "$root/bench/sentences.awk" >in.jsonl
serve --latency 20 --slots 8
configure c.yaml "name: a, url: 'http://127.0.0.1:$port', prompts: compact"
completions() { python3 -c '
import json, urllib.request
print(json.load(urllib.request.urlopen("http://127.0.0.1:'"$port"'/stats"))["completions"])'; }
start=$(completions)
try 0 "an undisturbed run" "$el4ner" tag -c c.yaml --cache whole.db -o whole.jsonl in.jsonl
whole=$(($(completions) - start))
start=$(completions)
n=0 round=0 done=no
while [ $n -lt "$kills" ]; do
    "$el4ner" tag -q -c c.yaml --cache store.db -o killed.jsonl in.jsonl 2>err &
    pid=$!
    sleep "$(awk "BEGIN { srand($n + 1); printf \"%.3f\", 0.15 + 0.4 * rand() }")"
    if kill -9 $pid 2>/dev/null; then n=$((n + 1)); fi
    wait $pid 2>/dev/null && {
        # It got through: begin anew, and count the calls of the round.
        done=yes round=$((round + 1))
        cmp -s whole.jsonl killed.jsonl || break
        rm -f store.db store.db-wal store.db-shm killed.jsonl
    }
done
try 0 "the last run" "$el4ner" tag -c c.yaml --cache store.db -o killed.jsonl in.jsonl
round=$((round + 1))
spent=$(($(completions) - start))
that "the same bytes after $kills kills" cmp whole.jsonl killed.jsonl
# In flight: 8. Not committed: what arrives in 20 ms and a commit's time, 8 a 20 ms; twice that for
# a loaded machine.
allowed=$((round * whole + n * (8 + 3 * 8)))
echo "  $n kills, $round rounds of $whole calls: $spent calls, at most $allowed ($done)"
that "only calls in flight or not committed are made again" test "$spent" -le "$allowed"
