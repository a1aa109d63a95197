"""The cluster engine: tells workers, on as many machines as wanted, which shards to deliver.

The only home of procrastinate. A queue carries hints, each no more than a run and the number of
a shard; what is to be sent, to whom, and by which worker stands in the ledger. So a hint that is
lost, late or doubled does no harm, and the whole queue may be emptied at any time: the next tick
asks the ledger what is unfinished, and tells it again.

The queue has a schema of its own in the installation's PostgreSQL database, named after the
text of its tables: nothing in it is worth a migration, and another version of the library, or
two at once while machines are upgraded, get a queue of their own.
"""

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import structlog

from digest.errors import ConfigError, QueueError
from digest.stopping import GRACE_SECONDS
from digest.store import ShardKey

if TYPE_CHECKING:
    from collections.abc import Iterator

    from procrastinate import App
    from psycopg import AsyncConnection

Deliver = Callable[[ShardKey], Awaitable[None]]

_QUEUE, _TASK = "shards", "deliver_shard"
_PREFIX = "digest_queue_"
_LOCK = 0x6469_6710  # an advisory lock, beside those of the store
_CONNECT_SECONDS = 10
_AT_ONCE = 500  # hints in one statement

# A new hint comes by notification; so often, in seconds, a worker looks by itself.
_LOOK_EVERY = 5.0
# Of a worker without a sign of life for so many seconds, what it was told is forgotten.
_SILENT_SECONDS = 60.0
_RETRY_SECONDS = 2.0

log = structlog.get_logger()


class ShardQueue:
    """A queue of shards that are to be delivered; made by `open_queue`."""

    def __init__(self, app: "App") -> None:
        self._app = app

    async def submit(self, keys: Sequence[ShardKey]) -> int:
        """Tell workers of shards, except those that wait in the queue already.

        Returns:
            How many hints are new.

        Raises:
            QueueError: the database does not take them.
        """
        with _told():
            await self._forget_the_dead()
            waiting = {
                (job.task_kwargs["run_id"], job.task_kwargs["number"])
                for job in await self._app.job_manager.list_jobs_async(
                    queue=_QUEUE, task=_TASK, status="todo"
                )
            }
            new = [key for key in keys if (key.run_id, key.number) not in waiting]
            hint = self._app.configure_task(_TASK, queue=_QUEUE)
            for start in range(0, len(new), _AT_ONCE):
                some: list[dict[str, Any]] = [asdict(key) for key in new[start : start + _AT_ONCE]]
                await hint.batch_defer_async(*some)
        return len(new)

    async def workers(self) -> int:
        """Return how many workers have given a sign of life lately.

        Raises:
            QueueError: the database does not tell.
        """
        with _told():
            row = await self._app.connector.execute_query_one_async(
                "SELECT count(*) AS alive FROM procrastinate_workers"
                " WHERE last_heartbeat > now() - make_interval(secs => %(silent)s)",
                silent=_SILENT_SECONDS,
            )
        return int(row["alive"])

    async def work(self, deliver: Deliver, stopping: asyncio.Event) -> None:
        """Deliver what the queue tells, one shard after the other, until `stopping` is set.

        A database that is away for a while is waited for.

        Args:
            deliver: delivers a shard; it raises nothing.
            stopping: set: nothing more is begun, and what goes on gets some seconds to end.
        """

        async def task(run_id: int, number: int) -> None:
            await deliver(ShardKey(run_id, number))

        self._app.task(name=_TASK, queue=_QUEUE)(task)
        asked = asyncio.create_task(stopping.wait())
        try:
            while not stopping.is_set():
                try:
                    await self._work_once(asked)
                except Exception as error:
                    log.warning("the queue does not answer", error=_first_line(error))
                await asyncio.wait({asked}, timeout=_RETRY_SECONDS)
        finally:
            asked.cancel()

    async def _work_once(self, asked: asyncio.Task[Any]) -> None:
        """Work until asked to stop, or until the connection is lost."""
        from procrastinate.worker import Worker

        worker = Worker(
            self._app,
            queues=[_QUEUE],
            fetch_job_polling_interval=_LOOK_EVERY,
            shutdown_graceful_timeout=GRACE_SECONDS,
            delete_jobs="always",
            install_signal_handlers=False,
            stalled_worker_timeout=_SILENT_SECONDS,
        )
        running = asyncio.create_task(worker.run())  # type: ignore[no-untyped-call]
        try:
            await asyncio.wait({running, asked}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            worker.stop()  # type: ignore[no-untyped-call]
            await asyncio.wait({running})
        running.result()

    async def _forget_the_dead(self) -> None:
        """Remove what workers were told that are gone; the ledger knows what they left."""
        manager = self._app.job_manager
        await manager.prune_stalled_workers(_SILENT_SECONDS)
        for job in await manager.get_stalled_jobs(
            queue=_QUEUE, seconds_since_heartbeat=_SILENT_SECONDS
        ):
            if job.id is not None:
                await manager.finish_job_by_id_async(job.id, _failed(), delete_job=True)


@asynccontextmanager
async def open_queue(url: str) -> AsyncIterator[ShardQueue]:
    """Open the queue in a PostgreSQL database, and make it where it is not there yet.

    Args:
        url: of the database, as in the settings.

    Raises:
        ConfigError: the library is not installed, or the database is not PostgreSQL.
        QueueError: the database cannot be reached, or the queue not be made there.
    """
    if not url.startswith("postgresql"):
        raise ConfigError('engine = "cluster" needs PostgreSQL; set database.url')
    try:
        from procrastinate import App, PsycopgConnector
    except ImportError as error:
        raise ConfigError(
            'engine = "cluster" needs a library that is not installed;'
            " install research-digest[cluster]"
        ) from error
    for name in ("procrastinate", "psycopg.pool"):  # what they have to say, we say in one line
        logging.getLogger(name).setLevel(logging.CRITICAL)

    schema = schema_name()
    place = "postgresql" + url[url.index("://") :]

    async def into_our_schema(connection: "AsyncConnection[Any]") -> None:
        await connection.execute(f"SET search_path TO {schema}".encode())
        await connection.commit()

    connector = PsycopgConnector(
        conninfo=place,
        kwargs={"connect_timeout": _CONNECT_SECONDS},
        configure=into_our_schema,
        min_size=1,
        max_size=4,
        timeout=_CONNECT_SECONDS,
    )
    app = App(connector=connector)
    with _told():
        await _make(place, schema, into_our_schema)
        await app.open_async()
    try:
        yield ShardQueue(app)
    finally:
        await app.close_async()


async def _make(
    place: str, schema: str, enter: Callable[["AsyncConnection[Any]"], Awaitable[None]]
) -> None:
    """Make the queue's tables if they are not there; one process does, the others wait."""
    import psycopg
    from procrastinate.schema import SchemaManager

    connecting = psycopg.AsyncConnection.connect(place, connect_timeout=_CONNECT_SECONDS)
    async with await connecting as connection:
        await enter(connection)
        await connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        jobs = f"{schema}.procrastinate_jobs"
        found = await (await connection.execute("SELECT to_regclass(%s)", (jobs,))).fetchone()
        if found and found[0] is None:
            await connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}".encode())
            await connection.execute(SchemaManager.get_schema().encode())


def schema_name() -> str:
    """Return the name of the schema in which the installed library's queue stands."""
    from procrastinate.schema import SchemaManager

    return _PREFIX + hashlib.sha256(SchemaManager.get_schema().encode()).hexdigest()[:8]


def _failed() -> Any:
    from procrastinate.jobs import Status

    return Status.FAILED


@contextmanager
def _told() -> "Iterator[None]":
    """Say in one line what is wrong with the queue.

    Raises:
        QueueError: something is.
    """
    import psycopg
    from procrastinate.exceptions import ProcrastinateException

    try:
        yield
    except psycopg.errors.InsufficientPrivilege as error:
        raise QueueError(
            "the queue cannot be made in the database; let its user create a schema there"
            " (GRANT CREATE ON DATABASE)"
        ) from error
    except (psycopg.Error, ProcrastinateException) as error:
        raise QueueError(
            f"the queue in the database does not answer: {_first_line(error)}"
        ) from error


def _first_line(error: BaseException) -> str:
    cause = error.__cause__ or error
    lines = [line.strip() for line in str(cause).splitlines() if line.strip()]
    return lines[0] if lines else type(cause).__name__
