"""A CRM of one's own: REST by declaration, a folder of files, a database read only, or signed webhooks.

Each dataset of a connection names where its records are and how their fields become a contract's columns. Records are
mapped before they land, so only what a column takes is stored, and a changed mapping reads everything again.
"""

from roastery.connectors.sources.custom_crm.source import CustomCrm

__all__ = ["CustomCrm"]
