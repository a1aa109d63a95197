"""A mail server of the tests that goes wrong in the way it is told, and counts what it took."""

import asyncio
import contextlib
import re
import ssl
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

_MESSAGE_ID = re.compile(rb"^Message-ID: (<[^>\r\n]+>)", re.MULTILINE | re.IGNORECASE)


class Hangup(Exception):
    """The server drops the connection without a word."""


def message_id(data: bytes) -> str:
    found = _MESSAGE_ID.search(data)
    assert found, "a mail without Message-ID"
    return found[1].decode()


@dataclass
class Talk:
    """One connection, as the server sees it."""

    server: "Smtpd"
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    number: int  # of this connection, from 1
    carried: int = 0  # mails begun on it
    recipient: str = ""

    async def say(self, *lines: str) -> None:
        self.writer.write("".join(f"{line}\r\n" for line in lines).encode())
        await self.writer.drain()

    async def hear(self) -> str:
        line = await self.reader.readline()
        if not line:
            raise Hangup
        return line.decode("latin-1").rstrip("\r\n")


@dataclass
class Fault:
    """What goes wrong, and where. Each function returns the answer, or raises `Hangup`.

    `taken` is asked when the whole mail is there: whether it is kept, before the answer.
    """

    greet: Callable[[Talk], Awaitable[str]] | None = None
    extensions: tuple[str, ...] = ()
    login: Callable[[Talk], Awaitable[str]] | None = None
    mail: Callable[[Talk], Awaitable[str]] | None = None
    rcpt: Callable[[Talk], Awaitable[str]] | None = None
    data: Callable[[Talk], Awaitable[str]] | None = None
    body: Callable[[Talk], Awaitable[None]] | None = None
    keeps: Callable[[Talk], bool] | None = None
    answer: Callable[[Talk], Awaitable[str]] | None = None
    implicit: ssl.SSLContext | None = None
    starttls: ssl.SSLContext | None = None


@dataclass
class Smtpd:
    """The server; `lift` mends it."""

    fault: Fault
    mended: Fault = field(default_factory=Fault)
    port: int = 0
    accepted: Counter[str] = field(default_factory=Counter)
    seen: Counter[str] = field(default_factory=Counter)  # recipients named so far
    connections: int = 0
    mails: int = 0  # whole mails that came, kept or not
    mistakes: list[Exception] = field(
        default_factory=list
    )  # of this server, not of who talks to it

    def lift(self) -> None:
        self.fault = self.mended

    @contextlib.asynccontextmanager
    async def running(self):
        tasks: set[asyncio.Task[None]] = set()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            tasks.add(task)
            self.connections += 1
            try:
                await self._serve(Talk(self, reader, writer, self.connections))
            except (Hangup, OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                pass  # somebody left
            except Exception as error:
                self.mistakes.append(error)
            finally:
                writer.transport.abort()
                tasks.discard(task)

        server = await asyncio.start_server(
            serve, "127.0.0.1", self.port, ssl=self.fault.implicit, limit=2**22
        )
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in tuple(tasks):
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        assert not self.mistakes, self.mistakes

    async def _serve(self, talk: Talk) -> None:
        await talk.say(await _ask(self.fault.greet, talk, "220 mail.example.org"))
        while True:
            line = await talk.hear()
            match line[:4].upper().strip():
                case "EHLO" | "HELO":
                    told = ("mail.example.org", *self.fault.extensions)
                    await talk.say(*(f"250-{t}" for t in told[:-1]), f"250 {told[-1]}")
                case "STAR" if self.fault.starttls:
                    await talk.say("220 2.0.0 go on")
                    await talk.writer.start_tls(self.fault.starttls)
                case "AUTH":
                    await talk.say(await _ask(self.fault.login, talk, "235 2.7.0 welcome"))
                case "MAIL":
                    talk.carried += 1
                    await talk.say(await _ask(self.fault.mail, talk, "250 2.1.0 ok"))
                case "RCPT":
                    talk.recipient = line.partition("<")[2].rstrip(">")
                    self.seen[talk.recipient] += 1
                    await talk.say(await _ask(self.fault.rcpt, talk, "250 2.1.5 ok"))
                case "DATA":
                    answer = await _ask(self.fault.data, talk, "354 go on")
                    await talk.say(answer)
                    if answer.startswith("354"):
                        await self._take(talk)
                case "QUIT":
                    await talk.say("221 2.0.0 bye")
                    return
                case _:
                    await talk.say("250 2.0.0 ok")

    async def _take(self, talk: Talk) -> None:
        if self.fault.body:
            await self.fault.body(talk)
        mail = await talk.reader.readuntil(b"\r\n.\r\n")
        self.mails += 1
        kept = self.fault.keeps is None or self.fault.keeps(talk)
        if kept:
            # What it took stays taken, whatever becomes of its answer.
            self.accepted[message_id(mail)] += 1
        answer = await _ask(self.fault.answer, talk, "250 2.0.0 queued")
        assert kept or answer[0] != "2", "it must not lie"
        await talk.say(answer)


async def _ask(hook: Callable[[Talk], Awaitable[str]] | None, talk: Talk, usual: str) -> str:
    return usual if hook is None else await hook(talk)
