"""What is read of HubSpot: its kinds of objects, and the properties, history and associations of each."""

from collections.abc import Mapping
from dataclasses import dataclass

CONTACT_VISITS = tuple(
    f"hs_analytics_{which}_{what}" for which in ("first", "last") for what in ("timestamp", "url", "referrer")
)


@dataclass(frozen=True)
class Kind:
    """A kind of object. changed: the property of its last change; history: the one whose past values are read."""

    properties: tuple[str, ...]
    changed: str = "hs_lastmodifieddate"
    history: str = ""
    associations: tuple[str, ...] = ()


KINDS: Mapping[str, Kind] = {
    "products": Kind(("name", "price", "hs_cost_of_goods_sold", "hs_product_type")),
    "contacts": Kind(
        (
            *("email", "phone", "mobilephone", "firstname", "lastname", "createdate", "lifecyclestage"),
            *("hs_lead_status", "hubspotscore", "hs_analytics_source", "hs_country_region_code"),
            *("associatedcompanyid", "hs_merged_object_ids", *CONTACT_VISITS),
            *("hs_email_optout", "hs_marketable_status"),
        ),
        changed="lastmodifieddate",
        history="lifecyclestage",
    ),
    "deals": Kind(
        (
            *("dealname", "amount", "deal_currency_code", "dealstage", "pipeline", "createdate", "closedate"),
            *("hs_is_closed", "hs_is_closed_won", "hubspot_owner_id", "dealtype"),
        ),
        history="dealstage",
        associations=("contacts", "companies"),
    ),
    "line_items": Kind(
        ("hs_product_id", "quantity", "price", "hs_total_discount", "hs_cost_of_goods_sold"), associations=("deals",)
    ),
    "invoices": Kind(
        (
            *("hs_invoice_status", "hs_amount_billed", "hs_amount_paid", "hs_tax_amount", "hs_currency"),
            *("hs_invoice_date", "hs_payment_date", "hs_number"),
        ),
        associations=("contacts", "deals"),
    ),
    "quotes": Kind(
        (
            *("hs_title", "hs_status", "hs_quote_amount", "hs_currency", "hs_createdate", "hs_esign_date"),
            *("hs_payment_date", "hs_expiration_date"),
        ),
        associations=("deals",),
    ),
    "tickets": Kind(
        ("createdate", "closed_date", "first_agent_reply_date", "hs_pipeline", "hs_pipeline_stage"),
        associations=("contacts",),
    ),
}
PIPELINES = {"pipelines": "deals", "ticket_pipelines": "tickets"}
