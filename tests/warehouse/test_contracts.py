"""The contracts are those of CONTRACTS section 3, soundly declared."""

import re
from pathlib import Path

import pytest

from roastery.warehouse.contracts import CONTRACTS, contract
from roastery.warehouse.errors import UnknownName

SHARED = Path(__file__).parents[3] / "shared" / "CONTRACTS.md"
EXTRA_DOCUMENTED_ONCE = {
    "keyword_performance": "report_date, platform, account_id, campaign_id, ad_group_id, keyword_id"
}


def declared_publicly() -> dict[str, list[tuple[str, bool]]]:
    """Datasets of CONTRACTS section 3: columns in order, and whether each is starred as a key."""
    section = SHARED.read_text().split("## 3.")[1].split("## 4.")[0]
    found: dict[str, list[tuple[str, bool]]] = {}
    for line in section.splitlines():
        if not line.startswith("| `"):
            continue
        names_cell, columns_cell = line.strip("|").split("|")[:2]
        names = re.findall(r"`(\w+)`", names_cell)
        for name, text in zip(names, columns_cell.split(" · "), strict=True):
            plain = re.sub(r"\([^()]*\)", "", text.split(": built")[0].split(". Spend")[0])
            columns = [re.match(r"(\w+)(\*?)", part.strip()) for part in plain.split(",")]
            found[name] = [(m.group(1), bool(m.group(2))) for m in columns if m]
    return found


@pytest.mark.referee
@pytest.mark.skipif(not SHARED.is_file(), reason="CONTRACTS.md is not beside this repository")
def test_every_public_dataset_has_its_columns_and_keys() -> None:
    public = declared_publicly()
    assert set(public) <= set(CONTRACTS)
    for name, columns in public.items():
        for column, is_key in columns:
            if column in ("ad", "grain"):  # "ad-group grain" stands for columns listed with ad_performance
                continue
            assert column in CONTRACTS[name].by_name, f"{name}.{column}"
            if is_key:
                assert CONTRACTS[name].by_name[column].is_key, f"{name}.{column}"
        starred = {column for column, is_key in columns if is_key}
        if name not in EXTRA_DOCUMENTED_ONCE:
            assert set(CONTRACTS[name].key) == starred, name


@pytest.mark.parametrize("name", CONTRACTS)
def test_a_contract_is_sound(name: str) -> None:
    target = CONTRACTS[name]
    assert target.key
    assert target.title
    assert target.about.endswith(".")
    assert target.day is None or target.by_name[target.day].type in ("date", "timestamp")
    money = [c for c in target.columns if c.type == "money"]
    in_own_currency = name in ("transaction_lines",)
    assert not money or "currency" in target.by_name or in_own_currency
    for column in target.columns:
        assert column.references is None or len(CONTRACTS[column.references].key) == 1


def test_personal_columns_are_declared() -> None:
    assert contract("customers").personal == {
        "email": "email",
        "phone": "phone",
        "first_name": "name",
        "last_name": "name",
    }


def test_an_unknown_dataset_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UnknownName, match="Did you mean 'transactions'"):
        contract("transaction")
