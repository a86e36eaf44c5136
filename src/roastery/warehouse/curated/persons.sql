-- One row per person: the attributes of today, from the person's newest record that has them; consent where a record
-- says yes and none says no.
-- Builds: work.persons.
SELECT
    p.person_id AS customer_id,
    min(c.first_seen_at) AS first_seen_at,
    arg_max(c.country, (c.first_seen_at, c.customer_id)) AS country,
    arg_max(c.segment, (c.first_seen_at, c.customer_id)) AS segment,
    arg_max(c.stage, (c.first_seen_at, c.customer_id)) AS customer_stage,
    arg_max(c.location_id, (c.first_seen_at, c.customer_id)) AS location_id,
    bool_and(c.marketing_consent) AS marketing_consent,
    max(c.source_order_count) AS source_order_count
FROM work.people p LEFT JOIN curated.customers c USING (customer_id)
GROUP BY p.person_id
