"""What systems see of the visits: storefront events in contract columns, and the shop's own record of journeys.

Both lose people who refuse consent; each misses some of the rest; links lose their tags. Neither is told the truth.
"""

from dataclasses import dataclass
from urllib.parse import quote

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from roastery.evals.world.ads import ad_index, name_on
from roastery.evals.world.columns import opaque, picked, prefixed
from roastery.evals.world.company import CAMPAIGNS, FLOWS, PRODUCTS, SHOP_DOMAIN
from roastery.evals.world.mail import newsletters
from roastery.evals.world.seasons import DAY_SECONDS, END, Ints, days_of, instants_array
from roastery.evals.world.shop import ONLINE, Orders
from roastery.evals.world.visits import (
    AFFILIATE,
    BARE,
    CLICK_ID_ONLY,
    FLOW,
    NAMED,
    NEWSLETTER,
    ORGANIC_SEARCH,
    ORGANIC_SOCIAL,
    PAID,
    REFERRAL,
    SMS,
    TAGGED,
    Visits,
)

JOURNEY_DAYS = 30
"""The shop's journey of an order goes back to the order before, at most this many days."""
FIRST_CUSTOMER = 7_004_110_000_001
FIRST_ORDER = 5_620_330_000_001

SEARCH_ENGINES = ("https://www.google.com/", "https://www.bing.com/", "https://duckduckgo.com/")
SOCIAL = ("https://www.instagram.com/", "https://m.facebook.com/", "https://www.reddit.com/")
BLOGS = (
    "https://dailygrind.example/best-beans",
    "https://kitchennotes.example/gifts",
    "https://brewforum.example/t/812",
)
INSIDE = f"https://{SHOP_DOMAIN}/"


def customer_numbers(person: Ints) -> Ints:
    return FIRST_CUSTOMER + person * 7


def order_numbers(order: Ints) -> Ints:
    return FIRST_ORDER + order * 13


def shop_customer_ids(person: Ints, mask: np.ndarray | None = None) -> pa.Array:
    """Customers as curated tables name them."""
    return prefixed("shopify:", customer_numbers(person), mask)


@dataclass(frozen=True)
class Links:
    """Tags and referrer with which each visit arrived; text columns, null where absent. click_kind: gclid, fbclid."""

    table: pa.Table

    @classmethod
    def of(cls, rng: np.random.Generator, visits: Visits) -> "Links":
        paid = visits.way == PAID
        safe = np.where(paid, visits.campaign, 0)
        meta = np.array([c.platform == "meta_ads" for c in CAMPAIGNS])[safe] & paid
        dice = rng.random(visits.count)
        tagged = (paid & (visits.link <= NAMED)) | (visits.way >= AFFILIATE) & ~paid
        bio = (visits.way == ORGANIC_SOCIAL) & (dice < 0.15)
        medium = picked([c.medium for c in CAMPAIGNS], safe)
        source = np.select(
            [meta & (dice < 0.7), meta, paid, visits.way == AFFILIATE, visits.way == SMS, visits.way >= NEWSLETTER],
            ["facebook", "instagram", "google", "beanscout", "attentive", "klaviyo"],
            default="instagram",
        )
        other = np.select(
            [visits.way == AFFILIATE, visits.way == SMS, visits.way >= NEWSLETTER],
            ["affiliate", "sms", "email"],
            "social",
        )
        has_tags = pa.array(tagged | bio)
        by_id = (visits.link == TAGGED) & (paid | (visits.way >= NEWSLETTER))
        clicked = paid & (visits.link != BARE) & ((dice < 0.85) | (visits.link == CLICK_ID_ONLY))
        table = pa.table(
            {
                "utm_source": _when(has_tags, pa.array(source)),
                "utm_medium": _when(has_tags, pc.if_else(pa.array(paid), medium, pa.array(other))),
                "utm_campaign": _when(has_tags, _campaign_names(visits, bio)),
                "utm_content": _when(pa.array(tagged & (visits.ad >= 0)), _ad_ids(visits)),
                "utm_id": _when(pa.array(by_id), _campaign_ids(visits)),
                "click_kind": _when(pa.array(clicked), pa.array(np.where(meta, "fbclid", "gclid"))),
                "click_value": _when(pa.array(clicked), _click_values(visits.count, meta)),
                "referrer": _referrers(rng, visits, meta),
            }
        )
        return cls(table)


def _when(mask: pa.Array, values: pa.Array) -> pa.Array:
    return pc.if_else(mask, values, pa.scalar(None, values.type))


def _campaign_names(visits: Visits, bio: np.ndarray) -> pa.Array:
    paid = visits.way == PAID
    own = name_on(days_of(visits.at), np.where(paid, visits.campaign, 0))
    letters = picked([name for _, name in newsletters()], np.where(visits.way == NEWSLETTER, visits.campaign, 0))
    flows = picked([name for _, name in FLOWS], np.where(visits.way == FLOW, visits.campaign, 0))
    rest = pa.array(
        np.select([visits.way == AFFILIATE, visits.way == SMS, bio], ["partners", "text-club", "bio-link"], "")
    )
    choice = np.select([paid, visits.way == NEWSLETTER, visits.way == FLOW], [0, 1, 2], default=3)
    return pc.choose(pa.array(choice), own, letters, flows, rest)


def _campaign_ids(visits: Visits) -> pa.Array:
    """Ids as the platform's link macros write them: without our prefix."""
    own = picked([c.id for c in CAMPAIGNS], np.where(visits.way == PAID, visits.campaign, 0))
    letters = picked([key for key, _ in newsletters()], np.where(visits.way == NEWSLETTER, visits.campaign, 0))
    flows = picked([key for key, _ in FLOWS], np.where(visits.way == FLOW, visits.campaign, 0))
    choice = np.select([visits.way == PAID, visits.way == NEWSLETTER], [0, 1], default=2)
    return pc.choose(pa.array(choice), own, letters, flows)


def _ad_ids(visits: Visits) -> pa.Array:
    index = ad_index()
    key = np.asarray(index["campaign"]) * 100 + np.asarray(index["ad"])
    has_ad = (visits.way == PAID) & (visits.ad >= 0)
    row = np.searchsorted(key, np.where(has_ad, visits.campaign * 100 + visits.ad, 0))
    return index["ad_id"].combine_chunks().take(pa.array(row))


def _click_values(count: int, meta: np.ndarray) -> pa.Array:
    numbers = opaque("", np.arange(count), 0x51A7)
    return pc.binary_join_element_wise(pa.array(np.where(meta, "IwAR2x", "Cj0KCQ")), numbers, "")


def _referrers(rng: np.random.Generator, visits: Visits, meta: np.ndarray) -> pa.Array:
    dice = rng.random(visits.count)
    paid = visits.way == PAID
    bare = paid & (visits.link == BARE)
    search = np.select([dice < 0.84, dice < 0.94], SEARCH_ENGINES[:2], SEARCH_ENGINES[2])
    social = np.select([dice < 0.55, dice < 0.88], SOCIAL[:2], SOCIAL[2])
    blogs = np.select([dice < 0.5, dice < 0.8], BLOGS[:2], BLOGS[2])
    from_meta = np.where(dice < 0.6, "https://l.facebook.com/", "https://l.instagram.com/")
    text = np.select(
        [bare & (dice < 0.5), paid & meta, paid, visits.way == ORGANIC_SEARCH, visits.way == ORGANIC_SOCIAL,
         visits.way == REFERRAL],
        ["", from_meta, SEARCH_ENGINES[0], search, social, blogs],
        default="",
    )  # fmt: skip
    return _when(pa.array(text != ""), pa.array(text))


def _paths(visits: Visits) -> pa.Array:
    pages = ["/", "/collections/coffee", "/collections/gear", "/collections/gifts"]
    pages += ["/products/" + p.name.lower().replace(" – ", "-").replace(" ", "-").replace(".", "") for p in PRODUCTS]
    return picked(pages, (np.arange(visits.count) * 2_654_435_761 >> 7) % len(pages))


@dataclass(frozen=True)
class Seen:
    """Which visits the storefront's own tracker and the shop's journey each recorded (indexes into Visits)."""

    storefront: Ints
    denied: Ints
    shop: Ints
    shop_order: Ints


def see(rng: np.random.Generator, visits: Visits, orders: Orders, next_order: Ints) -> Seen:
    dice, shop_dice = rng.random(visits.count), rng.random(visits.count)
    order = np.maximum(next_order, 0)
    in_journey = (
        (next_order >= 0)
        & (orders.channel[order] == ONLINE)
        & (orders.placed_at[order] - visits.at < JOURNEY_DAYS * DAY_SECONDS - 60)
    )
    shop = np.flatnonzero(visits.is_granted & in_journey & (shop_dice > 0.10))
    return Seen(
        storefront=np.flatnonzero(visits.is_granted & (dice > 0.12)),
        denied=np.flatnonzero(~visits.is_granted & (dice < 0.4)),
        shop=shop,
        shop_order=next_order[shop],
    )


_KINDS = ("page_view", "page_view", "form_submission", "add_to_cart", "checkout", "purchase")


def events(
    rng: np.random.Generator, visits: Visits, seen: Seen, links: Links, orders: Orders, first_order_at: Ints
) -> pa.Table:
    """Rows in the columns of `web_events`, by time: one session per visit seen, tags on its landing page only."""
    index = seen.storefront
    at, converts = visits.at[index], visits.converts[index]
    to_order = np.where(converts >= 0, orders.placed_at[np.maximum(converts, 0)] - at, 0)
    buys, lasts = converts >= 0, to_order > 0
    dice = rng.random((5, index.size))
    wanted = [
        np.ones(index.size, dtype=bool),
        (dice[0] < 0.15) & (lasts | ~buys),
        (dice[1] < 0.03) & ~buys,
        np.where(buys, lasts & (dice[2] < 0.97), dice[2] < 0.10),
        np.where(buys, lasts & (dice[3] < 0.98), dice[3] < 0.03),
        buys,
    ]
    offsets = [np.zeros(index.size, dtype=np.int64), 20 + rng.integers(0, 90, index.size),
               60 + rng.integers(0, 90, index.size), 150 + rng.integers(0, 60, index.size),
               230 + rng.integers(0, 60, index.size), to_order]  # fmt: skip
    visit = np.concatenate([index[w] for w in wanted] + [seen.denied])
    kind = np.concatenate(
        [np.full(w.sum(), k) for k, w in enumerate(wanted)] + [np.zeros(seen.denied.size, dtype=np.int64)]
    )
    offset = np.concatenate(
        [o[w] for o, w in zip(offsets, wanted, strict=True)] + [np.zeros(seen.denied.size, np.int64)]
    )
    known = visits.person < first_order_at.size
    member = known & (visits.at > first_order_at[np.where(known, visits.person, 0)])
    is_mail = visits.way >= NEWSLETTER
    logged_in = member & (rng.random(visits.count) < np.where(is_mail & (visits.way != PAID), 0.8, 0.35))
    moment = visits.at[visit] + offset
    order = np.lexsort((kind, visit, moment))
    order = order[moment[order] < END]
    return _event_rows(visits, links, visit[order], kind[order], moment[order], logged_in)


def _event_rows(visits: Visits, links: Links, visit: Ints, kind: Ints, moment: Ints, logged_in: np.ndarray) -> pa.Table:
    granted = visits.is_granted[visit]
    landing = kind == 0
    named = granted & (logged_in[visit] | (kind == 5))
    take = pa.array(visit)
    tags = {
        name: _when(pa.array(landing), links.table[name].combine_chunks().take(take))
        for name in ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_id")
    }
    click = pc.binary_join_element_wise(links.table["click_kind"], links.table["click_value"], ":")
    referrer = links.table["referrer"].combine_chunks().take(take)
    inner = pa.array(np.where(kind == 1, INSIDE, ""))
    return pa.table(
        {
            "event_id": prefixed("we", np.arange(visit.size) + 10_000_000),
            "anonymous_id": _when(pa.array(granted), opaque("anon-", visits.device[visit], 0xC0FFEE)),
            "customer_id": shop_customer_ids(visits.person[visit], ~named),
            "session_id": _when(pa.array(granted), prefixed("ses", visit + 1)),
            "occurred_at": instants_array(moment),
            "kind": picked(_KINDS, kind),
            "page": _pages(visits, visit, kind),
            "form_id": picked(["newsletter"], np.zeros(visit.size, dtype=np.int64), kind != 2),
            "referrer": pc.if_else(pa.array(landing), referrer, _when(pa.array(kind == 1), inner)),
            **tags,
            "click_id": _when(pa.array(landing & granted), click.combine_chunks().take(take)),
            "consent": picked(["denied", "granted"], granted.astype(np.int64)),
        }
    )


def _pages(visits: Visits, visit: Ints, kind: Ints) -> pa.Array:
    landing = _paths(visits).take(pa.array(visit))
    fixed = picked(["/collections/coffee", "/cart", "/checkout", "/thank-you"], np.clip(kind - 2, 0, 3))
    fixed = pc.if_else(pa.array(kind == 1), pa.scalar("/collections/coffee"), fixed)
    return pc.if_else(pa.array((kind == 0) | (kind == 2)), landing, fixed)


def journeys(rng: np.random.Generator, visits: Visits, seen: Seen, links: Links, orders: Orders) -> pa.Table:
    """The shop's sessions before each order, by order and time; its clock runs a few seconds behind the tracker's."""
    delay = rng.integers(0, 25, seen.shop.size)
    at = np.minimum(visits.at[seen.shop] + delay, orders.placed_at[seen.shop_order])
    order = np.lexsort((at, seen.shop_order))
    visit, of_order, at = seen.shop[order], seen.shop_order[order], at[order]
    take = pa.array(visit)
    tags = {name: links.table[name].combine_chunks().take(take) for name in links.table.column_names}
    query = _query_string(tags)
    page = pc.binary_join_element_wise(pa.scalar(f"https://{SHOP_DOMAIN}"), _paths(visits).take(take), "")
    return pa.table(
        {
            "order_id": pa.array(order_numbers(of_order)),
            "visit_id": pa.array(9_100_000_000_001 + visit * 3),
            "occurred_at": instants_array(at),
            "landing_page": pc.binary_join_element_wise(page, query, ""),
            "referrer": tags["referrer"],
            **{name: tags[name] for name in ("utm_source", "utm_medium", "utm_campaign", "utm_content")},
        }
    )


def _query_string(tags: dict[str, pa.Array]) -> pa.Array:
    """?utm_source=…&… as browsers write it; '' when the link carries nothing."""
    pairs = [(pa.scalar(name), _encoded(tags[name])) for name in ("utm_source", "utm_medium", "utm_campaign")]
    pairs += [(pa.scalar(name), tags[name]) for name in ("utm_content", "utm_id")]
    pairs.append((tags["click_kind"], tags["click_value"]))
    # Joining with null_handling="skip" loses rows whose parts are all null (pyarrow 26), hence the leading "&".
    parts = [
        pc.coalesce(pc.binary_join_element_wise(pa.scalar("&"), n, pa.scalar("="), v, ""), pa.scalar(""))
        for n, v in pairs
    ]
    return pc.replace_substring_regex(pc.binary_join_element_wise(*parts, ""), "^&", "?")


def _encoded(values: pa.Array) -> pa.Array:
    """Percent-encoded, once per distinct value."""
    coded = values.dictionary_encode()
    spelled = pa.array([quote(text, safe="") for text in coded.dictionary.to_pylist()], pa.string())
    return spelled.take(coded.indices)
