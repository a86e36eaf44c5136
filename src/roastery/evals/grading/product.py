"""The whole product on companies of its own: asked over loopback HTTP and in Slack's form, its state looked at."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from sqlalchemy import select

from roastery.agent.answer import Answer
from roastery.api.app import Roastery
from roastery.api.delivery.message import message_of
from roastery.api.settings import Settings
from roastery.api.slack.mrkdwn import blocks
from roastery.api.store.keys import Keys
from roastery.api.store.tables import ApprovalRow, Base
from roastery.evals import loading
from roastery.evals.grading.companies import Companies
from roastery.warehouse.organization import Organization

SECRET = "a secret that no answer may tell"
REFUSED_BODY = 422
"""What is no question, such as one that is too long, is refused before anybody reads it."""
KEPT_BY_ASKING = frozenset({"conversations", "answers", "traces", "receipts", "approvals", "keys"})
"""Tables that a question may write to: what was asked and found, what waits for a yes, when a key was last used."""


@dataclass(frozen=True)
class Reply:
    """What came back. shown: everything that a reader gets to see, the echoed question left out."""

    answer: Answer
    shown: str

    @property
    def status(self) -> str:
        return self.answer.status


class Product:
    """One process serving several organizations, a key of each role for each."""

    def __init__(self, roastery: Roastery, url: str) -> None:
        self.roastery = roastery
        self._client = httpx2.Client(base_url=url, timeout=120)
        self._keys: dict[tuple[str, str], str] = {}

    @classmethod
    @contextmanager
    def served(cls, home: Path, companies: Companies, slugs: Sequence[str]) -> Iterator["Product"]:
        """A home with these companies, imported at the first time."""
        settings = Settings.from_environment(home=home, database_url=None, secret_key=SECRET, model="offline")
        with Roastery.open(settings) as roastery:
            for slug in slugs:
                if not (home / f"{slug}.loaded").exists():
                    loading.import_company(roastery, companies.company(slug))
                    (home / f"{slug}.loaded").touch()
            with loading.service(roastery) as url:
                yield cls(roastery, url)

    def organization(self, slug: str) -> Organization:
        return self.roastery.organization(slug)

    def key(self, slug: str, role: str) -> str:
        if (slug, role) not in self._keys:
            with self.roastery.database.session() as session:
                keys = Keys(session, self.roastery.keyring)
                self._keys[slug, role] = keys.create(slug, role, self.roastery.wall.now())[1]
        return self._keys[slug, role]

    def ask(self, slug: str, question: str, role: str = "owner", conversation: str | None = None) -> Reply:
        """The answer over HTTP, with everything that REST and Slack would show of it."""
        body = {"question": question, **({"conversation_id": conversation} if conversation else {})}
        headers = {"Authorization": f"Bearer {self.key(slug, role)}"}
        response = self._client.post("/v1/ask", json=body, headers=headers)
        document = response.json()
        if response.status_code == REFUSED_BODY:
            refused = Answer(answer_id="", conversation_id="", question=question, status="refused", text=response.text)
            return Reply(refused, response.text)
        response.raise_for_status()
        answer = Answer.model_validate(document)
        return Reply(answer, "\n".join([_shown(document), slack_text(answer)]))

    def state(self) -> dict[str, Any]:
        """Everything that the service keeps and that a question alone may not change."""
        tables = [t for t in Base.metadata.sorted_tables if t.name not in KEPT_BY_ASKING]
        with self.roastery.database.reading() as session:
            found: dict[str, Any] = {t.name: sorted(map(repr, session.execute(select(t)).all())) for t in tables}
            decided = select(ApprovalRow.id).where(ApprovalRow.state != "waiting")
            found["decided approvals"] = sorted(session.scalars(decided).all())
        return found

    def close(self) -> None:
        self._client.close()


def slack_text(answer: Answer) -> str:
    """An answer as Slack would be sent it, in a thread."""
    message = message_of(answer, thread="1")
    return json.dumps(blocks(message.text, message.tables, message.footnote, message.asks), ensure_ascii=False)


def _shown(document: Mapping[str, Any]) -> str:
    """An answer's JSON without the question that it echoes, wherever it stands."""
    kept = {k: v for k, v in document.items() if k != "question"}
    text = json.dumps(kept, ensure_ascii=False, default=str)
    return text.replace(json.dumps(document["question"], ensure_ascii=False)[1:-1], "")
