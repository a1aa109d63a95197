"""Lanes: hand the parcels of one shard over by one channel, over several connections at once.

A delivery is committed as `transmitting` before its mail is handed over, and its outcome is
committed before the next one on that connection starts. So whatever dies in between leaves
at most one unknown outcome a connection, and the ledger knows which.
"""

import asyncio
import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from digest.delivery import Channel, Outcome, OutcomeKind, Parcel, Session
from digest.errors import DeliveryError, StoreError
from digest.models import Delivery, DeliveryState, Edition, Subscriber
from digest.pipeline.breaker import Breaker
from digest.pipeline.halting import Halt
from digest.pipeline.recorder import Recorder
from digest.store import Policy, Settlement, Store, Wait

# Minutes until a deferred delivery is tried again, by the number of attempts made before.
_BACKOFF = (1, 5, 15, 60, 240)

_STATES = {
    OutcomeKind.SENT: DeliveryState.SENT,
    OutcomeKind.DEFERRED: DeliveryState.DEFERRED,
    OutcomeKind.FAILED: DeliveryState.FAILED,
    OutcomeKind.UNKNOWN: DeliveryState.UNKNOWN,
}

log = structlog.get_logger()


@dataclass(slots=True)
class ShardReport:
    """What became of a shard.

    Attributes:
        run_id: the run it belongs to.
        settled: how many deliveries this worker decided on.
        problems: one line each, with the address.
        stopped: why a channel is not used any more for now, by channel; what goes by it waits.
        lost: another worker owns the shard now; nothing more was written.
        error: the database does not take what is to be written.
    """

    run_id: int
    settled: int = 0
    problems: list[str] = field(default_factory=list)
    stopped: dict[str, str] = field(default_factory=dict)
    lost: bool = False
    error: StoreError | None = None


@dataclass(frozen=True, slots=True)
class SendOptions:
    """How deliveries are handed over.

    Attributes:
        unknown: what to do when the answer to a mail was lost: ``hold`` or ``resend``.
        freshness: how late an edition may still be sent.
        retry_pause: how long to wait after a failed connection; twice as long after the next.
    """

    unknown: Policy = "hold"
    freshness: timedelta = timedelta(hours=6)
    retry_pause: timedelta = timedelta(seconds=1)


@dataclass(slots=True)
class Todo:
    """One delivery to be made, with all that is needed for it.

    Attributes:
        not_before: a rate limit holds it back until then.
    """

    delivery: Delivery
    subscriber: Subscriber
    edition: Edition
    not_before: datetime | None = None


class Lanes:
    """Delivers parts of one shard by one channel.

    Args:
        store: counts against rate limits.
        channel: the way out.
        breaker: of that channel.
        recorder: of that shard.
        report: what is told of the shard.
        render: makes the parcel of a delivery, or says how the delivery ends without one.
        options: how deliveries are handed over.
        patience: how long a rate limit may hold up the work; None: as long as it takes.
        clock: gives the present instant, aware, in UTC.
        halt: whether to stop.
    """

    def __init__(
        self,
        store: Store,
        channel: Channel,
        breaker: Breaker,
        recorder: Recorder,
        report: ShardReport,
        *,
        render: Callable[[Todo], Parcel | Settlement],
        options: SendOptions,
        patience: timedelta | None,
        clock: Callable[[], datetime],
        halt: Halt,
    ) -> None:
        self._rates = store.rates
        self._channel = channel
        self._breaker = breaker
        self._recorder = recorder
        self._report = report
        self._render = render
        self._options = options
        self._patience = patience
        self._clock = clock
        self._halt = halt
        self._queue: deque[Todo] = deque()
        self._open_at: datetime | None = None  # the channel's own rate limit is used up until then
        self._failures = 0

    async def deliver(self, todo: Sequence[Todo]) -> None:
        """Deliver over as many connections as the channel allows."""
        self._queue.extend(todo)
        lanes = min(self._channel.connections, len(todo))
        await asyncio.gather(*(self._lane() for _ in range(lanes)))

    @property
    def _over(self) -> bool:
        report = self._report
        stopped = self._channel.name in report.stopped
        return stopped or report.lost or report.error is not None or self._halt.asked

    async def _lane(self) -> None:
        """Deliver over one connection until nothing is left."""
        settled: list[Settlement] = []
        try:
            async with self._channel.session() as session:
                with self._halt.watched(session):
                    while not self._over and (todo := await self._next(settled)):
                        await self._one(session, todo, settled)
                    await self._commit(settled)  # before saying goodbye, which may take long
        except DeliveryError as error:
            self._stop(error)
        finally:
            await self._commit(settled)

    async def _one(self, session: Session, todo: Todo, settled: list[Settlement]) -> None:
        """Make one delivery; `settled` holds what is to be committed before it starts."""
        parcel = self._render(todo)
        if isinstance(parcel, Settlement):
            settled.append(parcel)
            return
        rates = self._channel.limits(parcel.address)
        if rates and (wait := await asyncio.to_thread(self._rates.take, rates, self._clock())):
            self._hold_back(todo, wait)
            return
        if await self._commit(settled, todo):
            settled.append(await self._hand_over(session, todo, parcel))

    async def _commit(self, settled: list[Settlement], start: Todo | None = None) -> bool:
        """Commit outcomes and what starts next; tell whether it may start."""
        if not settled and start is None:
            return False
        done, settled[:] = tuple(settled), ()
        starting = [start.delivery.delivery_id] if start else []
        try:
            advanced = await self._recorder.advance(done, starting)
        except StoreError as error:
            self._report.error = error
            for item in done:
                log.warning(
                    "outcome not recorded", delivery=item.delivery_id, state=item.state.value
                )
                self._report.problems.append(
                    f"delivery {item.delivery_id} is {item.state} ({item.detail}), and that could"
                    " not be recorded"
                )
            return False
        if advanced is None:
            self._report.lost = True
            log.warning("lease lost", run=self._report.run_id)
            return False
        self._report.settled += len(done)
        return start is not None and start.delivery.delivery_id in advanced.started

    # ------------------------------------------------------------ which is next

    async def _next(self, settled: list[Settlement]) -> Todo | None:
        """Return what may be delivered now, as soon as something may; None: nothing is left."""
        while not self._over and self._queue:
            now = self._clock()
            if self._open_at is None or self._open_at <= now:
                for _ in range(len(self._queue)):
                    todo = self._queue.popleft()
                    if self._is_stale(todo.delivery, now):
                        told = "it could not be sent in time"
                        settled.append(self._settled(todo, DeliveryState.EXPIRED, told))
                    elif todo.not_before is None or todo.not_before <= now:
                        return todo
                    else:
                        self._queue.append(todo)
            await self._commit(settled)
            await self._wait(now, settled)
        return None

    async def _wait(self, now: datetime, settled: list[Settlement]) -> None:
        """Wait until a rate limit lets something go, or put all of it off."""
        held = [todo.not_before for todo in self._queue if todo.not_before]
        until = self._open_at or min(held, default=now)
        if self._patience is None or until - now <= self._patience:
            # Not in one go: another clock than this process's may be set.
            await self._halt.sleep(min(max((until - now).total_seconds(), 0.01), 5.0))
        elif self._open_at:
            self._report.stopped[self._channel.name] = (
                f"{self._channel.name}: the rate limit is used up until {until:%H:%M} UTC;"
                f" {len(self._queue)} of this shard wait"
            )
        else:
            while self._queue:
                todo = self._queue.popleft()
                held_until = todo.not_before or until
                settled.append(
                    self._settled(todo, DeliveryState.DEFERRED, "held back by a rate limit",
                                  held_until)
                )  # fmt: skip

    def _hold_back(self, todo: Todo, wait: Wait) -> None:
        """Put a delivery back that a rate limit does not let go yet."""
        if wait.rate.domain:
            todo.not_before = wait.until
            self._queue.append(todo)
        else:
            self._open_at = wait.until
            self._queue.appendleft(todo)

    def _is_stale(self, delivery: Delivery, now: datetime) -> bool:
        planned_at = delivery.planned_at
        return planned_at is not None and planned_at <= now - self._options.freshness

    # ------------------------------------------------------------ what became of it

    async def _hand_over(self, session: Session, todo: Todo, parcel: Parcel) -> Settlement:
        """Hand one parcel to the channel and say what became of it."""
        try:
            outcome = await session.deliver(parcel)
        except DeliveryError as error:
            # Nothing went out, and it is not this subscriber's fault: it stays queued.
            await self._failed(error, todo)
            return self._settled(todo, DeliveryState.QUEUED, str(error))
        except Exception as error:  # ours, and it cannot be told how far it came
            log.exception("handing over failed", delivery=todo.delivery.delivery_id)
            outcome = Outcome(OutcomeKind.UNKNOWN, f"it broke unexpectedly: {error!r}")
        if outcome.kind is OutcomeKind.SENT:
            self._failures = 0
            self._breaker.worked()
        else:
            self._report.problems.append(f"{parcel.address}: {outcome.detail}")
            self._note(outcome)
        return self._settlement(todo, outcome)

    async def _failed(self, error: DeliveryError, todo: Todo) -> None:
        """Try again after a little while, or leave the channel alone."""
        if self._halt.asked:
            return
        if over := self._breaker.failed(error):
            self._stop(over)
            return
        pause = self._options.retry_pause.total_seconds() * 2**self._failures
        self._failures += 1
        log.info("channel failed", channel=self._channel.name, error=str(error))
        await self._halt.sleep(pause * random.uniform(0.8, 1.2))  # noqa: S311 - guards nothing
        self._queue.appendleft(todo)

    def _note(self, outcome: Outcome) -> None:
        """Tell the breaker of an outcome that is no success."""
        over = None
        if outcome.ours and outcome.kind is OutcomeKind.DEFERRED:
            told = f"the mail server takes no mail from us for now: {outcome.detail}"
            over = self._breaker.failed(DeliveryError(told))
        elif outcome.ours:
            over = self._breaker.refused(outcome)
        elif outcome.code is None and outcome.kind is not OutcomeKind.FAILED:
            over = self._breaker.failed(DeliveryError(outcome.detail))  # it broke, midway
        else:
            self._breaker.answered()
        if over:
            self._stop(over)

    def _stop(self, error: DeliveryError) -> None:
        self._report.stopped.setdefault(self._channel.name, str(error))

    def _settlement(self, todo: Todo, outcome: Outcome) -> Settlement:
        state, next_try_at = _STATES[outcome.kind], None
        if outcome.policy:
            state = DeliveryState.DEFERRED
        elif outcome.ours:
            state = DeliveryState.QUEUED
        elif state is DeliveryState.UNKNOWN and (
            self._channel.repeatable or self._options.unknown == "resend"
        ):
            state = DeliveryState.DEFERRED
        if state is DeliveryState.DEFERRED:
            minutes = _BACKOFF[min(todo.delivery.attempts, len(_BACKOFF) - 1)]
            jitter = random.uniform(0.8, 1.2)  # noqa: S311 - spreads retries, guards nothing
            next_try_at = self._clock() + timedelta(minutes=minutes * jitter)
        return self._settled(todo, state, outcome.detail, next_try_at, suppress=outcome.gone)

    @staticmethod
    def _settled(
        todo: Todo,
        state: DeliveryState,
        detail: str,
        next_try_at: datetime | None = None,
        *,
        suppress: bool = False,
    ) -> Settlement:
        return Settlement(todo.delivery.delivery_id, state, detail, next_try_at, suppress=suppress)
