#!/bin/sh
# Memory that runs out: it is said, and nothing is put in the place of what is lost.
. "$(dirname "$0")/lib.sh"
if ! ${CC:-cc} -shared -fPIC -o failing.so "$root/tests/e2e/failing.c" -ldl >out 2>err; then
    skip "memory that runs out: no library can be built to stand in for it"
    exit 0
fi
failing() { LD_PRELOAD=$work/failing.so ASAN_OPTIONS="${ASAN_OPTIONS:-}:verify_asan_link_order=0" "$@"; }

awk 'BEGIN { for (i = 0; i < 5000; i++) print "{\"text\": \"Ada\", \"entities\": []}" }' >many.jsonl
FAIL_REALLOC=32768 && export FAIL_REALLOC # room for 4096 pointers
says 1 "out of memory: --sort holds all documents" "convert --sort without memory" \
    failing "$el4ner" convert many.jsonl - --to jsonl --sort disagreement
unset FAIL_REALLOC

serve
configure ok.yaml "name: a, url: 'http://127.0.0.1:$port', prompts: compact"
printf 'Ada B-person\nsleeps O\n\nBo B-person\nsings O\n\nCy B-person\nruns O\n\n' >gold.conll
evaluate() { failing "$el4ner" eval -c ok.yaml -q --no-cache --types auto --samples 0 "$@" gold.conll; }
try 0 "eval with a report" evaluate --report whole.html && pass "eval with a report"
FAIL_DUMPS=2 && export FAIL_DUMPS
says 1 "out of memory" "a lost trace is an error" evaluate --report short.html
that "no report that shows another sentence's trace" [ ! -e short.html ]
