"""Training sequences: one sentence's conversation each, with its branches.

    head, types, demonstrations, sentence --+-- its spans -- "Types?" -- their types
                                            |                            +-- the type of one of them
                                            +-- candidates -- "Types?" --+-- the types of those that are right
                                                                         +-- types --+-- question -- yes
                                                                                     +-- question -- no
Every answer is trained, the demonstrations' too. Half of what is verified is right; what is wrong is a span cut or
grown by a word, a right span of a wrong type, what the nano models found (mine.py), or other words that look like names.
"""
from __future__ import annotations

import json
import random
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from layout import Prompts, Segment, Spans, Writer, list_weights, object_weights, quoted
from wordings import DESCRIPTIONS, FAR, SYNONYMS

sys.path.append(str(Path(__file__).resolve().parents[1] / "recipe"))
from names import Names

# Share of each set in the sequences. crossner_politics is left out of training, to be measured on.
SHARE: dict[str, float] = {
    "uner_en_ewt": 16, "btc": 11, "wnut17": 12, "tweebank_ner": 7, "fin": 1, "re3d_free": 2, "litbank": 8, "bc5cdr": 9,
    "ncbi_disease": 2, "genia": 8, "crossner_science": 3, "crossner_ai": 4, "stackoverflow_ner": 2, "germeval2014": 7,
    "uner_da_ddt": 1, "uner_hr_set": 1, "uner_pt_bosque": 1, "uner_zh_gsd": 4, "pool_default": 5}
SHOWN = (7, 5, 6, 14, 18, 50)  # how often 0, 1, ... 5 demonstrations
MINED, FULL = 0.08, 0.12  # so many sentences are drawn among those with wrong finds, and up to so many among those with mentions
HELD_OUT = 50  # of so many sentences one is never trained on
VERDICT, TYPE, ANY = 3.0, 1.5, 3.0  # weights of yes and no, of the types of an object, of whether there are mentions at all
NO_SPACE_BEFORE = {".", ",", ";", ":", "!", "?", ")", "]", "}", "%", "'s", "'re", "'ve", "'ll", "'d", "'m", "n't", "’s", "’t", "'",
                   "..."}
NO_SPACE_AFTER = {"(", "[", "{", "$", "£", "€", "#"}


def glue(tokens: list[str], lang: str, natural: bool) -> list[bool]:
    """For each token, whether a space stands before it; `natural` undoes the spacing of the annotated sets."""
    if lang == "zh":
        return [False] * len(tokens)
    spaces, open_quote, attach = [], False, True
    for token in tokens:
        space, attach = not attach, False
        if natural:
            if token in NO_SPACE_BEFORE:
                space = False
            elif token in NO_SPACE_AFTER:
                attach = True
            elif token in ("-", "/"):
                space, attach = False, True
            elif token == '"':
                space, attach = space and not open_quote, not open_quote
                open_quote = not open_quote
        spaces.append(space)
    return spaces


@dataclass
class Row:
    set: str
    lang: str
    tokens: list[str]
    spans: list[tuple[int, int, str]]  # by start, longer first
    near: list[int]
    wrong: list[tuple[int, int, str]]  # what models found and should not


@dataclass
class Sentence:
    text: str
    cuts: list[tuple[int, int]]  # of each token: where it begins and ends in the text

    def string(self, start: int, end: int) -> str:
        return self.text[self.cuts[start][0]:self.cuts[end - 1][1]]


class Builder:
    def __init__(self, work: Path, prompts: Path, writer: Writer, seed: int, held_out: bool = False, longest: int = 1024,
                 share: dict[str, float] | None = None, vary: float = 0.35):
        self.rng, self.writer, self.prompts = random.Random(seed), writer, Prompts(prompts)
        self.held_out, self.longest, self.vary = held_out, longest, vary
        self.share = dict(share or SHARE)
        found: dict[tuple[str, tuple[str, ...]], list] = {}
        if (work / "found.jsonl").exists():
            for line in (work / "found.jsonl").open(encoding="utf-8"):
                told = json.loads(line)
                found[told["set"], tuple(told["tokens"])] = [tuple(s) for s in told["wrong"]]
        self.rows: dict[str, list[Row]] = defaultdict(list)
        for line in (work / "sentences.jsonl").open(encoding="utf-8"):
            d = json.loads(line)
            if d["set"] in self.share:
                self.rows[d["set"]].append(Row(d["set"], d["lang"], d["tokens"], [tuple(s) for s in d["spans"]], d["near"],
                                               found.get((d["set"], tuple(d["tokens"])), [])))
        for rows in self.rows.values():  # a sentence that is held out is in no demonstration either
            for row in rows:
                row.near = [i for i in row.near if i % HELD_OUT]
        usable = {s: [i for i in range(len(rows)) if (i % HELD_OUT == 0) == held_out] for s, rows in self.rows.items()}
        self.any = usable
        self.full = {s: [i for i in usable[s] if rows[i].spans] for s, rows in self.rows.items()}
        self.mined = {s: [i for i in usable[s] if rows[i].wrong] for s, rows in self.rows.items()}
        self.trained = {s: [i for i in range(len(rows)) if i % HELD_OUT] for s, rows in self.rows.items()}
        self.types = {s: sorted({x[2] for r in rows for x in r.spans}) for s, rows in self.rows.items()}
        self.mentions: dict[tuple[str, str], list[list[str]]] = defaultdict(list)
        for s, rows in self.rows.items():
            for i in self.trained[s]:
                for a, b, t in rows[i].spans:
                    self.mentions[s, t].append(rows[i].tokens[a:b])
        self.frequent = {s: [t for i in self.trained[s] for _, _, t in rows[i].spans] for s, rows in self.rows.items()}
        self.names = Names(work / "names.json", self.rng)
        self.balance: dict[str, int] = defaultdict(int)  # of each set: verdicts yes minus no

    # ---- sentences

    def varied(self, row: Row) -> Row:
        """The sentence in other letters' case, or with other names of the same types: names are read, not remembered."""
        rng = self.rng
        if row.lang == "en" and row.set in FAR and row.set not in ("genia", "bc5cdr", "ncbi_disease") and rng.random() < 0.06:
            change = rng.choices([str.lower, str.upper, str.capitalize], [60, 20, 20])[0]
            return Row(row.set, row.lang, [change(t) for t in row.tokens], row.spans, row.near, [])
        if rng.random() > self.vary or not row.spans or any(a[1] > b[0] for a, b in zip(row.spans, row.spans[1:])):
            return row
        tokens: list[str] = []
        spans, at = [], 0
        for a, b, t in row.spans:
            tokens += row.tokens[at:a]
            mention = row.tokens[a:b]
            if rng.random() < 0.6:
                new = self.names.mention(t, row.lang, mention) if rng.random() < 0.7 else None
                mention = new or rng.choice(self.mentions[row.set, t])
            spans.append((len(tokens), len(tokens) + len(mention), t))
            tokens += mention
            at = b
        return Row(row.set, row.lang, tokens + row.tokens[at:], spans, row.near, [])

    def sentence(self, row: Row, natural: bool) -> Sentence:
        text, cuts = "", []
        for token, space in zip(row.tokens, glue(row.tokens, row.lang, natural)):
            text += " " if space else ""
            cuts.append((len(text), len(text) + len(token)))
            text += token
        return Sentence(text, cuts)

    def spans(self, row: Row, s: Sentence, call: dict[str, str], shown: set[str]) -> Spans:
        """The mentions of the types shown, each string once."""
        out: dict[str, str] = {}
        for a, b, t in row.spans:
            if t in shown:
                out.setdefault(s.string(a, b), call[t])
        return [{"text": x, "type": t} for x, t in out.items()]

    def demonstrations(self, row: Row, k: int) -> list[Row]:
        """The nearest last, as the program shows them; now and then any."""
        rng, rows = self.rng, self.rows[row.set]
        full = rng.random() < 0.8  # retrieval by spans finds sentences with mentions
        near = [rows[i] for i in row.near if rows[i].spans or not full]
        if rng.random() < 0.15 or len(near) < k:
            some = [i for i in self.trained[row.set] if rows[i].spans or not full]
            near = [rows[i] for i in rng.sample(some, min(k + 1, len(some))) if rows[i] is not row]
            return near[:k]
        skip = rng.choice([0, 0, 0, 1, 2])
        return near[skip:skip + k][::-1]

    # ---- types

    def type_list(self, name: str, used: set[str]) -> list[str]:
        rng, types = self.rng, list(self.types[name])
        if len(types) > 10 and rng.random() < 0.7:
            rest = [t for t in types if t not in used]
            types = [t for t in types if t in used][:12] + rng.sample(rest, min(len(rest), rng.randint(1, 6)))
        if len(types) > 1 and rng.random() < 0.2:
            types = rng.sample(types, rng.randint(1, len(types) - 1))
        if name in FAR and rng.random() < 0.2:
            types += rng.sample(FAR[name], rng.randint(1, 3))
        rng.shuffle(types)
        return list(dict.fromkeys(types))

    def called(self, types: list[str]) -> dict[str, str]:
        """What each type is called this time; no two alike."""
        rng = self.rng
        free, title = rng.random() < 0.3, rng.random() < 0.05
        out: dict[str, str] = {}
        for t in types:
            plain = t.split(" (")[0] if rng.random() < 0.7 else t
            word = plain if plain not in types or plain == t else t
            if free and t in SYNONYMS and rng.random() < 0.6:
                word = rng.choice(SYNONYMS[t])
            word = word.title() if title else word
            out[t] = t if word in out.values() or (word != t and word in types) else word
        return out

    def told(self, types: list[str], call: dict[str, str]) -> list[dict[str, str]]:
        """The list of types as templates take it, with descriptions or without, or only some."""
        how = self.rng.choices([0.0, 1.0, 0.5], [60, 30, 10])[0]
        out = []
        for t in types:
            d = {"name": call[t]}
            if t in DESCRIPTIONS and self.rng.random() < how:
                d["description"] = self.rng.choice(DESCRIPTIONS[t])
            out.append(d)
        return out

    # ---- what is to be verified

    def slip(self, row: Row) -> tuple[int, int] | None:
        """A span that is none: one cut or grown by a word or two, words that a set marks elsewhere, a run of capitals."""
        rng, tokens, n = self.rng, row.tokens, len(row.tokens)
        if row.spans and rng.random() < 0.55:
            a, b, _ = rng.choice(row.spans)
            a, b = rng.choice([(a - 1, b), (a, b + 1), (a, b + 1), (a + 1, b), (a, b - 1), (a, b + 2), (a - 2, b)])
            a, b = max(0, a), min(n, b)
            return (a, b) if a < b and any(t[:1].isalnum() for t in tokens[a:b]) else None
        words = [i for i, t in enumerate(tokens) if t[:1].isalpha() or t[:1] in "@#"]
        inside = {i for a, b, _ in row.spans for i in range(a, b)}
        words = [i for i in words if i not in inside] or words
        if not words:
            return None
        capital = [i for i in words if tokens[i][:1].isupper()]
        long_ = [i for i in words if len(tokens[i]) > 4]
        a = rng.choice(rng.choices([capital or words, long_ or words, words], [55, 30, 15])[0])
        b = a + 1
        while b < n and b - a < 4 and ((a in capital and tokens[b][:1].isupper()) or rng.random() < 0.12):
            b += 1
        return a, b

    def likely(self, row: Row, shown: list[str]) -> str:
        """The type that a span which is none may be given."""
        rng = self.rng
        if rng.random() < 0.5:
            return rng.choice([x[2] for x in row.spans if x[2] in shown] or shown)
        common = [t for t in rng.choices(self.frequent[row.set], k=6) if t in shown]
        return rng.choice(common or shown)

    def candidates(self, row: Row, shown: list[str], n_yes: int, n_no: int) -> list[tuple[int, int, str, bool]]:
        """Spans with a type and whether that is right, by start; n_no of them wrong if so many come to mind."""
        rng = self.rng
        right = {(a, b, t) for a, b, t in row.spans if t in shown}
        gold = list(dict.fromkeys(right)) if rng.random() < 0.7 else rng.sample(sorted(right), min(len(right), n_yes))
        chosen: dict[tuple[int, int], tuple[str, bool]] = {}
        for a, b, t in sorted(gold):
            chosen.setdefault((a, b), (t, True))
        mined = [w for w in row.wrong if w[2] in shown]
        rng.shuffle(mined)
        for _ in range(3 * n_no):
            if sum(not ok for _, ok in chosen.values()) >= n_no:
                break
            how = rng.random()
            if mined and how < 0.6:
                a, b, t = mined.pop()
            elif how < 0.78 or not row.spans:
                span = self.slip(row)
                if span is None:
                    continue
                (a, b), t = span, self.likely(row, shown)
            elif len(shown) > 1:
                a, b, t = rng.choice(row.spans)
                t = rng.choice([x for x in shown if x != t])
            else:
                a, b, t = rng.choice(row.spans)
                t = shown[0]
            if (a, b, t) not in right:
                if (a, b) in chosen and sum(ok for _, ok in chosen.values()) <= n_yes:
                    continue  # a mention of a wrong type takes the place of one of the right
                chosen[a, b] = (t, False)
        return [(a, b, t, ok) for (a, b), (t, ok) in sorted(chosen.items(), key=lambda x: (x[0][0], -x[0][1]))]

    # ---- a sequence

    def draw(self) -> Row:
        rng = self.rng
        name = rng.choices(list(self.share), list(self.share.values()))[0]
        how = rng.random()
        pick = self.mined[name] if how < MINED and self.mined[name] else self.full[name] if how < FULL else self.any[name]
        return self.rows[name][rng.choice(pick)]

    def sequence(self) -> list[Segment]:
        """The conversation's segments; too long ones lose the farthest demonstrations."""
        rng = self.rng
        while True:
            row = self.draw()
            k = rng.choices(range(6), SHOWN)[0]
            rows = [*(self.varied(r) for r in self.demonstrations(row, k)), row if row.wrong else self.varied(row)]
            types = self.type_list(row.set, {x[2] for r in rows for x in r.spans})
            call, natural = self.called(types), rng.random() < 0.5
            told = self.told(types, call)
            verified = self.asked(rows[-1], types)
            for first in range(len(rows)):
                out = self.written(rows[first:], types, call, told, natural, verified)
                if sum(len(s.ids) for s in out) <= self.longest:
                    return out

    def asked(self, row: Row, types: list[str]) -> list[tuple[int, int, str, bool]]:
        n_gold = len({(a, b) for a, b, t in row.spans if t in types})
        owed = self.balance[row.set]  # so many "no" are due
        n_yes = min(n_gold, 4)
        n_no = max(0, min(6, n_yes + owed))
        if n_no == 0 and owed > -3 and self.rng.random() < 0.5:
            n_no = 1
        return self.candidates(row, types, n_yes, n_no)

    def written(self, rows: list[Row], types: list[str], call: dict[str, str], told: list[dict[str, str]], natural: bool,
                verified: list[tuple[int, int, str, bool]]) -> list[Segment]:
        shown = set(types)
        cut = [self.sentence(r, natural) for r in rows]
        spans = [self.spans(r, s, call, shown) for r, s in zip(rows, cut)]
        data = {"types": told, "text": cut[-1].text, "spans": spans[-1],
                "demonstrations": [{"text": s.text, "spans": x} for s, x in zip(cut[:-1], spans[:-1])]}
        root, w = self.writer.conversation(), self.writer
        step = 0  # of the demonstrations' messages: sentence, list, "Types?", object
        left = list(spans[:-1])
        for message in self.prompts.messages("head", data):
            role, content = message
            if role != "assistant":
                w.add(root, message)
            elif step == 0:
                # Demonstrations are chosen for their mentions: that they have some says nothing of sentences.
                w.add(root, message, [(2 if left[0] else 0, len(content), 1.0 if left[0] else 0.3)])
                step = 1 if left[0] else 0
                if not left[0]:
                    left.pop(0)
            else:
                w.add(root, message, object_weights(content, left[0], [True] * len(left[0]), TYPE))
                step = 0
                left.pop(0)
        out = [root]
        tail = self.prompts.messages("classify", data)
        answer = Segment(0)
        w.add(answer, tail[0], [(0, 1, ANY), (1, len(tail[0][1]), 1.0)])
        out.append(answer)
        if spans[-1]:
            w.add(answer, tail[1])
            self.add_objects(out, 1, spans[-1])
        if verified:
            self.add_questions(out, rows[-1], cut[-1], call, data, verified)
        return out

    def add_objects(self, out: list[Segment], parent: int, spans: Spans) -> None:
        """Answers to "Types?": all types, and as the program asks where it may begin the answer, that of one span."""
        rng = self.rng
        whole = [spans] if len(spans) == 1 or rng.random() < 0.5 else []
        for some in whole + [[x] for x in rng.sample(spans[1:], min(2, len(spans) - 1))]:
            leaf = Segment(parent)
            content = "{" + ", ".join(f"{quoted(x['text'])}: {quoted(x['type'])}" for x in some) + "}"
            self.writer.add(leaf, ("assistant", content), object_weights(content, some, [True] * len(some), TYPE))
            out.append(leaf)

    def add_questions(self, out: list[Segment], row: Row, s: Sentence, call: dict[str, str], data: dict,
                      verified: list[tuple[int, int, str, bool]]) -> None:
        rng, w = self.rng, self.writer
        right = {(s.string(a, b), t) for a, b, t in row.spans}
        listed: dict[str, tuple[str, bool]] = {}
        for a, b, t, _ in verified:
            string = s.string(a, b)
            listed.setdefault(string, (t, (string, t) in right))
        candidates = [{"text": x, "type": call[t]} for x, (t, _) in listed.items()]
        base: Segment | None = None
        pairs = list(listed.items())
        yes, no = [p for p in pairs if p[1][1]], [p for p in pairs if not p[1][1]]
        owed = self.balance[row.set]
        rng.shuffle(yes)
        rng.shuffle(no)
        yes = yes[:4]
        no = no[:max(0, len(yes) + owed + 1)]
        descriptions = {d["name"]: d.get("description") for d in data["types"]}
        for string, (t, ok) in yes + no:
            more = {"candidates": candidates, "span": string, "type": call[t], "type_description": descriptions[call[t]]}
            messages = self.prompts.messages("verify", {**data, **more})
            if base is None:
                base = Segment(0)
                w.add(base, messages[0])
                w.add(base, messages[1])
                listing = len(out)
                out.append(base)
                known = [c for c, (_, fine) in zip(candidates, listed.values()) if fine]
                if known:
                    self.add_objects(out, listing, known)
                typed = Segment(listing)
                w.add(typed, messages[2])
                out.append(typed)
                at = len(out) - 1
            leaf = Segment(at)
            w.add(leaf, messages[3])
            w.add(leaf, ("assistant", "yes" if ok else "no"), list_weights("yes", VERDICT))
            out.append(leaf)
            self.balance[row.set] += 1 if ok else -1
