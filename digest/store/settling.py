"""Steps of the ledger's transactions: what becomes of deliveries, and what begins."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import (
    Connection,
    Exists,
    Integer,
    String,
    bindparam,
    exists,
    func,
    literal,
    select,
    update,
)

from digest.models import DeliveryState, Edition
from digest.store.columns import UtcDateTime
from digest.store.database import chunks, insert
from digest.store.leases import WAITING, Shard
from digest.store.people import is_mailable
from digest.store.schema import deliveries, runs, subscribers, suppressions


@dataclass(frozen=True, slots=True)
class Settlement:
    """What became of a delivery.

    Attributes:
        next_try_at: goes with `deferred`.
        suppress: never mail this address again; `detail` says why.
    """

    delivery_id: int
    state: DeliveryState
    detail: str = ""
    next_try_at: datetime | None = None
    suppress: bool = False


@dataclass(frozen=True, slots=True)
class Composed:
    """An edition made for a delivery; `silent`: it is empty and is not to be sent."""

    delivery_id: int
    edition: Edition
    silent: bool = False


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of composed editions.

    Attributes:
        numbers: of the editions, by delivery.
        added: numbers of those that were not stored before; they are as they were composed.
    """

    numbers: Mapping[int, int]
    added: frozenset[int] = frozenset()


def _receives() -> Exists:
    return exists().where(subscribers.c.subscriber_id == deliveries.c.subscriber_id, is_mailable())


# Statements of each commit are built once: building one costs more than running it.
_SETTLE = (
    update(deliveries)
    .where(
        deliveries.c.shard_id == bindparam("the_shard"),
        deliveries.c.delivery_id == bindparam("id"),
    )
    .values(
        state=bindparam("to_state"),
        detail=bindparam("why"),
        next_try_at=bindparam("not_before"),
        state_at=bindparam("at"),
        attempts=deliveries.c.attempts - bindparam("untried", type_=Integer),
    )
)
_BEGIN = (
    update(deliveries)
    .where(
        deliveries.c.shard_id == bindparam("the_shard"),
        deliveries.c.delivery_id.in_(bindparam("ids", expanding=True)),
        WAITING,
        _receives(),
    )
    .values(
        state=DeliveryState.TRANSMITTING.value,
        attempts=deliveries.c.attempts + 1,
        next_try_at=None,
        state_at=bindparam("at"),
    )
    .returning(deliveries.c.delivery_id)
)


def drop_departed(connection: Connection, shard: Shard, now: datetime) -> None:
    """End the waiting deliveries of a shard whose subscribers receive nothing any more."""
    ended = {
        "state": DeliveryState.SUPPRESSED.value,
        "detail": "the subscriber left, paused or was suppressed after planning",
        "next_try_at": None,
        "state_at": now,
    }
    mine = deliveries.c.shard_id == shard.shard_id
    connection.execute(update(deliveries).where(mine, WAITING, ~_receives()).values(ended))


def settle(
    connection: Connection, shard: Shard, settled: Sequence[Settlement], now: datetime
) -> None:
    """Write what became of deliveries, and suppress the addresses that are none."""
    rows = [
        {
            "the_shard": shard.shard_id,
            "id": item.delivery_id,
            "to_state": item.state.value,
            "why": item.detail,
            "not_before": item.next_try_at,
            "at": now,
            # What comes back to the queue was not tried: the channel was out of order.
            "untried": int(item.state is DeliveryState.QUEUED),
        }
        for item in settled
    ]
    if rows:
        connection.execute(_SETTLE, rows)
    for item in settled:
        if item.suppress:
            _suppress(connection, item, now)


def begin(
    connection: Connection, shard: Shard, starting: Collection[int], now: datetime
) -> frozenset[int]:
    """Mark deliveries as `transmitting`; return which: not who left in the meantime."""
    started: set[int] = set()
    for some in chunks(sorted(starting)):
        told = {"the_shard": shard.shard_id, "ids": some, "at": now}
        started.update(connection.scalars(_BEGIN, told))
    if len(started) < len(starting):
        drop_departed(connection, shard, now)
    return frozenset(started)


def edition_keys(
    connection: Connection, shard: Shard, ids: Sequence[int]
) -> dict[int, tuple[int, date]]:
    """Return (subscriber, day) by delivery, of the deliveries that are still there."""
    found: dict[int, tuple[int, date]] = {}
    for some in chunks(ids):
        rows = connection.execute(
            select(
                deliveries.c.delivery_id, deliveries.c.subscriber_id, deliveries.c.edition_date
            ).where(deliveries.c.shard_id == shard.shard_id, deliveries.c.delivery_id.in_(some))
        )
        found.update((number, (subscriber, day)) for number, subscriber, day in rows)
    return found


def link(
    connection: Connection, ids: Mapping[int, int], silent: Collection[int], now: datetime
) -> None:
    """Tie deliveries to their editions, and end those that stay silent."""
    rows = [{"id": number, "edition_id": edition_id} for number, edition_id in ids.items()]
    if rows:
        these = deliveries.c.delivery_id == bindparam("id")
        connection.execute(update(deliveries).where(these), rows)
    ended = {"state": DeliveryState.SILENT.value, "state_at": now}
    for some in chunks(sorted(silent)):
        these = deliveries.c.delivery_id.in_(some)
        connection.execute(update(deliveries).where(these, WAITING).values(ended))


def _suppress(connection: Connection, item: Settlement, now: datetime) -> None:
    """Suppress the address of a delivery; the first reason given stays."""
    who = (
        select(
            subscribers.c.address_key,
            literal(f"the mail server refused it: {item.detail}", String),
            literal(now, UtcDateTime),
        )
        .join(deliveries, deliveries.c.subscriber_id == subscribers.c.subscriber_id)
        .where(deliveries.c.delivery_id == item.delivery_id)
    )
    into = [suppressions.c.address_key, suppressions.c.reason, suppressions.c.suppressed_at]
    statement = insert(connection, suppressions).from_select(into, who)
    connection.execute(
        statement.on_conflict_do_nothing(index_elements=[suppressions.c.address_key])
    )


def count_planned(connection: Connection, run_id: int | None) -> int:
    """Return how many deliveries were planned, as was written down when they were."""
    wanted = select(func.coalesce(func.sum(runs.c.planned), 0))
    if run_id is not None:
        wanted = wanted.where(runs.c.run_id == run_id)
    planned: int = connection.execute(wanted).scalar_one()
    return planned
