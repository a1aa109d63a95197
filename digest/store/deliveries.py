"""The ledger: who is to get which edition, who is working on it, and what became of it.

Nothing is sent that is not written here first. A worker claims a shard, commits the editions,
commits each delivery as `transmitting` before handing it over, and commits the answer after.
Every such commit asks whether the lease is still its own (owner and fence) and renews it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, Row, Select, func, select, update

from digest.models import Delivery, DeliveryState, Subscriber
from digest.store.database import Database, chunks
from digest.store.leases import (
    WAITING,
    Shard,
    ShardKey,
    hold,
    is_due,
    is_free,
    release,
    take_abandoned,
)
from digest.store.people import SUBSCRIBER_COLUMNS, subscriber_of
from digest.store.planning import Due, fill_shards, insert_due
from digest.store.schema import deliveries, runs, shards, subscribers
from digest.store.settling import (
    Composed,
    Settlement,
    Stored,
    begin,
    count_planned,
    drop_departed,
    save,
    settle,
)

_COLUMNS = tuple(deliveries.c[name] for name in Delivery.__dataclass_fields__)
_OPEN = (DeliveryState.QUEUED, DeliveryState.TRANSMITTING, DeliveryState.DEFERRED)

# What becomes of a delivery whose worker stopped between handing it over and the answer.
Policy = Literal["hold", "resend"]
_AFTER_CRASH: Mapping[Policy, tuple[DeliveryState, str]] = {
    "hold": (DeliveryState.UNKNOWN, "the worker stopped before the answer was recorded"),
    "resend": (DeliveryState.QUEUED, "sent again: the worker stopped before the answer came"),
}


@dataclass(frozen=True, slots=True)
class Advanced:
    """A commit that was ours to make; `started`: what is `transmitting` now because of it."""

    started: frozenset[int]


@dataclass(frozen=True, slots=True)
class Balance:
    """How many deliveries were planned, and how many stand in each state.

    `planned` was written down when they were planned; the states are counted now.
    """

    planned: int
    states: Mapping[DeliveryState, int]

    @property
    def missing(self) -> int:
        """How many planned deliveries stand in no state; anything but 0 is a mistake."""
        return self.planned - sum(self.states.values())

    @property
    def open(self) -> int:
        """How many are not final yet: queued, transmitting or deferred."""
        return sum(self.states[state] for state in _OPEN)


class Deliveries:
    """The ledger of deliveries."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def plan(
        self,
        run_id: int,
        due: Sequence[Due],
        *,
        channels: Sequence[str],
        shard_size: int = 250,
        now: datetime,
        only: str | None = None,
    ) -> int:
        """Plan what is due and not planned yet, for active subscribers; return how many.

        Args:
            run_id: the run that plans.
            due: schedules with the day that is due.
            channels: a delivery is planned for each.
            shard_size: how many subscribers a shard holds.
            now: freshness counts from this instant.
            only: plan for this address alone.
        """
        with self._database.writing() as connection:
            planned = sum(
                insert_due(connection, run_id, group, channel, now=now, only=only)
                for group in due
                for channel in channels
            )
            if planned:
                fill_shards(connection, run_id, shard_size)
                more = {"planned": runs.c.planned + planned}
                connection.execute(update(runs).where(runs.c.run_id == run_id).values(more))
        return planned

    def claim(
        self,
        owner: str,
        now: datetime,
        lease: timedelta,
        *,
        without: Collection[str] = (),
        of: ShardKey | None = None,
    ) -> Shard | None:
        """Take the lease of a shard that has something to send now; None: there is none.

        Deliveries to subscribers who left or were suppressed since planning end here.

        Args:
            owner: who claims.
            now: the instant.
            lease: how long the shard is the owner's without a sign of life.
            without: channels that are out of order; what goes by them does not count.
            of: this shard and no other.
        """
        wanted = select(deliveries.c.shard_id).where(is_due(now, without))
        free = is_free(now) & shards.c.shard_id.in_(wanted)
        if of is not None:
            free &= (shards.c.run_id == of.run_id) & (shards.c.number == of.number)
        one = (
            select(shards.c.shard_id)
            .where(free)
            .order_by(shards.c.shard_id)
            .limit(1)
            .with_for_update(skip_locked=True)
            .scalar_subquery()
        )
        taken = (
            update(shards)
            .where(shards.c.shard_id == one)
            .values(owner=owner, lease_until=now + lease, fence=shards.c.fence + 1)
            .returning(
                shards.c.shard_id,
                shards.c.run_id,
                shards.c.number,
                shards.c.fence,
                shards.c.lease_until,
            )
        )
        with self._database.writing() as connection:
            row = connection.execute(taken).one_or_none()
            if row is None:
                return None
            shard = Shard(**row._mapping)
            drop_departed(connection, shard, now)
        return shard

    def claimable(self, now: datetime, without: Collection[str] = ()) -> list[ShardKey]:
        """Return the shards that nobody works on and that have something to send now."""
        wanted = select(deliveries.c.shard_id).where(is_due(now, without))
        asked = (
            select(shards.c.run_id, shards.c.number)
            .where(is_free(now), shards.c.shard_id.in_(wanted))
            .order_by(shards.c.shard_id)
        )
        with self._database.reading() as connection:
            return [ShardKey(*row) for row in connection.execute(asked)]

    def shard_deliveries(
        self, shard_id: int, now: datetime, without: Collection[str] = ()
    ) -> list[tuple[Delivery, Subscriber]]:
        """Return the deliveries of a shard that are to be sent now, with their subscribers."""
        return self._listed(deliveries.c.shard_id == shard_id, is_due(now, without))

    def save_editions(
        self,
        shard: Shard,
        owner: str,
        items: Collection[Composed],
        *,
        now: datetime,
        lease: timedelta,
    ) -> Stored | None:
        """Store editions before anything of them is sent, and renew the lease.

        Deliveries of one subscriber and day share the edition; one that is stored already
        stays and is used. Silent ones end here.

        Returns:
            The editions' numbers, or None (and nothing is written) when the shard is another
            worker's now.
        """
        with self._database.quick() as quick:
            if not hold(quick, shard, owner, until=now + lease):
                return None
            return save(quick, shard, items, now)

    def advance(
        self,
        shard: Shard,
        owner: str,
        *,
        settled: Sequence[Settlement] = (),
        starting: Collection[int] = (),
        now: datetime,
        lease: timedelta,
    ) -> Advanced | None:
        """Record answers, and what is handed over next, in one commit; renew the lease.

        Args:
            shard: the claimed shard; deliveries of other shards are not touched.
            owner: who claimed it.
            settled: what became of deliveries.
            starting: deliveries that are `transmitting` from now on.
            now: the instant.
            lease: how long the lease lasts from now.

        Returns:
            What was started: not who left, or was erased, in the meantime. None, and nothing
            is written, when the shard is another worker's now: stop.
        """
        with self._database.quick() as quick:
            if not hold(quick, shard, owner, until=now + lease):
                return None
            settle(quick, shard, settled, now)
            return Advanced(begin(quick, shard, starting, now))

    def release(self, shard: Shard, owner: str) -> None:
        """Give up the lease, if it is still this worker's."""
        with self._database.quick() as quick:
            release(quick, shard, owner)

    def owners(self, now: datetime) -> list[str]:
        """Return who holds leases that have not run out."""
        held = shards.c.owner.is_not(None) & ~is_free(now)
        asked = select(shards.c.owner).where(held).distinct()
        with self._database.reading() as connection:
            return list(connection.scalars(asked))

    def in_hand(self, now: datetime) -> int:
        """Return how many deliveries that are not final are in somebody's hands."""
        mine = (shards.c.shard_id == deliveries.c.shard_id) & ~is_free(now)
        counted = (
            select(func.count())
            .select_from(deliveries)
            .join(shards, mine)
            .where(deliveries.c.state.in_(_OPEN))
        )
        with self._database.reading() as connection:
            return connection.execute(counted).scalar_one()

    def evict(self, owners: Collection[str], now: datetime) -> None:
        """End the leases of workers that are known to be dead."""
        with self._database.writing() as connection:
            for some in chunks(sorted(owners)):
                theirs = update(shards).where(shards.c.owner.in_(some))
                connection.execute(theirs.values(lease_until=now))

    def recover(
        self, now: datetime, policy: Policy = "hold", repeatable: Collection[str] = ()
    ) -> list[Delivery]:
        """Decide on deliveries whose worker stopped before it recorded the server's answer.

        Args:
            now: a shard whose lease ended by then is abandoned.
            policy: ``hold``: the outcome is unknown and stays so; ``resend``: queue it again.
            repeatable: channels by which twice is the same as once: queued again, untold.
        """
        lost = deliveries.c.state == DeliveryState.TRANSMITTING
        state, detail = _AFTER_CRASH["resend"]
        again = {"state": state.value, "detail": detail, "state_at": now}
        state, detail = _AFTER_CRASH[policy]
        decided = {"state": state.value, "detail": detail, "state_at": now}
        found: list[Delivery] = []
        with self._database.writing() as connection:
            for some in chunks(take_abandoned(connection, now, lost)):
                theirs = lost & deliveries.c.shard_id.in_(some)
                harmless = theirs & deliveries.c.channel.in_(repeatable)
                connection.execute(update(deliveries).where(harmless).values(again))
                rows = connection.execute(
                    update(deliveries).where(theirs).values(decided).returning(*_COLUMNS)
                )
                found += map(_delivery, rows)
        return found

    def expire(self, now: datetime, freshness: timedelta) -> int:
        """End what waits longer than `freshness` since it was planned; return how many.

        What a worker holds just now is left to that worker.
        """
        old = deliveries.c.planned_at <= now - freshness
        ended = {
            "state": DeliveryState.EXPIRED.value,
            "next_try_at": None,
            "state_at": now,
        }
        count = 0
        with self._database.writing() as connection:
            for some in chunks(take_abandoned(connection, now, WAITING & old)):
                theirs = deliveries.c.shard_id.in_(some)
                statement = update(deliveries).where(WAITING, old, theirs).values(ended)
                count += connection.execute(statement).rowcount
        return count

    def balance(self, run_id: int | None = None) -> Balance:
        """Return the sum that must balance, of a run or of everything."""
        counted = _by_state()
        if run_id is not None:
            counted = counted.where(deliveries.c.run_id == run_id)
        states = dict.fromkeys(DeliveryState, 0)
        with self._database.reading() as connection:
            for state, count in connection.execute(counted):
                states[DeliveryState(state)] = count
            planned = count_planned(connection, run_id)
        return Balance(planned, states)

    def counts(self, states: Collection[DeliveryState]) -> dict[DeliveryState, int]:
        """Return how many deliveries stand in each of these states; fast where there are few."""
        counted = _by_state().where(deliveries.c.state.in_([state.value for state in states]))
        with self._database.reading() as connection:
            return {DeliveryState(state): count for state, count in connection.execute(counted)}

    def totals(self) -> dict[DeliveryState, int]:
        """Return how many deliveries stand in each state, over all time.

        What was sent is nearly all of it and is not counted one by one: it is what was planned
        and stands in no other state. Whether that holds, `balance` tells of each run.
        """
        others = [state for state in DeliveryState if state is not DeliveryState.SENT]
        counted = _by_state().where(deliveries.c.state.in_([state.value for state in others]))
        states = dict.fromkeys(DeliveryState, 0)
        with self._database.reading() as connection:
            for state, count in connection.execute(counted):
                states[DeliveryState(state)] = count
            sent = count_planned(connection, None) - sum(states.values())
        return states | {DeliveryState.SENT: max(sent, 0)}

    def list_deliveries(
        self,
        state: DeliveryState | None = None,
        *,
        subscriber_id: int | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> list[tuple[Delivery, Subscriber]]:
        """Return the newest deliveries, of a state or a subscriber, with their subscribers.

        Args:
            state: only those in it.
            subscriber_id: only this one's.
            before: only those with a smaller number.
            limit: at most so many.
        """
        wanted: list[ColumnElement[bool]] = []
        if state is not None:
            wanted.append(deliveries.c.state == state)
        if subscriber_id is not None:
            wanted.append(deliveries.c.subscriber_id == subscriber_id)
        if before is not None:
            wanted.append(deliveries.c.delivery_id < before)
        return self._listed(*wanted, newest=limit)

    def _listed(
        self, *wanted: ColumnElement[bool], newest: int | None = None
    ) -> list[tuple[Delivery, Subscriber]]:
        order = deliveries.c.delivery_id
        asked = (
            select(*_COLUMNS, *SUBSCRIBER_COLUMNS[1:])
            .join(subscribers, subscribers.c.subscriber_id == deliveries.c.subscriber_id)
            .where(*wanted)
            .order_by(order if newest is None else order.desc())
            .limit(newest)
        )
        with self._database.reading() as connection:
            rows = connection.execute(asked).all()
        return [(_delivery(row), subscriber_of(row)) for row in rows]


def _by_state() -> Select[str, int]:
    return select(deliveries.c.state, func.count()).group_by(deliveries.c.state)


def _delivery(row: Row[*tuple[Any, ...]]) -> Delivery:
    values = {column.name: getattr(row, column.name) for column in _COLUMNS}
    return Delivery(**{**values, "state": DeliveryState(row.state)})
