"""The script that one writes in ten minutes: one prompt, an answer in JSON, a search for the strings."""

from __future__ import annotations

import json
import sys
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import job

work = job.read()
entity = {
    "type": "object",
    "properties": {"text": {"type": "string"}, "type": {"enum": list(work.types)}},
    "required": ["text", "type"],
}
messages = [
    {
        "role": "system",
        "content": f"Find the named entities of these types: {work.described}. Answer with a JSON list of "
        'objects {"text": "...", "type": "..."}. Copy the text exactly. If there are none, answer [].',
    }
]
for example in work.examples:
    listed = [{"text": text, "type": kind} for text, kind in example.mentions]
    messages += [{"role": "user", "content": example.text}, {"role": "assistant", "content": json.dumps(listed)}]


def ask(item: tuple[str, str]) -> tuple[str, list[dict[str, Any]]]:
    """The entities of one text."""
    name, text = item
    question = {
        "messages": [*messages, {"role": "user", "content": text}],
        "temperature": 0,
        "seed": work.seed,
        "max_tokens": work.most_tokens,
        "response_format": {"type": "json_schema", "json_schema": {"schema": {"type": "array", "items": entity}}},
    }
    request = urllib.request.Request(
        work.url + "/v1/chat/completions", json.dumps(question).encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request) as reply:
            said = json.loads(json.load(reply)["choices"][0]["message"]["content"])
        found = []
        for e in said:
            at = text.find(e["text"])
            start, end = (at, at + len(e["text"])) if at >= 0 else (None, None)
            found.append({"start": start, "end": end, "text": e["text"], "type": e["type"]})
        return name, found
    except Exception as error:
        print(f"no answer for {name}: {error}", file=sys.stderr)
        return name, []


with ThreadPoolExecutor(work.slots) as pool:
    job.write(work, pool.map(ask, work.texts.items()))
