"""What to look at when something broke: by metric and direction, for incidents that are more than slight."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from roastery.agent.answer import Measure
from roastery.agent.evidence import Finding
from roastery.agent.narrate.voice import Voice
from roastery.agent.recommend.advice import Advice, Confidence
from roastery.tools.base import Fact

SURE: Mapping[str, Confidence] = {"strong": "high", "clear": "medium"}
HORIZON_DAYS = 14
SELLING = "Check whether people can still buy{of}: checkout, stock, opening hours and the links that lead there."
ACTIONS: Mapping[tuple[str, str], str] = {
    ("revenue", "down"): SELLING,
    ("orders", "down"): SELLING,
    ("conversion_rate", "down"): SELLING,
    ("sessions", "down"): "Check whether the site{of} is reachable and still measured.",
    ("bookings", "down"): "Check whether people can still book{of}: the calendar, the form, the telephone.",
    ("leads", "down"): "Check whether enquiries{of} still arrive: the form, the telephone, their forwarding.",
    ("spend", "up"): "Check the daily budget{of} for a typing error.",
    ("spend", "down"): "Check whether ads{of} still run: payment, rejected ads, an end date.",
    ("cpc", "up"): "Look at the auction{of}: who else bids, and whether the bid limit is right.",
    ("ctr", "down"): "Renew the creatives{of}, or show them to others.",
    ("reported_conversions", "down"): "Check the conversion tag{of}; compare with orders, which are counted without.",
    ("attributed_orders", "down"): "Check whether the links{of} still carry their tags.",
    ("attribution_coverage", "down"): "Check whether the links{of} still carry their tags.",
    ("open_rate", "down"): "Check sender authentication and the spam folder for e-mails{of}.",
    ("refunds", "up"): "Find out why refunds{of} were asked for, and hold back what is faulty.",
    ("refund_count", "up"): "Find out why refunds{of} were asked for, and hold back what is faulty.",
    ("failed_payments", "up"): "Ask the payment provider why charges{of} are declined.",
    ("churned_subscriptions", "up"): "Ask those who left{of} why, before the next term ends.",
    ("no_show_rate", "up"): "Remind people of their appointments{of}, and offer another day.",
    ("tickets", "up"): "Read the tickets{of} for what they have in common.",
    ("first_reply_hours", "up"): "Look at who answers tickets{of}, and whether they still arrive.",
    ("lead_score", "down"): "Check what the lead form{of} asks, and who is shown it.",
    ("win_rate", "down"): "Follow up the open proposals{of}.",
}


def advise(voice: Voice, finding: Finding) -> Iterator[Advice]:
    facts = voice.evidence.facts
    for incident in finding.result.data["incidents"]:
        action = ACTIONS.get((incident["metric"], incident["direction"]))
        if action is None or incident["strength"] not in SURE:
            continue
        name = " / ".join(f"[[{label}]]" for label in incident["labels"])
        of = f" of {name}" if name else " overall"
        title = voice.title(incident["metric"])
        expected, low, high = (facts[incident[part]] for part in ("expected", "low", "high"))
        where = " ".join(f"{d}={v}" for d, v in incident["where"].items())
        yield Advice(
            "anomaly",
            f"{incident['metric']} {where} {incident['start']}",
            action.format(of=f" of {name}" if name else ""),
            f"Back to the usual {title}{of}: [[{expected.id}]] over such days, range [[{low.id}]] to [[{high.id}]].",
            tuple(incident[part] for part in ("actual", "expected", "low", "high", "off", "stake") if incident[part]),
            SURE[incident["strength"]],
            _measure(incident, expected, low, high),
        )


def _measure(incident: Mapping[str, Any], expected: Fact, low: Fact, high: Fact) -> Measure:
    """The metric over the horizon: a rate as it was usual, a sum for as many days."""
    days = (expected.period.end - expected.period.start).days
    times = Decimal(HORIZON_DAYS) / days if expected.unit in ("count", "money") and not _is_cost(incident) else 1
    values = [None if f.value is None else f.value * times for f in (expected, low, high)]
    filters = tuple({"dimension": d, "op": "in", "values": [v]} for d, v in incident["where"].items())
    return Measure(
        metric=incident["metric"],
        filters=filters,
        expected=values[0],
        low=values[1],
        high=values[2],
        horizon_days=HORIZON_DAYS,
    )


def _is_cost(incident: Mapping[str, Any]) -> bool:
    return str(incident["metric"]) in ("cpc", "aov", "cac", "cost_per_lead", "cost_per_booking")
