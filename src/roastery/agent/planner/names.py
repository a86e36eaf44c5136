"""Metrics, splits and filters of a question, out of its line of symbols."""

from dataclasses import replace

from roastery.agent.planner.doubts import GOALS
from roastery.agent.planner.filters import filters_of
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.lists import word_set
from roastery.agent.planner.metrics import metrics_of
from roastery.agent.planner.named import Names, all_split_by, all_split_credited
from roastery.agent.planner.only_beside import SUBSCRIBED
from roastery.agent.planner.question import Question, Symbol
from roastery.agent.planner.ranking import BEST, HIGH, LOW, WORST


def names(question: Question, lexicon: Lexicon, metric: str | None = None) -> Names:
    """What a question names. metric: the number that it is for, in place of what its words would name."""
    found = metrics_of(question, lexicon)
    if metric is not None:
        question.used.update(s.index for s in question.symbols if s.kind in ("M", "A"))
        found = Names(metrics=(metric,), order_metric=metric if found.order_metric else None)
    named = filters_of(question, lexicon, _dimensions(question, found, lexicon))
    if other := _homonym(named, lexicon):
        question.used.update(s.index for s in question.of_kind("M") if s.of.first.name in HOMONYMS)
        return filters_of(question, lexicon, _dimensions(question, replace(found, metrics=other), lexicon))
    return named


MAILED = word_set("email_metrics")
HOMONYMS = {"sessions": "completed_appointments"}
"""A word for two things: sessions on the site, and sessions with a patient."""


def _homonym(found: Names, lexicon: Lexicon) -> tuple[str, ...] | None:
    """The metrics with the other meaning of a word, where the first cannot be split or narrowed as asked."""
    fields = {*found.dimensions, *(f.field for f in found.filters if not f.metric)}
    known = lexicon.vocabulary.metrics
    for metric, other in HOMONYMS.items():
        if not fields or metric not in found.metrics or not known.keys() >= {metric, other}:
            continue
        if not all(known[metric].splits_by(f) for f in fields) and all(known[other].splits_by(f) for f in fields):
            return tuple(other if m == metric else m for m in found.metrics)
    return None


def _dimensions(question: Question, found: Names, lexicon: Lexicon) -> Names:
    dims: list[str] = []
    notes: list[str] = []
    several: list[Symbol] = []
    for symbol in question.of_kind("D"):
        name = symbol.of.first.name
        if (
            _belongs_to_value(question, symbol, lexicon)
            or _is_made(question, symbol)
            or _only_says_of_what(question, symbol, found)
            or (question.words(symbol).lower() in GOALS and question.has(rf"[MA]\d+ {symbol.name}"))
            or _is_total(question, symbol)
            or _only_says_where(question, symbol)
            or not _splits(question, symbol)
            or _says_no_split(question, symbol, found, lexicon)
        ):
            question.used.add(symbol.index)
            continue
        several.append(symbol)
        if other := _akin(name, found, lexicon):
            notes.append(f"{name.replace('_', ' ')} is read as {other.replace('_', ' ')}, by which this is kept")
            name = other
        if name not in dims:
            dims.append(name)
    dims += [d for d in _within_metrics(question, lexicon) if d not in dims]
    if not dims and (origin := _by_origin(question, found, lexicon)):
        dims.append(origin)
    if unnamed := _asked_without_name(question, found, dims, lexicon):
        dims.append(unnamed)
    if not dims and question.says(r"(?:per|by|for each) (?:person|head|colleague|one of us)|(?:who|which) of us"):
        dims += ["owner"] if DEALS.issuperset(found.metrics) and all_split_by(lexicon, found, "owner") else []
        question.understood("person|head|colleague|us")
    if unnamed := _mails_one_by_one(question, found, dims, lexicon):
        dims.append(unnamed)
    return replace(found, dimensions=tuple(dims), several=tuple(several), assumptions=(*found.assumptions, *notes))


def _only_says_of_what(question: Question, symbol: Symbol, found: Names) -> bool:
    """ "Churn rate of the retainers", "run rate of our memberships": what a number of subscriptions is of."""
    if symbol.of.first.name != "plan" or not found.metrics or not SUBSCRIBED.issuperset(found.metrics):
        return False
    of = rf"(?:of|from|on|for|in) (?:the |our |all )*{symbol.name}"
    return question.has(of) and question.words(symbol).lower() in ("memberships", "retainers", "plans", "subscriptions")


def _is_made(question: Question, symbol: Symbol) -> bool:
    """ "What we paid for making the creatives, by type": what is made is no split where another is asked for."""
    made = rf"[MA]\d+ (?:of |for |making |producing )*(?:the |our |all )+{symbol.name}"
    other = any(question.has(rf"(?:by|per|each|every) (?:the )?{d.name}") for d in question.of_kind("D") if d != symbol)
    return other and question.has(made)


DEALS = frozenset(["deals_won", "deals_closed", "win_rate", "pipeline_value", "sales_cycle_days", "opportunities"])
"""Numbers of sales people: "per person" is each of these."""
AKIN = {"service": ("product", "category"), "product": ("service",), "service_area": ("location", "region")}
"""Kinds of which one stands for the other where a number is kept by one of them only."""


def _akin(name: str, found: Names, lexicon: Lexicon) -> str | None:
    if not found.metrics or all_split_by(lexicon, found, name) or all_split_credited(lexicon, found, name):
        return None
    there = {v.dimension for v in lexicon.vocabulary.values}
    return next((d for d in AKIN.get(name, ()) if d in there and all_split_by(lexicon, found, d)), None)


def _says_no_split(question: Question, symbol: Symbol, found: Names, lexicon: Lexicon) -> bool:
    """ "Site conversion rate", "shop visits", "churn rate of the retainers": a thing said beside a number that is not
    kept by it, and that no word asks to see one by one, only says what the number is about."""
    name = symbol.of.first.name
    if not found.metrics or all_split_by(lexicon, found, name) or all_split_credited(lexicon, found, name):
        return False
    one = rf"(?:{ASKS_FOR_EACH}) {OF}*{symbol.name}|{symbol.name} (?:by|breakdown|split|wise|level|comparison|ranking)"
    if "creation_cost" in found.metrics and name == "asset":
        return False
    beside = rf"{symbol.name} [MA]\d+|(?:of|on|for|in) (?:the |our |all )*{symbol.name}"
    return question.has(beside) and not question.has(one)


MAILS = r"(?:which|what|whose) (?:of (?:our|the|these|those) )?(?:e?mails?|newsletters?|mailings?|messages?|sends)"


def _mails_one_by_one(question: Question, found: Names, dims: list[str], lexicon: Lexicon) -> str | None:
    """ "Which of our mails do people open": mails are campaigns."""
    if dims or not found.metrics or not MAILED.issuperset(found.metrics) or not question.says(MAILS):
        return None
    return "campaign" if all_split_by(lexicon, found, "campaign") else None


def _within_metrics(question: Question, lexicon: Lexicon) -> list[str]:
    """ "Spend by location" is a metric of its own, and split by location all the same."""
    found = []
    for symbol in question.of_kind("M"):
        _, by, kind = question.words(symbol).lower().partition(" by ")
        found += [d for d in lexicon.vocabulary.dimensions if by and d.replace("_", " ") == kind.rstrip("s")]
    return found


WITHOUT_NAME = (
    ("owner", r"^(?:and |so )?(?:who|whose)"),
    ("location", r"^(?:and |so )?where (?!should|to|can|could|would)"),
    (
        "product",
        r"(?:what|which) (?:\w+ )?(?:sells?|sold|is selling|was ordered|gets? ordered|do (?:people"
        r"|they|customers|guests) (?:buy|order))",
    ),
)
"""Kinds that a question word stands for: who (sold), where, what (sells best)."""


ORIGIN = (
    r"(?:by |per )?where (?:did |do |does |are |is |were |have |has )?(?:they|these|those|them|it|most|(?:the "
    r"|our |all |new |most |of )*(?:[MA]\d+|people|customers|clients|patients|guests|visitors|buyers|shoppers))? ?"
    r"(?:come|comes|coming|came|originate[sd]?)(?: from)?|(?:by|per) (?:origin|source|how (?:they|people) found us)"
)
"""Words that ask for the channel without naming it."""


def _by_origin(question: Question, found: Names, lexicon: Lexicon) -> str | None:
    if not question.has(ORIGIN):
        return None
    question.understood("where|origin|source")
    ways = ("channel", "platform")
    if not found.metrics:
        return ways[0]
    return next((d for d in ways if all_split_by(lexicon, found, d) or all_split_credited(lexicon, found, d)), None)


def _asked_without_name(question: Question, found: Names, dims: list[str], lexicon: Lexicon) -> str | None:
    if dims or not (_is_ranked(question) or question.has(r"^(?:and |so )?who")):
        return None
    if found.metrics == ("units_sold",) and question.has(rf"(?:{BEST}|{WORST}|{HIGH}|{LOW}) [MA]\d+ V\d+"):
        # "The worst selling shake": a product of that category.
        kinds = {m.name for s in question.of_kind("V") for m in s.of.meanings}
        if "category" in kinds and all_split_by(lexicon, found, "product"):
            return "product"
    if found.metrics and not question.of_kind("D") and question.has(rf"(?:{BEST}|{WORST}|{HIGH}|{LOW}) (?:N\d+ )?V\d+"):
        # "The top package by revenue": one of those that the category holds.
        kinds = {m.name for s in question.of_kind("V") for m in s.of.meanings if not s.of.partial}
        if kinds <= {"category", "product"} and "category" in kinds and all_split_by(lexicon, found, "product"):
            return "product"
    if found.metrics == ("page_views",) and question.says(r"(?:most|least|best|top) (?:\w+ )?(?:M\d+|\w+ pages)"):
        return "page"
    for dimension, said in WITHOUT_NAME:
        known = any(v.dimension == dimension for v in lexicon.vocabulary.values)
        splits = found.metrics and all_split_by(lexicon, found, dimension)
        if known and splits and question.says(said):
            return dimension
    return None


def _belongs_to_value(question: Question, symbol: Symbol, lexicon: Lexicon) -> bool:
    """ "The Spring Sale campaign", "campaign Spring Sale", "the email channel": the word only says what the name is."""
    name = symbol.of.first.name
    for value in question.of_kind("V"):
        kinds = {m.name for m in value.of.meanings}
        said = [question.tokens[i].word for i in range(value.start, value.end)]
        if name not in kinds and lexicon.containing(said, name):
            kinds = kinds | {name}
        where = r"(?:in|at|of|for|from|no|not|without|excluding|except|skip)"
        places = rf"{where} (?:the |our |all |any )*{value.name} {symbol.name}"
        if name == "location" and kinds & {"franchise", "region", "service_area", "country"} and question.has(places):
            return True
        if name == "workflow" and "campaign" in kinds and question.has(rf"{value.name} {symbol.name}"):
            return True
        if name not in kinds and not (
            name in ("campaign", "ad", "account", "platform", "channel", "country")
            and kinds & {"platform", "channel", "country"}
        ):
            continue
        before = question.has(
            rf"(?:campaigns?|{symbol.name}) (?:called |named |like |containing |with the name )?{value.name}"
        )
        singular = not question.words(symbol).lower().endswith("s") or name in kinds
        if name == "location" and question.has(rf"(?:in|at|of|for|from) (?:the |our |all )*{value.name} {symbol.name}"):
            return True
        if name in kinds and (question.has(rf"{value.name} {symbol.name}") or before):
            # "The spring sale campaigns" are several; "the Spring Sale campaign" is one.
            return not (value.of.partial and question.words(symbol).lower().endswith("s"))
        if name not in kinds and singular and question.has(rf"{value.name} {symbol.name}") and name != "campaign":
            return True
    return False


ASKS_FOR_EACH = (
    r"(?:by|per|each|every|any|which|what|whose|across|among|amongst|between|split|compare|comparing|rank|ranking|list|"
    r"different|various|individual|single|versus|vs|N\d+)"
)
OF = (
    r"(?:the |our |all |any |my |of |these |those |\w+ing |active |running |current |top |best "
    r"|worst |\w+est |most |least )"
)


def _splits(question: Question, symbol: Symbol) -> bool:
    """Whether a kind of thing is asked for one by one: "by store", "which stores", "store sales", "our top stores".

    "How many orders did our stores take", "spend on ads in our stores" and "the store" name no split.
    """
    name = symbol.name
    if question.has(rf"{ASKS_FOR_EACH} {OF}*{name}|{name} (?:by|breakdown|split|wise|level|comparison|ranking)"):
        return True
    if question.has(
        rf"(?:all|every|any|each) (?:of )?(?:the |our )*{name} (?:but|except|without|excluding|other than|minus)"
    ):
        return False
    if symbol.of.first.name == "cohort_month" and question.has(rf"P\d+ {name}"):
        # "The January cohort" is those who came in January.
        return False
    if question.has(rf"what (?:did|do|have) (?:our |the |all )*{name}") and not _is_ranked(question):
        return False
    plural_said = question.words(symbol).lower().endswith("s")
    how_many = rf"how (?:many|much) .*(?:did|do|does|have|has|had|were|was|are|is|in|at|from|via|through) {OF}*{name}"
    if question.has(how_many):
        return False
    if question.has(rf"(?:in|at|inside|within|into|via|through|from) {OF}*{name}") and not _is_ranked(question):
        return False
    if not plural_said:
        pointed = question.has(rf"(?:the|this|that|a|an|our|my|one|its|their) {name}")
        return not pointed or _is_ranked(question)
    return True


def _is_ranked(question: Question) -> bool:
    return question.has(rf"{BEST}|{WORST}|{HIGH}|{LOW}|fastest|slowest|strongest|weakest")


SORTED_BY = r"(?:ordered|sorted|ranked|listed) by"


def _only_says_where(question: Question, symbol: Symbol) -> bool:
    """ "Spend on ads", "what our ads cost": the word says what kind of money it is, not how to split it."""
    if question.words(symbol).lower() not in ("ads", "ad"):
        return False
    asked = question.has(
        rf"(?:by|per|each|every|which|what|top|best|worst|bottom|across) (?:\w+ |N\d+ )?{symbol.name}|{symbol.name} "
        rf"(?:with|by|that|which)|{symbol.name} (?:\S+ )*?{SORTED_BY}"
    )
    return not asked


def _is_total(question: Question, symbol: Symbol) -> bool:
    """ "Total spend across all platforms" is not split."""
    whole = (
        rf"all (?:of )?(?:the |our )*(?:V\d+ )?{symbol.name}(?: \S+){{0,4}}? (?:together|combined|in total"
        r"|altogether|summed)"
    )
    if question.has(whole):
        return True
    across = question.has(
        rf"(?:across|over|for|on|from|of|in) (?:all|every|the entire|all of|all the|all our|all of our|the whole) "
        rf"(?:of )?(?:the |our )?{symbol.name}"
    )
    return across and question.has(r"(?:total|overall|combined|altogether|blended|in total|sum|all together|together)")
