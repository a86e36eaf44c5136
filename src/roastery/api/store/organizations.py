"""Organizations: their settings as stored, and as the value that the rest of the product reads."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from roastery.api.errors import BadBody
from roastery.api.store.identifiers import new_id
from roastery.api.store.tables import OrganizationRow
from roastery.warehouse.attribution import CLOSED_FORM, MAXIMUM_WINDOW_DAYS
from roastery.warehouse.clock import Clock
from roastery.warehouse.errors import BadQuery, UnknownName
from roastery.warehouse.money import CODES
from roastery.warehouse.organization import SOURCE_OF_TRUTH, AttributionDefaults, Organization
from roastery.warehouse.retention import checked as checked_retention

SETTINGS = (
    "currency",
    "time_zone",
    "week_start",
    "fiscal_year_start",
    "fiscal_weeks",
    "clock",
    "attribution",
    "refund_basis",
    "revenue_includes",
    "source_of_truth",
    "gmail_is_one_mailbox",
    "sale_match_days",
    "sale_match_minor_units",
    "channel_rules",
    "retention",
)
KEPT = (*SETTINGS, "channel_rules_version", "metrics")
"""What is stored; the last two change by calls of their own only."""


MOST_MATCH_DAYS = 30


class Organizations:
    def __init__(self, session: Session) -> None:
        self._session = session

    def create(self, organization: Organization, at: datetime) -> Organization:
        """Store a new organization under its id."""
        self._session.add(
            OrganizationRow(
                id=organization.id, name=organization.name, settings=_plain(organization, KEPT), created_at=at
            )
        )
        self._session.flush()
        return organization

    def get(self, organization_id: str) -> Organization | None:
        row = self._session.get(OrganizationRow, organization_id)
        return _read(row) if row else None

    def find(self, name_or_id: str) -> Organization:
        """By id, else by its name if only one has it: for the command line, where the operator names it."""
        found = self.get(name_or_id)
        if found:
            return found
        rows = self._session.scalars(select(OrganizationRow).where(OrganizationRow.name == name_or_id)).all()
        if len(rows) > 1:
            ids = [row.id for row in rows]
            raise BadQuery(
                f"{len(ids)} organizations are called '{name_or_id}'. Name the one that is meant by its id: "
                f"{', '.join(ids)}.",
                allowed=ids,
            )
        if not rows:
            known = self._session.execute(select(OrganizationRow.id, OrganizationRow.name)).all()
            raise UnknownName("organization", name_or_id, [value for row in known for value in row])
        return _read(rows[0])

    def all(self) -> list[Organization]:
        rows = self._session.scalars(select(OrganizationRow).order_by(OrganizationRow.created_at, OrganizationRow.id))
        return [_read(row) for row in rows]

    def update(self, organization: Organization) -> None:
        row = self._session.get_one(OrganizationRow, organization.id)
        row.name = organization.name
        row.settings = _plain(organization, KEPT)


def new_organization(name: str, **settings: Any) -> Organization:
    """A new organization with a fresh id; settings that are None keep their defaults."""
    if not name.strip():
        raise BadBody("An organization needs a name.")
    blank = Organization(id=new_id("org"), name=name.strip())
    return with_changes(blank, {k: v for k, v in settings.items() if v is not None})


def with_changes(organization: Organization, changes: dict[str, Any]) -> Organization:
    """The organization with some settings changed, each checked; `attribution` may be given in part."""
    allowed = ("name", *SETTINGS)
    for name in changes:
        if name not in allowed:
            raise UnknownName("organization setting", name, allowed)
    known = dict(changes)
    if "channel_rules" in known and known["channel_rules"] is not None:
        known["channel_rules_version"] = organization.channel_rules_version + 1
    if isinstance(known.get("attribution"), dict):
        known["attribution"] = _attribution(organization.attribution, known["attribution"])
    if known.get("clock"):
        try:
            Clock.from_iso(known["clock"])
        except (TypeError, ValueError):
            said = f"clock is an ISO instant such as 2026-11-20T00:00:00+00:00, not '{known['clock']}'."
            raise BadBody(said) from None
    try:
        changed = _ORGANIZATION.validate_python({**asdict(organization), **known})
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in fault["loc"])
        raise BadBody(f"{where}: {fault['msg']}.") from None
    return _checked(changed)


def _checked(organization: Organization) -> Organization:
    """What types cannot say of an organization's settings."""
    if not organization.name.strip():
        raise BadBody("An organization needs a name.")
    if organization.currency not in CODES:
        raise BadBody(f"'{organization.currency}' is not an ISO 4217 currency code such as USD.")
    attribution = organization.attribution
    if attribution.model not in CLOSED_FORM:
        raise UnknownName("attribution model", attribution.model, CLOSED_FORM)
    for name in ("window_days", "view_window_days"):
        days = getattr(attribution, name)
        if not 0 <= days <= MAXIMUM_WINDOW_DAYS:
            raise BadBody(f"attribution.{name} is between 0 and {MAXIMUM_WINDOW_DAYS} days, not {days}.")
    if sorted(organization.source_of_truth) != sorted(SOURCE_OF_TRUTH):
        raise BadBody(f"source_of_truth orders these, best first: {', '.join(SOURCE_OF_TRUTH)}.")
    if organization.sale_match_days > MOST_MATCH_DAYS:
        raise BadBody(f"sale_match_days is at most {MOST_MATCH_DAYS}; negative matches by ids alone.")
    if organization.sale_match_minor_units < 0:
        raise BadBody("sale_match_minor_units is 0 or more.")
    checked_retention(organization.retention)
    return organization


def settings_of(organization: Organization) -> dict[str, Any]:
    """The settings that people see and change, as plain JSON."""
    return _plain(organization, SETTINGS)


def _plain(organization: Organization, names: Iterable[str]) -> dict[str, Any]:
    document = asdict(organization)
    return {name: list(document[name]) if isinstance(document[name], tuple) else document[name] for name in names}


def _attribution(current: AttributionDefaults, changes: dict[str, Any]) -> dict[str, Any]:
    fields = asdict(current)
    for name in changes:
        if name not in fields:
            raise UnknownName("attribution setting", name, fields)
    return {**fields, **changes}


def _read(row: OrganizationRow) -> Organization:
    document = {"id": row.id, "name": row.name, **row.settings}
    return _ORGANIZATION.validate_python(document)


_ORGANIZATION = TypeAdapter(Organization)
