#!/usr/bin/env python3
"""Texts a second with 1, 2 and 4 workers of Ray and of Spark, at an instant scripted server and at one that needs time.

usage: BUILD=build build/venv/bin/python bench/clusters.py [TEXTS]

build/venv is that of `make check-python`. The server that needs time answers each call after 100 ms, and each worker keeps
32 calls at each of two members there: it is the servers that are waited for, as with real models, and not this machine's
processors. Workers are started before the clock runs.
"""
import json
import os
import subprocess
import sys
import time

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
build = os.path.abspath(os.environ.get("BUILD", os.path.join(ROOT, "build")))
os.environ.setdefault("EL4NER_LIBRARY", f"{build}/libel4ner.so.0")
os.environ["PYTHONPATH"] = os.path.join(ROOT, "python/src")
os.environ["PYSPARK_PYTHON"] = sys.executable
sys.path.insert(0, os.environ["PYTHONPATH"])


def text_of(number):
    return f"Anna{number % 97} Berg met Carlo{number} Dias in Eden{number % 7}. Then Dora Ek came to Lund{number}."


def serve(latency):
    process = subprocess.Popen([f"{build}/tests/scripted_server", "--slots", "1024", "--latency", str(latency)],
                               stdout=subprocess.PIPE, text=True)
    url = "http://127.0.0.1:" + process.stdout.readline().split()[-1]
    members = [{"name": name, "url": url, "prompts": "compact", "slots": 32} for name in "ab"]
    return process, {"members": members}


def by_ray(config, texts, workers):
    import ray

    import el4ner.ray

    ray.init(num_cpus=workers + 1, include_dashboard=False, log_to_driver=False)
    ray.data.DataContext.get_current().enable_progress_bars = False
    rows = ray.data.from_items([{"text": text} for text in texts], override_num_blocks=4 * workers).materialize()
    tagged = el4ner.ray.tag_dataset(rows, config=config, workers=workers, batch_size=len(texts) // (4 * workers))
    begun = time.monotonic()
    found = sum(len(row["entities"]) for row in tagged.iter_rows())
    took = time.monotonic() - begun
    ray.shutdown()
    return found, took


def by_spark(config, texts, workers):
    from pyspark.sql import SparkSession

    import el4ner.spark

    session = SparkSession.builder.master(f"local[{workers}]").config("spark.ui.enabled", "false").getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    frame = session.createDataFrame([(text,) for text in texts], "text string").repartition(workers).cache()
    frame.count()
    el4ner.spark.tag_dataframe(frame.limit(workers).repartition(workers), config=config).collect()
    begun = time.monotonic()
    found = sum(len(row["entities"]) for row in el4ner.spark.tag_dataframe(frame, config=config).collect())
    took = time.monotonic() - begun
    session.stop()
    return found, took


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 4000
    if len(sys.argv) > 2:  # one measurement, in a process of its own
        engine, workers, config = sys.argv[2], int(sys.argv[3]), json.loads(sys.argv[4])
        found, took = {"ray": by_ray, "spark": by_spark}[engine](config, [text_of(i) for i in range(count)], workers)
        print(f"RESULT {engine}, {workers} workers: {count / took:.0f} texts/s, {found} entities")
        return
    for latency in (0, 100):
        server, config = serve(latency)
        print(f"server of {latency} ms, {count} texts, load {os.getloadavg()[0]:.1f}", flush=True)
        for engine in ("ray", "spark"):
            for workers in (1, 2, 4):
                done = subprocess.run([sys.executable, __file__, str(count), engine, str(workers), json.dumps(config)],
                                      stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
                lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT")]
                print("  " + (lines[0][7:] if lines else f"{engine}, {workers} workers: failed"), flush=True)
        server.kill()


main()
