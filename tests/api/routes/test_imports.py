"""Imports over REST: good rows are kept, bad ones told, nothing counts twice."""

import gzip
import io
import zlib

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.api.conftest import Desk

CSV = """transaction_id,customer_id,occurred_at,amount,currency,kind,status,source_system
T1,C1,2026-11-02T10:00:00Z,49.90,USD,order,completed,till
T2,C2,2026-11-03T10:00:00Z,20.10,USD,order,completed,till
"""

REVENUE = {"metrics": ["revenue", "orders"], "period": {"start": "2026-11-01", "end": "2026-11-20"}}


def send(
    desk: Desk, body: str | bytes, dataset: str = "transactions", kind: str = "text/csv", **headers: str
) -> object:
    headers = {"Content-Type": kind, **{k.replace("_", "-"): v for k, v in headers.items()}}
    return desk.call("POST", f"/v1/imports/{dataset}", role="analyst", content=body, headers=headers)


def revenue(desk: Desk) -> dict[str, object]:
    answer = desk.call("POST", "/v1/query", role="viewer", json=REVENUE)
    assert answer.status_code == 200, answer.text
    totals: dict[str, object] = answer.json()["totals"]
    return totals


def test_a_csv_written_by_hand_is_in_the_next_query(desk: Desk) -> None:
    answer = send(desk, CSV)
    assert answer.status_code == 200, answer.text
    assert {k: answer.json()[k] for k in ("dataset", "accepted", "rejected", "errors")} == {
        "dataset": "transactions",
        "accepted": 2,
        "rejected": 0,
        "errors": [],
    }
    assert answer.json()["import_id"].startswith("imp_")
    assert revenue(desk) == {"revenue": "70.00", "orders": 2}


def test_a_bad_row_is_told_with_row_column_and_reason_and_the_good_ones_are_kept(desk: Desk) -> None:
    bad = CSV + "T3,C3,2026-11-04T10:00:00Z,ten,USD,order,completed,till\n"
    answer = send(desk, bad).json()
    assert (answer["accepted"], answer["rejected"]) == (2, 1)
    [error] = answer["errors"]
    assert (error["row"], error["column"]) == (3, "amount")
    assert "ten" in error["message"]
    assert revenue(desk)["orders"] == 2


def test_the_same_import_twice_changes_nothing(desk: Desk) -> None:
    first = send(desk, CSV).json()
    again = send(desk, CSV).json()
    assert (again["accepted"], again["rejected"]) == (first["accepted"], first["rejected"])
    assert revenue(desk) == {"revenue": "70.00", "orders": 2}


def test_absent_columns_keep_what_is_stored(desk: Desk) -> None:
    send(desk, CSV)
    send(desk, "transaction_id,amount\nT1,59.90\n")
    assert revenue(desk) == {"revenue": "80.00", "orders": 2}


def test_an_idempotency_key_gives_the_first_answer_again(desk: Desk) -> None:
    first = send(desk, CSV, idempotency_key="k1").json()
    assert send(desk, CSV, idempotency_key="k1").json() == first
    other = send(desk, CSV.replace("49.90", "1.00"), idempotency_key="k1")
    assert other.status_code == 409
    assert send(desk, CSV, idempotency_key="k2").json()["import_id"] != first["import_id"]


def test_jsonl_and_parquet_carry_the_same_rows(desk: Desk) -> None:
    lines = (
        '{"transaction_id": "J1", "occurred_at": "2026-11-02T10:00:00Z", "amount": "10.00", "currency": "USD",'
        ' "kind": "order", "status": "completed"}\n'
    )
    assert send(desk, lines, kind="application/x-ndjson").json()["accepted"] == 1
    table = pa.table(
        {
            "transaction_id": ["P1"],
            "occurred_at": ["2026-11-02T10:00:00Z"],
            "amount": ["5.00"],
            "currency": ["USD"],
            "kind": ["order"],
            "status": ["completed"],
        }
    )
    body = io.BytesIO()
    pq.write_table(table, body)
    assert send(desk, body.getvalue(), kind="application/vnd.apache.parquet").json()["accepted"] == 1
    assert revenue(desk) == {"revenue": "15.00", "orders": 2}


@pytest.mark.parametrize("body", [b"PAR1 not parquet", b"\x00\xff\xfe"])
def test_a_broken_file_is_a_sentence(desk: Desk, body: bytes) -> None:
    answer = send(desk, body, kind="application/vnd.apache.parquet")
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_an_unknown_dataset_and_content_type_name_what_is_known(desk: Desk) -> None:
    unknown = send(desk, CSV, dataset="transaction")
    assert unknown.status_code == 404
    assert unknown.json()["did_you_mean"] == "transactions"
    odd = send(desk, CSV, kind="application/pdf")
    assert odd.status_code == 415
    assert "text/csv" in odd.json()["allowed"]


def test_a_viewer_imports_nothing(desk: Desk) -> None:
    answer = desk.call("POST", "/v1/imports/transactions", role="viewer", content=CSV)
    assert answer.status_code == 403


def test_a_column_that_was_left_out_and_a_key_that_is_missing_are_told(desk: Desk) -> None:
    rows = "report_date,platform,account_id,campaign,spend\n2026-11-01,meta_ads,a,abc,12.5\n"
    answer = send(desk, rows, "ad_performance").json()
    assert answer["accepted"] == 1
    [left_out] = [w for w in answer["warnings"] if "'campaign' is not a column" in w]
    assert "Did you mean 'campaign" in left_out
    assert any("part of the key" in w and "campaign_id" in w for w in answer["warnings"])


CSV_OF_ONE = b"audience_id,audience_name\na1,Ana\n"


@pytest.mark.parametrize(
    ("body", "coding"),
    [
        (gzip.compress(CSV_OF_ONE), "gzip"),
        (gzip.compress(CSV_OF_ONE[:20]) + gzip.compress(CSV_OF_ONE[20:]), "GZIP"),
        (zlib.compress(CSV_OF_ONE), "deflate"),
        (CSV_OF_ONE, "identity"),
    ],
    ids=["one member", "two members", "deflated", "as it is"],
)
def test_a_compressed_body_is_unpacked(desk: Desk, body: bytes, coding: str) -> None:
    answer = desk.call(
        "POST", "/v1/imports/audiences", content=body, headers={"Content-Type": "text/csv", "Content-Encoding": coding}
    )
    assert answer.json()["accepted"] == 1, answer.text


@pytest.mark.parametrize(
    ("body", "coding", "status", "said"),
    [
        (gzip.compress(CSV_OF_ONE)[:-6], "gzip", 400, "cut off"),
        (CSV_OF_ONE, "gzip", 400, "not of the Content-Encoding"),
        (b"x", "br", 415, "gzip"),
        (gzip.compress(b"a" * 5_000_000), "gzip", 413, "4 MB"),
    ],
    ids=["cut off", "not compressed", "unknown coding", "too large"],
)
def test_a_compressed_body_that_cannot_be_used_is_a_sentence(
    desk: Desk, body: bytes, coding: str, status: int, said: str
) -> None:
    for path in ("/v1/query", "/v1/imports/audiences") if status != 413 else ("/v1/query",):
        answer = desk.call("POST", path, content=body, headers={"Content-Type": "text/csv", "Content-Encoding": coding})
        assert (answer.status_code, said in answer.json()["detail"]) == (status, True), answer.text
