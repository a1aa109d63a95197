"""What can go wrong at the other end: each fault with its server and our settings."""

import asyncio
import contextlib
import datetime as dt
import re
import shutil
import ssl
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import trustme

from faults import postfix
from faults.smtpd import Fault, Hangup, Smtpd, Talk

SINK = shutil.which("smtp-sink", path="/usr/sbin:/usr/bin:/sbin")
_SINK_ID = re.compile(rb"^Message-ID: (<[^>\r\n]+>)", re.MULTILINE | re.IGNORECASE)


class Server(Protocol):
    port: int

    @property
    def accepted(self) -> Counter[str]: ...

    def lift(self) -> Any: ...


@dataclass(frozen=True)
class Case:
    """A fault.

    Attributes:
        serve: gives the running server; told a folder and how often the fault strikes.
        smtp: our settings that go with it.
        expect: what the ledger may hold in the end besides `sent`.
    """

    name: str
    serve: Callable[[Path, int], contextlib.AbstractAsyncContextManager[Any]]
    smtp: dict[str, Any] = field(default_factory=dict)
    expect: frozenset[str] = frozenset()


def own(make: Callable[[Path, int], tuple[Fault, Fault]]):
    """Serve by our own server, with a fault and how it is mended."""

    @contextlib.asynccontextmanager
    async def serve(folder: Path, every: int) -> AsyncIterator[Smtpd]:
        fault, mended = make(folder, every)
        async with Smtpd(fault, mended).running() as server:
            yield server

    return serve


def simple(**hooks: Any):
    return own(lambda folder, every: (Fault(**hooks), Fault()))


# ---------------------------------------------------------------- what strikes now and then


def _strikes(every: int) -> Callable[[Talk], bool]:
    return lambda talk: talk.server.mails % every == every - 1


def dies_after_taking(folder: Path, every: int) -> tuple[Fault, Fault]:
    async def answer(talk: Talk) -> str:
        if talk.server.mails % every == 0:
            raise Hangup
        return "250 2.0.0 queued"

    return Fault(answer=answer), Fault()


def drops_before_the_dot(folder: Path, every: int) -> tuple[Fault, Fault]:
    begun = Counter[str]()

    async def body(talk: Talk) -> None:
        begun["mails"] += 1
        if begun["mails"] % every == 0:
            await talk.reader.readexactly(600)
            raise Hangup

    return Fault(body=body), Fault()


def drops_after_the_dot(folder: Path, every: int) -> tuple[Fault, Fault]:
    def keeps(talk: Talk) -> bool:
        return talk.server.mails % every != 0

    async def answer(talk: Talk) -> str:
        if talk.server.mails % every == 0:
            raise Hangup
        return "250 2.0.0 queued"

    return Fault(keeps=keeps, answer=answer), Fault()


def drips(folder: Path, every: int) -> tuple[Fault, Fault]:
    async def answer(talk: Talk) -> str:
        if talk.server.mails % every == 0:
            for byte in b"250 2.0.0 queued at last\r\n":
                talk.writer.write(bytes([byte]))
                await talk.writer.drain()
                await asyncio.sleep(5)
        return "250 2.0.0 queued"

    return Fault(answer=answer), Fault()


def busy_recipients(folder: Path, every: int) -> tuple[Fault, Fault]:
    async def rcpt(talk: Talk) -> str:
        number = int(re.findall(r"\d+", talk.recipient)[0])
        if number % 5 == 0 and talk.server.seen[talk.recipient] == 1:
            return "450 4.2.1 greylisted, try again"
        return "250 2.1.5 ok"

    return Fault(rcpt=rcpt), Fault()


def no_such_user(folder: Path, every: int) -> tuple[Fault, Fault]:
    async def rcpt(talk: Talk) -> str:
        number = int(re.findall(r"\d+", talk.recipient)[0])
        return "550 5.1.1 no such user" if number % every == 0 else "250 2.1.5 ok"

    return Fault(rcpt=rcpt), Fault(rcpt=rcpt)


def a_filter_of_some(folder: Path, every: int) -> tuple[Fault, Fault]:
    async def rcpt(talk: Talk) -> str:
        number = int(re.findall(r"\d+", talk.recipient)[0])
        return "550 5.7.1 my filter does not like you" if number % every == 0 else "250 2.1.5 ok"

    return Fault(rcpt=rcpt), Fault()


def caps_a_connection(folder: Path, every: int) -> tuple[Fault, Fault]:
    async def mail(talk: Talk) -> str:
        return "452 4.5.3 too many" if talk.carried > 2 * every else "250 2.1.0 ok"

    return Fault(mail=mail), Fault(mail=mail)


def caps_recipients(folder: Path, every: int) -> tuple[Fault, Fault]:
    async def rcpt(talk: Talk) -> str:
        return "452 4.5.3 too many" if talk.carried > 2 * every else "250 2.1.5 ok"

    return Fault(rcpt=rcpt), Fault(rcpt=rcpt)


def turns_away_each_second(folder: Path, every: int) -> tuple[Fault, Fault]:
    async def greet(talk: Talk) -> str:
        return "421 4.3.2 busy" if talk.number % 2 else "220 mail.example.org"

    return Fault(greet=greet), Fault()


# ---------------------------------------------------------------- what strikes always


async def _hang_up(talk: Talk) -> str:
    raise Hangup


async def _silence(talk: Talk) -> str:
    await asyncio.sleep(3600)
    return ""


async def _endless(talk: Talk) -> str:
    while True:
        await talk.say("250-and another thing" * 20)


def saying(words: str):
    async def say(talk: Talk) -> str:
        return words

    return say


# ---------------------------------------------------------------- encryption


def _contexts(folder: Path) -> dict[str, ssl.SSLContext]:
    ca, stranger = trustme.CA(), trustme.CA()
    ca.cert_pem.write_to_path(folder / "ca.pem")
    day = dt.timedelta(days=1)
    now = dt.datetime.now(dt.UTC)

    def context(by: trustme.CA, name: str = "127.0.0.1", **dates: Any) -> ssl.SSLContext:
        made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        by.issue_cert(name, **dates).configure_cert(made)
        return made

    return {
        "good": context(ca),
        "a stranger's": context(stranger),
        "another name's": context(ca, "elsewhere.example.org"),
        "expired": context(ca, not_before=now - 60 * day, not_after=now - day),
    }


def certificate(which: str):
    """Serve with such a certificate, and later with a good one on the same port."""

    @contextlib.asynccontextmanager
    async def serve(folder: Path, every: int) -> AsyncIterator[Smtpd]:
        contexts = _contexts(folder)
        first = Smtpd(Fault(implicit=contexts[which]))
        async with contextlib.AsyncExitStack() as stack:
            running = await stack.enter_async_context(first.running())
            port = running.port

            async def lift() -> None:
                await stack.aclose()
                first.port, first.fault = port, Fault(implicit=contexts["good"])
                await stack.enter_async_context(first.running())

            first.lift = lift  # type: ignore[method-assign]
            yield first

    return serve


@contextlib.asynccontextmanager
async def no_starttls(folder: Path, every: int) -> AsyncIterator[Smtpd]:
    """STARTTLS is not offered; later it is."""
    good = _contexts(folder)["good"]
    async with Smtpd(Fault(), Fault(extensions=("STARTTLS",), starttls=good)).running() as server:
        yield server


@contextlib.asynccontextmanager
async def nobody_there(folder: Path, every: int) -> AsyncIterator[Smtpd]:
    """Nothing listens; later something does."""
    server = Smtpd(Fault())
    async with server.running():
        pass
    async with contextlib.AsyncExitStack() as stack:

        async def lift() -> None:
            await stack.enter_async_context(server.running())

        server.lift = lift  # type: ignore[method-assign]
        yield server


# ---------------------------------------------------------------- Postfix's smtp-sink


class Sink:
    """``smtp-sink`` with some flags, and without them once the fault is lifted.

    Each mail that it took is a file of its own; they are counted by Message-ID.
    """

    def __init__(self, folder: Path, port: int, flags: tuple[str, ...]) -> None:
        # It runs as nobody, who must be able to get there.
        self.folder = Path(tempfile.mkdtemp(prefix="sink-"))
        self.port = port
        self.flags = flags
        self.child: asyncio.subprocess.Process | None = None
        self.keeper: asyncio.Task[None] | None = None
        self.refuses = False

    async def start(self, flags: tuple[str, ...]) -> None:
        assert SINK
        self.folder.chmod(0o777)
        self.child = await asyncio.create_subprocess_exec(
            SINK, "-u", "nobody", "-d", f"{self.folder}/%M.", *flags, f"127.0.0.1:{self.port}",
            "100", stderr=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL,
        )  # fmt: skip

    async def keep(self) -> None:
        """Start it again whenever it dies."""
        while True:
            assert self.child
            await self.child.wait()
            await asyncio.sleep(0.05)
            await self.start(self.flags)

    async def stop(self) -> None:
        if self.keeper:
            self.keeper.cancel()
            await asyncio.gather(self.keeper, return_exceptions=True)
        if self.child and self.child.returncode is None:
            self.child.kill()
        if self.child:
            await self.child.wait()

    async def lift(self) -> None:
        await self.stop()
        if self.refuses:  # it writes down what it gets before it says that it does not take it
            for file in self.folder.iterdir():
                file.unlink()
        await self.start(())

    @property
    def accepted(self) -> Counter[str]:
        counted: Counter[str] = Counter()
        for file in self.folder.iterdir():
            if found := _SINK_ID.search(file.read_bytes()):
                counted[found[1].decode()] += 1
        return counted


def sink(*flags: str, every_flag: str = ""):
    @contextlib.asynccontextmanager
    async def serve(folder: Path, every: int) -> AsyncIterator[Sink]:
        from servers import free_port

        given = (*flags, *((every_flag, str(every)) if every_flag else ()))
        made = Sink(folder, free_port(), given)
        made.refuses = given[:2] in (("-Q", "."), ("-r", "."))
        await made.start(given)
        if every_flag:
            made.keeper = asyncio.create_task(made.keep())
        await asyncio.sleep(0.2)
        try:
            yield made
        finally:
            await made.stop()
            shutil.rmtree(made.folder)

    return serve


_TLS = {"tls": "implicit", "ca_file": Path("ca.pem")}
_UNKNOWN = frozenset({"unknown"})

CASES = [
    Case("dies after taking every 50th mail, without answering", own(dies_after_taking),
         expect=_UNKNOWN),
    Case("drops every 50th mail before the dot", own(drops_before_the_dot), expect=_UNKNOWN),
    Case("drops every 50th mail after the dot, and loses it", own(drops_after_the_dot),
         expect=_UNKNOWN),
    Case("drops each mail after the dot, and keeps it", simple(answer=_hang_up), expect=_UNKNOWN),
    Case("drips a byte in 5 s as the answer to every 50th mail", own(drips), expect=_UNKNOWN),
    Case("answers endlessly at MAIL", simple(mail=_endless)),
    Case("answers nonsense at RCPT", simple(rcpt=saying("what?"))),
    Case("answers nonsense to the mail", simple(answer=saying("who knows")), expect=_UNKNOWN),
    Case("greets with silence", simple(greet=_silence)),
    Case("hangs up at once", simple(greet=_hang_up)),
    Case("hangs up at DATA", simple(data=_hang_up)),
    Case("turns every second connection away (421)", own(turns_away_each_second),
         {"messages_per_connection": 10}),
    Case("nothing listens", nobody_there),
    Case("is no mail server", simple(greet=saying("SSH-2.0-Something"))),
    Case("offers no STARTTLS", no_starttls, {**_TLS, "tls": "starttls"}),
    Case("certificate of a stranger (self-signed)", certificate("a stranger's"), _TLS),
    Case("certificate expired", certificate("expired"), _TLS),
    Case("certificate for another name", certificate("another name's"), _TLS),
    Case("refuses the login", own(lambda f, e: (
        Fault(extensions=("AUTH PLAIN",), login=saying("535 5.7.8 no")),
        Fault(extensions=("AUTH PLAIN",)))), {"username": "digest", "password": "x"}),
    Case("greylists every fifth recipient (450)", own(busy_recipients)),
    Case("5.1.1 for every 50th recipient", own(no_such_user), expect=frozenset({"failed"})),
    Case("5.7.1 for every 50th recipient", own(a_filter_of_some)),
    Case("5.7.1 for everybody", simple(rcpt=saying("550 5.7.1 refused by policy"))),
    Case("5.7.1 at MAIL", simple(mail=saying("550 5.7.1 sender refused"))),
    Case("450 at MAIL", simple(mail=saying("450 4.7.1 slow down"))),
    Case("452 at MAIL after 100 on a connection", own(caps_a_connection),
         {"messages_per_connection": 1000}),
    Case("452 at RCPT after 100 on a connection", own(caps_recipients),
         {"messages_per_connection": 1000}),
]  # fmt: skip

SINK_CASES = [
    Case("smtp-sink that ends after 50 mails, and is started again", sink(every_flag="-M"),
         expect=_UNKNOWN),
    Case("smtp-sink -q . (drops at the dot)", sink("-q", "."), expect=_UNKNOWN),
    Case("smtp-sink -Q . (421 at the dot)", sink("-Q", ".")),
    Case("smtp-sink -q DATA", sink("-q", "DATA")),
    Case("smtp-sink -Q MAIL (421)", sink("-Q", "MAIL")),
    Case("smtp-sink -q CONNECT", sink("-q", "CONNECT")),
    Case("smtp-sink -r RCPT (450)", sink("-r", "RCPT")),
    Case("smtp-sink -r . (450 to the mail)", sink("-r", ".")),
    Case("smtp-sink -A 0 (550 in the middle of the mail)", sink("-A", "0"),
         expect=frozenset({"failed", "unknown"})),
    Case("smtp-sink -w 5 (slow at DATA)", sink("-w", "5")),
]  # fmt: skip

POSTFIX_CASES = [
    Case("Postfix that takes 100 mails in 20 s (anvil)", postfix.rate_limited),
    Case("Postfix that greylists every recipient (policy service)", postfix.greylisting),
]
