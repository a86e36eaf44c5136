"""Metrics of a question, in the order in which they are named."""

from collections.abc import Sequence

from roastery.agent.planner.assumed import read_as
from roastery.agent.planner.claimed import BY_PLATFORM, claimed, conversions_named
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.meanings import Meaning
from roastery.agent.planner.named import Names, beside_old, qualifies_customers, title_of
from roastery.agent.planner.only_beside import (
    NET_OF,
    PERSONS,
    RATES,
    REVENUES,
    belongs_to_whole,
    beside_metric,
    is_taken_off,
    says_whose,
)
from roastery.agent.planner.paraphrases import said_widely
from roastery.agent.planner.quantities import of_asked_kind, with_rates
from roastery.agent.planner.question import Question, Symbol
from roastery.agent.planner.said_otherwise import by_its_head, on_a_plan, said_otherwise


def metrics_of(question: Question, lexicon: Lexicon) -> Names:
    """Metrics in the order in which they are named; one that follows "by" is what is ranked by."""
    metrics: list[str] = []
    assumptions: list[str] = []
    doubtful = missing = None
    order_metric = None
    weak = ""
    firm = bool(question.of_kind("M"))
    whole = any(s.of.first.composed for s in question.of_kind("M"))
    for symbol in question.symbols:
        if symbol.kind not in ("M", "A", "X"):
            continue
        meaning: Meaning = symbol.of.first
        if symbol.kind == "X":
            if meaning.name in NET_OF and is_taken_off(question, symbol):
                question.used.add(symbol.index)
                continue
            missing = missing or (symbol, meaning)
            continue
        name = meaning.name
        if whole and not meaning.composed and symbol.kind in "MA" and belongs_to_whole(question, symbol, metrics):
            question.used.add(symbol.index)
            continue
        if meaning.composed and name in PERSONS and RATES & {s.of.first.name for s in question.of_kind("M")}:
            question.used.add(symbol.index)
            continue
        if meaning.composed:
            name = _of_whom(question, name, lexicon)
            if name not in metrics:
                metrics.append(name)
            continue
        if name == "online_orders" and "online" in {v.value for v in lexicon.vocabulary.values}:
            question.used.add(symbol.index)
            name = "orders"
        if name == "spend" and _customers_spend(question, symbol):
            name = "revenue"
            question.used.add(symbol.index)
            assumptions.append("what customers spend is revenue")
        if symbol.kind == "A":
            if meaning.weak and question.has(rf"{symbol.name} (?:it|that|them|those|sure)"):
                continue
            if meaning.weak and question.has(BY_PLATFORM) and conversions_named(question):
                # "Conversions that the platforms say they made": the verb is theirs.
                question.used.add(symbol.index)
                continue
            asked_too = question.has(
                r"(?:and|,) (?:what|how much)(?: (?:did|does|do|has|have|had))? (?:it|they|that|this|we|those)"
                rf" {symbol.name}"
            )
            apart = meaning.weak and question.has(rf"and (?:for )?{symbol.name}(?! M\d+)")
            if (
                firm
                and not asked_too
                and not (apart and question.words(symbol).lower().startswith(("for how much", "how much")))
                and (meaning.weak or beside_metric(question, symbol))
            ):
                question.used.add(symbol.index)
                weak = weak or name
                continue
            if "reported_conversions" in meaning.readings and question.has(BY_PLATFORM):
                metrics.append("reported_conversions")
                continue
            if meaning.ask:
                doubtful = doubtful or (symbol, meaning)
            said = question.words(symbol)
            if said.lower().replace(" ", "_") != name and not meaning.weak:
                assumptions.append(read_as(said, title_of(lexicon, name)))
        elif name == "new_customers" and (qualifies_customers(question, symbol) or beside_old(question, symbol)):
            question.used.add(symbol.index)
            continue
        elif name in NET_OF and is_taken_off(question, symbol) and "revenue" in lexicon.vocabulary.metrics:
            if "revenue" not in metrics and not any(s.of.first.name in REVENUES for s in question.of_kind("M")):
                metrics.append("revenue")
            assumptions.append(
                f"{title_of(lexicon, 'revenue')} is after refunds and discounts and without tax and shipping"
            )
            question.used.add(symbol.index)
            continue
        elif says_whose(question, symbol, metrics):
            question.used.add(symbol.index)
            continue
        elif name == "customers" and "new_customers" in lexicon.vocabulary.metrics and _acquired(question):
            name = "new_customers"
        name = _of_whom(question, name, lexicon)
        if _is_bare_by(question, symbol):
            order_metric = order_metric or name
        if name not in metrics:
            metrics.append(name)
    if weak and not metrics:
        # "What did we invoice to enterprise clients": the clients only say whose.
        metrics = [weak]
    metrics += by_its_head(question, metrics, lexicon)
    if "spend" not in metrics and metrics and "spend" in lexicon.vocabulary.metrics and question.has(PAID_IN_A_LIST):
        metrics.insert(0, "spend")
    if of_two_periods(question, metrics) and "retention_rate" in lexicon.vocabulary.metrics:
        question.used.update(s.index for s in question.symbols if s.kind in "MA")
        return Names(metrics=("retention_rate",), assumptions=tuple(assumptions))
    said = list(metrics)
    metrics = on_a_plan(question, metrics, lexicon)
    if any(s.of.first.composed for s in question.of_kind("M")):
        metrics = with_rates(question, claimed(question, metrics, lexicon) or metrics, lexicon)
        return Names(metrics=tuple(metrics), assumptions=tuple(assumptions), missing=missing, order_metric=order_metric)
    metrics = said_otherwise(question, metrics, lexicon)
    metrics = claimed(question, metrics, lexicon) or metrics
    metrics = with_rates(question, of_asked_kind(question, metrics, lexicon), lexicon)
    if metrics != said:
        question.used.update(s.index for s in question.symbols if s.kind in ("M", "A"))
    if metrics == ["roas"] and question.says("(?:show|give|see|tell)(?: me| us)? both"):
        # "Did it bring in more than it cost? Show both."
        metrics = [m for m in ("roas", "attributed_revenue", "spend") if m in lexicon.vocabulary.metrics]
    if wide := said_widely(question.plain, lexicon.vocabulary.metrics):
        metrics = of_asked_kind(question, [wide[0]], lexicon)
        question.understood(wide[1])
        question.used.update(s.index for s in question.symbols if s.kind in ("M", "A"))
        doubtful = missing = None
    if order_metric in metrics:
        metrics = [order_metric, *(m for m in metrics if m != order_metric)]
    return Names(
        metrics=tuple(metrics),
        assumptions=tuple(assumptions),
        doubtful=doubtful,
        missing=missing,
        order_metric=order_metric,
    )


CAME_BACK = (
    r"(?:share|percent\w*|pct|proportion|fraction|part|how many) .*"
    r"(?:(?:c[ao]me|coming|were|was|are|is|shopped|ordered|bought|returned)(?: also)? (?:here )?(?:again|back|too|also)"
    r"|also (?:here|there|bought|ordered|came|in)|returned|stayed|still"
    r"|(?:show|showed|shown|turn|turned|pop|popped) up(?: \w+)? (?:again|too|also)"
    r"|(?:visited|ate|dined|booked|ordered|bought|shopped) (?:\w+ )?(?:again|too|also))(?: .*)?"
)
OF_TWO = frozenset({"repeat_rate", "retention_rate", "customers", "active_customers"})


def of_two_periods(question: Question, metrics: Sequence[str]) -> bool:
    """ "What share of September's guests came back in October": who came in one period and in the next."""
    spans = sorted((s.of.days for s in question.of_kind("P") if s.of.days is not None), key=lambda d: d.start)
    if len(spans) != 2 or not metrics or not OF_TWO.issuperset(metrics) or not question.says(CAME_BACK):
        return False
    return bool(spans[0].end == spans[1].start and spans[0].unit == spans[1].unit)


PAID_IN_A_LIST = (
    r"(?:what|how much) (?:did )?we (?:paid|pay|spent|spend)(?: out| for it)? (?:,|;|and|plus) (?:.* )?M\d+(?: .*)?"
)
"""One item of a list of numbers: "what we paid, clicks, price of a click"."""


ONLY_PAID = (
    r"(?:paid only|only paid|on paid|paid(?= M\d+)"
    r"|(?:from|of|to|for|counting|credited to|through|via|by) (?:only |just )?paid"
    r"(?: (?:ads?|media|channels?|only|marketing|campaigns))*)"
)


def _of_whom(question: Question, name: str, lexicon: Lexicon) -> str:
    """ "CAC of paid media only" is another number than CAC."""
    if name == "cac" and "paid_cac" in lexicon.vocabulary.metrics and question.says(ONLY_PAID):
        question.understood("only|counting|credited")
        return "paid_cac"
    return name


def _customers_spend(question: Question, symbol: Symbol) -> bool:
    """ "How much did new guests spend": their spending is the company's revenue."""
    if question.words(symbol).lower() not in ("spend", "spent", "spending"):
        return False
    for before in question.symbols:
        if question.has(rf"{before.name} (?:have |has |did )?{symbol.name}") and before.index != symbol.index:
            return (
                any(
                    m.name in PERSONS
                    or (m.kind == "value" and m.name in ("segment", "customer_type", "customer_stage"))
                    for m in before.of.meanings
                )
                if before.kind in "MV"
                else False
            )
    return False


def _acquired(question: Question) -> bool:
    return question.has(r"(?:acquire[sd]?|acquiring|gain(?:ed)?|won|win|sign(?:ed)? up|bring in|brought in|add(?:ed)?)")


def _is_bare_by(question: Question, symbol: Symbol) -> bool:
    """ "By revenue", "sorted by ROAS", "in terms of spend"."""
    return question.has(
        rf"(?:by|on|ranked on|in terms of|based on|according to|measured by|sort(?:ed)? (?:by|on)|order(?:ed)? by"
        rf"|judged by)"
        rf" (?:the |their |its |total |highest |lowest |most |least |best |worst )*{symbol.name}"
    ) and not question.has(rf"(?:window|depend(?:s|ing)?|impact|effect|spend) on {symbol.name}")
