#!/bin/sh
# el4ner convert: formats by ending, by content and by name; mistakes cost a document and are named.
. "$(dirname "$0")/lib.sh"
convert() { "$el4ner" convert "$@"; }

cat >a.conll <<'END'
Ada B-person
Lovelace I-person
met O
Bob B-person
. O

Oslo B-location
sleeps O
END
try 0 "columns to JSON lines" convert a.conll a.jsonl
that "entities are there" grep -q '"text": "Ada Lovelace", "type": "person"' a.jsonl
for format in conllu doccano spacy labelstudio webanno nested; do
    try 0 "to $format" convert a.jsonl "out.$format" --to "$format"
    try 0 "from $format" convert --from "$format" "out.$format" back.conll
    that "$format gives back what it got" test "$(grep -c 'B-person' back.conll)$(grep -c 'B-location' back.conll)" = 21
done
for format in doccano spacy labelstudio nested webanno; do
    cp "out.$format" unnamed
    try 0 "$format by its content" convert unnamed - --to jsonl
    that "$format is recognised" grep -q '"type": "location"' out
done
try 0 "to a folder of brat" convert a.jsonl brat/
that "brat has a text and its annotations" test -s brat/1.txt -a -s brat/1.ann
try 0 "from a folder of brat" convert brat - --to jsonl
that "brat is recognised" grep -q '"type": "location"' out
says 2 "holds files already" "into a folder that is not empty" convert a.jsonl brat/
try 0 "into it all the same" convert a.jsonl brat/ --to brat
says 2 "a.jsonl is read and would be written over" "over the input" convert a.jsonl a.jsonl --to doccano
says 0 "plain text cannot hold entities: 3 are" "to plain text" convert a.jsonl plain.txt
says 1 "cannot write the output: No space left on device" "a full disk" convert a.jsonl /dev/full --to jsonl
that "one message" test "$(wc -l <err)" = 1
says 0 "--scheme is for CoNLL, and no input is that" "an option of another format" \
    convert a.jsonl unused.conll --scheme iob1
says 0 "--ends is for nested JSON" "an option of the other side's format" convert a.conll unused.jsonl --ends inclusive
try 0 "an option of the input" convert a.conll unused.jsonl --scheme iob2 --tag-column 2 &&
    that "an option of the input is not warned of" test ! -s err
try 0 "an option of the output" convert a.jsonl unused.json --to nested --ends inclusive &&
    that "an option of the output is not warned of" test ! -s err
says 0 "--annotator is for Label Studio" "an option of no scored file" "$el4ner" score a.conll unused.jsonl --annotator 2
try 0 "an option of one of two files" "$el4ner" score a.conll unused.jsonl --scheme iob2 --text-field text &&
    that "an option of one of two files is not warned of" test ! -s err
try 0 "to HTML" convert a.jsonl page.html
that "the page is whole" grep -q '</html>' page.html
try 0 "standard input and output" convert - - --to conll <a.conll
that "IOB2 out" grep -q "^Ada B-person" out
try 0 "offsets in bytes" convert a.jsonl - --to jsonl --offsets byte
that "the unit is named" grep -q '"offset_unit": "byte"' out

printf 'Ada B-PER\n\nBob NN\n\nCy B-PER\n' >broken.conll
try 1 "a broken sentence" convert broken.conll - --to jsonl
that "it is named" grep -q 'broken.conll:3:5' err
that "the others come through" test "$(wc -l <out)" = 2
echo '{"text": "Bank of Oslo", "entities": [{"start": 0, "end": 12, "type": "a"}, {"start": 8, "end": 12, "type": "b"}]}' >nested.jsonl
try 1 "overlaps in columns" convert nested.jsonl - --to conll
that "--flat is named" grep -q -e '--flat' err
try 0 "overlaps resolved" convert nested.jsonl - --to conll --flat
try 0 "overlaps kept" convert nested.jsonl - --to webanno && that "both labels" grep -q 'a\[1\]|b\[2\]' out
try 2 "an ending of several formats" convert a.jsonl out.json && that "--to is named" grep -q -e '--to' err
try 2 "an unknown format" convert a.jsonl out.x --to word
try 2 "no file" convert a.jsonl
try 0 "-o" convert a.jsonl -o o.conll && that "-o" grep -q 'B-person' o.conll
try 0 "-o before the input" convert -o - --to jsonl a.conll && that "-o before the input" grep -q '"Ada Lovelace"' out
says 2 "give IN, and OUT by -o alone" "two outputs" convert a.jsonl b.jsonl -o c.jsonl
cat >scores.jsonl <<'END'
{"id": "sure", "text": "Ada", "entities": [{"start": 0, "end": 3, "type": "a", "score": 0.9}]}
{"id": "none", "text": "Ada", "entities": []}
{"id": "doubt", "text": "Ada", "entities": [{"start": 0, "end": 3, "type": "a", "score": 0.2}]}
END
try 0 "the doubtful first" convert scores.jsonl - --to jsonl --sort disagreement
that "in order" test "$(sed 's/{"id": "\([a-z]*\)".*/\1/' out | tr '\n' ' ')" = "doubt sure none "

# combine: what makes no sense
mkdir -p s1 s2
printf 'Ada B-person\n\n' >s1/pred.conll
printf 'Ada B-location\n\n' >s2/pred.conll
try 0 "equal names" "$el4ner" combine s1/pred.conll s2/pred.conll --keep span:1 -o both.jsonl
that "are told apart by their paths" grep -q '"s1/pred.conll", "s2/pred.conll"' both.jsonl
says 2 "asks for 5 votes" "more votes than predictions" "$el4ner" combine s1/pred.conll s2/pred.conll --keep span:5
says 2 "give at least two files" "one file" "$el4ner" combine s1/pred.conll
says 2 "cannot hold entities" "entities in plain text" "$el4ner" combine s1/pred.conll s2/pred.conll -o o.txt

# Tags change, and nothing else
cat >columns.conll <<'END'
-DOCSTART- -X- -X- O

# first
Anna NNP  B-NP B-PER
Berg NNP  I-NP E-PER
met  VBD  B-VP O

Carlo NNP B-NP S-PER


-DOCSTART- -X- -X- O

Eden NNP B-NP U-LOC
END
untagged() { sed 's/ [BISEU]-[^ ]*$/ T/; s/ O$/ T/' "$1"; }
try 0 "columns to columns" convert columns.conll again.conll
untagged columns.conll >before
untagged again.conll >after
that "only tags differ" cmp before after
that "and they are IOB2" grep -q '^Berg NNP  I-NP I-PER$' again.conll
printf 'Dora B-PER\n' >short.conll
serve
configure ok.yaml "name: a, url: 'http://127.0.0.1:$port', prompts: compact"
try 0 "tag columns" "$el4ner" tag -c ok.yaml --no-cache columns.conll short.conll -o tagged.conll
untagged tagged.conll >after
that "comments, borders and columns stay" sh -c "head -n 13 after | cmp before -"
that "files do not run together" test "$(sed -n 14p tagged.conll | wc -c)" = 1
