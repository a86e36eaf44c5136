"""The name that was likely meant, and none where only letters are alike."""

import pytest

from roastery.warehouse.errors import nearest


@pytest.mark.parametrize(
    ("said", "known", "meant"),
    [
        ("kunde", ["kind", "campaign", "currency"], None),
        ("betrag", ["brand", "target"], None),
        ("amout", ["amount", "currency"], "amount"),
        ("customer", ["currency", "customer_id"], "customer_id"),
        ("gros revenue", ["gross_revenue", "revenue"], "gross_revenue"),
        ("lookalike de", ["Lookalike – Germany", "Brand"], "Lookalike – Germany"),
        ("kind", ["kunde", "kinds"], "kinds"),
    ],
)
def test_a_hint_is_a_slip_or_a_word_in_common(said: str, known: list[str], meant: str | None) -> None:
    assert nearest(said, known) == meant
