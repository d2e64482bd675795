# Completion of el4ner for bash: commands and options come from the program's own help.
_el4ner_words() { # WORDS... : options in the help of a command
    "${COMP_WORDS[0]}" "$@" --help 2>/dev/null | grep -oE -- '--[a-z0-9-]+' | sort -u
}

_el4ner() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} words=
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        words="--help --version $("${COMP_WORDS[0]}" --help 2>/dev/null |
            sed -n '/^Commands:/,/^$/s/^  \([a-z-]*\) .*/\1/p')"
    elif [ "$COMP_CWORD" -eq 2 ] && [ "${COMP_WORDS[1]}" = pool ]; then
        words="build add search info --help"
    elif [ "$COMP_CWORD" -eq 2 ] && [ "${COMP_WORDS[1]}" = cache ]; then
        words="prune export $(_el4ner_words cache)"
    else
        case $before in
        --from) words="text jsonl conll" ;;
        --to) words="terminal jsonl conll" ;;
        --offsets | --input-offsets) words="codepoint byte utf16 token" ;;
        --profile) words="default paper" ;;
        --color) words="auto always never" ;;
        --verifier) words="largest all none" ;;
        --constrain) words="auto on off" ;;
        *)
            case $word in
            -*)
                if [[ "${COMP_WORDS[1]}" = pool || "${COMP_WORDS[2]}" = @(prune|export) ]]; then
                    words=$(_el4ner_words "${COMP_WORDS[1]}" "${COMP_WORDS[2]}")
                else
                    words=$(_el4ner_words "${COMP_WORDS[1]}")
                fi
                ;;
            esac
            ;;
        esac
    fi
    if [ -n "$words" ]; then
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
    else
        compopt -o default 2>/dev/null
    fi
}
complete -F _el4ner el4ner
