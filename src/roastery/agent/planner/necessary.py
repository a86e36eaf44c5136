"""What a line must hold for a pattern to be found in it, so that most patterns need not be tried.

Of a pattern's parse tree the strings are taken of which every match holds one ("click" or "tap" of `(?:click|tap)s?`);
of each string one run of at most four letters is kept. A line that holds none of these runs has no match. What cannot
be told of a pattern is None: it is tried on every line.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import product
from re import _parser  # type: ignore[attr-defined]
from typing import Any

MOST = 48
"""Strings that are followed at once; beyond them a pattern is cut into pieces."""
LONGEST = 4
EVERYWHERE = frozenset(
    g
    for word in ("the", "of", "in", "to", "for", "is", "was", "did", "do", "we", "our", "a", "an", "and", "how", "what")
    for g in (f" {word} "[:LONGEST], f" {word} "[-LONGEST:])
)
"""Runs that stand in most questions."""


@lru_cache(maxsize=8192)
def needed(pattern: str, *, whole: bool = True) -> frozenset[str] | None:
    """Runs of letters of which a line must hold one to match; whole: the match begins and ends at a space.

    >>> sorted(needed("(?:click|tap)s?"))
    [' cli', ' tap']
    >>> needed(r"\\S+") is None
    True
    """
    edge = frozenset({" "} if whole else {""})
    pieces = _needs([edge, *_parts(_parser.parse(pattern)), edge])
    best = min(pieces, key=_cost, default=None)
    return None if best is None or _cost(best) > 1 else frozenset(_run(s) for s in best)


@lru_cache(maxsize=1024)
def runs(line: str) -> frozenset[str]:
    """All runs of two to four letters of a line, with a space before and after it."""
    text = f" {line} "
    return frozenset(text[i : i + n] for n in (2, 3, LONGEST) for i in range(len(text) - n + 1))


@lru_cache
def needed_by_any(patterns: tuple[str, ...]) -> frozenset[str] | None:
    """Runs of which a line must hold one for any of several patterns to match."""
    needs = [needed(p) for p in patterns]
    return None if None in needs else frozenset().union(*(n for n in needs if n is not None))


def may_match(need: frozenset[str] | None, line: str) -> bool:
    return need is None or not need.isdisjoint(runs(line))


def _cost(strings: Iterable[str]) -> float:
    """How often one of these is found in a question where the pattern is not: near nought is best."""
    return sum({2: 0.3, 3: 0.06, 4: 0.02}.get(len(r := _run(s)), 9) + (r in EVERYWHERE) for s in strings)


def _run(text: str) -> str:
    """The run of a string that tells most: within a word rather than across two."""
    found = [text[i : i + LONGEST] for i in range(max(1, len(text) - LONGEST + 1))]
    return min(found, key=lambda r: (r in EVERYWHERE, r[1:-1].count(" "), -len(r)))


Exact = frozenset[str]
Part = Exact | list[Exact] | None
"""A piece of a pattern: all strings that it can be; or sets of which each match holds one string; or nothing known."""


def _needs(parts: Iterable[Part]) -> list[Exact]:
    """The sets of strings that a sequence of pieces cannot do without."""
    found: list[Exact] = []
    line: Exact = frozenset({""})
    for part in parts:
        if isinstance(part, frozenset) and len(part) * len(line) <= MOST:
            line = frozenset(a + b for a, b in product(line, part))
            continue
        found.append(line)
        line = frozenset({""})
        if isinstance(part, frozenset):
            line = part
        elif part is not None:
            found += part
    return [s for s in (*found, line) if "" not in s]


def _parts(tree: Any) -> Iterator[Part]:
    for kind, value in tree:
        yield _part(str(kind), value)


def _part(kind: str, value: Any) -> Part:
    if kind == "LITERAL":
        return frozenset({chr(value)})
    if kind == "IN":
        return frozenset(chr(v) for _, v in value) if all(str(k) == "LITERAL" for k, _ in value) else None
    if kind in ("AT", "ASSERT", "ASSERT_NOT"):
        return frozenset({""})
    if kind == "SUBPATTERN":
        return _whole(value[3])
    if kind == "BRANCH":
        return _either([_whole(branch) for branch in value[1]])
    if kind in ("MAX_REPEAT", "MIN_REPEAT"):
        return _repeated(*value)
    return None


def _repeated(least: int, most: int, tree: Any) -> Part:
    inner = _whole(tree)
    if least == 0:
        return inner | {""} if isinstance(inner, frozenset) and most == 1 else None
    if isinstance(inner, frozenset):
        return inner if least == most == 1 else [inner] if "" not in inner else None
    return inner


def _whole(tree: Any) -> Part:
    parts = list(_parts(tree))
    line: Exact = frozenset({""})
    for part in parts:
        if not isinstance(part, frozenset) or len(part) * len(line) > MOST:
            return _needs(parts) or None
        line = frozenset(a + b for a, b in product(line, part))
    return line


def _either(branches: list[Part]) -> Part:
    if all(isinstance(b, frozenset) for b in branches):
        joined = frozenset(s for b in branches if isinstance(b, frozenset) for s in b)
        if len(joined) <= 4 * MOST:
            return joined
    best: list[Exact] = []
    for branch in branches:
        known = [branch] if isinstance(branch, frozenset) else branch or []
        known = [k for k in known if "" not in k]
        if not known:
            return None
        best.append(min(known, key=_cost))
    return [frozenset().union(*best)]
