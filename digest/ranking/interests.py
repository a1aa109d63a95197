"""Each interest ranks by itself: which candidates it matches, how strongly, and why.

Strengths run from 0 to 1 and mean the same for every kind of interest:

==========  ================================================================================
author      1 with the same given name, 0.7 with an initial or a last name alone
phrase      0.6 word for word (0.75 in the title) plus 0.25 x similarity; else 0.6 x similarity
topic       0.4 + 0.5 x the source's confidence
example     similarity to all examples together (`learning`)
text        the same as a phrase word for word; else similarity
category    0.2 plus 0.2 x the likeness to the profile's other interests
==========  ================================================================================

The order says how specific an interest is; benchmarks have no authors or topics to tune it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from digest.models import Interest, InterestKind, Paper, Profile, Reason, ReasonKind
from digest.ranking.candidates import Candidates
from digest.ranking.features import Floats, Matrix
from digest.ranking.learning import Example, learn
from digest.ranking.reasons import shared_words
from digest.ranking.similarity import similarity, telling_weights, with_feedback
from digest.ranking.written import beside
from digest.text import parse_arxiv_id, parse_doi

_PHRASE, _IN_TITLE, _PHRASE_MORE, _NEAR = 0.6, 0.15, 0.25, 0.6
_TOPIC, _TOPIC_MORE = 0.4, 0.5
_CATEGORY, _CATEGORY_MORE = 0.2, 0.2

# Gives the reason for a row, with the contribution it is to carry.
Reasoning = Callable[[int, float], Reason]


@dataclass(frozen=True, slots=True)
class Match:
    """What one interest says of all candidates.

    Attributes:
        interest: whose match this is.
        strength: by row; 0: no match.
        likeness: by row, at least the strength: similarity in words, also below the bar.
        why: gives the reason for a match.
    """

    interest: Interest
    strength: Floats
    likeness: Floats
    why: Reasoning


def match_all(
    candidates: Candidates,
    profile: Profile,
    examples: Mapping[str, Paper],
    meanings: Mapping[str, bytes],
) -> list[Match]:
    """Match every wanted interest of a profile, in the profile's order.

    Args:
        candidates: the day's papers.
        profile: the interests.
        examples: the stored papers that example interests name, by the interests' values.
        meanings: the embeddings of those that have one, by the same.
    """
    wanted = profile.wanted
    example_papers = [i for i in wanted if i.kind is InterestKind.EXAMPLE]
    together = _match_examples(candidates, example_papers, examples, meanings)
    matches = []
    for interest in wanted:
        match interest.kind:
            case InterestKind.EXAMPLE:
                matches.append(together[interest])
            case InterestKind.PHRASE:
                matches.append(_match_words(candidates, interest, _NEAR))
            case InterestKind.TEXT:
                matches.append(_match_words(candidates, interest, 1.0))
            case InterestKind.AUTHOR:
                matches.append(_match_author(candidates, interest))
            case InterestKind.TOPIC:
                matches.append(_match_topic(candidates, interest))
            case InterestKind.CATEGORY:
                matches.append(_match_category(candidates, interest))
    return _order_categories(matches, len(candidates.papers))


def _match_words(candidates: Candidates, interest: Interest, near_weight: float) -> Match:
    """Match a phrase or a text: word for word, or by similarity, which weighs `near_weight`."""
    own = candidates.features.vector(interest.value)
    near = similarity(candidates, own, with_feedback(candidates, own))
    strength = near_weight * near.matches
    rows, in_title = candidates.phrase_rows(interest.value)
    strength[rows] = _PHRASE + _PHRASE_MORE * near.strength[rows]
    strength[in_title] += _IN_TITLE
    exact = frozenset(rows.tolist())

    def why(row: int, part: float) -> Reason:
        if row in exact:
            return Reason(ReasonKind.PHRASE, interest.value, (), part)
        words = shared_words(candidates, row, near.own, near.telling)
        return Reason(ReasonKind.WORDS, interest.value, words, part)

    likeness = np.maximum(near_weight * near.strength, strength)
    return Match(interest, strength, likeness, why)


def _match_author(candidates: Candidates, interest: Interest) -> Match:
    rows = candidates.index.authored(interest.value)
    strength = np.zeros(len(candidates.papers))
    for row, (sure, _) in rows.items():
        strength[row] = sure
    return Match(
        interest,
        strength,
        strength,
        lambda row, part: Reason(ReasonKind.AUTHOR, interest.value, (rows[row][1],), part),
    )


def _match_topic(candidates: Candidates, interest: Interest) -> Match:
    topics = candidates.index.about(interest.value)
    strength = np.zeros(len(candidates.papers))
    for row, topic in topics.items():
        strength[row] = _TOPIC + _TOPIC_MORE * min(max(topic.confidence, 0.0), 1.0)

    def why(row: int, part: float) -> Reason:
        topic = topics[row]
        return Reason(ReasonKind.TOPIC, str(topic), (f"{topic.confidence:.2f}",), part)

    return Match(interest, strength, strength, why)


def _match_category(candidates: Candidates, interest: Interest) -> Match:
    strength = np.zeros(len(candidates.papers))
    strength[candidates.index.in_category(interest.value)] = _CATEGORY
    return Match(
        interest,
        strength,
        strength,
        lambda _, part: Reason(ReasonKind.CATEGORY, interest.value, (), part),
    )


def _order_categories(matches: Sequence[Match], n: int) -> list[Match]:
    """Let papers of a category rank by their likeness to what else the subscriber wants."""
    is_category = [m.interest.kind is InterestKind.CATEGORY for m in matches]
    others = [m.likeness for m, category in zip(matches, is_category, strict=True) if not category]
    more = _CATEGORY_MORE * np.max([np.zeros(n), *others], axis=0)
    ordered = []
    for match, category in zip(matches, is_category, strict=True):
        if category:
            strength = np.where(match.strength > 0, match.strength + more, 0.0)
            ordered.append(replace(match, strength=strength, likeness=strength))
        else:
            ordered.append(match)
    return ordered


def _match_examples(
    candidates: Candidates,
    interests: Sequence[Interest],
    examples: Mapping[str, Paper],
    meanings: Mapping[str, bytes],
) -> dict[Interest, Match]:
    """Match example papers, all together; one of which nothing is known matches nothing."""
    texts = {i: _example_text(i.value, examples.get(i.value)) for i in interests}
    learned: dict[Interest, Example] = {}
    nothing = np.zeros(len(candidates.papers))
    for interest, (title, rest) in texts.items():
        stems = candidates.features.vector(f"{title}. {rest}")
        if stems.nnz:
            paper = examples.get(interest.value)
            learned[interest] = Example(
                stems,
                beside(stems, candidates.written.vector(f"{title}. {rest}")),
                candidates.meaning(meanings.get(interest.value)),
                paper.categories if paper else (),
                interest.weight,
            )
    joint = learn(candidates, list(learned.values())) if learned else None
    order = {interest: number for number, interest in enumerate(learned)}
    matches = {}
    for interest, (title, _) in texts.items():
        if joint is None or interest not in order:
            matches[interest] = Match(interest, nothing, nothing, _no_reason)
            continue
        why = _why_example(candidates, title, learned[interest].stems)
        mine = joint.passes & (joint.nearest == order[interest])
        strength = np.where(mine, joint.strength, 0.0)
        matches[interest] = Match(interest, strength, joint.strength, why)
    return matches


def _no_reason(row: int, part: float) -> Reason:
    raise LookupError(f"nothing matches, so row {row} has no reason ({part})")


def _example_text(value: str, paper: Paper | None) -> tuple[str, str]:
    """Return the title and the rest of an example's text; empty where only an id is known."""
    if paper is not None:
        return paper.title, paper.abstract
    is_title = not (parse_arxiv_id(value) or parse_doi(value) or "://" in value)
    return (value, "") if is_title and " " in value.strip() else ("", "")


def _why_example(candidates: Candidates, title: str, vector: Matrix) -> Reasoning:
    weights = vector.toarray().ravel()
    telling = telling_weights(candidates.features, vector)

    def why(row: int, part: float) -> Reason:
        words = shared_words(candidates, row, weights, telling)
        return Reason(ReasonKind.EXAMPLE, title, words, part)

    return why
