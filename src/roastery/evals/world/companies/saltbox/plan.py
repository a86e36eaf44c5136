"""Saltbox Burgers: 24 restaurants of three owners. Plan: places, menu, campaigns, promotions and what was planted."""

from datetime import date

from roastery.evals.world.companies.plan import Plan, Season, campaign, planted, promotion
from roastery.evals.world.company import NOW
from roastery.warehouse.organization import Organization

ORGANIZATION = Organization("saltbox", "Saltbox Burgers", "USD", "America/New_York", clock=NOW.isoformat())

HARBOR, PEACHTREE, CORPORATE = "Harbor Foods LLC", "Peachtree Dining", "Corporate"
NORTHEAST, MID_ATLANTIC, SOUTHEAST = "Northeast", "Mid-Atlantic", "Southeast"

LOCATIONS: tuple[tuple[str, str, str, float], ...] = (
    ("Boston Seaport", NORTHEAST, CORPORATE, 1.9),
    ("Providence Downtown", NORTHEAST, HARBOR, 1.0),
    ("Hoboken", NORTHEAST, CORPORATE, 1.3),
    ("Brooklyn Heights", NORTHEAST, CORPORATE, 1.7),
    ("New Haven Green", NORTHEAST, HARBOR, 0.9),
    ("Hartford Main Street", NORTHEAST, HARBOR, 0.7),
    ("Albany Pearl Street", NORTHEAST, HARBOR, 0.6),
    ("Worcester Common", NORTHEAST, HARBOR, 0.6),
    ("Philadelphia Center City", MID_ATLANTIC, CORPORATE, 1.6),
    ("Baltimore Harbor", MID_ATLANTIC, HARBOR, 1.2),
    ("Richmond Carytown", MID_ATLANTIC, PEACHTREE, 0.9),
    ("Washington Navy Yard", MID_ATLANTIC, CORPORATE, 1.5),
    ("Wilmington Riverfront", MID_ATLANTIC, HARBOR, 0.6),
    ("Arlington Clarendon", MID_ATLANTIC, CORPORATE, 1.1),
    ("Pittsburgh Strip District", MID_ATLANTIC, HARBOR, 0.9),
    ("Norfolk Ghent", MID_ATLANTIC, PEACHTREE, 0.6),
    ("Charlotte South End", SOUTHEAST, PEACHTREE, 1.2),
    ("Atlanta Midtown", SOUTHEAST, PEACHTREE, 1.7),
    ("Savannah River Street", SOUTHEAST, PEACHTREE, 0.9),
    ("Raleigh Glenwood", SOUTHEAST, PEACHTREE, 0.9),
    ("Charleston King Street", SOUTHEAST, PEACHTREE, 0.8),
    ("Greenville Main Street", SOUTHEAST, PEACHTREE, 0.5),
    ("Jacksonville Beach", SOUTHEAST, PEACHTREE, 0.7),
    ("Orlando Mills", SOUTHEAST, PEACHTREE, 0.8),
)
"""Name, region, franchise and relative trade of each restaurant."""

MENU: tuple[tuple[str, str, int, int, float], ...] = (
    ("Saltbox Smash", "Burgers", 899, 290, 0.42),
    ("Double Smash", "Burgers", 1149, 420, 0.24),
    ("Chicken Crisp", "Burgers", 999, 340, 0.19),
    ("Garden Patty", "Burgers", 949, 310, 0.09),
    ("Harbor Fish", "Burgers", 1049, 430, 0.07),
    ("Sea Salt Fries", "Sides", 349, 80, 0.52),
    ("Truffle Fries", "Sides", 549, 150, 0.11),
    ("Onion Rings", "Sides", 449, 120, 0.13),
    ("Slaw", "Sides", 299, 70, 0.08),
    ("Vanilla Shake", "Shakes", 549, 150, 0.13),
    ("Chocolate Shake", "Shakes", 549, 160, 0.14),
    ("Pumpkin Shake", "Shakes", 599, 190, 0.04),
    ("Kids Smash Box", "Kids", 699, 230, 0.10),
    ("Kids Nugget Box", "Kids", 699, 220, 0.07),
)
"""Name, category, price and cost in cents, and the share of orders that have it."""
PUMPKIN = 11

PAIRS = (("Double Smash", "Truffle Fries", 3.0), ("Kids Smash Box", "Vanilla Shake", 2.2))
"""Planted cross-sell: whoever takes the first takes the second this many times as readily."""

PROMOTIONS = (
    promotion("smash-tuesday", "Smash Tuesday", "weekly", ("2025-03-04", "2026-12-31"), 1.26, weekday=1),
    promotion("kids-eat-free", "Kids Eat Free", "weekly", ("2025-06-01", "2026-12-31"), 1.16, weekday=6),
    promotion("bogo-shake-2025", "BOGO Shake", "bogo", ("2025-07-11", "2025-07-21"), 1.22),
    promotion("bogo-shake-2026", "BOGO Shake", "bogo", ("2026-10-23", "2026-10-26"), 1.30),
    promotion("fall-shake-launch", "Fall Shake Launch", "launch", ("2026-09-14", "2026-10-05"), 1.12),
)
"""What moves demand without being an anomaly."""

LIFETIME = {"r": 0.70, "alpha": 7.5, "a": 0.6, "b": 4.5}

CAMPAIGNS = (
    campaign("meta_ads", 1, "Smash Tuesday", "2025-02-24", daily=62, effect=1.5, cpc=0.62, role="promotion",
             ads={"Tuesday lovers": ("Smash video", "Tuesday deal image"), "Lookalike": ("Smash video LAL",)}),
    campaign("meta_ads", 2, "Kids Eat Free", "2025-05-26", daily=38, effect=1.1, cpc=0.66, role="promotion",
             ads={"Parents": ("Family table image", "Kids box carousel")}),
    campaign("meta_ads", 3, "Late Night Fries", "2024-09-02", daily=34, effect=0.7, cpc=0.55, role="prospecting",
             ads={"Night": ("Fries at midnight video", "Fries close-up image")}),
    campaign("meta_ads", 4, "Loyalty App Install", "2024-08-01", daily=58, effect=1.2, cpc=0.81,
             objective="app_installs",
             ads={"Install": ("App demo video", "Points image"), "Lapsed": ("Come back image",)}),
    campaign("google_ads", 1, "Near Me – Search", "2024-08-01", daily=70, effect=1.6, cpc=0.74, ctr=0.061,
             view_rate=0.0, ads={"Burger near me": ("RSA 1", "RSA 2"), "Open late": ("RSA 1",)}),
    campaign("google_ads", 2, "Brand – Search", "2024-08-01", daily=22, effect=0.2, intercepts=5.0, cpc=0.28, ctr=0.21,
             view_rate=0.0, role="brand", ads={"Brand": ("RSA 1",)}),
    campaign("meta_ads", 5, "Fall Shake Launch", "2026-09-07", daily=76, effect=1.3, cpc=0.69, role="seasonal",
             deleted_ad_share=0.05, ads={"Shakes": ("Pumpkin pour video", "Shake trio image")}),
    campaign("tiktok_ads", 1, "TikTok – Burger Build", "2026-01-12", daily=55, effect=0.8, cpc=0.34, ctr=0.008,
             view_rate=9e-5, ads={"Build": ("Build it clip", "Stack race clip", "Secret sauce clip")}),
)  # fmt: skip

_BRAND = next(c.curated_id for c in CAMPAIGNS if c.name == "Brand – Search")
_TIKTOK = next(c.curated_id for c in CAMPAIGNS if c.platform == "tiktok_ads")
_NIGHT = next(c.curated_id for c in CAMPAIGNS if c.name == "Late Night Fries")
_NEAR = next(c.curated_id for c in CAMPAIGNS if c.name == "Near Me – Search")

ANOMALIES = (
    planted("register-outage", "orders", ("location", "Boston Seaport"), ("2026-08-26", "2026-08-29"), 0.12,
            "The registers of Boston Seaport were down after a network change; hardly any order was taken."),
    planted("brand-bidding", "cpc", ("campaign", _BRAND), ("2026-09-08", "2026-09-13"), 2.1,
            "A rival chain bid on the brand's name; clicks cost more."),
    planted("hurricane", "orders", ("region", "Southeast"), ("2026-09-24", "2026-09-27"), 0.35,
            "A hurricane closed most restaurants of the Southeast for three days."),
    planted("pixel-break", "reported_conversions", ("platform", "meta_ads"), ("2026-09-29", "2026-10-02"), 0.0,
            "An app release broke Meta's event; orders went on."),
    planted("budget-typo", "spend", ("campaign", _TIKTOK), ("2026-10-10", "2026-10-12"), 3.2,
            "A daily budget was typed with the wrong digit over a week-end."),
    planted("online-menu", "orders", ("franchise+sales_channel", "Harbor Foods LLC+online"),
            ("2026-10-14", "2026-10-17"), 0.08,
            "Harbor Foods' menus were unpublished from the ordering site by mistake."),
    planted("sour-shakes", "refunds", ("category", "Shakes"), ("2026-10-20", "2026-10-23"), 9.0,
            "A delivery of milk had turned; shakes were refunded."),
    planted("tired-ad", "ctr", ("campaign", _NIGHT), ("2026-09-15", "2026-11-03"), 0.55,
            "The only new creative was rejected; the old one wore out and its click rate fell to a lower level."),
    planted("festival", "orders", ("location", "Savannah River Street"), ("2026-10-09", "2026-10-12"), 2.1,
            "A street festival stood before the door of Savannah River Street."),
    planted("untagged-links", "attribution_coverage", ("campaign", _NEAR), ("2026-10-19", "2026-11-03"), 0.0,
            "The tracking template was deleted; the campaign's clicks carry no tags."),
)  # fmt: skip

PLAN = Plan(
    organization=ORGANIZATION,
    campaigns=CAMPAIGNS,
    anomalies=ANOMALIES,
    season=Season(
        weekday=(0.82, 0.84, 0.90, 0.98, 1.24, 1.28, 1.04),
        waves=((0.09, 190),),
        holidays=(
            (date(2024, 11, 28), 1, 0.1), (date(2025, 11, 27), 1, 0.1), (date(2024, 12, 25), 1, 0.08),
            (date(2025, 12, 25), 1, 0.08), (date(2025, 7, 4), 1, 1.35), (date(2026, 7, 4), 1, 1.35),
            (date(2025, 2, 9), 1, 1.3), (date(2026, 2, 8), 1, 1.3),
        ),
        growth=0.10,
    ),
    hours=(2, 1, 0, 0, 0, 0, 0, 1, 1, 1, 4, 12, 18, 13, 6, 5, 7, 14, 19, 17, 12, 8, 6, 4),
    size=9_000,
    lag=(1.0, 1.0),
    accounts={"meta_ads": "act_5520917733", "google_ads": "7741902255", "tiktok_ads": "7012233445566"},
    promotions=PROMOTIONS,
)  # fmt: skip
