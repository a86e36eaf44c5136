-- What two or more records have in common: a token that both carry. base is what the token was made of.
-- Builds: work.evidence. holder: a customer record, or `form:` with the e-mail or phone that somebody typed on a page.
-- email, phone, external_customer and order tell of one person by themselves; form, login, device and click only help.
-- A desk's address counts only with the same full name; a phone whose records have several first names only within one.
WITH known AS (
    SELECT
        customer_id, nullif(external_customer_id, '') AS external_customer_id,
        nullif(split_part(email, ':', 3), '') AS email, nullif(split_part(phone, ':', 3), '') AS phone,
        nullif(split_part(first_name, ':', 3), '') AS first_name,
        nullif(split_part(last_name, ':', 3), '') AS last_name
    FROM curated.customers),
typed AS (
    SELECT DISTINCT
        nullif(split_part(email, ':', 3), '') AS email, nullif(split_part(phone, ':', 3), '') AS phone,
        anonymous_id, customer_id, click_id
    FROM curated.web_events WHERE email IS NOT NULL OR phone IS NOT NULL),
forms AS (
    SELECT 'form:' || email AS holder, * FROM typed WHERE email IS NOT NULL
    UNION ALL
    SELECT 'form:' || phone, * FROM typed WHERE phone IS NOT NULL),
mail AS (
    SELECT h.*, coalesce(a.is_role, false) AS is_role, coalesce({{mailbox}}, h.email) AS box
    FROM (
        SELECT customer_id AS holder, email, first_name, last_name FROM known WHERE email IS NOT NULL
        UNION ALL
        SELECT DISTINCT holder, email, NULL, NULL FROM forms WHERE email IS NOT NULL AND holder = 'form:' || email) h
    LEFT JOIN meta.addresses a ON a.hash = h.email),
phones AS (
    SELECT *, count(DISTINCT first_name) OVER (PARTITION BY phone) AS names
    FROM (
        SELECT customer_id AS holder, phone, first_name FROM known WHERE phone IS NOT NULL
        UNION ALL
        SELECT DISTINCT holder, phone, NULL FROM forms WHERE phone IS NOT NULL AND holder = 'form:' || phone)),
asked_for AS (SELECT DISTINCT external_customer_id AS id FROM known WHERE external_customer_id IS NOT NULL),
carried AS (
    SELECT holder, 'email' AS kind, box AS base,
           CASE WHEN NOT is_role THEN box WHEN first_name IS NOT NULL AND last_name IS NOT NULL
                THEN concat_ws('|', box, first_name, last_name) END AS token
    FROM mail
    UNION ALL
    SELECT holder, 'phone', phone,
           CASE WHEN names < 2 THEN phone WHEN first_name IS NOT NULL THEN phone || '|' || first_name END
    FROM phones
    UNION ALL
    SELECT customer_id, 'external_customer', external_customer_id, external_customer_id
    FROM known WHERE external_customer_id IS NOT NULL
    UNION ALL
    SELECT customer_id, 'external_customer', customer_id, customer_id
    FROM known SEMI JOIN asked_for ON asked_for.id = known.customer_id
    UNION ALL
    SELECT customer_id, 'order', external_order_id, external_order_id FROM curated.transactions
    WHERE external_order_id IS NOT NULL AND customer_id IS NOT NULL AND NOT is_test
    UNION ALL
    SELECT holder, 'form', email || '|' || phone, email || '|' || phone FROM forms
    WHERE email IS NOT NULL AND phone IS NOT NULL
    UNION ALL
    SELECT holder, 'login', customer_id, customer_id FROM forms WHERE customer_id IS NOT NULL
    UNION ALL
    SELECT customer_id, 'login', customer_id, customer_id FROM forms WHERE customer_id IS NOT NULL
    UNION ALL
    SELECT holder, 'device', anonymous_id, anonymous_id FROM forms WHERE anonymous_id IS NOT NULL
    UNION ALL
    SELECT customer_id, 'device', anonymous_id, anonymous_id FROM curated.web_events
    WHERE customer_id IS NOT NULL AND anonymous_id IS NOT NULL
    UNION ALL
    SELECT customer_id, 'device', anonymous_id, anonymous_id FROM curated.touchpoints
    WHERE customer_id IS NOT NULL AND anonymous_id IS NOT NULL
    UNION ALL
    SELECT holder, 'click', click_id, click_id FROM forms WHERE click_id IS NOT NULL
    UNION ALL
    SELECT customer_id, 'click', click_id, click_id FROM curated.touchpoints
    WHERE click_id IS NOT NULL AND customer_id IS NOT NULL
    UNION ALL
    SELECT customer_id, 'click', click_id, click_id FROM curated.web_events
    WHERE click_id IS NOT NULL AND customer_id IS NOT NULL
    UNION ALL
    SELECT customer_id, 'click', click_id, click_id FROM curated.leads
    WHERE click_id IS NOT NULL AND customer_id IS NOT NULL),
single AS (SELECT DISTINCT kind, base, token, holder FROM carried WHERE token IS NOT NULL)
SELECT kind, base, token, holder FROM single
QUALIFY count(*) OVER (PARTITION BY kind, token) BETWEEN 2 AND {{shared_at_most}}
