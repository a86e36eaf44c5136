"""Numbers and words of quantity that no fact stands behind."""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal

from roastery.agent.planner.named import AT_LEAST, AT_MOST, OVER, UNDER
from roastery.agent.verify import words as say
from roastery.agent.verify.rule import Carried, Rule, is_metric
from roastery.agent.verify.sentences import Mention, Sentence


class Numbers(Rule):
    """Literal digits stand only in periods, and where they echo what was asked; words of quantity need a fact."""

    def check(self, sentence: Sentence, names: Sequence[Mention], carried: Carried) -> Iterator[tuple[str, str]]:
        yield from self._digits(sentence)
        yield from self._number_words(sentence)

    def _digits(self, sentence: Sentence) -> Iterator[tuple[str, str]]:
        held = {i for s in sentence.spans for i in range(s.start, s.end)}
        held |= {r.at for r in (*sentence.facts, *sentence.labels)}
        for i, token in enumerate(sentence.tokens):
            if i in held or not any(c.isdigit() for c in token.text + token.word):
                continue
            if not self._is_echo(sentence, i):
                yield "number", f"“{token.text}” is a number without a fact; use a reference."

    def _is_echo(self, sentence: Sentence, at: int) -> bool:
        word = sentence.tokens[at].word
        following = sentence.words[at + 1 : at + 5]
        value = word.strip("$€£%x×")
        if any(self._is_list_length(sentence, at, value)) or self._is_length(value, following):
            return True
        if value in self.ground.windows and following[:1] and following[0] in ("day", "days"):
            return True
        compared = " ".join(sentence.words[max(0, at - 4) : at])
        for metric, values in self.ground.thresholds.items():
            if re.search(rf"(?:{OVER}|{UNDER}|{AT_LEAST}|{AT_MOST}|between|and) *$", compared) and any(
                _matches(word, v) for v in values
            ):
                return any(is_metric(metric, m.name) for m in sentence.metrics)
        return False

    def _is_list_length(self, sentence: Sentence, at: int, value: str) -> Iterator[bool]:
        for dimension in sentence.dimensions:
            if value in self.ground.limits and 0 < dimension.at - at <= 3:
                yield True

    def _is_length(self, value: str, following: Sequence[str]) -> bool:
        units = {"day", "week", "month", "quarter", "year"}
        unit = next((w.rstrip("s") for w in following[:2] if w.rstrip("s") in units), None)
        return unit is not None and any(value == str(n) and unit == u for n, u in self.ground.lengths())

    def _number_words(self, sentence: Sentence) -> Iterator[tuple[str, str]]:
        line = sentence.line
        held = {i for s in sentence.spans for i in range(s.start, s.end)}
        for i, word in enumerate(sentence.words):
            if i in held:
                continue
            if word in say.TIMES and not self._times(sentence, say.TIMES[word]):
                yield "multiple", f"“{word}” needs a fact that says so in the same sentence."
            if word in say.VAGUE_NUMBERS and not self._names_metric(sentence, i):
                yield "number", f"“{word}” is a number in words without a fact."
        for pattern, low, high in say.SHARES:
            if (found := pattern.search(line)) and not self._in_span(sentence, found.start()):
                shares = [self.ground.abouts[r.id].fact for r in sentence.facts]
                if not any(f.kind == "share" and f.value is not None and low <= f.value <= high for f in shares):
                    yield "share", f"“{found[0]}” needs a share that says so in the same sentence."

    def _names_metric(self, sentence: Sentence, at: int) -> bool:
        return any(m.at <= at < m.end for m in (*sentence.metrics, *sentence.names, *sentence.dimensions))

    @staticmethod
    def _in_span(sentence: Sentence, offset: int) -> bool:
        at = len(sentence.line[:offset].split())
        return any(s.start <= at < s.end for s in sentence.spans)

    def _times(self, sentence: Sentence, bounds: tuple[Decimal, Decimal]) -> bool:
        low, high = bounds
        for ref in sentence.facts:
            fact = self.ground.abouts[ref.id].fact
            if fact.value is None:
                continue
            if fact.kind == "multiple" and low <= fact.value <= high:
                return True
            if fact.kind == "change_ratio" and low <= fact.value + 1 <= high:
                return True
        return False


def _matches(word: str, value: str) -> bool:
    from roastery.agent.planner.question import number_value

    try:
        return number_value(word) == Decimal(value)
    except ArithmeticError:
        return False
