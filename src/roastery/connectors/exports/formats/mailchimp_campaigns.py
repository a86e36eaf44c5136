# ruff: noqa: S608 (the names are ours)
"""Mailchimp's report of sent campaigns: one row per campaign, rates with percent signs."""

from roastery.connectors.exports.base import Export, Filling, Need, english

FIELDS = (
    english("title", "Title"),
    english("subject", "Subject"),
    english("audience", "List|Audience"),
    english("sent_at", "Send Date", "time"),
    english("recipients", "Total Recipients", "count"),
    english("deliveries", "Successful Deliveries", "count"),
    english("bounces", "Total Bounces", "count", zero=True),
    english("soft_bounces", "Soft Bounces", "count", zero=True),
    english("hard_bounces", "Hard Bounces", "count", zero=True),
    english("opens", "Total Opens", "count", zero=True),
    english("unique_opens", "Unique Opens", "count", zero=True),
    english("clicks", "Total Clicks", "count", zero=True),
    english("unique_clicks", "Unique Clicks", "count", zero=True),
    english("unsubscribes", "Unsubscribes", "count", zero=True),
    english("unique_id", "Unique Id|Unique ID"),
)

# Two sends of one title on one day are told apart by the id that the report has; without it, by their moment.
ID = "'mailchimp:' || coalesce(unique_id, 'name:' || title || '@' || strftime(sent_at, '%Y-%m-%dT%H:%M'))"

CAMPAIGNS = f"""
SELECT min(row_number) AS file_row, {ID} AS campaign_id, any_value(coalesce(title, subject)) AS campaign_name,
       'mailchimp' AS platform, 'email' AS channel, 'sent' AS status,
       min((sent_at AT TIME ZONE {{zone}})::DATE) AS start_date
FROM {{rows}} GROUP BY 2"""

PERFORMANCE = f"""
SELECT row_number AS file_row, (sent_at AT TIME ZONE {{zone}})::DATE AS report_date, 'mailchimp' AS platform,
       {ID} AS campaign_id, coalesce(title, subject) AS campaign_name, 'campaign' AS kind,
       recipients::HUGEINT AS sends, deliveries::HUGEINT AS deliveries, opens::HUGEINT AS opens,
       unique_opens::HUGEINT AS unique_opens, clicks::HUGEINT AS clicks, unique_clicks::HUGEINT AS unique_clicks,
       coalesce(bounces, soft_bounces + hard_bounces)::HUGEINT AS bounces, unsubscribes::HUGEINT AS unsubscribes
FROM {{rows}}"""

MAILCHIMP_CAMPAIGNS = Export(
    "mailchimp_campaigns",
    "mailchimp",
    "Mailchimp campaigns",
    FIELDS,
    needs=(
        Need(("title", "subject"), "The column Title is needed."),
        Need(("sent_at",), "The column Send Date is needed."),
        Need(("recipients",), "The column Total Recipients is needed: export the report of all campaigns."),
        Need(("deliveries",), "The column Successful Deliveries is needed."),
    ),
    fillings=(Filling("campaigns", CAMPAIGNS), Filling("email_performance", PERFORMANCE)),
    places=("title", "subject"),
    day="sent_at::DATE",
    checks=("recipients", "deliveries"),
    assumes=("Send dates are in the organization's time zone.",),
)
