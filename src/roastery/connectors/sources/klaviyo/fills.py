"""How Klaviyo's records fill the contracts, as one SELECT each."""

from roastery.connectors.base import ContractSql
from roastery.connectors.readable import listed

STATISTICS = ("recipients", "delivered", "opens", "opens_unique", "clicks", "clicks_unique", "unsubscribe_uniques",
              "bounced", "spam_complaints", "conversions", "conversion_value")  # fmt: skip
SHAPE = ", ".join(f'"{name}": "VARCHAR"' for name in STATISTICS)


def summed(name: str) -> str:
    """SQL: the sum of a statistic over messages and windows as text; one that is no number makes it unreadable."""
    return (
        f"CASE WHEN bool_or({name} IS NOT NULL AND try_cast({name} AS DECIMAL(18,3)) IS NULL) "
        f"THEN 'unreadable: ' || max({name}) ELSE sum(try_cast({name} AS DECIMAL(18,3)))::DECIMAL(38,0)::VARCHAR END"
    )


FIGURES = f"""{summed("recipients")} AS sends, {summed("delivered")} AS deliveries, {summed("opens")} AS opens,
       {summed("opens_unique")} AS unique_opens, {summed("clicks")} AS clicks,
       {summed("clicks_unique")} AS unique_clicks,
       {summed("bounced")} AS bounces, {summed("unsubscribe_uniques")} AS unsubscribes"""

CAMPAIGN_FIGURES = f"""
WITH figures AS (
    SELECT payload->>'$.groupings.campaign_id' AS id, unnest(from_json(payload->'statistics', '{{{SHAPE}}}'))
    FROM {{records}}),
campaigns AS (
    SELECT payload->>'id' AS id, payload->>'$.attributes.name' AS name, payload->>'$._connection.sent_on' AS sent_on
    FROM {{campaigns}})
SELECT c.sent_on AS report_date, 'klaviyo' AS platform, 'klaviyo:' || id AS campaign_id,
       any_value(c.name) AS campaign_name,
       'campaign' AS kind, {FIGURES}
FROM figures f JOIN campaigns c USING (id) WHERE c.sent_on IS NOT NULL GROUP BY c.sent_on, id
"""  # noqa: S608 (the names are ours)

FLOW_FIGURES = f"""
WITH figures AS (
    SELECT payload->>'$._connection.day' AS day, payload->>'$.groupings.flow_id' AS id,
           unnest(from_json(payload->'statistics', '{{{SHAPE}}}'))
    FROM {{records}}),
flows AS (SELECT payload->>'id' AS id, payload->>'$.attributes.name' AS name FROM {{flows}})
SELECT day AS report_date, 'klaviyo' AS platform, 'klaviyo:' || f.id AS campaign_id,
       any_value(w.name) AS campaign_name,
       'flow' AS kind, {FIGURES}
FROM figures f LEFT JOIN flows w ON w.id = f.id GROUP BY day, f.id
"""  # noqa: S608 (the names are ours)

CAMPAIGNS = """
SELECT 'klaviyo:' || (payload->>'id') AS campaign_id,
       payload->>'$.attributes.name' AS campaign_name,
       'klaviyo' AS platform,
       'email' AS channel,
       lower(payload->>'$.attributes.status') AS status,
       payload->>'$._connection.sent_on' AS start_date
FROM {records}
"""
FLOWS = """
SELECT 'klaviyo:' || (payload->>'id') AS campaign_id,
       payload->>'$.attributes.name' AS campaign_name,
       'klaviyo' AS platform,
       'email' AS channel,
       CASE WHEN (payload->>'$.attributes.archived') = 'true' THEN 'archived'
            WHEN (payload->>'$.attributes.status') = 'live' THEN 'active'
            ELSE lower(payload->>'$.attributes.status') END AS status,
       left(payload->>'$.attributes.created', 10) AS start_date
FROM {records}
"""

# Somebody who subscribed and then complained, or whose mail came back, is suppressed: no consent any more.
CUSTOMERS = """
SELECT 'klaviyo:' || (payload->>'id') AS customer_id,
       payload->>'$.attributes.email' AS email,
       payload->>'$.attributes.phone_number' AS phone,
       payload->>'$.attributes.first_name' AS first_name,
       payload->>'$.attributes.last_name' AS last_name,
       payload->>'$.attributes.created' AS first_seen_at,
       payload->>'$.attributes.location.country' AS country,
       (payload->>'$.attributes.subscriptions.email.marketing.consent') = 'SUBSCRIBED'
           AND coalesce(payload->>'$.attributes.subscriptions.email.marketing.can_receive_email_marketing' <> 'false',
                        true) AS marketing_consent
FROM {records}
"""

# A click names the flow, or the message of a campaign, which the campaign's own record leads back to it.
TOUCHPOINTS = f"""
WITH messages AS (
    SELECT payload->>'id' AS campaign,
           unnest(list_transform({listed("payload->'$.relationships.campaign-messages.data'")},
                                 lambda m: m->>'$.id')) AS message
    FROM {{campaigns}})
SELECT 'klaviyo:' || (r.payload->>'id') AS touchpoint_id,
       'klaviyo:' || (r.payload->>'profile') AS customer_id,
       r.payload->>'datetime' AS occurred_at,
       'email' AS channel,
       'klaviyo' AS platform,
       'klaviyo:' || coalesce(nullif(r.payload->>'flow', ''), m.campaign, r.payload->>'message') AS campaign_id,
       'email_click' AS kind,
       r.payload->>'url' AS landing_page,
       'klaviyo' AS source_system
FROM {{records}} r LEFT JOIN messages m ON m.message = r.payload->>'message'
"""  # noqa: S608 (the names are ours)

FILLS = (
    ContractSql("campaigns", "campaigns", CAMPAIGNS),
    ContractSql("campaigns", "flows", FLOWS),
    ContractSql("email_performance", "campaign_figures", CAMPAIGN_FIGURES, joins=("campaigns",)),
    ContractSql("email_performance", "flow_figures", FLOW_FIGURES, joins=("flows",)),
    ContractSql("customers", "profiles", CUSTOMERS),
    ContractSql("touchpoints", "clicks", TOUCHPOINTS, joins=("campaigns",)),
)
