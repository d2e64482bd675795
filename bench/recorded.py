#!/usr/bin/env python3
"""What a judgement makes of recorded predictions: members that answer as other systems did.

usage: BUILD=build bench/recorded.py FILE.jsonl MEMBER,MEMBER... OUT [SENTENCES]

FILE holds recorded predictions as `el4ner combine --models` reads them, with `gold`. A server in this script answers for
each member what was recorded of it: its spans, and a type for each of them. Its pool are the gold labels of FILE, each
sentence with itself left out. `el4ner tune --quick` looks at SENTENCES (default 300) of them; its table, OUT.tsv, is
what bench/general-judge reads, OUT.yaml the tuned configuration. Prints what tune prints.
"""
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def in_text(row):
    """The row with a text and offsets in it, where it has tokens and numbers of tokens."""
    if "text" in row:
        return row
    starts, text = [], ""
    for token in row["tokens"]:
        text += " " if text else ""
        starts.append(len(text))
        text += token

    def moved(entities):
        return [e | {"start": starts[e["start"]], "end": starts[e["end"] - 1] + len(row["tokens"][e["end"] - 1])}
                for e in entities]

    said = {name: {"entities": moved(told["entities"])} for name, told in row["predictions"].items()}
    return {"id": row["id"], "text": text, "gold": moved(row["gold"]), "predictions": said}


class Recorded(BaseHTTPRequestHandler):
    """A chat server. A prompt ends with the sentence, or with the list of its spans and "Types?"."""

    protocol_version = "HTTP/1.1"
    rows: dict[str, dict] = {}  # by text
    found: dict[str, dict | None] = {}  # by sentence: the row that holds it

    def answer(self, model, messages):
        asked = [m["content"] for m in messages if m["role"] == "user" and "Sentence: " in m["content"]]
        if not asked:
            return "yes"  # a question of the probe
        sentence = asked[-1].split("Sentence: ")[-1].strip()
        if sentence not in self.found:
            row = self.rows.get(sentence) or next((r for t, r in self.rows.items() if sentence in t), None)
            self.found[sentence] = row
        row = self.found[sentence]
        if row is None or model not in row["predictions"]:
            return "[]"
        begin = row["text"].index(sentence)
        end = begin + len(sentence)
        spans = {row["text"][e["start"]:e["end"]]: e["type"] for e in row["predictions"][model]["entities"]
                 if begin <= e["start"] and e["end"] <= end}
        if messages[-1]["content"].strip().endswith("Types?"):
            wanted = json.loads([m["content"] for m in messages if m["role"] == "assistant"][-1])
            return json.dumps({span: spans[span] for span in wanted if span in spans}, ensure_ascii=False)
        return json.dumps(list(spans), ensure_ascii=False)

    def do_GET(self):
        self.send(200, {"object": "list", "data": []})

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if "messages" not in request:
            self.send(404, {"error": {"message": "only chat"}})
            return
        said = self.answer(request["model"], request["messages"])
        self.send(200, {"object": "chat.completion", "model": request["model"], "choices": [
            {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": said}}]})

    def send(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def main():
    if len(sys.argv) not in (4, 5):
        sys.exit(__doc__.split("\n\n")[1])
    path, members, out = sys.argv[1], sys.argv[2].split(","), Path(sys.argv[3])
    with open(path, encoding="utf-8") as file:
        rows = [in_text(json.loads(line)) for line in file]
    rows = [row for row in rows if all(member in row["predictions"] for member in members)]
    Recorded.rows = {row["text"]: row for row in rows}
    server = ThreadingHTTPServer(("127.0.0.1", 0), Recorded)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    pool, config = out.with_suffix(".pool.jsonl"), out.with_suffix(".members.yaml")
    with open(pool, "w", encoding="utf-8") as file:
        for row in Recorded.rows.values():
            json.dump({"id": row["id"], "text": row["text"], "entities": row["gold"]}, file, ensure_ascii=False)
            file.write("\n")
    url = f"http://127.0.0.1:{server.server_port}"
    config.write_text(json.dumps({"members": [
        {"name": name, "model": name, "url": url, "api": "chat", "prompts": "conversation"} for name in members]}))
    program = Path(os.environ.get("BUILD", ROOT / "build")) / "el4ner"
    status = subprocess.run([program, "tune", "-c", config, "--types", "auto", "--pool", pool, "--quick", "--no-cache",
                             "-q", "--sentences", sys.argv[4] if len(sys.argv) == 5 else "300",
                             "--table", out.with_suffix(".tsv"), "-o", out.with_suffix(".yaml")]).returncode
    sys.exit(status)


main()
