"""Consent from the source's own record to the audience: who refused is never in it, who consented is."""

import duckdb
import pytest

from roastery.warehouse.audience import audience
from roastery.warehouse.privacy import normalized
from tests.connectors.contract.conftest import Start
from tests.connectors.contract.scenario import Scenario

SENDING = ("shopify", "klaviyo", "mailchimp", "constant_contact", "salesforce", "hubspot")
"""Sources that tell a consent; Square tells refusals only."""


def told(scenario: Scenario) -> tuple[set[str], set[str]]:
    """Addresses that have consented and refused nowhere, and those that have refused, as the company has it."""
    world = scenario.twins.world
    truth = next(truth for truth in scenario.declared.truth if truth.contract == "customers")
    with duckdb.connect() as database:
        database.execute("SET TimeZone = 'UTC'")
        for name, table in {**world.tables, **scenario.declared.tables(world)}.items():
            database.register(name, table)
        rows = database.sql(
            f"SELECT lower(email), bool_and(marketing_consent) FROM ({truth.sql}) WHERE email IS NOT NULL GROUP BY 1"
        ).fetchall()
    return {email for email, consents in rows if consents}, {email for email, consents in rows if consents is False}


@pytest.mark.parametrize(
    "provider",
    [name if name in ("hubspot", "square") else pytest.param(name, marks=pytest.mark.prove)
     for name in (*SENDING, "square")],
)  # fmt: skip
def test_an_audience_holds_who_consented_and_nobody_who_refused(start: Start, provider: str) -> None:
    scenario = start(provider)
    scenario.synced()
    scenario.build()
    consenting, refusing = told(scenario)
    found = audience(scenario.warehouse, {})
    members = {normalized("email", address) for _, address in found.members}
    assert refusing, "somebody refuses"
    assert not members & {normalized("email", address) for address in refusing}
    if provider in SENDING:
        # Where one person has several addresses, a refusal at one of them holds for all.
        wanted = {normalized("email", address) for address in consenting}
        assert members <= wanted
        assert len(wanted - members) <= len(wanted) / 20
    else:
        assert not members
    assert found.without_consent > 0
