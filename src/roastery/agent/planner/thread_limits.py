"""The limits of a follow-up: on which of the thread's numbers they are, and the one that is taken back.

"Only where that is over 40 €" is on the number named last, "only those over $100" on the one ranked by, "the ones that
went to more than 1000 people" on what is sent. A limit on something that the thread does not count stays unused,
so that it is asked about.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.limits import UNIT, is_money, left_out_below
from roastery.agent.planner.lists import function_words, word_set
from roastery.agent.planner.named import COMPARATORS, EXCLUDING
from roastery.agent.planner.question import Question, Symbol, number_value
from roastery.agent.planner.reading import Filter, Reading

EMAIL = word_set("email_metrics")
ANY_LIMIT = "|".join(said for _, said in COMPARATORS)
OPENS = (
    r"^(?:(?:and|so|ok|okay|now|then|only|just|which|who|what|anything|anyone|anybody|everything|all|any|whatever|show|list"
    r"|give|keep|me|us|the|those|these|ones?|that|it|they|of|are|is|was|were|there|with|where|at|from|[DV]\d+|has|have|got"
    r"|costs?|costing|want|i|them|please|,) )*"
    rf"(?:{ANY_LIMIT}) N\d+{UNIT}(?: (?:only|please|then|again|now|instead|\?|\.))*$"
)
"""A follow-up that is but a limit: "which are below 50", "anything over 8 quid"."""
LAST_NAMED = (
    r"(?:that|it|this|where (?:those|these|they))"
    r"(?: (?:is|are|was|were|comes?(?: out)?|came|costs?|gets?|goes|went|stays?|stayed|runs?|ran|at|to))*"
)
"""What stands for the number named last; "those" are rows."""
PEOPLE = r"(?:people|persons?|recipients?|subscribers?|contacts?|addresses|readers?|inboxes|mailboxes)"
REACHES = r"(?:went|sent|mailed|going|delivered|reached|reaching)(?: out)?(?: to)?"
TAKEN_BACK = (
    rf"(?:{EXCLUDING}|remove|lift|undo|clear|cancel|skip)(?: about)? (?:(?:the|that|this|my) )*"
    r"(?:(?P<n>N\d+)|limits?|thresholds?|minimum|maximum|cap|floor|cut ?off)(?: (?:limit|threshold|thing|cap"
    r"|minimum|rule"
    r"|cut ?off))?(?= |$)"
)
NARROWS = rf"^(?:(?:and|now|ok|but|please|then|,) )*(?:{EXCLUDING}|only|just|keep|show|list|with) .*"


def only_limits(question: Question, heard: Reading, before: Reading) -> bool:
    """Whether a question names nothing but a limit, or takes one back."""
    fields = {f.field for f in heard.filters if f.metric}
    if heard.metrics and fields.issuperset(heard.metrics):
        return "period" not in heard.said and question.has(NARROWS)
    return (not question.of_kind("M") and question.has(OPENS)) or bool(_taken_back(question, before)[0])


def without_limit(question: Question, before: Reading) -> Reading:
    """The thread's reading without the limit that the question takes back: "forget the 8", "drop the limit"."""
    gone, numbers = _taken_back(question, before)
    if not gone:
        return before
    question.used |= numbers
    question.carried.append(TAKEN_BACK)
    return replace(before, filters=tuple(f for f in before.filters if f not in gone))


def _taken_back(question: Question, before: Reading) -> tuple[list[Filter], set[int]]:
    """The limits of the thread that a question takes back, and the numbers of it that say which."""
    limits = [f for f in before.filters if f.metric]
    gone: list[Filter] = []
    numbers: set[int] = set()
    for found in question.find(TAKEN_BACK) if limits else ():
        if not found["n"]:
            return limits, numbers
        symbol = question[found["n"]]
        value = format(number_value(str(symbol.of)), "f")
        if meant := [f for f in limits if value in f.values]:
            gone += meant
            numbers.add(symbol.index)
    return gone, numbers


def with_limits(question: Question, merged: Reading, lexicon: Lexicon) -> Reading:
    """The reading with the limits that the follow-up sets on the thread's numbers."""
    if not merged.metrics:
        return merged
    if any(f.field == "sends" and f.metric for f in merged.filters):
        question.carried += [rf"N\d+ {PEOPLE}"]
        question.understood(PEOPLE)
    for op, said in COMPARATORS:
        for found in question.find(rf"(?P<it>{LAST_NAMED} )?(?:{said}) (?P<n>N\d+)(?P<unit>{UNIT})"):
            symbol = question[found["n"]]
            if symbol.index in question.used:
                continue
            metric = _limited(question, merged, found, symbol, lexicon)
            if metric is None:
                continue
            question.used.add(symbol.index)
            question.carried.append(rf"N\d+{UNIT}")
            sign = left_out_below(question, op, found["n"])
            value = format(number_value(symbol.of), "f")
            merged = replace(merged, filters=(*merged.filters, Filter(metric, sign, (value,), True)))
            if sign != op or found["it"] or len(merged.metrics) > 1:
                question.carried.append(LAST_NAMED)
    return merged


def _limited(question: Question, merged: Reading, found: re.Match[str], symbol: Symbol, lexicon: Lexicon) -> str | None:
    """The metric that a limit is on, or None where it counts what the thread does not."""
    line = question.line
    after = line[found.end() :].split()
    if EMAIL.issuperset(merged.metrics) and (after[:1] and re.fullmatch(PEOPLE, after[0])):
        question.carried += [rf"(?:that |which )?{REACHES}", PEOPLE]
        question.understood(PEOPLE)
        return "sends" if "sends" in lexicon.vocabulary.metrics else None
    if after and after[0].isalpha() and after[0] not in function_words():
        return None
    money = is_money(str(symbol.of), found["unit"]) or _has_sign(question, symbol)
    fitting = list(_of_kind(merged.metrics, lexicon, money=money, rate=str(symbol.of).endswith("%"))) or merged.metrics
    if found["it"]:
        return fitting[-1]
    by = merged.order_by[0] if merged.order_by else ""
    return by if by in fitting else fitting[0]


def _of_kind(metrics: tuple[str, ...], lexicon: Lexicon, *, money: bool, rate: bool) -> Iterator[str]:
    """Those of several numbers that a limit in money, or in percent, can be on."""
    for name in metrics:
        term = lexicon.vocabulary.metrics.get(name)
        unit = term.unit if term else ""
        if (not money or unit == "money") and (not rate or unit in ("ratio", "rate", "percent")):
            yield name


def _has_sign(question: Question, symbol: Symbol) -> bool:
    """ "40 €": a sign after the number."""
    end = question.tokens[symbol.end - 1].end
    return bool(re.match(r"\s?[$€£]", question.text[end:]))
