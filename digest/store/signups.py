"""Sign-ups: addresses that were given, and whose owners have not confirmed them yet.

They are no subscribers: nothing is planned for them, and what is never confirmed goes away.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, select, update

from digest.models import Profile, Signup
from digest.store.database import Database
from digest.store.people import address_key, normal
from digest.store.schema import signups
from digest.store.serial import profile_from_json, profile_to_json


class Signups:
    """The sign-ups."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ask(
        self,
        address: str,
        profile: Profile | None,
        now: datetime,
        *,
        subscriber_id: int | None = None,
    ) -> Signup:
        """Store what was asked for; an earlier wish of the same kind is replaced, under its number.

        Args:
            address: the address to be confirmed.
            profile: what a new subscriber wants.
            now: the present instant.
            subscriber_id: whose new address it is; None: a new subscriber's.
        """
        values = {
            "address": normal(address),
            "address_key": address_key(address),
            "profile": profile_to_json(profile) if profile else None,
            "asked_at": now,
        }
        if subscriber_id is None:
            same = signups.c.address_key == address_key(address)
            same &= signups.c.subscriber_id.is_(None)
        else:
            same = signups.c.subscriber_id == subscriber_id
        with self._database.writing() as connection:
            changed = update(signups).where(same).values(values).returning(signups)
            row = connection.execute(changed).first()
            if row is None:
                added = signups.insert().values(subscriber_id=subscriber_id, **values)
                row = connection.execute(added.returning(signups)).one()
        return _signup(row)

    def get(self, signup_id: int) -> Signup | None:
        """Return the sign-up with this number, if it still waits."""
        return self._first(signups.c.signup_id == signup_id)

    def of(self, address: str) -> Signup | None:
        """Return the sign-up of a new subscriber with this address, if one waits."""
        same = signups.c.address_key == address_key(address)
        return self._first(same & signups.c.subscriber_id.is_(None))

    def take(self, signup_id: int) -> Signup | None:
        """Remove a sign-up and return it; None: it is not there (any more)."""
        taken = delete(signups).where(signups.c.signup_id == signup_id).returning(signups)
        with self._database.writing() as connection:
            row = connection.execute(taken).one_or_none()
        return _signup(row) if row else None

    def drop(self, *, before: datetime) -> int:
        """Forget what was asked for before an instant and never confirmed; return how many."""
        old = delete(signups).where(signups.c.asked_at < before)
        with self._database.writing() as connection:
            return connection.execute(old).rowcount

    def _first(self, which: ColumnElement[bool]) -> Signup | None:
        with self._database.reading() as connection:
            row = connection.execute(select(signups).where(which)).first()
        return _signup(row) if row else None


def _signup(row: Row[*tuple[Any, ...]]) -> Signup:
    return Signup(
        signup_id=row.signup_id,
        address=row.address,
        subscriber_id=row.subscriber_id,
        profile=profile_from_json(row.profile or {}),
        asked_at=row.asked_at,
    )
