"""Settings: one TOML file, every key overridable by the environment, checked once.

``config/digest.example.toml`` shows every key. An environment variable is ``DIGEST_`` and the
key in capitals, with ``__`` between levels: ``DIGEST_SMTP__HOST``. Unknown keys are errors;
all problems are told at once. Nothing else in the package reads the environment.
"""

from collections.abc import Mapping
from email.utils import parseaddr
from pathlib import Path
from typing import Any, Literal

from platformdirs import user_config_path, user_data_path
from pydantic import Field, PrivateAttr, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from digest.config.sections import (
    BounceSettings,
    CollectSettings,
    DatabaseSettings,
    DeliverySettings,
    DkimSettings,
    EditionSettings,
    EmbeddingSettings,
    LogSettings,
    SmtpAccountSettings,
    SmtpSettings,
    SummarySettings,
    WebSettings,
)
from digest.errors import ConfigError
from digest.profiles import describe, read_toml

__all__ = [
    "GivenSettings",
    "LogSettings",
    "Settings",
    "SmtpAccountSettings",
    "WebSettings",
    "find_file",
    "load",
]

# Variables with our prefix that are not settings.
_NOT_SETTINGS = {"DIGEST_CONFIG", "DIGEST_CAPTURES"}


class Settings(BaseSettings):
    """All settings, checked."""

    model_config = SettingsConfigDict(
        extra="forbid",
        env_prefix="DIGEST_",
        env_nested_delimiter="__",
        nested_model_default_partial_update=True,
    )

    data_dir: Path = Field(default_factory=lambda: user_data_path("research-digest"))
    sender: str = "Digest <digest@localhost>"
    operator: str = ""
    public_url: str = ""
    secret: SecretStr = SecretStr("")
    engine: Literal["inline", "cluster"] = "inline"
    database: DatabaseSettings = DatabaseSettings()
    collect: CollectSettings = CollectSettings()
    edition: EditionSettings = EditionSettings()
    delivery: DeliverySettings = DeliverySettings()
    smtp: SmtpSettings = SmtpSettings()
    dkim: DkimSettings = DkimSettings()
    web: WebSettings = WebSettings()
    bounces: BounceSettings = BounceSettings()
    embeddings: EmbeddingSettings = EmbeddingSettings()
    summaries: SummarySettings = SummarySettings()
    log: LogSettings = LogSettings()

    _environ: Mapping[str, str] = PrivateAttr({})
    _file: Path | None = PrivateAttr(None)

    @field_validator("sender")
    @classmethod
    def _has_address(cls, value: str) -> str:
        if "@" not in parseaddr(value)[1]:
            raise ValueError(f"{value!r} is no sender; write one like Digest <digest@example.org>")
        return value

    @field_validator("operator")
    @classmethod
    def _is_mailbox(cls, value: str) -> str:
        if value and "@" not in parseaddr(value)[1]:
            raise ValueError(f"{value!r} is no address; write one like ops@example.org")
        return parseaddr(value)[1]

    @field_validator("public_url")
    @classmethod
    def _is_url(cls, value: str) -> str:
        if value and not value.startswith(("https://", "http://")):
            raise ValueError(f"{value!r} is no http(s) address")
        return value.rstrip("/")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment comes before the file; nothing else is read."""
        return env_settings, init_settings

    @property
    def file(self) -> Path | None:
        """The file these settings came from; None: the environment and defaults alone."""
        return self._file

    @property
    def environ(self) -> Mapping[str, str]:
        """The environment, for what other programs keep there: where their caches are."""
        return self._environ

    @property
    def secret_file(self) -> Path:
        """Where the secret is kept that `digest init` makes; `secret` goes before it."""
        return self.data_dir / "secret"

    @property
    def database_url(self) -> str:
        """The database's URL."""
        return self.database.url or f"sqlite:///{self.data_dir / 'digest.db'}"

    @property
    def sender_address(self) -> str:
        """The sender without the name."""
        return parseaddr(self.sender)[1]


class GivenSettings(Settings):
    """Settings that are given by a program, and neither by a file nor by the environment."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what is given counts."""
        return (init_settings,)


def find_file(given: Path | None, environ: Mapping[str, str]) -> Path | None:
    """Return the settings file: given, DIGEST_CONFIG, ./config/, the user's config folder.

    Raises:
        ConfigError: a file that was named does not exist.
    """
    named = given or (Path(environ["DIGEST_CONFIG"]) if environ.get("DIGEST_CONFIG") else None)
    if named:
        if not named.is_file():
            raise ConfigError(f"there is no settings file {named}; `digest init` writes one")
        return named
    usual = (Path("config/digest.toml"), user_config_path("research-digest") / "digest.toml")
    return next((path for path in usual if path.is_file()), None)


def load(given: Path | None, environ: Mapping[str, str]) -> Settings:
    """Read the settings file, if there is one, and the environment.

    Relative paths in the file start at the file's folder.

    Raises:
        ConfigError: listing every problem, with the file or variable it stands in.
    """
    path = find_file(given, environ)
    values = read_toml(path, "settings file") if path else {}
    unknown = _unknown_variables(environ)
    try:
        settings = Settings(**values)
    except ValidationError as error:
        where = f"the settings ({path or 'environment'})"
        raise ConfigError(f"{where} cannot be used: {describe(error)}{unknown}") from None
    if unknown:
        raise ConfigError(unknown.removeprefix("; "))
    anchored = _anchored(settings, path)
    anchored._environ = dict(environ)
    return anchored


def _unknown_variables(environ: Mapping[str, str]) -> str:
    """Return what to say of variables with our prefix that name no setting."""
    unknown = []
    for name in sorted(environ):
        if not name.startswith("DIGEST_") or name in _NOT_SETTINGS:
            continue
        model: Any = Settings
        for part in name.removeprefix("DIGEST_").lower().split("__"):
            known = getattr(model, "model_fields", {}).get(part)
            if known is None:
                unknown.append(name)
                break
            model = known.annotation
    return f"; {', '.join(unknown)}: no such setting (environment)" if unknown else ""


def _anchored(settings: Settings, path: Path | None) -> Settings:
    """Return the settings with paths made absolute."""
    folder = path.parent.resolve() if path else Path.cwd()
    data = (folder / settings.data_dir.expanduser()).resolve()
    sources = (folder / settings.collect.sources.expanduser()).resolve()
    standing_in = [
        account.model_copy(update=account.anchored(folder)) for account in settings.smtp.fallback
    ]
    smtp = settings.smtp.anchored(folder) | {"fallback": standing_in}
    bounces = settings.bounces
    waiting = {
        name: path and (folder / path.expanduser()).resolve()
        for name, path in (("maildir", bounces.maildir), ("imap_ca_file", bounces.imap_ca_file))
    }
    keys = {
        name: (folder / path.expanduser()).resolve() for name, path in settings.dkim.keys.items()
    }
    embeddings = settings.embeddings
    weights = embeddings.folder and (folder / embeddings.folder.expanduser()).resolve()
    updated = settings.model_copy(
        update={
            "smtp": settings.smtp.model_copy(update=smtp),
            "bounces": bounces.model_copy(update=waiting),
            "dkim": settings.dkim.model_copy(update={"keys": keys}),
            "embeddings": embeddings.model_copy(update={"folder": weights}),
            "data_dir": data,
            "collect": settings.collect.model_copy(update={"sources": sources}),
            "delivery": settings.delivery.model_copy(
                update={
                    "directory": data / settings.delivery.directory.expanduser(),
                    "outbox": data / settings.delivery.outbox.expanduser(),
                }
            ),
        }
    )
    updated._file = path
    return updated
