"""Rankers that the usual one can be compared with, on days that have passed."""

from enum import StrEnum


class Ranker(StrEnum):
    """What ranks in place of the usual ranker."""

    PLAIN = "plain"
    """Cosines of TF-IDF vectors, and nothing that is learnt."""
    NO_EMBEDDINGS = "no-embeddings"
    """The usual one, by words alone."""
    NO_READERS = "no-readers"
    """The usual one, without what readers with like tastes like."""

    @property
    def by_meaning(self) -> bool:
        """Whether embeddings count."""
        return self is Ranker.NO_READERS

    @property
    def by_readers(self) -> bool:
        """Whether other readers' likes count."""
        return self is Ranker.NO_EMBEDDINGS
