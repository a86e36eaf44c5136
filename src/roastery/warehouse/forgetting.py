"""What is left of a record once its person is forgotten: the same one with pseudonyms in the person's place (law 15).

Every value that tells who it is becomes another one, equal where the value was equal: a sealed value keeps a matching
hash that nothing opens, an id becomes `erased-…`. Money, orders, and who is one person with whom, stay as they were.
The same is done to what stands in raw and to what lands again later, known by keyed hashes alone (tombstones.py).
"""

import json
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from roastery.warehouse.contracts import CONTRACTS
from roastery.warehouse.privacy import PREFIX, Notice, Sealer, hash_of, mailbox, normalized
from roastery.warehouse.state import IMPORT

ERASED = "erased-"
ID = "id"
"""The kind under which ids are hashed."""

PEOPLE = frozenset({"customer_id", "other_customer_id", "external_customer_id"})
DEVICES = frozenset({"anonymous_id", "session_id", "click_id"})
"""Columns of contracts that name a person, and those that name what a person used, perhaps with others."""
TELLING = frozenset({"opportunity_name", "dealname"})
"""Texts of a person's record in which people write names."""

SHAPED_AS_CONTRACTS = (IMPORT, "custom_crm")
"""Sources whose records carry the columns of a contract; in those of any other a field is an id by its name."""
ID_NAME = re.compile(
    r"(id|key)$|^(customer|contact|profile|requester|user|member|person|buyer|client)s?$", re.IGNORECASE
)
ADDRESS = re.compile(r"[\w.+'-]+(?:@|%40)[\w-]+(?:\.[\w-]+)+", re.IGNORECASE)
PARTS = re.compile(r"([:/|])")
NUMBER = re.compile(r'"\\u0000([^"]*)"')


def is_erased(text: str) -> bool:
    """Whether a value is a pseudonym already.

    >>> is_erased("shopify:erased-0a"), is_erased("sealed:v1:0a:"), is_erased("shopify:17")
    (True, True, False)
    """
    return bare(text).startswith(ERASED) or (text.startswith(PREFIX) and text.endswith(":"))


def bare(text: str) -> str:
    """An id without the source or the path before it.

    >>> bare("shopify:17"), bare("gid://shopify/Customer/17"), bare("17")
    ('17', '17', '17')
    """
    return PARTS.split(text)[-1]


def read_json(text: str) -> Any:
    """JSON whose fractions keep their digits until written_json writes them."""
    return json.loads(text, parse_float=lambda digits: f"\x00{digits}")


def written_json(value: Any) -> str:
    """
    >>> written_json(read_json('{"b":1.50,"a":[2,"x"]}'))
    '{"b":1.50,"a":[2,"x"]}'
    """
    return NUMBER.sub(r"\1", json.dumps(value, ensure_ascii=False, separators=(",", ":")))


class Forgetter:
    """Rewrites records by keyed hashes of who is forgotten. needles: plain texts to take out of texts as well."""

    def __init__(self, sealer: Sealer, hashes: Iterable[str], needles: Collection[str] = ()) -> None:
        self._sealer = sealer
        self.hashes = set(hashes)
        self.needles = frozenset(needles)
        self.sealed_seen: set[str] = set()
        """Matching hashes of the sealed values that were replaced."""
        # Longest first: a name within an address would leave the rest of the address.
        whole = "|".join(re.escape(needle) for needle in sorted(needles, key=lambda n: (-len(n), n)))
        self._needles = re.compile(rf"(?<![\w@])(?:{whole})(?![\w@])", re.IGNORECASE) if whole else None

    def __bool__(self) -> bool:
        return bool(self.hashes)

    def is_forgotten_id(self, text: str, source: str = "") -> bool:
        hashes = self.hashes
        return self._sealer.hash(ID, text) in hashes or (
            source not in ("", IMPORT) and self._sealer.hash(ID, f"{source}:{bare(text)}") in hashes
        )

    def id_pseudonym(self, text: str) -> str:
        """An id's pseudonym behind the same source, so that one id of two spellings stays one id."""
        last = bare(text)
        return text if last.startswith(ERASED) else f"{text[: -len(last)]}{ERASED}{self._sealer.pseudonym(last)[:16]}"

    def sealed_pseudonym(self, sealed: str) -> str:
        if is_erased(sealed):
            return sealed
        self.sealed_seen.add(hash_of(sealed))
        return f"{PREFIX}{self.hash_pseudonym(hash_of(sealed) or sealed)}:"

    def hash_pseudonym(self, hash_: str) -> str:
        return self._sealer.pseudonym(f"sealed:{hash_}")

    def notice_pseudonym(self, notice: Notice) -> Notice:
        box = notice.mailbox_hash
        return Notice(self.hash_pseudonym(notice.hash), notice.is_role, self.hash_pseudonym(box) if box else "")

    def rewritten(self, source: str, resource: str, payload: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
        """A record as it may stand, and whether it is one of a forgotten person. Personal values are sealed already."""
        walk = _Walk(self, source, resource)
        is_theirs = walk.is_theirs(payload, "")
        whole: dict[str, Any] = walk.rewritten(payload, "", is_theirs)
        if is_theirs and resource == "opportunities" and whole.get("Name"):
            whole["Name"] = "erased"
        if source in SHAPED_AS_CONTRACTS and isinstance(whole.get("key"), str):
            whole["key"] = self.key(source, resource, whole["key"])
        return whole, is_theirs

    def key(self, source: str, resource: str, key: str) -> str:
        """A raw key in which ids of forgotten people are pseudonyms."""
        if source in SHAPED_AS_CONTRACTS:
            contract = CONTRACTS.get(resource)
            if contract is None or not (PEOPLE | {"object_id"}).intersection(contract.key):
                return key
            if key.startswith("["):
                return written_json([self._part(source, part) for part in json.loads(key)])
            return self._part(source, key)
        return "".join(self._part(source, part) for part in PARTS.split(key))

    def _part(self, source: str, part: str) -> str:
        return self.id_pseudonym(part) if part and self.is_forgotten_id(part, source) else part

    def cleaned(self, text: str) -> str:
        """A text without forgotten addresses and needles."""
        if "@" in text or "%40" in text:
            text = ADDRESS.sub(self._address, text)
        return self._needles.sub("erased", text) if self._needles else text

    def _address(self, found: re.Match[str]) -> str:
        return "erased" if self.is_forgotten_address(found[0].replace("%40", "@").strip(".'")) else found[0]

    def is_forgotten_address(self, address: str) -> bool:
        if self._sealer.hash("email", address) in self.hashes:
            return True
        _, box = mailbox(normalized("email", address))
        return bool(box) and self._sealer.hash("email", box) in self.hashes


class _Walk:
    """One record of one resource, walked twice: whose it is, then what becomes of it."""

    def __init__(self, forgetter: Forgetter, source: str, resource: str) -> None:
        self._forgetter = forgetter
        self._source = source
        self._is_shaped = source in SHAPED_AS_CONTRACTS
        self._names_people = resource == "stage_changes"

    def is_theirs(self, node: Any, name: str) -> bool:
        if isinstance(node, Mapping):
            return any(self.is_theirs(value, key) for key, value in node.items()) or (
                self._is_person_change(node) and self._is_forgotten(node["object_id"])
            )
        if isinstance(node, list | tuple):
            return any(self.is_theirs(value, name) for value in node)
        if isinstance(node, str) and node.startswith(PREFIX):
            return hash_of(node) in self._forgetter.hashes
        return name not in DEVICES and self._is_id(name) and self._is_forgotten(node)

    def rewritten(self, node: Any, name: str, is_theirs: bool) -> Any:
        if isinstance(node, Mapping):
            whole = {key: self.rewritten(value, key, is_theirs) for key, value in node.items()}
            if self._is_person_change(node) and self._is_forgotten(node["object_id"]):
                whole["object_id"] = self._forgetter.id_pseudonym(node["object_id"])
            return whole
        if isinstance(node, list | tuple):
            return [self.rewritten(value, name, is_theirs) for value in node]
        if isinstance(node, str) and node.startswith(PREFIX):
            return self._forgetter.sealed_pseudonym(node) if is_theirs else node
        if (self._is_id(name) or name in DEVICES) and self._is_forgotten(node):
            return self._forgetter.id_pseudonym(str(node))
        if is_theirs and isinstance(node, str) and node and name in TELLING:
            return "erased"
        return self._forgetter.cleaned(node) if isinstance(node, str) else node

    def _is_person_change(self, node: Mapping[str, Any]) -> bool:
        return self._names_people and node.get("object_type") == "customer" and bool(node.get("object_id"))

    def _is_id(self, name: str) -> bool:
        return name in PEOPLE if self._is_shaped else bool(ID_NAME.search(name))

    def _is_forgotten(self, value: Any) -> bool:
        if value is None or isinstance(value, bool) or value == "" or not isinstance(value, str | int):
            return False
        return self._forgetter.is_forgotten_id(str(value), self._source)
