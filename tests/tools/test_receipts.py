"""Receipts run again: the same, or restated, redefined, expired, erased, each with its cause (law 2)."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from roastery.tools.base import Actor, Receipt, ToolContext
from roastery.tools.errors import OutOfScope
from roastery.tools.frames import canonical_row, result_hash
from roastery.tools.receipts import compare, rerun
from roastery.tools.registry import run
from roastery.warehouse.clock import Clock
from roastery.warehouse.engine import Warehouse
from tests.tools.beans import NOON, ad_rows, as_csv, campaign_rows, context_on, touch_rows

LATER = Clock(NOON.now() + timedelta(hours=6))
SPEND = {"metrics": ["spend"], "dimensions": ["campaign"], "period": {"name": "last_month"}}


def made(context: ToolContext, arguments: dict[str, object] = SPEND) -> Receipt:
    receipt = run("query_metrics", arguments, context).receipt
    assert receipt is not None
    return receipt


def restate(warehouse: Warehouse, campaign: str, day: str, spend: str) -> None:
    """A platform changes its mind about one day."""
    rows = [r | {"spend": spend} for r in ad_rows() if r["campaign_id"] == campaign and str(r["report_date"]) == day]
    assert len(rows) == 1
    assert warehouse.import_rows("ad_performance", as_csv(rows), "text/csv").changed


def test_a_named_period_is_stored_as_the_days_that_it_meant(context: ToolContext) -> None:
    receipt = made(context)
    assert receipt.arguments["period"] == {"start": "2026-10-01", "end": "2026-11-01"}
    in_december = replace(context, clock=Clock.from_iso("2026-12-15T12:00:00+00:00"))
    moved = context_on(context.metrics.warehouse, in_december.clock)
    assert rerun(receipt, moved).status == "same"


def test_the_days_of_a_comparison_are_stored_too(context: ToolContext) -> None:
    receipt = made(
        context, {"metrics": ["revenue"], "period": {"name": "last_7_days"}, "compare_to": "previous_period"}
    )
    assert receipt.arguments["compare_to"] == {"start": "2026-10-27", "end": "2026-11-03"}


def test_a_restated_day_is_restated_with_source_and_row(own: Warehouse) -> None:
    receipt = made(context_on(own))
    assert rerun(receipt, context_on(own)).status == "same"
    before = next(row for row in receipt.result if row["campaign"] == "c1")
    with_clock = own.clock
    own.clock = LATER
    restate(own, "c1", "2026-10-05", "999.00")
    own.clock = with_clock
    found = rerun(receipt, context_on(own, LATER))
    assert found.status == "restated"
    source = next(cause for cause in found.causes if cause.kind == "source")
    assert source.detail["source"] == "import"
    assert source.detail["then"] < source.detail["now"]
    rows = [cause for cause in found.causes if cause.kind == "row" and cause.detail.get("key")]
    (row,) = rows
    assert (row.detail["key"], row.detail["column"]) == ({"campaign": "c1"}, "spend")
    assert row.detail["then"] == before["spend"]
    day = next(r for r in ad_rows() if r["campaign_id"] == "c1" and str(r["report_date"]) == "2026-10-05")
    moved = Decimal(row.detail["now"]) - Decimal(row.detail["then"])
    assert moved == Decimal("999.00") - Decimal(str(day["spend"]))
    assert found.as_json()["causes"][0]["sentence"].startswith("import has restated its data")


def test_a_restated_day_outside_the_period_changes_nothing(own: Warehouse) -> None:
    receipt = made(context_on(own))
    restate(own, "c1", "2026-09-05", "999.00")
    assert rerun(receipt, context_on(own, LATER)).status == "same"


def test_a_new_row_is_a_cause_of_its_own(own: Warehouse) -> None:
    receipt = made(context_on(own))
    row = ad_rows()[40] | {"campaign_id": "c9", "campaign_name": "New", "report_date": "2026-10-20"}
    own.import_rows("ad_performance", as_csv([row]), "text/csv")
    found = rerun(receipt, context_on(own, LATER))
    assert found.status == "restated"
    assert any(c.sentence == "campaign c9: the row is new." for c in found.causes)


def test_a_changed_default_model_is_redefined_and_says_so(own: Warehouse) -> None:
    earlier = [
        row | {"touchpoint_id": f"{row['touchpoint_id']}-x", "campaign_id": "c2", "platform": "google_ads"}
        for row in touch_rows()
        if row["campaign_id"] == "c1"
    ]
    for row in earlier:
        row["occurred_at"] = str(row["occurred_at"]).replace("T12", "T08")
    own.import_rows("touchpoints", as_csv(earlier), "text/csv")
    receipt = made(context_on(own), {"metrics": ["roas"], "dimensions": ["campaign"], "period": {"name": "last_month"}})
    changed = replace(own.organization.attribution, model="first_touch")
    own.organization = own.organization.with_settings(attribution=changed)
    found = rerun(receipt, context_on(own))
    assert found.status == "redefined"
    assert found.causes[0].kind == "setting"
    assert "last_non_direct" in found.causes[0].sentence
    assert "first_touch" in found.causes[0].sentence


def test_a_renamed_campaign_has_the_same_numbers(own: Warehouse) -> None:
    receipt = made(context_on(own))
    own.import_rows("campaigns", as_csv([campaign_rows()[0] | {"campaign_name": "Renamed"}]), "text/csv")
    rows = [r | {"campaign_name": "Renamed"} for r in ad_rows() if r["campaign_id"] == "c1"]
    own.import_rows("ad_performance", as_csv(rows), "text/csv")
    found = rerun(receipt, context_on(own, LATER))
    assert found.status == "same"
    assert found.now is not None
    assert {row["campaign_name"] for row in found.now["rows"]} == {"Renamed", "Brand", "Autumn sale"}


def test_a_changed_definition_is_redefined(context: ToolContext) -> None:
    then = made(context)
    now = then.model_copy(update={"result_hash": "0", "metric_definitions": {"spend": "Something else."}})
    status, causes = compare(then, now)
    assert status == "redefined"
    assert causes[0].sentence == "The definition of 'spend' has changed."


def test_a_receipt_whose_metric_is_gone_is_redefined(context: ToolContext) -> None:
    receipt = made(context)
    gone = receipt.model_copy(update={"arguments": {**receipt.arguments, "metrics": ["spent"]}})
    found = rerun(gone, context)
    assert (found.status, found.now) == ("redefined", None)
    assert "Unknown metric 'spent'" in found.causes[0].sentence


def test_a_receipt_whose_tool_is_gone_is_redefined(context: ToolContext) -> None:
    found = rerun(made(context).model_copy(update={"tool": "gone"}), context)
    assert found.status == "redefined"


def test_a_receipt_whose_data_is_gone_is_expired(context: ToolContext, empty: Warehouse) -> None:
    found = rerun(made(context), context_on(empty))
    assert found.status == "expired"
    assert "no data yet" in found.causes[0].sentence


def test_a_receipt_without_its_rows_is_expired_only_if_they_differ(context: ToolContext) -> None:
    receipt = made(context).model_copy(update={"result": []})
    assert rerun(receipt, context).status == "same"
    assert rerun(receipt.model_copy(update={"result_hash": "0"}), context).status == "expired"


def test_a_difference_after_an_erasure_is_erased(context: ToolContext) -> None:
    then = made(context)
    now = then.model_copy(update={"result_hash": "0"})
    after, before = then.created_at + timedelta(days=1), then.created_at - timedelta(days=1)
    assert compare(then, now, erased_at=[after])[0] == "erased"
    assert compare(then, now, erased_at=[before])[0] == "restated"


def test_a_receipt_of_another_scope_is_not_run(context: ToolContext) -> None:
    receipt = made(context)
    scoped = replace(context, actor=Actor(id="t", row_scope={"platform": ("meta_ads",)}))
    with pytest.raises(OutOfScope) as refused:
        rerun(receipt, scoped)
    assert not any(row["spend"] in str(refused.value) for row in receipt.result)


def test_a_scoped_asker_gets_their_rows_and_a_receipt_of_their_scope(context: ToolContext) -> None:
    scoped = replace(context, actor=Actor(id="t", row_scope={"platform": ("meta_ads",)}))
    receipt = made(scoped)
    assert [row["campaign"] for row in receipt.result] == ["c1"]
    assert receipt.scope_key == "platform=meta_ads"


def test_the_hash_is_of_values_not_of_types() -> None:
    one = canonical_row({"spend": Decimal("10.50"), "orders": 3, "name": None})
    assert one == {"spend": "10.50", "orders": 3, "name": None}
    assert result_hash([one], {}) == result_hash([dict(reversed(one.items()))], {})
    assert result_hash([one], {}) != result_hash([one | {"spend": "10.51"}], {})
