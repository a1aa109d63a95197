"""Publish: plan what is due, then deliver shard after shard, with the ledger ahead of the mail."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import structlog

from digest.delivery import Channel
from digest.garbage import collector_paused, set_aside, take_back
from digest.links import Linker
from digest.models import Delivery, DeliveryState
from digest.pipeline.breaker import Breaker
from digest.pipeline.deliver import ShardWorker
from digest.pipeline.editions import Day, EditionOptions
from digest.pipeline.halting import Halt
from digest.pipeline.lanes import SendOptions, ShardReport
from digest.pipeline.owners import is_gone, new_owner
from digest.rendering import Renderer
from digest.sources.base import Feed
from digest.store import Due, Policy, Shard, ShardKey, Store

# States in which a delivery has come to the end that was meant.
_FINE = {DeliveryState.SENT, DeliveryState.SILENT, DeliveryState.SUPPRESSED}

# How long a run that is repeated every few minutes waits for a rate limit by itself.
_PATIENCE = timedelta(seconds=60)

# Past editions that are deleted at most each time something may be due.
_FORGOTTEN_AT_ONCE = 2_000

# How far back runs are looked for that workers have finished since; expiry ends them sooner.
_LOOKED_BACK = timedelta(days=7)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class PublishOptions:
    """How deliveries are made.

    Attributes:
        unknown: what to do with an outcome that was lost: ``hold`` (the next edition carries
            the papers again) or ``resend`` (the same mail with the same Message-ID).
        freshness: how late an edition may still be sent.
        lease: how long a worker owns a shard without a sign of life.
        retry_pause: how long to wait after a failed connection; twice as long after the next.
        day_age: how old the candidates may be that one process makes editions from.
        refresh_limit: how long to wait for fresh counts.
        keep_days: how long past editions are kept; 0: for ever.
        linker: makes each reader's own links.
    """

    unknown: Policy = "hold"
    freshness: timedelta = timedelta(hours=6)
    lease: timedelta = timedelta(minutes=2)
    retry_pause: timedelta = timedelta(seconds=1)
    day_age: timedelta = timedelta(minutes=10)
    refresh_limit: timedelta = timedelta(seconds=60)
    keep_days: int = 0
    linker: Linker = field(default_factory=Linker)


@dataclass(frozen=True, slots=True)
class PublishReport:
    """What a run did.

    Attributes:
        planned: deliveries that this run put into the ledger.
        states: how many of the deliveries it had to do with stand in which state.
        unknown: deliveries whose outcome an earlier crash left unknown.
        elsewhere: deliveries that another process is working on.
        handed_out: shards that workers were told of.
        problems: one line each, with the address.
        mistakes: one line each on what must never be: a sum that does not balance, or an
            outcome that could not be recorded.
    """

    planned: int
    states: Mapping[DeliveryState, int]
    unknown: int = 0
    elsewhere: int = 0
    handed_out: int = 0
    problems: tuple[str, ...] = ()
    mistakes: tuple[str, ...] = ()

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
        self._repeatable = {name for name, channel in channels.items() if channel.repeatable}
        self._feeds = feeds
        self._options = options
        self._edition_options = edition_options
        self._clock = clock
        self._refresh = refresh
        self._owner = new_owner()
        self._halt = Halt()
        self._breakers = {name: Breaker(store, name, clock) for name in channels}
        self._day: Day | None = None
        self._preparing = asyncio.Lock()
        self._worker = ShardWorker(
            store,
            self._owner,
            renderer=renderer,
            channels=channels,
            breakers=self._breakers,
            linker=options.linker,
            options=SendOptions(options.unknown, options.freshness, options.retry_pause),
            lease=options.lease,
            clock=clock,
            halt=self._halt,
        )

    def stop(self) -> None:
        """Ask for an end after the mails that are on their way, within some seconds."""
        self._halt.ask()

    async def publish(
        self, *, edition_date: date | None = None, only: str | None = None, on_time: bool = False
    ) -> PublishReport:
        """Plan what is due and deliver it. Running it twice delivers nothing twice.

        Args:
            edition_date: this day's editions; None: today's, in each subscriber's zone.
            only: the address of one subscriber; None: all.
            on_time: only editions whose send time has come and is not longer ago than the
                freshness limit. A channel that failed a short while ago is not tried, and a
                rate limit ends the run: the next one is not far.
        """
        run_id, planned, lost = self.plan(edition_date=edition_date, only=only, on_time=on_time)
        problems, mistakes = [_lost_line(delivery) for delivery in lost], list[str]()
        paused = self._paused() if on_time else {}
        problems += paused.values()
        patience = _PATIENCE if on_time else None
        reports = await self._deliver_all(set(paused), patience)
        problems += [line for report in reports for line in report.problems]
        problems += {line: None for report in reports for line in report.stopped.values()}
        mistakes += [str(report.error) for report in reports if report.error]
        touched = {run_id, *(report.run_id for report in reports)}
        mistakes += self._imbalances(touched)
        report = PublishReport(
            planned,
            self._states(touched),
            len(lost),
            self._store.deliveries.in_hand(self._clock()),
            problems=tuple(problems),
            mistakes=tuple(mistakes),
        )
        self._note(run_id, report, idle=not (planned or lost or reports or mistakes))
        return report

    # ------------------------------------------------------------ for engines

    async def hand_out(
        self, submit: Callable[[Sequence[ShardKey]], Awaitable[int]]
    ) -> PublishReport:
        """Plan what is due, and tell workers which shards wait to be delivered.

        Nothing is sent here. The report's states are those of runs whose last delivery has come
        to its end since the last time.

        Args:
            submit: tells workers of shards; returns of how many they had not been told.
        """
        run_id, planned, lost = await asyncio.to_thread(self.plan, on_time=True)
        if planned:
            await self._refresh_counts()  # once, and not by each worker
        else:
            self._store.runs.forget(run_id)
        problems = [*(_lost_line(delivery) for delivery in lost), *self._paused().values()]
        handed_out = await submit(await asyncio.to_thread(self.claimable))
        ended, mistakes = Counter[DeliveryState](), list[str]()
        for run in self._store.runs.unended("publish", self._clock() - _LOOKED_BACK):
            balance = self._store.deliveries.balance(run.run_id)
            if balance.open == 0:
                report = PublishReport(
                    run.planned, balance.states, mistakes=tuple(self._imbalances([run.run_id]))
                )
                self._note(run.run_id, report, idle=False)
                ended.update(balance.states)
                mistakes += report.mistakes
        return PublishReport(
            planned, ended, len(lost), self._store.deliveries.in_hand(self._clock()),
            handed_out, tuple(problems), tuple(mistakes),
        )  # fmt: skip

    def plan(
        self, *, edition_date: date | None = None, only: str | None = None, on_time: bool = False
    ) -> tuple[int, int, list[Delivery]]:
        """Write what is due into the ledger, and decide on what dead workers left behind.

        Returns:
            The run's number, how many deliveries it planned, and those whose outcome is
            unknown since their worker stopped.
        """
        now = self._clock()
        self._store.people.wake(now)
        ledger, runs = self._store.deliveries, self._store.runs
        ledger.evict([owner for owner in ledger.owners(now) if is_gone(owner)], now)
        lost = ledger.recover(now, self._options.unknown, self._repeatable)
        ledger.expire(now, self._options.freshness)
        if keep := self._options.keep_days:
            self._store.editions.forget(now - timedelta(days=keep), _FORGOTTEN_AT_ONCE)
        due = self._due(now, edition_date, only, on_time)
        run_id = runs.start("publish", now)
        planned = ledger.plan(run_id, due, channels=self._channels, now=now, only=only)
        return run_id, planned, lost

    def claimable(self) -> list[ShardKey]:
        """Return the shards that have something to send now, and that nobody works on."""
        return self._store.deliveries.claimable(self._clock(), set(self._paused()))

    async def deliver_shard(self, key: ShardKey) -> ShardReport | None:
        """Deliver one shard; None: it has nothing to send now, or somebody works on it.

        All that is to be known is which shard; it may be told late, twice or never. Several
        shards may be delivered at once, by this process and by others.
        """
        if self._halt.asked:
            return None
        without = set(self._paused())
        shard = await asyncio.to_thread(
            self._store.deliveries.claim, self._owner, self._clock(), self._options.lease,
            without=without, of=key,
        )  # fmt: skip
        return await self._deliver(shard, without, _PATIENCE) if shard else None

    # ------------------------------------------------------------ steps

    def _due(
        self, now: datetime, edition_date: date | None, only: str | None, on_time: bool
    ) -> list[Due]:
        due: list[Due] = []
        restored = self._store.runs.last("restore")
        for schedule in self._store.people.schedules():
            if edition_date:
                dates = [edition_date]
            elif on_time:
                dates = schedule.due_dates(now, self._options.freshness)
            else:
                today = schedule.local_date(now)
                dates = [today] if only or today.weekday() in schedule.weekdays else []
            if restored and not (edition_date or only):
                # A restored ledger does not know what was sent after the backup was made.
                late = restored.started_at
                dates = [day for day in dates if (schedule.due_at(day) or now) > late]
            due += (Due(schedule, day) for day in dates)
        return due

    async def _deliver_all(
        self, without: set[str], patience: timedelta | None
    ) -> list[ShardReport]:
        """Deliver shard after shard; a channel that stops is left out from then on."""
        self._forget_day()  # each run has its own candidates
        try:
            return await self._shard_by_shard(without, patience)
        finally:
            self._forget_day()

    async def _shard_by_shard(
        self, without: set[str], patience: timedelta | None
    ) -> list[ShardReport]:
        reports: list[ShardReport] = []
        fruitless: Counter[int] = Counter()
        while not self._halt.asked:
            shard = await asyncio.to_thread(
                self._store.deliveries.claim, self._owner, self._clock(), self._options.lease,
                without=without,
            )  # fmt: skip
            if shard is None:
                break
            report = await self._deliver(shard, without, patience)
            reports.append(report)
            without |= report.stopped.keys()
            if not (report.settled or report.stopped):
                fruitless[shard.shard_id] += 1
            if report.error or fruitless[shard.shard_id] > 2:
                break
        return reports

    async def _deliver(
        self, shard: Shard, without: Collection[str], patience: timedelta | None
    ) -> ShardReport:
        return await self._worker.deliver(shard, self._prepared, without=without, patience=patience)

    def _paused(self) -> dict[str, str]:
        """Return the channels that are left alone for now, each with why."""
        lines = {name: breaker.paused() for name, breaker in self._breakers.items()}
        return {name: line for name, line in lines.items() if line}

    async def _prepared(self) -> Day:
        """Return the candidates, with fresh counts where they can be had."""
        async with self._preparing:
            now = self._clock()
            if self._day is None or now - self._day.now > self._options.day_age:
                await self._refresh_counts()
                self._day = await asyncio.to_thread(self._new_day)
            return self._day

    def _new_day(self) -> Day:
        self._forget_day()
        with collector_paused():
            day = Day(self._store, self._feeds, self._edition_options, self._clock())
        set_aside()
        return day

    def _forget_day(self) -> None:
        self._day = None
        take_back()

    async def _refresh_counts(self) -> None:
        """Read counts again, but not for long: no mail waits for a slow source, and no end."""
        if self._refresh is None:
            return
        limit = self._options.refresh_limit
        refreshing = asyncio.create_task(self._refresh())
        stopping = asyncio.create_task(self._halt.wait())
        both = refreshing, stopping
        try:
            await asyncio.wait(both, timeout=limit.total_seconds(), return_when="FIRST_COMPLETED")
        finally:
            for task in both:
                task.cancel()
            ended, _ = await asyncio.gather(*both, return_exceptions=True)
        if isinstance(ended, BaseException) and not self._halt.asked:
            why = str(ended) or f"not done after {limit.total_seconds():g} s"
            log.warning("editions show the counts of the last collection", error=why)

    def _states(self, run_ids: Iterable[int]) -> Counter[DeliveryState]:
        states: Counter[DeliveryState] = Counter()
        for run_id in run_ids:
            states.update(self._store.deliveries.balance(run_id).states)
        return states

    def _imbalances(self, run_ids: Iterable[int]) -> list[str]:
        """Return one line for each run whose deliveries are not all accounted for."""
        lines = []
        for run_id in run_ids:
            balance = self._store.deliveries.balance(run_id)
            if balance.missing:
                told = f"{balance.planned} were planned, {balance.planned - balance.missing} are"
                lines.append(
                    f"the ledger does not balance: of the deliveries of run {run_id}, {told}"
                    " there; report this, and compare with the last backup"
                )
        return lines

    def _note(self, run_id: int, report: PublishReport, *, idle: bool) -> None:
        """Write down what the run did; of a run without work nothing is kept."""
        if idle:  # there are 1,440 ticks a day, and most find nothing to do
            self._store.runs.forget(run_id)
            return
        told = {s.value: count for s, count in report.states.items() if count}
        problems = [*report.mistakes, *report.problems][:100]
        finished = {"states": told, "problems": problems, "mistakes": [*report.mistakes[:10]]}
        self._store.runs.finish(run_id, self._clock(), finished)


def _lost_line(delivery: Delivery) -> str:
    return (
        f"delivery {delivery.delivery_id} of {delivery.edition_date}: the outcome is unknown,"
        " since the program stopped while it was sent"
    )
