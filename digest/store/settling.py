"""Steps of the ledger's transactions: what becomes of deliveries, and what begins."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Exists, Integer, bindparam, exists, func, or_, select, update

from digest.models import DeliveryState, Edition
from digest.store.columns import SafeText, UtcDateTime
from digest.store.database import insert
from digest.store.editions import insert_edition
from digest.store.leases import Shard
from digest.store.people import is_mailable
from digest.store.quick import Prepared, Quick
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


_MINE = deliveries.c.shard_id == bindparam("the_shard")
_THIS = _MINE & (deliveries.c.delivery_id == bindparam("id"))
_WAITS = or_(
    deliveries.c.state == DeliveryState.QUEUED.value,
    deliveries.c.state == DeliveryState.DEFERRED.value,
)
_DEPARTED = (
    update(deliveries)
    .where(_MINE, _WAITS, ~_receives())
    .values(
        state=DeliveryState.SUPPRESSED.value,
        detail="the subscriber left, paused or was suppressed after planning",
        next_try_at=None,
        state_at=bindparam("at"),
    )
)
_DROP = Prepared(lambda _: _DEPARTED)
_SETTLE = Prepared(
    lambda _: (
        update(deliveries)
        .where(_THIS)
        .values(
            state=bindparam("to_state"),
            detail=bindparam("why"),
            next_try_at=bindparam("not_before"),
            state_at=bindparam("at"),
            attempts=deliveries.c.attempts - bindparam("untried", type_=Integer),
        )
    )
)
_BEGIN = Prepared(
    lambda _: (
        update(deliveries)
        .where(_THIS, _WAITS, _receives())
        .values(
            state=DeliveryState.TRANSMITTING.value,
            attempts=deliveries.c.attempts + 1,
            next_try_at=None,
            state_at=bindparam("at"),
        )
    )
)
# The first reason given stays.
_SUPPRESS = Prepared(
    lambda dialect: (
        insert(dialect, suppressions)
        .from_select(
            [suppressions.c.address_key, suppressions.c.reason, suppressions.c.suppressed_at],
            select(
                subscribers.c.address_key,
                bindparam("reason", type_=SafeText),
                bindparam("at", type_=UtcDateTime),
            )
            .join(deliveries, deliveries.c.subscriber_id == subscribers.c.subscriber_id)
            .where(deliveries.c.delivery_id == bindparam("id")),
        )
        .on_conflict_do_nothing(index_elements=[suppressions.c.address_key])
    )
)
_WHOSE = Prepared(lambda _: select(deliveries.c.subscriber_id).where(_THIS))
_LINK = Prepared(
    lambda _: update(deliveries).where(_THIS).values(edition_id=bindparam("the_edition"))
)
_SILENCE = Prepared(
    lambda _: (
        update(deliveries)
        .where(_THIS, _WAITS)
        .values(state=DeliveryState.SILENT.value, state_at=bindparam("at"))
    )
)


def drop_departed(connection: Connection, shard: Shard, now: datetime) -> None:
    """End the waiting deliveries of a shard whose subscribers receive nothing any more."""
    connection.execute(_DEPARTED, {"the_shard": shard.shard_id, "at": now})


def settle(quick: Quick, shard: Shard, settled: Sequence[Settlement], now: datetime) -> None:
    """Write what became of deliveries, and suppress the addresses that are none."""
    quick.run_each(
        _SETTLE,
        [
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
        ],
    )
    for item in settled:
        if item.suppress:
            reason = f"the mail server refused it: {item.detail}"
            quick.run(_SUPPRESS, {"reason": reason, "at": now, "id": item.delivery_id})


def begin(quick: Quick, shard: Shard, starting: Collection[int], now: datetime) -> frozenset[int]:
    """Mark deliveries as `transmitting`; return which: not who left in the meantime."""
    started = frozenset(
        number
        for number in sorted(starting)
        if quick.run(_BEGIN, {"the_shard": shard.shard_id, "id": number, "at": now})
    )
    if len(started) < len(starting):
        quick.run(_DROP, {"the_shard": shard.shard_id, "at": now})
    return started


def save(quick: Quick, shard: Shard, items: Iterable[Composed], now: datetime) -> Stored:
    """Store editions and tie their deliveries to them; end those that stay silent.

    Of a delivery that is not there any more nothing is stored.
    """
    numbers: dict[int, int] = {}
    added: set[int] = set()
    for item in items:
        this = {"the_shard": shard.shard_id, "id": item.delivery_id}
        whose = quick.number(_WHOSE, this)
        if whose is None:
            continue
        number, is_new = insert_edition(quick, whose, item.edition)
        numbers[item.delivery_id] = number
        if is_new:
            added.add(number)
        quick.run(_LINK, {**this, "the_edition": number})
        if item.silent:
            quick.run(_SILENCE, {**this, "at": now})
    return Stored(numbers, frozenset(added))


def count_planned(connection: Connection, run_id: int | None) -> int:
    """Return how many deliveries were planned, as was written down when they were."""
    wanted = select(func.coalesce(func.sum(runs.c.planned), 0))
    if run_id is not None:
        wanted = wanted.where(runs.c.run_id == run_id)
    planned: int = connection.execute(wanted).scalar_one()
    return planned
