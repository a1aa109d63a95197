"""What somebody wants, and what one interest says of all candidates."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from digest.models import Interest, Opinion, Paper, Profile, Reason
from digest.ranking.features import Floats
from digest.ranking.learning import Joint
from digest.ranking.similarity import Similarity

# Gives the reason for a row, with the contribution it is to carry.
Reasoning = Callable[[int, float], Reason]


@dataclass(frozen=True, slots=True)
class Wish:
    """What one reader wants, with what is known of it.

    Attributes:
        profile: the interests.
        opinions: the papers its owner answered on.
        examples: the stored papers that example interests name, by the interests' values.
        meanings: embeddings of the interests that have one, by the same.
    """

    profile: Profile
    opinions: Sequence[Opinion] = ()
    examples: Mapping[str, Paper] = field(default_factory=dict)
    meanings: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Match:
    """What one interest says of all candidates.

    Attributes:
        interest: whose match this is.
        strength: by row; 0: no match.
        likeness: by row, at least the strength: similarity in words, also below the bar.
        why: gives the reason for a match.
        near: how similar the candidates are to its words, where it goes by words.
        joint: the judgement by examples, where it was one.
    """

    interest: Interest
    strength: Floats
    likeness: Floats
    why: Reasoning
    near: Similarity | None = None
    joint: Joint | None = None


def nothing(interest: Interest, n: int) -> Match:
    """Return the match of an interest that none of n candidates matches."""

    def why(row: int, part: float) -> Reason:
        raise LookupError(f"nothing matches, so row {row} has no reason ({part})")

    return Match(interest, np.zeros(n), np.zeros(n), why)
