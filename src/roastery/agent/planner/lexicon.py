"""Names in a question: catalogue, synonyms, the organization's own names; exact first, then typos."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from rapidfuzz import process
from rapidfuzz.distance import OSA

from roastery.agent.planner.lists import adjectives, common_words, english_words, function_words, word_set, words
from roastery.agent.planner.meanings import CALENDAR_WORDS, GRAMMAR_WORDS, OWN_NAMES, RANK, Kind, Mark, Meaning, by_rank
from roastery.agent.planner.tokens import Token, phrase, stem, tokenize
from roastery.agent.planner.vocabulary import Vocabulary

LONGEST = 10
PEOPLE = dict.fromkeys(word_set("customers"), "customer")
"""Other words for customers, as metrics are said with them."""
INNER = frozenset({"credited_revenue", "credited_orders", "order_revenue", "paid_revenue"})
"""Parts of other metrics, whose names mean those: "credited revenue" is what people call attributed revenue."""
ARTICLES = frozenset({"our", "the", "all", "my", "their"})
PLACES = frozenset({"location", "region", "service_area", "country", "franchise"})
_SKIPPED = frozenset({"-", "(", ")", ":", "&", "."})
_BETWEEN = frozenset({"thing", "for", "the", "one", "ad", "campaign", "stuff", "on", "of"})
"""Words that people put between the parts of a name."""
_NAMED_KINDS = word_set("named_kinds")
_ARTICLES = frozenset({"the", "our", "a", "an", "my", "their", "all"})
_SHOWN_KINDS = frozenset({"ad", "campaign", "ads"})
_NEVER_NAMES = word_set("never_names")
_AMBIGUOUS_VALUES = word_set("ambiguous_values")
_MISSPELT: dict[str, str] = words("sets")["misspelt"]


class Lexicon:
    """Every phrase that a vocabulary knows, by its stemmed words."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self._phrases: dict[tuple[str, ...], list[Meaning]] = defaultdict(list)
        self._parts: dict[str, set[tuple[str, ...]]] = defaultdict(set)
        self._heads: dict[tuple[str, ...], list[Meaning]] = defaultdict(list)
        self._areas = any(v.dimension == "service_area" for v in vocabulary.values)
        self._add_metrics()
        self._add_dimensions()
        self._kinds = self._words_of_kinds()
        self._add_values()
        self._typo_targets = [
            " ".join(p)
            for p, m in self._phrases.items()
            if len(" ".join(p)) >= 4 and not m[0].kind.startswith("missing")
        ]
        known = (
            frozenset(w for p in self._phrases for w in p)
            | GRAMMAR_WORDS
            | common_words()
            | frozenset(self._parts)
            | CALENDAR_WORDS
        )
        named = {w for p, m in self._phrases.items() if not m[0].kind.startswith("missing") for w in p}
        targets = (named | CALENDAR_WORDS | GRAMMAR_WORDS | set(self._parts)) - (
            common_words() - CALENDAR_WORDS - GRAMMAR_WORDS - named
        )
        self._sorted_words = sorted(w for w in targets if len(w) >= 4 and w.isalpha())
        self._words = known | english_words()
        self._longest = min(LONGEST, max((len(p) for p in self._phrases), default=1))
        self._starts = self._lengths()

    def _lengths(self) -> dict[str, int]:
        """How many words the longest phrase has that begins with a word; other words for customers may stand in it."""
        found: dict[str, int] = dict.fromkeys(PEOPLE, self._longest)
        for key in (*self._phrases, *self._heads):
            found[key[0]] = min(self._longest, max(found.get(key[0], 0), len(key) + ("of" in key)))
        return found

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

    def _words_of_kinds(self) -> dict[str, frozenset[str]]:
        """Single words for each kind of thing: "plan", "location" and "store"."""
        found: dict[str, set[str]] = defaultdict(set)
        for key, meanings in self._phrases.items():
            if len(key) == 1:
                for meaning in meanings:
                    if meaning.kind == "dimension":
                        found[meaning.name].add(key[0])
        return {name: frozenset(said) for name, said in found.items()}

    def _add_head(self, label: str, meaning: Meaning) -> None:
        """ "Performance Max – All Products" is known by what stands before the dash, too."""
        head, dash, _ = re.sub(r"\s+[–—|:]\s+|:\s+|\s+-\s+", "\x00", label).partition("\x00")
        key = phrase(head)
        if dash and len(key) >= 2 and meaning not in self._heads[key]:
            self._heads[key].append(meaning)

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
                    self._parts[word].add(key)
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
            for own in [k for k in keys if len(k) == 1 and k[0] in self._parts]:
                for other in (k for k in keys if k != own and len(k) == 1):
                    placed = {p for p in self._parts[own[0]] if any(m.name in PLACES for m in self._phrases[p])}
                    self._parts[other[0]] |= placed
            for own in [k for k in keys if any(m.name in PLACES for m in self._phrases.get(k, ()))]:
                for other in (k for k in keys if k != own):
                    for meaning in [m for m in self._phrases[own] if m.name in PLACES]:
                        self._put(other, meaning)

    def _add(self, text: str, meaning: Meaning) -> None:
        key = phrase(text)
        taken = self._phrases.get(key, [])
        # The catalogue speaks first: a synonym of our own lists never takes a phrase from another metric of it.
        if any(m.kind in ("metric", "dimension") for m in taken) and meaning.kind in ("metric", "missing_metric"):
            return
        self._put(key, meaning)

    def _put(self, key: tuple[str, ...], meaning: Meaning) -> None:
        if key and meaning not in self._phrases[key]:
            self._phrases[key].append(meaning)

    def mend(self, tokens: Sequence[Token]) -> tuple[tuple[Token, ...], tuple[tuple[str, str], ...]]:
        """Words with a slip in them as they were meant, and which of those carry a name (to be said)."""
        mended: list[Token] = []
        told: list[tuple[str, str]] = []
        for token in tokens:
            meant = self._meant(token)
            mended.append(replace(token, word=meant) if meant else token)
            if meant and meant not in common_words() | CALENDAR_WORDS | GRAMMAR_WORDS and token.word not in _MISSPELT:
                told.append((token.text, meant))
        return tuple(mended), tuple(told)

    def _meant(self, token: Token) -> str | None:
        word = token.word
        if word in _MISSPELT and not token.quoted:
            return _MISSPELT[word]
        if token.quoted or len(word) < 4 or not word.isalpha() or stem(word) in self._words:
            return None
        slips = 1 if len(word) < 9 else 2
        near = process.extract(word, self._sorted_words, scorer=OSA.distance, score_cutoff=slips, limit=5)
        near += process.extract(stem(word), self._sorted_words, scorer=OSA.distance, score_cutoff=slips, limit=5)
        # The first letter is seldom the wrong one; names come before grammar where both are as near.
        fitting = [
            (d, sorted(w) != sorted(word), w in common_words(), w)
            for w, d, _ in near
            if w[0] == word[0] or set(w[:2]) == set(word[:2])
        ]
        return min(fitting)[3] if fitting else None

    def marks(self, tokens: Sequence[Token], taken: Sequence[tuple[int, int]] = ()) -> list[Mark]:
        """Names found in the words that are not taken, longest first, without overlap, left to right."""
        blocked = {i for a, b in taken for i in range(a, b)}
        at = [i for i, t in enumerate(tokens) if t.word not in _SKIPPED]
        stems = [stem(tokens[i].word) for i in at]
        found: list[Mark] = []
        for start in range(len(stems)):
            longest = self._starts.get(stems[start])
            if longest is None or at[start] in blocked:
                continue
            for end in range(min(len(stems), start + longest), start, -1):
                if blocked and not blocked.isdisjoint(at[start:end]):
                    continue
                key = tuple(stems[start:end])
                meanings = self._phrases.get(key) or self._as_customers(key) or self._without_articles(key)
                said = [tokens[i] for i in at[start:end]]
                meanings = meanings and [m for m in meanings if self._plausible(m, said)]
                if meanings:
                    found.append(Mark(at[start], at[end - 1] + 1, by_rank(meanings)))
                elif heads := self._heads.get(key):
                    found.append(Mark(at[start], at[end - 1] + 1, tuple(heads), partial=True))
        if "page" in self.vocabulary.dimensions:
            found += [_page(tokens[i].word, i) for i in at if tokens[i].word.startswith("/") and i not in blocked]
        terms = {
            i for m in found if m.first.kind in ("metric", "ambiguous", "dimension") for i in range(m.start, m.end)
        }
        parts = self._partials(tokens, at, stems, blocked, terms)
        named = {(m.start, m.end) for m in parts if m.end < len(tokens) and stem(tokens[m.end].word) in _SHOWN_KINDS}
        found = [m for m in found if m.first.kind != "dimension" or (m.start, m.end) not in named]
        return _without_overlap([*found, *parts])

    def _without_articles(self, key: tuple[str, ...]) -> list[Meaning] | None:
        """ "Score of the leads" is the score of leads: a metric or kind said with an article within."""
        if len(key) < 3 or _ARTICLES.isdisjoint(key[1:-1]):
            return None
        found = self._phrases.get((key[0], *(w for w in key[1:-1] if w not in _ARTICLES), key[-1]), ())
        return [m for m in found if m.kind in ("metric", "dimension")]

    def _as_customers(self, key: tuple[str, ...]) -> list[Meaning] | None:
        """ "Leads became clients": a metric said with another word for customers."""
        if len(key) < 2 or PEOPLE.keys().isdisjoint(key):
            return None
        if any(m.kind == "value" for word in key for m in self._phrases.get((word,), ())):
            return None
        found = self._phrases.get(tuple(PEOPLE.get(word, word) for word in key), ())
        return [m for m in found if m.kind == "metric"]

    def _without_articles(self, key: tuple[str, ...]) -> list[Meaning] | None:
        """ "Acceptance rate of our quotes" is the acceptance rate of quotes."""
        if len(key) < 4 or ARTICLES.isdisjoint(key[1:-1]):
            return None
        bare = tuple(w for w in key if w not in ARTICLES)
        found = self._phrases.get(bare) or self._as_customers(bare) or ()
        return [m for m in found if m.kind == "metric"] if "of" in key else None

    def _partials(
        self, tokens: Sequence[Token], at: Sequence[int], stems: Sequence[str], blocked: set[int], terms: set[int]
    ) -> list[Mark]:
        """Runs of words that stand in own names, such as "spring sale" where campaigns are called "Spring Sale – …"."""
        found: list[Mark] = []
        for start in range(len(stems)):
            if stems[start] not in self._parts:
                continue
            keys: set[tuple[str, ...]] | None = None
            for end in range(start + 1, min(len(stems), start + self._longest) + 1):
                if end - start > 1 and stems[end - 1] in _BETWEEN and self._goes_on(stems, end, keys):
                    continue
                if at[end - 1] in blocked or stems[end - 1] not in self._parts:
                    break
                here = self._parts[stems[end - 1]]
                keys = here if keys is None else keys & here
                if not keys:
                    break
                said = [tokens[i] for i in at[start:end]]
                before = stems[start - 1] if start else ""
                after = stems[end] if end < len(stems) else ""
                own = [t for i, t in zip(at[start:end], said, strict=True) if i not in terms]
                kinds = _SHOWN_KINDS & {after} | frozenset(
                    k for key in keys for m in self._phrases[key] for k in self._kinds.get(m.name, ())
                )
                if self._names_something(said, own, before, after, kinds):
                    meanings = [m for key in sorted(keys) for m in self._phrases[key] if m.kind == "value"]
                    found.append(Mark(at[start], at[end - 1] + 1, tuple(meanings), partial=True))
        return found

    def _goes_on(self, stems: Sequence[str], end: int, keys: set[tuple[str, ...]] | None) -> bool:
        """Whether a name goes on after small words: "the Lookalike thing for physio"."""
        for word in stems[end : end + 3]:
            if word in self._parts and word not in _BETWEEN and word not in function_words():
                return len((keys or set()) & self._parts[word]) == 1
            if word not in _BETWEEN:
                return False
        return False

    @staticmethod
    def _names_something(
        said: Sequence[Token], own: Sequence[Token], before: str, after: str, kinds: frozenset[str] = frozenset()
    ) -> bool:
        """Whether words that stand in a name are meant as that name; `own` are those that are no metric either."""
        if all(t.quoted for t in said):
            return True
        strange = any(stem(t.word) not in common_words() and t.word.isalpha() for t in said[1:])
        if said[-1].word in _NEVER_NAMES or (said[0].word in _NEVER_NAMES and not (said[0].word == "new" and strange)):
            return False
        if len(said) == 1 and said[0].word in function_words():
            return False
        telling = [t for t in own if stem(t.word) not in common_words() and t.word.isalpha()]
        beside = after in _NAMED_KINDS or before in _NAMED_KINDS or after in kinds
        if len(said) == 1 and said[0].word[:1].isdigit():
            return False
        if len(said) == 1:
            return bool(telling) or (beside and before not in ("by", "per", "and") and said[0].word not in _NEVER_NAMES)
        return bool(telling) or beside

    @staticmethod
    def _plausible(meaning: Meaning, said: Sequence[Token]) -> bool:
        """Own names that are also everyday words count only when written as names."""
        if len(said) > 1:
            return True
        token = said[0]
        if meaning.kind == "dimension":
            # "Good" is no product, though "goods" are.
            return token.word not in adjectives()
        if meaning.kind not in ("value", "missing_value"):
            return True
        if token.quoted:
            return True
        if len(token.word) <= 2:
            return token.text.isupper() or meaning.value in ("meta_ads",)
        if stem(token.word) not in common_words() or token.capital:
            return True
        return meaning.name not in OWN_NAMES and token.word not in _AMBIGUOUS_VALUES

    def typos(self, tokens: Sequence[Token], unknown: Sequence[int]) -> list[Mark]:
        """Known names that unknown words were meant to be: at most one slip in five letters, two in six to nine …"""
        found: list[Mark] = []
        for run in _runs(unknown):
            for length in range(min(4, len(run)), 0, -1):
                for offset in range(len(run) - length + 1):
                    at = run[offset : offset + length]
                    if any(a < at[-1] + 1 and at[0] < b for a, b in ((m.start, m.end) for m in found)):
                        continue
                    mark = self._typo(tokens, at[0], at[-1] + 1)
                    if mark:
                        found.append(mark)
        return sorted(found, key=lambda m: m.start)

    def _typo(self, tokens: Sequence[Token], start: int, end: int) -> Mark | None:
        stems = [stem(t.word) for t in tokens[start:end]]
        if any(s in self._parts for s in stems) or (len(stems) == 1 and stems[0] in english_words()):
            return None
        said = " ".join(stems)
        if len(said) < 4 or not said.replace(" ", "").isalpha():
            return None
        slips = 1 if len(said) < 9 else 2
        near = process.extractOne(said, self._typo_targets, scorer=OSA.distance, score_cutoff=slips)
        if near is None or near[0][0] != said[0]:
            return None
        target = near[0]
        meanings = self._phrases[tuple(target.split())]
        return Mark(start, end, by_rank(meanings), typo=target)

    def containing(self, said: Sequence[str], dimension: str | None = None) -> list[Meaning]:
        """Own names that hold all of these words, such as the campaigns whose name contains "spring sale"."""
        stems = [stem(w) for w in said]
        if not stems or any(s not in self._parts for s in stems):
            return []
        keys = set.intersection(*(self._parts[s] for s in stems))
        meanings = [m for key in sorted(keys) for m in self._phrases[key] if m.kind == "value"]
        return [m for m in meanings if dimension is None or m.name == dimension]

    def nearest_metrics(self, said: str, count: int = 3) -> list[str]:
        """Titles of the metrics that look most like what was said."""
        titles = sorted({m.title or m.name for m in self.vocabulary.metrics.values()})
        return [title for title, _, _ in process.extract(said, titles, limit=count, processor=str.lower)]

    def nearest_values(self, said: str, dimension: str | None = None, count: int = 3) -> list[str]:
        """Labels of the organization's own names that look most like what was said."""
        labels = {v.label for v in self.vocabulary.values if dimension is None or v.dimension == dimension}
        labels = {label for label in labels if len(label) > 3}
        near = process.extract(said, sorted(labels), limit=count, score_cutoff=72, processor=str.lower)
        return [label for label, _, _ in near]


def _with_digits(label: str) -> Iterator[tuple[str, ...]]:
    """ "BREW15" is "Brew 15 %", "Recovery 10" is "Recovery10": a name with a number, written apart or together."""
    key = tuple(t.word for t in tokenize(label) if t.word[:1].isalnum() or t.word == "percent")
    bare = key[:-1] if key[-1:] in (("percent",), ("%",)) else key
    if 1 < len(bare) <= 3 and bare[-1].isdigit():
        yield (stem("".join(bare)),)
        yield tuple(stem(w) for w in bare)
    if key and (parted := re.fullmatch(r"([a-z]{3,})(\d+)", key[-1])):
        yield (*(stem(w) for w in key[:-1]), stem(parted[1]), parted[2])


def _page(path: str, at: int) -> Mark:
    return Mark(at, at + 1, (Meaning("value", "page", path, path),))


def _runs(indexes: Sequence[int]) -> list[list[int]]:
    runs: list[list[int]] = []
    for i in indexes:
        if runs and runs[-1][-1] == i - 1:
            runs[-1].append(i)
        else:
            runs.append([i])
    return runs


def _without_overlap(found: list[Mark]) -> list[Mark]:
    found.sort(key=lambda m: (-(m.end - m.start), m.partial, RANK[m.first.kind], m.start))
    chosen: list[Mark] = []
    for mark in found:
        crossed = [n for n, other in enumerate(chosen) if mark.end > other.start and mark.start < other.end]
        if not crossed:
            chosen.append(mark)
        elif len(crossed) == 1 and mark.first == chosen[crossed[0]].first and mark.first.kind == "metric":
            # "Average satisfaction" and "satisfaction score" are one number, said with both words.
            other = chosen[crossed[0]]
            chosen[crossed[0]] = replace(other, start=min(mark.start, other.start), end=max(mark.end, other.end))
    return sorted(chosen, key=lambda m: m.start)
