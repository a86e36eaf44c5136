"""The planted truth that no system may see: effects, customers' fates, anomalies, and the parameters behind them."""

import numpy as np
import pyarrow as pa

from roastery.evals.world.columns import picked
from roastery.evals.world.company import ANOMALIES, CAMPAIGNS, CONVERSION_LAG, LIFETIME
from roastery.evals.world.people import People
from roastery.evals.world.seasons import instants_array
from roastery.evals.world.spend import Spend
from roastery.evals.world.tracking import shop_customer_ids

YEAR_WEEKS = 365.25 / 7


def effects(people: People, spend: Spend) -> pa.Table:
    """What each campaign truly does, planned and as it fell out.

    expected_first_orders: response to the spend of the whole history. caused_customers: customers it really brought.
    marginal_first_orders_per_1000: at low spend; saturation_spend: κ of effect·κ·ln(1 + spend/κ), dollars a day.
    """
    brought = np.bincount(people.cause[people.cause >= 0], minlength=len(CAMPAIGNS))
    scale = people.count / 20_000
    return pa.table(
        {
            "campaign_id": [c.curated_id for c in CAMPAIGNS],
            "campaign_name": [c.name for c in CAMPAIGNS],
            "role": [c.role for c in CAMPAIGNS],
            "marginal_first_orders_per_1000": [c.effect * 1000 for c in CAMPAIGNS],
            "saturation_spend": [2.5 * c.daily * scale for c in CAMPAIGNS],
            "repeat_lift": [c.repeat_effect for c in CAMPAIGNS],
            "expected_first_orders": pa.array(np.round(spend.response.sum(axis=1), 6)),
            "caused_customers": pa.array(brought),
        }
    )


def fates(people: People) -> pa.Table:
    """Each customer's true cause, rates and expected orders of the 52 season-adjusted weeks after the end."""
    years = YEAR_WEEKS * people.rate
    expected = -np.expm1(-years * people.dropout) / people.dropout
    return pa.table(
        {
            "customer_id": shop_customer_ids(np.arange(people.count)),
            "caused_by": picked([c.curated_id for c in CAMPAIGNS], np.maximum(people.cause, 0), people.cause < 0),
            "exposed_at": instants_array(people.exposed_at),
            "first_order_at": instants_array(people.first_order_at),
            "orders_per_week": pa.array(np.round(people.rate, 9)),
            "dropout": pa.array(np.round(people.dropout, 9)),
            "is_alive": pa.array(people.is_alive),
            "expected_orders_12m": pa.array(np.round(np.where(people.is_alive, expected, 0.0), 9)),
        }
    )


def anomalies() -> pa.Table:
    """What was planted in the last 90 days, when and why."""
    names = list(type(ANOMALIES[0]).__dataclass_fields__)
    return pa.table({name: pa.array([getattr(a, name) for a in ANOMALIES]) for name in names})


def parameters() -> pa.Table:
    rows = {f"lifetime.{k}": v for k, v in LIFETIME.items()} | {
        f"conversion_lag.{k}": v for k, v in CONVERSION_LAG.items()
    }
    return pa.table({"parameter": list(rows), "value": list(rows.values())})
