"""Planning: one statement writes the deliveries of all subscribers that a schedule makes due."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, Date, Integer, func, literal, select, update

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
    connection.execute(shards.insert(), rows)

    place = (func.dense_rank().over(order_by=deliveries.c.subscriber_id) - 1) // shard_size
    placed = select(deliveries.c.delivery_id, (place + first).label("number")).where(new).subquery()
    connection.execute(
        update(deliveries)
        .where(
            deliveries.c.delivery_id == placed.c.delivery_id,
            shards.c.run_id == run_id,
            shards.c.number == placed.c.number,
        )
        .values(shard_id=shards.c.shard_id)
    )
