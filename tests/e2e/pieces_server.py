"""A model server that extracts pieces of any script: words where there are blanks, runs of two to
four characters where there are none. For the test of offsets; speaks llama-server's /completion.
Prints its port."""
import http.server
import json
import re
import zlib


def pieces(text):
    found = []
    for word in re.findall(r"\w+", text):
        h = zlib.crc32(word.encode())
        if re.search(r"[\u3040-\u9fff]", word):
            at = h % len(word)
            found.append(word[at:at + 2 + h % 3])
        elif h % 4 == 0:
            found.append(word)
    return found


def answer(prompt):
    question = prompt[prompt.rindex("<|text|>") + len("<|text|>"):]
    text = question.split("<|")[0]
    if "<|verify|>" in prompt:
        return "yes"
    if "<|classify|>" in prompt:
        spans = question.split("<|spans|>")[1].split("<|answer|>")[0].split("<|sep|>")
        return "<|sep|>".join("person" for _ in spans)
    return "".join(f"<|mark|>{p}<|/mark|>" for p in pieces(text))


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
            self.send({"total_slots": 8, "build_info": "pieces",
                       "default_generation_settings": {"n_ctx": 4096}})
        elif self.path == "/v1/models":
            self.send({"data": [{"id": "pieces", "meta": {"n_ctx_train": 4096}}]})
        else:
            self.send({"error": {"message": "not here"}}, 404)

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/completion" and "<|text|>" in str(body.get("prompt")):
            self.send({"content": answer(body["prompt"]), "stop": True, "stop_type": "eos"})
        else:
            self.send({"content": "", "stop": True, "stop_type": "eos"})


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
