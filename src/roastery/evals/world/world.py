"""World: the synthetic company as Arrow tables, made whole from a seed."""

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather

from roastery.evals.world import (
    ads,
    causes,
    commerce,
    earlier,
    mail,
    people,
    restated,
    returns,
    shop,
    spend,
    tracking,
    visits,
)
from roastery.evals.world.columns import opaque, picked
from roastery.evals.world.company import CAMPAIGNS, LOCATIONS, NAME, NOW, ORGANIZATION_ID, ZONE
from roastery.evals.world.seasons import instants_array
from roastery.warehouse.clock import Clock
from roastery.warehouse.organization import Organization


@dataclass(frozen=True, eq=False)
class World:
    """The company as its systems hold it (first block), and the truth behind it (second block).

    Ids: the shop's tables hold the shop's own numbers; everything else names things as curated tables do.
    """

    seed: int
    size: int
    products: pa.Table = field(repr=False)
    customers: pa.Table = field(repr=False)
    orders: pa.Table = field(repr=False)
    order_lines: pa.Table = field(repr=False)
    refunds: pa.Table = field(repr=False)
    refund_lines: pa.Table = field(repr=False)
    journeys: pa.Table = field(repr=False)
    locations: pa.Table = field(repr=False)
    campaigns: pa.Table = field(repr=False)
    campaign_names: pa.Table = field(repr=False)
    ads: pa.Table = field(repr=False)
    ad_days: pa.Table = field(repr=False)
    email_performance: pa.Table = field(repr=False)
    web_events: pa.Table = field(repr=False)

    visits: pa.Table = field(repr=False)
    effects: pa.Table = field(repr=False)
    fates: pa.Table = field(repr=False)
    spend_variation: pa.Table = field(repr=False)
    anomalies: pa.Table = field(repr=False)
    parameters: pa.Table = field(repr=False)
    now: datetime = NOW

    @classmethod
    def make(cls, seed: int = 7, customers: int = 20_000) -> "World":
        """The company of a seed: the same tables, byte for byte, each time it is made."""
        return _make(seed, customers)

    @cached_property
    def clock(self) -> Clock:
        """Fixed at the end of history: a Monday morning, the month before complete."""
        return Clock(self.now)

    @cached_property
    def organization(self) -> Organization:
        return Organization(ORGANIZATION_ID, NAME, "USD", str(ZONE), clock=self.now.isoformat())

    @cached_property
    def tables(self) -> dict[str, pa.Table]:
        return {f.name: getattr(self, f.name) for f in fields(self) if f.type is pa.Table}

    @cached_property
    def keyword_days(self) -> pa.Table:
        """Rows in the columns of `keyword_performance`, a view of the search rows of `ad_days`."""
        return restated.keyword_days(self.ad_days)

    def restated(self, days: int = 28, seed: int = 1) -> "World":
        """This company after its ad platforms went over their last `days` days again."""
        since = pa.scalar(self.clock.today(str(ZONE)) - timedelta(days=days - 1))
        return replace(self, ad_days=restated.restate(self.ad_days, since, seed))

    def as_of(self, now: datetime) -> "World":
        """This company as it stood at an earlier instant, for syncs that have to find what is new since."""
        return replace(self, now=now, **earlier.tables_at(self.tables, now))

    def digest(self) -> str:
        """SHA-256 over every table's bytes, in order."""
        whole = hashlib.sha256()
        for name, table in self.tables.items():
            whole.update(name.encode())
            with pa.ipc.new_stream(_Sink(whole), table.schema) as writer:
                writer.write_table(table.combine_chunks())
        return whole.hexdigest()

    def save(self, folder: Path) -> None:
        """Write every table as a Feather file, so that a later run need not make it again."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, table in self.tables.items():
            pyarrow.feather.write_feather(table, folder / f"{name}.arrow", compression="lz4")
        (folder / "made").write_text(f"{self.seed} {self.size} {self.now.isoformat()}", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "World":
        seed, size, now = (folder / "made").read_text(encoding="utf-8").split()
        names = [f.name for f in fields(cls) if f.type is pa.Table]
        tables = {name: pyarrow.feather.read_table(folder / f"{name}.arrow") for name in names}
        return cls(int(seed), int(size), **tables, now=datetime.fromisoformat(now))

    def storefront_events(self, batch_rows: int = 1000) -> Iterator[list[dict[str, Any]]]:
        """Batches of `web_events.upserted` messages for a signed POST /v1/events; absent values are left out."""
        whole = self.web_events["occurred_at"].cast(pa.timestamp("s", "UTC"))
        when = pa.compute.strftime(whole, format="%Y-%m-%dT%H:%M:%SZ")
        place = self.web_events.schema.get_field_index("occurred_at")
        table = self.web_events.set_column(place, "occurred_at", when)
        for batch in table.to_batches(max_chunksize=batch_rows):
            rows = ({name: value for name, value in row.items() if value is not None} for row in batch.to_pylist())
            yield [{"type": "web_events.upserted", "timestamp": row["occurred_at"], "data": row} for row in rows]

    def email_csv(self) -> bytes:
        """The rows of `email_performance` as a CSV to import."""
        return _csv(self.email_performance)

    def email_windows_csv(self) -> bytes:
        """How long each newsletter and flow may earn, which no e-mail platform tells, as rows of `campaigns`."""
        return _csv(mail.windows())

    def email_campaigns_csv(self) -> bytes:
        """Newsletters and flows as rows of `campaigns`, with their own attribution window."""
        return _csv(mail.campaigns())


class _Sink(io.RawIOBase):
    """A file that only hashes what is written to it."""

    def __init__(self, into: Any) -> None:
        self.into = into

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.into.update(data)
        return len(memoryview(data).cast("B"))


def _csv(table: pa.Table) -> bytes:
    buffer = io.BytesIO()
    pyarrow.csv.write_csv(table, buffer)
    return buffer.getvalue()


def _make(seed: int, size: int) -> World:
    """Each part has a stream of random numbers of its own, so that one may change without moving the others."""
    streams = iter(np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(12))
    spent = spend.plan_spend(next(streams), size / 20_000)
    folk = people.acquire(next(streams), spent, size)
    intensity = people.repeat_intensity(spent, visits.newsletter_days())
    folk, timeline = people.order_times(next(streams), folk, intensity)
    orders, lines = shop.take_orders(next(streams), folk, timeline)
    refunds, refund_lines = returns.give_back(next(streams), orders, lines)
    came = visits.visit(next(streams), folk, orders, spent)
    following = visits.next_orders(came, orders)
    reported = ads.report(next(streams), spent, came, orders, following)
    links = tracking.Links.of(next(streams), came)
    seen = tracking.see(next(streams), came, orders, following)
    events = tracking.events(next(streams), came, seen, links, orders, folk.first_order_at)
    updated = commerce.updated_at(orders, refunds)
    return World(
        seed=seed,
        size=size,
        products=commerce.products(),
        customers=commerce.customers(folk, orders, updated),
        orders=commerce.orders_table(orders, refunds, updated),
        order_lines=commerce.lines_table(lines),
        refunds=commerce.refunds_table(refunds),
        refund_lines=commerce.refund_lines_table(refunds, refund_lines),
        journeys=tracking.journeys(next(streams), came, seen, links, orders),
        locations=pa.table({"location_id": [k for k, _ in LOCATIONS], "location_name": [n for _, n in LOCATIONS]}),
        campaigns=_campaigns(),
        campaign_names=_campaign_names(),
        ads=ads.ad_index().drop_columns(["campaign", "ad"]),
        ad_days=ads.ad_table(reported),
        email_performance=mail.report(next(streams), folk),
        web_events=events,
        visits=_visits(came, seen, following, folk.count),
        effects=causes.effects(folk, spent),
        fates=causes.fates(folk),
        spend_variation=spent.variation,
        anomalies=causes.anomalies(),
        parameters=causes.parameters(),
    )


def _campaigns() -> pa.Table:
    """Ad campaigns as they stand today."""
    return pa.table(
        {
            "campaign_id": [c.curated_id for c in CAMPAIGNS],
            "platform": [c.platform for c in CAMPAIGNS],
            "platform_id": [c.id for c in CAMPAIGNS],
            "campaign_name": [c.name for c in CAMPAIGNS],
            "status": [c.status for c in CAMPAIGNS],
            "has_ads": [bool(c.ads) for c in CAMPAIGNS],
            "start_date": pa.array([c.start for c in CAMPAIGNS]),
            "end_date": pa.array([c.end for c in CAMPAIGNS], pa.date32()),
            "daily_budget": pa.array([round(c.daily) for c in CAMPAIGNS]),
        }
    )


def _campaign_names() -> pa.Table:
    """The name history: each name from its day until the next one's."""
    rows = [(c.curated_id, name, since) for c in CAMPAIGNS for since, name in c.names]
    until = [nxt[2] if nxt and nxt[0] == row[0] else None for row, nxt in zip(rows, [*rows[1:], None], strict=True)]
    ids, names, since = zip(*rows, strict=True)
    return pa.table({"campaign_id": ids, "campaign_name": names, "since": since, "until": pa.array(until, pa.date32())})


def _visits(came: visits.Visits, seen: tracking.Seen, following: np.ndarray, customers: int) -> pa.Table:
    """Every visit as it truly was, seen or not."""
    index = np.arange(came.count)
    known = came.person < customers
    paid = came.way == visits.PAID
    return pa.table(
        {
            "visit": pa.array(index),
            "customer_id": tracking.shop_customer_ids(np.where(known, came.person, 0), ~known),
            "anonymous_id": opaque("anon-", came.device, 0xC0FFEE),
            "occurred_at": instants_array(came.at),
            "way": picked(visits.WAYS, came.way),
            "campaign_id": picked([c.curated_id for c in CAMPAIGNS], np.where(paid, came.campaign, 0), ~paid),
            "link": picked(["tagged", "named", "click_id_only", "bare"], came.link),
            "is_granted": pa.array(came.is_granted),
            "is_in_storefront": pa.array(np.isin(index, seen.storefront)),
            "is_in_journey": pa.array(np.isin(index, seen.shop)),
            "next_order_id": pa.array(tracking.order_numbers(following), mask=following < 0),
        }
    )
