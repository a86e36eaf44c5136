"""Exports of the ad platforms, as their screens write them in several languages."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import pytest

from roastery.warehouse.errors import BadQuery
from tests.connectors.exports.conftest import Read, asked, rows

ALWAYS = ("en", "de")


def languages(files: Iterable[str]) -> list[Any]:
    """Some in every run, the others with the long proofs."""
    return [pytest.param(name, marks=() if name in ALWAYS else pytest.mark.prove) for name in files]


PERFORMANCE = "report_date, campaign_id, ad_group_id, currency, spend, impressions, clicks, reported_conversions"

META = {
    "en": (
        "Day,Campaign name,Campaign ID,Amount spent (USD),Impressions,Clicks (all),Purchases,"
        "Purchases conversion value\n"
        '2026-11-01,Autumn,120211,"1,234.50","20,000",300,4,"1,000.25"\n'
        "2026-11-02,Autumn,120211,0,0,0,,\n",
        "USD",
    ),
    "de": (
        "Tag;Kampagnenname;Kampagnen-ID;Ausgegebener Betrag (EUR);Impressionen;Klicks (alle);Käufe;"
        "Conversion-Wert für Käufe\n"
        "2026-11-01;Autumn;120211;1.234,50;20.000;300;4;1.000,25\n"
        "2026-11-02;Autumn;120211;0;0;0;;\n",
        "EUR",
    ),
    "fr": (
        "Jour;Nom de la campagne;ID de la campagne;Montant dépensé (EUR);Impressions;Clics (tous);Achats;"
        "Valeur de conversion des achats\n"
        "2026-11-01;Autumn;120211;1\u202f234,50;20\u202f000;300;4;1\u202f000,25\n"
        "2026-11-02;Autumn;120211;0;0;0;;\n",
        "EUR",
    ),
    "es": (
        "Día,Nombre de la campaña,Identificador de la campaña,Importe gastado (MXN),Impresiones,Clics (todos),Compras,"
        "Valor de conversión de compras\n"
        '2026-11-01,Autumn,120211,"1,234.50","20,000",300,4,"1,000.25"\n'
        "2026-11-02,Autumn,120211,0,0,0,,\n",
        "MXN",
    ),
    "nl": (
        "Dag;Campagnenaam;Campagne-ID;Besteed bedrag (EUR);Weergaven;Klikken (alle);Aankopen;Conversiewaarde aankopen\n"
        "2026-11-01;Autumn;120211;1.234,50;20.000;300;4;1.000,25\n"
        "2026-11-02;Autumn;120211;0;0;0;;\n",
        "EUR",
    ),
    "pt": (
        "Dia;Nome da campanha;Identificação da campanha;Valor usado (BRL);Impressões;Cliques (todos);Compras;"
        "Valor de conversão da compra\n"
        "2026-11-01;Autumn;120211;1.234,50;20.000;300;4;1.000,25\n"
        "2026-11-02;Autumn;120211;0;0;0;;\n",
        "BRL",
    ),
}


@pytest.mark.parametrize("language", languages(META))
def test_meta_is_read_in_every_language(read: Read, language: str) -> None:
    text, currency = META[language]
    file = read(text)
    assert (file.found.export.name, file.language, asked(file), file.rejected) == ("meta_ads", language, [], 0)
    assert rows(file, "ad_performance", PERFORMANCE + ", reported_conversion_value") == [
        ("2026-11-01", "meta_ads:120211", "", currency, "1234.500000", "20000", "300", "4.000000", "1000.250000"),
        ("2026-11-02", "meta_ads:120211", "", currency, "0.000000", "0", "0", "0.000000", "0.000000"),
    ]
    assert rows(file, "campaigns", "campaign_id, campaign_name, platform, channel") == [
        ("meta_ads:120211", "Autumn", "meta_ads", "paid_social")
    ]


GOOGLE = {
    "en": "Campaign performance\nNovember 1, 2026 - November 2, 2026\n"
    "Day,Campaign,Campaign ID,Currency code,Cost,Impr.,Clicks,Conversions,Conv. value,CTR\n"
    '2026-11-01,Brand,9,EUR,"1,234.50","20,000",300,4.50,"1,000.25",1.50%\n'
    "2026-11-02,Brand,9,EUR,0.00,0,0,0.00,0.00, --\n"
    'Total: Account, --, --,EUR,"1,234.50","20,000",300,4.50,"1,000.25",1.50%\n',
    "de": "Kampagnenleistung\n1. November 2026 - 2. November 2026\n"
    "Tag\tKampagne\tKampagnen-ID\tWährungscode\tKosten\tImpr.\tKlicks\tConversions\tConv.-Wert\tCTR\n"
    "2026-11-01\tBrand\t9\tEUR\t1.234,50\t20.000\t300\t4,50\t1.000,25\t1,50 %\n"
    "2026-11-02\tBrand\t9\tEUR\t0,00\t0\t0\t0,00\t0,00\t --\n"
    "Gesamt: Konto\t --\t --\tEUR\t1.234,50\t20.000\t300\t4,50\t1.000,25\t1,50 %\n",
    "fr": "Rapport sur les campagnes\n1 novembre 2026 - 2 novembre 2026\n"
    "Jour,Campagne,ID de campagne,Code de devise,Coût,Impr.,Clics,Conversions,Valeur de conv.\n"
    '2026-11-01,Brand,9,EUR,"1\u00a0234,50","20\u00a0000",300,"4,50","1\u00a0000,25"\n'
    '2026-11-02,Brand,9,EUR,"0,00",0,0,"0,00","0,00"\n'
    'Total : compte, --, --,EUR,"1\u00a0234,50","20\u00a0000",300,"4,50","1\u00a0000,25"\n',
    "es": "Informe de campaña\n1 de noviembre de 2026 - 2 de noviembre de 2026\n"
    "Día,Campaña,ID de campaña,Código de moneda,Coste,Impr.,Clics,Conversiones,Valor de conv.\n"
    '2026-11-01,Brand,9,EUR,"1.234,50","20.000",300,"4,50","1.000,25"\n'
    '2026-11-02,Brand,9,EUR,"0,00",0,0,"0,00","0,00"\n'
    'Total: cuenta, --, --,EUR,"1.234,50","20.000",300,"4,50","1.000,25"\n',
    "nl": "Campagneprestaties\n1 november 2026 - 2 november 2026\n"
    "Dag,Campagne,Campagne-ID,Valutacode,Kosten,Vert.,Klikken,Conversies,Conv.waarde\n"
    '2026-11-01,Brand,9,EUR,"1.234,50","20.000",300,"4,50","1.000,25"\n'
    '2026-11-02,Brand,9,EUR,"0,00",0,0,"0,00","0,00"\n'
    'Totaal: account, --, --,EUR,"1.234,50","20.000",300,"4,50","1.000,25"\n',
    "pt": "Relatório de campanha\n1 de novembro de 2026 - 2 de novembro de 2026\n"
    "Dia,Campanha,ID da campanha,Código da moeda,Custo,Impr.,Cliques,Conversões,Valor da conv.\n"
    '2026-11-01,Brand,9,EUR,"1.234,50","20.000",300,"4,50","1.000,25"\n'
    '2026-11-02,Brand,9,EUR,"0,00",0,0,"0,00","0,00"\n'
    'Total: conta, --, --,EUR,"1.234,50","20.000",300,"4,50","1.000,25"\n',
}


@pytest.mark.parametrize("language", languages(GOOGLE))
def test_google_is_read_below_its_title_and_without_its_totals(read: Read, language: str) -> None:
    file = read(GOOGLE[language].encode("utf-16" if language == "de" else "utf-8"))
    assert (file.found.export.name, file.language, file.found.line, file.totals) == ("google_ads", language, 2, 1)
    assert (asked(file), file.rejected, file.warnings) == ([], 0, [])
    assert rows(file, "ad_performance", PERFORMANCE) == [
        ("2026-11-01", "google_ads:9", "", "EUR", "1234.500000", "20000", "300", "4.500000"),
        ("2026-11-02", "google_ads:9", "", "EUR", "0.000000", "0", "0", "0.000000"),
    ]


def test_a_total_that_the_rows_do_not_reach_is_told(read: Read) -> None:
    text = GOOGLE["en"].replace('Total: Account, --, --,EUR,"1,234.50"', 'Total: Account, --, --,EUR,"1,300.00"')
    [warning] = read(text).warnings
    assert warning.startswith("Cost: the rows sum to 1234.5, the file's own total is 1300.")


def test_metas_total_without_a_name_is_no_row(read: Read) -> None:
    file = read(
        "Campaign name,Day,Amount spent (USD),Impressions,Reporting starts,Reporting ends\n"
        ",,30.50,300,2026-11-01,2026-11-02\n"
        "A,2026-11-01,10.25,100,2026-11-01,2026-11-01\n"
        "Total recall,2026-11-02,20.25,200,2026-11-02,2026-11-02\n"
    )
    assert (file.totals, file.rejected, file.warnings) == (1, 0, [])
    assert file.sums["spend"] == Decimal("30.50")
    assert rows(file, "campaigns", "campaign_id") == [("meta_ads:name:A",), ("meta_ads:name:Total recall",)]


def test_a_report_over_a_month_is_not_put_on_its_first_day(read: Read) -> None:
    text = (
        "Campaign name,Amount spent (USD),Impressions,Reporting starts,Reporting ends\n"
        "A,10.25,100,2026-11-01,2026-11-30\nB,1.00,10,2026-11-03,2026-11-03\n"
    )
    file = read(text)
    assert rows(file, "ad_performance", "report_date, spend") == [("2026-11-03", "1.000000")]
    [(row, _, message)] = file.faults(9)
    assert row == 1
    assert "covers more than one day" in message


def test_rows_broken_down_further_are_added_up(read: Read) -> None:
    file = read(
        "Day,Campaign name,Age,Amount spent (USD),Impressions,Reach\n"
        "2026-11-01,A,18-24,1.10,10,8\n2026-11-01,A,25-34,2.20,20,15\n2026-11-01,B,18-24,4.00,40,30\n"
    )
    assert rows(file, "ad_performance", "campaign_name, spend, impressions, reach") == [
        ("A", "3.300000", "30", None),
        ("B", "4.000000", "40", "30"),
    ]
    assert file.found.unused == ("Age",)


def test_the_same_row_twice_is_asked_about(read: Read) -> None:
    text = (
        "Day,Campaign name,Amount spent (USD),Impressions\n" + "2026-11-01,A,1.10,10\n" * 2 + "2026-11-02,A,0,0\n" * 2
    )
    assert asked(read(text)) == ["identical_rows"]
    assert read(text, identical_rows="once").sums["spend"] == Decimal("1.10")
    assert read(text, identical_rows="each").sums["spend"] == Decimal("2.20")


def test_an_id_that_a_spreadsheet_has_spoiled_is_refused(read: Read) -> None:
    file = read("Day,Campaign name,Campaign ID,Amount spent (USD)\n2026-11-01,A,1.20211E+17,5\n2026-11-01,B,77,6\n")
    assert file.sums["spend"] == Decimal(6), "what is set aside is in no sum"
    assert rows(file, "ad_performance", "campaign_id, spend") == [("meta_ads:77", "6.000000")]
    assert file.faults(9) == [
        (
            1,
            "Campaign ID",
            "'1.20211E+17' was changed by a spreadsheet; export again and do not open the file in between.",
        )
    ]


def test_tiktok_counts_results_in_its_last_row(read: Read) -> None:
    file = read(
        "Campaign name,Campaign ID,Ad group name,By Day,Cost,Impressions,Clicks (destination),Conversions,Currency\n"
        "Spring,17,Broad,2026-11-01,12.50,1000,20,2,USD\nSpring,17,Broad,2026-11-02,-,-,-,-,USD\n"
        "Total of 2 results,-,-,-,12.50,1000,20,2,-\n"
    )
    assert (file.found.export.name, file.totals, file.warnings) == ("tiktok_ads", 1, [])
    assert rows(file, "ad_performance", PERFORMANCE) == [
        ("2026-11-01", "tiktok_ads:17", "tiktok_ads:name:Spring/Broad", "USD", "12.500000", "1000", "20", "2.000000"),
        ("2026-11-02", "tiktok_ads:17", "tiktok_ads:name:Spring/Broad", "USD", "0.000000", "0", "0", "0.000000"),
    ]


LINKEDIN = (
    "Campaign Performance Report (in UTC)\nReport Start: November 1, 2026, 12:00 AM\n"
    "Report End: November 30, 2026, 11:59 PM\nDate Generated: December 1, 2026\n\n"
    "Start Date (in UTC)\tAccount Name\tCurrency\tCampaign Group ID\tCampaign Group Name\tCampaign ID\tCampaign Name\t"
    "Total Spent\tImpressions\tClicks\tConversions\n"
    "11/1/2026\tAcme\tUSD\t600\tPipeline\t700\tCTOs\t1,050.25\t5,000\t25\t1\n"
    "11/14/2026\tAcme\tUSD\t600\tPipeline\t700\tCTOs\t20.00\t100\t5\t0\n"
)


def test_linkedins_group_is_our_campaign_in_utf16(read: Read) -> None:
    file = read(LINKEDIN.encode("utf-16"))
    assert (file.found.export.name, asked(file)) == ("linkedin_ads", [])
    assert rows(file, "ad_performance", PERFORMANCE) == [
        ("2026-11-01", "linkedin_ads:600", "linkedin_ads:700", "USD", "1050.250000", "5000", "25", "1.000000"),
        ("2026-11-14", "linkedin_ads:600", "linkedin_ads:700", "USD", "20.000000", "100", "5", "0.000000"),
    ]


def test_a_month_on_one_day_is_asked_about(read: Read) -> None:
    text = LINKEDIN.replace("11/14/2026\tAcme\tUSD\t600\tPipeline\t700\tCTOs\t20.00\t100\t5\t0\n", "")
    assert asked(read(text, dates="month_first")) == ["one_day"]
    assert asked(read(text, dates="month_first", one_day="day")) == []


def test_a_file_of_no_known_format_says_what_is_known(read: Read) -> None:
    with pytest.raises(BadQuery, match=r"columns of this file are not known.*Google Ads.*Shopify orders"):
        read("a,b,c\n1,2,3\n")
    with pytest.raises(BadQuery, match=r"looks like Meta Ads Manager.*Breakdown, By time, Day"):
        read("Campaign name,Amount spent (USD),Impressions,Reach,Link clicks\nA,1,2,3,4\n")
    with pytest.raises(BadQuery, match="The file is empty"):
        read("")
