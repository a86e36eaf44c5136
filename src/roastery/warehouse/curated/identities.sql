-- What is known to be one person: customer records and anonymous ids, and by what they were linked.
-- Builds: curated.identities. A device that several people used has a row for each of them.
SELECT md5('customer|' || customer_id)::UUID AS id, 'customer' AS identity_kind, customer_id AS identity,
       person_id AS customer_id, coalesce(linked_by, 'own') AS linked_by
FROM work.people
UNION ALL
SELECT md5('anonymous|' || anonymous_id || '|' || person_id)::UUID, 'anonymous', anonymous_id, person_id, 'seen'
FROM (SELECT DISTINCT anonymous_id, person_id FROM work.seen_as)
