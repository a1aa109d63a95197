"""Letters about subscriptions: a small ledger of its own, with the states of deliveries.

A letter is committed before it is sent, and again as `transmitting` before it is handed over.
If its worker dies in between, it is sent again under the same Message-ID: a second letter does
no harm, and a lost one would leave somebody waiting.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, func, or_, select, update

from digest.models import DeliveryState, Letter, LetterKind
from digest.store.database import Database
from digest.store.people import address_key
from digest.store.schema import letters

DAY = timedelta(days=1)

# Who asks for letters that no stranger caused; they take nothing from what strangers may cause.
OPERATOR = "operator"

_WAITING = letters.c.state.in_((DeliveryState.QUEUED, DeliveryState.DEFERRED))
_COLUMNS = tuple(letters.c[name] for name in Letter.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class LetterCaps:
    """How many letters strangers may cause in a day: to an address, for a client, in all."""

    per_address: int = 1
    per_client: int = 10
    in_all: int = 500


class Letters:
    """The letters."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        kind: LetterKind,
        address: str,
        now: datetime,
        *,
        language: str,
        subscriber_id: int | None = None,
        signup_id: int | None = None,
        client: str = "",
        caps: LetterCaps | None = None,
    ) -> int | None:
        """Store a letter to be sent; None: a cap is reached, and nothing was stored.

        Args:
            kind: what it is for.
            address: where it goes.
            now: the present instant.
            language: of the letter.
            subscriber_id: whose links stand in it.
            signup_id: the sign-up that it asks to confirm.
            client: pseudonym of who asked for it.
            caps: how many letters of the last 24 hours are enough; None: no limit.
        """
        values = {
            "kind": kind.value,
            "address": address,
            "address_key": address_key(address),
            "subscriber_id": subscriber_id,
            "signup_id": signup_id,
            "language": language,
            "client": client,
            "state": DeliveryState.QUEUED.value,
            "attempts": 0,
            "detail": "",
            "created_at": now,
            "state_at": now,
        }
        with self._database.writing() as connection:
            if caps and not _within(connection, caps, address, client, now):
                return None
            added = letters.insert().values(values).returning(letters.c.letter_id)
            number: int = connection.execute(added).scalar_one()
        return number

    def room(self, client: str, caps: LetterCaps, now: datetime) -> bool:
        """Tell whether this client, and all together, have letters left today."""
        with self._database.reading() as connection:
            return _within(connection, caps, None, client, now)

    def claim(self, now: datetime, lease: timedelta) -> Letter | None:
        """Take the next letter that is due, and commit it as `transmitting`; None: there is none.

        A letter whose worker stopped before it recorded the server's answer is due again.
        """
        lost = letters.c.state == DeliveryState.TRANSMITTING
        due = or_(
            letters.c.state == DeliveryState.QUEUED,
            (letters.c.state == DeliveryState.DEFERRED) & (letters.c.next_try_at <= now),
            lost & (letters.c.lease_until <= now),
        )
        first = select(letters.c.letter_id).where(due).order_by(letters.c.letter_id).limit(1)
        with self._database.reading() as connection:
            if connection.scalar(first) is None:
                return None  # most of the time; nobody's lock is taken for it
        one = first.with_for_update(skip_locked=True).scalar_subquery()
        begun = {
            "state": DeliveryState.TRANSMITTING.value,
            "state_at": now,
            "lease_until": now + lease,
            "next_try_at": None,
        }
        with self._database.writing() as connection:
            taken = update(letters).where(letters.c.letter_id == one).values(begun)
            row = connection.execute(taken.returning(*_COLUMNS)).one_or_none()
        return _letter(row) if row else None

    def settle(
        self,
        letter_id: int,
        state: DeliveryState,
        detail: str,
        now: datetime,
        *,
        next_try_at: datetime | None = None,
        tried: bool = True,
    ) -> None:
        """Record what became of a letter.

        Args:
            letter_id: which.
            state: where it stands now.
            detail: the server's words, or what happened.
            now: the present instant.
            next_try_at: when a deferred one is due again.
            tried: whether this counts as an attempt.
        """
        values = {
            "state": state.value,
            "detail": detail,
            "state_at": now,
            "next_try_at": next_try_at,
            "lease_until": None,
            "attempts": letters.c.attempts + int(tried),
        }
        with self._database.writing() as connection:
            connection.execute(
                update(letters).where(letters.c.letter_id == letter_id).values(values)
            )

    def expire(self, *, before: datetime, now: datetime) -> int:
        """Give up what waits since before an instant; return how many there were."""
        old = _WAITING & (letters.c.created_at < before)
        ended = {"state": DeliveryState.EXPIRED.value, "state_at": now, "next_try_at": None}
        with self._database.writing() as connection:
            return connection.execute(update(letters).where(old).values(ended)).rowcount

    def drop(self, *, before: datetime) -> int:
        """Forget letters that were asked for before an instant; return how many there were."""
        old = ~_WAITING & (letters.c.created_at < before)
        with self._database.writing() as connection:
            return connection.execute(delete(letters).where(old)).rowcount

    def counts(self) -> Mapping[DeliveryState, int]:
        """Return how many letters stand in which state."""
        asked = select(letters.c.state, func.count()).group_by(letters.c.state)
        with self._database.reading() as connection:
            return {DeliveryState(state): n for state, n in connection.execute(asked)}


def _within(
    connection: Connection, caps: LetterCaps, address: str | None, client: str, now: datetime
) -> bool:
    """Tell whether one more letter is within the caps."""
    asked: list[tuple[ColumnElement[bool], int]] = [
        (letters.c.client != OPERATOR, caps.in_all),
        (letters.c.client == client, caps.per_client),
    ]
    if address is not None:
        asked.append((letters.c.address_key == address_key(address), caps.per_address))
    for which, most in asked:
        counted = select(func.count()).select_from(letters).where(letters.c.created_at > now - DAY)
        if (connection.scalar(counted.where(which)) or 0) >= most:
            return False
    return True


def _letter(row: Row[*tuple[Any, ...]]) -> Letter:
    return Letter(**{**row._mapping, "kind": LetterKind(row.kind)})
