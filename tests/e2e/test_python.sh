#!/bin/sh
# The Python package with the shared library of the build, and nothing that Debian's Python does not have.
. "$(dirname "$0")/lib.sh"
if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))'; then
    skip "the Python package: needs Python 3.10"
    exit
fi
serve
configure one.yaml "name: a, url: 'http://127.0.0.1:$port', prompts: compact"
serve --fault hang
configure hanging.yaml "name: a, url: 'http://127.0.0.1:$port', prompts: compact"
make -s -C "$root" BUILD="$build" "$build/libel4ner.so.0" >out 2>err || fail "the library builds"
export EL4NER_LIBRARY="$build/libel4ner.so.0" PYTHONPATH="$root/python/src" PYTHONDONTWRITEBYTECODE=1
# Python is not built with the sanitizer that the library may be built with, and leaks of its own are no fault.
asan=$(ldd "$EL4NER_LIBRARY" | sed -n 's/.*=> \(.*libasan[^ ]*\).*/\1/p')
python() { LD_PRELOAD="$asan" ASAN_OPTIONS=detect_leaks=0 timeout 300 python3 "$@"; }
try 0 "the package runs" python "$root/tests/e2e/python.py" one.yaml hanging.yaml
cat out
export EL4NER_LIBRARY=none.so
says 1 "none.so: cannot open shared object file" "a library that is not there" \
    python -c 'import el4ner; el4ner.Tagger()'
