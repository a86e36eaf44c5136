"""Every GraphQL document that is sent to Shopify's Admin API 2026-10; a test holds them against its own schema."""

PAGE = "pageInfo { hasNextPage endCursor }"
MONEY = "{ shopMoney { amount currencyCode } }"
LINE = f"""id title sku quantity currentQuantity isGiftCard product {{ legacyResourceId }}
    variant {{ legacyResourceId inventoryItem {{ unitCost {{ amount currencyCode }} }} }}
    originalUnitPriceSet {MONEY} discountAllocations {{ allocatedAmountSet {MONEY} }} taxLines {{ priceSet {MONEY} }}"""
MOMENT = """__typename occurredAt ... on CustomerVisit {
    id source sourceType landingPage referrerUrl utmParameters { source medium campaign content term } }"""
REFUND_LINE = f"""id quantity restockType subtotalSet {MONEY} totalTaxSet {MONEY}
    lineItem {{ id isGiftCard product {{ legacyResourceId }} }}"""
REFUND = f"""id legacyResourceId createdAt processedAt totalRefundedSet {MONEY}
    refundLineItems(first: 10) {{ nodes {{ {REFUND_LINE} }} {PAGE} }}
    refundShippingLines(first: 3) {{ nodes {{ subtotalAmountSet {MONEY} taxAmountSet {MONEY} }} }}"""
FULFILLMENT = "id legacyResourceId createdAt status displayStatus inTransitAt deliveredAt"
PAYMENT = "id kind status fees { amount { amount currencyCode } }"
FEW = 5
"""Refunds, parcels and payments of an order asked for at first; the orders that have more are asked again."""

SHOP = "query Shop { shop { id name myshopifyDomain currencyCode ianaTimezone createdAt } }"
SCOPES = "query Scopes { currentAppInstallation { accessScopes { handle } } }"
ORDERS = f"""query Orders($first: Int!, $after: String, $query: String, $reverse: Boolean!) {{
  orders(first: $first, after: $after, query: $query, sortKey: UPDATED_AT, reverse: $reverse) {{
    nodes {{
      id legacyResourceId name createdAt processedAt updatedAt cancelledAt test edited taxesIncluded sourceName
      displayFinancialStatus displayFulfillmentStatus discountCodes
      customer {{ legacyResourceId }} retailLocation {{ legacyResourceId }}
      subtotalPriceSet {MONEY} currentSubtotalPriceSet {MONEY} totalPriceSet {MONEY} totalDiscountsSet {MONEY}
      totalTaxSet {MONEY} totalShippingPriceSet {MONEY} totalRefundedSet {MONEY}
      lineItems(first: 10) {{ nodes {{ {LINE} }} {PAGE} }}
      refunds(first: {FEW}) {{ {REFUND} }}
      fulfillments(first: {FEW}) {{ {FULFILLMENT} }}
      transactions(first: {FEW}) {{ {PAYMENT} }}
      customerJourneySummary {{ ready moments(first: 10) {{ nodes {{ {MOMENT} }} {PAGE} }} }}
    }}
    {PAGE}
  }}
}}"""
NUMBERS = {
    root: f"""query {root.title()[:-1]}Numbers($first: Int!, $after: String, $query: String, $reverse: Boolean!) {{
  {root}(first: $first, after: $after, query: $query, sortKey: CREATED_AT, reverse: $reverse) {{
    nodes {{ legacyResourceId }}
    {PAGE}
  }}
}}"""
    for root in ("orders", "customers", "products")
}
"""What the shop still has, by number alone."""
EXISTING = {
    f"{one}s": f"query {one.title()}($id: ID!) {{ {one}(id: $id) {{ id }} }}"
    for one in ("order", "customer", "product")
}
MORE_LINES = f"""query MoreLines($id: ID!, $after: String) {{
  order(id: $id) {{ lineItems(first: 50, after: $after) {{ nodes {{ {LINE} }} {PAGE} }} }}
}}"""
MORE_MOMENTS = f"""query MoreMoments($id: ID!, $after: String) {{
  order(id: $id) {{ customerJourneySummary {{ moments(first: 100, after: $after) {{ nodes {{ {MOMENT} }} {PAGE} }} }} }}
}}"""
MORE_REFUNDS = f"query MoreRefunds($id: ID!) {{ order(id: $id) {{ refunds(first: 25) {{ {REFUND} }} }} }}"
MORE_FULFILLMENTS = f"""query MoreFulfillments($id: ID!) {{
  order(id: $id) {{ fulfillments(first: 200) {{ {FULFILLMENT} }} }}
}}"""
MORE_PAYMENTS = f"query MorePayments($id: ID!) {{ order(id: $id) {{ transactions(first: 100) {{ {PAYMENT} }} }} }}"
MORE_REFUND_LINES = f"""query MoreRefundLines($id: ID!, $after: String) {{
  refund(id: $id) {{ refundLineItems(first: 50, after: $after) {{ nodes {{ {REFUND_LINE} }} {PAGE} }} }}
}}"""
CUSTOMERS = f"""query Customers($first: Int!, $after: String, $query: String, $reverse: Boolean!) {{
  customers(first: $first, after: $after, query: $query, sortKey: UPDATED_AT, reverse: $reverse) {{
    nodes {{
      id legacyResourceId firstName lastName createdAt updatedAt numberOfOrders
      defaultEmailAddress {{ emailAddress marketingState }} defaultPhoneNumber {{ phoneNumber }}
      defaultAddress {{ countryCodeV2 provinceCode }}
    }}
    {PAGE}
  }}
}}"""
VARIANT = "id legacyResourceId sku price inventoryItem { id unitCost { amount currencyCode } }"
PRODUCTS = f"""query Products($first: Int!, $after: String, $query: String, $reverse: Boolean!) {{
  products(first: $first, after: $after, query: $query, sortKey: UPDATED_AT, reverse: $reverse) {{
    nodes {{
      id legacyResourceId title productType vendor status isGiftCard createdAt updatedAt
      priceRangeV2 {{ minVariantPrice {{ amount currencyCode }} }}
      variants(first: 10) {{ nodes {{ {VARIANT} }} {PAGE} }}
    }}
    {PAGE}
  }}
}}"""
MORE_VARIANTS = f"""query MoreVariants($id: ID!, $after: String) {{
  product(id: $id) {{ variants(first: 100, after: $after) {{ nodes {{ {VARIANT} }} {PAGE} }} }}
}}"""
DOCUMENTS = {
    "orders": ORDERS,
    "customers": CUSTOMERS,
    "products": PRODUCTS,
    "shop": SHOP,
    "scopes": SCOPES,
    "more_lines": MORE_LINES,
    "more_moments": MORE_MOMENTS,
    "more_refunds": MORE_REFUNDS,
    "more_fulfillments": MORE_FULFILLMENTS,
    "more_payments": MORE_PAYMENTS,
    "more_refund_lines": MORE_REFUND_LINES,
    "more_variants": MORE_VARIANTS,
    **{f"{root}_numbers": document for root, document in NUMBERS.items()},
    **{f"{root}_existing": document for root, document in EXISTING.items()},
}
"""Every document by its name here."""
