"""Words of a question that no part of its reading uses: they are said or asked about, never passed over in silence.

A word is accounted for by a name, a period, a number or a setting that was recognized; by an operator that the reading
carries out (a ranking, a comparison, a share, a limit …); or because it says nothing of its own (words/accounted.yml).
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

from roastery.agent.planner.assumed import AVERAGED, is_usual_metric, said_left_out
from roastery.agent.planner.lists import common_words, words
from roastery.agent.planner.named import OF_COHORTS
from roastery.agent.planner.paraphrases import said_widely
from roastery.agent.planner.patterns import said_by_family, vocabulary
from roastery.agent.planner.question import Question, whole_words
from roastery.agent.planner.reading import PLAIN, Reading, reading_json
from roastery.agent.planner.tokens import neighbours, stem

MOST_SAID = 3
SHARES = frozenset(["rate", "ratio", "coverage", "ctr", "nrr"])
AVERAGES = frozenset(
    [
        "rate",
        "ratio",
        "per",
        "cac",
        "cpc",
        "cpm",
        "aov",
        "ltv",
        "days",
        "hours",
        "score",
        "satisfaction",
        "frequency",
        "roas",
        "mer",
        "ctr",
        "nrr",
        "turns",
    ]
)
"""Parts of the names of metrics that are averages by nature."""
EXCLUSIVE = ("not_in", "ne", "is_null")
SILENT = ("empty", "asking", "period", "carrying", "plain")


@lru_cache
def accounted(name: str) -> frozenset[str]:
    """One list of words/accounted.yml, stemmed."""
    return frozenset(stem(w) for w in str(words("accounted")[name]).split())


@lru_cache
def _silent() -> frozenset[str]:
    return frozenset().union(*(accounted(name) for name in SILENT))


def operators(reading: Reading, before: Reading | None = None) -> Iterator[str]:
    """The lists of words that what a reading carries out accounts for.

    before: the reading that a follow-up continues; what it had already, the words of the follow-up did not bring about.
    """
    old = before or Reading()
    if (reading.order_by, reading.limit) != (old.order_by, old.limit) or "order" in reading.said:
        yield "ranking"
    compared = reading.compare is not None and (reading.compare != old.compare or "compare" in reading.said)
    if compared or len(reading.focus) > 1 or reading.intent == "explain":
        yield "comparing"
    if reading.grain is not None and (reading.grain != old.grain or "grain" in reading.said):
        yield "trending"
    if reading.share:
        yield "sharing"
    new = [f for f in reading.filters if f not in old.filters]
    if any(f.metric for f in new):
        yield "limiting"
    if new or before is not None:
        yield "narrowing"
    if any(f.op in EXCLUSIVE or (f.metric and f.op in ("lt", "lte", "eq")) for f in new):
        yield "excluding"
    if is_usual_metric(reading.assumptions):
        yield "judging"
    if reading.attribution_model or reading.attribution_window_days or reading.view_window_days:
        yield "attributing"


def leftover(
    question: Question,
    reading: Reading,
    said: Sequence[str] = (),
    own: Sequence[str] = (),
    before: Reading | None = None,
) -> list[int]:
    """Tokens that nothing accounts for.

    said: patterns that were carried out; the words that they match are used. own: words that the tool's questions are
    made of. before: the reading that the question continues.
    """
    held = {i for s in question.symbols for i in range(s.start, s.end)}
    if wide := said_widely(question.plain, reading.metrics):
        held.update(_matched(question, wide[1]))
    for text in (*said, *question.carried):
        held.update(_matched(question, text))
    known = _silent().union(*(accounted(name) for name in operators(reading, before)))
    if any(set(metric.split("_")) & AVERAGES for metric in reading.metrics) or AVERAGED in reading.assumptions:
        known |= accounted("averaging")
    if {"sales_cycle_days", "delivery_days", "first_reply_hours", "resolution_hours"}.intersection(reading.metrics):
        known = known | {"median"}
    if any(set(metric.split("_")) & SHARES for metric in reading.metrics):
        known |= accounted("sharing")
    if OF_COHORTS.intersection(reading.metrics):
        known |= accounted("acquiring")
    known |= {stem(word) for metric in reading.metrics for word in metric.split("_")}
    compound = _compounds(question) | _coming_back(question)
    words_of_tool = vocabulary(*own)
    held.update(family_words(question, own))
    return [
        i
        for i, token in enumerate(question.tokens)
        if i not in held
        and token.word[:1].isalpha()
        and (
            token.quoted
            or i in compound
            or not (stem(token.word) in known or (own and words_of_tool.fullmatch(token.word)) or _idle(question, i))
        )
    ]


def family_words(question: Question, own: Sequence[str]) -> set[int]:
    """Tokens that belong to a family of wording found in the question (words/families.yml)."""
    if not own:
        return set()
    said, single = said_by_family(*own)
    at = places(question)
    found: set[int] = set()
    for line, where in ((question.plain, [range(i, i + 1) for i in range(len(question.tokens))]), (question.line, at)):
        for match in said.finditer(line):
            first = line[: match.start()].count(" ")
            for element in where[first : first + match[0].count(" ") + 1]:
                found |= {i for i in element if single.fullmatch(question.tokens[i].word)}
    return found


NEGATIONS = frozenset(["no", "not", "dont", "doesnt", "didnt", "isnt"])


def _idle(question: Question, at: int) -> bool:
    """ "Per" before a kind that is split by, "not" before no name: small words that nothing hangs on."""
    kinds = [s.kind for s in question.symbols for i in range(s.start, s.end) if at < i <= at + 2]
    word = question.tokens[at].word
    return (word == "per" and kinds[:1] in (["D"], ["G"])) or (word in NEGATIONS and not {*kinds} & {*"MAVD"})


def _coming_back(question: Question) -> set[int]:
    """ "Came back" says what somebody did, though "came" and "back" by themselves say nothing; "what came
    back" is money, and "coming back to" a turn of speech.
    """
    words_of_it = [token.word for token in question.tokens]
    return {
        i
        for n, (a, b) in enumerate(itertools.pairwise(words_of_it))
        if a in COMING and b == "back" and words_of_it[n + 2 : n + 3] != ["to"] and words_of_it[n - 1] != "what"
        for i in (n, n + 1)
    }


COMING = frozenset({"come", "comes", "came", "coming"})


def _compounds(question: Question) -> set[int]:
    """Words joined by a hyphen mean more than either: "drive-thru orders"."""
    found: set[int] = set()
    for n, (a, b) in enumerate(itertools.pairwise(question.tokens)):
        if question.text[a.end : b.start] == "-" and not {a.word, b.word} & COMPOUND_PARTS and a.word[:1].isalpha():
            found |= {n, n + 1}
    return found


COMPOUND_PARTS = frozenset(
    [
        "non",
        "per",
        "up",
        "to",
        "over",
        "year",
        "month",
        "week",
        "quarter",
        "day",
        "based",
        "touch",
        "click",
        "side",
        "by",
        "date",
        "brand",
        "new",
        "re",
        "e",
    ]
)


def _matched(question: Question, text: str) -> Iterator[int]:
    """Tokens under the matches of a pattern, over the plain words and over the line of symbols."""
    for found in whole_words(text).finditer(question.plain):
        first = question.plain[: found.start()].count(" ")
        yield from range(first, first + found[0].count(" ") + 1)
    at = places(question)
    for found in whole_words(text).finditer(question.line):
        first = question.line[: found.start()].count(" ")
        for n in range(first, first + found[0].count(" ") + 1):
            yield from at[n] if n < len(at) else ()


def places(question: Question) -> list[range]:
    """Of each element of the line, the tokens that it stands for."""
    starts = {s.start: s.end for s in question.symbols}
    found, at = [], 0
    while at < len(question.tokens):
        end = starts.get(at, at + 1)
        found.append(range(at, end))
        at = end
    return found


def left_out(
    question: Question,
    reading: Reading,
    said: Sequence[str] = (),
    own: Sequence[str] = (),
    before: Reading | None = None,
) -> Reading:
    """The reading with a sentence about the words that it does not use, or the refusal where they narrow a count."""
    left = leftover(question, reading, said, own, before)
    if not left:
        return reading
    names = []
    for run in neighbours(left):
        text = question.text[question.tokens[run[0]].start : question.tokens[run[-1]].end]
        if period := _bounds(question, run):
            return Reading(
                "clarify", message=f"I could not read “{text} {period}” as a time. From when to when do you mean?"
            )
        turned = next((w for i in run if (w := question.tokens[i].word).startswith(REVERSING)), None)
        if turned is not None and not turned.startswith(("returning",)) and reading.intent in PLAIN:
            return _refused(reading, _cannot_tell(question, run, text))
        if reading.intent in COUNTING and narrows(question, run):
            return _refused(reading, _cannot_tell(question, run, text))
        if before is not None and any(stem(question.tokens[i].word) not in common_words() for i in run):
            return _no_part(text, reading)
        names.append(f"“{text}”")
    shown = names[:MOST_SAID]
    return reading.assuming(said_left_out(shown))


def _refused(reading: Reading, message: str) -> Reading:
    kept = {"slot": "rest", "reading": reading_json(reading)}
    return replace(reading, intent="refuse", message=message, pending=kept)


def _no_part(text: str, reading: Reading) -> Reading:
    """In a follow-up, an unknown word is likely what it is about."""
    return Reading(
        "clarify",
        message=f"I could not tell what “{text}” is to change. Name the metric, the period, the split or the name"
        f" that is "
        f"to change.",
        pending={"slot": "rest", "reading": reading_json(reading)},
    )


BOUNDS = frozenset({"since", "until", "till", "til", "before", "after", "from", "prior"})


def _bounds(question: Question, run: Sequence[int]) -> str:
    """ "Until", "since" beside a period that was read without them: the period is another one."""
    if question.tokens[run[-1]].word not in BOUNDS:
        return ""
    after = next((s for s in question.of_kind("P") if s.start == run[-1] + 1 or s.end == run[0]), None)
    return question.words(after) if after else ""


COUNTING = frozenset({"query", "compare", "forecast", "alert"})
"""Readings whose number a word right before it changes."""
REVERSING = (
    "lose",
    "losing",
    "lost",
    "cancel",
    "return",
    "refund",
    "churn",
    "abandon",
    "expir",
    "reject",
    "quit",
    "overdue",
    "unpaid",
)
"""Beginnings of words that turn a count into another one."""


def narrows(question: Question, run: Sequence[int]) -> bool:
    """Whether words say which of a count are meant: "cancelled orders", "orders that were cancelled"."""
    if all(stem(question.tokens[i].word) in accounted("harmless_modifiers") for i in run):
        return False
    kinds = {i: s.kind for s in question.symbols for i in range(s.start, s.end)}
    after, before = run[-1] + 1, run[0] - 1
    if kinds.get(after) in ("M", "A", "D"):
        return True
    while before >= 0 and question.tokens[before].word in WHICH_WERE:
        before -= 1
    return before < run[0] - 1 and kinds.get(before) in ("M", "A", "D")


WHICH_WERE = frozenset({"that", "which", "who", "were", "was", "are", "is", "been", "have", "has", "had", "got", "get"})


def _cannot_tell(question: Question, run: Sequence[int], text: str) -> str:
    named = next((s for s in question.symbols if s.kind in "MAD" and s.start == run[-1] + 1), None)
    named = named or next((s for s in reversed(question.symbols) if s.kind in "MAD" and s.end <= run[0]), None)
    what = question.words(named) if named else "numbers"
    return (
        f"There is nothing in your data that tells “{text}” {what} from the others, so I cannot count them. "
        f"I can answer about {what} as a whole, or by what they can be split by."
    )
