"""`roastery connect` explains itself: what can be connected, what one provider takes, with a command to copy."""

from roastery.connectors.registry import SOURCES
from tests.cli.conftest import Shell
from tests.connectors.loopback import Provider, Say


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


def test_a_mistyped_setting_is_refused_with_the_nearest_name_and_nothing_is_added(shell: Shell) -> None:
    shell.run("org", "create", "Acme")
    told = shell.run("connect", "meta_ads", "--setting", "acount_id=1", "--secret", "access_token=t")
    assert told.returncode == 2
    assert "Unknown setting of Meta Ads 'acount_id'. Did you mean 'account_id'?" in told.stderr
    told = shell.run("connect", "meta_ads", "--setting", "account_id=1", "--secret", "acces_token=t")
    assert "Unknown secret of Meta Ads 'acces_token'. Did you mean 'access_token'?" in told.stderr
    assert "con_" not in shell.run("connections").stdout


def test_a_sync_without_a_connection_or_with_a_paused_one_says_what_to_do(shell: Shell) -> None:
    made = shell.run("org", "create", "Acme").stdout.split()[0]
    told = shell.run("sync")
    assert told.returncode != 0
    assert f"roastery connect shopify --setting shop=… --secret access_token=… --org {made}" in told.stderr
    assert "roastery import" in told.stderr
    shop = ("connect", "shopify", "--setting", "shop=acme", "--secret", "access_token=t", "--base-url")
    connection = shell.run(*shop, "http://127.0.0.1:9").stdout.split()[0]
    shell.run("connections", "pause", connection)
    told = shell.run("sync")
    assert told.returncode != 0
    assert f"roastery connections resume {connection} --org {made}" in told.stderr


def test_a_sync_whose_access_has_died_says_how_to_give_it_again(shell: Shell) -> None:
    shell.run("org", "create", "Acme")
    server = Provider(Say({"error": "unauthorized"}, status=401))
    try:
        given = ("--setting", "shop=acme", "--secret", "access_token=t", "--base-url", server.url)
        connection = shell.run("connect", "shopify", *given).stdout.split()[0]
        told = shell.run("sync")
    finally:
        server.close()
    assert told.returncode == 2
    assert f"roastery connect shopify --again {connection}" in told.stdout + told.stderr
