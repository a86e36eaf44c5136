"""Exports of shops, payments, CRM and e-mail."""

from datetime import date
from decimal import Decimal

from tests.connectors.exports.conftest import Read, asked, rows

SHOPIFY = (
    "Name,Email,Financial Status,Currency,Subtotal,Shipping,Taxes,Total,Discount Code,Discount Amount,Created at,"
    "Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Billing Name,Billing Country,Cancelled at,"
    "Refunded Amount,Id,Source,Lineitem discount,Accepts Marketing\n"
    "#1003,ana@example.com,partially_refunded,USD,100.00,10.00,8.00,118.00,FALL,5.00,2026-11-01 23:30:00 -0500,"
    "2,Beans,40.00,B-1,Ana Diaz,US,,59.00,9003,web,0,yes\n"
    "#1003,ana@example.com,,,,,,,,,,1,Mug,25.00,,,,,,,,5.00,\n"
    "#1002,,paid,USD,20.00,0.00,0.00,20.00,,0.00,2026-11-01 09:00:00 -0500,1,Mug,20.00,,,,,0.00,9002,pos,0,no\n"
    "#1001,bo@example.com,voided,USD,50.00,0.00,0.00,50.00,,0.00,2026-10-31 09:00:00 -0500,1,Beans,50.00,B-1,,,"
    "2026-10-31 10:00:00 -0500,0.00,9001,web,0,no\n"
)


def test_shopifys_lines_become_one_order_each(read: Read) -> None:
    file = read(SHOPIFY)
    assert (file.found.export.name, asked(file), file.rejected) == ("shopify_orders", [], 0)
    shown = "transaction_id, occurred_at, amount, refunded_amount, status, sales_channel, coupon_code"
    assert rows(file, "transactions", shown) == [
        ("shopify:9003", "2026-11-02 04:30:00+00", "100.000000", "50.000000", "completed", "online", "FALL"),
        ("shopify:9002", "2026-11-01 14:00:00+00", "20.000000", "0.000000", "completed", "pos", None),
        ("shopify:9001", "2026-10-31 14:00:00+00", "50.000000", "0.000000", "cancelled", "online", None),
    ]
    assert (file.first_day, file.last_day) == (date(2026, 10, 31), date(2026, 11, 1))
    assert file.sums == {"amount": Decimal(170)}
    assert rows(file, "transaction_lines", "transaction_id, line_no, product_id, quantity, unit_price") == [
        ("shopify:9003", "1", "shopify:sku:B-1", "2.000000", "40.000000"),
        ("shopify:9003", "2", "shopify:name:Mug", "1.000000", "25.000000"),
        ("shopify:9002", "1", "shopify:name:Mug", "1.000000", "20.000000"),
        ("shopify:9001", "1", "shopify:sku:B-1", "1.000000", "50.000000"),
    ]
    customers = rows(file, "customers", "customer_id, email, first_name, last_name, marketing_consent")
    assert customers[0] == ("shopify:email:id-of-15", "ana@example.com", "Ana", "Diaz", "true")
    assert all("@" not in row[0] for row in customers)


def test_tax_inside_shopifys_prices_is_taken_out(read: Read) -> None:
    file = read(
        "Name,Email,Financial Status,Currency,Subtotal,Shipping,Taxes,Total,Created at,Lineitem quantity,Lineitem name,"
        "Lineitem price,Id\n#1,,paid,EUR,119.00,11.90,20.90,130.90,2026-11-01 09:00:00 +0100,1,Beans,119.00,1\n"
    )
    assert rows(file, "transactions", "amount, tax_amount") == [("100.000000", "20.900000")]


def test_an_order_without_its_first_row_is_told(read: Read) -> None:
    head, *lines = SHOPIFY.splitlines()
    file = read("\n".join([head, *lines[1:]]))
    assert file.warnings == ["1 orders have no first row with a date, and were left out with their lines."]
    assert "shopify:9003" not in [row[0] for row in rows(file, "transaction_lines", "transaction_id")]


def test_stripes_failed_payments_are_no_sales(read: Read) -> None:
    file = read(
        "id,Created date (UTC),Amount,Amount Refunded,Currency,Captured,Fee,Converted Currency,Mode,Status,Customer ID,"
        "Customer Email,order_id (metadata)\n"
        'ch_1,2026-11-01 23:59:59,"1,234.50",34.50,usd,true,36.10,usd,Live,Partially refunded,cus_1,a@b.co,1001\n'
        "ch_2,2026-11-01 10:00:00,50.00,0.00,usd,false,,usd,Live,Failed,,,\n"
        "ch_3,2026-11-02 10:00:00,20.00,0.00,eur,true,0.90,usd,Test,Paid,,c@d.co,\n"
    )
    assert (file.found.export.name, asked(file)) == ("stripe_payments", [])
    shown = (
        "transaction_id, occurred_at, amount, refunded_amount, currency, status, is_test, fee_amount, external_order_id"
    )
    assert rows(file, "transactions", shown) == [
        (
            "stripe:ch_1",
            "2026-11-01 23:59:59+00",
            "1234.500000",
            "34.500000",
            "USD",
            "completed",
            "false",
            "36.100000",
            "1001",
        ),
        ("stripe:ch_2", "2026-11-01 10:00:00+00", "50.000000", "0.000000", "USD", "failed", "false", None, None),
        ("stripe:ch_3", "2026-11-02 10:00:00+00", "20.000000", "0.000000", "EUR", "completed", "true", None, None),
    ]


SQUARE = (
    "Date,Time,Time Zone,Gross Sales,Discounts,Net Sales,Tax,Tip,Partial Refunds,Total Collected,Fees,Transaction ID,"
    "Payment ID,Event Type,Location,Source\n"
    '2026-11-01,22:15:00,Eastern Time (US & Canada),"$1,100.00",-$100.00,"$1,000.00",$80.00,$10.00,-$25.00,"$1,090.00",'
    "-$30.00,T1,P1,Payment,Main St,Register\n"
    "2026-11-02,09:00:00,Eastern Time (US & Canada),-$200.00,$0.00,-$200.00,$0.00,$0.00,$0.00,-$200.00,$0.00,T1,P2,"
    "Refund,Main St,Register\n"
    "2026-11-02,10:00:00,Eastern Time (US & Canada),($40.00),$0.00,($40.00),$0.00,$0.00,$0.00,($40.00),$0.00,T9,P3,"
    "Refund,Main St,Register\n"
)


def test_squares_dollar_is_asked_about_and_refunds_find_their_sale(read: Read) -> None:
    assert asked(read(SQUARE)) == ["currency"]
    file = read(SQUARE, currency="CAD")
    assert asked(file) == []
    shown = "transaction_id, occurred_at, amount, refunded_amount, currency, discount_amount, tax_amount, fee_amount"
    assert rows(file, "transactions", shown) == [
        (
            "square:T1", "2026-11-02 03:15:00+00", "1000.000000", "225.000000", "CAD", "100.000000", "80.000000",
            "30.000000",
        )
    ]  # fmt: skip
    assert rows(file, "refunds", "refund_id, transaction_id, amount") == [
        ("square:P2", "square:T1", "200.000000"),
        ("square:P3", "square:T9", "40.000000"),
    ]
    assert "1 refunds belong to no payment of this file" in file.warnings[0]


def test_hubspots_won_deals_are_sales(read: Read) -> None:
    file = read(
        "Record ID,Deal Name,Deal Stage,Pipeline,Amount,Close Date,Create Date,Deal owner,Associated Contact IDs\n"
        "1,Roof,Closed won,Sales,5000.00,2026-11-03 10:00,2026-10-01 09:00,Kim,77;78\n"
        "2,Gutter,Closed lost,Sales,900,2026-11-04 10:00,2026-10-02 09:00,Kim,\n"
        "3,Porch,Appointment scheduled,Sales,,,2026-10-03 09:00,Lee,\n"
        "4,Shed,Closed won,Sales,,2026-11-05 10:00,2026-10-03 09:00,Lee,\n",
        currency="USD",
    )
    assert (file.found.export.name, asked(file)) == ("hubspot_deals", [])
    assert rows(file, "opportunities", "opportunity_id, customer_id, stage, amount, is_closed, is_won, created_at") == [
        ("hubspot:1", "hubspot:77", "Closed won", "5000.000000", "true", "true", "2026-10-01 14:00:00+00"),
        ("hubspot:2", None, "Closed lost", "900.000000", "true", "false", "2026-10-02 14:00:00+00"),
        ("hubspot:3", None, "Appointment scheduled", None, "false", "false", "2026-10-03 14:00:00+00"),
        ("hubspot:4", None, "Closed won", None, "true", "true", "2026-10-03 14:00:00+00"),
    ]
    assert rows(file, "transactions", "transaction_id, kind, amount") == [("hubspot:1", "deal", "5000.000000")]
    assert file.warnings == ["1 won deals have no amount or no close date, and are no sales."]


def test_hubspots_contacts_are_customers_and_leads(read: Read) -> None:
    file = read(
        "Record ID,First Name,Last Name,Email,Phone Number,Lifecycle Stage,Lead Status,Create Date,Original Source\n"
        "5,Ana,Diaz,ana@example.com,,Customer,,2026-10-01 09:00,Paid Search\n"
        "6,Bo,Li,bo@example.com,,Lead,Unqualified,2026-10-02 09:00,Direct Traffic\n"
    )
    assert rows(file, "leads", "lead_id, customer_id, stage, channel") == [
        ("hubspot:5", "hubspot:5", "customer", "paid_search"),
        ("hubspot:6", "hubspot:6", "lost", "direct"),
    ]


def test_mailchimps_campaigns_stand_on_their_send_day(read: Read) -> None:
    file = read(
        "Title,Subject,List,Send Date,Send Weekday,Total Recipients,Successful Deliveries,Soft Bounces,Hard Bounces,"
        "Total Bounces,Unique Opens,Open Rate,Total Opens,Unique Clicks,Click Rate,Total Clicks,Unsubscribes,"
        "Unique Id\n"
        'Autumn,Hello,All,"Nov 01, 2026 10:00 pm",Sunday,"1,200","1,190",6,4,10,400,33.61%,700,40,3.36%,55,3,abc123\n'
    )
    assert (file.found.export.name, asked(file)) == ("mailchimp_campaigns", [])
    shown = "report_date, campaign_id, campaign_name, sends, deliveries, unique_opens, opens, unique_clicks, bounces"
    assert rows(file, "email_performance", shown) == [
        ("2026-11-01", "mailchimp:abc123", "Autumn", "1200", "1190", "400", "700", "40", "10")
    ]
    assert file.sums["deliveries"] == Decimal(1190)
