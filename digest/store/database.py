"""Opens the database, keeps its schema up to date, and says in one line what is wrong with it.

SQLite: write-ahead log, so that readers and one writer do not wait for each other;
synchronous=NORMAL, which loses nothing when a process is killed (only a power cut may cost
the last commits); writers take their lock at BEGIN, since a lock that is taken later cannot
be waited for. https://www.sqlite.org/wal.html, https://www.sqlite.org/lang_transaction.html
"""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import (
    URL,
    Connection,
    Table,
    create_engine,
    event,
    exc,
    inspect,
    make_url,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite

from digest.errors import StoreError
from digest.store.columns import storable
from digest.store.schema import REVISION

if TYPE_CHECKING:
    from alembic.config import Config

T = TypeVar("T")

BUSY_TIMEOUT = timedelta(seconds=10)

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


class Database:
    """An engine with two ways in: `reading` sees one snapshot, `writing` is one transaction."""

    def __init__(self, url: URL, busy_timeout: timedelta) -> None:
        self.place = url.database or str(url)
        self.engine = create_engine(url, json_serializer=_to_json)
        self._writer = self.engine.execution_options(writes=True)
        event.listen(self.engine, "connect", _prepare(busy_timeout))
        event.listen(self.engine, "begin", _begin)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection whose queries all see the same state.

        Raises:
            StoreError: the database cannot be read.
        """
        with self._in_one_line(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection that may write; all of it is committed at the end, or nothing.

        Raises:
            StoreError: the database cannot be written, or is busy for too long.
        """
        with self._in_one_line(), self._writer.begin() as connection:
            yield connection

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    @contextmanager
    def _in_one_line(self) -> Iterator[None]:
        try:
            yield
        except (exc.OperationalError, exc.DatabaseError) as error:
            if isinstance(error, exc.IntegrityError | exc.ProgrammingError | exc.DataError):
                raise  # a mistake of ours, not of the disk
            raise StoreError(self._explain(error.orig)) from error

    def _explain(self, cause: BaseException | None) -> str:
        code = getattr(cause, "sqlite_errorcode", None)
        trouble = _TROUBLE.get(code & 0xFF) if code is not None else None
        return f"the database {self.place} {trouble or f'does not answer as it should: {cause}'}"


def open_database(url: str, busy_timeout: timedelta = BUSY_TIMEOUT) -> Database:
    """Open a database at the newest schema, making folder, file and tables where needed.

    Args:
        url: like ``sqlite:////var/lib/digest/digest.db``.
        busy_timeout: how long a writer waits for another one.

    Raises:
        StoreError: it cannot be opened, is no database of ours, or is of a newer version.
    """
    parsed = _parse(url)
    folder = Path(str(parsed.database)).absolute().parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"the folder {folder} for the database cannot be made: {error.strerror or error}"
        ) from error
    database = Database(parsed, busy_timeout)
    try:
        with database.reading() as connection:
            current = _revision(connection, database.place)
        if current != REVISION:
            _migrate(database)
    except BaseException:
        database.close()
        raise
    return database


def insert(connection: Connection, table: Table) -> sqlite.Insert:
    """Return an INSERT that knows ON CONFLICT, in the words of the connected database."""
    words: Any = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
    statement: sqlite.Insert = words[connection.dialect.name](table)
    return statement


def draw_ids(connection: Connection, table: Table, count: int) -> Sequence[int]:
    """Return so many ids of a table that nobody else will ever get, for one INSERT of many rows.

    SQLite: the ones after the highest ever given, which the caller's transaction keeps for
    itself since it holds the lock to write. PostgreSQL: drawn from the column's sequence.
    """
    if connection.dialect.name == "sqlite":
        highest = connection.scalar(
            text("SELECT seq FROM sqlite_sequence WHERE name = :table"), {"table": table.name}
        )
        return range((highest or 0) + 1, (highest or 0) + 1 + count)
    (column,) = table.primary_key
    drawn = "SELECT nextval(pg_get_serial_sequence(:t, :c)) FROM generate_series(1, :n)"
    named = {"t": table.name, "c": column.name, "n": count}
    return connection.scalars(text(drawn), named).all()


def chunks(values: Sequence[T], size: int = 500) -> Iterator[Sequence[T]]:
    """Return portions of a list that fit into one statement's parameters."""
    return (values[start : start + size] for start in range(0, len(values), size))


def alembic_config(connection: Connection) -> "Config":
    """Return what Alembic needs to find our migrations, in a wheel or a checkout alike."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "digest.store:migrations")
    config.attributes["connection"] = connection
    return config


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except exc.ArgumentError as error:
        raise StoreError(
            "the database URL cannot be read; write it like sqlite:////path/to/digest.db"
        ) from error
    if parsed.get_backend_name() != "sqlite" or parsed.query:
        raise StoreError(
            f"the database URL {parsed.render_as_string()} is of a kind that is not supported;"
            " write it like sqlite:////path/to/digest.db"
        )
    if parsed.database in (None, "", ":memory:"):
        raise StoreError(
            f"the database URL {parsed} names no file; write it like sqlite:////path/to/digest.db"
        )
    return parsed


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


def _revision(connection: Connection, place: str) -> str | None:
    """Return the revision of the schema; None: the database is empty."""
    tables = inspect(connection).get_table_names()
    if "alembic_version" in tables:
        found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
        return found
    if tables:
        raise StoreError(f"the database {place} holds another program's tables; name another file")
    return None


def _migrate(database: Database) -> None:
    """Bring the schema up to date, in one transaction that other processes wait for."""
    from alembic import command
    from alembic.script import ScriptDirectory

    with database.writing() as connection:
        config = alembic_config(connection)
        known = {s.revision for s in ScriptDirectory.from_config(config).walk_revisions()}
        current = _revision(connection, database.place)
        if current is not None and current not in known:
            raise StoreError(
                f"the database {database.place} was made by a newer version of digest;"
                " install that version, or name another file"
            )
        command.upgrade(config, "head")


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def _to_json(value: object) -> str:
    if not value:  # most lists and tables of a paper are empty
        return (
            "[]" if isinstance(value, list) else "{}" if isinstance(value, dict) else _encode(value)
        )
    return storable(_encode(value))
