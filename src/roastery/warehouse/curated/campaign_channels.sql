-- The channel of every campaign that any dataset names, as its spend and its leads are counted under.
-- Builds: curated.campaign_channels. The organization's own rules win, then the campaign's own, then its platform's.
WITH named AS (
    SELECT
        k.campaign_id, lower(k.platform) AS platform, lower(coalesce(k.campaign_name, '')) AS campaign_name,
        '' AS utm_campaign, '' AS source, '' AS medium, '' AS click_id, '' AS host, '' AS kind,
        nullif(replace(lower(m.channel), ' ', '_'), '') AS campaign_channel
    FROM work.campaign_keys k LEFT JOIN curated.campaigns m USING (campaign_id))
SELECT
    campaign_id,
    coalesce({{own_channel}}, campaign_channel, CASE WHEN platform <> '' THEN nullif({{channel}}, 'other') END) AS channel
FROM named
