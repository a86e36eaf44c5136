-- Revenue by what it is credited to under the organization's default model; unattributed revenue is a row.
-- Builds: curated.revenue_attribution. Shape: PRD.md. touchpoint_type says by which kind of model the credit came.
SELECT
    md5(concat_ws('|', a.model, a.sale_id, coalesce(a.touchpoint_id, '')))::UUID AS id,
    s.customer_id,
    a.campaign_id,
    CASE WHEN a.model = 'first_touch' THEN 'first_touch'
         WHEN a.model IN ('last_touch', 'last_non_direct') THEN 'last_touch' ELSE 'multi_touch' END AS touchpoint_type,
    a.weight AS attribution_weight,
    a.credited_net AS revenue_amount,
    s.occurred_at AS transaction_date,
    a.model AS attribution_model,
    a.credited_net AS revenue,
    a.currency, a.sale_id AS transaction_id, a.touchpoint_id, a.channel, a.platform, a.is_paid, a.reason
FROM curated.attribution_credits a JOIN curated.sales s ON s.sale_id = a.sale_id
WHERE a.model = {{model}}
