"""Each interest ranks by itself: which candidates it matches, how strongly, and why.

Strengths run from 0 to 1 and mean the same for every kind of interest:

==========  ================================================================================
author      1 with the same given name, 0.7 with an initial or a last name alone
phrase      0.6 word for word (0.75 in the title) plus 0.25 x similarity; else 0.6 x similarity
topic       0.4 + 0.5 x the source's confidence
example     similarity to all examples and liked papers together (`learning`)
answers     the same, for the papers that are nearest to one that was liked by an answer
text        the same as a phrase word for word; else similarity
category    0.2 plus 0.2 x the likeness to the profile's other interests
==========  ================================================================================

The order says how specific an interest is; benchmarks have no authors or topics to tune it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from digest.models import (
    Interest,
    InterestKind,
    Opinion,
    Paper,
    Profile,
    Reason,
    ReasonKind,
)
from digest.ranking.candidates import Candidates
from digest.ranking.examples import Likes, match_examples
from digest.ranking.features import Floats
from digest.ranking.match import Match, nothing
from digest.ranking.reasons import shared_words
from digest.ranking.similarity import similarity, with_feedback
from digest.ranking.taste import Told, coherence, taste

_PHRASE, _IN_TITLE, _PHRASE_MORE, _NEAR = 0.6, 0.15, 0.25, 0.6
_TOPIC, _TOPIC_MORE = 0.4, 0.5
_CATEGORY, _CATEGORY_MORE = 0.2, 0.2


@dataclass(frozen=True, slots=True)
class Matches:
    """What a profile says of all candidates.

    Attributes:
        each: a match for each wanted interest in the profile's order, and one for what was
            liked by answers, if anything was.
        likes: what examples and answers say together.
        words: by row, the taste of all phrases and sentences (z); None: there are none.
        coherence: how far these go together, 0 to 1.
    """

    each: tuple[Match, ...]
    likes: Likes
    words: Floats | None
    coherence: float


def match_all(
    candidates: Candidates,
    profile: Profile,
    opinions: Sequence[Opinion],
    examples: Mapping[str, Paper],
    meanings: Mapping[str, bytes],
) -> Matches:
    """Match every wanted interest of a profile, and what its owner answered.

    Args:
        candidates: the day's papers.
        profile: the interests.
        opinions: the papers that were answered on.
        examples: the stored papers that example interests name, by the interests' values.
        meanings: the embeddings of interests that have one, by the same.
    """
    wanted = profile.wanted
    example_papers = [i for i in wanted if i.kind is InterestKind.EXAMPLE]
    together = match_examples(candidates, example_papers, opinions, examples, meanings)
    matches = []
    for interest in wanted:
        match interest.kind:
            case InterestKind.EXAMPLE:
                matches.append(together.matches[interest])
            case InterestKind.ANSWERS:
                matches.append(nothing(interest, len(candidates.papers)))
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
    if together.answered:
        matches.append(together.answered)
    each = _order_categories(matches, len(candidates.papers))
    in_words = [m for m in matches if m.interest.kind in (InterestKind.PHRASE, InterestKind.TEXT)]
    told = [
        Told(
            match.own,
            candidates.meaning(meanings.get(match.interest.value)),
            match.interest.weight,
        )
        for match in in_words
        if match.own is not None
    ]
    together_in_words = coherence([m.compared for m in in_words if m.compared is not None])
    return Matches(each, together, taste(candidates, told) if told else None, together_in_words)


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
    return Match(interest, strength, likeness, why, own=own, compared=near.compared)


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


def _order_categories(matches: Sequence[Match], n: int) -> tuple[Match, ...]:
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
    return tuple(ordered)
