"""What every embedder keeps to, and the form of a vector."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from digest.errors import EmbeddingError

MAX_CHARACTERS = 8_000  # of a text are looked at


class Embedder(Protocol):
    """Turns texts into vectors of one length; like texts lie near each other.

    Attributes:
        name: the model with its fingerprint, at most 64 characters; vectors of different names
            cannot be compared.
        dimensions: how many numbers a vector has; 0: not known before the first text.
    """

    name: str
    dimensions: int

    def embed(self, texts: Sequence[str]) -> list[bytes]:
        """Return the vector of each text, in order, as `pack` writes it.

        Raises:
            EmbeddingError: the texts cannot be embedded now.
        """
        ...


def pack(vector: NDArray[np.floating]) -> bytes:
    """Return a vector at length 1 as 16-bit floats, little endian.

    Raises:
        EmbeddingError: it has no length, or holds something that is no number.
    """
    length = float(np.linalg.norm(vector))
    if not np.isfinite(length) or length == 0:
        raise EmbeddingError("a vector without length came of a text")
    return (vector / length).astype("<f2").tobytes()
