# ruff: noqa: S608 (the names are ours)
"""HubSpot's export of contacts: customers and leads."""

from roastery.connectors.exports.base import Export, Field, Filling, Need

FIELDS = (
    Field("record_id", {"en": "Record ID|Contact ID|Record ID - Contact", "de": "Datensatz-ID"}, "id"),
    Field("first_name", {"en": "First Name", "de": "Vorname"}, personal=True),
    Field("last_name", {"en": "Last Name", "de": "Nachname"}, personal=True),
    Field("email", {"en": "Email", "de": "E-Mail|E-Mail-Adresse"}, personal=True),
    Field("phone", {"en": "Phone Number", "de": "Telefonnummer"}, personal=True),
    Field(
        "lifecycle", {"en": "Lifecycle Stage", "de": "Lifecycle-Phase"}, says="Without it every contact is a new lead."
    ),
    Field("lead_status", {"en": "Lead Status", "de": "Lead-Status"}),
    Field("created_at", {"en": "Create Date|Created Date", "de": "Erstelldatum|Erstellungsdatum"}, "time"),
    Field(
        "source", {"en": "Original Source|Original Traffic Source|Original Source Type", "de": "Ursprüngliche Quelle"}
    ),
    Field("country", {"en": "Country/Region|Country", "de": "Land/Region|Land"}),
    Field("opted_out", {"en": "Unsubscribed from all email", "de": "Von allen E-Mails abgemeldet"}),
    Field("marketable", {"en": "Marketing contact status", "de": "Status des Marketing-Kontakts"}),
)

STAGE = """CASE WHEN lower(lifecycle) IN ('customer', 'evangelist') THEN 'customer'
            WHEN lower(lead_status) IN ('unqualified', 'bad timing') THEN 'lost'
            WHEN regexp_matches(lower(lifecycle), 'qualified|opportunity') OR lower(lead_status) = 'open deal'
                 THEN 'qualified'
            WHEN lower(lead_status) IN ('in progress', 'connected', 'attempted to contact') THEN 'contacted'
            ELSE 'new' END"""
CHANNEL = """CASE lower(source) WHEN 'paid search' THEN 'paid_search' WHEN 'paid social' THEN 'paid_social'
            WHEN 'organic search' THEN 'organic_search' WHEN 'organic social' THEN 'organic_social'
            WHEN 'email marketing' THEN 'email' WHEN 'referrals' THEN 'referral' WHEN 'direct traffic' THEN 'direct'
            WHEN 'offline sources' THEN 'offline' ELSE replace(lower(source), ' ', '_') END"""

LAST = "QUALIFY row_number() OVER (PARTITION BY record_id ORDER BY row_number DESC) = 1"

CUSTOMERS = f"""
SELECT row_number AS file_row, 'hubspot:' || record_id AS customer_id, email, phone, first_name, last_name,
       created_at AS first_seen_at, lower(lifecycle) AS stage, country,
       CASE WHEN lower(opted_out) IN ('true', 'yes', 'ja') THEN false
            WHEN lower(marketable) IN ('marketing contact', 'marketing-kontakt') THEN true END AS marketing_consent
FROM {{rows}} WHERE record_id IS NOT NULL {LAST}"""

LEADS = f"""
SELECT row_number AS file_row, 'hubspot:' || record_id AS lead_id, 'hubspot:' || record_id AS customer_id, created_at,
       {CHANNEL} AS channel, {STAGE} AS stage
FROM {{rows}} WHERE record_id IS NOT NULL {LAST}"""

HUBSPOT_CONTACTS = Export(
    "hubspot_contacts",
    "hubspot",
    "HubSpot contacts",
    FIELDS,
    needs=(
        Need(("record_id",), "Export contacts with the property Record ID."),
        Need(("email", "first_name"), "Export contacts with names or e-mail addresses."),
        Need(("created_at",), "Export contacts with the property Create Date."),
        Need(("lifecycle", "lead_status"), "Export contacts with the property Lifecycle Stage."),
    ),
    fillings=(Filling("customers", CUSTOMERS), Filling("leads", LEADS)),
    day="created_at::DATE",
)
