"""Names and codes that a provider may write otherwise than this version knows: a setting tells them, not a release."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from roastery.connectors.access import listed
from roastery.connectors.errors import BadConnection
from roastery.warehouse.errors import UnknownName


@dataclass(frozen=True)
class Renaming:
    """Which of the names that this version knows an account calls otherwise. others: known name → the account's."""

    others: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, title: str, settings: Mapping[str, Any], setting: str, known: Iterable[str]) -> "Renaming":
        """From a setting that is an object of names, or text such as `amount=deal_value, phone=tel`.

        Errors: BadConnection for another form, UnknownName with the nearest for a name that this version does not know.
        """
        given, known = settings.get(setting) or {}, frozenset(known)
        pairs: Any = given
        if isinstance(given, str):
            pairs = dict(part.split("=", 1) for part in listed(given) if "=" in part) or None
        if not isinstance(pairs, Mapping):
            told = "write it as ours=theirs, with commas between."
            raise BadConnection(f"The {title} connection's {setting} is {given!r}; {told}")
        others = {str(ours).strip(): str(theirs).strip() for ours, theirs in pairs.items()}
        for ours in others:
            if ours not in known:
                raise UnknownName(f"name in the {title} connection's {setting}", ours, known)
        return cls({ours: theirs for ours, theirs in others.items() if theirs and theirs != ours})

    def theirs(self, name: str) -> str:
        """What the account calls a name.

        >>> Renaming({"amount": "deal_value"}).theirs("amount"), Renaming().theirs("amount")
        ('deal_value', 'amount')
        """
        return self.others.get(name, name)

    def ours(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """A record by the names that this version knows; what is renamed stands under no other name any more.

        Else a personal value would stay where nobody seals it.

        >>> Renaming({"amount": "deal_value"}).ours({"deal_value": "7", "amount": "1", "stage": "won"})
        {'stage': 'won', 'amount': '7'}
        """
        if not self.others:
            return dict(record)
        renamed = {*self.others.values(), *self.others}
        kept = {name: value for name, value in record.items() if name not in renamed}
        return {**kept, **{ours: record[theirs] for ours, theirs in self.others.items() if theirs in record}}


def codes(title: str, settings: Mapping[str, Any], setting: str, default: Iterable[int]) -> frozenset[int]:
    """A setting of whole numbers with commas between. Errors: BadConnection.

    >>> sorted(codes("Acme", {"limit_codes": "4, 17"}, "limit_codes", [1])), sorted(codes("Acme", {}, "x", [1]))
    ([4, 17], [1])
    """
    if settings.get(setting) is None:
        return frozenset(default)
    try:
        return frozenset(int(code) for code in listed(settings[setting]))
    except ValueError:
        told = f"The {title} connection's {setting} is {settings[setting]!r}; it must be whole numbers, such as 4, 17."
        raise BadConnection(told) from None
