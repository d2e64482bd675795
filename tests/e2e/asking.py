"""What the clients of the service share: SCRIPT PART ADDRESS [ARGUMENT]... asks the service at ADDRESS, and prints
"ok NAME" or "not ok NAME" for each test of PART."""
import http.client
import json
import sys
import time
import urllib.parse

part, address = sys.argv[1:3]
arguments = sys.argv[3:]
host = urllib.parse.urlsplit(address)


def report(name, problem=None):
    print("ok" if problem is None else "not ok", name)
    if problem is not None:
        print("  ", problem)


def test(name, function, *given):
    try:
        function(*given)
        report(name)
    except Exception as error:  # every fault is one failed test
        report(name, f"{type(error).__name__}: {error}"[:600])


def ask(method, path, body=None, **headers):
    connection = http.client.HTTPConnection(host.hostname, host.port, timeout=60)
    headers = {key.replace("_", "-"): value for key, value in headers.items()}
    if body is not None and not isinstance(body, (bytes, str)) and "Content-Type" not in headers:
        headers["Content-Type"] = "application/json"
    body = json.dumps(body) if isinstance(body, dict) else body
    body = body.encode() if isinstance(body, str) else body
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, answer.headers, text


def tag(body, path="/v1/tag", status=200, **headers):
    headers.setdefault("Content_Type", "application/json")
    got, _, text = ask("POST", path, body, **headers)
    assert got == status, (got, text[:300])
    return text


def equal(got, wanted):
    assert got == wanted, f"{got!r} is not {wanted!r}"


def refused(status, where, words, body, path="/v1/tag", method="POST", **headers):
    headers.setdefault("Content_Type", "application/json")
    got, _, text = ask(method, path, body, **headers)
    error = json.loads(text)["error"]
    equal((got, error["status"], error.get("where")), (status, status, where))
    assert words in error["message"], error


def metric(name):
    for line in ask("GET", "/metrics")[2].decode().splitlines():
        if line.startswith(name + " "):
            return float(line.split()[1])
    return 0


def until(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it does not come"
        time.sleep(0.05)


def run(parts):
    for name, function, *given in parts[part]:
        test(name, function, *given)
