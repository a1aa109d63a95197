"""Deliver one shard: compose what is missing, then render and hand over, one by one.

This is what every engine calls: tasks of this process, or a queue's workers on other machines.
All they are told is which shard of which run; whether there is anything to do is asked of the
ledger, so a hint that is lost, late or doubled does no harm.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

import structlog

from digest.delivery import Channel, Parcel
from digest.errors import DigestError, StoreError
from digest.links import Linker
from digest.models import Delivery, DeliveryState, Edition, Subscriber
from digest.pipeline.breaker import Breaker
from digest.pipeline.editions import Day
from digest.pipeline.halting import Halt
from digest.pipeline.lanes import Lanes, SendOptions, ShardReport, Todo
from digest.pipeline.recorder import Recorder
from digest.rendering import Renderer
from digest.store import Composed, History, Settlement, Shard, Store, Stored

# Editions that are stored in one transaction: whoever else wants to write waits for so long.
_AT_ONCE = 20

log = structlog.get_logger()


class ShardWorker:
    """Delivers shards that it has leased; several at once if asked to.

    Args:
        store: the ledger, the editions and the people.
        owner: the name under which the shards are leased.
        renderer: editions to mails.
        channels: by name; a delivery names its channel.
        breakers: of the channels, by name.
        linker: makes each reader's own links.
        options: how deliveries are handed over.
        lease: how long a shard is ours without a sign of life.
        clock: gives the present instant, aware, in UTC.
        halt: whether to stop.
    """

    def __init__(
        self,
        store: Store,
        owner: str,
        *,
        renderer: Renderer,
        channels: Mapping[str, Channel],
        breakers: Mapping[str, Breaker],
        linker: Linker,
        options: SendOptions,
        lease: timedelta,
        clock: Callable[[], datetime],
        halt: Halt,
    ) -> None:
        self._store = store
        self._owner = owner
        self._renderer = renderer
        self._channels = channels
        self._breakers = breakers
        self._linker = linker
        self._options = options
        self._lease = lease
        self._clock = clock
        self._halt = halt

    async def deliver(
        self,
        shard: Shard,
        day: Callable[[], Awaitable[Day]],
        *,
        without: Collection[str] = (),
        patience: timedelta | None = None,
    ) -> ShardReport:
        """Deliver what is due in a leased shard, and give up the lease.

        Args:
            shard: as it was claimed.
            day: gives the candidates; asked only if editions are still to be composed.
            without: channels that are out of order; what goes by them waits.
            patience: how long a rate limit may hold up the work; None: as long as it takes.
        """
        report = ShardReport(shard.run_id)
        recorder = Recorder(self._store, shard, self._owner, self._lease, self._clock)
        keeping = asyncio.create_task(recorder.keep())
        try:
            todo = await self._prepare(shard, day, without, recorder, report)
            for name in dict.fromkeys(item.delivery.channel for item in todo):
                mine = [item for item in todo if item.delivery.channel == name]
                if name in self._channels:
                    await self._lanes(name, recorder, report, patience).deliver(mine)
                else:
                    await self._give_up(name, mine, recorder, report)
        except StoreError as error:
            report.error = error
        finally:
            keeping.cancel()
            await recorder.end()
        return report

    def _lanes(
        self, name: str, recorder: Recorder, report: ShardReport, patience: timedelta | None
    ) -> Lanes:
        return Lanes(
            self._store,
            self._channels[name],
            self._breakers[name],
            recorder,
            report,
            render=lambda todo: self._parcel(todo, report),
            options=self._options,
            patience=patience,
            clock=self._clock,
            halt=self._halt,
        )

    async def _give_up(
        self, name: str, todo: Sequence[Todo], recorder: Recorder, report: ShardReport
    ) -> None:
        """End deliveries by a channel that is not there any more."""
        told = f"the channel {name} is not in the settings any more"
        gone = [_failed(item.delivery, item.subscriber, told, report) for item in todo]
        report.lost = await recorder.advance(gone) is None
        report.settled += len(gone)

    # ------------------------------------------------------------ before anything is sent

    async def _prepare(
        self,
        shard: Shard,
        day: Callable[[], Awaitable[Day]],
        without: Collection[str],
        recorder: Recorder,
        report: ShardReport,
    ) -> list[Todo]:
        """Commit the shard's missing editions; return all that is to be sent."""
        waiting = await asyncio.to_thread(
            self._store.deliveries.shard_deliveries, shard.shard_id, self._clock(), without
        )
        ready = _Ready(waiting)
        missing = [(d, who) for d, who in waiting if d.edition_id is None]
        if missing:
            portions = self._compose(missing, await day(), report)
            while portion := await asyncio.to_thread(next, portions, None):
                composed, failed = portion
                stored = await asyncio.to_thread(
                    self._store.deliveries.save_editions, shard, self._owner, composed,
                    now=self._clock(), lease=self._lease,
                )  # fmt: skip
                if stored is None or (failed and await recorder.advance(failed) is None):
                    report.lost = True
                    return []
                report.settled += len(failed) + sum(item.silent for item in composed)
                ready.add(composed, stored)
        await asyncio.to_thread(ready.read, self._store)
        return ready.todo()

    def _compose(
        self, missing: Sequence[tuple[Delivery, Subscriber]], day: Day, report: ShardReport
    ) -> Iterator[tuple[list[Composed], list[Settlement]]]:
        """Compose editions, some at a time; one that cannot be composed costs only itself."""
        making = _Making(self._store, day, missing)
        for start in range(0, len(missing), _AT_ONCE):
            composed: list[Composed] = []
            failed: list[Settlement] = []
            for delivery, person in missing[start : start + _AT_ONCE]:
                if self._halt.asked:
                    break
                try:
                    edition = making.edition(delivery, person)
                except Exception as error:
                    if not isinstance(error, DigestError):
                        log.exception("composing failed", delivery=delivery.delivery_id)
                    told = f"the edition could not be composed: {error}"
                    failed.append(_failed(delivery, person, told, report))
                    continue
                silent = not (edition.papers or person.profile.send_empty)
                composed.append(Composed(delivery.delivery_id, edition, silent))
            if composed or failed:
                yield composed, failed

    def _parcel(self, todo: Todo, report: ShardReport) -> Parcel | Settlement:
        """Return the rendered parcel; or how the delivery ends, if it cannot be rendered."""
        delivery, person, edition = todo.delivery, todo.subscriber, todo.edition
        try:
            links = self._linker.for_edition(person, delivery.edition_id, edition)
            forms = self._channels[delivery.channel].forms(person.profile.format)
            rendering = self._renderer.render(edition, links, forms)
        except Exception as error:
            if not isinstance(error, DigestError):
                log.exception("rendering failed", delivery=delivery.delivery_id)
            told = f"the edition could not be rendered: {error}"
            return _failed(delivery, person, told, report)
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
            bounce_token=self._linker.bounce_token(person, delivery.delivery_id),
        )


class _Ready:
    """The editions of a shard that are to be sent, as they are stored.

    Args:
        waiting: the deliveries that are due, with their subscribers.
    """

    def __init__(self, waiting: Sequence[tuple[Delivery, Subscriber]]) -> None:
        self._waiting = waiting
        self._numbers = {d.delivery_id: d.edition_id for d, _ in waiting if d.edition_id}
        self._editions: dict[int, Edition] = {}

    def add(self, composed: Iterable[Composed], stored: Stored) -> None:
        """Take what was just stored as it was composed, so that it need not be read again."""
        for item in composed:
            number = stored.numbers.get(item.delivery_id)
            if number is not None and not item.silent:
                self._numbers[item.delivery_id] = number
                if number in stored.added:
                    self._editions[number] = item.edition

    def read(self, store: Store) -> None:
        """Read those that were stored earlier."""
        if earlier := set(self._numbers.values()) - self._editions.keys():
            self._editions |= store.editions.by_ids(earlier)

    def todo(self) -> list[Todo]:
        """Return what is to be sent, with its edition."""
        return [
            Todo(replace(delivery, edition_id=number), person, self._editions[number])
            for delivery, person in self._waiting
            if (number := self._numbers.get(delivery.delivery_id)) in self._editions
        ]


class _Making:
    """Makes the editions of a shard's readers, with what the store knows of them.

    Args:
        store: where that is.
        day: the candidates.
        missing: what is to be made.
    """

    def __init__(
        self, store: Store, day: Day, missing: Sequence[tuple[Delivery, Subscriber]]
    ) -> None:
        people = {who.subscriber_id for _, who in missing}
        self._day = day
        self._history = store.editions.history(people, since=day.since)
        self._answers = store.answers.of(people)
        self._received = store.editions.received(people, day.revised) if day.revised else {}
        self._made: dict[tuple[int, date], Edition] = {}
        try:
            day.gather((p.profile, self._answers.get(p.subscriber_id, ())) for _, p in missing)
        except Exception:
            # Whose profile it was shows when they are looked at one by one.
            log.exception("readers could not be looked at together")

    def edition(self, delivery: Delivery, person: Subscriber) -> Edition:
        """Return an edition; two channels carry the same, two days caught up share no paper."""
        who = person.subscriber_id
        before = self._history[who]
        edition = self._made.get((who, delivery.edition_date)) or self._day.edition(
            person.profile,
            delivery.edition_date,
            since=before.cut,
            sent=before.sent_papers,
            answers=self._answers.get(who, ()),
            received=self._received.get(who),
        )
        self._made[who, delivery.edition_date] = edition
        now_sent = before.sent_papers.union(p.paper.paper_id for p in edition.papers)
        self._history[who] = History(now_sent, edition.composed_at)
        self._received.pop(who, None)  # the news was told; later days need not
        return edition


def _failed(delivery: Delivery, person: Subscriber, told: str, report: ShardReport) -> Settlement:
    report.problems.append(f"{person.address}: {told}")
    return Settlement(delivery.delivery_id, DeliveryState.FAILED, told)
