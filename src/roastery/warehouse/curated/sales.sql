-- One row per valid sale, counted once.
-- Builds: curated.sales. Money is in the sale's own currency; days are the organization's.
WITH whole AS (
    SELECT
        sale_id,
        arg_min(person_id, place) AS customer_id,
        arg_min(lead_id, place) AS lead_id,
        arg_min(opportunity_id, place) AS opportunity_id,
        arg_min(nullif(fee_amount, 0), place) AS fee_amount
    FROM work.sale_records GROUP BY sale_id),
refunded AS (SELECT sale_id, currency, sum(amount) AS amount FROM work.refunds_seen GROUP BY ALL),
amounts AS (
    SELECT
        t.* EXCLUDE (customer_id, lead_id, opportunity_id, amount, refunded_amount, fee_amount),
        w.sale_id, w.customer_id, w.lead_id, w.opportunity_id,
        CAST(t.amount + {{included}} AS DECIMAL(18,6)) AS amount,
        CAST(coalesce(nullif(t.refunded_amount, 0), r.amount, 0) AS DECIMAL(18,6)) AS refunded_amount,
        coalesce(w.fee_amount, 0) AS fee_amount
    FROM whole w
    JOIN curated.transactions t ON t.transaction_id = w.sale_id
    LEFT JOIN refunded r ON r.sale_id = w.sale_id AND r.currency = t.currency),
ordered AS (
    SELECT
        *,
        CASE WHEN customer_id IS NOT NULL THEN
            row_number() OVER (PARTITION BY customer_id ORDER BY occurred_at, sale_id) END AS sale_no,
        CASE WHEN customer_id IS NOT NULL THEN min(occurred_at) OVER (PARTITION BY customer_id) END AS first_sale_at
    FROM amounts)
SELECT
    o.sale_id,
    o.customer_id,
    o.occurred_at,
    CAST(o.occurred_at AT TIME ZONE {{zone}} AS DATE) AS sale_date,
    o.kind,
    o.kind IN ('order', 'payment') AND NOT o.is_renewal AS is_order,
    o.is_renewal,
    coalesce(o.sale_no = 1, false) AS is_first_sale,
    CASE WHEN o.sale_no = 1 THEN 'new' WHEN o.sale_no > 1 THEN 'returning' ELSE 'unknown' END AS customer_type,
    o.amount,
    o.refunded_amount,
    CAST(o.amount - o.refunded_amount AS DECIMAL(18,6)) AS net_amount,
    o.discount_amount,
    o.tax_amount,
    o.shipping_amount,
    o.fee_amount,
    o.currency,
    o.sales_channel,
    coalesce(o.source_system, o.connection_source) AS source_system,
    o.location_id,
    coalesce(l.region, h.region) AS region,
    l.franchise,
    coalesce(o.brand, l.brand) AS brand,
    coalesce(o.service_area, d.service_area) AS service_area,
    o.promotion_id,
    o.coupon_code,
    o.lead_id,
    o.opportunity_id,
    o.subscription_id,
    coalesce(l.country, p.country, h.country) AS country,
    p.segment,
    p.customer_stage,
    CAST(date_trunc('month', o.first_sale_at AT TIME ZONE {{zone}}) AS DATE) AS cohort_month,
    o.connection_id
FROM ordered o
LEFT JOIN work.persons p ON p.customer_id = o.customer_id
LEFT JOIN curated.locations l ON l.location_id = o.location_id
-- Of a sale without a place only region and country are the customer's: no franchise sold it.
LEFT JOIN curated.locations h ON h.location_id = p.location_id AND o.location_id IS NULL
LEFT JOIN curated.leads d ON d.lead_id = o.lead_id
