"""A whole installation with pages, an outbox for its mails, and a clock that stands still.

With ``DIGEST_TESTS_DATABASE=postgresql`` in the environment, every one keeps its state there.
"""

import asyncio
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from functools import cache
from pathlib import Path

import pytest
from starlette.testclient import TestClient

import postgres
from digest.app import App
from digest.config import load
from digest.merging import assemble, place
from digest.models import Entry, Interest, InterestKind, Profile, Schedule, SubscriberState
from digest.store import open_store
from digest.web import create
from digest.web.site import Site

MONDAY = datetime(2026, 11, 16, 8, tzinfo=UTC)
BASE = "https://digest.example.org"
SETTINGS = f"""
data_dir = "state"
sender = "Digest <digest@example.org>"
public_url = "{BASE}"
[delivery]
channels = ["outbox"]
[collect]
sources = "sources.toml"
[edition]
popularity_minutes = 0
[web]
"""
SUBJECTS = ("glacier acoustics", "harbour robots", "protein folding", "slow optimisers")
FILLER = (
    "We study {} in a carefully invented setting and report seventeen measurements, none of "
    "which anyone has made before, together with a short discussion of their limits."
)


@cache
def new_database() -> bytes:
    """Return the file of a new database, which takes longer to make than most tests."""
    with tempfile.TemporaryDirectory() as folder:
        open_store(f"sqlite:///{folder}/digest.db").close()
        return Path(folder, "digest.db").read_bytes()


class House:
    """An installation as strangers and readers meet it."""

    # Makes the URL of a database; None: each has a file of its own.
    database: Callable[[], str] | None = None

    def __init__(
        self, folder: Path, more: str = "", base: str = BASE, channel: str = "outbox"
    ) -> None:
        settings = SETTINGS.replace(BASE, base).replace('"outbox"', f'"{channel}"')
        (folder / "state").mkdir(exist_ok=True)
        if House.database:
            where = (
                f'secret = "a-secret-of-enough-characters"\n[database]\nurl = "{House.database()}"'
            )
            settings = settings.replace("[delivery]", f"{where}\n[delivery]")
        else:
            (folder / "state" / "digest.db").write_bytes(new_database())
        (folder / "sources.toml").write_text("")
        (folder / "digest.toml").write_text(settings + more)
        self.folder = folder
        self.now = MONDAY
        self.app = App(load(folder / "digest.toml", {}), clock=lambda: self.now)
        self.postman = self.app.postman
        self.site = Site.of(self.app)
        self.client = TestClient(create(self.site), base_url=BASE, follow_redirects=False)

    @property
    def store(self):
        return self.app.store

    def add_papers(self, *subjects: str, start: int = 1) -> None:
        entries = [
            Entry(
                source="arxiv",
                external_id=f"2611.{number:05}",
                arxiv_id=f"2611.{number:05}",
                title=f"On {subject}, part {number}",
                abstract=FILLER.format(subject),
                authors=("Ada Quill", "Tomo Reed"),
                categories=("cs.LG",),
            )
            for number, subject in enumerate(subjects or SUBJECTS, start)
        ]
        self.store.papers.save(assemble(place(entries, []), [], self.now), seen_at=self.now)

    def subscribe(self, address: str = "ada@example.org", *phrases: str, **options):
        profile = Profile(
            tuple(Interest(InterestKind.PHRASE, p) for p in phrases or ("glacier acoustics",)),
            schedule=options.pop("schedule", Schedule()),
            **options,
        )
        return self.store.people.add(address, profile, SubscriberState.ACTIVE, self.now)

    def person(self, address: str = "ada@example.org"):
        return self.store.people.get(address)

    def publish(self):
        return asyncio.run(self.app.publisher().publish())

    def mails(self) -> list:
        """Return the mails sent so far, letters before editions, in the order of their names."""
        paths = sorted((self.folder / "state" / "outbox").glob("*.eml"))
        return [message_from_bytes(path.read_bytes(), policy=policy.default) for path in paths]

    def letters(self) -> list:
        """Send the letters that wait; return all letters sent so far."""
        self.send_letters()
        return [mail for mail in self.mails() if mail["List-Id"] is None]

    def send_letters(self) -> None:
        asyncio.run(self.postman.send_due())

    def sign_up(self, address: str = "ada@example.org", **fields):
        form = {"phrases": "glacier acoustics", "address": address, "do": "subscribe"} | fields
        return self.client.post("/", data=form)

    def dump(self) -> list[str]:
        """Return all that the database holds."""
        import sqlite3

        if House.database:
            return postgres.rows(self.app.settings.database_url)
        with sqlite3.connect(self.folder / "state" / "digest.db") as database:
            return list(database.iterdump())

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


def link_of(mail, page: str, base: str = BASE) -> str:
    """Return the first link to a page in the text of a mail, without the host."""
    text = mail.get_body(("plain",)).get_content()
    return re.search(rf"{re.escape(base)}(/{page}/\S+)", text)[1]


@pytest.fixture(scope="session")
def on_postgresql(request: pytest.FixtureRequest) -> Callable[[], str]:
    """Makes the URL of a new database with our tables, on PostgreSQL."""
    server: postgres.PostgresServer = request.getfixturevalue("postgres_server")
    template: str = request.getfixturevalue("postgres_template")
    return lambda: server.url(server.database(template))


@pytest.fixture(scope="session", autouse=True)
def where_houses_stand(request: pytest.FixtureRequest) -> Iterator[None]:
    """Put all houses on the database that the environment names."""
    from web import conftest  # pytest reads this file by its path, and tests by this name

    houses = {House, conftest.House}
    if os.environ.get("DIGEST_TESTS_DATABASE") == "postgresql":
        for each in houses:
            each.database = staticmethod(request.getfixturevalue("on_postgresql"))
    yield
    for each in houses:
        each.database = None


@pytest.fixture
def house(tmp_path: Path):
    made = House(tmp_path)
    yield made
    made.app.close()


@pytest.fixture(scope="module")
def houses(tmp_path_factory: pytest.TempPathFactory):
    """Builds installations that a whole file shares, under an address of one's own."""
    built: list[House] = []

    def build(base: str = BASE) -> House:
        built.append(House(tmp_path_factory.mktemp("house"), base=base))
        return built[-1]

    yield build
    for made in built:
        made.app.close()
