"""What a home services company keeps in HubSpot: contacts, deals with their history, invoices, quotes, tickets."""

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from roastery.evals.world.company import NOW

Row = dict[str, Any]
DEARER_AT, GONE_AT = NOW + timedelta(hours=1), NOW + timedelta(hours=25)
FIRST = datetime(2024, 8, 1, 9, tzinfo=UTC)
OWNERS = (("11", "Dana", "Ortiz"), ("12", "Priya", "Raman"), ("13", "Lee", "Walker"))
SERVICES = ("HVAC", "Plumbing", "Electrical", "Roofing")
AREAS = ("Denver", "Boulder", "Aurora", "Fort Collins", "Colorado Springs")
STAGES = (("s_new", "New", "0.2", False), ("s_quote", "Quote sent", "0.5", False),
          ("s_won", "Closed won", "1.0", True), ("s_lost", "Closed lost", "0.0", True))  # fmt: skip
SOURCES = ("PAID_SEARCH", "PAID_SOCIAL", "ORGANIC_SEARCH", "DIRECT_TRAFFIC", "OFFLINE")


def iso(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"


@dataclass
class Truth:
    """What should come out. sales: external order id → (kind, amount); stages: deal → labels; won: deal ids."""

    sales: dict[str, tuple[str, Decimal]] = field(default_factory=dict)
    stages: dict[str, list[str]] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    proposals: dict[str, str] = field(default_factory=dict)


class HomeServicesBooks:
    """Records by kind as HubSpot's objects, the associations between them, and the truth."""

    def __init__(self, now: datetime, contacts: int = 120, seed: int = 3) -> None:
        self.now = now
        self.truth = Truth()
        self.rows: dict[str, list[Row]] = {kind: [] for kind in ("contacts", "deals", "invoices", "quotes", "tickets",
                                                                 "products", "line_items")}  # fmt: skip
        self.links: dict[tuple[str, str], dict[str, list[str]]] = {}
        self._seed = seed
        if not contacts:
            return
        for number, service in enumerate(SERVICES):
            self._put("products", str(900 + number), FIRST, name=f"{service} visit", price="120.00",
                      hs_cost_of_goods_sold="45.50", hs_product_type="service")  # fmt: skip
        for number in range(contacts):
            self._contact(number)
        self._go_on()

    def _go_on(self) -> None:
        """What happens after the company's history: an offer is made anew, and a ticket is thrown away."""
        if self.now > DEARER_AT:
            deal = next(row for row in self.rows["deals"] if row["properties"]["dealstage"] == "s_quote")
            deal["updatedAt"] = iso(DEARER_AT)
            deal["properties"] |= {"amount": "12345.67", "hs_lastmodifieddate": iso(DEARER_AT)}
        if self.now > GONE_AT:
            self.rows["tickets"][0] |= {"archived": True, "archivedAt": iso(GONE_AT)}

    def _put(self, kind: str, number: str, created: datetime, changed: datetime | None = None, **values: Any) -> Row:
        changed = changed or created
        name = "lastmodifieddate" if kind == "contacts" else "hs_lastmodifieddate"
        row = {"id": number, "createdAt": iso(created), "updatedAt": iso(changed), "archived": False,
               "properties": {**values, name: iso(changed), "hs_object_id": number}, "history": {}}  # fmt: skip
        self.rows[kind].append(row)
        return row

    def link(self, one: tuple[str, str], other: tuple[str, str]) -> None:
        for (kind, number), (to, target) in ((one, other), (other, one)):
            self.links.setdefault((kind, to), {}).setdefault(number, []).append(target)

    def _contact(self, number: int) -> None:
        draw, name = random.Random(f"{self._seed} {number}"), str(1000 + number)
        created = FIRST + timedelta(days=draw.randrange(0, 780), minutes=draw.randrange(0, 500))
        if created > self.now:
            return
        source, wins = SOURCES[number % 5], number % 3 == 0
        stage = "customer" if wins else draw.choice(["lead", "marketingqualifiedlead", "opportunity"])
        settled = created + timedelta(days=3)
        is_settled = settled <= self.now
        url = f"https://northgate.example/quote?utm_source=google&utm_medium=cpc&utm_id=7{number}&gclid=g{number}"
        shown = stage if is_settled else "subscriber"
        row = self._put(
            "contacts", name, created, settled if is_settled else created, email=f"home{number}@mail.example",
            firstname="Sam", lastname=f"Hill{number}", phone=f"+1303555{number:04}", lifecyclestage=shown,
            createdate=iso(created), hubspotscore=str(number % 100), hs_analytics_source=source,
            hs_lead_status="UNQUALIFIED" if number % 11 == 5 else None, service_area=AREAS[number % 5],
            hs_analytics_first_timestamp=iso(created - timedelta(hours=2)), hs_analytics_first_url=url,
            hs_country_region_code="US", hs_email_optout="true" if number % 7 == 3 else None,
            hs_marketable_status="true" if number % 7 in (1, 3, 5) else "false")  # fmt: skip
        row["history"]["lifecyclestage"] = [
            *([{"value": stage, "timestamp": iso(settled), "sourceType": "CRM_UI"}] if is_settled else []),
            {"value": "subscriber", "timestamp": iso(created), "sourceType": "FORMS"},
        ]
        if number % 2 == 0:
            self._deal(number, name, created + timedelta(days=1), wins, Decimal(draw.randrange(20_000, 900_000)) / 100)
        if number % 4 == 1:
            self._ticket(number, name, created + timedelta(days=20))

    def _deal(self, number: int, contact: str, created: datetime, wins: bool, amount: Decimal) -> None:
        if created > self.now:
            return
        deal, owner = str(5000 + number), OWNERS[number % 3]
        closed, is_closed = created + timedelta(days=18), created + timedelta(days=18) < self.now and number % 10 != 4
        quoted, is_quoted = created + timedelta(days=9), created + timedelta(days=9) <= self.now
        stage = ("s_won" if wins else "s_lost") if is_closed else "s_quote" if is_quoted else "s_new"
        changed = closed if is_closed else quoted if is_quoted else created
        row = self._put(
            "deals", deal, created, changed, dealname=f"{SERVICES[number % 4]} {number}",
            amount=str(amount), deal_currency_code="USD", dealstage=stage, pipeline="default",
            createdate=iso(created), closedate=iso(closed), hs_is_closed=str(is_closed).lower(),
            hs_is_closed_won=str(stage == "s_won").lower(), hubspot_owner_id=owner[0],
            service_area=AREAS[number % 5])  # fmt: skip
        path = ["s_new", *(["s_quote"] if is_quoted else []), *([stage] if is_closed else [])]
        row["history"]["dealstage"] = [
            {"value": value, "timestamp": iso(created + timedelta(days=9 * step)), "sourceType": "CRM_UI"}
            for step, value in reversed(list(enumerate(path)))
        ]
        labels = {name: label for name, label, _, _ in STAGES}
        self.truth.stages[f"hubspot:{deal}"] = [labels[value] for value in path]
        self.truth.owners[f"hubspot:{deal}"] = f"{owner[1]} {owner[2]}"
        self.link(("deals", deal), ("contacts", contact))
        self._put("line_items", str(7000 + number), created, hs_product_id=str(900 + number % 4), quantity="2",
                  price="120.00")  # fmt: skip
        self.link(("line_items", str(7000 + number)), ("deals", deal))
        if is_quoted:
            self._quote(number, deal, quoted, amount, stage)
        if stage == "s_won":
            self.truth.sales[f"hubspot:deal:{deal}"] = ("deal", amount)
            if number % 12 == 0:
                self._invoice(number, deal, contact, closed, amount)

    def _quote(self, number: int, deal: str, sent: datetime, amount: Decimal, stage: str) -> None:
        quote = str(8000 + number)
        self._put("quotes", quote, sent, hs_title="Offer", hs_status="APPROVAL_NOT_NEEDED", hs_currency="USD",
                  hs_quote_amount=str(amount), hs_createdate=iso(sent))  # fmt: skip
        self.link(("quotes", quote), ("deals", deal))
        decided = {"s_won": "accepted", "s_lost": "declined"}
        self.truth.proposals[f"hubspot:{quote}"] = decided.get(stage, "sent")

    def _invoice(self, number: int, deal: str, contact: str, at: datetime, amount: Decimal) -> None:
        invoice = str(9000 + number)
        tax = (amount / 10).quantize(Decimal("0.01"))
        self._put("invoices", invoice, at, hs_invoice_status="paid", hs_amount_billed=str(amount + tax),
                  hs_amount_paid=str(amount + tax), hs_tax_amount=str(tax), hs_currency="USD",
                  hs_invoice_date=iso(at), hs_payment_date=iso(at + timedelta(days=2)))  # fmt: skip
        self.link(("invoices", invoice), ("deals", deal))
        self.link(("invoices", invoice), ("contacts", contact))
        self.truth.sales[f"hubspot:deal:{deal}"] = ("invoice", amount)

    def _ticket(self, number: int, contact: str, at: datetime) -> None:
        ticket = str(6000 + number)
        if at > self.now:
            return
        answered, closed = at + timedelta(hours=3), at + timedelta(hours=30)
        is_answered, is_closed = answered <= self.now, number % 8 == 1 and closed <= self.now
        changed = closed if is_closed else answered if is_answered else at
        self._put("tickets", ticket, at, changed, createdate=iso(at), hs_pipeline="0",
                  hs_pipeline_stage="4" if is_closed else "1", csat="4",
                  first_agent_reply_date=iso(answered) if is_answered else None,
                  closed_date=iso(closed) if is_closed else None)  # fmt: skip
        self.link(("tickets", ticket), ("contacts", contact))
