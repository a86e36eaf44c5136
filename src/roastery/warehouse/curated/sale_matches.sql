-- Records of sales that no id joins: those joined by likeness, and those of overlapping systems that found no partner.
-- Builds: curated.sale_matches. ambiguous: several records were as near; the nearest in amount, then in time, was taken.
-- A system overlaps when any of its records stands for a sale that another system knows too.
WITH joined AS (FROM work.sale_records WHERE sale_id IN (SELECT sale_id FROM work.sale_records WHERE place = 2)),
overlapping AS (
    SELECT DISTINCT j.system FROM joined j
    WHERE j.sale_id IN (SELECT sale_id FROM joined GROUP BY sale_id HAVING count(DISTINCT system) > 1)),
best AS (SELECT min(coalesce(list_position({{source_of_truth}}, kind), 99)) AS rank FROM work.sale_records),
alone AS (
    SELECT r.* FROM work.sale_records r CROSS JOIN best b
    WHERE r.place = 1 AND coalesce(list_position({{source_of_truth}}, r.kind), 99) > b.rank
      AND r.system IN (FROM overlapping) AND r.sale_id NOT IN (SELECT sale_id FROM joined)),
listed AS (FROM alone UNION ALL FROM work.sale_records WHERE matched_by = 'likeness')
SELECT
    r.transaction_id, r.sale_id, r.system AS source_system, r.kind, r.person_id AS customer_id, t.occurred_at,
    CAST(t.occurred_at AT TIME ZONE {{zone}} AS DATE) AS sale_date, t.amount, t.currency,
    CASE WHEN r.matched_by <> 'likeness' THEN 'unmatched' WHEN r.candidates > 1 THEN 'ambiguous' ELSE 'matched' END
        AS status,
    r.days_apart, r.amount_apart, r.candidates,
    {{match_days}} AS tolerance_days, {{match_minor_units}} AS tolerance_minor_units
FROM listed r JOIN curated.transactions t USING (transaction_id)
