#!/usr/bin/env python3
"""Load on el4ner serve with the instant scripted server: many clients, mixed sizes, each answer checked.

usage: BUILD=build bench/serve-load.py [CLIENTS] [SECONDS]

Prints requests and texts a second, the 50th and 99th percentile of the time of a request, the memory of the service at
the beginning and the end, and the calls a second of the service beside those of `el4ner tag` with the same texts.
"""
import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

import account

clients = int(sys.argv[1]) if len(sys.argv) > 1 else 200
seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 60
build = os.path.abspath(os.environ.get("BUILD", "build"))
SIZES = [1, 1, 1, 2, 3, 10]


def start(*command):
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return process, process.stdout.readline().strip()


def text_of(client, number):
    return f"Anna{client} Berg met Carlo{number} Dias in Eden{client % 7}. Then Dora Ek came to Lund {number} times."


def memory(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return int(re.search(r"VmRSS:\s+(\d+)", file.read())[1]) / 1024


def calls(address):
    text = urllib.request.urlopen(address + "/metrics").read().decode()
    return sum(int(n) for n in re.findall(r"^el4ner_calls_total\{.*\} (\d+)$", text, re.M))


async def client(number, address, end, times, wrong, count):
    host, port = address.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=1 << 24)
    turn = 0
    while time.monotonic() < end:
        texts = [text_of(number, turn * 16 + i) for i in range(SIZES[(number + turn) % len(SIZES)])]
        turn += 1
        body = json.dumps({"texts": texts}).encode()
        begun = time.monotonic()
        writer.write(b"POST /v1/tag HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                     b"Content-Length: %d\r\n\r\n" % len(body) + body)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(re.search(rb"Content-Length: (\d+)", head)[1])
        answer = await reader.readexactly(length)
        times.append(time.monotonic() - begun)
        count[0] += len(texts)
        documents = json.loads(answer).get("documents", [])
        good = head.startswith(b"HTTP/1.1 200") and [d["text"] for d in documents] == texts and all(
            d["abstained"] == 0 and d["entities"] and all(
                d["text"][e["start"]:e["end"]] == e["text"] for e in d["entities"]) for d in documents)
        if not good:
            wrong.append((head.split(b"\r\n")[0], answer[:200]))
    writer.close()


async def load(address):
    end = time.monotonic() + seconds
    times, wrong, count = [], [], [0]
    await asyncio.gather(*(client(n, address, end, times, wrong, count) for n in range(clients)))
    return sorted(times), wrong, count[0]


def main():
    folder = tempfile.mkdtemp()
    config, lines = os.path.join(folder, "my.yaml"), os.path.join(folder, "in.jsonl")
    model, port = start(f"{build}/tests/scripted_server", "--slots", "32")
    with open(config, "w", encoding="ascii") as file:
        for name in "ab":
            file.write(("members:\n" if name == "a" else "") + f"  - {{name: {name}, "
                       f"url: 'http://127.0.0.1:{port.split()[-1]}', prompts: compact, slots: 32}}\n")
    service, address = start(f"{build}/el4ner", "serve", "-c", config, "--no-cache", "--listen", "127.0.0.1:0")
    while True:
        try:
            urllib.request.urlopen(address + "/v1/health")
            break
        except OSError:
            time.sleep(0.1)
    before, begun = memory(service.pid), time.monotonic()
    times, wrong, texts = asyncio.run(load(address))
    took = time.monotonic() - begun
    after, made = memory(service.pid), calls(address)
    service.send_signal(signal.SIGTERM)
    status = service.wait()
    print(f"{clients} clients, {took:.0f} s: {len(times)} requests, {texts} texts; {len(wrong)} wrong; status {status}")
    for one in wrong[:3]:
        print("  ", *one)
    print(f"{len(times) / took:.0f} requests/s, {texts / took:.0f} texts/s, {made / took:.0f} calls/s")
    print(f"p50 {times[len(times) // 2] * 1000:.1f} ms, p99 {times[len(times) * 99 // 100] * 1000:.1f} ms")
    print(f"memory {before:.0f} MB at the beginning, {after:.0f} MB at the end")
    n = min(texts, 20000)
    with open(lines, "w", encoding="ascii") as file:
        for i in range(n):
            file.write(json.dumps({"text": text_of(i % clients, i)}) + "\n")
    made, took = account.of_tag(build, config, lines, folder)
    print(f"el4ner tag: {n / took:.0f} texts/s, {made / took:.0f} calls/s")
    model.kill()
    sys.exit(bool(wrong) or status != 0)


main()
