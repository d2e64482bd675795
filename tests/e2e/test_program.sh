#!/bin/sh
# The library, the installation, the demo, the terminal.
. "$(dirname "$0")/lib.sh"
make -s -C "$root" BUILD="$build" "$build/examples/tag_text" >out 2>err || fail "the example builds"
symbols=$(nm -D --defined-only "$build/libel4ner.so.0" | awk '{ print $3 }' | grep -v '^el4ner_')
that "only symbols of el4ner.h are exported" test -z "$symbols"
that "the library has its soname" sh -c "readelf -d '$build/libel4ner.so.0' | grep -q 'soname: \[libel4ner.so.0\]'"
that "el4ner.h is C++ too" sh -c "echo '#include <el4ner.h>' | ${CXX:-c++} -x c++ -std=c++17 -Wall -Wextra -Werror -I'$root/include' -fsyntax-only - "

if make -s -C "$root" BUILD="$build" install DESTDIR="$work/root" PREFIX="${PREFIX:-/usr/local}" >out 2>err; then
    pass "make install"
    prefix=$work/root${PREFIX:-/usr/local}
    for file in bin/el4ner lib/libel4ner.so.0 lib/libel4ner.so lib/libel4ner.a lib/pkgconfig/el4ner.pc include/el4ner.h \
        share/man/man1/el4ner.1 share/man/man5/el4ner.yaml.5 share/el4ner/default.yaml \
        share/el4ner/models/nano-a.gguf share/el4ner/prompts/compact/set.yaml \
        share/el4ner/pools/default.jsonl share/bash-completion/completions/el4ner; do
        that "installed: $file" test -s "$prefix/$file"
    done
    that "the installed program finds its data" sh -c \
        "'$prefix/bin/el4ner' config 2>&1 | grep -q 'gguf: $prefix/share/el4ner/models/nano-a.gguf'"
    that "pkg-config names what a static program needs besides" sh -c \
        "PKG_CONFIG_PATH='$prefix/lib/pkgconfig' pkg-config --static --libs el4ner | grep -q -- '-lel4ner.*-ljansson'"
    # What is the user's own lies beside it: models, prompts, llama-server.
    mkdir -p "$prefix/share/el4ner/bin" "$prefix/share/el4ner/prompts/mine" "$prefix/share/man/man1"
    for file in bin/llama-server models/mine.gguf prompts/mine/set.yaml prompts/compact/mine.txt; do
        echo mine >"$prefix/share/el4ner/$file"
    done
    echo mine >"$prefix/share/man/man1/other.1"
    # A file of an older version, which this one has not.
    echo share/el4ner/prompts/gone/set.yaml >>"$prefix/share/el4ner/installed-files"
    mkdir "$prefix/share/el4ner/prompts/gone"
    echo old >"$prefix/share/el4ner/prompts/gone/set.yaml"
    try 0 "make install over an older version" \
        make -s -C "$root" BUILD="$build" install DESTDIR="$work/root" PREFIX="${PREFIX:-/usr/local}"
    that "files that a version no longer has go" test ! -e "$prefix/share/el4ner/prompts/gone"
    try 0 "make uninstall" make -s -C "$root" uninstall DESTDIR="$work/root" PREFIX="${PREFIX:-/usr/local}"
    that "make uninstall leaves what is the user's own, and that alone" \
        test "$(find "$work/root" \( -type f -o -type l \) -exec cat {} + | sort | uniq -c | tr -d ' ')" = 5mine
    that "make uninstall leaves no empty folder of data" test -z "$(find "$prefix/share/el4ner" -type d -empty)"
    says 2 "which names what was installed" "make uninstall twice" \
        make -s -C "$root" uninstall DESTDIR="$work/root" PREFIX="${PREFIX:-/usr/local}"
else
    fail "make install"
fi

serve
configure ok.yaml "name: a, url: 'http://127.0.0.1:$port', prompts: compact"
echo "Anna Berg met Carlo Dias in Eden." >good.txt
escape=$(printf '\033')
try 0 "coloured entities" "$el4ner" tag -c ok.yaml --to terminal --color always good.txt
that "coloured entities" grep -q "$escape\[" out
try 0 "types that the pool has not" "$el4ner" tag -c ok.yaml --types gadget good.txt
that "a warning of a pool that does not help" grep -q "none of the requested types.*its labels are .*person.*: ask for" err
try 0 "one type that the pool has not" "$el4ner" tag -c ok.yaml --types person,gadget good.txt
that "a warning that names the type" grep -q "no label for 'gadget', so no demonstration shows any; its labels" err
try 0 "the default profile where the pool has no labels" "$el4ner" tag -c ok.yaml --profile default --types gadget \
    --no-cache --trace trace good.txt
that "the default profile where the pool has no labels: no demonstrations, and a verifier" python3 -c '
import json
told = json.loads(open("trace").readline())
assert not told["retrieve"].get("demonstrations"), told["retrieve"]
assert told["verify"]["calls"], told'
try 0 "the default profile where it has some" "$el4ner" tag -c ok.yaml --profile default --types person,gadget \
    --no-cache --trace trace good.txt
that "the default profile where it has some: demonstrations, and nobody verifies" python3 -c '
import json
told = json.loads(open("trace").readline())
assert told["retrieve"]["demonstrations"] and not told["verify"]["calls"], told'
echo "judge: labels" >labels.yaml
for types in person,location location; do
    try 0 "candidates by the labels: $types" "$el4ner" tag -c labels.yaml --types $types --no-cache --trace trace.$types good.txt
done
try 0 "labels alone, of other types" "$el4ner" tag -c labels.yaml --types gadget --no-cache good.txt
that "labels alone, of other types: it is said that nothing is found" grep -q "so no such entity is found; its labels are" err
try 0 "labels alone, of one other type" "$el4ner" tag -c labels.yaml --types person,gadget --no-cache good.txt
that "labels alone, of one other type: it is said" grep -q "no label for 'gadget', so no such entity is found" err
that "candidates by the labels are of the asked types" python3 -c '
import json
both, one = ({c["text"]: c["by_pool"]["mention"] for c in json.loads(open(f"trace.{t}").readline())["candidates"]}
             for t in ("person,location", "location"))
assert one.keys() <= both.keys() and one.get("Anna Berg", 0) < both["Anna Berg"] / 3, (one, both)'
for who in a largest all; do
    printf 'base: ok.yaml\nprofile: default\njudge: labels\nverify: {by: %s}\n' $who >checked.yaml
    try 0 "candidates by the labels, verified by $who" "$el4ner" tag -c checked.yaml --types person,location --no-cache \
        --trace trace good.txt
    that "candidates by the labels, verified by $who" python3 -c '
import json
told = json.loads(open("trace").readline())
assert told["verify"]["calls"] and not told["extract"]["calls"], told'
done
try 0 "types that the pool has not, no demonstrations" "$el4ner" tag -c ok.yaml --types gadget --k 0 good.txt
that "no such warning where none are asked for" sh -c "! grep -q 'none of the requested' err"
try 0 "no colour into a pipe" "$el4ner" tag -c ok.yaml --to terminal good.txt
that "no colour into a pipe" sh -c "! grep -q '$escape' out"
if script -qec true /dev/null >/dev/null 2>&1 </dev/null; then
    TERM=xterm script -qec "$el4ner tag -c ok.yaml good.txt" /dev/null >out 2>err </dev/null
    that "a terminal shows colour" grep -q "$escape\[" out
    that "and the entities in the text" grep -q 'Anna' out
    NO_COLOR=1 TERM=xterm script -qec "$el4ner tag -c ok.yaml --quiet good.txt" /dev/null >out 2>err </dev/null
    that "NO_COLOR is honoured" sh -c "! grep -q '$escape\[[0-9;]*m' out"
else
    skip "colours on a terminal: no terminal can be had"
fi

if have_llama_server; then
    ln -s "$build/libel4ner.so.0" . 2>/dev/null
    try 0 "the example program" "$build/examples/tag_text" "Ada Lovelace lived in London."
    that "the example program finds an entity" grep -Eq '	(person|location)	' out
    try 0 "make demo" make -s -C "$root" BUILD="$build" demo
    that "the demo shows coloured entities" grep -q "$escape\[" out
    that "the demo shows the Chinese sentence" grep -q '明' out
else
    skip "the example program and the demo: no llama-server (make deps)"
fi

# Nothing of a file or a server steers the terminal.
harmless() { ! grep -q "$escape" out && ! grep -q "$escape" err; }
printf '{"id": "a\\u001b[31mb", "text": "\\u001b[2JAnna \\u001b]0;x\\u0007Berg met Carlo", "entities": [{"start": 4, "end": 16, "type": "person"}]}\n' >evil.jsonl
try 0 "a pool with control characters" "$el4ner" pool search --pool evil.jsonl "Anna $escape]0;x Berg met Carlo"
that "pool search shows none of them" harmless
that "pool search shows the id" grep -qF 'a?[31mb' out
printf 'a\033[31mb\n' >'evil'"$escape"'[31m.jsonl'
try 1 "an input with control characters" "$el4ner" tag -c ok.yaml 'evil'"$escape"'[31m.jsonl'
that "messages hold none of them" harmless
printf '{"id": "a\\u001b[31mb", "text": "Anna met Bob."}\n' >doomed.jsonl
serve --fault status=400
configure doomed.yaml "name: a, url: 'http://127.0.0.1:$port', prompts: compact, retries: 0"
"$el4ner" tag -c doomed.yaml --no-cache doomed.jsonl >out 2>err
that "the id of a failed document is named" grep -qF 'document a?[31mb failed' err
printf '{"id": "1", "text": "Anna", "entities": [{"start": 0, "end": 4, "type": "p\\u001b[31m"}]}\n' >typed.jsonl
try 1 "a failed text in the library" "$build/tests/host" C doomed.yaml "Anna met Bob."
that "the library says that members gave no answer" grep -q '^error 6: no member listed spans' out
try 0 "no text at all in the library" "$build/tests/host" C ok.yaml -
try 0 "types with control characters" "$el4ner" score typed.jsonl typed.jsonl --by-type
that "score shows none of them" harmless

# The progress line ends between characters.
if script -qec true /dev/null >/dev/null 2>&1 </dev/null; then
    serve --latency 400
    configure wide.yaml "name: 北京北京北京北京, url: 'http://127.0.0.1:$port', prompts: compact"
    for columns in 74 75 76 77; do
        TERM=xterm script -qec "stty cols $columns; $el4ner tag -c wide.yaml --no-cache good.txt -o out.jsonl" \
            /dev/null >progress 2>err </dev/null
        cat progress >>all-progress
    done
    that "the progress line has the name" grep -q '北京' all-progress
    that "the progress line is whole characters" sh -c "iconv -f UTF-8 -t UTF-16 all-progress >utf16"
else
    skip "the progress line: no terminal can be had"
fi

# What is ignored from the start stays ignored.
serve --latency 300
configure slow.yaml "name: a, url: 'http://127.0.0.1:$port', prompts: compact, slots: 1"
awk 'BEGIN { for (i = 1; i < 4; i++) printf "{\"id\": \"%d\", \"text\": \"Anna Berg met Carlo Dias in Eden.\"}\n", i }' >three.jsonl
(
    trap '' HUP
    exec "$el4ner" tag -c slow.yaml --no-cache --window 1 three.jsonl -o hup.jsonl
) >out 2>err &
run=$!
sleep 1
kill -HUP $run
that "nohup is not defeated" wait $run
that "nothing is left out under nohup" test "$(grep -c . hup.jsonl)" = 3
