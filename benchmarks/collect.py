"""How long one large feed takes from bytes to stored papers, beside bare feedparser.

Usage: python benchmarks/collect.py [--entries 2000] [--rounds 9] [--known 1000000]

The reference is `feedparser.parse` of the same bytes in the same run, in turn with the work that
is measured; the figure is the median of the ratios of processor time. A second figure is the
same feed collected again, which changes nothing, and a third one new entries merged into a store
that knows many papers already (--known). Bytes that did not change are not parsed at all; that
is not a matter of time, and tests/pipeline/test_collect.py shows it.
"""

import argparse
import io
import random
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from xml.sax.saxutils import escape

import feedparser

from digest import merging
from digest.models import Entry
from digest.sources import SOURCES
from digest.sources.base import Feed, Response
from digest.store import Store, open_store

NOW = datetime(2026, 11, 18, 6, tzinfo=UTC)
FEED = Feed("bench", "arxiv", "https://rss.example/feed")
WORDS = [
    "gradient", "lantern", "harbour", "spectral", "residue", "patient", "adapter", "glacier",
    "moss", "parity", "sequencer", "orchard", "drift", "kernel", "tidal", "lattice", "pocket",
    "census", "hollow", "thermostat", "archive", "beacon",
]  # fmt: skip


def sentence(rng: random.Random, words: int) -> str:
    return " ".join(rng.choices(WORDS, k=words)).capitalize()


def arxiv_feed(entries: int, *, first: int = 1, seed: int = 7) -> bytes:
    """Return an arXiv RSS feed in the layout of the real one, with invented words."""
    rng = random.Random(seed)
    items = []
    for number in range(first, first + entries):
        arxiv_id = f"26{number // 90_000 + 10:02}.{number % 90_000 + 1:05}"
        abstract = ". ".join(sentence(rng, 18) for _ in range(9))
        authors = ", ".join(f"{sentence(rng, 1)} {sentence(rng, 1)}" for _ in range(5))
        items.append(
            f"<item><title>{escape(sentence(rng, 9))} {number}</title>"
            f"<link>https://arxiv.org/abs/{arxiv_id}</link>"
            f"<description>arXiv:{arxiv_id}v1 Announce Type: new \nAbstract: {abstract}</description>"
            f"<guid isPermaLink='false'>oai:arXiv.org:{arxiv_id}v1</guid>"
            "<category>cs.LG</category><category>stat.ML</category>"
            "<pubDate>Wed, 18 Nov 2026 00:00:00 -0500</pubDate>"
            "<arxiv:announce_type>new</arxiv:announce_type>"
            f"<dc:creator>{authors}</dc:creator></item>"
        )
    return (
        "<?xml version='1.0' encoding='UTF-8'?><rss xmlns:arxiv='http://arxiv.org/schemas/atom' "
        "xmlns:dc='http://purl.org/dc/elements/1.1/' version='2.0'><channel>"
        "<title>cs.LG updates on arXiv.org</title><link>http://rss.arxiv.org/rss/cs.LG</link>"
        "<description>cs.LG updates on the arXiv.org e-print archive.</description>"
        f"{''.join(items)}</channel></rss>"
    ).encode()


def parse(body: bytes) -> tuple[Entry, ...]:
    return SOURCES["arxiv"].parse(Response(FEED.location, body, received_at=NOW), FEED).entries


def merge_and_store(store: Store, entries: tuple[Entry, ...]) -> None:
    """Do what a collection does with the entries of a feed, in one transaction."""
    store.papers.merge(
        entries,
        lambda known: merging.assemble(merging.place(entries, known), known, NOW),
        seen_at=NOW,
    )


def taken(work: Callable[[], object]) -> float:
    """Return the processor time of some work, in seconds."""
    started = time.process_time()
    work()
    return time.process_time() - started


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--entries", type=int, default=2_000)
    options.add_argument("--rounds", type=int, default=9)
    options.add_argument("--known", type=int, default=0)
    given = options.parse_args()
    body = arxiv_feed(given.entries)
    times: dict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        for number in range(given.rounds):
            times["feedparser.parse alone"].append(
                taken(lambda: feedparser.parse(io.BytesIO(body)))
            )
            with open_store(f"sqlite:///{folder}/{number}.db") as store:
                for name in ("parse, merge, store", "the same again"):
                    times[name].append(taken(lambda: merge_and_store(store, parse(body))))
        reference = times["feedparser.parse alone"]
        print(f"{given.entries} entries, {len(body) / 1e6:.1f} MB; median of {given.rounds}")
        for name, values in times.items():
            ratios = [value / other for value, other in zip(values, reference, strict=True)]
            print(f"{name:<34} {statistics.median(values):6.2f} s {statistics.median(ratios):6.2f}")
        if given.known:
            large(Path(folder), given.known)


def large(folder: Path, known: int) -> None:
    """Merge 5,000 new entries into a store that knows many."""
    with open_store(f"sqlite:///{folder}/large.db") as store:
        step = 50_000
        for first in range(1, known + 1, step):
            merge_and_store(store, invented(first, min(step, known + 1 - first)))
        new = invented(known + 1, 5_000)
        seconds = taken(lambda: merge_and_store(store, new))
        print(f"5,000 new among {known:,} known  {seconds:6.2f} s")


def invented(first: int, count: int) -> tuple[Entry, ...]:
    """Return entries without going through a feed."""
    rng = random.Random(first)
    return tuple(
        Entry(
            source="arxiv",
            external_id=f"bench/{number}",
            title=f"{sentence(rng, 8)} {number}",
            abstract=sentence(rng, 120),
            authors=(f"{sentence(rng, 1)} {sentence(rng, 1)}",),
            doi=f"10.5555/bench.{number}",
        )
        for number in range(first, first + count)
    )


if __name__ == "__main__":
    main()
