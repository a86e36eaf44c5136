"""Where a command writes: the caller's own terminal, or that of the process which handed the command over."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console


WIDEST = 5_000


@dataclass(frozen=True)
class Terminal:
    """out: results only, so that they can be piped; err: progress and sentences for people."""

    out: Console
    err: Console

    def line(self, text: str = "") -> None:
        """One line of a result, exactly as given."""
        self.out.out(text, highlight=False)

    def json(self, value: Any) -> None:
        """A result as JSON, indented."""
        self.line(json.dumps(value, indent=2, default=str, ensure_ascii=False))

    def say(self, text: str) -> None:
        """A sentence for people, on stderr."""
        self.err.print(text, markup=False, highlight=False, soft_wrap=True)

    def rows(self, columns: Sequence[str], rows: Iterable[Mapping[str, Any]], title: str | None = None) -> None:
        """A table of results; numbers stand right."""
        from rich.box import SIMPLE_HEAD
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        rows = list(rows)
        table = Table(title=title, title_justify="left", header_style="bold", pad_edge=False, box=SIMPLE_HEAD)
        for column in columns:
            numeric = any(is_number(row.get(column)) for row in rows)
            table.add_column(column, justify="right" if numeric else "left", overflow="fold")
        for row in rows:
            table.add_row(*[Text(shown(row.get(column))) for column in columns])
        # What is wider than the terminal is not squeezed: a number broken over two lines cannot be read.
        wanted = self.out.measure(table, options=self.out.options.update(max_width=WIDEST)).maximum
        wide = Console(
            file=self.out.file, width=max(wanted, self.out.width), force_terminal=self.out.is_terminal, highlight=False
        )
        wide.print(table)


@dataclass(frozen=True)
class Shape:
    """What the caller's terminal can show; sent along when a command is handed over."""

    width: int
    is_terminal: bool

    @classmethod
    def of_process(cls) -> Shape:
        import shutil

        return cls(shutil.get_terminal_size((120, 40)).columns, sys.stdout.isatty())


def of_process() -> Terminal:
    """This process's own stdout and stderr."""
    from rich.console import Console

    shape = Shape.of_process()
    width = None if shape.is_terminal else max(shape.width, 120)
    return Terminal(Console(width=width), Console(stderr=True, width=None if sys.stderr.isatty() else 120))


def of_caller(shape: Shape, write: Callable[[str, str], None]) -> Terminal:
    """The terminal of another process: `write(stream, text)` carries the text there."""
    from rich.console import Console

    def console(stream: str) -> Console:
        width = shape.width if shape.is_terminal else max(shape.width, 120)
        return Console(file=_Carrier(stream, write), width=width, force_terminal=shape.is_terminal)

    return Terminal(console("out"), console("err"))


class _Carrier(IO[str]):
    """A text stream that hands every write on."""

    def __init__(self, stream: str, write: Callable[[str, str], None]) -> None:
        self._stream = stream
        self._write = write

    def write(self, text: str) -> int:
        if text:
            self._write(self._stream, text)
        return len(text)

    def flush(self) -> None:
        """Every write is already on its way."""

    def isatty(self) -> bool:
        return False


def shown(value: Any) -> str:
    """A cell as text; what is missing is a dash."""
    return "–" if value is None else str(value)


def is_number(value: Any) -> bool:
    from decimal import Decimal

    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)
