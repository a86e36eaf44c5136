"""The role that somebody has today, by the id under which they once made something."""

from roastery.api.store.database import Database
from roastery.api.store.tables import KeyRow, UserRow

OPERATOR_ID = "operator"


def role_today(database: Database, organization_id: str, actor_id: str) -> str:
    """Of a person or a key of the organization, or of whoever operates the home; a viewer's for anybody else.

    A revoked key, and a person who has left, see what everybody sees.
    """
    if actor_id == OPERATOR_ID:
        return "owner"
    with database.reading() as session:
        key, user = session.get(KeyRow, actor_id), session.get(UserRow, actor_id)
        if key is not None and key.organization_id == organization_id and key.revoked_at is None:
            return key.role
        if user is not None and user.organization_id == organization_id:
            return user.role
    return "viewer"
