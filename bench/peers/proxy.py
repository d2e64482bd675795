"""A proxy before a model server, which counts what is asked, and can break a reply or hold all of them.

Only completions are counted; what a client asks besides (the server's state, its tokenizer) is handed through.
"""

from __future__ import annotations

import http.client
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

COMPLETIONS = ("/completion", "/v1/completions", "/v1/chat/completions", "/chat/completions")


@dataclass
class Counts:
    """What was answered. Tokens are those that the server tells."""

    calls: int = 0
    prompt_tokens: int = 0
    computed_tokens: int = 0  # those of prompts that were not in a slot already
    answer_tokens: int = 0
    most_at_once: int = 0

    def add(self, reply: dict[str, Any]) -> None:
        """Count one reply, in the shape of OpenAI or of llama-server's own API."""
        usage, timings = reply.get("usage") or {}, reply.get("timings") or {}
        prompt = usage.get("prompt_tokens", reply.get("tokens_evaluated", 0))
        kept = (usage.get("prompt_tokens_details") or {}).get("cached_tokens", 0)
        kept = timings.get("cache_n", kept)
        self.calls += 1
        self.prompt_tokens += prompt
        self.computed_tokens += timings.get("prompt_n", prompt - kept)
        self.answer_tokens += usage.get("completion_tokens", reply.get("tokens_predicted", 0))


@dataclass
class Reply:
    """As it came from the server."""

    status: int
    kind: str
    body: bytes


@dataclass
class Plan:
    """What is done to the replies of one run, and what was counted of it."""

    replay: bool = False  # answer what was asked before from memory
    break_for: str = ""  # the first call whose prompt has this text gets a broken reply
    break_how: str = "text"  # the model's text is cut, or the "body" of the HTTP reply
    hold_after: int | None = None  # so many calls are answered, the others wait
    counts: Counts = field(default_factory=Counts)
    broken: int = 0
    held: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)
    begun: int = 0
    active: int = 0


def prompt_of(request: dict[str, Any]) -> str:
    """All text of a request that the model reads."""
    messages = [str(message.get("content")) for message in request.get("messages", [])]
    return "\n".join([*messages, str(request.get("prompt", ""))])


def text_of(reply: dict[str, Any]) -> str:
    """What the model said."""
    if "choices" in reply:
        return str(reply["choices"][0]["message"]["content"])
    return str(reply.get("content", ""))


def cut(body: bytes, how: str) -> bytes:
    """The reply with only half of what the model said, or half of its bytes."""
    if how == "body":
        return body[: len(body) // 2]
    reply = json.loads(body)
    half = text_of(reply)[: len(text_of(reply)) // 2]
    if "choices" in reply:
        reply["choices"][0]["message"]["content"] = half
    else:
        reply["content"] = half
    return json.dumps(reply).encode()


class Proxy:
    """Listens on a port of its own as long as the process runs."""

    def __init__(self, upstream: str) -> None:
        self.plan = Plan()
        self.kept: dict[str, Reply] = {}
        self.upstream = urlsplit(upstream)
        self.lock = threading.Lock()
        handler = type("Bound", (Handler,), {"proxy": self})
        server = type("Server", (ThreadingHTTPServer,), {"request_queue_size": 256, "daemon_threads": True})
        self.server: ThreadingHTTPServer = server(("127.0.0.1", 0), handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """Where clients reach it."""
        return f"http://127.0.0.1:{self.server.server_port}"

    def forward(self, method: str, path: str, body: bytes) -> Reply:
        """Ask the server itself."""
        link = http.client.HTTPConnection(self.upstream.hostname or "", self.upstream.port, timeout=3600)
        try:
            link.request(method, path, body or None, {"Content-Type": "application/json"})
            got = link.getresponse()
            return Reply(got.status, got.getheader("Content-Type", "application/json"), got.read())
        finally:
            link.close()

    def complete(self, path: str, body: bytes) -> Reply | None:
        """Answer a completion. None: the run was ended meanwhile."""
        plan, request = self.plan, json.loads(body)
        # Which slot is asked makes no other question of it.
        key = json.dumps([path, {k: v for k, v in request.items() if k != "id_slot"}], sort_keys=True)
        with self.lock:
            number = plan.begun
            plan.begun += 1
            plan.active += 1
            plan.counts.most_at_once = max(plan.counts.most_at_once, plan.active)
            reply = self.kept.get(key) if plan.replay else None
        if plan.hold_after is not None and number >= plan.hold_after:
            plan.held.set()
            plan.released.wait()
            return None
        reply = reply or self.forward("POST", path, body)
        with self.lock:
            plan.active -= 1
            if reply.status == http.client.OK:
                self.kept[key] = reply
                plan.counts.add(json.loads(reply.body))
                if plan.break_for and not plan.broken and plan.break_for in prompt_of(request):
                    plan.broken += 1
                    reply = Reply(reply.status, reply.kind, cut(reply.body, plan.break_how))
        return reply

    def save(self, path: str) -> None:
        """What was asked and answered, for people to read and for load()."""
        with open(path, "w", encoding="utf-8") as file:
            for key, reply in self.kept.items():
                body = reply.body.decode("utf-8", "replace")
                line = {"prompt": prompt_of(json.loads(key)[1]), "reply": text_of(json.loads(body)), "key": key,
                        "body": body}  # fmt: skip
                file.write(json.dumps(line, ensure_ascii=False) + "\n")

    def load(self, path: str) -> None:
        """Know again what save() wrote."""
        with open(path, encoding="utf-8") as file:
            for line in map(json.loads, file):
                self.kept[line["key"]] = Reply(http.client.OK, "application/json", line["body"].encode())


class Handler(BaseHTTPRequestHandler):
    """Of one connection."""

    protocol_version = "HTTP/1.1"
    proxy: Proxy

    def do_GET(self) -> None:
        """Questions about the server."""
        self.answer(self.proxy.forward("GET", self.path, b""))

    def do_POST(self) -> None:
        """Completions, and what else is posted."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path in COMPLETIONS:
            self.answer(self.proxy.complete(self.path, body))
        else:
            self.answer(self.proxy.forward("POST", self.path, body))

    def answer(self, reply: Reply | None) -> None:
        """Hand it over, if anybody is still there."""
        self.close_connection = reply is None
        if reply is None:
            return
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.kind)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    def log_message(self, format: str, *args: object) -> None:
        """Be silent."""
