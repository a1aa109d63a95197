"""One conversation with a mail server, over one connection at a time."""

import asyncio
import contextlib
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import aiosmtplib

from digest.delivery.addresses import validate
from digest.delivery.base import Outcome, OutcomeKind, Parcel
from digest.delivery.message import build
from digest.delivery.options import MailOptions, SmtpOptions
from digest.delivery.replies import Step, judge, lost, one_line
from digest.delivery.smtp.accounts import Accounts
from digest.delivery.smtp.connection import BROKEN, QUIT_SECONDS, out_of_order
from digest.delivery.smtp.wire import Wire
from digest.errors import AddressError, DeliveryError

_GO_ON = 354


@dataclass(frozen=True, slots=True)
class _Envelope:
    """One message as it goes over the wire; no line of the body begins with a full stop."""

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
        self._wire: Wire | None = None
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
        return _Envelope(sender, recipient, build(parcel, self._mail))

    async def _send(self, envelope: _Envelope, progress: Progress) -> Outcome:
        """Send on the connection at hand; once more on a new one if that one was worn.

        A connection is worn when it breaks, or answers 4xx at the sender, on a later message
        than its first: servers limit messages and time per connection. Nothing was accepted
        then, so a second attempt cannot double the mail.
        """
        reused = await self._ready()
        outcome = await self._attempt(envelope, progress)
        worn = self._wire is None or progress.step is Step.SENDER
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
        elif self._wire is not None and self._unfinished:
            try:
                await self._wire.ask("RSET")
            except BROKEN:
                self._drop()
        self._unfinished = False
        if self._wire is not None and self._wire.is_open:
            return True
        self._drop()
        client = await self._accounts.open()
        try:
            self._wire = Wire(client, self._options.timeout)
        except BROKEN as error:
            client.close()
            raise out_of_order(error, self._options) from error
        return False

    async def _attempt(self, envelope: _Envelope, progress: Progress) -> Outcome:
        """Send once; a connection that broke is dropped."""
        assert self._wire is not None
        self._carried += 1
        try:
            outcome = await self._converse(self._wire, envelope, progress)
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

    async def _converse(self, wire: Wire, envelope: _Envelope, progress: Progress) -> Outcome:
        """Go through the commands of one message."""
        if refused := await self._announce(wire, envelope, progress):
            return refused
        progress.step = Step.BODY
        await wire.write_out(envelope.body)
        # From here on the server may have all of it: only its answer can tell.
        progress.step = Step.ANSWER
        wire.end_message()
        reply = await wire.reply()
        return judge(Step.ANSWER, reply.code, reply.message)

    async def _announce(
        self, wire: Wire, envelope: _Envelope, progress: Progress
    ) -> Outcome | None:
        """Have the server ready for the message; if it is not, return the first refusal.

        The commands go at once where the server takes them so. It answers each of them all the
        same, and DATA even if it has refused what came before.
        """
        size = f" SIZE={len(envelope.body)}" if wire.tells_size else ""
        steps = (
            (Step.SENDER, f"MAIL FROM:<{envelope.sender}>{size}", 2),
            (Step.RECIPIENT, f"RCPT TO:<{envelope.recipient}>", 2),
            (Step.DATA, "DATA", 3),
        )
        if wire.pipelines:
            wire.send(*(command for _, command, _ in steps))
        for number, (step, command, wanted) in enumerate(steps, 1):
            progress.step = step
            if not wire.pipelines:
                wire.send(command)
            reply = await wire.reply()
            if reply.code // 100 != wanted:
                if wire.pipelines:
                    await self._hear_out(wire, len(steps) - number)
                return judge(step, reply.code, reply.message)
        return None

    async def _hear_out(self, wire: Wire, count: int) -> None:
        """Take the answers to commands that went out with one that was refused.

        A server that waits for the message all the same gets none: an end at once (RFC 2920 3.1),
        of a message that names no recipient or that it refused already.
        """
        try:
            replies = [await wire.reply() for _ in range(count)]
            if replies and replies[-1].code == _GO_ON:
                wire.end_message()
                await wire.reply()
        except BROKEN:
            self._drop()

    async def _leave(self) -> None:
        """Say goodbye and close; a server that does not answer changes nothing."""
        if self._wire is not None and self._wire.is_open:
            with contextlib.suppress(*BROKEN):
                async with asyncio.timeout(QUIT_SECONDS if self._hurried is None else 1.0):
                    await self._wire.ask("QUIT")
        self._drop()

    def _drop(self) -> None:
        """Close without a word."""
        if self._wire is not None:
            self._wire.cut()
        self._wire = None
        self._carried = 0


def _is_refusal(outcome: Outcome) -> bool:
    """Tell whether the server said no in order, so that its connection can be kept."""
    return outcome.code is not None and outcome.code // 100 in (4, 5) and outcome.code != 421
