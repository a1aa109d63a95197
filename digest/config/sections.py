"""The sections of the settings: what each may hold, and how it is checked."""

from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator
from pydantic_settings import NoDecode

from digest import passwords

CHANNEL_NAMES = ("smtp", "directory", "outbox")
_SHORTEST_KEEPING = 90  # days; as far as an edition may reach back

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
    keep_days: int = Field(0, ge=0, le=36_500)  # 0: editions are kept for ever

    @field_validator("keep_days")
    @classmethod
    def _long_enough(cls, value: int) -> int:
        # No edition may draw on papers that reach further back: none comes a second time.
        if 0 < value < _SHORTEST_KEEPING:
            raise ValueError(f"must be 0 (for ever) or at least {_SHORTEST_KEEPING} days")
        return value


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
    admin_password_hash: SecretStr = SecretStr("")  # empty: there are no pages for the operator

    @field_validator("proxies", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return _words(value)

    @field_validator("admin_password_hash")
    @classmethod
    def _is_hash(cls, value: SecretStr) -> SecretStr:
        kept = value.get_secret_value()
        if kept and (wrong := passwords.trouble(kept)):
            raise ValueError(wrong)
        return value


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


def _words(value: object) -> object:
    """Return a list from TOML as it is, and one from the environment split at commas."""
    if isinstance(value, str):
        return [word.strip() for word in value.split(",") if word.strip()]
    return value
