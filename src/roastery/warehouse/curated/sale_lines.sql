-- Lines of valid sales; the sale's net revenue falls on them by line value, in millionths by largest remainder:
-- many lines of one product sum to what they are worth to the cent, and a sale's lines to the sale.
-- Builds: curated.sale_lines. A sale whose lines are worth nothing is split evenly. A line of a million millions is a
-- fault of its system (row_quality.py tells it): it stops nothing, weighs nothing and has no known cost.
WITH valued AS (
    SELECT
        s.sale_id, l.line_no, s.sale_date, s.currency, s.net_amount,
        l.product_id, p.product_name, p.category, l.quantity, coalesce(l.promotion_id, s.promotion_id) AS promotion_id,
        -- wide before it multiplies: of two DECIMAL(18,6) DuckDB keeps 18 digits, and fails on a line of a million
        TRY_CAST(CAST(coalesce(l.quantity, 1) AS DECIMAL(26,6)) * coalesce(l.unit_price, 0) - l.discount_amount
                 AS DECIMAL(18,6)) AS line_value,
        coalesce(l.unit_cost, CASE WHEN p.currency = s.currency THEN p.unit_cost END) AS unit_cost
    FROM curated.transaction_lines l
    JOIN curated.sales s ON s.sale_id = l.transaction_id
    LEFT JOIN curated.products p ON p.product_id = l.product_id),
shares AS (
    SELECT *, greatest({{line_micros}}, 0) AS own_share, {{net_micros}} AS net_micros FROM valued),
weighed AS (
    SELECT *, CASE WHEN sum(own_share) OVER (PARTITION BY sale_id) = 0 THEN 1 ELSE own_share END AS share FROM shares),
summed AS (
    SELECT *, sum(share) OVER (PARTITION BY sale_id) AS shares, abs(net_micros) AS total FROM weighed),
floored AS (SELECT *, {{floor}} AS base, {{rest}} AS rest FROM summed),
topped AS (SELECT *, {{topped}} AS units FROM floored)
SELECT
    sale_id, line_no, sale_date, product_id, product_name, category, quantity, line_value,
    {{net_share}} AS net_share,
    unit_cost, TRY_CAST(CAST(unit_cost AS DECIMAL(26,6)) * quantity AS DECIMAL(18,6)) AS cost, currency, promotion_id
FROM topped
