-- Every contact of a person with marketing, once, with its channel and campaign.
-- Builds: curated.touches. Two systems that saw the same visit of one person, on one channel and campaign within 30
-- minutes, count as one: in such a run the n-th visit of each system is the same visit, and the earliest stays.
-- Most of a person's contacts on one channel and campaign were seen by one system only, and all of those stay: only the
-- others are ordered. They are found by a hash of what a run has in common; a collision orders some rows more.
WITH hashed AS (
    SELECT
        rowid AS row_no, touchpoint_id, occurred_at, source_system,
        coalesce(customer_id, 'anonymous:' || anonymous_id, 'touch:' || touchpoint_id) AS who,
        channel, campaign_id, kind = 'view' AS is_view, hash(who, is_view, channel, campaign_id) AS seen
    FROM work.channeled),
doubtful AS (
    SELECT seen FROM hashed GROUP BY seen
    HAVING min(coalesce(source_system, '')) <> max(coalesce(source_system, ''))),
numbered AS MATERIALIZED (
    SELECT *, row_number() OVER (ORDER BY who, is_view, channel, campaign_id, occurred_at, touchpoint_id) AS touch_no
    FROM hashed SEMI JOIN doubtful USING (seen)),
begun AS (
    SELECT
        touch_no, row_no, source_system,
        (who, is_view, channel, campaign_id) IS DISTINCT FROM lag((who, is_view, channel, campaign_id)) OVER w
        OR occurred_at - lag(occurred_at) OVER w > INTERVAL 30 MINUTE AS begins_run
    FROM numbered WINDOW w AS (ORDER BY touch_no)),
runs AS (
    SELECT *, max(CASE WHEN begins_run THEN touch_no END) OVER (ORDER BY touch_no) AS run_no FROM begun),
visits AS (
    SELECT *, row_number() OVER (PARTITION BY run_no, source_system ORDER BY touch_no) AS visit_no FROM runs),
dropped AS (
    SELECT row_no FROM visits QUALIFY touch_no > min(touch_no) OVER (PARTITION BY run_no, visit_no))
SELECT
    c.touchpoint_id, c.customer_id, c.anonymous_id, c.occurred_at, c.touch_date, c.channel, c.platform, c.campaign_id,
    coalesce(c.campaign_name, '') AS campaign_name, c.ad_id, c.asset_id, c.kind, c.channel = 'direct' AS is_direct,
    c.is_paid, c.resolution, c.source_system, c.utm_source, c.utm_medium, c.utm_campaign
FROM work.channeled c ANTI JOIN dropped d ON d.row_no = c.rowid
