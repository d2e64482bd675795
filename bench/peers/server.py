"""The llama-server that all contestants ask."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass

SLOTS, CONTEXT = 4, 4096  # as el4ner starts it: so many calls at once, and so many tokens for each


@dataclass
class Server:
    """One that answers. Of one that was there before, the process is not known."""

    url: str
    pid: int | None = None

    def processor(self) -> float:
        """Seconds of processor that it has used."""
        if self.pid is None:
            return 0.0
        with open(f"/proc/{self.pid}/stat", encoding="ascii", errors="replace") as file:
            used = file.read().rpartition(")")[2].split()
        return (int(used[11]) + int(used[12])) / os.sysconf("SC_CLK_TCK")


def program() -> str:
    """As el4ner finds it: on PATH, else what tools/get-llama-server put into the user's data folder."""
    data = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")
    found = shutil.which("llama-server") or f"{data}/el4ner/bin/llama-server"
    if not os.path.exists(found):
        sys.exit("peers: no llama-server on PATH or in the data folder: run tools/get-llama-server")
    return found


def free_port() -> int:
    """One that nobody listens at; llama-server does not tell which it took itself."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


def wait_for(server: subprocess.Popen[bytes], url: str, log: str) -> None:
    """Until it has loaded its model."""
    for _ in range(600):
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"{url}/health").close()
            return
        if server.poll() is not None:
            break
        time.sleep(0.2)
    sys.exit(f"peers: llama-server does not answer: see {log}")


@contextlib.contextmanager
def serving(model: str, log: str) -> Iterator[Server]:
    """One of this model with nothing in its slots, which ends afterwards; or the one that SERVER names."""
    if given := os.environ.get("SERVER"):
        yield Server(given)
        return
    port, threads = str(free_port()), str(len(os.sched_getaffinity(0)))
    command = [program(), "-m", model, "--host", "127.0.0.1", "--port", port]
    command += ["-c", str(SLOTS * CONTEXT), "-np", str(SLOTS), "-t", threads, "--poll", "0"]
    with open(log, "wb") as file, subprocess.Popen(command, stdout=file, stderr=file) as server:
        try:
            wait_for(server, f"http://127.0.0.1:{port}", log)
            yield Server(f"http://127.0.0.1:{port}", server.pid)
        finally:
            server.kill()
