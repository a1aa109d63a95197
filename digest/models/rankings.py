"""What ranking says of papers for one profile, and why."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import overload

from digest.models.papers import Paper
from digest.models.people import Interest


class ReasonKind(StrEnum):
    """Why a paper was chosen; what `Reason.value` and `Reason.words` hold for each."""

    PHRASE = "phrase"  # value: the phrase of the profile, found word for word
    WORDS = "words"  # value: the interest; words: terms of the paper that matched it
    AUTHOR = "author"  # value: the author of the profile; words: the name in the paper
    NAMESAKE = "namesake"  # the same, where the name may be another person's
    CATEGORY = "category"  # value: the category
    TOPIC = "topic"  # value: the AITopics path; words: its confidence
    EXAMPLE = "example"  # value: title of the example or liked paper; words: shared terms
    LIKED = "liked"  # value: title of the nearest paper liked by an answer; words: shared terms
    TASTE = "taste"  # value: empty; the profile as a whole, for or against; never in a mail
    POPULARITY = "popularity"  # value: source; words: counts, like "57 upvotes"
    UPDATE = "update"  # value: "withdrawn" or its version; words: the ISO day it was sent


@dataclass(frozen=True, slots=True)
class Reason:
    """One true reason, and how much of the score it explains."""

    kind: ReasonKind
    value: str
    words: tuple[str, ...] = ()
    contribution: float = 0.0


@dataclass(frozen=True, slots=True)
class Opinion:
    """What somebody's answers on a paper come to.

    Attributes:
        paper: the paper.
        gain: how much it counts, where an example paper counts 1; below 0: less of this.
        vector: its embedding, if there is one.
    """

    paper: Paper
    gain: float
    vector: bytes | None = None


@dataclass(frozen=True, slots=True)
class ScoredPaper:
    """A paper with its score for one interest (None: popularity) and the reasons for it."""

    paper: Paper
    score: float
    interest: Interest | None
    reasons: tuple[Reason, ...] = ()


class Listed(Sequence[ScoredPaper]):
    """The papers of one interest, best first: numbers and scores, a `ScoredPaper` when asked for.

    Of a day's papers a broad interest lists most, and an edition shows a few.

    Args:
        interest: the interest.
        ids: the papers' numbers, best first.
        scores: of each.
        papers: by number; others may be there too.
    """

    __slots__ = ("_papers", "ids", "interest", "scores")

    def __init__(
        self,
        interest: Interest | None,
        ids: Sequence[int],
        scores: Sequence[float],
        papers: Mapping[int, Paper],
    ) -> None:
        self.interest = interest
        self.ids = ids
        self.scores = scores
        self._papers = papers

    def __len__(self) -> int:
        return len(self.ids)

    @overload
    def __getitem__(self, place: int) -> ScoredPaper: ...
    @overload
    def __getitem__(self, place: slice) -> "Listed": ...
    def __getitem__(self, place: int | slice) -> "ScoredPaper | Listed":
        if isinstance(place, slice):
            return Listed(self.interest, self.ids[place], self.scores[place], self._papers)
        number = self.ids[place]
        return ScoredPaper(self._papers[number], self.scores[place], self.interest)

    def among(self, ids: Collection[int]) -> "Listed":
        """Return the same with these papers alone."""
        kept = [place for place, number in enumerate(self.ids) if number in ids]
        return Listed(
            self.interest,
            [self.ids[place] for place in kept],
            [self.scores[place] for place in kept],
            self._papers,
        )


def ids_of(papers: Sequence[ScoredPaper]) -> Sequence[int]:
    """Return the numbers of scored papers."""
    return papers.ids if isinstance(papers, Listed) else [s.paper.paper_id for s in papers]


def scores_of(papers: Sequence[ScoredPaper]) -> Sequence[float]:
    """Return the scores of papers."""
    return papers.scores if isinstance(papers, Listed) else [s.score for s in papers]


@dataclass(frozen=True, slots=True)
class Ranking:
    """The candidates as one profile sees them.

    Attributes:
        by_interest: for each wanted interest its papers with a positive score, best first.
        popular: papers by popularity, best first, whatever the interests.
        candidates: how many papers were looked at, without the muted ones.
        muted: how many papers the mutes took out.
        below_bar: how many papers match, but less clearly than the subscriber wants.
        titles: the titles of example interests' papers, by the interests' values.
    """

    by_interest: tuple[tuple[Interest, Sequence[ScoredPaper]], ...]
    popular: tuple[ScoredPaper, ...]
    candidates: int
    muted: int
    below_bar: int = 0
    titles: Mapping[str, str] = field(default_factory=dict)
