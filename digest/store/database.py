"""Opens the database, keeps its schema up to date, and says in one line what is wrong with it.

What differs between SQLite and PostgreSQL stands in `on_sqlite` and `on_postgresql`.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from sqlalchemy import URL, Connection, Dialect, Engine, Table, exc, inspect, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.pool import PoolProxiedConnection

from digest.errors import StoreError
from digest.store.columns import Encoded, storable
from digest.store.on_postgresql import PostgresqlKind
from digest.store.on_sqlite import SqliteKind
from digest.store.quick import Quick
from digest.store.schema import REVISION

if TYPE_CHECKING:
    from alembic.config import Config

T = TypeVar("T")

BUSY_TIMEOUT = timedelta(seconds=10)

# What only one process at a time does; PostgreSQL's advisory locks are numbers of one's own.
MIGRATING, MERGING, LEARNING, COUNTING, TURNS = range(0x6469_6701, 0x6469_6706)


class Kind(Protocol):
    """A kind of database: how it is connected to, and what its errors mean."""

    place: str
    another: str

    def engine(self, busy_timeout: timedelta, **options: Any) -> Engine:
        """Return the engine."""

    def for_reading(self, engine: Engine) -> Engine:
        """Return an engine whose transactions see one snapshot."""

    def for_writing(self, engine: Engine) -> Engine:
        """Return an engine whose transactions write."""

    def begin(self, dialect: Dialect, connection: PoolProxiedConnection) -> None:
        """Begin a transaction that writes, on the driver's own connection."""

    def explain(self, cause: BaseException | None) -> str | None:
        """Return what an error means to an operator; None: it is none of the known ones."""

    def check(self, connection: Connection) -> str | None:
        """Return what is wrong with the version of the database, if anything is."""

    def alone(self, connection: Connection, what: int) -> None:
        """Wait until nobody else does the same, to the end of the transaction."""

    def alone_quick(self, quick: Quick, what: int) -> None:
        """Wait as `alone` does, in a transaction by the driver alone."""


class Database:
    """An engine with two ways in: `reading` sees one snapshot, `writing` is one transaction."""

    def __init__(self, kind: Kind, busy_timeout: timedelta) -> None:
        self.place = kind.place
        self.in_file = isinstance(kind, SqliteKind)
        self._kind = kind
        # Errors are logged, and what somebody wants to read is nobody's business there.
        self.engine = kind.engine(busy_timeout, json_serializer=to_json, hide_parameters=True)
        self._reader = kind.for_reading(self.engine)
        self._writer = kind.for_writing(self.engine)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection whose queries all see the same state.

        Raises:
            StoreError: the database cannot be read.
        """
        with self._in_one_line(), self._reader.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection that may write; all of it is committed at the end, or nothing.

        Raises:
            StoreError: the database cannot be written, or is busy for too long.
        """
        with self._in_one_line(), self._writer.begin() as connection:
            yield connection

    @contextmanager
    def quick(self, alone: int | None = None) -> Iterator[Quick]:
        """Give a transaction as `writing` does, by the driver alone: for what each mail costs.

        Args:
            alone: what no other process does at the same time.

        Raises:
            StoreError: the database cannot be written, or is busy for too long.
        """
        dialect = self.engine.dialect
        with self._in_one_line():
            connection = self.engine.raw_connection()
            try:
                self._kind.begin(dialect, connection)
                cursor = connection.cursor()
                quick = Quick(dialect, cursor)
                if alone is not None:
                    self._kind.alone_quick(quick, alone)
                yield quick
                cursor.close()
                connection.commit()
            except dialect.loaded_dbapi.Error as error:
                if dialect.is_disconnect(error, connection, None):
                    connection.invalidate(error)
                    self.engine.dispose()  # the server is gone, and all others with it
                raise
            finally:
                connection.close()  # back to where it came from; what is not committed is undone

    def alone(self, connection: Connection, what: int) -> None:
        """Wait until no other process does the same, to the end of the transaction."""
        self._kind.alone(connection, what)

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    def trouble(self, what: str) -> StoreError:
        """Return the error that says this of the database."""
        return StoreError(f"the database {self.place} {what}")

    def look(self) -> str | None:
        """Return the revision of the schema; None: the database is empty.

        Raises:
            StoreError: it cannot be read, is of a version we cannot use, or is not ours.
        """
        with self.reading() as connection:
            if wrong := self._kind.check(connection):
                raise self.trouble(wrong)
            return self.revision(connection)

    def revision(self, connection: Connection) -> str | None:
        """Return the revision of the schema, within a transaction; None: it is empty."""
        tables = inspect(connection).get_table_names()
        if "alembic_version" in tables:
            found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
            return found
        if tables:
            raise self.trouble(f"holds another program's tables; name another {self._kind.another}")
        return None

    def migrate(self) -> None:
        """Bring the schema up to date, in one transaction that other processes wait for."""
        from alembic import command
        from alembic.script import ScriptDirectory

        with self.writing() as connection:
            self.alone(connection, MIGRATING)
            config = alembic_config(connection)
            known = {s.revision for s in ScriptDirectory.from_config(config).walk_revisions()}
            current = self.revision(connection)
            if current is not None and current not in known:
                raise self.trouble(
                    "was made by a newer version of digest;"
                    f" install that version, or name another {self._kind.another}"
                )
            command.upgrade(config, "head")

    @contextmanager
    def _in_one_line(self) -> Iterator[None]:
        driver = self.engine.dialect.loaded_dbapi
        ours = driver.IntegrityError, driver.ProgrammingError, driver.DataError
        try:
            yield
        except (exc.DBAPIError, driver.Error) as error:
            cause = error.orig if isinstance(error, exc.DBAPIError) else error
            known = self._kind.explain(cause)
            if known is None and (cause is None or isinstance(cause, ours)):
                raise  # a mistake of ours, not of the disk
            raise self.trouble(
                known or f"does not answer as it should: {_first_line(cause)}"
            ) from error


def open_database(url: str, busy_timeout: timedelta = BUSY_TIMEOUT) -> Database:
    """Open a database at the newest schema, making folder, file and tables where needed.

    Args:
        url: like ``sqlite:////var/lib/digest/digest.db`` or
            ``postgresql+psycopg://digest@db.example.org/digest``.
        busy_timeout: how long a writer waits for another one.

    Raises:
        StoreError: it cannot be opened, is no database of ours, or is of a newer version.
    """
    database = Database(_kind(url), busy_timeout)
    try:
        if database.look() != REVISION:
            database.migrate()
    except BaseException:
        database.close()
        raise
    return database


def file_of(url: str) -> str | None:
    """Return the file in which a database is kept; None: a server keeps it.

    Raises:
        StoreError: the URL cannot be used.
    """
    kind = _kind(url)
    return kind.place if isinstance(kind, SqliteKind) else None


def insert(to: Connection | Dialect, table: Table) -> sqlite.Insert:
    """Return an INSERT that knows ON CONFLICT, in the words of the database."""
    words: Any = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
    dialect = to if isinstance(to, Dialect) else to.dialect
    statement: sqlite.Insert = words[dialect.name](table)
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


def _kind(url: str) -> Kind:
    try:
        parsed: URL = make_url(url)
    except exc.ArgumentError:
        # The cause quotes the URL with its password.
        raise StoreError(
            "the database URL cannot be read; write it like sqlite:////path/to/digest.db"
        ) from None
    match parsed.get_backend_name():
        case "sqlite":
            return SqliteKind(parsed)
        case "postgresql":
            return PostgresqlKind(parsed)
    raise StoreError(
        f"the database URL {parsed.render_as_string()} is of a kind that is not supported;"
        " write it like sqlite:////path/to/digest.db or postgresql+psycopg://user@host/digest"
    )


def _first_line(cause: BaseException | None) -> str:
    lines = [line.strip() for line in str(cause).splitlines() if line.strip()]
    return lines[0] if lines else type(cause).__name__


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def to_json(value: object) -> str:
    """Return plain data as JSON that every database can hold."""
    if isinstance(value, Encoded):
        return value
    if not value:  # most lists and tables of a paper are empty
        return (
            "[]" if isinstance(value, list) else "{}" if isinstance(value, dict) else _encode(value)
        )
    return storable(_encode(value))
