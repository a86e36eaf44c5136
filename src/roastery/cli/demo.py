"""roastery demo: from nothing to three true answers about a synthetic company, through the real connectors."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from roastery.cli import serve as serving
from roastery.cli.home import run_at_home

if TYPE_CHECKING:
    from roastery.api.app import Roastery
    from roastery.cli.terminal import Terminal
    from roastery.evals.world import World
    from roastery.warehouse.organization import Organization


def demo(
    once: Annotated[bool, typer.Option("--once", help="End after printing the answers.")] = False,
    customers: Annotated[
        int | None, typer.Option(help="Size of the company; its own full size when left out.", min=200, max=200_000)
    ] = None,
    company: Annotated[
        str, typer.Option(help="larkspur (through connectors), or by import: saltbox, juniper, northgate, alder-finch.")
    ] = "larkspur",
    host: serving.Host = "127.0.0.1",
    port: serving.Port = 8400,
) -> None:
    """Make a demo organization, connect and sync its sources, ask three questions, then serve."""
    follow = None if once else serving.work
    run_at_home(
        work, then=follow, then_parameters={"host": host, "port": port}, customers=customers, once=once, company=company
    )


def work(roastery: Roastery, terminal: Terminal, customers: int | None, once: bool, company: str = "larkspur") -> int:
    """Everything but serving; running it again on the same home brings in what is new and asks again."""
    told = _Steps(terminal)
    if company == "larkspur":
        organization = _connected(roastery, terminal, told, customers or 20_000, once)
    else:
        organization = _imported(roastery, told, company, customers)
    failed = _asked(roastery, terminal, told, organization)
    terminal.line()
    told("done")
    terminal.say(f'Ask your own: roastery ask "Revenue by country last quarter" --org {organization.id}')
    return 1 if failed else 0


def _imported(roastery: Roastery, told: _Steps, company: str, customers: int | None) -> Organization:
    """A company whose tables are imported as they are. Errors: UnknownName."""
    from roastery.evals import loading
    from roastery.evals.world.companies import COMPANIES
    from roastery.warehouse.errors import UnknownName

    if company not in COMPANIES:
        raise UnknownName("company", company, COMPANIES)
    told("making the company (27 months of customers, campaigns and sales)")
    made = COMPANIES[company].make(size=customers)
    told(f"importing {sum(table.num_rows for table in made.tables.values()):,} rows and building the tables")
    return loading.import_company(roastery, made)


def _connected(roastery: Roastery, terminal: Terminal, told: _Steps, customers: int, once: bool) -> Organization:
    """The company through its connectors, its storefront's events and an import."""
    from roastery.cli.progress import told_together
    from roastery.evals import loading
    from roastery.evals.twins.apart import serve_apart

    told("making the company (27 months of customers, campaigns, orders and visits)")
    folder = roastery.settings.home / "demo" / f"world-{customers}"
    world = _world(folder, customers)
    organization = loading.make_organization(roastery, world)
    told("importing how long e-mail may earn, as CSV")
    loading.import_windows(roastery, organization, world)
    told(f"starting the twins of {organization.name}'s providers on loopback")
    with contextlib.ExitStack() as ending:
        # Served on, the twins stay for the scheduled syncs; otherwise nobody will ask them again.
        twins = (ending if once else roastery.beside).enter_context(serve_apart(folder))
        connections = loading.connect_twins(roastery, organization, twins)
        told(f"syncing {len(connections)} sources over HTTP")
        with told_together(terminal) as progress:
            for name, report in loading.pull_all(roastery, organization, connections, progress):
                told(f"{name}: {report.landed:,} rows new or changed")
    told("sending storefront events, signed, to POST /v1/events")
    sent = loading.push_events(roastery, organization, world)
    told(f"{sent:,} events are in; building the tables")
    roastery.warehouse(organization).build()
    return organization


def _asked(roastery: Roastery, terminal: Terminal, told: _Steps, organization: Organization) -> int:
    """Three questions and their answers; how many of them failed."""
    from roastery.api.app import OPERATOR
    from roastery.api.asking import ask
    from roastery.cli.answers import show_answer
    from roastery.evals.sets.truth import QUESTIONS

    told("asking three questions")
    charts = roastery.settings.home / "charts"
    failed = 0
    for question in QUESTIONS:
        terminal.line()
        terminal.out.rule(question, align="left")
        answer = ask(roastery, organization, OPERATOR, question)
        show_answer(terminal, answer, charts)
        failed += answer.status != "answered"
    return failed


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
