"""The last two questions of a thread as one: "compare them", "cost per booking of both", "put the two side by side"."""

from collections.abc import Sequence
from dataclasses import replace

from roastery.agent.planner.carrying_on import merged_with
from roastery.agent.planner.dates import Days
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.patterns import pattern
from roastery.agent.planner.question import Question
from roastery.agent.planner.reading import PLAIN, Filter, Intent, Reading

_TWO = r"(?:the|these|those) (?:two|2|N\d+)"
KIND_OF_BOTH = rf"(?:both|{_TWO})(?: of)?(?: the| our)? (?P<d>D\d+)"
OF_BOTH = rf"(?:of|for|in|from|at|on|by) (?:both|{_TWO}|each of (?:them|{_TWO}))(?: of them)?"
SUMMED = "together(?! (?:with|in))|combined|total|in total|altogether|summed|added up"
CREDITED = frozenset({"revenue", "attributed_revenue", "orders", "attributed_orders"})
"""What one tool credits under several models at once; other numbers are asked once a model."""
USUAL = "last_non_direct"


def together(question: Question, heard: Reading, history: Sequence[Reading], lexicon: Lexicon) -> Reading | None:
    """The reading of both, or None where the words ask for no two or the two differ in more than one part."""
    if not (question.says(pattern("both_of_them")) or question.has(OF_BOTH)):
        return None
    kinds = {question[m["d"]].index for m in question.find(KIND_OF_BOTH)}
    if "filters" in heard.said or len(question.of_kind("M")) > 1:
        return None
    if "dimensions" in heard.said and not {s.index for s in question.of_kind("D")} <= kinds:
        return None
    if kinds:
        question.used |= kinds
        heard = replace(heard, dimensions=(), said=heard.said - {"dimensions"})
    answered = _answered(history)[-2:]
    if len(answered) < 2 or any(_is_of_both(f, answered[0]) for f in answered[1].filters):
        return None
    names = question.has(OF_BOTH) or bool(kinds)
    first = next((r for r in reversed(_answered(history)[:-1]) if _other_name(r, answered[1])), None) if names else None
    both = _both(first or answered[0], answered[1], question)
    if both is None:
        return None
    question.used.update(question[m["n"]].index for m in question.find(r"(?:the|these|those) (?P<n>N\d+)"))
    both = replace(both, assumptions=(), rows=())
    parts = heard.said & {"metrics", "period", "grain"}
    return merged_with(question, heard, both, lexicon) if parts and both.intent in PLAIN else both


def _is_of_both(condition: Filter, first: Reading) -> bool:
    """Whether a question was about two names already, and not about one name that several things bear."""
    own = next((f.values for f in first.filters if f.field == condition.field and f.op == "in"), ())
    return condition.op == "in" and not condition.metric and len(condition.values) > 1 and own != condition.values


def _answered(history: Sequence[Reading]) -> list[Reading]:
    return [r for r in history if r.intent in (*PLAIN, "attribution", "models")]


def _other_name(first: Reading, last: Reading) -> bool:
    """Whether two questions were about two names of one kind: "for both" are those, whatever else was asked since."""
    own = {f.field: f.values for f in last.filters if f.op == "in" and not f.metric}
    return any(f.op == "in" and f.field in own and not set(f.values) & set(own[f.field]) for f in first.filters)


def _both(first: Reading, last: Reading, question: Question) -> Reading | None:
    for condition in last.filters:
        other = next((f for f in first.filters if (f.field, f.op, f.metric) == (condition.field, "in", False)), None)
        if other is None or condition.op != "in" or set(other.values) == set(condition.values):
            continue
        values = tuple(dict.fromkeys((*other.values, *condition.values)))
        labels = tuple(dict.fromkeys((*other.labels, *condition.labels)))
        both = replace(condition, values=values, labels=labels)
        filters = tuple(both if f is condition else f for f in last.filters)
        dims = last.dimensions
        if not question.says(SUMMED):
            dims = tuple(dict.fromkeys((*dims, condition.field)))
        focus = tuple((condition.field, v) for v in values)
        return replace(last, filters=filters, dimensions=dims, focus=focus, intent="query", compare=None)
    same = (first.filters, first.dimensions, first.intent) == (last.filters, last.dimensions, last.intent)
    if not same:
        return None
    if (first.attribution_model or USUAL) != (last.attribution_model or USUAL) and first.period == last.period:
        models = (first.attribution_model or USUAL, last.attribution_model or USUAL)
        intent: Intent = "models" if {*last.metrics} <= CREDITED else last.intent
        return replace(last, intent=intent, models=models, attribution_model=None, order_by=None, limit=None)
    if last.intent not in PLAIN:
        return None
    if first.metrics != last.metrics and first.period == last.period:
        return replace(last, metrics=tuple(dict.fromkeys((*first.metrics, *last.metrics))))
    return _two_periods(first, last)


def _two_periods(first: Reading, last: Reading) -> Reading | None:
    """The later of two periods against the earlier one."""
    if first.metrics != last.metrics or not isinstance(first.period, Days) or not isinstance(last.period, Days):
        return None
    if first.period == last.period or last.compare is not None or last.grain:
        return None
    earlier, later = sorted((first.period, last.period), key=lambda d: d.start)
    return replace(last, period=later, compare=earlier, intent="compare", order_by=None, limit=None)
