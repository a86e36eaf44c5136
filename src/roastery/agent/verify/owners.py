"""Whose number it is: name, filter, attribution model and metric of a sentence are those of its facts."""

import re
from collections.abc import Iterator, Sequence

from roastery.agent.planner.parameters import MODELS
from roastery.agent.planner.tokens import phrase
from roastery.agent.render import NO_NAMES
from roastery.agent.verify import words as say
from roastery.agent.verify.bind import AMBIGUOUS, bind
from roastery.agent.verify.ground import About
from roastery.agent.verify.own_words import is_said
from roastery.agent.verify.rule import Carried, Rule, is_metric, spoken
from roastery.agent.verify.sentences import Mention, Reference, Sentence


class Owners(Rule):
    """Swapped facts are caught here."""

    def check(self, sentence: Sentence, names: Sequence[Mention], carried: Carried) -> Iterator[tuple[str, str]]:
        yield from self._entities(sentence, names, carried)
        yield from self._filters(sentence, names, carried)
        yield from self._models(sentence)
        yield from self._metrics(sentence, carried)

    def _entities(self, sentence: Sentence, names: Sequence[Mention], carried: Carried) -> Iterator[tuple[str, str]]:
        dimensions = {m.name for m in names} | {d for r in sentence.facts for d in self.ground.abouts[r.id].entity}
        for dimension in sorted(dimensions - {"date"}):
            mentions = [m for m in names if m.name == dimension]
            bound = bind(sentence, sentence.facts, mentions)
            for ref in sentence.facts:
                yield from self._entity(ref, dimension, bound[ref.id], mentions, sentence, carried)

    def _entity(
        self,
        ref: Reference,
        dimension: str,
        mention: Mention | str | None,
        mentions: Sequence[Mention],
        sentence: Sentence,
        carried: Carried,
    ) -> Iterator[tuple[str, str]]:
        about = self.ground.abouts[ref.id]
        own = about.entity.get(dimension)
        if own is None:
            yield from self._whole(ref, about, dimension, mention, sentence)
            return
        if mention == AMBIGUOUS:
            yield (
                "entity",
                f"it is not clear which {dimension} [[{ref.id}]] belongs to; name it right before the number.",
            )
        elif isinstance(mention, Mention):
            values = {m.value for m in mentions if m.at == mention.at}
            if own not in values:
                yield (
                    "entity",
                    f"[[{ref.id}]] is about {dimension} {self._name(dimension, own)}, not about what is named beside "
                    f"it.",
                )
        elif not mentions and carried.names.get(dimension) != own:
            yield (
                "entity",
                f"[[{ref.id}]] is about {dimension} {self._name(dimension, own)}; name it "
                f"as {self._label(dimension, own)}.",
            )

    def _whole(
        self, ref: Reference, about: About, dimension: str, mention: Mention | str | None, sentence: Sentence
    ) -> Iterator[tuple[str, str]]:
        """A total beside a name: only where the total is of that name's filter, or is said to be a total."""
        if mention is None:
            return
        if isinstance(mention, Mention):
            held = about.held.get(dimension, "")
            if mention.value in held.split(", ") and not held.startswith("not"):
                return
            if held.startswith("not") and self._excluded(sentence, mention):
                return
            if self._said_overall(sentence, ref, mention):
                return
        yield (
            "entity",
            f"[[{ref.id}]] is the figure for everything asked, not for one {dimension}; say that it is the total.",
        )

    @staticmethod
    def _excluded(sentence: Sentence, mention: Mention) -> bool:
        before = " ".join(sentence.words[max(0, mention.at - 4) : mention.at])
        return bool(re.search(r"\b(?:excluding|without|except|other than|outside|apart from|not counting)\b", before))

    @staticmethod
    def _said_overall(sentence: Sentence, ref: Reference, mention: Mention) -> bool:
        start = mention.end if mention.at < ref.at else 0
        return bool(say.OVERALL.search(" ".join(sentence.words[start : ref.at + 4])))

    def _filters(self, sentence: Sentence, names: Sequence[Mention], carried: Carried) -> Iterator[tuple[str, str]]:
        """A number of a part is not said as if it were of all: what its result was narrowed to is named."""
        for ref in sentence.facts:
            for dimension, text in self.ground.abouts[ref.id].held.items():
                values = set(text.removeprefix("not in ").split(", ")) - set(NO_NAMES)
                if (
                    not values
                    or dimension not in self.lexicon.vocabulary.dimensions
                    or " " in text.removeprefix("not in ").split(", ")[0]
                ):
                    continue
                if (
                    not any(m.name == dimension and m.value in values for m in names)
                    and carried.names.get(dimension) not in values
                ):
                    named = " and ".join(self._label(dimension, v) for v in sorted(values)[:3])
                    yield "entity", f"[[{ref.id}]] is narrowed to {dimension} {text}; say so by naming {named}."

    def _models(self, sentence: Sentence) -> Iterator[tuple[str, str]]:
        """Where attribution models are compared, each number says which it is of."""
        if len(self.ground.models) < 2:
            return
        mentions = []
        for model in self.ground.models - {""}:
            key = MODELS[model]
            for found in re.finditer(rf"(?<![^ ])(?:{key})(?![^ ])", sentence.line):
                at = len(sentence.line[: found.start()].split())
                mentions.append(Mention(at, at + len(found[0].split()), "model", "model", model))
        bound = bind(sentence, sentence.facts, mentions)
        for ref in sentence.facts:
            mention, own = bound[ref.id], self.ground.abouts[ref.id].model
            if own and (not isinstance(mention, Mention) or mention.value != own):
                yield "model", f"[[{ref.id}]] is credited by {own.replace('_', ' ')}; say so beside it."

    def _metrics(self, sentence: Sentence, carried: Carried) -> Iterator[tuple[str, str]]:
        if not sentence.facts:
            return
        bound = bind(sentence, sentence.facts, sentence.metrics)
        for ref in sentence.facts:
            fact = self.ground.abouts[ref.id].fact
            mention = bound[ref.id]
            named = is_said(fact.metric, sentence.line)
            if named is not None and fact.metric not in self.lexicon.vocabulary.metrics:
                if not named:
                    yield "metric", f"[[{ref.id}]] is {spoken(fact.metric)}; say so."
            elif mention == AMBIGUOUS:
                yield "metric", f"it is not clear which metric [[{ref.id}]] is; name {spoken(fact.metric)} beside it."
            elif isinstance(mention, Mention):
                if not self._is(sentence, fact.metric, mention.name) and not self._covers(
                    sentence, mention, ref, fact.metric
                ):
                    yield "metric", f"[[{ref.id}]] is {spoken(fact.metric)}, not the metric that is named beside it."
            elif (
                not any(is_metric(base_of(fact.metric), m) for m in carried.metrics)
                and base_of(fact.metric) in self.lexicon.vocabulary.metrics
            ):
                yield "metric", f"[[{ref.id}]] is {spoken(fact.metric)}; name the metric."

    def _is(self, sentence: Sentence, metric: str, said: str) -> bool:
        """Whether the metric beside a number is its own; what an analysis counts by itself is named by a word of it."""
        base = base_of(metric)
        if base in self.lexicon.vocabulary.metrics:
            return is_metric(base, said)
        spoken_of = set(phrase(sentence.line))
        return any(len(word) > 3 and word in spoken_of for word in phrase(base))

    def _covers(self, sentence: Sentence, mention: Mention, ref: Reference, metric: str) -> bool:
        """A share or contribution names its metric after it: "a 40 % share of spend"."""
        about = self.ground.abouts[ref.id]
        if about.fact.kind not in ("share", "effect"):
            return False
        return any(is_metric(metric, m.name) for m in sentence.metrics)


def base_of(metric: str) -> str:
    """The metric that a bound or another figure of an analysis is of: `roas__low` is of `roas`."""
    return metric.split("__")[0]
