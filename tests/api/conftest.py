"""What the tests of the service share: a database of each kind, an application object on an empty home."""

import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import NullPool, create_engine, text
from starlette.testclient import TestClient

from roastery.api.app import Roastery, create_app
from roastery.api.settings import Settings
from roastery.api.store.database import Database
from roastery.api.store.keys import Keys
from roastery.api.store.organizations import Organizations, new_organization
from roastery.warehouse.organization import Organization
from tests.api import postgres

NOW = "2026-11-20T12:00:00+00:00"


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    reason = postgres.missing()
    if reason:
        pytest.skip(reason)
    with postgres.server() as url:
        yield url


@pytest.fixture(scope="session")
def migrated_postgres(postgres_url: str) -> str:
    """The name of a migrated database that tests copy."""
    create_postgres(postgres_url, "migrated")
    migrate(postgres_url.replace("/postgres?", "/migrated?"))
    return "migrated"


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file that tests copy."""
    path = tmp_path_factory.mktemp("migrated") / "store.sqlite"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database, once of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store.sqlite'}"
    return create_postgres(request.getfixturevalue("postgres_url"), f"t{uuid.uuid4().hex}")


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A migrated database without rows, once of each kind."""
    if request.param == "sqlite":
        path = tmp_path / "store.sqlite"
        shutil.copy(request.getfixturevalue("migrated_sqlite"), path)
        url = f"sqlite:///{path}"
    else:
        template = request.getfixturevalue("migrated_postgres")
        url = create_postgres(request.getfixturevalue("postgres_url"), f"t{uuid.uuid4().hex}", template)
    database = Database(url)
    yield database
    database.close()


@dataclass(frozen=True)
class Desk:
    """A client of the service with keys of one organization, one per role."""

    client: TestClient
    roastery: Roastery
    organization: Organization
    keys: dict[str, str]

    def call(self, method: str, path: str, role: str = "admin", **arguments: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.keys[role]}", **arguments.pop("headers", {})}
        return self.client.request(method, path, headers=headers, **arguments)


@dataclass(frozen=True)
class Prepared:
    """A home with one organization, its empty tables built, to be copied: building them is most of a test's time."""

    home: Path
    organization: Organization
    keys: dict[str, str]


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path) -> Prepared:
    home = tmp_path_factory.mktemp("prepared") / "home"
    home.mkdir()
    shutil.copy(migrated_sqlite, home / "roastery.sqlite")
    with open_roastery(home) as roastery:
        desk = open_desk(roastery, "Acme")
        roastery.warehouse(desk.organization)
    return Prepared(home, desk.organization, desk.keys)


@pytest.fixture
def roastery(tmp_path: Path, prepared: Prepared) -> Iterator[Roastery]:
    """An application object on a home of its own, its clock fixed, with one organization."""
    home = tmp_path / "home"
    shutil.copytree(prepared.home, home)
    with open_roastery(home) as roastery:
        yield roastery


@pytest.fixture
def desk(roastery: Roastery, prepared: Prepared) -> Desk:
    """An HTTP client with a key of each role of the organization Acme."""
    return Desk(client_of(roastery), roastery, prepared.organization, prepared.keys)


def open_roastery(home: Path) -> Roastery:
    return Roastery.open(Settings.from_environment(home=home, secret_key="a secret for tests", now=NOW))


def client_of(roastery: Roastery) -> TestClient:
    return TestClient(create_app(roastery), raise_server_exceptions=False)


def open_desk(roastery: Roastery, name: str) -> Desk:
    """A new organization with a key of each role."""
    organization = new_organization(name, currency="USD", time_zone="America/Chicago")
    with roastery.database.session() as session:
        Organizations(session).create(organization, roastery.wall.now())
        made = {
            role: Keys(session, roastery.keyring).create(organization.id, role, roastery.wall.now())[1]
            for role in ("owner", "admin", "analyst", "viewer")
        }
    return Desk(client_of(roastery), roastery, organization, made)


def create_postgres(server_url: str, name: str, template: str = "template1") -> str:
    engine = create_engine(server_url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    return server_url.replace("/postgres?", f"/{name}?")


def migrate(url: str) -> None:
    database = Database(url)
    database.migrate()
    database.close()
