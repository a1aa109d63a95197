"""The wire: what goes over a connection once a server has let us in.

aiosmtplib connects, greets, encrypts and logs in. Then this protocol takes the connection over:
it can have several commands under way at once where the server allows it (RFC 2920), and it
knows when a message has left this process. The library can do neither: it drops an answer that
comes before it was waited for.
"""

import asyncio
from collections import deque
from typing import NamedTuple, cast

import aiosmtplib

_LONGEST = 32_768  # bytes that a server may say without coming to an end


class Reply(NamedTuple):
    """An answer: its code, and its lines without that."""

    code: int
    message: str


class Wire(asyncio.Protocol):
    """A connection on which messages are sent.

    Errors are those of the library: `SMTPServerDisconnected`, `SMTPReadTimeoutError`, and
    `SMTPResponseException` for what is no answer.

    Args:
        client: connected, greeted, encrypted and logged in as wanted; not to be used any more.
        seconds: how long to wait for an answer, or for a message to leave.

    Attributes:
        pipelines: the server takes several commands at once.
        tells_size: it wants to know how large a message is (RFC 1870).
    """

    def __init__(self, client: aiosmtplib.SMTP, seconds: float) -> None:
        if client.transport is None:
            raise aiosmtplib.SMTPServerDisconnected("Connection lost")
        self.pipelines = client.supports_extension("pipelining")
        self.tells_size = client.supports_extension("size")
        self._client = client
        self._seconds = seconds
        self._loop = asyncio.get_running_loop()
        self._transport = cast(asyncio.Transport, client.transport)
        self._heard = bytearray()
        self._replies: deque[Reply] = deque()
        self._awaited = 0  # answers that are still to come
        self._waiter: asyncio.Future[None] | None = None
        self._full = False  # some of what was written has not left yet
        self._end: Exception | None = None  # why nothing more can be heard
        # Being told of each byte that waits is being told when none does.
        self._transport.set_write_buffer_limits(high=1, low=0)
        self._transport.set_protocol(self)

    @property
    def is_open(self) -> bool:
        """Whether more can be sent and heard, as far as is known."""
        return self._end is None and not self._transport.is_closing()

    async def ask(self, command: str) -> Reply:
        """Send one command and return the answer."""
        self.send(command)
        return await self.reply()

    def send(self, *commands: str) -> None:
        """Send commands; each will have its answer.

        Raises:
            ValueError: one is no single line of printable ASCII.
        """
        if not all(command.isascii() and command.isprintable() for command in commands):
            raise ValueError("a command holds what no command may")
        self._awaited += len(commands)
        self._write("".join(f"{command}\r\n" for command in commands).encode("ascii"))

    async def reply(self) -> Reply:
        """Return the next answer."""
        while not self._replies:
            if self._end is not None:
                raise self._end
            await self._wait("no answer")
        return self._replies.popleft()

    async def write_out(self, body: bytes) -> None:
        """Write a message without its final dot, and wait until this process has let go of it.

        Args:
            body: with CRLF line ends, the last line's as well; no line begins with a full stop.
        """
        self._write(body)
        while self._full and self._end is None:
            await self._wait("the message did not leave")
        if not self.is_open:
            raise self._end or aiosmtplib.SMTPServerDisconnected("Connection lost")

    def end_message(self) -> None:
        """Write the final dot, to which there will be an answer."""
        self._awaited += 1
        self._write(b".\r\n")

    def cut(self) -> None:
        """Close without a word, and without waiting."""
        # Without abort, a transport waits for a silent server to take what is still unsent.
        self._transport.abort()
        self._client.close()

    def _write(self, data: bytes) -> None:
        if not self.is_open:
            raise self._end or aiosmtplib.SMTPServerDisconnected("Connection lost")
        self._transport.write(data)

    async def _wait(self, for_what: str) -> None:
        """Wait until something has changed."""
        waiter = self._waiter = self._loop.create_future()
        timer = self._loop.call_later(self._seconds, _expire, waiter, for_what)
        try:
            await waiter
        finally:
            timer.cancel()
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # ------------------------------------------------------------ what asyncio calls

    def data_received(self, data: bytes) -> None:
        """Take what the server says; what it says without being asked is not kept."""
        self._heard += data
        try:
            while self._awaited and (reply := self._next_reply()):
                self._awaited -= 1
                self._replies.append(reply)
        except ValueError as error:
            self._finish(aiosmtplib.SMTPResponseException(-1, str(error)))
        if not self._awaited:
            self._heard.clear()
        if self._replies:
            self._wake()

    def eof_received(self) -> bool:
        """Note that the server says no more, and close."""
        self._finish(aiosmtplib.SMTPServerDisconnected("Unexpected EOF received"))
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that nothing goes over the connection any more."""
        end = aiosmtplib.SMTPServerDisconnected("Connection lost")
        end.__cause__ = exc
        self._full = False
        self._finish(end)

    def pause_writing(self) -> None:
        """Note that something waits to leave."""
        self._full = True

    def resume_writing(self) -> None:
        """Note that all has left."""
        self._full = False
        self._wake()

    def _finish(self, end: Exception) -> None:
        self._end = self._end or end
        self._wake()

    def _next_reply(self) -> Reply | None:
        """Take a whole answer from what was heard; None: it is not all there yet.

        Raises:
            ValueError: it is none, or too long.
        """
        lines: list[bytes] = []
        start = 0
        while (end := self._heard.find(b"\n", start) + 1) > 0:
            line = bytes(self._heard[start:end])
            if not line[:3].isdigit():
                raise ValueError(line.decode("utf-8", "replace"))
            lines.append(line[4:].strip(b" \t\r\n"))
            start = end
            if line[3:4] != b"-":
                del self._heard[:end]
                message = b"\n".join(lines).decode("utf-8", "surrogateescape")
                return Reply(int(line[:3]), message)
        if len(self._heard) > _LONGEST:
            raise ValueError("it does not end")
        return None


def _expire(waiter: "asyncio.Future[None]", for_what: str) -> None:
    if not waiter.done():
        waiter.set_exception(aiosmtplib.SMTPReadTimeoutError(for_what))
