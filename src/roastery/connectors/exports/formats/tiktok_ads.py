# ruff: noqa: E501 (a table of headers)
"""TikTok Ads Manager: a custom report, as CSV or Excel; its last line counts the results."""

from roastery.connectors.exports.ads import ad_export

HEADERS = {
    "day": {"en": "By Day|Date|Day|Stat time day", "de": "Nach Tag|Datum", "fr": "Par jour|Date", "es": "Por día|Fecha"},
    "account_id": {"en": "Account ID|Advertiser ID", "de": "Konto-ID"},
    "account_name": {"en": "Account name|Advertiser name", "de": "Kontoname"},
    "campaign_id": {"en": "Campaign ID", "de": "Kampagnen-ID", "fr": "ID de la campagne", "es": "ID de la campaña"},
    "campaign_name": {"en": "Campaign name", "de": "Kampagnenname", "fr": "Nom de la campagne", "es": "Nombre de la campaña"},
    "ad_group_id": {"en": "Ad group ID", "de": "Anzeigengruppen-ID"},
    "ad_group_name": {"en": "Ad group name", "de": "Name der Anzeigengruppe|Anzeigengruppenname"},
    "ad_id": {"en": "Ad ID", "de": "Anzeigen-ID"},
    "ad_name": {"en": "Ad name", "de": "Anzeigenname"},
    "currency": {"en": "Currency", "de": "Währung", "fr": "Devise", "es": "Moneda"},
    "objective": {"en": "Objective|Advertising objective"},
    "status": {"en": "Campaign status|Status|Primary status"},
    "spend": {"en": "Cost|Total cost", "de": "Kosten", "fr": "Coût", "es": "Coste|Costo"},
    "impressions": {"en": "Impressions|Impression", "de": "Impressionen", "fr": "Impressions", "es": "Impresiones"},
    "reach": {"en": "Reach", "de": "Reichweite", "fr": "Couverture", "es": "Alcance"},
    "frequency": {"en": "Frequency"},
    "clicks": {"en": "Clicks (all)|Clicks|Click", "de": "Klicks (alle)", "fr": "Clics (tous)", "es": "Clics (todos)"},
    "link_clicks": {"en": "Clicks (destination)|Destination clicks", "de": "Klicks (Ziel)", "fr": "Clics (destination)",
                    "es": "Clics (destino)"},
    "conversions": {"en": "Conversions|Conversion", "de": "Conversions", "fr": "Conversions", "es": "Conversiones"},
    "web_conversions": {"en": "Complete payment|Total complete payment|Purchases (website)|Website purchases"},
    "conversion_value": {"en": "Total conversion value|Conversion value"},
    "web_conversion_value": {"en": "Total complete payment value|Complete payment value|Purchase value (website)|Value per complete payment total"},
    "video_views": {"en": "Video views|2-second video views"},
}  # fmt: skip

TIKTOK_ADS = ad_export(
    "tiktok_ads",
    "TikTok Ads Manager",
    {**HEADERS, "spend": HEADERS["spend"]},
    channel="'paid_social'",
    by_day="In TikTok Ads Manager add the dimension By Day to the report, and export again.",
)
