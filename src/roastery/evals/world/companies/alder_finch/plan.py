"""Alder & Finch's plan: services, packages, retainers, owners, clients' countries, campaigns and what was planted."""

from datetime import date

from roastery.evals.world.companies.plan import Plan, Season, campaign, planted, promotion
from roastery.evals.world.companies.subscribing import Tier
from roastery.evals.world.company import NOW
from roastery.warehouse.organization import Organization

ORGANIZATION = Organization(
    "alder-finch", "Alder & Finch", "GBP", "Europe/London", fiscal_year_start=4, clock=NOW.isoformat()
)

SERVICES: tuple[tuple[str, float, float, float, float], ...] = (
    ("Tax Advisory", 0.36, 5200, 20.0, 0.40),
    ("Audit Readiness", 0.26, 9800, 34.0, 0.32),
    ("CFO on Demand", 0.22, 0, 27.0, 0.30),
    ("Due Diligence", 0.16, 21500, 40.0, 0.27),
)
"""Name, share of leads, median fee in pounds, median days to close, chance to win. CFO on Demand is a retainer."""
CFO = 2

PACKAGES: tuple[tuple[str, int], ...] = (("Year-End Package", 280_000), ("Audit Starter", 450_000))
"""Name and price in pence of what clients buy as a package; CFO Retainer is the third."""
YEAR_END_CHANCE, STARTER_CHANCE = 0.55, 0.4
"""Chance a client buys the Year-End Package each January; part of won Audit Readiness that is the Audit Starter."""

TIERS = (
    Tier("CFO Retainer Light", 180_000, 3, 0.024),
    Tier("CFO Retainer", 320_000, 3, 0.016),
    Tier("CFO Retainer Plus", 600_000, 3, 0.010),
)
TIER_SHARES = (0.45, 0.4, 0.15)

OWNERS, OWNER_SHARES = ("Imogen Hart", "Tomas Reyes", "Wei Zhang"), (0.36, 0.33, 0.31)
SEGMENTS, SEGMENT_SHARES, SEGMENT_TIMES = (
    ("Enterprise", "Mid-market", "Small business"),
    (0.14, 0.38, 0.48),
    (2.6, 1.2, 0.6),
)
COUNTRIES = (("GB", "GBP", 0.62), ("IE", "EUR", 0.10), ("DE", "EUR", 0.09), ("FR", "EUR", 0.05), ("US", "USD", 0.14))
RATES = {"EUR": 0.858, "USD": 0.785}
"""Where pounds per unit of a currency start; they wander from day to day."""
QUALIFIED_CHANCE, CONSULTATION_CHANCE = 0.42, 0.52

PROMOTIONS = (
    promotion("year-end-2025", "Year-End Early Bird", "discount", ("2025-11-03", "2025-12-01"), 1.15),
    promotion("year-end-2026", "Year-End Early Bird", "discount", ("2026-10-19", "2026-11-30"), 1.15),
)
"""What moves demand without being an anomaly."""

_LEADS = {"objective": "leads"}
CAMPAIGNS = (
    campaign("linkedin_ads", 61, "CFO on Demand – Decision Makers", "2024-08-01", daily=62, effect=1.2, cpc=7.8,
             ctr=0.006, view_rate=2e-5, **_LEADS,
             ads={"Founders": ("Runway video", "Fractional CFO image"), "Finance leads": ("Board pack document",)}),
    campaign("linkedin_ads", 62, "Audit Readiness Webinar", "2025-01-13", daily=44, effect=1.3, cpc=6.9, ctr=0.007,
             view_rate=2e-5, **_LEADS, deleted_ad_share=0.05, ads={"Webinar": ("Webinar image", "Speaker video")}),
    campaign("google_ads", 61, "Tax Year-End – Search", "2024-08-01", daily=48, effect=1.5, cpc=4.6, ctr=0.05,
             view_rate=0.0, **_LEADS, ads={"Year end": ("RSA 1", "RSA 2"), "Tax adviser": ("RSA 1",)}),
    campaign("google_ads", 62, "Brand – Search", "2024-08-01", daily=12, effect=0.2, intercepts=5.0, cpc=1.2, ctr=0.21,
             view_rate=0.0, role="brand", **_LEADS, ads={"Brand": ("RSA 1",)}),
    campaign("linkedin_ads", 63, "Due Diligence Guide", "2025-06-02", daily=35, effect=0.9, cpc=7.2, ctr=0.006,
             view_rate=2e-5, **_LEADS, ads={"Guide": ("Guide document", "Checklist image")}),
    campaign("linkedin_ads", 64, "Retargeting – Site", "2024-10-01", daily=18, effect=0.35, intercepts=3.0, cpc=5.1,
             ctr=0.008, view_rate=8e-5, role="retargeting", **_LEADS, ads={"Visitors": ("Case study image",)}),
)  # fmt: skip
CAMPAIGN_SERVICE = {
    "CFO on Demand – Decision Makers": 2, "Audit Readiness Webinar": 1, "Tax Year-End – Search": 0,
    "Due Diligence Guide": 3,
}  # fmt: skip
"""What whoever a campaign brings asks for (index into SERVICES)."""


def _id(name: str) -> str:
    return next(c.curated_id for c in CAMPAIGNS if c.name == name)


ANOMALIES = (
    planted("tired-guide", "ctr", ("campaign", _id("Due Diligence Guide")), ("2026-08-31", "2026-11-03"), 0.5,
            "The guide's audience has seen it; its click rate fell to half and stayed there."),
    planted("left-alone", "win_rate", ("owner", "Tomas Reyes"), ("2026-08-17", "2026-10-19"), 0.2,
            "Tomas Reyes was on leave; his proposals were not followed up."),
    planted("budget-typo", "spend", ("campaign", _id("CFO on Demand – Decision Makers")), ("2026-09-12", "2026-09-14"),
            3.0, "A daily budget was typed with the wrong digit over a week-end."),
    planted("inbox-down", "first_reply_hours", ("all", "all"), ("2026-09-14", "2026-09-19"), 7.0,
            "The shared inbox was not forwarded; clients waited days for a first reply."),
    planted("brand-bidding", "cpc", ("campaign", _id("Brand – Search")), ("2026-09-21", "2026-09-26"), 2.2,
            "A rival firm bid on the name; clicks cost more."),
    planted("calendar-full", "bookings", ("service", "Due Diligence"), ("2026-09-28", "2026-10-11"), 0.1,
            "The calendar of the Due Diligence team showed no free hours by mistake."),
    planted("insight-tag", "reported_conversions", ("platform", "linkedin_ads"), ("2026-10-01", "2026-10-06"), 0.0,
            "A release of the site removed LinkedIn's tag; leads went on."),
    planted("wrong-list", "lead_score", ("campaign", _id("Audit Readiness Webinar")), ("2026-10-05", "2026-11-03"),
            0.5, "The webinar was opened to students; the campaign's leads score lower since."),
    planted("untagged-links", "attribution_coverage", ("campaign", _id("Tax Year-End – Search")),
            ("2026-10-12", "2026-11-03"), 0.0, "The tracking template was deleted; its clicks carry no tags."),
)  # fmt: skip

PLAN = Plan(
    organization=ORGANIZATION,
    campaigns=CAMPAIGNS,
    anomalies=ANOMALIES,
    season=Season(
        weekday=(1.35, 1.40, 1.38, 1.25, 1.00, 0.30, 0.32),
        waves=((0.22, 350),),
        holidays=(
            (date(2024, 12, 23), 11, 0.25), (date(2025, 12, 22), 12, 0.25), (date(2025, 8, 4), 28, 0.75),
            (date(2026, 8, 3), 28, 0.75), (date(2025, 4, 18), 4, 0.3), (date(2026, 4, 3), 4, 0.3),
        ),
        growth=0.22,
    ),
    hours=(1, 0, 0, 0, 0, 1, 2, 5, 10, 14, 14, 12, 9, 11, 13, 13, 11, 7, 4, 3, 3, 3, 2, 1),
    size=3_200,
    caused_share=0.5,
    lag=(4.0, 1.2),
    accounts={"linkedin_ads": "511903377", "google_ads": "2290417753"},
    promotions=PROMOTIONS,
)  # fmt: skip
