"""The product's conversation as training needs it: its own templates, rendered as the program renders them, cut into
tokens, each with the weight of predicting it."""
from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gguf import GGUFReader
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

CONTROL, USER_DEFINED = 3, 4  # types of tokens in a GGUF file
PATTERNS = {  # llama.cpp's, by tokenizer.ggml.pre
    "smollm": [r"\p{N}", r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)"],
    "qwen2": [(r"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}|"
              r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")],
}
COPY = 0.15  # weight of what the grammar writes: the spans of an object of types
TAG = re.compile(r"\{\{([#^/]?)(\w+)\}\}")


def tokenizer(path: Path) -> Tokenizer:
    """The tokenizer of a GGUF file of kind "gpt2", or of kind "llama" (SentencePiece), of Gemma."""
    fields = GGUFReader(path).fields
    tokens = fields["tokenizer.ggml.tokens"].contents()
    kinds = fields["tokenizer.ggml.token_type"].contents()
    if fields["tokenizer.ggml.model"].contents() == "llama":
        made = pieces(tokens, fields["tokenizer.ggml.scores"].contents())
        made.add_tokens([AddedToken(t, normalized=False) for t, k in zip(tokens, kinds) if k == USER_DEFINED])
    else:
        merges = [tuple(m.split(" ")) for m in fields["tokenizer.ggml.merges"].contents()]
        pre = fields["tokenizer.ggml.pre"].contents()
        made = Tokenizer(models.BPE(vocab={t: i for i, t in enumerate(tokens)}, merges=merges))
        made.pre_tokenizer = pre_tokenizers.Sequence(
            [*(pre_tokenizers.Split(Regex(p), "isolated") for p in PATTERNS[pre]),
             pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
        made.decoder = decoders.ByteLevel()
    made.add_special_tokens([t for t, k in zip(tokens, kinds) if k == CONTROL])
    return made


def pieces(tokens: list[str], scores: list[float]) -> Tokenizer:
    """Two neighbours become the token of the best score, again and again: as merges, those of the best token first."""
    vocabulary = {t: i for i, t in enumerate(tokens)}
    merges = []
    for token, score in zip(tokens, scores):
        for cut in range(1, len(token)):
            a, b = token[:cut], token[cut:]
            if a in vocabulary and b in vocabulary:
                merges.append((-score, vocabulary[token], vocabulary[a], (a, b)))
    merges.sort()
    made = Tokenizer(models.BPE(vocab=vocabulary, merges=[m[-1] for m in merges], byte_fallback=True, unk_token="<unk>"))
    made.normalizer = normalizers.Replace(" ", "\u2581")
    made.decoder = decoders.Sequence([decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse()])
    return made


# ---- templates


@dataclass
class Section:
    name: str = ""
    inverted: bool = False
    parts: list[Any] = field(default_factory=list)  # texts, values (1-tuples of a name) and sections


def parse(source: str) -> Section:
    """A template. A line that holds nothing but the marks of sections leaves no line behind."""
    lines = []
    for line in source.splitlines(keepends=True):
        marks = TAG.findall(line)
        bare = marks and all(kind for kind, _ in marks) and not TAG.sub("", line).strip()
        lines.append(line.strip() if bare else line)
    stack, at, text = [Section()], 0, "".join(lines)
    for mark in TAG.finditer(text):
        stack[-1].parts.append(text[at:mark.start()])
        at = mark.end()
        kind, name = mark.groups()
        if kind == "/":
            stack.pop()
        elif kind:
            section = Section(name, kind == "^")
            stack[-1].parts.append(section)
            stack.append(section)
        else:
            stack[-1].parts.append((name,))
    stack[-1].parts.append(text[at:])
    return stack[0]


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def value(frames: list[dict], name: str) -> Any:
    for frame in reversed(frames):
        if name in frame:
            return frame[name]
        if name.endswith("_json") and name[:-5] in frame:
            return quoted(frame[name[:-5]])
    return None


def fill(section: Section, frames: list[dict]) -> str:
    out = []
    for part in section.parts:
        if isinstance(part, str):
            out.append(part)
        elif isinstance(part, tuple):
            out.append(value(frames, part[0]) or "")
        else:
            told = value(frames, part.name)
            if part.inverted:
                out.append("" if told else fill(part, frames))
            elif isinstance(told, list):
                out += [fill(part, [*frames, {**item, "first": i == 0, "last": i + 1 == len(told)}])
                        for i, item in enumerate(told)]
            elif told:
                out.append(fill(part, frames))
    return "".join(out)


ROLE = re.compile(r"^@(system|user|assistant)$", re.MULTILINE)
Message = tuple[str, str]  # role, content
Spans = list[dict[str, str]]  # {text, type}


class Prompts:
    """The prompt set "conversation"."""

    def __init__(self, folder: Path):
        self.templates = {n: parse((folder / f"{n}.txt").read_text(encoding="utf-8"))
                          for n in ("head", "extract", "classify", "verify")}

    def messages(self, name: str, data: dict) -> list[Message]:
        text = fill(self.templates[name], [{"yes": "yes", "no": "no"}, data])
        parts = ROLE.split(text)
        return [(role, content.strip()) for role, content in zip(parts[1::2], parts[2::2])]


# ---- messages to tokens


@dataclass
class Segment:
    """A run of tokens after that of another segment (`parent`, -1: none): the branches of a conversation."""
    parent: int
    ids: list[int] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)  # of predicting the token


class Writer:
    """Turns between ChatML's marks, or Gemma's, whichever the vocabulary has."""

    def __init__(self, tok: Tokenizer):
        self.tok = tok
        gemma = tok.token_to_id("<|im_start|>") is None
        marks = ("<start_of_turn>", "<end_of_turn>") if gemma else ("<|im_start|>", "<|im_end|>")
        (self.begin,), (self.end,), self.newline = (self.encode(t)[0] for t in (*marks, "\n"))
        self.start = self.encode("<bos>")[0] if gemma else []

    def conversation(self) -> Segment:
        return Segment(-1, [*self.start], [0.0] * len(self.start))

    def encode(self, text: str) -> tuple[list[int], list[tuple[int, int]]]:
        found = self.tok.encode(text, add_special_tokens=False)
        return found.ids, found.offsets

    def add(self, out: Segment, message: Message, weights: list[tuple[int, int, float]] | None = None) -> None:
        """`weights`: of ranges of the content; the end of a trained message is trained too."""
        role, content = message
        ids, offsets = self.encode(f"{role}\n{content}")
        worth = [0.0] * len(ids)
        shift = len(role) + 1
        for start, stop, weight in weights or []:
            for i, (a, b) in enumerate(offsets):
                if a >= shift and a - shift < stop and b - shift > start:
                    worth[i] = max(worth[i], weight)
        out.ids += [self.begin, *ids, self.end, *self.newline]
        out.weights += [0.0, *worth, 1.0 if weights else 0.0, *([0.0] * len(self.newline))]


def list_weights(content: str, weight: float = 1.0) -> list[tuple[int, int, float]]:
    return [(0, len(content), weight)]


def object_weights(content: str, spans: Spans, trained: list[bool], weight: float = 1.0) -> list[tuple[int, int, float]]:
    """Of an object of types: its keys are given, its values are chosen."""
    out, at = [], 1
    for i, (span, learn) in enumerate(zip(spans, trained)):
        at += 2 if i else 0
        key = quoted(span["text"]) + ": "
        kind = quoted(span["type"])
        assert content.startswith(key + kind, at), (content, span)
        if learn:
            out.append((at, at + len(key), COPY))
            out.append((at + len(key), at + len(key) + len(kind), weight))
        at += len(key) + len(kind)
    return out

