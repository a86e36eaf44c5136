"""roastery tool: one tool's result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from roastery.cli.home import run_at_home
from roastery.cli.options import Org, organization_of

if TYPE_CHECKING:
    from roastery.api.app import Roastery
    from roastery.cli.terminal import Terminal


def tool(
    name: Annotated[str, typer.Argument(help="Tool, such as compare_periods.")],
    arguments: Annotated[str, typer.Argument(metavar="ARGS", help="JSON object of its arguments.")] = "{}",
    org: Org = None,
) -> None:
    """Run one tool and print its result as JSON."""
    run_at_home(work, name=name, arguments=arguments, org=org)


def work(roastery: Roastery, terminal: Terminal, name: str, arguments: str, org: str | None) -> None:
    from roastery.api.app import OPERATOR

    organization = organization_of(roastery, org)
    terminal.json(roastery.run_tool(organization, OPERATOR, name, arguments).model_dump(mode="json"))
