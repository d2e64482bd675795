"""A member with opinions of its own: which words it lists, how it types them and what it verifies
depends on the word and on the member. For the test of eval; speaks llama-server's /completion.

usage: voting_server.py MEMBER COUNTS

Prints its port. Adds a line to COUNTS for each completion of the compact prompts.
"""
import http.server
import json
import re
import sys
import threading
import zlib

TYPES = ["person", "location", "organization"]
MEMBER, COUNTS = sys.argv[1:3]
lock = threading.Lock()


def dice(word, purpose, sides):
    return zlib.crc32(f"{MEMBER}/{purpose}/{word}".encode()) % sides


def extracted(text, demonstrations):
    found = []
    for word in re.findall(r"[A-Z]\w+(?: [A-Z]\w+)?", text):
        whole = dice(word, "whole", 3) > 0
        for part in [word] if whole else word.split():
            # What the demonstrations are changes what is found, as with a model.
            if dice(part, f"list{demonstrations % 2}", 5) > 0:
                found.append(part)
    if dice(text, "odd", 3) == 0:
        found.append("Nowhere")  # is not in any sentence
    return found


def typed(span):
    common = TYPES[zlib.crc32(span.encode()) % 3]
    return common if dice(span, "type", 4) > 0 else TYPES[dice(span, "other", 3)]


def answer(prompt):
    question = prompt[prompt.rindex("<|text|>") + len("<|text|>"):]
    text = question.split("<|")[0].strip()
    spans = [s.strip() for s in question.split("<|spans|>")[-1].split("<|")[0:1]]
    if "<|verify|>" in prompt:
        kind = question.split("<|types|>")[1].split("<|")[0].strip()
        roll = dice(spans[0] + kind, "verify", 8)
        return "perhaps" if roll == 7 else "no" if roll < 2 else "yes"
    if "<|classify|>" in prompt:
        spans = question.split("<|spans|>")[1].split("<|answer|>")[0].split("<|sep|>")
        return "<|sep|>".join(f" {s.strip()}<|is|> {typed(s.strip())}" for s in spans)
    return "".join(f"<|mark|>{p}<|/mark|>" for p in extracted(text, prompt.count("<|end|>")))


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def send(self, value, status=200):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.path == "/health":
            self.send({"status": "ok"})
        elif self.path == "/props":
            self.send({"total_slots": 4, "build_info": "voting", "model_path": f"voting-{MEMBER}.gguf",
                       "default_generation_settings": {"n_ctx": 4096}})
        elif self.path == "/v1/models":
            self.send({"data": [{"id": f"voting-{MEMBER}", "meta": {"n_ctx_train": 4096}}]})
        else:
            self.send({"error": {"message": "not here"}}, 404)

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path != "/completion" or "<|text|>" not in str(body.get("prompt")):
            self.send({"content": "", "stop": True, "stop_type": "eos"})
            return
        with lock, open(COUNTS, "a", encoding="utf-8") as counts:
            counts.write(MEMBER + "\n")
        content = answer(body["prompt"])
        self.send({"content": content, "stop": True, "stop_type": "eos",  # a token is a letter
                   "tokens_evaluated": len(body["prompt"]), "tokens_predicted": len(content)})


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
