"""Runs the twins on loopback: one server in a thread, a path per provider, a free port."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount, Router
from starlette.types import ASGIApp

from roastery.evals.twins.base import ProviderTwin
from roastery.evals.twins.control import Control, Provider
from roastery.evals.twins.registry import own_faults, twin_types
from roastery.evals.twins.tape import Tape
from roastery.evals.twins.tokens import Tokens
from roastery.evals.twins.weather import Weather
from roastery.evals.world import World

START_SECONDS = 10.0

CONNECTED: tuple[Provider, ...] = (
    *("shopify", "stripe", "klaviyo", "meta_ads", "google_ads", "ga4", "zendesk", "shipstation"),
)
"""The providers that the demo's company uses, those with most to read first; the other twins run as well."""


@dataclass(frozen=True)
class Twin:
    """What a connection to one twin needs: where it is, the settings and the secrets that the connector asks for."""

    provider: Provider
    base_url: str
    settings: Mapping[str, Any]
    secrets: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True)
class Twins:
    """The running twins. control breaks them; `of` gives a twin itself, whose tokens expire, revoke and renew."""

    control: Control
    of: Mapping[Provider, ProviderTwin]
    base_url: str

    @property
    def tokens(self) -> Mapping[Provider, Tokens]:
        return {provider: twin.tokens for provider, twin in self.of.items()}

    @property
    def world(self) -> World:
        """The company as it is served now."""
        return self.control.world

    def restate(self, days: int = 28, seed: int = 1) -> World:
        """Let the ad platforms change their last days; returns the company as it is served from now on."""
        return self.control.restate(days, seed)

    def __getitem__(self, provider: Provider) -> Twin:
        """Address and credentials of one provider, with the tokens that are good now."""
        twin = self.of[provider]
        return Twin(provider, f"{self.base_url}/{provider}", twin.settings, dict(twin.secrets()))

    def __iter__(self) -> Iterator[Twin]:
        """Those that the company connects."""
        return (self[provider] for provider in CONNECTED)


@contextmanager
def serve(world: World, with_tape: bool = False) -> Iterator[Twins]:
    """Serve a world as its providers would, on a free loopback port, until the block ends.

    with_tape: what was answered once is answered from memory; for benchmarks, where nothing changes.
    """
    control = Control(world, own_faults())
    twins = {provider: made(control) for provider, made in twin_types().items()}
    around = {provider: Weather(Router(routes=twin.routes), provider, control) for provider, twin in twins.items()}
    app: ASGIApp = Starlette(routes=[Mount(f"/{provider}", app=layer) for provider, layer in around.items()])
    app = Tape(app) if with_tape else app
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=0,
        log_level="critical",
        access_log=False,
        lifespan="off",
        date_header=False,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, name="twins", daemon=True)
    thread.start()
    try:
        port = _wait_for_port(server, thread)
        yield Twins(control, twins, f"http://127.0.0.1:{port}")
    finally:
        server.should_exit = True
        thread.join(START_SECONDS)


def _wait_for_port(server: uvicorn.Server, thread: threading.Thread) -> int:
    """The port that the system gave. Errors: RuntimeError when the server does not come up."""
    pause = threading.Event()
    for _ in range(int(START_SECONDS / 0.01)):
        if server.started:
            return int(server.servers[0].sockets[0].getsockname()[1])
        if not thread.is_alive():
            break
        pause.wait(0.01)
    raise RuntimeError("The provider twins did not start.")
