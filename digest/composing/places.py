"""Places: which paper comes next, by turns among the interests and by relevance and difference."""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import repeat
from typing import Protocol

from digest.models import Interest, Paper, ScoredPaper, ids_of, scores_of
from digest.text import long_words, title_key

NEAR_DUPLICATE = 0.8  # Jaccard similarity of the abstracts' long words
_MIN_WORDS = 20  # long words of an abstract that may stand as evidence
_GOOD = 0.5  # the score of a paper that earns its interest a first place
_RELEVANCE = 0.7  # lambda of maximal marginal relevance
_BOXES = 1_024
_LOOKED_AT = 30  # papers of an interest, from the best, among which the next is chosen
# Brysbaert (2019): adults read 238 words of English non-fiction a minute. For Japanese, 500
# characters a minute is what publishers and broadcasters reckon with.
_WORDS_A_MINUTE, _CHARACTERS_A_MINUTE = 238, 500
_CJK = re.compile("[\u3005\u3041-\u30ff\u3400-\u9fff]")


class Nearness(Protocol):
    """Tells how near papers are to the most similar one of those that were chosen, 0 to 1."""

    def add(self, paper_id: int) -> None:
        """Choose one more."""

    def of(self, paper_ids: Iterable[int]) -> Sequence[float]:
        """Return how near some papers are."""


class Share:
    """One interest's papers: those it still offers, best first, and those it has placed.

    Args:
        interest: the interest.
        papers: all its papers, best first.
    """

    def __init__(self, interest: Interest, papers: Sequence[ScoredPaper]) -> None:
        self.interest = interest
        self.placed: list[ScoredPaper] = []
        self._weight = max(interest.weight, 1e-9)
        self._papers = papers
        self._all_ids, self._all_scores = ids_of(papers), scores_of(papers)
        # Of those it looks at: places among the papers, numbers, scores.
        self._places = list(range(min(_LOOKED_AT, len(papers))))
        self._ids = list(self._all_ids[:_LOOKED_AT])
        self._scores = list(self._all_scores[:_LOOKED_AT])
        self._next = len(self._places)

    @property
    def offers(self) -> bool:
        """Whether there are papers left."""
        return bool(self._places)

    @property
    def turn(self) -> tuple[float, float]:
        """Return when it is this interest's turn: the smaller, the sooner."""
        score = self._scores[0]
        if not self.placed and score >= _GOOD:
            return 0.0, -score * self._weight
        return (len(self.placed) + 1) / self._weight, -score

    def next(self, chosen: "Chosen") -> ScoredPaper:
        """Take the next paper out of those that wait."""
        best = max(self.placed[0].score if self.placed else self._scores[0], 1e-9)
        near = chosen.nearness.of(self._ids) if chosen.nearness else repeat(0.0)
        values = [
            _RELEVANCE * score / best - (1 - _RELEVANCE) * alike
            for score, alike in zip(self._scores, near)  # noqa: B905 - it may have no end
        ]
        at = values.index(max(values))
        place = self._places.pop(at)
        del self._ids[at], self._scores[at]
        if self._next < len(self._papers):
            self._places.append(self._next)
            self._ids.append(self._all_ids[self._next])
            self._scores.append(self._all_scores[self._next])
            self._next += 1
        return self._papers[place]


class Chosen:
    """The papers that already stand in the edition.

    Args:
        nearness: tells how near papers are to them; None: none are.
        minutes: how long all may take to read; None: as long as they like.

    Attributes:
        full: whether there is no time for another one.
    """

    def __init__(self, nearness: Nearness | None, minutes: int | None) -> None:
        self.nearness = nearness
        self._minutes = math.inf if minutes is None else float(minutes)
        self._ids: set[int] = set()
        self._titles: set[str] = set()
        self._abstracts: list[_Words] = []
        self.full = False

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._ids)

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
        title, words = _key_of(paper.title), _words_of(paper.abstract)
        repeated = paper.paper_id in self._ids or (bool(title) and title in self._titles)
        if repeated or _repeats(words, self._abstracts):
            return False
        self._minutes -= _reading_time(paper)
        if self._minutes < 0 and self._ids:
            self.full = True
            return False
        self._ids.add(paper.paper_id)
        if self.nearness:
            self.nearness.add(paper.paper_id)
        self._titles.add(title)
        self._abstracts.append(words)
        return True


_key_of = lru_cache(maxsize=2_048)(title_key)  # the same papers come for many subscribers


@dataclass(frozen=True, slots=True)
class _Words:
    """An abstract's long words, how many, and by their hashes which of some boxes hold any."""

    words: frozenset[str]
    count: int
    boxes: int


@lru_cache(maxsize=2_048)
def _words_of(abstract: str) -> _Words:
    """Return an abstract's long words."""
    words = frozenset(long_words(abstract))
    boxes = 0
    for word in words:
        boxes |= 1 << hash(word) % _BOXES
    return _Words(words, len(words), boxes)


def same_again(one: Paper, other: Paper) -> bool:
    """Tell whether a second of two papers would be left out as nearly the same as the first."""
    key = title_key(one.title)
    if key and key == title_key(other.title):
        return True
    return _repeats(_words_of(one.abstract), [_words_of(other.abstract)])


def _repeats(one: _Words, others: Iterable[_Words]) -> bool:
    """Tell whether an abstract says nearly the same as one of some others."""
    if one.count < _MIN_WORDS:
        return False
    least, most = NEAR_DUPLICATE * one.count, one.count / NEAR_DUPLICATE
    for other in others:
        if least <= other.count <= most and other.count >= _MIN_WORDS:
            both = one.count + other.count
            # Each box that the other has not holds a word that it has not: most pairs end here.
            shared = one.count - (one.boxes & ~other.boxes).bit_count()
            if shared >= NEAR_DUPLICATE * (both - shared):
                shared = len(one.words & other.words)
                if shared >= NEAR_DUPLICATE * (both - shared):
                    return True
    return False


def _reading_time(paper: Paper) -> float:
    """Return how many minutes it takes to read a paper's title and abstract."""
    return _minutes(f"{paper.title} {paper.abstract}")


@lru_cache(maxsize=2_048)
def _minutes(told: str) -> float:
    words, characters = _CJK.subn(" ", told)
    return len(words.split()) / _WORDS_A_MINUTE + characters / _CHARACTERS_A_MINUTE


def fill(shares: Sequence[Share], chosen: Chosen, places: int) -> None:
    """Give places to the interests in turn, until there are none left, or no papers.

    Each interest that has enough papers gets at least the whole part of its share by weight.
    Equal turns go to the interest with the better paper, then in the profile's order.
    """
    while places > 0 and not chosen.full:
        offering = [share for share in shares if share.offers]
        if not offering:
            return
        share = min(offering, key=lambda s: s.turn)
        scored = share.next(chosen)
        if chosen.add(scored):
            share.placed.append(scored)
            places -= 1
