# ruff: noqa: E501 (a table of headers)
"""Meta Ads Manager: Reports or the campaign table, exported as CSV or Excel, in the language of the screen."""

from roastery.connectors.exports.ads import ad_export

HEADERS = {
    "day": {"en": "Day|Date", "de": "Tag|Datum", "fr": "Jour", "es": "Día|Fecha", "nl": "Dag|Datum", "pt": "Dia|Data"},
    "period_start": {
        "en": "Reporting starts", "de": "Berichtsbeginn|Beginn des Berichts|Auswertungsstart",
        "fr": "Début des rapports|Début du reporting", "es": "Inicio del informe",
        "nl": "Start rapportage|Begin rapportage|Rapportage begint", "pt": "Início dos relatórios",
    },
    "period_end": {
        "en": "Reporting ends", "de": "Berichtsende|Ende des Berichts|Auswertungsende",
        "fr": "Fin des rapports|Fin du reporting", "es": "Fin del informe",
        "nl": "Einde rapportage|Eind rapportage|Rapportage eindigt",
        "pt": "Encerramento dos relatórios|Término dos relatórios|Fim dos relatórios",
    },
    "account_id": {
        "en": "Account ID", "de": "Konto-ID|Account-ID", "fr": "ID du compte|Identifiant du compte",
        "es": "Identificador de la cuenta|ID de la cuenta", "nl": "Account-ID|Accountnummer",
        "pt": "ID da conta|Identificação da conta",
    },
    "account_name": {
        "en": "Account name", "de": "Kontoname|Name des Kontos|Accountname", "fr": "Nom du compte",
        "es": "Nombre de la cuenta", "nl": "Accountnaam|Naam account", "pt": "Nome da conta",
    },
    "campaign_id": {
        "en": "Campaign ID", "de": "Kampagnen-ID|Kampagnennummer", "fr": "ID de la campagne|Identifiant de la campagne",
        "es": "Identificador de la campaña|ID de la campaña", "nl": "Campagne-ID|Campagne ID",
        "pt": "ID da campanha|Identificação da campanha",
    },
    "campaign_name": {
        "en": "Campaign name", "de": "Kampagnenname|Name der Kampagne", "fr": "Nom de la campagne",
        "es": "Nombre de la campaña", "nl": "Campagnenaam|Naam campagne", "pt": "Nome da campanha",
    },
    "ad_group_id": {
        "en": "Ad set ID", "de": "Anzeigengruppen-ID|Anzeigengruppennummer",
        "fr": "ID de l'ensemble de publicités|Identifiant de l'ensemble de publicités",
        "es": "Identificador del conjunto de anuncios|ID del conjunto de anuncios",
        "nl": "Advertentieset-ID|ID advertentieset", "pt": "ID do conjunto de anúncios|Identificação do conjunto de anúncios",
    },
    "ad_group_name": {
        "en": "Ad set name", "de": "Anzeigengruppenname|Name der Anzeigengruppe", "fr": "Nom de l'ensemble de publicités",
        "es": "Nombre del conjunto de anuncios", "nl": "Naam advertentieset|Advertentiesetnaam",
        "pt": "Nome do conjunto de anúncios",
    },
    "ad_id": {
        "en": "Ad ID", "de": "Anzeigen-ID|Anzeigennummer", "fr": "ID de la publicité|Identifiant de la publicité",
        "es": "Identificador del anuncio|ID del anuncio", "nl": "Advertentie-ID", "pt": "ID do anúncio|Identificação do anúncio",
    },
    "ad_name": {
        "en": "Ad name", "de": "Anzeigenname|Name der Anzeige", "fr": "Nom de la publicité", "es": "Nombre del anuncio",
        "nl": "Naam advertentie|Advertentienaam", "pt": "Nome do anúncio",
    },
    "currency": {"en": "Currency", "de": "Währung", "fr": "Devise", "es": "Divisa|Moneda", "nl": "Valuta", "pt": "Moeda"},
    "objective": {"en": "Objective", "de": "Ziel", "fr": "Objectif", "es": "Objetivo", "nl": "Doelstelling", "pt": "Objetivo"},
    "status": {
        "en": "Campaign delivery|Delivery status|Delivery", "de": "Kampagnenauslieferung|Auslieferung|Auslieferungsstatus",
        "fr": "Diffusion de la campagne|Diffusion", "es": "Entrega de la campaña|Entrega",
        "nl": "Weergave campagne|Levering|Weergavestatus", "pt": "Veiculação da campanha|Apresentação da campanha",
    },
    "spend": {
        "en": "Amount spent", "de": "Ausgegebener Betrag", "fr": "Montant dépensé", "es": "Importe gastado",
        "nl": "Besteed bedrag", "pt": "Valor usado|Montante gasto|Valor gasto",
    },
    "impressions": {
        "en": "Impressions", "de": "Impressionen", "fr": "Impressions", "es": "Impresiones", "nl": "Weergaven|Vertoningen",
        "pt": "Impressões",
    },
    "reach": {
        "en": "Reach", "de": "Reichweite", "fr": "Couverture|Portée", "es": "Alcance", "nl": "Bereik", "pt": "Alcance",
    },
    "frequency": {
        "en": "Frequency", "de": "Frequenz|Häufigkeit", "fr": "Répétition|Fréquence", "es": "Frecuencia",
        "nl": "Frequentie", "pt": "Frequência",
    },
    "clicks": {
        "en": "Clicks (all)", "de": "Klicks (alle)", "fr": "Clics (tous)", "es": "Clics (todos)", "nl": "Klikken (alle)",
        "pt": "Cliques (todos)|Cliques (tudo)",
    },
    "link_clicks": {
        "en": "Link clicks", "de": "Link-Klicks|Linkklicks", "fr": "Clics sur un lien|Clics sur le lien",
        "es": "Clics en el enlace", "nl": "Klikken op links|Klikken op link|Linkklikken|Linkkliks|Link-kliks",
        "pt": "Cliques no link|Cliques na ligação",
    },
    "conversions": {
        "en": "Purchases", "de": "Käufe", "fr": "Achats", "es": "Compras", "nl": "Aankopen", "pt": "Compras",
    },
    "web_conversions": {
        "en": "Website purchases", "de": "Website-Käufe|Käufe über die Website", "fr": "Achats sur le site web",
        "es": "Compras en el sitio web", "nl": "Aankopen op website|Website-aankopen", "pt": "Compras no site",
    },
    "conversion_value": {
        "en": "Purchases conversion value|Purchase conversion value",
        "de": "Conversion-Wert für Käufe|Conversion-Wert von Käufen|Kauf-Conversion-Wert",
        "fr": "Valeur de conversion des achats|Valeur de conversion d'achats",
        "es": "Valor de conversión de compras|Valor de conversión de las compras",
        "nl": "Conversiewaarde aankopen|Conversiewaarde van aankopen",
        "pt": "Valor de conversão da compra|Valor de conversão de compras|Valor de conversão das compras",
    },
    "web_conversion_value": {
        "en": "Website purchases conversion value", "de": "Conversion-Wert für Website-Käufe",
        "fr": "Valeur de conversion des achats sur le site web", "es": "Valor de conversión de compras en el sitio web",
        "nl": "Conversiewaarde website-aankopen|Conversiewaarde van aankopen op website",
        "pt": "Valor de conversão de compras no site",
    },
    "video_views": {"en": "Video plays", "de": "Video-Wiedergaben", "fr": "Lectures de vidéo", "es": "Reproducciones de vídeo",
                    "nl": "Video's afgespeeld", "pt": "Reproduções de vídeo"},
    "social_actions": {"en": "Post engagements|Post engagement", "de": "Beitragsinteraktionen",
                       "fr": "Interactions avec la publication", "es": "Interacciones con la publicación",
                       "nl": "Betrokkenheid bij bericht", "pt": "Engajamento com a publicação"},
    "attribution_setting": {"en": "Attribution setting", "de": "Attributionseinstellung", "fr": "Paramètre d'attribution",
                            "es": "Configuración de atribución", "nl": "Toeschrijvingsinstelling",
                            "pt": "Configuração de atribuição"},
}  # fmt: skip

META_ADS = ad_export(
    "meta_ads",
    "Meta Ads Manager",
    HEADERS,
    channel="'paid_social'",
    by_day="In Ads Manager choose Breakdown, By time, Day, and export again.",
)
