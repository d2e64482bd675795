# Completion of el4ner for bash: commands and options come from the program's own help.
_el4ner_words() { # WORDS... : options in the help of a command
    "${COMP_WORDS[0]}" "$@" --help 2>/dev/null | grep -oE -- '--[a-z0-9-]+' | sort -u
}

_el4ner_commands() {
    "${COMP_WORDS[0]}" --help 2>/dev/null | sed -n '/^Commands:/,/^$/s/^  \([a-z-]*\) .*/\1/p'
}

_el4ner_values() { # OPTION: what its value may be, one word for each
    local read="text jsonl conll conllu doccano spacy labelstudio nested csv tsv brat webanno"
    case $1 in
    --from) echo "$read" ;;
    --to)
        case ${COMP_WORDS[1]} in
        eval | score) echo "text markdown csv latex" ;;
        *) echo "${read#text } table terminal html" ;;
        esac
        ;;
    --offsets | --input-offsets) echo "codepoint byte utf16 token" ;;
    --profile) echo "default votes paper" ;;
    --color) echo "auto always never" ;;
    --verifier) echo "auto largest all none" ;;
    --constrain) echo "auto on off" ;;
    --match) echo "strict exact partial type conlleval seqeval seqeval-strict" ;;
    --scheme) echo "auto iob1 iob2 bioes" ;;
    --by) echo "span sentence bm25 random" ;;
    --vectors) echo "small float both" ;;
    --ablate) echo "members verifier voting retrieval k all" ;;
    --keep) echo "span:2 pair:2 majority" ;;
    --ends) echo "auto exclusive inclusive" ;;
    --pieces) echo "drop join split fail" ;;
    --for) echo "f1 precision recall" ;;
    --sort) echo "none disagreement" ;;
    esac
}

_el4ner() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} words=
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        words="--help --version help $(_el4ner_commands)"
    elif [ "${COMP_WORDS[1]}" = help ]; then
        [ "$COMP_CWORD" -gt 2 ] || words=$(_el4ner_commands)
        [ -n "$words" ] || return
    elif [ "$COMP_CWORD" -eq 2 ] && [ "${COMP_WORDS[1]}" = pool ]; then
        words="build add search info --help"
    elif [ "$COMP_CWORD" -eq 2 ] && [ "${COMP_WORDS[1]}" = cache ]; then
        words="prune export $(_el4ner_words cache)"
    elif [ "$COMP_CWORD" -eq 2 ] && [ "${COMP_WORDS[1]}" = models ]; then
        words="get check rm $(_el4ner_words models)"
    elif words=$(_el4ner_values "$before"); [ -z "$words" ] && [[ $word = -* ]]; then
        if [[ "${COMP_WORDS[1]}" = pool || "${COMP_WORDS[2]}" = @(prune|export|get|check|rm) ]]; then
            words=$(_el4ner_words "${COMP_WORDS[1]}" "${COMP_WORDS[2]}")
        else
            words=$(_el4ner_words "${COMP_WORDS[1]}")
        fi
    fi
    if [ -n "$words" ]; then
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
    else
        compopt -o default 2>/dev/null
    fi
}
complete -F _el4ner el4ner
