#!/usr/bin/env python3
"""Tagger.pipe() beside `el4ner tag`: the same short texts, the same instant scripted server, in turns.

usage: BUILD=build bench/python-pipe.py [TEXTS] [PAIRS]

Prints the calls a second of each run, the seconds of processor that it took without the server's, and the memory of
Python at the beginning and the end of its runs. Both are given their texts from memory and a file and open their configuration anew; the time of that counts.
"""
import json
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time

import account

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
build = os.path.abspath(os.environ.get("BUILD", os.path.join(ROOT, "build")))
os.environ.setdefault("EL4NER_LIBRARY", f"{build}/libel4ner.so.0")
sys.path.insert(0, os.path.join(ROOT, "python/src"))
import el4ner  # noqa: E402


def text_of(number):
    return f"Anna{number % 97} Berg met Carlo{number} Dias in Eden{number % 7}. Then Dora Ek came to Lund{number}."


def memory():
    with open("/proc/self/status", encoding="ascii") as file:
        return int(re.search(r"VmRSS:\s+(\d+)", file.read())[1]) / 1024


def processor(whose):
    used = resource.getrusage(whose)
    return used.ru_utime + used.ru_stime


def by_program(config, lines, folder):
    before = processor(resource.RUSAGE_CHILDREN)
    calls, took = account.of_tag(build, config, lines, folder)
    return calls / took, processor(resource.RUSAGE_CHILDREN) - before


def by_python(config, count):
    before, begun, calls, marks = processor(resource.RUSAGE_SELF), time.monotonic(), 0, []
    with el4ner.Tagger(config) as tagger:
        for number, doc in enumerate(tagger.pipe(text_of(i) for i in range(count))):
            calls += doc.usage.calls
            assert doc.ents and doc.abstained == 0
            if number in (count // 10, count - 1):
                marks.append(memory())
    return calls / (time.monotonic() - begun), processor(resource.RUSAGE_SELF) - before, marks


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20000
    pairs = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    server = subprocess.Popen([f"{build}/tests/scripted_server", "--slots", "32"], stdout=subprocess.PIPE, text=True)
    url = "http://127.0.0.1:" + server.stdout.readline().split()[-1]
    with tempfile.TemporaryDirectory() as folder:
        config, lines = os.path.join(folder, "my.yaml"), os.path.join(folder, "in.jsonl")
        with open(config, "w", encoding="ascii") as file:
            members = [{"name": name, "url": url, "prompts": "compact", "slots": 32} for name in "ab"]
            json.dump({"members": members}, file)
        with open(lines, "w", encoding="ascii") as file:
            file.writelines(json.dumps({"text": text_of(i)}) + "\n" for i in range(count))
        programs, pythons = [], []
        print(f"{count} texts; load {os.getloadavg()[0]:.1f} at the beginning")
        for _ in range(pairs):
            first, first_used = by_program(config, lines, folder)
            second, second_used, (early, late) = by_python(config, count)
            programs.append(first)
            pythons.append(second)
            print(f"el4ner tag {first:.0f} calls/s, {first_used:.1f} s of processor; pipe {second:.0f} calls/s "
                  f"= {second / first:.0%}, {second_used:.1f} s; memory of Python {early:.0f} MB after a tenth, "
                  f"{late:.0f} MB at the end", flush=True)
        ratio = statistics.median(b / a for a, b in zip(programs, pythons, strict=True))
        print(f"median {ratio:.0%}; load {os.getloadavg()[0]:.1f} at the end")
    server.kill()


main()
