"""Options that many commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from roastery.api.app import Roastery
    from roastery.warehouse.organization import Organization

Org = Annotated[str | None, typer.Option("--org", help="Organization, by id or name; may be left out if there is one.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def organization_of(roastery: Roastery, org: str | None) -> Organization:
    """The organization named, or the only one. Errors: UnknownName, BadQuery when it has to be named."""
    from roastery.api.store.organizations import Organizations
    from roastery.warehouse.errors import BadQuery

    if org is not None:
        return roastery.organization(org)
    with roastery.database.reading() as session:
        organizations = Organizations(session).all()
    if len(organizations) == 1:
        return organizations[0]
    if not organizations:
        raise BadQuery("There is no organization yet. Make one with: roastery org create NAME")
    names = ", ".join(f"{o.id} ({o.name})" for o in organizations)
    raise BadQuery(f"Say which organization with --org. There are: {names}.")
