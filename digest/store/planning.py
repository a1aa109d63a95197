"""Planning: one statement writes the deliveries of all subscribers that a schedule makes due."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, Connection, Date, Integer, func, literal, select, update

from digest.models import DeliveryState, Schedule
from digest.store.columns import UtcDateTime
from digest.store.database import insert
from digest.store.people import address_key, is_mailable
from digest.store.schema import deliveries, shards, subscribers
from digest.store.serial import minute_of, weekday_mask


@dataclass(frozen=True, slots=True)
class Due:
    """A schedule whose edition of that day is due."""

    schedule: Schedule
    edition_date: date


def insert_due(
    connection: Connection, run_id: int, due: Due, channel: str, *, now: datetime, only: str | None
) -> int:
    """Write the deliveries of one schedule that are not there yet; return how many."""
    schedule = due.schedule
    values = {
        "run_id": literal(run_id, Integer),
        "subscriber_id": subscribers.c.subscriber_id,
        "edition_date": literal(due.edition_date, Date),
        "channel": literal(channel),
        "state": literal(DeliveryState.QUEUED.value),
        "attempts": literal(0, Integer),
        "detail": literal(""),
        "planned_at": literal(now, UtcDateTime),
        "state_at": literal(now, UtcDateTime),
    }
    who = select(*values.values()).where(
        subscribers.c.timezone == schedule.timezone,
        subscribers.c.send_minute == minute_of(schedule.send_time),
        subscribers.c.weekdays == weekday_mask(schedule.weekdays),
        is_mailable(),
    )
    if only is not None:
        who = who.where(subscribers.c.address_key == address_key(only))
    key = [deliveries.c.subscriber_id, deliveries.c.edition_date, deliveries.c.channel]
    statement = insert(connection, deliveries).from_select(list(values), who)
    planned = connection.execute(
        statement.on_conflict_do_nothing(index_elements=key),
        execution_options={"preserve_rowcount": True},  # PostgreSQL's is lost otherwise
    )
    return planned.rowcount


def fill_shards(connection: Connection, run_id: int, shard_size: int) -> None:
    """Give each new delivery its shard; all deliveries of one subscriber go into the same."""
    new = (deliveries.c.run_id == run_id) & deliveries.c.shard_id.is_(None)
    people = select(func.count(deliveries.c.subscriber_id.distinct())).where(new)
    taken = select(func.max(shards.c.number)).where(shards.c.run_id == run_id)
    highest = connection.scalar(taken)
    first = 0 if highest is None else highest + 1
    needed = -(-(connection.scalar(people) or 0) // shard_size)
    rows = [{"run_id": run_id, "number": first + i, "fence": 0} for i in range(needed)]
    made = shards.insert().returning(shards.c.shard_id, sort_by_parameter_order=True)
    for lowest, count in _stretches(connection.scalars(made, rows) if rows else []):
        _place(connection, new, lowest, count, shard_size)


def _place(
    connection: Connection, new: ColumnElement[bool], lowest: int, count: int, shard_size: int
) -> None:
    """Fill so many shards, numbered from the lowest on, with the first of the new deliveries.

    A shard's number is counted, not looked up: nobody knows yet how many shards there are, so a
    database would look through all of them for each delivery.
    """
    place = (func.dense_rank().over(order_by=deliveries.c.subscriber_id) - 1) // shard_size
    placed = select(deliveries.c.delivery_id, place.label("place")).where(new).subquery()
    connection.execute(
        update(deliveries)
        .where(deliveries.c.delivery_id == placed.c.delivery_id, placed.c.place < count)
        .values(shard_id=placed.c.place + lowest)
    )


def _stretches(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """Return numbers as stretches without a gap: the first of each, and how many there are.

    There is more than one only where somebody else plans at the same time.
    """
    found: list[tuple[int, int]] = []
    for number in numbers:
        if found and number == sum(found[-1]):
            found[-1] = (found[-1][0], found[-1][1] + 1)
        else:
            found.append((number, 1))
    return found
