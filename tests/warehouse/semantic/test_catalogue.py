"""The catalogue, the metric files and the values of dimensions."""

# ruff: noqa: E501  (rows and cases read best on one line)

import copy
from typing import Any

import pytest

from roastery.warehouse.engine import Warehouse
from roastery.warehouse.errors import UnknownName
from roastery.warehouse.semantic.catalogue import shipped_catalogue
from roastery.warehouse.semantic.layer import SemanticLayer
from roastery.warehouse.semantic.load import Unsound, load, read_files, shipped
from roastery.warehouse.semantic.validate import DERIVED, validate

DIMENSIONS = [
    "platform",
    "channel",
    "account",
    "campaign",
    "ad_group",
    "ad",
    "keyword",
    "asset",
    "asset_type",
    "audience",
    "objective",
    "product",
    "category",
    "promotion",
    "location",
    "region",
    "franchise",
    "brand",
    "service_area",
    "segment",
    "customer_type",
    "customer_stage",
    "country",
    "sales_channel",
    "source_system",
    "owner",
    "pipeline",
    "stage",
    "plan",
    "workflow",
    "page",
    "service",
    "lead_score_band",
    "cohort_month",
]


def test_the_files_that_ship_are_sound() -> None:
    assert validate() == ()


def test_every_dimension_of_the_contracts_can_be_asked() -> None:
    assert set(shipped_catalogue().dimensions) == set(DIMENSIONS)


def test_every_metric_has_one_line_that_defines_it_and_a_dimension_or_a_reason() -> None:
    for entry in shipped_catalogue().metrics.values():
        assert "\n" not in entry.definition
        assert entry.definition.endswith(".")
        assert entry.synonyms, entry.name
        assert entry.dimensions or entry.name in ("ltv_cac_ratio", "payback_days", "conversion_rate")


@pytest.mark.parametrize(
    ("name", "additivity"),
    [
        ("spend", "additive"),
        ("revenue", "additive"),
        ("contribution_margin", "additive"),
        ("new_customers", "additive"),
        ("active_customers", "non_additive"),
        ("ctr", "non_additive"),
        ("first_reply_hours", "non_additive"),
        ("mrr", "semi_additive"),
        ("arr", "semi_additive"),
        ("stock_on_hand", "semi_additive"),
    ],
)
def test_additivity_follows_from_how_a_metric_is_computed(name: str, additivity: str) -> None:
    assert shipped_catalogue().metrics[name].additivity == additivity


def test_catalogue_names_parameters_history_and_formula() -> None:
    metrics = shipped_catalogue().metrics
    assert "attribution_model" in metrics["roas"].parameters
    assert metrics["revenue"].parameters == ("refund_basis",)
    assert metrics["spend"].parameters == ()
    assert (metrics["cac"].history, metrics["orders"].history) == ("sales", None)
    assert metrics["cpm"].formula == "1000 * spend / impressions"
    assert "campaign" in metrics["roas"].dimensions
    assert "campaign" not in metrics["revenue"].dimensions
    assert "roas" in shipped_catalogue().dimensions["campaign"].metrics


def test_layer_hands_out_one_catalogue(layer: SemanticLayer, company: Warehouse) -> None:
    assert layer.catalogue is SemanticLayer(company, layer.clock).catalogue


def test_columns_that_facts_read_are_those_of_a_real_build(rows: Any) -> None:
    found: dict[str, set[str]] = {}
    for row in rows("SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'curated'"):
        found.setdefault(row["table_name"], set()).add(row["column_name"])
    for table, columns in DERIVED.items():
        assert columns <= found[table], table


@pytest.mark.parametrize(
    ("file", "path", "value", "said"),
    [
        ("delivery", ["spend", "measure", "fact"], "ad_perfomance", "Unknown fact 'ad_perfomance'. Did you mean 'ad_performance'?"),
        ("delivery", ["spend", "measure", "of"], "spned", "Unknown column of ad_performance 'spned'. Did you mean 'spend'?"),
        ("delivery", ["spend", "measure", "of"], "read_csv('x')", "is not allowed in a metric file"),
        ("delivery", ["ctr", "ratio", "numerator"], "clikcs", "Unknown metric 'clikcs'. Did you mean 'clicks'?"),
        ("delivery", ["spend", "unti"], "money", "'unti' is not known here. Did you mean 'unit'?"),
        ("delivery", ["spend", "definition"], "Spend", "one line that ends with a full stop"),
        ("delivery", ["spend", "ratio"], {"numerator": "a", "denominator": "b"}, "exactly one of measure, ratio"),
        ("money", ["revenue", "choose", "order_day"], "revenue", "is computed from itself"),
        ("money", ["contribution_margin", "formula"], "exp(spend)", "is not allowed in the formula"),
        ("facts", ["sales", "dimensions", "contry"], "country", "Unknown dimension 'contry'. Did you mean 'country'?"),
        ("facts", ["sales", "dimensions", "country"], "land.country", "Unknown join 'land'"),
        ("facts", ["sales", "joins", "subscriptions", "table"], "subscription", "Did you mean 'subscriptions'?"),
        ("facts", ["lead_outcomes", "sql"], "SELECT 1; SELECT 2", "exactly one SELECT"),
        ("facts", ["lead_outcomes", "sql"], "SELECT * FROM 'file.csv'", "Unknown table"),
        ("dimensions", ["campaign", "label", "from"], [{"table": "campaigns", "key": "campaign_id", "text": "name"}], "Unknown column of campaigns 'name'"),
    ],
)  # fmt: skip
def test_a_fault_in_a_file_is_told_with_the_nearest_name(file: str, path: list[str], value: Any, said: str) -> None:
    written = copy.deepcopy(read_files())
    place = written[file]
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    messages = [str(problem) for problem in validate(written)]
    assert any(said in message for message in messages), messages
    assert all(message.startswith(f"{file}.yml") for message in messages)


def test_unsound_files_are_not_loaded() -> None:
    written = copy.deepcopy(read_files())
    written["delivery"]["spend"]["measure"]["fact"] = "nothing"
    with pytest.raises(Unsound) as refused:
        load(written)
    assert any(problem.name == "spend" for problem in refused.value.problems)


def test_two_metrics_never_share_a_synonym() -> None:
    taken: dict[str, str] = {}
    for name in shipped().public:
        for word in shipped().metrics[name].synonyms:
            assert taken.setdefault(word, name) == name


def test_values_come_with_names_most_used_first(layer: SemanticLayer) -> None:
    found = layer.dimension_values("campaign")
    labels = {value.value: value.label for value in found}
    assert labels["c1"] == labels["c2"] == "Brand"
    assert labels["c5"] == "Name of c5"
    assert labels["flow1"] == "Welcome"
    assert not {"unattributed", "none", "unknown", ""} & set(labels)
    counts = [value.count for value in found]
    assert counts == sorted(counts, reverse=True)


def test_values_are_found_by_part_of_their_name_whatever_its_case(layer: SemanticLayer) -> None:
    assert {value.value for value in layer.dimension_values("campaign", "bRaN")} == {"c1", "c2"}
    assert [value.value for value in layer.dimension_values("location", "haf")] == ["L2"]
    assert len(layer.dimension_values("campaign", limit=2)) == 2


def test_every_dimension_can_list_its_values(layer: SemanticLayer) -> None:
    for name in layer.catalogue.dimensions:
        assert isinstance(layer.dimension_values(name, limit=3), list)
    with pytest.raises(UnknownName, match="Did you mean 'campaign'"):
        layer.dimension_values("campain")
