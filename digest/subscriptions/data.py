"""All that is kept about one subscriber, for whoever has a right to see it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from digest.models import Answer, Delivery, Paper, Subscriber
from digest.store import Store, profile_to_json


@dataclass(frozen=True, slots=True)
class Seen:
    """A subscriber, with what the operator looks for.

    Attributes:
        consent: when and how the owner agreed, where a list said so; may be empty.
        suppressed: why the address is never mailed; may be empty.
        deliveries: the newest ones.
    """

    person: Subscriber
    consent: str
    suppressed: str
    answers: Sequence[tuple[Answer, Paper]]
    deliveries: Sequence[Delivery]


def look_at(store: Store, person: Subscriber, newest: int = 10) -> Seen:
    """Return a subscriber as the operator sees him, with so many of the newest deliveries."""
    number, key = person.subscriber_id, person.address.casefold()
    found = store.deliveries.list_deliveries(subscriber_id=number, limit=newest)
    return Seen(
        person,
        store.roster.consents([number]).get(number, ""),
        store.people.suppressions([person.address]).get(key, ""),
        answers_of(store, person),
        [delivery for delivery, _ in found],
    )


def answers_of(store: Store, person: Subscriber) -> Sequence[tuple[Answer, Paper]]:
    """Return all that a subscriber said of papers, newest first."""
    told = store.answers.of([person.subscriber_id]).get(person.subscriber_id, ())
    papers = {p.paper_id: p for p in store.papers.by_ids({a.paper_id for a in told})}
    return [(a, papers[a.paper_id]) for a in reversed(told) if a.paper_id in papers]


def everything_about(store: Store, person: Subscriber) -> dict[str, Any]:
    """Return all that is kept about a subscriber, as plain JSON data."""
    number = person.subscriber_id
    editions = store.editions.by_ids(store.editions.dates(number).values())
    deliveries = store.deliveries.list_deliveries(subscriber_id=number, limit=10_000)
    return {
        "address": person.address,
        "state": person.state.value,
        "subscribed_at": person.created_at.isoformat(),
        "paused_until": person.paused_until and person.paused_until.isoformat(),
        "consent": store.roster.consents([number]).get(number),
        "profile": profile_to_json(person.profile),
        "answers": [
            {
                "paper": paper.ref,
                "title": paper.title,
                "answer": answer.kind.value,
                "answered_at": answer.answered_at.isoformat(),
            }
            for answer, paper in answers_of(store, person)
        ],
        "editions": [
            {
                "date": edition.edition_date.isoformat(),
                "papers": [{"paper": s.paper.ref, "title": s.paper.title} for s in edition.papers],
            }
            for _, edition in sorted(editions.items(), reverse=True)
        ],
        "deliveries": [
            {
                "date": delivery.edition_date.isoformat(),
                "channel": delivery.channel,
                "state": delivery.state.value,
            }
            for delivery, _ in deliveries
        ],
    }
