-- When an anonymous visitor was known to be which person.
-- Builds: work.seen_as. Two persons at one instant: the smaller id, so that a build gives the same again.
SELECT anonymous_id, occurred_at, min(person_id) AS person_id
FROM (
    SELECT anonymous_id, occurred_at, person_id FROM work.web_visits
    UNION ALL
    SELECT t.anonymous_id, t.occurred_at, coalesce(l.person_id, t.customer_id)
    FROM curated.touchpoints t LEFT JOIN work.labels l USING (customer_id))
WHERE anonymous_id IS NOT NULL AND person_id IS NOT NULL
GROUP BY ALL
