"""Records: how the systems of a company know its persons, sometimes under several ids, and who each record is."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from roastery.evals.world.columns import picked, prefixed
from roastery.evals.world.seasons import Ints

FIRST_NAMES = {
    "en": ("Ada", "Ben", "Chloe", "Dev", "Erin", "Femi", "Grace", "Hugo", "Isla", "Jonas", "Kaya", "Liam", "Mei",
           "Nora", "Omar", "Pia", "Quinn", "Rosa", "Sam", "Tariq", "Uma", "Vera", "Wen", "Yara", "Zoe"),
    "de": ("Anna", "Björn", "Clara", "Deniz", "Elif", "Fabian", "Greta", "Hannes", "Ines", "Jörg", "Katrin", "Lukas",
           "Mila", "Nils", "Oskar", "Paula", "Rosa", "Sören", "Tilda", "Ute", "Viktor", "Wanda", "Yusuf", "Zoë",
           "Emil"),
}  # fmt: skip
LAST_NAMES = {
    "en": ("Abbott", "Brandt", "Castillo", "Diaz", "Ellis", "Fofanah", "Garcia", "Huang", "Ito", "Jansen", "Kowalski",
           "Lind", "Moreau", "Nguyen", "OBrien", "Patel", "Quinones", "Rossi", "Schmidt", "Tanaka", "Ueda", "Varga",
           "Walsh", "Young", "Zielinski"),
    "de": ("Arslan", "Bauer", "Conrad", "Dietrich", "Engel", "Fuchs", "Groß", "Hartmann", "Ivanov", "Jung", "Krüger",
           "Lehmann", "Möller", "Neumann", "Otto", "Pohl", "Richter", "Schäfer", "Thiel", "Ulrich", "Vogel", "Weiß",
           "Yılmaz", "Ziegler", "Nowak"),
}  # fmt: skip
PLAIN = {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ı": "i", "ë": "e"}
DIALS = {"en": "+1617", "gb": "+44", "de": "+4930"}


@dataclass(frozen=True)
class Folk:
    """Names and addresses, one of each per person. mobile and email are unique."""

    first: pa.Array
    last: pa.Array
    email: pa.Array
    phone: pa.Array
    written_phone: pa.Array

    @property
    def count(self) -> int:
        return len(self.first)


def make_folk(rng: np.random.Generator, count: int, language: str, dial: str, domains: Sequence[str]) -> Folk:
    """Persons' names, e-mail addresses and phones (E.164, and as people write them)."""
    first = picked(FIRST_NAMES[language], rng.integers(0, 25, count))
    last = picked(LAST_NAMES[language], rng.integers(0, 25, count))
    number = np.arange(count)
    local = pc.utf8_lower(pc.binary_join_element_wise(first, last, pa.array(number).cast(pa.string()), "."))
    for odd, plain in PLAIN.items():
        local = pc.replace_substring(local, odd, plain)
    email = pc.binary_join_element_wise(local, picked(domains, rng.integers(0, len(domains), count)), "@")
    line = 2_000_000 + (number * 48_271) % 7_999_993
    text = pa.array(line).cast(pa.string())
    code = DIALS[dial]
    phone = pc.binary_join_element_wise(pa.scalar("+44772" if dial == "gb" else code), text, "")
    head, tail = pc.utf8_slice_codeunits(text, 0, 3), pc.utf8_slice_codeunits(text, 3)
    lead = {"en": "(617) ", "gb": "0772 ", "de": "030 "}[dial]
    written = pc.binary_join_element_wise(
        pc.binary_join_element_wise(pa.scalar(lead), head, ""), tail, "-" if dial == "en" else " "
    )
    return Folk(first, last, email, phone, written)


@dataclass(frozen=True)
class System:
    """The records that one system keeps. person: whose each record is; ids: the record's id as curated writes it."""

    person: Ints
    ids: pa.Array

    def of(self, person: Ints, *, unknown: bool = True) -> pa.Array:
        """The record of each person; null for −1 (and for those without one)."""
        top = int(max(self.person.max(initial=0), person.max(initial=0))) + 2
        place = np.full(top, -1)
        place[self.person[::-1]] = np.arange(self.person.size)[::-1]
        found = place[person]
        return self.ids.take(pa.array(np.maximum(found, 0), mask=(found < 0) | (person < 0)))


def keep(prefix: str, person: Ints, salt: int) -> System:
    """Records of these persons under opaque ids."""
    scrambled = (person.astype(np.uint64) * np.uint64(0x9E3779B1) + np.uint64(salt)) & np.uint64(0xFFFFFFFFFF)
    return System(person, prefixed(prefix, scrambled.astype(np.int64)))


def spelled(rng: np.random.Generator, emails: pa.Array, share: float = 0.2) -> pa.Array:
    """E-mail addresses as people type them: some in capitals, some with a space after."""
    dice = pa.array(rng.random(len(emails)))
    odd = pc.if_else(pc.less(dice, share / 2), pc.utf8_upper(emails), pc.binary_join_element_wise(emails, " ", ""))
    return pc.if_else(pc.less(dice, share), odd, emails)


def identity(*systems: System) -> pa.Table:
    """Truth: the person (by number) behind each customer record."""
    return pa.table(
        {
            "customer_id": pa.concat_arrays([s.ids for s in systems]),
            "person": pa.concat_arrays([prefixed("person-", s.person) for s in systems]),
        }
    )
