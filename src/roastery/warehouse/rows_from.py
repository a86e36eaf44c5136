"""The tables that a derived table has its rows from: while all of them are empty, it has none.

A company without a storefront has no visits, one without customers nobody to join. To see that costs a tenth of what
planning the whole statement does, which is most of what an increment of a small company takes.
"""

ROWS_FROM: dict[str, tuple[str, ...]] = {
    "work.evidence": (
        "curated.customers",
        "curated.leads",
        "curated.touchpoints",
        "curated.transactions",
        "curated.web_events",
    ),
    "work.labels": ("work.evidence",),
    "work.tokens": ("curated.customers",),
    "work.persons": ("work.people",),
    "work.web_visits": ("curated.web_events",),
    "work.seen_as": ("curated.touchpoints", "work.web_visits"),
    "work.contacts": ("curated.touchpoints", "work.web_visits"),
    "work.campaign_keys": ("curated.campaigns", "curated.ad_performance", "curated.email_performance"),
    "curated.campaign_channels": ("work.campaign_keys",),
    "work.active_days": ("curated.ad_performance",),
    "work.resolved": ("work.contacts",),
    "work.channeled": ("work.contacts",),
    "curated.touches": ("work.channeled",),
    "curated.sessions": ("work.web_visits",),
    "curated.identities": ("work.people", "work.seen_as"),
    "work.sale_records": ("curated.transactions",),
    "work.refunds_seen": ("curated.refunds",),
    "curated.sales": ("work.sale_records",),
    "curated.sale_matches": ("work.sale_records",),
    "curated.sale_refunds": ("curated.sales",),
    "curated.sale_lines": ("curated.transaction_lines",),
    "curated.ad_creatives": ("curated.ad_assets", "curated.ad_performance"),
    "curated.conversion_paths": ("curated.touches",),
    "curated.attribution_credits": ("curated.conversion_paths", "curated.sales"),
    "curated.revenue_attribution": ("curated.attribution_credits",),
    "work.acquisition_costs": ("curated.attribution_credits",),
    "curated.customer_lifecycle": ("work.persons",),
    "curated.journeys": ("curated.leads", "curated.opportunities", "curated.sales", "curated.touches"),
}
