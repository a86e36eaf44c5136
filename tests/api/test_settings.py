"""Settings come from the environment, once; secrets stay out of what is printed and logged."""

import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from roastery.api.errors import BadSettings
from roastery.api.logs import black_out
from roastery.api.settings import Settings


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, _, _ in Settings.described():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ROASTERY_HOME", str(tmp_path / "home"))


def test_a_home_makes_its_secret_key_once_for_its_user_only(tmp_path: Path) -> None:
    settings = Settings.from_environment()
    [key] = settings.secret_keys()
    assert settings.secret_keys() == Settings.from_environment().secret_keys() == (key,)
    assert len(key) >= 40
    assert stat.S_IMODE((tmp_path / "home" / "secret.key").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "home").stat().st_mode) == 0o700


def test_secret_keys_are_rotated_by_putting_a_new_one_in_front(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROASTERY_SECRET_KEY", "the newer key, the former key")
    settings = Settings.from_environment()
    assert settings.secret_keys() == ("the newer key", "the former key")
    assert "former" not in repr(settings)


def test_the_clock_is_fixed_by_one_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings.from_environment().clock.fixed_at is None
    monkeypatch.setenv("ROASTERY_NOW", "2026-11-20T12:00:00+01:00")
    assert Settings.from_environment().clock.now() == datetime(2026, 11, 20, 11, tzinfo=UTC)


def test_an_empty_setting_counts_as_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROASTERY_MODEL", "")
    monkeypatch.setenv("ROASTERY_MAX_IMPORT_MB", "")
    assert (Settings.from_environment().model, Settings.from_environment().max_import_mb) == ("offline", 2048)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ROASTERY_NOW", "tomorrow"),
        ("ROASTERY_MODEL", "openai:"),
        ("ROASTERY_MAX_IMPORT_MB", "much"),
        ("ROASTERY_WAREHOUSE_URL", "clickhouse://somewhere"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(BadSettings, match=name):
        Settings.from_environment()


def test_a_home_that_cannot_be_a_folder_is_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for home in (tmp_path / "file", tmp_path / "file" / "below"):
        monkeypatch.setenv("ROASTERY_HOME", str(home))
        with pytest.raises(BadSettings, match="ROASTERY_HOME cannot be used: the folder"):
            Settings.from_environment()


def test_a_plain_postgresql_url_gets_the_installed_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROASTERY_DATABASE_URL", "postgres://u:p@h/d")
    assert Settings.from_environment().store_url == "postgresql+psycopg://u:p@h/d"


@pytest.mark.parametrize(
    "secret",
    ["rst_abcdefghijklmnop", "whsec_abcdefghijkl==", "xoxb-123456789-abc", "Bearer abcdefghijkl", "sk-abcdefgh1"],
)
def test_secrets_are_blacked_out_of_log_lines(secret: str) -> None:
    line = black_out(None, "info", {"event": f"sent {secret} to it", "access_token": "plain", "path": "/v1/keys"})
    assert secret not in str(line)
    assert line["access_token"] == "…"
    assert line["path"] == "/v1/keys"
