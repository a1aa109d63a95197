"""Embeddings from a server that speaks as OpenAI's does: ``POST /v1/embeddings``.

https://platform.openai.com/docs/api-reference/embeddings/create. Many programs that run a model
on one's own machine answer the same; so any address is allowed, since the operator names it.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx2
import numpy as np

from digest.embedding.base import MAX_CHARACTERS, pack
from digest.errors import EmbeddingError

_BATCH = 64
_MAX_DIMENSIONS = 8_192


@dataclass(frozen=True, slots=True)
class EndpointOptions:
    """Where to ask, and how.

    Attributes:
        url: of the API, like ``http://localhost:11434/v1``, with or without ``/embeddings``.
        model: as the server calls it.
        api_key: empty: none is sent.
        timeout: seconds for an answer.
    """

    url: str
    model: str
    api_key: str = field(default="", repr=False)
    timeout: float = 30.0


class Endpoint:
    """An embeddings server."""

    def __init__(self, options: EndpointOptions) -> None:
        self._options = options
        self._url = options.url.rstrip("/").removesuffix("/embeddings") + "/embeddings"
        told = hashlib.sha256(f"{self._url}\n{options.model}".encode()).hexdigest()
        self.name = f"{options.model[:48]}:{told[:12]}"
        self.dimensions = 0

    def embed(self, texts: Sequence[str]) -> list[bytes]:
        """Return the vector of each text, in order; see `base.Embedder`."""
        key = self._options.api_key
        headers = {"authorization": f"Bearer {key}"} if key else {}
        found: list[bytes] = []
        with httpx2.Client(
            timeout=self._options.timeout, headers=headers, trust_env=False
        ) as client:
            for start in range(0, len(texts), _BATCH):
                found += self._ask(client, [t[:MAX_CHARACTERS] for t in texts[start:][:_BATCH]])
        return found

    def _ask(self, client: httpx2.Client, texts: Sequence[str]) -> list[bytes]:
        asked = {"model": self._options.model, "input": list(texts), "encoding_format": "float"}
        try:
            answer = client.post(self._url, json=asked)
            answer.raise_for_status()
            told = answer.json()
        except httpx2.HTTPStatusError as error:
            status = f"{error.response.status_code} {error.response.reason_phrase}"
            raise EmbeddingError(f"{self._url} answered {status}") from error
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError, RecursionError) as error:
            said = str(error) or type(error).__name__
            raise EmbeddingError(f"{self._url} gave no usable answer: {said}") from error
        return self._vectors(told, len(texts))

    def _vectors(self, told: Any, wanted: int) -> list[bytes]:
        """Return the vectors of an answer by their index.

        Raises:
            EmbeddingError: it does not hold one for each text, all of one length.
        """
        try:
            by_index = {int(one["index"]): one["embedding"] for one in told["data"]}
            vectors = np.array([by_index[number] for number in range(wanted)], dtype=np.float64)
        except (KeyError, TypeError, ValueError) as error:
            raise EmbeddingError(
                f"{self._url} did not answer with one vector for each of {wanted} texts"
            ) from error
        dimensions = vectors.shape[1] if vectors.ndim == 2 else 0
        if not 0 < dimensions <= _MAX_DIMENSIONS or self.dimensions not in (0, dimensions):
            raise EmbeddingError(f"{self._url} changed the length of its vectors to {dimensions}")
        self.dimensions = dimensions
        return [pack(vector) for vector in vectors]
