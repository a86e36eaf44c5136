"""How metrics, names and filters are said."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from roastery.agent.evidence import Evidence, Finding
from roastery.agent.planner.lists import word_set
from roastery.agent.planner.vocabulary import Vocabulary
from roastery.agent.render import NO_NAMES, name_text, value_name, when_text

SHORT = {
    "roas": "ROAS",
    "mer": "MER",
    "cac": "CAC",
    "paid_cac": "paid CAC",
    "reported_roas": "reported ROAS",
    "asset_roas": "asset ROAS",
    "new_customer_roas": "new customer ROAS",
    "ctr": "CTR",
    "cpc": "cost per click",
    "cpm": "CPM",
    "aov": "average order value",
    "ltv": "LTV",
    "ltv_12m": "first-year LTV",
    "ltv_cac_ratio": "LTV to CAC",
    "mrr": "MRR",
    "arr": "ARR",
    "nrr": "NRR",
}
PLURALS = word_set("plural_metrics")


LISTED_ROWS = 5
NAMED_ROWS = 3


@dataclass
class Voice:
    """How one run's evidence speaks of metrics, names and filters.

    focus: names that the question asked about. whether: what it wants confirmed by a yes or a no.
    focus: names that the question asked about. told: marks of what the answer before has told (narrate/how.py).
    """

    evidence: Evidence
    vocabulary: Vocabulary
    focus: tuple[tuple[str, str], ...] = ()
    share: bool = False
    assumptions: tuple[str, ...] = ()
    whether: Mapping[str, Any] = field(default_factory=dict)
    told: tuple[str, ...] = ()

    def title(self, metric: str) -> str:
        """A metric as prose says it, lower case but for abbreviations."""
        if metric in SHORT:
            return SHORT[metric]
        term = self.vocabulary.metrics.get(metric)
        title = (term.title if term else "") or metric.replace("_", " ")
        return title if title[1:2].isupper() else title[:1].lower() + title[1:]

    def was(self, metric: str) -> str:
        plural = metric in PLURALS or (metric.endswith("s") and metric not in SHORT and self.title(metric)[-1:] == "s")
        return "were" if plural else "was"

    def label(self, dimension: str, value: str) -> str:
        label = self.evidence.label_of(dimension, value)
        return f"[[{label.id}]]" if label else name_text(value_name(value))

    def held(self, finding: Finding, *, whole: bool = False) -> str:
        """What the filters narrow the numbers to: " for Meta Ads", " without Google Ads".

        whole: of a total, which a filter on the dimension that it is split by narrows too.
        """
        model = finding.arguments.get("attribution_model")
        compared = {f.arguments.get("attribution_model") for f in self.evidence.findings}
        said = [f" under {model.replace('_', ' ')}"] if model and len(compared) > 1 else []
        for condition in finding.arguments.get("filters", ()):
            dimension = condition.get("dimension")
            values = [v for v in condition.get("values", ()) if v not in NO_NAMES]
            if not dimension or not values or (not whole and dimension in finding.arguments.get("dimensions", ())):
                continue
            names = listed(self.value_names(dimension, [str(v) for v in values]))
            if condition.get("op", "in") in ("in", "eq"):
                said.append(f" for {names}")
            elif condition["op"] in ("not_in", "ne"):
                said.append(f" without {names}")
        return "".join(said)

    def value_names(self, dimension: str, values: Sequence[str]) -> list[str]:
        """References to the names of values, each name once: several campaigns may carry one."""
        by_text = {}
        for reference in (self.value_name(dimension, value) for value in values):
            by_text.setdefault(self.evidence.labels[reference[2:-2]].text, reference)
        return list(by_text.values())

    def value_name(self, dimension: str, value: str) -> str:
        if label := self.evidence.label_of(dimension, value):
            return f"[[{label.id}]]"
        known = next((v.label for v in self.vocabulary.values if (v.dimension, v.value) == (dimension, value)), value)
        return f"[[{self.evidence.named(dimension, value, value_name(known) if known == value else known).id}]]"

    def adds_up(self, metric: str) -> bool:
        """Platforms each claim a sale for themselves, so their claims are not added up in a sentence (law 6)."""
        term = self.vocabulary.metrics.get(metric)
        return term is None or not term.across_platforms

    def nothing(self, finding: Finding) -> str:
        metrics = listed([self.title(m) for m in finding.arguments.get("metrics", ())[:4]])
        period = finding.result.receipt.period if finding.result.receipt else None
        when = f" {when_text(period)}" if period else ""
        split = [d.replace("_", " ") for d in finding.arguments.get("dimensions", ())]
        if split and any(f.get("metric") for f in finding.arguments.get("filters", ())):
            return f"No {' and '.join(split)} is within that limit{self.held(finding)}{when}."
        return f"There is no data on {metrics}{self.held(finding)}{when}."


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def listed(items: Sequence[str]) -> str:
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def plural(word: str) -> str:
    return word[:-1] + "ies" if word.endswith("y") else word if word.endswith("s") else word + "s"
