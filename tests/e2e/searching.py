"""pool search through the command, beside the formulas of docs/retrieval.md and src/retrieval/ngram.h
written down once more: n-gram vectors, span similarity, sentence similarity, BM25.

usage: searching.py EL4NER
"""
import json
import math
import re
import subprocess
import sys
import unicodedata

BUCKETS, DIMENSIONS, MASK = 1 << 15, 384, (1 << 64) - 1
WEIGHTS = {"PROPN": 4, "NOUN": 2, "PRON": 1}
POOL = [
    ("Marlowe sailed to Bonn.", [("Marlowe", "person"), ("Bonn", "location")]),
    ("Anna Marlowe lives in Bonn-Beuel.", [("Anna Marlowe", "person"), ("Bonn-Beuel", "location")]),
    ("The Rhine passes Köln and Bonn.", [("Rhine", "location"), ("Köln", "location"), ("Bonn", "location")]),
    ("Acme Motors hired Hannah Berg.", [("Acme Motors", "organization"), ("Hannah Berg", "person")]),
    ("Rain fell all day.", []),
    ("Nothing but Acme here.", [("Acme", "organization")]),
    ("Annika and Hanna met in Colonia.", [("Annika", "person"), ("Hanna", "person"), ("Colonia", "location")]),
    ("東京 is larger than 京都.", [("東京", "location"), ("京都", "location")]),
    ("Berg Motors moved to Marl.", [("Berg Motors", "organization"), ("Marl", "location")]),
]
QUERIES = [
    ("Then Anna met Marlowe in Bonn.", ["Anna", "Marlowe", "Bonn"]),
    ("Acme Motors left Marl.", ["Acme Motors", "Marl"]),
    ("Hannah saw 京都 and Köln.", ["Hannah", "京都", "Köln"]),
    ("Marlowe sailed to Bonn.", ["Marlowe", "Bonn"]),  # is in the pool, and not its own hit
]
ALLOWED = {"person", "location"}


def fold(text):
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def scatter(x):
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        x = ((x ^ x >> 33) * factor) & MASK
    return x ^ x >> 33


def fnv(characters, begin=0xCBF29CE484222325):
    for c in characters:
        begin = ((begin ^ c) * 0x100000001B3) & MASK
    return begin


def is_ideograph(c):
    return 0x2E80 <= c <= 0x9FFF or 0xF900 <= c <= 0xFAFF or 0x20000 <= c <= 0x3FFFF


def features(text):
    """The hashes of a text's features: n-grams of each word, words, pairs of words."""
    found, before = [], None
    for word in fold(text).split(" "):
        points = [ord(c) for c in word]
        if not points:
            continue
        marked = [2, *points, 3]
        for start in range(len(marked)):
            for end in range(start + 1, min(start + 5, len(marked)) + 1):
                gram = marked[start:end]
                if len(gram) >= 2 or is_ideograph(gram[0]):
                    found.append(scatter((fnv(gram, 0x9AE16A3B2F90404F) + len(gram)) & MASK))
        whole = fnv(points)
        found.append(scatter(whole))
        if before is not None:
            found.append(scatter((before * 31 + whole) & MASK))
        before = whole
    return found


def bucket(feature):
    return feature >> 40 & (BUCKETS - 1)


def frequencies(texts):
    counts = {}
    for text in texts:
        for b in {bucket(f) for f in features(text)}:
            counts[b] = counts.get(b, 0) + 1
    return lambda b: math.log((1 + len(texts)) / (1 + counts.get(b, 0))) + 1


def vector(idf, text):
    row = [0.0] * DIMENSIONS
    for feature in features(text):
        sign = -1 if feature >> 63 else 1
        row[(feature & 0xFFFFFFFF) * DIMENSIONS >> 32] += sign * idf(bucket(feature))
    norm = math.sqrt(sum(x * x for x in row))
    return [x / norm for x in row] if norm else row


def dot(a, b):
    return sum(x * y for x, y in zip(a, b))


def words(text):
    found = []
    for c in fold(text):
        if is_ideograph(ord(c)):
            found += [" ", c, " "]
        else:
            found.append(c if unicodedata.category(c)[0] in "LMN" else " ")
    return "".join(found).split()


class Reference:
    def __init__(self):
        strings = sorted({s for _, spans in POOL for s, _ in spans})
        self.span_idf = frequencies(strings)
        self.sentence_idf = frequencies([text for text, _ in POOL])
        self.sentences = [vector(self.sentence_idf, text) for text, _ in POOL]

    def span_scores(self, spans, symmetric):
        """spans: [(text, weight)]. [(score, [(span, best match, cosine)])] by sentence."""
        rows = [vector(self.span_idf, text) for text, _ in spans]
        scores = []
        for _, mentions in POOL:
            mentions = [(m, vector(self.span_idf, m)) for m, t in mentions if t in ALLOWED]
            matches = [(text, *max(((dot(row, v), m) for m, v in mentions), key=lambda p: p[0])[::-1])
                       for row, (text, _) in zip(rows, spans) if mentions]
            score = (sum(w * cosine for (_, w), (_, _, cosine) in zip(spans, matches))
                     / sum(w for _, w in spans))
            if symmetric:
                back = [max(dot(row, v) for row in rows) for _, v in mentions]
                score = (score + (sum(back) / len(back) if back else 0)) / 2
            scores.append((score, matches))
        return scores

    def sentence_scores(self, text):
        row = vector(self.sentence_idf, text)
        return [dot(row, v) for v in self.sentences]

    def bm25(self, text):
        bags = [words(t) for t, _ in POOL]
        mean = sum(map(len, bags)) / len(bags)
        scores = []
        for bag in bags:
            score = 0
            for word in set(words(text)):
                df = sum(word in b for b in bags)
                tf = bag.count(word)
                idf = math.log(1 + (len(bags) - df + 0.5) / (df + 0.5))
                score += idf * tf * 2.2 / (tf + 1.2 * (0.25 + 0.75 * len(bag) / mean))
            scores.append(score)
        return scores

    def diverse(self, scores, share, k):
        """Maximal marginal relevance; [sentence] in the order of their scores."""
        picked, left = [], sorted(scores, key=lambda i: (-scores[i], i))
        while left and len(picked) < k:
            def value(i):
                alike = max((dot(self.sentences[i], self.sentences[j]) for j in picked), default=0)
                return (1 - share) * scores[i] - share * alike
            best = max(left, key=lambda i: (value(i), -left.index(i)))
            picked.append(best)
            left.remove(best)
        return sorted(picked, key=lambda i: (-scores[i], i))

    @staticmethod
    def balanced(scores, k):
        shown, picked = {}, []
        left = sorted(scores, key=lambda i: (-scores[i], i))
        while left and len(picked) < k:
            def least(i):
                return min((shown.get(t, 0) for _, t in POOL[i][1] if t in ALLOWED),
                           default=math.inf)
            best = min(left, key=lambda i: (least(i), left.index(i)))
            for kind in {t for _, t in POOL[best][1]}:
                shown[kind] = shown.get(kind, 0) + 1
            picked.append(best)
            left.remove(best)
        return sorted(picked, key=lambda i: (-scores[i], i))


def run(program, query, spans, *options):
    command = [program, "pool", "search", "--pool", "p.el4", "--types", "person,location", "--json",
               *options, "--spans", ", ".join(spans), query]
    done = subprocess.run(command, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)[0]


def compare(got, order, scores, k):
    """Scores are compared to 1e-5: the program's vectors have 24 bits."""
    found = [int(d["id"]) for d in got["demonstrations"]]
    assert found == order[:k], (found, order[:k], scores)
    for d in got["demonstrations"]:
        assert abs(d["score"] - scores[int(d["id"])]) < 1e-5, (d, scores)


def check(program, reference, query, spans, kind):
    k = 3 if kind in ("diverse", "balanced") else 9
    options = {"span": [], "symmetric": ["--symmetric"], "mix": ["--mix", "30"],
               "diverse": ["--diverse", "40"], "balanced": ["--balanced"],
               "sentence": ["--by", "sentence"], "bm25": ["--by", "bm25"]}[kind]
    got = run(program, query, spans, "--k", str(k), *options)
    weighed = [(s["text"], s["weight"]) for s in got["spans"]]
    assert [t for t, _ in weighed] == spans, got["spans"]
    assert all(s["weight"] == WEIGHTS.get(s["tag"], 0) for s in got["spans"]), got["spans"]
    by_span = reference.span_scores(weighed, kind == "symmetric")
    scores = [score for score, _ in by_span]
    if kind == "mix":
        scores = [0.7 * a + 0.3 * b for a, b in zip(scores, reference.sentence_scores(query))]
    elif kind == "sentence":
        scores = reference.sentence_scores(query)
    elif kind == "bm25":
        scores = reference.bm25(query)
    scores = {i: s for i, s in enumerate(scores) if fold(POOL[i][0]) != fold(query)}
    if kind == "diverse":
        order = reference.diverse(scores, 0.4, k)
    elif kind == "balanced":
        order = reference.balanced(scores, k)
    else:
        order = sorted(scores, key=lambda i: (-round(scores[i], 9), i))
    compare(got, order, scores, k)
    for d in got["demonstrations"] if kind not in ("sentence", "bm25") else []:
        wanted = by_span[int(d["id"])][1]
        assert len(d["matches"]) == len(wanted), (d, wanted)
        for match, (span, best, cosine) in zip(d["matches"], wanted):
            assert match["span"] == span and abs(match["cosine"] - cosine) < 1e-5, (d, wanted)
            assert match["with"] == best or cosine < 1e-5, (d, wanted)


def check_text(program, reference):
    """What a person sees: four decimals."""
    query, spans = QUERIES[0]
    command = [program, "pool", "search", "--pool", "p.el4", "--types", "person,location", "--k", "1",
               "--spans", ", ".join(spans), query]
    out = subprocess.run(command, capture_output=True, encoding="utf-8", check=True).stdout
    by_span = reference.span_scores([(s, 4) for s in spans], False)
    best = max(range(len(POOL)), key=lambda i: by_span[i][0])
    score, matches = by_span[best]
    assert re.search(rf"^ 1 {score:.4f}  {best}  ", out, re.M), (score, out)
    for span, match, cosine in matches:
        assert re.search(rf"^   {span} +{match} +{cosine:.4f}$", out, re.M), (span, cosine, out)


def check_random(program, reference):
    query, spans = QUERIES[0]
    runs = [run(program, query, spans, "--by", "random", "--k", "9", "--seed", seed)["demonstrations"]
            for seed in ("1", "1", "2")]
    assert runs[0] == runs[1] != runs[2], runs
    assert all(0 <= d["score"] < 1 for r in runs for d in r), runs


def main():
    program = sys.argv[1]
    with open("p.jsonl", "w", encoding="utf-8") as f:
        for number, (text, mentions) in enumerate(POOL):
            entities = [{"start": text.index(m), "end": text.index(m) + len(m), "type": t}
                        for m, t in mentions]
            f.write(json.dumps({"id": str(number), "text": text, "entities": entities}) + "\n")
    subprocess.run([program, "pool", "build", "p.jsonl", "-o", "p.el4", "-q"], check=True)
    reference = Reference()
    checks = {f"pool search: {kind}, {query!r}": lambda q=query, s=spans, k=kind: check(
                  program, reference, q, s, k)
              for kind in ("span", "symmetric", "mix", "diverse", "balanced", "sentence", "bm25")
              for query, spans in QUERIES}
    checks["pool search: as text"] = lambda: check_text(program, reference)
    checks["pool search: random"] = lambda: check_random(program, reference)
    for name, one in checks.items():
        try:
            one()
            print("ok", name)
        except AssertionError as error:
            print(f"not ok {name}\n  {error}")


main()
