-- Refunds of a sale as its best record reports them: the shop's, or else the payment provider's, never both.
-- Builds: work.refunds_seen.
SELECT r.refund_id, s.sale_id, r.refunded_at, r.amount, r.currency
FROM curated.refunds r JOIN work.sale_records s ON s.transaction_id = r.transaction_id
QUALIFY s.place = min(s.place) OVER (PARTITION BY s.sale_id)
