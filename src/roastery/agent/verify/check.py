"""The checks of a draft, sentence by sentence. What is not certainly backed is a problem; a rewrite can be plainer."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from roastery.agent.evidence import Evidence
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.names import AT_LEAST, AT_MOST, OVER, UNDER
from roastery.agent.planner.parameters import MODELS
from roastery.agent.planner.ranking import LESS_IS_BETTER
from roastery.agent.planner.tokens import phrase
from roastery.agent.render import NO_NAMES, REFERENCE
from roastery.agent.verify import words as say
from roastery.agent.verify.bind import AMBIGUOUS, bind
from roastery.agent.verify.ground import MOVES, About, Ground
from roastery.agent.verify.sentences import Mention, Reference, Sentence, read_sentence, split

UNNAMED = frozenset({"unattributed", "none", "unknown"})
DAYS_OF_DATA = frozenset({"complete_through", "history_since"})
"""Labels that are days, not names."""


@dataclass(frozen=True)
class Problem:
    """One thing that a sentence says and the facts do not, in words that a model can act on."""

    kind: str
    sentence: str
    detail: str

    def __str__(self) -> str:
        return f"“{self.sentence}”: {self.detail}"


@dataclass
class Carried:
    """What the sentences before have spoken of."""

    names: dict[str, str]
    metrics: tuple[str, ...] = ()
    period: tuple[object, object] | None = None


class Verifier:
    """Checks drafts against the evidence of one run."""

    def __init__(self, evidence: Evidence, lexicon: Lexicon) -> None:
        self.evidence = evidence
        self.ground = Ground.of(evidence)
        self.lexicon = lexicon
        self._label_words = {
            (label.dimension, phrase(label.text)): label
            for label in evidence.labels.values()
            if label.dimension not in DAYS_OF_DATA
        }

    def problems(self, draft: str) -> list[Problem]:
        """Everything in a draft that is not backed; empty when it may go out."""
        found: list[Problem] = []
        carried = Carried({})
        if not REFERENCE.search(draft):
            found.append(Problem("unreferenced", draft[:80], "the answer refers to no fact; cite facts as [[f1]]."))
        for text in split(draft):
            found += self._sentence(text, carried)
        return found

    def _sentence(self, text: str, carried: Carried) -> list[Problem]:
        unknown = [i for i in REFERENCE.findall(text) if i not in self.evidence.facts and i not in self.evidence.labels]
        if unknown:
            return [Problem("reference", text, f"there is no {', '.join(f'[[{i}]]' for i in unknown)}.")]
        if "[[" in REFERENCE.sub("", text) or "xref" in text.lower():
            return [Problem("reference", text, "a reference is not of the form [[f1]] or [[d1]].")]
        if say.LINKS.search(text):
            return [Problem("markup", text, "links, mentions and HTML do not belong into an answer.")]
        sentence = read_sentence(text, self.lexicon)
        names = self._names(sentence)
        found = [
            *self._digits(sentence),
            *self._number_words(sentence),
            *self._periods(sentence, carried),
            *self._entities(sentence, names, carried),
            *self._filters(sentence, names, carried),
            *self._models(sentence),
            *self._metrics(sentence, carried),
            *self._directions(sentence),
            *self._ranks(sentence, names),
            *self._claims(sentence, names),
        ]
        for mention in names:
            if mention.kind != "partial":
                carried.names[mention.name] = mention.value
        if sentence.metrics:
            carried.metrics = tuple(n for m in sentence.metrics for n in m.name.split("|"))
        spans = [s for s in sentence.spans if s.days is not None]
        if spans and spans[-1].days is not None:
            carried.period = (spans[-1].days.start, spans[-1].days.end)
        return [Problem(kind, text, detail) for kind, detail in dict.fromkeys(found)]

    # ---------------------------------------------------------------- names

    def _names(self, sentence: Sentence) -> list[Mention]:
        """Names by label reference and by plain text, those of the evidence's own labels included."""
        found = list(sentence.names)
        for ref in sentence.labels:
            label = self.evidence.labels[ref.id]
            if label.dimension in DAYS_OF_DATA:
                continue
            found.append(Mention(ref.at, ref.at + 1, "label", label.dimension, label.value))
        taken = {i for m in found for i in range(m.at, m.end)}
        stems = [phrase(t.word)[0] if phrase(t.word) else t.word for t in sentence.tokens]
        for (_, key), label in self._label_words.items():
            for at in range(len(stems) - len(key) + 1):
                if key and tuple(stems[at : at + len(key)]) == key and taken.isdisjoint(range(at, at + len(key))):
                    found.append(Mention(at, at + len(key), "name", label.dimension, label.value))
        return sorted(found, key=lambda m: m.at)

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

    def _name(self, dimension: str, value: str) -> str:
        label = self.evidence.label_of(dimension, value)
        return f"“{label.text}”" if label else f"“{value}”"

    def _label(self, dimension: str, value: str) -> str:
        label = self.evidence.label_of(dimension, value)
        return f"[[{label.id}]]" if label else value

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

    # ---------------------------------------------------------------- metrics

    def _metrics(self, sentence: Sentence, carried: Carried) -> Iterator[tuple[str, str]]:
        if not sentence.facts:
            return
        bound = bind(sentence, sentence.facts, sentence.metrics)
        for ref in sentence.facts:
            fact = self.ground.abouts[ref.id].fact
            mention = bound[ref.id]
            if mention == AMBIGUOUS:
                yield "metric", f"it is not clear which metric [[{ref.id}]] is; name {_spoken(fact.metric)} beside it."
            elif isinstance(mention, Mention):
                if not self._is_metric(fact.metric, mention.name) and not self._covers(
                    sentence, mention, ref, fact.metric
                ):
                    yield "metric", f"[[{ref.id}]] is {_spoken(fact.metric)}, not the metric that is named beside it."
            elif (
                not any(self._is_metric(fact.metric, m) for m in carried.metrics)
                and fact.metric in self.lexicon.vocabulary.metrics
            ):
                yield "metric", f"[[{ref.id}]] is {_spoken(fact.metric)}; name the metric."

    @staticmethod
    def _is_metric(metric: str, said: str) -> bool:
        return metric in said.split("|")

    def _covers(self, sentence: Sentence, mention: Mention, ref: Reference, metric: str) -> bool:
        """A share or contribution names its metric after it: "a 40 % share of spend"."""
        about = self.ground.abouts[ref.id]
        if about.fact.kind not in ("share", "effect"):
            return False
        return any(self._is_metric(metric, m.name) for m in sentence.metrics)

    # ---------------------------------------------------------------- periods

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
        if about.bucket and own not in said and carried.period != (fact.period.start, fact.period.end):
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
        elif not mentions and len(self.ground.mains) > 1 and carried.period != (fact.period.start, fact.period.end):
            yield "period", f"facts of several periods were found; say that [[{ref.id}]] is of {own}."

    def _has_previous(self, metric: str) -> bool:
        return any(a.is_previous and a.fact.metric == metric for a in self.ground.abouts.values())

    @staticmethod
    def _near(sentence: Sentence, ref: Reference, own: str, mentions: Sequence[Mention]) -> bool:
        """The right period stands in the same clause, hardly further away than the nearest one."""
        scores = {m.value: sentence.distance(ref.at, m.end - 1 if m.at < ref.at else m.at) for m in mentions}
        return own in scores and len(set(scores)) > 1 and scores[own] <= min(scores.values())

    # ---------------------------------------------------------------- digits and number words

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
                return any(self._is_metric(metric, m.name) for m in sentence.metrics)
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

    # ---------------------------------------------------------------- directions, ranks, other claims

    def _directions(self, sentence: Sentence) -> Iterator[tuple[str, str]]:
        moves = [r for r in sentence.facts if self.ground.abouts[r.id].fact.kind in MOVES]
        said = list(self._direction_words(sentence))
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

    def _direction_words(self, sentence: Sentence) -> Iterator[tuple[int, str, int | None]]:
        held = {i for s in sentence.spans for i in range(s.start, s.end)}
        held |= {i for m in (*sentence.names, *sentence.metrics) for i in range(m.at, m.end)}
        for i, word in enumerate(sentence.words):
            if i in held or self._is_threshold_word(sentence, i) or self._is_idle(sentence, i):
                continue
            if word in say.UP:
                yield i, word, 1
            elif word in say.DOWN:
                yield i, word, -1
            elif word in say.FLAT:
                yield i, word, 0
            elif word in say.BETTER or word in say.WORSE:
                yield i, word, None

    @staticmethod
    def _is_threshold_word(sentence: Sentence, at: int) -> bool:
        """ "over 80", "more than 500": an echoed condition, whose number is checked as such."""
        following = " ".join(sentence.words[at : at + 3])
        return bool(re.match(rf"(?:{OVER}|{UNDER}|{AT_LEAST}|{AT_MOST}) \$?\d", following))

    @staticmethod
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

    @staticmethod
    def _better_sign(word: str, metric: str) -> int:
        sign = 1 if word in say.BETTER else -1
        return -sign if metric in LESS_IS_BETTER else sign

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
        if found := say.STATISTICAL.search(line):
            yield "statistics", f"“{found[0]}” needs a test that was not made."
        if found := say.UNIVERSAL.search(line):
            claimed = any(True for _ in self._direction_words(sentence)) or any(
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


def _matches(word: str, value: str) -> bool:
    from roastery.agent.planner.question import number_value

    try:
        return number_value(word) == Decimal(value)
    except ArithmeticError:
        return False


def _spoken(metric: str) -> str:
    return metric.replace("_", " ")
