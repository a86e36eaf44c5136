"""Klaviyo: campaigns with what followed, flows by day, profiles with their consent, and clicks.

Facts: JSON:API under a dated `revision`; reports may be asked for twice a minute and 225 times a day, over a year at
most; a campaign's figures have no days, a flow's do; rates are fractions and not read. A reporting window of campaigns
is a calendar year of the account's, so that its figures can be replaced by later ones ([K]: by which day Klaviyo places
a campaign in a window; its windows are added up, which is right either way).
"""

from roastery.connectors.sources.klaviyo.source import Klaviyo

__all__ = ["Klaviyo"]
