-- Storefront sessions, with what happened in them and where they came from.
-- Builds: curated.sessions. A session without a touch of its own (it began with a purchase) counts as direct.
WITH origins AS (
    SELECT
        v.session_key,
        arg_min(c.customer_id, v.place) AS customer_id,
        arg_min(c.channel, v.place) AS channel,
        arg_min(c.platform, v.place) AS platform,
        arg_min(c.campaign_id, v.place) AS campaign_id
    FROM work.web_visits v JOIN work.channeled c ON c.touchpoint_id = 'web:' || v.event_id
    WHERE v.begins_touch
    GROUP BY v.session_key),
seen AS (
    SELECT
        session_key,
        any_value(visitor) AS visitor,
        min(occurred_at) AS started_at,
        max(occurred_at) AS ended_at,
        arg_min(page, place) AS landing_page,
        count(*) FILTER (kind = 'page_view') AS page_views,
        count(*) FILTER (kind = 'form_submission') AS form_submissions,
        count(*) FILTER (kind = 'add_to_cart') AS add_to_carts,
        count(*) FILTER (kind = 'checkout') AS checkouts,
        count(*) FILTER (kind = 'purchase') AS purchases
    FROM work.web_visits GROUP BY session_key)
SELECT
    s.session_key AS session_id,
    s.visitor,
    o.customer_id,
    s.started_at,
    CAST(s.started_at AT TIME ZONE {{zone}} AS DATE) AS session_date,
    s.ended_at,
    s.landing_page,
    s.page_views,
    s.form_submissions,
    s.add_to_carts,
    s.checkouts,
    s.purchases,
    coalesce(o.channel, 'direct') AS channel,
    coalesce(o.platform, '') AS platform,
    coalesce(o.campaign_id, '') AS campaign_id
FROM seen s LEFT JOIN origins o USING (session_key)
