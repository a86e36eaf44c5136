"""What a consultancy keeps in Salesforce: accounts, contacts, leads, opportunities with their stages, and quotes."""

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

Row = dict[str, Any]
FIRST = datetime(2024, 8, 1, 9, tzinfo=UTC)
OWNERS = ("Imogen Hart", "Tomas Reyes", "Wei Zhang")
CURRENCIES = ("GBP", "EUR", "USD")
SERVICES = ("Tax Advisory", "Audit Readiness", "CFO on Demand", "Due Diligence")


def iso(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.000+0000")


@dataclass
class Truth:
    """deals: opportunity → (amount, currency, closing day, renewal); stages: opportunity → path; owners; leads."""

    deals: dict[str, tuple[Decimal, str, str, bool]] = field(default_factory=dict)
    stages: dict[str, list[str]] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    leads: dict[str, str] = field(default_factory=dict)


class ConsultancyBooks:
    """Records by object and what should come out."""

    def __init__(self, now: datetime, leads: int = 90, seed: int = 11) -> None:
        self.now, self.truth = now, Truth()
        self._draw = random.Random(seed)
        self.rows: dict[str, list[Row]] = {
            kind: []
            for kind in ("Account", "Contact", "Lead", "Campaign", "Opportunity", "OpportunityHistory", "Quote")
        }
        self._put("Campaign", "701000", FIRST, Name="Audit Readiness Webinar", Type="Webinar", Status="Completed",
                  StartDate="2025-02-03", EndDate="2025-02-04", BudgetedCost=4000.0, ActualCost=3650.5,
                  CurrencyIsoCode="GBP")  # fmt: skip
        for number in range(leads):
            self._lead(number)

    def _put(self, kind: str, number: str, created: datetime, changed: datetime | None = None, **values: Any) -> Row:
        row = {"Id": number, "CreatedDate": iso(created), "SystemModstamp": iso(changed or created),
               "LastModifiedDate": iso(changed or created), "IsDeleted": False, **values}  # fmt: skip
        self.rows[kind].append(row)
        return row

    def _lead(self, number: int) -> None:
        draw, lead = self._draw, f"00Q{number:04}"
        created = FIRST + timedelta(days=draw.randrange(0, 780), minutes=number)
        converts = number % 3 == 0
        contact, opportunity = f"003{number:04}", f"006{number:04}"
        wins = converts and number % 6 == 0
        status = "Closed - Converted" if converts else ("Open - Not Contacted", "Working - Contacted",
                                                         "Closed - Not Converted")[number % 3]  # fmt: skip
        self._put(
            "Lead", lead, created, created + timedelta(days=5), Email=f"lead{number}@mail.example", Phone=None,
            FirstName="Kim", LastName=f"Ward{number}", Country="United Kingdom", LeadSource="Paid Search",
            Status=status, IsConverted=converts, HasOptedOutOfEmail=number % 9 == 0,
            ConvertedDate=created.date().isoformat() if converts else None,
            ConvertedContactId=contact if converts else None,
            ConvertedOpportunityId=opportunity if converts else None,
            utm_id__c=f"linkedin_ads:{number % 4}")  # fmt: skip
        self.truth.leads[f"salesforce:{lead}"] = (
            "customer" if wins else "qualified" if converts else ("", "contacted", "lost")[number % 3] or "new"
        )
        if converts:
            self._opportunity(number, contact, opportunity, created + timedelta(days=5), wins)

    def _opportunity(self, number: int, contact: str, name: str, created: datetime, wins: bool) -> None:
        account, currency = f"001{number:04}", CURRENCIES[number // 6 % 3]
        amount = Decimal(self._draw.randrange(100_000, 9_000_000)) / 100
        closes = created + timedelta(days=40)
        is_closed = closes < self.now and number % 15 != 0
        wins = wins and is_closed
        stage = "Closed Won" if wins else "Closed Lost" if is_closed else "Proposal"
        if (not wins and is_closed and f"salesforce:00Q{number:04}" in self.truth.leads) or not is_closed:
            self.truth.leads[f"salesforce:00Q{number:04}"] = "qualified"
        pipeline = "Renewals" if number % 12 == 0 else "New Business"
        self._put("Account", account, created, Name=f"Firm {number}", Industry=("Enterprise", "Mid-market")[number % 2],
                  Type="Customer", BillingCountry="United Kingdom")  # fmt: skip
        self._put("Contact", contact, created, AccountId=account, Email=f"lead{number}@mail.example", Phone=None,
                  FirstName="Kim", LastName=f"Ward{number}", MailingCountry="United Kingdom",
                  HasOptedOutOfEmail=False)  # fmt: skip
        self._put(
            "Opportunity", name, created, closes if is_closed else created, Name=f"{SERVICES[number % 4]} {number}",
            Amount=float(amount), StageName=stage, IsWon=wins, IsClosed=is_closed, CurrencyIsoCode=currency,
            CloseDate=closes.date().isoformat(), Type="New", LeadSource="Paid Search", AccountId=account,
            CampaignId=None, Probability=50.0, ForecastCategoryName="Pipeline", ContactId=contact,
            Owner={"Name": OWNERS[number % 3]}, RecordType={"Name": pipeline},
            utm_id__c=f"linkedin_ads:{number % 4}")  # fmt: skip
        path = ["Qualification", "Proposal", *([stage] if is_closed else [])]
        for step, value in enumerate(path):
            self._put("OpportunityHistory", f"008{number:04}{step}", created + timedelta(days=20 * step),
                      OpportunityId=name, StageName=value)  # fmt: skip
        self._put("Quote", f"0Q0{number:04}", created + timedelta(days=21), OpportunityId=name,
                  Status="Accepted" if wins else "Denied" if is_closed else "Presented", GrandTotal=float(amount),
                  CurrencyIsoCode=currency)  # fmt: skip
        key = f"salesforce:{name}"
        self.truth.stages[key], self.truth.owners[key] = path, OWNERS[number % 3]
        if wins:
            self.truth.deals[key] = (amount, currency, closes.date().isoformat(), pipeline == "Renewals")
