"""SQLite: one file; several processes may use it, one at a time may write.

Write-ahead log, so that readers and one writer do not wait for each other; synchronous=NORMAL,
which loses nothing when a process is killed (only a power cut may cost the last commits);
writers take their lock at BEGIN, since a lock that is taken later cannot be waited for.
https://www.sqlite.org/wal.html, https://www.sqlite.org/lang_transaction.html
"""

import sqlite3
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Dialect, Engine, create_engine, event
from sqlalchemy.pool import PoolProxiedConnection

from digest.errors import StoreError
from digest.store.quick import Quick

_HOW_TO = "write it like sqlite:////path/to/digest.db"

# What each of SQLite's result codes means to an operator; https://www.sqlite.org/rescode.html
_TROUBLE = {
    sqlite3.SQLITE_BUSY: "is locked by another process; try again, or stop that process",
    sqlite3.SQLITE_LOCKED: "is locked by another process; try again, or stop that process",
    sqlite3.SQLITE_FULL: "cannot grow: the disk is full; make room and try again",
    sqlite3.SQLITE_READONLY: "is read-only; let this user write the file and its folder",
    sqlite3.SQLITE_PERM: "may not be used by this user; check the file's permissions",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened; check that it is a file this user may write",
    sqlite3.SQLITE_NOTADB: "is not a database; move that file away or name another one",
    sqlite3.SQLITE_CORRUPT: "is damaged; restore it from a backup",
    sqlite3.SQLITE_IOERR: "cannot be read or written: the disk reports an error",
}


class SqliteKind:
    """A database in a file.

    Raises:
        StoreError: the URL names no file, or its folder cannot be made.
    """

    another = "file"

    def __init__(self, url: URL) -> None:
        if url.query:
            raise StoreError(
                f"the database URL {url.render_as_string()} is of a kind that is not supported;"
                f" {_HOW_TO}"
            )
        if url.database in (None, "", ":memory:"):
            raise StoreError(f"the database URL {url} names no file; {_HOW_TO}")
        self._url = url
        self.place = str(url.database)
        folder = Path(self.place).absolute().parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"the folder {folder} for the database cannot be made: {error.strerror or error}"
            ) from error

    def engine(self, busy_timeout: timedelta, **options: Any) -> Engine:
        """Return the engine."""
        engine = create_engine(self._url, **options)
        event.listen(engine, "connect", _prepare(busy_timeout))
        event.listen(engine, "begin", _begin)
        return engine

    def for_reading(self, engine: Engine) -> Engine:
        """Return an engine whose transactions see one snapshot."""
        return engine

    def for_writing(self, engine: Engine) -> Engine:
        """Return an engine whose transactions take the lock to write at once."""
        return engine.execution_options(writes=True)

    def begin(self, _dialect: Dialect, connection: PoolProxiedConnection) -> None:
        """Begin a transaction that writes, on the driver's own connection."""
        connection.cursor().execute("BEGIN IMMEDIATE")

    def explain(self, cause: BaseException | None) -> str | None:
        """Return what an error means to an operator; None: it is none of the known ones."""
        code = getattr(cause, "sqlite_errorcode", None)
        return None if code is None else _TROUBLE.get(code & 0xFF)

    def check(self, _connection: Connection) -> str | None:
        """Return what is wrong with the version of the database: nothing ever."""
        return None

    def alone(self, _connection: Connection, _what: int) -> None:
        """Wait until nobody else does the same in a transaction: the lock to write does that."""

    def alone_quick(self, _quick: Quick, _what: int) -> None:
        """Wait as `alone` does: the lock to write does that."""


def _prepare(busy_timeout: timedelta) -> Any:
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # BEGIN is ours, see _begin
        connection.execute(f"PRAGMA busy_timeout = {int(busy_timeout.total_seconds() * 1000)}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")

    return prepare


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
