-- Contacts with their campaign and channel, before those that two systems saw become one.
-- Builds: work.channeled. The organization's own rules win, then a channel that was given, then the campaign's own, then
-- the default grouping of channels.py.
WITH named AS (
    SELECT
        c.* EXCLUDE (kind, click_id, utm_campaign), coalesce(c.kind, '') AS kind, coalesce(c.click_id, '') AS click_id,
        r.campaign_id, r.resolution, k.campaign_name AS named, coalesce(k.is_paid, false) AS is_paid,
        coalesce(c.given_platform, nullif(k.platform, ''), '') AS platform,
        lower(coalesce(k.campaign_name, '')) AS campaign_name, lower(coalesce(c.utm_campaign, '')) AS utm_campaign,
        c.utm_campaign AS link_campaign, nullif(replace(lower(m.channel), ' ', '_'), '') AS campaign_channel
    FROM work.contacts c
    JOIN work.resolved r USING (touchpoint_id)
    LEFT JOIN work.campaign_keys k ON k.campaign_id = r.campaign_id
    LEFT JOIN curated.campaigns m ON m.campaign_id = r.campaign_id)
SELECT
    * EXCLUDE (given_channel, campaign_channel, kind, own_channel, rule_channel, click_id),
    coalesce(own_channel, given_channel, campaign_channel, rule_channel) AS channel,
    CASE WHEN kind <> '' THEN kind WHEN rule_channel = 'email' THEN 'email_click'
         WHEN campaign_id <> '' OR click_id <> '' THEN 'click' ELSE 'visit' END AS kind
FROM (SELECT
    touchpoint_id, customer_id, anonymous_id, occurred_at, touch_date, campaign_id, named AS campaign_name, resolution,
    is_paid, platform, ad_id, asset_id, source_system, utm_source, utm_medium, link_campaign AS utm_campaign,
    given_channel, campaign_channel, kind, click_id, {{own_channel}} AS own_channel, {{channel}} AS rule_channel
FROM named)
