"""A large organization as raw records of imports, made by SQL: key and payload of each row out of its number."""

DAYS = 500
FIRST_DAY = "DATE '2025-06-20'"
SECONDS = DAYS * 86_400


def datasets(scale: float) -> dict[str, tuple[int, str]]:
    """Rows and SELECT (key, payload as JSON text) of each dataset; `{numbers}` in it is a range t(i)."""
    customers = max(int(1_000_000 * scale), 100)
    campaigns, ads = 1_000, max(int(10_000_000 * scale) // DAYS, 100)
    return {
        "campaigns": (campaigns, _campaigns()),
        "customers": (customers, _customers(customers)),
        "ad_performance": (ads * DAYS, _ad_performance(ads, campaigns)),
        "transactions": (customers * 5, _transactions(customers)),
        "touchpoints": (customers * 10, _touchpoints(customers, campaigns)),
        "web_events": (customers * 20, _web_events(customers, campaigns)),
    }


def _moment(number: str) -> str:
    """SQL: an instant of the history, spread evenly, as ISO text."""
    epoch = f"epoch({FIRST_DAY}::TIMESTAMP)::BIGINT"
    return f"strftime(make_timestamp(({epoch} + (hash({number}) % {SECONDS})::BIGINT) * 1000000), '%Y-%m-%dT%H:%M:%SZ')"


def _payload(columns: dict[str, str]) -> str:
    """SQL: JSON text of columns, each a SQL text expression without quotes in it."""
    parts = [f"""'"{name}":"' || {value} || '"'""" for name, value in columns.items()]
    return "'{' || " + " || ',' || ".join(parts) + " || '}'"


def _select(key: str, columns: dict[str, str]) -> str:
    return f"SELECT i, {key} AS key, {_payload(columns)} AS payload FROM {{numbers}}"


def _campaigns() -> str:
    platform = "CASE WHEN i % 2 = 0 THEN 'meta_ads' ELSE 'google_ads' END"
    return _select("'k' || i", {"campaign_id": "'k' || i", "campaign_name": "'Campaign ' || i", "platform": platform})


def _customers(customers: int) -> str:
    """One in three hundred shares the address of the one before; a third of them have a phone."""
    who = "(CASE WHEN i % 300 = 7 THEN i - 1 ELSE i END)"
    sealed = "'sealed:v1:' || md5({kind} || {who}) || ':AAAA'"
    return _select(
        "'c' || i",
        {
            "customer_id": "'c' || i",
            "email": sealed.format(kind="'e'", who=who),
            "phone": "CASE WHEN i % 3 = 0 THEN " + sealed.format(kind="'p'", who="i") + " ELSE '' END",
            "first_seen_at": _moment("i"),
            "country": "CASE WHEN i % 10 = 0 THEN 'CA' ELSE 'US' END",
            "segment": "CASE WHEN i % 4 = 0 THEN 'gold' ELSE 'standard' END",
        },
    )


def _ad_performance(ads: int, campaigns: int) -> str:
    day = f"({FIRST_DAY} + (i // {ads})::INTEGER)::VARCHAR"
    campaign = f"((i % {ads}) % {campaigns})"
    platform = f"(CASE WHEN {campaign} % 2 = 0 THEN 'meta_ads' ELSE 'google_ads' END)"
    ad = f"'a' || (i % {ads})"
    columns = {
        "report_date": day,
        "platform": platform,
        "account_id": "'acct'",
        "campaign_id": f"'k' || {campaign}",
        "ad_group_id": f"'g' || ((i % {ads}) // 4)",
        "ad_id": ad,
        "campaign_name": f"'Campaign ' || {campaign}",
        "currency": "'USD'",
        "spend": "(hash(i) % 5000 / 100.0)::DECIMAL(18,2)",
        "impressions": "hash(i + 1) % 9000",
        "clicks": "hash(i + 2) % 90",
        "reported_conversions": "hash(i + 3) % 5",
    }
    parts = [columns[name] for name in ("report_date", "platform", "account_id", "campaign_id", "ad_group_id", "ad_id")]
    return _select(f"to_json([{', '.join(parts)}])::VARCHAR", columns)


def _transactions(customers: int) -> str:
    """Four in five are orders of the shop; the rest payments of the order before, by its id."""
    order = "(CASE WHEN i % 5 = 4 THEN i - 1 ELSE i END)"
    return _select(
        "'s' || i",
        {
            "transaction_id": "'s' || i",
            "customer_id": f"'c' || hash({order}) % {customers}",
            "occurred_at": _moment(order),
            "amount": f"(hash({order} + 5) % 20000 / 100.0)::DECIMAL(18,2)",
            "kind": "CASE WHEN i % 5 = 4 THEN 'payment' ELSE 'order' END",
            "source_system": "CASE WHEN i % 5 = 4 THEN 'pay' ELSE 'shop' END",
            "external_order_id": f"'o' || {order}",
            "sales_channel": "CASE WHEN i % 7 = 0 THEN 'pos' ELSE 'online' END",
            "currency": "'USD'",
        },
    )


def _visitor(customers: int) -> str:
    """Devices: each customer has one, and as many again belong to nobody known."""
    return f"hash(i) % {customers * 2}"


def _touchpoints(customers: int, campaigns: int) -> str:
    visitor = _visitor(customers)
    return _select(
        "'t' || i",
        {
            "touchpoint_id": "'t' || i",
            "customer_id": f"CASE WHEN {visitor} < {customers} AND i % 2 = 0 THEN 'c' || {visitor} ELSE '' END",
            "anonymous_id": f"'v' || {visitor}",
            "occurred_at": _moment("i + 11"),
            "campaign_id": f"CASE WHEN i % 3 = 0 THEN 'k' || hash(i + 12) % {campaigns} ELSE '' END",
            "utm_source": "CASE WHEN i % 3 = 1 THEN 'google' ELSE '' END",
            "utm_medium": "CASE WHEN i % 3 = 1 THEN 'organic' ELSE '' END",
            "kind": "CASE WHEN i % 3 = 0 THEN 'click' ELSE 'visit' END",
            "source_system": "'shop'",
        },
    )


def _web_events(customers: int, campaigns: int) -> str:
    """Three events a visit; every tenth visit of a known device identifies itself."""
    visitor = f"hash(i // 3) % {customers * 2}"
    campaign = f"'Campaign ' || hash(i // 3 + 22) % {campaigns}"
    return _select(
        "'e' || i",
        {
            "event_id": "'e' || i",
            "anonymous_id": f"'v' || {visitor}",
            "customer_id": f"CASE WHEN {visitor} < {customers} AND (i // 3) % 10 = 0 THEN 'c' || {visitor} ELSE '' END",
            "occurred_at": _moment("i // 3 + 21"),
            "kind": "CASE WHEN i % 3 = 2 THEN 'add_to_cart' ELSE 'page_view' END",
            "page": "'/p/' || i % 500",
            "utm_source": "CASE WHEN (i // 3) % 4 = 0 THEN 'facebook' ELSE '' END",
            "utm_medium": "CASE WHEN (i // 3) % 4 = 0 THEN 'cpc' ELSE '' END",
            "utm_campaign": f"CASE WHEN (i // 3) % 4 = 0 THEN {campaign} ELSE '' END",
        },
    )
