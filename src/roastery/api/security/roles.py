"""What each role may do; a role comes from a verified credential only."""

from typing import Literal

from roastery.tools.base import Actor
from roastery.warehouse.errors import NotAllowed, UnknownName

Role = Literal["owner", "admin", "analyst", "viewer"]
Permission = Literal["read", "sql", "import", "connect", "organization", "keys", "privacy"]

PERMISSIONS: dict[str, frozenset[str]] = {
    "viewer": frozenset({"read"}),
    "analyst": frozenset({"read", "sql", "import"}),
    "admin": frozenset({"read", "sql", "import", "connect", "organization", "keys", "privacy"}),
    "owner": frozenset({"read", "sql", "import", "connect", "organization", "keys", "privacy"}),
}

DOES: dict[str, str] = {
    "read": "ask and read",
    "sql": "run SQL",
    "import": "import data",
    "connect": "connect and sync sources",
    "organization": "change the organization's settings",
    "keys": "manage keys and people or read the audit trail",
    "privacy": "see or erase a person's data",
}


def checked_role(role: str) -> str:
    """The role as given, if there is one of that name."""
    if role not in PERMISSIONS:
        raise UnknownName("role", role, PERMISSIONS)
    return role


def allow(actor: Actor, permission: Permission) -> None:
    """Refuse with a sentence that names the roles that may."""
    if permission not in PERMISSIONS.get(actor.role, frozenset()):
        able = [role for role, may in PERMISSIONS.items() if permission in may]
        raise NotAllowed(
            f"A key of role '{actor.role}' may not {DOES[permission]}. It takes one of: {', '.join(able)}.",
            allowed=able,
        )


def allow_granting(actor: Actor, role: str) -> None:
    """Only an owner makes an owner; nobody grants more than they have."""
    allow(actor, "keys")
    if not PERMISSIONS[checked_role(role)] <= PERMISSIONS[actor.role] or (role == "owner" and actor.role != "owner"):
        raise NotAllowed(f"A key of role '{actor.role}' may not grant the role '{role}'.")
