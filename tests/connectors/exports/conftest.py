"""Reads files written by hand, and shows what they become."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from roastery.connectors.exports.reading import read_export
from roastery.connectors.exports.settling import ExportFile, Reader

Read = Callable[..., ExportFile]


@pytest.fixture
def read(tmp_path: Path) -> Iterator[Read]:
    """Reads text, or bytes, as a file of the organization's zone Chicago and currency USD; keywords are answers."""
    opened: list[ExportFile] = []

    def reader(content: str | bytes, name: str = "export.csv", **answers: str) -> ExportFile:
        folder = tmp_path / f"{len(opened)}-{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        path = folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        opened.append(read_export(path, folder, Reader("America/Chicago", "USD", lambda e: f"id-of-{len(e)}", answers)))
        return opened[-1]

    yield reader
    for file in opened:
        file.scratch.close()


def rows(file: ExportFile, dataset: str, columns: str) -> list[tuple[Any, ...]]:
    """Rows of a dataset as text, in the file's order."""
    shown = ", ".join(f"({c})::VARCHAR" for c in columns.split(", "))
    return file.scratch.execute(f"SELECT {shown} FROM out_{dataset} ORDER BY file_row").fetchall()


def asked(file: ExportFile) -> list[str]:
    return [question.name for question in file.questions]
