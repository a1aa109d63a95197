"""Subscribers and suppressions.

An address is kept as given, its domain in lower case; two addresses that differ only in case
are one subscriber, and one suppression.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime, time
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    bindparam,
    delete,
    exists,
    func,
    select,
    update,
)

from digest.errors import UsageError
from digest.models import Profile, Schedule, Subscriber, SubscriberState
from digest.store.database import Database, insert
from digest.store.schema import deliveries, letters, runs, signups, subscribers, suppressions
from digest.store.serial import (
    minute_of,
    profile_from_json,
    profile_to_json,
    weekday_mask,
    weekdays_of,
)

# Why an address is suppressed of which only a hash is left.
ERASED = "erased"

# A token has two bytes for the generation of its links.
GENERATIONS = 2**16

# The columns that make a Subscriber, for everybody who joins this table.
SUBSCRIBER_COLUMNS = (
    subscribers.c.subscriber_id,
    subscribers.c.address,
    subscribers.c.state.label("subscriber_state"),
    subscribers.c.profile,
    subscribers.c.created_at,
    subscribers.c.link_generation,
    subscribers.c.paused_until,
)

# Made once: to make it takes longer than to run it, and each private page does.
_BY_ID = select(*SUBSCRIBER_COLUMNS).where(subscribers.c.subscriber_id == bindparam("number"))


class People:
    """The subscribers, and the addresses never to be mailed again."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self, address: str, profile: Profile, state: SubscriberState, now: datetime
    ) -> Subscriber:
        """Store a new subscriber.

        Raises:
            UsageError: the address is a subscriber's already.
        """
        row = {
            "address": normal(address),
            "address_key": address_key(address),
            "state": state.value,
            "created_at": now,
            "state_at": now,
            **profile_columns(profile),
        }
        with self._database.writing() as connection:
            added = connection.scalar(
                insert(connection, subscribers)
                .on_conflict_do_nothing(index_elements=[subscribers.c.address_key])
                .values(row)
                .returning(subscribers.c.subscriber_id)
            )
        if added is None:
            raise UsageError(f"{address} is a subscriber already; update that one instead")
        return self._one(subscribers.c.subscriber_id == added, address)

    def enrol(self, address: str, profile: Profile, now: datetime) -> Subscriber:
        """Store a subscriber whose owner confirmed the address, new or come back."""
        row = {
            "address": normal(address),
            "address_key": address_key(address),
            "state": SubscriberState.ACTIVE.value,
            "created_at": now,
            "state_at": now,
            "paused_until": None,
            **profile_columns(profile),
        }
        kept = {"address", "address_key", "created_at"}
        with self._database.writing() as connection:
            statement = insert(connection, subscribers).values(row)
            connection.execute(
                statement.on_conflict_do_update(
                    index_elements=[subscribers.c.address_key],
                    set_={name: value for name, value in row.items() if name not in kept},
                )
            )
        return self._one(subscribers.c.address_key == address_key(address), address)

    def update(self, address: str, profile: Profile) -> Subscriber:
        """Store a subscriber's new profile.

        Raises:
            UsageError: nobody has this address.
        """
        return self._change(address, profile_columns(profile))

    def set_state(
        self,
        address: str,
        state: SubscriberState,
        now: datetime,
        *,
        until: datetime | None = None,
    ) -> Subscriber:
        """Store a subscriber's new state.

        Args:
            address: whose.
            state: the new one.
            now: the present instant.
            until: when a pause ends by itself.

        Raises:
            UsageError: nobody has this address.
        """
        return self._change(address, {"state": state.value, "state_at": now, "paused_until": until})

    def wake(self, now: datetime) -> int:
        """End the pauses that were to end by now; return how many there were."""
        over = subscribers.c.state == SubscriberState.PAUSED
        over &= subscribers.c.paused_until <= now
        awake = {"state": SubscriberState.ACTIVE.value, "state_at": now, "paused_until": None}
        with self._database.reading() as connection:
            if connection.scalar(select(exists().where(over))) is not True:
                return 0  # a tick a minute need not take the lock to write
        with self._database.writing() as connection:
            return connection.execute(update(subscribers).where(over).values(awake)).rowcount

    def revoke_links(self, address: str) -> Subscriber:
        """Make all links worthless that this subscriber was sent so far.

        Raises:
            UsageError: nobody has this address.
        """
        newer = (subscribers.c.link_generation + 1) % GENERATIONS
        return self._change(address, {"link_generation": newer})

    def erase(self, address: str, now: datetime) -> None:
        """Forget a subscriber and everything with the address in it; leave a hash of it.

        The hash keeps the address from being added again by anybody but its owner.

        Raises:
            UsageError: nobody has this address.
        """
        key = address_key(address)
        row = {"address_key": hashed_key(key), "reason": ERASED, "suppressed_at": now}
        mine = subscribers.c.address_key == key
        with self._database.writing() as connection:
            _uncount(connection, mine)
            gone = connection.execute(delete(subscribers).where(mine))
            if not gone.rowcount:
                raise _nobody(address)
            for table in (signups, letters):
                connection.execute(delete(table).where(table.c.address_key == key))
            connection.execute(
                insert(connection, suppressions)
                .on_conflict_do_nothing(index_elements=[suppressions.c.address_key])
                .values(row)
            )

    def was_erased(self, address: str) -> bool:
        """Tell whether the owner of this address had everything erased."""
        hashed = suppressions.c.address_key == hashed_key(address_key(address))
        with self._database.reading() as connection:
            return connection.scalar(select(exists().where(hashed))) is True

    def welcome_back(self, address: str) -> None:
        """Remove the hash that `erase` left: the owner wants to receive again."""
        hashed = suppressions.c.address_key == hashed_key(address_key(address))
        with self._database.writing() as connection:
            connection.execute(delete(suppressions).where(hashed))

    def remove(self, address: str) -> None:
        """Erase a subscriber with all editions and deliveries; a suppression stays.

        Raises:
            UsageError: nobody has this address.
        """
        mine = subscribers.c.address_key == address_key(address)
        with self._database.writing() as connection:
            _uncount(connection, mine)
            if not connection.execute(delete(subscribers).where(mine)).rowcount:
                raise _nobody(address)

    def get(self, address: str) -> Subscriber | None:
        """Return the subscriber with this address, whatever its case."""
        return self._find(subscribers.c.address_key == address_key(address))

    def by_id(self, subscriber_id: int) -> Subscriber | None:
        """Return the subscriber with this number."""
        with self._database.reading() as connection:
            row = connection.execute(_BY_ID, {"number": subscriber_id}).one_or_none()
        return subscriber_of(row) if row else None

    def all(self) -> list[Subscriber]:
        """Return all subscribers in any state, by address."""
        with self._database.reading() as connection:
            rows = connection.execute(
                select(*SUBSCRIBER_COLUMNS).order_by(subscribers.c.address_key)
            )
            return [subscriber_of(row) for row in rows]

    def counts(self) -> dict[SubscriberState, int]:
        """Return how many subscribers stand in each state in which there are any."""
        counted = select(subscribers.c.state, func.count()).group_by(subscribers.c.state)
        with self._database.reading() as connection:
            rows = connection.execute(counted.order_by(subscribers.c.state)).all()
        return {SubscriberState(state): count for state, count in rows}

    def schedules(self) -> list[Schedule]:
        """Return each schedule that an active subscriber has, once."""
        columns = subscribers.c.send_minute, subscribers.c.weekdays, subscribers.c.timezone
        active = subscribers.c.state == SubscriberState.ACTIVE
        with self._database.reading() as connection:
            rows = connection.execute(
                select(*columns).where(active).distinct().order_by(*columns)
            ).all()
        return [
            Schedule(time(minute // 60, minute % 60), weekdays_of(mask), zone)
            for minute, mask, zone in rows
        ]

    def readdress(self, subscriber_id: int, address: str) -> bool:
        """Give a subscriber another address; False: it is somebody's already."""
        taken = exists().where(subscribers.c.address_key == address_key(address))
        mine = subscribers.c.subscriber_id == subscriber_id
        new = {"address": normal(address), "address_key": address_key(address)}
        with self._database.writing() as connection:
            if connection.scalar(select(taken)):
                return False
            return connection.execute(update(subscribers).where(mine).values(new)).rowcount > 0

    def suppress(self, address: str, reason: str, now: datetime) -> None:
        """Never mail this address again; the first reason given stays."""
        row = {"address_key": address_key(address), "reason": reason, "suppressed_at": now}
        with self._database.writing() as connection:
            connection.execute(
                insert(connection, suppressions)
                .on_conflict_do_nothing(index_elements=[suppressions.c.address_key])
                .values(row)
            )

    def is_suppressed(self, address: str) -> bool:
        """Tell whether this address is never to be mailed."""
        return address_key(address) in self.suppressions([address])

    def suppressions(self, addresses: Sequence[str] | None = None) -> dict[str, str]:
        """Return the reason by suppressed address (in lower case), of these or of all."""
        wanted = select(suppressions.c.address_key, suppressions.c.reason)
        if addresses is not None:
            keys = [address_key(address) for address in addresses]
            wanted = wanted.where(suppressions.c.address_key.in_(keys))
        with self._database.reading() as connection:
            return dict(connection.execute(wanted).all())

    def list_suppressions(self) -> list[tuple[str, str, datetime]]:
        """Return all suppressed addresses (in lower case) with reason and instant, newest first."""
        asked = select(
            suppressions.c.address_key, suppressions.c.reason, suppressions.c.suppressed_at
        ).order_by(suppressions.c.suppressed_at.desc(), suppressions.c.address_key)
        with self._database.reading() as connection:
            return [(key, reason, at) for key, reason, at in connection.execute(asked)]

    def unsuppress(self, address: str) -> bool:
        """Allow mail to this address again; tell whether it was suppressed."""
        mine = suppressions.c.address_key == address_key(address)
        with self._database.writing() as connection:
            return connection.execute(delete(suppressions).where(mine)).rowcount > 0

    def _change(self, address: str, values: dict[str, Any]) -> Subscriber:
        mine = subscribers.c.address_key == address_key(address)
        with self._database.writing() as connection:
            connection.execute(update(subscribers).where(mine).values(values))
        return self._one(mine, address)

    def _one(self, which: ColumnElement[bool], address: str) -> Subscriber:
        found = self._find(which)
        if found is None:
            raise _nobody(address)
        return found

    def _find(self, which: ColumnElement[bool]) -> Subscriber | None:
        with self._database.reading() as connection:
            row = connection.execute(select(*SUBSCRIBER_COLUMNS).where(which)).one_or_none()
        return subscriber_of(row) if row else None


def _uncount(connection: Connection, who: ColumnElement[bool]) -> None:
    """Take the deliveries that are erased with a subscriber out of what runs planned."""
    counted = (
        select(deliveries.c.run_id, func.count())
        .join(subscribers, subscribers.c.subscriber_id == deliveries.c.subscriber_id)
        .where(who)
        .group_by(deliveries.c.run_id)
    )
    for run_id, count in connection.execute(counted).all():
        fewer = {"planned": runs.c.planned - count}
        connection.execute(update(runs).where(runs.c.run_id == run_id).values(fewer))


def normal(address: str) -> str:
    """Return the address with its domain in lower case; only its owner may read the rest."""
    local, at, domain = address.strip().rpartition("@")
    return f"{local}{at}{domain.casefold()}"


def address_key(address: str) -> str:
    """Return the key under which an address is one, however it is capitalised."""
    return address.strip().casefold()


def hashed_key(key: str) -> str:
    """Return what is kept of an address, in lower case, whose owner had everything erased."""
    return "sha256:" + hashlib.sha256(b"digest erased address\n" + key.encode()).hexdigest()


def is_mailable() -> ColumnElement[bool]:
    """Return the condition that a row of `subscribers` receives: active, not suppressed."""
    suppressed = exists().where(suppressions.c.address_key == subscribers.c.address_key)
    return (subscribers.c.state == SubscriberState.ACTIVE.value) & ~suppressed


def subscriber_of(row: Row[*tuple[Any, ...]]) -> Subscriber:
    """Return the subscriber in a row that holds `SUBSCRIBER_COLUMNS`."""
    return Subscriber(
        subscriber_id=row.subscriber_id,
        address=row.address,
        state=SubscriberState(row.subscriber_state),
        profile=profile_from_json(row.profile),
        created_at=row.created_at,
        link_generation=row.link_generation,
        paused_until=row.paused_until,
    )


def profile_columns(profile: Profile) -> dict[str, Any]:
    """Return the profile, and beside it the columns that planning selects on."""
    return {
        "profile": profile_to_json(profile),
        "timezone": profile.schedule.timezone,
        "send_minute": minute_of(profile.schedule.send_time),
        "weekdays": weekday_mask(profile.schedule.weekdays),
    }


def _nobody(address: str) -> UsageError:
    return UsageError(f"nobody subscribes with the address {address}; see digest subscriber list")
