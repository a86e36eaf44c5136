"""`roastery connect` explains itself: what can be connected, what one provider takes, with a command to copy."""

from roastery.connectors.registry import SOURCES
from tests.cli.conftest import Shell


def test_without_a_provider_every_one_is_listed_with_its_command(shell: Shell) -> None:
    told = shell.run("connect")
    assert told.returncode == 0
    for name, source in SOURCES.items():
        command = next(line for line in told.stdout.splitlines() if line.startswith(f"{source.title}: "))
        assert f"roastery connect {name}" in command
        assert all(f"{needed}=…" in command for needed in (*source.required_settings, *source.required_secrets))


def test_a_provider_with_nothing_given_is_explained_and_nothing_is_added(shell: Shell) -> None:
    shell.run("org", "create", "Acme")
    told = shell.run("connect", "shopify")
    assert told.returncode == 2
    assert told.stdout.splitlines()[0] == "roastery connect shopify --setting shop=… --secret access_token=…"
    for name, sentence in {**SOURCES["shopify"].optional_settings, **SOURCES["shopify"].optional_secrets}.items():
        assert f"{name}=…  {sentence}" in told.stdout
    assert "con_" not in shell.run("connections").stdout
    assert "con_" in shell.run("connect", "ecb_rates").stdout, "what needs nothing is connected at once"
