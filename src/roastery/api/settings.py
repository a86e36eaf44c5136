"""Every setting that comes from the environment, in this one place (CONTRACTS section 1)."""

import contextlib
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from roastery.api.errors import BadSettings
from roastery.warehouse.clock import Clock

if TYPE_CHECKING:
    from roastery.connectors.egress import Egress


def _env(name: str, description: str, default: Any = None) -> Any:
    return Field(default=default, validation_alias=AliasChoices(name), description=description)


class Settings(BaseSettings):
    """The environment, read once when a process starts; docs/settings.md is made from the descriptions."""

    # The prefix is for what populate_by_name adds: without it, a field's bare name such as HOME would be read.
    model_config = SettingsConfigDict(extra="ignore", frozen=True, populate_by_name=True, env_prefix="ROASTERY_")

    home: Path = _env("ROASTERY_HOME", "Folder of all embedded state.", Path(".roastery"))
    database_url: str | None = _env(
        "ROASTERY_DATABASE_URL",
        "The service's own database as an SQLAlchemy URL, SQLite or PostgreSQL. Default: SQLite in the home.",
    )
    warehouse_url: str | None = _env(
        "ROASTERY_WAREHOUSE_URL",
        "Where the organizations' data lives: `duckdb:///FOLDER`. Default: DuckDB in the home.",
    )
    secret_key: SecretStr | None = _env(
        "ROASTERY_SECRET_KEY",
        "Seals secrets and personal data. Several, separated by commas: the first seals, all open. "
        "Default: made in the home on first use.",
    )
    now: str | None = _env("ROASTERY_NOW", "ISO instant that fixes the clock. Default: the organization's, else real.")
    model: str = _env("ROASTERY_MODEL", "`offline`, or `openai:MODEL` for any OpenAI-compatible endpoint.", "offline")
    openai_api_key: SecretStr | None = _env("OPENAI_API_KEY", "Key for `openai:` models.")
    openai_base_url: str | None = _env("OPENAI_BASE_URL", "Base URL of an OpenAI-compatible endpoint.")
    model_tokens_per_question: int = _env(
        "ROASTERY_MODEL_TOKENS_PER_QUESTION", "Tokens of the language model that one question may use.", 80_000
    )
    model_tokens_per_day: int | None = _env(
        "ROASTERY_MODEL_TOKENS_PER_DAY", "Tokens of the language model that one organization may use in a day (UTC)."
    )
    model_price_input: float = _env("ROASTERY_MODEL_PRICE_INPUT", "Price of a million tokens asked.", 0.0)
    model_price_output: float = _env("ROASTERY_MODEL_PRICE_OUTPUT", "Price of a million tokens said.", 0.0)
    model_money_per_question: float | None = _env(
        "ROASTERY_MODEL_MONEY_PER_QUESTION", "What one question may cost, in the prices' currency."
    )
    model_money_per_day: float | None = _env(
        "ROASTERY_MODEL_MONEY_PER_DAY", "What one organization may spend on the language model in a day (UTC)."
    )
    slack_bot_token: SecretStr | None = _env("SLACK_BOT_TOKEN", "Bot token with which Roastery posts to Slack.")
    slack_signing_secret: SecretStr | None = _env("SLACK_SIGNING_SECRET", "Proves that a request comes from Slack.")
    slack_app_token: SecretStr | None = _env("SLACK_APP_TOKEN", "App token, for Slack's socket mode.")
    slack_api_url: str | None = _env("SLACK_API_URL", "Base URL of Slack's Web API. Default: Slack's own.")
    smtp_url: SecretStr | None = _env("ROASTERY_SMTP_URL", "`smtp://USER:PASSWORD@HOST:PORT` for e-mail delivery.")
    log_level: str = _env("ROASTERY_LOG_LEVEL", "DEBUG, INFO, WARNING or ERROR; logs go to stderr.", "WARNING")
    max_import_mb: int = _env("ROASTERY_MAX_IMPORT_MB", "Largest body of an import, in MB.", 2048)
    warehouse_memory: str = _env(
        "ROASTERY_WAREHOUSE_MEMORY",
        "What DuckDB may keep in memory per organization, such as `4GB`; more than that goes to disk meanwhile. "
        "Larger makes builds of large organizations faster.",
        "800MB",
    )
    allowed_addresses: str = _env(
        "ROASTERY_ALLOWED_ADDRESSES",
        "Networks beyond the public internet that connections which people describe (custom_crm) may reach: "
        "`loopback`, `private` or CIDR, with commas between.",
        "",
    )
    allowed_folders: str = _env(
        "ROASTERY_ALLOWED_FOLDERS",
        "Folders of this machine that such connections may read, with `:` between. Default: `folders` in the home.",
        "",
    )
    tombstones: Path | None = _env(
        "ROASTERY_TOMBSTONES",
        "Folder of the lists of who was forgotten, as keyed hashes; keep it out of what backups bring back. "
        "Default: `tombstones` in the home.",
    )
    query_timeout_seconds: float = _env("ROASTERY_QUERY_TIMEOUT_SECONDS", "Longest a single query may run.", 30.0)

    @field_validator("*", mode="before")
    @classmethod
    def _empty_is_absent(cls, value: Any, info: Any) -> Any:
        if value == "" and info.field_name in cls.model_fields:
            return cls.model_fields[info.field_name].default
        return value

    @field_validator("now")
    @classmethod
    def _now_is_an_instant(cls, value: str | None) -> str | None:
        Clock.from_iso(value)
        return value

    @field_validator("model")
    @classmethod
    def _model_is_known(cls, value: str) -> str:
        if value != "offline" and not (value.startswith("openai:") and len(value) > len("openai:")):
            raise ValueError("it is 'offline' or 'openai:MODEL'")
        return value

    @field_validator("warehouse_url")
    @classmethod
    def _warehouse_is_duckdb(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith("duckdb:///"):
            raise ValueError("it is 'duckdb:///FOLDER'; other engines cannot be used yet")
        return value

    @property
    def clock(self) -> Clock:
        """The process's clock; an organization's own setting comes after it (`Organization.clock_or`)."""
        return Clock.from_iso(self.now)

    @property
    def warehouse_home(self) -> Path:
        """Folder whose `warehouse/` holds one DuckDB file per organization."""
        return Path(self.warehouse_url.removeprefix("duckdb:///")) if self.warehouse_url else self.home

    @property
    def tombstones_home(self) -> Path:
        return self.tombstones or self.home / "tombstones"

    @property
    def egress(self) -> "Egress":
        """Where connections that people describe may go."""
        from roastery.connectors.egress import Egress

        folders = [folder for folder in self.allowed_folders.split(os.pathsep) if folder]
        return Egress.parse(self.allowed_addresses, folders or [self.home / "folders"])

    @property
    def incoming(self) -> Path:
        """Folder of bodies while they arrive; never outside the home, for they may hold personal data."""
        path = self.home / "incoming"
        path.mkdir(exist_ok=True, mode=0o700)
        return path

    @property
    def store_url(self) -> str:
        """SQLAlchemy URL of the service's own database, with the driver that is installed."""
        if self.database_url is None:
            return f"sqlite:///{self.home / 'roastery.sqlite'}"
        for plain in ("postgresql://", "postgres://"):
            if self.database_url.startswith(plain):
                return "postgresql+psycopg://" + self.database_url.removeprefix(plain)
        return self.database_url

    def secret_keys(self) -> tuple[str, ...]:
        """The secret keys, the sealing one first; makes `secret.key` (0600) in the home on first use."""
        if self.secret_key is not None:
            return tuple(k.strip() for k in self.secret_key.get_secret_value().split(",") if k.strip())
        path = self.home / "secret.key"
        if not path.exists():
            _write_once(path, secrets.token_urlsafe(32))
        return (path.read_text().strip(),)

    @classmethod
    def from_environment(cls, **changes: Any) -> "Settings":
        """Read the environment; a setting that cannot be used is a sentence that names it."""
        try:
            settings = cls(**changes)
        except ValidationError as error:
            first = error.errors()[0]
            name = str(first["loc"][0]) if first["loc"] else "environment"
            said = str(first["msg"]).removeprefix("Value error, ")
            raise BadSettings(f"The setting {name} cannot be used: {said}.") from None
        try:
            settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            why = f"the folder '{settings.home}' cannot be made ({error.strerror})"
            raise BadSettings(f"The setting ROASTERY_HOME cannot be used: {why}.") from None
        return settings.model_copy(update={"home": settings.home.resolve()})

    @classmethod
    def described(cls) -> list[tuple[str, str, str]]:
        """(name, default, description) of every setting, for docs/settings.md."""
        rows = []
        for field in cls.model_fields.values():
            alias = field.validation_alias
            assert isinstance(alias, AliasChoices)
            default = "" if field.default is None else str(field.default)
            rows.append((str(alias.choices[0]), default, field.description or ""))
        return rows


def _write_once(path: Path, text: str) -> None:
    """Write a file that only its user reads, whole or not at all; the first of several processes wins."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with open(draft, "x", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(text)
    with contextlib.suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()
