"""Compose: a ranking in, one edition out. Pure.

Each interest ranks by itself, so what is left to decide is who gets the places. Popular
papers outside the interests have their share (`Profile.trending`); interests get the rest,
and what trending leaves; a profile without interests is all trending. An interest with a good
paper gets a first place before any other gets its second, so a small one is never drowned by
a big one. After that the next place goes to the one that has the fewest for its weight, and an
interest without further papers drops out.

Which paper it is, is decided by maximal marginal relevance (Carbonell and Goldstein, 1998):
0.7 of the score by the interest's best, less 0.3 of the likeness to the most similar paper
that stands there already. A paper stands once in an edition, and near-duplicates of it (the
same title, nearly the same abstract) not at all. The edition ends at so many papers, or at so
many minutes of reading, whichever comes first; but there is always room for one.
"""

import math
import re
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from itertools import islice

from digest.models import (
    Bar,
    Edition,
    FeedHealth,
    Interest,
    InterestKind,
    Paper,
    Profile,
    Ranking,
    ScoredPaper,
    Section,
)
from digest.text import collapse, cut, long_words, title_key

NEAR_DUPLICATE = 0.8  # Jaccard similarity of the abstracts' long words
_MIN_WORDS = 20  # long words of an abstract that may stand as evidence
_HEADING = 60  # characters of a section's title
_MANY_SECTIONS = 5  # beyond, sections of one paper share one heading,
_FEW = 2  # if there are at least so many
_GOOD = 0.5  # the score of a paper that earns its interest a first place
_RELEVANCE = 0.7  # lambda of maximal marginal relevance
_LOOKED_AT = 30  # papers of an interest, from the best, among which the next is chosen
# Brysbaert (2019): adults read 238 words of English non-fiction a minute. For Japanese, 500
# characters a minute is what publishers and broadcasters reckon with.
_WORDS_A_MINUTE, _CHARACTERS_A_MINUTE = 238, 500
_CJK = re.compile("[\u3005\u3041-\u30ff\u3400-\u9fff]")

# How alike two papers are, by their numbers, 0 to 1.
Alike = Callable[[int, int], float]


@dataclass(frozen=True, slots=True)
class _Words:
    """What an edition says itself, in one language."""

    trending: str
    trending_outside: str
    interests: str
    other_interests: str
    like: str
    liked: str
    papers: Callable[[int], str]
    muted: str
    below_bar: Callable[[str, int], str]
    no_match: str
    no_interests: str
    trouble: str
    quiet: str
    nothing: str


_ENGLISH = _Words(
    trending="Rising now",
    trending_outside="Rising outside your interests",
    interests="From your interests",
    other_interests="From your other interests",
    like="Like: {title}",
    liked="Like what you liked",
    papers=lambda n: "1 new paper" if n == 1 else f"{n:,} new papers",
    muted="{papers}, all of what you muted.",
    below_bar=lambda papers, n: f"{papers}; {n:,} came near your interests, below your bar.",
    no_match="{papers}, none matches your interests.",
    no_interests="{papers}, none of them popular, and your profile names no interests.",
    trouble="No new papers came in, and there is trouble with {feeds}.",
    quiet="No new papers: the sources announce nothing at weekends and on holidays.",
    nothing="No new papers were collected since your last edition.",
)
_WORDS = {
    "en": _ENGLISH,
    "ja": _Words(
        trending="いま話題の論文",
        trending_outside="関心の外で話題の論文",
        interests="登録した関心から",
        other_interests="そのほかの関心から",
        like="似た論文：{title}",
        liked="「もっと」と答えた論文に近いもの",
        papers=lambda n: f"新着論文{n:,}件",
        muted="{papers}は、すべてミュートした内容でした。",
        below_bar=lambda papers, n: (
            f"{papers}のうち、設定した基準を超えるものはありませんでした（近いもの{n:,}件）。"
        ),
        no_match="{papers}のうち、登録した関心に合うものはありませんでした。",
        no_interests="{papers}に話題の論文はなく、プロフィールに関心が登録されていません。",
        trouble="新着論文はありません。次のフィードに問題があります：{feeds}",
        quiet="新着論文はありません。週末と祝日は、情報源からの発表がありません。",
        nothing="前回の号のあと、新着論文はありませんでした。",
    ),
}


def compose(
    ranking: Ranking,
    profile: Profile,
    *,
    edition_date: date,
    composed_at: datetime,
    health: Sequence[FeedHealth] = (),
    quiet: bool = False,
    alike: Alike = lambda one, other: 0.0,
) -> Edition:
    """Choose an edition's papers and put them into sections.

    Args:
        ranking: the candidates as the profile sees them.
        profile: how many papers, how many of them trending.
        edition_date: a day in the subscriber's zone.
        composed_at: the instant up to which papers were considered.
        health: feeds, of which those with a problem are named in the edition.
        quiet: whether the sources announce nothing today, so that silence is no surprise.
        alike: tells how alike two of the papers are.
    """
    words = _WORDS.get(profile.language, _ENGLISH)
    troubled = tuple(feed for feed in health if feed.problem)
    chosen = _Chosen(alike, profile.minutes)
    shares = [_Share(interest, deque(papers)) for interest, papers in ranking.by_interest]
    matched = {scored.paper.paper_id for share in shares for scored in share.waiting}
    outside = [s for s in ranking.popular if s.paper.paper_id not in matched]
    kept = _outside(profile)
    _fill(shares, chosen, profile.papers - kept)
    trending = chosen.take(outside, kept)
    _fill(shares, chosen, profile.papers - chosen.count)
    sections = _sections(ranking, (s for share in shares for s in share.placed), words)
    if trending:
        heading = words.trending_outside if profile.wanted else words.trending
        sections.append(Section(heading, None, tuple(trending)))
    return Edition(
        edition_date=edition_date,
        composed_at=composed_at,
        name=profile.name,
        language=profile.language,
        sections=tuple(sections),
        candidates=ranking.candidates,
        silence=None if sections else _silence(ranking, profile, troubled, quiet, words),
        health=troubled,
    )


def _outside(profile: Profile) -> int:
    """Return how many places popular papers outside the interests may have."""
    if not profile.wanted:
        return profile.papers
    return 0 if profile.bar is Bar.HIGH else min(profile.trending, profile.papers)


# ---------------------------------------------------------------- places


@dataclass(slots=True)
class _Share:
    """One interest's papers: those it still offers, best first, and those it has placed."""

    interest: Interest
    waiting: deque[ScoredPaper]
    placed: list[ScoredPaper] = field(default_factory=list)

    @property
    def turn(self) -> tuple[float, float]:
        """Return when it is this interest's turn: the smaller, the sooner."""
        score, weight = self.waiting[0].score, max(self.interest.weight, 1e-9)
        if not self.placed and score >= _GOOD:
            return 0.0, -score * weight
        return (len(self.placed) + 1) / weight, -score

    def next(self, chosen: "_Chosen") -> ScoredPaper:
        """Take the next paper out of those that wait."""
        best = self.placed[0].score if self.placed else self.waiting[0].score
        looked_at = list(islice(self.waiting, _LOOKED_AT))
        scored = max(
            looked_at,
            key=lambda s: (
                _RELEVANCE * s.score / max(best, 1e-9)
                - (1 - _RELEVANCE) * chosen.likeness(s.paper.paper_id)
            ),
        )
        self.waiting.remove(scored)
        return scored


class _Chosen:
    """The papers that already stand in the edition."""

    def __init__(self, alike: Alike, minutes: int | None) -> None:
        self._alike = alike
        self._minutes = math.inf if minutes is None else float(minutes)
        self._ids: set[int] = set()
        self._titles: set[str] = set()
        self._abstracts: list[frozenset[str]] = []
        self._nearest: dict[int, tuple[int, float]] = {}
        self._order: list[int] = []
        self.full = False

    @property
    def count(self) -> int:
        return len(self._ids)

    def likeness(self, paper_id: int) -> float:
        """Return how alike a paper is to the most similar one of the edition."""
        seen, nearest = self._nearest.get(paper_id, (0, 0.0))
        for other in self._order[seen:]:
            nearest = max(nearest, self._alike(paper_id, other))
        self._nearest[paper_id] = len(self._order), nearest
        return nearest

    def take(self, papers: Iterable[ScoredPaper], limit: int) -> list[ScoredPaper]:
        """Take the first papers that are not in the edition yet, at most `limit`."""
        taken: list[ScoredPaper] = []
        for scored in papers:
            if len(taken) >= limit or self.full:
                break
            if self.add(scored):
                taken.append(scored)
        return taken

    def add(self, scored: ScoredPaper) -> bool:
        """Add a paper; False: it, or nearly the same, is there already, or time is up."""
        paper = scored.paper
        title, words = title_key(paper.title), _words_of(paper.abstract)
        repeated = paper.paper_id in self._ids or (bool(title) and title in self._titles)
        if repeated or any(_nearly_same(words, other) for other in self._abstracts):
            return False
        self._minutes -= _reading_time(paper)
        if self._minutes < 0 and self._ids:
            self.full = True
            return False
        self._ids.add(paper.paper_id)
        self._order.append(paper.paper_id)
        self._titles.add(title)
        self._abstracts.append(words)
        return True


@lru_cache(maxsize=2_048)
def _words_of(abstract: str) -> frozenset[str]:
    """Return an abstract's long words; the same papers come for many subscribers."""
    return frozenset(long_words(abstract))


def same_again(one: Paper, other: Paper) -> bool:
    """Tell whether a second of two papers would be left out as nearly the same as the first."""
    key = title_key(one.title)
    if key and key == title_key(other.title):
        return True
    return _nearly_same(_words_of(one.abstract), _words_of(other.abstract))


def _nearly_same(one: frozenset[str], other: frozenset[str]) -> bool:
    if min(len(one), len(other)) < _MIN_WORDS:
        return False
    return len(one & other) >= NEAR_DUPLICATE * len(one | other)


def _reading_time(paper: Paper) -> float:
    """Return how many minutes it takes to read a paper's title and abstract."""
    told = f"{paper.title} {paper.abstract}"
    words, characters = _CJK.subn(" ", told)
    return len(words.split()) / _WORDS_A_MINUTE + characters / _CHARACTERS_A_MINUTE


def _fill(shares: Sequence[_Share], chosen: _Chosen, places: int) -> None:
    """Give places to the interests in turn, until there are none left, or no papers.

    Each interest that has enough papers gets at least the whole part of its share by weight.
    Equal turns go to the interest with the better paper, then in the profile's order.
    """
    while places > 0 and not chosen.full:
        offering = [share for share in shares if share.waiting]
        if not offering:
            return
        share = min(offering, key=lambda s: s.turn)
        scored = share.next(chosen)
        if chosen.add(scored):
            share.placed.append(scored)
            places -= 1


# ---------------------------------------------------------------- sections


def _sections(ranking: Ranking, placed: Iterable[ScoredPaper], words: _Words) -> list[Section]:
    """Put each placed paper under the interest for which it scores best, in the profile's order.

    Where there would be many sections, those of one paper share a heading at the end.
    """
    ids = {scored.paper.paper_id for scored in placed}
    best: dict[int, tuple[int, ScoredPaper]] = {}
    for number, (_, papers) in enumerate(ranking.by_interest):
        for scored in papers:
            key = scored.paper.paper_id
            if key in ids and (key not in best or scored.score > best[key][1].score):
                best[key] = number, scored
    groups: list[list[ScoredPaper]] = [[] for _ in ranking.by_interest]
    for number, scored in best.values():
        groups[number].append(scored)
    groups = [sorted(group, key=_by_score) for group in groups if group]
    single = [group[0] for group in groups if len(group) == 1]
    if len(groups) <= _MANY_SECTIONS or len(single) < _FEW:
        return [_section(group, ranking, words) for group in groups]
    sections = [_section(group, ranking, words) for group in groups if len(group) > 1]
    heading = words.other_interests if sections else words.interests
    single.sort(key=_by_score)
    return [*sections, Section(heading, single[0].interest, tuple(single))]


def _by_score(scored: ScoredPaper) -> tuple[float, int]:
    return -scored.score, scored.paper.paper_id


def _section(papers: Sequence[ScoredPaper], ranking: Ranking, words: _Words) -> Section:
    """Return a section of one interest's papers, best first."""
    interest = papers[0].interest
    assert interest is not None
    return Section(_heading(interest, ranking.titles, words), interest, tuple(papers))


def _heading(interest: Interest, titles: Mapping[str, str], words: _Words) -> str:
    """Return an interest in a few words; `titles` are those of example papers."""
    if interest.kind is InterestKind.ANSWERS:
        return words.liked
    if interest.kind is InterestKind.EXAMPLE:
        title = titles.get(interest.value, interest.value)
        return cut(words.like.format(title=collapse(title)), _HEADING)
    if interest.kind is InterestKind.TOPIC:
        return cut(collapse(interest.value.rpartition(">")[2]), _HEADING)
    return cut(collapse(interest.value), _HEADING)


def _silence(
    ranking: Ranking,
    profile: Profile,
    troubled: Sequence[FeedHealth],
    quiet: bool,
    words: _Words,
) -> str:
    """Return why the edition is empty, in a sentence."""
    if ranking.candidates == 0 and ranking.muted:
        return words.muted.format(papers=words.papers(ranking.muted))
    if ranking.below_bar:
        return words.below_bar(words.papers(ranking.candidates), ranking.below_bar)
    if ranking.candidates:
        sentence = words.no_match if profile.wanted else words.no_interests
        return sentence.format(papers=words.papers(ranking.candidates))
    if troubled:
        return words.trouble.format(feeds=", ".join(feed.feed for feed in troubled))
    return words.quiet if quiet else words.nothing
