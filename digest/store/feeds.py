"""Feed states: what is remembered of a feed between two collections."""

from collections.abc import Iterable
from dataclasses import asdict, fields
from typing import Any

from sqlalchemy import Connection, Row, select

from digest.models import FeedState
from digest.store.database import Database, insert
from digest.store.schema import feeds

_COLUMNS = [feeds.c[field.name] for field in fields(FeedState)]


class Feeds:
    """The feed states."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def state(self, name: str) -> FeedState:
        """Return a feed's state; of a feed never collected, an empty one."""
        with self._database.reading() as connection:
            row = connection.execute(select(*_COLUMNS).where(feeds.c.feed == name)).one_or_none()
        return _state(row) if row else FeedState(name)

    def states(self) -> list[FeedState]:
        """Return the states of all feeds ever collected, by name."""
        with self._database.reading() as connection:
            rows = connection.execute(select(*_COLUMNS).order_by(feeds.c.feed))
            return [_state(row) for row in rows]

    def save(self, state: FeedState) -> None:
        """Store a state that comes without entries: a failure, or an answer without news."""
        with self._database.writing() as connection:
            save_states(connection, [state])


def save_states(connection: Connection, states: Iterable[FeedState]) -> None:
    """Store feed states within a transaction, over the ones that are there."""
    rows = [asdict(state) for state in states]
    if not rows:
        return
    statement = insert(connection, feeds)
    told = {name: statement.excluded[name] for name in rows[0] if name != "feed"}
    connection.execute(
        statement.on_conflict_do_update(index_elements=[feeds.c.feed], set_=told), rows
    )


def _state(row: Row[*tuple[Any, ...]]) -> FeedState:
    return FeedState(**row._mapping)
