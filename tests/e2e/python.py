"""The Python package with nothing but Python itself: python.py CONFIGURATION HANGING-CONFIGURATION.

Prints "ok NAME" or "not ok NAME". `make check-python` tests more.
"""
import asyncio
import itertools
import os
import signal
import sys
import threading

import el4ner
from el4ner import _abi

TEXT = "Zoë Berg 🎉 met Carlo Dias in Eden."


def that(name, fine):
    print("ok" if fine else "not ok", name, flush=True)


def raises(kind, words, function):
    try:
        function()
    except kind as error:
        return words in str(error)
    return False


def texts(n):
    return [f"Anna{i} Berg met Carlo{i % 7} Dias." for i in range(n)]


def one_text(tagger):
    doc = tagger(TEXT)
    that("a text", [ent.text for ent in doc.ents] == ["Zoë", "Berg", "Carlo", "Dias", "Eden"])
    that("offsets are code points", all(TEXT[ent.start:ent.end] == ent.text for ent in doc.ents))
    that("evidence", all(ent.evidence.extracted_by == ["a"] for ent in doc.ents))
    that("a page", doc._repr_html_().count("<mark") == 5)


def many_texts(tagger):
    given = texts(300)
    docs = list(tagger.pipe(given))
    that("many texts, in order", [doc.text for doc in docs] == given and all(doc.ents for doc in docs))
    that("as they are ready", len(list(tagger.pipe(given, ordered=False))) == 300)
    taken = itertools.count()
    endless = tagger.pipe((f"Anna{next(taken)} Berg." for _ in itertools.count()), in_flight=20)
    first = list(itertools.islice(endless, 100))
    endless.close()
    that("texts without an end", len(first) == 100 and next(taken) <= 120)

    async def run():
        return [doc async for doc in tagger.apipe(given)]

    that("within an event loop", [doc.ents for doc in asyncio.run(run())] == [doc.ents for doc in docs])
    found = []
    threads = [threading.Thread(target=lambda: found.append([d.ents for d in tagger.pipe(given)])) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    that("threads", found == [[doc.ents for doc in docs]] * 4)


def errors(tagger, hanging):
    docs = list(tagger.pipe(["Anna.", "\0", "Carlo."], errors="keep"))
    that("a text that fails", [doc.status for doc in docs] == ["done", "failed", "done"])
    that("errors are exceptions", raises(el4ner.FormatError, "NUL", lambda: list(tagger.pipe(["\0"]))))
    that("they have the library's message", raises(el4ner.ConfigError, "none.yaml", lambda: el4ner.Tagger("none.yaml")))
    with el4ner.Tagger(hanging) as slow:
        that("a time limit", raises(TimeoutError, "", lambda: slow("Anna Berg.", seconds=0.1)))
        timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        that("Ctrl-C", raises(KeyboardInterrupt, "", lambda: slow("Anna Berg.")))


def processes(tagger):
    expected = tagger(TEXT).ents
    child = os.fork()
    if child == 0:
        os._exit(0 if tagger(TEXT).ents == expected else 1)
    that("a forked process", os.waitpid(child, 0)[1] == 0 and tagger(TEXT).ents == expected)


def files():
    gold = [{"text": "Zoë Berg slept.", "entities": [{"start": 0, "end": 8, "type": "person"}]}]
    el4ner.write(gold, "gold.conll")
    that("files", next(el4ner.read("gold.conll")).ents[0].text == "Zoë Berg")
    that("scores", el4ner.score(gold, gold).micro.f1 == 1)


def interface():
    """What the package knows of the library's structs is so; the library may have grown since."""
    root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
    with open(os.path.join(root, "tests/abi.txt"), encoding="utf-8") as file:
        known = set(file.read().splitlines())
    wrong = [f"struct el4ner_{name} {field} at {at.offset}, {at.size} bytes"
             for name, struct in _abi.STRUCTS.items() for field, *_ in struct._fields_
             for at in [getattr(struct, field)]]
    wrong = [line for line in wrong if line not in known]
    print(*wrong, sep="\n", end="\n" if wrong else "")
    that("structs are as in tests/abi.txt", not wrong)


def main():
    interface()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    configuration, hanging = sys.argv[1:]
    with el4ner.Tagger(configuration) as tagger:
        one_text(tagger)
        many_texts(tagger)
        errors(tagger, hanging)
        processes(tagger)
    files()


main()
