"""What the operator does with subscribers, vouching for their consent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from digest.delivery import validate
from digest.errors import UsageError
from digest.models import Answer, AnswerKind, Paper, Profile, Subscriber, SubscriberState
from digest.store import Store


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
        mine = self.get(address).subscriber_id
        told = self.store.answers.of([mine]).get(mine, ())
        papers = {p.paper_id: p for p in self.store.papers.by_ids({a.paper_id for a in told})}
        return [(answer, papers[answer.paper_id]) for answer in reversed(told)]

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
