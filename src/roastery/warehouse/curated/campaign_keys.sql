-- Every campaign that any dataset names, with its platform, its id without the platform's prefix and its name of today.
-- Builds: work.campaign_keys.
WITH seen AS (
    SELECT campaign_id, platform, campaign_name, 3 AS weight, NULL::DATE AS seen_on FROM curated.campaigns
    UNION ALL
    SELECT campaign_id, platform, campaign_name, 2, report_date FROM curated.ad_performance
    UNION ALL
    SELECT campaign_id, platform, campaign_name, 1, report_date FROM curated.email_performance)
SELECT
    campaign_id,
    coalesce(arg_max(nullif(platform, ''), (weight, seen_on, platform)), '') AS platform,
    regexp_replace(campaign_id, '^[a-z_]+:', '') AS bare_id,
    arg_max(campaign_name, (weight, seen_on, campaign_name)) AS campaign_name,
    bool_or(weight = 2) AS is_paid
FROM seen
WHERE campaign_id IS NOT NULL AND campaign_id <> ''
GROUP BY campaign_id
