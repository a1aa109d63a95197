"""Finding the weights, without fetching anything."""

from pathlib import Path

import pytest

from digest.embedding import EmbeddingOptions, open_embedder
from digest.embedding.locate import find_model
from digest.errors import EmbeddingError


def test_a_named_folder_is_taken_or_refused(folder: Path, tmp_path: Path) -> None:
    assert find_model(folder, {}) == folder
    with pytest.raises(EmbeddingError, match=r"does not hold model.safetensors"):
        find_model(tmp_path, {})


@pytest.mark.parametrize(
    ("variable", "place"),
    [
        ("HOME", ".cache/torch/sentence_transformers/sentence-transformers_all-MiniLM-L6-v2"),
        ("HOME", ".cache/huggingface/hub/models--sentence-transformers--all-MiniLM-L6-v2/snapshots/c"),
        ("XDG_CACHE_HOME", "huggingface/hub/models--sentence-transformers--all-MiniLM-L6-v2/snapshots/c"),
        ("HF_HOME", "hub/models--sentence-transformers--all-MiniLM-L6-v2/snapshots/c"),
        ("HF_HUB_CACHE", "models--sentence-transformers--all-MiniLM-L6-v2/snapshots/c"),
        ("SENTENCE_TRANSFORMERS_HOME", "all-MiniLM-L6-v2"),
    ],
)  # fmt: skip
def test_the_usual_caches_are_looked_at(
    folder: Path, tmp_path: Path, variable: str, place: str
) -> None:
    home = tmp_path / "somewhere"
    (home / place).parent.mkdir(parents=True)
    folder.rename(home / place)
    environ = {"HOME": str(tmp_path / "nobody"), variable: str(home)}
    assert find_model(None, environ) == home / place


def test_a_model_that_is_nowhere_is_one_line_that_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(EmbeddingError, match=r"are nowhere: .* name a folder") as error:
        open_embedder(EmbeddingOptions("minilm"), {"HOME": str(tmp_path)})
    assert "\n" not in str(error.value)
