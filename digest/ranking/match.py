"""What one interest says of all candidates."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from digest.models import Interest, Reason
from digest.ranking.features import Floats, Matrix
from digest.ranking.learning import Joint

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
        own: the interest's own words, where it has any (one row).
        compared: what the papers' words were compared with, where they were (one row).
        joint: the judgement by examples, where it was one.
    """

    interest: Interest
    strength: Floats
    likeness: Floats
    why: Reasoning
    own: Matrix | None = None
    compared: Matrix | None = None
    joint: Joint | None = None


def nothing(interest: Interest, n: int) -> Match:
    """Return the match of an interest that none of n candidates matches."""

    def why(row: int, part: float) -> Reason:
        raise LookupError(f"nothing matches, so row {row} has no reason ({part})")

    return Match(interest, np.zeros(n), np.zeros(n), why)
