# ruff: noqa: E501 (a table of headers)
"""LinkedIn Campaign Manager: a performance report as tab-separated UTF-16 below some lines of title.

LinkedIn's campaign group is our campaign, its campaign our ad group.
"""

from roastery.connectors.exports.ads import ad_export

HEADERS = {
    "day": {"en": "Start Date (in UTC)|Start Date|Day (in UTC)|Date", "de": "Startdatum (in UTC)|Startdatum",
            "fr": "Date de début (en UTC)", "es": "Fecha de inicio (en UTC)"},
    "account_id": {"en": "Account ID"},
    "account_name": {"en": "Account Name", "de": "Kontoname", "fr": "Nom du compte", "es": "Nombre de la cuenta"},
    "campaign_id": {"en": "Campaign Group ID", "de": "Kampagnengruppen-ID", "fr": "ID du groupe de campagnes",
                    "es": "ID del grupo de campañas"},
    "campaign_name": {"en": "Campaign Group Name", "de": "Name der Kampagnengruppe|Kampagnengruppenname",
                      "fr": "Nom du groupe de campagnes", "es": "Nombre del grupo de campañas"},
    "ad_group_id": {"en": "Campaign ID", "de": "Kampagnen-ID", "fr": "ID de campagne", "es": "ID de campaña"},
    "ad_group_name": {"en": "Campaign Name", "de": "Kampagnenname", "fr": "Nom de la campagne", "es": "Nombre de la campaña"},
    "ad_id": {"en": "Ad ID|Creative ID"},
    "ad_name": {"en": "Ad Name|Creative Name"},
    "currency": {"en": "Currency", "de": "Währung", "fr": "Devise", "es": "Moneda"},
    "objective": {"en": "Campaign Objective|Objective"},
    "status": {"en": "Campaign Group Status"},
    "spend": {"en": "Total Spent|Spend", "de": "Gesamtausgaben", "fr": "Total dépensé", "es": "Total gastado"},
    "impressions": {"en": "Impressions", "de": "Impressions|Impressionen", "fr": "Impressions", "es": "Impresiones"},
    "reach": {"en": "Reach"},
    "clicks": {"en": "Clicks", "de": "Klicks", "fr": "Clics", "es": "Clics"},
    "conversions": {"en": "Conversions", "de": "Conversions", "fr": "Conversions", "es": "Conversiones"},
    "conversion_value": {"en": "Total Conversion Value"},
    "view_conversions": {"en": "View-Through Conversions"},
    "video_views": {"en": "Video Views|Views"},
    "social_actions": {"en": "Total Social Actions|Total Engagements"},
}  # fmt: skip

LINKEDIN_ADS = ad_export(
    "linkedin_ads",
    "LinkedIn Campaign Manager",
    HEADERS,
    channel="'paid_social'",
    by_day="In Campaign Manager export the report with the time breakdown Daily, with campaign groups.",
    assumes=("LinkedIn's campaign group is the campaign here, its campaign the ad group; days are UTC days.",),
)
