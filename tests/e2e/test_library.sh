#!/bin/sh
# A program that uses the library for many texts, beside el4ner itself.
. "$(dirname "$0")/lib.sh"
make -s -C "$root" BUILD="$build" "$build/examples/tag_many" >out 2>err || fail "the example builds"
many=$build/examples/tag_many

serve
first=$port
serve --latency 1
configure both.yaml "name: a, url: 'http://127.0.0.1:$first', prompts: compact" \
    "name: b, url: 'http://127.0.0.1:$port', prompts: compact"
awk 'BEGIN {
    for (i = 1; i <= 500; i++) {
        text = "Zo\303\253 Berg met Carlo" i " Dias in Eden."
        for (j = 0; j < i % 7; j++) text = text " Then Dora" j " Ek came to Lund" i "."
        print text
    }
}' >lines.txt
awk '{ printf "{\"id\": \"%d\", \"text\": \"%s\"}\n", NR, $0 }' lines.txt >lines.jsonl
try 0 "the program" "$el4ner" tag -c both.yaml -q --no-cache --to table lines.jsonl
tail -n +2 out >expected
try 0 "many texts by the library" "$many" lines.txt both.yaml
that "the library and the program find the same" cmp expected out
that "the account is complete" grep -Eq '^500 texts, 1997 sentences, [0-9]{5} calls$' err
printf 'Anna Berg.\n\377\376\nCarlo Dias.\n' >broken.txt
try 1 "a line that is no text" "$many" broken.txt both.yaml
that "it is named" grep -q 'line 2: the text is not valid UTF-8 at byte 0' err
that "the others are tagged" sh -c "grep -q '^1	' out && grep -q '^3	' out"
try 0 "no text at all" "$many" /dev/null both.yaml
try 1 "no such configuration" "$many" lines.txt none.yaml

# A host such as Python lies elsewhere: the library finds what ships beside itself.
mkdir -p moved/lib moved/share/el4ner elsewhere/bin
cp "$build/libel4ner.so.0" moved/lib
cp "$many" elsewhere/bin
cp -r "$root/prompts" "$root/pools" moved/share/el4ner
cp both.yaml moved/share/el4ner/default.yaml
export LD_LIBRARY_PATH="$work/moved/lib" XDG_DATA_HOME="$work/none"
try 0 "a library that was moved" elsewhere/bin/tag_many lines.txt
that "it finds its data beside itself" cmp out expected
unset LD_LIBRARY_PATH
