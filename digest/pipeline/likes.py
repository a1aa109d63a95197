"""Likes: what many readers like, learnt once a day for all of them, and never in a publish.

::

    for each reader: example papers in the store, papers answered with more, save or click
    -> factors of the papers that enough of them like -> stored in place of those before

Where there are too few readers nothing is learnt, and nothing is kept.
"""

from datetime import datetime, timedelta

from digest import ranking
from digest.models import InterestKind, SubscriberState
from digest.store import Store

FACTORS = "collaborative"  # the name under which the store keeps them
_EVERY = timedelta(hours=20)
_KIND = "likes"


def learn_likes(store: Store, now: datetime) -> int | None:
    """Learn from all readers' likes, at most once a day.

    Args:
        store: people, answers and papers.
        now: the present instant.

    Returns:
        How many papers have factors now; None: it was not time, or there are too few readers.
    """
    last = store.runs.last(_KIND)
    if last and now - last.started_at < _EVERY:
        return None
    likes = _likes(store)
    if sum(map(bool, likes)) < ranking.READERS:
        if last:
            store.vectors.replace(FACTORS, {})
        return None
    run_id = store.runs.start(_KIND, now)
    made = ranking.learn_factors(likes)
    store.vectors.replace(FACTORS, made)
    store.runs.finish(run_id, now, {"readers": len(likes), "papers": len(made)})
    return len(made)


def _likes(store: Store) -> list[set[int]]:
    """Return for each active reader the numbers of the papers he likes."""
    people = [p for p in store.people.all() if p.state is SubscriberState.ACTIVE]
    if len(people) < ranking.READERS:
        return []
    answers = store.answers.of(person.subscriber_id for person in people)
    values = {
        interest.value
        for person in people
        for interest in person.profile.wanted
        if interest.kind is InterestKind.EXAMPLE
    }
    known = {value: paper.paper_id for value, paper in store.papers.named(values).items()}
    return [
        {known[i.value] for i in person.profile.wanted if i.value in known}
        | {
            number
            for number, gain in ranking.gains_of(answers.get(person.subscriber_id, ())).items()
            if gain > 0
        }
        for person in people
    ]
