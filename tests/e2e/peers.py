"""The bench beside other tools, without a model and without those tools: its proxy, and runs at small servers.

usage: peers.py BENCH DATA

The first part asks a server in this file through the proxy. Then BENCH is run in the working folder: the plain script
at that same server, and el4ner at the one that SERVER names. Prints "ok NAME" or "not ok NAME".
"""
import http.client
import json
import os
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

bench, data = sys.argv[1:3]
sys.path.insert(0, bench)
from proxy import Plan, Proxy  # noqa: E402


def check(name, right, *seen):
    print(f"{'ok' if right else 'not ok'} {name}")
    if not right:
        print("  seen:", *seen)


class Model(BaseHTTPRequestHandler):
    """Every capitalised word is a person. Says that each prompt has 10 tokens, 4 of them kept, and an answer 3."""

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        words = re.findall(r"\b[A-Z]\w+", request["messages"][-1]["content"])
        self.send({"choices": [{"message": {"content": json.dumps([{"text": w, "type": "person"} for w in words])}}],
                   "usage": {"prompt_tokens": 10, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 4}}})

    def do_GET(self):
        self.send({"asked": self.path})

    def send(self, value):
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def start_model():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Model)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def ask(proxy, text):
    """What the model says through the proxy; None if the reply is no JSON."""
    link = http.client.HTTPConnection(urlsplit(proxy.url).netloc, timeout=20)
    link.request("POST", "/v1/chat/completions", json.dumps({"messages": [{"role": "user", "content": text}]}))
    body = link.getresponse().read()
    link.close()
    try:
        return json.loads(body)["choices"][0]["message"]["content"]
    except ValueError:
        return None


def test_proxy(url):
    proxy = Proxy(url)
    whole = [ask(proxy, text) for text in ("Anna ran.", "Bert slept.")]
    check("an answer comes through", whole[0] == '[{"text": "Anna", "type": "person"}]', whole)
    counts = proxy.plan.counts
    check("calls and tokens are counted", (counts.calls, counts.prompt_tokens, counts.computed_tokens,
                                           counts.answer_tokens, counts.most_at_once) == (2, 20, 12, 6, 1), counts)
    link = http.client.HTTPConnection(urlsplit(proxy.url).netloc, timeout=20)
    link.request("GET", "/props")
    check("other questions are handed through", json.load(link.getresponse()) == {"asked": "/props"})
    link.close()
    check("and are no calls", counts.calls == 2, counts)

    proxy.plan = Plan(break_for="Bert")
    said = [ask(proxy, text) for text in ("Anna ran.", "Bert slept.", "Bert slept.")]
    check("one answer is cut, and no other", said == [whole[0], whole[1][:len(whole[1]) // 2], whole[1]], said)
    proxy.plan = Plan(break_for="Bert", break_how="body")
    said = [ask(proxy, text) for text in ("Anna ran.", "Bert slept.", "Bert slept.")]
    check("one reply is cut, and no other", said == [whole[0], None, whole[1]], said)

    proxy.save("kept.jsonl")
    again = Proxy("http://127.0.0.1:9")  # nobody is there
    again.load("kept.jsonl")
    again.plan = Plan(replay=True)
    check("what was asked before is answered from memory", ask(again, "Anna ran.") == whole[0])
    check("and counted", again.plan.counts.calls == 1, again.plan)

    proxy.plan = plan = Plan(replay=True, hold_after=1)
    ask(proxy, "Anna ran.")
    threads = [threading.Thread(target=lambda: ask_held(proxy)) for _ in range(2)]
    for thread in threads:
        thread.start()
    check("what comes after so many calls waits", plan.held.wait(20))
    plan.released.set()
    for thread in threads:
        thread.join()
    check("and is not counted", plan.counts.calls == 1, plan.counts)


def ask_held(proxy):
    """The connection ends without a reply."""
    try:
        ask(proxy, "Bert slept.")
    except (http.client.HTTPException, OSError):
        pass


def run(name, server):
    env = {**os.environ, "ONLY": name, "SERVER": server, "SENTENCES": "6"}
    done = subprocess.run([f"{bench}/run", name, "no-model", data, "people"], env=env, capture_output=True, text=True)
    check(f"{name}: the bench runs", done.returncode == 0, done.stderr)
    with open(f"{name}/results.json", encoding="utf-8") as file:
        return json.load(file)[0], done.stdout


def main():
    model = start_model()
    test_proxy(model)

    plain, printed = run("plain", model)
    check("plain: a call for each sentence", (plain["calls"], plain["prompt_tokens"]) == (6, 60), plain)
    check("plain: its entities are scored", plain["score"]["micro"]["f1"] == 1, plain["score"])
    cut, body = plain["broken"]["text"], plain["broken"]["body"]
    check("plain: a broken answer costs its sentence", (cut["struck"], cut["changed"], cut["told"]) == (1, 1, 1), cut)
    check("plain: so does a broken reply", (body["struck"], body["changed"], body["status"]) == (1, 1, 0), body)
    check("plain: after a kill, all is asked again", plain["killed"] == {
        "answered_before": 3, "made_again": 3, "same_result": True}, plain["killed"])
    check("plain: the table has it", "| people | plain | 100.0 (100.0 to 100.0) | 0, 0 | 6 |" in printed, printed)

    el4ner, _ = run("el4ner", os.environ["SERVER"])
    check("el4ner: it asks through the proxy", el4ner["calls"] >= 6 and el4ner["prompt_tokens"] > 0, el4ner)
    check("el4ner: it finds something, where it says", sum(
        el4ner["score"]["micro"][k] for k in ("correct", "incorrect", "spurious")) > 0
        and el4ner["without_offsets"] == el4ner["other_text"] == 0, el4ner)
    body = el4ner["broken"]["body"]
    check("el4ner: a broken reply is asked for again", (body["struck"], body["changed"], body["more_calls"]) == (1, 0, 1),
          body)
    check("el4ner: after a kill, nothing is asked again", el4ner["killed"]["made_again"] == 0
          and el4ner["killed"]["same_result"], el4ner["killed"])


main()
