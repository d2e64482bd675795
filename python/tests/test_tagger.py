"""The tagger: one text, many, threads, processes, event loops, errors."""

from __future__ import annotations

import asyncio
import gc
import itertools
import json
import logging
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import el4ner
from conftest import BUILD, Config, members

TEXT = "Zoë Berg 🎉 met Carlo Dias in Eden. Dann kam Dora."


@pytest.fixture(scope="module")
def tagger(config: Config) -> Iterator[el4ner.Tagger]:
    with el4ner.Tagger(config) as opened:
        yield opened


def texts(n: int, start: int = 0) -> list[str]:
    return [f"Anna{i} Berg met Carlo{i % 7}." + " Dora Ek slept." * (i % 4) for i in range(start, start + n)]


def memory() -> float:
    """Resident, in MB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def test_offsets_are_code_points(tagger: el4ner.Tagger) -> None:
    doc = tagger(TEXT)
    assert [ent.text for ent in doc.ents][:2] == ["Zoë", "Berg"]
    assert all(TEXT[ent.start : ent.end] == ent.text for ent in doc.ents)
    assert doc.status == "done" and doc.error is None and doc.usage.calls > 0
    assert {ent.evidence.sentence for ent in doc.ents if ent.evidence} == {(0, 34), (35, 49)}


def test_evidence(tagger: el4ner.Tagger) -> None:
    ent = tagger("Carlo Dias slept.").ents[0]
    assert ent.evidence is not None and ent.score is not None
    assert ent.evidence.extracted_by == ["a", "b"]
    assert {vote.label for vote in ent.evidence.votes} == {ent.label}
    assert ent.evidence.demonstrations[0].similarity >= ent.evidence.demonstrations[-1].similarity
    assert all(check.answer in ("yes", "no", None) for check in ent.evidence.checks)


def test_same_as_the_program(config: Config, tagger: el4ner.Tagger, tmp_path: Path) -> None:
    lines = [{"id": str(i), "text": text} for i, text in enumerate([*texts(20), TEXT])]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    (tmp_path / "my.yaml").write_text(json.dumps(config), encoding="utf-8")
    command: list[str | Path] = [BUILD / "el4ner", "tag", "-c", "my.yaml", "--no-cache", "-q", "in.jsonl"]
    written = subprocess.run(command, check=True, capture_output=True, cwd=tmp_path).stdout.decode()
    expected = [json.loads(line) for line in written.splitlines()]
    assert [tagger(line["text"], id=line["id"]).to_dict() for line in lines] == expected


def test_types(tagger: el4ner.Tagger) -> None:
    assert {ent.label for ent in tagger(TEXT, types="star").ents} == {"star"}
    assert {ent.label for ent in tagger(TEXT, types=["star", "moon"]).ents} <= {"star", "moon"}
    assert tagger(TEXT, types={"star": "a hot thing", "moon": {"wording": "cold thing"}}).ents
    assert tagger(TEXT, types=[el4ner.Type("star", aliases=["STAR", "SUN"])]).ents
    with pytest.raises(el4ner.ConfigError, match="colour"):
        tagger(TEXT, types={"star": {"colour": "red"}})


def test_types_of_the_tagger(config: Config) -> None:
    with el4ner.Tagger(config, types=iter(["star"])) as tagger:
        assert {ent.label for ent in tagger(TEXT).ents} == {"star"}


def test_without_evidence_and_with_trace(config: Config) -> None:
    with el4ner.Tagger(config, evidence=False, trace=True) as tagger:
        doc = tagger(TEXT)
        assert all(ent.evidence is None for ent in doc.ents)
        assert doc.trace is not None and len(doc.trace) == 2
        assert "votes" not in doc.to_dict()["entities"][0]


def test_pipe_is_in_order(tagger: el4ner.Tagger) -> None:
    given = texts(500)
    docs = list(tagger.pipe(given))
    assert [doc.text for doc in docs] == given
    assert [doc.ents for doc in docs[::50]] == [tagger(text).ents for text in given[::50]]


def test_pipe_as_ready(tagger: el4ner.Tagger) -> None:
    long = " ".join(f"Anna{i} Berg slept." for i in range(2000))
    given = [(long if i == 0 else f"Carlo{i} Dias.", i) for i in range(200)]
    numbers = [number for doc, number in tagger.pipe(given, ordered=False, as_tuples=True) if doc.ents]
    assert sorted(numbers) == list(range(200)) and numbers[0] != 0


def test_pipe_of_no_end_is_bounded(tagger: el4ner.Tagger) -> None:
    taken = 0

    def endless() -> Iterator[str]:
        nonlocal taken
        for taken in itertools.count(1):
            yield f"Anna{taken} Berg."

    docs, ahead = tagger.pipe(endless(), in_flight=100), 0
    for given, _ in enumerate(itertools.islice(docs, 1000), 1):
        ahead = max(ahead, taken - given)
    assert 50 < ahead <= 100
    docs.close()  # type: ignore[attr-defined]
    assert tagger("Anna Berg.").ents


def test_memory_is_flat(tagger: el4ner.Tagger) -> None:
    for _ in tagger.pipe(texts(1000)):
        pass
    before = memory()
    for _ in tagger.pipe(texts(3000, 1000)):
        pass
    assert memory() - before < 15


def test_bad_texts(tagger: el4ner.Tagger) -> None:
    given = ["Anna Berg.", "half \ud800 pair", "a \0 NUL", "", "Carlo Dias."]
    docs = list(tagger.pipe(given, errors="keep"))
    assert [doc.status for doc in docs] == ["done", "failed", "failed", "done", "done"]
    assert [doc.text for doc in docs] == given
    assert "surrogate pair at character 5" in str(docs[1].error)
    assert "NUL" in str(docs[2].error) and isinstance(docs[2].error, el4ner.FormatError)
    with pytest.raises(ValueError, match="NUL") as raised:
        list(tagger.pipe(given[2:]))
    assert raised.value.doc.text == given[2]  # type: ignore[attr-defined]
    with pytest.raises(TypeError, match="not bytes"):
        tagger(b"Anna")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="not many texts"):
        tagger.pipe("Anna")
    with pytest.raises(ValueError, match="errors"):
        tagger.pipe([], errors="no")  # type: ignore[call-overload]


def test_errors_say_what_the_library_says(tmp_path: Path) -> None:
    with pytest.raises(el4ner.ConfigError, match=r"none\.yaml: No such file"):
        el4ner.Tagger(tmp_path / "none.yaml")
    (tmp_path / "bad.yaml").write_text("members:\n  - {nome: x}\n", encoding="utf-8")
    with pytest.raises(el4ner.ConfigError, match=r"bad\.yaml:2:"):
        el4ner.Tagger(tmp_path / "bad.yaml")
    with pytest.raises(el4ner.UnreachableError) as raised:
        el4ner.Tagger(members(1))
    assert isinstance(raised.value, ConnectionError) and raised.value.code == 5


def test_members_that_fail(serve: Callable[..., int]) -> None:
    with el4ner.Tagger(members(serve("--fault", "status=500"))) as tagger:
        with pytest.raises(el4ner.IncompleteError) as raised:
            tagger("Anna Berg.")
        doc = raised.value.doc
        assert doc is not None and doc.status == "failed" and doc.abstained > 0
        assert doc.abstentions[0].member == "a" and doc.abstentions[0].stage == "extract"
        assert doc.abstentions[0].sentence == (0, 10)


def test_time_limit(hanging: Config) -> None:
    with el4ner.Tagger(hanging, seconds=0.2) as tagger, pytest.raises(TimeoutError) as raised:
        tagger("Anna Berg.")
    assert raised.value.doc.status == "cut short"  # type: ignore[attr-defined]


def test_lazy(config: Config) -> None:
    assert el4ner.Tagger(config, lazy=True)(TEXT).ents
    later = el4ner.Tagger("none.yaml", lazy=True)
    for _ in range(2):
        with pytest.raises(el4ner.ConfigError, match="none"):
            later(TEXT)
    later.close()


def test_closed(config: Config) -> None:
    tagger = el4ner.Tagger(config)
    tagger.close()
    tagger.close()
    with pytest.raises(el4ner.CancelledError, match="closed"):
        tagger("Anna Berg.")


def test_closed_while_others_wait(hanging: Config) -> None:
    tagger, caught = el4ner.Tagger(hanging), []

    def wait() -> None:
        try:
            tagger("Anna Berg.")
        except el4ner.CancelledError as error:
            caught.append(str(error))

    waiting = [threading.Thread(target=wait) for _ in range(3)]
    for thread in waiting:
        thread.start()
    while tagger.progress().texts < 3:
        time.sleep(0.01)
    tagger.close()
    for thread in waiting:
        thread.join()
    assert caught == ["the tagger was closed"] * 3


def test_nobody_refers_to_it(config: Config) -> None:
    tagger = el4ner.Tagger(config)
    thread = tagger._engine()._thread
    del tagger
    gc.collect()
    assert not thread.is_alive()


def test_only_its_pipe_refers_to_it(config: Config) -> None:
    assert [doc.text for doc in el4ner.Tagger(config).pipe(texts(100))] == texts(100)


def test_threads(tagger: el4ner.Tagger) -> None:
    given = texts(120)
    expected = [doc.ents for doc in tagger.pipe(given)]
    found: dict[int, list[Any]] = {}

    def work(number: int) -> None:
        if number % 2:
            found[number] = [doc.ents for doc in tagger.pipe(given, in_flight=10)]
        else:
            found[number] = [tagger(text).ents for text in given]

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(found[i] == expected for i in range(8))


def test_the_lock_is_released(hanging: Config) -> None:
    turns = 0
    with el4ner.Tagger(hanging, seconds=0.3) as tagger:
        waiting = threading.Thread(target=lambda: next(tagger.pipe(["Anna Berg."], errors="keep")))
        waiting.start()
        while waiting.is_alive():
            turns += 1
    assert turns > 1000


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_fork(tagger: el4ner.Tagger, config: Config) -> None:
    """A tagger opens again in the child, and harms nothing when that ends."""
    expected = tagger(TEXT).ents
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        said = "nothing"
        try:
            said = f"{tagger.progress().texts} {tagger(TEXT).ents == expected}"
            tagger.close()
            with el4ner.Tagger(config) as own:
                said += f" {own(TEXT).ents == expected}"
        finally:
            os.write(writing, said.encode())
            os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 1000).decode() == "0 True True"
    assert tagger(TEXT).ents == expected


def tag_elsewhere(tagger: el4ner.Tagger, text: str) -> el4ner.Doc:
    return tagger(text)


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_pickled(tagger: el4ner.Tagger, method: str) -> None:
    with multiprocessing.get_context(method).Pool(2) as pool:
        docs = pool.starmap(tag_elsewhere, [(tagger, text) for text in texts(4)])
    assert docs == list(tagger.pipe(texts(4))) and docs[0].ents


def test_pickled_with_errors(tagger: el4ner.Tagger) -> None:
    doc = next(iter(tagger.pipe(["\0"], errors="keep")))
    copy = pickle.loads(pickle.dumps(doc))
    assert str(copy.error) == str(doc.error) and copy.error.doc is copy


def interrupted(script: str, config: Config, tmp_path: Path) -> str:
    """What a script prints, with Ctrl-C after its first line."""
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    source = "import json, el4ner\nconfig = json.load(open('config.json'))\n" + textwrap.dedent(script)
    process = subprocess.Popen(
        [sys.executable, "-c", source], stdout=subprocess.PIPE, text=True, cwd=tmp_path, env=environment()
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    return said


def environment() -> dict[str, str]:
    source = Path(el4ner.__file__).parents[1]
    return os.environ | {"PYTHONPATH": str(source)}


def test_ctrl_c(hanging: Config, tmp_path: Path) -> None:
    script = """
        tagger = el4ner.Tagger(config)
        print("ready", flush=True)
        try:
            {}
        except KeyboardInterrupt:
            print("interrupted")
        print(tagger("", seconds=5).status)
    """
    for wait in ('tagger("Anna Berg.")', 'list(tagger.pipe(["Anna Berg."] * 10))'):
        assert interrupted(script.format(wait), hanging, tmp_path) == "interrupted\ndone\n"


def test_ctrl_c_in_an_event_loop(hanging: Config, tmp_path: Path) -> None:
    script = """
        import asyncio
        tagger = el4ner.Tagger(config)
        print("ready", flush=True)
        try:
            asyncio.run(tagger.acall("Anna Berg."))
        except KeyboardInterrupt:
            print("interrupted")
    """
    assert interrupted(script, hanging, tmp_path) == "interrupted\n"


def test_ctrl_c_while_it_opens(serve: Callable[..., int], tmp_path: Path) -> None:
    script = """
        print("ready", flush=True)
        try:
            el4ner.Tagger(config)
        except KeyboardInterrupt:
            print("interrupted")
    """
    assert interrupted(script, members(serve("--loading", "12")), tmp_path) == "interrupted\n"


def test_python_ends_with_a_tagger_open(hanging: Config, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(hanging), encoding="utf-8")
    script = (
        "import json, el4ner, threading\n"
        "tagger = el4ner.Tagger(json.load(open('config.json')))\n"
        "pipe = tagger.pipe(['Anna Berg.'] * 10)\n"
        "threading.Thread(target=lambda: next(pipe), daemon=True).start()\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=tmp_path, env=environment(), timeout=60)


def test_async(tagger: el4ner.Tagger) -> None:
    given = texts(60)

    async def source() -> AsyncIterator[str]:
        for text in given:
            await asyncio.sleep(0)
            yield text

    async def all_of_it() -> tuple[list[Any], ...]:
        together = await asyncio.gather(*(tagger.acall(text) for text in given))
        return (
            [doc.ents for doc in together],
            [doc.ents async for doc in tagger.apipe(given)],
            [doc.ents async for doc in tagger.apipe(source(), in_flight=7)],
        )

    expected = [doc.ents for doc in tagger.pipe(given)]
    assert asyncio.run(all_of_it()) == (expected, expected, expected)


def test_async_does_not_wait_for_the_next_text(tagger: el4ner.Tagger) -> None:
    async def run() -> None:
        got = asyncio.Event()

        async def source() -> AsyncIterator[str]:
            yield "Anna Berg."
            await got.wait()
            yield "Carlo Dias."

        count = 0
        async for doc in tagger.apipe(source()):
            assert doc.ents
            count += 1
            got.set()
        assert count == 2

    asyncio.run(asyncio.wait_for(run(), 30))


def test_async_errors(tagger: el4ner.Tagger, hanging: Config) -> None:
    async def run() -> None:
        docs = [doc async for doc in tagger.apipe(["Anna.", "\0", "Carlo."], errors="keep", ordered=False)]
        assert sorted(doc.status for doc in docs) == ["done", "done", "failed"]
        with pytest.raises(el4ner.FormatError):
            await tagger.acall("\0")

        async def failing() -> AsyncIterator[str]:
            yield "Anna Berg."
            raise LookupError("the source")

        with pytest.raises(LookupError):
            async for _ in tagger.apipe(failing()):
                pass
        with el4ner.Tagger(hanging) as slow, pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(slow.acall("Anna Berg."), 0.2)

    asyncio.run(run())


def test_the_ensemble(config: Config, tagger: el4ner.Tagger) -> None:
    assert [member.name for member in tagger.members] == ["a", "b"]
    assert all(member.problem is None for member in tagger.members)
    gone = members(1)["members"][0] | {"name": "gone"}
    with el4ner.Tagger({"members": [*config["members"], gone]}) as fewer:
        assert fewer.members[2].name == "gone" and fewer.members[2].problem
    with el4ner.Tagger(config) as fresh:
        fresh("Anna Berg slept.")
        usage = fresh.usage()
        assert usage["a"]["extract"].calls == 1 and usage["a"]["extract"].prompt_tokens > 0
        assert fresh.progress() == el4ner.Progress(1, 1, 1, 0, 0)
    assert "members:" in tagger.config()


def test_log(config: Config, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "el4ner"), el4ner.Tagger(config, types=["star"]) as tagger:
        tagger("Anna Berg.")
    assert any("pool" in record.getMessage() for record in caplog.records)


def test_html(tagger: el4ner.Tagger) -> None:
    doc = tagger("<b> Anna Berg & Carlo")
    html = doc._repr_html_()
    assert "&lt;b&gt;" in html and "&amp;" in html and html.count("<mark") == len(doc.ents) > 0
    nested = el4ner.Doc(
        "abcdef", [el4ner.Entity("abcd", 0, 4, "x"), el4ner.Entity("bc", 1, 3, "y"), el4ner.Entity("de", 3, 5, "z")]
    )
    assert nested._repr_html_().count("<mark") == nested._repr_html_().count("</mark>") == 3
