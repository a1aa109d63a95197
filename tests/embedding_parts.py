"""What tests of embeddings share."""

import numpy as np


def unpack(vector: bytes) -> np.ndarray:
    """Return a stored vector as numbers."""
    return np.frombuffer(vector, dtype="<f2").astype(np.float64)
