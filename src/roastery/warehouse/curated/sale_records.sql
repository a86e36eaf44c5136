-- Valid records of sales, and which of them stands for the sale (source-of-truth order within an external order id).
-- Builds: work.sale_records.
SELECT
    t.transaction_id,
    first_value(t.transaction_id) OVER best AS sale_id,
    row_number() OVER best AS place,
    coalesce(l.person_id, t.customer_id) AS person_id,
    t.lead_id,
    coalesce(o.opportunity_id, d.opportunity_id) AS opportunity_id,
    t.fee_amount
FROM curated.transactions t
LEFT JOIN work.labels l USING (customer_id)
LEFT JOIN curated.opportunities o ON o.opportunity_id = t.opportunity_id
LEFT JOIN curated.opportunities d ON d.opportunity_id = t.transaction_id AND t.kind = 'deal'
WHERE t.status = 'completed' AND NOT t.is_test AND t.occurred_at IS NOT NULL AND t.amount IS NOT NULL
WINDOW best AS (
    PARTITION BY coalesce(t.external_order_id, t.transaction_id)
    ORDER BY coalesce(list_position({{source_of_truth}}, t.kind), 99), t.occurred_at, t.transaction_id)
