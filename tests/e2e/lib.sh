# shellcheck shell=sh disable=SC2034 # variables are for the tests that source this
# lib.sh: what the end-to-end tests share. Each runs in a folder of its own, with no configuration
# and no stored replies of the user's.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
build=${BUILD:-build}
case $build in /*) ;; *) build=$root/$build ;; esac
el4ner=$build/el4ner
shared=${EL4NER_SHARED:-$root/../shared}
work=$(mktemp -d)
servers=
export XDG_CACHE_HOME="$work/cache" XDG_CONFIG_HOME="$work/config"
export XDG_DATA_HOME="${XDG_DATA_HOME:-$HOME/.local/share}"
# Whatever models are here, those that ship are tested.
export EL4NER_ENSEMBLE=nano
unset EL4NER_DATA NO_COLOR
cd "$work" || exit 1

clean_up() {
    for pid in $servers; do kill "$pid" 2>/dev/null; done
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

pass() { echo "ok $1"; }
skip() { echo "skip $1"; }
# fail NAME: with what the last command said
fail() {
    echo "not ok $1"
    for f in out err; do
        if [ -s "$work/$f" ]; then sed "s/^/  $f: /" "$work/$f" | cut -c 1-600 | head -n 20; fi
    done
}

# try STATUS NAME COMMAND...: the command ends with this status; output in out, err
try() {
    wanted=$1 name=$2
    shift 2
    "$@" >out 2>err
    got=$?
    if [ $got != "$wanted" ]; then
        echo "  status $got, not $wanted: $*" | cut -c 1-300
        fail "$name"
        return 1
    fi
    return 0
}

# says STATUS TEXT NAME COMMAND...: and standard error holds this text
says() {
    status=$1 text=$2 name=$3
    shift 3
    try "$status" "$name" "$@" || return 0
    if grep -qF -- "$text" err; then pass "$name"; else
        echo "  standard error lacks: $text"
        fail "$name"
    fi
}

# that NAME COMMAND...: the command succeeds
that() {
    name=$1
    shift
    if "$@"; then pass "$name"; else fail "$name"; fi
}

# serve ARGUMENT...: start a scripted server; its port in $port, its process in $server
serve() { serve_by "$build/tests/scripted_server" "$@"; }
serve_by() {
    mkfifo port-fifo
    "$@" >port-fifo 2>>server-log &
    server=$!
    servers="$servers $server"
    read -r port <port-fifo
    rm port-fifo
    port=${port##* }
}

# attended COMMAND...: as a person at a terminal runs it. A shell starts what ends in "&" with Ctrl-C
# ignored, and el4ner leaves ignored what it finds ignored.
attended() { exec env --default-signal=INT "$@"; }

# wait_until SECONDS COMMAND...: until the command succeeds; so long at most
wait_until() {
    left=$(($1 * 20))
    shift
    while ! "$@" 2>/dev/null; do
        left=$((left - 1))
        [ $left -gt 0 ] || return 1
        sleep 0.05
    done
}

# asked N: the scripted server at $port was asked N times
asked() {
    python3 -c '
import json, sys, urllib.request
stats = json.load(urllib.request.urlopen("http://127.0.0.1:%s/stats" % sys.argv[1]))
sys.exit(stats["completions"] < int(sys.argv[2]))' "$port" "$1"
}

# ends PROCESS: wait for one that should end soon; one that hangs is killed, status 137
ends() {
    (sleep 90; kill -KILL "$1") 2>/dev/null &
    watch=$!
    wait "$1"
    ended=$?
    kill $watch 2>/dev/null
    return $ended
}

# configure FILE MEMBER-LINE...: a configuration with these members
configure() {
    file=$1
    shift
    printf 'profile: votes\nmembers:\n' >"$file"
    for line; do echo "  - {$line}" >>"$file"; done
}

# plain_prompts: the chat set, in words that the scripted server understands, in the folder plain
plain_prompts() {
    cp -r "$root/prompts/chat" plain
    cat >plain/classify.txt <<'PROMPT'
@system
Give each span one of the types.
@user
Text: {{text}}
Spans: {{#spans}}{{text}}{{^last}}, {{/last}}{{/spans}}
Types: {{#types}}{{name}}{{^last}}, {{/last}}{{/types}}
PROMPT
    cat >plain/verify.txt <<'PROMPT'
@system
Answer {{yes}} or {{no}}.
@user
Text: {{text}}
Span: {{span}}
Type: {{type}}
PROMPT
}

have_llama_server() {
    command -v llama-server >/dev/null || [ -x "$XDG_DATA_HOME/el4ner/bin/llama-server" ]
}
