"""How Salesforce's objects fill the contracts. A closing date has no zone; a lead is a person until it is converted."""

from roastery.connectors.base import ContractSql


def text(name: str, of: str = "payload") -> str:
    return f"nullif({of}->>'$.{name}', '')"


def money(name: str, of: str = "payload") -> str:
    """SQL: an amount as it came; the build sets aside what is no number."""
    return text(name, of)


def extra(name: str, of: str = "payload") -> str:
    return f"nullif({of}->>'$._connection.{name}', '')"


def noon(name: str, of: str = "payload") -> str:
    """SQL: a day without a zone as an instant that is on that day nearly everywhere."""
    return f"{text(name, of)}[:10] || 'T12:00:00Z'"


PEOPLE = """
       {id} AS customer_id, {email} AS email, {phone} AS phone, {first} AS first_name, {last} AS last_name,
       {created} AS first_seen_at, {country} AS country,
       {opted_out} <> 'true' AS marketing_consent"""
PERSON = {
    "email": text("Email"), "phone": text("Phone"), "first": text("FirstName"), "last": text("LastName"),
    "created": text("CreatedDate"), "opted_out": text("HasOptedOutOfEmail"), "id": "'salesforce:' || (payload->>'Id')",
}  # fmt: skip

CONTACTS = f"""
WITH accounts AS (SELECT payload->>'Id' AS id, {extra("segment")} AS segment FROM {{accounts}})
SELECT {PEOPLE.format(**PERSON, country=text("MailingCountry"))},
       'salesforce:' || {text("AccountId")} AS company_id, accounts.segment AS segment
FROM {{records}} LEFT JOIN accounts ON accounts.id = {text("AccountId")}
"""  # noqa: S608

# A lead is a person of its own until it is converted into a contact.
LEAD_PEOPLE = f"""
SELECT {PEOPLE.format(**PERSON, country=text("Country"))}
FROM {{records}} WHERE {text("IsConverted")} <> 'true' OR {text("ConvertedContactId")} IS NULL
"""  # noqa: S608

LEADS = f"""
WITH won AS (SELECT payload->>'Id' AS id FROM {{opportunities}} WHERE {text("IsWon")} = 'true')
SELECT 'salesforce:' || (l.payload->>'Id') AS lead_id,
       'salesforce:' || coalesce({text("ConvertedContactId", "l.payload")}, l.payload->>'Id') AS customer_id,
       {text("CreatedDate", "l.payload")} AS created_at,
       replace(lower({text("LeadSource", "l.payload")}), ' ', '_') AS channel,
       {extra("campaign_id", "l.payload")} AS campaign_id,
       {extra("score", "l.payload")} AS score,
       CASE WHEN won.id IS NOT NULL THEN 'customer'
            WHEN {text("IsConverted", "l.payload")} = 'true' THEN 'qualified'
            ELSE coalesce({extra("stage", "l.payload")},
                 CASE WHEN {text("Status", "l.payload")} ILIKE '%not converted%'
                        OR {text("Status", "l.payload")} ILIKE '%unqualified%' THEN 'lost'
                      WHEN {text("Status", "l.payload")} ILIKE '%qualified%' THEN 'qualified'
                      WHEN {text("Status", "l.payload")} ILIKE '%working%'
                        OR ({text("Status", "l.payload")} ILIKE '%contacted%'
                            AND {text("Status", "l.payload")} NOT ILIKE '%not contacted%') THEN 'contacted'
                      ELSE 'new' END) END AS stage
FROM {{records}} l LEFT JOIN won ON won.id = {text("ConvertedOpportunityId", "l.payload")}
"""  # noqa: S608

CAMPAIGNS = f"""
SELECT 'salesforce:' || (payload->>'Id') AS campaign_id, {text("Name")} AS campaign_name, 'salesforce' AS platform,
       replace(lower({text("Type")}), ' ', '_') AS channel, lower({text("Status")}) AS status,
       {text("StartDate")} AS start_date, {text("EndDate")} AS end_date, {money("BudgetedCost")} AS budget_amount,
       'lifetime' AS budget_type, {text("CurrencyIsoCode")} AS currency
FROM {{records}}
"""  # noqa: S608

CONVERTED = f"""
converted AS (
    SELECT {text("ConvertedOpportunityId")} AS opportunity, min(payload->>'Id') AS lead,
           min({text("ConvertedContactId")}) AS contact
    FROM {{leads}} WHERE {text("ConvertedOpportunityId")} IS NOT NULL GROUP BY 1)"""  # noqa: S608

OPPORTUNITIES = f"""
WITH {CONVERTED}
SELECT 'salesforce:' || (o.payload->>'Id') AS opportunity_id,
       'salesforce:' || coalesce({text("ContactId", "o.payload")}, c.contact) AS customer_id,
       'salesforce:' || {text("AccountId", "o.payload")} AS company_id,
       'salesforce:' || c.lead AS lead_id,
       coalesce({extra("campaign_id", "o.payload")}, 'salesforce:' || {text("CampaignId", "o.payload")}) AS campaign_id,
       {text("Name", "o.payload")} AS opportunity_name,
       coalesce({text("RecordType.Name", "o.payload")}, {text("Type", "o.payload")}) AS pipeline,
       {text("StageName", "o.payload")} AS stage,
       {money("Amount", "o.payload")} AS amount,
       {text("CurrencyIsoCode", "o.payload")} AS currency,
       {text("CreatedDate", "o.payload")} AS created_at,
       {noon("CloseDate", "o.payload")} AS closed_at,
       coalesce({text("IsClosed", "o.payload")} = 'true', false) AS is_closed,
       coalesce({text("IsWon", "o.payload")} = 'true', false) AS is_won,
       {text("Owner.Name", "o.payload")} AS owner
FROM {{records}} o LEFT JOIN converted c ON c.opportunity = o.payload->>'Id'
"""  # noqa: S608

DEALS = f"""
WITH {CONVERTED}
SELECT 'salesforce:' || (o.payload->>'Id') AS transaction_id,
       'salesforce:' || coalesce({text("ContactId", "o.payload")}, c.contact) AS customer_id,
       {noon("CloseDate", "o.payload")} AS occurred_at,
       {money("Amount", "o.payload")} AS amount,
       {text("CurrencyIsoCode", "o.payload")} AS currency,
       'deal' AS kind,
       'completed' AS status,
       {extra("is_renewal", "o.payload")} = 'true' AS is_renewal,
       'salesforce' AS source_system,
       coalesce({extra("order_id", "o.payload")}, 'salesforce:' || (o.payload->>'Id')) AS external_order_id,
       'salesforce:' || c.lead AS lead_id,
       'salesforce:' || (o.payload->>'Id') AS opportunity_id
FROM {{records}} o LEFT JOIN converted c ON c.opportunity = o.payload->>'Id'
WHERE {text("IsWon", "o.payload")} = 'true' AND {money("Amount", "o.payload")} IS NOT NULL
"""  # noqa: S608

STAGES = f"""
WITH moves AS (
    SELECT {text("OpportunityId")} AS id, {text("StageName")} AS stage, {text("CreatedDate")} AS changed_at,
           lag({text("StageName")}) OVER (PARTITION BY {text("OpportunityId")}
                                          ORDER BY {text("CreatedDate")}, payload->>'Id') AS before
    FROM {{records}})
SELECT 'opportunity' AS object_type, 'salesforce:' || id AS object_id, changed_at, before AS from_stage,
       stage AS to_stage
FROM moves WHERE before IS DISTINCT FROM stage
QUALIFY row_number() OVER (PARTITION BY id, changed_at ORDER BY stage) = 1
"""  # noqa: S608

PROPOSALS = f"""
SELECT 'salesforce:' || (payload->>'Id') AS proposal_id,
       'salesforce:' || {text("OpportunityId")} AS opportunity_id,
       {text("CreatedDate")} AS sent_at,
       CASE WHEN {text("Status")} IN ('Accepted', 'Denied', 'Rejected') THEN {text("LastModifiedDate")} END
           AS decided_at,
       CASE {text("Status")} WHEN 'Accepted' THEN 'accepted' WHEN 'Denied' THEN 'declined' WHEN 'Rejected'
            THEN 'declined' ELSE 'sent' END AS status,
       {money("GrandTotal")} AS amount, {text("CurrencyIsoCode")} AS currency
FROM {{records}} WHERE {text("Status")} NOT IN ('Draft', 'Needs Review', 'In Review')
"""  # noqa: S608

FILLS = (
    ContractSql("campaigns", "campaigns", CAMPAIGNS),
    ContractSql("customers", "contacts", CONTACTS, joins=("accounts",)),
    ContractSql("customers", "leads", LEAD_PEOPLE),
    ContractSql("leads", "leads", LEADS, joins=("opportunities",)),
    ContractSql("opportunities", "opportunities", OPPORTUNITIES, joins=("leads",)),
    ContractSql("transactions", "opportunities", DEALS, joins=("leads",)),
    ContractSql("stage_changes", "opportunity_history", STAGES),
    ContractSql("proposals", "quotes", PROPOSALS),
)
