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
from digest.ranking.learning import Example, Joint, learn
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
class Examples:
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
    stems: Sequence[Example]

    def why(self, candidates: Candidates, row: int, kind: ReasonKind, part: float) -> Reason:
        """Return as a reason the liked paper that is nearest to a candidate."""
        assert self.joint is not None
        number = int(self.joint.nearest[row])
        stems = self.stems[number].stems
        words = shared_words(candidates, row, stems, telling_part(candidates.features, stems))
        return Reason(kind, self.titles[number], words, part)


def match_examples(
    candidates: Candidates,
    interests: Sequence[Interest],
    opinions: Sequence[Opinion],
    examples: Mapping[str, Paper],
    meanings: Mapping[str, bytes],
) -> Examples:
    """Match example papers and answers; a paper of which nothing is known matches nothing.

    Args:
        candidates: the day's papers.
        interests: the example interests.
        opinions: the papers that were answered on.
        examples: the stored papers that the interests name, by their values.
        meanings: embeddings of those, by the same.
    """
    learned: list[Example] = []
    titles: list[str] = []
    owners: list[Interest] = []
    seen: set[str] = set()
    for interest in interests:
        paper = examples.get(interest.value)
        text = title, _ = _example_text(interest.value, paper)
        key = f"#{paper.paper_id}" if paper else title
        vector = meanings.get(interest.value)
        example = _example(candidates, paper, text, vector, interest.weight)
        if example and key not in seen:
            seen.add(key)
            learned.append(example)
            titles.append(title)
            owners.append(interest)
    for opinion in opinions:
        paper = opinion.paper
        text = paper.title, paper.abstract
        example = _example(candidates, paper, text, opinion.vector, opinion.gain)
        if example and opinion.gain and f"#{paper.paper_id}" not in seen:
            learned.append(example)
            titles.append(paper.title)
            owners.append(ANSWERED)
    if not learned:
        return Examples(
            {i: nothing(i, len(candidates.papers)) for i in interests}, None, None, (), ()
        )
    found = Examples({}, None, learn(candidates, learned), titles, learned)
    matches = {
        interest: _match(candidates, found, interest, [o == interest for o in owners])
        for interest in (*interests, ANSWERED)
    }
    answered = matches.pop(ANSWERED)
    liked = any(e.gain > 0 for e, o in zip(learned, owners, strict=True) if o == ANSWERED)
    return Examples(matches, answered if liked else None, found.joint, titles, learned)


def _match(
    candidates: Candidates, found: Examples, interest: Interest, own: Sequence[bool]
) -> Match:
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


def _example(
    candidates: Candidates,
    paper: Paper | None,
    text: tuple[str, str],
    vector: bytes | None,
    gain: float,
) -> Example | None:
    """Return a paper as vectors; None: it shares no word with any other."""
    stems, whole = candidates.vectors_of(paper.paper_id if paper else 0, *text)
    if not stems.nnz:
        return None
    categories = paper.categories if paper else ()
    return Example(stems, whole, candidates.meaning(vector), categories, gain)


def _example_text(value: str, paper: Paper | None) -> tuple[str, str]:
    """Return the title and the rest of an example's text; empty where only an id is known."""
    if paper is not None:
        return paper.title, paper.abstract
    is_title = not (parse_arxiv_id(value) or parse_doi(value) or "://" in value)
    return (value, "") if is_title and " " in value.strip() else ("", "")
