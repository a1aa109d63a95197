"""Why: the way of one paper to one subscriber, and where it ended.

    collected -> merged -> candidate -> scored -> chosen -> sent

A paper that stands in an edition has its stored scores and reasons. For any other one, the
edition that it was up for is made once more, at its instant and without what came later, with
the profile and the papers as they are now; if there was none since, the next one is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from digest import composing
from digest.models import (
    Answer,
    Delivery,
    DeliveryState,
    Edition,
    Interest,
    Paper,
    Profile,
    Reason,
    ScoredPaper,
    Subscriber,
)
from digest.pipeline.conditions import readings
from digest.pipeline.editions import OVERLAP, Day, EditionOptions
from digest.ranking import Judgement
from digest.sources.base import Feed
from digest.store import Store

_SIMILAR = 3  # titles that are shown where a paper is not known
_DELIVERIES = 10_000


class Stage(StrEnum):
    """What happens to a paper, in order."""

    COLLECTED = "collected"
    MERGED = "merged"
    CANDIDATE = "candidate"
    SCORED = "scored"
    CHOSEN = "chosen"
    SENT = "sent"


@dataclass(frozen=True, slots=True)
class Step:
    """One stage: whether the paper passed it, and what there is to say of that."""

    stage: Stage
    passed: bool
    told: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """What one interest makes of the paper.

    Attributes:
        interest: None: popularity outside the interests.
        score: the paper's score for it; 0: it does not match.
        likeness: how similar it is all the same, 0 to 1, whatever the bar.
        reasons: all parts of the score; they add up to it.
        terms: the paper's terms that make it like the interest, each with its part of the
            product that the similarity is measured by; under an empty name what is left.
    """

    interest: Interest | None
    score: float
    likeness: float
    reasons: tuple[Reason, ...] = ()
    terms: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Trace:
    """The way of a paper.

    Attributes:
        paper: None: it was never collected.
        edition_date: the day of the edition in question; None: it is not on the way to any.
        steps: the stages up to the one where it ended.
        table: what each interest makes of it; empty where it was never scored.
    """

    paper: Paper | None
    edition_date: date | None
    steps: tuple[Step, ...]
    table: tuple[Part, ...] = ()


class Inquiry:
    """Follows papers.

    Args:
        store: papers, people and the ledger.
        feeds: the feeds in use.
        options: what editions may draw on.
        now: the present instant.
    """

    def __init__(
        self, store: Store, feeds: Sequence[Feed], options: EditionOptions, now: datetime
    ) -> None:
        self._store = store
        self._feeds = feeds
        self._options = options
        self._now = now

    def ask(self, ref: str, person: Subscriber) -> Trace:
        """Return the way of a paper to a subscriber.

        Args:
            ref: ``#17``, an arXiv id, a DOI, a link or a title.
            person: to whom.
        """
        paper = self._store.papers.get(ref)
        if paper is None:
            return Trace(None, None, (self._not_collected(ref),))
        steps = (self._collected(paper), self._merged(paper))
        placed = self._store.editions.with_paper(person.subscriber_id, paper.paper_id)
        if placed:
            day, number = placed[0]
            edition = self._store.editions.by_ids([number])[number]
            return self._in_edition(paper, person, edition, day, steps)
        return self._left_out(paper, person, steps)

    # ------------------------------------------------------------ collected, merged

    def _not_collected(self, ref: str) -> Step:
        words = [word for word in ref.split() if word.isalnum()]
        similar = []
        if len(words) > 1:
            query = " ".join(words[:6])
            similar = self._store.papers.search(query=query, since=None, limit=_SIMILAR)
        states = {state.feed: state for state in self._store.feeds.states()}
        troubled = [r for r in readings(self._feeds, states, self._now) if r.problem]
        return Step(
            Stage.COLLECTED,
            False,
            (
                f"no feed brought a paper known as {ref!r}",
                *(f"did you mean {paper.ref}: {paper.title}?" for paper in similar),
                f"feeds in use: {', '.join(feed.name for feed in self._feeds) or 'none'}",
                *(f"{r.feed.name}: {r.problem}" for r in troubled),
            ),
        )

    def _collected(self, paper: Paper) -> Step:
        sources = ", ".join(paper.sources)
        seen = f"first seen {paper.first_seen_at:%Y-%m-%d %H:%M} UTC" if paper.first_seen_at else ""
        return Step(Stage.COLLECTED, True, (f"from {sources}; {seen}".rstrip("; "),))

    def _merged(self, paper: Paper) -> Step:
        return Step(
            Stage.MERGED,
            True,
            tuple(
                f"{seen.sighting.entry.source} {seen.sighting.entry.external_id}:"
                f" {seen.rule} ({seen.detail})"
                for seen in self._store.papers.provenance(paper.paper_id)
            ),
        )

    # ------------------------------------------------------------ papers of an edition

    def _in_edition(
        self,
        paper: Paper,
        person: Subscriber,
        edition: Edition,
        day: date,
        steps: tuple[Step, ...],
    ) -> Trace:
        placed = [scored.paper.paper_id for scored in edition.papers]
        at = placed.index(paper.paper_id) if paper.paper_id in placed else 0
        scored = edition.papers[at]
        section = next(s for s in edition.sections if scored in s.papers)
        deliveries = self._deliveries(person, day)
        sent = any(d.state is DeliveryState.SENT for d in deliveries)
        return Trace(
            paper,
            day,
            (
                *steps,
                Step(Stage.CANDIDATE, True, (f"one of {edition.candidates:,} new papers",)),
                Step(Stage.SCORED, True, (f"score {scored.score:.3f}",)),
                Step(
                    Stage.CHOSEN,
                    True,
                    (f"number {at + 1} of {len(placed)}, under “{section.title}”",),
                ),
                Step(Stage.SENT, sent, _delivery_lines(deliveries)),
            ),
            (Part(scored.interest, scored.score, 0.0, scored.reasons),),
        )

    def _deliveries(self, person: Subscriber, day: date) -> list[Delivery]:
        mine = self._store.deliveries.list_deliveries(
            subscriber_id=person.subscriber_id, limit=_DELIVERIES
        )
        return [delivery for delivery, _ in mine if delivery.edition_date == day]

    # ------------------------------------------------------------ papers of no edition

    def _left_out(self, paper: Paper, person: Subscriber, steps: tuple[Step, ...]) -> Trace:
        day, moment, since = self._edition_after(paper, person)
        window = moment - self._options.window
        told = _no_candidate(paper, since, window, moment)
        if told:
            return Trace(paper, None, (*steps, Step(Stage.CANDIDATE, False, (told,))))
        candidates = Day(self._store, self._feeds, self._options, moment)
        sent = self._store.editions.history([person.subscriber_id], since=candidates.since)
        eligible = candidates.eligible(since) - sent[person.subscriber_id].sent_papers
        which = "the next edition" if moment == self._now else f"the edition of {day}"
        steps = (*steps, Step(Stage.CANDIDATE, True, (f"one of {len(eligible):,} for {which}",)))
        mine = person.subscriber_id
        answers = self._store.answers.of([mine]).get(mine, ())
        scored, table = self._scored(candidates, paper, person.profile, answers)
        steps = (*steps, scored)
        if scored.passed:
            edition = candidates.edition(
                person.profile,
                day,
                since=since,
                sent=sent[person.subscriber_id].sent_papers,
                answers=answers,
            )
            ranking = candidates.judged(person.profile, eligible, answers=answers).ranking()
            places = [(interest, _place(papers, paper)) for interest, papers in ranking.by_interest]
            chosen = _chosen(edition, paper, person.profile, places, moment < self._now)
            steps = (*steps, chosen)
        return Trace(paper, day, steps, table)

    def _edition_after(
        self, paper: Paper, person: Subscriber
    ) -> tuple[date, datetime, datetime | None]:
        """Return day and instant of the edition that the paper was up for, and of the one before.

        That is the first one composed after the paper was new, or else the one to come.
        """
        numbers = self._store.editions.dates(person.subscriber_id)
        known = sorted(
            self._store.editions.by_ids(numbers.values()).values(), key=lambda e: e.composed_at
        )
        before: datetime | None = None
        for edition in known:
            if paper.new_at and edition.composed_at >= paper.new_at:
                return edition.edition_date, edition.composed_at, before
            before = edition.composed_at
        return person.profile.schedule.local_date(self._now), self._now, before

    def _scored(
        self, candidates: Day, paper: Paper, profile: Profile, answers: Sequence[Answer]
    ) -> tuple[Step, tuple[Part, ...]]:
        alone = {paper.paper_id}
        judgement = candidates.judged(profile, alone, answers=answers)
        matches = judgement.ranking()
        if matches.muted:
            muting = [
                f"“{mute.value}”"
                for mute in profile.muted
                if candidates.ranked(Profile(interests=(mute,)), alone).muted
            ]
            return Step(Stage.SCORED, False, (f"muted by {', '.join(muting)}",)), ()
        similar = candidates.judged(profile, alone, answers=answers, below_bar=True)
        table = _table(judgement, matches.by_interest, similar.ranking().by_interest)
        popular = next(iter(matches.popular), None)
        if popular:
            table = (*table, Part(None, popular.score, 0.0, popular.reasons))
        best = max(table, key=lambda part: part.score, default=None)
        if best and best.score > 0:
            name = f"for “{best.interest.value}”" if best.interest else "by its popularity alone"
            return Step(Stage.SCORED, True, (f"score {best.score:.3f} {name}",)), table
        nearest = max(table, key=lambda part: part.likeness, default=None)
        if nearest is None or nearest.interest is None:
            return Step(Stage.SCORED, False, ("the profile names no interests",)), table
        told = f"no interest matches; “{nearest.interest.value}” is nearest"
        return Step(Stage.SCORED, False, (f"{told}, at {nearest.likeness:.2f} of 1",)), table


def _no_candidate(
    paper: Paper, since: datetime | None, window: datetime, moment: datetime
) -> str | None:
    """Return why a paper is no candidate for the edition of an instant; None: it is one."""
    if paper.withdrawn:
        return "its authors withdrew it"
    if paper.new_at is None:
        return "it was never announced as new, only as a replacement of an older version"
    if paper.new_at > moment:
        return f"it is new from {paper.new_at:%Y-%m-%d %H:%M} UTC on"
    start = max(since - OVERLAP, window) if since else window
    if paper.new_at <= start:
        return (
            f"it was new on {paper.new_at:%Y-%m-%d %H:%M} UTC; the edition looks at papers"
            f" that are new since {start:%Y-%m-%d %H:%M}"
        )
    return None


def _table(
    judgement: Judgement,
    matches: Sequence[tuple[Interest, Sequence[ScoredPaper]]],
    similar: Sequence[tuple[Interest, Sequence[ScoredPaper]]],
) -> tuple[Part, ...]:
    """Put side by side what matches and how similar the paper is whatever the bar."""
    return tuple(
        Part(
            interest,
            found[0].score if found else 0.0,
            near[0].score if near else 0.0,
            tuple(judgement.parts(found[0])) if found else (),
            tuple(judgement.terms(found[0].paper.paper_id, interest)) if found else (),
        )
        for (interest, found), (_, near) in zip(matches, similar, strict=True)
    )


def _place(papers: Sequence[ScoredPaper], paper: Paper) -> tuple[int, int]:
    """Return a paper's place in a list, from 1 (0: it is not there), and the list's length."""
    places = (i for i, s in enumerate(papers, 1) if s.paper.paper_id == paper.paper_id)
    return next(places, 0), len(papers)


def _chosen(
    edition: Edition,
    paper: Paper,
    profile: Profile,
    places: Sequence[tuple[Interest, tuple[int, int]]],
    past: bool,
) -> Step:
    """Tell whether the paper has a place in the edition, and by which lists."""
    listed = tuple(
        f"number {place} of {length} for “{interest.value}”"
        for interest, (place, length) in places
        if place
    )
    if any(scored.paper.paper_id == paper.paper_id for scored in edition.papers):
        told = (
            "the profile, or what is known of the paper, changed since: today it would be chosen"
            if past
            else "it will be in the next edition, unless better ones come"
        )
        return Step(Stage.CHOSEN, not past, (*listed, told))
    twin = next((s.paper for s in edition.papers if composing.same_again(s.paper, paper)), None)
    told = (
        f"nearly the same as {twin.ref}, which is in the edition: {twin.title}"
        if twin
        else f"the edition has {profile.papers} places, and others come before"
    )
    return Step(Stage.CHOSEN, False, (*listed, told))


def _delivery_lines(deliveries: Sequence[Delivery]) -> tuple[str, ...]:
    return tuple(
        f"{d.channel}: {d.state.value}" + (f" ({d.detail})" if d.detail else "") for d in deliveries
    ) or ("no delivery was planned",)
