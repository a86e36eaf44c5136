"""What tools do with a frame before facts are made of it."""

from roastery.tools.queries import told_apart


def names(ids: list[str]) -> list[str]:
    rows = [{"campaign": id, "campaign_name": "Sale"} for id in ids]
    return [row["campaign_name"] for row in told_apart(rows, {"campaign": "campaign_name"})]


def test_two_campaigns_of_one_name_are_told_apart_by_platform() -> None:
    assert names(["meta_ads:1", "google_ads:1"]) == ["Sale (Meta Ads)", "Sale (Google Ads)"]


def test_two_campaigns_of_one_name_and_platform_are_told_apart_by_id() -> None:
    assert names(["meta_ads:1", "meta_ads:2"]) == ["Sale (meta_ads:1)", "Sale (meta_ads:2)"]


def test_one_campaign_on_many_days_keeps_its_name() -> None:
    assert names(["meta_ads:1", "meta_ads:1"]) == ["Sale", "Sale"]
