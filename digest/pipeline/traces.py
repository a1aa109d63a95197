"""Traces: the way of a paper to a subscriber, as `digest.pipeline.why` tells it."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from digest.models import Interest, Paper, Reason


class Stage(StrEnum):
    """What happens to a paper, in order."""

    COLLECTED = "collected"
    MERGED = "merged"
    CANDIDATE = "candidate"
    SCORED = "scored"
    CHOSEN = "chosen"
    SENT = "sent"


@dataclass(frozen=True, slots=True)
class Step:
    """One stage: whether the paper passed it, and what there is to say of that."""

    stage: Stage
    passed: bool
    told: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """What one interest makes of the paper.

    Attributes:
        interest: None: popularity outside the interests.
        score: the paper's score for it; 0: it does not match.
        likeness: how similar it is all the same, 0 to 1, whatever the bar; None: that is not
            known any more.
        reasons: all parts of the score; they add up to it.
        terms: the paper's terms that make it like the interest, each with its part of the
            product that the similarity is measured by; under an empty name what is left.
    """

    interest: Interest | None
    score: float
    likeness: float | None
    reasons: tuple[Reason, ...] = ()
    terms: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Trace:
    """The way of a paper.

    Attributes:
        paper: None: it was never collected.
        edition_date: the day of the edition in question; None: it is not on the way to any.
        steps: the stages up to the one where it ended.
        table: what each interest makes of it; empty where it was never scored.
    """

    paper: Paper | None
    edition_date: date | None
    steps: tuple[Step, ...]
    table: tuple[Part, ...] = ()
