"""Why: the way of one paper to one subscriber, and where it ended.

    collected -> merged -> candidate -> scored -> chosen -> sent

A paper that stands in an edition has its stored scores and reasons. For any other one, the
edition that it was up for is made once more, at its instant and without what came later, with
the profile and the papers as they are now; if there was none since, the next one is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from digest import composing
from digest.models import (
    Answer,
    Delivery,
    DeliveryState,
    Edition,
    Interest,
    Paper,
    Profile,
    ScoredPaper,
    Subscriber,
)
from digest.pipeline import cadence
from digest.pipeline.conditions import readings
from digest.pipeline.editions import OVERLAP, Day, EditionOptions
from digest.pipeline.traces import Part, Stage, Step, Trace
from digest.ranking import Judgement
from digest.sources.base import Feed
from digest.store import Store

_WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
_SIMILAR = 3  # titles that are shown where a paper is not known
_DELIVERIES = 10_000
_SAME_SCORE = 1e-4  # beyond the last digits, which depend on who else is reckoned with
_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class _Up:
    """An edition that a paper was up for.

    Attributes:
        day: of the edition. moment: when it was composed.
        since: when the one before was composed.
        due: whether weekly interests come with it.
    """

    day: date
    moment: datetime
    since: datetime | None
    due: bool

    @classmethod
    def of(cls, profile: Profile, day: date, moment: datetime, since: datetime | None) -> "_Up":
        before = profile.schedule.local_date(since) if since else None
        return cls(day, moment, since, cadence.is_due(profile, day, before))

    @property
    def reaches_back(self) -> datetime | None:
        """The instant from which papers are up for it; None: all of the window are."""
        if self.since is None or not self.due:
            return self.since
        return min(self.since, self.moment - _WEEK)


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
            self._table_of(scored, person, edition),
        )

    def _table_of(
        self, scored: ScoredPaper, person: Subscriber, edition: Edition
    ) -> tuple[Part, ...]:
        """Return what all interests make of a paper that was chosen.

        They are asked again, by what was known then. Where the score comes out otherwise, for
        the profile has changed since, only what the edition keeps of it is told.
        """
        kept = Part(scored.interest, scored.score, None, scored.reasons)
        then = Day(self._store, self._feeds, self._options, edition.composed_at)
        mine = person.subscriber_id
        answers = self._store.answers.of([mine]).get(mine, ())
        _, table = self._scored(then, scored.paper, person.profile, answers)
        again = next((part for part in table if part.interest == scored.interest), kept)
        same = again.likeness is not None and abs(again.score - scored.score) < _SAME_SCORE
        return table if same else (kept,)

    def _deliveries(self, person: Subscriber, day: date) -> list[Delivery]:
        mine = self._store.deliveries.list_deliveries(
            subscriber_id=person.subscriber_id, limit=_DELIVERIES
        )
        return [delivery for delivery, _ in mine if delivery.edition_date == day]

    # ------------------------------------------------------------ papers of no edition

    def _left_out(self, paper: Paper, person: Subscriber, steps: tuple[Step, ...]) -> Trace:
        up = self._edition_after(paper, person)
        trace = self._up_for(up, paper, person, steps)
        if up.due or not _only_weekly(trace.table):
            return trace
        # It waited there for the day of its interests.
        later = self._edition_after(paper, person, due=True)
        if later.due:
            return self._up_for(later, paper, person, steps)
        waits = Step(Stage.CHOSEN, False, (_waiting(trace.table, person.profile, later.day),))
        scored = tuple(step for step in trace.steps if step.stage is not Stage.CHOSEN)
        return Trace(paper, trace.edition_date, (*scored, waits), trace.table)

    def _up_for(
        self, up: "_Up", paper: Paper, person: Subscriber, steps: tuple[Step, ...]
    ) -> Trace:
        window = up.moment - self._options.window
        since = up.reaches_back
        told = _no_candidate(paper, since, window, up.moment)
        if told:
            return Trace(paper, None, (*steps, Step(Stage.CANDIDATE, False, (told,))))
        candidates = Day(self._store, self._feeds, self._options, up.moment)
        mine, profile = person.subscriber_id, person.profile
        sent = self._store.editions.history([mine], since=candidates.since, until=up.moment)[
            mine
        ].sent_papers
        eligible = candidates.eligible(since) - sent
        which = "the next edition" if up.moment == self._now else f"the edition of {up.day}"
        steps = (*steps, Step(Stage.CANDIDATE, True, (f"one of {len(eligible):,} for {which}",)))
        answers = self._store.answers.of([mine]).get(mine, ())
        scored, table = self._scored(candidates, paper, profile, answers)
        steps = (*steps, scored)
        if scored.passed:
            edition = candidates.edition(
                profile, up.day, since=up.since, sent=sent, answers=answers
            )
            ranking = candidates.judged(profile, eligible, answers=answers).ranking()
            places = [(interest, _place(papers, paper)) for interest, papers in ranking.by_interest]
            chosen = _chosen(edition, paper, profile, places, up.moment < self._now)
            steps = (*steps, chosen)
        return Trace(paper, up.day, steps, table)

    def _edition_after(self, paper: Paper, person: Subscriber, *, due: bool = False) -> "_Up":
        """Return the edition that the paper was up for.

        That is the first one composed after the paper was new, or else the one to come.

        Args:
            paper: which.
            person: whose editions.
            due: only those with which weekly interests come.
        """
        profile = person.profile
        numbers = self._store.editions.dates(person.subscriber_id)
        known = sorted(
            self._store.editions.by_ids(numbers.values()).values(), key=lambda e: e.composed_at
        )
        before: datetime | None = None
        for edition in known:
            up = _Up.of(profile, edition.edition_date, edition.composed_at, before)
            if paper.new_at and edition.composed_at >= paper.new_at and (up.due or not due):
                return up
            before = edition.composed_at
        return _Up.of(profile, profile.schedule.local_date(self._now), self._now, before)

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
        nearest = max(table, key=lambda part: part.likeness or 0.0, default=None)
        if nearest is None or nearest.interest is None:
            return Step(Stage.SCORED, False, ("the profile names no interests",)), table
        told = f"no interest matches; “{nearest.interest.value}” is nearest"
        return Step(Stage.SCORED, False, (f"{told}, at {nearest.likeness or 0:.2f} of 1",)), table


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


def _only_weekly(table: Sequence[Part]) -> bool:
    """Tell whether the paper matches, and only interests that come once a week."""
    matching = [part.interest for part in table if part.interest and part.score > 0]
    return bool(matching) and all(interest.weekly for interest in matching)


def _waiting(table: Sequence[Part], profile: Profile, today: date) -> str:
    """Say for which day a paper waits."""
    best = max(table, key=lambda part: part.score if part.interest else 0.0)
    assert best.interest is not None, "an interest matches"
    day = today + timedelta(days=(profile.weekly_day - today.weekday() - 1) % 7 + 1)
    return (
        f"“{best.interest.value}” comes once a week: it waits for {_WEEKDAYS[day.weekday()]}, {day}"
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
