"""Exchange rates: the latest on or before a row's own day, or a refusal that says which is missing (law 5)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from roastery.warehouse.columns import table, text_column
from roastery.warehouse.errors import MissingRate
from roastery.warehouse.money import minor_digits

if TYPE_CHECKING:
    from roastery.warehouse.engine import Warehouse


@dataclass(frozen=True)
class Missing:
    """Days of one currency without a rate into another."""

    base_currency: str
    quote_currency: str
    first_day: date
    days: int


def rate(warehouse: "Warehouse", base: str, quote: str, day: date) -> Decimal:
    """One unit of `base` in `quote` on a day. Errors: MissingRate."""
    if base == quote:
        return Decimal(1)
    found = warehouse.query(
        "SELECT rate FROM curated.fx_daily WHERE rate_date = ? AND base_currency = ? AND quote_currency = ?",
        [day, base, quote],
    )
    if not found.num_rows:
        raise missing_rate([Missing(base, quote, day, 1)])
    value: Decimal = found.column(0)[0].as_py()
    return value


def convert(warehouse: "Warehouse", amount: Decimal, base: str, quote: str, day: date) -> Decimal:
    """An amount in another currency, rounded to its minor unit. Errors: MissingRate."""
    exact = amount * rate(warehouse, base, quote, day)
    return exact.quantize(Decimal(1).scaleb(-minor_digits(quote)))


def require_rates(warehouse: "Warehouse", needed: Iterable[tuple[str, date]], quote: str) -> None:
    """Errors: MissingRate when any (currency, day) of what is to be summed has no rate into `quote`."""
    pairs = sorted({(base, day) for base, day in needed if base != quote})
    if not pairs:
        return
    days = table(
        {"base": text_column([base for base, _ in pairs]), "day": text_column([d.isoformat() for _, d in pairs])}
    )
    with warehouse.reading() as cursor:
        cursor.register("needed", days)
        rows = cursor.execute(
            """SELECT base, min(day::DATE), count(*) FROM needed n WHERE NOT EXISTS (
                   FROM curated.fx_daily f
                   WHERE f.rate_date = n.day::DATE AND f.base_currency = n.base AND f.quote_currency = ?)
               GROUP BY base ORDER BY base""",
            [quote],
        ).fetchall()
    if rows:
        raise missing_rate([Missing(base, quote, first, days) for base, first, days in rows])


def missing_rate(missing: Iterable[Missing]) -> MissingRate:
    """The refusal, as one sentence with what to import."""
    parts = [
        f"{m.base_currency} to {m.quote_currency} on or before {m.first_day.isoformat()}"
        + (f" (and {m.days - 1} more days)" if m.days > 1 else "")
        for m in missing
    ]
    return MissingRate(
        f"There is no exchange rate from {'; '.join(parts)}, so the sum would be wrong. Import fx_rates for those "
        "days, or ask in one currency."
    )
