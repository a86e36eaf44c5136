-- Touchpoints and storefront visits side by side, each with its person.
-- Builds: work.contacts. A contact belongs to its own customer, else to the next person known by that anonymous id,
-- else to the last one before, else to nobody.
WITH both_systems AS (
    SELECT
        t.touchpoint_id, coalesce(l.person_id, t.customer_id) AS person_id, t.anonymous_id, t.occurred_at, t.kind,
        nullif(replace(lower(t.channel), ' ', '_'), '') AS given_channel, t.platform AS given_platform,
        t.campaign_id AS given_campaign, t.ad_id, t.asset_id,
        t.utm_source, t.utm_medium, t.utm_campaign, t.utm_id, t.click_id, t.referrer, t.landing_page,
        coalesce(t.source_system, t.connection_source) AS source_system
    FROM curated.touchpoints t LEFT JOIN work.labels l USING (customer_id)
    UNION ALL BY NAME
    SELECT
        'web:' || event_id AS touchpoint_id, person_id, anonymous_id, occurred_at, NULL AS kind,
        campaign_id AS given_campaign, asset_id,
        utm_source, utm_medium, utm_campaign, utm_id, click_id, referrer, page AS landing_page,
        'web_events' AS source_system
    FROM work.web_visits WHERE begins_touch),
unplaced AS (
    SELECT touchpoint_id, anonymous_id, occurred_at
    FROM both_systems SEMI JOIN work.seen_as USING (anonymous_id) WHERE person_id IS NULL),
following AS (
    SELECT u.*, n.person_id
    FROM unplaced u ASOF LEFT JOIN work.seen_as n
      ON u.anonymous_id = n.anonymous_id AND u.occurred_at <= n.occurred_at),
placed AS (
    SELECT touchpoint_id, person_id FROM following WHERE person_id IS NOT NULL
    UNION ALL
    SELECT f.touchpoint_id, l.person_id
    FROM (FROM following WHERE person_id IS NULL) f ASOF JOIN work.seen_as l
      ON f.anonymous_id = l.anonymous_id AND f.occurred_at >= l.occurred_at),
sources AS (
    SELECT utm_source, {{implied_platform}} AS implied_platform FROM (SELECT DISTINCT utm_source FROM both_systems))
SELECT
    b.* EXCLUDE (person_id),
    coalesce(b.person_id, p.person_id) AS customer_id,
    lower(coalesce(trim(b.utm_source), '')) AS source,
    lower(coalesce(trim(b.utm_medium), '')) AS medium,
    nullif(trim(b.utm_campaign), '') AS campaign_words,
    CASE WHEN {{host_of_referrer}} IS DISTINCT FROM {{host_of_landing}} THEN {{host_of_referrer}} ELSE '' END AS host,
    s.implied_platform,
    CAST(b.occurred_at AT TIME ZONE {{zone}} AS DATE) AS touch_date
FROM both_systems b
LEFT JOIN placed p ON p.touchpoint_id = b.touchpoint_id
LEFT JOIN sources s ON s.utm_source IS NOT DISTINCT FROM b.utm_source
