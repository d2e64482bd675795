"""Turn sentences into training examples: the pipeline's three prompts with their answers.

An example is three equally long lists, one entry a token: its id, the weight of predicting it, and its word tag (for
the auxiliary loss). Every answer in a prompt is trained, the demonstrations' too, so one sequence with five
demonstrations teaches zero-shot and one to five demonstrations at once.

Extraction is answered by writing the sentence again with its mentions marked, classification by naming each span before
its type: so each choice stands where what it depends on has just been copied.
"""
from __future__ import annotations

import json
import random
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import sentencepiece as spm

from names import Names

MAX_TOKENS = 640
TEXT_WEIGHT = 0.1
COPY_WEIGHT = 0.25   # of a token of an answer that follows from the one before
CHOICE_WEIGHT = 2.0  # of a type's first token, and of yes and no
ASKED = (1, 2, 3, 5)  # pairs to verify in one sequence; the pipeline asks for one
OUTSIDE, BEGIN, INSIDE = 1, 2, 3  # word tags; 0 = no tag

SYNONYMS = {
    "person": ["people", "human name", "name of a person", "individual"],
    "location": ["place", "locations", "geographical place"],
    "organization": ["organisation", "company or institution", "institution", "organizations"],
    "geo-political entity": ["country or city", "gpe"],
    "facility": ["building or place", "facilities"],
    "corporation": ["company", "business"],
    "group": ["group of people", "band or team"],
    "creative work": ["work of art", "title of a work", "creative-work"],
    "product": ["products", "brand"],
    "miscellaneous": ["misc", "other name"],
    "disease": ["illness", "disease or symptom", "medical condition"],
    "chemical": ["drug", "chemical substance", "drug or chemical"],
    "protein": ["gene or protein", "proteins"],
    "dna": ["gene", "dna region"],
    "cell type": ["kind of cell"],
    "vehicle": ["means of transport"],
    "event": ["named event"],
    "programming language": ["computer language"],
    "temporal": ["date or time", "time expression"],
}

# Share of each set in the sequences of a mixture; members see some of everything.
BASE = dict(uner_en_ewt=20, btc=12, wnut17=9, tweebank_ner=5, fin=1, re3d_free=3, litbank=6, bc5cdr=10, ncbi_disease=3,
            genia=7, crossner_politics=2, crossner_science=2, crossner_ai=2, stackoverflow_ner=3, germeval2014=6,
            uner_da_ddt=1.5, uner_hr_set=1.5, uner_pt_bosque=2, uner_zh_gsd=5, pool_default=5)
FAVOURED = {
    "trunk": (),
    "news": ("uner_en_ewt", "re3d_free", "fin", "germeval2014", "litbank", "crossner_politics", "uner_pt_bosque"),
    "social": ("btc", "wnut17", "tweebank_ner", "stackoverflow_ner"),
    "science": ("bc5cdr", "genia", "ncbi_disease", "crossner_science", "crossner_ai"),
}

# Fields whose mentions hardly occur in each other's sentences. A list of types may then hold those of several fields,
# and demonstrations of two fields may stand in one prompt. Sets with a catch-all type are left out: a
# "miscellaneous" of theirs may well be the "event" of another.
NAMES = "uner_en_ewt btc wnut17 re3d_free litbank uner_da_ddt uner_hr_set uner_pt_bosque uner_zh_gsd".split()
PLAIN_WORDS = "uner_en_ewt btc wnut17 tweebank_ner re3d_free".split()  # English sets that mark no ordinary words
MEDICINE = "bc5cdr ncbi_disease genia".split()
SOFTWARE = ["stackoverflow_ner"]
FAR = {  # types of other fields: hardly ever in the sentences of this one
    **{s: ["disease", "chemical", "protein", "cell line", "programming language"] for s in NAMES},
    **{s: ["person", "location", "organization", "creative work", "event", "vehicle", "facility"] for s in MEDICINE},
    **{s: ["person", "location", "disease", "chemical", "creative work", "event"] for s in SOFTWARE},
}
NEAR = {  # types that may well be there unmarked, but never are what the set's own mentions are
    **{s: ["creative work", "event", "product", "date", "vehicle", "award", "quantity"] for s in NAMES},
    "wnut17": ["event", "date", "award"], "re3d_free": ["event", "creative work", "award"],
    "litbank": ["creative work", "event", "date"],
}
PARTNERS = {**{s: MEDICINE + SOFTWARE for s in NAMES}, **{s: NAMES[:4] for s in MEDICINE + SOFTWARE}}


def mixture(name: str) -> dict[str, float]:
    return {s: w * (2.0 if s in FAVOURED[name] else 1.0) for s, w in BASE.items()}


NO_SPACE_BEFORE = set(". , ; : ! ? ) ] } % 's 're 've 'll 'd 'm n't ’s ’t ' ...".split())
NO_SPACE_AFTER = set("( [ { $ £ € #".split())


def glue(tokens: list[str], lang: str, natural: bool) -> list[bool]:
    """For each token, whether a space stands before it; `natural` undoes the spacing of the annotated sets."""
    if lang == "zh":
        return [False] * len(tokens)
    spaces, open_quote, attach = [], False, True
    for token in tokens:
        space = not attach
        attach = False
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
class Sentence:
    text: str
    mentions: list[tuple[int, int, str, str]]  # bytes from, to; the string; its type

    def marked(self) -> list[str]:
        """The text cut at the borders of its mentions; None opens a mention, "" closes one. White space before a
        mention is inside of it, so that a word is the same tokens here and in the sentence."""
        raw = b" " + self.text.encode()
        spans: list[tuple[int, int]] = []
        for a, b in sorted({m[:2] for m in self.mentions}, key=lambda m: (m[0], -m[1])):
            if not any(c < a < d < b for c, d in spans):  # no marks can show spans that cross
                spans.append((a, b))
        parts, open_, at = [], [], 0

        def upto(end: int) -> None:
            nonlocal at
            if end > at:
                parts.append(raw[at:end].decode())
                at = end

        for a, b in spans:
            while open_ and open_[-1] <= a:
                upto(open_.pop() + 1)
                parts.append("")
            upto(a if raw[a:a + 1] == b" " else a + 1)
            parts.append(None)
            open_.append(b)
        while open_:
            upto(open_.pop() + 1)
            parts.append("")
        upto(len(raw))
        return parts


@dataclass
class Example:
    ids: list[int] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    tags: list[int] = field(default_factory=list)

    def add(self, ids: list[int], weight: float | list[float] = 0.0, tags: list[int] | None = None):
        self.ids += ids
        self.weights += weight if isinstance(weight, list) else [weight] * len(ids)
        self.tags += tags or [0] * len(ids)


class Builder:
    def __init__(self, work: Path, seed: int, mix: dict[str, float], share: float = 0.72,
                 tasks: tuple[float, ...] = (0.4, 0.35, 0.25), mined: float = 0.0, vary: float = 0.0):
        """`share` of the sentences to extract from and to verify are drawn among those with mentions; `tasks`: shares
        of the three prompts; `mined`: share of what is verified that members found themselves (mine.py); `vary`:
        share of sentences with names and words from names.py."""
        self.share, self.tasks, self.mined, self.vary = share, tasks, mined, vary
        self.rng = random.Random(seed)
        self.sp = spm.SentencePieceProcessor(model_file=str(work / "sp.model"))
        self.marker = {m: self.sp.piece_to_id(f"<|{m}|>")
                       for m in "extract classify verify types text spans answer sep is mark /mark end".split()}
        self.length = [1 if self.sp.is_byte(i) else len(self.sp.id_to_piece(i).replace("▁", " ").encode())
                       for i in range(self.sp.get_piece_size())]
        pieces = [self.sp.id_to_piece(i) for i in range(self.sp.get_piece_size())]
        self.follows = [self.sp.is_byte(i) or p[0].isalnum() and ord(p[0]) < 0x2E80 for i, p in enumerate(pieces)]
        self.cache: dict[str, list[int]] = {}
        self.rows: dict[str, list[dict]] = defaultdict(list)
        for line in (work / "sentences.jsonl").open():
            row = json.loads(line)
            self.rows[row["set"]].append(row)
        self.full = {s: [i for i, r in enumerate(rows) if r["spans"]] for s, rows in self.rows.items()}
        self.types = {s: sorted({x[2] for r in rows for x in r["spans"]}) for s, rows in self.rows.items()}
        self.mentions: dict[tuple[str, str, str], list[list[str]]] = defaultdict(list)
        for s, rows in self.rows.items():
            for r in rows:
                for a, b, t in r["spans"]:
                    self.mentions[s, r["lang"], t].append(r["tokens"][a:b])
        if vary:
            self.names = Names(work / "names.json", self.rng)
            count = Counter(t.lower() for rows in self.rows.values() for r in rows if r["lang"] == "en" for t in r["tokens"])
            self.frequent = {w for w, _ in count.most_common(400)}
        self.found: dict[str, list[dict]] = defaultdict(list)
        if mined:
            for line in (work / "found.jsonl").open():
                row = json.loads(line)
                if row["found"]:
                    row["found"], row["spans"] = [tuple(p) for p in row["found"]], [tuple(p) for p in row["spans"]]
                    self.found[row["set"]].append(row)
        self.keep_right: dict[str, float] = {}  # of what was found in a set: wrong pairs for each right one
        for s, rows in self.found.items():
            right = sum(p in r["spans"] for r in rows for p in r["found"])
            self.keep_right[s] = (sum(len(r["found"]) for r in rows) - right) / max(1, right)
        self.sets = list(mix)
        self.shares = [mix[s] for s in self.sets]

    # ---- text to tokens

    def encode(self, text: str) -> list[int]:
        """SentencePiece never joins over a space, so words can be encoded and remembered one at a time."""
        ids: list[int] = []
        for i, word in enumerate(text.split(" ")):
            word = " " + word if i else word
            found = self.cache.get(word)
            if found is None:
                found = self.cache[word] = self.sp.encode(word)
            ids += found
        return ids

    def joined(self, parts: list[str]) -> list[int]:
        ids: list[int] = []
        for i, part in enumerate(parts):
            ids += ([self.marker["sep"]] if i else []) + self.encode(" " + part)
        return ids

    def tagged(self, sentence: Sentence) -> tuple[list[int], list[int]]:
        """Ids of the text and a tag for each."""
        ids, tags = self.encode(" " + sentence.text), []
        outer, end = [], -1
        for a, b, _, _ in sentence.mentions:
            if a >= end:
                outer.append((a, b))
                end = b
        at, m, begun = -1, 0, False
        for i in ids:
            stop = at + self.length[i]
            if m < len(outer) and outer[m][1] <= at:
                m, begun = m + 1, False
            if m < len(outer) and stop > outer[m][0]:
                tags.append(INSIDE if begun else BEGIN)
                begun = True
            else:
                tags.append(OUTSIDE)
            at = stop
        return ids, tags

    # ---- rows to sentences

    def swapped(self, row: dict) -> dict:
        """The sentence with its letters' case changed, or with other names of the same types, or other words: so that
        what is a mention is read and not remembered."""
        rng = self.rng
        if row["lang"] == "en" and row["set"] in NAMES and rng.random() < 0.09:
            change = rng.choices([str.lower, str.upper, str.capitalize], [55, 20, 25])[0]
            return {**row, "tokens": [change(t) for t in row["tokens"]]}
        if row["set"] in PLAIN_WORDS and rng.random() < self.vary:
            row = self.other_words(row)
        return self.other_names(row) if rng.random() < max(0.4, self.vary) else row

    def other_words(self, row: dict) -> dict:
        named = {i for a, b, _ in row["spans"] for i in range(a, b)}
        return {**row, "tokens": [t if i in named or t.lower() in self.frequent or self.rng.random() > 0.12
                                  else self.names.ordinary(t) for i, t in enumerate(row["tokens"])]}

    def other_names(self, row: dict) -> dict:
        spans = row["spans"]
        if not spans or any(a[1] > b[0] for a, b in zip(spans, spans[1:])):
            return row  # nested mentions cannot change one without the other
        tokens, out, at = [], [], 0
        for a, b, t in spans:
            tokens += row["tokens"][at:a]
            mention = row["tokens"][a:b]
            if self.rng.random() < 0.6:
                new = self.names.mention(t, row["lang"], mention) if self.vary and self.rng.random() < 0.7 else None
                mention = new or self.rng.choice(self.mentions[row["set"], row["lang"], t])
            out.append((len(tokens), len(tokens) + len(mention), t))
            tokens += mention
            at = b
        return {**row, "tokens": tokens + row["tokens"][at:], "spans": out}

    def sentence(self, row: dict, natural: bool, keep: set[str] | None = None) -> Sentence:
        tokens, at, begin, end, text = row["tokens"], 0, [], [], ""
        for token, space in zip(tokens, glue(tokens, row["lang"], natural)):
            piece = (" " if space else "") + token
            begin.append(at + (1 if space else 0))
            at += len(piece.encode())
            end.append(at)
            text += piece
        raw = text.encode()
        mentions = [(begin[a], end[b - 1], raw[begin[a]:end[b - 1]].decode(), t)
                    for a, b, t in row["spans"] if keep is None or t in keep]
        return Sentence(text, mentions)

    def draw(self, need: bool = False) -> tuple[str, dict]:
        name = self.rng.choices(self.sets, self.shares)[0]
        if need or self.rng.random() < self.share:
            return name, self.rows[name][self.rng.choice(self.full[name])]
        return name, self.rng.choice(self.rows[name])

    def demonstrations(self, name: str, row: dict, k: int) -> list[dict]:
        """The nearest last. Retrieval by spans finds sentences with mentions, its fall-back any."""
        rows, full = self.rows[name], self.rng.random() < 0.6
        if self.rng.random() < 0.1 or not row["near"]:
            return [rows[i] for i in self.rng.sample(self.full[name] if full else range(len(rows)), k)]
        skip = self.rng.choice([0, 0, 0, 1, 2, 4])
        near = [rows[i] for i in row["near"] if rows[i]["spans"] or not full]
        return near[skip:skip + k][::-1]

    def mixed(self, name: str, row: dict, k: int) -> list[dict]:
        """Demonstrations of the sentence's own set, and some of another field."""
        rows = self.demonstrations(name, row, k)
        if name not in PARTNERS or len(rows) < 2 or self.rng.random() > 0.25:
            return rows
        other = self.rng.choice(PARTNERS[name])
        for i in self.rng.sample(range(len(rows)), self.rng.randint(1, len(rows) // 2)):
            rows[i] = self.rows[other][self.rng.choice(self.full[other])]
        return rows

    def type_list(self, name: str, used: set[str], guests: list[str]) -> tuple[list[str], dict[str, str]]:
        """The types shown (own names), and what they are called this time. One time in three some guests stand among
        them: types of other sets."""
        types = list(self.types[name])
        if len(types) > 8:
            rest = [t for t in types if t not in used]
            self.rng.shuffle(rest)
            types = [t for t in types if t in used][:10] + rest[:self.rng.randint(1, 5)]
        if len(types) > 1 and self.rng.random() < 0.25:
            types = self.rng.sample(types, self.rng.randint(1, len(types) - 1))
        if guests and self.rng.random() < 0.35:
            types += self.rng.sample(guests, self.rng.randint(1, min(5, len(guests))))
        self.rng.shuffle(types)
        call = {}
        other = self.rng.random() < 0.25
        for t in dict.fromkeys([*self.types[name], *types, *sorted(used)]):
            call[t] = self.rng.choice(SYNONYMS[t]) if other and t in SYNONYMS and self.rng.random() < 0.6 else t
            if "(" in t and t.split(" (")[0] not in self.types[name] and self.rng.random() < 0.7:
                call[t] = t.split(" (")[0]
        return types, call

    # ---- the three prompts

    def extract(self, easy: bool = False) -> Example:
        m, rng = self.marker, self.rng
        name, row = self.draw(need=easy)
        k = 0 if easy else rng.choices(range(6), [30, 8, 12, 15, 10, 25])[0]
        rows = self.demonstrations(name, row, k) + [row]
        types, call = self.type_list(name, {s[2] for r in rows for s in r["spans"]},
                                      FAR.get(name, []) if rng.random() < 0.3 else [])
        shown = rng.random() > 0.12
        natural = rng.random() < 0.5
        blocks = []
        for r in rows:
            s = self.sentence(self.swapped(r), natural, set(types) if shown else None)
            ids, tags = self.tagged(s)
            part = Example()
            part.add([m["text"]])
            part.add(ids, TEXT_WEIGHT, tags)
            part.add([m["answer"]])
            for piece in s.marked():
                if piece is None:
                    part.add([m["mark"]], 1.0)
                elif piece == "":
                    part.add([m["/mark"]], 1.0)
                else:
                    copied = self.encode(piece)
                    part.add(copied, [COPY_WEIGHT if self.follows[i] else 1.0 for i in copied])
            part.add([m["end"]], 1.0)
            blocks.append(part)
        head = Example()
        head.add([m["extract"]])
        if shown:
            head.add([m["types"]] + self.joined([call[t] for t in types]))
        return self.assemble(head, blocks)

    def classify(self) -> Example:
        m, rng = self.marker, self.rng
        name, row = self.draw(need=True)
        k = rng.choices(range(6), [30, 8, 12, 15, 10, 25])[0]
        rows = [r for r in self.mixed(name, row, k) if r["spans"]] + [row]
        used = {s[2] for r in rows for s in r["spans"]}
        types, call = self.type_list(name, used, FAR.get(name, []) + NEAR.get(name, []))
        types = list(dict.fromkeys(types + [t for t in sorted(used) if t not in types]))
        rng.shuffle(types)
        head = Example()
        head.add([m["classify"], m["types"]] + self.joined([call[t] for t in types]))
        natural = rng.random() < 0.5
        blocks = []
        for r in rows:
            shown = self.swapped(r)
            s = self.sentence(shown, natural)
            kind: dict[str, str | None] = {}
            for _, _, string, t in s.mentions:
                kind.setdefault(string, t)
            if r is row and rng.random() < 0.4:
                kind = self.with_slips(shown, natural, kind)
            ids, tags = self.tagged(s)
            part = Example()
            part.add([m["text"]])
            part.add(ids, TEXT_WEIGHT, tags)
            part.add([m["spans"]] + self.joined(list(kind)) + [m["answer"]])
            for i, (string, t) in enumerate(kind.items()):
                if i:
                    part.add([m["sep"]], COPY_WEIGHT)
                part.add(self.encode(" " + string) + [m["is"]], COPY_WEIGHT)
                pieces = self.encode(" " + call[t or rng.choice(types)])
                part.add(pieces, [CHOICE_WEIGHT] + [1.0] * (len(pieces) - 1) if t else 0.0)
            part.add([m["end"]], COPY_WEIGHT)
            blocks.append(part)
        return self.assemble(head, blocks)

    def with_slips(self, row: dict, natural: bool, kind: dict[str, str | None]) -> dict[str, str | None]:
        """The spans to classify in the order of the sentence, with one or two that are none, as a union of what members
        listed has them. These have no type to be learnt."""
        extra = [(*span, "") for span in (self.slip(row) for _ in range(self.rng.choice([1, 1, 2]))) if span]
        both = self.sentence({**row, "spans": sorted({*map(tuple, row["spans"]), *extra})}, natural)
        return {string: kind.get(string) for _, _, string, _ in both.mentions}

    def slip(self, row: dict) -> tuple[int, int] | None:
        """What may be taken for a mention: one cut or over-long, or an ordinary word, rather a capitalised one."""
        rng, tokens, n = self.rng, row["tokens"], len(row["tokens"])
        if row["spans"] and rng.random() < 0.5:
            a, b, _ = rng.choice(row["spans"])
            a, b = max(0, a + rng.choice([-1, 0, 0, 1])), min(n, b + rng.choice([-1, 0, 0, 1]))
            return (a, b) if a < b else None
        words = [i for i, t in enumerate(tokens) if t[:1].isalpha()] or [0]
        capital = [i for i in words if tokens[i][:1].isupper()]
        a = rng.choice(capital if capital and rng.random() < 0.6 else words)
        return a, min(n, a + rng.choice([1, 1, 1, 2]))

    def verify_found(self) -> Example:
        """What the members themselves found, right or wrong."""
        rng = self.rng
        names = [s for s in self.sets if self.found[s]]
        name = rng.choices(names, [self.shares[self.sets.index(s)] for s in names])[0]
        row, keep = rng.choice(self.found[name]), self.keep_right[name]
        _, call = self.type_list(name, {t for _, _, t in row["found"]}, [])
        # Half of what is asked about should be right, whatever the members' precision is on sentences of the set.
        pairs = [p for p in row["found"] if rng.random() < (keep if p in row["spans"] else 1 / max(keep, 1e-9))]
        if not pairs:
            return self.verify()
        pairs = rng.sample(pairs, min(rng.choice(ASKED), len(pairs)))
        natural = rng.random() < 0.5
        asked = self.sentence({**row, "spans": pairs}, natural).mentions
        return self.verify_pairs(self.sentence(row, natural), [(x[2], x[3]) for x in asked], call)

    def verify(self) -> Example:
        rng = self.rng
        name, row = self.draw()
        row = self.swapped(row)
        natural = rng.random() < 0.5
        s = self.sentence(row, natural)
        types, call = self.type_list(name, set(), FAR.get(name, []) + NEAR.get(name, []))
        guests = [t for t in types if t not in self.types[name]]
        gold = {(x[2], x[3]) for x in s.mentions}
        pairs = []
        for _ in range(rng.choice(ASKED)):
            string, kind = rng.choice(sorted(gold)) if gold else ("", rng.choice(self.types[name]))
            if not gold or rng.random() < 0.5:
                wrong = self.wrong(name, row, natural, string, kind, guests)
                if wrong and wrong not in gold:
                    string, kind = wrong
            if string:
                pairs.append((string, kind))
        return self.verify_pairs(s, pairs, call)

    def verify_pairs(self, s: Sentence, pairs: list[tuple[str, str]], call: dict[str, str]) -> Example:
        m = self.marker
        gold = {(x[2], x[3]) for x in s.mentions}
        out = Example()
        out.add([m["verify"], m["text"]])
        ids, tags = self.tagged(s)
        out.add(ids, TEXT_WEIGHT, tags)
        for string, kind in pairs:
            out.add([m["spans"]] + self.joined([string]) + [m["types"]] + self.joined([call[kind]]) + [m["answer"]])
            answer = self.encode(" yes" if (string, kind) in gold else " no")
            out.add(answer + [m["end"]], [CHOICE_WEIGHT] + [COPY_WEIGHT] * len(answer))
        return out

    def wrong(self, name: str, row: dict, natural: bool, string: str, kind: str,
              guests: list[str]) -> tuple[str, str] | None:
        """A pair such as the pipeline might propose and should refuse."""
        rng = self.rng
        others = [t for t in self.types[name] + guests if t != kind]
        if row["spans"] and others and rng.random() < 0.4:
            present = [t for t in others if any(s[2] == t for s in row["spans"])]
            return string, rng.choice(present if present and rng.random() < 0.4 else others)
        span = self.slip(row)
        if span is None:
            return None
        kind = rng.choice(guests) if guests and rng.random() < 0.2 else kind
        return self.sentence({**row, "spans": [(*span, kind)]}, natural).mentions[0][2], kind

    def assemble(self, head: Example, blocks: list[Example]) -> Example:
        """As many demonstrations as fit; the farthest go first."""
        size, keep = len(head.ids) + len(blocks[-1].ids), [blocks[-1]]
        for block in reversed(blocks[:-1]):
            size += len(block.ids)
            if size > MAX_TOKENS:
                break
            keep.insert(0, block)
        out = Example()
        for part in [head] + keep:
            out.add(part.ids, part.weights, part.tags)
        return out

    def example(self, easy: bool = False) -> Example:
        while True:
            task = 0 if easy else self.rng.choices(range(3), self.tasks)[0]
            if task == 2:
                one = self.verify_found() if self.rng.random() < self.mined else self.verify()
            else:
                one = self.classify() if task else self.extract(easy)
            if len(one.ids) <= (200 if easy else MAX_TOKENS):
                return one
