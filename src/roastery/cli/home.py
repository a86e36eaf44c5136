"""Runs a command's work in the process that owns the home: this one, or the one that already does."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from roastery.cli import terminal

if TYPE_CHECKING:
    from roastery.api.app import Roastery
    from roastery.api.owner import Ownership, Reply
    from roastery.api.settings import Settings

Work = Callable[..., int | None]

ASKERS_FAULT = 2
OWN_FAULT = 1


def run_at_home(
    work: Work, *, then: Work | None = None, then_parameters: Mapping[str, Any] | None = None, **parameters: Any
) -> None:
    """Do `work(roastery, terminal, **parameters)` here if the home is free, else hand it to its owner.

    `work` is a function of a module in roastery.cli, by whose name the owner finds it; parameters are plain JSON or
    paths, which are made absolute because the owner stands in another folder. Ends with the work's exit code.
    then: what follows after success, but only in this process: a handed-over `demo` is served by the owner already.
    """
    follow = _Follow(then, then_parameters or {}) if then else None
    raise typer.Exit(code=_run(work, {k: _portable(v) for k, v in parameters.items()}, follow))


@dataclass(frozen=True)
class _Follow:
    work: Work
    parameters: Mapping[str, Any]


def own_home(work: Work, **parameters: Any) -> None:
    """Do work that only the owner of the home can do, such as serving; refused with a sentence when it has another."""
    raise typer.Exit(code=_own(work, parameters))


def _own(work: Work, parameters: Mapping[str, Any]) -> int:
    from roastery.api.owner import claim, read_address

    screen = terminal.of_process()
    settings = _settings(screen)
    if settings is None:
        return ASKERS_FAULT
    ownership = claim(settings.home)
    if ownership is None:
        owner = read_address(settings.home)
        who = f"process {owner.pid}" if owner else "another process"
        screen.say(f"The home {settings.home} is owned by {who}. End it first, or choose another ROASTERY_HOME.")
        return ASKERS_FAULT
    try:
        run = _InProcess(settings, ownership, screen)
        return int(_guarded(screen, lambda: run(work, parameters)))
    finally:
        ownership.release()


def _settings(screen: terminal.Terminal) -> Settings | None:
    from roastery.api.errors import BadSettings
    from roastery.api.logs import configure_logs
    from roastery.api.settings import Settings

    try:
        settings = Settings.from_environment()
    except BadSettings as error:
        screen.say(error.message)
        return None
    configure_logs(settings.log_level)
    return settings


def _run(work: Work, parameters: Mapping[str, Any], follow: _Follow | None) -> int:
    from roastery.api.owner import Ownership, claim_or_hand_over

    screen = terminal.of_process()
    settings = _settings(screen)
    if settings is None:
        return ASKERS_FAULT
    shape = terminal.Shape.of_process()
    request = {
        "module": work.__module__,
        "work": work.__name__,
        "parameters": dict(parameters),
        "width": shape.width,
        "is_terminal": shape.is_terminal,
    }
    ownership = _guarded(screen, lambda: claim_or_hand_over(settings.home, request, _printer(screen)))
    if not isinstance(ownership, Ownership):
        return ownership
    try:
        run = _InProcess(settings, ownership, screen)
        return int(_guarded(screen, lambda: run(work, parameters, follow)))
    finally:
        ownership.release()


@dataclass(frozen=True)
class _InProcess:
    """Work in the process that owns the home, which takes other commands' work meanwhile."""

    settings: Settings
    ownership: Ownership
    screen: terminal.Terminal

    def __call__(self, work: Work, parameters: Mapping[str, Any], follow: _Follow | None = None) -> int:
        from roastery.api.app import Roastery

        with Roastery.open(self.settings) as roastery:
            self.ownership.publish(lambda request, reply: do_for_caller(roastery, request, reply))
            try:
                code = work(roastery, self.screen, **parameters) or 0
                if code == 0 and follow is not None:
                    code = follow.work(roastery, self.screen, **follow.parameters) or 0
                return code
            finally:
                self.ownership.finish()


def do_for_caller(roastery: Roastery, request: Mapping[str, Any], reply: Reply) -> int:
    """Do what another process handed over, writing to its terminal; only functions of this package are callable."""
    shape = terminal.Shape(int(request["width"]), bool(request["is_terminal"]))
    screen = terminal.of_caller(shape, reply)
    reply("err", "handed to the process that owns this home\n")
    module, name = str(request["module"]), str(request["work"])
    if not module.startswith("roastery.cli.") or not name.startswith("work"):
        screen.say(f"'{module}.{name}' is no command.")
        return ASKERS_FAULT
    work: Work = getattr(importlib.import_module(module), name)
    return _guarded(screen, lambda: work(roastery, screen, **request["parameters"]) or 0)


def _guarded(screen: terminal.Terminal, run: Callable[[], Any]) -> Any:
    """Turn an error into its sentence and exit code; a fault of our own says so, and is logged whole."""
    from roastery.warehouse.errors import RoasteryError

    try:
        return run()
    except RoasteryError as error:
        screen.say(error.message)
        return ASKERS_FAULT
    except typer.Exit as leaving:
        return leaving.exit_code
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # noqa: BLE001 the last place that can turn it into a sentence
        import structlog

        structlog.get_logger().debug("command failed", exc_info=error)
        screen.say(f"Roastery met an error of its own: {type(error).__name__}: {error}")
        screen.say("Run it again with ROASTERY_LOG_LEVEL=DEBUG to see where.")
        return OWN_FAULT


def _printer(screen: terminal.Terminal) -> Callable[[str, str], None]:
    def write(stream: str, text: str) -> None:
        console = screen.out if stream == "out" else screen.err
        console.file.write(text)
        console.file.flush()

    return write


def _portable(value: Any) -> Any:
    return str(value.resolve()) if isinstance(value, Path) else value


def without_home(work: Callable[[terminal.Terminal], int | None]) -> None:
    """Run what needs no organization's data, such as checks and benchmarks, with the same way of failing."""
    from roastery.api.logs import configure_logs

    configure_logs(os.environ.get("ROASTERY_LOG_LEVEL", "WARNING"))
    screen = terminal.of_process()
    raise typer.Exit(code=_guarded(screen, lambda: work(screen) or 0))
