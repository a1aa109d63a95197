"""A real database for each test, and builders of what goes into it."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from digest.models import (
    Edition,
    Entry,
    Paper,
    PaperChange,
    Placement,
    Profile,
    Schedule,
    ScoredPaper,
    Section,
    Subscriber,
    SubscriberState,
)
from digest.store import Due, Store, open_store

NOW = datetime(2026, 5, 12, 6, 30, tzinfo=UTC)


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def url(database_url: str) -> str:
    return database_url


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with open_store(url, busy_timeout=timedelta(seconds=5)) as opened:
        yield opened


@pytest.fixture
def change() -> Callable[..., PaperChange]:
    """Build a paper with one entry per source, as merging would hand it over."""

    def build(
        title: str = "Sparse Attention for Long Documents",
        *,
        paper_id: int = 0,
        seen_at: datetime = NOW,
        new_at: datetime | None = NOW,
        entries: tuple[Entry, ...] | None = None,
        changed: bool = True,
        **fields: Any,
    ) -> PaperChange:
        if entries is None:
            told = {k: v for k, v in fields.items() if k in Entry.__dataclass_fields__}
            entries = (Entry("arxiv", fields.get("arxiv_id") or title, title, **told),)
        paper = Paper(
            paper_id,
            title,
            sources=tuple(e.source for e in entries),
            first_seen_at=seen_at,
            new_at=new_at,
            **fields,
        )
        placements = tuple(
            Placement(e, paper_id or None, 1, "new", "nothing known matches") for e in entries
        )
        return PaperChange(paper, placements, changed)

    return build


@pytest.fixture
def add_papers(store: Store, change: Callable[..., PaperChange]) -> Callable[[int], list[Paper]]:
    """Store so many papers; return them."""

    def add(count: int) -> list[Paper]:
        store.papers.save([change(f"A numbered paper {i}") for i in range(count)], seen_at=NOW)
        return sorted(store.papers.background(count), key=lambda paper: paper.paper_id)

    return add


@pytest.fixture
def subscribe(store: Store) -> Callable[..., Subscriber]:
    """Add an active subscriber."""

    def add(
        address: str = "mei@example.org",
        profile: Profile | None = None,
        state: SubscriberState = SubscriberState.ACTIVE,
    ) -> Subscriber:
        return store.people.add(address, profile or Profile(), state, NOW)

    return add


LEASE = timedelta(minutes=5)
TODAY = date(2026, 5, 12)


@pytest.fixture
def lease() -> timedelta:
    return LEASE


@pytest.fixture
def today() -> date:
    return TODAY


@pytest.fixture
def plan(store: Store) -> Callable[..., int]:
    """Plan the default schedule for a day; return how many deliveries are new."""

    def run(
        *channels: str,
        day: date = TODAY,
        schedule: Schedule | None = None,
        only: str | None = None,
        shard_size: int = 250,
        at: datetime = NOW,
    ) -> int:
        return store.deliveries.plan(
            store.runs.start("publish", at),
            [Due(schedule or Schedule(), day)],
            channels=channels or ("smtp",),
            shard_size=shard_size,
            now=at,
            only=only,
        )

    return run


@pytest.fixture
def compose() -> Callable[..., Edition]:
    """Build an edition of these papers."""

    def build(*papers: Paper, day: date = TODAY, at: datetime = NOW) -> Edition:
        scored = tuple(ScoredPaper(paper, 1.0, None) for paper in papers)
        silence = None if papers else "weekend: arXiv announced nothing"
        return Edition(day, at, "", "en", (Section("All", None, scored),), 42, silence)

    return build
