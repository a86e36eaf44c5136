"""The weekly digest: only tools' facts, each with a receipt, in sentences that verification lets pass."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from roastery.agent.answer import Measure
from roastery.agent.digest import Digest, weekly_digest
from roastery.agent.digest.followed import NO_PROOF, Followed
from roastery.agent.render import fact_text
from roastery.tools.base import FactPeriod, ToolContext
from roastery.tools.receipts import rerun
from roastery.warehouse.clock import Clock
from roastery.warehouse.engine import Warehouse
from roastery.warehouse.errors import NoData
from tests.tools.beans import MemoryLedger, ad_rows, as_csv, context_on, filled_home, opened


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    with opened(filled_home(tmp_path_factory)) as warehouse:
        yield warehouse


@pytest.fixture(scope="module")
def context(warehouse: Warehouse) -> ToolContext:
    return context_on(warehouse)


@pytest.fixture(scope="module")
def digest(context: ToolContext) -> Digest:
    return weekly_digest(context)


def numbers(text: str) -> list[str]:
    return re.findall(r"\d[\d,.]*\d|\d", text)


def test_it_is_of_the_last_complete_week(digest: Digest) -> None:
    assert (str(digest.period.start), str(digest.period.end)) == ("2026-11-02", "2026-11-09")
    assert digest.title == "Weekly digest, 2–8 Nov 2026"


def test_it_has_a_headline_scorecard_movers_and_health(digest: Digest) -> None:
    assert digest.text.startswith("**In 2–8 Nov 2026, revenue fell by ")
    headings = re.findall(r"^## (.+)$", digest.text, re.MULTILINE)
    assert headings[0] == "Scorecard, against 26 Oct to 1 Nov 2026"
    assert headings[1:] == ["What moved", "Data health", "Read with care"]
    assert len(re.findall(r"^- ", digest.text.split("## What moved")[0], re.MULTILINE)) == 8


def test_every_number_of_it_is_a_fact(digest: Digest) -> None:
    """The template without its references, headings and tools' own caveats holds no digit but those of the week."""
    own = digest.template.split("## Read with care")[0]
    bare = re.sub(r"\[\[\w+\]\]", "", "\n".join(line for line in own.split("\n") if not line.startswith("##")))
    assert set(numbers(bare)) <= {"2", "8", "2026"}
    for id in re.findall(r"\[\[(f\d+)\]\]", digest.template):
        assert fact_text(digest.evidence.facts[id]) in digest.text


def test_verification_withholds_nothing(digest: Digest) -> None:
    assert digest.withheld == ()


def test_every_receipt_of_it_was_kept_and_reruns_to_the_same(digest: Digest, context: ToolContext) -> None:
    assert isinstance(context.ledger, MemoryLedger)
    assert len(digest.receipts) >= 4
    for receipt in digest.receipts:
        assert context.ledger.receipts[receipt.id] == receipt
        assert rerun(receipt, context).status == "same"


def test_what_moved_sums_to_the_change(digest: Digest) -> None:
    facts = digest.evidence.facts
    splits = [f.result.data["splits"][0] for f in digest.evidence.findings if f.result.data.get("splits")]
    assert {split["metric"] for split in splits} >= {"attributed_revenue", "roas", "spend"}
    for split in splits:
        parts = [facts[one["part"]].value for one in split["slices"]]
        rest = facts[split["rest"]].value if split["rest"] else 0
        assert sum(parts) + rest == facts[split["change"]].value


def test_the_same_week_gives_the_same_text(context: ToolContext, digest: Digest) -> None:
    assert weekly_digest(context).text == digest.text


@pytest.mark.parametrize("now", ["2026-09-15T12:00:00+00:00", "2026-10-05T12:00:00+00:00", "2026-10-20T12:00:00+00:00"])
@pytest.mark.prove
def test_other_weeks_pass_verification_too(warehouse: Warehouse, now: str) -> None:
    made = weekly_digest(context_on(warehouse, Clock.from_iso(now)))
    assert made.withheld == ()
    assert "[[" not in made.text


def test_what_an_organization_does_not_have_is_named_and_left_out(tmp_path: Path) -> None:
    with opened(tmp_path) as warehouse:
        with pytest.raises(NoData, match="connect a source"):
            weekly_digest(context_on(warehouse))
        warehouse.import_rows("ad_performance", as_csv(ad_rows()), "text/csv")
        made = weekly_digest(context_on(warehouse))
    assert made.text.startswith("**In 2–8 Nov 2026, spend rose by ")
    assert "Revenue has no value in the period: there is no data for it" in made.text
    assert "- Revenue" not in made.text.split("## Read with care")[0]
    assert made.withheld == ()


def test_it_says_what_drove_the_headline_metrics(digest: Digest) -> None:
    moved = digest.text.split("## What moved")[1].split("## ")[0]
    assert re.search(r"by driver: .*(raised|reduced) (ROAS|spend) by ", moved)
    assert digest.withheld == ()


def test_it_says_what_was_unusual_in_the_week(larkspur: ToolContext) -> None:
    """The planted budget error lies on a week-end; the digest of the week after is made on 5 October."""
    clock = Clock.from_iso("2026-10-05T15:00:00+00:00")
    then = replace(larkspur, clock=clock, metrics=type(larkspur.metrics)(larkspur.metrics.warehouse, clock))
    found = weekly_digest(then)
    assert "## Unusual" in found.text
    unusual = found.text.split("## Unusual")[1].split("## ")[0]
    assert "LAL" in unusual
    assert found.withheld == ()


def test_it_says_what_became_of_a_recommendation(larkspur: ToolContext) -> None:
    """A fortnight after somebody acted, the days since are held against as many before and what was expected."""
    measure = Measure(
        metric="spend", filters=({"dimension": "platform", "op": "in", "values": ["meta_ads"]},), horizon_days=14,
        expected=Decimal("400"), low=Decimal("300"), high=Decimal("500.5"),
    )  # fmt: skip
    after = FactPeriod(start=date(2026, 10, 6), end=date(2026, 10, 20))
    before = FactPeriod(start=date(2026, 9, 21), end=date(2026, 10, 5))
    action = "Check the daily budget of Prospecting for a typing error."
    followed = Followed("rec_1", action, "done", date(2026, 10, 5), after, before, measure, "rcp_1")
    digest = weekly_digest(larkspur, [followed])
    became = digest.text.split("## What became of recommendations")[1].split("## ")[0]
    assert became.strip().startswith(f"- “{action.rstrip('.')}” (done since 5 Oct 2026): Spend for Meta Ads ")
    assert "Spend for Meta Ads between 6 and 19 Oct 2026 was expected at $400.00, range $300.00 to $500.50." in became
    assert NO_PROOF in became
    assert Decimal(digest.outcomes["rec_1"]["before"]) > 0
