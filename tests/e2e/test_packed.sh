#!/bin/sh
# Files packed by gzip and zstd, in and out.
. "$(dirname "$0")/lib.sh"
gunzip_to() { python3 -c 'import gzip, sys; sys.stdout.buffer.write(gzip.open(sys.argv[1]).read())' "$1"; }

printf 'Ada B-PER\nmet O\n\nBob B-PER\n' >a.conll
"$el4ner" convert a.conll plain.jsonl
try 0 "gzip out" "$el4ner" convert a.conll a.jsonl.gz
gunzip_to a.jsonl.gz >unpacked
that "it holds the same" cmp plain.jsonl unpacked
try 0 "zstd out" "$el4ner" convert a.conll a.jsonl.zst
for packed in gz zst; do
    try 0 "$packed in" "$el4ner" convert a.jsonl.$packed - --to jsonl
    that "the same from $packed" cmp plain.jsonl out
    "$el4ner" convert - - --to jsonl <a.jsonl.$packed >out
    that "the same from $packed on standard input" cmp plain.jsonl out
    cp a.jsonl.$packed nameless
    try 0 "$packed by its first bytes" "$el4ner" convert nameless - --to jsonl
    that "$packed by its first bytes" cmp plain.jsonl out
    head -c 40 a.jsonl.$packed >cut.jsonl.$packed
    says 1 "cut.jsonl.$packed: is cut off" "$packed that is cut off" "$el4ner" convert cut.jsonl.$packed - --to jsonl
    try 0 "$packed to score" "$el4ner" score a.conll a.jsonl.$packed
done
cat a.jsonl.gz a.jsonl.gz >twice.jsonl.gz
try 0 "two members" "$el4ner" convert twice.jsonl.gz - --to jsonl
that "two members" test "$(wc -l <out)" = 4
# What comes before the cut is read.
python3 -c '
import json, random
random.seed(1)
for i in range(3000):
    print(json.dumps({"id": str(i), "text": "".join(random.choice("abcdefghij ") for _ in range(60))}))' >many.jsonl
"$el4ner" convert many.jsonl many.jsonl.gz --to jsonl
head -c 100000 many.jsonl.gz >part.jsonl.gz
says 1 "part.jsonl.gz: is cut off" "much of it there" "$el4ner" convert part.jsonl.gz - --to jsonl
that "what is there is read" test "$(wc -l <out)" -gt 1000
try 0 "CoNLL, gzip" "$el4ner" convert a.jsonl.gz b.conll.gz
gunzip_to b.conll.gz >out
that "CoNLL, gzip" grep -q "^Ada" out
try 0 "a pool of packed files" "$el4ner" pool build --no-cache b.conll.gz -o pool.el4
that "nothing is left beside the outputs" test "$(find . -name '*.gz.??????' | wc -l)" = 0
serve
configure ok.yaml "name: a, url: 'http://127.0.0.1:$port', prompts: compact"
try 0 "tag" "$el4ner" tag -c ok.yaml --no-cache a.jsonl.zst -o tagged.jsonl.gz --trace trace.jsonl.gz
gunzip_to tagged.jsonl.gz >out
that "tag" grep -q '"extracted_by"' out
gunzip_to trace.jsonl.gz >out
that "a packed trace" test "$(wc -l <out)" = 2
