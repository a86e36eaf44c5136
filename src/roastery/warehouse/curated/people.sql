-- One row per customer record that any dataset names: the person that it belongs to.
-- Builds: work.people. Records that share an e-mail or phone are joined before (work.labels, identity.py).
WITH named AS (
    SELECT customer_id FROM curated.customers
    UNION SELECT customer_id FROM curated.transactions
    UNION SELECT customer_id FROM curated.touchpoints
    UNION SELECT customer_id FROM curated.web_events
    UNION SELECT customer_id FROM curated.leads
    UNION SELECT customer_id FROM curated.opportunities
    UNION SELECT customer_id FROM curated.subscriptions
    UNION SELECT customer_id FROM curated.appointments
    UNION SELECT customer_id FROM curated.tickets
    UNION SELECT customer_id FROM curated.automation_events)
SELECT n.customer_id, coalesce(l.person_id, n.customer_id) AS person_id, l.linked_by
FROM named n LEFT JOIN work.labels l USING (customer_id)
WHERE n.customer_id IS NOT NULL
