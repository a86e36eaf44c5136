"""How HubSpot's objects fill the contracts. Property values are text; days are instants in UTC."""

from roastery.connectors.base import ContractSql
from roastery.connectors.landing_pages import CLICK_ID, tag
from roastery.connectors.readable import listed, number, readable


def prop(name: str, of: str = "payload") -> str:
    """SQL: a property, null when empty."""
    return f"nullif({of}->>'$.properties.{name}', '')"


def money(name: str, of: str = "payload") -> str:
    """SQL: an amount as it came; the build sets aside what is no number."""
    return prop(name, of)


def taxed(of: str) -> str:
    """SQL: what an invoice was paid, or billed, without its tax."""
    paid, billed, tax = (prop(name, of) for name in ("hs_amount_paid", "hs_amount_billed", "hs_tax_amount"))
    return readable(
        f"coalesce({number(paid)}, {number(billed)}) - coalesce({number(tax)}, 0)",
        [f"coalesce({paid}, {billed})", tax],
    )


def extra(name: str, of: str = "payload") -> str:
    return f"nullif({of}->>'$._connection.{name}', '')"


def first(kind: str, of: str = "payload") -> str:
    """SQL: the first associated object of a kind, prefixed."""
    return f"'hubspot:' || ({of}->>'$._associations.{kind}[0]')"


# Whoever has opted out of all mail has refused; one set as a marketing contact may be written to; of others none knows.
CONSENT = f"""CASE WHEN {prop("hs_email_optout")} = 'true' THEN false
            WHEN {prop("hs_marketable_status")} = 'true' THEN true END"""

CUSTOMERS = f"""
SELECT 'hubspot:' || (payload->>'id') AS customer_id,
       {prop("email")} AS email,
       coalesce({prop("phone")}, {prop("mobilephone")}) AS phone,
       {prop("firstname")} AS first_name,
       {prop("lastname")} AS last_name,
       coalesce({prop("createdate")}, payload->>'createdAt') AS first_seen_at,
       {prop("lifecyclestage")} AS stage,
       {extra("segment")} AS segment,
       {prop("hs_country_region_code")} AS country,
       'hubspot:' || {prop("associatedcompanyid")} AS company_id,
       {CONSENT} AS marketing_consent
FROM {{records}}
"""  # noqa: S608

STAGE = f"""CASE WHEN {prop("lifecyclestage")} IN ('customer', 'evangelist') THEN 'customer'
            WHEN {prop("hs_lead_status")} IN ('UNQUALIFIED', 'BAD_TIMING') THEN 'lost'
            WHEN {prop("lifecyclestage")} IN ('marketingqualifiedlead', 'salesqualifiedlead', 'opportunity')
                 OR {prop("hs_lead_status")} = 'OPEN_DEAL' THEN 'qualified'
            WHEN {prop("hs_lead_status")} IN ('IN_PROGRESS', 'CONNECTED', 'ATTEMPTED_TO_CONTACT') THEN 'contacted'
            ELSE 'new' END"""

CHANNEL = f"""CASE {prop("hs_analytics_source")} WHEN 'PAID_SEARCH' THEN 'paid_search'
            WHEN 'PAID_SOCIAL' THEN 'paid_social' WHEN 'ORGANIC_SEARCH' THEN 'organic_search'
            WHEN 'SOCIAL_MEDIA' THEN 'organic_social' WHEN 'EMAIL_MARKETING' THEN 'email'
            WHEN 'REFERRALS' THEN 'referral' WHEN 'DIRECT_TRAFFIC' THEN 'direct'
            WHEN 'OFFLINE' THEN 'offline' ELSE lower({prop("hs_analytics_source")}) END"""

LEADS = f"""
SELECT 'hubspot:' || (payload->>'id') AS lead_id,
       'hubspot:' || (payload->>'id') AS customer_id,
       coalesce({prop("createdate")}, payload->>'createdAt') AS created_at,
       {CHANNEL} AS channel,
       {extra("campaign_id")} AS campaign_id,
       {prop("hubspotscore")} AS score,
       {STAGE} AS stage,
       {extra("service_area")} AS service_area
FROM {{records}}
"""  # noqa: S608


def visit(which: str) -> str:
    """SQL: a contact's first or last visit, with the tags of its address."""
    url = prop(f"hs_analytics_{which}_url")
    return f"""
SELECT 'hubspot:' || (payload->>'id') || ':{which}' AS touchpoint_id,
       'hubspot:' || (payload->>'id') AS customer_id,
       {prop(f"hs_analytics_{which}_timestamp")} AS occurred_at,
       CASE WHEN {prop(f"hs_analytics_{which}_url")} LIKE '%utm_medium=email%' THEN 'email_click'
            WHEN coalesce({tag(url, "utm_id")}, {CLICK_ID.format(url=url)}, {tag(url, "utm_campaign")}) IS NOT NULL
            THEN 'click' ELSE 'visit' END AS kind,
       {", ".join(f"{tag(url, f'utm_{t}')} AS utm_{t}" for t in ("source", "medium", "campaign", "content", "term"))},
       {tag(url, "utm_id")} AS utm_id,
       {CLICK_ID.format(url=url)} AS click_id,
       {url} AS landing_page,
       {prop(f"hs_analytics_{which}_referrer")} AS referrer,
       'hubspot' AS source_system
FROM {{records}}
WHERE {prop(f"hs_analytics_{which}_timestamp")} IS NOT NULL AND {url} IS NOT NULL"""  # noqa: S608


TOUCHPOINTS = f"""{visit("first")} UNION ALL {visit("last")}
  AND {prop("hs_analytics_last_timestamp")} IS DISTINCT FROM {prop("hs_analytics_first_timestamp")}"""

STAGES = f"""
stages AS (
    SELECT payload->>'id' AS pipeline, payload->>'label' AS pipeline_label, s->>'$.id' AS stage,
           s->>'$.label' AS label
    FROM (SELECT payload, unnest({listed("payload->'$.stages'")}) AS s FROM {{pipelines}}))"""  # noqa: S608

OPPORTUNITIES = f"""
WITH {STAGES},
people AS (SELECT payload->>'id' AS id,
                  trim(concat_ws(' ', payload->>'firstName', payload->>'lastName')) AS name FROM {{owners}})
SELECT 'hubspot:' || (d.payload->>'id') AS opportunity_id,
       {first("contacts", "d.payload")} AS customer_id,
       {first("companies", "d.payload")} AS company_id,
       {first("contacts", "d.payload")} AS lead_id,
       {extra("campaign_id", "d.payload")} AS campaign_id,
       {prop("dealname", "d.payload")} AS opportunity_name,
       coalesce(s.pipeline_label, {prop("pipeline", "d.payload")}) AS pipeline,
       coalesce(s.label, {prop("dealstage", "d.payload")}) AS stage,
       {money("amount", "d.payload")} AS amount,
       upper({prop("deal_currency_code", "d.payload")}) AS currency,
       coalesce({prop("createdate", "d.payload")}, d.payload->>'createdAt') AS created_at,
       {prop("closedate", "d.payload")} AS closed_at,
       coalesce({prop("hs_is_closed", "d.payload")} = 'true', false) AS is_closed,
       coalesce({prop("hs_is_closed_won", "d.payload")} = 'true', false) AS is_won,
       coalesce(nullif(o.name, ''), {prop("hubspot_owner_id", "d.payload")}) AS owner
FROM {{records}} d
LEFT JOIN stages s ON s.stage = {prop("dealstage", "d.payload")} AND s.pipeline = {prop("pipeline", "d.payload")}
LEFT JOIN people o ON o.id = {prop("hubspot_owner_id", "d.payload")}
"""  # noqa: S608

# A won deal is a sale unless an invoice of it is: both name the deal, and the invoice wins (source-of-truth order).
DEALS = f"""
SELECT 'hubspot:' || (payload->>'id') AS transaction_id,
       {first("contacts")} AS customer_id,
       {prop("closedate")} AS occurred_at,
       {money("amount")} AS amount,
       upper({prop("deal_currency_code")}) AS currency,
       'deal' AS kind,
       'completed' AS status,
       false AS is_test,
       coalesce({prop("dealtype")} IN ('existingbusiness', 'renewal'), false)
           AND coalesce({extra("renewals")} = 'true', false) AS is_renewal,
       'hubspot' AS source_system,
       coalesce({extra("order_id")}, 'hubspot:deal:' || (payload->>'id')) AS external_order_id,
       {first("contacts")} AS lead_id,
       'hubspot:' || (payload->>'id') AS opportunity_id,
       {extra("service_area")} AS service_area
FROM {{records}}
WHERE {prop("hs_is_closed_won")} = 'true' AND {money("amount")} IS NOT NULL
"""  # noqa: S608

INVOICES = f"""
WITH deals AS (SELECT payload->>'id' AS id, {extra("order_id")} AS order_id, {extra("service_area")} AS service_area
               FROM {{deals}})
SELECT 'hubspot:invoice:' || (i.payload->>'id') AS transaction_id,
       {first("contacts", "i.payload")} AS customer_id,
       coalesce({prop("hs_payment_date", "i.payload")}, {prop("hs_invoice_date", "i.payload")}) AS occurred_at,
       {taxed("i.payload")} AS amount,
       upper({prop("hs_currency", "i.payload")}) AS currency,
       'invoice' AS kind,
       CASE lower({prop("hs_invoice_status", "i.payload")}) WHEN 'paid' THEN 'completed' WHEN 'voided' THEN 'cancelled'
            ELSE 'pending' END AS status,
       false AS is_test,
       false AS is_renewal,
       'hubspot' AS source_system,
       coalesce({extra("order_id", "i.payload")}, d.order_id,
                'hubspot:deal:' || (i.payload->>'$._associations.deals[0]')) AS external_order_id,
       {first("contacts", "i.payload")} AS lead_id,
       {first("deals", "i.payload")} AS opportunity_id,
       d.service_area AS service_area,
       {money("hs_tax_amount", "i.payload")} AS tax_amount
FROM {{records}} i LEFT JOIN deals d ON d.id = (i.payload->>'$._associations.deals[0]')
WHERE lower({prop("hs_invoice_status", "i.payload")}) <> 'draft'
"""  # noqa: S608

LINES = f"""
SELECT {first("deals")} AS transaction_id,
       payload->>'id' AS line_no,
       'hubspot:' || {prop("hs_product_id")} AS product_id,
       coalesce({money("quantity")}, '1') AS quantity,
       {money("price")} AS unit_price,
       coalesce({money("hs_total_discount")}, '0') AS discount_amount,
       {money("hs_cost_of_goods_sold")} AS unit_cost
FROM {{records}} WHERE {first("deals")} IS NOT NULL
"""  # noqa: S608

PRODUCTS = f"""
SELECT 'hubspot:' || (payload->>'id') AS product_id, {prop("name")} AS product_name,
       {prop("hs_product_type")} AS category, {money("hs_cost_of_goods_sold")} AS unit_cost, {money("price")} AS price
FROM {{records}}
"""  # noqa: S608

# An offer is decided when it is signed or paid, when its deal is, or when it has run out; a draft was never sent.
PROPOSALS = f"""
WITH deals AS (
    SELECT payload->>'id' AS id, {prop("hs_is_closed")} = 'true' AS is_closed,
           {prop("hs_is_closed_won")} = 'true' AS is_won, {prop("closedate")} AS closed_at,
           {prop("deal_currency_code")} AS currency
    FROM {{deals}}),
quotes AS (
    SELECT q.payload AS p, d.*, coalesce({prop("hs_esign_date", "q.payload")},
           {prop("hs_payment_date", "q.payload")}) AS signed_at
    FROM {{records}} q LEFT JOIN deals d ON d.id = (q.payload->>'$._associations.deals[0]')
    WHERE {prop("hs_status", "q.payload")} IN ('APPROVAL_NOT_NEEDED', 'APPROVED', 'PUBLISHED', 'REJECTED'))
SELECT 'hubspot:' || (p->>'id') AS proposal_id,
       {first("deals", "p")} AS opportunity_id,
       coalesce({prop("hs_createdate", "p")}, p->>'createdAt') AS sent_at,
       CASE WHEN signed_at IS NOT NULL THEN signed_at WHEN is_closed THEN closed_at END AS decided_at,
       CASE WHEN signed_at IS NOT NULL OR is_won THEN 'accepted'
            WHEN is_closed OR {prop("hs_status", "p")} = 'REJECTED' THEN 'declined' ELSE 'sent' END AS status,
       {money("hs_quote_amount", "p")} AS amount,
       upper(coalesce({prop("hs_currency", "p")}, currency)) AS currency
FROM quotes
"""  # noqa: S608


def stage_changes(object_type: str, name: str, names: str, label: str) -> str:
    """SQL: the moves in a property's history."""
    return f"""
WITH {names},
history AS (
    SELECT payload->>'id' AS id, {prop("pipeline")} AS pipeline, h->>'$.value' AS stage, h->>'$.timestamp' AS changed_at
    FROM (SELECT payload, unnest({listed(f"payload->'$.propertiesWithHistory.{name}'")}) AS h FROM {{records}})),
moves AS (
    SELECT *, lag(stage) OVER (PARTITION BY id ORDER BY changed_at) AS before FROM history
    WHERE nullif(stage, '') IS NOT NULL)
SELECT '{object_type}' AS object_type, 'hubspot:' || m.id AS object_id, m.changed_at,
       {label.format("before")} AS from_stage, {label.format("stage")} AS to_stage
FROM moves m WHERE before IS DISTINCT FROM m.stage
QUALIFY row_number() OVER (PARTITION BY m.id, m.changed_at ORDER BY m.stage) = 1
"""  # noqa: S608


DEAL_LABEL = "coalesce((SELECT any_value(s.label) FROM stages s WHERE s.stage = m.{0}), m.{0})"
TICKET_STAGES = STAGES.replace("{pipelines}", "{ticket_pipelines}")

TICKETS = f"""
WITH {TICKET_STAGES}
SELECT 'hubspot:' || (t.payload->>'id') AS ticket_id,
       {first("contacts", "t.payload")} AS customer_id,
       coalesce({prop("createdate", "t.payload")}, t.payload->>'createdAt') AS opened_at,
       {prop("first_agent_reply_date", "t.payload")} AS first_reply_at,
       {prop("closed_date", "t.payload")} AS resolved_at,
       lower(coalesce(s.label, {prop("hs_pipeline_stage", "t.payload")})) AS status,
       {extra("satisfaction", "t.payload")} AS satisfaction_score
FROM {{records}} t
LEFT JOIN stages s ON s.stage = {prop("hs_pipeline_stage", "t.payload")}
      AND s.pipeline = {prop("hs_pipeline", "t.payload")}
"""  # noqa: S608

FILLS = (
    ContractSql("products", "products", PRODUCTS),
    ContractSql("customers", "contacts", CUSTOMERS),
    ContractSql("leads", "contacts", LEADS),
    ContractSql("touchpoints", "contacts", TOUCHPOINTS),
    ContractSql("opportunities", "deals", OPPORTUNITIES, joins=("pipelines", "owners")),
    ContractSql("transactions", "deals", DEALS),
    ContractSql("transactions", "invoices", INVOICES, joins=("deals",)),
    ContractSql("transaction_lines", "line_items", LINES),
    ContractSql("proposals", "quotes", PROPOSALS, joins=("deals",)),
    ContractSql(
        "stage_changes", "deals", stage_changes("opportunity", "dealstage", STAGES, DEAL_LABEL), joins=("pipelines",)
    ),
    ContractSql("stage_changes", "contacts", stage_changes("lead", "lifecyclestage", "nothing AS (SELECT 1)", "m.{0}")),
    ContractSql("tickets", "tickets", TICKETS, joins=("ticket_pipelines",)),
)
