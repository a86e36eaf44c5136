"""Salesforce: leads, contacts, opportunities with every stage that they were in, quotes and campaigns.

Facts: SOQL over REST in pages, Bulk 2.0 for long histories; deleted records only with queryAll; SystemModstamp is the
last change; a closing date has no zone; currency codes exist in organizations with several currencies only.
"""

from roastery.connectors.sources.salesforce.source import Salesforce

__all__ = ["Salesforce"]
