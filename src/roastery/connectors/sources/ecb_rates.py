"""Reference rates of the European Central Bank: what one euro is worth in each currency, every banking day.

Facts: the whole history is a zip of one CSV, the last ninety days an XML; no account, no key. Rates are set about 16:00
Central European Time on banking days. Days without a rate (weekends, TARGET holidays) have the last rate before them:
that is how fx_daily is built, so nothing is invented here.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any, ClassVar

from roastery.connectors.access import Access, listed, whole_number
from roastery.connectors.base import ContractSql, Cursor, Page, Record, Resource
from roastery.connectors.errors import BadConnection, RetryLater
from roastery.connectors.http import NoAuth, accept
from roastery.connectors.throttle import Rate
from roastery.warehouse.ecb import is_day, read_rates
from roastery.warehouse.errors import BadQuery

TITLE = "ECB reference rates"
HISTORY, LATELY = "stats/eurofxref/eurofxref-hist.zip", "stats/eurofxref/eurofxref-hist-90d.xml"
LATELY_DAYS = 80
"""A file of ninety days is enough while the last known day is younger than this."""
REREAD_DAYS = 14
YEARS = 10
DAYS_A_PAGE = 100

RATES = """
SELECT payload->>'day' AS rate_date, 'EUR' AS base_currency, code AS quote_currency, payload->'rates'->>code AS rate
FROM (SELECT payload, unnest(json_keys(payload->'rates')) AS code FROM {records})
"""


class EcbRates:
    """The public files of the bank; one connection is enough for all currencies."""

    provider: ClassVar[str] = "ecb_rates"
    title: ClassVar[str] = TITLE
    default_base_url: ClassVar[str] = "https://www.ecb.europa.eu"
    required_settings: ClassVar[tuple[str, ...]] = ()
    required_secrets: ClassVar[tuple[str, ...]] = ()
    optional_settings: ClassVar[Mapping[str, str]] = {
        "currencies": "Which currencies to keep, such as USD, GBP; all of them when left out.",
        "history_years": f"How many years back rates are kept; {YEARS}.",
    }
    optional_secrets: ClassVar[Mapping[str, str]] = {}
    resources: ClassVar[tuple[Resource, ...]] = (
        Resource("rates", key=lambda r: str(r["day"]), expects=("day", "rates")),
    )
    fills: ClassVar[tuple[ContractSql, ...]] = (ContractSql("fx_rates", "rates", RATES, by_record=True),)
    webhook: ClassVar[None] = None
    webhook_resources: ClassVar[Mapping[str, tuple[str, ...]]] = {}

    def __init__(self, access: Access) -> None:
        self._codes = frozenset(code.upper() for code in listed(access.settings.get("currencies")))
        if wrong := sorted(code for code in self._codes if len(code) != 3 or not code.isalpha()):
            raise BadConnection(f"'{wrong[0]}' is no currency code; currencies are written as USD or GBP.")
        self._years = whole_number(TITLE, access.settings, "history_years", YEARS)
        base_url = access.connection.base_url or self.default_base_url
        bucket = access.bucket(Rate(per_second=1, burst=5))
        self.http = access.client(TITLE, base_url, NoAuth(), accept, (bucket,))

    def pages(self, resource: Resource, cursor: Cursor, until: datetime) -> Iterator[Page]:
        """The whole history the first time and after a long pause, else the last days, some of them again."""
        last = date.fromisoformat(cursor.state["last"]) if cursor.state.get("last") else None
        is_near = last is not None and (until.date() - last).days < LATELY_DAYS
        since = last - timedelta(days=REREAD_DAYS) if last and is_near else self._first(until)
        days = self._days(LATELY if is_near else HISTORY, since)
        ordered = sorted(days)
        readable = [day for day in ordered if is_day(day)]
        first = date.fromisoformat(cursor.state.get("first") or next(iter(readable), since.isoformat()))
        for start in range(0, len(ordered), DAYS_A_PAGE):
            part = ordered[start : start + DAYS_A_PAGE]
            records: list[Record] = [{"day": day, "rates": days[day]} for day in part]
            through = max(*(date.fromisoformat(day) for day in part if is_day(day)), last or first, first)
            place = Cursor({"last": through.isoformat(), "first": first.isoformat()})
            progress = (start + len(part)) / len(ordered)
            yield Page(records, place, progress=progress, complete_through=through, history_since=first)
        if not ordered:
            yield Page((), cursor, progress=1.0)

    def _first(self, until: datetime) -> date:
        day = until.date()
        return date(day.year - self._years, day.month, 1)

    def _days(self, path: str, since: date) -> dict[str, dict[str, str]]:
        """Rates by day and currency, from a day on."""
        try:
            rows = read_rates(self.http.get_bytes(path))
        except BadQuery as error:
            # A network's own page looks so too, and passes.
            raise RetryLater(f"{TITLE} answered with a file of another kind: {error.message}") from error
        found: dict[str, dict[str, str]] = {}
        for row in rows.to_pylist():
            code: Any = row["quote_currency"]
            is_due = row["rate_date"] >= since.isoformat() or not is_day(row["rate_date"])
            if is_due and (not self._codes or code in self._codes):
                found.setdefault(row["rate_date"], {})[code] = row["rate"]
        return found
