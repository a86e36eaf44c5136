"""Who was forgotten, as keyed hashes, kept beside the warehouses: what is restored from a backup is held against it.

One journal per organization, appended to and never rewritten. It stands outside of the files that a backup brings
back, so that an older file forgets again what it still knows, before anybody reads it.
"""

import json
import os
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from roastery.warehouse.errors import BrokenFile


@dataclass(frozen=True)
class Tombstone:
    """One erasure. hashes: keyed hashes of addresses, phones and ids; nothing can be read out of them."""

    erasure_id: str
    at: datetime
    hashes: tuple[str, ...]


class Tombstones:
    """The journals under a folder, read again when they have grown."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._read: dict[str, tuple[int, tuple[Tombstone, ...]]] = {}

    def of(self, organization_id: str) -> tuple[Tombstone, ...]:
        """Every erasure of an organization, oldest first. Errors: BrokenFile for a journal that cannot be read."""
        path = self._path(organization_id)
        try:
            size = path.stat().st_size
        except FileNotFoundError:
            return ()
        with self._lock:
            kept = self._read.get(organization_id)
            if kept is None or kept[0] != size:
                kept = self._read[organization_id] = (size, tuple(_parsed(path)))
            return kept[1]

    def add(self, organization_id: str, tombstone: Tombstone) -> None:
        """Append one and have it on disk when this returns. From here on the person is forgotten."""
        line = {"id": tombstone.erasure_id, "at": tombstone.at.isoformat(), "hashes": list(tombstone.hashes)}
        with self._lock:
            self._folder.mkdir(parents=True, exist_ok=True)
            path = self._path(organization_id)
            descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                # A line that a crash cut off is closed, so that only it is lost: its erasure never began.
                start = b"" if not path.stat().st_size or path.read_bytes().endswith(b"\n") else b"\n"
                os.write(descriptor, start + json.dumps(line).encode() + b"\n")
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            folder = os.open(self._folder, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def _path(self, organization_id: str) -> Path:
        return self._folder / f"{organization_id}.jsonl"


def _parsed(path: Path) -> Iterable[Tombstone]:
    lines = path.read_bytes().splitlines(keepends=True)
    for number, line in enumerate(lines, 1):
        try:
            document = json.loads(line)
            yield Tombstone(document["id"], datetime.fromisoformat(document["at"]), tuple(document["hashes"]))
        except (ValueError, KeyError, TypeError) as error:
            if not line.endswith(b"\n") or not line.rstrip().endswith(b"}"):
                continue  # cut off by a crash before anything was erased
            raise BrokenFile(
                f"Line {number} of {path.name}, the list of who was forgotten, cannot be read. Restore the file: "
                "without it people could come back."
            ) from error
