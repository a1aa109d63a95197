"""STORE: papers, people and the ledger in one database; the only room that knows SQL.

Models go in, models come out. Every method is one transaction: it is done, or nothing of it
is. All are safe to call from several threads and processes.
"""

from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from digest.errors import StoreError
from digest.store.answers import Answers
from digest.store.backup import back_up, end_what_waits, put_back
from digest.store.bounces import Bounce, Bounces, SoftLimit
from digest.store.channels import Channels, ChannelState
from digest.store.database import BUSY_TIMEOUT, Database, file_of, open_database
from digest.store.deliveries import Advanced, Balance, Deliveries, Policy
from digest.store.editions import Editions, History
from digest.store.feeds import Feeds
from digest.store.leases import Shard, ShardKey
from digest.store.letters import OPERATOR, LetterCaps, Letters
from digest.store.papers import Counts, Papers, Provenance
from digest.store.people import People
from digest.store.planning import Due
from digest.store.rates import Rates, Wait
from digest.store.roster import Known, NewSubscriber, Roster
from digest.store.runs import Run, Runs
from digest.store.saving import SaveReport
from digest.store.serial import profile_from_json, profile_to_json
from digest.store.sessions import Sessions
from digest.store.settling import Composed, Settlement, Stored
from digest.store.signups import Signups
from digest.store.vectors import Vectors, text_of
from digest.store.verdicts import Verdict, Verdicts

__all__ = [
    "OPERATOR",
    "Advanced",
    "Balance",
    "Bounce",
    "ChannelState",
    "Composed",
    "Counts",
    "Due",
    "History",
    "Known",
    "LetterCaps",
    "NewSubscriber",
    "Policy",
    "Provenance",
    "Run",
    "SaveReport",
    "Settlement",
    "Shard",
    "ShardKey",
    "SoftLimit",
    "Store",
    "Stored",
    "Verdict",
    "Wait",
    "open_store",
    "profile_from_json",
    "profile_to_json",
    "restore_store",
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
        self.roster = Roster(database)
        self.answers = Answers(database)
        self.bounces = Bounces(database)
        self.signups = Signups(database)
        self.letters = Letters(database)
        self.runs = Runs(database)
        self.editions = Editions(database)
        self.deliveries = Deliveries(database)
        self.verdicts = Verdicts(database)
        self.channels = Channels(database)
        self.rates = Rates(database)
        self.sessions = Sessions(database)

    def back_up(self, target: Path) -> None:
        """Copy all of it into a file, while it is used; see `backup`.

        Raises:
            StoreError: the copy cannot be made, or the database is PostgreSQL.
        """
        if not self._database.in_file:
            raise self._database.trouble(
                "is backed up by PostgreSQL's own tools: pg_dump --format=custom --file FILE"
            )
        back_up(self._database.place, target)

    def end_what_waits(self, now: datetime) -> tuple[int, int]:
        """End what a restored ledger still wants to send; see `backup`."""
        return end_what_waits(self._database, now)

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


def restore_store(url: str, source: Path, now: datetime) -> Path | None:
    """Put a backup in the place of the database; return where that was moved to, if it was there.

    Args:
        url: of a database in a file; it need not exist.
        source: a file that `Store.back_up` made.
        now: the instant.

    Raises:
        StoreError: the backup is none, the database is in use, or it is PostgreSQL.
    """
    place = file_of(url)
    if place is None:
        raise StoreError(
            "PostgreSQL is restored by its own tools: pg_restore --clean --dbname DATABASE FILE,"
            " and then `digest restore` without a file"
        )
    return put_back(place, source, now)
