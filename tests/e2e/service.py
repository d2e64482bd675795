"""Requests to a running service, one test a function; prints "ok NAME" or "not ok NAME".

service.py PART ADDRESS [ARGUMENT]...
"""
import http.client
import json
import socket
import threading
import time

from asking import address, arguments, ask, equal, host, metric, refused, run, tag, until


def lines(name):
    with open(name, encoding="utf-8") as file:
        return file.read().splitlines()


def raw(data, wait=20):
    """What comes for these bytes, until the service closes."""
    with socket.create_connection((host.hostname, host.port), timeout=wait) as plug:
        plug.sendall(data)
        plug.shutdown(socket.SHUT_WR)
        got = b""
        while chunk := plug.recv(65536):
            got += chunk
        return got


# ---- what is asked for ----


def same_as_tag():
    wanted = lines("expected.jsonl")
    texts = [json.loads(line) for line in lines("in.jsonl")]
    equal(tag({"text": texts[0]["text"], "id": texts[0]["id"]}).decode(), wanted[0] + "\n")
    got = json.loads(tag({"texts": texts}))["documents"]
    equal(got, [json.loads(line) for line in wanted])


def as_lines():
    with open("in.jsonl", encoding="utf-8") as file:
        body = file.read()
    equal(tag(body, Content_Type="application/x-ndjson", Accept="application/x-ndjson").decode().splitlines(),
          lines("expected.jsonl"))
    equal(tag(body, "/v1/tag?to=jsonl", Content_Type="application/x-ndjson").decode().splitlines(),
          lines("expected.jsonl"))


def types():
    text = "Ada met Bob. Carl saw Dora in Eden. Finn and Greta left for Hull."
    got = json.loads(tag({"text": text, "types": [{"name": "thing", "description": "anything"}]}))
    assert got["entities"] and all(e["type"] == "thing" for e in got["entities"]), got
    got = json.loads(tag({"text": text, "types": "dish, drink"}))
    assert {e["type"] for e in got["entities"]} == {"dish", "drink"}, got
    got = json.loads(tag(json.dumps({"text": text}), "/v1/tag?types=dish%2Cdrink"))
    assert {e["type"] for e in got["entities"]} == {"dish", "drink"}, got


def other_types():
    """The pool labels what a request asks for, but not what the configuration does: the judgement is the trained one,
    and two demonstrations are shown."""
    def shown(**more):
        got = json.loads(tag({"text": "Ada met Bob.", "trace": True} | more))
        return [len(sentence["retrieve"]["demonstrations"]) for sentence in got["trace"]]

    equal(shown(), [0])
    equal(shown(types="person, location"), [2])
    equal(shown(types="person, location", nested=True), [2])
    equal(shown(types="dish"), [0])

    def told(types):
        return ask("POST", "/v1/tag", {"texts": [{"text": "Ada met Bob."}] * 2, "types": types})[1].get("El4ner-Note", "")

    equal(told("person, location"), "")
    for _ in range(2):  # the log has it once, each answer has it
        assert told("dish").startswith("the pool has none of the requested types"), told("dish")
        assert told("person, dish").count("no label for 'dish'") == 1, told("person, dish")


def offsets():
    text = "\U0001F600 Zo\u00eb met Ada."
    for unit, start in ("codepoint", 2), ("utf16", 3), ("byte", 5):
        got = json.loads(tag({"text": text, "offsets": unit}))
        equal((got["offset_unit"], got["entities"][0]["start"]), (unit, start))


def evidence():
    got = json.loads(tag({"text": "Ada met Bob.", "evidence": True, "trace": True}))
    shown = got["entities"][0]["evidence"]
    equal(shown["sentence"], "Ada met Bob.")
    equal([vote["member"] for vote in shown["votes"]], ["a", "b"])
    assert shown["demonstrations"] and shown["checks"], shown
    equal(got["abstentions"], [])
    assert "Ada met Bob." in json.dumps(got["trace"]), got["trace"]


def nothing():
    equal(json.loads(tag({"texts": []})), {"documents": []})
    equal(json.loads(tag({"text": ""}))["entities"], [])
    equal(tag("", "/v1/tag?from=jsonl", 400)[:9], b'{"error":')


def formats():
    conll = "Ada O\nmet O\nBob O\n\nDora O\nslept O\n"
    got = tag(conll, "/v1/tag?from=conll&to=conll", Content_Type="text/plain").decode()
    equal([line.split()[0] for line in got.split("\n") if line],
          ["Ada", "met", "Bob", "Dora", "slept"])
    assert got.count("B-") == 3, got
    got = tag("id,text\n7,Ada met Bob\n", Content_Type="text/csv")
    equal(json.loads(got)["documents"][0]["id"], "7")
    equal(json.loads(tag('{"text": "Ada", "id": "9"}', "/v1/tag?from=auto"))["documents"][0]["id"], "9")
    got = tag("Ada met Bob", "/v1/tag?to=html", Content_Type="text/plain")
    assert got.startswith(b"<!") and b"Ada" in got, got[:200]
    tasks = json.loads(tag("Ada met Bob", "/v1/tag?to=labelstudio", Content_Type="text/plain"))
    equal(len(tasks), 1)
    equal(len(json.loads(tag("Ada met Bob", Content_Type="text/plain"))["documents"][0]["entities"]), 2)


def mistakes():
    refused(400, "body", "line 1, column", '{"text": "Ada')
    refused(400, "body", 'did you mean "texts"', {"textss": ["a"]})
    refused(400, "body", "both", {"text": "a", "texts": []})
    refused(400, "texts[1]", "needs a string", {"texts": ["a", {"id": "x"}]})
    refused(400, "texts[0]", "must be", {"texts": [1]})
    refused(400, "types[0]", "name", {"text": "a", "types": [{"wording": "x"}]})
    refused(400, "types[1]", "did you mean", {"text": "a", "types": ["x", {"name": "y", "nam": "z"}]})
    refused(400, None, "", {"text": "a", "types": ["x", "x"]})
    refused(400, "offsets", "codepoint", {"text": "a", "offsets": "words"})
    refused(400, "evidence", "true or false", {"text": "a", "evidence": 1})
    refused(400, "seconds", "above 0", {"text": "a", "seconds": 0})
    refused(400, "tto", "did you mean to", {"text": "a"}, "/v1/tag?tto=html")
    refused(400, "to", "html", {"text": "a"}, "/v1/tag?to=pdf")
    refused(400, "from", "folder", {"text": "a"}, "/v1/tag?from=brat")
    refused(400, None, "", {"text": "a", "lang": "no language"})
    refused(400, "body", "column", b'{"text": "\xff\xfe"}')
    refused(400, None, "body:", b"A\xff B-PER\n", "/v1/tag?from=conll")
    refused(400, None, "body:2:", '{"text": "a"}\n{"text": 1}\n', "/v1/tag?from=jsonl")
    refused(415, "Content-Type", "application/json", "<p>Ada</p>", Content_Type="text/html")
    refused(415, "Content-Type", "UTF-8", "Ada", Content_Type="text/plain; charset=latin1")
    refused(415, "Content-Encoding", "gzip", "Ada", Content_Encoding="br")
    refused(404, None, "/v1/tag", None, "/v2/tag", "GET")
    refused(405, None, "POST", None, "/v1/tag", "GET")
    refused(405, None, "GET", "a", "/v1/health")
    equal(ask("DELETE", "/v1/tag")[1]["Allow"], "POST")


def limits():
    refused(413, "body", "more than 1048576 bytes", {"text": "a" * (1 << 20)})
    got = raw(b"POST /v1/tag HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\r\n{")
    assert got.startswith(b"HTTP/1.1 413"), got
    refused(413, "body", "more than 50 texts", {"texts": ["a"] * 51})
    chunks = (b'{"text": "' if i == 0 else b"a" * 65536 for i in range(20))
    connection = http.client.HTTPConnection(host.hostname, host.port, timeout=60)
    connection.request("POST", "/v1/tag", chunks, encode_chunked=True,
                       headers={"Transfer-Encoding": "chunked"})
    equal(connection.getresponse().status, 413)
    got = raw(b"POST /v1/tag HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert got.startswith(b"HTTP/1.1 411"), got


def other_sites():
    refused(403, "Host", "this machine", {"text": "a"}, Host="example.com")
    refused(403, "Origin", "other sites", {"text": "a"}, Origin="https://example.com")
    tag({"text": "a"}, Origin=address)
    equal(ask("GET", "/v1/health", Host="localhost:1")[0], 200)
    equal(ask("OPTIONS", "/v1/tag", Origin="https://example.com")[1].get("Access-Control-Allow-Origin"), None)


def pages():
    status, headers, text = ask("GET", "/v1/health")
    equal((status, json.loads(text)["status"]), (200, "ready"))
    members = json.loads(ask("GET", "/v1/members")[2])
    equal([member["name"] for member in members["members"]], ["a", "b"])
    assert members["members"][0]["usage"]["extract"]["calls"] > 0, members
    assert {"person", "location"} <= {t["name"] for t in members["types"]}, members["types"]
    equal(ask("HEAD", "/v1/health")[2], b"")


def openapi():
    described = json.loads(ask("GET", "/openapi.json")[2])
    equal(described["info"]["version"], json.loads(ask("GET", "/v1/health")[2])["version"])
    equal(sorted(described["paths"]), ["/health", "/metrics", "/predict", "/setup", "/v1/health", "/v1/members", "/v1/tag",
                                         "/webhook"])
    try:
        from openapi_spec_validator import validate
    except ImportError:
        print("skip OpenAPI by its validator: there is no openapi-spec-validator")
        return
    validate(described)


def ensembles():
    """Each request by the members of the ensemble that it asks, also where both are in work."""
    problems = []

    def by(**asked):
        got = json.loads(tag({"texts": ["Anna met Bert in Caen."] * 3, **asked}))["documents"]
        return {name for one in got for entity in one["entities"] for name in entity["extracted_by"]}

    def client(number):
        try:
            wanted = [{"a", "b"}, {"a", "b"}, {"nano-a", "nano-b", "nano-c"}][number % 3]
            for _ in range(5):
                equal(by(**[{}, {"ensemble": "configured"}, {"ensemble": "nano"}][number % 3]), wanted)
        except Exception as error:
            problems.append(error)

    threads = [threading.Thread(target=client, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    equal(problems, [])
    got = json.loads(tag("Anna met Bert.", "/v1/tag?ensemble=nano", Content_Type="text/plain"))["documents"][0]
    equal(got["entities"][0]["extracted_by"], ["nano-a", "nano-b", "nano-c"])
    refused(400, "ensemble", "configured, nano", {"text": "a", "ensemble": "x"})
    refused(400, "ensemble", "one that is served", None, "/v1/members?ensemble=x", "GET")
    for asked, wanted in ("", ["a", "b"]), ("?ensemble=nano", ["nano-a", "nano-b", "nano-c"]):
        told = json.loads(ask("GET", "/v1/members" + asked)[2])
        equal(([member["name"] for member in told["members"]], told["ensembles"]), (wanted, ["configured", "nano"]))
    equal(json.loads(ask("GET", "/v1/health")[2])["members"], 5)
    text = ask("GET", "/metrics")[2].decode()
    assert 'el4ner_calls_total{ensemble="nano",member="nano-a",stage="extract"}' in text, text[-3000:]
    equal(text.count("# TYPE el4ner_calls_total "), 1)


def metrics(ensemble=""):
    """Each line is a comment or a sample; buckets grow; what was asked is counted."""
    import re
    seen = {}
    for line in ask("GET", "/metrics")[2].decode().splitlines():
        if not line.startswith("# "):
            sample = re.fullmatch(r'([a-z0-9_]+)(\{(?:[a-z]+="(?:[^"\\\n]|\\.)*",?)*\})? ([0-9.e+-]+)', line)
            assert sample, line
            seen[sample[1] + (sample[2] or "")] = float(sample[3])
    buckets = [n for name, n in seen.items() if name.startswith('el4ner_request_seconds_bucket{path="/v1/tag"')]
    equal(buckets, sorted(buckets))
    equal(buckets[-1], seen['el4ner_request_seconds_count{path="/v1/tag"}'])
    assert seen['el4ner_requests_total{path="/v1/tag",status="2xx"}'] > 5, seen
    assert seen['el4ner_calls_total{' + ensemble + 'member="a",stage="extract"}'] > 5, seen
    assert seen["el4ner_entities_total"] >= seen["el4ner_texts_total"] > 5, seen
    equal(seen["el4ner_requests_in_work"], 0)


def page():
    status, headers, text = ask("GET", "/")
    equal((status, headers["Content-Type"]), (200, "text/html; charset=utf-8"))
    assert b"src=" not in text and b"http:" not in text.replace(b"http://www.w3.org/2000/svg", b""), "outside parts"
    assert "default-src 'none'" in headers["Content-Security-Policy"]


def unix_socket():
    with socket.socket(socket.AF_UNIX) as plug:
        plug.connect(address.removeprefix("unix:"))
        body = b'{"text": "Ada"}'
        plug.sendall(b"POST /v1/tag HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                     b"Content-Length: %d\r\n\r\n" % len(body) + body)
        got = plug.recv(65536)
    assert got.startswith(b"HTTP/1.1 200") and b'"entities"' in got, got


def together():
    """Many clients at once, each gets what is its own."""
    problems = []

    def client(number):
        text = f"Anna{number} met Bert{number} in Ce{number}."
        for again in range(5):
            try:
                got = json.loads(tag({"texts": [text] * (1 + (number + again) % 4), "offsets": "byte"}))
                for document in got["documents"]:
                    names = {e["text"] for e in document["entities"]}
                    assert names <= {f"Anna{number}", f"Bert{number}", f"Ce{number}"}, names
                    equal(document["text"], text)
            except Exception as error:
                problems.append(error)

    threads = [threading.Thread(target=client, args=(n,)) for n in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems, problems[:3]


# ---- a slow server ----


def streams(path="/v1/tag"):
    """The first document is here while others are in work."""
    connection = http.client.HTTPConnection(host.hostname, host.port, timeout=60)
    texts = [f"Anna{n} met Bert{n}." for n in range(30)]
    connection.request("POST", path, json.dumps({"texts": texts}),
                       {"Accept": "application/x-ndjson", "Content-Type": "application/json"})
    answer = connection.getresponse()
    first = json.loads(answer.readline())
    working = metric("el4ner_requests_in_work")
    rest = [json.loads(line) for line in answer.read().splitlines()]
    equal([first["text"]] + [document["text"] for document in rest], texts)
    equal(working, 1)
    return first


def streams_tasks():
    """As an annotation tool takes them, which begins with the first."""
    assert streams("/v1/tag?to=spacy")["spans"], "no spans"
    assert streams("/v1/tag?to=doccano")["label"], "no labels"


def goes_away():
    calls = metric("el4ner_sentences_total")
    before = metric("el4ner_clients_gone_total")
    connection = http.client.HTTPConnection(host.hostname, host.port, timeout=60)
    connection.request("POST", "/v1/tag", json.dumps({"texts": ["Anna met Bert in Caen."] * 50}),
                       {"Content-Type": "application/json"})
    until(lambda: metric("el4ner_requests_in_work") == 1)
    connection.close()
    connection.sock = None
    until(lambda: metric("el4ner_requests_in_work") == 0)
    until(lambda: metric("el4ner_sentences_due") == 0)
    assert metric("el4ner_sentences_total") - calls < 50, "all of it was tagged"
    equal(metric("el4ner_clients_gone_total"), before + 1)


def time_is_up():
    status, _, text = ask("POST", "/v1/tag", {"texts": ["Anna met Bert."] * 50, "seconds": 0.001})
    documents = json.loads(text)["documents"]
    equal((status, len(documents)), (504, 50))
    assert all("failure" in document for document in documents), documents[0]


def too_many():
    """With two requests in work the third is told to come back."""
    threads = [threading.Thread(target=tag, args=({"texts": ["Anna met Bert."] * 40},)) for _ in range(2)]
    for thread in threads:
        thread.start()
    until(lambda: metric("el4ner_requests_in_work") == 2)
    status, headers, text = ask("POST", "/v1/tag", {"text": "a"})
    equal((status, headers["Retry-After"]), (503, "1"))
    assert "too many" in json.loads(text)["error"]["message"], text
    for thread in threads:
        thread.join()
    tag({"text": "Anna"})


# ---- limits of one second ----


def slow_loris():
    """A request that comes byte by byte is ended, be it in its headers or in its body."""
    for begin in b"POST /v1/tag HTTP/1.1\r\n", (b"POST /v1/tag HTTP/1.1\r\nHost: localhost\r\n"
                                                b"Content-Length: 1000000\r\n\r\n"):
        with plug() as one:
            one.sendall(begin)
            one.settimeout(0.05)
            end = time.monotonic() + 60
            try:
                while time.monotonic() < end:
                    one.sendall(b"a")
                    try:
                        got = one.recv(1000)
                        assert not got.startswith(b"HTTP/1.1 2"), got
                        if got == b"":
                            break
                    except TimeoutError:
                        pass
                else:
                    raise AssertionError("it is listened to for ever")
            except ConnectionError:
                pass
    tag({"text": "Ada"})


def idle():
    """A connection that nothing comes by is closed, also after a request."""
    for first in b"", b"GET /v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n":
        with plug() as one:
            one.sendall(first)
            got = b""
            while chunk := one.recv(65536):
                got += chunk
            equal(got.count(b"HTTP/1.1"), 1 if first else 0)


def not_taken():
    """Who does not take the answers is left."""
    before = metric("el4ner_clients_gone_total")
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        one.connect((host.hostname, host.port))
        one.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" * 1000)
        until(lambda: metric("el4ner_clients_gone_total") > before)
        got = b""
        try:
            while chunk := one.recv(1 << 20):
                got += chunk
        except ConnectionError:
            pass
        assert got.count(b"HTTP/1.1 200") < 1000, "all answers came"
    tag({"text": "Ada"})


def longest():
    """No request may take longer than the service allows."""
    status, _, text = ask("POST", "/v1/tag", {"texts": ["Anna met Bert."] * 200, "seconds": 1000})
    documents = json.loads(text)["documents"]
    assert status in (200, 504), status
    assert any("failure" in document for document in documents), documents[-1]
    equal(len(documents), 200)


# ---- faults ----


def plug():
    return socket.create_connection((host.hostname, host.port), timeout=60)


def halves():
    """Requests that stop anywhere, and bytes that are none: the service goes on."""
    whole = (b"POST /v1/tag HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
             b"Content-Length: 15\r\n\r\n" + b'{"text": "Ada"}')
    for n in range(1, len(whole), 7):
        with plug() as one:
            one.sendall(whole[:n])
    for rubbish in (b"\0" * 100, b"GET\r\n\r\n", b"\xff" * 5000, b"GET / HTTP/9.9\r\n\r\n", b"\r\n" * 1000,
                    b"POST /v1/tag HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                    b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\n\r\n",
                    b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 20000 + b"\r\n"):
        with plug() as one:
            try:
                one.sendall(rubbish)
                one.shutdown(socket.SHUT_WR)
                got = one.recv(4096)
                assert got == b"" or got.startswith(b"HTTP/1.1 4") or got.startswith(b"HTTP/1.1 5"), got[:80]
            except OSError:  # it was closed before all was sent
                pass
    tag({"text": "Ada"})


def one_after_another():
    """Two requests in one piece get two answers in order."""
    one = b"POST /v1/tag HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n%s\r\n%s"
    first, second = b'{"text": "Ada"}', b'{"text": "Bob"}'
    with plug() as both:
        both.sendall(one % (len(first), b"", first) + one % (len(second), b"Connection: close\r\n", second))
        got = b""
        while chunk := both.recv(65536):
            got += chunk
    assert got.count(b"HTTP/1.1 200") == 2 and got.index(b'"Ada"') < got.index(b'"Bob"'), got[:300]


def thousand():
    import resource
    most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, most[1]), most[1]))
    idle = [plug() for _ in range(1000)]
    for number, one in enumerate(idle):
        if number % 2:
            one.sendall(b"POST /v1/tag HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")
    tag({"text": "Ada"})
    for one in idle:
        one.close()
    tag({"text": "Ada"})


def huge():
    """A body that never ends is cut off."""
    with plug() as one:
        one.sendall(b"POST /v1/tag HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        try:
            for _ in range(1000):
                one.sendall(b"100000\r\n" + b"a" * 0x100000 + b"\r\n")
            raise AssertionError("a thousand megabytes were taken")
        except ConnectionError:
            pass
    tag({"text": "Ada"})


def server_killed():
    status, _, text = ask("POST", "/v1/tag", {"texts": ["Anna met Bert.", "Carl."]})
    documents = json.loads(text)["documents"]
    equal((status, len(documents)), (502, 2))
    assert all(document["failure"] for document in documents), documents
    for form in "spacy", "doccano":
        status, _, text = ask("POST", "/v1/tag?to=" + form, {"text": "Anna met Bert."}, Accept="application/x-ndjson")
        assert status == 200 and json.loads(text)["failure"], (status, text)
    status, headers, text = ask("GET", "/v1/health")
    equal((status, json.loads(text)["status"]), (503, "no member answers"))
    refused_lines = ask("POST", "/v1/tag", {"text": "Anna"}, Accept="application/x-ndjson")
    assert json.loads(refused_lines[2])["failure"], refused_lines


def server_back():
    got = json.loads(tag({"text": "Anna met Bert."}))
    assert got["entities"] and "failure" not in got, got
    equal(ask("GET", "/v1/health")[0], 200)


def load():
    """Clients ask again and again until the service ends: what is answered is whole and right."""
    problems, answered = [], []

    def client(number):
        text = f"Anna{number} met Bert{number}."
        while True:
            try:
                status, _, body = ask("POST", "/v1/tag", {"texts": [text] * (1 + number % 3)})
            except ConnectionRefusedError:
                return
            except (http.client.RemoteDisconnected, ConnectionResetError):
                continue  # it was not accepted
            except Exception as error:
                problems.append(repr(error))
                return
            if status == 200 and [d["text"] for d in json.loads(body)["documents"]] == [text] * (1 + number % 3):
                answered.append(number)
            elif status != 503:
                problems.append(f"{status} {body[:200]}")
                return
            if len(answered) == 50:
                open("in-work", "w").close()

    threads = [threading.Thread(target=client, args=(n,)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems, problems[:3]
    assert len(answered) >= 50, len(answered)


# ---- others ----


def manual(name):
    """The examples of the manual, by the models that ship: what comes back is what is printed there."""
    import re
    import subprocess
    with open(name, encoding="utf-8") as file:
        blocks = re.findall(r"```console\n(.*?)```", file.read(), re.S)
    assert len(blocks) >= 5, blocks
    plain = lambda text: re.sub(r'("score": |\t)[01](\.\d+)?', r"\1", text).strip()
    for block in blocks:
        for example in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, wanted = example.split("\n", 1)
            got = subprocess.run(["sh", "-c", command.replace("localhost:8765", host.netloc)], capture_output=True,
                                 check=True, text=True, encoding="utf-8").stdout
            equal(plain(got), plain(wanted))


def doccano(name):
    """The mapping template of the manual, by doccano's own package if it is here."""
    import re
    with open(name, encoding="utf-8") as file:
        template, = re.findall(r"```jinja\n(.*?)```", file.read(), re.S)
    wanted = [{"label": "person", "start_offset": 0, "end_offset": 13},
              {"label": "location", "start_offset": 22, "end_offset": 27}]
    text = "Angela Merkel visited Paris."
    try:
        from auto_labeling_pipeline.labels import SequenceLabels
        from auto_labeling_pipeline.mappings import MappingTemplate
        from auto_labeling_pipeline.models import RequestModelFactory
        from auto_labeling_pipeline.pipeline import pipeline
        from auto_labeling_pipeline.postprocessing import PostProcessor
    except ImportError:
        print("skip doccano's own package: there is no auto-labeling-pipeline")
        try:
            from jinja2 import Template
        except ImportError:
            print("skip the mapping template for doccano: there is no jinja2")
            return
        answer = json.loads(tag({"text": text}))
        equal(json.loads(Template(template).render(input=answer)), [dict(label) for label in wanted])
        return
    model = RequestModelFactory.create("Custom REST Request", {
        "url": address + "/v1/tag", "method": "POST", "params": {}, "headers": {"Content-Type": "application/json"},
        "body": {"text": "{{ text }}"}})
    got = pipeline(text, model, MappingTemplate(SequenceLabels, template), PostProcessor({}))
    equal(got.dict(), wanted)


def token():
    refused(401, None, "asks for a token", {"text": "Ada"})
    refused(401, None, "not the right one", {"text": "Ada"}, Authorization="Bearer wrong")
    refused(401, None, "not the right one", {"text": "Ada"}, Authorization="Bearer secre")
    tag({"text": "Ada"}, Authorization="Bearer secret")
    tag({"text": "Ada"}, Authorization="bearer secret")
    equal(ask("GET", "/v1/members")[0], 401)
    equal(ask("GET", "/metrics")[1]["WWW-Authenticate"], "Bearer")
    equal(ask("GET", "/v1/health", Host="example.com")[0], 200)


def finishes():
    """SIGTERM comes while this is in work; the shell sends it when the file is there."""
    result = []
    thread = threading.Thread(target=lambda: result.append(tag({"texts": ["Anna met Bert."] * 20})))
    thread.start()
    until(lambda: metric("el4ner_requests_in_work") == 1)
    open("in-work", "w").close()
    thread.join()
    equal(len(json.loads(result[0])["documents"]), 20)


def stopped():
    """Two signals come while this is in work: no answer."""
    problem = []

    def client():
        try:
            tag({"texts": ["Anna met Bert."] * 50})
            problem.append("there was an answer")
        except (http.client.HTTPException, OSError):
            pass

    thread = threading.Thread(target=client)
    thread.start()
    until(lambda: metric("el4ner_requests_in_work") == 1)
    open("in-work", "w").close()
    thread.join()
    equal(problem, [])


parts = {
    "all": [("the same as el4ner tag", same_as_tag), ("JSON lines", as_lines), ("types of a request", types),
            ("offsets", offsets), ("evidence and trace", evidence), ("no texts", nothing),
            ("formats in and out", formats), ("mistakes are named", mistakes), ("limits", limits),
            ("pages of other sites", other_sites), ("health and members", pages),
            ("many clients at once", together), ("OpenAPI", openapi), ("metrics", metrics), ("the page", page)],
    "ensembles": [("ensembles side by side", ensembles), ("metrics of several ensembles", metrics, 'ensemble="configured",')],
    "other types": [("types that the pool has, in a request alone", other_types)],
    "unix": [("a Unix socket", unix_socket)],
    "slow": [("documents are streamed", streams), ("tasks of annotation tools are streamed", streams_tasks), ("a client that goes away", goes_away),
             ("a time limit", time_is_up), ("too many requests", too_many)],
    "seconds": [("a request that comes byte by byte", slow_loris), ("an idle connection", idle),
                ("answers that nobody takes", not_taken), ("the longest time for a request", longest)],
    "faults": [("half requests and rubbish", halves), ("requests in one piece", one_after_another),
               ("a thousand connections", thousand), ("a body without end", huge)],
    "killed": [("a model server that is gone", server_killed)],
    "back": [("a model server that is back", server_back)],
    "manual": [("the examples of the manual", manual, *arguments), ("auto-labelling in doccano", doccano, *arguments)],
    "load": [("the end in the middle of load", load)],
    "token": [("a token", token)],
    "finishes": [("what is in work is finished", finishes)],
    "stopped": [("a second signal stops", stopped)],
}
run(parts)
