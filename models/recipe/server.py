"""Start llama-server on one GGUF file and ask it for completions."""
from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path


def find_server() -> str:
    home = Path(os.environ.get("XDG_DATA_HOME", Path.home() / ".local/share"))
    found = os.environ.get("LLAMA_SERVER") or shutil.which("llama-server") or str(home / "el4ner/bin/llama-server")
    if not Path(found).exists():
        raise SystemExit("llama-server not found: put it on PATH, set LLAMA_SERVER, or run tools/get-llama-server")
    return found


class Server:
    def __init__(self, model: Path, threads: int = 1, context: int = 640, slots: int = 1,
                 more: tuple[str, ...] = ()):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.child = subprocess.Popen(
            [find_server(), "-m", str(model), "--host", "127.0.0.1", "--port", str(self.port), "-c", str(context * slots),
             "-np", str(slots), "-t", str(threads), "--poll", "0", "--no-webui", *more],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(200):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=1)
                return
            except (urllib.error.URLError, OSError):
                if self.child.poll() is not None:
                    raise SystemExit(f"llama-server ended with {self.child.returncode}")
                time.sleep(0.1)
        raise SystemExit("llama-server did not come up")

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.child.terminate()
        self.child.wait()

    def post(self, path: str, body: dict) -> dict:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", json.dumps(body).encode(),
                                         {"Content-Type": "application/json"})
        return json.loads(urllib.request.urlopen(request, timeout=120).read())

    def complete(self, prompt: str, limit: int = 96) -> str:
        return self.post("/completion", {"prompt": prompt, "n_predict": limit, "temperature": 0, "stop": ["<|end|>"],
                                         "special": True, "cache_prompt": True})["content"]
