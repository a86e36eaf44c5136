"""What a question leaves unsaid: usual metrics, credited readings, trend, period; each assumption is a sentence."""

from dataclasses import replace

from roastery.agent.planner.assumed import OF_TWO_KINDS, RANKED_BY, usual_metric, usual_step
from roastery.agent.planner.doubts import metric_title
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.limits import reached_money
from roastery.agent.planner.lists import word_set
from roastery.agent.planner.named import CREDITED, OF_COHORTS
from roastery.agent.planner.patterns import pattern
from roastery.agent.planner.periods import TREND, default_period, trend_grain
from roastery.agent.planner.question import Question
from roastery.agent.planner.ranking import BEST, HIGH, LESS_IS_BETTER, LONG_LISTS, LOW, WORST, most_moved
from roastery.agent.planner.reading import NO_VALUES, Filter, Reading, reading_json

OVERVIEWS = (
    (("owner", "pipeline"), ("deals_won", "win_rate", "pipeline_value")),
    (("service",), ("bookings", "completed_appointments", "no_show_rate")),
    (("workflow",), ("workflow_completions", "workflow_completion_rate")),
    (("plan",), ("mrr", "active_subscriptions", "churn_rate")),
    (("keyword",), ("clicks", "ctr", "spend")),
    (("page",), ("page_views", "form_submissions")),
    (
        ("campaign", "platform", "channel", "ad_group", "ad", "account", "objective", "audience"),
        ("attributed_revenue", "spend", "roas", "cac"),
    ),
    (("product", "category"), ("revenue", "units_sold")),
    ((), ("revenue", "orders", "spend", "mer", "new_customers")),
)  # fmt: skip


def named_rows_only(reading: Reading) -> Reading:
    """ "The top five campaigns" are campaigns: the row of sales without one is no contender."""
    ranked = reading.limit is not None or reading.order_by is not None or any(f.metric for f in reading.filters)
    kept = reading.filters
    for dimension in reading.dimensions:
        if ranked and dimension in LONG_LISTS and not any(f.field == dimension for f in kept):
            kept = (*kept, Filter(dimension, "not_in", NO_VALUES))
    return replace(reading, filters=kept)


def with_metrics(question: Question, reading: Reading, lexicon: Lexicon) -> Reading:
    """The usual metrics for a question such as "how did Meta do?", said to be assumed."""
    if reading.metrics:
        return reading
    if limits := [f.field for f in reading.filters if f.metric]:
        said = ", ".join(metric_title(m, lexicon) for m in dict.fromkeys(limits))
        return replace(reading, metrics=tuple(dict.fromkeys(limits))).assuming(f"the amount is read as {said}")
    if "revenue" in lexicon.vocabulary.metrics and (limit := reached_money(question)):
        said = f"the amount is read as {metric_title('revenue', lexicon)}"
        return replace(reading, metrics=("revenue",), filters=(*reading.filters, limit)).assuming(said)
    if "revenue" in lexicon.vocabulary.metrics and question.says(MONEY_SPLIT):
        return replace(reading, metrics=("revenue",)).assuming(f"“money” is read as {metric_title('revenue', lexicon)}")
    named = reading.dimensions or reading.filters
    doing = question.has(pattern("doing"))
    doing = doing or most_moved(question) is not None
    if question.has(r"how (?:many|much) (?!.*(?:make|made|do))(?:\w+ ){0,2}V\d+"):
        # "How many app installs": what is counted has only the name of something else.
        return reading
    ranked_only = question.has(r"(?:best|worst|top|bottom)") and not (named or reading.grain)
    if (
        not doing
        or ranked_only
        or not (
            named
            or reading.period
            or reading.grain
            or reading.compare
            or question.has(r"(?:we|things|business|company|our|everything|store|shop|brand)")
        )
    ):
        return reading
    if which := _of_what_kind(question, reading):
        return which
    fields = {*reading.dimensions, *(f.field for f in reading.filters if not f.metric)}
    known = lexicon.vocabulary.metrics
    for about, metrics in OVERVIEWS:
        if about and not fields.intersection(about):
            continue
        usable = tuple(m for m in metrics if m in known and all(known[m].splits_by(f) for f in fields))
        if usable:
            by = usable[0]
            ending = "__change" if reading.order_by and reading.order_by[0].endswith("__change") else ""
            order = reading.order_by and (f"{by}{ending}", reading.order_by[1])
            said = ", ".join(metric_title(m, lexicon) for m in usable)
            filled = replace(reading, metrics=usable, order_by=order)
            if order is not None:
                return filled.assuming(f"{RANKED_BY}{metric_title(by, lexicon)}")
            return filled.assuming(usual_metric(said, several=True))
    return reading


def _of_what_kind(question: Question, reading: Reading) -> Reading | None:
    """ "How is Winter Ready looking", a campaign and a promotion: which of two, and which number, are both open."""
    if reading.period is not None or reading.dimensions or reading.grain or reading.order_by:
        return None
    found = next((m for a in reading.assumptions if (m := OF_TWO_KINDS.fullmatch(a))), None)
    if found is None or question.says(r"D\d+"):
        return None
    several = f"There are several {found['kinds']} called {found['said']}"
    two = f"{found['said']} stands for two kinds, {found['kind']} and {found['other']}"
    ask = "Which one do you mean, and which number of it: for example revenue, spend or ROAS?"
    kept = {"slot": "rest", "reading": reading_json(reading)}
    message = f"{several if found['kinds'] else two}. {ask}"
    return replace(reading, intent="clarify", message=message, pending=kept)


MONEY_SPLIT = (
    r"^(?:(?:the|our|all|show|give|me|us|please|pls|how|many|much|what|total|,) )*"
    r"(?:money|cash|euros?|dollars?|pounds?|bucks|quid)"
    r" (?:by|per|from|for each|split by|across)(?: .*)?"
    r"|^(?:the |our |all )*V\d+ (?:money|cash|dollars|euros|pounds)(?! (?:back|off|spent|paid|put|lost|went))(?: .*)?"
)
"""Money alone, told apart by something or from a name, is what came in."""


def with_whole(question: Question, reading: Reading, lexicon: Lexicon) -> Reading:
    """A share needs the whole beside the part: the named value becomes a row instead of a filter."""
    if not reading.share:
        return reading
    shown = {*reading.dimensions, *(f.field for f in reading.filters if not f.metric and f.op == "in")}
    # "Which portion was in person and not online": the rest is shown beside the part, not left out.
    kept = tuple(f for f in reading.filters if f.metric or f.op != "not_in" or f.field not in shown)
    reading = replace(reading, filters=kept)
    parts = [f for f in reading.filters if not f.metric and f.op == "in"]
    if parts and reading.dimensions and question.has(r"V\d+ shares? of(?: .*)?"):
        # "The online share of orders by region": the part is split beside the regions, not cut out of them.
        kept = tuple(f for f in reading.filters if f is not parts[0])
        focus = tuple((parts[0].field, v) for v in parts[0].values)
        return replace(reading, dimensions=(*reading.dimensions, parts[0].field), filters=kept, focus=focus)
    if not parts or reading.dimensions:
        return reading if reading.dimensions or parts else replace(reading, share=False)
    # "How much of our shake sales is pumpkin": the part is what comes last, the whole is narrowed to the first.
    part = parts[-1] if len(parts) > 1 and question.has(PART_OF_NAMED) else parts[0]
    kept = tuple(f for f in reading.filters if f is not part)
    return replace(reading, dimensions=(part.field,), filters=kept, focus=tuple((part.field, v) for v in part.values))


PART_OF_NAMED = (
    r"of (?:\S+ ){0,3}?V\d+ (?:\S+ ){0,5}?(?:is|are|was|were|from|by|went|goes|comes?|came|made?) (?:\S+ ){0,4}?V\d+"
)


def of_all(reading: Reading, lexicon: Lexicon) -> Reading:
    """ "Online vs counter vs phone", where there are no others: a split by all of them, and nothing is left out."""
    there: dict[str, set[str]] = {}
    for value in lexicon.vocabulary.values:
        there.setdefault(value.dimension, set()).add(value.value)

    def whole(condition: Filter) -> bool:
        known = there.get(condition.field, set())
        listed = condition.field in reading.dimensions and condition.op == "in" and not condition.metric
        return listed and len(known) > 2 and known <= set(condition.values)

    return replace(reading, filters=tuple(f for f in reading.filters if not whole(f)))


KIN = {"stage": "customer_stage", "customer_stage": "stage", "service": "product"}
"""Dimensions of the same name of which each metric has its own."""


def of_kin(reading: Reading, lexicon: Lexicon) -> Reading:
    """Patients "by stage of the funnel" stand in stages of their own."""
    known = [lexicon.vocabulary.metrics[m] for m in reading.metrics if m in lexicon.vocabulary.metrics]

    def own(dimension: str) -> str:
        kin = KIN.get(dimension, dimension)
        swap = known and not all(m.splits_by(dimension) for m in known) and all(m.splits_by(kin) for m in known)
        return kin if swap else dimension

    return replace(reading, dimensions=tuple(dict.fromkeys(own(d) for d in reading.dimensions)))


def credited(reading: Reading, lexicon: Lexicon) -> Reading:
    """Revenue "by platform" is the revenue credited to it; the answer says so."""
    fields = {*reading.dimensions, *(f.field for f in reading.filters if not f.metric)}
    known = lexicon.vocabulary.metrics
    swaps: dict[str, str] = {}
    for metric in reading.metrics:
        term, other = known.get(metric), CREDITED.get(metric, "")
        if (
            term
            and other in known
            and not all(term.splits_by(f) for f in fields)
            and all(known[other].splits_by(f) for f in fields)
        ):
            swaps[metric] = other
    if not swaps:
        return reading
    metrics = tuple(dict.fromkeys(swaps.get(m, m) for m in reading.metrics))
    by, _, ending = reading.order_by[0].partition("__") if reading.order_by else ("", "", "")
    by = swaps.get(by, by) + (f"__{ending}" if ending else "")
    order = reading.order_by and (by, reading.order_by[1])
    filters = tuple(replace(f, field=swaps.get(f.field, f.field)) if f.metric else f for f in reading.filters)
    notes = [
        f"{metric_title(m, lexicon)} split this way is {metric_title(o, lexicon)}"
        for m, o in swaps.items()
        if m not in reading.metrics or o not in reading.metrics
    ]
    return replace(reading, metrics=metrics, order_by=order, filters=filters).assuming(*notes)


OF_ASSETS = {"roas": "asset_roas", "spend": "asset_spend", "clicks": "asset_clicks", "impressions": "asset_impressions"}


EACH_CREATIVE = (
    r"(?:each|every|per|by|which|what|single) (?:single |of our |of the |our |ad )*(?:creatives?|assets?|visuals?)"
)


def of_assets(question: Question, reading: Reading, lexicon: Lexicon) -> Reading:
    """Return by kind of creative is that of the creatives themselves; "each creative" is a split in any case."""
    if (
        reading.dimensions in ((), ("asset",))
        and {"creation_cost", "creative_roi"} & set(reading.metrics)
        and question.says(EACH_CREATIVE)
    ):
        asked = {"revenue": "asset_revenue", "attributed_revenue": "asset_revenue"}
        metrics = tuple(dict.fromkeys(asked.get(m, m) for m in reading.metrics))
        reading = replace(reading, metrics=metrics, dimensions=("asset",), said=reading.said | {"dimensions"})
    summed = reading.metrics == ("creation_cost",) and not question.says(rf"{BEST}|{WORST}|{HIGH}|{LOW}")
    whose = reading.dimensions[:1] == ("asset",) and (summed or "asset_type" in reading.dimensions)
    if whose and not question.says(rf"{EACH_CREATIVE}|by (?:asset|creative)s?"):
        # "Paid to produce our creatives, by kind" says whose cost it is, and no split.
        reading = replace(reading, dimensions=reading.dimensions[1:], order_by=None)
    if not {"asset_type", "asset"} & set(reading.dimensions) or not OF_ASSETS.keys() & set(reading.metrics):
        return reading
    if not lexicon.vocabulary.metrics.keys() >= set(OF_ASSETS.values()):
        return reading
    metrics = tuple(OF_ASSETS.get(m, m) for m in reading.metrics)
    order = reading.order_by and (OF_ASSETS.get(reading.order_by[0], reading.order_by[0]), reading.order_by[1])
    said = ", ".join(metric_title(m, lexicon) for m in metrics if m in OF_ASSETS.values())
    return replace(reading, metrics=metrics, order_by=order).assuming(
        f"of creatives it is their own part of it: {said}"
    )


MAILED = word_set("email_metrics")
E_MAIL = frozenset({"klaviyo", "mailchimp", "constant_contact", "email"})
IN_EMAIL = {"ctr": "email_click_rate", "clicks": "email_clicks"}


def in_email(reading: Reading, lexicon: Lexicon) -> Reading:
    """The click rate of a mailing is that of e-mail: clicks of ads are something else."""
    about = [f for f in reading.filters if f.field in ("campaign", "platform", "channel") and f.op == "in"]
    of_mail = not about and bool(MAILED.intersection(reading.metrics))
    values = [v.partition(":")[0].partition("-")[0] for f in about for v in f.values]
    mailed = of_mail or (bool(values) and E_MAIL.issuperset(values))
    mailed = mailed or bool(MAILED.intersection(reading.metrics))
    swaps = {m: IN_EMAIL[m] for m in reading.metrics if m in IN_EMAIL and IN_EMAIL[m] in lexicon.vocabulary.metrics}
    if not mailed or not swaps:
        return reading
    order = reading.order_by and (swaps.get(reading.order_by[0], reading.order_by[0]), reading.order_by[1])
    kept = tuple(f for f in reading.filters if (f.field, f.values) != ("channel", ("email",)))
    metrics = tuple(swaps.get(m, m) for m in reading.metrics)
    notes = [f"{metric_title(m, lexicon)} of e-mail is {metric_title(o, lexicon)}" for m, o in swaps.items()]
    return replace(reading, metrics=metrics, order_by=order, filters=kept).assuming(*notes)


def with_trend(question: Question, reading: Reading, lexicon: Lexicon) -> Reading:
    if reading.grain is None and question.has(TREND) and reading.intent == "query" and not reading.order_by:
        grain = trend_grain(reading.period, lexicon.vocabulary.calendar)
        return replace(reading, grain=grain).assuming(usual_step(grain))
    return reading


def with_period(reading: Reading, lexicon: Lexicon) -> Reading:
    thresholds = [f for f in reading.filters if f.metric]
    if thresholds and not reading.dimensions and not reading.grain:
        # "Was CAC over $80?" wants the value, not an empty table.
        reading = replace(reading, filters=tuple(f for f in reading.filters if not f.metric))
    for threshold in thresholds:
        if threshold.field not in reading.metrics:
            reading = replace(reading, metrics=(*reading.metrics, threshold.field))
    reading = _ordered(reading)
    if reading.period is not None:
        return reading
    if isinstance(reading.compare, str) and reading.compare.startswith("shift:"):
        reading = replace(reading, compare="previous_period")
    cohorts = OF_COHORTS.issuperset(reading.metrics)
    days, note = default_period(lexicon.vocabulary.calendar, reading.grain, reading.compare, cohorts=cohorts)
    return replace(reading, period=days).assuming(note)


def _ordered(reading: Reading) -> Reading:
    """Thresholds list the most telling row first."""
    thresholds = [f for f in reading.filters if f.metric]
    if reading.order_by or not thresholds or reading.grain:
        return reading
    first = thresholds[0]
    descending = first.op in ("gt", "gte") or (first.op not in ("lt", "lte") and first.field not in LESS_IS_BETTER)
    return replace(reading, order_by=(first.field, "desc" if descending else "asc"))
