-- Views with the PRD's names, so that its example queries run as they are written, and the state of the sources.
CREATE OR REPLACE VIEW curated.dam_assets AS SELECT * FROM curated.assets;
CREATE OR REPLACE VIEW curated.data_integrations AS
SELECT
    md5(concat_ws('|', connection_id, source))::UUID AS id,
    {{organization}} AS organization_id,
    {{integration_type}} AS integration_type,
    source AS provider_name,
    'connected' AS connection_status,
    max(last_success_at) AS last_sync_date,
    CASE WHEN source = 'import' THEN 'on demand' ELSE 'scheduled' END AS sync_frequency,
    to_json(list(DISTINCT resource ORDER BY resource)) AS data_mapping,
    connection_id,
    min(data_as_of) AS data_as_of,
    min(complete_through) AS complete_through,
    max(history_since) AS history_since
FROM meta.sources
GROUP BY connection_id, source;
CREATE OR REPLACE VIEW curated.customer_attributes AS
SELECT p.customer_id, w.segment, w.customer_stage AS stage, w.country
FROM work.people p JOIN work.persons w ON w.customer_id = p.person_id;
CREATE OR REPLACE VIEW curated.asset_delivery AS
SELECT p.report_date, p.platform, p.campaign_id, p.ad_id, p.currency, coalesce(c.asset_id, nullif(p.asset_id, '')) AS asset_id,
       CAST(p.spend * coalesce(c.share, 1) AS DECIMAL(28, 12)) AS spend,
       CAST(p.impressions * coalesce(c.share, 1) AS DECIMAL(28, 12)) AS impressions,
       CAST(p.clicks * coalesce(c.share, 1) AS DECIMAL(28, 12)) AS clicks
FROM curated.ad_performance p
LEFT JOIN curated.ad_creatives c ON c.platform = p.platform AND c.ad_id = p.ad_id AND c.is_listed
WHERE coalesce(c.asset_id, nullif(p.asset_id, '')) IS NOT NULL;
CREATE OR REPLACE VIEW curated.predicted_values AS
SELECT p.customer_id, p.acquired_on, p.to_date, p.expected, p.currency, p.as_of, s.segment, s.customer_stage, s.cohort_month
FROM meta.predictions p JOIN curated.sales s ON s.customer_id = p.customer_id AND s.is_first_sale;
CREATE OR REPLACE VIEW curated.ads_of_one_asset AS
SELECT ad_id, min(asset_id) AS asset_id FROM curated.ad_creatives WHERE ad_id <> ''
GROUP BY ad_id HAVING count(DISTINCT asset_id) = 1 AND bool_and(share = 1);
CREATE OR REPLACE VIEW curated.asset_credits AS
SELECT a.* REPLACE (coalesce(nullif(a.asset_id, ''), c.asset_id) AS asset_id,
                    CAST(a.credited_net * coalesce(c.share, 1) AS DECIMAL(28, 12)) AS credited_net,
                    CAST(a.order_weight * coalesce(c.share, 1) AS DECIMAL(28, 12)) AS order_weight)
FROM curated.attribution_credits a
LEFT JOIN curated.ad_creatives c
  ON c.ad_id = CASE WHEN nullif(a.asset_id, '') IS NULL THEN a.ad_id END AND coalesce(c.platform, a.platform) = a.platform
 AND c.share IS NOT NULL
WHERE coalesce(nullif(a.asset_id, ''), c.asset_id) IS NOT NULL;
CREATE OR REPLACE VIEW curated.asset_kept AS
SELECT k.* REPLACE (CASE WHEN c.asset_id IS NULL THEN k.conversions ELSE 0 END AS conversions,
                    CASE WHEN c.asset_id IS NULL THEN k.revenue ELSE 0 END AS revenue)
FROM curated.asset_campaign_performance k
ANTI JOIN curated.ad_creatives a ON a.asset_id = k.asset_id AND a.platform = k.platform
LEFT JOIN (SELECT DISTINCT asset_id, platform FROM curated.asset_credits WHERE model = {{model}}) c
  ON c.asset_id = k.asset_id AND c.platform = k.platform;
CREATE OR REPLACE VIEW published.asset_campaign_performance AS
SELECT md5(concat_ws('|', asset_id, campaign_id, platform, performance_date, currency))::UUID AS id, *
FROM (SELECT asset_id, campaign_id, platform, performance_date, sum(impressions) AS impressions, sum(clicks) AS clicks,
             sum(conversions) AS conversions, sum(revenue) AS revenue, sum(spend) AS spend, currency
      FROM (SELECT asset_id, campaign_id, platform, report_date AS performance_date, impressions, clicks,
                   CAST(0 AS DECIMAL(28, 12)) AS conversions, CAST(0 AS DECIMAL(28, 12)) AS revenue, spend, currency
            FROM curated.asset_delivery
            UNION ALL BY NAME
            SELECT asset_id, campaign_id, platform, sale_date AS performance_date, order_weight AS conversions,
                   credited_net AS revenue, currency
            FROM curated.asset_credits WHERE model = {{model}}
            UNION ALL BY NAME
            SELECT asset_id, campaign_id, platform, performance_date, impressions, clicks, conversions, revenue, currency
            FROM curated.asset_kept)
      GROUP BY ALL);
CREATE OR REPLACE VIEW curated.campaign_performance AS
SELECT asset_id AS creative_asset_id, * EXCLUDE (id, asset_id) FROM published.asset_campaign_performance;
CREATE OR REPLACE VIEW published.campaigns AS
SELECT c.*, s.ad_spend
FROM curated.campaigns c LEFT JOIN (
    SELECT a.campaign_id, CASE WHEN count(*) FILTER (a.currency <> {{currency}} AND f.rate IS NULL) = 0 THEN CAST(sum(
        CASE WHEN a.currency = {{currency}} THEN CAST(a.spend AS DECIMAL(38,18)) ELSE a.spend * f.rate END
    ) AS DECIMAL(38,6)) END AS ad_spend
    FROM curated.ad_performance a LEFT JOIN curated.fx_daily f
      ON f.rate_date = a.report_date AND f.base_currency = a.currency AND f.quote_currency = {{currency}}
    GROUP BY a.campaign_id) s USING (campaign_id);
CREATE OR REPLACE VIEW published.refunds AS
SELECT r.* REPLACE (coalesce(r.currency, t.currency, {{currency}}) AS currency)
FROM curated.refunds r LEFT JOIN curated.transactions t USING (transaction_id);
CREATE OR REPLACE VIEW published.transactions AS
SELECT t.* REPLACE (coalesce(p.person_id, t.customer_id) AS customer_id), t.customer_id AS source_customer_id,
       CASE WHEN s.currency = {{currency}} THEN CAST(s.net_amount AS DECIMAL(38,6))
            ELSE CAST(s.net_amount * f.rate AS DECIMAL(38,6)) END AS transaction_amount
FROM curated.transactions t
LEFT JOIN work.people p USING (customer_id)
LEFT JOIN curated.sales s ON s.sale_id = t.transaction_id
LEFT JOIN curated.fx_daily f ON f.rate_date = s.sale_date AND f.base_currency = s.currency AND f.quote_currency = {{currency}};
CREATE OR REPLACE VIEW published.revenue_attribution AS
SELECT r.* REPLACE (CASE WHEN r.currency = {{currency}} THEN CAST(r.revenue_amount AS DECIMAL(38,6))
                         ELSE CAST(r.revenue_amount * f.rate AS DECIMAL(38,6)) END AS revenue)
FROM curated.revenue_attribution r
JOIN curated.sales s ON s.sale_id = r.transaction_id
LEFT JOIN curated.fx_daily f ON f.rate_date = s.sale_date AND f.base_currency = r.currency AND f.quote_currency = {{currency}};
