"""A twin of the European Central Bank's reference-rate files: the zip of the whole history and the XML of ninety days.

Rates exist on weekdays but not on the bank's holidays; they follow a fixed pattern, so that a test can say what each
day's is. `restated` changes days.
"""

import io
import zipfile
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, ClassVar

import pyarrow as pa
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from roastery.evals.twins.answers import cut_off
from roastery.evals.twins.control import Control, Fault
from roastery.evals.twins.declaration import Declaration, Truth
from roastery.evals.twins.tokens import Tokens
from roastery.evals.world import World

FIRST = date(2014, 1, 2)
STARTS: Mapping[str, float] = {"USD": 1.08, "GBP": 0.85, "JPY": 160.0, "CHF": 0.96, "BGN": 1.9558}
HOLIDAYS = ((1, 1), (5, 1), (12, 25), (12, 26))
LATELY_DAYS = 90
ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?><gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01" '
    'xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref"><gesmes:subject>Reference rates</gesmes:subject>'
    "<Cube>{days}</Cube></gesmes:Envelope>"
)


class EcbTwin:
    """The bank's two files; nothing is asked of who reads them."""

    provider: ClassVar[str] = "ecb_rates"
    own_faults: ClassVar[frozenset[Fault]] = frozenset()
    settings: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, control: Control) -> None:
        self.control = control
        self.tokens = Tokens(self.provider, life=None)
        self.asked: list[str] = []
        self.restated: dict[str, dict[str, str]] = {}
        self.cuts = 0
        self.routes = [
            Route("/stats/eurofxref/eurofxref-hist.zip", self._history),
            Route("/stats/eurofxref/eurofxref-hist-90d.xml", self._lately),
        ]

    def secrets(self) -> Mapping[str, str]:
        return {}

    def rates(self, since: date) -> dict[str, dict[str, str]]:
        """What one euro is worth on every banking day since, up to today."""
        own = own_rates(since, self.control.world.clock.today("Europe/Berlin"))
        return {day: {**rates, **self.restated.get(day, {})} for day, rates in own.items()}

    async def _history(self, request: Request) -> Response:
        self.asked.append("history")
        if self.cuts:
            self.cuts -= 1
            return cut_off(b"PK")
        rows = self.rates(FIRST)
        lines = [f"{day}," + ",".join(rows[day].get(c, "N/A") for c in STARTS) + ",N/A," for day in sorted(rows)[::-1]]
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("eurofxref-hist.csv", "\n".join([f"Date,{','.join(STARTS)},CYP,", *lines, ""]))
        return Response(out.getvalue(), media_type="application/zip")

    async def _lately(self, request: Request) -> Response:
        self.asked.append("lately")
        rows = self.rates(self.control.world.clock.today("Europe/Berlin") - timedelta(days=LATELY_DAYS))
        days = "".join(f'<Cube time="{day}">{_cubes(rows[day])}</Cube>' for day in sorted(rows)[::-1])
        return Response(ENVELOPE.format(days=days), media_type="text/xml")


def own_rates(since: date, through: date) -> dict[str, dict[str, str]]:
    """The pattern: what one euro is worth on every banking day of a range, by day and currency."""
    found = {}
    for n in range((through - max(since, FIRST)).days + 1):
        day = max(since, FIRST) + timedelta(days=n)
        if day.weekday() < 5 and (day.month, day.day) not in HOLIDAYS:
            moved = 1 + ((day.toordinal() * 37) % 101 - 50) / 1000
            found[day.isoformat()] = {
                code: f"{start * (1 if code == 'BGN' else moved):.4f}" for code, start in STARTS.items()
            }
    return found


def _tables(world: World) -> Mapping[str, pa.Table]:
    days = own_rates(FIRST, world.clock.today("Europe/Berlin"))
    rows = [{"day": day, "code": code, "rate": rate} for day, rates in days.items() for code, rate in rates.items()]
    return {"reference_rates": pa.Table.from_pylist(rows)}


DECLARATION = Declaration(
    "ecb_rates",
    (Truth("fx_rates", "SELECT day::DATE AS rate_date, 'EUR' AS base_currency, code AS quote_currency, rate "
           "FROM reference_rates", day="rate_date"),),
    quick={"history_years": 1},
    quick_since=date(2026, 1, 1),
    tables=_tables,
    because="the bank sets a day's rates once and takes none back",
    expires=False,
)  # fmt: skip


def _cubes(rates: Mapping[str, str]) -> str:
    return "".join(f'<Cube currency="{code}" rate="{rate}"/>' for code, rate in rates.items())
