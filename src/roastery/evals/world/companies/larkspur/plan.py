"""Larkspur's plan as the other companies write theirs; the World itself is made from `world.company`."""

from datetime import date

from roastery.evals.world.companies.mailing import Mailing
from roastery.evals.world.companies.plan import Plan, Promotion, Season
from roastery.evals.world.company import (
    ANOMALIES,
    CAMPAIGNS,
    CURRENCY,
    FLOWS,
    GOOGLE_ACCOUNT,
    META_ACCOUNT,
    NAME,
    NOW,
    ORGANIZATION_ID,
    ZONE,
)
from roastery.warehouse.organization import Organization

ORGANIZATION = Organization(ORGANIZATION_ID, NAME, CURRENCY, str(ZONE), clock=NOW.isoformat())
MAILING = Mailing("klaviyo", ("New crop",), FLOWS)

PROMOTION_OF_CODE = {"WELCOME10": "welcome-10", "BREW15": "brew-15", "FRIENDS20": "friends-20", "BFCM20": "bfcm-20"}
"""Which promotion a discount code belongs to. Their uplift is in the season (Black Friday) or not planted."""
PROMOTIONS = (
    Promotion("welcome-10", "Welcome 10 %", "code", date(2024, 8, 1), date(2027, 1, 1), 1.0),
    Promotion("brew-15", "Brew 15 %", "code", date(2024, 8, 1), date(2027, 1, 1), 1.0),
    Promotion("friends-20", "Friends 20 %", "code", date(2024, 8, 1), date(2027, 1, 1), 1.0),
    Promotion("bfcm-20", "Black Friday 20 %", "code", date(2024, 11, 29), date(2025, 12, 2), 1.0),
)
PLAN = Plan(
    organization=ORGANIZATION,
    campaigns=CAMPAIGNS,
    anomalies=ANOMALIES,
    season=Season((1.0,) * 7),
    hours=(1.0,) * 24,
    size=20_000,
    accounts={"meta_ads": META_ACCOUNT, "google_ads": GOOGLE_ACCOUNT},
    promotions=PROMOTIONS,
)
