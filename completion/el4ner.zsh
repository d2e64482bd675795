#compdef el4ner
# Completion of el4ner for zsh: commands and options come from the program's own help.
_el4ner_commands() {
    local -a commands
    commands=(${(f)"$($words[1] --help 2>/dev/null |
        sed -n '/^Commands:/,/^$/s/^  \([a-z-]*\) *\(.*\)/\1:\2/p')"})
    _describe command commands "$@"
}

_el4ner_options() { # WORD... : options in the help of a command
    local -a options
    options=(${(f)"$($words[1] "$@" --help 2>/dev/null |
        sed -n 's/^  \(-., \|    \)\(--[a-z0-9-]*\)\( [A-Z][A-Z|_-]*\)\{0,1\} *\(.*\)/\2:\4/p')"})
    _describe option options
}

_el4ner() {
    local before=$words[CURRENT-1]
    local -a reads
    reads=(text jsonl conll conllu doccano spacy labelstudio nested csv tsv brat webanno)
    if (( CURRENT == 2 )); then
        _el4ner_commands
        compadd -- help --help --version
        return
    fi
    case $before in
    --from) compadd -- $reads; return ;;
    --to) compadd -- ${reads:1} table terminal html markdown latex; return ;;
    --offsets | --input-offsets) compadd -- codepoint byte utf16 token; return ;;
    --profile) compadd -- default votes paper; return ;;
    --color) compadd -- auto always never; return ;;
    --verifier) compadd -- auto largest all none; return ;;
    --constrain) compadd -- auto on off; return ;;
    --scheme) compadd -- auto iob1 iob2 bioes; return ;;
    --pieces) compadd -- drop join split fail; return ;;
    --for) compadd -- f1 precision recall; return ;;
    esac
    case $words[2] in
    help)
        if (( CURRENT == 3 )); then _el4ner_commands; fi
        return
        ;;
    pool) if (( CURRENT == 3 )); then compadd -- build add search info --help; return; fi ;;
    cache) if (( CURRENT == 3 )); then compadd -- prune export; fi ;;
    models) if (( CURRENT == 3 )); then compadd -- get check rm; fi ;;
    esac
    if [[ $words[CURRENT] == -* ]]; then
        case $words[2]/$words[3] in
        pool/* | cache/prune | cache/export | models/get | models/check | models/rm) _el4ner_options $words[2] $words[3] ;;
        *) _el4ner_options $words[2] ;;
        esac
    else
        _files
    fi
}

_el4ner "$@"
