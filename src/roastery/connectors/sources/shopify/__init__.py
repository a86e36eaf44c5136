"""Shopify: orders with their lines, refunds, journeys and parcels, customers and products.

Facts: Admin GraphQL 2026-10; money of the shop as decimal strings; offline tokens of an hour whose refresh rotates;
limits in points per second; without read_all_orders only the orders of the last 60 days are given.
"""

from roastery.connectors.sources.shopify.documents import DOCUMENTS
from roastery.connectors.sources.shopify.source import Shopify

__all__ = ["DOCUMENTS", "Shopify"]
