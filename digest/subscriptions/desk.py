"""Signing up, with the owner's consent: an address that a stranger gives is asked first.

Whoever signs up is told the same, whether the address is known, unknown or never to be mailed;
what differs is the letter. Letters hold no word that a stranger chose, and there are caps on
them: for an address, for a client and in all, since forms like this one are used to flood
people's mailboxes. A link to confirm works once, for `LINK_LASTS`.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from digest.delivery import validate
from digest.errors import UsageError
from digest.models import (
    LetterKind,
    Profile,
    Signup,
    Subscriber,
    SubscriberState,
)
from digest.store import OPERATOR, LetterCaps, Store
from digest.tokens import Claim, Purpose, Tokens

LINK_LASTS = timedelta(hours=48)
_FORGET_AFTER = timedelta(days=4)  # sign-ups that nobody confirmed
_KEEP_LETTERS = timedelta(days=30)


class Asked(StrEnum):
    """What is told to whoever signed up."""

    TAKEN = "taken"  # if there is anything to be sent to that address, it is on its way
    TOO_MANY = "too many"  # of this client, or in all, today


@dataclass(frozen=True, slots=True)
class SignupDesk:
    """Takes sign-ups and changes of address, and confirms them.

    Attributes:
        store: where they wait.
        tokens: reads the links to confirm.
        caps: how many letters strangers may cause in a day.
    """

    store: Store
    tokens: Tokens
    caps: LetterCaps = field(default_factory=LetterCaps)

    def ask(self, address: str, profile: Profile, client: str, now: datetime) -> Asked:
        """Take a sign-up; what happens to it is told by mail alone.

        Args:
            address: whose owner is to be asked.
            profile: what is wanted; it counts from the confirmation on.
            client: pseudonym of whoever asks.
            now: the present instant.

        Raises:
            AddressError: mail cannot be sent to this address.
        """
        address = validate(address)
        if not self.store.letters.room(client, self.caps, now):
            return Asked.TOO_MANY
        person = self.store.people.get(address)
        if self.store.people.is_suppressed(address):
            return Asked.TAKEN
        if person and person.state is not SubscriberState.UNSUBSCRIBED:
            self.store.letters.add(
                LetterKind.LINKS,
                person.address,
                now,
                language=person.profile.language,
                subscriber_id=person.subscriber_id,
                client=client,
                caps=self.caps,
            )
            return Asked.TAKEN
        signup = self.store.signups.ask(address, profile, now)
        self.store.letters.add(
            LetterKind.CONFIRM,
            signup.address,
            now,
            language=profile.language,
            signup_id=signup.signup_id,
            client=client,
            caps=self.caps,
        )
        return Asked.TAKEN

    def invite(self, address: str, profile: Profile, now: datetime) -> bool:
        """Ask an owner for the operator; False: somebody asked already, and no letter goes out.

        Args:
            address: of nobody who is subscribed, left, or is never to be mailed.
            profile: what the owner gets once confirmed.
            now: the present instant.
        """
        if self.store.signups.of(address):
            return False
        signup = self.store.signups.ask(address, profile, now)
        self._write(signup, profile.language, now)
        return True

    def remind(self, address: str, now: datetime) -> bool:
        """Write the letter that asks to confirm once more; False: nobody is to confirm."""
        waiting = self.store.signups.of(validate(address))
        if waiting is None or self.store.people.is_suppressed(waiting.address):
            return False
        # Asked anew, so that it is kept as long as the new link lasts.
        signup = self.store.signups.ask(waiting.address, waiting.profile, now)
        self._write(signup, waiting.profile.language, now)
        return True

    def _write(self, signup: Signup, language: str, now: datetime) -> None:
        self.store.letters.add(
            LetterKind.CONFIRM,
            signup.address,
            now,
            language=language,
            signup_id=signup.signup_id,
            client=OPERATOR,
        )

    def ask_readdress(self, person: Subscriber, address: str, now: datetime) -> None:
        """Take a subscriber's wish for another address; its owner is asked.

        Raises:
            AddressError: mail cannot be sent to this address.
            UsageError: it is the subscriber's already.
        """
        address = validate(address)
        if address.casefold() == person.address.casefold():
            raise UsageError(f"{address} is your address already")
        if self.store.people.is_suppressed(address):
            return
        signup = self.store.signups.ask(address, None, now, subscriber_id=person.subscriber_id)
        self.store.letters.add(
            LetterKind.READDRESS,
            signup.address,
            now,
            language=person.profile.language,
            subscriber_id=person.subscriber_id,
            signup_id=signup.signup_id,
            client=f"subscriber {person.subscriber_id}",
            caps=self.caps,
        )

    def waiting(self, token: str, now: datetime) -> Signup | None:
        """Return what a link would confirm; None: the link does not work (any more)."""
        new = self.tokens.read(token, Purpose.CONFIRM, now)
        moved = self.tokens.read(token, Purpose.READDRESS, now)
        person = self.store.people.by_id(moved.subscriber_id if moved else 0)
        signup = self.store.signups.get(_signup_id(new, moved))
        if signup is None or (new is None and moved is None):
            return None
        if new:
            return signup if signup.subscriber_id is None else None
        if person is None or moved is None or person.subscriber_id != signup.subscriber_id:
            return None
        return signup if person.link_generation == moved.generation else None

    def confirm(self, token: str, now: datetime) -> Subscriber | None:
        """Confirm an address by its link; None: the link does not work (any more).

        Raises:
            UsageError: the new address has a subscription of its own.
        """
        signup = self.waiting(token, now)
        if signup is None:
            return None
        if signup.subscriber_id is not None:
            return self._readdress(signup, signup.subscriber_id, now)
        person = self.store.people.enrol(signup.address, signup.profile, now)
        self.store.people.welcome_back(signup.address)
        # Last, so that nothing is lost if this ends halfway: the link then still works.
        return person if self.store.signups.take(signup.signup_id) else None

    def _readdress(self, signup: Signup, subscriber_id: int, now: datetime) -> Subscriber | None:
        old = self.store.people.by_id(subscriber_id)
        if old is None:
            return None
        if not self.store.people.readdress(subscriber_id, signup.address):
            raise UsageError(f"{signup.address} has a subscription of its own")
        if self.store.signups.take(signup.signup_id) is None:
            return None
        self.store.letters.add(
            LetterKind.MOVED, old.address, now, language=old.profile.language, client="moved"
        )
        # Whoever reads the old mailbox has no part in this subscription any more.
        return self.store.people.revoke_links(signup.address)

    def tidy(self, now: datetime) -> None:
        """Forget sign-ups that were never confirmed, and letters of long ago."""
        self.store.signups.drop(before=now - _FORGET_AFTER)
        self.store.letters.drop(before=now - _KEEP_LETTERS)


def _signup_id(new: Claim | None, moved: Claim | None) -> int:
    """Return the number of the sign-up that a link names; 0, which is nobody's: none."""
    if new:
        return new.subscriber_id
    return moved.values[0] if moved and moved.values else 0
