"""Who calls: an API key's organization and actor, as FastAPI dependencies."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from roastery.api.errors import BadCredential, NotFound
from roastery.api.security.roles import Permission, allow
from roastery.api.store.keys import USE_NOTED_EVERY, Keys
from roastery.api.store.organizations import Organizations
from roastery.api.store.tables import KeyRow
from roastery.tools.base import Actor
from roastery.warehouse.organization import Organization

if TYPE_CHECKING:
    from roastery.api.app import Roastery

bearer = HTTPBearer(auto_error=False, description="An API key: `roastery key create --org ORG --role analyst`.")


@dataclass(frozen=True)
class Caller:
    """Made from a verified credential only; every organization id in the service comes from here (law 13)."""

    organization: Organization
    actor: Actor

    def own(self, organization_id: str) -> Organization:
        """The caller's organization if that is the one named; another one does not exist for them."""
        if organization_id != self.organization.id:
            raise NotFound("organization", organization_id)
        return self.organization


def caller_of_key(roastery: "Roastery", key: str) -> Caller:
    """The caller behind a key. Errors: BadCredential."""
    with roastery.database.reading() as session:
        verified = Keys(session, roastery.keyring).verify(key)
        organization = Organizations(session).get(verified.organization_id) if verified else None
        row = session.get(KeyRow, verified.actor.id) if verified else None
    if verified is None or organization is None or row is None:
        raise BadCredential("This key is not known, or no longer valid. Make one with `roastery key create`.")
    now = roastery.wall.now()
    if _is_worth_noting(row.last_used_at, now):
        with roastery.database.session() as session:
            session.get_one(KeyRow, row.id).last_used_at = now
    return Caller(organization, verified.actor)


def authenticated(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]
) -> Caller:
    if credentials is None or not credentials.credentials:
        raise BadCredential("Send an API key as 'Authorization: Bearer KEY'.")
    return caller_of_key(request.app.state.roastery, credentials.credentials)


class Allowed:
    """A dependency: the caller, if their role has a permission."""

    def __init__(self, permission: Permission) -> None:
        self._permission = permission

    def __call__(self, caller: Annotated[Caller, Depends(authenticated)]) -> Caller:
        allow(caller.actor, self._permission)
        return caller


Reader = Annotated[Caller, Depends(Allowed("read"))]
SqlReader = Annotated[Caller, Depends(Allowed("sql"))]
Importer = Annotated[Caller, Depends(Allowed("import"))]
Connector = Annotated[Caller, Depends(Allowed("connect"))]
Settler = Annotated[Caller, Depends(Allowed("organization"))]
PrivacyKeeper = Annotated[Caller, Depends(Allowed("privacy"))]
KeyMaker = Annotated[Caller, Depends(Allowed("keys"))]


def _is_worth_noting(last_used_at: datetime | None, now: datetime) -> bool:
    return last_used_at is None or now - last_used_at > USE_NOTED_EVERY
