"""The model: beside a plain reading of the papers it comes from, text by text, head by head."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from digest.embedding.minilm import MiniLM
from digest.errors import EmbeddingError
from embedding_parts import unpack

TEXTS = ["Glaciers", "on harbour robots", "on glacier acoustics on harbour robots", "", "quux " * 9]
IDS = {
    "Glaciers": [2, 4, 9, 3],
    "on harbour robots": [2, 8, 6, 7, 3],
    "on glacier acoustics on harbour robots": [2, 8, 4, 5, 8, 6, 7, 3],
    "": [2, 3],
    "quux " * 9: [2, *[1] * 9, 3],
}


def normed(x, w, name):
    x = (x - x.mean()) / math.sqrt(x.var() + 1e-12)
    return x * w[f"{name}.weight"] + w[f"{name}.bias"]


def dense(x, w, name):
    return w[f"{name}.weight"] @ x + w[f"{name}.bias"]


def plainly(ids, w, heads=3, layers=2):
    """Return the vector of one text, token by token, in double precision."""
    w = {name: tensor.astype(np.float64) for name, tensor in w.items()}
    kind = w["embeddings.token_type_embeddings.weight"][0]
    rows = [
        normed(
            w["embeddings.word_embeddings.weight"][i]
            + w["embeddings.position_embeddings.weight"][place]
            + kind,
            w,
            "embeddings.LayerNorm",
        )
        for place, i in enumerate(ids)
    ]
    for layer in range(layers):
        name = f"encoder.layer.{layer}"
        q, k, v = (
            [dense(row, w, f"{name}.attention.self.{part}") for row in rows]
            for part in ("query", "key", "value")
        )
        size = len(rows[0]) // heads
        mixed = []
        for one in range(len(rows)):
            parts = []
            for head in range(heads):
                mine = slice(head * size, (head + 1) * size)
                scores = [math.exp(q[one][mine] @ key[mine] / math.sqrt(size)) for key in k]
                parts.append(sum(s * x[mine] for s, x in zip(scores, v, strict=True)) / sum(scores))
            mixed.append(np.concatenate(parts))
        attended = [
            normed(
                dense(m, w, f"{name}.attention.output.dense") + row,
                w,
                f"{name}.attention.output.LayerNorm",
            )
            for m, row in zip(mixed, rows, strict=True)
        ]
        rows = []
        for row in attended:
            wide = dense(row, w, f"{name}.intermediate.dense")
            wide = np.array([x * 0.5 * (1 + math.erf(x / math.sqrt(2))) for x in wide])
            rows.append(
                normed(dense(wide, w, f"{name}.output.dense") + row, w, f"{name}.output.LayerNorm")
            )
    mean = np.mean(rows, axis=0)
    return mean / np.linalg.norm(mean)


def test_vectors_are_those_of_a_plain_computation(folder: Path, weights) -> None:
    model = MiniLM(folder, weights=None)
    for text, vector in zip(TEXTS, model.embed(TEXTS), strict=True):
        assert unpack(vector) == pytest.approx(plainly(IDS[text], weights), abs=2e-3)
        assert np.linalg.norm(unpack(vector)) == pytest.approx(1, abs=2e-3)


def test_a_text_gets_the_same_vector_in_whatever_company(folder: Path) -> None:
    model = MiniLM(folder, weights=None)
    for text, vector in zip(TEXTS, model.embed(TEXTS), strict=True):
        assert unpack(vector) == pytest.approx(unpack(model.embed([text])[0]), abs=2e-3)
    assert model.embed([]) == []


def test_a_long_text_is_cut_and_many_texts_go_in_batches(folder: Path) -> None:
    model = MiniLM(folder, weights=None)
    long = "glacier " * 100_000
    vectors = model.embed([long, *["on robots"] * 2_000])
    assert len(vectors) == 2_001
    assert len(set(vectors[1:])) == 1
    assert unpack(vectors[0]) == pytest.approx(unpack(model.embed(["glacier " * 254])[0]), abs=2e-3)


def test_the_name_tells_the_weights(folder: Path) -> None:
    name = MiniLM(folder, weights=None).name
    assert name.startswith("all-MiniLM-L6-v2:")
    assert len(name) <= 64


def test_weights_that_are_not_the_published_ones_are_refused(folder: Path) -> None:
    with pytest.raises(EmbeddingError, match="not all-MiniLM-L6-v2 as it was published"):
        MiniLM(folder)


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("model.safetensors", b"no weights"),
        ("tokenizer.json", b"{}"),
        ("config.json", b"[]"),
        ("config.json", json.dumps({"num_attention_heads": "many"}).encode()),
    ],
)
def test_a_damaged_file_is_one_line(folder: Path, name: str, body: bytes) -> None:
    (folder / name).write_bytes(body)
    with pytest.raises(EmbeddingError, match="cannot be read"):
        MiniLM(folder, weights=None)


def test_a_missing_file_is_one_line(folder: Path) -> None:
    (folder / "config.json").unlink()
    with pytest.raises(EmbeddingError, match=r"config.json cannot be read: No such file"):
        MiniLM(folder, weights=None)
