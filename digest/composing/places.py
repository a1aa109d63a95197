"""Places: which paper comes next, by turns among the interests and by relevance and difference."""

import math
import re
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice

from digest.models import Interest, Paper, ScoredPaper
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

# How alike two papers are, by their numbers, 0 to 1.
Alike = Callable[[int, int], float]


@dataclass(slots=True)
class Share:
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

    def next(self, chosen: "Chosen") -> ScoredPaper:
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


class Chosen:
    """The papers that already stand in the edition."""

    def __init__(self, alike: Alike, minutes: int | None) -> None:
        self._alike = alike
        self._minutes = math.inf if minutes is None else float(minutes)
        self._ids: set[int] = set()
        self._titles: set[str] = set()
        self._abstracts: list[_Words] = []
        self._nearest: dict[int, tuple[int, float]] = {}
        self._order: list[int] = []
        self.full = False

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._ids)

    def likeness(self, paper_id: int) -> float:
        """Return how alike a paper is to the most similar one of the edition."""
        seen, nearest = self._nearest.get(paper_id, (0, 0.0))
        if seen == len(self._order):
            return nearest
        nearest = max(nearest, *[self._alike(paper_id, other) for other in self._order[seen:]])
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


@dataclass(frozen=True, slots=True)
class _Words:
    """An abstract's long words, and by their hashes which of some boxes hold any."""

    words: frozenset[str]
    boxes: int


@lru_cache(maxsize=2_048)
def _words_of(abstract: str) -> _Words:
    """Return an abstract's long words; the same papers come for many subscribers."""
    words = frozenset(long_words(abstract))
    boxes = 0
    for word in words:
        boxes |= 1 << hash(word) % _BOXES
    return _Words(words, boxes)


def same_again(one: Paper, other: Paper) -> bool:
    """Tell whether a second of two papers would be left out as nearly the same as the first."""
    key = title_key(one.title)
    if key and key == title_key(other.title):
        return True
    return _nearly_same(_words_of(one.abstract), _words_of(other.abstract))


def _nearly_same(one: _Words, other: _Words) -> bool:
    both = len(one.words) + len(other.words)
    if min(len(one.words), len(other.words)) < _MIN_WORDS:
        return False
    # Each box that the other has not holds a word that it has not: most pairs end here.
    most = len(one.words) - (one.boxes & ~other.boxes).bit_count()
    if most < NEAR_DUPLICATE * (both - most):
        return False
    shared = len(one.words & other.words)
    return shared >= NEAR_DUPLICATE * (both - shared)


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
        offering = [share for share in shares if share.waiting]
        if not offering:
            return
        share = min(offering, key=lambda s: s.turn)
        scored = share.next(chosen)
        if chosen.add(scored):
            share.placed.append(scored)
            places -= 1
