"""Publish: plan what is due, then deliver shard after shard, with the ledger ahead of the mail."""

import asyncio
import os
import secrets
import socket
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import structlog

from digest.delivery import Channel
from digest.links import Linker
from digest.models import DeliveryState
from digest.pipeline.deliver import ShardWorker
from digest.pipeline.editions import Day, EditionOptions
from digest.rendering import Renderer
from digest.sources.base import Feed
from digest.store import Due, Policy, Store

# States in which a delivery has come to the end that was meant.
_FINE = {DeliveryState.SENT, DeliveryState.SILENT, DeliveryState.SUPPRESSED}


log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class PublishOptions:
    """How deliveries are made.

    Attributes:
        unknown: what to do with an outcome that was lost: ``hold`` (the next edition carries
            the papers again) or ``resend`` (the same mail with the same Message-ID).
        freshness: how late an edition may still be sent.
        lease: how long a worker owns a shard without a sign of life.
        refresh_limit: how long to wait for fresh counts; at most half a lease.
        linker: makes each reader's own links.
    """

    unknown: Policy = "hold"
    freshness: timedelta = timedelta(hours=6)
    lease: timedelta = timedelta(minutes=5)
    refresh_limit: timedelta = timedelta(seconds=60)
    linker: Linker = field(default_factory=Linker)


@dataclass(frozen=True, slots=True)
class PublishReport:
    """What a run did.

    Attributes:
        planned: deliveries that this run put into the ledger.
        states: how many of the deliveries it had to do with stand in which state.
        unknown: deliveries whose outcome an earlier crash left unknown.
        problems: one line each, with the address.
    """

    planned: int
    states: Mapping[DeliveryState, int]
    unknown: int = 0
    problems: tuple[str, ...] = ()

    @property
    def total(self) -> int:
        """The number of deliveries; the states sum to it."""
        return sum(self.states.values())

    @property
    def sent(self) -> int:
        """How many the channels accepted."""
        return self.states.get(DeliveryState.SENT, 0)

    @property
    def unfinished(self) -> int:
        """Deliveries that have not come to the end that was meant."""
        return sum(count for state, count in self.states.items() if state not in _FINE)


class Publisher:
    """Plans and delivers editions.

    Args:
        store: the ledger, the papers and the people.
        renderer: editions to mails.
        channels: by name; a delivery names its channel.
        feeds: the feeds in use, whose health stands in editions.
        options: how deliveries are made.
        edition_options: what editions may draw on.
        clock: gives the present instant, aware, in UTC.
        refresh: reads counts again that are too old to be shown; it may fail or take too long.
    """

    def __init__(
        self,
        store: Store,
        *,
        renderer: Renderer,
        channels: Mapping[str, Channel],
        feeds: Sequence[Feed],
        options: PublishOptions,
        edition_options: EditionOptions,
        clock: Callable[[], datetime],
        refresh: Callable[[], Coroutine[object, object, None]] | None = None,
    ) -> None:
        self._store = store
        self._channels = tuple(channels)
        self._feeds = feeds
        self._options = options
        self._edition_options = edition_options
        self._clock = clock
        self._refresh = refresh
        self._owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._stopping = asyncio.Event()
        self._worker = ShardWorker(
            store,
            self._owner,
            renderer=renderer,
            channels=channels,
            linker=options.linker,
            unknown=options.unknown,
            lease=options.lease,
            clock=clock,
            stopping=self._stopping,
        )

    def stop(self) -> None:
        """Ask for an end after the mails that are on their way."""
        self._stopping.set()

    async def publish(
        self, *, edition_date: date | None = None, only: str | None = None, on_time: bool = False
    ) -> PublishReport:
        """Plan what is due and deliver it. Running it twice delivers nothing twice.

        Args:
            edition_date: this day's editions; None: today's, in each subscriber's zone.
            only: the address of one subscriber; None: all.
            on_time: only editions whose send time has come and is not longer ago than the
                freshness limit.
        """
        now = self._clock()
        ledger, runs = self._store.deliveries, self._store.runs
        lost = ledger.recover(now, self._options.unknown)
        ledger.expire(now, self._options.freshness)
        due = self._due(now, edition_date, only, on_time)
        run_id = runs.start("publish", now)
        planned = ledger.plan(run_id, due, channels=self._channels, now=now, only=only)
        problems = [
            f"delivery {d.delivery_id} of {d.edition_date}: the outcome is unknown, since the"
            " program stopped while it was sent"
            for d in lost
        ]
        touched = await self._deliver_all(problems)
        report = PublishReport(
            planned, self._states(touched | {run_id}), len(lost), tuple(problems)
        )
        if report.total or problems:
            told = {s.value: count for s, count in report.states.items() if count}
            runs.finish(run_id, self._clock(), {"states": told, "problems": problems[:100]})
        else:
            # There are 1,440 ticks a day, and most find nothing to do.
            runs.forget(run_id)
        return report

    def _due(
        self, now: datetime, edition_date: date | None, only: str | None, on_time: bool
    ) -> list[Due]:
        due: list[Due] = []
        for schedule in self._store.people.schedules():
            if edition_date:
                dates = [edition_date]
            elif on_time:
                dates = schedule.due_dates(now, self._options.freshness)
            else:
                today = schedule.local_date(now)
                dates = [today] if only or today.weekday() in schedule.weekdays else []
            due += (Due(schedule, day) for day in dates)
        return due

    async def _deliver_all(self, problems: list[str]) -> set[int]:
        """Deliver shard after shard; return the runs they belong to."""
        touched: set[int] = set()
        day: Day | None = None
        while not self._stopping.is_set():
            now = self._clock()
            shard = self._store.deliveries.claim(self._owner, now, self._options.lease)
            if shard is None:
                break
            touched.add(shard.run_id)
            try:
                day = day or await self._prepared()
            except BaseException:
                self._store.deliveries.release(shard, self._owner)
                raise
            report = await self._worker.deliver(shard, day)
            problems += report.problems
            if report.broken:
                problems.append(str(report.broken))
                break
        return touched

    async def _prepared(self) -> Day:
        """Return the candidates of this instant, with fresh counts where they can be had."""
        await self._refresh_counts()
        return await asyncio.to_thread(
            Day, self._store, self._feeds, self._edition_options, self._clock()
        )

    async def _refresh_counts(self) -> None:
        """Read counts again, but not for long: no mail waits for a slow source, and no end."""
        if self._refresh is None:
            return
        limit = min(self._options.refresh_limit, self._options.lease / 2)
        refreshing = asyncio.create_task(self._refresh())
        stopping = asyncio.create_task(self._stopping.wait())
        both = refreshing, stopping
        try:
            await asyncio.wait(both, timeout=limit.total_seconds(), return_when="FIRST_COMPLETED")
        finally:
            for task in both:
                task.cancel()
            ended, _ = await asyncio.gather(*both, return_exceptions=True)
        if isinstance(ended, BaseException) and not self._stopping.is_set():
            why = str(ended) or f"not done after {limit.total_seconds():g} s"
            log.warning("editions show the counts of the last collection", error=why)

    def _states(self, run_ids: Iterable[int]) -> Counter[DeliveryState]:
        states: Counter[DeliveryState] = Counter()
        for run_id in run_ids:
            states.update(self._store.deliveries.balance(run_id).states)
        return states
