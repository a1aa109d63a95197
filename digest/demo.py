"""The demo: the main job on the bundled sample feeds, with no network and no set-up.

Everything is real but the papers, the clock and the outbox: feeds are parsed, merged and
stored, papers ranked, an edition composed, rendered, recorded and delivered.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from digest import profiles, resources
from digest.app import App
from digest.config import Settings
from digest.delivery import Channel, DirectoryChannel, OutboxChannel
from digest.models import Subscriber
from digest.pipeline import Collector, CollectReport, Publisher, PublishOptions, PublishReport
from digest.sources.base import Feed
from digest.sources.fetch import Fetcher
from digest.sources.worker import ParserProcess

# The papers of the samples are of these days, so the demo is always the same.
NOW = datetime(2026, 11, 18, 6, 0, tzinfo=UTC)
ADDRESS = "mirela@example.org"

# What each sample file is, told by how its name begins.
_SOURCES = {
    "huggingface": "huggingface",
    "aitopics": "aitopics",
    "arxivjp": "arxivjp",
    "arxiv": "arxiv",
    "biorxiv": "biorxiv",
    "journal": "generic",
}


@dataclass(frozen=True, slots=True)
class DemoReport:
    """What the demo did.

    Attributes:
        papers: how many papers the entries became.
        files: what was written, in the order in which to look at it.
        markdown: the digest.
        again: the second run of the same day, which sends nothing.
    """

    collected: CollectReport
    papers: int
    subscriber: Subscriber
    published: PublishReport
    again: PublishReport
    files: tuple[Path, ...]
    markdown: str


def sample_feeds() -> list[Feed]:
    """Return the bundled sample feeds."""
    files = sorted((resources.samples() / "feeds").iterdir())
    return [Feed(file.stem, _SOURCES[file.name.partition("-")[0]], str(file)) for file in files]


async def run(out: Path) -> DemoReport:
    """Do the main job once and write the digest into the folder `out`."""
    feeds = sample_feeds()
    with TemporaryDirectory(prefix="digest-demo-") as state:
        app = App(Settings(data_dir=Path(state), sender="Digest <digest@example.org>"))
        try:
            async with Fetcher(app.fetch_options) as fetcher, ParserProcess() as parser:
                collector = Collector(app.store, fetcher, parser, lambda: NOW)
                collected = await collector.collect(feeds)
            papers = app.store.papers.counts().papers
            profile = profiles.load(resources.samples() / "profile.toml")
            subscriber = app.subscriptions.add(ADDRESS, profile, NOW)
            channels: dict[str, Channel] = {
                "directory": DirectoryChannel(out),
                "outbox": OutboxChannel(app.mail_options, out),
            }
            before = _files(out)
            publisher = _publisher(app, feeds, channels)
            published = await publisher.publish()
            again = await publisher.publish()
        finally:
            app.store.close()
    files = [path for path, stamp in _files(out).items() if before.get(path) != stamp]
    files = files or sorted(_files(out))
    markdown = next(path for path in files if path.suffix == ".md").read_text(encoding="utf-8")
    return DemoReport(collected, papers, subscriber, published, again, tuple(files), markdown)


def _publisher(app: App, feeds: list[Feed], channels: Mapping[str, Channel]) -> Publisher:
    return Publisher(
        app.store,
        renderer=app.renderer,
        channels=channels,
        feeds=feeds,
        options=PublishOptions(links=app.links),
        edition_options=app.edition_options,
        clock=lambda: NOW,
    )


def _files(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in sorted(folder.rglob("*")) if path.is_file()}
