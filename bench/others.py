#!/usr/bin/env python3
"""langextract and spacy-llm beside el4ner: the same short texts, servers that answer at once.

usage: BUILD=build bench/others.py langextract|spacy-llm|el4ner [TEXTS]

langextract and spacy-llm (0.7) are run in a virtual environment that has them; el4ner needs nothing. Each of these two
asks an instant server of OpenAI's kind in this script, which answers in the form that the prompt wants: every
capitalised word is an entity. el4ner asks the scripted server of the tests with two members, as in
bench/python-pipe.py. Prints seconds, calls, and tokens: those that the scripted server counts, or the characters that
this script's server counts, four to a token.
"""
import ctypes
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
build = os.path.abspath(os.environ.get("BUILD", os.path.join(ROOT, "build")))


def text_of(number):
    return f"Anna{number % 97} Berg met Carlo{number} Dias in Eden{number % 7}. Then Dora Ek came to Lund{number}."


def answer(prompt):
    """What the prompt wants, for the last text in it."""
    text = re.findall(r"(?:Anna\d+ Berg met .*?Lund\d+\.)", prompt)[-1]
    names = re.findall(r"[A-Z]\w+", text)
    if "extractions" in prompt:  # langextract
        return json.dumps({"extractions": [{"person": name, "person_attributes": {}} for name in names]})
    return "\n".join(f"{i}. {name} | True | PERSON | a name" for i, name in enumerate(names, 1))


class Answering(BaseHTTPRequestHandler):
    """Counts what it is asked."""

    protocol_version = "HTTP/1.1"
    counts = {"calls": 0, "prompt characters": 0, "answer characters": 0}
    lock = threading.Lock()

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        prompt = "\n".join(message["content"] for message in request["messages"])
        said = answer(prompt)
        with self.lock:
            self.counts["calls"] += 1
            self.counts["prompt characters"] += len(prompt)
            self.counts["answer characters"] += len(said)
        self.send(200, {"id": "x", "object": "chat.completion", "created": 0, "model": "m", "choices": [
            {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": said}}]})

    def do_GET(self):
        self.send(200, self.counts if self.path == "/counts" else {"object": "list", "data": [{"id": "m"}]})

    def send(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def by_langextract(url, texts):
    import langextract
    from langextract.factory import ModelConfig

    example = langextract.data.ExampleData(text="Anna1 Berg met Carlo1 Dias in Eden1. Then Dora Ek came to Lund1.", extractions=[
        langextract.data.Extraction(extraction_class="person", extraction_text="Anna1")])
    documents = [langextract.data.Document(text=text, document_id=str(i)) for i, text in enumerate(texts)]
    config = ModelConfig(model_id="m", provider="OpenAILanguageModel",
                         provider_kwargs={"api_key": "none", "base_url": url + "/v1", "max_workers": 32})
    found = langextract.extract(documents, prompt_description="Extract persons, places and organizations.",
                                examples=[example], config=config, batch_length=256, max_workers=32,
                                fence_output=False, use_schema_constraints=False, show_progress=False)
    return sum(len(document.extractions) for document in found)


def by_spacy_llm(url, texts):
    os.environ["OPENAI_API_KEY"] = "none"
    import spacy
    from spacy_llm.models.rest.openai.model import OpenAI

    OpenAI._verify_auth = lambda self: None  # it asks api.openai.com, whatever the endpoint
    nlp = spacy.blank("en")
    nlp.add_pipe("llm", config={
        "task": {"@llm_tasks": "spacy.NER.v3", "labels": ["PERSON", "LOCATION", "ORGANIZATION"]},
        "model": {"@llm_models": "spacy.GPT-4.v3", "name": "gpt-4", "endpoint": url + "/v1/chat/completions"}})
    return sum(len(doc.ents) for doc in nlp.pipe(texts, batch_size=256))


def by_el4ner(texts):
    """At the scripted server, whose account counts tokens."""
    os.environ.setdefault("EL4NER_LIBRARY", f"{build}/libel4ner.so.0")
    sys.path.insert(0, os.path.join(ROOT, "python/src"))
    import el4ner

    server = subprocess.Popen([f"{build}/tests/scripted_server", "--slots", "32"], stdout=subprocess.PIPE, text=True)
    url = "http://127.0.0.1:" + server.stdout.readline().split()[-1]
    members = [{"name": name, "url": url, "prompts": "compact", "slots": 32} for name in "ab"]
    begun, found = time.monotonic(), 0
    with el4ner.Tagger({"members": members}) as tagger:
        for doc in tagger.pipe(texts):
            found += len(doc.ents)
        stages = [usage for stages in tagger.usage().values() for usage in stages.values()]
    took = time.monotonic() - begun
    server.kill()
    counts = {"calls": sum(u.calls for u in stages), "prompt tokens": sum(u.prompt_tokens for u in stages),
              "answer tokens": sum(u.answer_tokens for u in stages)}
    return found, took, counts


def main():
    which, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 2000
    texts = [text_of(i) for i in range(count)]
    if which == "el4ner":
        found, took, counts = by_el4ner(texts)
    else:
        # In a process of its own, so that it does not share the interpreter's lock.
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            ctypes.CDLL(None).prctl(1, 9)  # it ends with its parent
            server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
            os.write(writing, str(server.server_port).encode())
            server.serve_forever()
        url = f"http://127.0.0.1:{os.read(reading, 10).decode()}"
        begun = time.monotonic()
        with tempfile.TemporaryDirectory():
            found = {"langextract": by_langextract, "spacy-llm": by_spacy_llm}[which](url, texts)
        took = time.monotonic() - begun
        import urllib.request

        with urllib.request.urlopen(url + "/counts") as counted:
            counts = json.load(counted)
        os.kill(child, 9)
        os.waitpid(child, 0)
    print(f"{which}: {count} texts, {found} entities, {took:.1f} s, {count / took:.0f} texts/s, "
          f"{counts['calls'] / took:.0f} calls/s; load {os.getloadavg()[0]:.1f}; {counts}")


main()
