"""Northgate made whole: every dataset of a home-services company and the truth behind it."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from roastery.evals.world.columns import money, picked
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
    tracking,
    truths,
)
from roastery.evals.world.companies.mailing import Mailing
from roastery.evals.world.companies.northgate import bills, jobs
from roastery.evals.world.companies.northgate.jobs import AREA_NAMES, Work
from roastery.evals.world.companies.northgate.plan import OWNERS, PLAN, QUALIFIED_CHANCE, SERVICES, YEARLY_REPEATS
from roastery.evals.world.companies.persons import acquire
from roastery.evals.world.companies.records import Folk, System, identity, keep, make_folk, spelled
from roastery.evals.world.companies.spending import plan_spend
from roastery.evals.world.companies.tables import dataset, stacked, when
from roastery.evals.world.companies.tracking import Site
from roastery.evals.world.seasons import END, Ints, instants_array

MAILING = Mailing(
    "constant_contact",
    ("Home tips", "Before the season", "Neighbors' offers", "Safety first"),
    (("constant_contact:flow-welcome", "Welcome"), ("constant_contact:flow-reminder", "Yearly Check Reminder"),
     ("constant_contact:flow-review", "Review Request")),
    every=28,
)  # fmt: skip
SITE = Site(("/", "/hvac", "/plumbing", "/roofing", "/financing"), "form_submission", "/quote", "quote", 0.1)
LOCATION_IDS = [f"northgate:{n + 1}" for n in range(len(AREA_NAMES))]
OPEN_STAGES = ("Appointment", "Estimate", "Proposal Sent", "Negotiation")

TARGETS: list[tuple[str, dict[str, str], str, str, float]] = [
    ("revenue", {}, "2026-10-01", "2026-11-01", 260_000),
    ("leads", {"service_area": "Denver"}, "2026-11-01", "2026-12-01", 110),
    ("cost_per_lead", {}, "2026-10-01", "2027-01-01", 70),
]


def make(seed: int, size: int) -> tuple[Mapping[str, pa.Table], Mapping[str, pa.Table]]:
    """Tables and truth. Each part has a stream of random numbers of its own."""
    streams = iter(np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(16))
    plan = PLAN
    spend = plan_spend(next(streams), plan, size)
    persons = acquire(next(streams), plan, spend, size, jobs.surge(plan))
    work = jobs.happen(next(streams), plan, persons)
    rng = next(streams)
    folk = make_folk(rng, size, "en", "en", ("mail.example", "inbox.example", "post.example"))
    hubspot, again, books, readers = _systems(rng, work, size)
    asks = work.households.asks
    moments = contacts.Moments(
        np.arange(size), persons.first_at, np.ones(size, dtype=bool), asks & (rng.random(size) < 0.62)
    )
    seen = contacts.visit(next(streams), plan, spend, persons, moments, MAILING.days, strangers=1.8, consent=0.78)
    tracked = tracking.track(
        next(streams), plan, seen, moments, SITE, hubspot, folk.email, MAILING.platform, readers, MAILING.letters
    )
    rng = next(streams)
    source = pipeline.source_of(rng, seen, size, contacts.PAID, contacts.CALL)
    billed = bills.bill(rng, plan, work, hubspot, books)
    reported = advertising.report(next(streams), plan, spend, seen, moments, np.full(size, 9_000))
    made = creatives.make(next(streams), plan, advertising.ads_of(plan), reported)
    tables = {
        "campaigns": stacked(
            advertising.campaigns_table(plan, made.audience_of, made.assets_of), mailing.campaigns_table(MAILING)
        ),
        "ad_performance": reported,
        "keyword_performance": keywords.keyword_performance(reported),
        "customers": _customers(rng, folk, persons.first_at, work, (hubspot, again, books, readers)),
        **_crm(rng, plan, persons.first_at, work, hubspot, source),
        "transactions": billed.transactions,
        "transaction_lines": billed.lines,
        "refunds": billed.refunds,
        "products": bills.products(),
        "locations": _locations(),
        "promotions": offers.promotions_table(plan),
        "targets": offers.targets_table(plan, TARGETS),
        "touchpoints": tracked.touchpoints,
        "web_events": tracked.events,
        "web_performance": analytics.web_performance(rng, plan, seen, list(SITE.pages)),
        "email_performance": mailing.report(rng, plan, MAILING, plan.days(persons.first_at)),
        "automation_events": mailing.automation(rng, MAILING, readers, persons.first_at),
        "tickets": desk.tickets(
            rng, plan, "hubspot", hubspot.of(work.jobs.person), np.minimum(work.jobs.done_at, END), share=0.05
        ),
        **made.tables,
    }
    truth = {
        "effects": truths.effects(plan, spend, persons, billed.value),
        "spend_variation": spend.variation,
        "fates": truths.fates(plan, persons, billed.value),
        "anomalies": truths.anomalies(plan),
        "promotions": truths.promotions(plan),
        "identity": identity(hubspot, again, books, readers),
        "sales": billed.truth,
        "contacts": tracking.true_contacts(plan, seen, tracked),
        "parameters": truths.parameters(
            plan,
            ("win_chance", {row[0]: row[5] for row in SERVICES}),
            ("sales_cycle_days", {row[0]: row[4] for row in SERVICES}),
            ("lead", {"qualified_chance": QUALIFIED_CHANCE}),
            ("customer", {"yearly_repeats": YEARLY_REPEATS}),
        ),
    }
    return tables, truth


def _systems(rng: np.random.Generator, work: Work, size: int) -> tuple[System, System, System, System]:
    """HubSpot's contacts, some of them twice; QuickBooks' customers; readers of the mail list."""
    asked = np.flatnonzero(work.households.asks)
    twice = asked[rng.random(asked.size) < 0.06]
    return (
        keep("hubspot:", asked, 0xBEEF),
        keep("hubspot:9", twice, 0xBAD),
        keep("quickbooks:", np.unique(work.jobs.person), 0xFACE),
        keep("constant_contact:", asked[rng.random(asked.size) < 0.55], 0xD00D),
    )


def _customers(
    rng: np.random.Generator, folk: Folk, first_at: Ints, work: Work, systems: tuple[System, ...]
) -> pa.Table:
    """HubSpot knows the phone and mostly the e-mail; a second contact has one of them; QuickBooks the e-mail typed."""
    parts = []
    stage = np.array(pipeline.STAGES)[_stages(first_at, work)]
    shares = ((0.90, 0.95, 0.1), (0.55, 0.75, 0.3), (0.96, 0.5, 0.2), (1.0, 0.0, 0.3))
    for system, (mail, phone, typed) in zip(systems, shares, strict=True):
        person, rows = system.person, pa.array(system.person)
        written = rng.random(person.size) < 0.5
        phones = pc.if_else(pa.array(written), folk.phone.take(rows), folk.written_phone.take(rows))
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
                    "segment": picked(["Homeowner", "Landlord", "Business"], np.array([0, 0, 0, 1, 2])[person % 5]),
                    "location_id": picked(LOCATION_IDS, work.households.area[person]),
                    "country": pa.repeat("US", person.size),
                    "marketing_consent": pa.array(rng.random(person.size) < 0.65),
                },
            )
        )
    return stacked(*parts)


def _stages(first_at: Ints, work: Work) -> Ints:
    """customer once a job was agreed, lost when nothing came of it, else by how far it got."""
    size = first_at.size
    bought, open_ = np.zeros(size, dtype=bool), np.zeros(size, dtype=bool)
    bought[work.jobs.person] = True
    open_[work.deals.person[~work.deals.is_closed]] = True
    age = (END - first_at) / 86_400
    return np.select([bought, open_, age > 21, age > 1], [3, 2, 4, 1], 0)


def _crm(
    rng: np.random.Generator, plan: object, first_at: Ints, work: Work, hubspot: System, source: Ints
) -> dict[str, pa.Table]:
    """Leads, opportunities, proposals, appointments and their changes of stage."""
    households, deals, looked = work.households, work.deals, work.inspections
    lead = np.flatnonzero(households.asks)
    number = np.cumsum(households.asks) - 1
    stage = _stages(first_at, work)
    usd = pa.repeat("USD", deals.count)
    own = source[deals.person]
    area = picked(AREA_NAMES, households.area)
    proposed = np.flatnonzero(deals.proposed)
    inspected = deals.person[looked.deal]
    lead_of_deal = pipeline.lead_ids("hubspot:", number[deals.person])
    opportunity_ids = pipeline.opportunity_ids("hubspot:", np.arange(deals.count))
    changes = pipeline.stage_changes(
        [
            ("lead", pipeline.lead_ids("hubspot:", np.arange(lead.size)), first_at[lead], None, "new"),
            ("lead", lead_of_deal, deals.created_at, "contacted", "qualified"),
            ("opportunity", opportunity_ids, deals.created_at, None, OPEN_STAGES[0]),
            ("opportunity", opportunity_ids.take(pa.array(proposed)), deals.sent_at[proposed], "Estimate",
             "Proposal Sent"),
            ("opportunity", opportunity_ids.filter(pa.array(deals.won)), deals.closed_at[deals.won], "Negotiation",
             "Closed Won"),
            ("opportunity", opportunity_ids.filter(pa.array(~deals.won)), deals.closed_at[~deals.won], "Negotiation",
             "Closed Lost"),
        ],
        END - 60,
    )  # fmt: skip
    return {
        "leads": pipeline.leads(
            PLAN, "hubspot:", lead, first_at[lead], source[lead], households.score[lead], stage[lead], hubspot, rng,
            {"service_area": area.take(pa.array(lead)), "location_id": picked(LOCATION_IDS, households.area[lead])},
        ),
        "opportunities": pipeline.opportunities(
            "hubspot:", hubspot, deals.person, deals.created_at, deals.closed_at, deals.won, END - 60, work.price, usd,
            OPEN_STAGES,
            {
                "lead_id": lead_of_deal,
                "campaign_id": picked(
                    [c.curated_id for c in PLAN.campaigns], np.maximum(own, 0), own < 0
                ),
                "opportunity_name": picked([f"{row[0]} job" for row in SERVICES], households.service[deals.person]),
                "pipeline": pa.repeat("Residential", deals.count),
                "owner": picked(OWNERS, deals.owner),
            },
        ),
        "proposals": pipeline.proposals(
            "hubspot:", proposed, deals.sent_at[proposed], deals.closed_at[proposed], deals.won[proposed], END - 60,
            work.price[proposed], usd.take(pa.array(proposed)),
        ),
        "stage_changes": changes,
        "appointments": pipeline.appointments(
            "hubspot:", hubspot, inspected, looked.booked_at, looked.starts_at,
            picked(jobs.STATUSES, looked.status),
            {
                "lead_id": pipeline.lead_ids("hubspot:", number[inspected]),
                "service": picked([row[0] for row in SERVICES], households.service[inspected]),
                "product_id": picked(bills.PRODUCT_IDS, households.service[inspected]),
                "location_id": picked(LOCATION_IDS, households.area[inspected]),
                "amount": money(np.zeros(inspected.size, dtype=np.int64)),
                "currency": pa.repeat("USD", inspected.size),
            },
        ),
    }  # fmt: skip


def _locations() -> pa.Table:
    return dataset(
        "locations",
        {
            "location_id": LOCATION_IDS,
            "location_name": [f"{area} Depot" for area in AREA_NAMES],
            "region": ["Front Range South" if area == "Colorado Springs" else "Front Range" for area in AREA_NAMES],
            "franchise": ["Northgate"] * len(AREA_NAMES),
            "brand": ["Northgate"] * len(AREA_NAMES),
            "country": ["US"] * len(AREA_NAMES),
            "time_zone": ["America/Denver"] * len(AREA_NAMES),
        },
    )
