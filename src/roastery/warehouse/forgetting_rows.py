"""Forgotten people in rows of a contract as they are imported: the few rows that tell of them are rewritten."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from roastery.warehouse.columns import text_column
from roastery.warehouse.forgetting import DEVICES, PEOPLE, Forgetter
from roastery.warehouse.privacy import PREFIX, Notice, hash_of
from roastery.warehouse.state import IMPORT

NAMING = PEOPLE | DEVICES | {"object_id"}


class ForgettingRows:
    """Rewrites Arrow rows of a contract, text columns with sealed personal values.

    noticed: what was noticed of the plain addresses in the rows, by hash; notices: what of it may be kept.
    """

    def __init__(self, forgetter: Forgetter, contract: str, noticed: Mapping[str, Notice]) -> None:
        self._forgetter = forgetter
        self._contract = contract
        self.notices = set(noticed.values())
        for notice in noticed.values():  # another spelling of a forgotten mailbox
            if notice.mailbox_hash in forgetter.hashes:
                forgetter.hashes.add(notice.hash)
        self._noticed = noticed

    def rewritten(self, rows: pa.Table) -> pa.Table:
        """The rows, those of forgotten people with pseudonyms in their place."""
        texts = [f.name for f in rows.schema if pa.types.is_string(f.type) or pa.types.is_large_string(f.type)]
        touched = np.zeros(rows.num_rows, dtype=bool)
        for column in texts:
            touched |= self._touched(rows.column(column), column)
        places = np.flatnonzero(touched)
        if not len(places):
            return rows
        found = []
        for row in rows.select(texts).take(pa.array(places)).to_pylist():
            carried = {name: value for name, value in row.items() if value is not None}
            new, is_theirs = self._forgetter.rewritten(IMPORT, self._contract, carried)
            found.append({**row, **new})
            if is_theirs:
                self._rename_notices(carried)
        mask = pa.array(touched)
        for column in texts:
            replaced = text_column([row[column] for row in found]).cast(rows.schema.field(column).type)
            kept = pc.replace_with_mask(rows.column(column).combine_chunks(), mask, replaced)
            rows = rows.set_column(rows.column_names.index(column), column, kept)
        return rows

    def _touched(self, values: pa.ChunkedArray, column: str) -> np.ndarray:
        """Which rows hold a forgotten id, sealed value or address in a column."""
        coded = pc.dictionary_encode(values.combine_chunks())
        hits = [self._is_hit(value, column) for value in coded.dictionary.to_pylist()]
        if not any(hits):
            return np.zeros(len(values), dtype=bool)
        indices = coded.indices.fill_null(0).to_numpy(zero_copy_only=False)
        return np.asarray(np.array(hits, dtype=bool)[indices] & coded.indices.is_valid().to_numpy(zero_copy_only=False))

    def _is_hit(self, value: str | None, column: str) -> bool:
        if not value:
            return False
        if value.startswith(PREFIX):
            return hash_of(value) in self._forgetter.hashes
        if column in NAMING and self._forgetter.is_forgotten_id(value):
            return True
        return self._forgetter.cleaned(value) != value

    def _rename_notices(self, row: Mapping[str, str]) -> None:
        for value in row.values():
            notice = self._noticed.get(hash_of(value))
            if notice is not None:
                self.notices.discard(notice)
                self.notices.add(self._forgetter.notice_pseudonym(notice))
