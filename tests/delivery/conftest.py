"""Parcels, a real mail server and misbehaving ones, all on loopback."""

import asyncio
import ssl
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from digest.delivery import MailOptions, Parcel, SmtpChannel, SmtpOptions, Tls
from digest.models import Format, Rendering

PARCEL = Parcel(
    delivery_id=7,
    edition_id=12,
    subscriber_id=34,
    address="ada@example.org",
    edition_date=date(2026, 5, 4),
    composed_at=datetime(2026, 5, 4, 5, 0, tzinfo=UTC),
    format=Format.HTML,
    rendering=Rendering.of(
        "Digest of 4 May: two papers",
        html="<p>Two papers = 2 – <b>today</b>.</p>\n",
        text="Two papers today.\n.\n.hidden line\n",
        markdown="# Two papers\n\n- one\n- two\n",
    ),
)


@pytest.fixture
def parcel() -> Callable[..., Parcel]:
    """Make a parcel that differs from the usual one; `subject`, `text`... go to its rendering."""

    def make(**changes: Any) -> Parcel:
        usual = PARCEL.rendering
        inner = {n: changes.pop(n, getattr(usual, n)) for n in ("html", "text", "markdown")}
        subject = changes.pop("subject", usual.subject)
        return replace(PARCEL, **{"rendering": Rendering.of(subject, **inner), **changes})

    return make


@pytest.fixture
def mail() -> MailOptions:
    return MailOptions(sender="Digest <digest@example.org>")


@pytest.fixture
def channel(mail: MailOptions) -> Callable[..., SmtpChannel]:
    """Make a channel to a port of this machine, in clear and impatient unless told otherwise."""

    def make(port: int, **changes: Any) -> SmtpChannel:
        usual = {"host": "127.0.0.1", "tls": Tls.NONE, "helo": "client.example.org", "timeout": 2.0}
        return SmtpChannel(SmtpOptions(port=port, **{**usual, **changes}), mail)

    return make


# ---------------------------------------------------------------- certificates


@dataclass(frozen=True)
class Certificates:
    """A private authority and the server contexts that it signed."""

    ca_file: Path
    good: ssl.SSLContext
    other_name: ssl.SSLContext
    expired: ssl.SSLContext


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    ca = trustme.CA()
    ca_file = tmp_path_factory.mktemp("ca") / "ca.pem"
    ca.cert_pem.write_to_path(ca_file)

    def context(*names: str, **dates: datetime) -> ssl.SSLContext:
        made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        ca.issue_cert(*names, **dates).configure_cert(made)
        return made

    return Certificates(
        ca_file,
        good=context("127.0.0.1"),
        other_name=context("elsewhere.example.org"),
        expired=context(
            "127.0.0.1",
            not_before=datetime(2020, 1, 1, tzinfo=UTC),
            not_after=datetime(2020, 2, 1, tzinfo=UTC),
        ),
    )


# ---------------------------------------------------------------- a real server


@dataclass
class Mailbox:
    """What a real server took in: (return path, recipients, bytes) of each mail."""

    port: int = 0
    mails: list[tuple[str, list[str], bytes]] = field(default_factory=list)
    connections: int = 0

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.mails.append((envelope.mail_from, envelope.rcpt_tos, envelope.original_content))
        return "250 2.0.0 queued"


def _authenticate(
    server: Any, session: Any, envelope: Any, mechanism: str, data: Any
) -> AuthResult:
    good = data == LoginPassword(b"digest", b"correct horse")
    return AuthResult(success=good, handled=good)


@pytest.fixture
def real_server() -> Callable[..., Any]:
    """Run aiosmtpd; `implicit` gives TLS from the first byte, `login` wants and offers a login."""

    @asynccontextmanager
    async def run(
        implicit: ssl.SSLContext | None = None, login: bool = False, **options: Any
    ) -> AsyncIterator[Mailbox]:
        mailbox = Mailbox()
        if login:
            options |= {"authenticator": _authenticate, "auth_required": True}

        def protocol() -> SMTP:
            mailbox.connections += 1
            with warnings.catch_warnings():  # it fears for logins where TLS wraps all of it
                warnings.simplefilter("ignore", UserWarning)
                return SMTP(mailbox, hostname="mail.example.org", **options)

        loop = asyncio.get_running_loop()
        server = await loop.create_server(protocol, "127.0.0.1", 0, ssl=implicit)
        mailbox.port = server.sockets[0].getsockname()[1]
        try:
            yield mailbox
        finally:
            server.close()
            await server.wait_closed()

    return run


# ---------------------------------------------------------------- servers that misbehave


class Line:
    """The server's end of one connection, spoken by a script."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, n: int) -> None:
        self.reader = reader
        self.writer = writer
        self.number = n  # of this connection, from 1

    async def say(self, *lines: str) -> None:
        self.writer.write("".join(f"{line}\r\n" for line in lines).encode())
        await self.writer.drain()

    async def hear(self) -> str:
        """Return the next command; empty when the client is gone."""
        return (await self.reader.readline()).decode().rstrip("\r\n")

    async def greet(self, *extensions: str) -> None:
        await self.say("220 mail.example.org")
        await self.hear()
        await self.say(*[f"250-{e}" for e in ("mail.example.org", *extensions)][:-1] or [])
        await self.say(f"250 {(extensions or ('mail.example.org',))[-1]}")

    async def answer(self, *answers: str) -> None:
        """Hear a command and say an answer, again and again."""
        for words in answers:
            await self.hear()
            await self.say(words)

    async def take_message(self) -> bytes:
        return await self.reader.readuntil(b"\r\n.\r\n")

    async def accept_message(self) -> bytes:
        await self.answer("250 ok", "250 ok", "354 go on")
        message = await self.take_message()
        await self.say("250 2.0.0 queued")
        return message


Script = Callable[[Line], Awaitable[None]]


@dataclass
class Scripted:
    port: int = 0
    connections: int = 0
    failures: list[BaseException] = field(default_factory=list)


@pytest.fixture
def scripted_server() -> Iterator[Callable[..., Any]]:
    """Run a server in which each connection follows a script, then is closed.

    A client that leaves early ends its script; any other error of a script fails the test.
    """
    told: list[Scripted] = []

    @asynccontextmanager
    async def run(script: Script) -> AsyncIterator[Scripted]:
        state = Scripted()
        told.append(state)
        tasks: set[asyncio.Task[Any]] = set()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            tasks.add(task)
            state.connections += 1
            try:
                await script(Line(reader, writer, state.connections))
            except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                pass  # the client left, or the test is over
            except Exception as error:
                state.failures.append(error)
            finally:
                writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        state.port = server.sockets[0].getsockname()[1]
        try:
            yield state
        finally:
            server.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    yield run
    assert not [error for state in told for error in state.failures]
