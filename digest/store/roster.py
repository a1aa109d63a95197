"""The roster: many subscribers at once, to be added, looked through and told apart."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select

from digest.models import Profile, Subscriber, SubscriberState
from digest.store.database import Database, chunks, insert
from digest.store.people import (
    SUBSCRIBER_COLUMNS,
    address_key,
    hashed_key,
    normal,
    profile_columns,
    subscriber_of,
)
from digest.store.schema import subscribers, suppressions

_PAGE = 1_000  # subscribers that are read at once


@dataclass(frozen=True, slots=True)
class NewSubscriber:
    """Somebody to be added; `consent`: when and how the owner of the address agreed."""

    address: str
    profile: Profile
    consent: str


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of an address.

    Attributes:
        state: of its subscriber; None: it has none.
        suppressed: why it is not mailed; None: it may be.
    """

    state: SubscriberState | None = None
    suppressed: str | None = None


class Roster:
    """All subscribers, a portion at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, people: Sequence[NewSubscriber], now: datetime) -> int:
        """Add subscribers whose owners agreed; return how many were not there yet.

        Whoever is a subscriber already, in any state, stays as he is.
        """
        added = 0
        for some in chunks(people):
            rows = [
                {
                    "address": normal(person.address),
                    "address_key": address_key(person.address),
                    "state": SubscriberState.ACTIVE.value,
                    "consent": person.consent or None,
                    "created_at": now,
                    "state_at": now,
                    **profile_columns(person.profile),
                }
                for person in some
            ]
            with self._database.writing() as connection:
                statement = insert(connection, subscribers).values(rows)
                statement = statement.on_conflict_do_nothing(
                    index_elements=[subscribers.c.address_key]
                )
                found = connection.execute(statement.returning(subscribers.c.subscriber_id))
                added += len(found.all())
        return added

    def known(self, addresses: Sequence[str]) -> Mapping[str, Known]:
        """Return what is known of addresses, by the address in lower case; unknown ones lack."""
        found: dict[str, Known] = {}
        with self._database.reading() as connection:
            for some in chunks([address_key(address) for address in addresses]):
                of_hash = {hashed_key(key): key for key in some}
                stopped = select(suppressions.c.address_key, suppressions.c.reason)
                stopped = stopped.where(suppressions.c.address_key.in_([*some, *of_hash]))
                reasons = {
                    of_hash.get(key, key): reason for key, reason in connection.execute(stopped)
                }
                there = select(subscribers.c.address_key, subscribers.c.state)
                there = there.where(subscribers.c.address_key.in_(some))
                states = {key: SubscriberState(s) for key, s in connection.execute(there)}
                for key in {*reasons, *states}:
                    found[key] = Known(states.get(key), reasons.get(key))
        return found

    def page(
        self,
        *,
        query: str = "",
        state: SubscriberState | None = None,
        after: str = "",
        limit: int = 100,
    ) -> list[Subscriber]:
        """Return subscribers by address.

        Args:
            query: a part of the address.
            state: only those in this state.
            after: only those behind this address.
            limit: at most so many.
        """
        asked = select(*SUBSCRIBER_COLUMNS).where(*_matching(query, state))
        if after:
            asked = asked.where(subscribers.c.address_key > address_key(after))
        with self._database.reading() as connection:
            rows = connection.execute(asked.order_by(subscribers.c.address_key).limit(limit))
            return [subscriber_of(row) for row in rows]

    def walk(
        self, *, query: str = "", state: SubscriberState | None = None, after: str = ""
    ) -> Iterator[Subscriber]:
        """Yield all of them by address, reading a portion at a time."""
        while True:
            some = self.page(query=query, state=state, after=after, limit=_PAGE)
            yield from some
            if len(some) < _PAGE:
                return
            after = some[-1].address

    def count(self, *, query: str = "", state: SubscriberState | None = None) -> int:
        """Return how many there are."""
        asked = select(func.count()).select_from(subscribers).where(*_matching(query, state))
        with self._database.reading() as connection:
            return connection.execute(asked).scalar_one()

    def consents(self, ids: Sequence[int]) -> Mapping[int, str]:
        """Return when and how subscribers agreed, by their numbers, where a list said so."""
        found: dict[int, str] = {}
        with self._database.reading() as connection:
            for some in chunks(ids):
                asked = select(subscribers.c.subscriber_id, subscribers.c.consent)
                asked = asked.where(
                    subscribers.c.subscriber_id.in_(some), subscribers.c.consent.is_not(None)
                )
                found.update((number, said) for number, said in connection.execute(asked))
        return found


def _matching(query: str, state: SubscriberState | None) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if query.strip():
        wanted.append(subscribers.c.address_key.contains(address_key(query), autoescape=True))
    if state is not None:
        wanted.append(subscribers.c.state == state)
    return wanted
