"""Square: orders of every location with their payments and refunds, customers, the catalogue, stock.

Facts: payments are given for one location unless all are asked for one by one; an order search takes ten locations and
sorts by what it filters on; offline orders arrive days later with an old creation time, so all is read by change; money
is whole minor units; access lives 30 days, and with PKCE every refresh gives a new refresh token.
"""

from roastery.connectors.sources.square.source import CATALOG_TYPES, CUSTOMER, PAYMENT, REFUND, Square

__all__ = ["CATALOG_TYPES", "CUSTOMER", "PAYMENT", "REFUND", "Square"]
