"""Trials: what a profile would bring today and would have brought lately, tried on the page.

Whoever tries is a stranger, and may try often. So what costs much is done once for a collection
and shared by all (the papers of today and of the last days, prepared for ranking); what is left
is bounded by the size of a profile. New papers take the place of old ones in the background:
nobody waits for that but the first one.
"""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import structlog

from digest import ranking
from digest.models import (
    Answer,
    Edition,
    Interest,
    InterestKind,
    Opinion,
    Paper,
    Profile,
    Subscriber,
)
from digest.pipeline.editions import Day, EditionOptions
from digest.pipeline.forecast import Forecast, judge
from digest.ranking import Taught
from digest.sources.base import Feed
from digest.store import History, Store

__all__ = ["DAYS", "Choices", "Taught", "Trial", "Trials"]

DAYS = 14
_MOST_PAPERS = 6_000  # the newest of the days
_CHOICES = 60
_LOOK_AGAIN = timedelta(minutes=1)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Trial:
    """What a profile brings: today's edition, and what the last days would have been."""

    edition: Edition
    forecast: Forecast


@dataclass(frozen=True, slots=True)
class Choices:
    """What there is to choose from, with how many papers of the last days each stands on.

    Attributes:
        categories, topics: the most frequent first; a topic is a whole path.
        papers: how many papers there were.
        days: in how many days.
    """

    categories: tuple[tuple[str, int], ...]
    topics: tuple[tuple[str, int], ...]
    papers: int
    days: int


@dataclass(frozen=True)
class _Material:
    """The papers of one instant, read and prepared once.

    Attributes:
        day: of today; papers: of the last days; prepared: the same.
        newest: number of the newest paper, by which it is told that there are others.
        span: when the first and the last of the papers came; None: there are none.
        specimens: what `specimen` made of them, by language.
    """

    day: Day
    papers: Sequence[Paper]
    prepared: ranking.Candidates
    choices: Choices
    newest: int
    span: tuple[datetime, datetime] | None
    made_at: datetime
    specimens: dict[str, Trial] = field(default_factory=dict)


class Trials:
    """Tries profiles. Its methods may be called from several threads.

    Args:
        store: only read.
        feeds: tells the feeds in use.
        options: what editions may draw on.
        clock: gives the present instant, aware, in UTC.
    """

    def __init__(
        self,
        store: Store,
        feeds: Callable[[], Sequence[Feed]],
        options: EditionOptions,
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._feeds = feeds
        self._options = options
        self._clock = clock
        self._making = threading.Lock()
        self._material: _Material | None = None
        self._looked_at: datetime | None = None

    def choices(self) -> Choices:
        """Return the categories and topics of the last days."""
        return self._current().choices

    def preview(self, profile: Profile, person: Subscriber | None = None) -> Trial:
        """Return what a profile brings.

        Args:
            profile: what is wanted.
            person: whose profile it may become; then what was sent and answered counts.
        """
        material = self._current()
        past, answers = History(), tuple[Answer, ...]()
        if person:
            who = person.subscriber_id
            past = self._store.editions.history([who], since=material.day.since)[who]
            answers = self._store.answers.of([who]).get(who, ())
        today = profile.schedule.local_date(material.made_at)
        edition = material.day.edition(profile, today, sent=past.sent_papers, answers=answers)
        return Trial(edition, self._forecast(material, profile, today))

    def taught(self, answers: Sequence[tuple[Answer, Paper]]) -> Taught:
        """Tell in words what answers come to.

        Args:
            answers: with their papers, the newest first.
        """
        papers = {paper.paper_id: paper for _, paper in answers}
        gains = ranking.gains_of(answer for answer, _ in answers)
        opinions = [Opinion(papers[number], gain) for number, gain in gains.items()]
        return self._current().day.taught(opinions[::-1])

    def specimen(self, language: str) -> Trial:
        """Return an edition of one paper, to show what one looks like.

        It is today's most popular paper; where nothing is popular, one of the category that
        most papers have. Without papers it is empty.
        """
        made = self._current().specimens
        if language not in made:
            made[language] = self._specimen(language)
        return made[language]

    def _specimen(self, language: str) -> Trial:
        trial = self.preview(Profile(papers=1, language=language))
        categories = self.choices().categories
        if trial.edition.papers or not categories:
            return trial
        most = Interest(InterestKind.CATEGORY, categories[0][0])
        return self.preview(Profile((most,), papers=1, language=language))

    def find(self, query: str, limit: int = 8) -> list[Paper]:
        """Return stored papers by link, id, title, or words of it, the newest first."""
        exact = self._store.papers.get(query)
        if exact:
            return [exact]
        words = query.split()[:8]
        if not words:
            return []
        return self._store.papers.search(query=" ".join(words), since=None, limit=limit)

    def _forecast(self, material: _Material, profile: Profile, today: date) -> Forecast:
        values = {i.value for i in profile.interests if i.kind is InterestKind.EXAMPLE}
        examples = self._store.papers.named(values)
        last, count = today, 1
        if material.span:
            zone = ZoneInfo(profile.schedule.timezone)
            first, last = (at.astimezone(zone).date() for at in material.span)
            count = min(DAYS, (last - first).days + 1)
        dates = [last - timedelta(days=n) for n in reversed(range(count))]
        return judge(material.papers, (), profile, dates, examples, prepared=material.prepared)

    # ------------------------------------------------------------ what is shared

    def _current(self) -> _Material:
        """Return what is prepared; when it is out of date, have it made anew meanwhile."""
        if self._material is None:
            with self._making:
                if self._material is None:
                    self._material = self._made()
        elif self._is_old(self._material) and self._making.acquire(blocking=False):
            threading.Thread(target=self._renew, name="trials", daemon=True).start()
        return self._material

    def _is_old(self, material: _Material) -> bool:
        now = self._clock()
        if self._looked_at and now - self._looked_at < _LOOK_AGAIN:
            return False
        self._looked_at = now
        return _newest(self._store) != material.newest

    def _renew(self) -> None:
        try:
            self._material = self._made()
        except Exception:
            log.exception("the papers for previews could not be read")
        finally:
            self._making.release()

    def _made(self) -> _Material:
        now = self._clock()
        papers = self._store.papers.candidates(now - timedelta(days=DAYS), now)[:_MOST_PAPERS]
        background = self._store.papers.background(self._options.background // 3)
        came = [paper.new_at for paper in papers if paper.new_at]
        return _Material(
            day=Day(self._store, self._feeds(), self._options, now),
            papers=papers,
            prepared=ranking.prepare(papers, background),
            choices=_choices(papers),
            newest=_newest(self._store),
            span=(min(came), max(came)) if came else None,
            made_at=now,
        )


def _newest(store: Store) -> int:
    return max((paper.paper_id for paper in store.papers.background(1)), default=0)


def _choices(papers: Sequence[Paper]) -> Choices:
    categories = Counter(category for paper in papers for category in paper.categories)
    topics = Counter(path for paper in papers for path in {str(t) for t in paper.topics})
    days = {paper.new_at.date() for paper in papers if paper.new_at}
    return Choices(
        tuple(categories.most_common(_CHOICES)),
        tuple(topics.most_common(_CHOICES)),
        len(papers),
        max(len(days), 1),
    )
