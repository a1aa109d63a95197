"""Sessions of whoever runs the installation, on its own pages; only a hash of each is kept."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select, update

from digest.store.database import Database
from digest.store.schema import sessions

_A_WHILE = timedelta(minutes=1)  # how exactly it is noted when a session was last used


class Sessions:
    """The open sessions.

    A session ends `lasts` after it was opened, and `idle` after it was last used. The callers say
    how long that is, and name a session by a hash of what its browser holds.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def open(self, name: str, now: datetime, *, idle: timedelta, lasts: timedelta) -> None:
        """Open a session, and forget those that are over."""
        over = (sessions.c.seen_at <= now - idle) | (sessions.c.opened_at <= now - lasts)
        row = {"name": name, "opened_at": now, "seen_at": now}
        with self._database.writing() as connection:
            connection.execute(delete(sessions).where(over))
            connection.execute(sessions.insert().values(row))

    def use(self, name: str, now: datetime, *, idle: timedelta, lasts: timedelta) -> bool:
        """Tell whether a session is open, and note that it is used."""
        mine = sessions.c.name == name
        asked = select(sessions.c.opened_at, sessions.c.seen_at).where(mine)
        with self._database.reading() as connection:
            row = connection.execute(asked).one_or_none()
        if row is None or now - row.opened_at >= lasts or now - row.seen_at >= idle:
            return False
        if now - row.seen_at >= _A_WHILE:
            with self._database.writing() as connection:
                connection.execute(update(sessions).where(mine).values(seen_at=now))
        return True

    def close(self, name: str) -> None:
        """End a session."""
        with self._database.writing() as connection:
            connection.execute(delete(sessions).where(sessions.c.name == name))
