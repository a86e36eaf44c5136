-- What a person's first sale cost in media: of each paid campaign that the sale is credited to (default model), the
-- month's spend per new customer credited to it. Summed over customers it gives back the spend of those months.
-- Builds: work.acquisition_costs, in the organization's currency; null where a rate is missing.
WITH spent AS (
    SELECT
        a.campaign_id, CAST(date_trunc('month', a.report_date) AS DATE) AS month,
        CASE WHEN count(*) FILTER (a.currency <> {{currency}} AND f.rate IS NULL) = 0 THEN
            CAST(sum(CASE WHEN a.currency = {{currency}} THEN CAST(a.spend AS DECIMAL(38,18)) ELSE a.spend * f.rate END)
                 * 1000000 AS HUGEINT) END AS spend_micros
    FROM curated.ad_performance a
    LEFT JOIN curated.fx_daily f
      ON f.rate_date = a.report_date AND f.base_currency = a.currency AND f.quote_currency = {{currency}}
    GROUP BY ALL),
credited AS (
    SELECT a.sale_id, s.customer_id, a.campaign_id, CAST(date_trunc('month', a.sale_date) AS DATE) AS month,
           CAST(sum(a.new_customer_weight) * 1000000000 AS HUGEINT) AS weight
    FROM curated.attribution_credits a JOIN curated.sales s ON s.sale_id = a.sale_id
    WHERE a.model = {{model}} AND s.is_first_sale AND a.is_paid
    GROUP BY ALL),
per_campaign AS (SELECT campaign_id, month, CAST(sum(weight) AS HUGEINT) AS weight FROM credited GROUP BY ALL)
SELECT
    c.customer_id,
    CASE WHEN count(*) FILTER (p.spend_micros IS NULL) = 0 THEN
        {{cost}} END AS acquisition_cost
FROM credited c
JOIN per_campaign t ON t.campaign_id = c.campaign_id AND t.month = c.month
LEFT JOIN spent p ON p.campaign_id = c.campaign_id AND p.month = c.month
GROUP BY c.customer_id
