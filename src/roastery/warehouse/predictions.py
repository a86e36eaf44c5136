"""What a forecast expects of each customer, kept so that `predicted_ltv` can be asked like any other metric.

A dated fit, not a fact: each forecast replaces the one before, an erasure removes it, and it is not rebuilt from raw.
"""

from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from roastery.warehouse.instance import Instance

SCHEMA = pa.schema(
    [
        ("customer_id", pa.string()),
        ("acquired_on", pa.date32()),
        ("to_date", pa.float64()),
        ("expected", pa.float64()),
        ("currency", pa.string()),
        ("as_of", pa.date32()),
    ]
)


def keep(instance: "Instance", rows: pa.Table) -> None:
    """Put a forecast in the place of the one before. Shape: SCHEMA, one row a customer; money in `currency`."""
    found = rows.cast(SCHEMA)
    with instance.transaction() as cursor:
        cursor.execute("DELETE FROM meta.predictions")
        cursor.register("predicted_now", found)
        cursor.execute("INSERT INTO meta.predictions FROM predicted_now")
        cursor.unregister("predicted_now")
