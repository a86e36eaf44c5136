"""Markdown as Slack reads it: formatted where we format, plain where data would."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roastery.agent.render import name_text
from roastery.api.slack.mrkdwn import SECTION_LIMIT, blocks, monospaced, mrkdwn
from roastery.tools.base import Table


@pytest.mark.parametrize(
    ("markdown", "slack"),
    [
        ("**bold** and *italic*", "*bold* and _italic_"),
        ("## A heading\ntext", "*A heading*\ntext"),
        ("- one\n- two", "• one\n• two"),
        ("[docs](https://a.example/x)", "<https://a.example/x|docs>"),
        ("a < b & c > d", "a &lt; b &amp; c &gt; d"),
        ("`code`", "`code`"),
        ("> quoted", "> quoted"),
    ],
)
def test_markdown_becomes_mrkdwn(markdown: str, slack: str) -> None:
    assert mrkdwn(markdown) == slack


@given(st.text(alphabet="<!>@#*_~`channel here[]()|\\&", min_size=1, max_size=40))
def test_a_name_out_of_the_data_calls_nobody_and_formats_nothing(name: str) -> None:
    shown = mrkdwn(name_text(name))
    assert "<" not in shown
    for mark in "*_~`":
        assert f"{mark}{mark}" not in shown
        for before, after in pairwise(shown):
            assert not (before == mark and after.isalnum())


def test_a_table_is_aligned_with_numbers_to_the_right() -> None:
    columns = (
        {"name": "campaign", "kind": "dimension"},
        {"name": "campaign_name", "kind": "label"},
        {"name": "spend", "kind": "metric", "unit": "money", "currency": "USD"},
    )
    rows = (
        {"campaign": "c1", "campaign_name": "Spring", "spend": "1234.50"},
        {"campaign": "c2", "campaign_name": "Autumn sale", "spend": "7.00"},
    )
    lines = monospaced(Table(title="t", columns=columns, rows=rows)).split("\n")
    assert lines[0].split() == ["campaign", "name", "spend"]
    assert lines[2] == "Spring         $1,234.50"
    assert lines[3] == "Autumn sale        $7.00"


def test_every_block_is_within_slacks_limits() -> None:
    columns = ({"name": "campaign", "kind": "dimension"}, {"name": "spend", "kind": "metric", "unit": "money"})
    rows = tuple({"campaign": f"`{'x' * 200}`{n}", "spend": "1.00"} for n in range(500))
    made = blocks("word " * 4_000, [Table(title="Long", columns=columns, rows=rows)], "receipt")
    assert len(made) <= 50
    assert all(len(block["text"]["text"]) <= 3_000 for block in made if block["type"] == "section")
    assert made[-1]["type"] == "context"
    fenced = [b["text"]["text"] for b in made if b["type"] == "section" and "```" in b["text"]["text"]]
    assert fenced
    assert all(text.count("```") == 2 for text in fenced)
    assert SECTION_LIMIT < 3_000
