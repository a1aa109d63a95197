"""EMBED: texts to vectors, where the operator wants it; everything works without.

A vector is stored once a paper. Two ways to get one: a small model that is computed here, from
weights that the operator has (`minilm`), or a server of the operator's choice (`endpoint`).
Heavy modules are imported when an embedder is opened.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from digest.embedding.base import Embedder
from digest.embedding.endpoint import Endpoint, EndpointOptions
from digest.embedding.locate import find_model
from digest.errors import EmbeddingError

__all__ = ["Embedder", "EmbeddingOptions", "Endpoint", "EndpointOptions", "open_embedder"]


@dataclass(frozen=True, slots=True)
class EmbeddingOptions:
    """Which embedder.

    Attributes:
        model: ``off``, ``minilm`` or ``endpoint``.
        folder: of the weights; None: they are looked for.
        endpoint: the server, for ``endpoint``.
    """

    model: Literal["off", "minilm", "endpoint"] = "off"
    folder: Path | None = None
    endpoint: EndpointOptions | None = None


def open_embedder(options: EmbeddingOptions, environ: Mapping[str, str]) -> Embedder | None:
    """Return the embedder that the options name; None: it is off.

    Raises:
        EmbeddingError: it cannot be used; the message says what to do.
    """
    if options.model == "off":
        return None
    if options.model == "endpoint":
        if options.endpoint is None or not options.endpoint.url or not options.endpoint.model:
            raise EmbeddingError("`embeddings.url` and `embeddings.name` must name the server")
        return Endpoint(options.endpoint)
    try:
        from digest.embedding.minilm import MiniLM
    except ImportError as error:
        raise EmbeddingError(
            f"{error.name} is not installed; install research-digest[embeddings]"
        ) from error
    return MiniLM(find_model(options.folder, environ))
