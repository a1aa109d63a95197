"""Copies of a database in a file: a consistent one while it is used, and the way back.

SQLite's own online backup makes the copy (https://www.sqlite.org/backup.html): writers go on,
and the copy holds what was committed when it began. PostgreSQL has its own tools for that.
"""

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Literal

from sqlalchemy import update

from digest.errors import StoreError
from digest.models import DeliveryState
from digest.store.database import Database
from digest.store.leases import WAITING
from digest.store.schema import deliveries, shards

_FILES = ("", "-wal", "-shm")  # https://www.sqlite.org/wal.html
_LATE = "the database was restored from a backup: it may have been sent since"


def back_up(place: str, target: Path) -> None:
    """Copy the database in a file to another file, which only its owner can read.

    The file appears when it is whole. One that is there is replaced.

    Raises:
        StoreError: the copy cannot be made; nothing of it is left.
    """
    part = target.with_name(f".{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        part.touch(mode=0o600)
        with _opened(place, "ro") as source, _opened(str(part), "rw") as copy:
            source.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")
        with part.open("rb+") as written:
            os.fsync(written.fileno())
        part.replace(target)
    except (OSError, sqlite3.Error) as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise StoreError(f"cannot back up {place} to {target}: {_reason(error)}") from error


def put_back(place: str, source: Path, now: datetime) -> Path | None:
    """Put a backup in the place of the database, which is moved aside.

    Returns:
        Where the database was moved to; None: there was none.

    Raises:
        StoreError: the backup is none, or another program has the database open; nothing was
            changed.
    """
    _look(source)
    aside = Path(f"{place}.before-{now:%Y%m%dT%H%M%S}")
    moved: Path | None = None
    _nobody_uses(place)
    new = Path(f"{place}.restoring")
    back_up(str(source), new)
    for end in _FILES:
        if Path(f"{place}{end}").exists():
            Path(f"{place}{end}").rename(f"{aside}{end}")
            moved = aside
    new.replace(place)
    return moved


def end_what_waits(database: Database, now: datetime) -> tuple[int, int]:
    """End deliveries of a restored ledger that wait or were on their way; free its shards.

    They may have been sent after the backup was made. Returns how many waited, and of how many
    the outcome is unknown.
    """
    told = {"detail": _LATE, "state_at": now, "next_try_at": None}
    on_the_way = deliveries.c.state == DeliveryState.TRANSMITTING
    with database.writing() as connection:
        connection.execute(update(shards).values(owner=None, lease_until=None))
        ended = connection.execute(
            update(deliveries).where(WAITING).values(told | {"state": DeliveryState.EXPIRED.value})
        ).rowcount
        unknown = connection.execute(
            update(deliveries)
            .where(on_the_way)
            .values(told | {"state": DeliveryState.UNKNOWN.value})
        ).rowcount
    return ended, unknown


def _look(source: Path) -> None:
    """Say in one line why a file is no backup, if it is none."""
    try:
        with _opened(str(source), "ro") as opened:
            names = {row[0] for row in opened.execute("SELECT name FROM sqlite_master")}
            [(found,)] = opened.execute("PRAGMA quick_check(1)").fetchall()
    except sqlite3.Error as error:
        raise StoreError(f"{source} cannot be restored: {_reason(error)}") from error
    if not {"alembic_version", "deliveries"} <= names:
        raise StoreError(f"{source} cannot be restored: it is no database of Digest")
    if found != "ok":
        raise StoreError(f"{source} cannot be restored: it is damaged ({found[:200]})")


def _nobody_uses(place: str) -> None:
    """Make sure that no other program has the database open, and fold its log into it."""
    if not Path(place).exists():
        return
    try:
        with _opened(place, "rw") as opened:
            # Leaving the write-ahead log needs the database for oneself.
            [(mode,)] = opened.execute("PRAGMA journal_mode = DELETE").fetchall()
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in {
            sqlite3.SQLITE_BUSY,
            sqlite3.SQLITE_LOCKED,
        }:
            raise _in_use(place) from error
        return  # it is damaged, and that is why a backup is wanted
    if mode == "wal":
        raise _in_use(place)


def _in_use(place: str) -> StoreError:
    return StoreError(f"another program has {place} open; stop it (systemctl stop digest) first")


@contextlib.contextmanager
def _opened(place: str, mode: Literal["ro", "rw"]) -> Iterator[sqlite3.Connection]:
    """Open a file that is there; the library would make one that is not."""
    uri = f"{Path(place).absolute().as_uri()}?mode={mode}"
    with contextlib.closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as opened:
        yield opened


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
