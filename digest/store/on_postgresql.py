"""PostgreSQL: a server for many processes on many machines.

Readers get one snapshot (REPEATABLE READ, read only). Writers use READ COMMITTED: each
statement sees what is committed, and a row that another writer changed meanwhile is looked at
again before it is changed; unique keys and row locks decide who was first. What must not be
done twice at once takes an advisory lock.
https://www.postgresql.org/docs/current/transaction-iso.html
"""

import re
from datetime import timedelta
from typing import Any

from sqlalchemy import URL, Connection, Dialect, Engine, create_engine, event, text
from sqlalchemy.pool import PoolProxiedConnection

from digest.errors import StoreError
from digest.store.quick import Prepared, Quick

_MIN_VERSION = 13
_CONNECT_SECONDS = "10"

# What may stand behind the "?" of a URL (libpq's names); a password may not: it would be logged.
_ALLOWED = {
    "host", "port", "sslmode", "sslrootcert", "sslcert", "sslkey", "passfile", "service",
    "connect_timeout", "application_name", "target_session_attrs", "channel_binding",
}  # fmt: skip

# What SQLSTATEs mean to an operator; https://www.postgresql.org/docs/current/errcodes-appendix.html
_STATES = {
    "53100": "cannot grow: the server's disk is full; make room and try again",
    "53200": "is out of memory; see the server's log",
    "53300": "has no connection left; raise max_connections, or run fewer processes",
    "57P01": "was stopped; start it and try again",
    "57P02": "was stopped; start it and try again",
    "57P03": "is starting or stopping; try again in a moment",
    "42501": "may not be changed by this user; let the user own the database",
    "25006": "is read-only; is it a standby?",
    "40001": "is busy; try again",
    "40P01": "is busy; try again",
    "55P03": "is locked by another process; try again, or stop that process",
    "57014": "took too long to answer; see statement_timeout",
}

# A refused connection has no SQLSTATE; its message says why, in the server's language.
_REFUSALS = (
    (r"password authentication failed|no password supplied",
     "does not accept the password; check database.url, or ~/.pgpass"),
    (r'role "[^"]*" does not exist', "does not know the user; create it with createuser"),
    (r'database "[^"]*" does not exist', "is not there; create it with createdb"),
    (r"no pg_hba.conf entry", "does not let this user in from here; see the server's pg_hba.conf"),
    (r"too many clients|remaining connection slots",
     "has no connection left; raise max_connections, or run fewer processes"),
    (r"starting up|shutting down|recovery mode", "is starting or stopping; try again in a moment"),
    (r"certificate|SSL", "offers no TLS connection that can be trusted; see sslmode, sslrootcert"),
    (r"translate host name|resolve", "is on a host whose name is not known; check database.url"),
    (r"refused|No such file|timeout|timed out|closed the connection|unreachable|no route",
     "does not answer; is the server running, and are host and port right?"),
)  # fmt: skip

_ALONE = text("SELECT pg_advisory_xact_lock(:what)")
_ALONE_QUICK = Prepared(lambda _: _ALONE)


class PostgresqlKind:
    """A database of a PostgreSQL server.

    Raises:
        StoreError: the URL holds what it may not, or the driver is not installed.
    """

    another = "database"

    def __init__(self, url: URL) -> None:
        told = url.render_as_string(hide_password=True).partition("?")[0]
        if url.get_driver_name() not in {"psycopg", ""} or (odd := set(url.query) - _ALLOWED):
            what = "its driver" if url.get_driver_name() != "psycopg" else ", ".join(sorted(odd))
            raise StoreError(
                f"the database URL {told} is of a kind that is not supported ({what});"
                " write it like postgresql+psycopg://user:password@host/digest"
            )
        if not url.database:
            raise StoreError(
                f"the database URL {told} names no database;"
                " write it like postgresql+psycopg://user:password@host/digest"
            )
        self._url = url.set(drivername="postgresql+psycopg")
        host = url.host or url.query.get("host") or "this machine"
        self.place = f"{url.database} on {host}"

    def engine(self, busy_timeout: timedelta, **options: Any) -> Engine:
        """Return the engine.

        Raises:
            StoreError: the driver is not installed.
        """
        url = self._url
        if "connect_timeout" not in url.query:
            url = url.update_query_dict({"connect_timeout": _CONNECT_SECONDS})
        try:
            # Threads of one process share the pool: at most as many as asyncio's threads.
            engine = create_engine(url, pool_size=10, max_overflow=30, **options)
        except ImportError as error:
            raise StoreError(
                "the database is PostgreSQL, and its driver is not installed;"
                " install research-digest[postgresql]"
            ) from error
        event.listen(engine, "connect", _prepare(busy_timeout))
        return engine

    def for_reading(self, engine: Engine) -> Engine:
        """Return an engine whose transactions see one snapshot."""
        return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    def for_writing(self, engine: Engine) -> Engine:
        """Return an engine whose transactions write."""
        return engine.execution_options(isolation_level="READ COMMITTED")

    def begin(self, dialect: Dialect, connection: PoolProxiedConnection) -> None:
        """Have the driver begin a transaction that writes with its first statement."""
        assert connection.dbapi_connection is not None
        dialect.set_isolation_level(connection.dbapi_connection, "READ COMMITTED")

    def explain(self, cause: BaseException | None) -> str | None:
        """Return what an error means to an operator; None: it is none of the known ones."""
        state, said = getattr(cause, "sqlstate", None), str(cause)
        if state in _STATES:
            return _STATES[state]
        if state is not None:
            return None
        for pattern, meaning in _REFUSALS:
            if re.search(pattern, said, re.IGNORECASE):
                return meaning
        return None

    def check(self, connection: Connection) -> str | None:
        """Return what is wrong with the version of the server, if anything is."""
        version = int((connection.dialect.server_version_info or (0,))[0])
        if version >= _MIN_VERSION:
            return None
        return f"is PostgreSQL {version}; {_MIN_VERSION} or newer is needed"

    def alone(self, connection: Connection, what: int) -> None:
        """Wait until nobody else does the same, to the end of the transaction."""
        connection.execute(_ALONE, {"what": what})

    def alone_quick(self, quick: Quick, what: int) -> None:
        """Wait as `alone` does, in a transaction by the driver alone."""
        quick.run(_ALONE_QUICK, {"what": what})


def _prepare(busy_timeout: timedelta) -> Any:
    def prepare(connection: Any, _record: object) -> None:
        milliseconds = int(busy_timeout.total_seconds() * 1000)
        connection.execute(f"SET lock_timeout = {milliseconds}")
        connection.commit()

    return prepare
