"""Shows how far a sync is: a live line on a terminal, a line per resource elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from roastery.cli.terminal import Terminal
    from roastery.connectors.sync import SyncProgress


@contextmanager
def told_to(terminal: Terminal, name: str) -> Iterator[Callable[[SyncProgress], None]]:
    """A callback for the sync's progress, shown on stderr until the block ends."""
    if not terminal.err.is_terminal:
        yield _lines(terminal, name)
        return
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[said]}"))
    with Progress(*columns, console=terminal.err, transient=True) as bar:
        task = bar.add_task(name, total=100, said="")
        yield lambda p: bar.update(task, completed=p.percent, said=sentence(p))


@contextmanager
def told_together(terminal: Terminal) -> Iterator[Callable[[str], Callable[[SyncProgress], None]]]:
    """Gives a callback for each of some syncs at once, by name: a bar each on a terminal, elsewhere nothing."""
    if not terminal.err.is_terminal:
        yield lambda name: lambda progress: None
        return
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[said]}"))
    with Progress(*columns, console=terminal.err, transient=True) as bars:

        def bar(name: str) -> Callable[[SyncProgress], None]:
            task = bars.add_task(name, total=100, said="")
            return lambda p: bars.update(task, completed=p.percent, said=sentence(p))

        yield bar


def _lines(terminal: Terminal, name: str) -> Callable[[SyncProgress], None]:
    """A line when a resource begins, at each quarter of the whole, and when the provider makes us wait."""
    last: tuple[str, int, bool] | None = None

    def tell(progress: SyncProgress) -> None:
        nonlocal last
        state = (progress.resource, int(progress.percent) // 25, progress.waiting_until is not None)
        if state != last:
            last = state
            terminal.say(f"{name}: {sentence(progress)}")

    return tell


def sentence(progress: SyncProgress) -> str:
    """`campaigns: 1,204 rows, 800 a second, 40 %, about 12 s left`."""
    said = f"{progress.resource}: {progress.rows:,} rows, {progress.rows_per_second:,.0f} a second"
    said += f", {progress.percent:.0f} %"
    if progress.eta_seconds is not None and progress.percent < 100:
        said += f", about {progress.eta_seconds:.0f} s left"
    return f"{said} ({progress.message})" if progress.message else said
