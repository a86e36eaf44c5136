-- What happened with a person, step by step: touches, leads, opportunities and sales.
-- Builds: curated.journeys.
WITH steps AS (
    SELECT customer_id, occurred_at, 'touch' AS step_kind, touchpoint_id AS object_id, kind AS detail,
           channel, platform, campaign_id, campaign_name, NULL::DECIMAL(18,6) AS amount, NULL AS currency
    FROM curated.touches
    UNION ALL
    SELECT p.person_id, l.created_at, 'lead', l.lead_id, l.stage, l.channel, '', coalesce(l.campaign_id, ''), '', NULL, NULL
    FROM curated.leads l JOIN work.people p USING (customer_id)
    UNION ALL
    SELECT p.person_id, o.created_at, 'opportunity', o.opportunity_id, o.stage, NULL, '', coalesce(o.campaign_id, ''), '',
           o.amount, o.currency
    FROM curated.opportunities o JOIN work.people p USING (customer_id)
    UNION ALL
    SELECT customer_id, occurred_at, 'sale', sale_id, kind, NULL, '', '', '', net_amount, currency
    FROM curated.sales)
SELECT
    customer_id,
    row_number() OVER (PARTITION BY customer_id ORDER BY occurred_at, step_kind DESC, object_id) AS step_no,
    * EXCLUDE (customer_id)
FROM steps
WHERE customer_id IS NOT NULL AND occurred_at IS NOT NULL
