"""Forecast: what a profile would have brought in the last days, and what is amiss in it.

All days are prepared and ranked together, once, and told apart afterwards; so a fortnight
costs what a day costs. An edition then has the papers that were new on its day, without what
the subscriber was sent before. `replay` ranks each day by itself, as `publish` does.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from digest import composing, ranking
from digest.models import (
    Answer,
    Edition,
    Interest,
    InterestKind,
    Opinion,
    Paper,
    Profile,
    Ranking,
    ReasonKind,
    ScoredPaper,
)
from digest.pipeline import cadence
from digest.pipeline.spelling import Spelling
from digest.ranking import Candidates
from digest.store import Store
from digest.text import fold, parse_arxiv_id, parse_doi, title_key

MAX_PAPERS = 10_000  # the newest of the days
_FEW = 50  # candidates; of fewer no share is told
_WIDE_SHARE = 0.4  # of the candidates,
_WIDE_A_DAY = 150  # or so many a day on average
_MAX_MUTES = 50  # that are looked into


@dataclass(frozen=True, slots=True)
class DayForecast:
    """One day: how many papers were new, matched an interest, were muted, and would have come.

    `trending` of those that come are popular ones outside the interests.
    """

    day: date
    candidates: int
    muted: int
    matched: int
    papers: int
    trending: int


@dataclass(frozen=True, slots=True)
class InterestForecast:
    """One interest over all days.

    Attributes:
        matched: how many candidates match; share: of all candidates, 0 to 1.
        papers: how many would have come for it; brought: their share of all that would
            have, 0 to 1.
    """

    interest: Interest
    matched: int
    share: float
    papers: int
    brought: float


@dataclass(frozen=True, slots=True)
class Finding:
    """What may be amiss in a profile.

    Attributes:
        kind: one word for programs: ``silent``, ``loose``, ``wide``, ``unknown``, ``idle``,
            ``taking``, ``duplicate``, ``contrary`` or ``days``.
        interest: which one; None: the profile as a whole.
        told: a sentence or two for people.
        instead: near spellings that the stored papers know.
    """

    kind: str
    interest: Interest | None
    told: str
    instead: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a profile would have brought, and what is amiss in it."""

    days: tuple[DayForecast, ...]
    interests: tuple[InterestForecast, ...]
    findings: tuple[Finding, ...]


def forecast(
    store: Store,
    profile: Profile,
    now: datetime,
    days: int,
    *,
    answers: Sequence[Answer] = (),
    background: int = 2_000,
) -> Forecast:
    """Tell what a profile would have brought on the last days on which papers came.

    Args:
        store: only read.
        profile: days begin at midnight in its zone.
        now: papers seen later do not count.
        days: how many, up to the last one on which the store saw a paper.
        answers: of its owner, who is not sent what was answered on; they teach the ranking.
        background: how many earlier papers tell which words are common.
    """
    zone = ZoneInfo(profile.schedule.timezone)
    newest = [p.first_seen_at for p in store.papers.background(1) if p.first_seen_at]
    last = min([*newest, now]).astimezone(zone).date()
    dates = [last - timedelta(days=n) for n in reversed(range(days))]
    start = datetime.combine(dates[0], time(), zone).astimezone(UTC)
    end = datetime.combine(last + timedelta(days=1), time(), zone).astimezone(UTC)
    papers = store.papers.candidates(start, min(end, now))
    dates = _whole_days(papers, dates, zone)
    values = {i.value for i in profile.interests if i.kind is InterestKind.EXAMPLE}
    examples = store.papers.named(values)
    others = store.papers.background(background) if background else []
    gains = ranking.gains_of(answers)
    opinions = [Opinion(p, gains[p.paper_id], None) for p in store.papers.by_ids(sorted(gains))]
    told = judge(papers[:MAX_PAPERS], others, profile, dates, examples, opinions=opinions)
    if len(dates) == days:
        return told
    sentence = (
        f"Only {len(dates)} of {days} days are told: there are more than {MAX_PAPERS:,} papers."
    )
    return replace(told, findings=(Finding("days", None, sentence), *told.findings))


def _whole_days(papers: Sequence[Paper], days: list[date], zone: ZoneInfo) -> list[date]:
    """Return the days, without those that have papers beyond the limit; at least the last one."""
    if len(papers) <= MAX_PAPERS:
        return days
    beyond = papers[MAX_PAPERS].new_at
    whole = [day for day in days if beyond is None or day > beyond.astimezone(zone).date()]
    return whole or days[-1:]


def judge(
    papers: Sequence[Paper],
    background: Sequence[Paper],
    profile: Profile,
    days: Sequence[date],
    examples: Mapping[str, Paper],
    *,
    opinions: Sequence[Opinion] = (),
    prepared: Candidates | None = None,
) -> Forecast:
    """Do the same with papers that were read before; pure.

    Args:
        papers: those that were new on the days.
        background: earlier ones.
        profile: what is wanted.
        days: in their order, in the profile's zone.
        examples: the stored papers that example interests name, by the interests' values.
        opinions: the papers that its owner answered on.
        prepared: the papers, where they were prepared before; those of other days do not count.
    """
    prepared = prepared or ranking.prepare(papers, background)
    sight = _Sight.of(papers, prepared, profile, days, examples, opinions=opinions)
    told = tuple(sight.day(day) for day in days)
    chosen = Counter(s.interest for e in sight.editions.values() for s in e.papers)
    total = chosen.total()
    interests = tuple(
        InterestForecast(
            interest,
            len(found),
            len(found) / max(len(papers), 1),
            chosen[interest],
            chosen[interest] / max(total, 1),
        )
        for interest, found in sight.ranking.by_interest
    )
    return Forecast(told, interests, tuple(_findings(sight, interests, told)))


@dataclass(frozen=True)
class _Sight:
    """The papers of all days as a profile sees them.

    Attributes:
        prepared: all papers.
        ranking: of all days at once.
        lost: numbers of the papers that match an interest, and that a mute takes out.
        by_day: numbers of the papers that were new on each day.
        counts: of each day, how many papers are candidates and how many are muted.
        editions: of each day.
    """

    profile: Profile
    examples: Mapping[str, Paper]
    prepared: Candidates
    ranking: Ranking
    lost: frozenset[int]
    by_day: dict[date, set[int]]
    counts: dict[date, Ranking]
    editions: dict[date, Edition]

    @classmethod
    def of(
        cls,
        papers: Sequence[Paper],
        prepared: Candidates,
        profile: Profile,
        days: Sequence[date],
        examples: Mapping[str, Paper],
        *,
        opinions: Sequence[Opinion],
    ) -> "_Sight":
        """Rank all papers, and compose an edition for each day."""
        zone = ZoneInfo(profile.schedule.timezone)
        by_day: dict[date, set[int]] = {day: set() for day in days}
        # Papers of a collection came at one instant.
        instants = {paper.new_at for paper in papers if paper.new_at}
        day_of = {instant: instant.astimezone(zone).date() for instant in instants}
        for paper in papers:
            if paper.new_at and (day := day_of[paper.new_at]) in by_day:
                by_day[day].add(paper.paper_id)
        whole = ranking.rank(prepared, profile, examples=examples, opinions=opinions)
        lost: set[int] = set()
        if profile.muted:
            unmuted = replace(profile, interests=profile.wanted)
            both = ranking.rank(prepared, unmuted, examples=examples, opinions=opinions)
            lost = _matched(both) - _matched(whole)
        mutes = replace(profile, interests=profile.muted)
        counts = {
            day: ranking.rank(prepared, mutes, examples=examples, eligible=ids)
            if profile.muted
            else Ranking((), (), len(ids), 0)
            for day, ids in by_day.items()
        }
        editions = _editions(profile, whole, counts, by_day)
        return cls(profile, examples, prepared, whole, frozenset(lost), by_day, counts, editions)

    def day(self, day: date) -> DayForecast:
        """Return what a day brought."""
        edition = self.editions[day]
        return DayForecast(
            day,
            candidates=self.counts[day].candidates,
            muted=self.counts[day].muted,
            matched=len(self.by_day[day] & _matched(self.ranking)),
            papers=len(edition.papers),
            trending=sum(s.interest is None for s in edition.papers),
        )

    def taken_by(self, mute: Interest) -> int:
        """Return how many papers that match an interest a mute takes out."""
        alone = replace(self.profile, interests=(mute,))
        return ranking.rank(self.prepared, alone, examples=self.examples, eligible=self.lost).muted

    def held_by(self, mute: Interest) -> int:
        """Return how many papers a mute takes out, wanted or not."""
        alone = replace(self.profile, interests=(mute,))
        return ranking.rank(self.prepared, alone, examples=self.examples).muted


def _matched(ranked: Ranking) -> set[int]:
    """Return the numbers of the papers that match an interest."""
    return {s.paper.paper_id for _, papers in ranked.by_interest for s in papers}


def _editions(
    profile: Profile,
    whole: Ranking,
    counts: Mapping[date, Ranking],
    by_day: Mapping[date, set[int]],
) -> dict[date, Edition]:
    """Compose an edition for each day; weekly interests come on theirs, with what the week had."""
    editions: dict[date, Edition] = {}
    sent: set[int] = set()
    for day, ids in by_day.items():
        due = cadence.is_due(profile, day, day - timedelta(days=1))
        week = [by_day.get(day - timedelta(days=n), set()) for n in range(7)] if due else [ids]
        eligible = set().union(*week) - sent
        ranked = replace(
            cadence.among(whole, eligible),
            candidates=counts[day].candidates,
            muted=counts[day].muted,
        )
        editions[day] = composing.compose(
            cadence.in_turn(ranked, ids, due=due),
            profile,
            edition_date=day,
            composed_at=datetime.combine(day, time(), UTC),
        )
        sent |= {scored.paper.paper_id for scored in editions[day].papers}
    return editions


# ---------------------------------------------------------------- findings


def _findings(
    sight: _Sight, interests: Sequence[InterestForecast], days: Sequence[DayForecast]
) -> Iterator[Finding]:
    """Tell what may be amiss, the gravest first."""
    profile = sight.profile
    new = sum(day.candidates for day in days)
    if not new:
        yield Finding("days", None, "No new papers came on these days; collect first.")
    yield from _repeated(profile)
    yield from _unknown_examples(sight)
    if not new:
        return
    spelling = Spelling(sight.prepared.papers)
    unknown = _without_words(sight)
    for number, told in enumerate(interests):
        if told.interest in unknown or told.interest.kind is InterestKind.ANSWERS:
            continue
        yield from _of_matches(told, sight.ranking.by_interest[number][1], len(days), spelling)
        if new >= _FEW:
            yield from _too_wide(told, len(days))
    for mute in profile.muted[:_MAX_MUTES]:
        yield from _of_mute(sight, mute, len(days), spelling)


def _repeated(profile: Profile) -> Iterator[Finding]:
    """Tell interests that stand twice, or are wanted and muted at once."""
    seen: dict[tuple[InterestKind, str], Interest] = {}
    for interest in (*profile.wanted, *profile.muted):
        key = interest.kind, _same_key(interest)
        first = seen.setdefault(key, interest)
        if first is interest:
            continue
        if first.muted == interest.muted:
            yield Finding("duplicate", interest, "It stands twice; leave one out.")
        else:
            yield Finding("contrary", interest, "It is wanted and muted; nothing comes of it.")


def _same_key(interest: Interest) -> str:
    """Return what two interests have in common that want the same."""
    if interest.kind is not InterestKind.EXAMPLE:
        return fold(interest.value)
    arxiv, doi = parse_arxiv_id(interest.value), parse_doi(interest.value)
    return arxiv[0] if arxiv else doi or title_key(interest.value)


def _without_words(sight: _Sight) -> set[Interest]:
    """Return the examples of which neither the paper nor a title is known."""
    return {
        interest
        for interest in sight.profile.interests
        if interest.kind is InterestKind.EXAMPLE
        and interest.value not in sight.examples
        and (
            parse_arxiv_id(interest.value)
            or parse_doi(interest.value)
            or "://" in interest.value
            or " " not in interest.value.strip()
        )
    }


def _unknown_examples(sight: _Sight) -> Iterator[Finding]:
    without_words = _without_words(sight)
    for interest in sight.profile.interests:
        if interest.kind is not InterestKind.EXAMPLE or interest.value in sight.examples:
            continue
        told = "The store does not know this paper"
        if interest in without_words:
            yield Finding("unknown", interest, f"{told}; it counts for nothing until it does.")
        elif not interest.muted:
            yield Finding("unknown", interest, f"{told}; the words of its title count.")


def _of_matches(
    told: InterestForecast, papers: Sequence[ScoredPaper], days: int, spelling: Spelling
) -> Iterator[Finding]:
    """Tell that nothing matches, or nothing word for word, with near spellings."""
    interest = told.interest
    if not told.matched:
        if interest.kind is InterestKind.TEXT:
            yield Finding("silent", interest, f"Nothing of {days} days is similar.")
        elif interest.kind is InterestKind.EXAMPLE:
            yield Finding("silent", interest, f"No match of {days} days is nearest to it.")
        else:
            near = spelling.near(interest)
            yield Finding("silent", interest, f"Nothing of {days} days matches.", near)
    elif interest.kind is InterestKind.PHRASE and not any(
        reason.kind is ReasonKind.PHRASE and reason.value == interest.value
        for scored in papers
        for reason in scored.reasons
    ):
        sentence = f"It never stands word for word in {days} days; related words matched."
        yield Finding("loose", interest, sentence, spelling.near(interest))


def _too_wide(told: InterestForecast, days: int) -> Iterator[Finding]:
    a_day = told.matched / days
    if told.share > _WIDE_SHARE or a_day > _WIDE_A_DAY:
        sentence = (
            f"It is wide: {told.share:.0%} of the candidates match, {a_day:.0f} a day;"
            " name it more narrowly."
        )
        yield Finding("wide", told.interest, sentence)


def _of_mute(sight: _Sight, mute: Interest, days: int, spelling: Spelling) -> Iterator[Finding]:
    """Tell a mute that takes papers which interests want, or one that takes none."""
    taken = sight.taken_by(mute) if sight.lost else 0
    if taken:
        noun = "paper" if taken == 1 else "papers"
        sentence = f"The mute takes out {taken} {noun} that your interests match."
        yield Finding("taking", mute, sentence)
    elif mute.kind is not InterestKind.EXAMPLE and not sight.held_by(mute):
        sentence = f"The mute takes nothing out in {days} days."
        yield Finding("idle", mute, sentence, spelling.near(mute))
