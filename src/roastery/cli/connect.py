"""roastery connect: add a source, or a secret for signed events."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from roastery.cli.home import ASKERS_FAULT, run_at_home
from roastery.cli.options import Json, Org, organization_of

if TYPE_CHECKING:
    from roastery.api.app import Roastery
    from roastery.api.connecting import NewConnection
    from roastery.cli.terminal import Terminal
    from roastery.connectors.base import Source
    from roastery.warehouse.organization import Organization

SLACK, EVENTS = "slack", "events"
SLACK_SETTINGS = ("team_id", "destination")


def connect(
    provider: Annotated[
        str | None,
        typer.Argument(
            help="Such as meta_ads, shopify; events for signed rows; slack for a workspace. Without one, all are "
            "listed with what they need; with one and nothing else, what it takes is said."
        ),
    ] = None,
    org: Org = None,
    setting: Annotated[
        list[str] | None,
        typer.Option(help="NAME=VALUE, such as account_id=act_1, or NAME=@FILE. Repeat for more."),
    ] = None,
    secret: Annotated[
        list[str] | None, typer.Option(help="NAME=VALUE, or NAME=@FILE to read the value from a file. Repeat for more.")
    ] = None,
    base_url: Annotated[str | None, typer.Option(help="Instead of the provider's own address.")] = None,
    name: Annotated[str, typer.Option(help="What to call this connection.")] = "",
    preview: Annotated[
        bool, typer.Option("--preview", help="Show the first rows as the mapping would have them; add nothing.")
    ] = False,
    consent: Annotated[
        bool, typer.Option("--consent", help="Print where to give the provider's consent (OAuth); needs client_id.")
    ] = False,
    again: Annotated[
        str | None,
        typer.Option(help="A connection whose grant has died: print where to give it again, or replace --secret …."),
    ] = None,
    callback: Annotated[
        str, typer.Option(help="Where `roastery serve` is reached by the browser, as registered with the provider.")
    ] = "http://127.0.0.1:8400/v1/connections/callback",
    as_json: Json = False,
) -> None:
    """Add a connection and print its id; its data comes with `roastery sync`."""
    if provider is None:
        run_at_home(work_list, as_json=as_json)
    is_bare = not (setting or secret or base_url or preview or consent or again)
    given: dict[str, Any] = {
        "provider": provider,
        "org": org,
        "settings": {k: _plain(_read(v, "--setting")) for k, v in _pairs(setting, "setting").items()},
        "secrets": {k: _read(v, "--secret") for k, v in _pairs(secret, "secret").items()},
        "base_url": base_url,
        "name": name,
    }
    if consent or again:
        run_at_home(work_consent, **given, again=again, callback=callback)
    run_at_home(work, **given, preview=preview, as_json=as_json, is_bare=is_bare)


def work_list(roastery: Roastery, terminal: Terminal, as_json: bool) -> None:
    """Every provider with the shortest command that connects it."""
    from roastery.connectors.registry import SOURCES

    told = {name: _needs(source) for name, source in sorted(SOURCES.items())}
    if as_json:
        terminal.json(told)
        return
    for name, needs in told.items():
        terminal.line(f"{SOURCES[name].title}: {needs['command']}")
    terminal.line(f"Signed rows of your own systems: roastery connect {EVENTS}")
    terminal.line(f"A Slack workspace: roastery connect {SLACK} --setting team_id=…")
    terminal.say(
        "All that a provider can be told: roastery connect PROVIDER. A file needs none: roastery import --help"
    )


def _explain(terminal: Terminal, provider: str) -> None:
    """What a provider takes, with a command to copy."""
    from roastery.connectors.registry import SOURCES

    needs = _needs(SOURCES[provider])
    terminal.say(f"{SOURCES[provider].title} is connected by:")
    terminal.line(needs["command"])
    for option, kind in (("--setting", "settings"), ("--secret", "secrets")):
        for name, sentence in needs[kind].items():
            terminal.line(f"  {option} {name}=…  {sentence}")
    terminal.say("Nothing was added. A secret may stand in a file: --secret NAME=@FILE")


def _needs(source: type[Source]) -> dict[str, Any]:
    """A source's settings and secrets with their sentences, and the shortest command that connects it."""
    needed = [f"--setting {name}=…" for name in source.required_settings]
    needed += [f"--secret {name}=…" for name in source.required_secrets]
    return {
        "command": " ".join(["roastery connect", source.provider, *needed]),
        "settings": {**dict.fromkeys(source.required_settings, "needed"), **source.optional_settings},
        "secrets": {**dict.fromkeys(source.required_secrets, "needed"), **source.optional_secrets},
    }


def work(
    roastery: Roastery,
    terminal: Terminal,
    provider: str,
    org: str | None,
    settings: dict[str, Any],
    secrets: dict[str, str],
    base_url: str | None,
    name: str,
    preview: bool,
    as_json: bool,
    is_bare: bool = False,
) -> int:
    from roastery.api.app import OPERATOR
    from roastery.api.connecting import NewConnection, connect
    from roastery.connectors.registry import SOURCES

    if is_bare and provider in SOURCES and (SOURCES[provider].required_settings or SOURCES[provider].required_secrets):
        _explain(terminal, provider)
        return ASKERS_FAULT
    organization = organization_of(roastery, org)
    if provider == SLACK:
        _link_slack(roastery, terminal, organization, settings)
        return 0
    if preview:
        _preview(roastery, terminal, organization, NewConnection(provider, settings, secrets, base_url, name), as_json)
        return 0
    row, shown = connect(roastery, organization, OPERATOR, NewConnection(provider, settings, secrets, base_url, name))
    if as_json:
        terminal.json({"id": row.id, "provider": provider, **({"signing_secret": shown} if shown else {})})
        return 0
    terminal.line(row.id)
    if shown:
        terminal.line(shown)
        terminal.say("The second line signs what is sent to POST /v1/events. It is shown only now; keep it safe.")
    else:
        terminal.say(f"Connected {provider}. Next: roastery sync {row.id} --org {organization.id}")
    return 0


def work_consent(
    roastery: Roastery,
    terminal: Terminal,
    provider: str,
    org: str | None,
    settings: dict[str, Any],
    secrets: dict[str, str],
    base_url: str | None,
    name: str,
    again: str | None,
    callback: str,
) -> None:
    from roastery.api.app import OPERATOR
    from roastery.api.connecting import NewConnection
    from roastery.api.consenting import CLIENT, Asked, ask, renew

    new = NewConnection(provider, settings, secrets, base_url, name)
    organization = organization_of(roastery, org)
    if again and set(secrets) - set(CLIENT):
        row = renew(roastery, organization, OPERATOR, again, secrets)
        terminal.line(row.id)
        terminal.say(f"Access replaced. Next: roastery sync {row.id} --org {organization.id}")
        return
    terminal.line(ask(roastery, organization, OPERATOR, Asked(new, callback, again)))
    terminal.say("Open this within 15 minutes, while `roastery serve` runs: the provider sends you back to it.")


def _preview(
    roastery: Roastery, terminal: Terminal, organization: Organization, new: NewConnection, as_json: bool
) -> None:
    """The first rows of each dataset, what could not be read, and which fields nothing takes."""
    from roastery.api.connecting import preview

    shown = preview(roastery, organization, new)
    if as_json:
        terminal.json(shown)
        return
    for one in shown:
        terminal.line(f"{one['dataset']}: {len(one['rows'])} rows")
        for row in one["rows"]:
            terminal.line("  " + json.dumps(row, ensure_ascii=False))
        for fault in one["faults"]:
            terminal.line(f"  cannot be mapped: {fault}")
        if one["unmapped"]:
            terminal.say(f"  left out: {', '.join(one['unmapped'])}")


def _link_slack(roastery: Roastery, terminal: Terminal, organization: Organization, settings: dict[str, Any]) -> None:
    """Let a Slack workspace speak for the organization; its token and signing secret are settings of the process."""
    from roastery.api.store.slack import Workspaces
    from roastery.warehouse.errors import BadQuery, UnknownName

    for given in settings:
        if given not in SLACK_SETTINGS:
            raise UnknownName("setting of Slack", given, SLACK_SETTINGS)
    team_id, destination = settings.get("team_id"), settings.get("destination")
    if not team_id:
        raise BadQuery("Name the workspace: --setting team_id=T…; and where digests go: --setting destination=C…")
    with roastery.database.session() as session:
        workspaces = Workspaces(session)
        workspaces.link(str(team_id), organization.id, roastery.wall.now(), default_destination=destination)
    terminal.line(str(team_id))
    terminal.say(f"The workspace speaks for {organization.name} now. Point Slack's event URL at /v1/slack/events.")


def _pairs(given: list[str] | None, what: str) -> dict[str, str]:
    pairs = {}
    for text in given or []:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise typer.BadParameter(f"'{text}' is not NAME=VALUE", param_hint=f"--{what}")
        pairs[key] = value
    return pairs


def _plain(value: str) -> Any:
    """JSON where it is a list, an object, a number or a truth value; else the text itself."""
    try:
        return json.loads(value)
    except ValueError:
        return value


def _read(value: str, option: str) -> str:
    if not value.startswith("@"):
        return value
    try:
        return Path(value[1:]).read_text().strip()
    except OSError as error:
        raise typer.BadParameter(f"cannot read {value[1:]}: {error.strerror}", param_hint=option) from None
