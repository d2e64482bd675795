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

# In a program that uses the library: one text at most is lost, and it is named.
if nm -D "$build/libel4ner.so.0" | grep -qE '__(asan|tsan)_init'; then
    skip "a program without memory: not with sanitizers, which have their own"
elif ! ${CC:-cc} -I "$root/include" -shared -fPIC -o starving.so "$root/tests/e2e/starving.c" -ldl >out 2>err; then
    skip "a program without memory: no library can be built to stand in for it"
else
    printf 'Ada met Bo.\nCy met Di. Then Ed came.\nFay met Gus in Rio.\n' >three.txt
    allocation=3
    lost=0
    while [ $allocation -lt 2300 ]; do
        FAIL_ALLOCATION=$allocation LD_PRELOAD=$work/starving.so \
            "$build/examples/tag_many" three.txt ok.yaml >out 2>err
        status=$?
        named=$(sed -n 's/^tag_many: line \([0-9]*\): .*/\1/p' err)
        all=$({ cut -f 1 out && echo "$named"; } | sort -u | grep -c .)
        if [ $status -gt 1 ] || [ "$all" != 3 ] || [ "$(echo "$named" | wc -w)" -gt 1 ]; then
            echo "  allocation $allocation: status $status"
            fail "a program without memory"
            break
        fi
        [ -z "$named" ] || lost=$((lost + 1))
        allocation=$((allocation + 83))
    done
    that "a program without memory loses one text at most, and says so" [ $allocation -ge 2300 ]
    that "it was without memory" [ $lost -gt 3 ]
fi
