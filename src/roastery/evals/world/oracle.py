"""The oracle's rules as SQL over the world's own tables: whose a visit is, what brought it, who is credited.

Written from CONTRACTS sections 4 and 8 alone; nothing of the warehouse is imported. Rules, where the contracts leave
room:

Visits. A storefront visit is a session (its first event; an event without session is a visit by itself if it is a
page view). A shop visit is a moment of an order's journey.

Whose. A shop visit belongs to its order's customer. A storefront visit belongs to its own customer_id if it has one;
else to the customer of the earliest event at or after it on its anonymous_id that carries one; else of the latest
before it; else to nobody. Without anonymous_id and customer_id it is nobody's.

Campaign. utm_id (the platform's own id), then click id (gclid: google_ads, fbclid: meta_ads; the platform only, no
campaign), then the exact utm_campaign among the names that campaigns of the platform implied by utm_source bore on
that day (facebook and instagram: meta_ads; google: google_ads; klaviyo: klaviyo), else none. A visit with a click id
and a known name has both: the click id settles the platform, the name the campaign.

Channel, first that fits: medium email or source klaviyo → email; medium sms → sms; affiliate → affiliate; display →
display; medium cpc, ppc, paid or paid_social with facebook, instagram or meta → paid_social; cpc, ppc or paid with
google or bing → paid_search; medium social → organic_social; organic → organic_search; referral → referral; any other
medium or source → other; without tags: gclid → paid_search; fbclid → paid_social; referrer a search engine →
organic_search, a social network → organic_social, another site → referral, none or the shop itself → direct.

Touch. Visits of one customer with the same channel and campaign within 30 minutes seen in two systems are one, the
earliest.

Credit. Eligible: strictly before the sale, at most the campaign's own window (else 30 days) before it, in hours.
last_touch: the latest. last_non_direct: the latest that is not direct; a path of direct visits only keeps direct.
Of two at the same second the one whose identifier sorts last: the storefront's, the shop's, then the mail's.
Credit is revenue net of refunds (order_day). is_paid: the campaign stands in ad_performance. A platform is the
campaign's, else the click id's.
"""

SALES = """
CREATE TABLE sales AS
SELECT order_id, 'shopify:' || customer_id AS customer_id, occurred_at,
       (occurred_at AT TIME ZONE 'America/Chicago')::DATE AS sale_date, amount, refunded_amount,
       amount - refunded_amount AS net,
       customer_id IS NOT NULL
           AND row_number() OVER (PARTITION BY customer_id ORDER BY occurred_at, order_id) = 1 AS is_first
FROM orders WHERE status = 'completed' AND NOT is_test
"""

VISITS = """
CREATE TABLE events AS SELECT *, row_number() OVER () AS place FROM web_events;
CREATE TABLE named AS SELECT anonymous_id, occurred_at, customer_id FROM events
WHERE customer_id IS NOT NULL AND anonymous_id IS NOT NULL;
CREATE TABLE landed AS
SELECT * FROM events WHERE session_id IS NULL AND kind = 'page_view'
UNION ALL
SELECT * FROM events WHERE session_id IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY session_id ORDER BY occurred_at, place) = 1;
CREATE TABLE visited AS
SELECT 'storefront' AS system, coalesce(l.customer_id, after.customer_id, before.customer_id) AS customer_id,
       l.occurred_at, l.utm_source, l.utm_medium, l.utm_campaign, l.utm_id,
       split_part(l.click_id, ':', 1) AS click, l.referrer
FROM landed l
ASOF LEFT JOIN named after ON l.anonymous_id = after.anonymous_id AND l.occurred_at <= after.occurred_at
ASOF LEFT JOIN named before ON l.anonymous_id = before.anonymous_id AND l.occurred_at >= before.occurred_at
UNION ALL
SELECT 'shop', 'shopify:' || o.customer_id, j.occurred_at, j.utm_source, j.utm_medium, j.utm_campaign,
       nullif(regexp_extract(j.landing_page, '[?&]utm_id=([^&]*)', 1), ''),
       nullif(regexp_extract(j.landing_page, '[?&](gclid|fbclid)=', 1), ''), j.referrer
FROM journeys j JOIN orders o USING (order_id);
"""

RESOLVED = """
CREATE TABLE resolved AS
WITH tagged AS (
    SELECT *, coalesce(lower(utm_source), '') AS source, coalesce(lower(utm_medium), '') AS medium,
           coalesce(regexp_extract(referrer, '^https?://([^/]+)', 1), '') AS host,
           (occurred_at AT TIME ZONE 'America/Chicago')::DATE AS day,
           CASE WHEN click = 'gclid' THEN 'google_ads' WHEN click = 'fbclid' THEN 'meta_ads' END AS click_platform,
           CASE WHEN lower(utm_source) IN ('facebook', 'instagram') THEN 'meta_ads' WHEN lower(utm_source) = 'google'
                THEN 'google_ads' WHEN lower(utm_source) = 'klaviyo' THEN 'klaviyo' END AS implied
    FROM visited
)
SELECT t.system, t.customer_id, t.occurred_at,
       CASE WHEN medium = 'email' OR source = 'klaviyo' THEN 'email'
            WHEN medium IN ('sms', 'affiliate', 'display') THEN medium
            WHEN medium IN ('cpc', 'ppc', 'paid', 'paid_social') AND source IN ('facebook', 'instagram', 'meta')
                THEN 'paid_social'
            WHEN medium IN ('cpc', 'ppc', 'paid') AND source IN ('google', 'bing') THEN 'paid_search'
            WHEN medium = 'social' THEN 'organic_social'
            WHEN medium = 'organic' THEN 'organic_search'
            WHEN medium = 'referral' THEN 'referral'
            WHEN medium <> '' OR source <> '' THEN 'other'
            WHEN click = 'gclid' THEN 'paid_search'
            WHEN click = 'fbclid' THEN 'paid_social'
            WHEN regexp_matches(host, '(^|\\.)(google|bing|duckduckgo)\\.') THEN 'organic_search'
            WHEN regexp_matches(host, '(^|\\.)(facebook|instagram|reddit)\\.com$') THEN 'organic_social'
            WHEN host NOT IN ('', 'larkspurcoffee.example') THEN 'referral'
            ELSE 'direct' END AS channel,
       coalesce(by_id.campaign_id, by_name.campaign_id, '') AS campaign_id,
       coalesce(by_id.platform, by_name.platform, click_platform, '') AS platform
FROM tagged t
LEFT JOIN known_ids by_id ON t.utm_id = by_id.link_id
LEFT JOIN known_names by_name ON by_id.campaign_id IS NULL AND t.utm_campaign = by_name.campaign_name
     AND t.implied = by_name.platform AND t.day >= by_name.since AND (by_name.until IS NULL OR t.day < by_name.until);
"""

# Where the e-mail platform is connected, it tells its own clicks, of those whom an address or a number makes known.
CLICKS = """
INSERT INTO resolved
SELECT 'klaviyo', 'shopify:' || customer_id, date_trunc('second', occurred_at), 'email', 'klaviyo:' || campaign_id,
       'klaviyo'
FROM clicks WHERE email IS NOT NULL
"""

TOUCHES = """
CREATE TABLE touches AS
SELECT * FROM resolved r WHERE customer_id IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM resolved o
    WHERE o.customer_id = r.customer_id AND o.channel = r.channel AND o.campaign_id = r.campaign_id
      AND o.system <> r.system
      AND o.occurred_at > r.occurred_at - INTERVAL 30 MINUTE
      AND (o.occurred_at < r.occurred_at OR (o.occurred_at = r.occurred_at AND o.system < r.system)));
"""

CREDITS = """
CREATE TABLE credits AS
WITH eligible AS (
    SELECT s.order_id, t.system, t.channel, t.platform, t.campaign_id, t.occurred_at, t.channel = 'direct' AS is_direct
    FROM sales s JOIN touches t USING (customer_id) LEFT JOIN own_windows w USING (campaign_id)
    WHERE t.occurred_at < s.occurred_at
      AND t.occurred_at >= s.occurred_at - to_hours(24 * coalesce({window}, w.days, {default}))
), best AS (
    SELECT *, row_number() OVER (PARTITION BY order_id ORDER BY {first} occurred_at DESC, system DESC) AS rank
    FROM eligible
)
SELECT s.*, coalesce(b.channel, 'unattributed') AS channel, coalesce(b.platform, 'unattributed') AS platform,
       coalesce(b.campaign_id, 'unattributed') AS campaign_id, coalesce(b.is_direct, false) AS is_direct,
       b.order_id IS NOT NULL AND NOT b.is_direct AS is_attributed,
       coalesce(b.campaign_id IN (SELECT campaign_id FROM ad_days), false) AS is_paid
FROM sales s LEFT JOIN best b ON b.order_id = s.order_id AND b.rank = 1
"""
