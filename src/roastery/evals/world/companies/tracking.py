"""What the systems record of contacts: storefront events, touchpoints of mail, calls and apps; the rest is lost."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from roastery.evals.world.columns import opaque, picked, prefixed
from roastery.evals.world.companies.contacts import (
    BARE,
    CALL,
    CLICK_ID_ONLY,
    DIRECT,
    EMAIL,
    LINKS,
    NAMED,
    ORGANIC_SEARCH,
    ORGANIC_SOCIAL,
    PAID,
    REFERRAL,
    TAGGED,
    WAYS,
    Contacts,
    Moments,
)
from roastery.evals.world.companies.plan import Plan
from roastery.evals.world.companies.records import System
from roastery.evals.world.companies.tables import dataset, stacked, when
from roastery.evals.world.seasons import Ints, instants_array

SOURCES = {"meta_ads": "facebook", "google_ads": "google", "tiktok_ads": "tiktok", "linkedin_ads": "linkedin"}
MEDIUMS = {"meta_ads": "paid_social", "google_ads": "cpc", "tiktok_ads": "paid_social", "linkedin_ads": "paid_social"}
CLICK_IDS = {"meta_ads": "fbclid", "google_ads": "gclid", "tiktok_ads": "ttclid", "linkedin_ads": "li_fat_id"}
REFERRERS = {
    ORGANIC_SEARCH: "https://www.google.com/",
    ORGANIC_SOCIAL: "https://www.instagram.com/",
    REFERRAL: "https://www.localguide.example/best-of",
}


@dataclass(frozen=True)
class Site:
    """A company's site. pages: where visits land; final: kind of the event in which a moment is made there."""

    pages: Sequence[str]
    final: str
    final_page: str
    form_id: str | None = None
    logged_in: float = 0.3


@dataclass(frozen=True)
class Tracked:
    """events: rows of `web_events`; touchpoints: rows of `touchpoints`; seen: indexes of contacts that either holds."""

    events: pa.Table
    touchpoints: pa.Table
    seen: Ints


def track(
    rng: np.random.Generator,
    plan: Plan,
    contacts: Contacts,
    moments: Moments,
    site: Site,
    site_records: System,
    emails: pa.Array,
    mail_platform: str,
    mail_records: System,
    letters: list[tuple[str, str]],
) -> Tracked:
    """Events of visits with consent (a few are lost), mail clicks by recipient, calls by caller."""
    dice = rng.random(contacts.count)
    on_site = np.isin(contacts.way, (DIRECT, ORGANIC_SEARCH, ORGANIC_SOCIAL, REFERRAL, PAID))
    seen = np.flatnonzero(on_site & contacts.is_granted & (dice > 0.10))
    denied = np.flatnonzero(on_site & ~contacts.is_granted & (dice < 0.4))
    events = _events(rng, plan, contacts, moments, site, site_records, emails, seen, denied)
    mailed = np.flatnonzero((contacts.way == EMAIL) & contacts.is_known)
    called = np.flatnonzero((contacts.way == CALL) & contacts.is_known & (dice < 0.8))
    touched = stacked(
        _mail(contacts, mailed, mail_platform, mail_records, letters), _calls(plan, contacts, called, site_records)
    )
    return Tracked(events, touched, np.sort(np.concatenate([seen, mailed, called])))


def _tags(plan: Plan, contacts: Contacts, rows: Ints) -> dict[str, pa.Array]:
    paid = contacts.way[rows] == PAID
    link = contacts.link[rows]
    campaign = np.where(paid, contacts.campaign[rows], 0)
    platform = [c.platform for c in plan.campaigns]
    by_name, by_id = paid & (link <= NAMED), paid & (link == TAGGED)
    clicked = paid & (link != BARE) & (link != NAMED)
    value = opaque("", rows, 0x51A7)
    click = pc.binary_join_element_wise(picked([CLICK_IDS[p] for p in platform], campaign), value, ":")
    referrer = np.select([contacts.way[rows] == way for way in REFERRERS], list(REFERRERS.values()), "")
    home = np.array([f"https://l.{SOURCES[p]}.com/" for p in platform])[campaign]
    referrer = np.where(paid & (link >= CLICK_ID_ONLY), home, referrer)
    return {
        "utm_source": when(by_name, picked([SOURCES[p] for p in platform], campaign)),
        "utm_medium": when(by_name, picked([MEDIUMS[p] for p in platform], campaign)),
        "utm_campaign": when(by_name, picked([c.name for c in plan.campaigns], campaign)),
        "utm_id": when(by_id, picked([c.id for c in plan.campaigns], campaign)),
        "click_id": when(clicked, click),
        "referrer": when(referrer != "", pa.array(referrer)),
    }


def _events(
    rng: np.random.Generator,
    plan: Plan,
    contacts: Contacts,
    moments: Moments,
    site: Site,
    records: System,
    emails: pa.Array,
    seen: Ints,
    denied: Ints,
) -> pa.Table:
    """One session per visit seen: a landing page view, maybe a second page, and the moment made in it."""
    made = contacts.moment[seen] >= 0
    second = rng.random(seen.size) < 0.35
    visit = np.concatenate([seen, seen[second], seen[made], denied])
    kind = np.concatenate(
        [np.full(n, k) for k, n in enumerate((seen.size, int(second.sum()), int(made.sum())))]
        + [np.zeros(denied.size, dtype=np.int64)]
    )
    at = contacts.at[visit] + np.where(kind == 1, 45, 0)
    final = kind == 2
    at = np.where(final, moments.at[np.maximum(contacts.moment[visit], 0)], at)
    order = np.lexsort((kind, visit, at))
    visit, kind, at, final = visit[order], kind[order], at[order], final[order]
    granted, landing = contacts.is_granted[visit], kind == 0
    known = contacts.is_known[visit]
    person = np.where(known, contacts.person[visit], -1)
    login = rng.random(contacts.count) < site.logged_in
    again = known & (contacts.moment[visit] < 0) & login[visit] & _has_converted(contacts, moments)[visit]
    named = granted & (final | again)
    tags = {
        name: when(landing & granted if name == "click_id" else landing, values)
        for name, values in _tags(plan, contacts, visit).items()
    }
    with_email = final & (rng.random(visit.size) < 0.9) if site.final == "form_submission" else np.zeros_like(final)
    page = picked(
        [*site.pages, site.final_page], np.where(final, len(site.pages), (visit * 7919 >> 5) % len(site.pages))
    )
    return dataset(
        "web_events",
        {
            "event_id": prefixed("ev", np.arange(visit.size) + 20_000_000),
            "anonymous_id": when(granted, opaque("anon-", contacts.device[visit], 0xC0FFEE)),
            "customer_id": when(named & (site.final != "form_submission"), records.of(person)),
            "session_id": when(granted, prefixed("ses", visit + 1)),
            "occurred_at": instants_array(at),
            "kind": picked(["page_view", "page_view", site.final], kind),
            "page": page,
            "form_id": when(final & (site.form_id is not None), pa.array([site.form_id or ""] * visit.size)),
            **tags,
            "consent": picked(["denied", "granted"], granted.astype(np.int64)),
            "email": when(with_email, emails.take(pa.array(np.maximum(person, 0)))),
        },
    )


def _has_converted(contacts: Contacts, moments: Moments) -> np.ndarray:
    """Whether the visitor had converted before the contact."""
    first = np.full(int(contacts.person.max()) + 1, np.iinfo(np.int64).max)
    np.minimum.at(first, moments.person, moments.at)
    return contacts.at > first[contacts.person]


def _mail(contacts: Contacts, rows: Ints, platform: str, records: System, letters: list[tuple[str, str]]) -> pa.Table:
    known = records.of(contacts.person[rows])
    rows, known = rows[known.is_valid().to_numpy(zero_copy_only=False)], known.drop_null()
    return dataset(
        "touchpoints",
        {
            "touchpoint_id": prefixed(f"{platform}:click-", rows + 1),
            "customer_id": known,
            "occurred_at": instants_array(contacts.at[rows]),
            "channel": pa.repeat("email", rows.size),
            "platform": pa.repeat(platform, rows.size),
            "campaign_id": picked([key for key, _ in letters], contacts.campaign[rows]),
            "kind": pa.repeat("email_click", rows.size),
            "source_system": pa.repeat(platform, rows.size),
        },
    )


def _calls(plan: Plan, contacts: Contacts, rows: Ints, records: System) -> pa.Table:
    by_ad = contacts.campaign[rows] >= 0
    campaign = np.maximum(contacts.campaign[rows], 0)
    return dataset(
        "touchpoints",
        {
            "touchpoint_id": prefixed("calls:", rows + 1),
            "customer_id": records.of(contacts.person[rows]),
            "occurred_at": instants_array(contacts.at[rows]),
            "channel": when(by_ad, pa.repeat("paid_search", rows.size)),
            "platform": when(by_ad, picked([c.platform for c in plan.campaigns], campaign)),
            "campaign_id": when(by_ad, picked([c.curated_id for c in plan.campaigns], campaign)),
            "kind": pa.repeat("call", rows.size),
            "source_system": pa.repeat("calls", rows.size),
        },
    )


def true_contacts(plan: Plan, contacts: Contacts, tracked: Tracked) -> pa.Table:
    """Truth: every contact as it was, seen or not."""
    ads = np.isin(contacts.way, (PAID, CALL)) & (contacts.campaign >= 0)
    return pa.table(
        {
            "contact": pa.array(np.arange(contacts.count)),
            "person": when(contacts.is_known, prefixed("person-", contacts.person)),
            "occurred_at": instants_array(contacts.at),
            "way": picked(WAYS, contacts.way),
            "campaign_id": picked([c.curated_id for c in plan.campaigns], np.maximum(contacts.campaign, 0), ~ads),
            "link": picked(LINKS, contacts.link),
            "is_granted": pa.array(contacts.is_granted),
            "is_seen": pa.array(np.isin(np.arange(contacts.count), tracked.seen)),
        }
    )
