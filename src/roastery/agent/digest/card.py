"""The scorecard of a digest and its sentences: where each metric stands and how it moved."""

from dataclasses import dataclass

from roastery.agent.evidence import Finding
from roastery.agent.render import period_text
from roastery.tools.base import Fact, FactPeriod

HEADLINES = ("revenue", "spend", "roas")


@dataclass(frozen=True)
class Card:
    """The scorecard's facts by metric."""

    finding: Finding
    metrics: tuple[str, ...]
    now: dict[str, Fact]
    change: dict[str, Fact]
    change_ratio: dict[str, Fact]


def headline(card: Card, when: str) -> str:
    """The week in one sentence: what came in, what was spent, what that came to."""
    told = [_clause(card, metric) for metric in HEADLINES if metric in card.metrics and _has_moved(card, metric)]
    if not told:
        metric = card.metrics[0]
        return f"{when}, {named(metric)} stood at [[{card.now[metric].id}]] overall."
    first, *others = told
    return f"{when}, {first} overall{', while ' if others else ''}{' and '.join(others)}."


def sentence(card: Card, metric: str) -> str:
    """One metric, where it stands and how it moved: the direction is that of its change."""
    now, change, name = card.now[metric], card.change[metric], capital(named(metric))
    if now.value is None:
        return f"{name} has no value overall ([[{now.id}]])."
    if change.value is None:
        return f"{name} stood at [[{now.id}]] overall."
    if not change.value:
        return f"{name} stayed at [[{now.id}]] overall (change [[{change.id}]])."
    return f"{capital(_clause(card, metric))} overall."


def _clause(card: Card, metric: str) -> str:
    """How a metric moved and to where: "revenue fell by … to …"."""
    change, ratio = card.change[metric], card.change_ratio[metric]
    by = ratio if ratio.value else change
    return f"{named(metric)} {direction(change)} by [[{by.id}]] to [[{card.now[metric].id}]]"


def _has_moved(card: Card, metric: str) -> bool:
    return bool(card.change[metric].value)


def days_before(card: Card) -> str:
    compared = card.finding.result.data["compared"]
    return period_text(FactPeriod.model_validate(compared))


def named(metric: str) -> str:
    short = {"roas": "ROAS", "mer": "MER", "aov": "AOV", "cac": "CAC"}
    return short.get(metric, metric.replace("_", " "))


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def direction(change: Fact) -> str:
    return "rose" if change.value is not None and change.value > 0 else "fell"
