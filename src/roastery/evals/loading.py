"""Brings the synthetic company into an organization as a customer would: connect, sync, push events, import."""

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed

import httpx2
import uvicorn

from roastery.api.app import OPERATOR, Roastery, create_app
from roastery.api.connecting import NewConnection, connect
from roastery.api.events import PROVIDER, SECRET_NAME
from roastery.api.imports import CSV, Upload, import_upload
from roastery.api.store.connections import Connections
from roastery.api.store.once import ReceivedEvents
from roastery.api.store.organizations import Organizations
from roastery.connectors.errors import ConnectorError
from roastery.connectors.sync import SyncProgress, SyncReport
from roastery.connectors.webhooks import sign_standard
from roastery.evals.twins import Twin
from roastery.evals.world import World
from roastery.evals.world.companies import Company
from roastery.warehouse.errors import BadRows
from roastery.warehouse.organization import Organization

EVENTS_A_MESSAGE = 10_000
AT_ONCE = 2


def make_organization(roastery: Roastery, world: World) -> Organization:
    """The company's organization, made at the first time."""
    with roastery.database.session() as session:
        organizations = Organizations(session)
        found = organizations.get(world.organization.id)
        return found or organizations.create(world.organization, roastery.wall.now())


def import_company(roastery: Roastery, company: Company) -> Organization:
    """The organization of a company with all its tables imported and built. Errors: BadRows."""
    with roastery.database.session() as session:
        organizations = Organizations(session)
        organization = organizations.get(company.organization.id) or organizations.create(
            company.organization, roastery.wall.now()
        )
    company.load_into(roastery.warehouse(organization))
    return organization


def connect_twins(roastery: Roastery, organization: Organization, twins: Iterable[Twin]) -> list[tuple[str, str]]:
    """(connection id, name) of each twin. A later run finds its connections and gives them the twins' new address."""
    made = []
    for twin in twins:
        with roastery.database.session() as session:
            connections = Connections(session, roastery.keyring, organization.id)
            found = connections.list(twin.provider)
            if found:
                connections.change(found[0].id, base_url=twin.base_url, secrets=dict(twin.secrets))
        row = found[0] if found else None
        if row is None:
            new = NewConnection(twin.provider, twin.settings, twin.secrets, twin.base_url)
            row, _ = connect(roastery, organization, OPERATOR, new)
        made.append((row.id, row.name))
    return made


def pull(
    roastery: Roastery,
    organization: Organization,
    connection_id: str,
    told: Callable[[SyncProgress], None] | None = None,
) -> SyncReport:
    """Sync one connection. Errors: ConnectorError when it does not come to its end."""
    report = roastery.syncs.run(organization, connection_id, told)
    if report.outcome != "complete":
        raise ConnectorError(f"{report.provider} could not be synced: {report.message}")
    return report


def push_events(roastery: Roastery, organization: Organization, world: World) -> int:
    """Send every storefront event over HTTP, signed, as a shop's own server would; how many rows are known then."""
    count = world.web_events.num_rows
    received = ReceivedEvents(roastery.database, organization.id)
    last = _message_id(world, (count - 1) // EVENTS_A_MESSAGE)
    if received.answered(last) is not None:
        return count
    connection_id, secret = _events_secret(roastery, organization)
    with (
        roastery.builds.held(organization),
        service(roastery) as url,
        httpx2.Client(base_url=url, timeout=120) as client,
    ):
        for number, events in enumerate(world.storefront_events(EVENTS_A_MESSAGE)):
            body = json.dumps(events).encode()
            signature = sign_standard(body, _message_id(world, number), roastery.wall.now(), secret)
            headers = {**signature, "content-type": "application/json"}
            answer = client.post("/v1/events", params={"connection": connection_id}, content=body, headers=headers)
            answer.raise_for_status()
    return count


def pull_all(
    roastery: Roastery,
    organization: Organization,
    connections: Iterable[tuple[str, str]],
    told: Callable[[str], Callable[[SyncProgress], None]] | None = None,
) -> Iterator[tuple[str, SyncReport]]:
    """(name, report) of each connection as it comes to its end; some are read at once, for each waits for its provider.

    told: gives what hears of a connection's progress, by its name. Errors: as `pull`.
    """
    with ThreadPoolExecutor(AT_ONCE) as pool:
        running = {
            pool.submit(pull, roastery, organization, connection_id, told(name) if told else None): name
            for connection_id, name in connections
        }
        for done in as_completed(running):
            yield running[done], done.result()


def import_windows(roastery: Roastery, organization: Organization, world: World) -> None:
    """Import how long e-mail may earn, which the company decides and no platform tells, as CSV."""
    path = roastery.settings.incoming / "demo-windows.csv"
    path.write_bytes(world.email_windows_csv())
    try:
        answer = import_upload(roastery, organization, Upload("campaigns", path, CSV))
    finally:
        path.unlink()
    if answer["rejected"]:
        raise BadRows(f"{answer['rejected']} windows were rejected: {answer['errors'][0]['message']}")


def _message_id(world: World, number: int) -> str:
    return f"demo-{world.seed}-{world.size}-{number}"


def _events_secret(roastery: Roastery, organization: Organization) -> tuple[str, str]:
    """The events connection and its secret."""
    with roastery.database.reading() as session:
        found = Connections(session, roastery.keyring, organization.id).list(PROVIDER)
    if found:
        return found[0].id, roastery.tokens.secrets(found[0].id)[SECRET_NAME]
    row, secret = connect(roastery, organization, OPERATOR, NewConnection(PROVIDER))
    assert secret is not None
    return row.id, secret


@contextlib.contextmanager
def service(roastery: Roastery) -> Iterator[str]:
    """This service on a free loopback port until the block ends."""
    bound = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(create_app(roastery), log_level="error", lifespan="off", access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, name="demo service")
    thread.start()
    try:
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
