"""Repositories of the service's own database, on SQLite and on PostgreSQL."""

import threading
from datetime import UTC, datetime, timedelta

import pytest

from roastery.agent.answer import Answer
from roastery.api.errors import Conflict, NotFound, SecretLost
from roastery.api.security.secrets import Keyring
from roastery.api.store.answers import StoredAnswers
from roastery.api.store.connections import Connections, SealedTokens, as_connection, reseal
from roastery.api.store.database import Database
from roastery.api.store.keys import Keys
from roastery.api.store.once import IdempotencyKeys, ReceivedEvents
from roastery.api.store.organizations import Organizations, new_organization, with_changes
from roastery.api.store.receipts import StoredLedger
from roastery.api.store.tables import ConnectionRow, KeyRow, OrganizationRow
from roastery.tools.base import Actor, Receipt
from roastery.warehouse.errors import BadQuery, Busy, UnknownName
from roastery.warehouse.organization import Organization

AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
KEYRING = Keyring(["first secret"])


@pytest.fixture
def acme(database: Database) -> Organization:
    with database.session() as session:
        return Organizations(session).create(new_organization("Acme", currency="EUR", time_zone="Europe/Paris"), AT)


def test_an_organization_is_read_back_as_it_was_stored(database: Database, acme: Organization) -> None:
    with database.reading() as session:
        assert Organizations(session).get(acme.id) == acme
        assert Organizations(session).find("Acme") == acme
        row = session.get_one(OrganizationRow, acme.id)
        assert row.created_at == AT
        assert row.created_at.utcoffset() == timedelta(0)


def test_an_unknown_organization_names_the_nearest(database: Database, acme: Organization) -> None:
    with database.reading() as session, pytest.raises(UnknownName, match="Did you mean 'Acme'"):
        Organizations(session).find("Acmee")


def test_settings_are_checked_when_they_change(acme: Organization) -> None:
    changed = with_changes(acme, {"attribution": {"window_days": 7}, "week_start": "sunday"})
    assert changed.attribution.window_days == 7
    assert changed.attribution.model == "last_non_direct"
    with pytest.raises(BadQuery, match="ISO 4217"):
        with_changes(acme, {"currency": "euros"})
    with pytest.raises(UnknownName, match="time_zone"):
        with_changes(acme, {"timezone": "UTC"})


def test_a_key_is_verified_and_never_stored(database: Database, acme: Organization) -> None:
    with database.session() as session:
        row, key = Keys(session, KEYRING).create(acme.id, "analyst", AT, row_scope={"region": ("West",)})
    assert key.startswith("rst_")
    with database.reading() as session:
        stored = session.get_one(KeyRow, row.id)
        assert key not in str({c.name: getattr(stored, c.name) for c in KeyRow.__table__.columns})
        verified = Keys(session, KEYRING).verify(key)
        assert verified is not None
        assert (verified.organization_id, verified.actor.role) == (acme.id, "analyst")
        assert verified.actor.row_scope == {"region": ("West",)}
        assert Keys(session, KEYRING).verify(key[:-1] + ("a" if key[-1] != "a" else "b")) is None
        assert Keys(session, KEYRING).verify("") is None


def test_a_revoked_key_opens_nothing(database: Database, acme: Organization) -> None:
    with database.session() as session:
        row, key = Keys(session, KEYRING).create(acme.id, "admin", AT)
        Keys(session, KEYRING).revoke(acme.id, row.id, AT)
        assert Keys(session, KEYRING).verify(key) is None
        with pytest.raises(NotFound):
            Keys(session, KEYRING).revoke("org_other", row.id, AT)


def test_a_key_still_opens_after_the_secret_key_is_rotated(database: Database, acme: Organization) -> None:
    with database.session() as session:
        _, key = Keys(session, KEYRING).create(acme.id, "admin", AT)
        assert Keys(session, Keyring(["second secret", "first secret"])).verify(key) is not None
        assert Keys(session, Keyring(["second secret"])).verify(key) is None


def test_an_unknown_role_is_refused(database: Database, acme: Organization) -> None:
    with database.session() as session, pytest.raises(UnknownName, match="role"):
        Keys(session, KEYRING).create(acme.id, "admim", AT)


def connect(database: Database, organization: Organization, **secrets: str) -> ConnectionRow:
    with database.session() as session:
        connections = Connections(session, KEYRING, organization.id)
        return connections.create("meta_ads", {"account_id": "1"}, secrets, AT, base_url="http://127.0.0.1:1")


def test_secrets_are_sealed_and_stay_out_of_the_connection(database: Database, acme: Organization) -> None:
    row = connect(database, acme, access_token="hush-hush")
    with database.reading() as session:
        stored = session.get_one(ConnectionRow, row.id)
        assert "hush-hush" not in stored.sealed_secrets
        assert "hush" not in repr(as_connection(stored))
    assert SealedTokens(database, KEYRING).secrets(row.id) == {"access_token": "hush-hush"}


def test_a_sealed_secret_cannot_be_moved_to_another_connection(database: Database, acme: Organization) -> None:
    mine, other = connect(database, acme, access_token="a"), connect(database, acme, access_token="b")
    with database.session() as session:
        stored = session.get_one(ConnectionRow, mine.id)
        stored.sealed_secrets = session.get_one(ConnectionRow, other.id).sealed_secrets
    with pytest.raises(SecretLost, match="altered or moved"):
        SealedTokens(database, KEYRING).secrets(mine.id)


def test_rotating_secrets_is_durable_and_counted(database: Database, acme: Organization) -> None:
    row = connect(database, acme, refresh_token="one", client_secret="stays")
    tokens = SealedTokens(database, KEYRING)
    tokens.rotate(row.id, {"refresh_token": "two"})
    assert SealedTokens(database, KEYRING).secrets(row.id) == {"refresh_token": "two", "client_secret": "stays"}
    with database.reading() as session:
        assert session.get_one(ConnectionRow, row.id).version == row.version + 1


def test_a_new_secret_key_opens_old_secrets_and_seals_them_again(database: Database, acme: Organization) -> None:
    row = connect(database, acme, access_token="kept")
    both, new = Keyring(["second secret", "first secret"]), Keyring(["second secret"])
    with pytest.raises(SecretLost):
        SealedTokens(database, new).secrets(row.id)
    with database.session() as session:
        assert reseal(session, both) == 1
        assert reseal(session, both) == 0
    assert SealedTokens(database, new).secrets(row.id) == {"access_token": "kept"}


def test_refreshes_of_one_connection_do_not_overlap(database: Database, acme: Organization) -> None:
    row = connect(database, acme, counter="0")
    stores = [SealedTokens(database, KEYRING) for _ in range(2)]
    if database.engine.dialect.name == "sqlite":  # one process owns a home, so one store serves all threads
        stores = stores[:1] * 2

    def refresh(tokens: SealedTokens) -> None:
        for _ in range(5):
            with tokens.lock(row.id):
                tokens.rotate(row.id, {"counter": str(int(tokens.secrets(row.id)["counter"]) + 1)})

    threads = [threading.Thread(target=refresh, args=(tokens,)) for tokens in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert stores[0].secrets(row.id) == {"counter": "10"}


def test_a_connection_of_another_organization_does_not_exist(database: Database, acme: Organization) -> None:
    row = connect(database, acme, access_token="a")
    with database.session() as session:
        other = Organizations(session).create(new_organization("Other"), AT)
        with pytest.raises(NotFound):
            Connections(session, KEYRING, other.id).get(row.id)
        assert Connections(session, KEYRING, other.id).list() == []


def test_a_removed_connection_forgets_its_secrets(database: Database, acme: Organization) -> None:
    row = connect(database, acme, access_token="a")
    with database.session() as session:
        Connections(session, KEYRING, acme.id).remove(row.id, AT)
    with database.reading() as session:
        assert KEYRING.open(session.get_one(ConnectionRow, row.id).sealed_secrets, row.id) == {}
    with pytest.raises(NotFound):
        SealedTokens(database, KEYRING).secrets(row.id)


def receipt(receipt_id: str = "rcp_1") -> Receipt:
    return Receipt(
        id=receipt_id,
        tool="query_metrics",
        arguments={"metrics": ["spend"]},
        time_zone="UTC",
        week_start="monday",
        result_hash="h",
        clock=AT,
        created_at=AT,
    )


def test_a_receipt_is_read_back_in_its_organization_and_scope_only(database: Database, acme: Organization) -> None:
    ledger = StoredLedger(database, acme.id, "all")
    ledger.keep(receipt())
    ledger.keep(receipt())
    assert ledger.receipt("rcp_1") == receipt()
    assert [r.id for r in ledger.latest()] == ["rcp_1"]
    assert StoredLedger(database, acme.id, "region=West").receipt("rcp_1") is None
    assert StoredLedger(database, "org_other", "all").receipt("rcp_1") is None


def answer(conversation_id: str, answer_id: str) -> Answer:
    return Answer(answer_id=answer_id, conversation_id=conversation_id, question="?", status="answered", text="!")


def test_answers_are_kept_once_and_in_order(database: Database, acme: Organization) -> None:
    store = StoredAnswers(database, acme.id, Actor("key_1"))
    conversation = store.open(None, AT)
    for answer_id in ("ans_b", "ans_a", "ans_b"):
        store.keep(answer(conversation, answer_id), AT)
    assert [a.answer_id for a in store.answers(conversation)] == ["ans_b", "ans_a"]
    assert store.open(conversation, AT) == conversation
    assert store.answer("ans_a").text == "!"


def test_a_conversation_is_closed_to_another_scope_and_organization(database: Database, acme: Organization) -> None:
    conversation = StoredAnswers(database, acme.id, Actor("key_1")).open(None, AT)
    narrow = Actor("key_2", row_scope={"region": ("West",)})
    for store in (StoredAnswers(database, acme.id, narrow), StoredAnswers(database, "org_other", Actor("key_1"))):
        with pytest.raises(NotFound):
            store.open(conversation, AT)
        with pytest.raises(NotFound):
            store.answers(conversation)


def test_an_idempotency_key_gives_the_first_response_again(database: Database, acme: Organization) -> None:
    keys = IdempotencyKeys(database, acme.id, "imports")
    assert keys.begin("k", "digest", AT) is None
    with pytest.raises(Busy):
        keys.begin("k", "digest", AT)
    keys.finish("k", {"accepted": 1})
    assert keys.begin("k", "digest", AT) == {"accepted": 1}
    with pytest.raises(Conflict):
        keys.begin("k", "another", AT)
    assert IdempotencyKeys(database, acme.id, "other").begin("k", "another", AT) is None


def test_a_failed_request_frees_its_idempotency_key(database: Database, acme: Organization) -> None:
    keys = IdempotencyKeys(database, acme.id, "imports")
    keys.begin("k", "digest", AT)
    keys.give_up("k")
    assert keys.begin("k", "digest", AT) is None
    IdempotencyKeys.forget_unfinished(database)
    assert keys.begin("k", "digest", AT) is None
    assert keys.begin("k", "digest", AT + timedelta(hours=1)) is None


def test_a_message_is_known_again_within_its_organization(database: Database, acme: Organization) -> None:
    events = ReceivedEvents(database, acme.id)
    assert events.answered("msg_1") is None
    events.keep("msg_1", None, {"accepted": 2}, AT)
    events.keep("msg_1", None, {"accepted": 9}, AT)
    assert events.answered("msg_1") == {"accepted": 2}
    assert ReceivedEvents(database, "org_other").answered("msg_1") is None
