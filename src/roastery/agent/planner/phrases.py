"""Which phrases a vocabulary gives: its metrics, dimensions and values, each by its stemmed words."""

import re
from collections import defaultdict
from collections.abc import Iterator

from roastery.agent.planner.lists import word_set, words
from roastery.agent.planner.meanings import OWN_NAMES, PLACES, Kind, Meaning
from roastery.agent.planner.tokens import phrase, stem, tokenize
from roastery.agent.planner.vocabulary import Vocabulary

LONGEST = 10
PEOPLE = dict.fromkeys(word_set("customers"), "customer")
"""Other words for customers, as metrics are said with them."""
INNER = frozenset({"credited_revenue", "credited_orders", "order_revenue", "paid_revenue"})
"""Parts of other metrics, whose names mean those: "credited revenue" is what people call attributed revenue."""


class Phrases:
    """Every phrase of a vocabulary with what it can mean.

    known: meanings by a whole phrase. parts: the own names that a word stands in. heads: names by what stands before
    their dash. kinds: single words for each kind of thing. starts: the most words of a phrase that begins with a word.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.known: dict[tuple[str, ...], list[Meaning]] = defaultdict(list)
        self.parts: dict[str, set[tuple[str, ...]]] = defaultdict(set)
        self.heads: dict[tuple[str, ...], list[Meaning]] = defaultdict(list)
        self._areas = any(v.dimension == "service_area" for v in vocabulary.values)
        self._add_metrics()
        self._add_dimensions()
        self.kinds = self._words_of_kinds()
        self._add_values()
        self.longest = min(LONGEST, max((len(p) for p in self.known), default=1))
        self.starts = self._lengths()

    def _add_metrics(self) -> None:
        known = self.vocabulary.metrics
        claimed = {phrase(text): name for name, said in words("metrics").items() if name in known for text in said}
        asked_back = {phrase(p) for entry in words("readings") if entry.get("ask") for p in entry["phrases"]}
        for term in known.values():
            meaning = Meaning("metric", term.name)
            for text in (term.name, term.title, *(s for s in term.synonyms if phrase(s) not in asked_back)):
                if term.name not in INNER or phrase(text) not in claimed:
                    self._add(text, meaning)
        for name, said in words("metrics").items():
            meaning = Meaning("metric" if name in known else "missing_metric", name)
            for text in (name, *said):
                self._add(text, meaning)
        for entry in words("readings"):
            there = tuple(r for r in entry["readings"] if r in known)
            if not there:
                continue
            ask = bool(entry.get("ask")) and len(there) > 1
            meaning = Meaning("ambiguous", there[0], readings=there, ask=ask, weak=bool(entry.get("weak")))
            for text in entry["phrases"]:
                self._put(phrase(text), meaning)

    def _add_dimensions(self) -> None:
        known = self.vocabulary.dimensions
        for term in known.values():
            meaning = Meaning("dimension", term.name)
            for text in (term.name, term.title, *term.synonyms):
                if not (term.name == "region" and self._areas and text == "area"):
                    self._add(text, meaning)
        for name, said in words("dimensions").items():
            meaning = Meaning("dimension" if name in known else "missing_dimension", name)
            for text in (name, *said):
                if not (name == "region" and self._areas and text == "area"):
                    self._add(text, meaning)

    def _add_values(self) -> None:
        there: dict[str, dict[str, str]] = defaultdict(dict)
        for value in self.vocabulary.values:
            meaning = Meaning("value", value.dimension, value.value, value.label)
            there[value.dimension][value.value.lower()] = value.value
            key = phrase(value.label)
            self._put(key, meaning)
            for other in _with_digits(value.label):
                self._put(other, meaning)
            if value.dimension in OWN_NAMES:
                for word in key:
                    self.parts[word].add(key)
                self._add_head(value.label, meaning)
            if value.value != value.label and any(c.isalpha() for c in value.value):
                self._put(phrase(value.value), meaning)
        self._add_places()
        for dimension, known in words("values").items():
            if dimension not in self.vocabulary.dimensions and dimension != "platform":
                continue
            for value, said in known.items():
                actual = there.get(dimension, {}).get(value.lower())
                kind: Kind = "value" if actual else "missing_value"
                label = next(
                    (v.label for v in self.vocabulary.values if (v.dimension, v.value) == (dimension, actual)), said[0]
                )
                for text in said:
                    self._put(phrase(text), Meaning(kind, dimension, actual or value, label))

    def _add_places(self) -> None:
        """Cities by their names in other languages: Munich finds "München Schwabing"."""
        for names in words("places"):
            keys = [phrase(name) for name in names]
            for own in [k for k in keys if len(k) == 1 and k[0] in self.parts]:
                for other in (k for k in keys if k != own and len(k) == 1):
                    placed = {p for p in self.parts[own[0]] if any(m.name in PLACES for m in self.known[p])}
                    self.parts[other[0]] |= placed
            for own in [k for k in keys if any(m.name in PLACES for m in self.known.get(k, ()))]:
                for other in (k for k in keys if k != own):
                    for meaning in [m for m in self.known[own] if m.name in PLACES]:
                        self._put(other, meaning)

    def _add(self, text: str, meaning: Meaning) -> None:
        key = phrase(text)
        taken = self.known.get(key, [])
        # The catalogue speaks first: a synonym of our own lists never takes a phrase from another metric of it.
        if any(m.kind in ("metric", "dimension") for m in taken) and meaning.kind in ("metric", "missing_metric"):
            return
        self._put(key, meaning)

    def _put(self, key: tuple[str, ...], meaning: Meaning) -> None:
        if key and meaning not in self.known[key]:
            self.known[key].append(meaning)

    def _add_head(self, label: str, meaning: Meaning) -> None:
        """ "Performance Max – All Products" is known by what stands before the dash, too."""
        head, dash, _ = re.sub(r"\s+[–—|:]\s+|:\s+|\s+-\s+", "\x00", label).partition("\x00")
        key = phrase(head)
        if dash and len(key) >= 2 and meaning not in self.heads[key]:
            self.heads[key].append(meaning)

    def _words_of_kinds(self) -> dict[str, frozenset[str]]:
        """Single words for each kind of thing: "plan", "location" and "store"."""
        found: dict[str, set[str]] = defaultdict(set)
        for key, meanings in self.known.items():
            if len(key) == 1:
                for meaning in meanings:
                    if meaning.kind == "dimension":
                        found[meaning.name].add(key[0])
        return {name: frozenset(said) for name, said in found.items()}

    def _lengths(self) -> dict[str, int]:
        """How many words the longest phrase has that begins with a word; other words for customers may stand in it."""
        found: dict[str, int] = dict.fromkeys(PEOPLE, self.longest)
        for key in (*self.known, *self.heads):
            found[key[0]] = min(self.longest, max(found.get(key[0], 0), len(key) + ("of" in key)))
        return found


def _with_digits(label: str) -> Iterator[tuple[str, ...]]:
    """ "BREW15" is "Brew 15 %", "Recovery 10" is "Recovery10": a name with a number, written apart or together."""
    key = tuple(t.word for t in tokenize(label) if t.word[:1].isalnum() or t.word == "percent")
    bare = key[:-1] if key[-1:] in (("percent",), ("%",)) else key
    if 1 < len(bare) <= 3 and bare[-1].isdigit():
        yield (stem("".join(bare)),)
        yield tuple(stem(w) for w in bare)
    if key and (parted := re.fullmatch(r"([a-z]{3,})(\d+)", key[-1])):
        yield (*(stem(w) for w in key[:-1]), stem(parted[1]), parted[2])
