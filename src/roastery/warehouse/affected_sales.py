# ruff: noqa: S608 (names in SQL come from code)
"""How the tables of sales and of what is made of them are brought up to date for some keys only (see affected.py)."""

from roastery.warehouse.affected import KEYS, Partly, among

# All records of the persons and orders that a changed record belongs to, or belonged to.
SALE_RECORDS = Partly(
    keys={
        "curated.transactions": "SELECT transaction_id FROM delta.curated_transactions",
        "work.labels": """SELECT transaction_id FROM curated.transactions
            WHERE customer_id IN (SELECT customer_id FROM delta.work_labels)""",
        "curated.opportunities": """
            WITH ids AS (SELECT opportunity_id FROM delta.curated_opportunities)
            SELECT transaction_id FROM curated.transactions WHERE opportunity_id IN (FROM ids)
            UNION ALL SELECT transaction_id FROM curated.transactions WHERE transaction_id IN (FROM ids)""",
    },
    more=(
        f"""WITH persons AS (
            SELECT coalesce(l.person_id, t.customer_id) AS person_id
            FROM curated.transactions t LEFT JOIN work.labels l USING (customer_id) WHERE t.transaction_id IN {KEYS}
            UNION SELECT person_id FROM work.sale_records WHERE transaction_id IN {KEYS}),
        records AS (
            SELECT person_id AS customer_id FROM persons
            UNION SELECT customer_id FROM work.labels WHERE person_id IN (FROM persons))
        SELECT transaction_id FROM curated.transactions WHERE customer_id IN (FROM records)
        UNION ALL SELECT transaction_id FROM work.sale_records WHERE person_id IN (FROM persons)""",
        f"""WITH orders AS (
            SELECT coalesce(external_order_id, transaction_id) AS id FROM curated.transactions
            WHERE transaction_id IN {KEYS} UNION SELECT key FROM keys)
        SELECT transaction_id FROM curated.transactions WHERE external_order_id IN (FROM orders)
        UNION ALL SELECT transaction_id FROM curated.transactions WHERE transaction_id IN (FROM orders)""",
        f"""WITH opportunities AS (
            SELECT opportunity_id AS id FROM curated.transactions
            WHERE opportunity_id IS NOT NULL AND transaction_id IN {KEYS}
            UNION SELECT opportunity_id FROM work.sale_records
            WHERE opportunity_id IS NOT NULL AND transaction_id IN {KEYS}
            UNION SELECT opportunity_id FROM delta.curated_transactions WHERE opportunity_id IS NOT NULL)
        SELECT transaction_id FROM curated.transactions WHERE opportunity_id IN (FROM opportunities)
        UNION ALL SELECT transaction_id FROM curated.transactions
        WHERE kind = 'deal' AND transaction_id IN (FROM opportunities)""",
        f"""SELECT transaction_id FROM work.sale_records
        WHERE sale_id IN (SELECT sale_id FROM work.sale_records WHERE transaction_id IN {KEYS})""",
    ),
    own=(f"transaction_id IN {KEYS}",),
    narrow={"curated.transactions": among("transaction_id", "curated.transactions")},
)

REFUNDS_SEEN = Partly(
    keys={
        "work.sale_records": "SELECT sale_id FROM delta.work_sale_records",
        "curated.refunds": """SELECT sale_id FROM work.sale_records
            WHERE transaction_id IN (SELECT transaction_id FROM delta.curated_refunds)""",
        "curated.transactions": """SELECT sale_id FROM work.sale_records
            WHERE transaction_id IN (SELECT transaction_id FROM delta.curated_transactions)""",
    },
    own=(f"sale_id IN {KEYS}",),
    narrow={
        "work.sale_records": among("sale_id", "work.sale_records"),
        "curated.transactions": """SELECT * FROM curated.transactions
            WHERE transaction_id IN (SELECT transaction_id FROM n_work_sale_records)""",
        "curated.refunds": """SELECT * FROM curated.refunds
            WHERE transaction_id IN (SELECT transaction_id FROM n_work_sale_records)""",
    },
)

# All sales of every person concerned, for they are numbered.
SALES = Partly(
    keys={
        "work.sale_records": "SELECT sale_id FROM delta.work_sale_records",
        "curated.transactions": "SELECT transaction_id FROM delta.curated_transactions",
        "work.refunds_seen": "SELECT sale_id FROM delta.work_refunds_seen",
        "work.persons": """SELECT sale_id FROM work.sale_records
            WHERE person_id IN (SELECT customer_id FROM delta.work_persons)""",
        "curated.leads": """SELECT sale_id FROM work.sale_records
            WHERE lead_id IN (SELECT lead_id FROM delta.curated_leads)""",
    },
    more=(
        f"""WITH persons AS (
            SELECT person_id FROM work.sale_records WHERE sale_id IN {KEYS}
            UNION SELECT customer_id FROM curated.sales WHERE sale_id IN {KEYS})
        SELECT sale_id FROM work.sale_records WHERE person_id IN (FROM persons)
        UNION ALL SELECT sale_id FROM curated.sales WHERE customer_id IN (FROM persons)""",
    ),
    own=(f"sale_id IN {KEYS}",),
    narrow={
        "work.sale_records": among("sale_id", "work.sale_records"),
        "curated.transactions": among("transaction_id", "curated.transactions"),
        "work.refunds_seen": among("sale_id", "work.refunds_seen"),
        "work.persons": """SELECT * FROM work.persons
            WHERE customer_id IN (SELECT person_id FROM n_work_sale_records)""",
        "curated.leads": """SELECT * FROM curated.leads
            WHERE lead_id IN (SELECT lead_id FROM n_work_sale_records)""",
    },
)

SALE_REFUNDS = Partly(
    keys={
        "work.refunds_seen": "SELECT sale_id FROM delta.work_refunds_seen",
        "curated.sales": "SELECT sale_id FROM delta.curated_sales",
    },
    own=(f"sale_id IN {KEYS}",),
    narrow={
        "work.refunds_seen": among("sale_id", "work.refunds_seen"),
        "curated.sales": among("sale_id", "curated.sales"),
    },
)

SALE_LINES = Partly(
    keys={
        "curated.sales": "SELECT sale_id FROM delta.curated_sales",
        "curated.transaction_lines": "SELECT transaction_id FROM delta.curated_transaction_lines",
        "curated.products": """SELECT transaction_id FROM curated.transaction_lines
            WHERE product_id IN (SELECT product_id FROM delta.curated_products)""",
    },
    own=(f"sale_id IN {KEYS}",),
    narrow={
        "curated.sales": among("sale_id", "curated.sales"),
        "curated.transaction_lines": among("transaction_id", "curated.transaction_lines"),
    },
)

CONVERSION_PATHS = Partly(
    keys={
        "curated.sales": "SELECT sale_id FROM delta.curated_sales",
        "curated.touches": """SELECT sale_id FROM curated.sales
            WHERE customer_id IN (SELECT customer_id FROM delta.curated_touches)""",
        "curated.opportunities": """SELECT sale_id FROM curated.sales
            WHERE opportunity_id IN (SELECT opportunity_id FROM delta.curated_opportunities)""",
        "curated.leads": """
            SELECT sale_id FROM curated.sales WHERE lead_id IN (SELECT lead_id FROM delta.curated_leads)
            UNION ALL SELECT sale_id FROM curated.sales WHERE opportunity_id IN (
                SELECT opportunity_id FROM curated.opportunities
                WHERE lead_id IN (SELECT lead_id FROM delta.curated_leads))
            UNION ALL SELECT sale_id FROM curated.sales WHERE customer_id IN (
                SELECT coalesce(l.person_id, d.customer_id)
                FROM delta.curated_leads d LEFT JOIN work.labels l USING (customer_id))""",
        "work.labels": """SELECT sale_id FROM curated.sales
            WHERE customer_id IN (SELECT unnest([customer_id, person_id]) FROM delta.work_labels)""",
        "curated.campaigns": """SELECT sale_id FROM curated.conversion_paths
            WHERE campaign_id IN (SELECT campaign_id FROM delta.curated_campaigns)""",
    },
    own=(f"sale_id IN {KEYS}",),
    narrow={
        "curated.sales": among("sale_id", "curated.sales"),
        "curated.touches": """SELECT * FROM curated.touches
            WHERE customer_id IN (SELECT customer_id FROM n_curated_sales)""",
        "curated.opportunities": """SELECT * FROM curated.opportunities
            WHERE opportunity_id IN (SELECT opportunity_id FROM n_curated_sales)""",
        "curated.leads": """SELECT * FROM curated.leads
            WHERE lead_id IN (SELECT lead_id FROM n_curated_sales)
               OR lead_id IN (SELECT lead_id FROM n_curated_opportunities)
               OR customer_id IN (SELECT customer_id FROM n_curated_sales)
               OR customer_id IN (SELECT customer_id FROM work.labels
                                  WHERE person_id IN (SELECT customer_id FROM n_curated_sales))""",
    },
)

ATTRIBUTION_CREDITS = Partly(
    keys={
        "curated.sales": "SELECT sale_id FROM delta.curated_sales",
        "curated.conversion_paths": "SELECT sale_id FROM delta.curated_conversion_paths",
    },
    own=(f"sale_id IN {KEYS}",),
    narrow={
        "curated.sales": among("sale_id", "curated.sales"),
        "curated.conversion_paths": among("sale_id", "curated.conversion_paths"),
    },
)

REVENUE_ATTRIBUTION = Partly(
    keys={
        "curated.sales": "SELECT sale_id FROM delta.curated_sales",
        "curated.attribution_credits": "SELECT sale_id FROM delta.curated_attribution_credits",
    },
    own=(f"transaction_id IN {KEYS}",),
    narrow={
        "curated.sales": among("sale_id", "curated.sales"),
        "curated.attribution_credits": among("sale_id", "curated.attribution_credits"),
    },
)

OF_A_PERSON = ("work.persons", "curated.touches", "curated.sales", "work.acquisition_costs")
CUSTOMER_LIFECYCLE = Partly(
    keys={table: f"SELECT customer_id FROM delta.{table.replace('.', '_')}" for table in OF_A_PERSON},
    own=(f"customer_id IN {KEYS}",),
    narrow={table: among("customer_id", table) for table in OF_A_PERSON},
)

JOURNEYS = Partly(
    keys={
        "curated.touches": "SELECT customer_id FROM delta.curated_touches",
        "curated.sales": "SELECT customer_id FROM delta.curated_sales",
        "work.people": "SELECT person_id FROM delta.work_people",
        **{
            f"curated.{name}": f"""SELECT person_id FROM work.people
                WHERE customer_id IN (SELECT customer_id FROM delta.curated_{name})"""
            for name in ("leads", "opportunities")
        },
    },
    own=(f"customer_id IN {KEYS}",),
    narrow={
        "curated.touches": among("customer_id", "curated.touches"),
        "curated.sales": among("customer_id", "curated.sales"),
        "work.people": among("person_id", "work.people"),
        **{
            f"curated.{name}": f"""SELECT * FROM curated.{name}
                WHERE customer_id IN (SELECT customer_id FROM n_work_people)"""
            for name in ("leads", "opportunities")
        },
    },
)
