"""Measure: how well a profile's ranking agrees with what its reader answered.

For every edition whose candidates the reader liked some of, the candidates of that day are
ranked once more, with the profile in question and the answers that were given before it, and
the order is judged by the answers that came after:

- nDCG of the first k (Järvelin and Kekäläinen, 2002): 1 when the liked papers stand on top;
- hit rate: the share of days with a liked paper among the first k.

A reader can only like what was shown, so an order that differs much from the editions looks
worse than it is; the figures compare profiles and settings that are near each other.
"""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from digest import ranking
from digest.errors import UsageError
from digest.models import Edition, Profile, Subscriber
from digest.pipeline.editions import Day, EditionOptions
from digest.store import Store

_SPREADS = 1.96  # to each side, for 95 %
_IMAGINED = (0.0, 0.0, 1.0, 1.0)  # days that keep an interval from shrinking to nothing


@dataclass(frozen=True, slots=True)
class DayScore:
    """One day: how many candidates were liked, and how the order did."""

    edition_date: date
    candidates: int
    liked: int
    ndcg: float
    hit: bool


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over days, each 0 to 1, with its 95 % interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All days, and what they come to."""

    days: tuple[DayScore, ...]
    ndcg: Estimate
    hit_rate: Estimate


def evaluate(
    store: Store, options: EditionOptions, person: Subscriber, profile: Profile, *, first: int
) -> Evaluation:
    """Judge a profile by a reader's own answers.

    Args:
        store: papers, editions and answers.
        options: what editions draw on.
        person: whose answers.
        profile: ranks the candidates; the reader's own, or another one to compare.
        first: how many papers from the top count.

    Raises:
        UsageError: the reader liked no paper of any edition so far.
    """
    answers = store.answers.of([person.subscriber_id]).get(person.subscriber_id, ())
    days: list[DayScore] = []
    before: Edition | None = None
    had: set[int] = set()
    for edition in _editions(store, person):
        later = ranking.gains_of(a for a in answers if a.answered_at > edition.composed_at)
        gains = {number: gain for number, gain in later.items() if gain > 0}
        if gains:
            candidates = Day(store, (), options, edition.composed_at)
            eligible = candidates.eligible(before.composed_at if before else None) - had
            if liked := {number: gain for number, gain in gains.items() if number in eligible}:
                judgement = candidates.judged(profile, eligible, answers=answers, below_bar=True)
                ranked = judgement.ranking()
                order = [scored.paper.paper_id for scored in ranking.best_first(ranked)[:first]]
                days.append(_score(edition.edition_date, len(eligible), order, liked))
        before = edition
        had |= {scored.paper.paper_id for scored in edition.papers}
    if not days:
        raise UsageError(
            f"{person.address} has not liked a paper of any edition yet;"
            " say so by the links of a mail or by `digest answer`"
        )
    return Evaluation(
        tuple(days),
        estimate([day.ndcg for day in days]),
        estimate([float(day.hit) for day in days]),
    )


def _editions(store: Store, person: Subscriber) -> list[Edition]:
    numbers = store.editions.dates(person.subscriber_id).values()
    return sorted(store.editions.by_ids(numbers).values(), key=lambda e: e.composed_at)


def _score(
    edition_date: date, candidates: int, order: Sequence[int], liked: Mapping[int, float]
) -> DayScore:
    """Return the score of a day's order; `liked` holds the gains by paper."""
    return DayScore(
        edition_date,
        candidates,
        len(liked),
        ndcg([liked.get(number, 0.0) for number in order], list(liked.values()), len(order)),
        any(number in liked for number in order),
    )


def ndcg(gains: Sequence[float], all_gains: Sequence[float], first: int) -> float:
    """Return the discounted gain of an order by that of the best order, 0 to 1.

    Args:
        gains: of the papers in their order.
        all_gains: of all papers that have any.
        first: how many count.
    """
    best = _discounted(sorted(all_gains, reverse=True)[:first])
    return _discounted(gains[:first]) / best if best else 0.0


def _discounted(gains: Sequence[float]) -> float:
    return sum(gain / math.log2(place + 2) for place, gain in enumerate(gains))


def estimate(values: Sequence[float]) -> Estimate:
    """Return the mean with an interval that holds for few days too.

    Four days are imagined beside them, two bad and two perfect ones (Agresti and Coull, 1998, for
    shares; here for any number from 0 to 1). Of three good days a bootstrap would say that all
    days are: it covers the truth in less than half of such cases, this in nine of ten at least.
    """
    known = [*values, *_IMAGINED]
    middle = statistics.fmean(known)
    side = _SPREADS * statistics.stdev(known) / math.sqrt(len(known))
    return Estimate(statistics.fmean(values), max(middle - side, 0.0), min(middle + side, 1.0))
