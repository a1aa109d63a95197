"""Recorder: commits what several connections report of one shard, as few times as it can.

While one commit is being written, reports gather; the next commit takes them all. Whoever
reports waits until its own report is committed, so nothing is handed over that is not written
down, however many connections share a commit.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog

from digest.errors import StoreError
from digest.store import Advanced, Settlement, Shard, Store

# An answer is in hand and the database does not take it: seconds until it is tried again.
_PATIENCE = (0.2, 0.8, 2.0)

log = structlog.get_logger()


class Recorder:
    """Writes the ledger for one claimed shard, and keeps its lease alive.

    Args:
        store: the ledger.
        shard: the claimed shard.
        owner: who claimed it.
        lease: how long the shard is the owner's from each commit on.
        clock: gives the present instant, aware, in UTC.

    Attributes:
        lost: another worker owns the shard now; nothing is written any more.
    """

    def __init__(
        self,
        store: Store,
        shard: Shard,
        owner: str,
        lease: timedelta,
        clock: Callable[[], datetime],
    ) -> None:
        self._ledger = store.deliveries
        self._shard = shard
        self._owner = owner
        self._lease = lease
        self._clock = clock
        self._settled: list[Settlement] = []
        self._starting: list[int] = []
        self._waiting: list[asyncio.Future[Advanced | None]] = []
        self._writer: asyncio.Task[None] | None = None
        self.lost = False

    async def advance(
        self, settled: Sequence[Settlement] = (), starting: Sequence[int] = ()
    ) -> Advanced | None:
        """Commit outcomes and what starts next; None when the shard is another worker's now.

        Raises:
            StoreError: the database took neither, though it was asked several times.
        """
        if self.lost:
            return None
        self._settled += settled
        self._starting += starting
        done = asyncio.get_running_loop().create_future()
        self._waiting.append(done)
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        # Whoever is cancelled here gives up its own future; the commit goes on without it.
        advanced: Advanced | None = await done
        return advanced

    async def keep(self) -> None:
        """Renew the lease now and then, also while nothing is committed, until cancelled."""
        while not self.lost:
            await asyncio.sleep(self._lease.total_seconds() / 3)
            try:
                await self.advance()
            except StoreError as error:
                log.warning("lease not renewed", shard=self._shard.shard_id, error=str(error))

    async def end(self) -> None:
        """Give up the lease, after what is being written."""
        if self._writer is not None:
            await asyncio.gather(self._writer, return_exceptions=True)
        try:
            await asyncio.to_thread(self._ledger.release, self._shard, self._owner)
        except StoreError as error:  # it runs out by itself
            log.warning("lease not given up", shard=self._shard.shard_id, error=str(error))

    async def _write(self) -> None:
        """Commit what has gathered, until nothing has."""
        while self._waiting:
            settled, self._settled = self._settled, []
            starting, self._starting = self._starting, []
            waiting, self._waiting = self._waiting, []
            try:
                advanced = await self._commit(settled, starting)
            except Exception as error:
                for done in waiting:
                    if not done.done():
                        done.set_exception(error)
                        done.exception()  # whoever was cancelled does not look at it
                continue
            self.lost = self.lost or advanced is None
            for done in waiting:
                if not done.done():
                    done.set_result(advanced)

    async def _commit(
        self, settled: Sequence[Settlement], starting: Sequence[int]
    ) -> Advanced | None:
        """Commit; an answer that is in hand is worth some patience with the database."""
        loop = asyncio.get_running_loop()
        pauses = iter(_PATIENCE if settled else ())
        while True:
            try:
                return await loop.run_in_executor(None, self._record, settled, starting)
            except StoreError:
                pause = next(pauses, None)
                if pause is None:
                    raise
                await asyncio.sleep(pause)

    def _record(self, settled: Sequence[Settlement], starting: Sequence[int]) -> Advanced | None:
        return self._ledger.advance(
            self._shard,
            self._owner,
            settled=settled,
            starting=starting,
            now=self._clock(),
            lease=self._lease,
        )
