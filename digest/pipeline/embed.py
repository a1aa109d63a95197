"""Embed: vectors for new papers, after a collection and never while editions are made.

::

    for the newest papers without a vector, some at a time, until all have one or time is up:
        embed their texts -> store the vectors                           one transaction

Whatever goes wrong costs only this: editions are ranked without the term.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from digest.embedding import Embedder
from digest.errors import EmbeddingError
from digest.store import Store, text_of

_TOGETHER = 32  # papers; so often is the clock looked at
_MOST = 2_000


@dataclass(frozen=True, slots=True)
class EmbedReport:
    """What a run of embedding did.

    Attributes:
        embedded: papers that have a vector now.
        left: papers that still want one; the next run goes on with them.
        problem: one line on what ended it early; None: nothing did.
    """

    embedded: int
    left: int
    problem: str | None = None


def embed_missing(
    store: Store,
    embedder: Embedder,
    *,
    seconds: float,
    timer: Callable[[], float] = time.monotonic,
) -> EmbedReport:
    """Embed the newest papers that have no vector, or one of an older text.

    Args:
        store: papers and vectors.
        embedder: makes the vectors.
        seconds: start no further batch after so long.
        timer: tells seconds.
    """
    started = timer()
    waiting = store.vectors.missing(embedder.name, _MOST)
    done = 0
    while done < len(waiting) and timer() - started < seconds:
        some = waiting[done : done + _TOGETHER]
        try:
            vectors = embedder.embed([text_of(paper.title, paper.abstract) for paper in some])
        except EmbeddingError as error:
            return EmbedReport(done, len(waiting) - done, str(error))
        store.vectors.save(embedder.name, zip(some, vectors, strict=True))
        done += len(some)
    return EmbedReport(done, len(waiting) - done)
