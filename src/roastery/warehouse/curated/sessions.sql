-- Storefront sessions, with what happened in them and where they came from.
-- Builds: curated.sessions. A session without a touch of its own (it began with a purchase) counts as direct.
WITH origins AS (
    SELECT
        v.session_key,
        arg_min(c.customer_id, (v.occurred_at, v.event_id)) AS customer_id,
        arg_min(c.channel, (v.occurred_at, v.event_id)) AS channel,
        arg_min(c.platform, (v.occurred_at, v.event_id)) AS platform,
        arg_min(c.campaign_id, (v.occurred_at, v.event_id)) AS campaign_id
    FROM work.web_visits v JOIN work.channeled c ON c.touchpoint_id = 'web:' || v.event_id
    WHERE v.begins_touch
    GROUP BY v.session_key)
SELECT
    v.session_key AS session_id,
    min(v.visitor) AS visitor,
    min(o.customer_id) AS customer_id,
    min(v.occurred_at) AS started_at,
    CAST(min(v.occurred_at) AT TIME ZONE {{zone}} AS DATE) AS session_date,
    max(v.occurred_at) AS ended_at,
    arg_min(v.page, (v.occurred_at, v.event_id)) AS landing_page,
    count(*) FILTER (v.kind = 'page_view') AS page_views,
    count(*) FILTER (v.kind = 'form_submission') AS form_submissions,
    count(*) FILTER (v.kind = 'add_to_cart') AS add_to_carts,
    count(*) FILTER (v.kind = 'checkout') AS checkouts,
    count(*) FILTER (v.kind = 'purchase') AS purchases,
    coalesce(min(o.channel), 'direct') AS channel,
    coalesce(min(o.platform), '') AS platform,
    coalesce(min(o.campaign_id), '') AS campaign_id
FROM work.web_visits v LEFT JOIN origins o ON o.session_key = v.session_key
GROUP BY v.session_key
