"""Runs of collecting and publishing: when, and what they reported."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, delete, insert, select, update

from digest.store.database import TURNS, Database
from digest.store.schema import runs


@dataclass(frozen=True, slots=True)
class Run:
    """One run; `finished_at` None: it is still going, or was cut off."""

    run_id: int
    kind: str
    started_at: datetime
    finished_at: datetime | None
    report: Mapping[str, Any] | None
    planned: int = 0  # deliveries


class Runs:
    """The runs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def start(self, kind: str, now: datetime) -> int:
        """Note that a run begins; return its number."""
        added = insert(runs).values(kind=kind, started_at=now).returning(runs.c.run_id)
        with self._database.writing() as connection:
            run_id: int = connection.execute(added).scalar_one()
        return run_id

    def forget(self, run_id: int) -> None:
        """Remove a run that had nothing to do, so that idle ticks leave no trace."""
        with self._database.writing() as connection:
            connection.execute(delete(runs).where(runs.c.run_id == run_id))

    def finish(self, run_id: int, now: datetime, report: Mapping[str, Any]) -> None:
        """Note that a run ended, with what it says of itself as plain JSON data."""
        ended = {"finished_at": now, "report": dict(report)}
        with self._database.writing() as connection:
            connection.execute(update(runs).where(runs.c.run_id == run_id).values(ended))

    def take_turn(self, kind: str, now: datetime, every: timedelta) -> Run | None:
        """Take one's turn at what is done by one process at a time, and only so often.

        Returns:
            The one run of this kind, with what was last reported of it, begun anew; None: it is
            not time yet. A turn in the future, of a clock that was set back, does not count.
        """
        with self._database.writing() as connection:
            self._database.alone(connection, TURNS)
            row = connection.execute(_last(kind)).one_or_none()
            if row and now - every < row.started_at <= now:
                return None
            if row is None:
                added = insert(runs).values(kind=kind, started_at=now).returning(*runs.c)
                return Run(**connection.execute(added).one()._mapping)
            begun = {"started_at": now, "finished_at": None}
            connection.execute(update(runs).where(runs.c.run_id == row.run_id).values(begun))
            return Run(**(dict(row._mapping) | begun))

    def unended(self, kind: str, since: datetime) -> list[Run]:
        """Return the runs since then that planned something and have not been noted as ended."""
        open_ones = (
            (runs.c.kind == kind)
            & (runs.c.started_at >= since)
            & runs.c.finished_at.is_(None)
            & (runs.c.planned > 0)
        )
        with self._database.reading() as connection:
            rows = connection.execute(select(runs).where(open_ones).order_by(runs.c.run_id))
            return [Run(**row._mapping) for row in rows]

    def last(self, kind: str) -> Run | None:
        """Return the run of this kind that was started last."""
        with self._database.reading() as connection:
            row = connection.execute(_last(kind)).one_or_none()
        return Run(**row._mapping) if row else None

    def page(
        self, kinds: Collection[str], *, before: int | None = None, limit: int = 25
    ) -> list[Run]:
        """Return runs of these kinds, the newest first.

        Args:
            kinds: of the runs.
            before: only those with a smaller number.
            limit: at most so many.
        """
        asked = select(runs).where(runs.c.kind.in_(kinds))
        if before is not None:
            asked = asked.where(runs.c.run_id < before)
        with self._database.reading() as connection:
            rows = connection.execute(asked.order_by(runs.c.run_id.desc()).limit(limit))
            return [Run(**row._mapping) for row in rows]

    def planned(self, since: datetime) -> list[tuple[datetime, int]]:
        """Return when runs planned how many deliveries, since an instant."""
        asked = select(runs.c.started_at, runs.c.planned).where(
            runs.c.kind == "publish", runs.c.started_at >= since, runs.c.planned > 0
        )
        with self._database.reading() as connection:
            return [(row.started_at, row.planned) for row in connection.execute(asked)]


def _last(kind: str) -> Select[Any]:
    return select(runs).where(runs.c.kind == kind).order_by(runs.c.run_id.desc()).limit(1)
