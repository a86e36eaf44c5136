import gzip
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx2
import orjson
import pytest

from roastery.evals.twins import Twins, serve
from roastery.evals.twins.control import Control
from roastery.evals.twins.graphql import Document, GraphQLError
from roastery.evals.twins.graphql_engine import Compiler, Schema
from roastery.evals.twins.shop_index import ShopIndex
from roastery.evals.twins.shop_schema import build
from roastery.evals.twins.shopify import SCOPES, ShopifyTwin
from roastery.evals.world import World

ORDERS = """query Orders($first: Int!, $after: String, $query: String, $reverse: Boolean = false) {
  orders(first: $first, after: $after, query: $query, sortKey: UPDATED_AT, reverse: $reverse) {
    nodes { id updatedAt ...Money }
    pageInfo { hasNextPage endCursor }
  }
}
fragment Money on Order { total: totalPriceSet { shopMoney { amount } presentmentMoney { amount currencyCode } } }"""
AMOUNT = "{ shopMoney { amount } }"


def ask(twins: Twins, document: str, /, token: str | None = None, **variables: Any) -> httpx2.Response:
    twin = twins["shopify"]
    headers = {"X-Shopify-Access-Token": token or twin.secrets["access_token"]}
    url = f"{twin.base_url}/admin/api/2026-10/graphql.json"
    return httpx2.post(url, json={"query": document, "variables": variables}, headers=headers)


def walk(twins: Twins, **variables: Any) -> list[dict[str, Any]]:
    nodes: list[dict[str, Any]] = []
    after = None
    while True:
        page = ask(twins, ORDERS, first=200, after=after, **variables).json()["data"]["orders"]
        nodes += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return nodes
        after = page["pageInfo"]["endCursor"]


@pytest.mark.parametrize("reverse", [False, True])
def test_every_order_comes_once_in_order_of_its_last_change(twins: Twins, small_world: World, reverse: bool) -> None:
    nodes = walk(twins, reverse=reverse)
    assert len({node["id"] for node in nodes}) == len(nodes) == small_world.orders.num_rows
    assert nodes[0]["id"].startswith("gid://shopify/Order/")
    times = [node["updatedAt"] for node in nodes]
    assert times == sorted(times, reverse=reverse)
    total = sum(Decimal(node["total"]["shopMoney"]["amount"]) for node in nodes)
    assert total == sum(small_world.orders["total"].to_pylist())


def test_a_search_by_change_gives_what_changed_since_or_until(twins: Twins) -> None:
    nodes = walk(twins)
    middle = nodes[len(nodes) // 2]["updatedAt"]
    since = walk(twins, query=f"updated_at:>='{middle}'")
    until = walk(twins, query=f"updated_at:<='{middle}'", reverse=True)
    assert [n["id"] for n in since] == [n["id"] for n in nodes if n["updatedAt"] >= middle]
    assert [n["id"] for n in reversed(until)] == [n["id"] for n in nodes if n["updatedAt"] <= middle]


def test_what_happened_since_is_found_by_its_change(small_world: World) -> None:
    then = datetime(2026, 10, 28, 12, tzinfo=UTC)
    with serve(small_world.as_of(then)) as twins:
        before = {node["id"]: node for node in walk(twins)}
        twins.control.serve(small_world)
        since = {node["id"]: node for node in walk(twins, query=f"updated_at:>='{then:%Y-%m-%dT%H:%M:%SZ}'")}
        after = {node["id"]: node for node in walk(twins)}
    assert {**before, **since} == after
    assert set(since) - set(before), "new orders"
    assert set(since) & set(before), "orders that changed"


def test_money_is_a_decimal_string_and_buyers_may_see_another_currency(twins: Twins) -> None:
    nodes = walk(twins)
    assert all("." in node["total"]["shopMoney"]["amount"] for node in nodes)
    foreign = [n["total"] for n in nodes if n["total"]["presentmentMoney"]["currencyCode"] == "CAD"]
    assert foreign
    assert all(float(t["presentmentMoney"]["amount"]) > float(t["shopMoney"]["amount"]) for t in foreign)


def test_refunds_account_for_all_that_went_back(twins: Twins, small_world: World) -> None:
    part = f"subtotalSet {AMOUNT} totalTaxSet {AMOUNT}"
    query = f"""query R($first: Int!, $after: String) {{ orders(first: $first, after: $after) {{
      nodes {{ totalRefundedSet {AMOUNT} refunds(first: 9) {{ totalRefundedSet {AMOUNT}
        refundLineItems(first: 20) {{ nodes {{ {part} }} }}
        refundShippingLines(first: 3) {{ nodes {{ subtotalAmountSet {AMOUNT} }} }}
        orderAdjustments(first: 3) {{ nodes {{ amountSet {AMOUNT} }} }} }} }}
      pageInfo {{ hasNextPage endCursor }} }} }}"""
    amount = lambda bag: Decimal(bag["shopMoney"]["amount"])  # noqa: E731
    after, refunds = None, 0
    while True:
        page = ask(twins, query, first=250, after=after).json()["data"]["orders"]
        for order in page["nodes"]:
            assert amount(order["totalRefundedSet"]) == sum(amount(r["totalRefundedSet"]) for r in order["refunds"])
            for refund in order["refunds"]:
                lines = refund["refundLineItems"]["nodes"]
                parts = sum(amount(line["subtotalSet"]) + amount(line["totalTaxSet"]) for line in lines)
                parts += sum(amount(s["subtotalAmountSet"]) for s in refund["refundShippingLines"]["nodes"])
                parts -= sum(amount(a["amountSet"]) for a in refund["orderAdjustments"]["nodes"])
                assert amount(refund["totalRefundedSet"]) == parts
                refunds += 1
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert refunds == small_world.refunds.num_rows


def test_throttling_is_an_error_within_a_200_and_says_how_much_is_left(twins: Twins) -> None:
    twins.control.fail("shopify", "throttle", wait_seconds=3)
    answer = ask(twins, ORDERS, first=5)
    body = answer.json()
    assert answer.status_code == 200
    assert body["errors"][0]["extensions"]["code"] == "THROTTLED"
    cost = body["extensions"]["cost"]
    short = cost["requestedQueryCost"] - cost["throttleStatus"]["currentlyAvailable"]
    assert short / cost["throttleStatus"]["restoreRate"] == pytest.approx(3)
    assert "data" in ask(twins, ORDERS, first=5).json()


def test_refresh_tokens_rotate_and_the_old_one_works_until_the_new_access_is_used(twins: Twins) -> None:
    twin = twins["shopify"]
    client = {name: twin.secrets[name] for name in ("client_id", "client_secret")}

    def refresh(token: str) -> httpx2.Response:
        form = {"grant_type": "refresh_token", "refresh_token": token, **client}
        return httpx2.post(f"{twin.base_url}/admin/oauth/access_token", data=form)

    twins.tokens["shopify"].expire()
    assert ask(twins, ORDERS, first=1).status_code == 401
    old = twin.secrets["refresh_token"]
    lost = refresh(old).json()
    fresh = refresh(old).json()
    assert fresh["refresh_token"] != old
    assert lost["access_token"] != fresh["access_token"]
    assert ask(twins, ORDERS, token=fresh["access_token"], first=1).status_code == 200
    assert refresh(old).status_code == 400
    assert refresh(fresh["refresh_token"]).status_code == 200


@pytest.mark.parametrize(
    ("query", "code"),
    [("{ shop { nme } }", "undefinedField"), ("{ shop }", "selectionMismatch"),
     ("{ orders(first: 251) { nodes { id } } }", "BAD_REQUEST"), ("{ shop(id: 1) { id } }", "argumentNotAccepted"),
     ("{ orders(first: 1, after: \"x\") { nodes { id } } }", "INVALID_CURSOR")],
)  # fmt: skip
def test_what_shopify_would_refuse_is_refused(twins: Twins, query: str, code: str) -> None:
    answer = ask(twins, query)
    assert answer.status_code == 200
    assert answer.json()["errors"][0]["extensions"]["code"] == code


def test_a_page_too_costly_is_refused(twins: Twins) -> None:
    query = """{ orders(first: 250) { nodes { lineItems(first: 250) { nodes { taxLines { title }
        discountAllocations { allocatedAmountSet { shopMoney { amount } } }
        product { variants(first: 250) { nodes { inventoryItem { unitCost { amount } } } } } } } } } }"""
    assert ask(twins, query).json()["errors"][0]["extensions"]["code"] == "MAX_COST_EXCEEDED"


@pytest.mark.parametrize("fault", ["html", "server_error", "cut_off"])
def test_other_faults_pass_after_one_request(twins: Twins, fault: Any) -> None:
    twins.control.fail("shopify", fault)
    try:
        answer = ask(twins, ORDERS, first=1)
        assert answer.status_code == 502 or "errors" in answer.json()
    except httpx2.TransportError:
        assert fault == "cut_off"
    assert "data" in ask(twins, ORDERS, first=1).json()
    assert twins.control.met["shopify", fault] == 1


def test_directives_aliases_and_inline_fragments_are_read() -> None:
    text = "query Q($deep: Boolean!) { s: shop @include(if: $deep) { name } ... on QueryRoot { shop { id } } }"
    document = Document.parse(text)
    assert [s.alias for s in document.operation.selections] == ["s", ""]
    with pytest.raises(GraphQLError, match="required"):
        document.bind({})
    with pytest.raises(GraphQLError, match="syntax error"):
        Document.parse("{ shop { name }")


# Against Shopify's own schema.


@pytest.fixture(scope="session")
def official(shared_material: Any) -> dict[str, Any]:
    with gzip.open(shared_material / "specs/shopify/admin_2026-10.introspection.json.gz") as file:
        spec = json.load(file)
    return {kind["name"]: kind for kind in spec.get("data", spec)["__schema"]["types"]}


@pytest.fixture(scope="session")
def twin_schema(small_world: World) -> Schema:
    return build(ShopIndex(small_world), lambda: list(SCOPES))


def named(reference: dict[str, Any]) -> dict[str, Any]:
    while reference.get("ofType"):
        reference = reference["ofType"]
    return reference


@pytest.mark.referee
def test_every_type_field_and_argument_is_shopifys_own(official: dict[str, Any], twin_schema: Schema) -> None:
    for kind, fields in twin_schema.items():
        known = {field["name"]: field for field in official[kind]["fields"]}
        for name, field in fields.items():
            assert name in known, f"{kind}.{name}"
            assert field.takes <= {a["name"] for a in known[name]["args"]}, f"{kind}.{name}"
            of = named(known[name]["type"])
            expected = "" if of["kind"] in ("SCALAR", "ENUM") else of["name"]
            assert field.of == expected, f"{kind}.{name}"


@pytest.mark.referee
def test_every_answer_fits_shopifys_types(official: dict[str, Any], twin_schema: Schema, small_world: World) -> None:
    twin = ShopifyTwin(Control(small_world))
    for root in ("orders", "customers", "products"):
        inner = _everything(twin_schema, f"{root[:-1].title()}", 5)
        text = f"{{ {root}(first: 40, sortKey: UPDATED_AT, reverse: true) {{ nodes {{ {inner} }} }} }}"
        document = Document.parse(text)
        twin._run(Document.parse("{ shop { id } }"), {}, None, 0)
        answer = json.loads(
            orjson.dumps(Compiler(twin._schema, {}).write("QueryRoot", document.operation.selections)({}))
        )
        for node in answer[root]["nodes"]:
            _check(official, root[:-1].title(), node)


def _everything(schema: Schema, kind: str, depth: int) -> str:
    """A selection of every field of a type, some levels deep."""
    parts = ["__typename"]
    for name, field in schema[kind].items():
        arguments = "(first: 5)" if {"first", "after"} <= field.takes else ""
        if not field.of:
            parts.append(name)
        elif depth > 0:
            parts.append(f"{name}{arguments} {{ {_everything(schema, field.of, depth - 1)} }}")
    return " ".join(parts)


def _check(official: dict[str, Any], kind: str, value: dict[str, Any]) -> None:
    known = {field["name"]: field["type"] for field in official[value.get("__typename", kind)]["fields"]}
    for name, inner in value.items():
        if name != "__typename":
            _check_type(official, known[name], inner, f"{kind}.{name}")


def _check_type(official: dict[str, Any], reference: dict[str, Any], value: Any, where: str) -> None:
    if reference["kind"] == "NON_NULL":
        assert value is not None, f"{where} is null"
        reference = reference["ofType"]
    if value is None:
        return
    if reference["kind"] == "LIST":
        assert isinstance(value, list), where
        for item in value:
            _check_type(official, reference["ofType"], item, where)
    elif reference["kind"] == "ENUM":
        assert value in {v["name"] for v in official[reference["name"]]["enumValues"]}, f"{where}: {value}"
    elif reference["kind"] == "SCALAR":
        _check_scalar(reference["name"], value, where)
    else:
        _check(official, reference["name"], value)


def _check_scalar(scalar: str, value: Any, where: str) -> None:
    if scalar == "DateTime":
        assert datetime.fromisoformat(value).tzinfo, where
    elif scalar in ("Decimal", "Money"):
        assert isinstance(value, str), where
        Decimal(value)
    elif scalar == "ID":
        assert value.startswith("gid://shopify/"), where
    elif scalar in ("Boolean", "Int"):
        assert type(value) is {"Boolean": bool, "Int": int}[scalar], where
    elif scalar in ("String", "URL", "UnsignedInt64", "HTML"):
        assert isinstance(value, str), where
