"""Are the prompts and tokens of training those of the program?

    el4ner tag -c ... --trace trace.jsonl ...
    python3 check_layout.py trace.jsonl --types TYPES.json --base MODEL.gguf [--url http://127.0.0.1:8080]

Each prompt in the trace is rendered again from its types, demonstrations and answers, and compared byte for byte; with a
llama-server, its tokens too. TYPES.json: a list of {name, description}.
"""
from __future__ import annotations

import argparse
import json
import re
import urllib.request
from pathlib import Path

from layout import Prompts, Writer, tokenizer

ROOT = Path(__file__).resolve().parents[2]
ASKED = re.compile(r'@user\nIs ("(?:[^"\\]|\\.)*"), as it is used in this sentence, of the type (.*?)(?: \((.*)\))?, with nothing')


def post(url: str, body: dict) -> dict:
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    return json.load(urllib.request.urlopen(request))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trace", type=Path)
    parser.add_argument("--types", type=Path, required=True)
    parser.add_argument("--base", type=Path, required=True)
    parser.add_argument("--url")
    args = parser.parse_args()
    prompts, writer = Prompts(ROOT / "prompts/conversation"), Writer(tokenizer(args.base))
    types = json.loads(args.types.read_text(encoding="utf-8"))
    same = different = tokens = 0
    for line in args.trace.open(encoding="utf-8"):
        row = json.loads(line)
        shown = [{"text": d["text"], "spans": d["spans"]} for d in row["retrieve"]["demonstrations"]][::-1]
        for stage in ("extract", "classify", "verify"):
            for call in row[stage]["calls"]:
                data: dict = {"types": types, "demonstrations": shown, "text": row["text"]}
                if stage != "extract":
                    listed = re.findall(r"\n@assistant\n(\[.*\])\n@user\nTypes\?", call["prompt"])[-1]
                    data["spans"] = data["candidates"] = [{"text": s} for s in json.loads(listed)]
                if stage == "verify":
                    kinds = json.loads(call["prompt"].rsplit("@assistant\n", 1)[1].split("\n@user")[0])
                    asked = ASKED.search(call["prompt"])
                    assert asked
                    data["candidates"] = [{"text": s, "type": t} for s, t in kinds.items()]
                    data |= {"span": json.loads(asked[1]), "type": asked[2], "type_description": asked[3]}
                mine = prompts.messages("head", data) + prompts.messages(stage, data)
                flat = "".join(f"@{role}\n{content}\n" for role, content in mine)
                same, different = same + (flat == call["prompt"]), different + (flat != call["prompt"])
                if flat != call["prompt"] and different == 1:
                    print("mine:\n", flat, "\ntheirs:\n", call["prompt"], sep="")
                if args.url:
                    chat = [{"role": r, "content": c} for r, c in mine]
                    text = post(args.url + "/apply-template", {"messages": chat})["prompt"]
                    theirs = post(args.url + "/tokenize", {"content": text, "add_special": True, "parse_special": True})["tokens"]
                    out = writer.conversation()
                    for message in mine:
                        writer.add(out, message)
                    own = [*out.ids, writer.begin, *writer.encode("assistant\n")[0]]
                    tokens += own == theirs
                    if own != theirs and tokens < same:
                        print("tokens differ:", writer.tok.decode(own, skip_special_tokens=False)[-300:], "\n", text[-300:])
    print(f"{same} prompts equal, {different} not" + (f"; tokens of {tokens} equal" if args.url else ""))


if __name__ == "__main__":
    main()
