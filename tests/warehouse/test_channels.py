"""The default grouping of visits into channels, row by row."""

import duckdb
import pytest

from roastery.warehouse.channels import CHANNELS, IMPLIED_PLATFORM, RULES, channel_case, implied_platform_case

# source, medium, platform, kind, click_id, host → channel
VISITS = [
    ("facebook", "cpc", "", "", "", "", "paid_social"),
    ("ig", "paid", "", "", "", "", "paid_social"),
    ("", "", "tiktok_ads", "", "", "", "paid_social"),
    ("creator", "paid_social", "", "", "", "", "paid_social"),
    ("google", "cpc", "", "", "", "", "paid_search"),
    ("bing", "ppc", "", "", "", "", "paid_search"),
    ("google", "display", "", "", "", "", "display"),
    ("google", "", "google_ads", "", "", "", "paid_search"),
    ("google", "organic", "", "", "", "", "organic_search"),
    ("google", "", "", "", "", "", "organic_search"),
    ("", "", "", "", "", "google.co.uk", "organic_search"),
    ("", "", "", "", "", "notgoogle.com", "referral"),
    ("", "", "", "", "", "m.facebook.com", "organic_social"),
    ("facebook", "social", "", "", "", "", "organic_social"),
    ("facebook", "referral", "", "", "", "", "organic_social"),
    ("klaviyo", "campaign", "", "", "", "", "email"),
    ("spring", "e-mail", "", "", "", "", "email"),
    ("", "", "mailchimp", "", "", "", "email"),
    ("", "", "", "email_click", "", "", "email"),
    ("shop", "sms", "", "", "", "", "sms"),
    ("partner.example", "affiliate", "", "", "", "", "affiliate"),
    ("blog", "referral", "", "", "", "blog.example", "referral"),
    ("", "", "", "", "", "blog.example", "referral"),
    ("(direct)", "(none)", "", "", "", "", "direct"),
    ("", "", "", "", "", "", "direct"),
    ("", "", "", "", "gclid:x", "", "paid_search"),
    ("", "", "billboards", "", "", "", "other"),
    ("", "", "", "click", "", "", "other"),
    ("", "", "", "visit", "", "", "direct"),
    ("mystery", "cpc", "", "", "", "", "other"),
    ("flyer", "print", "", "", "", "", "other"),
]


@pytest.mark.parametrize("visit", VISITS, ids=lambda v: "-".join(v) if isinstance(v, tuple) else None)
def test_a_visit_has_its_channel(visit: tuple[str, ...]) -> None:
    names = ("source", "medium", "platform", "kind", "click_id", "host")
    given = ", ".join(f"'{value}' AS {name}" for name, value in zip(names, visit[:-1], strict=True))
    given += ", '' AS campaign_id"
    with duckdb.connect() as connection:
        found = connection.execute(f"SELECT {channel_case()} FROM (SELECT {given})").fetchone()
    assert found == (visit[-1],)


def test_every_rule_leads_to_a_known_channel_and_every_channel_has_a_rule() -> None:
    assert {rule.channel for rule in RULES} == set(CHANNELS) - {"other"}


def test_a_source_speaks_of_at_most_one_platform() -> None:
    names = [name for group in IMPLIED_PLATFORM.values() for name in group]
    assert len(names) == len(set(names))
    with duckdb.connect() as connection:
        case = implied_platform_case("s")
        found = connection.execute(f"SELECT {case} FROM (VALUES ('fb'), ('google'), ('friend')) v(s)").fetchall()
    assert [row[0] for row in found] == ["meta_ads", "google_ads", ""]
