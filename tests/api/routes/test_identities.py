"""Whose a record is, and a wrong link taken back, over REST."""

from tests.api.conftest import Desk

PAIR = {"customer_id": "shop", "other_customer_id": "crm", "reason": "two Anas"}


def test_a_wrong_link_is_taken_back_and_given_again(desk: Desk) -> None:
    people = [{"customer_id": c, "email": "ana@example.com"} for c in ("shop", "crm")]
    desk.roastery.warehouse(desk.organization).upsert_rows("customers", people)
    person = desk.call("GET", "/v1/identities/shop").json()
    assert [r["customer_id"] for r in person["records"]] == ["crm", "shop"]
    assert desk.call("POST", "/v1/identities/unlinks", role="analyst", json=PAIR).status_code == 403
    made = desk.call("POST", "/v1/identities/unlinks", json=PAIR)
    assert made.status_code == 201
    assert made.json()["was_one_person"] is True
    assert [p["customer_id"] for p in made.json()["persons"]] == ["shop", "crm"]
    assert desk.call("GET", "/v1/identities/crm").json()["unlinks"][0]["reason"] == "two Anas"
    again = desk.call("DELETE", "/v1/identities/unlinks/shop/crm")
    assert {p["customer_id"] for p in again.json()["persons"]} == {"crm"}
    assert desk.call("DELETE", "/v1/identities/unlinks/shop/crm").status_code == 404
    actions = [line["action"] for line in desk.call("GET", "/v1/audit").json()["items"]]
    assert actions[:2] == ["identity.relink", "identity.unlink"]


def test_an_unknown_record_and_one_alone_are_refused(desk: Desk) -> None:
    assert desk.call("GET", "/v1/identities/nobody").status_code == 404
    assert desk.call("POST", "/v1/identities/unlinks", json=PAIR).status_code == 404
    alone = {**PAIR, "other_customer_id": "shop"}
    assert desk.call("POST", "/v1/identities/unlinks", json=alone).json()["detail"].startswith("A record cannot")
