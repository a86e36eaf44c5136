"""Words with a slip in them, as they were meant: in the words of the grammar, and in names."""

from collections.abc import Sequence
from dataclasses import replace

from rapidfuzz import process
from rapidfuzz.distance import OSA

from roastery.agent.planner.lists import common_words, english_words, words
from roastery.agent.planner.meanings import CALENDAR_WORDS, GRAMMAR_WORDS, Mark, by_rank
from roastery.agent.planner.phrases import Phrases
from roastery.agent.planner.tokens import Token, neighbours, stem

_MISSPELT: dict[str, str] = words("sets")["misspelt"]


class Slips:
    """What is mended towards the words of a vocabulary and of the grammar."""

    def __init__(self, phrases: Phrases) -> None:
        self._phrases = phrases
        there = [p for p, m in phrases.known.items() if not m[0].kind.startswith("missing")]
        self._names = [name for p in there if len(name := " ".join(p)) >= 4]
        named = {w for p in there for w in p}
        grammar = CALENDAR_WORDS | GRAMMAR_WORDS
        targets = (named | grammar | set(phrases.parts)) - (common_words() - grammar - named)
        self._sorted_words = sorted(w for w in targets if len(w) >= 4 and w.isalpha())
        said = frozenset(w for p in phrases.known for w in p) | frozenset(phrases.parts)
        self._words = said | grammar | common_words() | english_words()

    def knows(self, word: str) -> bool:
        """Whether a word stands in a name, in the grammar or in the language."""
        return stem(word) in self._words or word in _MISSPELT

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

    def typos(self, tokens: Sequence[Token], unknown: Sequence[int]) -> list[Mark]:
        """Known names that unknown words were meant to be: at most one slip in five letters, two in six to nine …"""
        found: list[Mark] = []
        for run in neighbours(unknown):
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
        if any(s in self._phrases.parts for s in stems) or (len(stems) == 1 and stems[0] in english_words()):
            return None
        said = " ".join(stems)
        if len(said) < 4 or not said.replace(" ", "").isalpha():
            return None
        slips = 1 if len(said) < 9 else 2
        near = process.extractOne(said, self._names, scorer=OSA.distance, score_cutoff=slips)
        if near is None or near[0][0] != said[0]:
            return None
        target = near[0]
        meanings = self._phrases.known[tuple(target.split())]
        return Mark(start, end, by_rank(meanings), typo=target)
