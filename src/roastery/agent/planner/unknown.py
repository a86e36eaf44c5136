"""Words that nobody knows: in a place where they would change the numbers, they are asked about and never skipped."""

from collections.abc import Sequence
from dataclasses import replace

from roastery.agent.planner.guard import ABLE, OTHERS, PERSONAL, no_data_on
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.lists import word_set
from roastery.agent.planner.named import EXCLUDING, by_verb, plural
from roastery.agent.planner.question import Question
from roastery.agent.planner.reading import Reading, reading_json
from roastery.agent.planner.tokens import neighbours
from roastery.agent.render import name_text

_SPLITTING = word_set("splitting")
_NARROWING = word_set("narrowing")
_SKIPPED = word_set("articles")


def unknown_name(question: Question, reading: Reading, lexicon: Lexicon, *, strict: bool = True) -> Reading | None:
    """A question back about the first unknown word that matters, or None.

    strict: where no metric is named, any unknown word matters; else only one in the place of a name.
    """
    if metric := _made_of(question):
        return _no_such_metric(metric, reading, lexicon)
    for run in neighbours(question.unknown):
        place = _place(question, run, lexicon, strict=strict)
        if place is None:
            continue
        if other := _somebody_else(question, run):
            return other
        said = name_text(question.text[question.tokens[run[0]].start : question.tokens[run[-1]].end])
        if _is_what_is_asked(question, run) and not lexicon.nearest_values(said):
            return no_data_on(said)
        if strict and not reading.metrics and place != "named":
            return Reading("refuse", message=f"I could not find anything in your marketing data about “{said}”. {ABLE}")
        return _ask(said, place, question, reading, lexicon, _kind_beside(question, run))
    return None


def _is_what_is_asked(question: Question, run: Sequence[int]) -> bool:
    """ "How many miles did our trucks drive": what is counted is nothing known, and no number is named beside it."""
    if any(not by_verb(question, s) for s in (*question.of_kind("M"), *question.of_kind("A"))):
        return False
    before = [t.word for t in question.tokens[max(0, run[0] - 2) : run[0]]]
    return before[-1:] in (["what"], ["which"]) or before in (["how", "many"], ["how", "much"])


PERSONS = frozenset(
    [
        "customer",
        "patient",
        "client",
        "guest",
        "member",
        "subscriber",
        "homeowner",
        "lead",
        "user",
        "mr",
        "ms",
        "mrs",
        "dr",
    ]
)
DOES = frozenset(["did", "does", "do", "is", "are", "was", "were", "has", "have"])


def _somebody_else(question: Question, run: Sequence[int]) -> Reading | None:
    """ "McDonald's sales", "what did EY spend": a name that is nobody here, of whom numbers are asked."""
    tokens = question.tokens
    kinds = {i: s.kind for s in question.symbols for i in range(s.start, s.end)}
    before = tokens[run[0] - 1].word if run[0] else ""
    after = run[-1] + 1
    named = tokens[run[0]].capital or len(run) > 1
    if before in PERSONS and (named or before in ("mr", "ms", "mrs", "dr")):
        return Reading("refuse", message=PERSONAL)
    numbers = after < len(tokens) and (kinds.get(after) in ("M", "A") or tokens[after].word in BUSY)
    owned = tokens[run[-1]].text.lower().endswith(("'s", "’s", "s'", "s’"))
    if not numbers or not (owned or before in DOES):
        return None
    said = name_text(question.text[tokens[run[0]].start : tokens[run[-1]].end])
    return Reading("refuse", message=f"I find nothing called “{said}” in your data. {OTHERS}")


BUSY = frozenset(
    [
        "spend",
        "spending",
        "spent",
        "sell",
        "selling",
        "sold",
        "make",
        "making",
        "earn",
        "earning",
        "charge",
        "paying",
        "pay",
        "doing",
    ]
)


def _place(question: Question, run: Sequence[int], lexicon: Lexicon, *, strict: bool = True) -> str | None:
    """split, filter, named, or None where the word cannot matter."""
    tokens = question.tokens
    if any(tokens[i].quoted for i in run):
        return "named"
    kinds = {i: s.kind for s in question.symbols for i in range(s.start, s.end)}
    before = run[0] - 1
    while before >= 0 and tokens[before].word in _SKIPPED:
        before -= 1
    after = run[-1] + 1
    if before >= 0 and tokens[before].word in _SPLITTING:
        return "split"
    if before >= 0 and kinds.get(before) == "D":
        return "named"
    if after < len(tokens) and kinds.get(after) == "D":
        return "named"
    if before >= 0 and (tokens[before].word in _NARROWING or tokens[before].word in EXCLUDING):
        return "filter"
    if after < len(tokens) and kinds.get(after) in ("M", "A"):
        return "filter"
    if before >= 0 and kinds.get(before) in ("M", "A", "V") and not _verb(tokens[run[0]].word):
        return "filter"
    if any(tokens[i].capital and i > 0 and tokens[i - 1].word not in (".", "!", "?", ":") for i in run):
        return "filter"
    if strict and not question.of_kind("M") and not question.of_kind("A"):
        return "filter"
    return None


def _verb(word: str) -> bool:
    return word.endswith(("ed", "ing", "ly"))


def _kind_beside(question: Question, run: Sequence[int]) -> str | None:
    """ "The Karlson campaign", "campaign Karlson": the kind of thing that the unknown name is, where it is said."""
    beside = [s for s in question.of_kind("D") if s.end == run[0] or s.start == run[-1] + 1]
    return beside[0].of.first.name if beside else None


def _ask(
    said: str, place: str, question: Question, reading: Reading, lexicon: Lexicon, kind: str | None = None
) -> Reading:
    if place == "split":
        metric = reading.metrics[0] if reading.metrics else ""
        term = lexicon.vocabulary.metrics.get(metric)
        ways = sorted(term.dimensions) if term and term.dimensions else sorted(lexicon.vocabulary.dimensions)
        return Reading("refuse", message=f"I know no split by “{said}”. It can be split by: {', '.join(ways)}.")
    near = lexicon.nearest_values(said, kind)
    pending = {"slot": "value", "said": said, "reading": reading_json(replace(reading, intent="query"))}
    if near:
        return Reading(
            "clarify",
            message=f"I find nothing called “{said}” in your data. Did you mean {_either(near)}?",
            options=tuple(near),
            pending=pending,
        )
    kinds = sorted({v.dimension for v in lexicon.vocabulary.values})
    where = f" I looked among your {', '.join(plural(k) for k in kinds[:6])}." if kinds else ""
    return Reading(
        "clarify",
        message=(
            f"I find nothing called “{said}” in your data, so I cannot say which numbers you mean.{where} What "
            f"should I look at?"
        ),
        pending=pending,
    )


MAKES_ANOTHER = r"(?:rates?|scores?|index|ratio|value|velocity|elasticity|margin|percentage|days)"


def _made_of(question: Question) -> str:
    """ "Refund rate": such a word right after a metric's name makes another metric of it."""
    found = next(question.find(rf"(?P<m>[MA]\d+) (?P<word>{MAKES_ANOTHER})(?! [MA]\d+)"), None)
    if found is None or found["word"] == "percentage":
        return ""
    return f"{question.words(question[found['m']])} {found['word']}"


def _no_such_metric(metric: str, reading: Reading, lexicon: Lexicon) -> Reading:
    return Reading(
        "clarify",
        message=f"I know no metric called “{metric}”. Do you mean {_either(lexicon.nearest_metrics(metric))}?",
        options=tuple(lexicon.nearest_metrics(metric)),
        pending={
            "slot": "metric",
            "choices": {},
            "names": [],
            "replaces": None,
            "reading": reading_json(replace(reading, intent="query", metrics=())),
        },
    )


def _either(options: Sequence[str]) -> str:
    quoted = [f"“{name_text(o)}”" for o in options]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"
