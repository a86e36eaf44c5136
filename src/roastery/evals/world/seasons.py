"""The world's time: seconds since the epoch, days of the company's zone, seasons and the hours at which people act."""

from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from roastery.evals.world.company import DAYS, FIRST_DAY, NOW, ZONE, anomaly

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

DAY_SECONDS = 86_400
END = int(NOW.timestamp())
HOUR_WEIGHTS = np.array(
    [2, 1, 1, 1, 1, 2, 5, 9, 11, 11, 10, 10, 11, 10, 9, 9, 9, 10, 12, 14, 15, 13, 9, 5], dtype=float
)


def to_instants(day: Ints, second: Ints, zone: ZoneInfo = ZONE) -> Ints:
    """Seconds since the epoch of a second of a day of a zone; a doubled hour takes its first run."""
    wall = np.datetime64(FIRST_DAY, "s") + day * DAY_SECONDS + second
    zoned = pc.assume_timezone(pa.array(wall), str(zone), ambiguous="earliest", nonexistent="latest")
    return np.asarray(pc.cast(zoned, pa.int64()))


def days_of(instants: Ints, zone: ZoneInfo = ZONE) -> Ints:
    """The day, counted from FIRST_DAY, that each instant falls on in a zone."""
    local = pc.local_timestamp(pa.array(instants).cast(pa.timestamp("s", str(zone))))
    return np.asarray(pc.cast(pc.cast(local, pa.date32()), pa.int32())).astype(np.int64) - _epoch_day(FIRST_DAY)


def _epoch_day(day: date) -> int:
    return (day - date(1970, 1, 1)).days


def dates(day: Ints) -> pa.Array:
    return pa.array((day + _epoch_day(FIRST_DAY)).astype(np.int32)).cast(pa.date32())


def day_index(day: date) -> int:
    return (day - FIRST_DAY).days


def instants_array(seconds: Ints, mask: Any = None) -> pa.Array:
    """UTC timestamps; null where mask is true."""
    return pa.array(seconds, pa.int64(), mask=mask).cast(pa.timestamp("s", "UTC")).cast(pa.timestamp("us", "UTC"))


def seconds_of_day(rng: np.random.Generator, count: int) -> Ints:
    """Seconds within a day, drawn by the hours at which people shop."""
    hour = rng.choice(24, size=count, p=HOUR_WEIGHTS / HOUR_WEIGHTS.sum())
    return hour.astype(np.int64) * 3600 + rng.integers(0, 3600, count)


@dataclass(frozen=True)
class Seasons:
    """Demand by day of history, each about 1 on average."""

    demand: Floats
    growth: Floats
    weekday: Ints
    month: Ints


@cache
def seasons() -> Seasons:
    calendar = np.datetime64(FIRST_DAY, "D") + np.arange(DAYS)
    weekday = (calendar.astype("datetime64[D]").view("int64") - 4) % 7
    month = calendar.astype("datetime64[M]").view("int64") % 12 + 1
    of_year = (calendar - calendar.astype("datetime64[Y]").astype("datetime64[D]")).astype(np.int64)
    yearly = 1 + 0.13 * np.cos(2 * np.pi * (of_year - 345) / 365.25)
    weekly = np.array([1.06, 1.00, 0.97, 0.98, 0.96, 0.98, 1.07])[weekday]
    demand = yearly * weekly
    for year in (2024, 2025):
        friday = day_index(date(year, 11, 29) if year == 2024 else date(year, 11, 28))
        demand[friday : friday + 4] *= np.array([2.6, 1.7, 1.6, 2.4])
        december = day_index(date(year, 12, 1))
        demand[december : december + 18] *= np.linspace(1.25, 1.6, 18)
        demand[day_index(date(year, 12, 24)) : day_index(date(year, 12, 27))] *= 0.55
    growth = np.exp(0.30 * np.arange(DAYS) / 365.25)
    return Seasons(demand / demand.mean(), growth / growth.mean(), weekday, month)


def outage_days() -> tuple[int, int]:
    outage = anomaly("checkout-outage")
    return day_index(outage.start), day_index(outage.end)
