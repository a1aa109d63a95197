"""An installation with so many readers, driven until nothing is open, and judged."""

import os
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

from digest.app import App
from digest.config import GivenSettings, Settings
from digest.merging import assemble, place
from digest.models import DeliveryState, Entry, Interest, InterestKind, Profile, Schedule
from digest.models import SubscriberState as State

SENT, UNKNOWN, FAILED = DeliveryState.SENT, DeliveryState.UNKNOWN, DeliveryState.FAILED
OPEN = (DeliveryState.QUEUED, DeliveryState.TRANSMITTING, DeliveryState.DEFERRED)


class MovedClock:
    """Goes at the usual pace, and can be moved on."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass
class Verdict:
    """How it ended: what the ledger says against what the server counted."""

    mails: int
    states: dict[str, int]
    lost: int
    doubled: int
    unlisted: int
    rounds: int
    told: str

    @property
    def good(self) -> bool:
        return not (self.lost or self.doubled or self.unlisted)


def settings(folder: Path, url: str = "", **smtp: object) -> Settings:
    """Return settings for a try: patient enough, but in a hurry."""
    (folder / "sources.toml").write_text("")
    usual: dict[str, object] = {"host": "127.0.0.1", "tls": "none", "helo": "client.example.org"}
    return GivenSettings(
        data_dir=folder / "state",
        sender="Digest <digest@example.org>",
        database={"url": url},
        collect={"sources": folder / "sources.toml"},
        edition={"popularity_minutes": 0},
        delivery={"freshness_hours": 72},
        smtp={**usual, "timeout": 1.0, "deadline": 2.0, **smtp},
    )


def fill(app: App, mails: int, *, domains: int = 1) -> None:
    """Store three papers, and so many readers whose send time has come."""
    words = ("glacier acoustics", "harbour robots", "protein folding")
    entries = [
        Entry(
            source="arxiv",
            external_id=f"2611.{n:05}",
            arxiv_id=f"2611.{n:05}",
            title=f"On {subject} and what it is good for",
            abstract=f"We study {subject} in a carefully invented setting.",
            authors=("Ada Quill",),
        )
        for n, subject in enumerate(words)
    ]
    now = app.clock()
    app.store.papers.save(assemble(place(entries, []), [], now), seen_at=now)
    profile = Profile(
        interests=tuple(Interest(InterestKind.PHRASE, word) for word in words),
        schedule=Schedule(time(0, 0)),
    )
    for n in range(mails):
        app.store.people.add(f"reader{n}@d{n % domains}.example.org", profile, State.ACTIVE, now)


def expected_id(edition_id: int, subscriber_id: int) -> str:
    return f"<edition-{edition_id}.{subscriber_id}@example.org>"


def judge(app: App, mails: int, accepted: Counter[str], *, rounds: int, told: str) -> Verdict:
    """Compare the ledger with the server's own count, by Message-ID."""
    rows = [d for d, _ in app.store.deliveries.list_deliveries(limit=10**6)]
    lost = unlisted = 0
    for row in rows:
        got = accepted[expected_id(row.edition_id or 0, row.subscriber_id)]
        if row.state is SENT:
            lost += got == 0
        elif row.state is not UNKNOWN:
            unlisted += got > 0  # the server has it, and the ledger says that it has not
    states = Counter(row.state.value for row in rows)
    lost += mails - len(rows)
    doubled = sum(count - 1 for count in accepted.values() if count > 1)
    return Verdict(mails, dict(states), lost, doubled, unlisted, rounds, told)


async def drive(
    app: App,
    clock: MovedClock,
    lift: Callable[[], Awaitable[None]],
    *,
    rounds_with_fault: int = 2,
    rounds: int = 12,
) -> tuple[int, str]:
    """Publish with the fault, lift it, publish until nothing is open; give rounds and words."""
    told, today = "", clock().date()
    for number in range(1, rounds + 1):
        report = await app.publisher(collect=False).publish(edition_date=today, on_time=True)
        assert not report.mistakes, report.mistakes
        stops = [p for p in report.problems if "left alone" in p]
        told = told or next(iter(stops or report.problems), "")
        if number == rounds_with_fault:
            await lift()
        open_ones = sum(app.store.deliveries.balance().states[state] for state in OPEN)
        if number > rounds_with_fault and not open_ones:
            return number, told
        clock.ahead += timedelta(minutes=100)  # past pauses, and most retries
    return rounds, told


def environment() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if not k.startswith("DIGEST_")}
