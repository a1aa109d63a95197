"""From candidates to one subscriber's edition; shared by publish and preview."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from digest import composing, ranking
from digest.models import (
    Answer,
    AnswerKind,
    Edition,
    FeedHealth,
    InterestKind,
    Opinion,
    Paper,
    Profile,
    Ranking,
)
from digest.pipeline import cadence
from digest.pipeline.conditions import Condition, FeedReading, readings
from digest.pipeline.likes import FACTORS
from digest.pipeline.rankers import Ranker
from digest.sources.base import Feed
from digest.store import Store

_SATURDAY = 5
_TIMES = 16  # of which the candidates are kept
_WEEK = timedelta(days=7)
_LIKING = {AnswerKind.MORE, AnswerKind.SAVE}
_UNREADABLE = {Condition.FAILING, Condition.REFUSED}

# A paper counts as new from the instant at which its feed was read, and is stored a little
# later. An edition composed in between must not cut it off; sent papers are known by id.
OVERLAP = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class EditionOptions:
    """What an edition may draw on.

    Attributes:
        window: how far back papers may have come when nothing was sent since.
        background: how many stored papers tell the ranker which words are common.
        model: whose stored embeddings count; empty: none do.
        ranker: what ranks in place of the usual ranker, to compare; None: that does.
    """

    window: timedelta = timedelta(days=7)
    background: int = 6_000
    model: str = ""
    ranker: Ranker | None = None


class Day:
    """The candidates of one instant, read and prepared once for all subscribers.

    Args:
        store: where the papers are.
        feeds: the feeds in use, whose health stands in the footer.
        options: what an edition may draw on.
        now: the instant up to which papers count.

    Attributes:
        now: that instant.
        since: the instant from which papers count; earlier ones are no candidates any more.
    """

    def __init__(
        self, store: Store, feeds: Sequence[Feed], options: EditionOptions, now: datetime
    ) -> None:
        self.since = now - options.window
        self._store = store
        self.now = now
        self._papers = store.papers.candidates(self.since, now)
        background = store.papers.background(options.background, until=now)
        self._ranker = options.ranker
        self._model = options.model if not self._ranker or self._ranker.by_meaning else ""
        self._vectors: dict[int, bytes] = {}
        self._text_vectors: dict[str, bytes] = {}
        numbers = [paper.paper_id for paper in (*self._papers, *background)]
        factors: dict[int, bytes] = {}
        if not self._ranker or self._ranker.by_readers:
            factors = store.vectors.newest(FACTORS, options.background + ranking.TAUGHT)
        taught = store.papers.by_ids(factors.keys() - set(numbers))
        self._prepared = ranking.prepare(
            self._papers,
            background,
            vectors=self._meant_by([*numbers, *(paper.paper_id for paper in taught)]),
            factors=factors,
            taught=[paper for paper in taught if _was_seen(paper, now)][: ranking.TAUGHT],
        )
        states = {state.feed: state for state in store.feeds.states()}
        self._feeds = readings(feeds, states, now)
        self._health = tuple(
            FeedHealth(
                r.feed.name,
                r.feed.source,
                r.state.entry_count,
                r.problem,
                condition=r.condition.value,
                times=r.state.error_count,
                unseen_date=r.state.unseen_at.date() if r.state.unseen_at else None,
            )
            for r in self._feeds
        )
        self._sources = _sources(self._feeds)
        self._revised = store.papers.revised(self.since, now)
        self._days = min(options.window, _WEEK).days
        week = now - _WEEK
        self._week = frozenset(p.paper_id for p in self._papers if p.new_at and p.new_at > week)
        self._eligible: dict[datetime, frozenset[int]] = {}
        self._examples: dict[str, Paper | None] = {}
        self._answered: dict[int, Paper] = {}
        self._found: dict[tuple[Profile, tuple[Answer, ...]], ranking.Matches] = {}

    def gather(self, readers: Iterable[tuple[Profile, Sequence[Answer]]]) -> None:
        """Look together at what some readers want, which costs a fraction of one by one.

        Their editions come out as without, but for the last digits of scores; what was
        gathered before is forgotten.

        Args:
            readers: profiles, and what their owners answered.
        """
        keys = list(dict.fromkeys((profile, tuple(answers)) for profile, answers in readers))
        self._found = {}
        self._look_up(keys)
        wishes = [self._wish(*key) for key in keys]
        self._found = dict(zip(keys, ranking.match(self._prepared, wishes), strict=True))

    def edition(
        self,
        profile: Profile,
        edition_date: date,
        *,
        since: datetime | None = None,
        sent: frozenset[int] = frozenset(),
        answers: Sequence[Answer] = (),
        received: Mapping[int, datetime] | None = None,
    ) -> Edition:
        """Compose an edition.

        Args:
            profile: what the subscriber wants.
            edition_date: a day in the subscriber's zone.
            since: papers that were new before or at this instant were up for an earlier
                edition; None: all within the window are candidates.
            sent: ids of papers this subscriber was sent before.
            answers: what this subscriber answered; later answers than `now` do not count.
            received: which of the `revised` papers this subscriber was sent, and when last.
        """
        before = profile.schedule.local_date(since) if since else None
        daily = self.eligible(since)
        due = cadence.is_due(profile, edition_date, before)
        eligible = daily | self.eligible(self.now - _WEEK) if due else daily
        judgement = self.judged(profile, eligible, without=sent, answers=answers)
        ranked = cadence.in_turn(judgement.ranking(), daily, due=due)
        quiet = _is_quiet(self._feeds, edition_date)
        edition = composing.compose(
            ranked,
            profile,
            edition_date=edition_date,
            composed_at=self.now,
            health=self._health,
            quiet=quiet,
            nearness=self._prepared.nearness(),
        )
        remarks = composing.remarks(
            edition,
            ranked,
            profile,
            counts=judgement.counts(self._week),
            days=self._days,
            since=before,
            quiet=quiet,
            sources=self._sources,
        )
        edition = _explained(edition, judgement)
        learnt = composing.lessons(edition.papers, self._liked(answers, profile))
        edition = replace(edition, remarks=replace(remarks, lessons=learnt))
        return composing.with_updates(edition, self._revised, received or {}, profile)

    @property
    def revised(self) -> list[int]:
        """Numbers of the papers of which a later version came within the window."""
        return [paper.paper_id for paper in self._revised]

    def taught(self, opinions: Sequence[Opinion]) -> ranking.Taught:
        """Tell in words what somebody's answers come to, the newest last."""
        return ranking.taught(self._prepared, opinions)

    def eligible(self, since: datetime | None = None) -> frozenset[int]:
        """Return the numbers of the papers that are candidates after an earlier edition.

        Args:
            since: the instant up to which that edition considered papers; None: there is none.
        """
        start = max(since - OVERLAP, self.since) if since else self.since
        if start not in self._eligible:  # most readers' editions before were of the same time
            if len(self._eligible) >= _TIMES:
                self._eligible.clear()
            self._eligible[start] = frozenset(
                p.paper_id for p in self._papers if p.new_at and p.new_at > start
            )
        return self._eligible[start]

    def ranked(
        self,
        profile: Profile,
        eligible: Collection[int],
        *,
        answers: Sequence[Answer] = (),
        below_bar: bool = False,
    ) -> Ranking:
        """Rank the candidates for a profile, with reasons for every paper; see `judged`."""
        judgement = self.judged(profile, eligible, answers=answers, below_bar=below_bar)
        return judgement.ranking(explain=True)

    def judged(
        self,
        profile: Profile,
        eligible: Collection[int],
        *,
        without: Collection[int] = (),
        answers: Sequence[Answer] = (),
        below_bar: bool = False,
    ) -> ranking.Judgement:
        """Judge the candidates by a profile.

        Args:
            profile: what the subscriber wants.
            eligible: numbers of the papers that may be in the edition.
            without: numbers of those that may not, since the subscriber was sent them.
            answers: what the subscriber answered; later answers than `now` do not count.
            below_bar: also list papers that are similar, but no match.
        """
        wish = self._wish(profile, answers)
        found = self._found.get((profile, tuple(answers)))
        if self._ranker is Ranker.PLAIN:
            (found,) = ranking.match(self._prepared, [wish], plainly=True)
        return ranking.Judgement(
            self._prepared,
            profile,
            opinions=wish.opinions,
            examples=wish.examples,
            meanings=wish.meanings,
            eligible=eligible,
            without=without,
            below_bar=below_bar,
            found=found,
        )

    def _look_up(self, readers: Sequence[tuple[Profile, Sequence[Answer]]]) -> None:
        """Ask the store at once for all that readers name."""
        self._name([v for profile, _ in readers for v in _example_values(profile)])
        self._recall({answer.paper_id for _, answers in readers for answer in answers})
        if self._model:
            papers = [*filter(None, self._examples.values()), *self._answered.values()]
            self._meant_by([paper.paper_id for paper in papers])
            self._meant_by_texts([i.value for profile, _ in readers for i in profile.wanted])

    def _wish(self, profile: Profile, answers: Sequence[Answer]) -> ranking.Wish:
        """Return what a reader wants, with the stored papers and embeddings of it."""
        examples = self._examples_of(profile)
        return ranking.Wish(
            profile,
            self._opinions([a for a in answers if a.answered_at <= self.now]),
            examples,
            self._meanings(profile, examples),
        )

    def _opinions(self, answers: Sequence[Answer]) -> list[Opinion]:
        """Return what answers come to, by the order of the papers' numbers."""
        gains = ranking.gains_of(answers)
        self._recall(gains.keys())
        vectors = self._meant_by(list(gains))
        return [
            Opinion(self._answered[number], gain, vectors.get(number))
            for number, gain in sorted(gains.items())
            if number in self._answered
        ]

    def _recall(self, paper_ids: Collection[int]) -> None:
        """Look up the papers that were answered on."""
        missing = set(paper_ids) - self._answered.keys()
        if missing:
            self._answered.update((p.paper_id, p) for p in self._store.papers.by_ids(missing))

    def _liked(self, answers: Sequence[Answer], profile: Profile) -> dict[str, date]:
        """Return the titles of papers liked in the last days, each with the day of the answer."""
        return {
            self._answered[a.paper_id].title: profile.schedule.local_date(a.answered_at)
            for a in answers
            if a.kind in _LIKING
            and self.now - _WEEK < a.answered_at <= self.now
            and a.paper_id in self._answered
        }

    def _meanings(self, profile: Profile, examples: Mapping[str, Paper]) -> dict[str, bytes]:
        """Return the stored embeddings of a profile's interests, by their values."""
        if not self._model:
            return {}
        vectors = self._meant_by([paper.paper_id for paper in examples.values()])
        return self._meant_by_texts(
            [i.value for i in profile.wanted if i.value not in examples]
        ) | {
            value: vectors[paper.paper_id]
            for value, paper in examples.items()
            if paper.paper_id in vectors
        }

    def _meant_by(self, paper_ids: Sequence[int]) -> dict[int, bytes]:
        """Return the stored embeddings of papers, where that is on; each is asked for once."""
        if not self._model:
            return {}
        missing = set(paper_ids) - self._vectors.keys()
        if missing:
            found = self._store.vectors.of(missing, self._model)
            self._vectors.update((number, found.get(number, b"")) for number in missing)
        return {number: v for number in paper_ids if (v := self._vectors[number])}

    def _meant_by_texts(self, texts: Sequence[str]) -> dict[str, bytes]:
        """Return the stored embeddings of interests; each is asked for once."""
        missing = set(texts) - self._text_vectors.keys()
        if missing:
            found = self._store.vectors.of_texts(missing, self._model)
            self._text_vectors.update((text, found.get(text, b"")) for text in missing)
        return {text: v for text in texts if (v := self._text_vectors[text])}

    def _name(self, values: Collection[str]) -> None:
        """Look up the stored papers that example interests name."""
        missing = set(values) - self._examples.keys()
        if missing:
            found = self._store.papers.named(missing)
            self._examples.update((value, found.get(value)) for value in missing)

    def _examples_of(self, profile: Profile) -> dict[str, Paper]:
        """Return the stored papers that example interests name."""
        values = _example_values(profile)
        self._name(values)
        return {v: paper for v in values if (paper := self._examples[v]) is not None}


def _was_seen(paper: Paper, now: datetime) -> bool:
    return paper.first_seen_at is not None and paper.first_seen_at <= now


def _example_values(profile: Profile) -> list[str]:
    return [i.value for i in profile.interests if i.kind is InterestKind.EXAMPLE]


def _explained(edition: Edition, judgement: ranking.Judgement) -> Edition:
    """Give the chosen papers their reasons; the others never need any."""
    sections = [replace(s, papers=judgement.explained(s.papers)) for s in edition.sections]
    return replace(edition, sections=tuple(sections))


def _is_quiet(found: Sequence[FeedReading], edition_date: date) -> bool:
    """Tell whether the sources announce nothing on this day."""
    conditions = {reading.condition for reading in found}
    return conditions == {Condition.QUIET} or edition_date.weekday() >= _SATURDAY


def _sources(found: Sequence[FeedReading]) -> dict[str, bool]:
    """Return the sources that were read, and whether each announces nothing today."""
    quiet: dict[str, bool] = {}
    for reading in found:
        if reading.state.succeeded_at and reading.condition not in _UNREADABLE:
            is_quiet = reading.condition is Condition.QUIET
            quiet[reading.feed.source] = quiet.get(reading.feed.source, True) and is_quiet
    return quiet
