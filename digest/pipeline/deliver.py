"""Deliver one shard: compose what is missing, then render and hand over, one by one.

A delivery is committed as `transmitting` before its mail is handed over, and its outcome is
committed before the next one on that connection starts. So whatever dies in between leaves
at most one unknown outcome a connection, and the ledger knows which.
"""

import asyncio
import random
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import structlog

from digest.delivery import Channel, Outcome, OutcomeKind, Parcel, Session
from digest.errors import DeliveryError, DigestError
from digest.links import Linker
from digest.models import Delivery, DeliveryState, Edition, Subscriber
from digest.pipeline.editions import Day
from digest.rendering import Renderer
from digest.store import Composed, History, Policy, Settlement, Shard, Store

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
        problems: one line each, with the address.
        broken: why a channel is out of order; its deliveries stay queued.
        lost: another worker owns the shard now; nothing more was written.
    """

    problems: list[str] = field(default_factory=list)
    broken: DeliveryError | None = None
    lost: bool = False

    @property
    def over(self) -> bool:
        """Whether to stop."""
        return self.broken is not None or self.lost


@dataclass(slots=True)
class _Todo:
    """One delivery to be made, with all that is needed for it."""

    delivery: Delivery
    subscriber: Subscriber
    edition: Edition


class ShardWorker:
    """Delivers shards that it has leased.

    Args:
        store: the ledger, the editions and the people.
        owner: the name under which the shards are leased.
        renderer: editions to mails.
        channels: by name; a delivery names its channel.
        linker: makes each reader's own links.
        unknown: what to do when the answer to a mail was lost: ``hold`` or ``resend``.
        lease: how long a shard is ours without a sign of life.
        clock: gives the present instant, aware, in UTC.
        stopping: set when nothing more is to be started.
    """

    def __init__(
        self,
        store: Store,
        owner: str,
        *,
        renderer: Renderer,
        channels: Mapping[str, Channel],
        linker: Linker,
        unknown: Policy,
        lease: timedelta,
        clock: Callable[[], datetime],
        stopping: asyncio.Event,
    ) -> None:
        self._store = store
        self._owner = owner
        self._renderer = renderer
        self._channels = channels
        self._linker = linker
        self._unknown = unknown
        self._lease = lease
        self._clock = clock
        self._stopping = stopping

    async def deliver(self, shard: Shard, day: Day) -> ShardReport:
        """Deliver what is due in a leased shard, and give up the lease."""
        report = ShardReport()
        try:
            todo = await asyncio.to_thread(self._compose, shard, day, report)
            for name in dict.fromkeys(item.delivery.channel for item in todo):
                mine = [item for item in todo if item.delivery.channel == name]
                await self._deliver_by(name, shard, mine, report)
        finally:
            self._store.deliveries.release(shard, self._owner)
        return report

    # ------------------------------------------------------------ before anything is sent

    def _compose(self, shard: Shard, day: Day, report: ShardReport) -> list[_Todo]:
        """Commit the shard's missing editions; return all that is to be sent."""
        ledger = self._store.deliveries
        waiting = ledger.shard_deliveries(shard.shard_id, self._clock())
        missing = [(d, who) for d, who in waiting if d.edition_id is None]
        composed, failed = self._compose_each(missing, day, report)
        written = ledger.save_editions(
            shard, self._owner, composed, now=self._clock(), lease=self._lease
        ) is not None and self._record(shard, failed, [])
        if not written:
            report.lost = True
            return []
        rows = ledger.shard_deliveries(shard.shard_id, self._clock())
        editions = self._store.editions.by_ids(d.edition_id for d, _ in rows if d.edition_id)
        return [
            _Todo(delivery, person, editions[delivery.edition_id])
            for delivery, person in rows
            if delivery.edition_id in editions
        ]

    def _compose_each(
        self, missing: Sequence[tuple[Delivery, Subscriber]], day: Day, report: ShardReport
    ) -> tuple[list[Composed], list[Settlement]]:
        """Compose editions; one that cannot be composed costs only itself."""
        people = {who.subscriber_id for _, who in missing}
        history = self._store.editions.history(people, since=day.since)
        answers = self._store.answers.of(people)
        composed: list[Composed] = []
        failed: list[Settlement] = []
        made: dict[tuple[int, date], Edition] = {}
        for delivery, person in missing:
            who = person.subscriber_id
            try:
                # Two channels carry the same edition; two days caught up share no paper.
                edition = made.get((who, delivery.edition_date)) or day.edition(
                    person.profile,
                    delivery.edition_date,
                    since=history[who].cut,
                    sent=history[who].sent_papers,
                    answers=answers.get(who, ()),
                )
            except Exception as error:
                if not isinstance(error, DigestError):
                    log.exception("composing failed", delivery=delivery.delivery_id)
                told = f"the edition could not be composed: {error}"
                failed.append(self._failed(delivery, person, told, report))
                continue
            made[who, delivery.edition_date] = edition
            now_sent = history[who].sent_papers.union(p.paper.paper_id for p in edition.papers)
            history[who] = History(now_sent, edition.composed_at)
            silent = not (edition.papers or person.profile.send_empty)
            composed.append(Composed(delivery.delivery_id, edition, silent))
        return composed, failed

    # ------------------------------------------------------------ one by one

    async def _deliver_by(
        self, name: str, shard: Shard, todo: Sequence[_Todo], report: ShardReport
    ) -> None:
        """Deliver over one channel, with as many connections as it allows."""
        channel = self._channels.get(name)
        if channel is None:
            told = f"the channel {name} is not in the settings any more"
            gone = [self._failed(t.delivery, t.subscriber, told, report) for t in todo]
            await self._advance(shard, gone, [], report)
            return
        # Another channel that broke down before does not keep this one from working.
        mine = ShardReport(report.problems)
        queue = deque(todo)
        lanes = min(channel.connections, len(queue))
        await asyncio.gather(*(self._lane(channel, shard, queue, mine) for _ in range(lanes)))
        report.broken = report.broken or mine.broken
        report.lost = report.lost or mine.lost

    async def _lane(
        self, channel: Channel, shard: Shard, queue: deque[_Todo], report: ShardReport
    ) -> None:
        """Deliver over one connection until nothing is left."""
        settled: list[Settlement] = []
        try:
            async with channel.session() as session:
                while queue and not report.over and not self._stopping.is_set():
                    todo = queue.popleft()
                    parcel = self._parcel(todo, report)
                    if isinstance(parcel, Settlement):
                        settled.append(parcel)
                        continue
                    start = [todo.delivery.delivery_id]
                    done, settled = settled, []
                    if not await self._advance(shard, done, start, report):
                        return
                    settled = [await self._hand_over(session, todo, parcel, report)]
        except DeliveryError as error:
            report.broken = error
        finally:
            if settled:
                await self._advance(shard, settled, [], report)

    async def _hand_over(
        self, session: Session, todo: _Todo, parcel: Parcel, report: ShardReport
    ) -> Settlement:
        """Hand one parcel to the channel and say what became of it."""
        try:
            outcome = await session.deliver(parcel)
        except DeliveryError as error:
            # Nothing went out, and it is not this subscriber's fault: it stays queued.
            report.broken = error
            return Settlement(todo.delivery.delivery_id, DeliveryState.QUEUED, str(error))
        if outcome.kind is not OutcomeKind.SENT:
            report.problems.append(f"{parcel.address}: {outcome.detail}")
        if outcome.ours:
            report.broken = DeliveryError(
                f"the mail server refuses our mail: {outcome.detail}; stopped, so that no more"
                " is refused: check `sender` and what the server allows"
            )
        return self._settlement(todo.delivery, outcome)

    def _settlement(self, delivery: Delivery, outcome: Outcome) -> Settlement:
        state, next_try_at = _STATES[outcome.kind], None
        if outcome.ours:
            state = DeliveryState.QUEUED
        elif state is DeliveryState.UNKNOWN and self._unknown == "resend":
            state = DeliveryState.DEFERRED
        if state is DeliveryState.DEFERRED:
            minutes = _BACKOFF[min(delivery.attempts, len(_BACKOFF) - 1)]
            jitter = random.uniform(0.8, 1.2)  # noqa: S311 - spreads retries, guards nothing
            next_try_at = self._clock() + timedelta(minutes=minutes * jitter)
        return Settlement(delivery.delivery_id, state, outcome.detail, next_try_at)

    def _parcel(self, todo: _Todo, report: ShardReport) -> Parcel | Settlement:
        """Return the rendered parcel; or how the delivery ends, if it cannot be rendered."""
        delivery, person, edition = todo.delivery, todo.subscriber, todo.edition
        try:
            links = self._linker.for_edition(person, delivery.edition_id, edition)
            rendering = self._renderer.render(edition, links)
        except Exception as error:
            if not isinstance(error, DigestError):
                log.exception("rendering failed", delivery=delivery.delivery_id)
            told = f"the edition could not be rendered: {error}"
            return self._failed(delivery, person, told, report)
        return Parcel(
            delivery_id=delivery.delivery_id,
            edition_id=delivery.edition_id,
            subscriber_id=person.subscriber_id,
            address=person.address,
            edition_date=delivery.edition_date,
            composed_at=edition.composed_at,
            language=edition.language,
            format=person.profile.format,
            rendering=rendering,
            unsubscribe_url=self._linker.unsubscribe(person),
            unsubscribe_token=self._linker.unsubscribe_token(person),
        )

    def _failed(
        self, delivery: Delivery, person: Subscriber, told: str, report: ShardReport
    ) -> Settlement:
        report.problems.append(f"{person.address}: {told}")
        return Settlement(delivery.delivery_id, DeliveryState.FAILED, told)

    async def _advance(
        self,
        shard: Shard,
        settled: Sequence[Settlement],
        starting: Sequence[int],
        report: ShardReport,
    ) -> bool:
        """Commit outcomes and the next start; False when the shard is another worker's now."""
        ours = await asyncio.to_thread(self._record, shard, settled, starting)
        if not ours:
            report.lost = True
            log.warning("lease lost", shard=shard.shard_id)
        return ours

    def _record(self, shard: Shard, settled: Sequence[Settlement], starting: Sequence[int]) -> bool:
        return self._store.deliveries.advance(
            shard,
            self._owner,
            settled=settled,
            starting=starting,
            now=self._clock(),
            lease=self._lease,
        )
