"""Leads, appointments, opportunities and proposals as rows of their datasets."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from roastery.evals.world.columns import money, picked, prefixed
from roastery.evals.world.companies.plan import PLATFORM_CHANNELS, Plan
from roastery.evals.world.companies.records import System
from roastery.evals.world.companies.tables import dataset, stacked, when
from roastery.evals.world.seasons import Floats, Ints, instants_array

STAGES = ("new", "contacted", "qualified", "customer", "lost")


def lead_ids(prefix: str, lead: Ints, mask: Any = None) -> pa.Array:
    return prefixed(f"{prefix}lead-", np.asarray(lead) + 3001, mask)


def leads(
    plan: Plan, prefix: str, person: Ints, at: Ints, campaign: Ints, score: Floats, stage: Ints, records: System,
    rng: np.random.Generator, columns: dict[str, pa.Array],
) -> pa.Table:  # fmt: skip
    """Rows of `leads`. campaign: what the form or call carried, −1 for nothing; a few scores were never computed."""
    other = picked(["organic_search", "referral", "direct"], rng.choice(3, size=person.size, p=[0.5, 0.2, 0.3]))
    channels = [PLATFORM_CHANNELS[c.platform] for c in plan.campaigns]
    own = picked(channels, np.maximum(campaign, 0), campaign < 0)
    return dataset(
        "leads",
        {
            "lead_id": lead_ids(prefix, np.arange(person.size)),
            "customer_id": records.of(person),
            "created_at": instants_array(at),
            "channel": pc.coalesce(own, other),
            "campaign_id": picked([c.curated_id for c in plan.campaigns], np.maximum(campaign, 0), campaign < 0),
            "score": when(rng.random(person.size) < 0.97, pa.array(np.round(np.clip(score, 1, 99)))),
            "stage": picked(STAGES, stage),
            **columns,
        },
    )


def appointments(
    prefix: str, records: System, person: Ints, booked_at: Ints, starts_at: Ints, status: pa.Array,
    columns: dict[str, pa.Array],
) -> pa.Table:  # fmt: skip
    """Rows of `appointments`."""
    return dataset(
        "appointments",
        {
            "appointment_id": prefixed(f"{prefix}apt-", np.arange(person.size) + 1),
            "customer_id": records.of(person),
            "booked_at": instants_array(booked_at),
            "starts_at": instants_array(starts_at),
            "status": status,
            **columns,
        },
    )


def opportunity_ids(prefix: str, number: Ints, mask: Any = None) -> pa.Array:
    return prefixed(f"{prefix}opp-", np.asarray(number) + 5001, mask)


def opportunities(
    prefix: str, records: System, person: Ints, created_at: Ints, closed_at: Ints, won: np.ndarray, now: int,
    amount: Ints, currency: pa.Array, open_stages: Sequence[str], columns: dict[str, pa.Array],
) -> pa.Table:  # fmt: skip
    """Rows of `opportunities`: closed ones by `now` are won or lost, the others stand at a stage by their age."""
    closed = closed_at < now
    part = (now - created_at) / np.maximum(closed_at - created_at, 1)
    step = np.clip((part * len(open_stages)).astype(np.int64), 0, len(open_stages) - 1)
    names = [*open_stages, "Closed Lost", "Closed Won"]
    stage = np.where(closed, len(open_stages) + won.astype(np.int64), step)
    return dataset(
        "opportunities",
        {
            "opportunity_id": opportunity_ids(prefix, np.arange(person.size)),
            "customer_id": records.of(person),
            "stage": picked(names, stage),
            "amount": money(amount),
            "currency": currency,
            "created_at": instants_array(created_at),
            "closed_at": instants_array(closed_at, ~closed),
            "is_closed": pa.array(closed),
            "is_won": pa.array(closed & won),
            **columns,
        },
    )


def proposals(
    prefix: str, opportunity: Ints, sent_at: Ints, decided_at: Ints, accepted: np.ndarray, now: int, amount: Ints,
    currency: pa.Array,
) -> pa.Table:  # fmt: skip
    """Rows of `proposals` of opportunities; undecided ones by `now` are sent."""
    shown = sent_at < now
    opportunity, sent_at, decided_at, accepted, amount = (
        x[shown] for x in (opportunity, sent_at, decided_at, accepted, amount)
    )
    decided = decided_at < now
    return dataset(
        "proposals",
        {
            "proposal_id": prefixed(f"{prefix}prop-", np.arange(opportunity.size) + 1),
            "opportunity_id": opportunity_ids(prefix, opportunity),
            "sent_at": instants_array(sent_at),
            "decided_at": instants_array(decided_at, ~decided),
            "status": picked(["sent", "declined", "accepted"], np.where(decided, 1 + accepted, 0)),
            "amount": money(amount),
            "currency": currency.filter(pa.array(shown)),
        },
    )


def stage_changes(parts: list[tuple[str, pa.Array, Ints, str | None, str]], now: int) -> pa.Table:
    """Rows of `stage_changes` that happened before `now`: (object type, ids, when, from, to)."""
    tables = []
    for kind, ids, at, before, after in parts:
        happened = at < now
        tables.append(
            dataset(
                "stage_changes",
                {
                    "object_type": pa.repeat(kind, int(happened.sum())),
                    "object_id": ids.filter(pa.array(happened)),
                    "changed_at": instants_array(at[happened]),
                    "from_stage": pa.array([before] * int(happened.sum()), pa.string()),
                    "to_stage": pa.repeat(after, int(happened.sum())),
                },
            )
        )
    return stacked(*tables)


def source_of(rng: np.random.Generator, contacts: Any, moment_count: int, paid_way: int, call_way: int) -> Ints:
    """The campaign that the form or call of each moment carried: of the visit in which it was made, if tagged."""
    found = np.full(moment_count, -1)
    own = np.isin(contacts.way, (paid_way, call_way)) & (contacts.moment >= 0) & (contacts.link <= 1)
    found[contacts.moment[own]] = contacts.campaign[own]
    return found
