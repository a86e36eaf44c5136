-- Refunds of valid sales by the day they were given back; what a sale says beyond its refunds stands on its own day.
-- Builds: curated.sale_refunds.
WITH dated AS (
    SELECT refund_id, sale_id, CAST(refunded_at AT TIME ZONE {{zone}} AS DATE) AS refund_date, amount, currency
    FROM work.refunds_seen WHERE refunded_at IS NOT NULL),
undated AS (
    SELECT
        s.sale_id || ':refund' AS refund_id, s.sale_id, s.sale_date AS refund_date,
        CAST(s.refunded_amount - coalesce(sum(d.amount), 0) AS DECIMAL(18,6)) AS amount, s.currency
    FROM curated.sales s LEFT JOIN dated d ON d.sale_id = s.sale_id AND d.currency = s.currency
    WHERE s.refunded_amount > 0
    GROUP BY s.sale_id, s.sale_date, s.refunded_amount, s.currency
    HAVING s.refunded_amount > coalesce(sum(d.amount), 0))
SELECT
    r.refund_id, r.sale_id, r.refund_date, r.amount, r.currency,
    s.* EXCLUDE (sale_id, currency, amount, refunded_amount, net_amount, discount_amount, tax_amount, shipping_amount,
                 fee_amount)
FROM (FROM dated UNION ALL FROM undated) r JOIN curated.sales s ON s.sale_id = r.sale_id
