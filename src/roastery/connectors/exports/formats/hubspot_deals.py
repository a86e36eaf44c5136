# ruff: noqa: S608 (the names are ours)
"""HubSpot's export of deals: opportunities, and the won ones as sales."""

from roastery.connectors.exports.base import Export, Field, Filling, Need

FIELDS = (
    Field("record_id", {"en": "Record ID|Deal ID|Record ID - Deal", "de": "Datensatz-ID"}, "id"),
    Field("deal_name", {"en": "Deal Name", "de": "Deal-Name"}),
    Field("stage", {"en": "Deal Stage", "de": "Deal-Phase"}),
    Field("pipeline", {"en": "Pipeline", "de": "Pipeline"}),
    Field("amount", {"en": "Amount", "de": "Betrag"}, "money", says="Without amounts there is no pipeline value."),
    Field("currency", {"en": "Currency", "de": "Währung"}),
    Field("created_at", {"en": "Create Date|Created Date", "de": "Erstelldatum|Erstellungsdatum"}, "time"),
    Field("closed_at", {"en": "Close Date", "de": "Abschlussdatum"}, "time"),
    Field("won", {"en": "Is Closed Won|Is closed won", "de": "Ist abgeschlossen und gewonnen"}),
    Field("lost", {"en": "Is Closed Lost|Is closed lost"}),
    Field("is_closed", {"en": "Is Deal Closed?|Is closed"}),
    Field("owner", {"en": "Deal owner", "de": "Zuständiger Mitarbeiter für Deal|Deal-Inhaber"}),
    Field("contacts", {"en": "Associated Contact IDs", "de": "Zugeordnete Kontakt-IDs"}),
    Field("companies", {"en": "Associated Company IDs"}),
)

YES = "IN ('true', 'yes', '1', 'ja')"
WON = f"coalesce(lower(won) {YES}, regexp_matches(lower(stage), 'closed won|closedwon|gewonnen'), false)"
LOST = f"coalesce(lower(lost) {YES}, regexp_matches(lower(stage), 'closed lost|closedlost|verloren'), false)"
CONTACT = "'hubspot:' || nullif(trim(split_part(contacts, ';', 1)), '')"

OPPORTUNITIES = f"""
SELECT row_number AS file_row, 'hubspot:' || record_id AS opportunity_id, {CONTACT} AS customer_id,
       'hubspot:' || nullif(trim(split_part(companies, ';', 1)), '') AS company_id, {CONTACT} AS lead_id,
       deal_name AS opportunity_name, pipeline, stage, amount, row_currency AS currency, created_at, closed_at,
       {WON} OR {LOST} OR coalesce(lower(is_closed) {YES}, false) AS is_closed, {WON} AS is_won, owner
FROM {{rows}} WHERE record_id IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY record_id ORDER BY row_number DESC) = 1"""

DEALS = f"""
SELECT row_number AS file_row, 'hubspot:' || record_id AS transaction_id, {CONTACT} AS customer_id,
       closed_at AS occurred_at, amount, row_currency AS currency, 'deal' AS kind, 'completed' AS status,
       'hubspot' AS source_system, {CONTACT} AS lead_id, 'hubspot:' || record_id AS opportunity_id
FROM {{rows}} WHERE record_id IS NOT NULL AND {WON} AND amount IS NOT NULL AND closed_at IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY record_id ORDER BY row_number DESC) = 1"""

HUBSPOT_DEALS = Export(
    "hubspot_deals",
    "hubspot",
    "HubSpot deals",
    FIELDS,
    needs=(
        Need(("record_id",), "Export deals with the property Record ID."),
        Need(("stage",), "Export deals with the property Deal Stage."),
        Need(("created_at",), "Export deals with the property Create Date."),
    ),
    fillings=(Filling("opportunities", OPPORTUNITIES), Filling("transactions", DEALS)),
    day="created_at::DATE",
    checks=("amount",),
    money=("amount",),
    assumes=("A won deal with an amount and a close date is a sale; where an invoice of it is known, that counts.",),
    warns=(
        (
            f"SELECT count(*) FROM {{rows}} WHERE {WON} AND (amount IS NULL OR closed_at IS NULL)",
            "{n} won deals have no amount or no close date, and are no sales.",
        ),
    ),
)
