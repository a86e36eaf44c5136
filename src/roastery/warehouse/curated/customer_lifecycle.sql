-- One row per person: where they came from, what they cost and what they have brought so far.
-- Builds: curated.customer_lifecycle. Shape: PRD.md. Money is in the organization's currency, null where a rate is missing.
WITH first_touches AS (
    SELECT
        customer_id,
        min(occurred_at) AS first_touch_date,
        arg_min(campaign_id, (occurred_at, touchpoint_id)) AS campaign_id,
        arg_min(campaign_name, (occurred_at, touchpoint_id)) AS campaign_name,
        arg_min(channel, (occurred_at, touchpoint_id)) AS channel,
        arg_min(platform, (occurred_at, touchpoint_id)) AS platform,
        max(occurred_at) AS last_touch_date
    FROM curated.touches WHERE customer_id IS NOT NULL GROUP BY customer_id),
bought AS (
    SELECT
        s.customer_id,
        count(*) AS sales,
        count(*) FILTER (s.is_order) AS orders,
        min(s.occurred_at) AS first_sale_at,
        max(s.occurred_at) AS last_sale_at,
        min(s.cohort_month) AS cohort_month,
        CASE WHEN count(*) FILTER (s.currency <> {{currency}} AND f.rate IS NULL) = 0 THEN CAST(sum(
            CASE WHEN s.currency = {{currency}} THEN CAST(s.net_amount AS DECIMAL(38,18)) ELSE s.net_amount * f.rate END
        ) AS DECIMAL(38,6)) END AS lifetime_value
    FROM curated.sales s
    LEFT JOIN curated.fx_daily f
      ON f.rate_date = s.sale_date AND f.base_currency = s.currency AND f.quote_currency = {{currency}}
    WHERE s.customer_id IS NOT NULL
    GROUP BY s.customer_id)
SELECT
    md5('customer|' || p.customer_id)::UUID AS id,
    p.customer_id,
    {{organization}} AS organization_id,
    nullif(t.campaign_id, '') AS first_touch_campaign_id,
    nullif(t.campaign_name, '') AS first_touch_campaign,
    t.first_touch_date,
    a.acquisition_cost,
    t.channel AS acquisition_channel,
    t.platform AS acquisition_platform,
    coalesce(p.customer_stage, CASE WHEN b.sales > 0 THEN 'customer' ELSE 'lead' END) AS current_stage,
    CASE WHEN b.customer_id IS NULL THEN 0 ELSE b.lifetime_value END AS lifetime_value,
    greatest(t.last_touch_date, b.last_sale_at) AS last_interaction_date,
    least(p.first_seen_at, t.first_touch_date, b.first_sale_at) AS created_at,
    b.first_sale_at, b.last_sale_at, coalesce(b.orders, 0) AS orders, b.cohort_month,
    {{currency}} AS currency, p.country, p.segment
FROM work.persons p
LEFT JOIN first_touches t ON t.customer_id = p.customer_id
LEFT JOIN bought b ON b.customer_id = p.customer_id
LEFT JOIN work.acquisition_costs a ON a.customer_id = p.customer_id
