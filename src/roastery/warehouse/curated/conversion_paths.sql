-- Sales (without renewals) and the touches of their customer in the 90 days before, whatever their window.
-- Builds: curated.conversion_paths. The window of a deal runs back from its opportunity's creation, so hours_before
-- counts from there; every other sale counts from the sale itself.
WITH first_lead AS (
    SELECT coalesce(n.person_id, l.customer_id) AS person_id, min(l.created_at) AS created_at
    FROM curated.leads l LEFT JOIN work.labels n USING (customer_id) WHERE l.customer_id IS NOT NULL GROUP BY 1),
anchored AS (
    SELECT
        s.*,
        least(s.occurred_at, coalesce(o.created_at, s.occurred_at)) AS anchor_at,
        o.created_at AS opportunity_created_at,
        coalesce(l.created_at, ol.created_at,
                 CASE WHEN f.created_at <= s.occurred_at THEN f.created_at END) AS lead_created_at
    FROM curated.sales s
    LEFT JOIN curated.opportunities o ON o.opportunity_id = s.opportunity_id
    LEFT JOIN curated.leads l ON l.lead_id = s.lead_id
    LEFT JOIN curated.leads ol ON ol.lead_id = o.lead_id
    LEFT JOIN first_lead f ON f.person_id = s.customer_id
    WHERE NOT s.is_renewal AND s.customer_id IS NOT NULL)
SELECT
    s.sale_id, t.touchpoint_id, s.customer_id, t.occurred_at, s.occurred_at AS sale_at, s.anchor_at,
    s.lead_created_at, s.opportunity_created_at,
    epoch_us(s.anchor_at - t.occurred_at) / 3600000000 AS hours_before,
    CAST(coalesce(c.attribution_window_days, {{window_days}}) AS INTEGER) AS campaign_window_days,
    CAST(coalesce(c.view_window_days, {{view_window_days}}) AS INTEGER) AS campaign_view_window_days,
    t.channel, t.platform, t.campaign_id, t.ad_id, t.asset_id, t.kind, t.is_direct, t.is_paid,
    t.touch_date, s.sale_date, s.net_amount, s.amount, s.currency, s.is_first_sale, s.is_order, s.is_renewal
FROM anchored s
JOIN curated.touches t ON t.customer_id = s.customer_id
 AND t.occurred_at < s.anchor_at AND t.occurred_at >= s.anchor_at - INTERVAL 2160 HOUR
LEFT JOIN curated.campaigns c ON c.campaign_id = t.campaign_id AND t.campaign_id <> ''
