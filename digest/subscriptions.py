"""The corridor of people: who receives, and what they want.

An address is checked at this border; nothing behind it doubts one again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from digest.delivery import validate
from digest.errors import UsageError
from digest.models import Profile, Subscriber, SubscriberState
from digest.store import Store


@dataclass(frozen=True, slots=True)
class Subscriptions:
    """Adds, changes and removes subscribers."""

    store: Store

    def add(self, address: str, profile: Profile, now: datetime) -> Subscriber:
        """Add a subscriber whose owner has agreed, as the operator vouches.

        Raises:
            AddressError: mail cannot be sent to this address.
            UsageError: the address is subscribed already.
        """
        return self.store.people.add(validate(address), profile, SubscriberState.ACTIVE, now)

    def update(self, address: str, profile: Profile) -> Subscriber:
        """Replace a subscriber's profile; the next edition follows it.

        Raises:
            UsageError: nobody is subscribed with this address.
        """
        person = self.get(address)
        self.store.people.update(person.address, profile)
        return self.get(address)

    def get(self, address: str) -> Subscriber:
        """Return a subscriber.

        Raises:
            UsageError: nobody is subscribed with this address.
        """
        person = self.store.people.get(validate(address))
        if person is None:
            raise UsageError(f"nobody is subscribed as {address}; see `digest subscriber list`")
        return person

    def all(self) -> Sequence[Subscriber]:
        """Return all subscribers, by address."""
        return self.store.people.all()

    def pause(self, address: str, now: datetime) -> Subscriber:
        """Send nothing until `resume`."""
        return self._set_state(address, SubscriberState.PAUSED, now)

    def resume(self, address: str, now: datetime) -> Subscriber:
        """Send again."""
        return self._set_state(address, SubscriberState.ACTIVE, now)

    def remove(self, address: str) -> None:
        """Forget a subscriber, the profile and the editions.

        Raises:
            UsageError: nobody is subscribed with this address.
        """
        self.store.people.remove(self.get(address).address)

    def _set_state(self, address: str, state: SubscriberState, now: datetime) -> Subscriber:
        person = self.get(address)
        self.store.people.set_state(person.address, state, now)
        return self.get(address)
