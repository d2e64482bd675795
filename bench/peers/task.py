"""One contestant at one set: the run that counts, and those that go wrong."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
from dataclasses import asdict, dataclass
from typing import Any

import draw
from contestants import EL4NER, HERE, Contestant
from proxy import Plan, Proxy
from server import SLOTS, Server

MOST_TOKENS = 384  # of an answer, for those who do not limit it themselves
STORED_WITHIN = 2.0  # seconds: a model's replies are that far apart, so what came before a kill is put away by then
Found = dict[str, list[dict[str, Any]]]  # by sentence: entities with start, end, text and the label of the set


def write_json(path: str, value: Any) -> None:
    """A file of it."""
    with open(path, "w", encoding="utf-8") as file:
        json.dump(value, file, ensure_ascii=False, indent=1)


@dataclass
class Task:
    """What all contestants get of a set, and who this one is."""

    contestant: Contestant
    python: str
    folder: str
    set: str
    seed: int
    gold: list[draw.Line]
    pool: str  # el4ner's
    words: dict[str, tuple[str, str]]  # by label: what it is called, and a description or ""
    examples: list[draw.Line]

    @property
    def stem(self) -> str:
        """Of all files that are this contestant's."""
        return f"{self.folder}/{self.set}.{self.contestant.name}"

    def el4ner(self, url: str, folder: str, output: str) -> list[str]:
        """Its command, and its configuration, a line for each key."""
        types = {
            label: {"wording": word, **({"description": more} if more else {})}
            for label, (word, more) in self.words.items()
        }
        keys = {"members": [{"name": "model", "url": url}], "types": types, **self.contestant.settings}
        with open(f"{folder}/el4ner.yaml", "w", encoding="utf-8") as file:
            file.writelines(f"{key}: {json.dumps(value)}\n" for key, value in keys.items())
        command = [EL4NER, "tag", "-q", "-c", f"{folder}/el4ner.yaml", "--pool", self.pool]
        return [*command, "--cache", f"{folder}/replies.sqlite", f"{self.folder}/{self.set}.gold.jsonl", "-o", output]

    def adapter(self, url: str, folder: str, output: str) -> list[str]:
        """The command of a script, and the file that tells it what to do (job.py)."""
        examples = [
            {"text": line["text"], "mentions": [(text, self.words[label][0]) for text, label in draw.mentions(line)]}
            for line in self.examples
        ]
        told = {
            "url": url,
            "types": dict(self.words.values()),
            "examples": examples,
            "texts": {line["id"]: line["text"] for line in self.gold},
            "slots": SLOTS,
            "most_tokens": MOST_TOKENS,
            "seed": self.seed,
            "folder": folder,
        }
        write_json(f"{folder}/job.json", told)
        return [self.python, os.path.join(HERE, self.contestant.script), f"{folder}/job.json", output]

    def run(self, proxy: Proxy, plan: Plan, name: str, fresh: bool = True) -> dict[str, Any]:
        """In a process of its own, with a folder where it may keep something, by a plan for its replies."""
        folder, output = f"{self.stem}.{name}", f"{self.stem}.{name}.jsonl"
        if fresh:
            shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            os.remove(output)
        command = (self.adapter if self.contestant.script else self.el4ner)(proxy.url, folder, output)
        # What would go to another machine goes nowhere.
        nowhere = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9", "no_proxy": "127.0.0.1"}
        env = {**os.environ, **nowhere, "PYTHONPATH": HERE, "PYTHONDONTWRITEBYTECODE": "1"}
        proxy.plan = plan
        begun = time.monotonic()
        with open(f"{folder}/err", "wb") as err:
            process = subprocess.Popen(command, stdout=err, stderr=err, env=env, start_new_session=True)
            while process.poll() is None:
                if plan.held.wait(0.05):
                    time.sleep(STORED_WITHIN)
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()
                    plan.released.set()
        took = round(time.monotonic() - begun, 1)
        with open(f"{folder}/err", encoding="utf-8", errors="replace") as said:
            lines = said.read().splitlines()
        found, abstained = self.found(output)
        told = sum("no answer for" in line or "Chunk omitted" in line for line in lines)
        return {
            "seconds": took,
            "status": process.returncode,
            "said": lines[-1] if process.returncode and lines else "",
            "told": told + abstained,
            "found": found,
            **asdict(plan.counts),
        }

    def found(self, output: str) -> tuple[Found, int]:
        """What it wrote, if it came to that; and in how many sentences el4ner's model abstained."""
        labels = {word: label for label, (word, _) in self.words.items()}
        try:
            lines = draw.lines_of(output)
        except FileNotFoundError:
            return {}, 0
        found = {
            line["id"]: [
                {**{k: e[k] for k in ("start", "end", "text")}, "type": labels.get(e["type"], e["type"])}
                for e in line["entities"]
            ]
            for line in lines
        }
        return found, sum(line.get("abstained", 0) > 0 for line in lines)

    def score(self, found: Found) -> dict[str, Any]:
        """By el4ner score, for all. Sentences that a run did not come to count as without entities."""
        path = f"{self.stem}.scored.jsonl"
        with open(path, "w", encoding="utf-8") as file:
            for line in self.gold:
                placed = [e for e in found.get(line["id"], []) if e["start"] is not None]
                entities = [{k: e[k] for k in ("start", "end", "type")} for e in placed]
                record = {"id": line["id"], "text": line["text"], "offset_unit": "codepoint", "entities": entities}
                file.write(json.dumps(record, ensure_ascii=False) + "\n")
        command = [EL4NER, "score", f"{self.folder}/{self.set}.gold.jsonl", path, "--json", "--seed", str(self.seed)]
        scored = subprocess.run(command, check=True, capture_output=True, text=True)
        result: dict[str, Any] = json.loads(scored.stdout)["files"][0]
        return result

    def misplaced(self, found: Found) -> dict[str, int]:
        """Entities without offsets, and those whose offsets hold another text than they say."""
        texts = {line["id"]: line["text"] for line in self.gold}
        every = [(texts[name], e) for name, entities in found.items() for e in entities]
        return {
            "without_offsets": sum(e["start"] is None for _, e in every),
            "other_text": sum(e["start"] is not None and text[e["start"] : e["end"]] != e["text"] for text, e in every),
        }

    def as_it_is(self, proxy: Proxy, server: Server) -> dict[str, Any]:
        """The run that counts. It is kept with its replies, and not done again."""
        note, replies = f"{self.stem}.main.json", f"{self.stem}.replies.jsonl"
        if os.path.exists(note):
            with open(note, encoding="utf-8") as file:
                kept: dict[str, Any] = json.load(file)
            proxy.load(replies)
            return kept
        before = server.processor()
        main = self.run(proxy, Plan(), "main")
        main |= {"processor": round(server.processor() - before, 1), "load": os.getloadavg()[0]}
        proxy.save(replies)
        write_json(note, main)
        return main

    def broken(self, proxy: Proxy, main: dict[str, Any], how: str) -> dict[str, Any]:
        """What a broken reply costs, for a sentence in which something was found, near the middle."""
        names = [line["id"] for line in self.gold]
        some = [name for name in names if main["found"].get(name)] or names
        text = next(line["text"] for line in self.gold if line["id"] == some[len(some) // 2])
        plan = Plan(replay=True, break_for=text, break_how=how)
        run = self.run(proxy, plan, f"broken-{how}")
        return {
            "struck": plan.broken,
            "status": run["status"],
            "said": run["said"],
            "told": run["told"] - main["told"],
            "without_output": sum(name not in run["found"] for name in names),
            "changed": sum(run["found"].get(n, []) != main["found"].get(n, []) for n in names),
            "more_calls": run["calls"] - main["calls"],
        }

    def killed(self, proxy: Proxy, main: dict[str, Any]) -> dict[str, Any]:
        """What a kill at half of the calls costs."""
        half = Plan(replay=True, hold_after=main["calls"] // 2)
        self.run(proxy, half, "killed")
        again = self.run(proxy, Plan(replay=True), "killed", fresh=False)
        return {
            "answered_before": half.counts.calls,
            "made_again": half.counts.calls + again["calls"] - main["calls"],
            "same_result": again["found"] == main["found"],
        }

    def measure(self, proxy: Proxy, server: Server) -> dict[str, Any]:
        """All of it."""
        main = self.as_it_is(proxy, server)
        return {
            "set": self.set,
            "contestant": self.contestant.name,
            "sentences": len(self.gold),
            "lines": self.contestant.lines(),
            **main,
            "score": self.score(main["found"]),
            **self.misplaced(main["found"]),
            "broken": {how: self.broken(proxy, main, how) for how in ("text", "body")},
            "killed": self.killed(proxy, main),
        }
