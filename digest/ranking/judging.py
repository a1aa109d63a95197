"""One profile's judgement of the day's papers: scores, and what they are made of.

A score for an interest is the strength of its match (0 to 1, `interests`), plus a quarter of
the strengths of the profile's other interests that match too (at most as much again, so that a
paper that is lukewarm to many stays below one that is loved by one), plus a leaning for or against by
all phrases together (`taste`) and by the liked papers, plus a little for popularity. Its reasons are the parts of that sum,
the largest first. They take most of the time, so they are given for the papers asked for.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from digest.models import (
    Bar,
    Interest,
    InterestKind,
    Listed,
    Opinion,
    Paper,
    Profile,
    Ranking,
    Reason,
    ReasonKind,
    ScoredPaper,
)
from digest.ranking.candidates import Candidates
from digest.ranking.features import Floats
from digest.ranking.interests import Matches, match
from digest.ranking.match import Wish
from digest.ranking.popularity import popularity_reason
from digest.ranking.reasons import terms_of
from digest.ranking.similarity import leaning

_OTHERS = 0.25  # of the strength of each further interest that a paper matches
_LIKES = 0.3  # of the leaning by liked papers, -1 to 1
_POPULARITY = 0.03  # a spread of popularity above the mean,
_MAX_POPULARITY = 3.0  # at most so many
_MAX_REASONS = 3
# The strength of a match that is clearly the reader's own (docs/benchmarks.md): a phrase has to
# stand in the title, or among much else that goes with it.
_CLEAR, _CLEAR_PHRASE = 0.5, 0.7
_LEARNED = frozenset({InterestKind.EXAMPLE, InterestKind.ANSWERS})  # judged by likes already
_DIGITS = 6  # so that no last bit of a sum decides an order


# A part of a score, and what words it as a reason.
_Part = tuple[float, Callable[[float], Reason]]


class Judgement:
    """What one profile makes of the candidates.

    Args:
        candidates: what `prepare` made of the day's papers.
        profile: the interests.
        opinions: the papers its owner answered on.
        examples: the stored papers that example interests name, by the interests' values.
        meanings: embeddings of the interests that have one, by the same.
        eligible: ids of the papers that may be listed; None: all.
        without: ids of those that may not, since this subscriber was sent them.
        below_bar: also list papers that are similar but no match, without reasons.
        found: what `match` found for the same, together with others; None: it is looked for.
    """

    def __init__(
        self,
        candidates: Candidates,
        profile: Profile,
        *,
        opinions: Sequence[Opinion] = (),
        examples: Mapping[str, Paper] | None = None,
        meanings: Mapping[str, bytes] | None = None,
        eligible: Collection[int] | None = None,
        without: Collection[int] = (),
        below_bar: bool = False,
        found: Matches | None = None,
    ) -> None:
        examples = examples or {}
        self._candidates = candidates
        self._titles = {value: paper.title for value, paper in examples.items()}
        mine = _eligible(candidates, eligible, without)
        muted = _muted(candidates, profile.muted, examples)
        self._unwanted = muted & mine
        self._mine = mine
        known = _known(candidates, profile.wanted, examples, opinions)
        self._news = ~muted & ~known
        self._shown = mine & ~self._unwanted & ~known
        if found is None:
            (found,) = match(candidates, [Wish(profile, opinions, examples, meanings or {})])
        self._found = found
        self._matches = self._found.each
        told = [m.likeness if below_bar else m.strength for m in self._matches]
        strengths = np.array(told).reshape(len(told), len(self._shown))
        strengths = np.where(self._shown, strengths, 0.0)
        clear = np.full_like(strengths, fill_value=True, dtype=bool)
        if profile.bar is Bar.HIGH and not below_bar:
            kinds = [match.interest.kind for match in self._matches]
            least = [_CLEAR_PHRASE if k is InterestKind.PHRASE else _CLEAR for k in kinds]
            clear = strengths >= np.array(least).reshape(-1, 1)
        self._below_bar = int((strengths.any(axis=0) & ~(strengths * clear).any(axis=0)).sum())
        self._strengths = strengths * clear
        self._all = self._strengths.sum(axis=0)
        popularity = np.clip(candidates.popularity, 0, _MAX_POPULARITY)
        self._popularity = _POPULARITY * popularity
        nothing = np.zeros(len(known))
        words, joint = self._found.words, self._found.likes.joint
        self._by_words = nothing if words is None else self._found.share * leaning(words)
        self._by_likes = nothing if joint is None else _LIKES * leaning(joint.z)

        self._numbers = {id(match.interest): n for n, match in enumerate(self._matches)}
        self._leaning: dict[int, tuple[Floats, Floats]] = {}

    def ranking(self, limit: int | None = None, *, explain: bool = False) -> Ranking:
        """Return the papers of each interest, best first.

        Args:
            limit: list at most so many for each interest; None: all.
            explain: give the reasons too; of each paper listed.
        """
        rows = [row for row in self._candidates.popular if self._shown[row]]
        listed: list[Sequence[ScoredPaper]] = [
            self._listed(number, limit) for number in range(len(self._matches))
        ]
        if explain:
            listed = [self.explained(papers) for papers in listed]
        return Ranking(
            by_interest=tuple(
                (match.interest, papers)
                for match, papers in zip(self._matches, listed, strict=True)
            ),
            popular=tuple(_popular_paper(self._candidates, row) for row in rows),
            candidates=int(self._mine.sum() - self._unwanted.sum()),
            muted=int(self._unwanted.sum()),
            below_bar=self._below_bar,
            titles=self._titles,
        )

    def counts(self, papers: frozenset[int]) -> list[tuple[Interest, int]]:
        """Return for each interest how many of these papers match it, sent before or not."""
        mine = self._candidates.mask(papers) & self._news
        return [
            (match.interest, int(np.count_nonzero(match.strength[mine] > 0)))
            for match in self._matches
        ]

    def explained(self, papers: Sequence[ScoredPaper]) -> tuple[ScoredPaper, ...]:
        """Return papers of `ranking`, each with the strongest reasons for its score.

        At most three can be checked by the reader; the taste, which cannot, comes after them.
        """
        all_parts = self._parts(papers)
        return tuple(
            scored
            if scored.reasons or not parts
            else ScoredPaper(scored.paper, scored.score, scored.interest, _strongest(parts))
            for scored, parts in zip(papers, all_parts, strict=True)
        )

    def parts(self, scored: ScoredPaper) -> list[Reason]:
        """Return all parts of a score, the strongest first; they add up to it."""
        return [why(part) for part, why in self._parts([scored])[0]]

    def _parts(self, papers: Sequence[ScoredPaper]) -> list[list[_Part]]:
        """Return the parts of each score, the strongest first; none where no interest has it."""
        rows = [self._candidates.places[scored.paper.paper_id] for scored in papers]
        strengths = self._strengths[:, rows].T.tolist()
        popularity = self._popularity[rows].tolist()
        return [
            self._parts_of(scored, row, *numbers) if scored.interest else []
            for scored, row, *numbers in zip(papers, rows, strengths, popularity, strict=True)
        ]

    def _parts_of(
        self, scored: ScoredPaper, row: int, strengths: list[float], popularity: float
    ) -> list[_Part]:
        own = self._number(scored.interest)
        others = sum(strengths) - strengths[own]
        each = min(_OTHERS, strengths[own] / others) if others > 0 else 0.0
        parts: list[_Part] = [
            (strength if n == own else each * strength, partial(self._matches[n].why, row))
            for n, strength in enumerate(strengths)
            if strength > 0 and self._matches[n].strength[row] > 0
        ]
        parts.append((popularity, partial(popularity_reason, scored.paper)))
        words, likes = self._leanings(own)
        by_words, by_likes = float(words[row]), float(likes[row])
        likes_why = self._liked(row) if by_likes > 0 else _taste
        if likes_why is _taste:
            parts.append((by_words + by_likes, _taste))
        else:
            parts += (by_words, _taste), (by_likes, likes_why)
        rounded = [(round(part, _DIGITS), why) for part, why in parts]
        return sorted((p for p in rounded if p[0]), key=lambda p: -p[0])

    def _leanings(self, number: int) -> tuple[Floats, Floats]:
        """Return what the taste adds to the matches of an interest, by phrases and by likes.

        It never takes away more than two thirds of a match.
        """
        if number not in self._leaning:
            least = -self._strengths[number] / 3
            learned = self._matches[number].interest.kind in _LEARNED
            likes = np.zeros_like(least) if learned else np.maximum(self._by_likes, least)
            self._leaning[number] = np.maximum(self._by_words, least), likes
        return self._leaning[number]

    def terms(self, paper_id: int, interest: Interest) -> list[tuple[str, float]]:
        """Return the terms by which a paper is like an interest, the strongest first.

        Each carries its part ``w x`` of the product that the similarity is measured by; all
        that are not listed are in the last one, under an empty name. Empty for interests that
        do not go by words.
        """
        match = self._matches[self._number(interest)]
        return terms_of(self._candidates, self._candidates.places[paper_id], match)

    def _number(self, interest: Interest | None) -> int:
        number = self._numbers.get(id(interest))
        if number is None:  # an equal one
            number = next(n for n, match in enumerate(self._matches) if match.interest == interest)
        return number

    def _listed(self, number: int, limit: int | None) -> Listed:
        own, interest = self._strengths[number], self._matches[number].interest
        rows = np.flatnonzero(own > 0)
        by_words, by_likes = self._leanings(number)
        others = np.minimum(_OTHERS * (self._all[rows] - own[rows]), own[rows])
        scores = own[rows] + others + self._popularity[rows]
        scores = np.round(scores + by_words[rows] + by_likes[rows], _DIGITS)
        best = np.lexsort((self._candidates.order[rows], -scores))[:limit]
        numbers = self._candidates.numbers[rows[best]].tolist()
        return Listed(interest, numbers, scores[best].tolist(), self._candidates.by_number)

    def _liked(self, row: int) -> Callable[[float], Reason]:
        """Return what words the leaning by liked papers: the nearest one, if it is near."""
        likes = self._found.likes
        if likes.joint is None or not likes.joint.passes[row]:
            return _taste
        return partial(likes.why, self._candidates, row, ReasonKind.LIKED)


def _taste(part: float) -> Reason:
    return Reason(ReasonKind.TASTE, "", (), part)


def _strongest(parts: Sequence[_Part]) -> tuple[Reason, ...]:
    """Return at most three reasons that can be checked, then the taste, for and against."""
    shown: dict[tuple[ReasonKind, str, tuple[str, ...]], Reason] = {}
    for part, why in parts:
        if why is _taste or len(shown) == _MAX_REASONS:
            continue
        reason = why(part)
        # Two interests may find the same topic, and an example is liked too: that is one reason.
        kind = ReasonKind.EXAMPLE if reason.kind is ReasonKind.LIKED else reason.kind
        told = kind, reason.value, reason.words
        same = shown.get(told)
        shown[told] = Reason(*told, same.contribution + part) if same else reason
    return (*shown.values(), *(why(part) for part, why in parts if why is _taste))


def _eligible(
    candidates: Candidates, eligible: Collection[int] | None, without: Collection[int]
) -> NDArray[np.bool_]:
    if eligible is None:
        mine = np.ones(len(candidates.papers), dtype=bool)
    else:
        mine = candidates.mask(frozenset(eligible)).copy()
    mine[[candidates.places[n] for n in without if n in candidates.by_number]] = False
    return mine


def _popular_paper(candidates: Candidates, row: int) -> ScoredPaper:
    paper, score = candidates.papers[row], round(float(candidates.popularity[row]), _DIGITS)
    return ScoredPaper(paper, score, None, (popularity_reason(paper, score),))


def _muted(
    candidates: Candidates, muted: Sequence[Interest], examples: Mapping[str, Paper]
) -> NDArray[np.bool_]:
    """Return which rows the mutes take out, whoever else wants them."""
    out = np.zeros(len(candidates.papers), dtype=bool)
    index = candidates.index
    for interest in muted:
        rows: Collection[int] = ()
        match interest.kind:
            case InterestKind.PHRASE | InterestKind.TEXT:
                rows = candidates.phrase_rows(interest.value)[0].tolist()
            case InterestKind.AUTHOR:
                rows = index.authored(interest.value)
            case InterestKind.CATEGORY:
                rows = index.in_category(interest.value)
            case InterestKind.TOPIC:
                rows = index.about(interest.value)
            case InterestKind.EXAMPLE:
                rows = index.named(interest.value, examples.get(interest.value))
        out[list(rows)] = True
    return out


def _known(
    candidates: Candidates,
    wanted: Sequence[Interest],
    examples: Mapping[str, Paper],
    opinions: Sequence[Opinion],
) -> NDArray[np.bool_]:
    """Return the rows of example papers and of answered ones: the subscriber knows them."""
    out = np.zeros(len(candidates.papers), dtype=bool)
    for interest in wanted:
        if interest.kind is InterestKind.EXAMPLE:
            out[list(candidates.index.named(interest.value, examples.get(interest.value)))] = True
    rows = [candidates.places.get(opinion.paper.paper_id, len(out)) for opinion in opinions]
    out[[row for row in rows if row < len(out)]] = True
    return out
