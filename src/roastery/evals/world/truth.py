"""Truth: the answers that the product must give, computed from the world's own tables and nothing of the warehouse.

Written from CONTRACTS sections 4 and 8; where they leave room, by the rules of `oracle`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from typing import Any

import duckdb
import pyarrow as pa

from roastery.evals.world.company import EMAIL_WINDOW_DAYS, FLOWS
from roastery.evals.world.mail import newsletters
from roastery.evals.world.oracle import CLICKS, CREDITS, RESOLVED, SALES, TOUCHES, VISITS
from roastery.evals.world.world import World

DEFAULT_WINDOW_DAYS = 30
MODELS = ("last_non_direct", "last_touch")
SPLITS = {"platform": "platform", "campaign": "campaign_id", "channel": "channel", None: "'total'"}
UNATTRIBUTED = "unattributed"


@dataclass(frozen=True)
class Sales:
    """Money of a period by the day of the order, in the organization's zone."""

    gross_revenue: Decimal
    refunds: Decimal
    revenue: Decimal
    orders: int

    @property
    def aov(self) -> Decimal | None:
        return ratio(self.revenue, self.orders)


@dataclass(frozen=True)
class Credit:
    """One row of an attributed breakdown; spend 0 where nothing was spent, ratios null on a zero denominator."""

    key: str
    attributed_revenue: Decimal
    attributed_orders: int
    paid_revenue: Decimal
    new_customers: int
    paid_new_customers: int
    spend: Decimal

    @property
    def roas(self) -> Decimal | None:
        return ratio(self.paid_revenue, self.spend)

    @property
    def cac(self) -> Decimal | None:
        return ratio(self.spend, self.new_customers)

    @property
    def paid_cac(self) -> Decimal | None:
        return ratio(self.spend, self.paid_new_customers)


def ratio(over: Decimal | int, under: Decimal | int) -> Decimal | None:
    return None if not under else Decimal(over) / Decimal(under)


def rounded(value: Decimal | None, digits: int = 4) -> Decimal | None:
    """Half up, as results are shown."""
    return None if value is None else value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


class Truth:
    """Exact expected values of one world. Periods are half-open days: `start` in, `end` out.

    clicks: what the e-mail platform tells where it is connected itself; its campaigns then bear its prefix.
    """

    def __init__(self, world: World, clicks: pa.Table | None = None) -> None:
        self.world = world
        self._mail_prefix = "" if clicks is None else "klaviyo:"
        self._db = duckdb.connect(config={"threads": 1})
        self._db.execute("SET TimeZone = 'UTC'")
        for name in ("orders", "refunds", "web_events", "journeys", "ad_days", "email_performance"):
            self._db.register(name, getattr(world, name))
        self._known_campaigns()
        if clicks is not None:
            self._db.register("clicks", clicks)
        for script in (SALES, VISITS, RESOLVED, *([] if clicks is None else [CLICKS]), TOUCHES):
            self._db.execute(script)
        self._credited: tuple[str, int | None] | None = None

    def _known_campaigns(self) -> None:
        """What links can name: ads by the platform's id and name history, e-mail by id and name."""
        self._db.register("ad_campaigns", self.world.campaigns)
        self._db.register("ad_names", self.world.campaign_names)
        self._db.execute("CREATE TABLE mail (link_id VARCHAR, campaign_id VARCHAR, campaign_name VARCHAR)")
        letters = [(key, f"{self._mail_prefix}{key}", name) for key, name in (*newsletters(), *FLOWS)]
        self._db.executemany("INSERT INTO mail VALUES (?, ?, ?)", letters)
        self._db.execute(
            """CREATE TABLE known_ids AS
            SELECT platform_id AS link_id, campaign_id, platform FROM ad_campaigns
            UNION ALL SELECT link_id, campaign_id, 'klaviyo' FROM mail;
            CREATE TABLE known_names AS
            SELECT n.campaign_id, n.campaign_name, c.platform, n.since, n.until
            FROM ad_names n JOIN ad_campaigns c USING (campaign_id)
            UNION ALL SELECT campaign_id, campaign_name, 'klaviyo', DATE '2000-01-01', NULL FROM mail;"""
        )
        self._db.execute(
            "CREATE TABLE own_windows AS SELECT campaign_id, ?::INT AS days FROM mail", [EMAIL_WINDOW_DAYS]
        )

    @cached_property
    def today(self) -> date:
        return self.world.clock.today(self.world.organization.time_zone)

    @property
    def last_month(self) -> tuple[date, date]:
        end = self.today.replace(day=1)
        return (end - timedelta(days=1)).replace(day=1), end

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """Any SELECT over the oracle's tables (sales, visited, resolved, touches, credits) and the world's."""
        return self._db.sql(sql, params=list(parameters)).to_arrow_table().to_pylist()

    def delivery(self, start: date, end: date, by: str | None = None) -> dict[str, dict[str, Any]]:
        """spend, impressions, clicks, reported_conversions and their value by platform, campaign or in total."""
        key = {"platform": "platform", "campaign": "campaign_id", None: "'total'"}[by]
        rows = self.rows(
            f"""SELECT {key} AS key, sum(spend)::DECIMAL(18,2) AS spend, sum(impressions)::BIGINT AS impressions,
                sum(clicks)::BIGINT AS clicks, sum(reported_conversions)::DECIMAL(18,2) AS reported_conversions,
                sum(reported_conversion_value)::DECIMAL(18,2) AS reported_conversion_value
            FROM ad_days WHERE report_date >= ? AND report_date < ? GROUP BY 1 ORDER BY 1""",  # noqa: S608
            [start, end],
        )
        return {row.pop("key"): row for row in rows}

    def sales(self, start: date, end: date) -> Sales:
        [row] = self.rows(
            """SELECT coalesce(sum(amount), 0)::DECIMAL(18,2) AS gross_revenue,
                coalesce(sum(refunded_amount), 0)::DECIMAL(18,2) AS refunds,
                coalesce(sum(net), 0)::DECIMAL(18,2) AS revenue, count(*) AS orders
            FROM sales WHERE sale_date >= ? AND sale_date < ?""",
            [start, end],
        )
        return Sales(**row)

    def attribution(
        self,
        start: date,
        end: date,
        by: str | None = None,
        model: str = "last_non_direct",
        window_days: int | None = None,
    ) -> dict[str, Credit]:
        """Credited sales of a period and the spend beside them; keys include 'unattributed' and '' (no campaign).

        Spend is by the platform's own day; by channel it stands with no row.
        """
        self._credit(model, window_days)
        rows = self.rows(
            f"""SELECT {SPLITS[by]} AS key,
                coalesce(sum(net) FILTER (is_attributed), 0)::DECIMAL(18,2) AS attributed_revenue,
                count(*) FILTER (is_attributed) AS attributed_orders,
                coalesce(sum(net) FILTER (is_paid), 0)::DECIMAL(18,2) AS paid_revenue,
                count(*) FILTER (is_first) AS new_customers,
                count(*) FILTER (is_first AND is_paid) AS paid_new_customers
            FROM credits WHERE sale_date >= ? AND sale_date < ? GROUP BY 1 ORDER BY 1""",  # noqa: S608
            [start, end],
        )
        spend = {} if by == "channel" else {k: v["spend"] for k, v in self.delivery(start, end, by).items()}
        none = Credit("", Decimal(0), 0, Decimal(0), 0, 0, Decimal(0))
        found = {row["key"]: row for row in rows}
        return {
            key: replace(none, **{**found.get(key, {}), "key": key, "spend": spend.get(key, Decimal(0))})
            for key in sorted({*found, *spend})
        }

    def _credit(self, model: str, window_days: int | None) -> None:
        if self._credited == (model, window_days):
            return
        first = {"last_non_direct": "is_direct,", "last_touch": ""}[model]
        window = "NULL" if window_days is None else str(int(window_days))
        self._db.execute("DROP TABLE IF EXISTS credits")
        self._db.execute(CREDITS.format(first=first, window=window, default=DEFAULT_WINDOW_DAYS))
        self._credited = (model, window_days)

    def roas_by_platform(self) -> dict[str, Credit]:
        """Demo question 1: ROAS by platform last month (ad platforms only)."""
        return {
            key: credit for key, credit in self.attribution(*self.last_month, by="platform").items() if credit.spend
        }

    def weekly_revenue(self, weeks: int = 8) -> list[tuple[date, Decimal, Decimal]]:
        """Demo question 2: (week, revenue, revenue of the same week of the eight before), weeks from Monday."""
        monday = self.today - timedelta(days=self.today.weekday())
        starts = [monday - timedelta(weeks=weeks - n) for n in range(weeks)]
        return [(day, self._week(day), self._week(day - timedelta(weeks=weeks))) for day in starts]

    def _week(self, monday: date) -> Decimal:
        return self.sales(monday, monday + timedelta(weeks=1)).revenue

    def top_campaigns(self, count: int = 5) -> list[Credit]:
        """Demo question 3: campaigns by attributed revenue last month, with spend and CAC; ties by id."""
        credits = self.attribution(*self.last_month, by="campaign").values()
        named = [credit for credit in credits if credit.key not in ("", UNATTRIBUTED)]
        return sorted(named, key=lambda credit: (-credit.attributed_revenue, credit.key))[:count]

    def counts(self) -> dict[str, Any]:
        """What the curated tables must hold once everything has landed."""
        world = self.world
        [spent] = self.rows("SELECT sum(spend)::DECIMAL(18,2) AS spend FROM ad_days")
        return {
            "transactions": world.orders.num_rows,
            "sales": self.rows("SELECT count(*) AS n FROM sales")[0]["n"],
            "refunds": world.refunds.num_rows,
            "customers": world.customers.num_rows,
            "products": world.products.num_rows,
            "ad_performance": world.ad_days.num_rows,
            "campaigns": world.campaigns.num_rows,
            "email_performance": world.email_performance.num_rows,
            "web_events": world.web_events.num_rows,
            "spend": spent["spend"],
        }
