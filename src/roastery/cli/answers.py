"""Prints an answer: text, tables, chart files, and what each receipt says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from roastery.agent.answer import Answer
    from roastery.cli.terminal import Terminal
    from roastery.tools.base import Receipt


def show_answer(terminal: Terminal, answer: Answer, charts: Path) -> list[Path]:
    """Print an answer; its charts become PNG files in a folder, whose paths are printed and returned."""
    from roastery.api.delivery.message import Message, with_advice
    from roastery.api.delivery.terminal import show

    show(terminal.out, Message(text=with_advice(answer.text, answer.recommendations), tables=answer.tables))
    paths = write_charts(answer, charts)
    for path in paths:
        terminal.line()
        terminal.line(f"Chart: {path}")
    if answer.receipts:
        terminal.line()
    for receipt in answer.receipts:
        show_receipt(terminal, receipt)
    for suggestion in answer.suggestions:
        terminal.say(f"You could ask: {suggestion}")
    return paths


def write_charts(answer: Answer, folder: Path) -> list[Path]:
    """PNG files of an answer's charts, named after its question."""
    if not answer.charts:
        return []
    from roastery.agent.charts import png

    folder.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"[^a-z0-9]+", "-", answer.question.lower()).strip("-")[:60] or "chart"
    paths = []
    for number, chart in enumerate(answer.charts, start=1):
        path = folder / (f"{name}.png" if len(answer.charts) == 1 else f"{name}-{number}.png")
        path.write_bytes(png(chart))
        paths.append(path)
    return paths


def show_receipt(terminal: Terminal, receipt: Receipt, *, with_sql: bool = False) -> None:
    """What a receipt says, in a few lines: of what, when, from which data, how trustworthy."""
    terminal.line(f"Receipt {receipt.id} · {receipt.tool} · {receipt.trust}")
    for name, value in _said(receipt):
        terminal.line(f"  {name}: {value}")
    if with_sql and receipt.sql:
        terminal.line("  sql:")
        terminal.line(receipt.sql)


def _said(receipt: Receipt) -> list[tuple[str, Any]]:
    sources = ", ".join(f"{source} {as_of[:16]}" for source, as_of in receipt.data_as_of.items())
    attribution = ", ".join(f"{name} {value}" for name, value in receipt.attribution.items() if value is not None)
    period = f"{receipt.period.start} to before {receipt.period.end} ({receipt.time_zone})" if receipt.period else ""
    lines = (
        ("period", period),
        ("attribution", attribution),
        ("currency", receipt.currency),
        ("data as of", sources),
        ("complete through", receipt.complete_through),
        ("rows", receipt.rows),
        ("result", f"sha256 {receipt.result_hash[:16]}…"),
        ("caveats", " ".join(receipt.caveats)),
    )
    return [(name, value) for name, value in lines if value not in (None, "")]
