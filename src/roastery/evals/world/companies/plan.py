"""Plan: who a company is, when people want what it sells, which campaigns it ran and what was planted."""

from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np

from roastery.evals.world.company import FIRST_DAY, Anomaly, Campaign
from roastery.evals.world.seasons import DAYS, Floats, Ints, day_index, days_of, to_instants
from roastery.warehouse.organization import Organization

PLATFORM_CHANNELS = {
    "meta_ads": "paid_social",
    "tiktok_ads": "paid_social",
    "linkedin_ads": "paid_social",
    "google_ads": "paid_search",
}


@dataclass(frozen=True)
class Season:
    """When people want it: weekday factors from Monday, cosine waves (amplitude, peak day of year), single days.

    holidays: (first day, days, factor). growth: per year, as a log rate.
    """

    weekday: tuple[float, ...]
    waves: tuple[tuple[float, int], ...] = ()
    holidays: tuple[tuple[date, int, float], ...] = ()
    growth: float = 0.2

    @cached_property
    def demand(self) -> Floats:
        """By day of history, about 1 on average, growth left out."""
        calendar = np.datetime64(FIRST_DAY, "D") + np.arange(DAYS)
        weekday = (calendar.view("int64") - 4) % 7
        of_year = (calendar - calendar.astype("datetime64[Y]").astype("datetime64[D]")).astype(np.int64)
        yearly = 1 + sum((a * np.cos(2 * np.pi * (of_year - peak) / 365.25) for a, peak in self.waves), np.zeros(DAYS))
        level = yearly * np.array(self.weekday)[weekday]
        for first, days, factor in self.holidays:
            start = day_index(first)
            level[max(start, 0) : max(start + days, 0)] *= factor
        return level / level.mean()

    @cached_property
    def trend(self) -> Floats:
        """Growth by day of history, 1 on average."""
        rising = np.exp(self.growth * np.arange(DAYS) / 365.25)
        return rising / rising.mean()


@dataclass(frozen=True)
class Promotion:
    """An offer on half-open days, on one weekday only if given (Monday 0). uplift: what it multiplies demand by."""

    promotion_id: str
    name: str
    kind: str
    start: date
    end: date
    uplift: float
    weekday: int | None = None

    @property
    def holds(self) -> np.ndarray:
        """Whether it holds, by day of history."""
        day = np.arange(DAYS)
        on = (day >= day_index(self.start)) & (day < day_index(self.end))
        return on if self.weekday is None else on & ((day + FIRST_DAY.weekday()) % 7 == self.weekday)


@dataclass(frozen=True)
class Plan:
    """Everything chosen about a company; figures are for `size` persons and scale with the size asked for.

    caused_share: part of all persons whom campaigns bring. lag: median days and sigma of the log-normal wait from the
    contact that causes a first conversion to the conversion. hours: weights of the 24 hours at which people act.
    """

    organization: Organization
    campaigns: tuple[Campaign, ...]
    anomalies: tuple[Anomaly, ...]
    season: Season
    hours: tuple[float, ...]
    size: int
    caused_share: float = 0.45
    lag: tuple[float, float] = (1.5, 1.1)
    accounts: dict[str, str] = field(default_factory=dict)
    promotions: tuple[Promotion, ...] = ()

    @cached_property
    def zone(self) -> ZoneInfo:
        return self.organization.zone

    @cached_property
    def uplift(self) -> Floats:
        """What promotions multiply demand by, day by day."""
        lift = np.ones(DAYS)
        for promotion in self.promotions:
            lift[promotion.holds] *= promotion.uplift
        return lift

    def instants(self, day: Ints, second: Ints) -> Ints:
        return to_instants(day, second, self.zone)

    def days(self, instants: Ints) -> Ints:
        return days_of(instants, self.zone)

    def seconds(self, rng: np.random.Generator, count: int) -> Ints:
        """Seconds within a day, drawn by the hours at which people act."""
        weight = np.array(self.hours, dtype=float)
        hour = rng.choice(24, size=count, p=weight / weight.sum())
        return hour.astype(np.int64) * 3600 + rng.integers(0, 3600, count)

    def factor(self, metric: str, dimension: str, member: str) -> Floats:
        """What planted anomalies multiply a slice's metric by, day by day."""
        by_day = np.ones(DAYS)
        for planted in self.anomalies:
            if (planted.metric, planted.dimension, planted.member) == (metric, dimension, member):
                by_day[day_index(planted.start) : day_index(planted.end)] *= planted.factor
        return by_day


def campaign(platform: str, number: int, name: str, start: str, end: str | None = None, **rest: object) -> Campaign:
    """A campaign with an id as its platform gives them. Further fields as in Campaign."""
    shapes = {
        "meta_ads": f"23861{number:03d}5510{number * 7 % 100:02d}0233",
        "google_ads": f"2197{number:02d}31{number * 13 % 100:02d}4",
        "tiktok_ads": f"17{number:02d}6643{number * 11 % 100:02d}0988194",
        "linkedin_ads": f"6214{number:02d}{number * 17 % 100:02d}3",
    }
    defaults: dict[str, object] = {"intercepts": 1.0, "view_rate": 4e-5, "cpc": 1.0, "ctr": 0.012, "effect": 1.0}
    return Campaign(
        platform=platform,
        id=shapes[platform],
        names=((date.fromisoformat(start), name),),
        start=date.fromisoformat(start),
        end=None if end is None else date.fromisoformat(end),
        medium="cpc" if platform == "google_ads" else "paid_social",
        **{**defaults, **rest},  # type: ignore[arg-type]
    )


def planted(
    anomaly_id: str, metric: str, slice_: tuple[str, str], days: tuple[str, str], factor: float, cause: str
) -> Anomaly:
    """An anomaly of a slice (dimension, member) on half-open days; it goes up when factor exceeds 1."""
    start, end = (date.fromisoformat(day) for day in days)
    return Anomaly(anomaly_id, metric, *slice_, start, end, "up" if factor > 1 else "down", factor, cause)


def promotion(
    promotion_id: str, name: str, kind: str, days: tuple[str, str], uplift: float, weekday: int | None = None
) -> Promotion:
    return Promotion(promotion_id, name, kind, *(date.fromisoformat(day) for day in days), uplift, weekday)
