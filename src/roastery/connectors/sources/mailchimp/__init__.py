"""Mailchimp: what was sent and what followed, who is on a list and consents, and who clicked.

Facts: Marketing API 3.0 at the account's own data centre; pages by count and offset; no rate headers; access does not
end. Reports of a campaign change for weeks after it is sent. Opens include those of mail privacy proxies; newer answers
say how many. Automations are told as totals only, not by day, so they are left out and said.
"""

from roastery.connectors.sources.mailchimp.source import Mailchimp

__all__ = ["Mailchimp"]
