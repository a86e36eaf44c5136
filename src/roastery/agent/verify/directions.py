"""Directions: "rose" needs a rise."""

import re
from collections.abc import Iterator, Sequence

from roastery.agent.planner.named import AT_LEAST, AT_MOST, OVER, UNDER
from roastery.agent.planner.ranking import LESS_IS_BETTER
from roastery.agent.verify import words as say
from roastery.agent.verify.ground import MOVES
from roastery.agent.verify.rule import Carried, Rule
from roastery.agent.verify.sentences import Mention, Reference, Sentence


class Directions(Rule):
    """Every direction word has its computed change, and every unsigned change its direction word."""

    def check(self, sentence: Sentence, names: Sequence[Mention], carried: Carried) -> Iterator[tuple[str, str]]:
        yield from self._directions(sentence)

    def _directions(self, sentence: Sentence) -> Iterator[tuple[str, str]]:
        moves = [r for r in sentence.facts if self.ground.abouts[r.id].fact.kind in MOVES]
        said = list(direction_words(sentence))
        if said and not moves:
            yield "direction", f"“{said[0][1]}” needs a change that was computed, in the same sentence."
            return
        backed: set[str] = set()
        for at, word, sign in said:
            ref = min(moves, key=lambda r: sentence.distance(at, r.at))
            fact = self.ground.abouts[ref.id].fact
            wanted = sign if sign is not None else self._better_sign(word, fact.metric)
            actual = 0 if not fact.value else (1 if fact.value > 0 else -1)
            if fact.value is None or actual != wanted:
                yield "direction", f"“{word}” is not what [[{ref.id}]] shows."
            backed.add(ref.id)
        for ref in moves:
            about = self.ground.abouts[ref.id]
            if ref.id not in backed and not self._beside_backed(sentence, ref, backed) and about.fact.value:
                yield "direction", f"[[{ref.id}]] is written without its sign; say whether it rose or fell."

    def _beside_backed(self, sentence: Sentence, ref: Reference, backed: set[str]) -> bool:
        """A second change right beside one whose direction is said: "fell by [[f3]] ([[f4]])"."""
        own = self.ground.abouts[ref.id]
        for other in sentence.facts:
            if other.id not in backed:
                continue
            about = self.ground.abouts[other.id]
            same = about.fact.metric == own.fact.metric and about.entity == own.entity
            signs = (about.fact.value or 0) * (own.fact.value or 0) > 0
            if same and signs and abs(other.at - ref.at) <= 6:
                return True
        return False

    @staticmethod
    def _better_sign(word: str, metric: str) -> int:
        sign = 1 if word in say.BETTER else -1
        return -sign if metric in LESS_IS_BETTER else sign


def direction_words(sentence: Sentence) -> Iterator[tuple[int, str, int | None]]:
    held = {i for s in sentence.spans for i in range(s.start, s.end)}
    held |= {i for m in (*sentence.names, *sentence.metrics) for i in range(m.at, m.end)}
    for i, word in enumerate(sentence.words):
        if i in held or _is_threshold_word(sentence, i) or _is_idle(sentence, i):
            continue
        if word in say.UP:
            yield i, word, 1
        elif word in say.DOWN:
            yield i, word, -1
        elif word in say.FLAT:
            yield i, word, 0
        elif word in say.BETTER or word in say.WORSE:
            yield i, word, None


def _is_threshold_word(sentence: Sentence, at: int) -> bool:
    """ "over 80", "more than 500": an echoed condition, whose number is checked as such."""
    following = " ".join(sentence.words[at : at + 3])
    return bool(re.match(rf"(?:{OVER}|{UNDER}|{AT_LEAST}|{AT_MOST}) \$?\d", following))


def _is_idle(sentence: Sentence, at: int) -> bool:
    line = " ".join(sentence.words[at : at + 2])
    if (
        at
        and sentence.words[at - 1] in ("made", "make", "makes", "making", "broken", "break")
        and sentence.words[at] in ("up", "down")
    ):
        return True
    return bool(
        re.match(
            r"(?:up to|level of|up of|less (?:refunds|returns)|below is|above is|ahead of the|steady state)\b", line
        )
    )
