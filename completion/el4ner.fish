# Completion of el4ner for fish: commands and options come from the program's own help.
function __el4ner_commands
    el4ner --help 2>/dev/null | string replace -rf '^  ([a-z]+) +(\S.*)$' '$1\t$2'
end

function __el4ner_options
    set -l words (commandline -opc)
    set -l command $words[2]
    if contains -- $command pool; or contains -- "$words[3]" prune export get check rm
        set command $words[2..3]
    end
    el4ner $command --help 2>/dev/null |
        string replace -rf '^  (?:-., |    )(--[a-z0-9-]+)(?: [A-Z]\S*)? *(.*)$' '$1\t$2'
end

function __el4ner_at -a number
    test (count (commandline -opc)) -eq $number
end

function __el4ner_reads
    set -l words (commandline -opc)
    test (count $words) -gt 1; and not contains -- $words[2] help setup cache members serve
end

function __el4ner_after
    set -l words (commandline -opc)
    test (count $words) -eq 2; and contains -- $words[2] $argv
end

set -l reads text jsonl conll conllu doccano spacy labelstudio nested csv tsv brat webanno
complete -c el4ner -n '__el4ner_at 1' -f -a '(__el4ner_commands)'
complete -c el4ner -n '__el4ner_at 1' -f -a 'help --help --version'
complete -c el4ner -n '__el4ner_after help' -f -a '(__el4ner_commands)'
complete -c el4ner -n '__el4ner_after pool' -f -a 'build add search info'
complete -c el4ner -n '__el4ner_after cache' -f -a 'prune export'
complete -c el4ner -n '__el4ner_after models' -f -a 'get check rm'
complete -c el4ner -n 'not __el4ner_at 1; and string match -q -- "-*" (commandline -ct)' -a '(__el4ner_options)'
complete -c el4ner -n __el4ner_reads -l from -x -a "$reads"
complete -c el4ner -n __el4ner_reads -l to -x -a "$reads[2..-1] table terminal html markdown latex"
complete -c el4ner -n __el4ner_reads -l offsets -x -a 'codepoint byte utf16 token'
complete -c el4ner -n __el4ner_reads -l profile -x -a 'default votes paper'
complete -c el4ner -n __el4ner_reads -l color -x -a 'auto always never'
complete -c el4ner -n __el4ner_reads -l verifier -x -a 'auto largest all none'
complete -c el4ner -n __el4ner_reads -l constrain -x -a 'auto on off'
complete -c el4ner -n __el4ner_reads -l pieces -x -a 'drop join split fail'
