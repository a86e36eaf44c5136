"""Alder & Finch made whole: every dataset of a consulting firm and the truth behind it."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from roastery.evals.world.columns import money, picked, prefixed
from roastery.evals.world.companies import (
    advertising,
    analytics,
    contacts,
    creatives,
    desk,
    keywords,
    mailing,
    offers,
    pipeline,
    subscribing,
    tracking,
    truths,
)
from roastery.evals.world.companies.alder_finch import bills, clients
from roastery.evals.world.companies.alder_finch.clients import SERVICE_NAMES, Practice
from roastery.evals.world.companies.alder_finch.plan import (
    CONSULTATION_CHANCE,
    COUNTRIES,
    OWNERS,
    PLAN,
    QUALIFIED_CHANCE,
    SEGMENTS,
    SERVICES,
    TIERS,
    YEAR_END_CHANCE,
)
from roastery.evals.world.companies.mailing import Mailing
from roastery.evals.world.companies.persons import acquire
from roastery.evals.world.companies.records import Folk, System, identity, keep, make_folk, spelled
from roastery.evals.world.companies.spending import plan_spend
from roastery.evals.world.companies.tables import dataset, stacked, when
from roastery.evals.world.companies.tracking import Site
from roastery.evals.world.seasons import DAY_SECONDS, END, Ints, instants_array

MAILING = Mailing(
    "mailchimp",
    ("Briefing: tax", "Briefing: audit", "Client story", "Events"),
    (("mailchimp:flow-webinar", "Webinar Nurture"), ("mailchimp:flow-proposal", "Proposal Follow-up"),
     ("mailchimp:flow-alumni", "Client Check-in")),
)  # fmt: skip
SITE = Site(("/", "/tax", "/audit", "/cfo", "/due-diligence", "/insights"), "form_submission", "/contact", "contact")
OPEN_STAGES = ("Discovery", "Scoping", "Proposal", "Negotiation")

TARGETS: list[tuple[str, dict[str, str], str, str, float]] = [
    ("revenue", {}, "2026-04-01", "2027-04-01", 4_800_000),
    ("deals_won", {"pipeline": "New Business"}, "2026-10-01", "2027-01-01", 60),
    ("win_rate", {}, "2026-04-01", "2027-04-01", 0.4),
]


def make(seed: int, size: int) -> tuple[Mapping[str, pa.Table], Mapping[str, pa.Table]]:
    """Tables and truth. Each part has a stream of random numbers of its own."""
    streams = iter(np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(16))
    plan = PLAN
    spend = plan_spend(next(streams), plan, size)
    persons = acquire(next(streams), plan, spend, size)
    practice = clients.happen(next(streams), plan, persons)
    rates = bills.wander(next(streams))
    rng = next(streams)
    folk = make_folk(rng, size, "en", "gb", ("firm.example", "holdings.example", "group.example"))
    salesforce, xero, readers = _systems(rng, practice, size)
    moments = contacts.Moments(np.arange(size), persons.first_at, np.ones(size, dtype=bool), rng.random(size) < 0.8)
    seen = contacts.visit(next(streams), plan, spend, persons, moments, MAILING.days, strangers=2.2, consent=0.7)
    tracked = tracking.track(
        next(streams), plan, seen, moments, SITE, salesforce, folk.email, MAILING.platform, readers, MAILING.letters
    )
    rng = next(streams)
    source = pipeline.source_of(rng, seen, size, contacts.PAID, contacts.CALL)
    billed = bills.bill(rng, plan, practice, rates, salesforce, xero)
    reported = advertising.report(next(streams), plan, spend, seen, moments, np.full(size, 15_000))
    made = creatives.make(next(streams), plan, advertising.ads_of(plan), reported)
    tables = {
        "campaigns": stacked(
            advertising.campaigns_table(plan, made.audience_of, made.assets_of), mailing.campaigns_table(MAILING)
        ),
        "ad_performance": reported,
        "keyword_performance": keywords.keyword_performance(reported),
        "customers": _customers(rng, folk, persons.first_at, practice, (salesforce, xero, readers)),
        **_crm(rng, persons.first_at, practice, rates, salesforce, source),
        "transactions": billed.transactions,
        "transaction_lines": billed.lines,
        "refunds": billed.refunds,
        "fx_rates": bills.rates_table(rates),
        "products": bills.products(),
        "subscriptions": subscribing.table("xero:", practice.retainers, TIERS, xero, billed.retainer_currency),
        "subscription_events": subscribing.events("xero:", practice.retainers, TIERS, billed.retainer_currency),
        "promotions": offers.promotions_table(plan),
        "targets": offers.targets_table(plan, TARGETS),
        "touchpoints": tracked.touchpoints,
        "web_events": tracked.events,
        "web_performance": analytics.web_performance(rng, plan, seen, list(SITE.pages)),
        "email_performance": mailing.report(rng, plan, MAILING, plan.days(persons.first_at)),
        "automation_events": mailing.automation(rng, MAILING, readers, persons.first_at, steps=4),
        "tickets": desk.tickets(
            rng, plan, "zendesk", salesforce.of(practice.consultations.person),
            np.minimum(practice.consultations.starts_at, END), share=0.25,
        ),
        **made.tables,
    }  # fmt: skip
    truth = {
        "effects": truths.effects(plan, spend, persons, billed.value),
        "spend_variation": spend.variation,
        "fates": truths.fates(plan, persons, billed.value),
        "anomalies": truths.anomalies(plan),
        "promotions": truths.promotions(plan),
        "identity": identity(salesforce, xero, readers),
        "sales": billed.truth,
        "contacts": tracking.true_contacts(plan, seen, tracked),
        "parameters": truths.parameters(
            plan,
            ("churn_hazard_a_month", {tier.name: tier.hazard for tier in TIERS}),
            ("win_chance", {row[0]: row[4] for row in SERVICES}),
            ("sales_cycle_days", {row[0]: row[3] for row in SERVICES}),
            ("lead", {"qualified_chance": QUALIFIED_CHANCE, "consultation_chance": CONSULTATION_CHANCE}),
            ("client", {"year_end_chance": YEAR_END_CHANCE}),
        ),
    }
    return tables, truth


def _systems(rng: np.random.Generator, practice: Practice, size: int) -> tuple[System, System, System]:
    """Salesforce's contacts, Xero's, readers of the mail list."""
    billed = np.unique(np.concatenate([practice.engagements.person, practice.retainers.person]))
    return (
        keep("salesforce:003", np.arange(size), 0xBEEF),
        keep("xero:", billed, 0xFACE),
        keep("mailchimp:", np.flatnonzero(rng.random(size) < 0.7), 0xD00D),
    )


def _customers(
    rng: np.random.Generator, folk: Folk, first_at: Ints, practice: Practice, systems: tuple[System, ...]
) -> pa.Table:
    parts = []
    people = practice.contacts
    stage = np.array(pipeline.STAGES)[_stages(first_at, practice)]
    for system, (mail, phone, typed) in zip(
        systems, ((0.98, 0.8, 0.1), (0.97, 0.3, 0.15), (1.0, 0.0, 0.3)), strict=True
    ):
        person, rows = system.person, pa.array(system.person)
        written = rng.random(person.size) < 0.4
        phones = pc.if_else(pa.array(written), folk.written_phone.take(rows), folk.phone.take(rows))
        parts.append(
            dataset(
                "customers",
                {
                    "customer_id": system.ids,
                    "email": when(rng.random(person.size) < mail, spelled(rng, folk.email.take(rows), typed)),
                    "phone": when(rng.random(person.size) < phone, phones),
                    "first_name": folk.first.take(rows),
                    "last_name": folk.last.take(rows),
                    "first_seen_at": instants_array(first_at[person]),
                    "stage": pa.array(stage[person]),
                    "segment": picked(SEGMENTS, people.segment[person]),
                    "country": picked([row[0] for row in COUNTRIES], people.country[person]),
                    "company_id": prefixed("salesforce:001", people.company[person] + 4001),
                    "marketing_consent": pa.array(rng.random(person.size) < 0.75),
                },
            )
        )
    return stacked(*parts)


def _stages(first_at: Ints, practice: Practice) -> Ints:
    """customer once something was signed, qualified while open, lost when nothing came of it, else by age."""
    size = first_at.size
    signed, open_ = np.zeros(size, dtype=bool), np.zeros(size, dtype=bool)
    signed[practice.deals.person[practice.deals.sold]] = True
    open_[practice.deals.person[~practice.deals.is_closed]] = True
    age = (END - first_at) / DAY_SECONDS
    return np.select([signed, open_, age > 45, age > 1], [3, 2, 4, 1], 0)


def _crm(
    rng: np.random.Generator, first_at: Ints, practice: Practice, rates: bills.Rates, salesforce: System, source: Ints
) -> dict[str, pa.Table]:
    """Leads, opportunities of both pipelines, proposals, consultations and changes of stage."""
    people, deals, talks = practice.contacts, practice.deals, practice.consultations
    everyone = np.arange(first_at.size)
    own = source[deals.person]
    money_of = bills.currency_of(practice, deals.person)
    currency = picked(bills.CURRENCIES, money_of)
    amount = bills.in_currency(rates, practice.fee, money_of, PLAN.days(np.minimum(deals.closed_at, END)))
    proposed = np.flatnonzero(deals.proposed)
    opportunity_ids = pipeline.opportunity_ids("salesforce:", np.arange(deals.count))
    new_business = pipeline.opportunities(
        "salesforce:", salesforce, deals.person, deals.created_at, deals.closed_at, deals.won, END - 60, amount,
        currency, OPEN_STAGES,
        {
            "company_id": prefixed("salesforce:001", people.company[deals.person] + 4001),
            "lead_id": pipeline.lead_ids("salesforce:", deals.person),
            "campaign_id": picked([c.curated_id for c in PLAN.campaigns], np.maximum(own, 0), own < 0),
            "opportunity_name": picked([f"{name} engagement" for name in SERVICE_NAMES], people.service[deals.person]),
            "pipeline": pa.repeat("New Business", deals.count),
            "owner": picked(OWNERS, deals.owner),
        },
    )  # fmt: skip
    changes = pipeline.stage_changes(
        [
            ("lead", pipeline.lead_ids("salesforce:", everyone), first_at, None, "new"),
            ("lead", pipeline.lead_ids("salesforce:", deals.person), deals.created_at, "contacted", "qualified"),
            ("opportunity", opportunity_ids, deals.created_at, None, OPEN_STAGES[0]),
            ("opportunity", opportunity_ids.take(pa.array(proposed)), deals.sent_at[proposed], "Scoping", "Proposal"),
            ("opportunity", opportunity_ids.filter(pa.array(deals.won)), deals.closed_at[deals.won], "Negotiation",
             "Closed Won"),
            ("opportunity", opportunity_ids.filter(pa.array(~deals.won)), deals.closed_at[~deals.won], "Negotiation",
             "Closed Lost"),
        ],
        END - 60,
    )  # fmt: skip
    return {
        "leads": pipeline.leads(
            PLAN, "salesforce:", everyone, first_at, source, people.score, _stages(first_at, practice), salesforce,
            rng, {},
        ),
        "opportunities": stacked(new_business, _renewals(practice, rates, salesforce)),
        "proposals": pipeline.proposals(
            "salesforce:", proposed, deals.sent_at[proposed], deals.closed_at[proposed], deals.won[proposed], END - 60,
            amount[proposed], currency.take(pa.array(proposed)),
        ),
        "stage_changes": changes,
        "appointments": pipeline.appointments(
            "salesforce:", salesforce, talks.person, talks.booked_at, talks.starts_at,
            picked(clients.STATUSES, talks.status),
            {
                "lead_id": pipeline.lead_ids("salesforce:", talks.person),
                "service": picked(SERVICE_NAMES, people.service[talks.person]),
                "product_id": picked(bills.PRODUCT_IDS, people.service[talks.person]),
                "amount": money(np.zeros(talks.person.size, dtype=np.int64)),
                "currency": pa.repeat("GBP", talks.person.size),
            },
        ),
    }  # fmt: skip


def _renewals(practice: Practice, rates: bills.Rates, salesforce: System) -> pa.Table:
    """Each retainer's yearly renewal: opened 45 days before, won when the retainer went on."""
    retainers = practice.retainers
    row, year = np.nonzero(retainers.lived[:, 3::4])
    boundary = 4 * (year + 1)
    inside = boundary < retainers.terms.shape[1]
    row, boundary = row[inside], boundary[inside]
    closes = retainers.terms[row, boundary]
    opened = closes - 45 * DAY_SECONDS
    shown = opened < END - 3600
    row, boundary, closes, opened = row[shown], boundary[shown], closes[shown], opened[shown]
    won = retainers.lived[row, boundary]
    person = retainers.person[row]
    money_of = bills.currency_of(practice, person)
    pence = np.array([t.mrr for t in TIERS])[retainers.tier[row]] * 12
    return pipeline.opportunities(
        "salesforce:renewal-", salesforce, person, opened, closes, won, END - 60,
        bills.in_currency(rates, pence, money_of, PLAN.days(retainers.started_at[row])),
        picked(bills.CURRENCIES, money_of), ("Review", "Proposal"),
        {
            "company_id": prefixed("salesforce:001", practice.contacts.company[person] + 4001),
            "opportunity_name": pa.repeat("CFO retainer renewal", row.size),
            "pipeline": pa.repeat("Renewals", row.size),
            "owner": picked(OWNERS, practice.deals.owner[practice.retainer_deal[row]]),
        },
    )  # fmt: skip
