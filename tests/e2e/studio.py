"""What Label Studio asks an ML backend for, asked of a service; as asking.py says."""
import base64
import json
import os
import threading

from asking import arguments, ask, equal, metric, refused, run, tag, until

TEXT = '<Text name="text" value="$text"/>'
LABELS = '<Labels name="label" toName="text"><Label value="PER"/><Label value="LOC" background="red"/></Labels>'
CONFIG = f"<View>{LABELS}{TEXT}</View>"


def post(path, body, status=200, **headers):
    got, _, text = ask("POST", path, json.dumps(body), Content_Type="application/json", **headers)
    assert got == status, (got, text[:400])
    return json.loads(text)


def predict(*texts, config=CONFIG, status=200):
    tasks = [{"id": number, "data": text if isinstance(text, dict) else {"text": text}, "project": 5}
             for number, text in enumerate(texts, 1)]
    return post("/predict", {"tasks": tasks, "project": "5.1700000000", "label_config": config,
                             "params": {"login": None, "password": None, "context": None}}, status)


def event(action="ANNOTATION_CREATED", annotation=1, task=1, text="Zed met Yan.", regions=((0, 3, "PER"),),
          config=CONFIG, project=5, **more):
    result = [{"id": f"r{start}", "from_name": "label", "to_name": "text", "type": "labels", "origin": "manual",
               "value": {"start": start, "end": end, "labels": [label]}} for start, end, label in regions]
    return {"action": action, "annotation": {"id": annotation, "task": task, "was_cancelled": False, "result": result,
                                             **more},
            "task": {"id": task, "data": {"text": text}}, "project": {"id": project, "label_config": config}}


def pool():
    if not os.path.exists(arguments[0]):
        return []
    with open(arguments[0], encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def learned():
    return [(line["text"], [(e["start"], e["end"], e["type"]) for e in line["entities"]]) for line in pool()]


# ---- predictions ----


def setup():
    status, _, text = ask("GET", "/health")
    equal((status, json.loads(text)["status"]), (200, "UP"))
    version = post("/setup", {"project": "5.1", "schema": CONFIG, "hostname": "http://localhost:8080",
                              "access_token": "x", "extra_params": None})["model_version"]
    equal(version, predict("Ada")["model_version"])
    other = post("/setup", {"schema": CONFIG.replace("LOC", "ORG")})["model_version"]
    assert version != other and version.startswith("el4ner-"), (version, other)


def predictions():
    got = predict("\U0001F600 Ada met Bob.", "", "Carl slept.")
    equal(len(got["results"]), 3)
    first = got["results"][0]
    equal(first["model_version"], got["model_version"])
    equal([(r["value"]["start"], r["value"]["end"], r["value"]["text"]) for r in first["result"]],
          [(2, 5, "Ada"), (10, 13, "Bob")])
    for region in first["result"]:
        equal((region["from_name"], region["to_name"], region["type"]), ("label", "text", "labels"))
        assert region["value"]["labels"][0] in ("PER", "LOC"), region
        assert 0 < region["score"] <= 1, region
    equal(first["score"], min(region["score"] for region in first["result"]))
    equal(got["results"][1]["result"], [])
    equal(predict(), {"results": [], "model_version": got["model_version"]})


def several_texts():
    """Two texts with labels of their own, one of them with two sets; a field within another; an alias."""
    config = """<View>
      <Header value="$title"/>
      <Labels name="who" toName="head, body"><View><Label value="Person" alias="P" hint="a human being"/></View></Labels>
      <Labels name="where" toName="body"><Label value="P"/><Label value="Place"/></Labels>
      <Text name="head" value="$article.title"/><Text name="body" value="$body"/>
      <Choices name="kind" toName="body"><Choice value="news"/></Choices>
    </View>"""
    got = predict({"article": {"title": "Ada met Bob."}, "body": "Carl met Dora. Finn met Greta."}, config=config)
    regions = got["results"][0]["result"]
    equal({r["value"]["labels"][0] for r in regions if r["to_name"] == "head"}, {"P"})
    equal({r["value"]["labels"][0] for r in regions if r["to_name"] == "body"}, {"P", "Place"})
    equal({(r["from_name"], r["value"]["labels"][0]) for r in regions}, {("who", "P"), ("where", "Place")})
    equal(len({r["id"] for r in regions}), len(regions))


def without_text():
    """A task that lacks its text gets no prediction, so that it is asked for again; the others do."""
    got = predict("Ada", {"other": "Bob"}, {"text": 1}, "Carl")["results"]
    equal([type(one) for one in got], [dict, list, list, dict])
    equal(got[1:3], [[], []])
    refused(400, "tasks", 'tasks[0] has no text in its field "text"',
            {"tasks": [{"data": {"x": "Bob"}}], "label_config": CONFIG}, "/predict")


def mistakes():
    def setup_refused(words, config):
        refused(400, "schema", words, {"schema": config}, "/setup")

    refused(400, "body", "line 1, column", '{"tasks"', "/predict")
    refused(400, "body", "must be an object", "[]", "/setup")
    refused(400, "schema", "is missing", {"schema": 1}, "/setup")
    refused(400, "label_config", "is missing", {"tasks": []}, "/predict")
    refused(400, "tasks", "array", {"tasks": {}, "label_config": CONFIG}, "/predict")
    refused(400, "tasks[1]", '"data"', {"tasks": [{"data": {"text": "a"}}, 1], "label_config": CONFIG}, "/predict")
    refused(405, None, "POST", None, "/predict", "GET")
    setup_refused("line 1, column", "<View>")
    setup_refused("no element", "")
    setup_refused("no <Labels>", "<View/>")
    setup_refused("<HyperTextLabels>", '<View><HyperTextLabels name="a" toName="b"><Label value="x"/></HyperTextLabels>'
                                       '<HyperText name="b" value="$b"/></View>')
    setup_refused("no <Labels>", CONFIG.replace('toName="text"', 'toName="texts"'))
    setup_refused("fetches no addresses", CONFIG.replace("$text", '$text" valueType="url'))
    setup_refused('like "$text"', CONFIG.replace("$text", "Ada met Bob."))
    setup_refused("encoded", CONFIG.replace("$text", '$text" encoding="base64'))
    setup_refused("no document type", '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><View>&b;</View>')
    setup_refused("more than 16 <Text>", "<View>" + TEXT * 17 + "</View>")
    setup_refused("more than 32 <Labels>", "<View>" + LABELS * 33 + "</View>")
    setup_refused("more than 512 labels", '<Labels name="a" toName="b">' + '<Label value="x"/>' * 513 + "</Labels>")
    refused(413, "body", "more than 50 texts", {"tasks": [{"data": {"text": "a"}}] * 51, "label_config": CONFIG},
            "/predict")
    post("/setup", {"schema": "<View>" * 5000 + LABELS + TEXT + "</View>" * 5000})


def not_learned():
    equal(post("/webhook", event())["reason"], "the service was started without --learn")
    equal(post("/webhook", {"action": "PROJECT_UPDATED"})["status"], "ignored")
    refused(400, "action", "is missing", {}, "/webhook")


# ---- learning ----


def used(n):
    until(lambda: metric("el4ner_learned_sentences_used") == n)


def shown(text):
    got = json.loads(tag({"text": text, "types": ["PER", "LOC"], "evidence": True}))
    return [one["id"] for one in got["entities"][0]["evidence"]["demonstrations"]]


def learns():
    equal(pool(), [])
    assert "labelstudio-5-7" not in shown("Ada visited Zed and Yan in Paris."), "before it was learned"
    got = post("/webhook", event(task=7, text="\U0001F600 Zed met Yan.", regions=((2, 5, "PER"), (10, 13, "PER"))))
    equal(got, {"status": "learned", "sentences": 1})
    equal(learned(), [("\U0001F600 Zed met Yan.", [(2, 5, "PER"), (10, 13, "PER")])])
    used(1)
    equal(shown("Ada visited Zed and Yan in Paris.")[0], "labelstudio-5-7")


def other_unit():
    """UTF-16 units, which the quotes tell."""
    before = len(pool())
    body = event(annotation=8, task=8, text="\U0001F600 Xan.", regions=((3, 6, "PER"),))
    body["annotation"]["result"][0]["value"]["text"] = "Xan"
    post("/webhook", body)
    equal(learned()[before:], [("\U0001F600 Xan.", [(2, 5, "PER")])])


def once():
    """A sentence is there once, whoever labels it, however often, and as it was labelled last."""
    before = len(pool())
    for _ in range(3):
        post("/webhook", event(annotation=20, task=20, text="Wim slept.", regions=((0, 3, "LOC"),)))
    equal(len(pool()), before + 1)
    post("/webhook", event("ANNOTATION_UPDATED", annotation=20, task=20, text="Wim slept.", regions=((0, 3, "PER"),)))
    equal(learned()[-1], ("Wim slept.", [(0, 3, "PER")]))
    post("/webhook", event(annotation=21, task=20, text="Wim slept.", regions=()))
    equal(learned()[-1], ("Wim slept.", []))
    equal(len(pool()), before + 1)
    post("/webhook", event("ANNOTATION_UPDATED", annotation=21, task=20, text="Wim slept on.", regions=()))
    equal(learned()[-1], ("Wim slept on.", []))
    equal(len(pool()), before + 1)


def taken_out():
    before = learned()
    post("/webhook", event(annotation=30, text="Vic ran."))
    post("/webhook", event(annotation=31, text="Uma ran."))
    post("/webhook", event("ANNOTATION_UPDATED", annotation=30, text="Vic ran.", was_cancelled=True))
    post("/webhook", {"action": "ANNOTATIONS_DELETED", "annotations": [{"id": 31}],
                      "project": {"id": 6, "label_config": CONFIG}})
    equal(learned(), before + [("Uma ran.", [(0, 3, "PER")])])
    post("/webhook", {"action": "ANNOTATIONS_DELETED", "annotations": [{"id": 31}, {"id": 999}],
                      "project": {"id": 5, "label_config": CONFIG}})
    equal(learned(), before)
    post("/webhook", event(annotation=32, text="Tom ran.", was_cancelled=True))
    equal(learned(), before)


def many():
    before = len(pool())
    body = event("ANNOTATIONS_CREATED")
    one = body["annotation"]
    body["annotation"] = [dict(one, id=40), dict(one, id=41)]
    body["task"] = [{"id": 40, "data": {"text": "Sue ran."}}, {"id": 41, "data": {"text": "Rex ran."}}]
    post("/webhook", body)
    equal([line[0] for line in learned()[before:]], ["Sue ran.", "Rex ran."])
    config = CONFIG.replace("</View>", '<Text name="other" value="$other"/></View>').replace(
        'toName="text"', 'toName="text,other"')
    body = event(annotation=42, text="Quin ran.", config=config)
    body["task"]["data"]["other"] = "Pia met Ole."
    body["annotation"]["result"].append({"to_name": "other", "value": {"start": 8, "end": 11, "labels": ["PER"]}})
    body["annotation"]["result"].append({"to_name": "other", "type": "choices", "value": {"choices": ["x"]}})
    post("/webhook", body)
    equal(learned()[-2:], [("Quin ran.", [(0, 3, "PER")]), ("Pia met Ole.", [(8, 11, "PER")])])
    equal([line["id"] for line in pool()[-2:]], ["labelstudio-5-1-text", "labelstudio-5-1-other"])


def hostile():
    before = learned()
    refused(400, "body", "line 1", b'{"action": "\xff"}', "/webhook")
    refused(400, "body", "", b'{"action": "a\\u0000"}', "/webhook")
    refused(400, "action", "is missing", {"action": 1}, "/webhook")
    refused(400, "task", "payload", {"action": "ANNOTATION_CREATED"}, "/webhook")
    refused(400, "annotation", "payload", {"action": "ANNOTATIONS_DELETED"}, "/webhook")
    refused(400, "annotation", '"id"', event(annotation=0), "/webhook")
    refused(400, "annotation", '"id"', event(annotation="1"), "/webhook")
    refused(400, "label_config", "is missing", dict(event(), project=1), "/webhook")
    refused(400, "label_config", "line 1", event(config="<"), "/webhook")
    refused(400, "annotation", '"result"', event(result={}), "/webhook")
    refused(400, "task", '"data"', dict(event(), task={"id": 1}), "/webhook")
    refused(400, "annotation", "after the text", event(regions=((0, 99, "PER"),)), "/webhook")
    quoted = event()
    quoted["annotation"]["result"][0]["value"]["text"] = "Yan"
    refused(400, "annotation", 'says "Yan"', quoted, "/webhook")
    refused(400, "annotation", "", event(regions=((3, 0, "PER"),)), "/webhook")
    refused(400, "annotation", "", event(regions=((-1, 2, "PER"),)), "/webhook")
    refused(400, "annotation", "", event(regions=((0, 1e300, "PER"),)), "/webhook")
    refused(400, "annotation", "", event(regions=((0, 3, ["PER"]),)), "/webhook")
    deep = event()
    deep["task"]["data"]["x"] = None
    text = json.dumps(deep).replace("null", "[" * 100000 + "]" * 100000)
    refused(400, "body", "depth", text, "/webhook")
    refused(413, "body", "bytes", event(text="a" * (1 << 20)), "/webhook")
    equal(learned(), before)


def by_hand():
    """The file is changed while the service runs: that counts too, and is not lost."""
    with open(arguments[0], "a", encoding="utf-8") as file:
        file.write('{"text": "Nell sang.", "entities": [{"start": 0, "end": 4, "type": "PER"}], "note": 1}')
    post("/webhook", event(annotation=50, text="Max ran."))
    equal(learned()[-2:], [("Nell sang.", [(0, 4, "PER")]), ("Max ran.", [(0, 3, "PER")])])
    equal(pool()[-2]["note"], 1)
    used(len(pool()))
    kept = open(arguments[0], "rb").read()
    with open(arguments[0], "ab") as file:
        file.write(b"no JSON\n")
    status, _, text = ask("POST", "/webhook", json.dumps(event(annotation=51, text="Lea ran.")))
    equal(status, 500)
    assert f":{len(pool_lines())}" in json.loads(text)["error"]["message"], text
    equal(open(arguments[0], "rb").read(), kept + b"no JSON\n")
    with open(arguments[0], "wb") as file:
        file.write(kept)
    post("/webhook", event(annotation=51, text="Lea ran."))
    equal(learned()[-1], ("Lea ran.", [(0, 3, "PER")]))


def pool_lines():
    with open(arguments[0], "rb") as file:
        return file.read().splitlines()


def remembered():
    """What was learned by an earlier service."""
    equal(metric("el4ner_learned_sentences_used"), len(pool()))
    equal(shown("Ada visited Zed and Yan in Paris.")[0], "labelstudio-5-7")


def in_work():
    """The pool grows again and again while texts are in work; each gets its answer."""
    problems = []

    def client(number):
        try:
            for again in range(4):
                names = [f"Anna{number}", f"Bert{again}"]
                got = predict(*[f"{names[0]} met {names[1]}."] * 5)["results"]
                equal([{r["value"]["text"] for r in one["result"]} for one in got], [set(names)] * 5)
        except Exception as error:
            problems.append(error)

    before = len(pool())
    threads = [threading.Thread(target=client, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for number in range(40):
        post("/webhook", event(annotation=100 + number, text=f"Kim{number} met Jo.", regions=((0, 4, "PER"),)))
    for thread in threads:
        thread.join()
    equal(problems, [])
    equal(len(pool()), before + 40)
    used(before + 40)
    post("/webhook", {"action": "ANNOTATIONS_DELETED", "annotations": [{"id": 100 + n} for n in range(40)],
                      "project": {"id": 5}})
    used(before)


def refused_by_disk():
    """The file cannot be written: said, and nothing is half written."""
    status, _, text = ask("POST", "/webhook", json.dumps(event(annotation=70, text="Ivo ran.")))
    equal(status, 500)
    assert arguments[0] in json.loads(text)["error"]["message"], text
    tag({"text": "Ada"})


def token():
    def basic(text):
        return "Basic " + base64.b64encode(text.encode()).decode()

    for path in "/health", "/setup", "/predict", "/webhook":
        method = "GET" if path == "/health" else "POST"
        refused(401, None, "asks for a token", None if method == "GET" else {}, path, method)
        for wrong in "Basic", "Basic !", "Basic " + "a" * 9000, basic("secret"), basic("el4ner:wrong"), basic("secret:"):
            refused(401, None, "token", None if method == "GET" else {}, path, method, Authorization=wrong)
    equal(ask("GET", "/health", Authorization=basic("el4ner:secret"))[0], 200)
    equal(ask("GET", "/health", Authorization="Bearer secret")[0], 200)
    post("/setup", {"schema": CONFIG}, Authorization=basic("a:secret"))


def own_configuration():
    """What `el4ner convert --labelstudio-config` writes is read."""
    with open(arguments[0], encoding="utf-8") as file:
        config = file.read()
    got = predict("Ada met Bob.", config=config)["results"][0]["result"]
    assert got and {(r["from_name"], r["to_name"]) for r in got} == {("label", "text")}, got
    assert {r["value"]["labels"][0] for r in got} <= {'A & "B"', "person"}, got


def found(text):
    got = json.loads(tag({"text": text, "types": ["PER", "ROBOT"]}))["entities"]
    return [(one["text"], one["type"]) for one in got]


UNKNOWN = "and zorblax beeped in 1999.", "and zorblax hummed."


def judged_by():
    """The labels decide, and those of a type that the first pool lacks as well."""
    equal([found(text) for text in UNKNOWN], [[], []])
    verbs = "sang", "slept", "ran", "wrote", "left", "came"
    for number, verb in enumerate(verbs):
        post("/webhook", event(annotation=200 + number, text=f"and zorblax {verb}.", regions=((4, 11, "ROBOT"),)))
    used(len(verbs))
    judges()


def judges():
    equal([found(text) for text in UNKNOWN], [[("zorblax", "ROBOT")]] * 2)


run({
    "judged": [("what was learned is judged by", judged_by)],
    "judges": [("what an earlier service has learned is judged by", judges)],
    "predict": [("health and setup for Label Studio", setup), ("predictions for Label Studio", predictions),
                ("several texts and sets of labels", several_texts), ("tasks without their text", without_text),
                ("mistakes of Label Studio are named", mistakes), ("nothing is learned without --learn", not_learned)],
    "config": [("the labelling configuration that is written is read", own_configuration)],
    "learn": [("an annotation is learned", learns), ("an annotation in UTF-16 units", other_unit),
              ("a sentence is learned once", once),
              ("annotations are taken out", taken_out), ("many annotations, several texts", many),
              ("hostile events", hostile), ("the file is changed by hand", by_hand),
              ("the pool grows while texts are in work", in_work)],
    "again": [("what was learned is remembered", remembered)],
    "disk": [("the file cannot be written", refused_by_disk)],
    "token": [("a token for Label Studio", token)],
})
