"""Juniper's plan: practices, services, packages, memberships, campaigns and what was planted."""

from datetime import date

from roastery.evals.world.companies.plan import Plan, Season, campaign, planted, promotion
from roastery.evals.world.companies.subscribing import Tier
from roastery.evals.world.company import NOW
from roastery.warehouse.organization import Organization

ORGANIZATION = Organization("juniper", "Juniper Wellness", "EUR", "Europe/Berlin", clock=NOW.isoformat())

LOCATIONS: tuple[tuple[str, str, str, str, float], ...] = (
    ("Berlin Mitte", "Nordost", "DE", "Europe/Berlin", 0.38),
    ("Hamburg Altona", "Nord", "DE", "Europe/Berlin", 0.25),
    ("München Schwabing", "Süd", "DE", "Europe/Berlin", 0.22),
    ("Wien Neubau", "Österreich", "AT", "Europe/Vienna", 0.15),
)
"""Name, region, country, zone and share of patients."""

SERVICES: tuple[tuple[str, int, float, float, float], ...] = (
    ("Physiotherapy", 6800, 0.46, 0.66, 5.0),
    ("Massage", 7400, 0.30, 0.60, 2.6),
    ("Acupuncture", 8200, 0.14, 0.52, 3.4),
    ("Nutrition Consultation", 9500, 0.10, 0.44, 1.6),
)
"""Name, cents a session, share of enquiries, chance that an enquiry is booked, mean sessions of a patient."""

PACKAGES: tuple[tuple[str, int, int, float], ...] = (
    ("Back Care 5", 31000, 5, 0.5),
    ("Recovery 10", 64000, 10, 0.3),
    ("Prenatal 8", 54500, 8, 0.2),
)
"""Name, cents, sessions and share."""

TIERS = (Tier("Essential", 3900, 1, 0.070), Tier("Plus", 6900, 3, 0.045), Tier("Family", 10900, 12, 0.025))
TIER_SHARES = (0.5, 0.32, 0.18)
PACKAGE_SHARE, MEMBER_SHARE = 0.17, 0.20
STATUS_SHARES = {"no_show": 0.075, "cancelled": 0.11}

PROMOTIONS = (
    promotion("neujahr-2025", "Neujahr Reset", "seasonal", ("2025-01-02", "2025-01-27"), 1.35),
    promotion("neujahr-2026", "Neujahr Reset", "seasonal", ("2026-01-02", "2026-01-26"), 1.40),
    promotion("sommer-2026", "Sommer Erholung", "seasonal", ("2026-06-15", "2026-07-13"), 1.15),
    promotion("rueckenwochen-2026", "Rückenwochen", "seasonal", ("2026-10-05", "2026-10-19"), 1.25),
)
"""What moves demand without being an anomaly."""

CAMPAIGNS = (
    campaign("google_ads", 21, "Rückenfit – Suche", "2024-08-01", daily=40, effect=1.5, cpc=1.35, ctr=0.052,
             view_rate=0.0, objective="leads", ads={"Rücken": ("RSA 1", "RSA 2"), "Nacken": ("RSA 1",)}),
    campaign("google_ads", 22, "Massage – Suche", "2024-08-01", daily=28, effect=1.2, cpc=1.10, ctr=0.048,
             view_rate=0.0, objective="leads", ads={"Massage": ("RSA 1", "RSA 2")}),
    campaign("google_ads", 23, "Marke – Suche", "2024-08-01", daily=10, effect=0.2, intercepts=5.0, cpc=0.45, ctr=0.2,
             view_rate=0.0, role="brand", objective="leads", ads={"Marke": ("RSA 1",)}),
    campaign("meta_ads", 21, "Neujahr Reset", "2025-12-22", "2026-02-01", daily=46, effect=1.3, cpc=0.95,
             role="seasonal", status="paused", objective="leads", ads={"Reset": ("Reset video", "Kalender image")}),
    campaign("meta_ads", 22, "Sommer Erholung", "2026-06-01", "2026-08-31", daily=34, effect=1.0, cpc=0.90,
             role="seasonal", status="paused", objective="leads", ads={"Sommer": ("See image", "Ruhe video")}),
    campaign("meta_ads", 23, "Retargeting – Website", "2024-09-02", daily=16, effect=0.35, intercepts=3.0, cpc=0.70,
             view_rate=2e-4, role="retargeting", objective="leads", ads={"Besucher": ("Termin frei image",)}),
    campaign("meta_ads", 24, "Physio – Lookalike", "2025-02-03", daily=32, effect=1.1, cpc=1.05, objective="leads",
             deleted_ad_share=0.05, ads={"LAL 1%": ("Übung video", "Team image"), "LAL 3%": ("Übung video",)}),
)  # fmt: skip


def _id(name: str) -> str:
    return next(c.curated_id for c in CAMPAIGNS if c.name == name)


ANOMALIES = (
    planted("brand-bidding", "cpc", ("campaign", _id("Marke – Suche")), ("2026-08-17", "2026-08-22"), 2.0,
            "A booking portal bid on the practice's name; clicks cost more."),
    planted("pixel-break", "reported_conversions", ("platform", "google_ads"), ("2026-09-01", "2026-09-04"), 0.0,
            "The consent banner's update dropped Google's tag; enquiries went on."),
    planted("booking-widget", "bookings", ("location", "Hamburg Altona"), ("2026-09-14", "2026-09-19"), 0.1,
            "Hamburg Altona's booking calendar was not in sync; hardly anybody could book."),
    planted("transit-strike", "no_show_rate", ("location", "München Schwabing"), ("2026-09-21", "2026-10-03"), 3.4,
            "Trams were on strike in Munich; patients did not turn up."),
    planted("cards-declined", "failed_payments", ("plan", "Plus"), ("2026-10-01", "2026-10-05"), 14.0,
            "The card network declined recurring charges of one price by mistake."),
    planted("spam-folder", "open_rate", ("platform", "klaviyo"), ("2026-10-06", "2026-10-21"), 0.35,
            "A DKIM key expired; mailbox providers hid the newsletters."),
    planted("away", "bookings", ("location+service", "Wien Neubau+Acupuncture"), ("2026-10-05", "2026-10-26"), 0.05,
            "The only acupuncturist of Wien Neubau was away."),
    planted("budget-typo", "spend", ("campaign", _id("Physio – Lookalike")), ("2026-10-17", "2026-10-19"), 3.0,
            "A daily budget was typed with the wrong digit over a week-end."),
    planted("price-rise", "churned_subscriptions", ("plan", "Essential"), ("2026-09-28", "2026-11-03"), 2.6,
            "Essential members were told of a higher price and left at the end of their month."),
)  # fmt: skip

PLAN = Plan(
    organization=ORGANIZATION,
    campaigns=CAMPAIGNS,
    anomalies=ANOMALIES,
    season=Season(
        weekday=(1.30, 1.22, 1.16, 1.10, 0.94, 0.58, 0.70),
        waves=((0.14, 20),),
        holidays=(
            (date(2024, 12, 23), 10, 0.35), (date(2025, 12, 22), 12, 0.35), (date(2025, 4, 18), 4, 0.5),
            (date(2026, 4, 3), 4, 0.5), (date(2025, 10, 3), 1, 0.4), (date(2026, 10, 3), 1, 0.4),
        ),
        growth=0.16,
    ),
    hours=(1, 0, 0, 0, 0, 1, 3, 7, 10, 11, 11, 10, 9, 8, 8, 9, 9, 10, 11, 12, 12, 9, 5, 2),
    size=6_000,
    caused_share=0.42,
    lag=(1.6, 1.1),
    accounts={"meta_ads": "act_6631184420", "google_ads": "5520981147"},
    promotions=PROMOTIONS,
)  # fmt: skip
