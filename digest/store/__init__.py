"""STORE: papers, people and the ledger in one database; the only room that knows SQL.

Models go in, models come out. Every method is one transaction: it is done, or nothing of it
is. All are safe to call from several threads and processes.
"""

from datetime import timedelta
from types import TracebackType
from typing import Self

from digest.store.answers import Answers
from digest.store.bounces import Bounce, Bounces, SoftLimit
from digest.store.channels import Channels, ChannelState
from digest.store.database import BUSY_TIMEOUT, Database, open_database
from digest.store.deliveries import Advanced, Balance, Deliveries, Policy
from digest.store.editions import Editions, History
from digest.store.feeds import Feeds
from digest.store.leases import Shard, ShardKey
from digest.store.letters import LetterCaps, Letters
from digest.store.papers import Counts, Papers, Provenance
from digest.store.people import People
from digest.store.planning import Due
from digest.store.rates import Rates, Wait
from digest.store.runs import Run, Runs
from digest.store.saving import SaveReport
from digest.store.serial import profile_from_json, profile_to_json
from digest.store.settling import Composed, Settlement
from digest.store.signups import Signups
from digest.store.vectors import Vectors, text_of

__all__ = [
    "Advanced",
    "Balance",
    "Bounce",
    "ChannelState",
    "Composed",
    "Counts",
    "Due",
    "History",
    "LetterCaps",
    "Policy",
    "Provenance",
    "Run",
    "SaveReport",
    "Settlement",
    "Shard",
    "ShardKey",
    "SoftLimit",
    "Store",
    "Wait",
    "open_store",
    "profile_from_json",
    "profile_to_json",
    "text_of",
]


class Store:
    """The open database, by what it holds. Close it, or use it as a context manager."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.papers = Papers(database)
        self.vectors = Vectors(database, self.papers)
        self.feeds = Feeds(database)
        self.people = People(database)
        self.answers = Answers(database)
        self.bounces = Bounces(database)
        self.signups = Signups(database)
        self.letters = Letters(database)
        self.runs = Runs(database)
        self.editions = Editions(database)
        self.deliveries = Deliveries(database)
        self.channels = Channels(database)
        self.rates = Rates(database)

    def close(self) -> None:
        """Close the connections; nothing is lost if this is never called."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def open_store(url: str, *, busy_timeout: timedelta = BUSY_TIMEOUT) -> Store:
    """Open the store, making its folder and tables, or bringing them up to date.

    Args:
        url: like ``sqlite:////var/lib/digest/digest.db`` or
            ``postgresql+psycopg://digest@db.example.org/digest``.
        busy_timeout: how long a writer waits for another one.

    Raises:
        StoreError: the database cannot be opened, is not ours, or is of a newer version.
    """
    return Store(open_database(url, busy_timeout))
