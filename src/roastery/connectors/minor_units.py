"""Money that providers give as whole numbers of a currency's smallest unit, as SQL in major units."""

ZERO_DECIMAL = "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF".split()  # noqa: SIM905
THREE_DECIMAL = ("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND")


def major(amount: str, currency: str) -> str:
    """SQL: an amount in minor units as text of an exact decimal of major ones; `currency` is an expression of its code.

    Text, so that an amount too large for the contract's type is set aside by the build. What is no number gives null.
    Source: Stripe's and Square's lists of zero- and three-decimal currencies; UGX and ISK stay in hundredths there.
    """
    zero = ", ".join(f"'{code}'" for code in ZERO_DECIMAL)
    three = ", ".join(f"'{code}'" for code in THREE_DECIMAL)
    unit = (
        f"CASE WHEN upper({currency}) IN ({zero}) THEN CAST(1 AS DECIMAL(4,3)) "
        f"WHEN upper({currency}) IN ({three}) THEN CAST('0.001' AS DECIMAL(4,3)) ELSE CAST('0.01' AS DECIMAL(4,3)) END"
    )
    return f"CAST(TRY_CAST({amount} AS DECIMAL(34,0)) * {unit} AS VARCHAR)"
