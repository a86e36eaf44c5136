"""How Mailchimp's records fill the contracts, as one SELECT each."""

from roastery.connectors.base import ContractSql
from roastery.connectors.readable import WHOLE, number, readable

BOUNCES = ("r.bounces.hard_bounces", "r.bounces.soft_bounces", "r.bounces.syntax_errors")
BOUNCED = " + ".join(f"CAST(coalesce({number(kind, WHOLE)}, 0) AS HUGEINT)" for kind in BOUNCES)
BY_PROXY = ("r.opens.unique_opens", "r.opens.proxy_excluded_unique_opens")

PERFORMANCE = f"""
SELECT r._connection.sent_on AS report_date,
       'mailchimp' AS platform,
       'mailchimp:' || r.id AS campaign_id,
       coalesce(nullif(r.campaign_title, ''), r.subject_line) AS campaign_name,
       'campaign' AS kind,
       r.emails_sent AS sends,
       {readable(f"{number('r.emails_sent', WHOLE)} - ({BOUNCED})", ["r.emails_sent", *BOUNCES], WHOLE)} AS deliveries,
       r.opens.opens_total AS opens,
       r.opens.unique_opens AS unique_opens,
       {readable(" - ".join(f"CAST({number(o, WHOLE)} AS HUGEINT)" for o in BY_PROXY), BY_PROXY, WHOLE)} AS proxy_opens,
       r.clicks.clicks_total AS clicks,
       r.clicks.unique_subscriber_clicks AS unique_clicks,
       {readable(BOUNCED, BOUNCES, WHOLE)} AS bounces,
       r.unsubscribed AS unsubscribes
FROM (SELECT from_json(payload, '{{
    "id": "VARCHAR", "type": "VARCHAR", "campaign_title": "VARCHAR", "subject_line": "VARCHAR",
    "emails_sent": "VARCHAR", "unsubscribed": "VARCHAR",
    "opens": {{"opens_total": "VARCHAR", "unique_opens": "VARCHAR", "proxy_excluded_unique_opens": "VARCHAR"}},
    "clicks": {{"clicks_total": "VARCHAR", "unique_subscriber_clicks": "VARCHAR"}},
    "bounces": {{"hard_bounces": "VARCHAR", "soft_bounces": "VARCHAR", "syntax_errors": "VARCHAR"}},
    "_connection": {{"sent_on": "VARCHAR"}}}}') AS r FROM {{records}})
WHERE r.type NOT LIKE 'automation%'
"""  # noqa: S608 (the names are ours)

CAMPAIGNS = """
SELECT 'mailchimp:' || (payload->>'id') AS campaign_id,
       coalesce(nullif(payload->>'campaign_title', ''), payload->>'subject_line') AS campaign_name,
       'mailchimp' AS platform,
       'email' AS channel,
       'sent' AS status,
       payload->>'$._connection.sent_on' AS start_date
FROM {records}
"""

# A person may be on several lists: the latest record names them, and one that is subscribed is consent.
CUSTOMERS = """
SELECT 'mailchimp:' || (payload->>'id') AS customer_id,
       arg_max(payload->>'email_address', payload->>'last_changed') AS email,
       arg_max(nullif(payload->>'$._connection.phone', ''), payload->>'last_changed') AS phone,
       arg_max(nullif(payload->>'$._connection.first_name', ''), payload->>'last_changed') AS first_name,
       arg_max(nullif(payload->>'$._connection.last_name', ''), payload->>'last_changed') AS last_name,
       min(coalesce(nullif(payload->>'timestamp_signup', ''), nullif(payload->>'timestamp_opt', ''))) AS first_seen_at,
       arg_max(nullif(payload->>'$.location.country_code', ''), payload->>'last_changed') AS country,
       bool_or((payload->>'status') = 'subscribed') AS marketing_consent
FROM {records} GROUP BY 1
"""

TOUCHPOINTS = """
SELECT 'mailchimp:' || key AS touchpoint_id,
       'mailchimp:' || (payload->>'email_id') AS customer_id,
       payload->>'timestamp' AS occurred_at,
       'email' AS channel,
       'mailchimp' AS platform,
       'mailchimp:' || (payload->>'campaign_id') AS campaign_id,
       'email_click' AS kind,
       payload->>'url' AS landing_page,
       'mailchimp' AS source_system
FROM {records}
"""

FILLS = (
    ContractSql("campaigns", "reports", CAMPAIGNS),
    ContractSql("customers", "members", CUSTOMERS),
    ContractSql("email_performance", "reports", PERFORMANCE),
    ContractSql("touchpoints", "clicks", TOUCHPOINTS),
)
