"""roastery serve: API, Slack endpoint, MCP endpoint and scheduler on one port."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from roastery.cli.home import own_home

if TYPE_CHECKING:
    from roastery.api.app import Roastery
    from roastery.cli.terminal import Terminal

Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(help="Port to listen on.", min=0, max=65535)]


def serve(host: Host = "127.0.0.1", port: Port = 8400) -> None:
    """Serve the API, Slack, MCP and the scheduler; every other command keeps working beside it."""
    own_home(work, host=host, port=port)


def work(roastery: Roastery, terminal: Terminal, host: str, port: int) -> int:
    """Serve until the process is told to end; the socket is bound before anything is said."""
    import socket

    import uvicorn

    from roastery.api.app import create_app
    from roastery.api.jobs import run_beside
    from roastery.warehouse.garbage import keep_what_is_there

    try:
        bound = socket.create_server((host, port), backlog=256)
    except OSError as error:
        terminal.say(f"Cannot listen on {host}:{port}: {error.strerror}. Choose another with --port.")
        return 2
    port = bound.getsockname()[1]
    app = create_app(roastery)
    run_beside(app, roastery)
    keep_what_is_there()

    @asynccontextmanager
    async def told() -> AsyncIterator[None]:
        # Said last: whoever stops the server before all of it has started would leave it half started.
        terminal.say(f"Roastery serves on http://{host}:{port} (home {roastery.settings.home}). Stop with Ctrl-C.")
        yield

    app.state.beside = [*app.state.beside, told]
    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=10)
    uvicorn.Server(config).run(sockets=[bound])
    return 0
