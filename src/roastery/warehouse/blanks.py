"""New organizations' files as copies: making some ninety empty tables takes half a second, copying them far less.

A process that makes a third organization of the same settings on the same day copies what it made for the second.
"""

import os
import threading
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from roastery.warehouse.instance import Instance

Mark = tuple[str, date]
"""What empty tables depend on: the digest of definitions and settings, and the day that their views speak of."""
MOST_KEPT = 8


@dataclass(frozen=True)
class Blank:
    """content: the bytes of a file whose tables are empty and whose organization and builds are not noted yet."""

    content: bytes
    tables: dict[str, int]


class Blanks:
    """Empty files by their mark, the last used kept."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Mark, Blank | None] = OrderedDict()
        self._lock = threading.Lock()

    def copy_to(self, path: Path, mark: Mark) -> Blank | None:
        """Put a copy in the place of a file that is not there yet; None where there is nothing to copy or it is."""
        with self._lock:
            blank = self._kept.get(mark)
        if blank is None or path.exists():
            return None
        draft = path.with_name(f"{path.name}.{threading.get_ident()}.new")
        try:
            draft.write_bytes(blank.content)
            os.link(draft, path)  # never over a file that somebody else made meanwhile
        except FileExistsError:
            return None
        finally:
            draft.unlink(missing_ok=True)
        return blank

    def seen(self, instance: Instance, path: Path, mark: Mark, tables: dict[str, int]) -> None:
        """Note that an empty file was made; the second of its mark is kept for copying."""
        with self._lock:
            is_second = mark in self._kept and self._kept[mark] is None
            self._kept.setdefault(mark, None)
            self._kept.move_to_end(mark)
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        if is_second and (content := _emptied(instance, path)):
            with self._lock:
                self._kept[mark] = Blank(content, tables)


def _emptied(instance: Instance, path: Path) -> bytes | None:
    """The file without its organization and builds; None where it cannot be read just now."""
    with suppress(duckdb.Error, OSError), TemporaryDirectory() as folder, instance.write_lock:
        instance.root.execute("CHECKPOINT")
        copy = Path(folder) / "blank.duckdb"
        copy.write_bytes(path.read_bytes())
        with duckdb.connect(copy) as connection:
            if connection.execute("SELECT EXISTS (FROM raw.records)").fetchall()[0][0]:
                return None
            connection.execute("DELETE FROM meta.builds; UPDATE meta.file SET organization_id = ''; CHECKPOINT")
        return copy.read_bytes()
    return None
