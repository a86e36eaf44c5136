"""The part of Shopify's Admin schema (2026-10) that the twin answers, as resolvers over the shop's records.

Names and types are the official schema's; a test holds every answer against it.
"""

from collections.abc import Callable, Mapping
from typing import Any

from roastery.evals.twins.graphql_engine import Arguments, Field, Schema
from roastery.evals.twins.shop_index import Row, ShopIndex
from roastery.evals.twins.shop_pages import ROOT, connection_fields, listed, nested_page, root_page
from roastery.evals.twins.shop_sales import JOURNEY, MONEY, SALES, fixed, gid, gids, number_of, scalars
from roastery.evals.world.company import CURRENCY, MYSHOPIFY_DOMAIN, NAME, SHOP_DOMAIN, ZONE

PRODUCTS: Schema = {
    "Product": {
        **gids("Product", "product_id"),
        **scalars(title="product_name", productType="category", isGiftCard="is_gift_card", updatedAt="updated_at"),
        **fixed(vendor=NAME, status="ACTIVE", tags=[], createdAt="2024-07-15T14:00:00Z"),
        "handle": Field(lambda row: row["product_name"].lower().replace(" – ", "-").replace(" ", "-")),
        "priceRangeV2": Field(lambda row: row, "ProductPriceRangeV2"),
        "variants": nested_page("ProductVariant", lambda row: [row]),
        "variantsCount": Field(lambda row: 1, "Count"),
    },
    "ProductPriceRangeV2": {
        "minVariantPrice": Field(lambda row: (row["price"], CURRENCY), "MoneyV2"),
        "maxVariantPrice": Field(lambda row: (row["price"], CURRENCY), "MoneyV2"),
    },
    "ProductVariant": {
        **gids("ProductVariant", "variant_id"),
        **scalars(sku="sku", price="price", updatedAt="updated_at"),
        **fixed(title="Default Title", createdAt="2024-07-15T14:00:00Z", compareAtPrice=None),
        "displayName": Field(lambda row: row["product_name"]),
        "product": Field(lambda row: row, "Product"),
        "inventoryItem": Field(lambda row: row, "InventoryItem"),
    },
    "InventoryItem": {
        **gids("InventoryItem", "inventory_item_id"),
        **scalars(sku="sku", updatedAt="updated_at"),
        "tracked": Field(lambda row: not row["is_gift_card"]),
        "unitCost": Field(lambda row: row["unit_cost"] and (row["unit_cost"], CURRENCY), "MoneyV2"),
    },
}

SHOP: Schema = {
    "Shop": {
        **fixed(id=gid("Shop", 70011223), name=NAME, currencyCode=CURRENCY, ianaTimezone=str(ZONE),
                 myshopifyDomain=MYSHOPIFY_DOMAIN, createdAt="2024-07-15T14:00:00Z", taxesIncluded=False,
                 email=f"hello@{SHOP_DOMAIN}", contactEmail=f"hello@{SHOP_DOMAIN}",
                 enabledPresentmentCurrencies=["USD", "CAD", "GBP"]),
    },
    "AppInstallation": {"accessScopes": Field(lambda installed: installed["scopes"], "AccessScope")},
    "AccessScope": {"handle": Field(lambda scope: scope), "description": Field(lambda scope: scope.replace("_", " "))},
    "PageInfo": {
        "hasNextPage": Field(lambda page: page["more"]),
        "hasPreviousPage": Field(lambda page: page["less"]),
        "startCursor": Field(lambda page: page["cursor"](0) if page["rows"] else None),
        "endCursor": Field(lambda page: page["cursor"](len(page["rows"]) - 1) if page["rows"] else None),
    },
}  # fmt: skip


def _people(index: ShopIndex) -> Schema:
    """Customers are often asked only for their number, so the rest is fetched when it is wanted."""

    def of(key: str) -> Callable[[Row], Any]:
        def read(row: Row) -> Any:
            if key not in row:
                row.update(index.customer(row["customer_id"]))
            return row[key]

        return read

    consent = of("marketing_consent")
    state = lambda row: "SUBSCRIBED" if consent(row) else "NOT_SUBSCRIBED"  # noqa: E731
    has_phone = of("phone")
    return {
        "Customer": {
            **gids("Customer", "customer_id"),
            **{name: Field(of(key)) for name, key in (("firstName", "first_name"), ("lastName", "last_name"),
                                                      ("createdAt", "created_at"), ("updatedAt", "updated_at"))},
            **fixed(state="DISABLED", tags=[], note=None, locale="en", verifiedEmail=True),
            "displayName": Field(lambda row: f"{of('first_name')(row)} {of('last_name')(row)}"),
            "numberOfOrders": Field(lambda row: str(of("source_order_count")(row))),
            "amountSpent": Field(lambda row: (of("spent")(row), CURRENCY), "MoneyV2"),
            "defaultEmailAddress": Field(lambda row: (of("email")(row), state(row)), "CustomerEmailAddress"),
            "defaultPhoneNumber": Field(lambda row: has_phone(row) and (has_phone(row), "NOT_SUBSCRIBED"),
                                        "CustomerPhoneNumber"),
            "defaultAddress": Field(lambda row: (of("country")(row), of("province")(row)), "MailingAddress"),
        },
        "CustomerEmailAddress": {"emailAddress": Field(lambda e: e[0]), "marketingState": Field(lambda e: e[1])},
        "CustomerPhoneNumber": {"phoneNumber": Field(lambda p: p[0]), "marketingState": Field(lambda p: p[1])},
        "MailingAddress": {
            "countryCodeV2": Field(lambda a: a[0]),
            "provinceCode": Field(lambda a: a[1] or None),
            "country": Field(lambda a: {"US": "United States", "CA": "Canada", "GB": "United Kingdom"}[a[0]]),
        },
        "Location": {
            "id": Field(lambda number: gid("Location", number)),
            "legacyResourceId": Field(lambda number: str(number)),
            "name": Field(lambda number: index.location_names[number]),
        },
    }  # fmt: skip


def build(index: ShopIndex, scopes: Callable[[], list[str]]) -> Schema:
    """The schema over one state of the shop."""

    def one_order(root: Any, arguments: Arguments) -> Row | None:
        place = index.order_place.get(number_of(arguments["id"], "Order"))
        return None if place is None else index.order_rows(listed(place))[0]

    def one_refund(root: Any, arguments: Arguments) -> Row | None:
        number = number_of(arguments["id"], "Refund")
        order = index.refund_order.get(number)
        found = [] if order is None else index.order_rows(listed(index.order_place[order]))[0]["refunds"]
        return next((refund for refund in found if refund["refund_id"] == number), None)

    def one_customer(root: Any, arguments: Arguments) -> Row | None:
        number = number_of(arguments["id"], "Customer")
        return index.customer(number) if number in index.customer_place else None

    by_id = frozenset({"id"})
    products = lambda places: index.products.table.take(places).to_pylist()  # noqa: E731
    query: dict[str, Field] = {
        "shop": Field(lambda root: root, "Shop"),
        "currentAppInstallation": Field(lambda root: {"scopes": scopes()}, "AppInstallation"),
        "order": Field(one_order, "Order", by_id),
        "customer": Field(one_customer, "Customer", by_id),
        "refund": Field(one_refund, "Refund", by_id),
        "product": Field(lambda root, a: index.product_rows.get(number_of(a["id"], "Product")), "Product", by_id),
        "orders": Field(root_page(index.orders, index.order_rows), "OrderConnection", ROOT),
        "customers": Field(
            root_page(index.customers, index.customer_rows), "CustomerConnection", ROOT - {"savedSearchId"}
        ),
        "products": Field(root_page(index.products, products), "ProductConnection", ROOT),
        "productVariants": Field(root_page(index.products, products), "ProductVariantConnection", ROOT),
        "inventoryItems": Field(
            root_page(index.products, products), "InventoryItemConnection", ROOT - {"savedSearchId", "sortKey"}
        ),
    }
    kinds: Mapping[str, Mapping[str, Field]] = {**MONEY, **SALES, **JOURNEY, **PRODUCTS, **SHOP, **_people(index)}
    paged = ("Order", "Customer", "Product", "ProductVariant", "InventoryItem", "LineItem", "RefundLineItem",
             "RefundShippingLine", "OrderAdjustment", "CustomerMoment")  # fmt: skip
    connections: dict[str, Mapping[str, Field]] = {}
    for kind in paged:
        connections |= connection_fields(kind)
    return {"QueryRoot": query, **kinds, **connections}
