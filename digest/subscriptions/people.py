"""What the operator does with subscribers, vouching for their consent."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from digest.delivery import validate
from digest.errors import UsageError
from digest.models import (
    Answer,
    AnswerKind,
    LetterKind,
    Paper,
    Profile,
    Subscriber,
    SubscriberState,
)
from digest.store import OPERATOR, Store
from digest.subscriptions.data import Seen, answers_of, everything_about, look_at
from digest.subscriptions.sheet import sheet_row, write_sheet


@dataclass(frozen=True, slots=True)
class Subscriptions:
    """Adds, changes and removes subscribers."""

    store: Store

    def add(self, address: str, profile: Profile, now: datetime) -> Subscriber:
        """Add a subscriber whose owner has agreed, as the operator vouches.

        Raises:
            AddressError: mail cannot be sent to this address.
            UsageError: the address is subscribed already, or its owner had it erased.
        """
        if self.store.people.was_erased(validate(address)):
            raise UsageError(
                f"the owner of {address} had everything erased; only the owner can come back, by"
                " signing up on the web page"
            )
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

    def by_number(self, subscriber_id: int) -> Subscriber | None:
        """Return the subscriber with this number, if there is one."""
        return self.store.people.by_id(subscriber_id)

    def look(self, address: str) -> Seen:
        """Return a subscriber with consent, suppression, answers and the newest deliveries.

        Raises:
            UsageError: nobody is subscribed with this address.
        """
        return look_at(self.store, self.get(address))

    def all(self) -> Sequence[Subscriber]:
        """Return all subscribers, by address."""
        return self.store.people.all()

    def walk(
        self, query: str = "", state: SubscriberState | None = None, after: str = ""
    ) -> Iterator[Subscriber]:
        """Yield subscribers by address, a portion at a time.

        Args:
            query: a part of the address.
            state: only those in this state.
            after: only those behind this address.
        """
        return self.store.roster.walk(query=query, state=state, after=after)

    def page(
        self,
        query: str = "",
        state: SubscriberState | None = None,
        after: str = "",
        limit: int = 50,
    ) -> list[Subscriber]:
        """Return so many of those that `walk` yields."""
        return self.store.roster.page(query=query, state=state, after=after, limit=limit)

    def sheet(self) -> Iterator[str]:
        """Yield the lines of a list of all subscribers, in the form that can be brought in."""
        return write_sheet(self._sheet_rows())

    def _sheet_rows(self) -> Iterator[dict[str, str]]:
        people = iter(self.walk())
        while some := list(islice(people, 500)):
            consents = self.store.roster.consents([person.subscriber_id for person in some])
            for person in some:
                yield sheet_row(person, consents.get(person.subscriber_id, ""))

    def export(self, address: str) -> dict[str, Any]:
        """Return all that is kept about a subscriber, as plain JSON data.

        Raises:
            UsageError: nobody is subscribed with this address.
        """
        return everything_about(self.store, self.get(address))

    def erase(self, address: str, now: datetime) -> None:
        """Forget everything about a subscriber but a hash of the address.

        It keeps the address from being added again by anybody but its owner.

        Raises:
            UsageError: nobody is subscribed with this address.
        """
        self.store.people.erase(self.get(address).address, now)

    def write_links(self, address: str, now: datetime) -> Subscriber:
        """Write a letter that leads a subscriber to the own pages, once more.

        Raises:
            UsageError: nobody is subscribed with this address, or it is never to be mailed.
        """
        person = self.get(address)
        if self.store.people.is_suppressed(person.address):
            raise UsageError(f"{person.address} is suppressed; see `digest suppress --remove`")
        self.store.letters.add(
            LetterKind.LINKS,
            person.address,
            now,
            language=person.profile.language,
            subscriber_id=person.subscriber_id,
            client=OPERATOR,
        )
        return person

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

    def carry_departures(self, other: Store, now: datetime) -> int:
        """Let whoever left in another store be gone in this one; return how many left by that.

        A backup does not know who unsubscribed, was suppressed or was erased after it was made.
        """
        for key, reason in other.people.suppressions().items():
            self.store.people.suppress(key, reason, now)
        states = {person.address: person.state for person in other.people.all()}
        gone = 0
        for person in self.store.people.all():
            if other.people.was_erased(person.address):
                self.store.people.erase(person.address, now)
            elif (
                states.get(person.address) is SubscriberState.UNSUBSCRIBED
                and person.state is not SubscriberState.UNSUBSCRIBED
            ):
                self._set_state(person.address, SubscriberState.UNSUBSCRIBED, now)
            else:
                continue
            gone += 1
        return gone

    def answer(self, address: str, ref: str, kind: AnswerKind, now: datetime) -> Paper:
        """Note what a subscriber says of a paper; rankings are judged by it.

        Args:
            address: who answers.
            ref: the paper: ``#17``, an arXiv id, a DOI, a link or its title.
            kind: what is said; `more` and `less` take each other back.
            now: the present instant.

        Raises:
            UsageError: nobody is subscribed with this address, or the paper is not known.
        """
        person, paper = self.get(address), self._paper(ref)
        self.store.answers.save(person.subscriber_id, paper.paper_id, kind, now)
        return paper

    def forget(self, address: str, ref: str) -> Paper:
        """Forget all that a subscriber said of a paper, as if it had never been said.

        Raises:
            UsageError: nobody is subscribed with this address, the paper is not known, or
                nothing was said of it.
        """
        person, paper = self.get(address), self._paper(ref)
        if not self.store.answers.forget(person.subscriber_id, paper.paper_id):
            raise UsageError(f"{person.address} never answered on {paper.ref}")
        return paper

    def answers(self, address: str) -> Sequence[tuple[Answer, Paper]]:
        """Return all that a subscriber said of papers, newest first.

        Raises:
            UsageError: nobody is subscribed with this address.
        """
        return answers_of(self.store, self.get(address))

    def suppress(self, address: str, reason: str, now: datetime) -> bool:
        """Never mail this address again, subscribed or not; tell whether it was mailed so far.

        Raises:
            AddressError: mail cannot be sent to this address anyway.
        """
        checked = validate(address)
        new = not self.store.people.is_suppressed(checked)
        self.store.people.suppress(checked, reason, now)
        return new

    def unsuppress(self, address: str) -> None:
        """Allow mail to this address again; what came back from it before is forgotten.

        Raises:
            UsageError: it is not suppressed.
        """
        if not self.store.people.unsuppress(address):
            raise UsageError(f"{address} is not suppressed; see `digest suppress --list`")
        self.store.bounces.forget(address)

    def _paper(self, ref: str) -> Paper:
        paper = self.store.papers.get(ref)
        if paper is None:
            raise UsageError(
                f"no paper is known as {ref!r}; `digest papers --query WORDS` finds some"
            )
        return paper

    def _set_state(self, address: str, state: SubscriberState, now: datetime) -> Subscriber:
        person = self.get(address)
        self.store.people.set_state(person.address, state, now)
        return self.get(address)
