"""Label Studio itself, asked by its own interface to have a service as its ML backend.

label_studio.py PART ADDRESS USER-TOKEN [SERVICE POOL]; prints "ok NAME" or "not ok NAME".
"""
import json
import sys
import time
import urllib.error
import urllib.request

from browser import Browser, program

part, address, user = sys.argv[1:4]
service, pool = sys.argv[4:6] if len(sys.argv) > 5 else (None, None)

CONFIG = """<View>
  <Labels name="label" toName="text"><Label value="PER"/><Label value="LOC"/></Labels>
  <Text name="text" value="$text"/>
</View>"""
SEVERAL = """<View>
  <Labels name="who" toName="head,body"><Label value="Person" alias="P"/></Labels>
  <Labels name="where" toName="body"><Label value="Place"/></Labels>
  <Text name="head" value="$article.title"/><Text name="body" value="$body"/>
</View>"""


def ask(method, path, body=None, status=200):
    request = urllib.request.Request(address + path, None if body is None else json.dumps(body).encode(),
                                     {"Authorization": "Token " + user, "Content-Type": "application/json"},
                                     method=method)
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            got, text = answer.status, answer.read()
    except urllib.error.HTTPError as error:
        got, text = error.code, error.read()
    assert got == status, (got, text[:600])
    return json.loads(text) if text else None


def test(name, function):
    try:
        function()
        print("ok", name)
    except Exception as error:  # every fault is one failed test
        print("not ok", name)
        print("  ", f"{type(error).__name__}: {error}"[:800])


def equal(got, wanted):
    assert got == wanted, f"{got!r} is not {wanted!r}"


def until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it does not come"
        time.sleep(0.2)


def answers():
    try:
        return urllib.request.urlopen(address + "/health", timeout=10).status == 200
    except OSError:
        return False


def project(title, config, *tasks):
    number = ask("POST", "/api/projects", {"title": title, "label_config": config}, 201)["id"]
    ask("POST", f"/api/projects/{number}/import", list(tasks), 201)
    numbers = [task["id"] for task in ask("GET", f"/api/tasks?project={number}&fields=all")["tasks"]]
    equal(len(numbers), len(tasks))
    return number, sorted(numbers)


def backend(number, status=201, **more):
    return ask("POST", "/api/ml", {"url": service, "project": number, "title": "el4ner", **more}, status)


def retrieve(number):
    ask("POST", f"/api/dm/actions?id=retrieve_tasks_predictions&project={number}",
        {"selectedItems": {"all": True, "excluded": []}, "project": number})


def predictions(task):
    return ask("GET", f"/api/predictions?task={task}")


def spans(result):
    return [(r["to_name"], r["value"]["start"], r["value"]["end"], r["value"]["text"]) for r in result]


def learned():
    try:
        with open(pool, encoding="utf-8") as file:
            lines = [json.loads(line) for line in file]
    except FileNotFoundError:
        lines = []
    return [(line["text"], [(e["text"], e["type"]) for e in line["entities"]]) for line in lines]


def comes(wanted):
    until(lambda: learned() == wanted)


news = {}


def connected():
    news["project"], news["tasks"] = project("News", CONFIG, {"text": "\U0001F600 Ada met Bob."},
                                             {"text": "Carl saw Dora.\r\nFinn slept."})
    got = backend(news["project"])
    equal(got["readable_state"], "Connected")
    assert got["model_version"].startswith("el4ner-"), got


def fetched():
    retrieve(news["project"])
    (first,), (second,) = predictions(news["tasks"][0]), predictions(news["tasks"][1])
    equal(spans(first["result"]), [("text", 2, 5, "Ada"), ("text", 10, 13, "Bob")])
    equal(spans(second["result"]), [("text", 0, 4, "Carl"), ("text", 9, 13, "Dora"), ("text", 16, 20, "Finn")])
    assert all(0 < r["score"] <= 1 for r in first["result"]), first
    equal(first["model_version"], ask("GET", f"/api/ml?project={news['project']}")[0]["model_version"])
    news["prediction"] = first


def window():
    """A browser in which somebody has logged in."""
    browser = Browser()
    browser.size(1400, 900)
    browser.call("Page.navigate", url=address + "/user/login/")
    browser.wait("document.readyState === 'complete' && document.querySelector('input[name=email]') !== null")
    browser.run("document.querySelector('input[name=email]').value = 'a@example.com'; "
                "document.querySelector('input[name=password]').value = 'a-password-1'; "
                "document.querySelector('form').submit()")
    browser.until(lambda: "login" not in browser.run("document.readyState === 'complete' ? location.pathname : 'login'"))
    return browser


def highlights(browser, number, task, wanted):
    browser.call("Page.navigate", url=f"{address}/projects/{number}/data?task={task}")
    seen = []

    def shown():  # it is drawn more than once
        seen[:] = browser.run("[...document.querySelectorAll('.htx-highlight')].map(mark => mark.textContent)")
        return seen == wanted

    try:
        browser.until(shown, 60)
    except TimeoutError:
        equal(seen, wanted)


def displayed():
    """What annotators see marked: offsets are counted as Label Studio counts them."""
    browser = window()
    try:
        highlights(browser, news["project"], news["tasks"][0], ["Ada", "Bob"])
        highlights(browser, news["project"], news["tasks"][1], ["Carl", "Dora", "Finn"])
    finally:
        browser.close()


def by_hand():
    """A word is marked by the mouse and submitted."""
    number, (task,) = project("By hand", CONFIG, {"text": "\U0001F600 ada met\r\nbob \U0001F469\u200d\U0001F467 and eve."})
    backend(number)
    before = learned()
    browser = window()
    try:
        browser.call("Page.navigate", url=f"{address}/projects/{number}/data?task={task}")
        place = """(word => {
            if (!document.body) return null;
            const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
            let box = null;
            for (let node; (node = texts.nextNode());) {
                const at = node.textContent.indexOf(word);
                if (at < 0 || !node.parentElement.closest('[class*=richtext]')) continue;
                const range = document.createRange();
                range.setStart(node, at);
                range.setEnd(node, at + word.length);
                box = range.getBoundingClientRect();
            }
            return box && [box.x + box.width / 2, box.y + box.height / 2];
        })"""
        browser.until(lambda: browser.run(place + "('ada')") is not None)
        for word in "ada", "eve":
            time.sleep(1)
            browser.press("1", 49)
            time.sleep(1)
            x, y = browser.run(place + f"('{word}')")
            for count in 1, 2:
                for kind in "mousePressed", "mouseReleased":
                    browser.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=count)
            browser.until(lambda: browser.run("[...document.querySelectorAll('.htx-highlight')]"
                                              f".some(mark => mark.textContent === '{word}')"))
        browser.run("[...document.querySelectorAll('button')].find(one => one.textContent.trim() === 'Submit').click()")
        until(lambda: len(learned()) > len(before))
    finally:
        browser.close()
    equal(learned()[-1], ("\U0001F600 ada met\r\nbob \U0001F469\u200d\U0001F467 and eve.", [("ada", "PER"), ("eve", "PER")]))


def kept():
    """Predictions of this version are there; another labelling configuration is another version."""
    retrieve(news["project"])
    equal(len(predictions(news["tasks"][0])), 1)
    ask("PATCH", f"/api/projects/{news['project']}", {"label_config": CONFIG.replace("<View>", "<View><Label value='x'/>")})
    retrieve(news["project"])
    equal(len({one["model_version"] for one in predictions(news["tasks"][0])}), 2)


def submitted():
    made = ask("POST", f"/api/tasks/{news['tasks'][0]}/annotations/", {"result": news["prediction"]["result"]}, 201)
    news["annotation"] = made["id"]
    comes([("\U0001F600 Ada met Bob.", [("Ada", "PER"), ("Bob", "LOC")])])


def updated():
    result = news["prediction"]["result"][:1]
    ask("PATCH", f"/api/annotations/{news['annotation']}", {"result": result})
    comes([("\U0001F600 Ada met Bob.", [("Ada", "PER")])])


def used():
    """The next texts are shown it."""
    def shown():
        body = json.dumps({"text": "Yesterday Ada met Bob.", "types": "PER", "evidence": True}).encode()
        request = urllib.request.Request(service + "/v1/tag", body, {"Content-Type": "application/json"})
        entities = json.load(urllib.request.urlopen(request))["entities"]
        return [one["id"] for one in entities[0]["evidence"]["demonstrations"]]
    until(lambda: shown()[0] == f"labelstudio-{news['project']}-{news['tasks'][0]}")


def skipped():
    ask("POST", f"/api/tasks/{news['tasks'][1]}/annotations/", {"result": [], "was_cancelled": True}, 201)
    ask("POST", f"/api/tasks/{news['tasks'][1]}/annotations/", {"result": []}, 201)
    comes([("\U0001F600 Ada met Bob.", [("Ada", "PER")]), ("Carl saw Dora.\r\nFinn slept.", [])])


def deleted():
    ask("DELETE", f"/api/annotations/{news['annotation']}", status=204)
    comes([("Carl saw Dora.\r\nFinn slept.", [])])


def several():
    number, (task,) = project("Articles", SEVERAL, {"article": {"title": "Ada met Bob."}, "body": "Carl met Dora."})
    backend(number)
    retrieve(number)
    (got,) = predictions(task)
    assert {("head", 8, 11, "Bob"), ("body", 0, 4, "Carl"), ("body", 9, 13, "Dora")} <= set(spans(got["result"])), got
    equal({r["value"]["labels"][0] for r in got["result"] if r["to_name"] == "head"}, {"P"})
    ask("POST", f"/api/tasks/{task}/annotations/", {"result": got["result"]}, 201)
    until(lambda: len(learned()) == 3)
    equal([one[0] for one in learned()[1:]], ["Ada met Bob.", "Carl met Dora."])


def interactive():
    number, (task,) = project("Interactive", CONFIG, {"text": "Ada met Bob."})
    made = backend(number, is_interactive=True)
    got = ask("POST", f"/api/ml/{made['id']}/interactive-annotating", {"task": task})
    equal(spans(got["data"]["result"]), [("text", 0, 3, "Ada"), ("text", 8, 11, "Bob")])
    ask("POST", f"/api/ml/{made['id']}/train", {})


def unfit():
    number, _ = project("Pictures", '<View><RectangleLabels name="l" toName="i"><Label value="x"/></RectangleLabels>'
                        '<Image name="i" value="$image"/></View>', {"image": "http://127.0.0.1/a.png"})
    assert "valid ML backend" in json.dumps(backend(number, 400)), "it was connected"


def with_token():
    number, (task,) = project("Secret", CONFIG, {"text": "Ilse met Jan."})
    assert "authentication" in json.dumps(backend(number, 400)), "no word of the token"
    backend(number, 400, auth_method="BASIC_AUTH", basic_auth_user="el4ner", basic_auth_pass="wrong")
    backend(number, auth_method="BASIC_AUTH", basic_auth_user="el4ner", basic_auth_pass="secret")
    retrieve(number)
    (got,) = predictions(task)
    equal(spans(got["result"]), [("text", 0, 4, "Ilse"), ("text", 9, 12, "Jan")])
    (hook,) = ask("GET", f"/api/webhooks/?project={number}")
    ask("PATCH", f"/api/webhooks/{hook['id']}/", {"url": hook["url"], "headers": {"Authorization": "Bearer secret"}})
    before = len(learned())
    ask("POST", f"/api/tasks/{task}/annotations/", {"result": got["result"]}, 201)
    until(lambda: len(learned()) == before + 1)


def manual():
    """The session in docs/service.md, in one shell: what comes is what is printed there."""
    import os
    import re
    import subprocess
    with open(os.path.join(os.path.dirname(__file__), "../../docs/service.md"), encoding="utf-8") as file:
        session, = re.findall(r"```sh-session\n(.*?)```", file.read(), re.S)
    script, wanted = [f"KEY={user}"], []
    for number, example in enumerate(re.split(r"^\$ ", session, flags=re.M)[1:]):
        command, printed = example.split("\n", 1)
        if "cat >" in command:  # the lines after it are a file
            command, printed = command.replace("$ cat", "cat") + " <<'END'\n" + printed + "END", ""
        script += [f"echo '--- {number}'", command]
        if command.startswith("jq '{result") or "annotations/" in command:
            script.append("sleep 2")  # the webhook comes after the answer
        wanted += [f"--- {number}"] + printed.splitlines()
    text = "\n".join(script).replace("localhost:8080", address.partition("//")[2])
    text = text.replace("http://localhost:8765", service)
    got = subprocess.run(["sh", "-c", text], capture_output=True, text=True, encoding="utf-8")
    plain = lambda line: re.sub("el4ner-[0-9a-f]{16}", "el4ner-", line)
    equal([plain(line) for line in got.stdout.splitlines()], [plain(line) for line in wanted])


parts = {
    "manual": [("the session of the manual", manual)],
    "wait": [("Label Studio starts", lambda: until(answers, 300))],
    "all": [("a project by its interface, and the backend connected", connected), ("predictions are fetched", fetched),
            ("predictions are kept by version", kept), ("a submitted annotation is learned", submitted),
            ("an updated annotation", updated), ("what was learned is used", used), ("a skipped task", skipped),
            ("a deleted annotation", deleted), ("two texts, two sets of labels", several),
            ("interactive predictions, and training", interactive), ("a project that is not of texts", unfit)],
    "token": [("Label Studio shows a token", with_token)],
}
browsing = [("predictions as annotators see them", displayed)], [("words that are marked by hand", by_hand)]
if part == "all" and program() is None:
    print("skip Label Studio in a browser: there is no chromium")
elif part == "all":
    parts["all"][2:2] = browsing[0]
    parts["all"] += browsing[1]
for name, function in parts[part]:
    test(name, function)
