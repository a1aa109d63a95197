"""Leases: which worker may touch a shard, and which deliveries wait for one.

A worker that is slow is not told that its lease ran out; it finds out at its next commit,
since every commit starts with `hold`.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, exists, or_, update

from digest.models import DeliveryState
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


def is_abandoned(now: datetime) -> ColumnElement[bool]:
    """Return the condition that nobody works on a delivery's shard."""
    return exists().where(shards.c.shard_id == deliveries.c.shard_id, is_free(now))


def hold(connection: Connection, shard: Shard, held_by: str, **lease: Any) -> bool:
    """Write the lease of a shard, if it is still this claim's; tell whether it is."""
    mine = (
        (shards.c.shard_id == shard.shard_id)
        & (shards.c.owner == held_by)
        & (shards.c.fence == shard.fence)
    )
    return connection.execute(update(shards).where(mine).values(lease)).rowcount == 1
