"""Engines: who delivers what a tick finds due; the ledger is the same, and decides."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from digest.pipeline.publish import Publisher, PublishReport
from digest.store import ShardKey


class Engine(Protocol):
    """Has done at each tick what is due."""

    async def tick(self) -> PublishReport:
        """Plan what is due, and have it delivered."""

    def stop(self) -> None:
        """Ask for an end, within some seconds."""


class Inline:
    """Delivers in this process, by itself; nothing to install, any database."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher

    async def tick(self) -> PublishReport:
        """Plan what is due and deliver it; comes back when that is done."""
        return await self._publisher.publish(on_time=True)

    def stop(self) -> None:
        """Ask for an end after the mails that are on their way."""
        self._publisher.stop()


class Cluster:
    """Has other processes deliver, by a queue of hints.

    Args:
        publisher: plans.
        submit: tells workers of shards; returns of how many they had not been told.
    """

    def __init__(
        self, publisher: Publisher, submit: Callable[[Sequence[ShardKey]], Awaitable[int]]
    ) -> None:
        self._publisher = publisher
        self._submit = submit

    async def tick(self) -> PublishReport:
        """Plan what is due and tell workers; also of what others left unfinished."""
        return await self._publisher.hand_out(self._submit)

    def stop(self) -> None:
        """Ask for an end; nothing is on its way here."""
        self._publisher.stop()
