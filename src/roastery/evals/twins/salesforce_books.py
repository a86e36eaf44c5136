"""What a consultancy keeps in Salesforce: accounts, contacts, leads, opportunities with their stages, and quotes."""

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from roastery.evals.world.company import NOW

Row = dict[str, Any]
DEARER_AT, GONE_AT = NOW + timedelta(hours=1), NOW + timedelta(hours=25)
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
        self.now, self.truth, self._seed = now, Truth(), seed
        self.rows: dict[str, list[Row]] = {
            kind: []
            for kind in ("Account", "Contact", "Lead", "Campaign", "Opportunity", "OpportunityHistory", "Quote")
        }
        if not leads:
            return
        self._put("Campaign", "701000", FIRST, Name="Audit Readiness Webinar", Type="Webinar", Status="Completed",
                  StartDate="2025-02-03", EndDate="2025-02-04", BudgetedCost=4000.0, ActualCost=3650.5,
                  CurrencyIsoCode="GBP")  # fmt: skip
        for number in range(leads):
            self._lead(number)
        self._go_on()

    def _go_on(self) -> None:
        """What happens after the company's history: an open offer grows, and a lead is deleted."""
        if self.now > DEARER_AT:
            offer = next(row for row in self.rows["Opportunity"] if not row["IsClosed"])
            offer |= {"Amount": 12345.5, "SystemModstamp": iso(DEARER_AT), "LastModifiedDate": iso(DEARER_AT)}
        if self.now > GONE_AT:
            gone = next(row for row in self.rows["Lead"] if not row["IsConverted"])
            gone |= {"IsDeleted": True, "SystemModstamp": iso(GONE_AT)}

    def _put(self, kind: str, number: str, created: datetime, changed: datetime | None = None, **values: Any) -> Row:
        row = {"Id": number, "CreatedDate": iso(created), "SystemModstamp": iso(changed or created),
               "LastModifiedDate": iso(changed or created), "IsDeleted": False, **values}  # fmt: skip
        self.rows[kind].append(row)
        return row

    def _lead(self, number: int) -> None:
        draw, lead = random.Random(f"{self._seed} {number}"), f"00Q{number:04}"
        created = FIRST + timedelta(days=draw.randrange(0, 780), minutes=number)
        settled = created + timedelta(days=5)
        if created > self.now:
            return
        is_settled = settled <= self.now
        converts = number % 3 == 0 and is_settled
        contact, opportunity = f"003{number:04}", f"006{number:04}"
        status = "Closed - Converted" if converts else ("Open - Not Contacted", "Working - Contacted",
                                                         "Closed - Not Converted")[
            is_settled * (number % 3)]  # fmt: skip
        self._put(
            "Lead", lead, created, settled if is_settled else created, Email=f"lead{number}@mail.example", Phone=None,
            FirstName="Kim", LastName=f"Ward{number}", Country="United Kingdom", LeadSource="Paid Search",
            Status=status, IsConverted=converts, HasOptedOutOfEmail=number % 5 == 2,
            ConvertedDate=created.date().isoformat() if converts else None,
            ConvertedContactId=contact if converts else None,
            ConvertedOpportunityId=opportunity if converts else None,
            utm_id__c=f"linkedin_ads:{number % 4}")  # fmt: skip
        self.truth.leads[f"salesforce:{lead}"] = ("new", "contacted", "lost")[is_settled * (number % 3)]
        if converts:
            amount = Decimal(draw.randrange(100_000, 9_000_000)) / 100
            wins = self._opportunity(number, contact, opportunity, settled, amount)
            self.truth.leads[f"salesforce:{lead}"] = "customer" if wins else "qualified"

    def _opportunity(self, number: int, contact: str, name: str, created: datetime, amount: Decimal) -> bool:
        """Put an opportunity with all that hangs on it; gives whether it is won."""
        account, currency = f"001{number:04}", CURRENCIES[number // 6 % 3]
        offered, closes = created + timedelta(days=20), created + timedelta(days=40)
        is_offered = offered <= self.now
        is_closed = closes < self.now and number % 15 != 0
        wins = is_closed and number % 6 == 0
        stage = "Closed Won" if wins else "Closed Lost" if is_closed else "Proposal" if is_offered else "Qualification"
        changed = closes if is_closed else offered if is_offered else created
        pipeline = "Renewals" if number % 12 == 0 else "New Business"
        self._put("Account", account, created, Name=f"Firm {number}", Industry=("Enterprise", "Mid-market")[number % 2],
                  Type="Customer", BillingCountry="United Kingdom")  # fmt: skip
        self._put("Contact", contact, created, AccountId=account, Email=f"lead{number}@mail.example", Phone=None,
                  FirstName="Kim", LastName=f"Ward{number}", MailingCountry="United Kingdom",
                  HasOptedOutOfEmail=number % 5 == 2)  # fmt: skip
        self._put(
            "Opportunity", name, created, changed, Name=f"{SERVICES[number % 4]} {number}",
            Amount=float(amount), StageName=stage, IsWon=wins, IsClosed=is_closed, CurrencyIsoCode=currency,
            CloseDate=closes.date().isoformat(), Type="New", LeadSource="Paid Search", AccountId=account,
            CampaignId=None, Probability=50.0, ForecastCategoryName="Pipeline", ContactId=contact,
            Owner={"Name": OWNERS[number % 3]}, RecordType={"Name": pipeline},
            utm_id__c=f"linkedin_ads:{number % 4}")  # fmt: skip
        path = ["Qualification", *(["Proposal"] if is_offered else []), *([stage] if is_closed else [])]
        for step, value in enumerate(path):
            self._put("OpportunityHistory", f"008{number:04}{step}", created + timedelta(days=20 * step),
                      OpportunityId=name, StageName=value)  # fmt: skip
        sent = created + timedelta(days=21)
        if sent <= self.now:
            self._put("Quote", f"0Q0{number:04}", sent, closes if is_closed else sent, OpportunityId=name,
                      Status="Accepted" if wins else "Denied" if is_closed else "Presented", GrandTotal=float(amount),
                      CurrencyIsoCode=currency)  # fmt: skip
        key = f"salesforce:{name}"
        self.truth.stages[key], self.truth.owners[key] = path, OWNERS[number % 3]
        if wins:
            self.truth.deals[key] = (amount, currency, closes.date().isoformat(), pipeline == "Renewals")
        return wins
