"""A real store with papers and people, and a clock that stands still."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from digest.merging import assemble, place
from digest.models import Entry, Interest, InterestKind, Profile, Schedule, SubscriberState
from digest.pipeline import EditionOptions, Publisher, PublishOptions
from digest.rendering import Renderer, RenderOptions
from digest.store import Store, open_store
from fakes import outbox

MONDAY = datetime(2026, 11, 16, 8, tzinfo=UTC)
FILLER = (
    "We study {} in a carefully invented setting and report seventeen measurements, none of "
    "which anyone has made before, together with a short discussion of their limits."
)
SUBJECTS = ("glacier acoustics", "harbour robots", "protein folding", "slow optimisers")


@dataclass
class Clock:
    """Gives the same instant until it is moved."""

    now: datetime = MONDAY

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/digest.db"


@pytest.fixture
def store(store_url: str):
    with open_store(store_url) as opened:
        yield opened


@pytest.fixture
def renderer() -> Renderer:
    return Renderer(RenderOptions())


@pytest.fixture
def add_papers(store: Store, clock: Clock):
    """Store one new paper on each subject, now."""
    numbers = iter(range(1, 10_000))

    def add(*subjects: str) -> list[int]:
        entries = []
        for subject in subjects or SUBJECTS:
            number = next(numbers)
            entries.append(
                Entry(
                    source="arxiv",
                    external_id=f"2611.{number:05}",
                    arxiv_id=f"2611.{number:05}",
                    title=f"On {subject}, part {number}",
                    abstract=FILLER.format(subject),
                    authors=("Ada Quill",),
                )
            )
        changes = assemble(place(entries, []), [], clock())
        store.papers.save(changes, seen_at=clock())
        window = clock() - timedelta(days=30)
        return [p.paper_id for p in store.papers.candidates(window, clock())]

    return add


@pytest.fixture
def subscribe(store: Store, clock: Clock):
    def add(name: str = "ada", *phrases: str, send_time: str = "07:00", **options) -> str:
        address = f"{name}@example.org"
        wanted = phrases or ("glacier acoustics",)
        profile = Profile(
            interests=tuple(Interest(InterestKind.PHRASE, p) for p in wanted),
            schedule=options.pop("schedule", Schedule(time.fromisoformat(send_time))),
            **options,
        )
        store.people.add(address, profile, SubscriberState.ACTIVE, clock())
        return address

    return add


@pytest.fixture
def publisher(store: Store, renderer: Renderer, clock: Clock):
    """Make a publisher over the given channels; without any, over an outbox in memory."""

    def make(*channels, **options) -> Publisher:
        return Publisher(
            store,
            renderer=renderer,
            channels={channel.name: channel for channel in channels or (outbox(),)},
            feeds=[],
            options=PublishOptions(**{"retry_pause": timedelta(0), **options}),
            edition_options=EditionOptions(),
            clock=clock,
        )

    return make
