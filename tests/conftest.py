"""Fixtures for every room."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

import postgres
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


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.PostgresServer]:
    """A PostgreSQL server for this session's tests."""
    if why := postgres.missing():
        pytest.skip(why)
    server = postgres.PostgresServer()
    yield server
    server.remove()


@pytest.fixture(scope="session")
def postgres_template(postgres_server: postgres.PostgresServer) -> str:
    """The name of a database with our tables, to copy."""
    from digest.store import open_store

    name = postgres_server.database()
    open_store(postgres_server.url(name)).close()
    return name


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database that is ready or made when opened, of each kind in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'state' / 'digest.db'}"
    server: postgres.PostgresServer = request.getfixturevalue("postgres_server")
    template: str = request.getfixturevalue("postgres_template")
    return server.url(server.database(template))


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without tables, of each kind in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty' / 'digest.db'}"
    server: postgres.PostgresServer = request.getfixturevalue("postgres_server")
    return server.url(server.database())
