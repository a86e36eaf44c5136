"""Sentences that an answer assumes, and that another part of the planner must know again: said here, known by here.

A constant is a whole sentence or its beginning or end; a function makes one of what was said.
"""

import re
from collections.abc import Iterable, Sequence

AVERAGED = "the numbers themselves are shown, not their average"
NO_METRIC = "no metric was named"
RANKED_BY = "ranked by "
NO_PERIOD = "no period was named"
TOOK = "took "
COMPARED_IS = "compared is "
THIS = "this "
"""Begins what is said of a period against the one before it, or of what a number cannot be narrowed to."""
RESTATED = "what is asked is read as "
READ_AS = " is read as "
READ_AS_THE = f"{READ_AS}the "
LEFT_OUT = "not part of how this was computed"
"""Ends what is said of a word that nothing was made of."""
ONLY_BEGINS = "only says where the time begins"
TO_BE_HELD_AGAINST = "to be held against it"
OF_BEFORE = "of the question before"
OF_TWO_KINDS = re.compile(
    rf"(?P<said>“.*”)(?:{READ_AS_THE}(?P<kind>[\w ]+), not the (?P<other>[\w ]+)"
    r"| is the name of several (?P<kinds>[\w ]+); all are counted)"
)


def usual_metric(said: str, *, several: bool = False) -> str:
    return f"{NO_METRIC}, so {'these are' if several else 'this is'} {said}"


def usual_period(said: str) -> str:
    return f"{NO_PERIOD}, so {said}"


def usual_step(grain: str) -> str:
    return f"no step of the period was named, so it is shown by {grain}"


def is_usual_metric(assumptions: Iterable[str]) -> bool:
    """Whether the number was not named: the usual one, or that of a ranking."""
    return begins(assumptions, NO_METRIC, RANKED_BY)


def begins(assumptions: Iterable[str], *stems: str) -> bool:
    return any(a.startswith(stems) for a in assumptions)


def without(assumptions: Iterable[str], *stems: str) -> tuple[str, ...]:
    """Those that begin in none of these ways."""
    return tuple(a for a in assumptions if not a.startswith(stems))


def said_left_out(said: Sequence[str]) -> str:
    """Of words or parts of a question that nothing was made of."""
    return f"{' and '.join(said)} {'is' if len(said) == 1 else 'are'} {LEFT_OUT}"


def leaves_out(assumptions: Iterable[str]) -> bool:
    """Whether it is said of one word or part that nothing was made of it."""
    return any(f"is {LEFT_OUT}" in a for a in assumptions)


def took(said: str, meant: str) -> str:
    """A time that was said in words of more than one meaning."""
    return f"{TOOK}{said} as {meant}"


def read_as(said: str, meant: str) -> str:
    """A word of the question, as which kind or name it was taken."""
    return f"“{said}”{READ_AS}{meant}"


def read_as_not(said: str, kind: str, other: str) -> str:
    """Known again by `OF_TWO_KINDS`, where it matters which of the two was meant."""
    return read_as(said, f"the {kind}, not the {other}")


def several_called(said: str, kinds: str) -> str:
    """Known again by `OF_TWO_KINDS`."""
    return f"“{said}” is the name of several {kinds}; all are counted"
