"""Papers that the subscriber names as examples or has answered on, matched all together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from digest.models import (
    Answer,
    AnswerKind,
    Interest,
    InterestKind,
    Opinion,
    Paper,
    Reason,
    ReasonKind,
)
from digest.ranking.candidates import Candidates
from digest.ranking.features import Matrix
from digest.ranking.learning import Examples, Joint, learn
from digest.ranking.match import Match, nothing
from digest.ranking.reasons import shared_words
from digest.ranking.similarity import telling_part
from digest.text import parse_arxiv_id, parse_doi

# What an answer counts as, where an example paper counts 1.
GAINS: Mapping[AnswerKind, float] = {
    AnswerKind.MORE: 1.0,
    AnswerKind.SAVE: 1.0,
    AnswerKind.CLICK: 0.3,
    AnswerKind.LESS: -0.5,
}
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
        matches: of each example interest.
        answered: the match of what was liked by answers; None: nothing was.
        joint: the common judgement; None: nothing is known to judge by.
        titles: of the papers by their number in `joint`.
        stems: their vectors.
    """

    matches: Mapping[Interest, Match]
    answered: Match | None
    joint: Joint | None
    titles: Sequence[str]
    stems: Matrix | None

    def why(self, candidates: Candidates, row: int, kind: ReasonKind, part: float) -> Reason:
        """Return as a reason the liked paper that is nearest to a candidate."""
        assert self.joint is not None
        assert self.stems is not None
        number = int(self.joint.nearest[row])
        stems = self.stems[number]
        words = shared_words(candidates, row, stems, telling_part(candidates.features, stems))
        return Reason(kind, self.titles[number], words, part)


def match_examples(
    candidates: Candidates,
    interests: Sequence[Interest],
    opinions: Sequence[Opinion],
    examples: Mapping[str, Paper],
    meanings: Mapping[str, bytes],
) -> Likes:
    """Match example papers and answers; a paper of which nothing is known matches nothing.

    Args:
        candidates: the day's papers.
        interests: the example interests.
        opinions: the papers that were answered on.
        examples: the stored papers that the interests name, by their values.
        meanings: embeddings of those, by the same.
    """
    named = [_named(i, examples.get(i.value), meanings.get(i.value)) for i in interests]
    answered = [_Named(o.paper, o.paper.title, o.gain, o.vector, ANSWERED) for o in opinions]
    # A paper that is named twice counts once, where it is named first.
    known = list({one.key: one for one in reversed((*named, *answered)) if one.gain}.values())[::-1]
    learned = _learned(candidates, known)
    if learned is None:
        nobody = {i: nothing(i, len(candidates.papers)) for i in interests}
        return Likes(nobody, None, None, (), None)
    known, vectors = learned
    titles = [one.title for one in known]
    found = Likes({}, None, learn(candidates, vectors), titles, vectors.stems)
    owners = [one.owner for one in known]
    matches = {
        interest: _match(candidates, found, interest, [o == interest for o in owners])
        for interest in (*interests, ANSWERED)
    }
    by_answers = matches.pop(ANSWERED)
    liked = any(one.gain > 0 for one in known if one.owner == ANSWERED)
    return Likes(matches, by_answers if liked else None, found.joint, titles, vectors.stems)


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


def _learned(
    candidates: Candidates, named: Sequence[_Named]
) -> tuple[list[_Named], Examples] | None:
    """Return those papers that share a word with any other, and their vectors; None: none do."""
    if not named:
        return None
    stems, whole = candidates.vectors_of([(one.key[0], one.text) for one in named])
    kept = np.flatnonzero(np.diff(stems.indptr))
    if not len(kept):
        return None
    known = [named[place] for place in kept.tolist()]
    return known, Examples(
        stems[kept],
        whole[kept],
        [candidates.meaning(one.vector) for one in known],
        [one.paper.categories if one.paper else () for one in known],
        np.array([one.gain for one in known]),
        [one.key[0] for one in known],
    )


def _match(candidates: Candidates, found: Likes, interest: Interest, own: Sequence[bool]) -> Match:
    """Return the match of one interest: the papers whose nearest example is its own."""
    joint = found.joint
    assert joint is not None
    mine = joint.passes & np.array(own)[joint.nearest]

    def why(row: int, part: float) -> Reason:
        return found.why(candidates, row, ReasonKind.EXAMPLE, part)

    return Match(
        interest,
        np.where(mine, joint.strength, 0.0),
        joint.strength if any(own) else np.zeros(len(candidates.papers)),
        why,
        joint=joint,
    )


def _named(interest: Interest, paper: Paper | None, vector: bytes | None) -> _Named:
    """Return an example paper; where only an id is known of it, it counts nothing."""
    if paper is not None:
        return _Named(paper, paper.title, interest.weight, vector, interest)
    value = interest.value
    is_title = not (parse_arxiv_id(value) or parse_doi(value) or "://" in value)
    told = is_title and " " in value.strip()
    return _Named(None, value, interest.weight if told else 0.0, vector, interest)
