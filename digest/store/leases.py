"""Leases: which worker may touch a shard, and which deliveries wait for one.

A worker that is slow is not told that its lease ran out; it finds out at its next commit,
since every commit starts with `hold`.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, bindparam, exists, or_, select, update

from digest.models import DeliveryState
from digest.store.quick import Prepared, Quick
from digest.store.schema import deliveries, shards

WAITING = deliveries.c.state.in_((DeliveryState.QUEUED, DeliveryState.DEFERRED))


# A lease that ends later than this was written by a clock that has been set back since.
LONGEST_LEASE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class ShardKey:
    """Which shard of which run: all that has to be told to whoever is to deliver it."""

    run_id: int
    number: int


@dataclass(frozen=True, slots=True)
class Shard:
    """A portion of a run's deliveries, as claimed by one worker.

    `fence` counts the claims: it tells this claim from a later one of the same worker.
    """

    shard_id: int
    run_id: int
    number: int
    fence: int
    lease_until: datetime


def is_due(now: datetime, without: Collection[str] = ()) -> ColumnElement[bool]:
    """Return the condition that a delivery is to be sent now, by another channel than these."""
    deferred = deliveries.c.state == DeliveryState.DEFERRED
    due = or_(
        deliveries.c.state == DeliveryState.QUEUED,
        deferred & (deliveries.c.next_try_at <= now),
    )
    return due & deliveries.c.channel.not_in(without) if without else due


def is_free(now: datetime) -> ColumnElement[bool]:
    """Return the condition that nobody works on a shard."""
    return or_(
        shards.c.owner.is_(None),
        shards.c.lease_until <= now,
        shards.c.lease_until > now + LONGEST_LEASE,
    )


def take_abandoned(
    connection: Connection, now: datetime, having: ColumnElement[bool]
) -> Sequence[int]:
    """Return the shards with such deliveries that nobody works on, and keep them to oneself.

    Their rows are locked to the end of the transaction, so that no worker renews a lease while
    its deliveries are decided on. One whose lease is being renewed at this instant is left out:
    its worker lives.
    """
    concerned = exists().where(deliveries.c.shard_id == shards.c.shard_id, having)
    return connection.scalars(
        select(shards.c.shard_id)
        .where(is_free(now), concerned)
        .order_by(shards.c.shard_id)
        .with_for_update(skip_locked=True)
    ).all()


_MINE = (
    (shards.c.shard_id == bindparam("the_shard"))
    & (shards.c.owner == bindparam("held_by"))
    & (shards.c.fence == bindparam("the_fence"))
)
_HOLD = Prepared(lambda _: update(shards).where(_MINE).values(lease_until=bindparam("until")))
_RELEASE = Prepared(lambda _: update(shards).where(_MINE).values(owner=None, lease_until=None))


def hold(quick: Quick, shard: Shard, held_by: str, *, until: datetime) -> bool:
    """Renew the lease of a shard, if it is still this claim's; tell whether it is."""
    claim = {"the_shard": shard.shard_id, "held_by": held_by, "the_fence": shard.fence}
    return quick.run(_HOLD, {**claim, "until": until}) == 1


def release(quick: Quick, shard: Shard, held_by: str) -> None:
    """Give up the lease of a shard, if it is still this claim's."""
    claim = {"the_shard": shard.shard_id, "held_by": held_by, "the_fence": shard.fence}
    quick.run(_RELEASE, claim)
