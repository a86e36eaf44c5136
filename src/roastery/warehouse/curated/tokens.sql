-- Whose an e-mail or phone is that somebody types on a page; one that several persons carry is nobody's.
-- Builds: work.tokens. A Gmail mailbox is found by each of its spellings.
WITH carried AS (
    SELECT customer_id, nullif(split_part(email, ':', 3), '') AS hash FROM curated.customers
    UNION ALL
    SELECT customer_id, nullif(split_part(phone, ':', 3), '') FROM curated.customers),
boxed AS (
    SELECT c.customer_id, coalesce({{mailbox}}, c.hash) AS box
    FROM carried c LEFT JOIN meta.addresses a ON a.hash = c.hash WHERE c.hash IS NOT NULL),
owned AS (
    SELECT b.box, min(coalesce(l.person_id, b.customer_id)) AS person_id
    FROM boxed b LEFT JOIN work.labels l USING (customer_id)
    GROUP BY b.box HAVING count(DISTINCT coalesce(l.person_id, b.customer_id)) = 1)
SELECT box AS token, person_id FROM owned
UNION
SELECT a.hash, o.person_id FROM owned o JOIN meta.addresses a ON {{mailbox}} = o.box
