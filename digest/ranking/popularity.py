"""What other readers like: counts made comparable within each source, never across them raw."""

from collections.abc import Sequence

import numpy as np

from digest.models import Paper, Reason, ReasonKind
from digest.ranking.features import Floats

_COMMENT_WEIGHT = 0.3  # a comment says less than an upvote
_FEW = 3  # counts of a source, below which a spread means nothing


def source_of(paper: Paper) -> str:
    """Return the source whose counts a paper carries."""
    known = paper.provenance.get("upvotes") or paper.provenance.get("comments")
    return known or (paper.sources[0] if paper.sources else "")


def popularity(papers: Sequence[Paper]) -> tuple[Floats, list[int]]:
    """Return each paper's popularity, and the rows of the popular papers, best first.

    Popularity is the z-score of ``log(1 + upvotes) + 0.3 log(1 + comments)`` among the day's
    papers of the same source that have counts; 0 where there are none. A paper is popular
    when somebody liked it and it is not below the median of its source.
    """
    raw = np.array(
        [
            np.log1p(_count(p.upvotes)) + _COMMENT_WEIGHT * np.log1p(_count(p.comments))
            for p in papers
        ]
    )
    scores = np.zeros(len(papers))
    by_source: dict[str, list[int]] = {}
    for row, paper in enumerate(papers):
        if paper.upvotes is not None or paper.comments is not None:
            by_source.setdefault(source_of(paper), []).append(row)
    popular: list[int] = []
    for rows in by_source.values():
        values = raw[rows]
        spread = float(values.std())
        if len(rows) >= _FEW and spread > 0:
            scores[rows] = (values - values.mean()) / spread
        middle = float(np.median(values))
        popular += (row for row, value in zip(rows, values, strict=True) if value >= middle > 0)
    return scores, popular


def popularity_reason(paper: Paper, contribution: float) -> Reason:
    """Return the counts as a reason, like "57 upvotes"."""
    counts = ((_count(paper.upvotes), "upvote"), (_count(paper.comments), "comment"))
    words = tuple(f"{n} {noun}{'s' * (n != 1)}" for n, noun in counts if n)
    return Reason(ReasonKind.POPULARITY, source_of(paper), words, contribution)


def _count(number: int | None) -> int:
    return max(number or 0, 0)
