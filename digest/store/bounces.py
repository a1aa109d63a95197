"""Bounces: mails that came back, and the addresses that are suppressed because of them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from digest.models import DeliveryState
from digest.store.columns import storable
from digest.store.database import Database, insert
from digest.store.people import address_key
from digest.store.schema import bounces, deliveries, subscribers, suppressions


@dataclass(frozen=True, slots=True)
class Bounce:
    """A mail that came back; `fingerprint` tells it from all others, read once or twice."""

    fingerprint: str
    subscriber_id: int
    kind: str
    status: str
    detail: str


@dataclass(frozen=True, slots=True)
class SoftLimit:
    """An address is given up after so many soft bounces in a row over so many days."""

    count: int = 5
    over: timedelta = timedelta(days=7)


class Bounces:
    """The bounces."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def owner(self, delivery_id: int) -> tuple[int, str] | None:
        """Return number and address of the subscriber of a delivery, if it is still known."""
        asked = (
            select(subscribers.c.subscriber_id, subscribers.c.address)
            .join(deliveries, deliveries.c.subscriber_id == subscribers.c.subscriber_id)
            .where(deliveries.c.delivery_id == delivery_id)
        )
        with self._database.reading() as connection:
            row = connection.execute(asked).one_or_none()
        return (row[0], row[1]) if row else None

    def note(self, bounce: Bounce, now: datetime) -> bool:
        """Store a bounce; tell whether it was not known yet."""
        row = {
            "fingerprint": bounce.fingerprint,
            "subscriber_id": bounce.subscriber_id,
            "kind": bounce.kind,
            "status": bounce.status or None,
            "detail": storable(bounce.detail),
            "bounced_at": now,
        }
        with self._database.writing() as connection:
            added = (
                insert(connection, bounces)
                .on_conflict_do_nothing(index_elements=[bounces.c.fingerprint])
                .values(row)
                .returning(bounces.c.bounce_id)
            )
            return connection.scalar(added) is not None

    def suppress(self, subscriber_id: int, reason: str, now: datetime) -> bool:
        """Never mail a subscriber's address again; tell whether it was still mailed."""
        with self._database.writing() as connection:
            key = connection.scalar(
                select(subscribers.c.address_key).where(
                    subscribers.c.subscriber_id == subscriber_id
                )
            )
            if key is None:
                return False
            row = {"address_key": key, "reason": storable(reason), "suppressed_at": now}
            added = (
                insert(connection, suppressions)
                .on_conflict_do_nothing(index_elements=[suppressions.c.address_key])
                .values(row)
                .returning(suppressions.c.address_key)
            )
            return connection.scalar(added) is not None

    def is_given_up(self, subscriber_id: int, limit: SoftLimit, now: datetime) -> bool:
        """Tell whether the last soft bounces are as many, in a row, over as long as the limit.

        In a row: since the first of them hardly more mails went out than came back. Bounces
        from before the address was allowed again do not count.
        """
        with self._database.reading() as connection:
            soft = (bounces.c.subscriber_id == subscriber_id) & (bounces.c.kind == "soft")
            since = now - limit.over * 4
            newest = (
                select(bounces.c.bounced_at)
                .where(soft, bounces.c.bounced_at > since)
                .order_by(bounces.c.bounced_at.desc())
            )
            seen = list(connection.scalars(newest))
            if len(seen) < limit.count or now - seen[-1] < limit.over:
                return False
            return _sent_since(connection, subscriber_id, seen[-1]) <= len(seen) + 1

    def forget(self, address: str) -> None:
        """Delete what came back from an address, so that it starts anew."""
        mine = select(subscribers.c.subscriber_id).where(
            subscribers.c.address_key == address_key(address)
        )
        with self._database.writing() as connection:
            connection.execute(bounces.delete().where(bounces.c.subscriber_id.in_(mine)))

    def count(self, kind: str | None = None) -> int:
        """Return how many bounces are known, of a kind or of all."""
        asked = select(func.count()).select_from(bounces)
        if kind is not None:
            asked = asked.where(bounces.c.kind == kind)
        with self._database.reading() as connection:
            return connection.execute(asked).scalar_one()


def _sent_since(connection: Connection, subscriber_id: int, since: datetime) -> int:
    asked = (
        select(func.count())
        .select_from(deliveries)
        .where(
            deliveries.c.subscriber_id == subscriber_id,
            deliveries.c.state == DeliveryState.SENT,
            deliveries.c.state_at >= since,
        )
    )
    return connection.execute(asked).scalar_one()
