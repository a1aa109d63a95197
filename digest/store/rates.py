"""Rate limits: how much may still be sent now, counted for all processes together.

A limit holds in every stretch of its length, not only from one full hour to the next: the
stretch is cut into slots, each with its count, and the slots that reach into it are summed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, delete, func, select

from digest.models import Rate
from digest.store.database import COUNTING, Database, insert
from digest.store.schema import rates

_SLOTS = 12  # the oldest one that counts may reach back by one slot too far
_SKEW = timedelta(hours=1)  # clocks of machines that share a database differ by less
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Wait:
    """Which limit is used up, and until when."""

    rate: Rate
    until: datetime


class Rates:
    """What is used of the rate limits."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self, wanted: Sequence[Rate], now: datetime) -> Wait | None:
        """Count one message against all of these limits, or against none and say how long.

        Returns:
            None: it may be sent. Otherwise the limit that lets it go last.
        """
        with self._database.writing() as connection:
            self._database.alone(connection, COUNTING)
            waits = [wait for rate in wanted if (wait := _wait(connection, rate, now))]
            if waits:
                return max(waits, key=lambda wait: wait.until)
            for rate in wanted:
                _count(connection, rate, now)
        return None


def _slot(rate: Rate) -> timedelta:
    return timedelta(seconds=rate.seconds) / _SLOTS


def _wait(connection: Connection, rate: Rate, now: datetime) -> Wait | None:
    """Tell how long a limit is used up; None: it is not."""
    reach = timedelta(seconds=rate.seconds) + _slot(rate)
    mine = (rates.c.name == rate.name) & (rates.c.seconds == rate.seconds)
    # A slot that begins later than now was counted by a clock that has been set back since.
    counted = mine & (rates.c.slot_at > now - reach) & (rates.c.slot_at <= now)
    taken = connection.scalar(select(func.sum(rates.c.taken)).where(counted)) or 0
    if taken < rate.count:
        return None
    slots = select(rates.c.slot_at, rates.c.taken).where(counted).order_by(rates.c.slot_at)
    until = now
    for slot_at, count in connection.execute(slots):
        until = slot_at + reach
        taken -= count
        if taken < rate.count:
            break
    return Wait(rate, until)


def _count(connection: Connection, rate: Rate, now: datetime) -> None:
    """Count a message, and drop the slots that count no more."""
    slot_at = _EPOCH + ((now - _EPOCH) // _slot(rate)) * _slot(rate)
    row = {"name": rate.name, "seconds": rate.seconds, "slot_at": slot_at, "taken": 1}
    taken = connection.execute(
        insert(connection, rates)
        .values(row)
        .on_conflict_do_update(
            index_elements=[rates.c.name, rates.c.seconds, rates.c.slot_at],
            set_={"taken": rates.c.taken + 1},
        )
        .returning(rates.c.taken)
    ).scalar_one()
    if taken == 1:  # a new slot begins: time to look for those that are over
        over = now - timedelta(seconds=rate.seconds) - _slot(rate)
        gone = (rates.c.slot_at <= over) | (rates.c.slot_at > now + _SKEW)
        connection.execute(delete(rates).where(rates.c.seconds == rate.seconds, gone))
