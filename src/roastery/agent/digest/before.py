"""What the digest before said and is no longer so: its scorecard's receipts, asked again."""

from collections.abc import Sequence
from datetime import timedelta

from roastery.agent.digest.card import Card
from roastery.agent.evidence import Evidence, Finding
from roastery.tools.base import FactPeriod, Receipt, ToolContext
from roastery.tools.restatement import as_result, restated

FEWEST_ON_A_CARD = 3


def cards_before(earlier: Sequence[Receipt], week: FactPeriod, scorecard: Sequence[str]) -> list[Receipt]:
    """Scorecards of the digest before: unsplit comparisons of the whole of its week, of the scorecard's metrics."""
    before = FactPeriod(start=week.start - timedelta(days=7), end=week.start)
    return [
        receipt
        for receipt in earlier
        if receipt.period == before
        and not receipt.arguments.get("dimensions")
        and not receipt.filters
        and len(receipt.arguments.get("metrics", ())) >= FEWEST_ON_A_CARD
        and set(receipt.arguments["metrics"]) <= set(scorecard)
    ]


def changed(context: ToolContext, evidence: Evidence, card: Card, cards: Sequence[Receipt]) -> list[Finding]:
    """Findings of what earlier scorecards said and is another number now, in the digest's evidence."""
    receipt = card.finding.result.receipt
    return [
        evidence.add(found.then.id, "restatement", found.then.arguments, as_result(context, found))
        for found in restated(context, cards, [receipt] if receipt else [])
    ]
