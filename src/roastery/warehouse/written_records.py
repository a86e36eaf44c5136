"""Records of days as columns, written when they were read: a page's objects need not wait for their landing."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson
import pyarrow as pa

from roastery.warehouse.columns import encoded_column, repeated_column, table, text_column
from roastery.warehouse.made_when_asked import MadeWhenAsked
from roastery.warehouse.raw import RawRecord
from roastery.warehouse.writing import written


@dataclass(frozen=True, eq=False, repr=False)
class WrittenRecords(MadeWhenAsked[RawRecord]):
    """Records that are replaced by day and hold nothing personal, in a fraction of the memory of their objects.

    Shape: one row per record, columns key, scope, day, read and payload as text.
    """

    table: pa.Table

    @classmethod
    def of(
        cls, keys: Sequence[str], places: Sequence[tuple[str, date]], payloads: Sequence[Any], read_id: str
    ) -> "WrittenRecords":
        """The records of one read. places: scope and day of each."""
        return cls.of_texts(keys, places, written(payloads, in_order=False), read_id)

    @classmethod
    def of_texts(
        cls, keys: Sequence[str], places: Sequence[tuple[str, date]], texts: Sequence[bytes], read_id: str
    ) -> "WrittenRecords":
        """The same, of payloads that are text already. Requires JSON in UTF-8: landing looks at none of them."""
        days = {day: day.isoformat() for day in {day for _, day in places}}
        return cls(
            table(
                {
                    "key": text_column(keys),
                    "scope": repeated_column([scope for scope, _ in places]),
                    "day": repeated_column([days[day] for _, day in places]),
                    "read": repeated_column([read_id] * len(keys)),
                    "payload": encoded_column(texts),
                }
            )
        )

    @classmethod
    def joined(cls, parts: Sequence["WrittenRecords"]) -> "WrittenRecords":
        """All of them, in this order, without copying. Requires at least one."""
        return cls(pa.concat_tables([part.table for part in parts]))

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def __iter__(self) -> Iterator[RawRecord]:
        columns = (self.table[name].to_pylist() for name in ("key", "payload", "scope", "day", "read"))
        for key, payload, scope, day, read in zip(*columns, strict=True):
            yield RawRecord(key, _read(payload), scope, date.fromisoformat(day), False, read)


def _read(payload: str) -> Any:
    try:
        return orjson.loads(payload)
    except ValueError:
        # Numbers beyond what a float holds, as a provider may have written them.
        return json.loads(payload)
