#!/bin/sh
# Adapters: members of one file share one llama-server and differ by their adapters.
. "$(dirname "$0")/lib.sh"

# adapter FILE SIZE: for the shipped models; what it adds is as large as SIZE, 0 = nothing
adapter() {
    python3 - "$1" "$2" <<'END'
import random, struct, sys
def text(s): return struct.pack("<Q", len(s)) + s.encode()
def word(k, v): return text(k) + struct.pack("<I", 8) + text(v)
random.seed(7)
size, rank, width = float(sys.argv[2]), 2, 256
pairs = [word("general.architecture", "llama"), word("general.type", "adapter"), word("adapter.type", "lora"),
         text("adapter.lora.alpha") + struct.pack("<If", 6, rank)]
tensors = [("blk.%d.attn_output.weight.lora_a" % i, (width, rank), 1) for i in range(2)] + \
    [("blk.%d.attn_output.weight.lora_b" % i, (rank, width), size) for i in range(2)]
out, data = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(pairs)) + b"".join(pairs), b""
for name, shape, most in tensors:
    out += text(name) + struct.pack("<IQQIQ", 2, *shape, 0, len(data))
    data += struct.pack("<%df" % (shape[0] * shape[1]), *(random.uniform(-most, most) for _ in range(shape[0] * shape[1])))
open(sys.argv[1], "wb").write(out + bytes(-len(out) % 32) + data)
END
}
adapter nothing.gguf 0
adapter much.gguf 0.5
nano=$root/models/nano-a.gguf

# ---- The configuration ----
configure one.yaml "name: a, gguf: $nano, lora: much.gguf"
try 0 "one adapter" "$el4ner" config -c one.yaml
that "one adapter" grep -qx '      - file: much.gguf' out
configure two.yaml "name: a, gguf: $nano, lora: [nothing.gguf, {file: much.gguf, scale: 0.5}]"
"$el4ner" config -c two.yaml >written.yaml
try 0 "what config prints can be read" "$el4ner" config -c written.yaml
that "scales stay" grep -qx '        scale: 0.5' out
wrong() { # TEXT MEMBER
    configure wrong.yaml "$2"
    says 2 "$1" "$1" "$el4ner" config -c wrong.yaml
}
wrong "'lora': cannot read" "name: a, gguf: $nano, lora: none/x.gguf"
wrong "'lora' goes with 'gguf'" "name: a, url: 'http://127.0.0.1:1', lora: much.gguf"
wrong "an adapter needs a 'file'" "name: a, gguf: $nano, lora: {scale: 1}"
cp much.gguf "a,b.gguf"
wrong "no path with a comma" "name: a, gguf: $nano, lora: 'a,b.gguf'"

# ---- What the server is told, and what the store keeps apart ----
cat >fake-server <<END
#!/bin/sh
echo "\$*" >>"$work/started"
[ ! -e "$work/died" ] || unset SCRIPTED_FAULTS
[ -z "\$SCRIPTED_FAULTS" ] || : >"$work/died"
exec "$build/tests/scripted_server" --record "$work/asked" "\$@"
END
chmod +x fake-server
echo "Anna met Bob in Eden." >in.txt
by_fake() { EL4NER_LLAMA_SERVER=$work/fake-server "$el4ner" tag "$@" in.txt; }
configure shared.yaml "name: a, gguf: $nano, lora: much.gguf" "name: b, gguf: $nano" \
    "name: c, gguf: $nano, lora: [much.gguf, {file: nothing.gguf, scale: 0.5}], slots: 2"
try 0 "three members of one file" by_fake --no-cache -c shared.yaml
that "three members of one file share one server" test "$(wc -l <started)" = 1
that "which has slots for all" grep -q -- '-np 10 ' started
that "and each adapter once" grep -q -- '--lora much.gguf --lora nothing.gguf --lora-init-without-apply$' started
that "a request names the adapter" grep -q '"lora":\[{"id":0,"scale":1},{"id":1,"scale":0}\]' asked
that "or several" grep -q '"lora":\[{"id":0,"scale":1},{"id":1,"scale":0.5}\]' asked
that "or none" grep -q '"lora":\[{"id":0,"scale":0},{"id":1,"scale":0}\]' asked
: >started
configure apart.yaml "name: a, gguf: $nano, lora: much.gguf" "name: b, gguf: $nano, context: 512"
try 0 "members that differ in more" by_fake --no-cache -c apart.yaml
that "members that differ in more have servers of their own" test "$(wc -l <started)" = 2
stored() { sed -n 's/^el4ner: \([0-9]*\) of [0-9]* replies came from the store.*/\1/p' err; }
configure plain.yaml "name: a, gguf: $nano"
try 0 "a run" by_fake --cache replies.db -c plain.yaml
try 0 "the same" by_fake --cache replies.db -c plain.yaml
that "replies come from the store" test -n "$(stored)"
try 0 "with an adapter" by_fake --cache replies.db -c one.yaml
that "with an adapter it is another model" test -z "$(stored)"
sed 's/scale: 0.5/scale: 0.25/' two.yaml >scaled.yaml
try 0 "with two" by_fake --cache replies.db -c two.yaml
try 0 "with another scale" by_fake --cache replies.db -c scaled.yaml
that "with another scale too" test -z "$(stored)"

# ---- A server that is shared and dies ----
awk 'BEGIN { for (i = 0; i < 40; i++) printf "{\"text\": \"Anna Berg met Carlo Dias in Eden, number %d.\"}\n", i }' >many.jsonl
try 0 "the server dies" env EL4NER_LLAMA_SERVER="$work/fake-server" SCRIPTED_FAULTS="die@20-20" \
    "$el4ner" tag --no-cache -c shared.yaml many.jsonl -o whole.jsonl
that "it is said for all that share it" grep -q 'member a, b, c: its llama-server died and is started again' err
that "nothing is lost" test "$(grep -c '"entities": \[{' whole.jsonl)" = 40

# ---- llama-server itself ----
if ! have_llama_server; then
    skip "adapters by llama-server: there is none (make deps)"
    exit
fi
configure real.yaml "name: a, gguf: $nano, lora: much.gguf" "name: b, gguf: $nano" "name: c, gguf: $nano, lora: nothing.gguf"
try 0 "llama-server" "$el4ner" members -c real.yaml --no-speed
that "its members name their adapters" grep -q 'nano-a.gguf + much.gguf' out
try 0 "llama-server with adapters" "$el4ner" tag -q --no-cache -c real.yaml --types person,location --trace trace.jsonl "$root/examples/news.txt"
that "an adapter of zeros changes nothing, another does" python3 -c '
import json
spans = {"a": [], "b": [], "c": []}
def walk(x):
    if isinstance(x, dict):
        if x.get("member") in spans and isinstance(x.get("reply", x.get("text")), str):
            spans[x["member"]].append(x.get("reply", x.get("text")))
        for v in x.values(): walk(v)
    elif isinstance(x, list):
        for v in x: walk(v)
for line in open("trace.jsonl"): walk(json.loads(line)["extract"])
assert spans["b"] and spans["b"] == spans["c"], list(zip(spans["b"], spans["c"]))
assert spans["a"] != spans["b"]'
