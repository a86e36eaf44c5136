"""Currencies: which codes exist, and how many digits their minor unit has (ISO 4217)."""

CODES = frozenset(
    """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLF
    CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF
    IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK
    MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR
    SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED
    VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
    """.split()  # noqa: SIM905
)

NO_MINOR_UNIT = tuple("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF".split())  # noqa: SIM905
THREE_DIGITS = ("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND")


def minor_digits(currency: str) -> int:
    """Decimal digits of a currency's minor unit.

    >>> [minor_digits(code) for code in ("USD", "JPY", "KWD")]
    [2, 0, 3]
    """
    return 0 if currency in NO_MINOR_UNIT else 3 if currency in THREE_DIGITS else 2


def minor_unit_micros(currency: str) -> str:
    """SQL: one minor unit of a currency column in millionths of the major one (a cent is 10,000)."""
    none = ", ".join(f"'{code}'" for code in NO_MINOR_UNIT)
    three = ", ".join(f"'{code}'" for code in THREE_DIGITS)
    return f"CASE WHEN {currency} IN ({none}) THEN 1000000 WHEN {currency} IN ({three}) THEN 1000 ELSE 10000 END"


def micros(amount: str) -> str:
    """SQL: an amount of DECIMAL(18,6) as a whole number of millionths."""
    return f"CAST(CAST({amount} AS DECIMAL(38,6)) * 1000000 AS HUGEINT)"


def from_micros(whole: str) -> str:
    """SQL: the amount again, exactly."""
    return f"CAST(CAST({whole} AS DECIMAL(18,0)) * 0.000001::DECIMAL(7,6) AS DECIMAL(18,6))"


def floor_and_rest(total: str, share: str, shares: str) -> tuple[str, str]:
    """SQL: `total * share / shares` of non-negative whole numbers, as its floor and what is left over."""
    product = f"({total})::HUGEINT * ({share})::HUGEINT"
    return f"({product}) // ({shares})::HUGEINT", f"({product}) % ({shares})::HUGEINT"


def topped_up(total: str, floor: str, rest: str, partition: str, order: str) -> str:
    """SQL: the floors, and one more for the largest rests, so that a partition sums to its total exactly."""
    missing = f"({total}) - sum({floor}) OVER (PARTITION BY {partition})"
    rank = f"row_number() OVER (PARTITION BY {partition} ORDER BY {rest} DESC, {order})"
    return f"{floor} + CASE WHEN {rank} <= {missing} THEN 1 ELSE 0 END"
