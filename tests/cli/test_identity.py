"""A wrong link taken back from the command line."""

from pathlib import Path

from tests.cli.conftest import Shell


def test_a_link_is_taken_back_and_shown(shell: Shell, tmp_path: Path) -> None:
    people = tmp_path / "people.csv"
    people.write_text("customer_id,email\nshop,ana@example.com\ncrm,ANA@example.com\n", encoding="utf-8")
    for command in (("org", "create", "Acme"), ("import", "customers", str(people))):
        assert shell.run(*command).returncode == 0
    taken = shell.run("identity", "unlink", "crm", "shop", "--reason", "two Anas", "--json")
    assert taken.returncode == 0, taken.stderr
    assert '"reason": "two Anas"' in taken.stdout
    shown = shell.run("identity", "show", "shop")
    assert "crm" not in shown.stdout
    unknown = shell.run("identity", "show", "nobody")
    assert unknown.returncode == 2
    assert "nobody" in unknown.stderr
