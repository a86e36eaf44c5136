"""Settings come from their own names in the environment, and from no other."""

from pathlib import Path

import pytest

from roastery.api.settings import Settings


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, _, _ in Settings.described():
        monkeypatch.delenv(name, raising=False)


def test_the_default_home_is_a_folder_here_and_not_the_persons_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "person"))
    assert Settings.from_environment().home == tmp_path / ".roastery"


def test_no_setting_is_read_from_its_bare_name(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = Settings()
    for field in Settings.model_fields:
        monkeypatch.setenv(field.upper(), "7")
    named = {name for name, _, _ in Settings.described()}
    for field in Settings.model_fields:
        if field.upper() not in named:
            assert getattr(Settings(), field) == getattr(plain, field), field


def test_settings_are_read_from_their_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROASTERY_HOME", str(tmp_path / "there"))
    monkeypatch.setenv("ROASTERY_MODEL", "openai:small")
    settings = Settings.from_environment()
    assert (settings.home, settings.model) == (tmp_path / "there", "openai:small")
