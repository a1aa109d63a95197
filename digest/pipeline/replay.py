"""Replay: past days as they would have been; nothing is stored for good, nothing is sent.

Two ways to know what came on a day: the store remembers when each paper was first presented
as new; and answers of sources that were saved day by day can be collected once more, with the
clock set to their day, into a store that is thrown away afterwards.
"""

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from digest.errors import SourceError
from digest.models import Edition, Profile
from digest.pipeline.collect import Collector, CollectReport, FeedReport
from digest.pipeline.editions import Day, EditionOptions
from digest.pipeline.rankers import Ranker
from digest.sources.base import Feed, Response
from digest.sources.local import MAX_BYTES
from digest.store import Store

_COLLECTED_AT = time(6, tzinfo=UTC)
_A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ReplayedDay:
    """One past day.

    Attributes:
        new_papers: how many papers the day brought.
        edition: what the profile would have got of them.
        collected: what each saved answer brought; empty for papers of the store.
        against: what the other profile or ranker would have brought, where two are compared.
    """

    day: date
    new_papers: int
    edition: Edition
    collected: CollectReport = field(default_factory=lambda: CollectReport(()))
    against: Edition | None = None


@dataclass(slots=True)
class ReplayClock:
    """The clock of a replay: it stands still until the next day begins."""

    now: datetime = datetime(1970, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        """Return the instant of the day that is being replayed."""
        return self.now


def days_between(first: date, last: date) -> list[date]:
    """Return all days from the first to the last one."""
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def replay_stored(
    store: Store,
    profile: Profile,
    days: Iterable[date],
    options: EditionOptions,
    against: Profile | Ranker | None = None,
) -> Iterator[ReplayedDay]:
    """Compose each day's edition from the papers that the store saw first on that day.

    Args:
        store: only read.
        profile: days begin at midnight in its zone.
        days: in their order.
        options: what editions may draw on; their window is that day.
        against: another profile, or another ranker for the same one, to compare; the days are
            those of the profile's zone.
    """
    zone = ZoneInfo(profile.schedule.timezone)
    for day in days:
        start, end = (
            datetime.combine(day + timedelta(days=n), time(), zone).astimezone(UTC) for n in (0, 1)
        )
        options_of_day = replace(options, window=end - start)
        edition, other = _editions(store, (profile, against), day, options_of_day, end)
        yield ReplayedDay(day, edition.candidates, edition, against=other)


async def replay_saved(
    collector: Collector,
    clock: ReplayClock,
    store: Store,
    profile: Profile,
    days: Iterable[date],
    *,
    folders: Mapping[str, Path],
    options: EditionOptions,
    against: Profile | Ranker | None = None,
) -> AsyncIterator[ReplayedDay]:
    """Collect each day's saved answers at 06:00 UTC of that day, and compose its edition.

    Args:
        collector: into `store`, by `clock`.
        clock: is set to each day.
        store: a new one; it holds all papers of the days afterwards.
        profile: what the reader wants.
        days: in their order.
        folders: source -> folder with files like ``2026-05-04.jsonl.gz``; a day may have none.
        options: what editions may draw on; their window is the day since the last collection.
        against: another profile, or another ranker for the same one, to compare.
    """
    for day in days:
        clock.now = datetime.combine(day, _COLLECTED_AT)
        reports: list[FeedReport] = []
        for source, folder in folders.items():
            for file in saved_files(folder, day):
                reports += await _collect(collector, file, Feed("replay", source), clock.now)
        collected = CollectReport(tuple(reports))
        options_of_day = replace(options, window=_A_DAY)
        edition, other = await asyncio.to_thread(
            _editions, store, (profile, against), day, options_of_day, clock.now
        )
        yield ReplayedDay(day, collected.total("new_papers"), edition, collected, other)


def saved_files(folder: Path, day: date) -> list[Path]:
    """Return the files of a folder that were saved on a day, in the order of their names."""
    return sorted(file for file in folder.glob(f"{day.isoformat()}.*") if file.is_file())


async def _collect(
    collector: Collector, file: Path, feed: Feed, now: datetime
) -> Sequence[FeedReport]:
    try:
        body = await asyncio.to_thread(_unpacked, file)
    except SourceError as error:
        return [FeedReport(file.name, feed.source, error=str(error))]
    report = await collector.import_captures([Response(str(file), body, received_at=now)], feed)
    return report.feeds


def _unpacked(file: Path) -> bytes:
    """Return what a file holds, without its compression.

    Raises:
        SourceError: it cannot be read, or holds more than may be fetched of a feed.
    """
    try:
        with gzip.open(file) if file.suffix == ".gz" else file.open("rb") as opened:
            body = opened.read(MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise SourceError(f"{file} cannot be read: {error}; save it again") from error
    if len(body) > MAX_BYTES:
        raise SourceError(f"{file} holds more than {MAX_BYTES // 2**20} MB; split it")
    return body


def _editions(
    store: Store,
    compared: tuple[Profile, Profile | Ranker | None],
    day: date,
    options: EditionOptions,
    now: datetime,
) -> tuple[Edition, Edition | None]:
    """Compose a day's edition, and another one to compare; for profiles papers are prepared once."""
    candidates = Day(store, (), options, now)
    profile, against = compared
    edition = candidates.edition(profile, day)
    if against is None:
        return edition, None
    if isinstance(against, Ranker):
        return edition, Day(store, (), replace(options, ranker=against), now).edition(profile, day)
    return edition, candidates.edition(against, day)
