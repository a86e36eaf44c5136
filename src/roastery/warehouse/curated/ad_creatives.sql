-- Which creative assets ads show, and each one's share of its ad.
-- Builds: curated.ad_creatives. ad_assets where it knows the ad (what shares leave open is split evenly), else the asset
-- that the platform's reports name. An ad that was reported with several has no share: which one a touch saw is not known.
WITH reported AS (
    SELECT platform, ad_id, nullif(asset_id, '') AS asset_id FROM curated.ad_performance GROUP BY ALL),
listed AS (
    SELECT ad_id, asset_id,
           coalesce(share, greatest(1 - coalesce(sum(share) OVER ad, 0), 0) / count(*) FILTER (share IS NULL) OVER ad) AS share
    FROM curated.ad_assets WHERE ad_id <> '' WINDOW ad AS (PARTITION BY ad_id))
SELECT p.platform, l.ad_id, l.asset_id, CAST(l.share AS DECIMAL(18,9)) AS share, true AS is_listed
FROM listed l LEFT JOIN (SELECT DISTINCT platform, ad_id FROM reported) p ON p.ad_id = l.ad_id
UNION ALL
SELECT platform, ad_id, asset_id,
       CASE WHEN ad_id <> '' AND count(*) OVER (PARTITION BY platform, ad_id) = 1 THEN 1 END::DECIMAL(18,9), false
FROM reported ANTI JOIN listed ON listed.ad_id = reported.ad_id
WHERE asset_id IS NOT NULL
