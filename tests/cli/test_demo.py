"""The demo end to end on a small company: its three answers equal the planted truth to the cent."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from sqlalchemy import select

from roastery.agent.answer import Answer
from roastery.api.app import OPERATOR, Roastery
from roastery.api.receipts import rerun_receipt
from roastery.api.settings import Settings
from roastery.api.store.tables import AnswerRow
from roastery.cli import demo
from roastery.cli.terminal import Terminal
from roastery.evals import loading
from roastery.evals.sets.truth import QUESTIONS, connected_truth, faults
from roastery.evals.twins import serve
from roastery.evals.twins.server import CONNECTED
from roastery.evals.world import World
from roastery.evals.world.truth import Truth
from roastery.warehouse.errors import UnknownName
from roastery.warehouse.organization import Organization

CUSTOMERS = 400


@dataclass(frozen=True)
class Demo:
    roastery: Roastery
    terminal: Terminal
    organization: Organization
    world: World
    truth: Truth

    def run(self) -> str:
        """Run it (again); gives what it printed."""
        before = self.out.tell()
        assert demo.work(self.roastery, self.terminal, CUSTOMERS, once=True) == 0
        return self.out.getvalue()[before:]

    @property
    def out(self) -> io.StringIO:
        file = self.terminal.out.file
        assert isinstance(file, io.StringIO)
        return file

    def answers(self) -> list[Answer]:
        """The three latest answers, in the order of the questions."""
        with self.roastery.database.reading() as session:
            rows = session.scalars(select(AnswerRow).order_by(AnswerRow.created_at)).all()[-3:]
            return [Answer.model_validate(row.document) for row in rows]

    def counts(self) -> dict[str, int]:
        """Rows of every curated table."""
        warehouse = self.roastery.warehouse(self.organization)
        return {
            name: int(warehouse.query(f'SELECT count(*) FROM "{name}"').column(0)[0].as_py())
            for name in (
                "ad_performance",
                "transactions",
                "refunds",
                "web_events",
                "email_performance",
                "sales",
                "touches",
            )
        }


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The demo, run once."""
    home = tmp_path_factory.mktemp("demo") / "home"
    settings = Settings.from_environment(home=home, secret_key="a secret for tests", model="offline")
    terminal = Terminal(Console(file=io.StringIO(), width=140), Console(file=io.StringIO(), width=140))
    world = World.make(customers=CUSTOMERS)
    with Roastery.open(settings) as roastery:
        shown = Demo(roastery, terminal, world.organization, world, connected_truth(world))
        shown.run()
        yield shown


def test_the_three_answers_are_true_to_the_cent(shown: Demo) -> None:
    answers = shown.answers()
    assert [answer.question for answer in answers] == list(QUESTIONS)
    assert faults(answers, shown.truth) == ["", "", ""]
    assert len(shown.truth.roas_by_platform()) == 2
    assert len(shown.truth.weekly_revenue()) == 8
    assert len(shown.truth.top_campaigns()) == 5


def test_a_wrong_answer_would_be_noticed(shown: Demo) -> None:
    """The comparison itself can fail: answers to the questions in another order are not true."""
    first, second, third = shown.answers()
    assert all(faults([third, first, second], shown.truth))


def test_what_is_printed_has_text_table_chart_and_receipt(shown: Demo) -> None:
    printed = shown.out.getvalue()
    for question in QUESTIONS:
        assert question in printed
    charts = [line.removeprefix("Chart: ") for line in printed.splitlines() if line.startswith("Chart: ")]
    assert len(charts) >= 3
    assert all(Path(chart).read_bytes().startswith(b"\x89PNG") for chart in charts)
    assert printed.count("Receipt rcp_") >= 3


def test_every_receipt_reruns_to_the_same(shown: Demo) -> None:
    for answer in shown.answers():
        for receipt in answer.receipts:
            assert rerun(shown, receipt.id)["status"] == "same"


def test_what_landed_is_what_the_systems_hold(shown: Demo) -> None:
    counts = shown.counts()
    assert counts["web_events"] == shown.world.web_events.num_rows
    assert counts["email_performance"] == shown.world.email_performance.num_rows


def test_every_source_is_in_and_a_sale_told_by_shop_and_payments_counts_once(shown: Demo) -> None:
    warehouse = shown.roastery.warehouse(shown.organization)

    def count(sql: str) -> int:
        return int(warehouse.query(sql).column(0)[0].as_py() or 0)

    for contract in ("web_performance", "tickets", "shipments", "touchpoints"):
        assert count(f"SELECT count(*) FROM {contract}") > 0, contract
    paid = count("SELECT count(*) FROM transactions WHERE source_system = 'stripe'")
    assert paid > 80
    truth = shown.truth.rows("SELECT count(*) AS n, sum(net)::DECIMAL(18,2) AS net FROM sales")[0]
    assert count("SELECT count(*) FROM sales") == truth["n"]
    sold = warehouse.query("SELECT sum(net_amount)::DECIMAL(18,2) FROM sales").column(0)[0].as_py()
    assert sold == truth["net"]


@pytest.mark.prove
def test_running_it_again_changes_nothing_and_answers_the_same(shown: Demo) -> None:
    before, told = shown.counts(), [answer.text for answer in shown.answers()]
    shown.run()
    assert shown.counts() == before
    assert [answer.text for answer in shown.answers()] == told
    listed = demo_connections(shown)
    assert sorted(listed) == sorted([*CONNECTED, "events"])
    assert len(CONNECTED) == 8


def test_after_restated_days_a_receipt_says_restated_and_which_source(shown: Demo) -> None:
    receipt = shown.answers()[0].receipts[0]
    roastery, organization = shown.roastery, shown.organization
    with serve(shown.world.restated()) as twins:
        for connection_id, _ in loading.connect_twins(roastery, organization, twins):
            roastery.syncs.run(organization, connection_id)
        roastery.warehouse(organization).build()
    found = rerun(shown, receipt.id)
    assert found["status"] == "restated"
    assert found["causes"]


def rerun(shown: Demo, receipt_id: str) -> dict[str, Any]:
    return rerun_receipt(shown.roastery, shown.organization, OPERATOR, receipt_id)


def demo_connections(shown: Demo) -> list[str]:
    from roastery.api.store.connections import Connections

    with shown.roastery.database.reading() as session:
        rows = Connections(session, shown.roastery.keyring, shown.organization.id).list()
    return [row.provider for row in rows]


@pytest.mark.prove
def test_another_company_comes_by_import_and_answers_the_same_questions(tmp_path: Path) -> None:
    settings = Settings.from_environment(home=tmp_path, secret_key="a secret for tests", model="offline")
    terminal = Terminal(Console(file=io.StringIO(), width=120), Console(file=io.StringIO(), width=120))
    with Roastery.open(settings) as roastery:
        assert demo.work(roastery, terminal, 200, once=True, company="saltbox") == 0
        with pytest.raises(UnknownName, match="Did you mean 'juniper'"):
            demo.work(roastery, terminal, 200, once=True, company="junipr")
