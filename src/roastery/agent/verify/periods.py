"""Periods: those of the facts, each beside its own number."""

from collections.abc import Iterator, Sequence

from roastery.agent.verify import words as say
from roastery.agent.verify.bind import bind
from roastery.agent.verify.ground import About
from roastery.agent.verify.rule import Carried, Rule
from roastery.agent.verify.sentences import Mention, Reference, Sentence

OF_NOW = frozenset({"data_age", "failed_checks", "unmapped_touches", "revenue_behind_unmapped_touches", "rejected_rows",
                    "repeated_sales"})  # fmt: skip
"""What is known of the data at the moment: it has no period to be named."""


class Periods(Rule):
    """A sentence speaks of the period that its facts are of."""

    def check(self, sentence: Sentence, names: Sequence[Mention], carried: Carried) -> Iterator[tuple[str, str]]:
        yield from self._periods(sentence, carried)

    def _periods(self, sentence: Sentence, carried: Carried) -> Iterator[tuple[str, str]]:
        spans = [s for s in sentence.spans if s.days is not None]
        for span in spans:
            assert span.days is not None
            if (span.days.start, span.days.end) not in self.ground.periods:
                yield "period", f"no fact is about “{span.text}”."
        mentions = [
            Mention(s.start, s.end, "period", "period", f"{s.days.start}/{s.days.end}")
            for s in spans
            if s.days is not None
        ]
        bound = bind(sentence, sentence.facts, mentions)
        for ref in sentence.facts:
            about = self.ground.abouts[ref.id]
            yield from self._period(ref, about, bound[ref.id], mentions, sentence, carried)

    def _period(
        self,
        ref: Reference,
        about: About,
        mention: Mention | str | None,
        mentions: Sequence[Mention],
        sentence: Sentence,
        carried: Carried,
    ) -> Iterator[tuple[str, str]]:
        fact = about.fact
        own = f"{fact.period.start}/{fact.period.end}"
        said = {m.value for m in mentions}
        before = " ".join(sentence.words[: ref.at]) + " "
        after = " ".join(sentence.words[ref.at + 1 : ref.at + 9])
        computed = fact.kind != "measured"
        if about.is_previous:
            near = " ".join(sentence.words[max(0, ref.at - 7) : ref.at])
            if own not in said and not say.EARLIER.search(near) and not say.EARLIER.search(after):
                yield "period", f"[[{ref.id}]] is the figure of the earlier period; say so."
            elif (
                isinstance(mention, Mention)
                and mention.value != own
                and own in said
                and not self._near(sentence, ref, own, mentions)
            ):
                yield "period", f"[[{ref.id}]] is of {own}, not of the period named beside it."
            return
        if say.LATER_FORBIDS.search(before) and not computed and self._has_previous(fact.metric):
            yield "period", f"[[{ref.id}]] is the figure of the later period, but stands where the earlier one belongs."
        if about.bucket and own not in said and (fact.period.start, fact.period.end) not in carried.periods:
            yield (
                "period",
                f"[[{ref.id}]] is only of {fact.period.start} to {fact.period.end} (end excluded); name these days.",
            )
        elif (
            isinstance(mention, Mention)
            and mention.value != own
            and not computed
            and not self._near(sentence, ref, own, mentions)
        ):
            yield "period", f"[[{ref.id}]] is of {own}, not of the period named beside it."
        elif not mentions and self._needs_period(about, carried):
            yield "period", f"facts of several periods were found; say that [[{ref.id}]] is of {own}."

    def _needs_period(self, about: About, carried: Carried) -> bool:
        """Facts of several periods were found, and none was named; the age of data is of the moment."""
        fact = about.fact
        if fact.metric in OF_NOW or len(self.ground.mains) < 2:
            return False
        return (fact.period.start, fact.period.end) not in carried.periods

    def _has_previous(self, metric: str) -> bool:
        return any(a.is_previous and a.fact.metric == metric for a in self.ground.abouts.values())

    @staticmethod
    def _near(sentence: Sentence, ref: Reference, own: str, mentions: Sequence[Mention]) -> bool:
        """The right period stands in the same clause, hardly further away than the nearest one."""
        scores = {m.value: sentence.distance(ref.at, m.end - 1 if m.at < ref.at else m.at) for m in mentions}
        return own in scores and len(set(scores)) > 1 and scores[own] <= min(scores.values())
