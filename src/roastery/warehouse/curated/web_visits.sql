-- Storefront events in sessions of 30 minutes of inactivity, each with the person it belongs to by itself.
-- Builds: work.web_visits. begins_touch: the first event of a session, or one with a new utm tag or click id.
WITH known AS (
    SELECT
        e.event_id, e.anonymous_id, e.occurred_at, e.kind, e.page, e.referrer, e.campaign_id, e.asset_id,
        e.utm_source, e.utm_medium, e.utm_campaign, e.utm_id, e.click_id,
        coalesce(e.anonymous_id, 'customer:' || e.customer_id, 'event:' || e.event_id) AS visitor,
        coalesce(l.person_id, e.customer_id, m.person_id, f.person_id) AS person_id
    FROM curated.web_events e
    LEFT JOIN work.labels l ON l.customer_id = e.customer_id
    LEFT JOIN work.tokens m ON m.token = nullif(split_part(e.email, ':', 3), '')
    LEFT JOIN work.tokens f ON f.token = nullif(split_part(e.phone, ':', 3), '')),
tagged AS (
    SELECT
        *,
        CASE WHEN coalesce(utm_id, utm_source, utm_medium, utm_campaign, click_id) IS NOT NULL THEN
            concat_ws('|', coalesce(utm_id, ''), coalesce(utm_source, ''), coalesce(utm_medium, ''),
                      coalesce(utm_campaign, ''), coalesce(click_id, '')) END AS tag,
        coalesce(occurred_at - lag(occurred_at) OVER by_visitor > INTERVAL 30 MINUTE, true) AS begins_session
    FROM known
    WINDOW by_visitor AS (PARTITION BY visitor ORDER BY occurred_at, event_id)),
numbered AS (
    SELECT *, sum(begins_session::INTEGER) OVER (PARTITION BY visitor ORDER BY occurred_at, event_id) AS session_no
    FROM tagged)
SELECT
    * EXCLUDE (session_no, tag),
    first_value(event_id) OVER in_session AS session_key,
    kind IS DISTINCT FROM 'purchase' AND (
        begins_session
        OR (tag IS NOT NULL AND tag IS DISTINCT FROM last_value(tag IGNORE NULLS) OVER before)) AS begins_touch
FROM numbered
WINDOW
    in_session AS (PARTITION BY visitor, session_no ORDER BY occurred_at, event_id),
    before AS (PARTITION BY visitor, session_no ORDER BY occurred_at, event_id
               ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
