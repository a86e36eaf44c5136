"""HubSpot: contacts, deals with the history of their stages, invoices, quotes, products and tickets.

Facts: dated paths (2026-09); what changed is found by search, which stops at 10,000 results and knows neither
associations nor history; those are read in batches. Property values are text.
"""

from roastery.connectors.sources.hubspot.source import HubSpot

__all__ = ["HubSpot"]
