"""Queries, tools, SQL, questions and receipts over REST, on rows imported by hand."""

import json
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.conftest import Desk, Prepared, client_of, open_desk, open_roastery

PROBLEM = "application/problem+json"

SALES = """transaction_id,customer_id,occurred_at,amount,currency,kind,status,sales_channel
T1,C1,2026-10-02T15:00:00Z,49.90,USD,order,completed,online
T2,C2,2026-10-03T15:00:00Z,20.10,USD,order,completed,pos
T3,C1,2026-11-03T15:00:00Z,100.00,USD,order,completed,online
"""

OCTOBER = {"start": "2026-10-01", "end": "2026-11-01"}
QUERY = {"metrics": ["revenue"], "dimensions": ["sales_channel"], "period": OCTOBER}


@pytest.fixture(scope="module")
def shop(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Acme with three sales, shared by the tests of this file: a test that changes them takes `desk`."""
    home = tmp_path_factory.mktemp("shop") / "home"
    shutil.copytree(prepared.home, home)
    with open_roastery(home) as roastery:
        desk = Desk(client_of(roastery), roastery, prepared.organization, prepared.keys)
        assert sell(desk, SALES)["accepted"] == 3
        yield desk


def sell(desk: Desk, rows: str) -> dict[str, Any]:
    sent = desk.call("POST", "/v1/imports/transactions", content=rows, headers={"Content-Type": "text/csv"})
    answer: dict[str, Any] = sent.json()
    return answer


def query(desk: Desk, **changes: Any) -> Any:
    return desk.call("POST", "/v1/query", role="viewer", json={**QUERY, **changes})


def test_a_query_gives_exact_rows_totals_and_a_receipt(shop: Desk) -> None:
    frame = query(shop).json()
    assert {row["sales_channel"]: row["revenue"] for row in frame["rows"]} == {"online": "49.90", "pos": "20.10"}
    assert frame["totals"] == {"revenue": "70.00"}
    receipt = shop.call("GET", f"/v1/receipts/{frame['receipt']['id']}", role="viewer").json()
    assert receipt["period"] == OCTOBER
    assert receipt["metric_definitions"]["revenue"]
    assert receipt["data_as_of"]


@pytest.mark.parametrize(
    ("changes", "status", "said"),
    [
        ({"metrics": ["revenu"]}, 400, "Did you mean 'revenue'?"),
        ({"dimensions": ["keyword"]}, 400, "can be split by"),
        ({"dimensions": ["sales_chanel"]}, 400, "Did you mean 'sales_channel'?"),
        ({"period": {"start": "2026-11-01", "end": "2026-10-01"}}, 400, "before it starts"),
        ({"period": {"start": "2026-10-01", "end": "2026-10-01"}}, 400, "period"),
        ({"period": {"name": "last_mont"}}, 400, "last_month"),
        ({"metric": "x"}, 400, "metric"),
        ({"limit": 0}, 400, "limit"),
        ({"metrics": []}, 400, "metrics"),
    ],
)
def test_a_query_that_cannot_be_answered_says_what_to_do(
    shop: Desk, changes: dict[str, Any], status: int, said: str
) -> None:
    answer = query(shop, **changes)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == PROBLEM
    assert said in answer.json()["detail"]


def test_one_organization_never_sees_anothers_numbers(shop: Desk) -> None:
    other = open_desk(shop.roastery, "Other")
    frame = query(shop).json()
    assert other.call("GET", f"/v1/receipts/{frame['receipt']['id']}").status_code == 404
    assert other.call("POST", f"/v1/receipts/{frame['receipt']['id']}/rerun").status_code == 404
    sql = other.call("POST", "/v1/sql", role="analyst", json={"sql": "SELECT count(*) AS n FROM transactions"})
    assert sql.json()["rows"] == [{"n": 0}]


def test_a_receipt_reruns_to_the_same_and_after_a_change_to_restated(desk: Desk) -> None:
    sell(desk, SALES)
    receipt_id = query(desk).json()["receipt"]["id"]
    path = f"/v1/receipts/{receipt_id}/rerun"
    assert desk.call("POST", path).json()["status"] == "same"
    sell(desk, "transaction_id,amount\nT1,59.90\n")
    rerun = desk.call("POST", path).json()
    assert rerun["status"] == "restated"
    assert rerun["causes"]
    assert rerun["then"]["totals"] == {"revenue": "70.00"}
    assert rerun["now"]["totals"] == {"revenue": "80.00"}


def test_a_query_may_be_longer_than_what_a_tool_shows_and_still_reruns(desk: Desk) -> None:
    count = 1_500
    rows = "".join(f"P{n},2026-10-05T15:00:00Z,1.00,USD,order,completed,PR{n}\n" for n in range(count))
    sell(desk, "transaction_id,occurred_at,amount,currency,kind,status,promotion_id\n" + rows)
    frame = query(desk, dimensions=["promotion"]).json()
    assert (len(frame["rows"]), frame["truncated"]) == (count, False)
    rerun = desk.call("POST", f"/v1/receipts/{frame['receipt']['id']}/rerun").json()
    assert rerun["status"] == "same"


def test_a_scoped_key_sees_its_rows_only_and_no_free_sql(shop: Desk) -> None:
    body = {"role": "analyst", "row_scope": {"sales_channel": ["pos"]}}
    key = shop.call("POST", "/v1/keys", json=body).json()["key"]
    headers = {"Authorization": f"Bearer {key}"}
    frame = shop.client.post("/v1/query", headers=headers, json=QUERY).json()
    assert frame["totals"] == {"revenue": "20.10"}
    assert shop.client.post("/v1/sql", headers=headers, json={"sql": "SELECT 1"}).status_code == 403
    wide = query(shop).json()["receipt"]["id"]
    assert shop.client.get(f"/v1/receipts/{wide}", headers=headers).status_code == 404
    spend = shop.client.post("/v1/query", headers=headers, json={"metrics": ["spend"], "period": OCTOBER})
    assert spend.status_code in (400, 403)
    assert spend.headers["content-type"] == PROBLEM


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE transactions",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM transactions; SELECT 1",
        "SELECT * FROM system.cursors",
        "SELEC 1",
        "",
    ],
)
def test_sql_beyond_one_select_over_curated_names_is_refused(shop: Desk, statement: str) -> None:
    answer = shop.call("POST", "/v1/sql", role="analyst", json={"sql": statement})
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == PROBLEM


def test_a_viewer_runs_no_sql(shop: Desk) -> None:
    assert shop.call("POST", "/v1/sql", role="viewer", json={"sql": "SELECT 1"}).status_code == 403


def test_tools_are_described_and_run(shop: Desk) -> None:
    listed = {tool["name"]: tool for tool in shop.call("GET", "/v1/tools", role="viewer").json()["items"]}
    assert {"query_metrics", "compare_periods", "describe_metrics"} <= set(listed)
    assert listed["query_metrics"]["parameters"]["type"] == "object"
    result = shop.call("POST", "/v1/tools/query_metrics", role="viewer", json=QUERY).json()
    assert {fact["value"] for fact in result["facts"]} >= {"49.90", "20.10", "70.00"}
    assert shop.call("POST", "/v1/tools/query_metric", json={}).json()["did_you_mean"] == "query_metrics"


def test_the_catalogue_says_what_can_be_asked_and_imported(shop: Desk) -> None:
    metrics = {m["name"]: m for m in shop.call("GET", "/v1/metrics", role="viewer").json()["items"]}
    assert set(metrics["roas"]) >= {"definition", "unit", "synonyms", "dimensions", "additivity"}
    assert "platform" in metrics["roas"]["dimensions"]
    dimensions = {d["name"]: d for d in shop.call("GET", "/v1/dimensions").json()["items"]}
    assert "roas" in dimensions["platform"]["metrics"]
    datasets = {d["name"]: d for d in shop.call("GET", "/v1/datasets").json()["items"]}
    assert datasets["transactions"]["key"] == ["transaction_id"]


def test_a_question_is_answered_from_the_imported_rows(shop: Desk) -> None:
    answer = shop.call("POST", "/v1/ask", role="viewer", json={"question": "What was revenue last month?"}).json()
    assert answer["status"] == "answered"
    assert "$70.00" in answer["text"]
    assert {fact["value"] for fact in answer["facts"]} >= {"70.00"}
    for receipt in answer["receipts"]:
        assert shop.call("POST", f"/v1/receipts/{receipt['id']}/rerun", role="viewer").json()["status"] == "same"


def test_a_conversation_goes_on_where_it_was(shop: Desk) -> None:
    first = shop.call("POST", "/v1/ask", json={"question": "What was revenue last month?"}).json()
    body = {"question": "And by sales channel?", "conversation_id": first["conversation_id"]}
    second = shop.call("POST", "/v1/ask", json=body).json()
    assert second["conversation_id"] == first["conversation_id"]
    assert {fact["value"] for fact in second["facts"]} >= {"49.90", "20.10"}


def test_nobody_continues_a_conversation_of_another_organization(shop: Desk) -> None:
    first = shop.call("POST", "/v1/ask", json={"question": "What was revenue last month?"}).json()
    body = {"question": "And the month before?", "conversation_id": first["conversation_id"]}
    assert open_desk(shop.roastery, "Other").call("POST", "/v1/ask", json=body).status_code == 404


def test_an_organization_without_data_is_told_what_to_connect(desk: Desk) -> None:
    answer = desk.call("POST", "/v1/ask", json={"question": "What was ROAS last month?"})
    assert answer.status_code == 200
    assert answer.json()["status"] == "refused"
    assert "Connect" in answer.json()["text"]


def test_a_streamed_answer_ends_with_the_whole_answer(shop: Desk) -> None:
    headers = {"Accept": "text/event-stream"}
    answer = shop.call("POST", "/v1/ask", json={"question": "What was revenue last month?"}, headers=headers)
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = [dict(line.split(": ", 1) for line in part.split("\n")) for part in answer.text.strip().split("\n\n")]
    names = [event["event"] for event in events]
    assert names[0] == "step"
    assert names[-1] == "answer"
    assert names.count("answer") == 1
    whole = json.loads(events[-1]["data"])
    told = " ".join(json.loads(event["data"]) for event in events if event["event"] == "token")
    assert "$70.00" in told
    assert "$70.00" in whole["text"]


@pytest.mark.parametrize("body", [{}, {"question": ""}, {"question": "x" * 5000}, {"question": "x", "org": "y"}])
def test_a_question_of_the_wrong_form_is_a_problem(desk: Desk, body: dict[str, str]) -> None:
    answer = desk.call("POST", "/v1/ask", json=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == PROBLEM


def test_a_viewer_is_refused_margins_in_numbers_words_and_receipts(shop: Desk) -> None:
    asked = {"metrics": ["gross_margin"], "period": OCTOBER}
    sell(shop, SALES)
    lines = "transaction_id,line_no,product_id,quantity,unit_price,unit_cost\nT1,1,X,1,49.90,12.34\n"
    shop.call("POST", "/v1/imports/transaction_lines", content=lines, headers={"Content-Type": "text/csv"})
    seen = shop.call("POST", "/v1/query", role="analyst", json=asked).json()
    assert seen["totals"] == {"gross_margin": "37.56"}
    receipt = seen["receipt"]["id"]
    for method, path, body in (
        ("POST", "/v1/query", asked),
        ("POST", "/v1/tools/query_metrics", asked),
        ("POST", "/v1/ask", {"question": "What was the gross margin in October 2026?"}),
        ("GET", f"/v1/receipts/{receipt}", None),
        ("POST", f"/v1/receipts/{receipt}/rerun", None),
    ):
        answer = shop.call(method, path, role="viewer", json=body)
        assert "37.56" not in answer.text, path
        assert answer.status_code == 403 or answer.json()["status"] == "refused", (path, answer.text)
    roles = {item["name"]: item["roles"] for item in shop.call("GET", "/v1/metrics", role="viewer").json()["items"]}
    assert roles["gross_margin"] == ["owner", "admin", "analyst"]
