#!/bin/sh
# Getting llama-server: whether the one that is there works is decided by its answer, not by its log.
. "$(dirname "$0")/lib.sh"
get() { XDG_DATA_HOME=$work/data "$root/tools/get-llama-server" --mirror http://127.0.0.1:1 --keyring "$work/keyring"; }
mkdir -p data/el4ner/bin
: >keyring
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
