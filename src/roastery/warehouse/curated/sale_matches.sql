-- Records of sales that no id joins: those joined by likeness, and those of overlapping systems that found no partner.
-- Builds: curated.sale_matches. ambiguous: several records were as near; the nearest in amount, then in time, was taken.
-- A system overlaps when any of its records stands for a sale that another system knows too.
WITH records AS (
    SELECT
        r.*, t.kind, t.occurred_at, t.amount, t.currency, coalesce(t.source_system, t.connection_source) AS system
    FROM work.sale_records r JOIN curated.transactions t USING (transaction_id)),
spread AS (SELECT sale_id, count(*) AS records, count(DISTINCT system) AS systems FROM records GROUP BY sale_id),
overlapping AS (SELECT DISTINCT r.system FROM records r JOIN spread s USING (sale_id) WHERE s.systems > 1),
best AS (SELECT min(coalesce(list_position({{source_of_truth}}, kind), 99)) AS rank FROM records)
SELECT
    r.transaction_id, r.sale_id, r.system AS source_system, r.kind, r.person_id AS customer_id, r.occurred_at,
    CAST(r.occurred_at AT TIME ZONE {{zone}} AS DATE) AS sale_date, r.amount, r.currency,
    CASE WHEN r.matched_by <> 'likeness' THEN 'unmatched' WHEN r.candidates > 1 THEN 'ambiguous' ELSE 'matched' END
        AS status,
    r.days_apart, r.amount_apart, r.candidates,
    {{match_days}} AS tolerance_days, {{match_minor_units}} AS tolerance_minor_units
FROM records r JOIN spread s USING (sale_id) CROSS JOIN best b
WHERE r.matched_by = 'likeness'
   OR (s.records = 1 AND coalesce(list_position({{source_of_truth}}, r.kind), 99) > b.rank
       AND r.system IN (FROM overlapping))
