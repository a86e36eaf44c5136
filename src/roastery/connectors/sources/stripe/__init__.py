"""Stripe: payments with their fees, refunds, disputes, invoices, subscriptions, customers and products.

Facts: lists are newest first and know only when something was created; what changed later is in the events of the last
30 days; money is whole minor units; times are epoch seconds; subscriptions that have ended are listed on demand only.
"""

from roastery.connectors.sources.stripe.source import Stripe

__all__ = ["Stripe"]
