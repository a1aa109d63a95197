"""Rate limits: how much may still be sent now, counted for all processes together.

A limit holds in every stretch of its length, not only from one full hour to the next: the
stretch is cut into slots, each with its count, and the slots that reach into it are summed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, func, select

from digest.models import Rate
from digest.store.database import COUNTING, Database, insert
from digest.store.quick import Prepared, Quick
from digest.store.schema import rates

_SLOTS = 12  # the oldest one that counts may reach back by one slot too far
_SKEW = timedelta(hours=1)  # clocks of machines that share a database differ by less
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# A slot that begins later than now was counted by a clock that has been set back since.
_COUNTED = (
    (rates.c.name == bindparam("name"))
    & (rates.c.seconds == bindparam("seconds"))
    & (rates.c.slot_at > bindparam("since"))
    & (rates.c.slot_at <= bindparam("now"))
)
_TAKEN = Prepared(lambda _: select(func.coalesce(func.sum(rates.c.taken), 0)).where(_COUNTED))
_SLOTS_OF = select(rates.c.slot_at, rates.c.taken).where(_COUNTED).order_by(rates.c.slot_at)
_COUNT = Prepared(
    lambda dialect: (
        insert(dialect, rates)
        .values({c.name: bindparam(c.name) for c in rates.c})
        .on_conflict_do_update(
            index_elements=[rates.c.name, rates.c.seconds, rates.c.slot_at],
            set_={"taken": rates.c.taken + 1},
        )
        .returning(rates.c.taken)
    )
)
_DROP = Prepared(
    lambda _: delete(rates).where(
        rates.c.seconds == bindparam("seconds"),
        (rates.c.slot_at <= bindparam("over")) | (rates.c.slot_at > bindparam("ahead")),
    )
)


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
        with self._database.quick(alone=COUNTING) as quick:
            full = [rate for rate in wanted if _taken(quick, rate, now) >= rate.count]
            if not full:
                for rate in wanted:
                    _count(quick, rate, now)
                return None
        with self._database.reading() as connection:
            waits = [_wait(connection, rate, now) for rate in full]
        return max(waits, key=lambda wait: wait.until)


def _slot(rate: Rate) -> timedelta:
    return timedelta(seconds=rate.seconds) / _SLOTS


def _reach(rate: Rate) -> timedelta:
    """Return how far back slots count."""
    return timedelta(seconds=rate.seconds) + _slot(rate)


def _taken(quick: Quick, rate: Rate, now: datetime) -> int:
    told = {"name": rate.name, "seconds": rate.seconds, "since": now - _reach(rate), "now": now}
    return quick.number(_TAKEN, told) or 0


def _wait(connection: Connection, rate: Rate, now: datetime) -> Wait:
    """Tell how long a limit is used up."""
    told = {"name": rate.name, "seconds": rate.seconds, "since": now - _reach(rate), "now": now}
    slots = connection.execute(_SLOTS_OF, told).all()
    taken = sum(count for _, count in slots)
    until = now
    for slot_at, count in slots:
        if taken < rate.count:
            break
        until = slot_at + _reach(rate)
        taken -= count
    return Wait(rate, until)


def _count(quick: Quick, rate: Rate, now: datetime) -> None:
    """Count a message, and drop the slots that count no more."""
    slot_at = _EPOCH + ((now - _EPOCH) // _slot(rate)) * _slot(rate)
    row = {"name": rate.name, "seconds": rate.seconds, "slot_at": slot_at, "taken": 1}
    if quick.number(_COUNT, row) == 1:  # a new slot begins: time to look for those that are over
        over = {"seconds": rate.seconds, "over": now - _reach(rate), "ahead": now + _SKEW}
        quick.run(_DROP, over)
