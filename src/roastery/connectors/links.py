"""Addresses of pages as they may be kept: without what names a person."""

import re

MAIL_IN_URL = re.compile(r"=[^=&#]*(?:@|%40)[^=&#]*", re.IGNORECASE)


def without_addresses(url: str) -> str:
    """A page's address without the e-mail addresses that newsletters write into their links (law 15).

    >>> without_addresses("https://a.example/?utm_id=7&email=ada%40b.example&x=c@d.example#top")
    'https://a.example/?utm_id=7&email=&x=#top'
    """
    return MAIL_IN_URL.sub("=", url)
