"""What has landed of a source that no longer lists it."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from roastery.warehouse.columns import table, text_column

if TYPE_CHECKING:
    from roastery.warehouse.engine import Warehouse

UNLISTED = """
WITH last AS (
    SELECT key, arg_max(deleted, seq) AS deleted, arg_max(json_extract_string(payload, $made), seq) AS made
    FROM raw.records
    WHERE connection_id = $connection AND resource = $resource AND partition_day IS NULL
    GROUP BY key
    HAVING max(landed_at) <= $before::TIMESTAMPTZ)
SELECT key FROM last ANTI JOIN listed USING (key)
WHERE NOT deleted AND try_cast(made AS TIMESTAMPTZ) >= $since::TIMESTAMPTZ
ORDER BY key
"""


def unlisted(
    warehouse: "Warehouse",
    connection_id: str,
    resource: str,
    keys: Sequence[str],
    made: str,
    since: datetime,
    before: datetime,
) -> list[str]:
    """Keys that stand in raw and are not among `keys`.

    made: the path of a record's time of making; those made before `since` are not looked at, nor those that landed
    after `before`, since the list may have been read before they were made.
    """
    with warehouse.reading() as cursor:
        cursor.register("listed", table({"key": text_column(list(keys))}))
        asked = {
            "connection": connection_id,
            "resource": resource,
            "made": f"$.{made}",
            "since": since.isoformat(),
            "before": before.isoformat(),
        }
        found: list[str] = [row[0] for row in cursor.execute(UNLISTED, asked).fetchall()]
        cursor.unregister("listed")
    return found
