"""Recorded tests of what marketing causes, read out anew where an analysis uses them as what is known."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol

from roastery.tools.base import Fact, FactPeriod, ToolContext
from roastery.tools.crediting import Holdout
from roastery.tools.facts import FactBook
from roastery.warehouse.errors import AskerError, DataError

if TYPE_CHECKING:
    # The service starts without the arrays that reading out takes.
    from roastery.tools.holdouts import Outcome, ReadOut


@dataclass(frozen=True)
class Experiment:
    """One test. by: the dimension that its `about` is a value of."""

    id: str
    name: str
    by: str
    holdout: Holdout


class Recorded(Protocol):
    """Kept above (api): the experiments of the organization, the latest recorded first."""

    def all(self) -> Sequence[Experiment]: ...


@dataclass(frozen=True)
class Known:
    """What the tests of one split say, by what was tested; caveats: of those that say nothing, too."""

    read: "dict[str, ReadOut]"
    caveats: tuple[str, ...]

    @property
    def holdouts(self) -> tuple[Holdout, ...]:
        return tuple(one.holdout for one in self.read.values())


def recorded_for(context: ToolContext, by: str) -> tuple[Holdout, ...]:
    """The tests of one split, the one that ended last first."""
    if context.experiments is None:
        return ()
    mine = [one.holdout for one in context.experiments.all() if one.by == by]
    return tuple(sorted(mine, key=lambda h: (h.end, h.start, h.about or ""), reverse=True))


def pinned_tests(context: ToolContext, asked: tuple[Holdout, ...] | None, used: Known) -> tuple[Holdout, ...] | None:
    """What a receipt keeps, so that it runs again on the tests of then, whatever is recorded or deleted later."""
    return used.holdouts if context.experiments is not None or asked is not None else None


def known_effects(context: ToolContext, holdouts: Iterable[Holdout], outcome: "Outcome") -> Known:
    """Read out each; of several on the same thing the one that ended last stands."""
    from roastery.tools.holdouts import read_out

    read: dict[str, ReadOut] = {}
    said: list[str] = []
    for holdout in sorted(holdouts, key=lambda h: (h.end, h.start), reverse=True):
        about = holdout.about or ""
        if about in read:
            continue
        try:
            read[about] = one = read_out(context, holdout, outcome)
        except (AskerError, DataError) as error:
            said.append(f"The experiment from {holdout.start} to {holdout.end} was not read out: {error.message}")
            continue
        said += [f"Experiment from {holdout.start} to {holdout.end}: {caveat}" for caveat in one.caveats]
    return Known(read, tuple(dict.fromkeys(said)))


def incremental(book: FactBook, read: "ReadOut", whole: Fact, period: FactPeriod, by: str) -> dict[str, Fact]:
    """The share that was caused, with its bounds, and what that is of a period's whole.

    Only a pause says what share of the whole is caused; what was added says what came on top, so it has no whole.
    """
    about = {by: read.about} if read.about else {}
    shares = {n: f for n, f in read.facts(book).items() if n.startswith("share")}
    made = dict(shares)
    for name, share in shares.items() if read.is_paused else ():
        end = name.removeprefix("share")
        value = None if share.value is None or whole.value is None else share.value * whole.value
        made[f"incremental{end}"] = book.add(
            Fact(
                id=book.next_id, metric=f"incremental_{whole.metric}{end}", value=value, unit=whole.unit,
                currency=whole.currency, dimensions=about, period=period, receipt_id=book.receipt_id, kind="effect",
                formula=f"{share.id} * {whole.id}", inputs=(share.id, whole.id),
            )
        )  # fmt: skip
    return made


def is_settled(told: dict[str, Fact]) -> bool:
    """Whether the interval of a share leaves no doubt that something, or nothing below zero, was caused."""
    low, high = (told[name].value if name in told else None for name in ("share_low", "share_high"))
    return low is not None and high is not None and (low > Decimal(0) or high < Decimal(0))


def described(by: str, holdout: Holdout) -> str:
    """What was done where and when, in a sentence of its arguments."""
    did = "was paused" if holdout.kind == "paused" else "had more"
    where = "everywhere" if holdout.places == "everywhere" else f"in {', '.join(holdout.treated)} ({holdout.places})"
    return f"{by} '{holdout.about}' {did} {where} from {holdout.start} until before {holdout.end}"
