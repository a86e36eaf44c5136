"""What every registered source keeps, without registration of its own."""

import inspect
import re
from functools import cache
from pathlib import Path

import duckdb
import pytest

from roastery.connectors import registry
from roastery.connectors.base import ContractSql, Resource, SignsAddress, Source
from roastery.connectors.errors import BadConnection
from roastery.connectors.sync import in_order
from roastery.warehouse.clock import Clock
from roastery.warehouse.contracts import CONTRACTS, contract
from roastery.warehouse.errors import UnknownName
from tests.connectors.loopback import Secrets, connection

FILLS = [(source, fill) for source in registry.SOURCES.values() for fill in source.fills]
RAW = "CREATE TABLE raw_records (connection_id TEXT, key TEXT, payload JSON, landed_at TIMESTAMPTZ, seq BIGINT)"
NAMES = [f"{source.provider}-{fill.contract}" for source, fill in FILLS]


@pytest.fixture(params=registry.SOURCES, ids=str)
def source(request: pytest.FixtureRequest) -> type[Source]:
    return registry.SOURCES[request.param]


def test_every_file_in_sources_is_a_source_of_its_name() -> None:
    folder = Path(registry.sources_folder.__path__[0])
    assert sorted(registry.SOURCES) == sorted(p.stem for p in folder.iterdir() if not p.name.startswith("__"))


def test_resources_have_an_order_and_known_dependencies(source: type[Source]) -> None:
    names = {resource.name for resource in source.resources}
    assert len(names) == len(source.resources)
    assert {needed for resource in source.resources for needed in resource.depends_on} <= names
    placed = [resource.name for resource in in_order(source.resources)]
    for resource in source.resources:
        assert all(placed.index(needed) < placed.index(resource.name) for needed in resource.depends_on)


def test_a_restated_resource_says_how_long(source: type[Source]) -> None:
    assert all(resource.reread_days > 0 for resource in source.resources if resource.partition)


@cache
def _raw() -> duckdb.DuckDBPyConnection:
    """A database with nothing but raw records, none."""
    database = duckdb.connect()
    database.execute(RAW)
    return database


@pytest.mark.parametrize(("source", "fill"), FILLS, ids=NAMES)
def test_a_fill_gives_columns_of_its_contract_and_its_whole_key(source: type[Source], fill: ContractSql) -> None:
    assert fill.contract in CONTRACTS
    assert {fill.resource, *fill.joins} <= {resource.name for resource in source.resources}
    with _raw().cursor() as database:
        sql = fill.bound(lambda resource: "(SELECT * FROM raw_records)")
        columns = [row[0] for row in database.execute(f"DESCRIBE {sql}").fetchall()]
    target = contract(fill.contract)
    assert set(columns) <= set(target.column_names)
    assert set(target.key) <= set(columns)


@pytest.mark.parametrize(("source", "fill"), FILLS, ids=NAMES)
def test_money_and_figures_never_pass_through_floating_point(source: type[Source], fill: ContractSql) -> None:
    with _raw().cursor() as database:
        sql = fill.bound(lambda resource: "(SELECT * FROM raw_records)")
        described = database.execute(f"DESCRIBE {sql}").fetchall()
    assert [row[0] for row in described if row[1] in ("DOUBLE", "FLOAT")] == []


@pytest.mark.parametrize(("source", "fill"), FILLS, ids=NAMES)
def test_personal_columns_come_from_sealed_paths(source: type[Source], fill: ContractSql) -> None:
    sealed = {
        kind
        for resource in source.resources
        if resource.name in (fill.resource, *fill.joins)
        for kind in resource.personal.values()
    }
    filled = {kind for column, kind in contract(fill.contract).personal.items() if f"AS {column}" in fill.sql}
    assert filled <= sealed


def test_fills_are_given_to_the_warehouse_with_their_source() -> None:
    found = {(fill.contract, fill.source, fill.resource) for fill in registry.fills()}
    assert ("ad_performance", "meta_ads", "insights") in found
    assert len(registry.fills()) == len(FILLS)


def test_an_unknown_provider_is_named_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="Did you mean 'shopify'"):
        registry.source_type("shopfy")


def test_a_connection_without_its_settings_or_secrets_says_what_is_missing(source: type[Source]) -> None:
    empty = connection(source.provider)
    if source.required_settings:
        with pytest.raises(BadConnection, match=source.required_settings[0]):
            registry.open_source(empty, Secrets(), Clock())
    settings = dict.fromkeys(source.required_settings, "1")
    if source.required_secrets:
        with pytest.raises(BadConnection, match=source.required_secrets[0]):
            registry.open_source(connection(source.provider, **settings), Secrets(), Clock())


def test_every_setting_that_a_source_reads_is_declared(source: type[Source]) -> None:
    text = Path(inspect.getfile(source)).read_text(encoding="utf-8")
    read = set(re.findall(r'settings(?:\.get\(|, )"(\w+)"', text))
    declared = {*source.required_settings, *source.optional_settings}
    # The address that a webhook calls is read where webhooks are received.
    assert read == declared - ({"webhook_url"} if isinstance(source.webhook, SignsAddress) else set())
    asked = set(re.findall(r'access\.secret\("(\w+)"\)', text))
    assert asked <= {*source.required_secrets, *source.optional_secrets}


def test_a_setting_that_is_no_number_is_named() -> None:
    with pytest.raises(BadConnection, match="slice_days is 'soon'"):
        registry.open_source(
            connection("meta_ads", account_id="1", slice_days="soon"), Secrets(access_token="token-1"), Clock()
        )


def test_resources_that_wait_for_each_other_are_refused() -> None:
    a = Resource("a", key=str, depends_on=("b",))
    with pytest.raises(ValueError, match="wait for each other"):
        in_order([a, Resource("b", key=str, depends_on=("a",))])
