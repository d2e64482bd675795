#!/bin/sh
# Tables in and out, files of other kinds, and outputs whose endings say nothing.
. "$(dirname "$0")/lib.sh"
convert() { "$el4ner" convert "$@"; }

printf 'id,title,text\n7,first,"Ada Berg, of Rome, met Carlo."\n8,second,"He said ""no""."\n' >t.csv
try 0 "a table by its ending" convert t.csv t.jsonl
that "rows are documents" test "$(sed 's/{"id": "\([0-9]*\)".*"title": "\([a-z]*\)".*/\1\2/' t.jsonl | tr '\n' ' ')" = "7first 8second "
try 0 "there and back" convert t.csv - --to csv && that "there and back" cmp t.csv out
try 0 "to tabs" convert t.csv t.tsv && that "to tabs" grep -q "^7$(printf '\t')first$(printf '\t')Ada Berg, of Rome" t.tsv
try 0 "from tabs" convert t.tsv - --to csv && that "from tabs" cmp t.csv out
printf 'Ada\tB-PER\nmet\tO\n\nBob\tB-PER\n' >c.tsv
try 0 "columns that end in .tsv" convert c.tsv - --to jsonl && that "columns that end in .tsv" grep -q '"type": "PER"' out
printf 'nr,body\n1,Ada\n' >b.csv
says 2 'no column is named "text"; name the one that has it (--text-column); the columns are "nr", "body"' "no column of texts" convert b.csv - --to jsonl
try 0 "named columns" convert b.csv - --to jsonl --text-column body --id-column nr
that "named columns" grep -q '{"id": "1", "text": "Ada"' out
try 0 "a table on standard input" sh -c "'$el4ner' convert - - --from csv --to jsonl <t.csv"
that "a table on standard input" cmp t.jsonl out
printf 'id,text\n1,Ada\n2,Bo,too\n3,Cy\n' >odd.csv
printf 'nr;text\n1;Ada\n' >semicolons.csv
says 2 'columns are separated by commas; write it so, or name the column (--text-column); the column is "nr;text"' "a table of semicolons" convert semicolons.csv - --to jsonl
says 1 "odd.csv:3: row 3 has 3 columns, the header has 2" "an odd row" convert odd.csv - --to jsonl
that "the others are read" test "$(wc -l <out)" = 2
printf '{"id": "1", "text": "Ada, too", "entities": [{"start": 0, "end": 3, "type": "PER"}]}\n' >e.jsonl
try 0 "entities to a table" convert e.jsonl e.csv
try 0 "and back" convert e.csv - --to conll && that "and back" grep -q "^Ada$(printf '\t')B-PER" out
try 0 "score reads tables" "$el4ner" score e.jsonl e.csv && that "score reads tables" grep -q "100.00" out
try 0 "a packed table" convert e.csv e.csv.gz
serve
configure ok.yaml "name: a, url: 'http://127.0.0.1:$port', prompts: compact"
tag() { "$el4ner" tag -c ok.yaml --no-cache "$@"; }
try 0 "tag a table" tag t.csv -o tagged.csv
that "its columns and the entities" test "$(head -n 1 tagged.csv)" = "id,title,text,entities,abstained,failure"
that "as a table" python3 -c '
import csv, json
rows = list(csv.DictReader(open("tagged.csv", newline="")))
assert [r["id"] for r in rows] == ["7", "8"] and rows[0]["title"] == "first", rows
assert any(e["text"] == "Carlo" for e in json.loads(rows[0]["entities"])), rows'
try 0 "tag packed, to packed" tag e.csv.gz -o tagged.tsv.zst
try 0 "tagged once more" tag tagged.csv --to csv -o again.csv && that "tagged once more" cmp tagged.csv again.csv

# Outputs
says 2 "the ending names no format; known are" "an unknown ending" tag t.csv -o out.xyz
that "nothing was written" test ! -e out.xyz
says 2 "the ending names no format" "convert, an unknown ending" convert t.csv out.xyz
says 2 "the ending names no format" "combine, an unknown ending" "$el4ner" combine e.jsonl e.csv -o out.xyz
says 2 "several formats end in .json" "an ending of several formats" tag t.csv -o out.json
try 0 "--to goes first" tag t.csv -o out.xyz --to jsonl
try 0 "a device" tag t.csv -o /dev/null
cp e.jsonl f.jsonl
try 0 "combine to a folder of brat" "$el4ner" combine e.jsonl f.jsonl -o both/ --to brat && that "combine to a folder of brat" test -s both/1.ann

# Files of other kinds
printf '%%PDF-1.4\n' >a.pdf
says 2 "a.pdf: is a PDF; take the text out first: pdftotext" "a PDF" convert a.pdf - --to jsonl
printf 'PK\003\004....' >a.docx
says 2 "a.docx: is a Word document; take the text out first: pandoc -t plain" "a Word document" convert a.docx - --to jsonl
echo '<!DOCTYPE html><p>Ada' >a.html
says 2 "a.html: is HTML; take the text out first: pandoc -f html -t plain" "HTML" convert a.html - --to jsonl
cp a.html b.txt
says 2 "b.txt: is HTML" "HTML with another ending" convert b.txt - --to jsonl
try 0 "HTML as it is" convert a.html - --to jsonl --from text && that "HTML as it is" grep -q DOCTYPE out
says 1 "a.pdf: is a PDF" "tag names a PDF and goes on" tag a.pdf t.csv && that "tag names a PDF and goes on" grep -q Carlo out
