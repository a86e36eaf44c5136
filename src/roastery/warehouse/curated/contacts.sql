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
following AS (
    SELECT b.*, n.person_id AS next_person
    FROM both_systems b ASOF LEFT JOIN work.seen_as n
      ON b.anonymous_id = n.anonymous_id AND b.occurred_at <= n.occurred_at),
placed AS (
    SELECT f.* EXCLUDE (person_id, next_person), coalesce(f.person_id, f.next_person, l.person_id) AS customer_id
    FROM following f ASOF LEFT JOIN work.seen_as l
      ON f.anonymous_id = l.anonymous_id AND f.occurred_at >= l.occurred_at)
SELECT
    *,
    lower(coalesce(trim(utm_source), '')) AS source,
    lower(coalesce(trim(utm_medium), '')) AS medium,
    nullif(trim(utm_campaign), '') AS campaign_words,
    CASE WHEN {{host_of_referrer}} IS DISTINCT FROM {{host_of_landing}} THEN {{host_of_referrer}} ELSE '' END AS host,
    {{implied_platform}} AS implied_platform,
    CAST(occurred_at AT TIME ZONE {{zone}} AS DATE) AS touch_date
FROM placed
