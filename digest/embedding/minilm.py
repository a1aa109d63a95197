"""all-MiniLM-L6-v2, computed here: a small transformer that turns a text into 384 numbers.

Weights: https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0), by their
fingerprint only. BERT as in Devlin et al., 2019 (arXiv:1810.04805), six layers of it; the mean
of the last layer over a text's tokens, at unit length, is the text's vector (Reimers and
Gurevych, 2019, arXiv:1908.10084). numpy does it about as fast as a framework of a gigabyte.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load
from scipy.special import erf
from tokenizers import Tokenizer

from digest.embedding.base import MAX_CHARACTERS, pack
from digest.errors import EmbeddingError

Floats: TypeAlias = NDArray[np.float32]

# SHA-256 of model.safetensors as its makers published it.
WEIGHTS = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_MAX_TOKENS = 256  # what the model was trained with
_BATCH_TOKENS = 4_096  # texts of like length are computed together, up to so many tokens
_MASKED = np.float32(-1e9)
_MAX_FILE = 200_000_000


class MiniLM:
    """The model, ready to embed.

    Args:
        folder: holds `locate.FILES`.
        weights: the fingerprint that the weights must have; None: any (for tests).

    Raises:
        EmbeddingError: a file is missing, is not the published one, or cannot be read.
    """

    def __init__(self, folder: Path, weights: str | None = WEIGHTS) -> None:
        body = _read(folder / "model.safetensors")
        found = hashlib.sha256(body).hexdigest()
        if weights is not None and found != weights:
            raise EmbeddingError(
                f"{folder}/model.safetensors is not all-MiniLM-L6-v2 as it was published"
                f" (SHA-256 {found[:12]}…); fetch it again"
            )
        try:
            config = json.loads(_read(folder / "config.json"))
            self._heads = int(config["num_attention_heads"])
            self._layers = int(config["num_hidden_layers"])
            self._epsilon = np.float32(config["layer_norm_eps"])
            tensors = load(body)
            self._weights = {name: np.ascontiguousarray(w) for name, w in tensors.items()}
            self.dimensions = int(self._weights["embeddings.word_embeddings.weight"].shape[1])
            self._tokenizer = _tokenizer(_read(folder / "tokenizer.json"))
        except (ValueError, KeyError, TypeError, SafetensorError) as error:
            raise EmbeddingError(f"the model in {folder} cannot be read: {error}") from error
        self.name = f"all-MiniLM-L6-v2:{found[:12]}"

    def embed(self, texts: Sequence[str]) -> list[bytes]:
        """Return the vector of each text, in order; see `base.Embedder`."""
        encoded = self._tokenizer.encode_batch([text[:MAX_CHARACTERS] for text in texts])
        tokens = [encoding.ids for encoding in encoded]
        vectors: list[bytes] = [b""] * len(tokens)
        for some in _batches(tokens):
            for number, vector in zip(some, self._vectors([tokens[i] for i in some]), strict=True):
                vectors[number] = pack(vector)
        return vectors

    def _vectors(self, tokens: Sequence[Sequence[int]]) -> Floats:
        """Return the mean of the last layer over each text's tokens (texts x dimensions)."""
        lengths = np.array([len(text) for text in tokens])
        longest = int(lengths.max())
        ids = np.zeros((len(tokens), longest), dtype=np.int64)
        for row, text in enumerate(tokens):
            ids[row, : len(text)] = text
        is_token = np.arange(longest) < lengths[:, np.newaxis]
        hidden = self._embedded(ids)
        mask = np.where(is_token, np.float32(0), _MASKED)[:, np.newaxis, np.newaxis, :]
        for number in range(self._layers):
            hidden = self._layer(hidden, mask, f"encoder.layer.{number}.")
        summed = (hidden * is_token[:, :, np.newaxis]).sum(axis=1)
        return np.asarray(summed / lengths[:, np.newaxis], dtype=np.float32)

    def _embedded(self, ids: NDArray[np.int64]) -> Floats:
        words = self._weights["embeddings.word_embeddings.weight"][ids]
        places = self._weights["embeddings.position_embeddings.weight"][: ids.shape[1]]
        kind = self._weights["embeddings.token_type_embeddings.weight"][0]
        return self._normalised(words + places + kind, "embeddings.LayerNorm")

    def _layer(self, hidden: Floats, mask: Floats, name: str) -> Floats:
        attended = self._attended(hidden, mask, f"{name}attention.self.")
        attended = self._dense(attended, f"{name}attention.output.dense") + hidden
        attended = self._normalised(attended, f"{name}attention.output.LayerNorm")
        wide = _gelu(self._dense(attended, f"{name}intermediate.dense"))
        out = self._dense(wide, f"{name}output.dense") + attended
        return self._normalised(out, f"{name}output.LayerNorm")

    def _attended(self, hidden: Floats, mask: Floats, name: str) -> Floats:
        texts, longest, size = hidden.shape
        shape = texts, longest, self._heads, size // self._heads
        query, key, value = (
            self._dense(hidden, name + part).reshape(shape).transpose(0, 2, 1, 3)
            for part in ("query", "key", "value")
        )
        scores = query @ key.transpose(0, 1, 3, 2) / np.float32(np.sqrt(shape[-1])) + mask
        scores -= scores.max(axis=-1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(axis=-1, keepdims=True)
        return np.asarray((scores @ value).transpose(0, 2, 1, 3).reshape(hidden.shape))

    def _dense(self, values: Floats, name: str) -> Floats:
        weight, bias = self._weights[f"{name}.weight"], self._weights[f"{name}.bias"]
        flat = values.reshape(-1, values.shape[-1]) @ weight.T
        flat += bias
        return np.asarray(flat.reshape(*values.shape[:-1], weight.shape[0]))

    def _normalised(self, values: Floats, name: str) -> Floats:
        values = values - values.mean(axis=-1, keepdims=True)
        values /= np.sqrt((values * values).mean(axis=-1, keepdims=True) + self._epsilon)
        values *= self._weights[f"{name}.weight"]
        values += self._weights[f"{name}.bias"]
        return values


def _gelu(values: Floats) -> Floats:
    """Return x times the normal distribution function of x (Hendrycks and Gimpel, 2016)."""
    out = erf(values * np.float32(np.sqrt(0.5)))
    out += 1
    out *= values
    out *= np.float32(0.5)
    return np.asarray(out)


def _batches(tokens: Sequence[Sequence[int]]) -> Iterator[Sequence[int]]:
    """Yield the numbers of texts that are computed together: of like length, and not too many."""
    order = sorted(range(len(tokens)), key=lambda number: len(tokens[number]))
    batch: list[int] = []
    for number in order:
        if batch and (len(batch) + 1) * len(tokens[number]) > _BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(number)
    if batch:
        yield batch


def _tokenizer(body: bytes) -> Tokenizer:
    try:
        tokenizer = Tokenizer.from_buffer(body)
    except Exception as error:  # the library raises this class and no other
        raise ValueError(f"tokenizer.json: {error}") from error
    tokenizer.no_padding()
    tokenizer.enable_truncation(_MAX_TOKENS)
    return tokenizer


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > _MAX_FILE:
            raise EmbeddingError(f"{path} is too large to be the model")
        return path.read_bytes()
    except OSError as error:
        raise EmbeddingError(f"{path} cannot be read: {error.strerror or error}") from error
