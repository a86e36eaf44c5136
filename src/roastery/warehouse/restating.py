"""What platforms said of each day's conversions, on each day that they were asked: how such numbers grow is learned
from it.

Kept by the build whenever ads change: one row per campaign, day and day of asking on which the platform said otherwise
than before. Raw holds every answer too, but many a day, each as long as the report.
"""

from datetime import date

import duckdb

WATCHED_DAYS = 120
"""Days back at which a day is still looked at; platforms restate for at most 90."""
KEPT_DAYS = 700

NOTE = """
DELETE FROM meta.reported WHERE seen_on = $today OR report_date < $today::DATE - $kept;
INSERT INTO meta.reported
WITH said AS (
    SELECT platform, account_id, campaign_id, report_date, any_value(currency) AS currency,
           sum(reported_conversions) AS reported_conversions,
           sum(reported_conversion_value) AS reported_conversion_value
    FROM curated.ad_performance
    WHERE report_date > $today::DATE - $watched AND report_date <= $today
    GROUP BY platform, account_id, campaign_id, report_date),
last AS (
    SELECT platform, account_id, campaign_id, report_date,
           arg_max(coalesce(reported_conversions, 0), seen_on) AS conversions,
           arg_max(coalesce(reported_conversion_value, 0), seen_on) AS worth
    FROM meta.reported GROUP BY platform, account_id, campaign_id, report_date)
SELECT said.platform, said.account_id, said.campaign_id, said.report_date, $today::DATE, said.currency,
       said.reported_conversions, said.reported_conversion_value
FROM said LEFT JOIN last USING (platform, account_id, campaign_id, report_date)
WHERE last.conversions IS NULL OR last.conversions <> coalesce(said.reported_conversions, 0)
   OR last.worth <> coalesce(said.reported_conversion_value, 0)
"""


def note(cursor: duckdb.DuckDBPyConnection, today: date) -> None:
    """Keep what the ads now say, in the place of what they said earlier today."""
    delete, insert = NOTE.split(";", 1)
    cursor.execute(delete, {"today": today, "kept": KEPT_DAYS})
    cursor.execute(insert, {"today": today, "watched": WATCHED_DAYS})
