"""The clock: one tick a minute in UTC, and nothing else.

Whether anything is due is decided by the ledger, not by the scheduler, so a tick that comes
late, twice, or in two processes at once does no harm. Cron expressions in local time are not
used: they skip or repeat days when the clock changes.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, timedelta

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from digest.app import App, utc_now
from digest.errors import DigestError
from digest.pipeline.engines import Engine
from digest.stopping import GRACE_SECONDS, on_signal
from digest.working import open_engine

log = structlog.get_logger()


async def serve(
    app: App, *, tick_seconds: float = 60, begun: Callable[[], None] = lambda: None
) -> None:
    """Collect and publish by itself until SIGTERM or SIGINT.

    Args:
        app: the parts of this installation.
        tick_seconds: how often the ledger is asked; a minute, but less in tests.
        begun: called when all that it takes is there.
    """
    stopping = asyncio.Event()
    with on_signal(stopping.set):
        app.store  # noqa: B018 - what is wrong with the database is told by whom it belongs to
        async with open_engine(app) as engine:
            await _serve(app, engine, tick_seconds, stopping, begun)


async def _serve(
    app: App,
    engine: Engine,
    tick_seconds: float,
    stopping: asyncio.Event,
    begun: Callable[[], None],
) -> None:
    work: dict[str, Callable[[], Awaitable[None]]] = {
        "collect": lambda: _collect(app),
        "publish": lambda: _publish(engine),
        "watch": lambda: _watch(app),
    }
    running: dict[str, asyncio.Task[None]] = {}

    async def begin(name: str) -> None:
        """Begin one kind of work, unless it still goes on since an earlier tick."""
        if name not in running or running[name].done():
            running[name] = asyncio.create_task(_guarded(name, work[name]))

    scheduler = AsyncIOScheduler(
        timezone=UTC, job_defaults={"misfire_grace_time": None, "coalesce": True}
    )
    every_tick = IntervalTrigger(seconds=tick_seconds, timezone=UTC)
    for name in work:
        scheduler.add_job(begin, every_tick, args=(name,), next_run_time=utc_now())
    log.info("started", channels=list(app.channels), feeds=len(app.enabled_feeds))
    begun()
    # Papers first: the first edition after a start should not be an empty one.
    await begin("collect")
    asked_to_stop = asyncio.create_task(stopping.wait())
    await asyncio.wait({running["collect"], asked_to_stop}, return_when=asyncio.FIRST_COMPLETED)
    if not stopping.is_set():
        scheduler.start()
        await asked_to_stop
        scheduler.shutdown()
    await _wind_down(engine, running)
    log.info("stopped")


async def _guarded(name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Do a tick's work; whatever fails is logged, and the next tick comes."""
    try:
        await work()
    except DigestError as error:
        log.warning("tick failed", work=name, error=str(error))
    except Exception:
        log.exception("tick failed unexpectedly", work=name)


async def _collect(app: App) -> None:
    every = timedelta(minutes=app.settings.collect.every_minutes)
    async with app.collector() as collector:
        report = await collector.collect(app.enabled_feeds, every=every)
    if report.feeds:
        log.info(
            "collected",
            entries=report.total("entries"),
            new_papers=report.total("new_papers"),
            merged=report.total("merged"),
            failed=[feed.feed for feed in report.failed],
        )
    if report.feeds and (made := await asyncio.to_thread(app.embed)):
        log.info("embedded", papers=made.embedded, left=made.left, problem=made.problem)
    if report.feeds and (told := await asyncio.to_thread(app.summarise)):
        log.info("summarised", papers=told.summarised, problem=told.problem)
    if (papers := await asyncio.to_thread(app.learn_likes)) is not None:
        log.info("learnt from likes", papers=papers)


async def _publish(engine: Engine) -> None:
    report = await engine.tick()
    for mistake in report.mistakes:
        log.error("something is wrong", error=mistake)
    if report.handed_out:
        log.info("handed out", planned=report.planned, shards=report.handed_out)
    if report.total or report.problems:
        log.info(
            "published",
            planned=report.planned,
            problems=len(report.problems),
            **{state.value: count for state, count in report.states.items() if count},
        )


async def _watch(app: App) -> None:
    if app.watch and (told := await app.watch.look()):
        log.info("told the operator", matters=told)


async def _wind_down(engine: Engine, running: dict[str, asyncio.Task[None]]) -> None:
    """Let mails that are on their way end, within the grace period.

    A collection is broken off: what it did not store is still there the next time.
    """
    engine.stop()
    running["collect"].cancel()
    if "publish" in running:
        await asyncio.wait({running["publish"]}, timeout=GRACE_SECONDS)
    for task in running.values():
        task.cancel()
    await asyncio.gather(*running.values(), return_exceptions=True)
