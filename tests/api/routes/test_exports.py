"""Files exported from a provider's screens: shown, confirmed once, remembered, and right in the next answer."""

from typing import Any

from roastery.api.connecting import NewConnection, connect
from roastery.tools.base import Actor
from tests.api.conftest import Desk

META = (
    "Tag;Kampagnenname;Kampagnen-ID;Ausgegebener Betrag (USD);Impressionen;Klicks (alle);Käufe;"
    "Conversion-Wert für Käufe\n"
    ";;;1.255,65;30.000;330;5;1.500,25\n"
    "2026-11-01;Herbst;77;1.234,50;20.000;300;4;1.000,25\n"
    "2026-11-02;Herbst;77;21,15;10.000;30;1;500,00\n"
)
SPEND = {"metrics": ["spend", "clicks"], "period": {"start": "2026-11-01", "end": "2026-11-20"}}


def hand(desk: Desk, text: str | bytes, role: str = "analyst", **parameters: Any) -> dict[str, Any]:
    body = text.encode() if isinstance(text, str) else text
    answer = desk.call("POST", "/v1/imports/auto", role=role, content=body, params=parameters)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def totals(desk: Desk, query: dict[str, Any] = SPEND) -> dict[str, Any]:
    answer = desk.call("POST", "/v1/query", role="viewer", json=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["totals"]
    return found


def test_a_german_export_is_shown_confirmed_and_counted_without_its_total(desk: Desk) -> None:
    shown = hand(desk, META)
    assert (shown["status"], shown["export"], shown["language"]) == ("needs_confirmation", "meta_ads", "de")
    assert (shown["totals_left_out"], shown["sums"]["spend"], shown["imports"]) == (1, "1255.65", [])
    assert {"header": "Käufe", "read_as": "conversions"} in shown["columns"]
    taken = hand(desk, META, confirm=True)
    assert taken["status"] == "imported"
    assert [(i["dataset"], i["accepted"]) for i in taken["imports"]] == [("campaigns", 1), ("ad_performance", 2)]
    assert totals(desk) == {"spend": "1255.65", "clicks": 330}

    more = META.replace("2026-11-02;Herbst;77;21,15", "2026-11-03;Herbst;77;100,00").replace("1.255,65", "1.334,50")
    again = hand(desk, more)
    assert again["status"] == "imported"
    assert again["assumed"][0].startswith("Files of these columns were confirmed on")
    assert totals(desk) == {"spend": "1355.65", "clicks": 360}
    assert hand(desk, more, preview=True)["status"] == "shown"
    assert totals(desk)["spend"] == "1355.65"


def test_an_unknown_currency_is_asked_for_and_the_answer_is_remembered(desk: Desk) -> None:
    text = META.replace(" (USD)", "")
    asked = hand(desk, text, confirm=True)
    assert (asked["status"], [q["name"] for q in asked["questions"]]) == ("needs_answers", ["currency"])
    wrong = desk.call("POST", "/v1/imports/auto", content=text.encode(), params={"answer": "currency=dollars"})
    assert wrong.status_code == 400
    assert hand(desk, text, confirm=True, answer="currency=USD")["status"] == "imported"
    again = hand(desk, text)
    assert (again["status"], again["questions"]) == ("imported", [])
    assert any("as answered, USD" in sentence for sentence in again["assumed"])


def test_a_finer_report_of_the_same_days_does_not_count_on_top_unasked(desk: Desk) -> None:
    hand(desk, META, confirm=True)
    finer = (
        "Day,Campaign name,Campaign ID,Ad set name,Amount spent (USD),Impressions,Clicks (all)\n"
        '2026-11-01,Herbst,77,A,"1,000.00",1,200\n2026-11-01,Herbst,77,B,234.50,1,100\n'
    )
    asked = hand(desk, finer, confirm=True)
    assert (asked["status"], [q["name"] for q in asked["questions"]]) == ("needs_answers", ["overlap"])
    assert hand(desk, finer, confirm=True, answer="overlap=replace")["status"] == "imported"
    assert totals(desk) == {"spend": "1255.65", "clicks": 330}


def test_what_a_connection_brings_already_is_asked_about(desk: Desk) -> None:
    new = NewConnection("meta_ads", {"account_id": "act_1"}, {"access_token": "t"})
    connect(desk.roastery, desk.organization, Actor(id="key", role="admin"), new)
    asked = hand(desk, META, confirm=True)
    assert [q["name"] for q in asked["questions"]] == ["connected"]
    assert hand(desk, META, confirm=True, answer="connected=import")["status"] == "imported"


def test_shopifys_orders_are_revenue_and_their_people_are_sealed(desk: Desk) -> None:
    head = (
        "Name,Email,Financial Status,Currency,Subtotal,Shipping,Taxes,Total,Created at,Lineitem quantity,Lineitem name,"
        "Lineitem price,Lineitem sku,Refunded Amount,Id,Billing Name\n"
    )
    text = (
        head
        + "#1,ana@example.com,paid,USD,60.00,5.00,0,65.00,2026-11-02 10:00:00 -0600,1,Beans,40.00,B,0,11,Ana Diaz\n"
        "#1,ana@example.com,,,,,,,,1,Mug,20.00,M,,,\n"
        "#2,ana@example.com,paid,USD,40.00,0,0,40.00,2026-11-03 10:00:00 -0600,1,Beans,40.00,B,10.00,12,Ana Diaz\n"
        "#3,,paid,USD,-5.00,0,0,-5.00,2031-11-03 10:00:00 -0600,1,Beans,40.00,B,0,13,\n"
    )
    taken = hand(desk, text, confirm=True)
    assert [(e["row"], e["column"]) for e in taken["errors"]] == [(4, "transactions.occurred_at")]
    period = SPEND["period"]
    metrics = ["revenue", "gross_revenue", "orders", "customers", "units_sold"]
    assert totals(desk, {"metrics": metrics, "period": period}) == {
        "revenue": "90.00", "gross_revenue": "100.00", "orders": 2, "customers": 1, "units_sold": 3,
    }  # fmt: skip
    found = desk.roastery.warehouse(desk.organization).query("SELECT email, first_name, customer_id FROM customers")
    assert found.num_rows == 1
    assert all("ana" not in str(value).lower() for value in found.to_pylist()[0].values())


def test_only_importers_import_and_a_strange_file_is_a_sentence(desk: Desk) -> None:
    assert desk.call("POST", "/v1/imports/auto", role="viewer", content=META.encode()).status_code == 403
    strange = desk.call("POST", "/v1/imports/auto", content=b"a,b\n1,2\n")
    assert strange.status_code == 400
    assert "not known" in strange.json()["detail"]
