"""A warehouse file written anew: DuckDB leaves the bytes of deleted rows in free blocks, a copy does not take them."""

import os
from pathlib import Path

import duckdb

from roastery.warehouse.instance import ROW_GROUP_ROWS
from roastery.warehouse.sql import quoted


def rewrite(path: Path) -> None:
    """Put a copy of a closed file's live rows in its place, in one step; interrupted, the old file stays.

    What is not reached: blocks that the file system or the disk itself still holds, and backups.
    """
    draft = path.with_name(f"{path.name}.compacting")
    for leftover in (draft, draft.with_name(f"{draft.name}.wal")):
        leftover.unlink(missing_ok=True)
    root = duckdb.connect()
    try:
        root.execute("LOAD icu")
        # Not read-only: an open that finds a write-ahead log folds it into the file, so that none is left behind.
        root.execute(f"ATTACH {quoted(str(path))} AS old; CHECKPOINT old")
        root.execute(f"ATTACH {quoted(str(draft))} AS new (ROW_GROUP_SIZE {ROW_GROUP_ROWS})")
        root.execute("COPY FROM DATABASE old TO new")
        root.execute("CHECKPOINT new; DETACH new; DETACH old")
    finally:
        root.close()
    descriptor = os.open(draft, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    os.replace(draft, path)
    path.with_name(f"{path.name}.wal").unlink(missing_ok=True)
