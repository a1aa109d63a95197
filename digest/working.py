"""Working: who delivers what is due, by the engine of the settings.

With ``inline`` that is the process in which the clock ticks; with ``cluster`` the clock's process
tells, by a queue, and workers do it.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from digest.app import App
from digest.errors import ConfigError, DigestError
from digest.pipeline.engines import Cluster, Engine, Inline
from digest.scaling import open_queue
from digest.stopping import on_signal
from digest.store import ShardKey

log = structlog.get_logger()


@asynccontextmanager
async def open_engine(app: App) -> AsyncIterator[Engine]:
    """Open the engine that the settings name.

    Raises:
        ConfigError: it cannot be used here.
        QueueError: its queue cannot be reached.
    """
    if app.settings.engine == "inline":
        yield Inline(app.publisher())
        return
    async with open_queue(app.settings.database_url) as queue:
        yield Cluster(app.publisher(), queue.submit)


async def work(app: App) -> None:
    """Deliver the shards that the queue tells of until SIGTERM or SIGINT.

    Raises:
        ConfigError: the engine has no workers, or cannot be used here.
        QueueError: its queue cannot be reached.
    """
    if app.settings.engine != "cluster":
        raise ConfigError(
            'workers are for engine = "cluster"; with "inline", `digest serve` delivers by itself'
        )
    stopping = asyncio.Event()
    with on_signal(stopping.set):
        await work_until(app, stopping)
    log.info("stopped")


async def work_until(app: App, stopping: asyncio.Event) -> None:
    """Deliver the shards that the queue tells of until `stopping` is set."""
    publisher = app.publisher(collect=False)  # whoever plans has read the counts

    async def deliver(key: ShardKey) -> None:
        told = {"run": key.run_id, "shard": key.number}
        try:
            report = await publisher.deliver_shard(key)
        except DigestError as error:
            log.warning("shard failed", **told, error=str(error))
            return
        except Exception:
            log.exception("shard failed unexpectedly", **told)
            return
        if report is None:  # a hint that came late or twice
            return
        for problem in (*report.problems, *report.stopped.values()):
            log.warning("problem", **told, problem=problem)
        if report.error:
            log.error("something is wrong", **told, error=str(report.error))
        log.info("delivered", **told, settled=report.settled)

    async def stop() -> None:
        await stopping.wait()
        publisher.stop()

    app.store  # noqa: B018 - what is wrong with the database is told by whom it belongs to
    async with open_queue(app.settings.database_url) as queue:
        log.info("started", channels=list(app.channels))
        asked = asyncio.create_task(stop())
        try:
            await queue.work(deliver, stopping)
        finally:
            asked.cancel()
