"""The clock: one tick a minute in UTC, and nothing else.

Whether anything is due is decided by the ledger, not by the scheduler, so a tick that comes
late, twice, or in two processes at once does no harm. Cron expressions in local time are not
used: they skip or repeat days when the clock changes.
"""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from datetime import UTC, timedelta

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from digest.app import App, utc_now
from digest.errors import DigestError
from digest.pipeline import Publisher, PublishReport

# A mail that is on its way gets so long to end after we were asked to stop.
GRACE_SECONDS = 10

log = structlog.get_logger()


async def serve(app: App, *, tick_seconds: int = 60) -> None:
    """Collect and publish by itself until SIGTERM or SIGINT.

    Args:
        app: the parts of this installation.
        tick_seconds: how often the ledger is asked; a minute, but less in tests.
    """
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stopping.set)
    publisher = app.publisher()
    scheduler = AsyncIOScheduler(
        timezone=UTC,
        job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
    )
    every_tick = IntervalTrigger(seconds=tick_seconds, timezone=UTC)
    running: set[asyncio.Task[None]] = set()

    async def guarded(name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Run one tick's work; whatever fails is logged, and the next tick comes."""
        task = asyncio.current_task()
        assert task is not None
        running.add(task)
        try:
            await work()
        except DigestError as error:
            log.warning("tick failed", work=name, error=str(error))
        except Exception:
            log.exception("tick failed unexpectedly", work=name)
        finally:
            running.discard(task)

    async def collect_if_due() -> None:
        await _collect_if_due(app)

    async def publish() -> None:
        _log_report(await publisher.publish(on_time=True))

    log.info("started", channels=list(app.channels), feeds=len(app.enabled_feeds))
    # Papers first: the first edition after a start should not be an empty one.
    first = asyncio.create_task(guarded("collect", collect_if_due))
    await asyncio.wait(
        {first, asyncio.create_task(stopping.wait())}, return_when=asyncio.FIRST_COMPLETED
    )
    if not stopping.is_set():
        scheduler.add_job(guarded, every_tick, args=("collect", collect_if_due))
        scheduler.add_job(guarded, every_tick, args=("publish", publish), next_run_time=utc_now())
        scheduler.start()
        await stopping.wait()
        scheduler.shutdown(wait=False)
    await _wind_down(publisher, running)
    log.info("stopped")


async def _collect_if_due(app: App) -> None:
    checked = [state.checked_at for state in app.store.feeds.states() if state.checked_at]
    every = timedelta(minutes=app.settings.collect.every_minutes)
    if checked and utc_now() - max(checked) < every:
        return
    async with app.collector() as collector:
        report = await collector.collect(app.enabled_feeds, patient=True)
    log.info(
        "collected",
        entries=report.total("entries"),
        new_papers=report.total("new_papers"),
        merged=report.total("merged"),
        failed=[feed.feed for feed in report.failed],
    )


def _log_report(report: PublishReport) -> None:
    if report.total or report.problems:
        log.info(
            "published",
            planned=report.planned,
            problems=len(report.problems),
            **{state.value: count for state, count in report.states.items() if count},
        )


async def _wind_down(publisher: Publisher, running: set[asyncio.Task[None]]) -> None:
    """Let mails that are on their way end, within the grace period."""
    publisher.stop()
    if running:
        _, late = await asyncio.wait(set(running), timeout=GRACE_SECONDS)
        for task in late:
            task.cancel()
