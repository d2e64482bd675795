"""On a local Ray cluster and a local Spark: the same as in one process, also where a worker is killed in mid-run."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import el4ner
from conftest import Config, members

COUNT = 400


def texts() -> list[str | None]:
    return [None if i == 7 else "\0" if i == 8 else f"Anna{i} Berg met Carlo{i % 7}." for i in range(COUNT)]


@pytest.fixture(scope="module")
def slow(serve: Callable[..., int]) -> Config:
    """A server that needs so long that a worker can be killed while it has texts in work."""
    port = serve("--latency", "30", "--slots", "8")
    return members(port, port)


def expected(config: Config) -> dict[int, list[tuple[str, str, int]]]:
    with el4ner.Tagger(config) as tagger:
        docs = tagger.pipe([text or "" for text in texts()], errors="keep")
        return {i: [(ent.text, ent.label, ent.start) for ent in doc.ents] for i, doc in enumerate(docs)}


# What this test starts has it in its environment, so that no other process is killed.
MARK = f"el4ner-test-{uuid.uuid4()}"
os.environ["EL4NER_TEST"] = MARK


def processes(words: str) -> set[int]:
    """Processes of this test's with these words in their command."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if words.encode() in (folder / "cmdline").read_bytes().replace(b"\0", b" ") and (
                MARK.encode() in (folder / "environ").read_bytes()
            ):
                found.add(int(folder.name))
        except OSError:
            pass
    return found


def check(rows: list[dict[str, Any]], config: Config) -> None:
    """Every row is there once, and as one process finds it."""
    assert sorted(row["id"] for row in rows) == list(range(COUNT))
    wanted = expected(config)
    for row in rows:
        if row["id"] in (7, 8):
            assert row["entities"] is None
            assert (row["entities_error"] is None) == (row["id"] == 7)
        else:
            assert row["entities_error"] is None
            assert [(e["text"], e["type"], e["start"]) for e in row["entities"]] == wanted[row["id"]]


class Killer(threading.Thread):
    """Kills a process, once it is there and the server has work."""

    def __init__(self, find: Callable[[], set[int]]) -> None:
        super().__init__(daemon=True)
        self.find = find
        self.killed: list[int] = []

    def run(self) -> None:
        while not self.find():
            time.sleep(0.05)
        time.sleep(1)
        while not self.killed:  # one that was there a moment ago may have ended by itself
            for process in sorted(self.find())[:1]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
                    self.killed.append(process)
            time.sleep(0.05)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    ray = pytest.importorskip("ray")
    pytest.importorskip("ray.data")
    ray.init(num_cpus=4, include_dashboard=False, log_to_driver=False, configure_logging=False)
    ray.data.DataContext.get_current().enable_progress_bars = False
    yield ray
    ray.shutdown()


@pytest.mark.parametrize("workers", [1, 2])
def test_ray(cluster: Any, config: Config, workers: int) -> None:
    import el4ner.ray

    rows = cluster.data.from_items([{"id": i, "text": text} for i, text in enumerate(texts())])
    tagged = el4ner.ray.tag_dataset(rows, config=config, workers=workers, batch_size=50)
    check(tagged.take_all(), config)


def test_ray_with_a_worker_killed(cluster: Any, slow: Config) -> None:
    import el4ner.ray

    rows = cluster.data.from_items([{"id": i, "text": text} for i, text in enumerate(texts())], override_num_blocks=8)
    killer = Killer(lambda: processes("ray::MapWorker"))
    killer.start()
    check(el4ner.ray.tag_dataset(rows, config=slow, workers=2, batch_size=50).take_all(), slow)
    assert killer.killed


def test_ray_says_what_is_wrong(cluster: Any, config: Config) -> None:
    import el4ner.ray

    rows = cluster.data.from_items([{"text": "Anna."}])
    with pytest.raises(Exception, match="there is no column body"):
        el4ner.ray.tag_dataset(rows, column="body", config=config).take_all()


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    sql = pytest.importorskip("pyspark.sql")
    try:
        session = sql.SparkSession.builder.master("local[2,4]").config("spark.ui.enabled", "false")
        session = session.config("spark.sql.execution.arrow.maxRecordsPerBatch", "50").getOrCreate()
    except Exception as trouble:
        pytest.skip(f"Spark does not start: {trouble}")
    session.sparkContext.setLogLevel("OFF")
    yield session
    session.stop()


def frame(spark: Any) -> Any:
    return spark.createDataFrame(list(enumerate(texts())), "id int, text string").repartition(4)


def rows_of(tagged: Any) -> list[dict[str, Any]]:
    return [row.asDict(recursive=True) for row in tagged.collect()]


def test_spark(spark: Any, config: Config) -> None:
    import el4ner.spark

    check(rows_of(el4ner.spark.tag_dataframe(frame(spark), config=config)), config)
    with pytest.raises(el4ner.ConfigError, match="no column body"):
        el4ner.spark.tag_dataframe(frame(spark), column="body")


def test_spark_with_a_worker_killed(spark: Any, slow: Config) -> None:
    import el4ner.spark

    def workers() -> set[int]:
        daemons = processes("pyspark.daemon")
        return {process for process in daemons if parent(process) in daemons}

    killer = Killer(workers)
    killer.start()
    check(rows_of(el4ner.spark.tag_dataframe(frame(spark), config=slow)), slow)
    assert killer.killed


def parent(process: int) -> int:
    try:
        return int(Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[1])
    except OSError:
        return 0
