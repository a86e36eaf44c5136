"""Splits and conditions that a metric cannot carry, refused with those that it can."""

from roastery.agent.planner.doubts import metric_title
from roastery.agent.planner.guard import ABLE
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.only_beside import SUBSCRIBED
from roastery.agent.planner.question import Question, Symbol, number_value
from roastery.agent.planner.reading import Reading

SHOWN = 12
CLOCK = (
    r"(?:before|after|between|at|around|until|by|from|since|past) (?:noon|midnight|midday|dawn|lunch(?:time)?"
    r"|dinner|breakfast"
    r"|(?:N\d+|\d+) ?(?:am|pm)|\d+(?:am|pm))|during (?:lunch|dinner|breakfast|the (?:night|morning|evening|afternoon))"
    r"|(?:at|by) night|in the (?:morning|evening|afternoon)s?|overnight|late night (?:orders|sales|revenue|M\d+)"
)
"""Times of day, which no metric knows."""


def impossible(question: Question, reading: Reading, lexicon: Lexicon) -> Reading | None:
    """The refusal for what a reading asks of a metric that cannot give it, or None."""
    if question.says(CLOCK):
        return Reading(
            "refuse", message=f"There is no split by hour here, only by day, week, month, quarter and year. {ABLE}"
        )
    each = bool(reading.limit and reading.grain and reading.dimensions)
    if each or (
        reading.limit
        and len(reading.dimensions) > 1
        and question.has(r"(?:in|for|within|of|per) (?:each|every) D\d+|per D\d+")
    ):
        return Reading(
            "refuse",
            message="I can rank over everything or for one name, not the first few within each. Name one of them"
            " to rank in it.",
        )
    return (
        _split(reading, lexicon)
        or _size_of_one(question, reading, lexicon)
        or _metric_as_condition(question, reading, lexicon)
    )


def _split(reading: Reading, lexicon: Lexicon) -> Reading | None:
    """ "Open rate by country": the metric has no such split; "refunds on gear": nor can it be narrowed to it."""
    known = lexicon.vocabulary.metrics
    asked = dict.fromkeys([*reading.dimensions, *(f.field for f in reading.filters if not f.metric)])
    for name in reading.metrics:
        term = known.get(name)
        if term is None or term.dimensions is None:
            continue
        for field in asked:
            if term.splits_by(field):
                continue
            how = "split by" if field in reading.dimensions else "narrowed to one"
            ways = sorted(d.replace("_", " ") for d in term.dimensions if d in lexicon.vocabulary.dimensions)
            can = f" It can be split by {', '.join(ways[:SHOWN])}." if ways else ""
            title = metric_title(name, lexicon)
            return Reading("refuse", message=f"{title} cannot be {how} {field.replace('_', ' ')} here.{can}")
    return None


def _size_of_one(question: Question, reading: Reading, lexicon: Lexicon) -> Reading | None:
    """ "How many orders were over $50": the sum is kept, not each order's own size."""
    known = lexicon.vocabulary.metrics
    for name in reading.metrics:
        term = known.get(name)
        if term is None or term.unit == "money":
            continue
        for symbol in question.of_kind("N"):
            if _limits_money(symbol, reading, lexicon):
                continue
            counted = question.has(rf"M\d+ (?:\w+ ){{0,3}}?(?:over|above|under|below|than|of|worth) {symbol.name}")
            if counted and str(symbol.of)[:1] in "$€£" and term.unit == "count":
                title = metric_title(name, lexicon)
                return Reading(
                    "refuse",
                    message=f"{title} cannot be counted by what each one was worth ({question.words(symbol)}). {ABLE}",
                )
    return None


def _limits_money(symbol: Symbol, reading: Reading, lexicon: Lexicon) -> bool:
    """ "Campaigns that cost over $900 and brought leads": the amount is a limit on what was spent."""
    value, known = format(number_value(str(symbol.of)), "f"), lexicon.vocabulary.metrics
    return any(
        f.metric and value in f.values and f.field in known and known[f.field].unit == "money" for f in reading.filters
    )


PEOPLE = frozenset({"active_subscriptions", "leads", "qualified_leads", "active_customers", "tickets"})


def _metric_as_condition(question: Question, reading: Reading, lexicon: Lexicon) -> Reading | None:
    """ "Orders from subscribers": who they came from is no second number, and orders do not tell it."""
    for symbol in question.of_kind("M"):
        of = symbol.of.first.name
        if of in PEOPLE and question.has(
            rf"[MA]\d+ (?:from|of|by|among|made by|placed by) (?:our |the |all )*{symbol.name}"
        ):
            first = next((m for m in reading.metrics if m != of), None)
            if of == "active_subscriptions" and first in SUBSCRIBED:
                continue
            if first is not None:
                title, who = metric_title(first, lexicon), question.words(symbol)
                return Reading("refuse", message=f"{title} cannot be told apart by “{who}” here. {ABLE}")
    return None
