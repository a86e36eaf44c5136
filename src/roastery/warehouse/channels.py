"""From source, medium, platform, click and referrer to a marketing channel: ordered rules, the first that fits wins."""

from dataclasses import dataclass

CHANNELS = (
    "paid_social",
    "paid_search",
    "email",
    "organic_search",
    "organic_social",
    "referral",
    "direct",
    "affiliate",
    "display",
    "sms",
    "other",
)

SEARCH_ENGINES = (
    *("google", "bing", "yahoo", "duckduckgo", "baidu", "yandex", "ecosia", "adwords", "microsoft", "msn", "ask"),
    *("naver", "qwant", "startpage"),
)
SOCIAL_SITES = (
    *("facebook", "fb", "instagram", "ig", "meta", "tiktok", "linkedin", "twitter", "x", "t.co", "pinterest"),
    *("snapchat", "reddit", "youtube", "threads", "whatsapp", "messenger"),
)
SOCIAL_PLATFORMS = ("meta_ads", "tiktok_ads", "linkedin_ads", "pinterest_ads", "snapchat_ads", "reddit_ads", "x_ads")
SEARCH_PLATFORMS = ("google_ads", "microsoft_ads")
EMAIL_PLATFORMS = ("klaviyo", "mailchimp", "constant_contact", "hubspot_email", "email")

IMPLIED_PLATFORM = {
    "meta_ads": ("facebook", "fb", "instagram", "ig", "meta", "meta_ads", "facebook_ads", "messenger", "an"),
    "google_ads": ("google", "adwords", "google_ads", "googleads", "youtube"),
    "tiktok_ads": ("tiktok", "tiktok_ads"),
    "linkedin_ads": ("linkedin", "linkedin_ads"),
    "microsoft_ads": ("bing", "microsoft", "microsoft_ads", "bing_ads"),
    "pinterest_ads": ("pinterest", "pinterest_ads"),
    "snapchat_ads": ("snapchat", "snapchat_ads"),
    "reddit_ads": ("reddit", "reddit_ads"),
    "x_ads": ("twitter", "x", "x_ads", "twitter_ads"),
    "klaviyo": ("klaviyo",),
    "mailchimp": ("mailchimp",),
    "constant_contact": ("constant_contact", "constantcontact"),
}
"""Which platform a utm_source speaks of, when a campaign's name alone does not say."""


@dataclass(frozen=True)
class ChannelRule:
    """Visits that meet `condition` are of `channel`.

    The condition is SQL over source, medium, platform, campaign_id, kind, click_id and host.
    """

    channel: str
    condition: str
    about: str


def _among(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(v) for v in values)})"


def _host(sites: tuple[str, ...]) -> str:
    """A referrer of one of these sites: google.com, www.google.co.uk, m.facebook.com, but not notgoogle.com."""
    names = "|".join(s.replace(".", r"\.") for s in sites)
    return rf"regexp_matches(host, '(^|\.)({names})(\.[a-z]{{2,}}){{0,2}}$')"


PAID = r"regexp_matches(medium, '(^|[^a-z])(cpc|ppc|cpm|cpv|cpa|sem|paid|retargeting|remarketing)|^paid|_ads?$')"
SEARCH = _among("source", SEARCH_ENGINES)
SOCIAL = _among("source", SOCIAL_SITES)

RULES = (
    ChannelRule("sms", "medium IN ('sms','text','mms') OR source IN ('sms','mms')", "text messages"),
    ChannelRule(
        "email",
        r"kind = 'email_click' OR regexp_matches(medium, '^(e[-_ ]?mail|newsletter)') "
        rf"OR regexp_matches(source, '^(e[-_ ]?mail|newsletter)$') OR {_among('platform', EMAIL_PLATFORMS)} "
        rf"OR {_among('source', EMAIL_PLATFORMS)}",
        "e-mail by medium, source or sending platform",
    ),
    ChannelRule("affiliate", r"regexp_matches(medium, '^(affiliates?|partner)$')", "affiliates"),
    ChannelRule("display", r"regexp_matches(medium, '^(display|banner|gdn|programmatic|native)')", "banners"),
    ChannelRule(
        "paid_social", f"{_among('platform', SOCIAL_PLATFORMS)} OR ({PAID} AND {SOCIAL})", "ads on social sites"
    ),
    ChannelRule(
        "paid_social", r"regexp_matches(medium, '^paid[-_ ]?social')", "ads on social sites that are not known by name"
    ),
    ChannelRule("paid_search", f"{_among('platform', SEARCH_PLATFORMS)} OR ({PAID} AND {SEARCH})", "ads in search"),
    ChannelRule(
        "paid_search",
        r"regexp_matches(medium, '^paid[-_ ]?search') OR click_id LIKE 'gclid:%'",
        "ads in search by name",
    ),
    ChannelRule("organic_search", f"NOT {PAID} AND {SEARCH}", "search engines without an ad"),
    ChannelRule(
        "organic_search", f"source = '' AND medium IN ('', 'organic') AND {_host(SEARCH_ENGINES)}", "by referrer"
    ),
    ChannelRule(
        "organic_social", f"NOT {PAID} AND ({SOCIAL} OR medium IN ('social', 'organic_social'))", "social posts"
    ),
    ChannelRule("organic_social", f"source = '' AND medium = '' AND {_host(SOCIAL_SITES)}", "by referrer"),
    ChannelRule(
        "referral", "medium = 'referral' OR (source = '' AND medium = '' AND host <> '')", "links on other sites"
    ),
    ChannelRule(
        "direct",
        "source IN ('', '(direct)', 'direct') AND medium IN ('', '(none)', 'none', 'direct') "
        "AND platform = '' AND campaign_id = '' AND kind IN ('', 'visit')",
        "typed or saved",
    ),
)
"""The default grouping that ships; what no rule takes is `other`."""


def channel_case(rules: tuple[ChannelRule, ...] = RULES) -> str:
    """SQL: the channel of a row with the columns of ChannelRule.condition, lower case and never null.

    >>> channel_case(RULES[:1])
    "CASE WHEN medium IN ('sms','text','mms') OR source IN ('sms','mms') THEN 'sms' ELSE 'other' END"
    """
    whens = " ".join(f"WHEN {rule.condition} THEN '{rule.channel}'" for rule in rules)
    return f"CASE {whens} ELSE 'other' END"


def implied_platform_case(source: str) -> str:
    """SQL: the platform that a lower-case utm_source speaks of, '' when none."""
    whens = " ".join(f"WHEN {_among(source, names)} THEN '{platform}'" for platform, names in IMPLIED_PLATFORM.items())
    return f"CASE {whens} ELSE '' END"
