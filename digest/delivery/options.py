"""What an operator can set for mails and for the mail server; ``config`` fills these in."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from digest.delivery.addresses import parse_mailbox, validate
from digest.errors import ConfigError
from digest.models import Rate

_HOST_NAME = re.compile(r"[A-Za-z0-9.:\[\]-]+")
_RATE = re.compile(r"(?P<count>[1-9][0-9]{0,8}) ?/ ?(?P<unit>second|minute|hour|day)")
_UNITS = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400}
_LIST_ID = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+")


@dataclass(frozen=True, slots=True)
class MailOptions:
    """What all our mails have in common.

    Attributes:
        sender: ``Digest <digest@example.org>``.
        reply_to: an address; empty: answers go to the sender.
        list_id: identifier of RFC 2919, like ``digest.example.org``; empty: made from the
            sender's domain.
        unsubscribe_mailto: an address that takes mails asking to be unsubscribed; empty: none.
        sign: returns a finished mail, made at an instant, with a signature; None: ours have none.

    Raises:
        AddressError: one of the addresses is none.
        ConfigError: `list_id` is not an identifier.
    """

    sender: str
    reply_to: str = ""
    list_id: str = ""
    unsubscribe_mailto: str = ""
    sign: Callable[[bytes, datetime], bytes] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        parse_mailbox(self.sender)
        for address in (self.reply_to, self.unsubscribe_mailto):
            if address:
                parse_mailbox(address)
        if self.list_id and not _LIST_ID.fullmatch(self.list_id):
            raise ConfigError(
                f"list_id {self.list_id!r} is not an identifier; write it like digest.example.org"
            )

    @property
    def sender_address(self) -> str:
        """The bare address of the sender."""
        return parse_mailbox(self.sender)[1]

    @property
    def domain(self) -> str:
        """The sender's domain; Message-IDs end in it."""
        return self.sender_address.rpartition("@")[2]


class Tls(StrEnum):
    """How the connection to the mail server is encrypted."""

    NONE = "none"  # in clear, on purpose
    STARTTLS = "starttls"  # begins in clear, and must be upgraded before anything is said
    IMPLICIT = "implicit"  # encrypted from the first byte (port 465)


@dataclass(frozen=True, slots=True)
class SmtpOptions:
    """How to reach the mail server that takes our mail.

    Attributes:
        username, password: empty: no login.
        envelope_from: return path, to which bounces go, like ``bounces+{token}@example.org``
            (VERP); empty: the sender's address.
        helo: the name by which we greet; empty: this machine's full name.
        connections: how many at once.
        recycle: messages on one connection before it is replaced; some servers answer 452
            from the hundred-and-first on.
        timeout: seconds for each step (connecting, one command and its answer).
        deadline: seconds for one message in all; a server that drips bytes never meets the
            timeout of a step.
        ca_file: certificates (PEM) trusted besides those of the system.
        client_cert, client_key: the certificate by which we show who we are, and its key (PEM);
            without a key file, the key stands in the certificate's.
        rates: how much the server takes, like ``2000/hour``.
        domain_rates: the same by the recipients' domain; ``*`` is any domain not named.

    Raises:
        AddressError: `envelope_from` does not give an address.
        ConfigError: a number is out of range, `helo` is not a name, or a rate is not one.
    """

    host: str = "localhost"
    port: int = 587
    tls: Tls = Tls.STARTTLS
    username: str = ""
    password: str = field(default="", repr=False)
    envelope_from: str = ""
    helo: str = ""
    connections: int = 2
    recycle: int = 90
    timeout: float = 30.0
    deadline: float = 120.0
    ca_file: Path | None = None
    client_cert: Path | None = None
    client_key: Path | None = None
    rates: Sequence[str] = ()
    domain_rates: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 1 <= self.port <= 65_535:
            raise ConfigError(f"smtp.port {self.port} is not a port; it must be 1 to 65535")
        for name in ("connections", "recycle", "timeout", "deadline"):
            if getattr(self, name) <= 0:
                raise ConfigError(f"smtp.{name} must be above 0")
        if not _HOST_NAME.fullmatch(self.helo or "localhost"):
            raise ConfigError(
                f"smtp.helo {self.helo!r} is not a host name; leave it out or mend it"
            )
        if self.envelope_from:
            self.return_path("0", "")
        if self.client_key and not self.client_cert:
            raise ConfigError("smtp.client_key is of no use without smtp.client_cert")
        self.limits("smtp", "nobody@example.org")
        for domain in self.domain_rates:
            self.limits("smtp", f"nobody@{domain}")

    @property
    def where(self) -> str:
        """The server as people write it, for messages."""
        return f"{self.host}:{self.port}"

    def return_path(self, token: str, sender: str) -> str:
        """Return the address that bounces of one message go to."""
        if not self.envelope_from:
            return sender
        return validate(self.envelope_from.replace("{token}", token))

    def limits(self, name: str, address: str) -> list[Rate]:
        """Return the rate limits of this server that a message to an address counts against."""
        found = [parse_rate(name, text) for text in self.rates]
        if self.domain_rates:
            domain = address.rpartition("@")[2].lower()
            told = self.domain_rates.get(domain, self.domain_rates.get("*", ()))
            found += [parse_rate(f"{name}:{domain}", text) for text in told]
        return found


@lru_cache(maxsize=1_024)  # each mail asks
def parse_rate(name: str, text: str) -> Rate:
    """Return the limit that is written like ``10/second``, ``300/minute`` or ``2000 / hour``.

    Raises:
        ConfigError: it is not written like that.
    """
    found = _RATE.fullmatch(text.strip().lower())
    if not found:
        raise ConfigError(f"{text!r} is no rate limit; write it like 10/second or 2000/hour")
    return Rate(name, int(found["count"]), _UNITS[found["unit"]])
