-- Every contact of a person with marketing, once, with its channel and campaign.
-- Builds: curated.touches. Two systems that saw the same visit of one person, on one channel and campaign within 30
-- minutes, count as one: in such a run the n-th visit of each system is the same visit, and the earliest stays.
WITH spaced AS (
    SELECT
        *,
        coalesce(customer_id, 'anonymous:' || anonymous_id, 'touch:' || touchpoint_id) AS who,
        kind = 'view' AS is_view
    FROM work.channeled),
runs AS (
    SELECT *, coalesce(occurred_at - lag(occurred_at) OVER w > INTERVAL 30 MINUTE, true) AS begins_run
    FROM spaced
    WINDOW w AS (PARTITION BY who, is_view, channel, campaign_id ORDER BY occurred_at, touchpoint_id)),
numbered AS (
    SELECT *, sum(begins_run::INTEGER) OVER w AS run_no
    FROM runs
    WINDOW w AS (PARTITION BY who, is_view, channel, campaign_id ORDER BY occurred_at, touchpoint_id)),
matched AS (
    SELECT *, row_number() OVER (
        PARTITION BY who, is_view, channel, campaign_id, run_no, source_system
        ORDER BY occurred_at, touchpoint_id) AS visit_no
    FROM numbered)
SELECT
    touchpoint_id, customer_id, anonymous_id, occurred_at, touch_date, channel, platform, campaign_id,
    coalesce(campaign_name, '') AS campaign_name, ad_id, asset_id, kind, channel = 'direct' AS is_direct, is_paid,
    resolution, source_system, utm_source, utm_medium, utm_campaign
FROM matched
QUALIFY row_number() OVER (
    PARTITION BY who, is_view, channel, campaign_id, run_no, visit_no ORDER BY occurred_at, touchpoint_id) = 1
