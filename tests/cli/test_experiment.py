"""experiment add, list and remove, as a person who ran a geo holdout runs them."""

import json

from tests.cli.conftest import Shell

GIVEN = ("--by", "channel", "--about", "paid_social", "--start", "2026-08-03", "--end", "2026-08-31")


def test_a_holdout_is_proposed_approved_listed_and_forgotten(shell: Shell) -> None:
    assert shell.run("org", "create", "Acme").returncode == 0
    treated = ("--treated", "Southeast", "--treated", "Midwest")
    added = shell.run("experiment", "add", "Paid social off in the south", *GIVEN, *treated)
    assert added.returncode == 0, added.stderr
    approval = added.stdout.split()[0]
    assert json.loads(shell.run("experiment", "list", "--json").stdout) == []
    assert shell.run("approval", "approve", approval).returncode == 0
    [kept] = json.loads(shell.run("experiment", "list", "--json").stdout)
    assert (kept["name"], kept["by"], kept["about"]) == ("Paid social off in the south", "channel", "paid_social")
    assert (kept["treated"], kept["kind"], kept["before_days"]) == (["Southeast", "Midwest"], "paused", 56)
    assert shell.run("experiment", "remove", kept["id"]).stdout.strip() == "forgot Paid social off in the south"
    assert json.loads(shell.run("experiment", "list", "--json").stdout) == []


def test_what_cannot_be_an_experiment_is_said_in_a_sentence(shell: Shell) -> None:
    assert shell.run("org", "create", "Acme").returncode == 0
    nowhere = shell.run("experiment", "add", "Nowhere", *GIVEN)
    assert nowhere.returncode == 2
    assert "Name the treated places, or say that it was everywhere." in nowhere.stderr
    unknown = shell.run("experiment", "add", "Odd", "--by", "chanel", *GIVEN[2:], "--places", "everywhere")
    assert unknown.returncode == 2
    assert "channel" in unknown.stderr
