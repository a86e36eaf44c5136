"""The same service with its own tables in PostgreSQL, by one setting."""

import uuid
from pathlib import Path

import pytest

from roastery.api.app import Roastery
from roastery.api.settings import Settings
from tests.api.conftest import NOW, create_postgres, open_desk
from tests.api.routes.test_events import event, push, secret_of
from tests.api.routes.test_imports import CSV, revenue, send


def test_keys_imports_events_questions_and_receipts_work_on_postgresql(
    tmp_path: Path, postgres_url: str, migrated_postgres: str
) -> None:
    url = create_postgres(postgres_url, f"t{uuid.uuid4().hex}", migrated_postgres)
    settings = Settings.from_environment(
        home=tmp_path, database_url=url.replace("postgresql+psycopg://", "postgresql://"), secret_key="s", now=NOW
    )
    with Roastery.open(settings) as roastery:
        desk = open_desk(roastery, "Acme")
        first = send(desk, CSV, idempotency_key="k").json()
        assert send(desk, CSV, idempotency_key="k").json() == first
        assert push(desk, secret_of(desk), event()).status_code == 200
        assert revenue(desk) == {"revenue": "82.00", "orders": 3}
        answer = desk.call("POST", "/v1/ask", json={"question": "What was revenue this month?"}).json()
        assert "$82.00" in answer["text"]
        receipt_id = answer["receipts"][0]["id"]
        assert desk.call("POST", f"/v1/receipts/{receipt_id}/rerun").json()["status"] == "same"
    assert not (tmp_path / "roastery.sqlite").exists()


def test_a_database_that_does_not_answer_is_a_sentence(tmp_path: Path) -> None:
    from roastery.api.errors import BadSettings

    settings = Settings.from_environment(
        home=tmp_path, database_url=f"postgresql://nobody@/none?host={tmp_path}", secret_key="s"
    )
    with pytest.raises(BadSettings, match="database cannot be used"):
        Roastery.open(settings)
