#!/bin/sh
# Files of the kinds that users of annotation tools have: what means entities is read or told.
. "$(dirname "$0")/lib.sh"
# entities FILE [OPTION...]: "type:text" of all documents, in order, on one line
entities() {
    "$el4ner" convert "$@" - --to jsonl 2>err | python3 -c '
import json, sys
found = [(e["type"], e["text"]) for line in sys.stdin for e in json.loads(line).get("entities", [])]
print(";".join(t + ":" + x.replace("\n", " ") for t, x in found))'
}
# holds NAME EXPECTED FILE [OPTION...]
holds() {
    name=$1 expected=$2
    shift 2
    entities "$@" >out
    if [ "$(cat out)" = "$expected" ]; then pass "$name"; else fail "$name"; fi
}
warns() { that "$1: told" grep -qF -- "$2" err; }

# Mentions in pieces, by choice
mkdir pieces
echo "left and right lung" >pieces/a.txt
printf 'T1\tPART 0 4;15 19\tleft lung\nT2\tPART 9 19\tright lung\n' >pieces/a.ann
holds "pieces are left out" "PART:right lung" pieces
warns "pieces are left out" "--pieces join or split"
holds "pieces are joined" "PART:left and right lung;PART:right lung" pieces --pieces join
warns "pieces are joined" "joined into one"
holds "pieces are split" "PART:left;PART:right lung;PART:lung" pieces --pieces split
says 1 "mention in 2 pieces" "pieces fail their document" "$el4ner" convert pieces - --to jsonl --pieces fail
says 2 "--pieces must be one of drop, join, split, fail" "an unknown choice" "$el4ner" convert pieces - --pieces keep

# Labels that are numbers
echo '{"id": 3, "text": "Ana in Split.", "annotations": [{"label": 1, "start_offset": 0, "end_offset": 3}]}' >ids.jsonl
holds "labels without names" "" ids.jsonl
warns "labels without names" "--labels FILE gives the names"
echo '[{"id": 1, "text": "PER"}]' >labels.json
holds "labels with names" "PER:Ana" ids.jsonl --labels labels.json
echo "1 PER" >labels.txt
holds "labels with names in lines" "PER:Ana" ids.jsonl --labels labels.txt
echo '{"id2label": {"0": "O", "1": "PER"}}' >config.json
holds "labels of a model's configuration" "PER:Ana" ids.jsonl --labels config.json
echo '{"PER": 1}' >reverse.json
holds "labels by their names" "PER:Ana" ids.jsonl --labels reverse.json
echo "PER" >broken.txt
says 2 "broken.txt:1: names of labels are" "a broken file of labels" "$el4ner" convert ids.jsonl - --labels broken.txt
says 2 "nowhere.txt: cannot open" "no file of labels" "$el4ner" convert ids.jsonl - --labels nowhere.txt
echo "{}" >none.json
says 2 "none.json: names of labels are" "an empty file of labels" "$el4ner" convert ids.jsonl - --labels none.json

# The same options in all commands that read
printf 'Ada\tB-PER\tO\nmet\tO\tO\n' >two.conll
try 0 "score reads a column" "$el4ner" score two.conll two.conll --tag-column 2
that "score reads a column" grep -q ' 100.00' out
cp two.conll other.conll
try 0 "combine reads a column" "$el4ner" combine two.conll other.conll --tag-column 2 --keep span:1
that "combine reads a column" grep -q '"type": "PER"' out
try 0 "a pool of a column" "$el4ner" pool build --no-cache two.conll -o two.el4 --tag-column 2
that "a pool of a column" grep -q '1 spans' err

# The reconstructions of reported cases
cases=$shared/cases
if [ -d "$cases" ]; then
    holds "a Label Studio region with its blank" "Year:1988;Person: Frida Jansen" "$cases/04-ls-wide.json"
    holds "CoNLL with tabs at the end" "PER:Name Last Name" "$cases/06-conll-space.conll"
    holds "Label Studio, CR LF and emoji" "City:Velikiy Novgorod" "$cases/08-ls-crlf.json"
    holds "brat, CR LF" "PER:Maria Ott" "$cases/10-brat-crlf"
    holds "doccano with relations" "ORG:Acme;PERSON:Lara Peck" "$cases/12-doccano-rel.jsonl"
    holds "Label Studio in Chinese" "护栏:护栏" "$cases/16-ls-zh.json"
    holds "brat over a line's end" "ORG:Lower Danube Commission;LOC:Galati" "$cases/brat-lines"
    holds "brat in pieces" "PART:right lung" "$cases/brat-pieces"
    holds "doccano with numbers" "" "$cases/doccano-ids.jsonl"
    warns "doccano with numbers" "--labels FILE gives the names"
    printf '1 PER\n2 LOC\n' >numbers.txt
    holds "doccano with numbers that are named" "PER:Ana;LOC:Split" "$cases/doccano-ids.jsonl" --labels numbers.txt
    holds "brackets in MISC" "person:Ines Vale;organization:Orbita Press" "$cases/misc-brackets.conllu"
    holds "tags in MISC" "PER:Ines Vale;ORG:Orbita" "$cases/misc-entities.conllu"
else
    skip "the reconstructions of reported cases: $cases is not there"
fi
