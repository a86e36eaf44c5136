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
    from roastery.cli.progress import told_to
    from roastery.evals import loading
    from roastery.evals.sets.truth import QUESTIONS
    from roastery.evals.twins.apart import serve_apart

    told = _Steps(terminal)
    told("making the company (27 months of customers, campaigns, orders and visits)")
    folder = roastery.settings.home / "demo" / f"world-{customers}"
    world = _world(folder, customers)
    organization = loading.make_organization(roastery, world)
    told("importing the e-mail platform's reports as CSV")
    loading.import_email(roastery, organization, world)
    told(f"starting the twins of {organization.name}'s ad platforms and shop on loopback")
    with contextlib.ExitStack() as ending:
        # Served on, the twins stay for the scheduled syncs; otherwise nobody will ask them again.
        twins = (ending if once else roastery.beside).enter_context(serve_apart(folder))
        for connection_id, name in loading.connect_twins(roastery, organization, twins):
            told(f"syncing {name} over HTTP")
            with told_to(terminal, name) as progress:
                report = loading.pull(roastery, organization, connection_id, progress)
            terminal.say(f"          {name}: {report.landed:,} rows new or changed")
    told("sending storefront events, signed, to POST /v1/events")
    sent = loading.push_events(roastery, organization, world)
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
