-- The days on which a campaign ran.
-- Builds: work.active_days.
SELECT DISTINCT campaign_id, report_date FROM curated.ad_performance
