"""Closed-form attribution against worked examples, published figures and its own law: it conserves to the cent."""

import csv
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from roastery.warehouse.attribution import CLOSED_FORM, credits_select
from roastery.warehouse.crediting import credit_sales
from roastery.warehouse.declared import read_yaml
from roastery.warehouse.engine import Warehouse
from roastery.warehouse.errors import BadQuery, UnknownName
from tests.examples import examples
from tests.warehouse.conftest import put, rows

SALE_AT = datetime(2026, 10, 31, 12, tzinfo=UTC)
CASES = read_yaml((Path(__file__).parents[1] / "cases" / "attribution.yml").read_text())
UNITS = {"d": "days", "h": "hours", "m": "minutes"}


def before_sale(text: str) -> str:
    return (SALE_AT - timedelta(**{UNITS[text[-1]]: int(text[:-1])})).isoformat()


def rows_of(n: int, case: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The case's rows, its ids and its customer told apart from other cases' by its number."""

    def own(text: str | None) -> str | None:
        return text and f"{n}.{text}"

    sale = {"amount": "100.00", "currency": "USD", "customer_id": "ana", **case.get("sale", {})}
    sale |= {"transaction_id": str(n), "occurred_at": SALE_AT.isoformat()}
    sale |= {"customer_id": own(sale["customer_id"]), "opportunity_id": own(sale.get("opportunity_id"))}
    touches = [
        {
            "touchpoint_id": own(t["id"]),
            "customer_id": own("ana"),
            "occurred_at": before_sale(t["at"]),
            "channel": t["channel"],
            "kind": t.get("kind", "visit"),
            "campaign_id": own(t.get("campaign_id")),
        }
        for t in case["touches"]
    ]
    campaigns = [{**c, "campaign_id": own(c["campaign_id"])} for c in case.get("campaigns", [])]
    leads = [{"lead_id": own(x["lead_id"]), "created_at": before_sale(x["at"])} for x in case.get("leads", [])]
    deals = [
        {
            "opportunity_id": own(x["opportunity_id"]),
            "lead_id": own(x.get("lead_id")),
            "created_at": before_sale(x["at"]),
        }
        for x in case.get("opportunities", [])
    ]
    return {
        "transactions": [sale],
        "touchpoints": touches,
        "campaigns": campaigns,
        "leads": leads,
        "opportunities": deals,
    }


@pytest.fixture(scope="module")
def cases(shared: Warehouse) -> Warehouse:
    """One warehouse with every worked example in it."""
    merged: dict[str, list[dict[str, Any]]] = {}
    for n, case in enumerate(CASES):
        for dataset, own in rows_of(n, case).items():
            merged.setdefault(dataset, []).extend(own)
    put(shared, **merged)
    return shared


def credited(warehouse: Warehouse, n: int, model: str, column: str) -> dict[str | None, Decimal]:
    sql = credits_select(model, CASES[n].get("window_days"), CASES[n].get("view_window_days"))
    return dict(
        rows(warehouse, f"SELECT split_part(touchpoint_id, '.', 2), {column} FROM ({sql}) WHERE sale_id = '{n}'")
    )


@pytest.mark.parametrize("n", range(len(CASES)), ids=[case["case"].replace(" ", "_") for case in CASES])
def test_worked_example(cases: Warehouse, n: int) -> None:
    case = CASES[n]
    for column, expected_by_model in (("credited_net", case["credits"]), ("credited_gross", case.get("gross", {}))):
        for model, expected in expected_by_model.items():
            found = credited(cases, n, model, column)
            assert found.pop(None, None) is None or "unattributed" in case
            assert found == {touch: Decimal(amount) for touch, amount in expected.items()}, model
    if "unattributed" in case:
        sql = credits_select("last_touch", case.get("window_days"), case.get("view_window_days"))
        columns = "reason, channel, platform, campaign_id, weight"
        found = rows(cases, f"SELECT {columns} FROM ({sql}) WHERE sale_id = '{n}'")
        nothing = "unattributed"
        assert found == [(case["unattributed"], nothing, nothing, nothing, Decimal(1))]


def test_the_built_table_is_the_generator_with_default_windows(cases: Warehouse) -> None:
    built = rows(cases, "SELECT * FROM attribution_credits ORDER BY model, sale_id, touchpoint_id")
    sql = f"SELECT * FROM ({credits_select(CLOSED_FORM)}) ORDER BY model, sale_id, touchpoint_id"
    generated = rows(cases, sql)
    assert built == generated
    assert {row[0] for row in built} == set(CLOSED_FORM)


def test_orders_and_new_customers_are_credited_in_fractions_that_sum_to_one(cases: Warehouse) -> None:
    columns = "sum(order_weight), sum(new_customer_weight), count(*)"
    sums = rows(cases, f"SELECT {columns} FROM attribution_credits WHERE model = 'linear' AND sale_id = '0'")
    assert sums == [(Decimal(1), Decimal(1), 3)]


def test_stretches_of_days_credit_as_all_days_at_once_and_lie_in_their_order(warehouse: Warehouse) -> None:
    days = [f"2026-10-{day:02d}T12:00:00Z" for day in (9, 3, 7, 5)]
    sales = [
        {"transaction_id": f"s{n}", "customer_id": "ana" if n % 2 else None, "occurred_at": day, "amount": "9.99"}
        for n, day in enumerate(days * 2)
    ]
    touches = [
        {
            "touchpoint_id": f"t{n}",
            "customer_id": "ana",
            "occurred_at": f"2026-10-{n:02d}T09:00:00Z",
            "channel": "email",
        }
        for n in range(1, 9)
    ]
    put(warehouse, transactions=sales, touchpoints=touches)
    with warehouse._writing() as instance, instance.transaction() as cursor:
        credit_sales(cursor, into="work.stretched", stretch_rows=1)
        differing = cursor.execute(
            """(FROM work.stretched EXCEPT ALL FROM curated.attribution_credits)
            UNION ALL (FROM curated.attribution_credits EXCEPT ALL FROM work.stretched)"""
        ).fetchall()
        written = cursor.execute("SELECT sale_date FROM work.stretched ORDER BY rowid").fetchall()
        cursor.execute("DROP TABLE work.stretched")
    assert differing == []
    assert len(written) > len(sales) * len(CLOSED_FORM)
    assert written == sorted(written)


def test_fitted_models_and_unknown_ones_are_refused_with_what_is_allowed() -> None:
    with pytest.raises(BadQuery, match="run_attribution"):
        credits_select("markov")
    with pytest.raises(UnknownName, match="Did you mean 'linear'"):
        credits_select("liner")
    with pytest.raises(BadQuery, match="between 0 and 90"):
        credits_select("linear", 365)


SALES = st.lists(
    st.tuples(
        st.integers(0, 3),  # customer, 0 for nobody
        st.decimals("-50", "500", places=3),
        st.integers(0, 40 * 24),  # hours before the newest possible sale
        st.booleans(),  # a renewal
        st.sampled_from(["USD", "JPY", "KWD"]),
    ),
    min_size=1,
    max_size=12,
)
TOUCHES = st.lists(
    st.tuples(
        st.integers(1, 3),
        st.integers(0, 80 * 24),
        st.sampled_from(["direct", "email", "paid_social", "paid_search"]),
        st.sampled_from(["click", "view", "visit"]),
    ),
    max_size=25,
)


@settings(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sales=SALES, touches=TOUCHES, window=st.none() | st.integers(0, 90), views=st.none() | st.integers(0, 90))
def test_every_model_gives_back_each_sale_to_its_last_digit(
    shared: Warehouse, sales: list[Any], touches: list[Any], window: int | None, views: int | None
) -> None:
    """And each touch what a plain loop over the definitions gives it."""
    sales_table, paths_table = _as_tables(sales, touches)
    sql = credits_select(CLOSED_FORM, window, views, sales="sales_given", paths="paths_given")
    with shared.reading() as cursor:
        cursor.register("sales_given", sales_table)
        cursor.register("paths_given", paths_table)
        credits = cursor.sql(sql).to_arrow_table().to_pylist()
    for sale in sales_table.to_pylist():
        path = [t for t in paths_table.to_pylist() if t["sale_id"] == sale["sale_id"]]
        for model in CLOSED_FORM:
            mine = [c for c in credits if (c["model"], c["sale_id"]) == (model, sale["sale_id"])]
            assert sum(c["credited_net"] for c in mine) == sale["net_amount"]
            assert sum(c["credited_gross"] for c in mine) == sale["amount"]
            assert sum(c["weight"] for c in mine) == 1
            found = {c["touchpoint_id"]: c["credited_net"] for c in mine}
            assert found == by_definition(model, sale, path, 30 if window is None else window, views or 0), model


def by_definition(
    model: str, sale: dict[str, Any], path: list[dict[str, Any]], window: int, views: int
) -> dict[str | None, Decimal]:
    """Credits of one sale, from the definitions, one touch after the other."""
    path = [t for t in path if t["hours_before"] <= 24 * (views if t["kind"] == "view" else window)]
    path.sort(key=lambda t: (t["occurred_at"], t["touchpoint_id"]))
    if not path:
        return {None: sale["net_amount"]}
    clicks = [t for t in path if t["kind"] != "view"]
    if model == "last_non_direct":
        for group in ([t for t in clicks if not t["is_direct"]], [t for t in path if t["kind"] == "view"], clicks):
            if group:
                return {group[-1]["touchpoint_id"]: sale["net_amount"]}
    path = clicks or path
    points = POINTS_BY_HAND[model](path)
    return split(
        sale["net_amount"], {t["touchpoint_id"]: p for t, p in zip(path, points, strict=True)}, sale["currency"]
    )


def split(amount: Decimal, points: dict[str, int], currency: str) -> dict[str | None, Decimal]:
    """By largest remainder in minor units; what is smaller than one goes to the largest share."""
    points = {touch: p for touch, p in points.items() if p}
    unit = {"JPY": Decimal(1), "KWD": Decimal("0.001")}.get(currency, Decimal("0.01"))
    whole, total = int(abs(amount) / unit), sum(points.values())
    units = {touch: whole * p // total for touch, p in points.items()}
    by_rest = sorted(points, key=lambda touch: -(whole * points[touch] % total))
    for touch in by_rest[: whole - sum(units.values())]:
        units[touch] += 1
    sign = -1 if amount < 0 else 1
    credits: dict[str | None, Decimal] = {touch: sign * n * unit for touch, n in units.items()}
    credits[max(points, key=lambda touch: points[touch])] += sign * (abs(amount) - whole * unit)
    return credits


def _position_based(path: list[dict[str, Any]]) -> list[int]:
    if len(path) <= 2:
        return [1] * len(path)
    return [40 * (len(path) - 2), *[20] * (len(path) - 2), 40 * (len(path) - 2)]


def _w_shaped(path: list[dict[str, Any]]) -> list[int]:
    marks = [0]
    for milestone in ("lead_created_at", "opportunity_created_at"):
        before = [i for i, t in enumerate(path) if t["occurred_at"] <= t[milestone]]
        if not before:
            return _position_based(path)
        marks.append(before[-1])
    rest = len(path) - len(set(marks))
    return [30 * marks.count(i) * (rest or 1) or 10 for i in range(len(path))]


POINTS_BY_HAND: dict[str, Callable[[list[dict[str, Any]]], list[int]]] = {
    "first_touch": lambda path: [1, *[0] * (len(path) - 1)],
    "last_touch": lambda path: [*[0] * (len(path) - 1), 1],
    "linear": lambda path: [1] * len(path),
    "time_decay": lambda path: [round(2 ** (-t["hours_before"] / 168) * 1e12) for t in path],
    "position_based": _position_based,
    "w_shaped": _w_shaped,
}


def _as_tables(sales: list[Any], touches: list[Any]) -> tuple[pa.Table, pa.Table]:
    """What conversion_paths would hold, computed apart from the build."""
    money = pa.decimal128(18, 6)
    sale_rows = []
    path_rows = []
    for n, (customer, amount, hours, renewal, currency) in enumerate(sales):
        sale_at = SALE_AT - timedelta(hours=hours)
        sale = {
            "sale_id": f"s{n}",
            "customer_id": str(customer) if customer else None,
            "sale_date": sale_at.date(),
            "net_amount": amount - Decimal("1.25"),
            "amount": amount,
            "currency": currency,
            "is_first_sale": n == 0,
            "is_order": not renewal,
            "is_renewal": renewal,
        }
        sale_rows.append(sale)
        for i, (who, ago, channel, kind) in enumerate(touches):
            at = SALE_AT - timedelta(hours=ago)
            if who == customer and not renewal and at < sale_at and sale_at - at <= timedelta(days=90):
                path_rows.append(
                    {
                        **{k: v for k, v in sale.items() if k != "customer_id"},
                        "touchpoint_id": f"t{i}",
                        "occurred_at": at,
                        "hours_before": (sale_at - at) / timedelta(hours=1),
                        "campaign_window_days": 30,
                        "campaign_view_window_days": 0,
                        "lead_created_at": sale_at - timedelta(days=5),
                        "opportunity_created_at": sale_at - timedelta(days=2),
                        "channel": channel,
                        "platform": "",
                        "campaign_id": "",
                        "ad_id": None,
                        "asset_id": None,
                        "kind": kind,
                        "is_direct": channel == "direct",
                        "is_paid": False,
                        "touch_date": at.date(),
                    }
                )
    sale_schema = {"net_amount": money, "amount": money}
    time = pa.timestamp("us", "UTC")
    path_schema = {
        **sale_schema,
        "occurred_at": time,
        "lead_created_at": time,
        "opportunity_created_at": time,
        "ad_id": pa.string(),
        "asset_id": pa.string(),
    }
    return _table(sale_rows, sale_schema, sale_rows[0]), _table(path_rows, path_schema, _EMPTY_PATH)


_EMPTY_PATH = dict.fromkeys(
    [
        *("sale_id", "sale_date", "net_amount", "amount", "currency", "is_first_sale", "is_order", "is_renewal"),
        *("touchpoint_id", "occurred_at", "hours_before", "campaign_window_days", "campaign_view_window_days"),
        *("lead_created_at", "opportunity_created_at", "channel", "platform", "campaign_id", "ad_id", "asset_id"),
        *("kind", "is_direct", "is_paid", "touch_date"),
    ]
)
_TYPES = {
    "sale_date": pa.date32(),
    "touch_date": pa.date32(),
    "is_first_sale": pa.bool_(),
    "is_order": pa.bool_(),
    "is_renewal": pa.bool_(),
    "is_direct": pa.bool_(),
    "is_paid": pa.bool_(),
    "hours_before": pa.float64(),
    "campaign_window_days": pa.int32(),
    "campaign_view_window_days": pa.int32(),
}


def _table(found: list[dict[str, Any]], types: dict[str, pa.DataType], shape: dict[str, Any]) -> pa.Table:
    kinds = {**_TYPES, **types}
    return pa.table({k: pa.array([row[k] for row in found], kinds.get(k, pa.string())) for k in shape})


SHARED = Path(__file__).parents[3] / "shared" / "data" / "attribution"


@pytest.mark.referee
@pytest.mark.skipif(not SHARED.is_dir(), reason="the reference data is not beside this repository")
def test_path_data_reproduces_the_published_credits(shared: Warehouse) -> None:
    """ChannelAttribution's sample: 10,000 paths, each of whose conversions is a sale of 1 with that path."""
    with (SHARED / "pathdata_expected_results.csv").open() as file:
        expected = {row[""]: row for row in csv.DictReader(file)}
    sales, paths = [], []
    with (SHARED / "PathData.csv").open() as file:
        for n, row in enumerate(csv.DictReader(file, delimiter=";")):
            conversions = int(row["total_conversions"])
            if conversions:
                steps = [step.strip() for step in row["path"].split(">")]
                sales.append((f"s{n}", conversions))
                paths += [(f"s{n}", f"t{i:04}", len(steps) - i, step, conversions) for i, step in enumerate(steps)]
    with shared.reading() as cursor:
        cursor.register("s", pa.table({"sale_id": [a for a, _ in sales], "n": [b for _, b in sales]}))
        cursor.register(
            "p",
            pa.table({k: [row[i] for row in paths] for i, k in enumerate(["sale_id", "touch", "ago", "step", "n"])}),
        )
        cursor.execute(
            """CREATE TEMP VIEW ps AS SELECT *, DATE '2026-01-01' AS sale_date,
               (n * 10000)::DECIMAL(18,6) AS net_amount, net_amount AS amount, 'USD' AS currency,
               true AS is_first_sale, true AS is_order, false AS is_renewal,
               'x' AS customer_id FROM s"""
        )
        cursor.execute(
            """CREATE TEMP VIEW pp AS SELECT ps.* EXCLUDE (n), touch AS touchpoint_id,
               TIMESTAMPTZ '2026-01-01' - ago * INTERVAL 1 MINUTE AS occurred_at, ago / 60 AS hours_before,
               90 AS campaign_window_days, 0 AS campaign_view_window_days, NULL::TIMESTAMPTZ AS lead_created_at,
               NULL::TIMESTAMPTZ AS opportunity_created_at, step AS channel, '' AS platform, '' AS campaign_id,
               NULL AS ad_id, NULL AS asset_id, 'click' AS kind, false AS is_direct, false AS is_paid,
               sale_date AS touch_date FROM p JOIN ps USING (sale_id)"""
        )
        sql = credits_select(("first_touch", "last_touch", "linear", "position_based"), sales="ps", paths="pp")
        found = cursor.execute(f"SELECT model, channel, sum(credited_net) / 10000 FROM ({sql}) GROUP BY ALL").fetchall()
    assert len(found) == 4 * len(expected)
    columns = {"first_touch": "first", "last_touch": "last", "linear": "linear", "position_based": "u_40_20_40"}
    for model, channel, credit in found:
        assert float(credit) == pytest.approx(float(expected[channel][columns[model]]), abs=0.05), (model, channel)
