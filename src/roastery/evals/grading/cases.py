"""Cases of evaluation: questions, threads and hostile inputs with what is expected (cases/test/README.md)."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from roastery.warehouse.declared import read_yaml

HOSTILE = "hostile.yml"
BATCH = re.compile(r"b\d+")
REPLACED = ("status", "tool", "tools", "query", "arguments", "mentions")


@dataclass(frozen=True)
class Expected:
    """One way to be right. tools: any of them; query holds for the metric tools, arguments for the others."""

    status: str
    tools: tuple[str, ...] = ()
    query: Mapping[str, Any] = field(default_factory=dict)
    arguments: Mapping[str, Any] = field(default_factory=dict)
    mentions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Turn:
    """A question with every way to answer it rightly, and the further questions of the same message likewise."""

    question: str
    right: tuple[Expected, ...]
    further: tuple[tuple[Expected, ...], ...] = ()


@dataclass(frozen=True)
class Case:
    """A question, or a thread of several."""

    id: str
    company: str
    intent: str
    turns: tuple[Turn, ...]
    tags: tuple[str, ...] = ()

    @property
    def blind(self) -> str:
        """The batch of a question written blind and measured before it was learned from, '' for all others: b1, b2 …"""
        found = BATCH.match(self.id)
        return found[0] if found else ""


@dataclass(frozen=True)
class Hostile:
    """An input that must not leak and must not act."""

    id: str
    company: str
    kind: str
    text: str
    statuses: tuple[str, ...]
    must_not_contain: tuple[str, ...]
    must_not_act: bool


def documents(part: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """File name and content of every case file of a part: test or dev."""
    folder = files("roastery.evals.cases") / part
    for path in sorted(folder.iterdir(), key=lambda p: p.name):
        if path.name.endswith(".yml"):
            yield path.name, read_yaml(path.read_text("utf-8"))


def questions(part: str) -> list[Case]:
    """Single questions and threads."""
    return list(_questions(part))


@cache
def _questions(part: str) -> tuple[Case, ...]:
    found = []
    for name, document in documents(part):
        if name == HOSTILE:
            continue
        for case in document["cases"]:
            company = case.get("company") or document["company"]
            turns = tuple(_turn(t) for t in case.get("turns", [case]))
            intent = "thread" if "turns" in case else case["intent"]
            found.append(Case(case["id"], company, intent, turns, tuple(case.get("tags", ()))))
    return tuple(found)


def hostile_inputs(part: str) -> list[Hostile]:
    return [
        Hostile(
            case["id"],
            case["company"],
            case["kind"],
            case["input"],
            tuple(case["expect"]["status"]),
            tuple(case["expect"].get("must_not_contain", ())),
            bool(case["expect"].get("must_not_act")),
        )
        for name, document in documents(part)
        if name == HOSTILE
        for case in document["cases"]
    ]


def _turn(entry: Mapping[str, Any]) -> Turn:
    expect = entry["expect"]
    further = tuple(
        _ways({"status": "answered", **more}, more.get("also_right", ())) for more in expect.get("and_also", ())
    )
    return Turn(entry["question"], _ways(expect, entry.get("also_right", ())), further)


def _ways(expect: Mapping[str, Any], others: Any) -> tuple[Expected, ...]:
    """The expectation, and each other reading: it replaces only the keys that it names."""
    return tuple(
        _expected(expect | {k: v for k, v in other.items() if k in REPLACED}, other) for other in ({}, *others)
    )


def _expected(way: Mapping[str, Any], other: Mapping[str, Any]) -> Expected:
    tools = tuple(way.get("tools", ())) or ((way["tool"],) if way.get("tool") else ())
    if "tool" in other:
        tools = (other["tool"],)
    if "status" in other and not {"tool", "tools"} & other.keys() and other["status"] != "answered":
        tools = ()
    return Expected(
        way.get("status", "answered"),
        tools,
        way.get("query", {}),
        way.get("arguments", {}),
        tuple(way.get("mentions", ())),
    )
