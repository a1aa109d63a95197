"""One conversation with a mail server, over one connection at a time."""

import asyncio
from dataclasses import dataclass
from types import TracebackType
from typing import Self, cast

import aiosmtplib
from aiosmtplib.protocol import SMTPProtocol

from digest.delivery.addresses import validate
from digest.delivery.base import Outcome, OutcomeKind, Parcel
from digest.delivery.message import build
from digest.delivery.options import MailOptions, SmtpOptions
from digest.delivery.replies import Step, judge, lost, one_line
from digest.delivery.smtp.accounts import Accounts
from digest.delivery.smtp.connection import BROKEN, QUIT_SECONDS, cut_off, hang_up, out_of_order
from digest.errors import AddressError, DeliveryError

_DRAIN_PAUSE = 0.01


@dataclass(frozen=True, slots=True)
class _Envelope:
    """One message as it goes over the wire; the body is dot-stuffed, without the final dot."""

    sender: str
    recipient: str
    body: bytes


@dataclass(slots=True)
class Progress:
    """How far the message in hand has come; written before each step is taken."""

    step: Step = Step.CONNECT


class SmtpSession:
    """One connection at a time, opened when needed and replaced when worn."""

    def __init__(self, options: SmtpOptions, mail: MailOptions, accounts: Accounts) -> None:
        self._options = options
        self._mail = mail
        self._accounts = accounts
        self._client: aiosmtplib.SMTP | None = None
        self._carried = 0  # messages begun on this connection
        self._unfinished = False  # the last message may have left an envelope behind
        self._deadline: asyncio.Timeout | None = None  # of the message in hand
        self._hurried: float | None = None  # end by then, in the loop's time

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None:
            await self._leave()
        else:
            self._drop()

    async def deliver(self, parcel: Parcel) -> Outcome:
        """Send one mail.

        Raises:
            DeliveryError: the server cannot be reached, does not encrypt or refuses the
                login; or our own settings make no valid mail. Nothing was sent.
        """
        try:
            envelope = self._envelope(parcel)
        except AddressError as error:
            return Outcome(OutcomeKind.FAILED, str(error))
        progress = Progress()
        try:
            async with asyncio.timeout(self._seconds()) as self._deadline:
                return await self._send(envelope, progress)
        except TimeoutError as error:
            self._drop()
            if progress.step is Step.CONNECT:
                raise out_of_order(error, self._options) from error
            if self._hurried is not None:
                return lost(progress.step, "no end before the program was stopped")
            return lost(progress.step, f"no end within {self._options.deadline:g} s")
        finally:
            self._deadline = None

    def hurry(self, seconds: float) -> None:
        """Give the message in hand so many seconds to end."""
        self._hurried = asyncio.get_running_loop().time() + seconds
        if self._deadline is not None and not self._deadline.expired():
            when = self._deadline.when()
            self._deadline.reschedule(min(self._hurried, when or self._hurried))

    def _seconds(self) -> float:
        """Return how long the next message may take."""
        if self._hurried is None:
            return self._options.deadline
        left = self._hurried - asyncio.get_running_loop().time()
        return max(0.0, min(left, self._options.deadline))

    def _envelope(self, parcel: Parcel) -> _Envelope:
        recipient = validate(parcel.address)
        token = parcel.bounce_token or str(parcel.delivery_id)
        try:
            sender = self._options.return_path(token, self._mail.sender_address)
        except AddressError as error:
            raise DeliveryError(
                f"smtp.envelope_from gives no address: {error}", lasting=True
            ) from error
        # A line that begins with a dot gets a second one (RFC 5321 4.5.2).
        body = build(parcel, self._mail).replace(b"\r\n.", b"\r\n..")
        return _Envelope(sender, recipient, body)

    async def _send(self, envelope: _Envelope, progress: Progress) -> Outcome:
        """Send on the connection at hand; once more on a new one if that one was worn.

        A connection is worn when it breaks, or answers 4xx at the sender, on a later message
        than its first: servers limit messages and time per connection. Nothing was accepted
        then, so a second attempt cannot double the mail.
        """
        reused = await self._ready()
        outcome = await self._attempt(envelope, progress)
        worn = self._client is None or progress.step is Step.SENDER
        safe = outcome.kind is OutcomeKind.DEFERRED and progress.step is not Step.ANSWER
        if reused and worn and safe:
            progress.step = Step.CONNECT
            await self._leave()
            await self._ready()
            outcome = await self._attempt(envelope, progress)
        return outcome

    async def _ready(self) -> bool:
        """Have a connection for a new message; tell whether it has carried one before."""
        if self._carried >= self._options.recycle:
            await self._leave()
        elif self._client is not None and self._unfinished:
            try:
                await self._client.rset()
            except BROKEN:
                self._drop()
        self._unfinished = False
        if self._client is not None and self._client.is_connected:
            return True
        self._drop()
        self._client = await self._accounts.open()
        return False

    async def _attempt(self, envelope: _Envelope, progress: Progress) -> Outcome:
        """Send once; a connection that broke is dropped."""
        assert self._client is not None
        self._carried += 1
        try:
            outcome = await self._converse(self._client, envelope, progress)
        except aiosmtplib.SMTPResponseException as error:
            self._drop()
            return lost(progress.step, f"an answer that makes no sense ({one_line(error.message)})")
        except BROKEN as error:
            self._drop()
            timed_out = isinstance(error, TimeoutError)
            seconds = f"no answer within {self._options.timeout:g} s"
            return lost(progress.step, seconds if timed_out else "the connection broke")
        self._unfinished = outcome.kind is not OutcomeKind.SENT
        if self._unfinished and not _is_refusal(outcome):
            self._drop()
        return outcome

    async def _converse(
        self, client: aiosmtplib.SMTP, envelope: _Envelope, progress: Progress
    ) -> Outcome:
        """Go through the commands of one message."""
        size = f" SIZE={len(envelope.body)}" if client.supports_extension("size") else ""
        for step, command, wanted in (
            (Step.SENDER, f"MAIL FROM:<{envelope.sender}>{size}", 2),
            (Step.RECIPIENT, f"RCPT TO:<{envelope.recipient}>", 2),
            (Step.DATA, "DATA", 3),
        ):
            progress.step = step
            reply = await client.execute_command(command.encode("ascii"))
            if reply.code // 100 != wanted:
                return judge(step, reply.code, reply.message)
        progress.step = Step.BODY
        protocol = await _write_out(client, envelope.body, self._options.timeout)
        # From here on the server may have all of it: only its answer can tell.
        progress.step = Step.ANSWER
        protocol.write(b".\r\n")
        reply = await protocol.read_response(self._options.timeout)
        return judge(Step.ANSWER, reply.code, reply.message)

    async def _leave(self) -> None:
        """Say goodbye and close."""
        if self._client is not None:
            await hang_up(self._client, QUIT_SECONDS if self._hurried is None else 1.0)
        self._drop()

    def _drop(self) -> None:
        """Close without a word."""
        if self._client is not None:
            cut_off(self._client)
        self._client = None
        self._carried = 0


def _is_refusal(outcome: Outcome) -> bool:
    """Tell whether the server said no in order, so that its connection can be kept."""
    return outcome.code is not None and outcome.code // 100 in (4, 5) and outcome.code != 421


async def _write_out(client: aiosmtplib.SMTP, body: bytes, seconds: float) -> SMTPProtocol:
    """Write a message without its final dot, and wait until this process has let go of it."""
    protocol = client.protocol
    if protocol is None:
        raise aiosmtplib.SMTPServerDisconnected("Connection lost")
    protocol.write(body)
    transport = cast(asyncio.WriteTransport, protocol.transport)
    async with asyncio.timeout(seconds):
        while protocol.is_connected and transport.get_write_buffer_size():  # noqa: ASYNC110
            await asyncio.sleep(_DRAIN_PAUSE)  # transports offer nothing public to wait for
    if not protocol.is_connected:
        raise aiosmtplib.SMTPServerDisconnected("Connection lost")
    return protocol
