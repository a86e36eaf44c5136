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
CREATE OR REPLACE VIEW curated.campaign_performance AS
SELECT asset_id AS creative_asset_id, campaign_id, platform, report_date AS performance_date,
       impressions, clicks, CAST(0 AS DECIMAL(18,9)) AS conversions, CAST(0 AS DECIMAL(18,6)) AS revenue, currency
FROM curated.ad_performance WHERE asset_id IS NOT NULL
UNION ALL
SELECT asset_id, campaign_id, platform, sale_date, 0, 0, order_weight, credited_net, currency
FROM curated.attribution_credits WHERE asset_id IS NOT NULL AND model = {{model}}
UNION ALL
SELECT asset_id, campaign_id, platform, performance_date, impressions, clicks, conversions, revenue, currency
FROM curated.asset_campaign_performance;
CREATE OR REPLACE VIEW published.campaigns AS
SELECT c.*, s.ad_spend
FROM curated.campaigns c LEFT JOIN (
    SELECT a.campaign_id, CASE WHEN count(*) FILTER (a.currency <> {{currency}} AND f.rate IS NULL) = 0 THEN CAST(sum(
        CASE WHEN a.currency = {{currency}} THEN CAST(a.spend AS DECIMAL(38,18)) ELSE a.spend * f.rate END
    ) AS DECIMAL(18,6)) END AS ad_spend
    FROM curated.ad_performance a LEFT JOIN curated.fx_daily f
      ON f.rate_date = a.report_date AND f.base_currency = a.currency AND f.quote_currency = {{currency}}
    GROUP BY a.campaign_id) s USING (campaign_id);
CREATE OR REPLACE VIEW published.transactions AS
SELECT t.* REPLACE (coalesce(p.person_id, t.customer_id) AS customer_id), t.customer_id AS source_customer_id,
       s.net_amount AS transaction_amount
FROM curated.transactions t
LEFT JOIN work.people p USING (customer_id)
LEFT JOIN curated.sales s ON s.sale_id = t.transaction_id;
