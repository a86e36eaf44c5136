-- Storefront events in sessions of 30 minutes of inactivity, each with the person it belongs to by itself.
-- Builds: work.web_visits. begins_touch: the first event of a session, or one with a new utm tag or click id. place: how
-- many events of the session came before.
-- Only narrow rows of whole numbers are ordered; the events' own columns are joined to them at the end.
WITH known AS (
    SELECT
        e.event_id, e.occurred_at,
        coalesce(e.anonymous_id, 'customer:' || e.customer_id, 'event:' || e.event_id) AS visitor,
        coalesce(l.person_id, e.customer_id, m.person_id, f.person_id) AS person_id,
        CASE WHEN coalesce(utm_id, utm_source, utm_medium, utm_campaign, click_id) IS NOT NULL THEN
            hash(utm_id, utm_source, utm_medium, utm_campaign, click_id) END AS tag
    FROM curated.web_events e
    LEFT JOIN work.labels l ON l.customer_id = e.customer_id
    LEFT JOIN work.tokens m ON m.token = nullif(split_part(e.email, ':', 3), '')
    LEFT JOIN work.tokens f ON f.token = nullif(split_part(e.phone, ':', 3), '')),
numbered AS MATERIALIZED (
    SELECT *, row_number() OVER (ORDER BY visitor, occurred_at, event_id) AS event_no FROM known),
begun AS (
    SELECT
        event_no, tag,
        visitor IS DISTINCT FROM lag(visitor) OVER w
        OR occurred_at - lag(occurred_at) OVER w > INTERVAL 30 MINUTE AS begins_session
    FROM numbered WINDOW w AS (ORDER BY event_no)),
sessions AS (
    SELECT *, max(CASE WHEN begins_session THEN event_no END) OVER (ORDER BY event_no) AS session_no FROM begun),
tagged AS (
    SELECT *, max(CASE WHEN tag IS NOT NULL THEN event_no END) OVER (
        PARTITION BY session_no ORDER BY event_no ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS last_tagged
    FROM sessions)
SELECT
    e.event_id, e.anonymous_id, e.occurred_at, e.kind, e.page, e.referrer, e.campaign_id, e.asset_id,
    e.utm_source, e.utm_medium, e.utm_campaign, e.utm_id, e.click_id,
    n.visitor, n.person_id, t.begins_session, first.event_id AS session_key,
    CAST(t.event_no - t.session_no AS INTEGER) AS place,
    e.kind IS DISTINCT FROM 'purchase' AND (
        t.begins_session OR (t.tag IS NOT NULL AND t.tag IS DISTINCT FROM last.tag)) AS begins_touch
FROM tagged t
JOIN numbered n ON n.event_no = t.event_no
JOIN numbered first ON first.event_no = t.session_no
LEFT JOIN numbered last ON last.event_no = t.last_tagged
JOIN curated.web_events e ON e.event_id = n.event_id
