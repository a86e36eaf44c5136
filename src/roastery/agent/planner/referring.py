"""What the pronouns and ordinals of a follow-up stand for: "his", "there", "the second one", "the other one".

A reference is resolved by what the thread holds: names it is narrowed to, names it set side by side, rows of its last
answer in their order. Where none of these answers to it, the question is asked back; a reference is never passed over,
since the number without it is another number.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from roastery.agent.planner.assumed import OF_BEFORE, read_as
from roastery.agent.planner.carrying_names import OTHERS
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.meanings import PLACES
from roastery.agent.planner.question import Question
from roastery.agent.planner.ranking import LESS_IS_BETTER
from roastery.agent.planner.reading import NO_VALUES, PLAIN, Filter, Reading, reading_json
from roastery.agent.planner.tokens import phrase
from roastery.agent.render import name_text, value_name

LOOKED_BACK = 5
WITHOUT = (
    r"(?:without|excluding|except(?: for)?|minus|other than|not counting|leaving out|leave out|drop|exclude|take out)"
)
PERSON = r"(?:him|his|he|hers?|she)"
PLACE = (
    r"(?<!hi )(?<!hello )(?<!hey )(?<!is )(?<!are )(?<!was )(?<!were )(?<!be )(?<!been )"
    r"(?:(?:in|at|from|over|out|of|on) )?there(?! (?:is|are|was|were|any|a|be|been|has|have)(?: |$))"
)
ORDINALS = {
    "first": 0, "1st": 0, "top": 0, "second": 1, "2nd": 1, "third": 2, "3rd": 2, "fourth": 3, "4th": 3,
    "fifth": 4, "5th": 4, "former": 0, "latter": -1, "bottom": -1, "last": -1,
}  # fmt: skip
NTH = "|".join(ORDINALS)
BEST = r"best|highest|biggest|largest|strongest|leading|most expensive|priciest|dearest"
WORST = r"worst|lowest|smallest|weakest|poorest|cheapest|least expensive"
ROW = (
    rf"(?:the |that |this |your )*(?P<nth>{NTH}|{BEST}|{WORST})"
    rf"(?: (?:one|row|line|item|entry)(?: (?:on|in|of) (?:the|that|your) (?:list|table))?| of (?:them|these|those))"
    rf"|(?:the |that )(?P<pair>former|latter)"
    r"|(?:number|no \.|no|nr|#) (?P<n>N\d+)"
)
WHICH = r"(?:which|what|who)(?: \w+){0,2} (?:is|was|are|were|comes?|came)(?: \w+){0,2}? (?:the )?"
OTHER = r"(?:the )?other (?:one|place|[a-z]+)(?= |$)(?! of)"


def referred(question: Question, heard: Reading, history: Sequence[Reading], lexicon: Lexicon) -> Reading:
    """What was heard, with the names that its references stand for; a question back where they stand for none."""
    recent = list(reversed(history[-LOOKED_BACK:]))
    if not recent:
        return heard
    if (others := _others(question, heard, recent)) is not heard:
        return others
    for resolve in (_person, _place, _row, _other):
        heard = resolve(question, heard, recent, lexicon)
        if heard.intent == "clarify":
            return heard
    return heard


SELLS = r".*(?:team|crew|colleagues|peers|mates|workers|body|everyone).*"


def _others(question: Question, heard: Reading, recent: Sequence[Reading]) -> Reading:
    """ "The other practices", "his two colleagues", "the rest of the team": split by what the thread is narrowed to."""
    found = next(question.find(OTHERS), None)
    before = next((r for r in recent if r.intent not in ("clarify", "refuse")), None)
    if found is None or before is None or heard.filters:
        return heard
    own = [f for f in before.filters if not f.metric and f.op == "in" and f.values != NO_VALUES]
    narrowed = [f.field for f in own]
    if found["else"] and own:
        return _all_but(question, heard, own)
    symbol = question[found["d"] or found["own"]] if found["d"] or found["own"] else None
    meant = {m.name for m in symbol.of.meanings} if symbol else set()
    if found["team"] and re.fullmatch(SELLS, found["team"]):
        meant = {"owner"}
    field = next((n for n in reversed(narrowed) if n in meant or (symbol is None and not meant)), None)
    if field is None or (found["own"] and field != "owner"):
        return heard
    question.used.update(question[n].index for n in re.findall(r"N\d+", found[0]))
    question.carried += [OTHERS, BESIDE_THEM]
    kept = tuple(d for d in heard.dimensions if d not in meant)
    return replace(heard, dimensions=(*kept, field), said=heard.said | {"dimensions"})


def _all_but(question: Question, heard: Reading, own: Sequence[Filter]) -> Reading:
    """ "And on everything else": all but the name that the thread is narrowed to last; "everywhere", but the place."""
    where = [f for f in own if f.field in PLACES] if question.says("everywhere else") else []
    last = (where or own)[-1]
    if where:
        heard = replace(heard, dimensions=(last.field,), said=heard.said | {"dimensions"})
    question.carried.append(OTHERS)
    question.understood(OTHERS)
    names = " and ".join(name_text(value_name(n)) for n in (last.labels or last.values)[:3])
    return _with(heard, replace(last, op="not_in"), f"“else” is all but {names}")


BESIDE_THEM = (
    r"(?:compare[ds]?|next to|beside|alongside|against|vs|versus|stack(?:s|ed)? up)"
    r"(?: (?:it|that|this|to|with|against))*"
)


def _with(heard: Reading, condition: Filter, note: str = "") -> Reading:
    said = heard.said | {"filters"}
    found = replace(heard, filters=(*heard.filters, condition), said=frozenset(said))
    return found.assuming(note) if note else found


def _narrowed(recent: Sequence[Reading], *fields: str) -> Filter | None:
    """The last name of a kind that the thread is or was narrowed to."""
    for reading in recent:
        for condition in reading.filters:
            if condition.field in fields and condition.op == "in" and not condition.metric:
                return condition
    return None


def _person(question: Question, heard: Reading, recent: Sequence[Reading], lexicon: Lexicon) -> Reading:
    """ "Her deals", "the team without him": whoever sells, of whom the thread speaks."""
    said = rf"(?P<out>{WITHOUT} )?(?P<who>{PERSON})"
    found = next(question.find(said), None) or next(question.find(said, question.plain), None)
    if found is None or any(f.field == "owner" for f in heard.filters):
        return heard
    one = _narrowed(recent, "owner")
    if one is not None and len(one.values) == 1:
        name = name_text((one.labels or one.values)[0])
        condition = replace(one, op="not_in" if found["out"] else "in")
        question.carried.append(rf"(?:(?:the )?(?:\w+ )?{WITHOUT} )?{PERSON}" if found["out"] else PERSON)
        return _with(heard, condition, read_as(found["who"], name))
    own = found["out"] or found["who"] in ("him", "hers")
    if own or question.has(r"(?:his|her) (?:[MAD]\d+|own )"):
        return Reading("clarify", message=f"Who is meant by “{found['who']}”? Give the name.", pending=_kept(recent))
    return heard


def _place(question: Question, heard: Reading, recent: Sequence[Reading], lexicon: Lexicon) -> Reading:
    """ "There", after a question that was refused or asked back: what that one named."""
    last = recent[0]
    if last.intent not in ("refuse", "clarify") or not question.has(PLACE):
        return heard
    own = [f for f in last.filters if not f.metric and f.op == "in"]
    taken = {f.field for f in heard.filters}
    if not own and not heard.filters and heard.metrics:
        return Reading("clarify", message="Where is “there”: which campaign, platform or place do you mean?")
    if len(own) != 1 or own[0].field in taken:
        return heard
    name = name_text(value_name((own[0].labels or own[0].values)[0]))
    question.carried.append(PLACE)
    return _with(heard, own[0], read_as("there", f"{name}, {OF_BEFORE}"))


def _row(question: Question, heard: Reading, recent: Sequence[Reading], lexicon: Lexicon) -> Reading:
    """ "The second one": of the names set side by side, or of the rows of the last answer."""
    found = next((m for m in question.find(ROW) if not question.has(WHICH + _word(m))), None)
    if found is None or heard.intent == "clarify":
        return heard
    before = next((r for r in recent if r.intent in PLAIN and r.metrics), None)
    if before is None or (recent[0].pending.get("slot") == "metric" and recent[0].pending.get("replaces")):
        return heard
    if found["n"]:
        at: int | None = int(str(question[found["n"]].of)) - 1 if str(question[found["n"]].of).isdigit() else None
        question.used.add(question[found["n"]].index)
    else:
        word = found["nth"] or found["pair"]
        at = ORDINALS[word] if word in ORDINALS else _end_of(word, before)
    said = re.sub(r"[A-Z]\d+", lambda m: question.words(question[m[0]]), found[0])
    rows = _said_beside(before) if found["pair"] else _in_order(before)
    if at is None or not rows or not -len(rows) <= at < len(rows):
        return _which(said, heard, before)
    question.carried.append(ROW)
    question.understood(r"former|latter")
    field, value = rows[at]
    label = _label(field, value, lexicon)
    if not label:
        return _which(said, heard, before)
    kept_dimensions = tuple(d for d in heard.dimensions if d != field)
    heard = replace(heard, order_by=None, limit=None, dimensions=kept_dimensions)
    gone = {"order", "limit"} | ({"dimensions"} if not kept_dimensions else set())
    heard = replace(heard, said=frozenset(heard.said - gone))
    return _with(heard, Filter(field, "in", (value,), False, (label,)), read_as(said, name_text(value_name(label))))


def _word(found: object) -> str:
    return str(found["nth"] or "") if found["nth"] else "$^"  # type: ignore[index]


def _end_of(word: str, before: Reading) -> int | None:
    """Where the best or the worst stands in a list that is sorted by what it is judged by."""
    if before.grain or not before.metrics:
        return None
    by, direction = before.order_by or (before.metrics[0], "desc")
    less = by in LESS_IS_BETTER
    high = {"best": not less, "strongest": not less, "leading": not less}.get(word)
    if high is None and word in ("worst", "weakest", "poorest"):
        high = less
    if high is None:
        high = word in BEST.split("|")
    if high == (direction == "desc"):
        return 0
    return None if before.limit else -1


def _in_order(before: Reading) -> list[tuple[str, str]]:
    """Names in the order in which they were shown, or said."""
    if before.rows:
        return [(field, value) for field, value in before.rows]
    return _said_beside(before) if not before.dimensions or len(before.focus) > 1 else []


def _said_beside(before: Reading) -> list[tuple[str, str]]:
    """Names that the question itself set side by side, in the order in which it said them."""
    several = [f for f in before.filters if not f.metric and f.op == "in" and len(f.values) > 1]
    if len(before.focus) > 1 and len({field for field, _ in before.focus}) == 1:
        return list(before.focus)
    return [(several[0].field, v) for v in several[0].values] if len(several) == 1 else []


def _which(said: str, heard: Reading, before: Reading) -> Reading:
    kept = replace(heard, intent="query") if heard.metrics else replace(before, grain=heard.grain or before.grain)
    return Reading(
        "clarify",
        message=f"Which one do you mean by “{said}”? Give its name.",
        pending={"slot": "value", "reading": reading_json(kept)},
    )


def _label(field: str, value: str, lexicon: Lexicon) -> str:
    """The name of an id, or '' where who asks has no such name to see."""
    return next((v.label for v in lexicon.vocabulary.values if (v.dimension, v.value) == (field, value)), "")


def _other(question: Question, heard: Reading, recent: Sequence[Reading], lexicon: Lexicon) -> Reading:
    """ "The other one", of two."""
    if not question.has(r"(?:the )?other (?:one|place)") or heard.filters:
        return heard
    before = next((r for r in recent if r.intent in PLAIN and r.metrics), None)
    narrowed = [f for f in before.filters if not f.metric and f.op == "in" and len(f.values) == 1] if before else []
    for condition in narrowed:
        known = [v for v in lexicon.vocabulary.values if v.dimension == condition.field and v.value not in NO_VALUES]
        if len(known) == 2 and condition.values[0] in {v.value for v in known}:
            other = next(v for v in known if v.value != condition.values[0])
            new = Filter(condition.field, "in", (other.value,), False, (other.label,))
            question.carried.append(r"other (?:one|place)")
            return _with(heard, new, read_as("the other", name_text(other.label)))
    if before is None:
        return heard
    return Reading(
        "clarify",
        message="Which other one do you mean? Give its name.",
        pending={"slot": "value", "reading": reading_json(before)},
    )


def _kept(recent: Sequence[Reading]) -> dict[str, object]:
    before = next((r for r in recent if r.intent in PLAIN and r.metrics), None)
    return {"slot": "value", "reading": reading_json(before)} if before else {}


MEANT_AS = r"(?:mean|meant|not (?:the )?D\d+(?: but)?|as) (?:the |a |an )*(?:\w+ ){0,2}?(?P<d>D\d+)"


def as_another_kind(question: Question, heard: Reading, before: Reading, lexicon: Lexicon) -> Filter | None:
    """ "I mean the ad campaign": the name that the thread is narrowed to, as one of that kind.

    Two kinds of things often share a name: a promotion and the campaign for it.
    """
    if heard.filters:
        return None
    for found in question.find(MEANT_AS):
        kinds = [m.name for m in question[found["d"]].of.meanings if m.kind == "dimension"]
        for condition in before.filters:
            if condition.metric or condition.op != "in" or len(condition.values) != 1 or condition.field in kinds:
                continue
            own = phrase((condition.labels or condition.values)[0])
            for value in lexicon.vocabulary.values:
                if value.dimension in kinds and phrase(value.label) == own:
                    return Filter(value.dimension, "in", (value.value,), False, (value.label,))
    return None
