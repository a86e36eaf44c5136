"""One person exported, found and forgotten over REST; by admins and owners only, in their own organization only."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from roastery.api.privacy import finish_erasures, keep_retention
from roastery.api.store.erasures import ERASED_CAVEAT
from roastery.api.store.tables import AnswerRow, ErasureRow, ReceiptRow, VerifiedAnswerRow
from tests.api.conftest import Desk, Prepared, client_of, open_desk, open_roastery

ANA = {"email": "ana.diaz@example.com"}
PEOPLE = [
    {"customer_id": "till-7788", "email": "ana.diaz@example.com", "first_name": "Ana", "last_name": "Diaz"},
    {"customer_id": "till-7789", "email": "bo@example.com", "first_name": "Bo", "last_name": "Berg"},
]
SALES = [
    {"transaction_id": "t1", "customer_id": "till-7788", "occurred_at": "2026-11-10T10:00:00Z", "amount": "40.00"},
    {"transaction_id": "t2", "customer_id": "till-7789", "occurred_at": "2026-11-11T10:00:00Z", "amount": "50.00"},
]
QUERY = {"metrics": ["revenue", "orders", "new_customers"], "period": {"start": "2026-11-01", "end": "2026-11-20"}}


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory, prepared: Prepared) -> Path:
    """A home whose organization knows two persons; closed, so that it can be copied."""
    home = tmp_path_factory.mktemp("known") / "home"
    shutil.copytree(prepared.home, home)
    with open_roastery(home) as roastery:
        warehouse = roastery.warehouse(prepared.organization)
        warehouse.upsert_rows("customers", PEOPLE, build=False)
        warehouse.upsert_rows("transactions", SALES)
    return home


@pytest.fixture
def known(tmp_path: Path, filled: Path, prepared: Prepared) -> Iterator[Desk]:
    """That organization, to be changed."""
    shutil.copytree(filled, tmp_path / "known")
    with open_roastery(tmp_path / "known") as roastery:
        yield Desk(client_of(roastery), roastery, prepared.organization, prepared.keys)


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory, filled: Path, prepared: Prepared) -> Iterator[Desk]:
    """That organization, only looked at."""
    home = tmp_path_factory.mktemp("seen") / "home"
    shutil.copytree(filled, home)
    with open_roastery(home) as roastery:
        yield Desk(client_of(roastery), roastery, prepared.organization, prepared.keys)


def scan(desk: Desk, **who: str) -> Any:
    return desk.call("POST", "/v1/privacy/scans", json=who or ANA).json()


def test_everything_of_one_person_is_given_out(seen: Desk) -> None:
    found = seen.call("POST", "/v1/privacy/exports", json=ANA).json()
    assert found["customer_ids"] == ["till-7788"]
    assert found["data"]["customers"][0]["first_name"] == "Ana"
    assert [row["amount"] for row in found["data"]["transactions"]] == ["40.000000"]
    assert "Berg" not in str(found)
    (line,) = seen.call("GET", "/v1/audit").json()["items"][:1]
    assert line["action"] == "privacy.export"
    assert "ana" not in str(line["detail"]).lower()


@pytest.mark.parametrize("path", ["exports", "erasures", "scans"])
@pytest.mark.parametrize("role", ["analyst", "viewer"])
def test_only_admins_and_owners_may(seen: Desk, path: str, role: str) -> None:
    assert seen.call("POST", f"/v1/privacy/{path}", role=role, json=ANA).status_code == 403


def test_another_organization_gets_nothing(seen: Desk) -> None:
    rival = open_desk(seen.roastery, "Rival")
    assert rival.call("POST", "/v1/privacy/exports", json=ANA).status_code == 404
    assert rival.call("POST", "/v1/privacy/erasures", json=ANA).status_code == 404
    assert rival.call("POST", "/v1/privacy/scans", json=ANA).json() == {
        "found": False,
        "warehouse": {},
        "service": {},
    }
    assert scan(seen)["found"]


def test_a_person_is_named_by_exactly_one_thing(seen: Desk) -> None:
    assert seen.call("POST", "/v1/privacy/erasures", json={}).status_code == 400
    both = {**ANA, "customer_id": "till-7788"}
    assert "exactly one" in seen.call("POST", "/v1/privacy/erasures", json=both).json()["detail"]
    assert seen.call("POST", "/v1/privacy/erasures", json={"email": "no@example.com"}).status_code == 404


def test_a_forgotten_person_is_found_nowhere_and_numbers_stay(known: Desk) -> None:
    before = known.call("POST", "/v1/query", json=QUERY).json()
    for question in ("What did ana.diaz@example.com (Ana Diaz, till-7788) buy?", "Revenue this month?"):
        known.call("POST", "/v1/ask", json={"question": question})
    bless(known)
    receipt = receipt_that_names(known, before["receipt"]["id"])
    found = scan(known)
    assert {"raw.records", "curated.customers", "curated.sales"} <= found["warehouse"].keys()
    assert {"answers", "receipts", "verified_answers"} <= found["service"].keys()
    made = known.call("POST", "/v1/privacy/erasures", json=ANA)
    assert made.status_code == 201
    assert made.json()["state"] == "done"
    assert scan(known) == {"found": False, "warehouse": {}, "service": {}}
    assert scan(known, customer_id="till-7788", text="Ana Diaz")["found"] is False
    after = known.call("POST", "/v1/query", json=QUERY).json()
    assert (after["rows"], after["totals"]) == (before["rows"], before["totals"])
    assert known.call("GET", "/v1/privacy/erasures").json()["items"][0]["id"] == made.json()["id"]
    assert scan(known, email="bo@example.com")["found"], "others stay"
    lines = known.call("GET", "/v1/audit").json()["items"]
    assert "privacy.erase" in [line["action"] for line in lines]
    assert "ana" not in str([line["detail"] for line in lines]).lower()
    rerun = known.call("POST", f"/v1/receipts/{receipt}/rerun").json()
    assert rerun["status"] == "erased"


def bless(desk: Desk) -> None:
    with desk.roastery.database.session() as session:
        session.add(
            VerifiedAnswerRow(
                id="ver_1",
                organization_id=desk.organization.id,
                question="what did Ana Diaz spend",
                calls=[],
                verified_by="kim",
                created_at=desk.roastery.wall.now(),
            )
        )


def receipt_that_names(desk: Desk, receipt_id: str) -> str:
    """A receipt whose arguments hold the person, as one of a query by a customer's id would."""
    with desk.roastery.database.session() as session:
        row = session.get_one(ReceiptRow, receipt_id)
        filters = [{"dimension": "segment", "op": "in", "values": ["Ana Diaz"]}]
        row.document = {**row.document, "arguments": {**row.document["arguments"], "filters": filters}}
    return receipt_id


def test_questions_and_receipts_say_that_somebody_was_erased(known: Desk) -> None:
    known.call("POST", "/v1/ask", json={"question": "What did Ana Diaz buy?"})
    receipt = receipt_that_names(known, known.call("POST", "/v1/query", json=QUERY).json()["receipt"]["id"])
    known.call("POST", "/v1/privacy/erasures", json=ANA)
    with known.roastery.database.reading() as session:
        assert [row.question for row in session.query(AnswerRow)] == ["What did erased buy?"]
        assert ERASED_CAVEAT in session.get_one(ReceiptRow, receipt).document["caveats"]


def test_an_erasure_that_a_process_left_is_finished_by_the_next(known: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as dying:
        dying.setattr("roastery.warehouse.erasing._redact_addresses", lambda *_: 1 / 0)
        assert known.call("POST", "/v1/privacy/erasures", json=ANA).status_code == 500
    home = known.roastery.settings.home
    known.roastery.close()
    with open_roastery(home) as again:
        assert finish_erasures(again, again.wall.now()) == 1
        with again.database.reading() as session:
            assert [row.state for row in session.query(ErasureRow)] == ["done"]
        text = again.warehouse(known.organization).query("SELECT count(*) FROM raw.records WHERE key = 'till-7788'")
        assert text.column(0)[0].as_py() == 0


def test_what_is_kept_is_said_previewed_and_obeyed(known: Desk) -> None:
    old = {"event_id": "e1", "anonymous_id": "a", "kind": "page_view", "occurred_at": "2025-01-05T10:00:00Z"}
    known.roastery.warehouse(known.organization).upsert_rows("web_events", [old])
    rules = {"retention": {"web_events": 400}}
    (told,) = known.call("POST", "/v1/privacy/retention/preview", json=rules).json()["removes"]
    assert (told["rows"], told["before"]) == (1, "2025-10-16")
    assert known.call("GET", "/v1/privacy/retention").json()["retention"] == {}
    assert known.call("PUT", "/v1/privacy/retention", role="analyst", json=rules).status_code == 403
    for nonsense in ({"web_event": 400}, {"customers": 400}, {"web_events": 0}, {"transactions": 90}):
        assert known.call("PUT", "/v1/privacy/retention", json={"retention": nonsense}).status_code == 400
    assert known.call("PUT", "/v1/privacy/retention", json=rules).json()["retention"] == {"web_events": 400}
    organization = known.roastery.organization(known.organization.id)
    assert keep_retention(known.roastery, organization) == {"records": 1, "rows": {"web_events": 1}}
    assert keep_retention(known.roastery, organization) == {"records": 0, "rows": {}}
    assert "retention.remove" in [line["action"] for line in known.call("GET", "/v1/audit").json()["items"]]


def test_an_audience_holds_only_those_who_consent(desk: Desk) -> None:
    desk.roastery.warehouse(desk.organization).upsert_rows(
        "customers",
        [
            {"customer_id": "yes", "email": "yes@example.com", "marketing_consent": True, "segment": "regulars"},
            {"customer_id": "no", "email": "no@example.com", "marketing_consent": False, "segment": "regulars"},
            {"customer_id": "unsaid", "email": "unsaid@example.com", "segment": "regulars"},
            {"customer_id": "mute", "marketing_consent": True, "segment": "regulars"},
            {"customer_id": "torn-1", "email": "torn@example.com", "marketing_consent": True, "segment": "regulars"},
            {"customer_id": "torn-2", "email": "torn@example.com", "marketing_consent": False, "segment": "regulars"},
            {"customer_id": "other", "email": "other@example.com", "marketing_consent": True, "segment": "new"},
        ],
    )
    found = desk.call("GET", "/v1/privacy/audience?segment=regulars").json()
    assert found["members"] == [{"customer_id": "yes", "email": "yes@example.com"}]
    assert found["left_out"] == {"without_consent": 3, "without_address": 1}
    assert desk.call("GET", "/v1/privacy/audience", role="analyst").status_code == 403
    desk.call("POST", "/v1/privacy/erasures", json={"email": "yes@example.com"})
    assert desk.call("GET", "/v1/privacy/audience?segment=regulars").json()["members"] == []
