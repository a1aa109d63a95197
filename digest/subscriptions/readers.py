"""Subscribers who come by the links in their mails: each link opens what it is for, and no more."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from digest.errors import UsageError
from digest.models import (
    Answer,
    AnswerKind,
    Interest,
    InterestKind,
    LetterKind,
    Paper,
    Profile,
    Reason,
    ReasonKind,
    Subscriber,
    SubscriberState,
)
from digest.profiles import MAX_INTERESTS
from digest.store import Store
from digest.subscriptions.data import answers_of, everything_about
from digest.subscriptions.tuning import Wish, tuned
from digest.text import fold
from digest.tokens import Claim, Purpose, Tokens

LONGEST_PAUSE = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Question:
    """A paper of an edition that its reader may answer on.

    Attributes:
        given: what the reader has said of it so far.
        reasons: why it came, as the edition says.
    """

    person: Subscriber
    paper: Paper
    given: frozenset[AnswerKind]
    reasons: tuple[Reason, ...] = ()

    def is_muted(self, kind: InterestKind, value: str) -> bool:
        """Tell whether the reader mutes this author or word already."""
        return any(
            i.kind is kind and fold(i.value) == fold(value) for i in self.person.profile.muted
        )


@dataclass(frozen=True, slots=True)
class Readers:
    """What subscribers may do by their links.

    Attributes:
        store: where everything is kept.
        tokens: reads the links.
    """

    store: Store
    tokens: Tokens

    def by_link(self, token: str, purpose: Purpose, now: datetime) -> Subscriber | None:
        """Return whose link this is; None: it does not work, for whatever reason."""
        return self._whose(self.tokens.read(token, purpose, now))

    def asked(self, token: str, now: datetime) -> Question | None:
        """Return the question behind a link to answer; None: the link does not work."""
        claim = self.tokens.read(token, Purpose.ANSWER, now)
        person = self._whose(claim)
        number = claim.values[1] if claim and person and len(claim.values) == 2 else 0
        paper = next(iter(self.store.papers.by_ids([number])), None)
        if person is None or paper is None:
            return None
        told = self.store.answers.of([person.subscriber_id]).get(person.subscriber_id, ())
        given = frozenset(a.kind for a in told if a.paper_id == paper.paper_id)
        edition = self.store.editions.edition(claim.values[0]) if claim else None
        placed = edition.papers if edition else ()
        reasons = next((s.reasons for s in placed if s.paper.paper_id == paper.paper_id), ())
        return Question(person, paper, given, reasons)

    def _whose(self, claim: Claim | None) -> Subscriber | None:
        # Whatever the link, the same is looked up, so that time tells nothing.
        person = self.store.people.by_id(claim.subscriber_id if claim else 0)
        if claim is None or person is None or person.link_generation != claim.generation:
            return None
        return person

    # ------------------------------------------------------------ answers

    def answer(self, question: Question, kind: AnswerKind, now: datetime) -> None:
        """Note what a reader says; `more` and `less` take each other back."""
        who, what = question.person.subscriber_id, question.paper.paper_id
        self.store.answers.save(who, what, kind, now)

    def tune(self, question: Question, reason: Reason, wish: Wish) -> bool:
        """Give more, less or none of what a reason names; tell whether the profile has it.

        Of a paper that was liked by an answer, less and none forget the answers on it.
        """
        profile = question.person.profile
        values = [i.value for i in profile.wanted if i.kind is InterestKind.EXAMPLE]
        titles = {v: paper.title for v in values if (paper := self.store.papers.get(v))}
        changed = tuned(profile, reason, wish, titles)
        if changed is not None:
            self.update(question.person, changed)
            return True
        if reason.kind not in (ReasonKind.LIKED, ReasonKind.EXAMPLE):
            return False
        liked = [a.paper_id for a, paper in self.answers(question.person)
                 if paper.title == reason.value]  # fmt: skip
        if wish is not Wish.MORE:
            for number in liked:
                self.forget(question.person, number)
        return bool(liked)

    def forget(
        self, person: Subscriber, paper_id: int | None = None, kind: AnswerKind | None = None
    ) -> int:
        """Forget answers as if they had never been given; return how many there were."""
        return self.store.answers.forget(person.subscriber_id, paper_id, kind)

    def answers(self, person: Subscriber) -> Sequence[tuple[Answer, Paper]]:
        """Return all that a reader said of papers, newest first."""
        return answers_of(self.store, person)

    def saved(self, person: Subscriber) -> Sequence[Paper]:
        """Return the papers that a reader keeps for later, newest first."""
        return [paper for a, paper in self.answers(person) if a.kind is AnswerKind.SAVE]

    def mute(self, person: Subscriber, kind: InterestKind, value: str) -> Subscriber:
        """Never send papers with this word, or by this author, again.

        Raises:
            UsageError: the word is empty, or the profile is full.
        """
        value = " ".join(value.split())[:200]
        if not value:
            raise UsageError("say which word or author is to be muted")
        mute = Interest(kind, value, muted=True)
        profile = person.profile
        if any(i.kind is kind and fold(i.value) == fold(value) for i in profile.muted):
            return person
        if len(profile.interests) >= MAX_INTERESTS:
            raise UsageError(f"a profile holds {MAX_INTERESTS} interests; remove one first")
        return self.update(person, replace(profile, interests=(*profile.interests, mute)))

    # ------------------------------------------------------------ the subscription

    def update(self, person: Subscriber, profile: Profile) -> Subscriber:
        """Store what a reader wants from now on."""
        return self.store.people.update(person.address, profile)

    def pause(self, person: Subscriber, until: date | None, now: datetime) -> Subscriber:
        """Send nothing until a day in the reader's zone, or until the reader says so.

        Raises:
            UsageError: that day is past, or too far away.
        """
        instant = None
        if until is not None:
            today = person.profile.schedule.local_date(now)
            if not today < until <= today + LONGEST_PAUSE:
                raise UsageError("choose a day after today, and within a year")
            zone = ZoneInfo(person.profile.schedule.timezone)
            instant = datetime.combine(until, time(), zone).astimezone(UTC)
        state = SubscriberState.PAUSED
        return self.store.people.set_state(person.address, state, now, until=instant)

    def resume(self, person: Subscriber, now: datetime) -> Subscriber:
        """Send again."""
        return self.store.people.set_state(person.address, SubscriberState.ACTIVE, now)

    def unsubscribe(self, person: Subscriber, now: datetime) -> Subscriber:
        """Send nothing any more; saying so twice changes nothing."""
        if person.state is SubscriberState.UNSUBSCRIBED:
            return person
        return self.store.people.set_state(person.address, SubscriberState.UNSUBSCRIBED, now)

    def erase(self, person: Subscriber, now: datetime) -> None:
        """Forget everything about a reader but a hash of the address."""
        self.store.people.erase(person.address, now)

    def revoke_links(self, person: Subscriber, now: datetime) -> Subscriber:
        """Make all links sent so far worthless, and send a mail with new ones."""
        person = self.store.people.revoke_links(person.address)
        self.store.letters.add(
            LetterKind.LINKS,
            person.address,
            now,
            language=person.profile.language,
            subscriber_id=person.subscriber_id,
            client="links",
        )
        return person

    def export(self, person: Subscriber) -> dict[str, Any]:
        """Return all that is kept about a reader, as plain JSON data."""
        return everything_about(self.store, person)
