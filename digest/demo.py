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
from digest.config import GivenSettings
from digest.delivery import DirectoryChannel, OutboxChannel
from digest.errors import DeliveryError
from digest.models import DeliveryState, Edition, Paper, Subscriber
from digest.pipeline import CollectReport, Publisher, PublishOptions, PublishReport
from digest.sources.base import Feed

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
        collected: what each sample feed brought.
        papers: what the entries became, by how many sources saw each, most first.
        edition: what was chosen for the subscriber.
        published: the run that delivered it.
        again: the second run of the same day, which sends nothing.
        markdown: the digest.
        files: what was written, with what each is.
    """

    collected: CollectReport
    papers: tuple[Paper, ...]
    subscriber: Subscriber
    edition: Edition
    published: PublishReport
    again: PublishReport
    markdown: str
    files: Mapping[Path, str]


def sample_feeds() -> list[Feed]:
    """Return the bundled sample feeds."""
    files = sorted((resources.samples() / "feeds").iterdir())
    return [Feed(file.stem, _SOURCES[file.name.partition("-")[0]], str(file)) for file in files]


async def run(out: Path) -> DemoReport:
    """Do the main job once and write the digest into the folder `out`.

    Raises:
        DeliveryError: the digest cannot be written there.
    """
    feeds = sample_feeds()
    with TemporaryDirectory(prefix="digest-demo-") as state:
        app = App(
            GivenSettings(data_dir=Path(state), sender="Digest <digest@example.org>"),
            clock=lambda: NOW,
        )
        try:
            async with app.collector() as collector:
                collected = await collector.collect(feeds)
            profile = profiles.load(resources.samples() / "profile.toml")
            subscriber = app.subscriptions.add(ADDRESS, profile, NOW)
            publisher = _publisher(app, feeds, out)
            published = await publisher.publish()
            if published.problems:
                raise DeliveryError(published.problems[0])
            again = await publisher.publish()
            papers = app.store.papers.search(query=None, since=None, limit=10_000)
            edition = app.store.editions.edition(_sent_edition(app))
        finally:
            app.store.close()
    assert edition is not None
    files = _files(out)
    return DemoReport(
        collected=collected,
        papers=tuple(sorted(papers, key=lambda paper: -len(paper.sources))),
        subscriber=subscriber,
        edition=edition,
        published=published,
        again=again,
        markdown=next(f for f in files if f.suffix == ".md").read_text(encoding="utf-8"),
        files=files,
    )


def _publisher(app: App, feeds: list[Feed], out: Path) -> Publisher:
    return Publisher(
        app.store,
        renderer=app.renderer,
        channels={
            "directory": DirectoryChannel(out),
            "outbox": OutboxChannel(app.mail_options, out),
        },
        feeds=feeds,
        options=PublishOptions(linker=app.linker),
        edition_options=app.edition_options,
        clock=lambda: NOW,
    )


def _sent_edition(app: App) -> int:
    """Return the id of the edition that all channels carried."""
    (edition_id,) = {
        d.edition_id for d, _ in app.store.deliveries.list_deliveries(DeliveryState.SENT)
    }
    assert edition_id is not None
    return edition_id


def _files(out: Path) -> dict[Path, str]:
    """Return the files that the channels write, with what each is."""
    day = NOW.date().isoformat()
    return {
        out / ADDRESS / f"{day}.html": "the digest as a web page",
        out / ADDRESS / f"{day}.txt": "as plain text",
        out / ADDRESS / f"{day}.md": "as Markdown",
        out / ADDRESS / "index.md": "an index of all that came",
        out / f"{day}-{ADDRESS}.eml": "the mail; any mail program opens it",
    }
