"""The postman: writes letters about subscriptions and hands them to the channel.

What a letter says is made when it is sent, so no link waits in the database. A letter that could
not be handed over is tried again, like an edition; one that nobody needs any more is not sent.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from digest.delivery import Channel, Outcome, OutcomeKind, Parcel, Session
from digest.errors import DeliveryError, DigestError
from digest.links import Linker
from digest.models import DeliveryState, Format, Letter, LetterKind, Subscriber
from digest.rendering import LetterWriter
from digest.store import Store
from digest.subscriptions.desk import LINK_LASTS

_BACKOFF = (1, 5, 15, 60, 240)  # minutes, by the number of attempts made before
_FRESH = timedelta(hours=24)  # later nobody waits for it any more
_LEASE = timedelta(minutes=5)
_EVERY = 60.0  # seconds between two looks for letters that are to be tried again

_STATES = {
    OutcomeKind.SENT: DeliveryState.SENT,
    OutcomeKind.DEFERRED: DeliveryState.DEFERRED,
    OutcomeKind.FAILED: DeliveryState.FAILED,
    # The answer was lost. A second letter does no harm.
    OutcomeKind.UNKNOWN: DeliveryState.DEFERRED,
}

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class PostReport:
    """What a round did; `problem`: why the channel is out of order."""

    sent: int = 0
    others: int = 0
    problem: str = ""


class Postman:
    """Sends the letters that are due.

    Args:
        store: where they wait.
        linker: makes the links in them.
        writer: writes them.
        channel: the way out.
        clock: gives the present instant, aware, in UTC.
        tidy: is called once in a while, to forget what is old.
    """

    def __init__(
        self,
        store: Store,
        *,
        linker: Linker,
        writer: LetterWriter,
        channel: Channel,
        clock: Callable[[], datetime],
        tidy: Callable[[datetime], None] = lambda now: None,
    ) -> None:
        self._store = store
        self._linker = linker
        self._writer = writer
        self._channel = channel
        self._clock = clock
        self._tidy = tidy
        self._wanted = asyncio.Event()

    def call(self) -> None:
        """Say that there is a letter, so that it need not wait for the next round."""
        self._wanted.set()

    async def run(self, stopping: asyncio.Event) -> None:
        """Send what is due, at once when called and once a minute, until `stopping` is set."""
        asked = asyncio.create_task(stopping.wait())
        while not stopping.is_set():
            self._wanted.clear()
            try:
                report = await self.send_due()
                await asyncio.to_thread(self._tidy, self._clock())
                if report.problem:
                    log.warning("letters wait", error=report.problem)
            except DigestError as error:
                log.warning("letters wait", error=str(error))
            except Exception:
                log.exception("sending letters failed unexpectedly")
            called = asyncio.create_task(self._wanted.wait())
            await asyncio.wait({asked, called}, timeout=_EVERY, return_when="FIRST_COMPLETED")
            called.cancel()
            with suppress(asyncio.CancelledError):
                await called
        asked.cancel()

    async def send_due(self) -> PostReport:
        """Send all letters that are due now; each is committed before and after."""
        now = self._clock()
        await asyncio.to_thread(self._store.letters.expire, before=now - _FRESH, now=now)
        letter = await self._claim()
        if letter is None:
            return PostReport()
        sent = others = 0
        try:
            async with self._channel.session() as session:
                while letter is not None:
                    if await self._send(session, letter) is DeliveryState.SENT:
                        sent += 1
                    else:
                        others += 1
                    letter = await self._claim()
        except DeliveryError as error:
            if letter is not None:
                await self._settle(letter, DeliveryState.DEFERRED, str(error), tried=False)
            return PostReport(sent, others, str(error))
        return PostReport(sent, others)

    async def _claim(self) -> Letter | None:
        return await asyncio.to_thread(self._store.letters.claim, self._clock(), _LEASE)

    async def _send(self, session: Session, letter: Letter) -> DeliveryState:
        try:
            parcel = await asyncio.to_thread(self._parcel, letter)
        except DigestError as error:
            return await self._settle(letter, DeliveryState.FAILED, str(error))
        if parcel is None:
            told = "nobody waits for it any more"
            return await self._settle(letter, DeliveryState.EXPIRED, told)
        outcome = await session.deliver(parcel)
        if outcome.ours:
            raise DeliveryError(f"the mail server refuses our mail: {outcome.detail}")
        return await self._settle(letter, _state(outcome), outcome.detail)

    async def _settle(
        self, letter: Letter, state: DeliveryState, detail: str, *, tried: bool = True
    ) -> DeliveryState:
        now, next_try_at = self._clock(), None
        if state is DeliveryState.DEFERRED:
            minutes = _BACKOFF[min(letter.attempts, len(_BACKOFF) - 1)]
            next_try_at = now + timedelta(minutes=minutes)
        await asyncio.to_thread(
            self._store.letters.settle,
            letter.letter_id,
            state,
            detail,
            now,
            next_try_at=next_try_at,
            tried=tried,
        )
        return state

    def _parcel(self, letter: Letter) -> Parcel | None:
        """Write a letter; None: what it is about is over."""
        link = self._link(letter)
        if link is None:
            return None
        return Parcel(
            delivery_id=letter.letter_id,
            edition_id=None,
            subscriber_id=letter.subscriber_id or 0,
            address=letter.address,
            edition_date=letter.created_at.date(),
            composed_at=letter.created_at,
            format=Format.HTML,
            rendering=self._writer.write(letter.kind, letter.language, link),
            language=letter.language,
            bounce_token=f"letter{letter.letter_id}",
        )

    def _link(self, letter: Letter) -> str | None:
        """Return where a letter leads to; None: what it is about is over."""
        person = self._store.people.by_id(letter.subscriber_id or 0)
        signup = self._store.signups.get(letter.signup_id or 0)
        until = letter.created_at + LINK_LASTS
        match letter.kind:
            case LetterKind.CONFIRM:
                return self._linker.confirm(signup.signup_id, until) if signup else None
            case LetterKind.READDRESS:
                if signup is None or person is None:
                    return None
                return self._linker.readdress(person, signup.signup_id, until)
            case LetterKind.LINKS:
                return self._of(person)
            case LetterKind.MOVED:
                return ""

    def _of(self, person: Subscriber | None) -> str | None:
        return self._linker.manage(person) if person else None


def _state(outcome: Outcome) -> DeliveryState:
    return _STATES[outcome.kind]
