"""The plan of the company: who sells what, which campaigns ran when, and what each truly does.

Everything here is chosen, not drawn: figures are for 20,000 customers and scale with the size asked for.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

NAME = "Larkspur Coffee"
ORGANIZATION_ID = "larkspur"
SHOP_DOMAIN = "larkspurcoffee.example"
MYSHOPIFY_DOMAIN = "larkspur-coffee.myshopify.com"
ZONE = ZoneInfo("America/Chicago")
CURRENCY = "USD"

FIRST_DAY = date(2024, 8, 1)
NOW = datetime.fromisoformat("2026-11-02T15:00:00+00:00")
DAYS = (NOW.astimezone(ZONE).date() - FIRST_DAY).days + 1
"""Days of history; the last one is unfinished."""

META_ACCOUNT = "1029384756"
META_ZONE = "America/Chicago"
GOOGLE_ACCOUNT = "4815162342"
GOOGLE_ZONE = "America/New_York"


@dataclass(frozen=True)
class Campaign:
    """One campaign's plan and its planted truth.

    daily: dollars a day. effect: first orders per marginal dollar at low spend; response is effect·κ·ln(1 + spend/κ).
    repeat_effect: relative lift of existing customers' order rate while it runs. intercepts: how readily people who
    would buy anyway click it (relative weight). view_rate: purchases a platform claims per impression merely seen.
    names: (first day, name), the name history. ads: ad group → ad names; empty where there is no ad grain.
    """

    platform: str
    id: str
    names: tuple[tuple[date, str], ...]
    start: date
    end: date | None
    daily: float
    effect: float
    intercepts: float
    view_rate: float
    cpc: float
    ctr: float
    ads: dict[str, tuple[str, ...]] = field(default_factory=dict)
    repeat_effect: float = 0.0
    status: str = "active"
    objective: str = "sales"
    medium: str = "paid_social"
    role: str = "prospecting"
    deleted_ad_share: float = 0.0

    @property
    def curated_id(self) -> str:
        """The id as curated tables write it."""
        return f"{self.platform}:{self.id}"

    @property
    def name(self) -> str:
        return self.names[-1][1]

    def days(self) -> tuple[int, int]:
        """First and one past the last day, counted from FIRST_DAY."""
        first = max((self.start - FIRST_DAY).days, 0)
        last = DAYS if self.end is None else min((self.end - FIRST_DAY).days + 1, DAYS)
        return first, last


def _meta(number: int, names: object, start: str, end: str | None, **rest: object) -> Campaign:
    history = ((start, names),) if isinstance(names, str) else names
    return Campaign(
        platform="meta_ads",
        id=f"23851{number:03d}4470{number * 7 % 100:02d}0187",
        names=tuple((date.fromisoformat(day), name) for day, name in history),  # type: ignore[attr-defined]
        start=date.fromisoformat(start),
        end=None if end is None else date.fromisoformat(end),
        **rest,  # type: ignore[arg-type]
    )


def _google(number: int, name: str, start: str, end: str | None, **rest: object) -> Campaign:
    return Campaign(
        platform="google_ads",
        id=f"2104{number:02d}88{number * 13 % 100:02d}7",
        names=((date.fromisoformat(start), name),),
        start=date.fromisoformat(start),
        end=None if end is None else date.fromisoformat(end),
        medium="cpc",
        **rest,  # type: ignore[arg-type]
    )


_TWO = ("Video A", "Image B")
_THREE = ("Video A", "Image B", "Carousel C")
_RSA = ("RSA 1", "RSA 2")

CAMPAIGNS: tuple[Campaign, ...] = (
    _meta(
        1, "Prospecting – Broad", "2024-08-01", None, daily=95, effect=0.0278, intercepts=0.9, view_rate=4e-5, cpc=0.92,
        ctr=0.011, ads={"Broad US": _THREE, "Broad US 25-44": _TWO},
    ),
    _meta(
        2, (("2024-10-07", "Prospecting – Lookalike"), ("2025-06-10", "Prospecting | LAL 1–3%")), "2024-10-07", None,
        daily=53, effect=0.0315, intercepts=0.6, view_rate=4e-5, cpc=1.04, ctr=0.012,
        ads={"LAL 1%": _TWO, "LAL 3%": _TWO},
    ),
    _meta(
        3, "Retargeting – Site Visitors", "2024-08-01", None, daily=35, effect=0.0074, intercepts=4.2, view_rate=2.6e-4,
        cpc=0.71, ctr=0.016, ads={"Visitors 7d": _TWO, "Cart 14d": _TWO}, medium="cpc", role="retargeting",
    ),
    _meta(
        4, "Retention – Past Buyers", "2025-03-03", None, daily=21, effect=0, intercepts=2.0, view_rate=3e-4, cpc=0.66,
        ctr=0.015, ads={"Buyers 180d": _TWO}, repeat_effect=0.05, role="retention",
    ),
    _meta(
        5, (("2024-10-28", "Holiday Gifting"), ("2025-01-15", "Holiday Gifting 2024 (done)")), "2024-10-28",
        "2024-12-23", daily=129, effect=0.0389, intercepts=1.4, view_rate=7e-5, cpc=1.18, ctr=0.013,
        ads={"Gifts": _THREE}, status="archived", role="seasonal",
    ),
    _meta(
        6, "Spring Launch", "2025-03-17", "2025-05-11", daily=84, effect=0.0296, intercepts=0.9, view_rate=5e-5,
        cpc=0.98, ctr=0.012, ads={"Single origins": _TWO}, status="paused", role="seasonal",
    ),
    _meta(
        7, "Holiday Gifting 2025", "2025-10-27", "2025-12-23", daily=146, effect=0.0379, intercepts=1.4, view_rate=7e-5,
        cpc=1.22, ctr=0.013, ads={"Gifts": _THREE, "Bundles": _TWO}, status="paused", role="seasonal",
    ),
    _meta(
        8, "Creators – Reels", "2026-02-02", None, daily=41, effect=0.0157, intercepts=0.6, view_rate=9e-5, cpc=0.58,
        ctr=0.009, ads={"Reels": ("Creator Ana", "Creator Bo", "Creator Chidi")}, medium="paid",
    ),
    _meta(
        9, "Cold Brew Summer", "2026-05-18", "2026-09-06", daily=67, effect=0.0305, intercepts=0.9, view_rate=5e-5,
        cpc=0.95, ctr=0.012, ads={"Cold brew": _THREE}, status="paused", role="seasonal",
    ),
    _meta(
        10, (("2026-09-08", "Fall Launch"), ("2026-10-12", "Fall Roast Launch")), "2026-09-08", None, daily=78,
        effect=0.0333, intercepts=1.0, view_rate=5e-5, cpc=1.01, ctr=0.012, ads={"Fall": _THREE, "Fall LAL": _TWO},
        role="seasonal", deleted_ad_share=0.04,
    ),
    _meta(
        11, "Holiday Gifting", "2026-10-19", None, daily=50, effect=0.037, intercepts=1.2, view_rate=6e-5, cpc=1.16,
        ctr=0.012, ads={"Gifts": _TWO}, role="seasonal",
    ),
    _google(
        1, "Brand – Search", "2024-08-01", None, daily=27, effect=0.0065, intercepts=7.5, view_rate=0.0, cpc=0.42,
        ctr=0.19, ads={"Brand exact": _RSA, "Brand phrase": ("RSA 1",)}, role="brand",
    ),
    _google(
        2, "Non-brand – Coffee Beans", "2024-08-01", None, daily=64, effect=0.0352, intercepts=1.6, view_rate=0.0,
        cpc=1.32, ctr=0.045, ads={"Whole bean": _RSA, "Espresso": _RSA},
    ),
    _google(
        3, "Gear – Search", "2024-09-16", None, daily=40, effect=0.0278, intercepts=1.1, view_rate=0.0, cpc=1.48,
        ctr=0.041, ads={"Grinders": _RSA, "Kettles": ("RSA 1",)},
    ),
    _google(
        4, "Competitors – Search", "2025-02-03", "2026-06-28", daily=25, effect=0.0111, intercepts=0.5, view_rate=0.0,
        cpc=1.95, ctr=0.022, ads={"Competitors": ("RSA 1",)}, status="removed",
    ),
    _google(
        5, "Holiday Gifting", "2026-10-12", None, daily=48, effect=0.037, intercepts=1.2, view_rate=0.0, cpc=1.41,
        ctr=0.047, ads={"Gift sets": _RSA}, role="seasonal",
    ),
    _google(
        6, "Performance Max – All Products", "2024-09-02", None, daily=76, effect=0.025, intercepts=2.4, view_rate=1e-5,
        cpc=0.78, ctr=0.012,
    ),
)  # fmt: skip

RENAME_MARGIN = timedelta(days=1)
"""No link carries only a name this near to a rename: the day of a visit and of an ad account may differ."""


@dataclass(frozen=True)
class Product:
    name: str
    category: str
    price: int
    unit_cost: int | None
    weight: float
    season: str = ""


PRODUCTS: tuple[Product, ...] = (
    Product("House Blend 12 oz", "Coffee", 1600, 610, 10),
    Product("House Blend 2 lb", "Coffee", 3900, 1540, 6),
    Product("Ethiopia Guji", "Coffee", 2100, 890, 7),
    Product("Colombia Huila", "Coffee", 1900, 760, 7),
    Product("Guatemala Antigua", "Coffee", 1950, 780, 5),
    Product("Kenya Nyeri", "Coffee", 2300, 1010, 4),
    Product("Sumatra Mandheling", "Coffee", 1850, 720, 4),
    Product("Decaf Swiss Water", "Coffee", 1900, 800, 4),
    Product("Espresso No. 4", "Coffee", 1800, 690, 8),
    Product("Fall Roast", "Coffee", 2000, 770, 6, "fall"),
    Product("Winter Roast", "Coffee", 2000, 780, 6, "winter"),
    Product("Cold Brew Pack", "Cold brew", 2400, 930, 7, "summer"),
    Product("Cold Brew Concentrate", "Cold brew", 2800, 1120, 4, "summer"),
    Product("Nitro Can 12-Pack", "Cold brew", 4200, 2050, 3, "summer"),
    Product("Hand Grinder", "Gear", 8900, 4710, 2.2),
    Product("Burr Grinder", "Gear", 17900, 10120, 1.3),
    Product("Gooseneck Kettle", "Gear", 7900, 3880, 2.0),
    Product("Pour-Over Dripper", "Gear", 2600, 930, 3.0),
    Product("French Press", "Gear", 4400, 1890, 2.0),
    Product("Scale with Timer", "Gear", 4900, 2240, 1.8),
    Product("Paper Filters 200", "Supplies", 1200, 340, 6),
    Product("Cleaning Tablets", "Supplies", 1500, 410, 2.5),
    Product("Travel Mug", "Mugs", 2900, 1050, 3),
    Product("Stoneware Mug", "Mugs", 2200, 760, 3),
    Product("Larkspur Tee", "Merch", 2800, None, 1.5),
    Product("Tote Bag", "Merch", 1800, None, 1.5),
    Product("Tasting Box", "Gifts", 4800, 2020, 2.5, "gift"),
    Product("Gift Set – Brewer", "Gifts", 9900, 4630, 1.6, "gift"),
    Product("Gift Set – Espresso Lover", "Gifts", 7400, 3310, 1.6, "gift"),
    Product("Mug and Beans", "Gifts", 3600, 1430, 2.2, "gift"),
)
GIFT_CARD = Product("Gift Card", "Gift cards", 5000, None, 0.0)
BAD_BATCH = 2
"""Index of the product whose bad batch is refunded (an anomaly)."""

PRICE_RISE = (date(2026, 1, 5), 106)
"""From this day prices are this per cent of before."""

LOCATIONS = (
    ("61003001", "Fulton Market Bar"),
    ("61003002", "Evanston Pop-up"),
)

FLOWS = (
    ("klaviyo-flow-welcome", "Welcome Series"),
    ("klaviyo-flow-cart", "Abandoned Cart"),
    ("klaviyo-flow-winback", "Win-back 90 Days"),
)
EMAIL_WINDOW_DAYS = 7
"""E-mail campaigns' own attribution window, shorter than the organization's."""


@dataclass(frozen=True)
class Anomaly:
    """Something planted: what moved, where, when (half-open days), how much and why."""

    anomaly_id: str
    metric: str
    dimension: str
    member: str
    start: date
    end: date
    direction: str
    factor: float
    cause: str


def _curated(platform: str, name: str) -> str:
    return next(c.curated_id for c in reversed(CAMPAIGNS) if c.platform == platform and c.name == name)


ANOMALIES: tuple[Anomaly, ...] = (
    Anomaly(
        "checkout-outage", "orders", "sales_channel", "online", date(2026, 8, 19), date(2026, 8, 21), "down", 0.3,
        "The payment provider was down; most checkouts failed.",
    ),
    Anomaly(
        "brand-bidding", "cpc", "campaign", _curated("google_ads", "Brand – Search"), date(2026, 9, 9),
        date(2026, 9, 13), "up", 2.2, "A competitor bid on the brand's name; clicks cost more.",
    ),
    Anomaly(
        "pixel-break", "reported_conversions", "platform", "meta_ads", date(2026, 9, 22), date(2026, 9, 25), "down",
        0.0, "A storefront release broke the pixel; orders went on.",
    ),
    Anomaly(
        "budget-typo", "spend", "campaign", _curated("meta_ads", "Prospecting | LAL 1–3%"), date(2026, 10, 3),
        date(2026, 10, 5), "up", 3.0, "A daily budget was typed with the wrong digit over a week-end.",
    ),
    Anomaly(
        "spam-folder", "open_rate", "campaign", "newsletter of 2026-10-13", date(2026, 10, 13), date(2026, 10, 14),
        "down", 0.3, "A DKIM key expired; mailbox providers bounced or hid the newsletter.",
    ),
    Anomaly(
        "bad-batch", "refunds", "product", PRODUCTS[BAD_BATCH].name, date(2026, 10, 20), date(2026, 10, 23), "up", 6.0,
        "A bad batch was recalled and refunded.",
    ),
    Anomaly(
        "untagged-links", "attribution_coverage", "campaign", _curated("google_ads", "Gear – Search"),
        date(2026, 10, 24), date(2026, 11, 3), "down", 0.0,
        "The tracking template of the campaign was deleted; its clicks carry no tags.",
    ),
)  # fmt: skip


def anomaly(anomaly_id: str) -> Anomaly:
    return next(a for a in ANOMALIES if a.anomaly_id == anomaly_id)


LIFETIME = {"r": 0.50, "alpha": 11.0, "a": 0.75, "b": 2.4}
"""Order process, weeks of season-adjusted time: rate ~ Gamma(r, α), dropout after each repeat ~ Beta(a, b) (BG/NBD)."""

CONVERSION_LAG = {"median_days": 1.2, "sigma": 1.35}
"""Log-normal lag from the contact that causes a first order to the order."""
