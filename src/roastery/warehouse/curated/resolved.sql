-- Which campaign a contact came from: as given, by utm_id, by a click id that is known elsewhere, by exact name.
-- Builds: work.resolved. Anything that stays ambiguous stays unresolved: no guess.
WITH ids AS (
    SELECT campaign_id AS id, campaign_id, platform, true AS is_exact FROM work.campaign_keys
    UNION
    SELECT bare_id, campaign_id, platform, false FROM work.campaign_keys WHERE bare_id <> campaign_id),
asked AS (
    SELECT DISTINCT given_campaign AS id, coalesce(given_platform, implied_platform) AS platform FROM work.contacts
    WHERE given_campaign IS NOT NULL
    UNION
    SELECT DISTINCT utm_id, coalesce(given_platform, implied_platform) FROM work.contacts WHERE utm_id IS NOT NULL),
by_id AS (
    SELECT id, platform, min(campaign_id) AS campaign_id
    FROM (
        SELECT a.id, a.platform, i.campaign_id,
               rank() OVER (PARTITION BY a.id, a.platform ORDER BY i.is_exact DESC, i.platform = a.platform DESC) AS place
        FROM asked a JOIN ids i USING (id)
        WHERE i.is_exact OR a.platform IN ('', i.platform) OR i.platform = '')
    WHERE place = 1
    GROUP BY ALL HAVING count(DISTINCT campaign_id) = 1),
with_id AS (
    SELECT
        c.touchpoint_id, c.click_id, c.campaign_words, c.medium, c.source, c.kind, c.touch_date, c.implied_platform,
        c.given_platform, c.given_campaign, c.utm_id,
        coalesce(g.campaign_id, c.given_campaign) AS by_given, u.campaign_id AS by_utm_id
    FROM work.contacts c
    LEFT JOIN by_id g ON g.id = c.given_campaign AND g.platform = coalesce(c.given_platform, c.implied_platform)
    LEFT JOIN by_id u ON u.id = c.utm_id AND u.platform = coalesce(c.given_platform, c.implied_platform)),
clicks AS (
    SELECT click_id, min(coalesce(by_given, by_utm_id)) AS campaign_id
    FROM with_id WHERE click_id IS NOT NULL AND coalesce(by_given, by_utm_id) IS NOT NULL
    GROUP BY click_id HAVING count(DISTINCT coalesce(by_given, by_utm_id)) = 1),
names AS (
    SELECT DISTINCT h.campaign_name, h.campaign_id, k.platform, k.is_paid
    FROM meta.campaign_names h JOIN work.campaign_keys k USING (campaign_id)),
candidates AS (
    -- A tag that speaks of one platform never names a campaign of another; mail never names an ad.
    SELECT w.touchpoint_id, w.touch_date, n.campaign_id
    FROM with_id w JOIN names n ON n.campaign_name = w.campaign_words
    WHERE (coalesce(w.given_platform, w.implied_platform) IN ('', n.platform) OR n.platform = '')
      AND NOT ((n.is_paid OR n.platform LIKE '%$_ads' ESCAPE '$') AND (w.kind IS NOT DISTINCT FROM 'email_click'
                              OR regexp_matches(w.medium, '^(e[-_ ]?mail|newsletter|sms)')))),
unambiguous AS (
    SELECT touchpoint_id, min(campaign_id) AS campaign_id
    FROM candidates GROUP BY touchpoint_id HAVING count(DISTINCT campaign_id) = 1),
on_the_day AS (
    SELECT c.touchpoint_id, min(c.campaign_id) AS campaign_id
    FROM candidates c
    ANTI JOIN unambiguous USING (touchpoint_id)
    SEMI JOIN work.active_days a
      ON a.campaign_id = c.campaign_id AND a.report_date = c.touch_date
    GROUP BY c.touchpoint_id HAVING count(DISTINCT c.campaign_id) = 1),
by_name AS (FROM unambiguous UNION ALL FROM on_the_day)
SELECT
    w.touchpoint_id,
    coalesce(w.by_given, w.by_utm_id, k.campaign_id, n.campaign_id, '') AS campaign_id,
    CASE
        WHEN w.by_given IS NOT NULL THEN 'given'
        WHEN w.by_utm_id IS NOT NULL THEN 'utm_id'
        WHEN k.campaign_id IS NOT NULL THEN 'click_id'
        WHEN n.campaign_id IS NOT NULL THEN 'name'
        WHEN coalesce(w.utm_id, w.campaign_words, w.click_id) IS NOT NULL THEN 'unmapped'
        ELSE 'none'
    END AS resolution
FROM with_id w
LEFT JOIN clicks k ON k.click_id = w.click_id
LEFT JOIN by_name n ON n.touchpoint_id = w.touchpoint_id
