"""The five companies: contract tables made from a seed, and the truth that belongs to them."""

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from roastery.evals.world.companies import COMPANIES, Company
from roastery.evals.world.company import NOW
from roastery.warehouse.contracts import CONTRACTS

SLUGS = tuple(COMPANIES)
CORRECTIONS = {"identity_unlinks"}
"""What people put right by hand; no system of a company holds it."""


@pytest.fixture(scope="module", params=SLUGS)
def company(request: pytest.FixtureRequest, small_companies: dict[str, Company]) -> Company:
    return small_companies[request.param]


def test_between_them_the_companies_fill_every_dataset(small_companies: dict[str, Company]) -> None:
    filled = {name for c in small_companies.values() for name, table in c.tables.items() if table.num_rows}
    assert filled == set(CONTRACTS) - CORRECTIONS


def test_the_same_seed_makes_the_same_bytes_and_another_seed_others(company: Company) -> None:
    maker = COMPANIES[company.slug]
    assert maker.make(seed=7, size=maker.small).digest() == company.digest()
    assert maker.make(seed=8, size=maker.small).digest() != company.digest()


def test_every_table_keeps_its_contract_and_its_key(company: Company) -> None:
    for name, table in company.tables.items():
        contract = CONTRACTS[name]
        assert set(table.column_names) <= set(contract.column_names)
        assert set(contract.key) <= set(table.column_names), name
        assert table.group_by(list(contract.key)).aggregate([]).num_rows == table.num_rows, name


def test_nothing_happened_after_the_clock(company: Company) -> None:
    for name, table in company.tables.items():
        for column in CONTRACTS[name].columns:
            if column.past and column.name in table.column_names and column.type == "timestamp":
                latest = pc.max(table[column.name]).as_py()
                assert latest is None or latest <= NOW, f"{name}.{column.name}"


def test_references_lead_somewhere(company: Company) -> None:
    for name, table in company.tables.items():
        for column in CONTRACTS[name].columns:
            target = company.tables.get(column.references or "")
            if target is None or column.name not in table.column_names:
                continue
            given = pc.unique(table[column.name]).drop_null()
            known = target[CONTRACTS[column.references or ""].key[0]]
            lost = given.filter(pc.invert(pc.is_in(given, pa.array(known.to_pylist()))))
            assert len(lost) == 0, f"{name}.{column.name}: {lost[:3]}"


def test_at_least_six_anomalies_lie_in_the_last_90_days(company: Company) -> None:
    rows = company.truth["anomalies"].to_pylist()
    assert len([row for row in rows if (NOW.date() - row["start"]).days <= 91]) >= 6
    assert len(rows) == len({row["anomaly_id"] for row in rows})


def test_truth_names_each_record_and_each_sale_once(company: Company) -> None:
    identity = company.truth["identity"]
    assert set(identity["customer_id"].to_pylist()) == set(company.tables["customers"]["customer_id"].to_pylist())
    sales = company.truth["sales"].filter(company.truth["sales"]["is_real"])
    assert sales.group_by(["sale"]).aggregate([]).num_rows == sales.num_rows
    effects = company.truth["effects"]
    brought = "caused_persons" if "caused_persons" in effects.column_names else "caused_customers"
    assert effects[brought].to_numpy().sum() > 0.2 * company.size


def test_a_saved_company_loads_unchanged(company: Company, tmp_path: object) -> None:
    company.save(tmp_path)  # type: ignore[arg-type]
    assert COMPANIES[company.slug].load(tmp_path).digest() == company.digest()  # type: ignore[arg-type]
