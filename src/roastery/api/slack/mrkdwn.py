"""Markdown into Slack's mrkdwn, tables into monospaced blocks, both as Block Kit blocks within Slack's limits.

Source: https://docs.slack.dev/messaging/formatting-message-text and /reference/block-kit/blocks
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any

from roastery.agent.render import cell_text
from roastery.tools.base import Table

SECTION_LIMIT = 2_900
BLOCK_LIMIT = 45
TABLE_ROWS = 20
COLUMN_WIDTH = 36

_ESCAPED = re.compile(r"\\([\\`*_\[\]<>|~#.()!+-])")
_PRIVATE = 0xE000
_LINK = re.compile(r"\[([^\]]+)\]\((https?://[^)\s]+)\)")
_BOLD = re.compile(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1")
_ITALIC = re.compile(r"(?<![\w*])\*(?=[^\s*])([^*\n]+?)(?<=\S)\*(?![\w*])")
_HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*$", re.MULTILINE)
_BULLET = re.compile(r"^(\s*)[-*+]\s+", re.MULTILINE)
_RULE = re.compile(r"^\s*([-*_])(\s*\1){2,}\s*$", re.MULTILINE)
_BREAK = "\u200b"
_FORMATTING = "*_~`"


def mrkdwn(markdown: str) -> str:
    """Markdown as Slack reads it. What is escaped in Markdown stays plain text; `<!channel>` in data calls nobody.

    >>> mrkdwn("## ROAS\\n- **Meta** made 3 & more")
    '*ROAS*\\n• *Meta* made 3 &amp; more'
    """
    text = _ESCAPED.sub(lambda found: chr(_PRIVATE + ord(found[1])), markdown)
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = re.sub(r"^&gt;", ">", text, flags=re.MULTILINE)
    text = _RULE.sub("", text)
    text = _BULLET.sub(r"\1• ", text)
    text = _ITALIC.sub(r"_\1_", text)
    text = _BOLD.sub(r"*\2*", text)
    text = _HEADING.sub(lambda found: f"*{found[1].strip('*')}*", text)
    text = _LINK.sub(r"<\2|\1>", text)
    return "".join(_plain_character(character) for character in text)


def _plain_character(character: str) -> str:
    """A character that was escaped, in a form that Slack formats nothing by."""
    code = ord(character) - _PRIVATE
    if not 0 <= code < 128:
        return character
    plain = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}.get(chr(code), chr(code))
    # mrkdwn has no escape for its own marks; a zero-width space beside them keeps them from pairing.
    return f"{_BREAK}{plain}{_BREAK}" if plain in _FORMATTING else plain


def monospaced(table: Table) -> str:
    """A table as aligned text: numbers right, names left, long names cut, at most TABLE_ROWS rows."""
    columns = table.columns_for_people
    heads = [str(c.get("title") or c["name"]).replace("__", " ").replace("_", " ") for c in columns]
    rows = [[_cut(cell_text(c, row.get(c["name"]))) for c in columns] for row in table.rows[:TABLE_ROWS]]
    widths = [max(_width(text) for text in column) for column in zip(heads, *rows, strict=True)]
    right = [c.get("kind") in ("metric", "compare") for c in columns]
    lines = ["  ".join(_pad(t, w, r) for t, w, r in zip(line, widths, right, strict=True)) for line in [heads, *rows]]
    lines.insert(1, "  ".join("─" * width for width in widths))
    if len(table.rows) > TABLE_ROWS:
        lines.append(f"… and {len(table.rows) - TABLE_ROWS} more rows")
    return "\n".join(line.rstrip() for line in lines)


def blocks(
    markdown: str, tables: Sequence[Table] = (), footnote: str = "", asks: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """A message as sections of mrkdwn, tables as code blocks, buttons for approvals, the footnote as small print."""
    made = [_section(part) for part in _parts(mrkdwn(markdown))]
    for table in tables:
        if table.rows:
            made += [_section(part) for part in _code(table)]
    made = made[:BLOCK_LIMIT]
    made += [_buttons(approval_id) for approval_id in asks]
    if footnote:
        made.append({"type": "context", "elements": [{"type": "mrkdwn", "text": mrkdwn(footnote)[:SECTION_LIMIT]}]})
    return made


def _buttons(approval_id: str) -> dict[str, Any]:
    def button(text: str, style: str) -> dict[str, Any]:
        shown = {"type": "plain_text", "text": text}
        return {"type": "button", "action_id": text.lower(), "value": approval_id, "style": style, "text": shown}

    return {"type": "actions", "elements": [button("Approve", "primary"), button("Decline", "danger")]}


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, "expand": True}


def _parts(text: str) -> Iterator[str]:
    """Pieces within the limit of a section, cut at the end of a line, else of a word."""
    text = text.strip()
    while len(text) > SECTION_LIMIT:
        cut = max(text.rfind("\n", 0, SECTION_LIMIT), 0) or max(text.rfind(" ", 0, SECTION_LIMIT), 0) or SECTION_LIMIT
        yield text[:cut].rstrip()
        text = text[cut:].lstrip()
    if text:
        yield text


def _code(table: Table) -> Iterator[str]:
    """A table as code blocks, each within the limit of a section; its title above the first."""
    title = f"*{_escaped(table.title)}*\n" if table.title else ""
    lines: list[str] = []
    # A fence cannot be escaped inside of a fence.
    for line in _escaped(monospaced(table)).replace("```", "'''").split("\n"):
        if lines and sum(map(len, lines)) + len(lines) + len(line) + len(title) > SECTION_LIMIT - 20:
            yield f"{title}```\n{chr(10).join(lines)}\n```"
            lines, title = [], ""
        lines.append(line[: SECTION_LIMIT - 40])
    yield f"{title}```\n{chr(10).join(lines)}\n```"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _cut(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= COLUMN_WIDTH else text[: COLUMN_WIDTH - 1] + "…"


def _width(text: str) -> int:
    """Columns that a text takes in a monospaced font."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else not unicodedata.combining(c) for c in text)


def _pad(text: str, width: int, right: bool) -> str:
    space = " " * (width - _width(text))
    return space + text if right else text + space
