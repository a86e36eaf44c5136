"""Northgate's plan: services, areas, owners, campaigns and what was planted."""

from datetime import date

from roastery.evals.world.companies.plan import Plan, Season, campaign, planted, promotion
from roastery.evals.world.company import NOW
from roastery.warehouse.organization import Organization

ORGANIZATION = Organization("northgate", "Northgate Home Services", "USD", "America/Denver", clock=NOW.isoformat())

SERVICES: tuple[tuple[str, float, float, float, float, float, int], ...] = (
    ("HVAC", 0.42, 520, 0.45, 5.0, 0.52, 15),
    ("Plumbing", 0.28, 390, 0.50, 1.2, 0.66, 20),
    ("Electrical", 0.16, 450, 0.55, 2.5, 0.60, 0),
    ("Roofing", 0.14, 6800, 0.65, 16.0, 0.38, 160),
)
"""Name, share of enquiries, median price in dollars and its spread, median days to close, chance to win, peak day."""
SWINGS = (0.25, 0.30, 0.0, 0.45)
"""How much each service's share of enquiries swings over the year, highest on its peak day."""

INSTALL_SHARE, INSTALL_TIMES = 0.14, 15.0
"""Of HVAC jobs, how many are installations, and how many times the price of a repair."""

AREAS = (("Denver", 0.36), ("Boulder", 0.16), ("Aurora", 0.19), ("Fort Collins", 0.13), ("Colorado Springs", 0.16))
OWNERS, OWNER_SHARES = ("Dana Ortiz", "Priya Raman", "Lee Walker"), (0.38, 0.34, 0.28)
QUALIFIED_CHANCE = 0.60
YEARLY_REPEATS = 0.42

PROMOTIONS = (
    promotion("spring-ac-2025", "Spring AC Check", "seasonal", ("2025-04-14", "2025-05-12"), 1.18),
    promotion("spring-ac-2026", "Spring AC Check", "seasonal", ("2026-04-13", "2026-05-11"), 1.20),
    promotion("winter-ready-2025", "Winter Ready", "seasonal", ("2025-10-13", "2025-10-27"), 1.16),
    promotion("winter-ready-2026", "Winter Ready", "seasonal", ("2026-10-12", "2026-10-26"), 1.18),
)
"""What moves demand without being an anomaly."""

_LEADS = {"objective": "leads"}
CAMPAIGNS = (
    campaign("google_ads", 41, "Furnace Repair – Search", "2024-09-02", daily=110, effect=1.5, cpc=6.4, ctr=0.058,
             view_rate=0.0, **_LEADS, ads={"Furnace": ("RSA 1", "RSA 2")}),
    campaign("google_ads", 42, "AC Tune-up – Search", "2025-03-17", daily=85, effect=1.3, cpc=5.2, ctr=0.055,
             view_rate=0.0, **_LEADS, ads={"AC": ("RSA 1", "RSA 2")}),
    campaign("google_ads", 43, "Emergency Plumber – Search", "2024-08-01", daily=120, effect=1.6, cpc=8.9, ctr=0.066,
             view_rate=0.0, **_LEADS, ads={"Emergency": ("RSA 1", "RSA 2"), "Leak": ("RSA 1",)}),
    campaign("meta_ads", 41, "Roof Inspection – Leads", "2025-02-10", daily=70, effect=0.9, cpc=2.4, role="prospecting",
             **_LEADS, deleted_ad_share=0.05, ads={"Homeowners": ("Hail video", "Inspection image")}),
    campaign("google_ads", 44, "Brand – Search", "2024-08-01", daily=26, effect=0.25, intercepts=5.0, cpc=1.1, ctr=0.2,
             view_rate=0.0, role="brand", **_LEADS, ads={"Brand": ("RSA 1",)}),
    campaign("meta_ads", 42, "Winter Ready", "2026-09-28", daily=75, effect=1.1, cpc=2.1, role="seasonal", **_LEADS,
             ads={"Winter": ("Furnace check video", "Checklist image")}),
    campaign("meta_ads", 43, "Spring AC Check", "2026-03-30", "2026-06-07", daily=70, effect=1.0, cpc=2.0,
             role="seasonal", status="paused", **_LEADS, ads={"Spring": ("Fan image", "AC check video")}),
    campaign("meta_ads", 44, "Retargeting – Quote", "2024-10-01", daily=28, effect=0.4, intercepts=3.0, cpc=1.5,
             view_rate=2e-4, role="retargeting", **_LEADS, ads={"Quote": ("Finish your quote image",)}),
)  # fmt: skip
CAMPAIGN_SERVICE = {
    "Furnace Repair – Search": 0, "AC Tune-up – Search": 0, "Emergency Plumber – Search": 1,
    "Roof Inspection – Leads": 3, "Winter Ready": 0, "Spring AC Check": 0,
}  # fmt: skip
"""What whoever a campaign brings asks for (index into SERVICES)."""


def _id(name: str) -> str:
    return next(c.curated_id for c in CAMPAIGNS if c.name == name)


ANOMALIES = (
    planted("hailstorm", "leads", ("service_area", "Colorado Springs"), ("2026-08-12", "2026-08-17"), 3.2,
            "Hail damaged roofs in Colorado Springs; enquiries tripled for days."),
    planted("junk-leads", "lead_score", ("campaign", _id("Roof Inspection – Leads")), ("2026-09-01", "2026-11-03"),
            0.55, "The lead form's qualifying question was removed; the campaign's leads score lower since."),
    planted("phones-down", "leads", ("service_area", "Aurora"), ("2026-09-10", "2026-09-14"), 0.08,
            "Aurora's tracking number was not forwarded; its enquiries were lost."),
    planted("bidding-war", "cpc", ("campaign", _id("Emergency Plumber – Search")), ("2026-09-28", "2026-10-03"), 1.9,
            "A new competitor bid on emergency searches; clicks cost more."),
    planted("out-of-office", "win_rate", ("owner", "Lee Walker"), ("2026-09-07", "2026-10-19"), 0.3,
            "Lee Walker was away and nobody followed up his proposals."),
    planted("tag-removed", "reported_conversions", ("platform", "google_ads"), ("2026-10-06", "2026-10-09"), 0.0,
            "A tag manager release removed Google's conversion tag; leads went on."),
    planted("bad-valves", "refunds", ("service+service_area", "Plumbing+Denver"), ("2026-10-12", "2026-10-19"), 25.0,
            "A batch of valves leaked; plumbing jobs in Denver were refunded."),
    planted("untagged-links", "attribution_coverage", ("campaign", _id("Retargeting – Quote")),
            ("2026-10-15", "2026-11-03"), 0.0, "The new ads' links carry no tags."),
    planted("budget-typo", "spend", ("campaign", _id("Furnace Repair – Search")), ("2026-10-24", "2026-10-26"), 2.8,
            "A daily budget was typed with the wrong digit over a week-end."),
)  # fmt: skip

PLAN = Plan(
    organization=ORGANIZATION,
    campaigns=CAMPAIGNS,
    anomalies=ANOMALIES,
    season=Season(
        weekday=(1.28, 1.16, 1.10, 1.06, 1.02, 0.74, 0.64),
        waves=((0.16, 15), (0.10, 195)),
        holidays=(
            (date(2024, 11, 28), 2, 0.45), (date(2025, 11, 27), 2, 0.45), (date(2024, 12, 24), 2, 0.4),
            (date(2025, 12, 24), 2, 0.4), (date(2025, 7, 4), 1, 0.5), (date(2026, 7, 4), 1, 0.5),
            (date(2025, 1, 17), 6, 1.9), (date(2026, 1, 23), 5, 1.8),
        ),
        growth=0.14,
    ),
    hours=(1, 1, 1, 1, 1, 2, 5, 9, 12, 12, 11, 10, 9, 9, 9, 9, 9, 8, 7, 6, 5, 4, 3, 2),
    size=7_000,
    caused_share=0.5,
    lag=(0.9, 1.2),
    accounts={"meta_ads": "act_7714420931", "google_ads": "8830015572"},
    promotions=PROMOTIONS,
)  # fmt: skip
