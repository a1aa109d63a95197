"""Settings: one TOML file, every key overridable by the environment, checked once.

``config/digest.example.toml`` shows every key. An environment variable is ``DIGEST_`` and the
key in capitals, with ``__`` between levels: ``DIGEST_SMTP__HOST``. Unknown keys are errors;
all problems are told at once. Nothing else in the package reads the environment.
"""

from collections.abc import Mapping
from email.utils import parseaddr
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from platformdirs import user_config_path, user_data_path
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    SecretStr,
    ValidationError,
    field_validator,
)
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from digest.errors import ConfigError
from digest.profiles import describe, read_toml

# Variables with our prefix that are not settings.
_NOT_SETTINGS = {"DIGEST_CONFIG", "DIGEST_CAPTURES"}
CHANNEL_NAMES = ("smtp", "directory", "outbox")

_List = Annotated[list[str], NoDecode]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid")


class DatabaseSettings(_Section):
    """Where the state is kept."""

    url: str = ""  # empty: digest.db in the data folder


class CollectSettings(_Section):
    """How feeds are asked."""

    sources: Path = Path("sources.toml")
    every_minutes: int = Field(60, ge=5, le=24 * 60)
    contact: str = ""  # empty: the sender's address
    allow_private_hosts: _List = []

    @field_validator("allow_private_hosts", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return _words(value)


class EditionSettings(_Section):
    """What an edition is made of."""

    title: str = Field("Digest", min_length=1, max_length=80)
    note: str = Field("", max_length=5_000)
    window_days: int = Field(7, ge=1, le=90)
    background_papers: int = Field(6_000, ge=0, le=20_000)
    popularity_minutes: int = Field(30, ge=0, le=24 * 60)  # 0: counts are not read again
    abstract_sentences: int = Field(3, ge=1, le=20)


class DeliverySettings(_Section):
    """By which channels editions go out, and what happens when one fails."""

    channels: _List = ["smtp"]
    directory: Path = Path("editions")
    outbox: Path = Path("outbox")
    unknown: Literal["hold", "resend"] = "hold"
    freshness_hours: float = Field(6, gt=0, le=72)

    @field_validator("channels", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return _words(value)

    @field_validator("channels")
    @classmethod
    def _known(cls, value: list[str]) -> list[str]:
        unknown = sorted(set(value) - set(CHANNEL_NAMES))
        if unknown or not value:
            raise ValueError(
                f"{', '.join(unknown) or 'none'} is no channel; known are {', '.join(CHANNEL_NAMES)}"
            )
        return value


class SmtpAccountSettings(_Section):
    """How to get into a mail server."""

    host: str = "localhost"
    port: int | None = Field(None, ge=1, le=65535)  # None: the usual one for `tls`
    tls: Literal["none", "starttls", "implicit"] = "starttls"
    username: str = ""
    password: SecretStr = SecretStr("")
    ca_file: Path | None = None
    client_cert: Path | None = None
    client_key: Path | None = None

    _usual_ports: ClassVar[dict[str, int]] = {"none": 25, "starttls": 587, "implicit": 465}

    @property
    def usual_port(self) -> int:
        """The port given, or the usual one for the kind of TLS (RFC 8314, RFC 6409)."""
        return self.port or self._usual_ports[self.tls]

    def anchored(self, folder: Path) -> dict[str, Path | None]:
        """Return the files named here, from this folder on."""
        return {
            name: path and (folder / path.expanduser()).resolve()
            for name in ("ca_file", "client_cert", "client_key")
            for path in [getattr(self, name)]
        }


class SmtpSettings(SmtpAccountSettings):
    """The mail server that takes our mail, and those that stand in for it."""

    connections: int = Field(2, ge=1, le=50)
    messages_per_connection: int = Field(90, ge=1, le=10_000)
    rates: _List = []
    domain_rates: dict[str, list[str]] = {}
    envelope_from: str = ""
    helo: str = ""
    timeout: float = Field(30, gt=0, le=600)
    deadline: float = Field(120, gt=0, le=3600)
    reply_to: str = ""
    unsubscribe_address: str = ""  # empty: the sender's address
    fallback: list[SmtpAccountSettings] = []

    @field_validator("rates", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return _words(value)


class BounceSettings(_Section):
    """Where mails that came back are read, and when an address is given up."""

    maildir: Path | None = None
    imap_host: str = ""
    imap_port: int = Field(993, ge=1, le=65535)
    imap_username: str = ""
    imap_password: SecretStr = SecretStr("")
    imap_folder: str = Field("INBOX", pattern=r'^[^"\\\r\n]{1,200}$')
    imap_ca_file: Path | None = None
    soft_count: int = Field(5, ge=1, le=100)
    soft_days: float = Field(7, ge=0, le=90)


class DkimSettings(_Section):
    """Whether we sign mails ourselves, and with which keys."""

    domain: str = ""  # empty: the sender's
    keys: dict[str, Path] = {}  # files of private keys by their selectors


class WebSettings(_Section):
    """Where the web pages are served, and what strangers may ask of them."""

    host: str = "127.0.0.1"
    port: int = Field(8080, ge=1, le=65535)
    proxies: _List = []
    allow_signup: bool = True
    letters_per_client: int = Field(10, ge=1, le=10_000)
    letters_per_day: int = Field(500, ge=1, le=1_000_000)
    previews_per_minute: int = Field(30, ge=1, le=10_000)
    metrics_token: SecretStr = SecretStr("")  # empty: there are no metrics on the web

    @field_validator("proxies", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return _words(value)


class EmbeddingSettings(_Section):
    """Whether papers are compared by meaning too, and what makes the vectors."""

    model: Literal["off", "minilm", "endpoint"] = "off"
    folder: Path | None = None
    url: str = ""
    name: str = ""
    api_key: SecretStr = SecretStr("")
    seconds: float = Field(120, gt=0, le=3600)


class SummarySettings(_Section):
    """A language model's sentence on each paper; without an address there are none."""

    url: str = ""
    name: str = ""
    api_key: SecretStr = SecretStr("")
    seconds: float = Field(120, gt=0, le=3600)
    papers: int = Field(200, ge=1, le=10_000)


class LogSettings(_Section):
    """What is logged to standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["text", "json"] = "text"


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


def _words(value: object) -> object:
    """Return a list from TOML as it is, and one from the environment split at commas."""
    if isinstance(value, str):
        return [word.strip() for word in value.split(",") if word.strip()]
    return value
