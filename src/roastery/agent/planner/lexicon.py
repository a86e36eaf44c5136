"""Names in a question: catalogue, synonyms, the organization's own names; the longest first."""

from collections.abc import Sequence
from dataclasses import replace

from rapidfuzz import process

from roastery.agent.planner.lists import adjectives, common_words, function_words, word_set
from roastery.agent.planner.meanings import OWN_NAMES, RANK, Mark, Meaning, by_rank
from roastery.agent.planner.phrases import PEOPLE, Phrases
from roastery.agent.planner.slips import Slips
from roastery.agent.planner.tokens import Token, stem
from roastery.agent.planner.vocabulary import Vocabulary

ARTICLES = frozenset({"our", "the", "all", "my", "their"})
_SKIPPED = frozenset({"-", "(", ")", ":", "&", "."})
_BETWEEN = frozenset({"thing", "for", "the", "one", "ad", "campaign", "stuff", "on", "of"})
"""Words that people put between the parts of a name."""
_NAMED_KINDS = word_set("named_kinds")
_SHOWN_KINDS = frozenset({"ad", "campaign", "ads"})
_NEVER_NAMES = word_set("never_names")
_AMBIGUOUS_VALUES = word_set("ambiguous_values")


class Lexicon:
    """Finds the phrases of a vocabulary in the words of a question."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.phrases = Phrases(vocabulary)
        self.slips = Slips(self.phrases)

    def marks(self, tokens: Sequence[Token], taken: Sequence[tuple[int, int]] = ()) -> list[Mark]:
        """Names found in the words that are not taken, longest first, without overlap, left to right."""
        blocked = {i for a, b in taken for i in range(a, b)}
        at = [i for i, t in enumerate(tokens) if t.word not in _SKIPPED]
        stems = [stem(tokens[i].word) for i in at]
        found: list[Mark] = []
        for start in range(len(stems)):
            longest = self.phrases.starts.get(stems[start])
            if longest is None or at[start] in blocked:
                continue
            for end in range(min(len(stems), start + longest), start, -1):
                if blocked and not blocked.isdisjoint(at[start:end]):
                    continue
                key = tuple(stems[start:end])
                meanings = self.phrases.known.get(key) or self._as_customers(key) or self._without_articles(key)
                said = [tokens[i] for i in at[start:end]]
                meanings = meanings and [m for m in meanings if self._plausible(m, said)]
                if meanings:
                    found.append(Mark(at[start], at[end - 1] + 1, by_rank(meanings)))
                elif heads := self.phrases.heads.get(key):
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

    def _as_customers(self, key: tuple[str, ...]) -> list[Meaning] | None:
        """ "Leads became clients": a metric said with another word for customers."""
        if len(key) < 2 or PEOPLE.keys().isdisjoint(key):
            return None
        if any(m.kind == "value" for word in key for m in self.phrases.known.get((word,), ())):
            return None
        found = self.phrases.known.get(tuple(PEOPLE.get(word, word) for word in key), ())
        return [m for m in found if m.kind == "metric"]

    def _without_articles(self, key: tuple[str, ...]) -> list[Meaning] | None:
        """ "Acceptance rate of our quotes" is the acceptance rate of quotes."""
        if len(key) < 4 or ARTICLES.isdisjoint(key[1:-1]):
            return None
        bare = tuple(w for w in key if w not in ARTICLES)
        found = self.phrases.known.get(bare) or self._as_customers(bare) or ()
        return [m for m in found if m.kind == "metric"] if "of" in key else None

    def _partials(
        self, tokens: Sequence[Token], at: Sequence[int], stems: Sequence[str], blocked: set[int], terms: set[int]
    ) -> list[Mark]:
        """Runs of words that stand in own names, such as "spring sale" where campaigns are called "Spring Sale – …"."""
        found: list[Mark] = []
        for start in range(len(stems)):
            if stems[start] not in self.phrases.parts:
                continue
            keys: set[tuple[str, ...]] | None = None
            for end in range(start + 1, min(len(stems), start + self.phrases.longest) + 1):
                if end - start > 1 and stems[end - 1] in _BETWEEN and self._goes_on(stems, end, keys):
                    continue
                if at[end - 1] in blocked or stems[end - 1] not in self.phrases.parts:
                    break
                here = self.phrases.parts[stems[end - 1]]
                keys = here if keys is None else keys & here
                if not keys:
                    break
                said = [tokens[i] for i in at[start:end]]
                before = stems[start - 1] if start else ""
                after = stems[end] if end < len(stems) else ""
                own = [t for i, t in zip(at[start:end], said, strict=True) if i not in terms]
                kinds = _SHOWN_KINDS & {after} | frozenset(
                    k for key in keys for m in self.phrases.known[key] for k in self.phrases.kinds.get(m.name, ())
                )
                if self._names_something(said, own, before, after, kinds):
                    meanings = [m for key in sorted(keys) for m in self.phrases.known[key] if m.kind == "value"]
                    found.append(Mark(at[start], at[end - 1] + 1, tuple(meanings), partial=True))
        return found

    def _goes_on(self, stems: Sequence[str], end: int, keys: set[tuple[str, ...]] | None) -> bool:
        """Whether a name goes on after small words: "the Lookalike thing for physio"."""
        for word in stems[end : end + 3]:
            if word in self.phrases.parts and word not in _BETWEEN and word not in function_words():
                return len((keys or set()) & self.phrases.parts[word]) == 1
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

    def containing(self, said: Sequence[str], dimension: str | None = None) -> list[Meaning]:
        """Own names that hold all of these words, such as the campaigns whose name contains "spring sale"."""
        stems = [stem(w) for w in said]
        if not stems or any(s not in self.phrases.parts for s in stems):
            return []
        keys = set.intersection(*(self.phrases.parts[s] for s in stems))
        meanings = [m for key in sorted(keys) for m in self.phrases.known[key] if m.kind == "value"]
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


def _page(path: str, at: int) -> Mark:
    return Mark(at, at + 1, (Meaning("value", "page", path, path),))


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
