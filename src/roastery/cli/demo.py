"""roastery demo: from nothing to three true answers about a synthetic company, through the real connectors."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from roastery.cli import serve as serving
from roastery.cli.home import run_at_home

if TYPE_CHECKING:
    from roastery.api.app import Roastery
    from roastery.cli.terminal import Terminal
    from roastery.evals.twins import Twins
    from roastery.evals.world import World
    from roastery.warehouse.organization import Organization

QUESTIONS = (
    "What was ROAS by platform last month?",
    "How did revenue by week over the last eight weeks compare with the eight weeks before?",
    "What were the top five campaigns by attributed revenue last month, with spend and CAC?",
)

EVENTS_A_MESSAGE = 10_000


def demo(
    once: Annotated[bool, typer.Option("--once", help="End after printing the answers.")] = False,
    customers: Annotated[int, typer.Option(help="Size of the company.", min=200, max=200_000)] = 20_000,
    host: serving.Host = "127.0.0.1",
    port: serving.Port = 8400,
) -> None:
    """Make a demo organization, connect and sync its sources, ask three questions, then serve."""
    follow = None if once else serving.work
    run_at_home(work, then=follow, then_parameters={"host": host, "port": port}, customers=customers, once=once)


def work(roastery: Roastery, terminal: Terminal, customers: int, once: bool) -> int:
    """Everything but serving; running it again on the same home brings in what is new and asks again."""
    from roastery.api.app import OPERATOR
    from roastery.api.asking import ask
    from roastery.cli.answers import show_answer
    from roastery.evals.twins import serve

    told = _Steps(terminal)
    told("making the company (27 months of customers, campaigns, orders and visits)")
    world = _world(roastery.settings.home / "demo" / f"world-{customers}", customers)
    organization = _organization(roastery, world)
    told("importing the e-mail platform's reports as CSV")
    _import_email(roastery, organization, world)
    told(f"starting the twins of {organization.name}'s ad platforms and shop on loopback")
    with contextlib.ExitStack() as ending:
        # Served on, the twins stay for the scheduled syncs; otherwise nobody will ask them again.
        twins = (ending if once else roastery.beside).enter_context(serve(world))
        for connection_id, name in _connect(roastery, organization, twins):
            told(f"syncing {name} over HTTP")
            _sync(roastery, terminal, organization, connection_id, name)
    told("sending storefront events, signed, to POST /v1/events")
    sent = _send_events(roastery, organization, world)
    told(f"{sent:,} events are in; building the tables")
    roastery.warehouse(organization).build()
    told("asking three questions")
    charts = roastery.settings.home / "charts"
    failed = 0
    for question in QUESTIONS:
        terminal.line()
        terminal.out.rule(question, align="left")
        answer = ask(roastery, organization, OPERATOR, question)
        show_answer(terminal, answer, charts)
        failed += answer.status != "answered"
    terminal.line()
    told("done")
    terminal.say(f'Ask your own: roastery ask "Revenue by country last quarter" --org {organization.id}')
    return 1 if failed else 0


class _Steps:
    """Says what begins, with the seconds since the start."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._began = time.monotonic()

    def __call__(self, step: str) -> None:
        self._terminal.say(f"[{time.monotonic() - self._began:5.1f} s] {step}")


def _world(folder: Path, customers: int) -> World:
    """The company; made once per home."""
    from roastery.evals.world import World

    if (folder / "made").exists():
        return World.load(folder)
    world = World.make(customers=customers)
    world.save(folder)
    return world


def _organization(roastery: Roastery, world: World) -> Organization:
    from roastery.api.store.organizations import Organizations

    with roastery.database.session() as session:
        organizations = Organizations(session)
        found = organizations.get(world.organization.id)
        return found or organizations.create(world.organization, roastery.wall.now())


def _connect(roastery: Roastery, organization: Organization, twins: Twins) -> list[tuple[str, str]]:
    """(connection id, name) of each twin. A later run finds its connections and gives them the twins' new address."""
    from roastery.api.app import OPERATOR
    from roastery.api.connecting import NewConnection, connect
    from roastery.api.store.connections import Connections

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


def _sync(roastery: Roastery, terminal: Terminal, organization: Organization, connection_id: str, name: str) -> None:
    from roastery.cli.progress import told_to
    from roastery.connectors.errors import ConnectorError

    with told_to(terminal, name) as told:
        report = roastery.syncs.run(organization, connection_id, told)
    if report.outcome != "complete":
        raise ConnectorError(f"{name} could not be synced: {report.message}")
    terminal.say(f"          {name}: {report.landed:,} rows new or changed")


def _send_events(roastery: Roastery, organization: Organization, world: World) -> int:
    """Push every storefront event over HTTP as a shop's own server would; how many rows are known afterwards."""
    import httpx2

    from roastery.api.store.once import ReceivedEvents

    count = world.web_events.num_rows
    received = ReceivedEvents(roastery.database, organization.id)
    last = _message_id(world, (count - 1) // EVENTS_A_MESSAGE)
    if received.answered(last) is not None:
        return count
    connection_id, secret = _events_secret(roastery, organization)
    with (
        roastery.builds.held(organization),
        _service(roastery) as url,
        httpx2.Client(base_url=url, timeout=120) as client,
    ):
        for number, events in enumerate(world.storefront_events(EVENTS_A_MESSAGE)):
            body = json.dumps(events).encode()
            headers = _signed(body, _message_id(world, number), secret, roastery)
            answer = client.post("/v1/events", params={"connection": connection_id}, content=body, headers=headers)
            answer.raise_for_status()
    return count


def _message_id(world: World, number: int) -> str:
    return f"demo-{world.seed}-{world.size}-{number}"


def _signed(body: bytes, message_id: str, secret: str, roastery: Roastery) -> dict[str, str]:
    from roastery.connectors.webhooks import sign_standard

    signature = sign_standard(body, message_id, roastery.wall.now(), secret)
    return {**signature, "content-type": "application/json"}


def _events_secret(roastery: Roastery, organization: Organization) -> tuple[str, str]:
    """The events connection and its secret."""
    from roastery.api.app import OPERATOR
    from roastery.api.connecting import NewConnection, connect
    from roastery.api.events import PROVIDER, SECRET_NAME
    from roastery.api.store.connections import Connections

    with roastery.database.reading() as session:
        found = Connections(session, roastery.keyring, organization.id).list(PROVIDER)
    if found:
        return found[0].id, roastery.tokens.secrets(found[0].id)[SECRET_NAME]
    row, secret = connect(roastery, organization, OPERATOR, NewConnection(PROVIDER))
    assert secret is not None
    return row.id, secret


def _import_email(roastery: Roastery, organization: Organization, world: World) -> None:
    """Import the reports that an e-mail platform would mail as CSV; rows that are known already change nothing."""
    from roastery.api.imports import CSV, Upload, import_upload
    from roastery.warehouse.errors import BadRows

    files = {"campaigns": world.email_campaigns_csv(), "email_performance": world.email_csv()}
    for dataset, body in files.items():
        path = roastery.settings.incoming / f"demo-{dataset}.csv"
        path.write_bytes(body)
        try:
            answer = import_upload(roastery, organization, Upload(dataset, path, CSV))
        finally:
            path.unlink()
        if answer["rejected"]:
            raise BadRows(f"{answer['rejected']} rows of {dataset} were rejected: {answer['errors'][0]['message']}")


@contextlib.contextmanager
def _service(roastery: Roastery) -> Iterator[str]:
    """This service on a free loopback port until the block ends."""
    import socket

    import uvicorn

    from roastery.api.app import create_app

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
