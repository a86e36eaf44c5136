"""customer_journeys: the paths that people took before they converted, and where they were lost."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal

import numpy as np
from pydantic import Field

from roastery.tools import facts
from roastery.tools.analysis import journeys
from roastery.tools.analysis.errors import TooLittleData
from roastery.tools.analysis.paths import Paths
from roastery.tools.base import Fact, FactPeriod, Table, Tool, ToolContext, ToolResult
from roastery.tools.charts import flows
from roastery.tools.credit_asked import credit_query
from roastery.tools.credit_markov import paths_of
from roastery.tools.crediting import JourneyArguments
from roastery.tools.credits import names_of_keys, times_to_convert
from roastery.tools.facts import FactBook
from roastery.tools.frames import canonical_rows
from roastery.tools.one_journey import one_journey
from roastery.tools.receipts import derived_receipt
from roastery.warehouse.credited import path_counts

NOT_CREDIT = (
    "These are the touches that were seen, in their order: who opens or closes a path has not thereby caused it."
)
UNSEEN = "Contacts that nobody could track are missing from paths, so they are shorter than people's real ones."
DIRECT = "A journey that did not convert is one of the period's touches without a conversion since, within the window."
ARROW = " › "
LONGEST = 8


class CustomerJourneysArguments(JourneyArguments):
    """How much of the paths to show; `customer` asks for one person's own journey, outside of the agent only."""

    conversion: str = Field(
        default="orders",
        description="What a journey ends in: orders, revenue (any sale), new_customers, leads, deals or bookings.",
        json_schema_extra={"enum": ["orders", "revenue", "new_customers", "leads", "deals", "bookings"]},
    )
    paths: int = Field(default=10, ge=1, le=100, description="How many of the most frequent paths to show.")
    steps: int = Field(default=5, ge=2, le=10, description="Touches of a path that funnel and flow show.")
    show: Literal["paths", "funnel", "roles", "lengths"] = Field(
        default="paths",
        description="What the answer is about: the frequent paths, where journeys are lost touch by touch (funnel), "
        "who opens, assists and closes (roles), or how many touches it takes (lengths).",
    )
    customer: str | None = Field(
        default=None, description="One customer's own steps; for people who may see personal data, never for a model."
    )


class CustomerJourneys(Tool[CustomerJourneysArguments]):
    """Top paths, roles, funnel, lengths, transitions and flow, all over the same journeys."""

    name = "customer_journeys"
    description = (
        "Look at the paths before conversions: the most frequent ones, how many touches and days they take, where "
        "journeys go on and where they are lost step by step, which channels or campaigns open, close and assist. Use "
        "it for 'customer journey', 'path to purchase', 'touches before buying', 'time to convert', 'drop-off', "
        "'which channel starts journeys', 'assisted conversions'."
    )
    arguments = CustomerJourneysArguments

    def run(self, context: ToolContext, arguments: CustomerJourneysArguments) -> ToolResult:
        if arguments.customer is not None:
            return one_journey(context, arguments.customer, self.name)
        query, asked = credit_query(context, arguments)
        whole = paths_of(context, query)
        touched = int(whole.conversions.sum())
        if not whole.count:
            raise TooLittleData(
                "There are no touches in the period, so there are no journeys to look at. Connect a source of "
                "touchpoints or a storefront, or import touchpoints."
            )
        paths = journeys.collapsed(whole)
        names = names_of_keys(context, query.split, set(whole.names))
        days = times_to_convert(context, query)
        period = FactPeriod(start=query.start, end=query.end)
        book = FactBook("")
        told = _Told(book, query.conversion.name, query.split, period, names)
        total = asked.frame.totals.get(query.conversion.metric) if query.conversion.unit == "count" else None
        whole_facts = _summary(told, whole, days, total)
        tops = _paths(told, paths, arguments.paths)
        parts = _roles(told, whole)
        steps = _funnel(told, whole, arguments.steps)
        sizes = _lengths(told, whole)
        links = journeys.flow(paths, arguments.steps)
        asked_first = {"paths": tops[0], "funnel": steps[0], "roles": parts[0], "lengths": sizes}[arguments.show]
        others = (tops[0], parts[0], steps[0], sizes, _transitions(told, paths))
        tables = (asked_first, *(t for t in others if t is not None and t is not asked_first))
        caveats = [NOT_CREDIT, DIRECT, UNSEEN]
        if touched == 0:
            caveats.insert(0, "No conversion of the period has a touch before it inside its window.")
        if query.conditions:
            caveats.append("Journeys that did not convert carry no filter of conversions; all of them are counted.")
        sql, _ = path_counts(query)
        rows = [{"key": ARROW.join(names_), "conversions": c, "nulls": n} for names_, c, n in tops[2]]
        raw = arguments.model_dump(mode="json", exclude_defaults=True)
        totals = {name: fact.value for name, fact in whole_facts.items()}
        receipt = derived_receipt(
            asked.receipt, self.name, raw, rows, totals, sql=sql, caveats=caveats,
            attribution={"window_days": query.window_days, "view_window_days": query.view_window_days},
        )  # fmt: skip
        data = {
            "conversion": query.conversion.name,
            "by": query.split,
            "show": arguments.show,
            "totals": {name: fact.id for name, fact in whole_facts.items()},
            "paths": tops[1],
            "roles": parts[1],
            "funnel": steps[1],
            "sankey": _sankey(links, names),
        }
        return ToolResult(
            tool=self.name,
            facts=tuple(fact.model_copy(update={"receipt_id": receipt.id}) for fact in book.facts),
            labels=book.labels,
            tables=tables,
            charts=_charts(links, names, query.split),
            caveats=receipt.caveats,
            receipt=receipt,
            data=data,
        )


class _Told:
    """Facts of journeys: counts and shares with what they are about."""

    def __init__(
        self, book: FactBook, conversion: str, split: str, period: FactPeriod, names: Mapping[str, str]
    ) -> None:
        self.book, self.conversion, self.split, self.period, self.names = book, conversion, split, period, names

    def count(self, metric: str, value: int, unit: str = "count", **dimensions: str) -> Fact:
        return self.book.measured(metric, int(value), unit, self.period, dimensions=dimensions)

    def share(self, part: Fact, whole: Fact, metric: str) -> Fact:
        made = facts.share(self.book.next_id, part, whole)
        return self.book.add(made.model_copy(update={"metric": metric}))

    def label(self, key: str) -> str:
        return self.book.label(self.split, key, self.names.get(key, key)).id


def _summary(told: _Told, paths: Paths, days: Mapping[str, float | None], total: Any) -> dict[str, Fact]:
    """How many journeys, how many converted, how long they are; medians over journeys that converted."""
    every, won = int((paths.conversions + paths.nulls).sum()), int(paths.conversions.sum())
    found = {"journeys": told.count("journeys", every), "converted": told.count("converted_journeys", won)}
    found["rate"] = told.share(found["converted"], found["journeys"], "journey_conversion_rate")
    if total is not None:
        conversions = found["conversions"] = told.book.measured(told.conversion, Decimal(total), "count", told.period)
        found["covered"] = told.share(found["converted"], conversions, "conversions_with_touches")
    if won:
        sizes = np.repeat(paths.sizes, paths.conversions)
        found["touches"] = told.count("median_touches", int(np.quantile(sizes, 0.5, method="higher")))
        single = int(paths.conversions[paths.sizes == 1].sum())
        found["single"] = told.count("single_touch_journeys", single)
        found["single_share"] = told.share(found["single"], found["converted"], "single_touch_share")
    for name in ("median_days", "most_days"):
        if (value := days.get(name)) is not None:
            metric = {"median_days": "median_days_to_convert", "most_days": "days_to_convert_of_nine_in_ten"}[name]
            found[name] = told.book.measured(metric, Decimal(repr(round(value, 2))), "days", told.period)
    return found


def _paths(told: _Told, paths: Paths, count: int) -> tuple[Table, list[dict[str, Any]], list[tuple[Any, int, int]]]:
    order = [int(i) for i in journeys.most_frequent(paths, count) if paths.conversions[i] > 0]
    order = order or [int(i) for i in journeys.most_frequent(paths, count)]
    whole = told.count("converted_journeys", int(paths.conversions.sum()))
    rows, ids, data, plain = [], [], [], []
    for i in order:
        keys = journeys.names_of_path(paths, i)
        text = _text([told.names.get(key, key) for key in keys])
        label = told.book.label("path", ARROW.join(keys), text)
        won = told.count("converted_journeys", paths.conversions[i], path=label.value)
        every = told.count("journeys", paths.conversions[i] + paths.nulls[i], path=label.value)
        rate = told.share(won, every, "journey_conversion_rate")
        part = told.share(won, whole, "share_of_conversions")
        cells = {"converted": won, "share": part, "journeys": every, "conversion_rate": rate}
        rows.append({"path": text, **{name: fact.value for name, fact in cells.items()}})
        ids.append({name: fact.id for name, fact in cells.items()})
        data.append({"label": label.id, **ids[-1], "touches": len(keys)})
        plain.append((keys, int(paths.conversions[i]), int(paths.nulls[i])))
    columns = (
        _dimension("path"),
        _counts("converted"),
        _ratio("share"),
        _counts("journeys"),
        _ratio("conversion_rate"),
    )
    return _table("Most frequent paths", columns, rows, ids), data, plain


def _text(names: Sequence[str]) -> str:
    shown = list(names) if len(names) <= LONGEST else [*names[:LONGEST], "…"]
    return ARROW.join(shown)


def _roles(told: _Told, paths: Paths) -> tuple[Table | None, list[dict[str, Any]]]:
    found = journeys.roles(paths)
    order = np.lexsort((np.arange(len(paths.names)), -found.present))
    rows, ids, data = [], [], []
    for i in order:
        key = paths.names[i]
        about = {told.split: key}
        cells = {
            "opens": told.count("journeys_opened", found.opens[i], **about),
            "assists": told.count("journeys_assisted", found.assists[i], **about),
            "closes": told.count("journeys_closed", found.closes[i], **about),
            "present": told.count("converted_journeys", found.present[i], **about),
            "alone": told.count("journeys_alone", found.alone[i], **about),
            "lost": told.count("lost_journeys", found.lost[i], **about),
        }
        rows.append(
            {told.split: key, f"{told.split}_name": told.names.get(key, key)}
            | {name: fact.value for name, fact in cells.items()}
        )
        ids.append({name: fact.id for name, fact in cells.items()})
        data.append({"key": key, "label": told.label(key), **ids[-1]})
    ranked = {name: [told.book.facts[_at(row[name])] for row in ids] for name in ("opens", "closes", "assists")}
    for name, among in ranked.items():
        if len(among) > 1 and len(among) <= 50:
            for fact, row in zip(among, data, strict=True):
                row[f"{name}_rank"] = told.book.computed(facts.rank, fact, among).id
    columns = (
        _dimension(told.split),
        {"name": f"{told.split}_name", "kind": "label"},
        *(_counts(name) for name in ("opens", "assists", "closes", "present", "alone", "lost")),
    )
    return _table("Who opens, assists and closes", columns, rows, ids), data


def _at(id: str) -> int:
    return int(id[1:]) - 1


def _funnel(told: _Told, paths: Paths, steps: int) -> tuple[Table, list[dict[str, Any]]]:
    found = journeys.funnel(paths, steps)
    rows, ids, data = [], [], []
    for n in range(steps):
        if not found.reached[n]:
            break
        about = {"step": str(n + 1)}
        cells = {
            "reached": told.count("journeys", found.reached[n], **about),
            "converted": told.count("converted_journeys", found.converted[n], **about),
            "lost": told.count("lost_journeys", found.lost[n], **about),
            "went_on": told.count("journeys_going_on", found.went_on[n], **about),
        }
        cells["drop_off"] = told.share(cells["lost"], cells["reached"], "drop_off")
        rows.append({"step": str(n + 1), **{name: fact.value for name, fact in cells.items()}})
        ids.append({name: fact.id for name, fact in cells.items()})
        label = told.book.label("step", str(n + 1), f"touch {n + 1}")
        data.append({"step": n + 1, "label": label.id, **ids[-1]})
    columns = (
        _dimension("step"),
        *(_counts(n) for n in ("reached", "converted", "lost", "went_on")),
        _ratio("drop_off"),
    )
    return _table("Touch by touch", columns, rows, ids), data


def _lengths(told: _Told, paths: Paths) -> Table:
    found = journeys.lengths(paths, LONGEST)
    rows, ids = [], []
    for n, touches in enumerate(found.touches):
        text = f"{touches} and more" if touches == LONGEST else str(touches)
        won = told.count("converted_journeys", found.conversions[n], touches=text)
        every = told.count("journeys", found.conversions[n] + found.nulls[n], touches=text)
        cells = {
            "converted": won,
            "journeys": every,
            "conversion_rate": told.share(won, every, "journey_conversion_rate"),
        }
        rows.append({"touches": text, **{name: fact.value for name, fact in cells.items()}})
        ids.append({name: fact.id for name, fact in cells.items()})
    columns = (_dimension("touches"), _counts("converted"), _counts("journeys"), _ratio("conversion_rate"))
    return _table("Length of journeys", columns, rows, ids)


def _transitions(told: _Told, paths: Paths, most: int = 30) -> Table | None:
    """How often one channel followed another, journeys that converted and not."""
    inner = np.flatnonzero(paths.place > 0)
    if not len(inner):
        return None
    k = len(paths.names)
    weights = (paths.conversions + paths.nulls)[paths.path[inner]]
    counts = np.bincount(paths.channels[inner - 1] * k + paths.channels[inner], weights=weights, minlength=k * k)
    order = [int(i) for i in np.lexsort((np.arange(k * k), -counts))[:most] if counts[i] > 0]
    rows, ids = [], []
    for i in order:
        source, target = paths.names[i // k], paths.names[i % k]
        fact = told.count("transitions", int(counts[i]), **{"from": source, "to": target})
        rows.append({"from": told.names.get(source, source), "to": told.names.get(target, target), "times": fact.value})
        ids.append({"times": fact.id})
    return _table("From one to the next", (_dimension("from"), _dimension("to"), _counts("times")), rows, ids)


def _table(
    title: str, columns: Sequence[dict[str, Any]], rows: Sequence[dict[str, Any]], ids: Sequence[dict[str, str]]
) -> Table:
    return Table(title=title, columns=tuple(columns), rows=tuple(canonical_rows(rows)), fact_ids=tuple(ids))


def _dimension(name: str) -> dict[str, Any]:
    return {"name": name, "kind": "dimension"}


def _counts(name: str) -> dict[str, Any]:
    return {"name": name, "kind": "metric", "unit": "count", "currency": None}


def _ratio(name: str) -> dict[str, Any]:
    return {"name": name, "kind": "metric", "unit": "ratio", "currency": None}


def _sankey(links: journeys.Flow, names: Mapping[str, str]) -> dict[str, Any]:
    """Nodes and links by index, as Sankey libraries take them; a node is a channel at a step."""
    places: dict[tuple[int, str], int] = {}
    found = []
    for step, source, target, count in zip(links.step, links.source, links.target, links.count, strict=True):
        at = 0 if target in (journeys.CONVERTED, journeys.LOST) else int(step) + 1
        a, b = (places.setdefault(end, len(places)) for end in ((int(step), source), (at, target)))
        found.append({"source": a, "target": b, "value": int(count)})
    nodes = [{"step": step, "name": names.get(key, key)} for step, key in places]
    return {"nodes": nodes, "links": found}


def _charts(links: journeys.Flow, names: Mapping[str, str], split: str) -> tuple[dict[str, Any], ...]:
    values = [
        {"step": int(step) + 1, "name": names.get(target, target), "value": int(count)}
        for step, target, count in zip(links.step, links.target, links.count, strict=True)
    ]
    return (flows(f"Where journeys stand, touch by touch, by {split}", values),) if values else ()
