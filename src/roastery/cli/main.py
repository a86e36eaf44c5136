"""The command `roastery`: every command is one file of this folder, and heavy imports happen inside its work."""

import contextlib
import os
import sys

import typer

from roastery.cli import (
    alert,
    approval,
    ask,
    bench,
    channel,
    connect,
    connections,
    demo,
    digest,
    docs,
    evaluate,
    experiment,
    identity,
    imports,
    key,
    learn,
    memory,
    metric,
    org,
    privacy,
    query,
    receipt,
    recommendation,
    report,
    serve,
    sql,
    sync,
    tool,
    tracking,
    validate,
)

app = typer.Typer(
    name="roastery",
    help="Conversational marketing analytics whose every number has a receipt.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    add_completion=False,
    context_settings={"max_content_width": 120},
)

for command in (
    demo.demo,
    serve.serve,
    imports.import_,
    connect.connect,
    sync.sync,
    ask.ask,
    query.query,
    tool.tool,
    sql.sql,
    digest.digest,
    receipt.receipt,
    report.report,
    validate.validate,
    evaluate.eval_,
    bench.bench,
    docs.docs,
    learn.learn,
):
    app.command(name=command.__name__.rstrip("_"))(command)
app.add_typer(org.app, name="org")
app.add_typer(key.app, name="key")
app.add_typer(alert.app, name="alert")
app.add_typer(connections.app, name="connections")
app.add_typer(identity.app, name="identity")
app.add_typer(privacy.app, name="privacy")
app.add_typer(memory.app, name="memory")
app.add_typer(approval.app, name="approval")
app.add_typer(recommendation.app, name="recommendation")
app.add_typer(experiment.app, name="experiment")
app.add_typer(metric.app, name="metric")
app.add_typer(channel.app, name="channel")
app.add_typer(tracking.app, name="tracking")


def main() -> None:
    """Entry point of the console script.

    Leaves without taking the interpreter down: everything is closed by then, and DuckDB's binding would print notes on
    leaked types after a user's error (nanobind, seen with DuckDB 2.0).
    """
    code = 1
    try:
        app(prog_name="roastery")
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else 0 if leaving.code is None else 1
    with contextlib.suppress(OSError):  # whoever read our output may have gone
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)
