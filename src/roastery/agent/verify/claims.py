"""Ranks, causes, forecasts, statistics and claims about everything."""

import re
from collections.abc import Iterator, Sequence

from roastery.agent.planner.ranking import LESS_IS_BETTER
from roastery.agent.verify import words as say
from roastery.agent.verify.directions import direction_words
from roastery.agent.verify.own_words import is_said
from roastery.agent.verify.rule import Carried, Rule
from roastery.agent.verify.sentences import Mention, Sentence

SAYS_FORECAST = re.compile(r"(?<![^ ])(?:usual|usually|expected|expectation|range)(?![^ ])")
"""Words by which a number of a model is told as one, besides those of the future."""


class Claims(Rule):
    """Each needs a fact of its kind."""

    def check(self, sentence: Sentence, names: Sequence[Mention], carried: Carried) -> Iterator[tuple[str, str]]:
        yield from self._ranks(sentence, names)
        yield from self._claims(sentence, names)

    def _ranks(self, sentence: Sentence, names: Sequence[Mention]) -> Iterator[tuple[str, str]]:
        held = {i for s in sentence.spans for i in range(s.start, s.end)}
        held |= {i for m in (*names, *sentence.metrics) for i in range(m.at, m.end)}
        for i, word in enumerate(sentence.words):
            if i in held or word not in (say.HIGHEST | say.LOWEST | say.BEST | say.WORST):
                continue
            if word in ("most", "least") and i and sentence.words[i - 1] == "at":
                continue
            if word in ("first", "last") and not self._ranked_first(sentence, i):
                continue
            if not self._describes_list(sentence, i, word) and not self._proved(sentence, i, word, names):
                yield "rank", f"“{word}” needs a rank that was computed for what it is said of."

    @staticmethod
    def _ranked_first(sentence: Sentence, at: int) -> bool:
        around = sentence.words[max(0, at - 2) : at] + sentence.words[at + 1 : at + 2]
        return bool(
            {"came", "ranked", "placed", "finished", "comes", "ranks", "place", "stands", "stood"} & set(around)
        )

    def _describes_list(self, sentence: Sentence, at: int, word: str) -> bool:
        """ "The top five campaigns by attributed revenue": says how the list was asked for, not who won."""
        following = sentence.words[at + 1 : at + 5]
        dimension = next((d for d in sentence.dimensions if 0 < d.at - at <= 3), None)
        if dimension is None or not sentence.tokens[dimension.at].word.endswith("s"):
            return False
        beside = [m for m in sentence.metrics if 0 < m.at - dimension.at <= 3] or sentence.metrics
        metrics = {n for m in beside for n in m.name.split("|")}
        for field_name, direction, limit in self.ground.orders:
            wanted = {"desc"} if word in say.HIGHEST else {"asc"} if word in say.LOWEST else {"asc", "desc"}
            if word in ("top", "bottom"):
                less = field_name in LESS_IS_BETTER
                wanted = {"asc" if less == (word == "top") else "desc", "desc" if word == "top" else "asc"}
            number = next((w for w in following[:2] if w.isdigit()), None)
            if (
                direction in wanted
                and (not metrics or field_name in metrics)
                and (number is None or number == str(limit))
            ):
                return True
        return False

    def _proved(self, sentence: Sentence, at: int, word: str, names: Sequence[Mention]) -> bool:
        metrics = [n for m in sorted(sentence.metrics, key=lambda m: abs(m.at - at)) for n in m.name.split("|")]
        metrics = metrics or [self.ground.abouts[r.id].fact.metric for r in sentence.facts]
        if not metrics:
            return False
        places = self._places_of(sentence, at, names, metrics[0])
        if word in say.BEST | say.WORST:
            return self.ground.is_best(metrics[0], places, word in say.BEST)
        if ("highest" if word in say.HIGHEST else "lowest") in places:
            return True
        return word in ("strongest", "top") and metrics[0] in LESS_IS_BETTER and "lowest" in places

    def _places_of(self, sentence: Sentence, at: int, names: Sequence[Mention], metric: str) -> list[str]:
        """What ranks prove of whom the word is said: the nearest name, else the nearest day, week or month."""
        named = sorted(
            (m for m in names if m.kind != "partial"), key=lambda m: (sentence.distance(at, m.at), m.at > at)
        )
        if named:
            return self.ground.place(metric, {named[0].name: named[0].value})
        buckets = [r for r in sentence.facts if self.ground.abouts[r.id].bucket]
        if not buckets:
            return []
        ref = min(buckets, key=lambda r: (r.at < at, sentence.distance(at, r.at)))
        about = self.ground.abouts[ref.id]
        if about.fact.metric != metric or about.is_previous:
            return []
        return self.ground.place(metric, about.entity)

    def _claims(self, sentence: Sentence, names: Sequence[Mention]) -> Iterator[tuple[str, str]]:
        line = sentence.line
        kinds = {self.ground.abouts[r.id].fact.kind for r in sentence.facts}
        if (found := say.CAUSES.search(line)) and "effect" not in kinds and not self._is_contribution(sentence):
            yield "cause", f"“{found[0]}” says why; the facts only say what."
        if (found := say.FUTURE.search(line)) and "forecast" not in kinds:
            yield "future", f"“{found[0]}” needs a forecast."
        if not (say.FUTURE.search(line) or SAYS_FORECAST.search(line)):
            for ref in sentence.facts:
                fact = self.ground.abouts[ref.id].fact
                if fact.kind == "forecast" and is_said(fact.metric, line) is None:
                    yield "future", f"[[{ref.id}]] is a forecast, not what came; say so."
        if found := say.STATISTICAL.search(line):
            yield "statistics", f"“{found[0]}” needs a test that was not made."
        if found := say.UNIVERSAL.search(line):
            claimed = any(True for _ in direction_words(sentence)) or any(
                w in say.HIGHEST | say.LOWEST | say.BEST | say.WORST for w in sentence.words
            )
            if claimed and found[0] not in ("only",):
                yield "universal", f"“{found[0]}” says it of everything; name each with its fact."
        for i in sentence.unknown:
            token = sentence.tokens[i]
            if token.capital and self._is_name(sentence, i):
                yield "name", f"“{token.text}” is not a name in the results; use [[d1]] references."

    def _is_contribution(self, sentence: Sentence) -> bool:
        facts = [self.ground.abouts[r.id].fact for r in sentence.facts]
        return any(
            f.kind == "share" and f.inputs and self.ground.abouts[f.inputs[-1]].fact.kind == "change" for f in facts
        )

    @staticmethod
    def _is_name(sentence: Sentence, at: int) -> bool:
        token = sentence.tokens[at]
        if token.word.startswith("xref"):
            return False
        if at > 0 and sentence.words[at - 1] not in (":", ".", "(", '"'):
            return True
        return token.text.endswith("'s") or any(m.at == at + 1 for m in sentence.metrics)
