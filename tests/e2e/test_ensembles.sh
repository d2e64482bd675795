#!/bin/sh
# Ensembles by name: on the command line, in a configuration, and where neither names members.
. "$(dirname "$0")/lib.sh"
cat >fake-server <<END
#!/bin/sh
exec "$build/tests/scripted_server" "\$@"
END
chmod +x fake-server
export EL4NER_LLAMA_SERVER="$work/fake-server" XDG_DATA_HOME="$work/data"
mkdir -p config/el4ner/ensembles data/el4ner/models
echo "Anna met Bob." >in.txt
members() { sed -n '/^members/,/^types/s/^  - name: //p' out | tr '\n' ' '; }
shows() { # NAME WANTED COMMAND...: the members of the configuration in force
    what=$1 whose=$2
    shift 2
    try 0 "$what" "$@" && that "$what" test "$(members)" = "$whose"
}
nano="nano-a nano-b nano-c "

# ---- By name ----
shows "--ensemble" "$nano" "$el4ner" config --ensemble nano
that "config says whose members they are" grep -q '^members:  # of the ensemble nano$' out
try 0 "tag --ensemble" "$el4ner" tag --no-cache --ensemble nano in.txt
that "what was asked for is not announced" sh -c '! grep -q built-in err'
says 2 "there is no ensemble 'nanu'; did you mean 'nano'?" "an ensemble that is none" "$el4ner" tag --ensemble nanu in.txt
says 2 "there are: large, nano, paper, small" "a list of all" "$el4ner" tag --ensemble thirteen in.txt
says 2 "el4ner: the ensemble small: the models smollm2-135m gemma3-270m qwen2.5-coder-0.5b are not here; \`el4ner models get smollm2-135m" \
    "models that are not here" "$el4ner" tag --ensemble small in.txt
says 2 "give one of them" "--ensemble and --url" "$el4ner" tag --ensemble nano --url http://127.0.0.1:1 in.txt

# Over a configuration: other members, and nothing that was said about those before; the rest stays.
cat >mine.yaml <<END
members:
  - {name: x, url: "http://127.0.0.1:1", extra_body: {a: 1}}
  - {name: w, gguf: phi-4}
types: [ship, harbour]
verify: {by: x}
classify: {weights: {x: 3}}
retrieve: {k: 2}
END
shows "--ensemble over a configuration" "$nano" "$el4ner" config -c mine.yaml --ensemble nano
that "its verifier is gone" grep -q '^  by: auto' out
that "its weights are gone" grep -q 'weights: {nano-a: 1,' out
that "its types stay" grep -q '^  harbour:' out
that "its stages stay" grep -q '^  k: 2$' out
says 2 "mine.yaml: the model phi-4 is not here; \`el4ner models get phi-4\` gets it" "the configuration itself" \
    "$el4ner" tag -c mine.yaml in.txt

# What is said of all members holds for others too, whether the configuration names some or not.
printf 'verify: {by: none}\njudge: labels\n' >words.yaml
printf 'ensemble: nano\nverify: {by: none}\njudge: labels\n' >words-named.yaml
printf 'verify: {by: x}\nclassify: {weights: {x: 3}}\njudge: {trust: {x: 1}}\n' >of-x.yaml
for file in words words-named; do
    shows "--ensemble over $file.yaml" "$nano" "$el4ner" config -c $file.yaml --ensemble nano
    that "its verifier stays" grep -q '^  by: none$' out
    that "its judgement stays" grep -q '^judge: labels$' out
done
shows "--ensemble over what is said of a member" "$nano" "$el4ner" config -c of-x.yaml --ensemble nano
that "is as without it" sh -c "grep -q '^  by: auto' out && grep -q '^judge: general$' out"

# ---- In a configuration ----
printf 'ensemble: nano\ntypes: [ship]\nverify: {by: nano-b}\n' >named.yaml
shows "ensemble: NAME" "$nano" "$el4ner" config -c named.yaml
that "and what is said on top of it" grep -q '^  by: nano-b' out
echo 'members: []' >empty.yaml
shows "an empty list of members" "$nano" env EL4NER_ENSEMBLE=nano "$el4ner" config -c empty.yaml
printf 'ensemble: nano\nmembers:\n  - {name: a, gguf: x}\n' >both.yaml
says 2 "both.yaml:3:3: 'ensemble' gives the members already" "ensemble and members" "$el4ner" config -c both.yaml
printf 'types: [ship]\nensemble: nanu\n' >none.yaml
says 2 "none.yaml:2:11: there is no ensemble 'nanu'" "an ensemble that is none in a configuration" "$el4ner" config -c none.yaml
printf 'members:\n  - {name: mine, url: "http://127.0.0.1:1"}\nverify: {by: all}\n' >config/el4ner/ensembles/own.yaml
shows "the user's own" "mine " "$el4ner" config --ensemble own
that "decides its stages too" grep -q '^  by: all' out
shows "--ensemble over ensemble:" "mine " "$el4ner" config -c named.yaml --ensemble own
printf 'ensemble: own\n' >config/el4ner/ensembles/other.yaml
shows "an ensemble of an ensemble" "mine " "$el4ner" config --ensemble other
printf 'ensemble: ring\n' >config/el4ner/ensembles/ring.yaml
says 2 "leads through more than 8 files" "a ring of ensembles" "$el4ner" config --ensemble ring
try 0 "models lists them" "$el4ner" models
that "models lists the user's ensembles" grep -q '^own  *here' out

# ---- Where nothing is named ----
unset EL4NER_ENSEMBLE
try 0 "no configuration" "$el4ner" tag -q --no-cache in.txt
that "the models that ship are used and announced once" test "$(grep -c 'using the built-in nano models' err)" = 1
try 0 "an ensemble that was named" env EL4NER_ENSEMBLE=nano "$el4ner" tag --no-cache in.txt
that "an ensemble that was named needs no advice" sh -c '! grep -q "using the" err'
cat >config/el4ner/models.yaml <<END
models:
  tuned-a: {bytes: 4, url: "http://127.0.0.1:1/a"}
END
cat >config/el4ner/ensembles/starter.yaml <<END
members:
  - {name: first, gguf: tuned-a, slots: 1, extra_body: {a: 1}}
  - {name: second, gguf: models/nano-b.gguf}
verify: {by: second}
END
shows "starter's models are not here" "$nano" "$el4ner" config
that "nor is anything of it in force" grep -q '^  by: auto' out
cp "$root/models/nano-a.gguf" data/el4ner/models/tuned-a.gguf
shows "starter's models are here" "first second " "$el4ner" config
that "its stages are in force" grep -q '^  by: second' out
try 0 "tag by starter" "$el4ner" tag --no-cache in.txt
that "it is announced" grep -q 'using the ensemble starter' err
echo 'verify: {by: none}' >stages.yaml
shows "members come from starter" "first second " "$el4ner" config -c stages.yaml
that "the configuration refines it" grep -q '^  by: none' out
shows "members of one's own" "x w " "$el4ner" config -c mine.yaml
shows "EL4NER_ENSEMBLE" "$nano" env EL4NER_ENSEMBLE=nano "$el4ner" config
says 2 "EL4NER_ENSEMBLE: there is no ensemble 'nanu'" "EL4NER_ENSEMBLE that is none" env EL4NER_ENSEMBLE=nanu "$el4ner" config
says 2 "the model tuned-b is not here" "EL4NER_ENSEMBLE without its models" \
    sh -c "sed -i s/tuned-a/tuned-b/ '$work'/config/el4ner/*.yaml '$work'/config/el4ner/ensembles/*.yaml; EL4NER_ENSEMBLE=starter '$el4ner' tag in.txt"
