#!/bin/sh
# An installation that works for other users than its maker: llama-server, data, completion.
. "$(dirname "$0")/lib.sh"

# install_to FOLDER [VARIABLE=VALUE]: as a package, below work/FOLDER
install_to() {
    folder=$1
    shift
    try 0 "make install to $folder" env "$@" make -s -C "$root" BUILD="$build" install \
        DESTDIR="$work/$folder" PREFIX="${PREFIX:-/usr/local}"
}
prefix=${PREFIX:-/usr/local}
install_to mine A=b
install_to theirs GIT_TEST_ASSUME_DIFFERENT_OWNER=1
(cd mine && find . -type f -o -type l | sort) >list-mine
(cd theirs && find . -type f -o -type l | sort) >list-theirs
that "a clone of another user's is installed as whole" cmp list-mine list-theirs
for file in prompts/conversation/set.yaml pools/default.jsonl tools/get-llama-server models/MODEL_CARD.md models/catalogue.yaml ensembles/nano.yaml; do
    that "installed: $file" grep -qF "share/el4ner/$file" list-theirs
done
that "licences are installed" grep -q 'share/el4ner/models/licenses/..*' list-theirs
for file in zsh/site-functions/_el4ner fish/vendor_completions.d/el4ner.fish doc/el4ner/LICENSE doc/el4ner/formats.md; do
    that "installed: $file" grep -qF "share/$file" list-theirs
done

# Another user: an own home, nothing on PATH but the system's tools.
installed=$work/theirs$prefix/bin/el4ner
mkdir home tools
for tool in sh env dirname; do ln -s "$(command -v $tool)" tools/; done
as_other() { env -i HOME="$work/home" PATH="$work/tools" XDG_DATA_DIRS="$work/system" "$@"; }
echo "Anna met Bob." >in.txt
says 3 "nano-a, nano-b, nano-c: llama-server, which runs GGUF files, was not found" "no llama-server" \
    as_other "$installed" tag --no-cache in.txt
that "it is said once" test "$(grep -o 'was not found' err | wc -l)" = 1
that "with what helps" grep -qF 'el4ner setup' err
setup_runs() { # in place of the script
    # shellcheck disable=SC2016 # the script's own
    echo 'echo "$0 $* to $XDG_DATA_HOME"' >"$work/theirs$prefix/share/el4ner/tools/get-llama-server"
}
setup_runs
try 0 "setup" as_other "$installed" setup --force --mirror http://127.0.0.1:1
that "setup runs the installed script" grep -qF "$prefix/share/el4ner/tools/get-llama-server --force --mirror http://127.0.0.1:1 to " out
try 0 "setup for all" as_other "$installed" setup --all-users
that "setup --all-users puts it into the prefix" grep -q " to /.*/share$" out
says 2 "takes no operand" "setup with an operand" "$el4ner" setup now

# Where it is looked for. The scripted server has the place of llama-server.
cat >fake <<END
#!$(command -v sh)
exec "$build/tests/scripted_server" "\$@"
END
chmod +x fake
finds() { # NAME COMMAND... : the built-in members answer
    name=$1
    shift
    try 0 "$name" as_other "$@" "$installed" tag --no-cache in.txt && pass "$name"
}
finds "EL4NER_LLAMA_SERVER" EL4NER_LLAMA_SERVER="$work/fake"
says 3 "EL4NER_LLAMA_SERVER: $work/nothing: cannot be run" "EL4NER_LLAMA_SERVER that is not there" \
    as_other EL4NER_LLAMA_SERVER="$work/nothing" "$installed" tag --no-cache in.txt
mkdir -p system/el4ner/bin
cp fake system/el4ner/bin/llama-server
finds "llama-server in the system's data folders" A=b
mv system/el4ner/bin "$work/theirs$prefix/share/el4ner/"
finds "llama-server beside the installed data" A=b

# What the user has yet to do: said where nothing is packaged. The list of files is enough for that.
try 0 "install into a folder of one's own" sh -c "cd '$root' && tools/install '$work/own' '$work/own' '$build' 0 libel4ner.so.0 jansson"
that "PATH is named" grep -qF "export PATH=\"$work/own/bin:" out
that "the loader's path is named" grep -qF "LD_LIBRARY_PATH=\"$work/own/lib\"" out

# Completion.
completes() { # WORD... : what bash offers for the last word
    bash -c 'source "$1"; shift; PATH=$(dirname "$1"):$PATH; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); compopt() { :; }
        _el4ner; printf "%s\n" "${COMPREPLY[@]}"' - "$root/completion/el4ner.bash" "$el4ner" "$@" >out 2>err
}
completes help ta
that "el4ner help ta" test "$(cat out)" = tag
completes help tag x
that "el4ner help takes one command" test "$(cat out)" = ""
completes tag --pro
that "el4ner tag --pro" grep -qx -- --profile out
for shell in zsh fish; do
    if command -v $shell >/dev/null; then
        that "completion for $shell can be read" $shell -n "$root/completion/el4ner.$shell"
    else
        skip "completion for $shell: it is not installed"
    fi
done
