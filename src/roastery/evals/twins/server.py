"""Runs the twins on loopback: one server in a thread, a path per provider, a free port."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from roastery.evals.twins import google, meta, shopify
from roastery.evals.twins.control import PROVIDERS, Control, Provider
from roastery.evals.twins.tokens import Tokens
from roastery.evals.world import World
from roastery.evals.world.company import GOOGLE_ACCOUNT, META_ACCOUNT, MYSHOPIFY_DOMAIN

START_SECONDS = 10.0


@dataclass(frozen=True)
class Twin:
    """What a connection to one twin needs: where it is, the settings and the secrets that the connector asks for."""

    provider: Provider
    base_url: str
    settings: Mapping[str, Any]
    secrets: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True)
class Twins:
    """The running twins. control breaks them; tokens expire, revoke and renew by provider."""

    control: Control
    tokens: Mapping[Provider, Tokens]
    base_url: str

    @property
    def world(self) -> World:
        """The company as it is served now."""
        return self.control.world

    def restate(self, days: int = 28, seed: int = 1) -> World:
        """Let the ad platforms change their last days; returns the company as it is served from now on."""
        return self.control.restate(days, seed)

    def __getitem__(self, provider: Provider) -> Twin:
        """Address and credentials of one provider, with the tokens that are good now."""
        return Twin(provider, f"{self.base_url}/{provider}", SETTINGS[provider], self._secrets(provider))

    def __iter__(self) -> Iterator[Twin]:
        return (self[provider] for provider in PROVIDERS)

    def _secrets(self, provider: Provider) -> dict[str, str]:
        tokens = self.tokens[provider]
        if provider == "meta_ads":
            return {"access_token": tokens.access_token, "app_secret": meta.APP_SECRET}
        grant = {"access_token": tokens.access_token, "refresh_token": tokens.refresh_token}
        if provider == "google_ads":
            return {**grant, **google.CLIENT, "developer_token": google.DEVELOPER_TOKEN}
        return {**grant, **shopify.CLIENT}


SETTINGS: Mapping[Provider, Mapping[str, Any]] = {
    "meta_ads": {"account_id": META_ACCOUNT, "slice_days": 28},
    "google_ads": {"customer_id": GOOGLE_ACCOUNT, "history_months": 28, "slice_days": 31},
    "shopify": {"shop": MYSHOPIFY_DOMAIN, "order_page": 250, "customer_page": 250},
}
"""Larger slices and pages than a real account would bear, since these servers answer at once."""


@contextmanager
def serve(world: World) -> Iterator[Twins]:
    """Serve a world as Meta Ads, Google Ads and Shopify would, on a free loopback port, until the block ends."""
    control = Control(world)
    twins = {"meta_ads": meta.MetaTwin(control), "google_ads": google.GoogleTwin(control),
             "shopify": shopify.ShopifyTwin(control)}  # fmt: skip
    app = Starlette(routes=[Mount(f"/{provider}", routes=twin.routes) for provider, twin in twins.items()])
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="critical", access_log=False, lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, name="twins", daemon=True)
    thread.start()
    try:
        port = _wait_for_port(server, thread)
        tokens: dict[Provider, Tokens] = {provider: twins[provider].tokens for provider in PROVIDERS}
        yield Twins(control, tokens, f"http://127.0.0.1:{port}")
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
