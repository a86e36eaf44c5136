# ruff: noqa: S608 (names in SQL come from code)
"""How each derived table is brought up to date for some keys only, for tables too large to be made anew.

A step's SQL stays the same: it runs over its inputs narrowed to the keys that a change can reach, and the rows of those
keys are replaced. What has no entry here is made anew whenever one of its inputs changes.

In SQL: `keys` holds the affected keys (column key), delta.<table> the rows that differ, n_<table> a narrowed input.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Partly:
    """Keys by the input whose change reaches them, what belongs to the keys, and how inputs are narrowed to them.

    own: conditions over the table, no row meeting two. more: SELECTs that add keys until no new one is found. A changed
    input without an entry in keys makes the whole table anew.
    """

    keys: Mapping[str, str]
    own: tuple[str, ...]
    narrow: Mapping[str, str]
    more: tuple[str, ...] = field(default=())


KEYS = "(SELECT key FROM keys)"


def among(column: str, table: str) -> str:
    return f"SELECT * FROM {table} WHERE {column} IN {KEYS}"


def _of(kind: str) -> str:
    """Keys of one kind, which are written `kind|value`."""
    return f"(SELECT substr(key, {len(kind) + 2}) FROM keys WHERE starts_with(key, '{kind}|'))"


EMAIL, PHONE = "nullif(split_part(email, ':', 3), '')", "nullif(split_part(phone, ':', 3), '')"
IS_TYPED = "(email IS NOT NULL OR phone IS NOT NULL)"
VISITOR = "coalesce(anonymous_id, 'customer:' || customer_id, 'event:' || event_id)"
WHO = "coalesce(customer_id, 'anonymous:' || anonymous_id, 'touch:' || touchpoint_id)"
# By the columns themselves: to put WHO together for every row takes longer than all the rest.
UNKNOWN = "(SELECT substr(key, 11) FROM keys WHERE starts_with(key, 'anonymous:'))"
ALONE = "(SELECT substr(key, 7) FROM keys WHERE starts_with(key, 'touch:'))"
OF_WHO = (
    f"customer_id IN {KEYS}",
    f"customer_id IS NULL AND anonymous_id IN {UNKNOWN}",
    f"customer_id IS NULL AND anonymous_id IS NULL AND touchpoint_id IN {ALONE}",
)
WEB_EVENT = "(SELECT substr(key, 5) FROM keys WHERE starts_with(key, 'web:'))"

EVIDENCE = Partly(
    keys={
        "curated.customers": f"""SELECT unnest(['email|' || {EMAIL}, 'phone|' || {PHONE},
            'external_customer|' || external_customer_id, 'external_customer|' || customer_id])
            FROM delta.curated_customers""",
        "curated.web_events": f"""SELECT unnest(['email|' || {EMAIL}, 'phone|' || {PHONE}, 'device|' || anonymous_id,
            'login|' || customer_id, 'click|' || click_id, 'form|' || {EMAIL} || '|' || {PHONE}])
            FROM delta.curated_web_events WHERE {IS_TYPED} OR customer_id IS NOT NULL""",
        "curated.touchpoints": """SELECT unnest(['device|' || anonymous_id, 'click|' || click_id])
            FROM delta.curated_touchpoints WHERE customer_id IS NOT NULL""",
        "curated.transactions": "SELECT 'order|' || external_order_id FROM delta.curated_transactions",
        "curated.leads": "SELECT 'click|' || click_id FROM delta.curated_leads",
    },
    more=(
        f"SELECT 'email|' || mailbox FROM meta.addresses WHERE hash IN {_of('email')}",
        f"SELECT 'email|' || hash FROM meta.addresses WHERE mailbox IN {_of('email')}",
    ),
    own=("kind || '|' || base IN (SELECT key FROM keys)",),
    narrow={
        "curated.customers": f"""SELECT * FROM curated.customers WHERE {EMAIL} IN {_of("email")}
            OR {PHONE} IN {_of("phone")} OR external_customer_id IN {_of("external_customer")}
            OR customer_id IN {_of("external_customer")}""",
        "curated.web_events": f"""
            SELECT * FROM curated.web_events WHERE email IS NOT NULL AND {EMAIL} IN {_of("email")}
            UNION ALL SELECT * FROM curated.web_events WHERE phone IS NOT NULL AND {PHONE} IN {_of("phone")}
            UNION ALL SELECT * FROM curated.web_events WHERE anonymous_id IN {_of("device")}
            UNION ALL SELECT * FROM curated.web_events WHERE {IS_TYPED} AND customer_id IN {_of("login")}
            UNION ALL SELECT * FROM curated.web_events WHERE click_id IN {_of("click")}""",
        "curated.touchpoints": f"""
            SELECT * FROM curated.touchpoints WHERE anonymous_id IN {_of("device")}
            UNION ALL SELECT * FROM curated.touchpoints WHERE click_id IN {_of("click")}""",
        "curated.transactions": f"SELECT * FROM curated.transactions WHERE external_order_id IN {_of('order')}",
        "curated.leads": f"SELECT * FROM curated.leads WHERE click_id IN {_of('click')}",
    },
)

# Every record of the components of before and of now.
LABELS = Partly(
    keys={
        "work.evidence": "SELECT holder FROM delta.work_evidence",
        "curated.customers": "SELECT customer_id FROM delta.curated_customers",
        "curated.identity_unlinks": """SELECT unnest([customer_id, other_customer_id])
            FROM delta.curated_identity_unlinks""",
    },
    more=(
        """SELECT holder FROM work.evidence SEMI JOIN (
            SELECT kind, token FROM work.evidence WHERE holder IN (SELECT key FROM keys)) USING (kind, token)""",
        """SELECT customer_id FROM work.labels WHERE person_id IN (
            SELECT person_id FROM work.labels WHERE customer_id IN (SELECT key FROM keys))""",
    ),
    own=("customer_id IN (SELECT key FROM keys)",),
    narrow={
        "work.evidence": among("holder", "work.evidence"),
        "curated.customers": among("customer_id", "curated.customers"),
    },
)

TOKENS = Partly(
    keys={
        "curated.customers": f"SELECT unnest([{EMAIL}, {PHONE}]) FROM delta.curated_customers",
        "work.labels": f"""SELECT unnest([{EMAIL}, {PHONE}]) FROM curated.customers
            WHERE customer_id IN (SELECT customer_id FROM delta.work_labels)""",
    },
    more=(
        f"SELECT mailbox FROM meta.addresses WHERE hash IN {KEYS}",
        f"SELECT hash FROM meta.addresses WHERE mailbox IN {KEYS}",
    ),
    own=(f"token IN {KEYS}",),
    narrow={
        "curated.customers": f"SELECT * FROM curated.customers WHERE {EMAIL} IN {KEYS} OR {PHONE} IN {KEYS}",
    },
)

NAMING_CUSTOMERS = (
    *("customers", "transactions", "touchpoints", "web_events", "leads", "opportunities", "subscriptions"),
    *("appointments", "tickets", "automation_events"),
)
PEOPLE = Partly(
    keys={
        "work.labels": "SELECT customer_id FROM delta.work_labels",
        **{f"curated.{name}": f"SELECT customer_id FROM delta.curated_{name}" for name in NAMING_CUSTOMERS},
    },
    own=(f"customer_id IN {KEYS}",),
    narrow={f"curated.{name}": among("customer_id", f"curated.{name}") for name in NAMING_CUSTOMERS},
)

PERSONS = Partly(
    keys={
        "work.people": "SELECT person_id FROM delta.work_people",
        "curated.customers": """SELECT person_id FROM work.people
            WHERE customer_id IN (SELECT customer_id FROM delta.curated_customers)""",
    },
    own=(f"customer_id IN {KEYS}",),
    narrow={
        "work.people": among("person_id", "work.people"),
        "curated.customers": """SELECT * FROM curated.customers
            WHERE customer_id IN (SELECT customer_id FROM n_work_people)""",
    },
)

WEB_VISITS = Partly(
    keys={
        "curated.web_events": f"SELECT {VISITOR} FROM delta.curated_web_events",
        "work.labels": f"""SELECT {VISITOR} FROM curated.web_events
            WHERE customer_id IN (SELECT customer_id FROM delta.work_labels)""",
        "work.tokens": f"""SELECT {VISITOR} FROM curated.web_events
            WHERE (email IS NOT NULL AND {EMAIL} IN (SELECT token FROM delta.work_tokens))
               OR (phone IS NOT NULL AND {PHONE} IN (SELECT token FROM delta.work_tokens))""",
    },
    own=(f"visitor IN {KEYS}",),
    narrow={
        "curated.web_events": f"""
            SELECT * FROM curated.web_events WHERE anonymous_id IN {KEYS}
            UNION ALL SELECT * FROM curated.web_events WHERE anonymous_id IS NULL AND {VISITOR} IN {KEYS}""",
        "work.tokens": f"""SELECT * FROM work.tokens WHERE token IN (
            SELECT unnest([{EMAIL}, {PHONE}]) FROM n_curated_web_events)""",
    },
)

SEEN_AS = Partly(
    keys={
        "work.web_visits": "SELECT anonymous_id FROM delta.work_web_visits",
        "curated.touchpoints": "SELECT anonymous_id FROM delta.curated_touchpoints",
        "work.labels": """SELECT anonymous_id FROM curated.touchpoints
            WHERE customer_id IN (SELECT customer_id FROM delta.work_labels)""",
    },
    own=(f"anonymous_id IN {KEYS}",),
    narrow={
        "work.web_visits": among("anonymous_id", "work.web_visits"),
        "curated.touchpoints": among("anonymous_id", "curated.touchpoints"),
    },
)

CONTACTS = Partly(
    keys={
        "curated.touchpoints": "SELECT touchpoint_id FROM delta.curated_touchpoints",
        "work.labels": """SELECT touchpoint_id FROM curated.touchpoints
            WHERE customer_id IN (SELECT customer_id FROM delta.work_labels)""",
        "work.web_visits": "SELECT 'web:' || event_id FROM delta.work_web_visits",
        "work.seen_as": """
            SELECT touchpoint_id FROM curated.touchpoints
            WHERE anonymous_id IN (SELECT anonymous_id FROM delta.work_seen_as)
            UNION ALL
            SELECT 'web:' || event_id FROM work.web_visits
            WHERE begins_touch AND anonymous_id IN (SELECT anonymous_id FROM delta.work_seen_as)""",
    },
    own=(f"touchpoint_id IN {KEYS}",),
    narrow={
        "curated.touchpoints": among("touchpoint_id", "curated.touchpoints"),
        "work.web_visits": f"SELECT * FROM work.web_visits WHERE event_id IN {WEB_EVENT}",
        "work.seen_as": """SELECT * FROM work.seen_as WHERE anonymous_id IN (
            SELECT anonymous_id FROM n_curated_touchpoints UNION ALL SELECT anonymous_id FROM n_work_web_visits)""",
    },
)

CAMPAIGN_KEYS = Partly(
    keys={
        f"curated.{name}": f"SELECT campaign_id FROM delta.curated_{name}"
        for name in ("campaigns", "ad_performance", "email_performance")
    },
    own=(f"campaign_id IN {KEYS}",),
    narrow={
        f"curated.{name}": among("campaign_id", f"curated.{name}")
        for name in ("campaigns", "ad_performance", "email_performance")
    },
)

ACTIVE_DAYS = Partly(
    keys={"curated.ad_performance": "SELECT report_date::VARCHAR FROM delta.curated_ad_performance"},
    own=("report_date IN (SELECT key::DATE FROM keys)",),
    narrow={
        "curated.ad_performance": """SELECT * FROM curated.ad_performance
            WHERE report_date IN (SELECT key::DATE FROM keys)"""
    },
)

# A campaign that changed reaches the contacts that name it by any of its ids or names, and those that share a click.
RESOLVED = Partly(
    keys={
        "work.contacts": "SELECT touchpoint_id FROM delta.work_contacts",
        "work.campaign_keys": """
            WITH ids AS (SELECT unnest([campaign_id, bare_id]) AS id FROM delta.work_campaign_keys)
            SELECT touchpoint_id FROM work.contacts WHERE given_campaign IN (FROM ids)
            UNION ALL SELECT touchpoint_id FROM work.contacts WHERE utm_id IN (FROM ids)
            UNION ALL SELECT touchpoint_id FROM work.contacts WHERE campaign_words IN (
                SELECT campaign_name FROM meta.campaign_names
                WHERE campaign_id IN (SELECT campaign_id FROM delta.work_campaign_keys))""",
        "work.active_days": """SELECT touchpoint_id FROM work.contacts SEMI JOIN (
            SELECT n.campaign_name AS campaign_words, a.report_date AS touch_date
            FROM delta.work_active_days a JOIN meta.campaign_names n USING (campaign_id))
            USING (campaign_words, touch_date)""",
        "meta.campaign_names": """SELECT touchpoint_id FROM work.contacts
            WHERE campaign_words IN (SELECT campaign_name FROM delta.meta_campaign_names)""",
    },
    more=(
        f"""SELECT touchpoint_id FROM work.contacts WHERE click_id IN (
            SELECT click_id FROM work.contacts WHERE click_id IS NOT NULL AND touchpoint_id IN {KEYS}
            UNION ALL SELECT click_id FROM delta.work_contacts WHERE click_id IS NOT NULL)""",
    ),
    own=(f"touchpoint_id IN {KEYS}",),
    narrow={"work.contacts": among("touchpoint_id", "work.contacts")},
)

CHANNELED = Partly(
    keys={
        "work.contacts": "SELECT touchpoint_id FROM delta.work_contacts",
        "work.resolved": "SELECT touchpoint_id FROM delta.work_resolved",
        **{
            table: f"SELECT touchpoint_id FROM work.resolved WHERE campaign_id IN (SELECT campaign_id FROM {delta})"
            for table, delta in (
                ("work.campaign_keys", "delta.work_campaign_keys"),
                ("curated.campaigns", "delta.curated_campaigns"),
            )
        },
    },
    own=(f"touchpoint_id IN {KEYS}",),
    narrow={
        "work.contacts": among("touchpoint_id", "work.contacts"),
        "work.resolved": among("touchpoint_id", "work.resolved"),
    },
)

TOUCHES = Partly(
    keys={"work.channeled": f"SELECT {WHO} FROM delta.work_channeled"},
    own=OF_WHO,
    narrow={"work.channeled": " UNION ALL ".join(f"SELECT * FROM work.channeled WHERE {own}" for own in OF_WHO)},
)

SESSIONS = Partly(
    keys={
        "work.web_visits": "SELECT visitor FROM delta.work_web_visits",
        "work.channeled": """SELECT visitor FROM work.web_visits WHERE event_id IN (
            SELECT substr(touchpoint_id, 5) FROM delta.work_channeled WHERE starts_with(touchpoint_id, 'web:'))""",
    },
    own=(f"visitor IN {KEYS}",),
    narrow={
        "work.web_visits": among("visitor", "work.web_visits"),
        "work.channeled": """SELECT * FROM work.channeled WHERE touchpoint_id IN (
            SELECT 'web:' || event_id FROM n_work_web_visits WHERE begins_touch)""",
    },
)

IDENTITIES = Partly(
    keys={
        "work.people": "SELECT 'customer|' || customer_id FROM delta.work_people",
        "work.seen_as": "SELECT 'anonymous|' || anonymous_id FROM delta.work_seen_as",
    },
    own=(
        f"identity_kind = 'customer' AND identity IN {_of('customer')}",
        f"identity_kind = 'anonymous' AND identity IN {_of('anonymous')}",
    ),
    narrow={
        "work.people": f"SELECT * FROM work.people WHERE customer_id IN {_of('customer')}",
        "work.seen_as": f"SELECT * FROM work.seen_as WHERE anonymous_id IN {_of('anonymous')}",
    },
)
