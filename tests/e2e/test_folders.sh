#!/bin/sh
# Folders as inputs: every file in them, each in its own format; ids are paths.
. "$(dirname "$0")/lib.sh"
convert() { "$el4ner" convert "$@"; }
ids() { sed 's/{"id": "\([^"]*\)".*/\1/' out | tr '\n' ' '; }

mkdir -p in/a in/b/brat in/.hidden
echo "Anna Berg came." >in/a/x.txt
echo "Carlo Dias left." >in/b/x.txt
echo "not this" >in/.hidden/x.txt
printf 'Ada B-PER\n\nBo B-PER\n' >in/b/t.conll
gzip -c in/b/t.conll >in/b/u.conll.gz
printf 'id,text\n7,Dora Eden slept.\n' >in/t.csv
echo "Ada met Bo" >in/b/brat/y.txt
printf 'T1\tPER 0 3\tAda\n' >in/b/brat/y.ann
echo 'types' >in/b/brat/annotation.conf
printf '%%PDF-1.4\n' >in/a/scan.pdf
try 0 "a folder" convert in - --to jsonl
that "ids are paths" test "$(ids)" = "in/a/x.txt in/b/brat/y in/b/t.conll:1 in/b/t.conll:2 in/b/u.conll.gz:1 in/b/u.conll.gz:2 in/b/x.txt 7 "
that "the file of another kind is named" grep -q "in/a/scan.pdf: is a PDF" err
that "and counted" grep -q "in: 1 of 7 files was left out" err
cp out all.jsonl
try 0 "a slash at the end" convert in/ - --to jsonl && that "a slash at the end" cmp out all.jsonl
(cd in && "$el4ner" convert . - --to jsonl 2>/dev/null) >out
that "the present folder" test "$(ids | cut -d ' ' -f 1)" = "a/x.txt"
try 0 "one format for all" convert in/a - --from text --to jsonl 2>err
printf 'Ada NN\n\nBo B-PER\n' >in/b/broken.conll
says 1 "in/b/broken.conll:1:5" "a broken file costs what is broken" convert in - --to jsonl
that "the others are read" test "$(wc -l <out)" = 9
rm in/b/broken.conll
mkdir flat
cp in/b/brat/* flat
try 0 "a folder of brat is what it was" convert flat - --to jsonl && that "its names are the ids" test "$(ids)" = "y "
try 0 "brat below" convert in - --from brat --to jsonl && that "brat below" test "$(ids)" = "in/b/brat/y "
mkdir empty
says 1 "empty: is empty" "an empty folder" convert empty - --to jsonl
ln -s .. in/a/loop
try 0 "a circle of links" convert in - --to jsonl && that "a circle of links" cmp out all.jsonl
rm in/a/loop
cp all.jsonl in/out.jsonl
says 2 "in/out.jsonl lies in the folder in, which is read" "the output of the run before" convert in in/out.jsonl
rm in/out.jsonl
mkdir -p one two
echo "Anna Berg came." >one/x.txt
echo "Carlo Dias left." >two/x.txt
serve
configure ok.yaml "name: a, url: 'http://127.0.0.1:$port', prompts: compact"
tag() { "$el4ner" tag -c ok.yaml --no-cache "$@"; }
try 0 "files of one name" tag one/x.txt two/x.txt && that "files of one name" test "$(ids)" = "one/x.txt two/x.txt "
try 0 "folders with files of one name" tag one two && that "folders with files of one name" test "$(ids)" = "one/x.txt two/x.txt "
try 0 "tag a folder" tag in -o tagged.jsonl && that "tag a folder" test "$(wc -l <tagged.jsonl)" = 8
try 0 "to a folder of brat" tag in -o brat/ && that "to a folder of brat" test -s brat/in_a_x.ann
try 0 "score folders" "$el4ner" score flat flat && that "score folders" grep -q "100.00" out
try 0 "a pool of a folder" "$el4ner" pool build --no-cache in/b -o pool.el4
