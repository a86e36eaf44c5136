"""Juniper made whole: every dataset of a group of practices and the truth behind it."""

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
    subscribing,
    tracking,
    truths,
)
from roastery.evals.world.companies.juniper import bills, care
from roastery.evals.world.companies.juniper.plan import LOCATIONS, PACKAGES, PLAN, SERVICES, TIERS
from roastery.evals.world.companies.mailing import Mailing
from roastery.evals.world.companies.persons import acquire
from roastery.evals.world.companies.records import Folk, System, identity, keep, make_folk, spelled
from roastery.evals.world.companies.spending import plan_spend
from roastery.evals.world.companies.tables import dataset, stacked, when
from roastery.evals.world.companies.tracking import Site
from roastery.evals.world.seasons import END, Ints, instants_array

MAILING = Mailing(
    "klaviyo",
    ("Tipps für den Rücken", "Neue Termine", "Ihre Mitgliedschaft", "Ernährung im Alltag"),
    (("klaviyo:flow-willkommen", "Willkommen"), ("klaviyo:flow-rueckkehr", "Wiedersehen"),
     ("klaviyo:flow-erinnerung", "Terminerinnerung")),
)  # fmt: skip
SITE = Site(("/", "/physiotherapie", "/massage", "/akupunktur", "/preise"), "form_submission", "/termin", "anfrage")
LOCATION_IDS = [f"loc-{n + 1}" for n in range(len(LOCATIONS))]

TARGETS: list[tuple[str, dict[str, str], str, str, float]] = [
    ("revenue", {}, "2026-10-01", "2026-11-01", 62_000),
    ("bookings", {"location": "loc-1"}, "2026-11-01", "2026-12-01", 320),
    ("mrr", {}, "2026-11-01", "2027-01-01", 22_000),
]


def make(seed: int, size: int) -> tuple[Mapping[str, pa.Table], Mapping[str, pa.Table]]:
    """Tables and truth. Each part has a stream of random numbers of its own."""
    streams = iter(np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(16))
    plan = PLAN
    spend = plan_spend(next(streams), plan, size)
    persons = acquire(next(streams), plan, spend, size)
    cared = care.happen(next(streams), plan, persons)
    rng = next(streams)
    folk = make_folk(rng, size, "de", "de", ("mail.example", "posteo.example", "web.example"))
    praxis, stripe, readers = _systems(rng, cared, size)
    moments = _moments(rng, persons.first_at, cared)
    seen = contacts.visit(next(streams), plan, spend, persons, moments, MAILING.days, strangers=1.8, consent=0.66)
    tracked = tracking.track(
        next(streams), plan, seen, moments, SITE, praxis, folk.email, MAILING.platform, readers, MAILING.letters
    )
    rng = next(streams)
    billed = bills.bill(rng, plan, cared, praxis, stripe, LOCATION_IDS)
    reported = advertising.report(next(streams), plan, spend, seen, moments, np.full(moments.person.size, 6_000))
    made = creatives.make(next(streams), plan, advertising.ads_of(plan), reported)
    visits, patients = cared.visits, cared.patients
    lead = np.flatnonzero(patients.has_lead)
    number = _lead_numbers(patients)
    tables = {
        "campaigns": stacked(
            advertising.campaigns_table(plan, made.audience_of, made.assets_of), mailing.campaigns_table(MAILING)
        ),
        "ad_performance": reported,
        "keyword_performance": keywords.keyword_performance(reported),
        "customers": _customers(rng, folk, persons.first_at, cared, praxis, stripe, readers),
        "leads": pipeline.leads(
            plan, "praxis:", lead, persons.first_at[lead],
            pipeline.source_of(rng, seen, moments.person.size, contacts.PAID, contacts.CALL)[lead],
            patients.score[lead], _stages(persons.first_at, cared)[lead], praxis, rng,
            {"location_id": picked(LOCATION_IDS, patients.location[lead])},
        ),
        "appointments": pipeline.appointments(
            "praxis:", praxis, visits.person, visits.booked_at, visits.starts_at, picked(care.STATUSES, visits.status),
            {
                "lead_id": pipeline.lead_ids(
                    "praxis:", np.maximum(number[visits.person], 0), ~visits.is_first | (number[visits.person] < 0)
                ),
                "service": picked([row[0] for row in SERVICES], visits.service),
                "product_id": picked(bills.PRODUCT_IDS, visits.service),
                "location_id": picked(LOCATION_IDS, visits.location),
                "amount": money(np.array([row[1] for row in SERVICES])[visits.service]),
                "currency": pa.repeat("EUR", visits.person.size),
            },
        ),
        "transactions": billed.transactions,
        "transaction_lines": billed.lines,
        "refunds": billed.refunds,
        "subscriptions": subscribing.table("stripe:", cared.members, TIERS, stripe, billed.member_currency),
        "subscription_events": subscribing.events("stripe:", cared.members, TIERS, billed.member_currency),
        "products": bills.products(),
        "locations": _locations(),
        "promotions": offers.promotions_table(plan),
        "targets": offers.targets_table(plan, TARGETS),
        "touchpoints": tracked.touchpoints,
        "web_events": tracked.events,
        "web_performance": analytics.web_performance(rng, plan, seen, list(SITE.pages)),
        "email_performance": mailing.report(rng, plan, MAILING, plan.days(persons.first_at)),
        "automation_events": mailing.automation(rng, MAILING, readers, persons.first_at),
        "tickets": desk.tickets(rng, plan, "zendesk", praxis.of(visits.person), visits.starts_at, share=0.02),
        **made.tables,
    }  # fmt: skip
    truth = {
        "effects": truths.effects(plan, spend, persons, billed.value),
        "spend_variation": spend.variation,
        "fates": truths.fates(plan, persons, billed.value),
        "anomalies": truths.anomalies(plan),
        "promotions": truths.promotions(plan),
        "identity": identity(praxis, stripe, readers),
        "sales": billed.truth,
        "contacts": tracking.true_contacts(plan, seen, tracked),
        "parameters": truths.parameters(
            plan,
            ("churn_hazard_a_month", {tier.name: tier.hazard for tier in TIERS}),
            ("booking_chance", {row[0]: row[3] for row in SERVICES}),
            ("sessions_per_patient", {row[0]: row[4] for row in SERVICES}),
            ("package_sessions", {row[0]: row[2] for row in PACKAGES}),
        ),
    }
    return tables, truth


def _systems(rng: np.random.Generator, cared: care.Care, size: int) -> tuple[System, System, System]:
    """The practice's own file, Stripe's customers, readers of the mail list."""
    paying = np.unique(np.concatenate([cared.visits.person, cared.package_person, cared.members.person]))
    return (
        keep("praxis:P", np.arange(size), 0xBEEF),
        keep("stripe:cus_", paying, 0xFACE),
        keep("klaviyo:", np.flatnonzero(rng.random(size) < 0.68), 0xD00D),
    )


def _moments(rng: np.random.Generator, first_at: Ints, cared: care.Care) -> contacts.Moments:
    """First contacts (enquiries and direct bookings), packages and memberships."""
    later = np.concatenate([cared.package_person, cared.members.person])
    times = np.concatenate([cared.package_at, cared.members.started_at])
    size = first_at.size
    return contacts.Moments(
        np.concatenate([np.arange(size), later]),
        np.concatenate([first_at, times]),
        np.concatenate([np.ones(size, bool), np.zeros(later.size, bool)]),
        np.concatenate([rng.random(size) < 0.78, np.zeros(later.size, bool)]),
    )


def _lead_numbers(patients: care.Patients) -> Ints:
    return np.where(patients.has_lead, np.cumsum(patients.has_lead) - 1, -1)


def _stages(first_at: Ints, cared: care.Care) -> Ints:
    """customer after a completed session, qualified when booked, else contacted, then lost after a month."""
    size = first_at.size
    done = np.zeros(size, dtype=bool)
    done[cared.visits.person[cared.visits.status == care.COMPLETED]] = True
    booked = np.zeros(size, dtype=bool)
    booked[cared.visits.person] = True
    age = (END - first_at) / 86_400
    return np.select([done, booked, age > 30, age > 1], [3, 2, 4, 1], 0)


def _customers(
    rng: np.random.Generator, folk: Folk, first_at: Ints, cared: care.Care, praxis: System, stripe: System,
    readers: System,
) -> pa.Table:  # fmt: skip
    """The practice knows the phone and mostly the e-mail, Stripe the e-mail, the mail list the e-mail as typed."""
    stage = np.array(pipeline.STAGES)[_stages(first_at, cared)]
    country = np.array([row[2] for row in LOCATIONS])[cared.patients.location]
    parts = []
    for system, mail, phone, typed in ((praxis, 0.93, 0.97, 0.1), (stripe, 1.0, 0.15, 0.0), (readers, 1.0, 0.0, 0.3)):
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
                    "segment": picked(["Selbstzahler", "Kassenpatient", "Firmenkunde"], person % 3),
                    "location_id": picked(LOCATION_IDS, cared.patients.location[person]),
                    "country": pa.array(country[person]),
                    "marketing_consent": pa.array(rng.random(person.size) < 0.6),
                },
            )
        )
    return stacked(*parts)


def _locations() -> pa.Table:
    return dataset(
        "locations",
        {
            "location_id": LOCATION_IDS,
            "location_name": [row[0] for row in LOCATIONS],
            "region": [row[1] for row in LOCATIONS],
            "franchise": ["Juniper"] * len(LOCATIONS),
            "brand": ["Juniper"] * len(LOCATIONS),
            "country": [row[2] for row in LOCATIONS],
            "time_zone": [row[3] for row in LOCATIONS],
        },
    )
