"""Fixtures for every room."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from servers import Web

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def captures() -> Path:
    """The folder with captures of real feeds; they are not ours to publish, so it may be absent."""
    folder = Path(os.environ.get("DIGEST_CAPTURES", ROOT.parent / "shared" / "captures"))
    if not folder.is_dir():
        pytest.skip(f"no captures of real feeds at {folder}; set DIGEST_CAPTURES to their folder")
    return folder


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder with our own fixtures."""
    return ROOT / "tests" / "data"


@pytest.fixture
def web() -> Iterator[Web]:
    """A web server on loopback that answers as the test tells it."""
    server = Web()
    yield server
    server.close()


@pytest.fixture(autouse=True)
def fresh_logging() -> Iterator[None]:
    """Forget what a command configured: its standard error is closed with its test."""
    yield
    structlog.reset_defaults()
