-- Rates between currencies for every day, the latest on or before it; inverse and cross rates derived.
-- Builds: curated.fx_daily. A given rate is preferred to its inverse, and that to a cross rate.
WITH days AS (
    SELECT CAST(unnest(generate_series(first_day, greatest(last_day, {{today}}), INTERVAL 1 DAY)) AS DATE) AS rate_date
    FROM (SELECT min(rate_date)::TIMESTAMP AS first_day, max(rate_date) AS last_day FROM curated.fx_rates)
    WHERE first_day IS NOT NULL),
pairs AS (SELECT DISTINCT base_currency, quote_currency FROM curated.fx_rates WHERE rate > 0),
given AS (
    SELECT d.rate_date, p.base_currency, p.quote_currency, r.rate
    FROM days d CROSS JOIN pairs p
    ASOF JOIN (FROM curated.fx_rates WHERE rate > 0) r
      ON r.base_currency = p.base_currency AND r.quote_currency = p.quote_currency AND r.rate_date <= d.rate_date),
both_ways AS (
    SELECT *, 1 AS detour FROM given
    UNION ALL
    SELECT rate_date, quote_currency, base_currency,
           CAST(CAST(1 AS DECIMAL(38,18)) / rate AS DECIMAL(24,12)), 2 FROM given),
needed AS ({{currencies}}),
crossed AS (
    SELECT a.rate_date, a.base_currency, b.quote_currency,
           min_by(CAST(a.rate::DOUBLE * b.rate::DOUBLE AS DECIMAL(24,12)), a.quote_currency) AS rate, 3 AS detour
    FROM both_ways a
    JOIN both_ways b ON a.rate_date = b.rate_date AND a.quote_currency = b.base_currency
    WHERE a.base_currency <> b.quote_currency AND a.base_currency IN (FROM needed)
    GROUP BY ALL)
SELECT rate_date, base_currency, quote_currency, arg_min(rate, detour) AS rate
FROM (FROM both_ways UNION ALL BY NAME FROM crossed)
WHERE base_currency <> quote_currency
GROUP BY rate_date, base_currency, quote_currency
