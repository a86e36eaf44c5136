"""Delivery to the terminal of whoever runs the command, or to the log of a service without one."""

from rich.console import Console
from rich.markdown import Markdown
from rich.table import Table as RichTable

from roastery.agent.render import cell_text
from roastery.api.delivery.message import Message
from roastery.api.store.deliveries import Delivery
from roastery.tools.base import Table

ROWS = 20


class TerminalChannel:
    """Prints. destination is not read."""

    name = "terminal"

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True)

    def send(self, delivery: Delivery) -> str:
        show(self._console, Message.of_payload(delivery.payload))
        return delivery.id


def show(console: Console, message: Message) -> None:
    """Print a message: title, text, tables, footnote."""
    if message.title:
        console.rule(message.title)
    console.print(Markdown(message.text))
    for table in message.tables:
        if table.rows:
            console.print(_rich(table))
    if message.footnote:
        console.print(message.footnote, style="dim", markup=False)


def _rich(table: Table) -> RichTable:
    shown = RichTable(title=table.title or None, title_justify="left", box=None, pad_edge=False)
    for column in table.columns_for_people:
        right = column.get("kind") in ("metric", "compare")
        name = str(column.get("title") or column["name"]).replace("__", " ").replace("_", " ")
        shown.add_column(name, justify="right" if right else "left")
    for row in table.rows[:ROWS]:
        # Names out of the data are not markup.
        shown.add_row(*(cell_text(c, row.get(c["name"])).replace("[", "\\[") for c in table.columns_for_people))
    return shown
