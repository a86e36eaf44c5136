"""Records as they may stand in raw: personal values sealed, forgotten people as pseudonyms (law 15)."""

import json
from collections.abc import Mapping, Set
from typing import Any

from roastery.warehouse.forgetting import Forgetter
from roastery.warehouse.privacy import Notice, Sealer, hash_of

Tree = dict[str, "Tree | str"]
"""Personal paths by their steps; a leaf is the kind of its value, `[]` every item of a list."""


class RecordSealer:
    """Seals the personal paths of records; of a forgotten person's record pseudonyms are left (forgetting.py).

    paths: dotted path → kind; `[]` walks a list: {"customer.email": "email", "addresses[].phone": "phone"}. A
    path that goes on below another is sealed with it.
    """

    def __init__(
        self, sealer: Sealer, paths: Mapping[str, str], forgotten: Set[str], source: str = "", resource: str = ""
    ) -> None:
        self._sealer = sealer
        self._source, self._resource = source, resource
        self._tree = tree_of(paths)
        self._forgetter = Forgetter(sealer, forgotten)
        self._cache: dict[tuple[str, str], str] = {}
        self._noticed: dict[str, Notice] = {}
        self.notices: set[Notice] = set()
        self.suppressed_records = 0

    @property
    def changes_any(self) -> bool:
        """Whether any record may come out otherwise: there is something personal, or somebody is forgotten."""
        return bool(self._tree or self._forgetter)

    def seal(self, record: Mapping[str, Any]) -> Mapping[str, Any]:
        """The record with its personal values sealed; what lies on no path is shared with it, nothing changed in it."""
        hashes: set[str] = set()
        copy: Mapping[str, Any] = self._sealed(record, self._tree, hashes) if self._tree else record
        is_theirs = False
        if self._forgetter:
            copy, is_theirs = self._forgetter.rewritten(self._source, self._resource, copy)
            self.suppressed_records += is_theirs
        for hash_ in hashes & self._noticed.keys():
            notice = self._noticed[hash_]
            self.notices.add(self._forgetter.notice_pseudonym(notice) if is_theirs else notice)
        return copy

    def key(self, key: str) -> str:
        """A record's key, a pseudonym where it is a forgotten person's id."""
        return self._forgetter.key(self._source, self._resource, key) if self._forgetter else key

    def _sealed(self, node: Any, tree: "Tree | str", hashes: set[str]) -> Any:
        """A node with what `tree` names in it sealed."""
        if isinstance(tree, str):
            return self._leaf(node, tree, hashes)
        if isinstance(node, Mapping):
            named = {name: self._sealed(node[name], below, hashes) for name, below in tree.items() if name in node}
            return {**node, **named}
        if isinstance(node, list | tuple) and "[]" in tree:
            return [self._sealed(item, tree["[]"], hashes) for item in node]
        return node

    def _leaf(self, value: Any, kind: str, hashes: set[str]) -> Any:
        if value is None or value == "":
            return None
        text = value if isinstance(value, str) else _written(value)
        sealed = self._cache.get((kind, text))
        if sealed is None:
            sealed = self._cache[kind, text] = self._sealer.seal(kind, text)
            notice = self._sealer.notice(kind, text)
            if notice:
                self._noticed[notice.hash] = notice
                if notice.mailbox_hash in self._forgetter.hashes:  # another spelling of a forgotten mailbox
                    self._forgetter.hashes.add(notice.hash)
        hashes.add(hash_of(sealed))
        return sealed


def tree_of(paths: Mapping[str, str]) -> Tree:
    """Dotted paths as nested steps.

    >>> tree_of({"customer.email": "email", "phones[]": "phone"})
    {'customer': {'email': 'email'}, 'phones': {'[]': 'phone'}}
    """
    tree: Tree = {}
    for path, kind in sorted(paths.items()):
        *steps, last = path.replace("[]", ".[]").split(".")
        below: Tree | str = tree
        for step in steps:
            below = below.setdefault(step, {}) if isinstance(below, dict) else below
        if isinstance(below, dict):
            below[last] = kind
    return tree


def _written(value: Any) -> str:
    """A value that is no text as text: JSON, or as it prints itself."""
    return (
        json.dumps(value, sort_keys=True, default=str)
        if isinstance(value, bool | int | float | list | dict)
        else str(value)
    )
