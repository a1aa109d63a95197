"""Papers that the subscriber names as examples or has answered on, matched all together."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TypeAlias

import numpy as np

from digest.models import Answer, AnswerKind, Interest, InterestKind, Paper, Reason, ReasonKind
from digest.ranking.candidates import Candidates
from digest.ranking.features import Matrix
from digest.ranking.learning import Examples, Joint, learn
from digest.ranking.match import Match, Wish, nothing
from digest.ranking.reasons import Vocabulary, shared_words
from digest.ranking.similarity import likeness_of, telling_part
from digest.text import parse_arxiv_id, parse_doi

# Judges candidates by papers that readers like, as `learn` does.
Learn: TypeAlias = Callable[[Candidates, Matrix, Matrix, Sequence[Examples]], list[Joint]]

# What an answer counts as, where an example paper counts 1.
GAINS: Mapping[AnswerKind, float] = {
    AnswerKind.MORE: 1.0,
    AnswerKind.SAVE: 1.0,
    AnswerKind.CLICK: 0.3,
    AnswerKind.LESS: -0.5,
}
_VOCABULARIES = 64  # of papers are kept, for the readers who like the same
ANSWERED = Interest(InterestKind.ANSWERS, "answers")


def gains_of(answers: Iterable[Answer]) -> dict[int, float]:
    """Return what each paper's answers count as together: the strongest, and `less` above all."""
    gains: dict[int, float] = {}
    for answer in answers:
        gain, before = GAINS[answer.kind], gains.get(answer.paper_id, 0.0)
        gains[answer.paper_id] = min(gain, before) if min(gain, before) < 0 else max(gain, before)
    return gains


@dataclass(frozen=True, slots=True)
class Likes:
    """What examples and answers say of the candidates.

    Attributes:
        joint: the common judgement; None: nothing is known to judge by.
        owners: the interest that names each paper, by the paper's number in `joint`.
        titles: of the papers by the same.
        rows: of the papers by the same: where `terms` has their words.
        terms: the words of a paper by row.
        answered: whether something was liked by an answer.
    """

    joint: Joint | None
    owners: Sequence[Interest] = ()
    titles: Sequence[str] = ()
    rows: Sequence[int] = ()
    terms: Callable[[int], Vocabulary] | None = None
    answered: bool = False

    def why(self, candidates: Candidates, row: int, kind: ReasonKind, part: float) -> Reason:
        """Return as a reason the liked paper that is nearest to a candidate."""
        assert self.joint is not None
        assert self.terms is not None
        number = int(self.joint.nearest[row])
        words = shared_words(candidates, row, self.terms(self.rows[number]))
        return Reason(kind, self.titles[number], words, part)

    def match(self, candidates: Candidates, interest: Interest) -> Match:
        """Return the match of one interest: the papers whose nearest example is its own."""
        joint, n = self.joint, len(candidates.papers)
        if joint is None:
            return nothing(interest, n)
        own = np.array([owner == interest for owner in self.owners])
        mine = joint.passes & own[joint.nearest]

        def why(row: int, part: float) -> Reason:
            return self.why(candidates, row, ReasonKind.EXAMPLE, part)

        return Match(
            interest,
            np.where(mine, joint.strength, 0.0),
            likeness_of(joint.z) if own.any() else np.zeros(n),
            why,
            joint=joint,
        )


def like(candidates: Candidates, wishes: Sequence[Wish], judge: Learn = learn) -> list[Likes]:
    """Judge by example papers and answers; a paper of which nothing is known says nothing.

    Args:
        candidates: the day's papers.
        wishes: what readers want.
        judge: how papers that somebody likes are judged by.
    """
    named = [_named_by(wish) for wish in wishes]
    distinct = {one.key: one for each in named for one in each}
    rows = {key: row for row, key in enumerate(distinct)}
    if not distinct:
        return [Likes(None) for _ in wishes]
    stems, whole = candidates.vectors_of([(one.key[0], one.text) for one in distinct.values()])
    has_words = np.diff(stems.indptr) > 0
    known = [[one for one in each if has_words[rows[one.key]]] for each in named]
    examples = [_examples(candidates, each, rows) for each in known if each]
    terms = _vocabularies(candidates, stems)
    joints = iter(judge(candidates, stems, whole, examples))
    found = []
    for each in known:
        if not each:
            found.append(Likes(None))
            continue
        liked = any(one.gain > 0 for one in each if one.owner == ANSWERED)
        found.append(
            Likes(
                next(joints),
                [one.owner for one in each],
                [one.title for one in each],
                [rows[one.key] for one in each],
                terms,
                liked,
            )
        )
    return found


def _vocabularies(candidates: Candidates, stems: Matrix) -> Callable[[int], Vocabulary]:
    """Return what gives the words of papers by row, those of the last ones without effort."""

    @cache
    def telling() -> Matrix:
        return telling_part(candidates.features, stems)

    @lru_cache(maxsize=_VOCABULARIES)
    def terms(row: int) -> Vocabulary:
        return Vocabulary.of(candidates.features, stems, telling(), row)

    return terms


@dataclass(frozen=True, slots=True)
class _Named:
    """A paper that counts, and the interest that names it."""

    paper: Paper | None
    title: str
    gain: float
    vector: bytes | None
    owner: Interest

    @property
    def key(self) -> tuple[int, str]:
        return (self.paper.paper_id, "") if self.paper else (0, self.title)

    @property
    def text(self) -> str:
        return f"{self.title}. {self.paper.abstract}" if self.paper else self.title


def _named_by(wish: Wish) -> list[_Named]:
    """Return the papers that a reader names or answered on."""
    interests = [i for i in wish.profile.wanted if i.kind is InterestKind.EXAMPLE]
    named = [_named(i, wish.examples.get(i.value), wish.meanings.get(i.value)) for i in interests]
    answered = [_Named(o.paper, o.paper.title, o.gain, o.vector, ANSWERED) for o in wish.opinions]
    # A paper that is named twice counts once, where it is named first.
    first = {one.key: one for one in reversed((*named, *answered)) if one.gain}
    return list(first.values())[::-1]


def _examples(
    candidates: Candidates, named: Sequence[_Named], rows: Mapping[tuple[int, str], int]
) -> Examples:
    return Examples(
        np.array([rows[one.key] for one in named]),
        [candidates.meaning(one.vector) for one in named],
        [one.paper.categories if one.paper else () for one in named],
        np.array([one.gain for one in named]),
        [one.key[0] for one in named],
    )


def _named(interest: Interest, paper: Paper | None, vector: bytes | None) -> _Named:
    """Return an example paper; where only an id is known of it, it counts nothing."""
    if paper is not None:
        return _Named(paper, paper.title, interest.weight, vector, interest)
    value = interest.value
    is_title = not (parse_arxiv_id(value) or parse_doi(value) or "://" in value)
    told = is_title and " " in value.strip()
    return _Named(None, value, interest.weight if told else 0.0, vector, interest)
