"""Embed: vectors for new papers and interests, after a collection, never while editions are made.

::

    for what profiles say in words and has no vector: embed -> store; forget what no one says now
    for the newest papers without a vector, some at a time, until all have one or time is up:
        embed their texts -> store the vectors                           one transaction

Whatever goes wrong costs only this: editions are ranked without the term.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from digest.embedding import Embedder
from digest.errors import EmbeddingError
from digest.models import InterestKind
from digest.store import Store, text_of

_TOGETHER = 32  # papers; so often is the clock looked at
_MOST = 2_000
_MAX_TEXT = 6_000  # characters of an interest


@dataclass(frozen=True, slots=True)
class EmbedReport:
    """What a run of embedding did.

    Attributes:
        embedded: papers that have a vector now.
        left: papers that still want one; the next run goes on with them.
        problem: one line on what ended it early; None: nothing did.
        interests: how many interests got a vector.
    """

    embedded: int
    left: int
    problem: str | None = None
    interests: int = 0


def embed_missing(
    store: Store,
    embedder: Embedder,
    *,
    seconds: float,
    timer: Callable[[], float] = time.monotonic,
) -> EmbedReport:
    """Embed interests that have no vector, and the newest papers that have none of their text.

    Args:
        store: people, papers and vectors.
        embedder: makes the vectors.
        seconds: start no further batch after so long.
        timer: tells seconds.
    """
    started = timer()
    told = _texts(store)
    store.vectors.keep_texts(told)
    known = store.vectors.of_texts(told, embedder.name)
    texts = [text for text in told if text not in known]
    waiting = store.vectors.missing(embedder.name, _MOST)
    done = embedded = 0
    try:
        while done < len(texts) and timer() - started < seconds:
            some_texts = texts[done : done + _TOGETHER]
            made = embedder.embed([text[:_MAX_TEXT] for text in some_texts])
            store.vectors.save_texts(embedder.name, zip(some_texts, made, strict=True))
            done += len(some_texts)
        while embedded < len(waiting) and timer() - started < seconds:
            some = waiting[embedded : embedded + _TOGETHER]
            made = embedder.embed([text_of(paper.title, paper.abstract) for paper in some])
            store.vectors.save(embedder.name, zip(some, made, strict=True))
            embedded += len(some)
    except EmbeddingError as error:
        return EmbedReport(embedded, len(waiting) - embedded, str(error), done)
    return EmbedReport(embedded, len(waiting) - embedded, interests=done)


def _texts(store: Store) -> list[str]:
    """Return what profiles say in words; example papers have vectors of their own."""
    kinds = (InterestKind.PHRASE, InterestKind.TEXT)
    wanted = (interest for person in store.people.all() for interest in person.profile.wanted)
    return sorted({interest.value for interest in wanted if interest.kind in kinds})
