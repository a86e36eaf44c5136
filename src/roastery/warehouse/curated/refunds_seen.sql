-- Refunds of a sale as its best record reports them: the shop's, or else the payment provider's, never both.
-- Builds: work.refunds_seen. A refund that names no currency is in that of the record which it refunds.
SELECT r.refund_id, s.sale_id, r.refunded_at, r.amount, coalesce(r.currency, t.currency) AS currency
FROM curated.refunds r
JOIN work.sale_records s ON s.transaction_id = r.transaction_id
JOIN curated.transactions t ON t.transaction_id = r.transaction_id
QUALIFY s.place = min(s.place) OVER (PARTITION BY s.sale_id)
