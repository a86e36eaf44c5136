"""Claims of digests: true by what was planted, false by everything else."""

from datetime import date

import pytest

from roastery.evals.grading.claims import Claim, Truth
from roastery.evals.world.companies import COMPANIES, Company


@pytest.fixture(scope="module")
def saltbox(small_companies: dict[str, Company]) -> Company:
    return small_companies["saltbox"]


@pytest.fixture(scope="module")
def truth(saltbox: Company) -> Truth:
    return Truth(saltbox)


def location(saltbox: Company, name: str) -> str:
    rows = saltbox.tables["locations"].to_pylist()
    return str(next(r["location_id"] for r in rows if r["location_name"] == name))


def orders_fell(where: tuple[str, str], start: date = date(2026, 8, 26)) -> Claim:
    return Claim((("orders", *where),), start, date(start.year, start.month, start.day + 1), is_up=False)


def test_the_planted_slice_is_found(saltbox: Company, truth: Truth) -> None:
    claim = orders_fell(("location", location(saltbox, "Boston Seaport")))
    assert [p.name for p in truth.finds(claim)] == ["register-outage"]


def test_the_whole_is_true_but_finds_nothing(truth: Truth) -> None:
    claim = orders_fell(("", ""))
    assert "register-outage" in [p.name for p in truth.explains(claim)]
    assert truth.finds(claim) == []


def test_another_place_day_or_direction_is_false(saltbox: Company, truth: Truth) -> None:
    elsewhere = orders_fell(("location", location(saltbox, "Savannah River Street")))
    later = orders_fell(("location", location(saltbox, "Boston Seaport")), date(2026, 8, 29))
    up = Claim(orders_fell(("", "")).episodes, date(2026, 8, 26), date(2026, 8, 27), is_up=True)
    named = [{p.name for p in truth.explains(c)} - {"weekly spend"} for c in (elsewhere, later, up)]
    assert not any("register-outage" in names for names in named)


def test_a_metric_that_the_planted_one_moves_counts_and_goes_its_way(saltbox: Company, truth: Truth) -> None:
    where = ("location", location(saltbox, "Boston Seaport"))
    revenue = Claim((("revenue", *where),), date(2026, 8, 26), date(2026, 8, 29), is_up=False)
    tickets = Claim((("tickets", *where),), date(2026, 8, 26), date(2026, 8, 29), is_up=False)
    assert [p.name for p in truth.finds(revenue)] == ["register-outage"]
    assert truth.explains(tickets) == []


@pytest.mark.parametrize("slug", sorted(COMPANIES))
def test_every_planted_metric_is_known(slug: str, small_companies: dict[str, Company]) -> None:
    truth = Truth(small_companies[slug])
    assert len(truth.anomalies) == small_companies[slug].truth["anomalies"].num_rows


def test_what_is_judged_by_clicks_may_go_either_way_with_spend_but_finds_nothing(
    saltbox: Company, truth: Truth
) -> None:
    typo = next(p for p in truth.anomalies if p.name == "budget-typo")
    for is_up in (True, False):
        claim = Claim((("sessions", *typo.members[0]),), typo.start, typo.end, is_up=is_up)
        assert "budget-typo" in [p.name for p in truth.explains(claim)]
        assert truth.finds(claim) == []
