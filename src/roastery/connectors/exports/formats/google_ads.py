# ruff: noqa: E501 (a table of headers)
"""Google Ads: a report or table downloaded as CSV or Excel, below two lines of title and period, totals at its end."""

from roastery.connectors.exports.ads import ad_export

HEADERS = {
    "day": {"en": "Day", "de": "Tag", "fr": "Jour", "es": "Día", "nl": "Dag", "pt": "Dia"},
    "account_id": {
        "en": "Customer ID", "de": "Kundennummer|Kunden-ID", "fr": "Numéro client|ID client", "es": "ID de cliente",
        "nl": "Klant-ID|Klantnummer", "pt": "ID do cliente|Código de cliente",
    },
    "account_name": {
        "en": "Account name|Account", "de": "Kontoname|Konto", "fr": "Nom du compte|Compte",
        "es": "Nombre de la cuenta|Cuenta", "nl": "Accountnaam|Account", "pt": "Nome da conta|Conta",
    },
    "campaign_id": {
        "en": "Campaign ID", "de": "Kampagnen-ID", "fr": "ID de campagne|ID de la campagne",
        "es": "ID de campaña|ID de la campaña", "nl": "Campagne-ID", "pt": "ID da campanha|ID de campanha",
    },
    "campaign_name": {
        "en": "Campaign", "de": "Kampagne", "fr": "Campagne", "es": "Campaña", "nl": "Campagne", "pt": "Campanha",
    },
    "ad_group_id": {
        "en": "Ad group ID", "de": "Anzeigengruppen-ID", "fr": "ID du groupe d'annonces", "es": "ID del grupo de anuncios",
        "nl": "Advertentiegroep-ID", "pt": "ID do grupo de anúncios",
    },
    "ad_group_name": {
        "en": "Ad group", "de": "Anzeigengruppe", "fr": "Groupe d'annonces", "es": "Grupo de anuncios",
        "nl": "Advertentiegroep", "pt": "Grupo de anúncios",
    },
    "ad_id": {"en": "Ad ID", "de": "Anzeigen-ID", "fr": "ID de l'annonce", "es": "ID del anuncio", "nl": "Advertentie-ID",
              "pt": "ID do anúncio"},
    "ad_name": {"en": "Ad name", "de": "Anzeigenname", "fr": "Nom de l'annonce", "es": "Nombre del anuncio",
                "nl": "Advertentienaam", "pt": "Nome do anúncio"},
    "currency": {
        "en": "Currency code|Currency", "de": "Währungscode|Währung", "fr": "Code de devise|Code devise|Devise",
        "es": "Código de moneda|Moneda|Código de divisa", "nl": "Valutacode|Valuta", "pt": "Código da moeda|Moeda",
    },
    "objective": {
        "en": "Campaign type", "de": "Kampagnentyp", "fr": "Type de campagne", "es": "Tipo de campaña",
        "nl": "Campagnetype", "pt": "Tipo de campanha",
    },
    "status": {
        "en": "Campaign status|Campaign state", "de": "Kampagnenstatus", "fr": "État de la campagne",
        "es": "Estado de la campaña", "nl": "Campagnestatus", "pt": "Status da campanha|Estado da campanha",
    },
    "spend": {"en": "Cost", "de": "Kosten", "fr": "Coût", "es": "Coste|Costo", "nl": "Kosten", "pt": "Custo"},
    "impressions": {
        "en": "Impr.|Impressions", "de": "Impr.|Impressionen", "fr": "Impr.|Impressions", "es": "Impr.|Impresiones",
        "nl": "Vert.|Vertoningen|Weerg.|Weergaven", "pt": "Impr.|Impressões",
    },
    "clicks": {"en": "Clicks", "de": "Klicks", "fr": "Clics", "es": "Clics", "nl": "Klikken", "pt": "Cliques"},
    "conversions": {
        "en": "Conversions", "de": "Conversions", "fr": "Conversions", "es": "Conversiones", "nl": "Conversies",
        "pt": "Conversões",
    },
    "conversion_value": {
        "en": "Conv. value|Conversion value|Total conv. value", "de": "Conv.-Wert|Conversion-Wert",
        "fr": "Valeur de conv.|Valeur conv.|Valeur de conversion", "es": "Valor de conv.|Valor conv.|Valor de conversión",
        "nl": "Conv.waarde|Conversiewaarde", "pt": "Valor da conv.|Valor de conv.|Valor conv.|Valor de conversão",
    },
    "view_conversions": {
        "en": "View-through conv.|View-through conversions", "de": "View-through-Conv.",
        "fr": "Conv. après affichage", "es": "Conv. posimpresión", "nl": "View-through conv.", "pt": "Conv. de visualização",
    },
}  # fmt: skip

# As the connection does: networks of pictures and video are display, the rest is search.
CHANNEL = """CASE WHEN regexp_matches(lower(objective), 'display|video|demand|youtube|discovery') THEN 'display'
    ELSE 'paid_search' END"""

GOOGLE_ADS = ad_export(
    "google_ads",
    "Google Ads",
    HEADERS,
    channel=CHANNEL,
    by_day="In Google Ads add the segment Time, Day, and download again.",
)
