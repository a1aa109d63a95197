"""How many records of real papers are merged rightly, wrongly or not at all.

Usage: python benchmarks/merging.py FILE... (saved arXiv answers: JSON Lines, OAI-PMH or Atom)

Each paper keeps its arXiv record, which is certain. Beside it come records of the same paper
without the arXiv id, as other sources tell it: by title, authors and abstract (AITopics), by
title, count of authors and abstract (a copied page), and, where there is a DOI, by DOI, title
and authors (a journal). A record is right if it joins its own paper, false if it joins another
one. Printed with them: pairs that only look alike, and what became of them.
"""

import gzip
import random
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from digest.merging import place
from digest.models import Entry, KnownPaper, Sighting
from digest.sources import SOURCES
from digest.sources.base import Feed, Response
from digest.text import title_key

NOW = datetime(2026, 11, 18, tzinfo=UTC)


def records(paths: Iterable[Path]) -> list[Entry]:
    """Return the newest record of each arXiv id."""
    found: dict[str, Entry] = {}
    for path in paths:
        body = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        response = Response(str(path), body, received_at=NOW)
        for entry in SOURCES["arxiv"].parse(response, Feed(path.name, "arxiv")).entries:
            if entry.arxiv_id:
                found[entry.arxiv_id] = entry
    return list(found.values())


def as_aitopics(entry: Entry) -> Entry:
    return Entry(
        "aitopics", f"a-{entry.arxiv_id}", entry.title, entry.abstract, authors=entry.authors
    )


def as_copied_page(entry: Entry) -> Entry:
    return Entry(
        "huggingface",
        f"h-{entry.arxiv_id}",
        entry.title,
        entry.abstract,
        n_authors=len(entry.authors),
    )


def as_journal(entry: Entry) -> Entry:
    return Entry(
        "generic", f"j-{entry.arxiv_id}", entry.title, doi=entry.doi, authors=entry.authors
    )


def twins(entries: Sequence[Entry], key: str) -> int:
    """Return how many pairs of different papers share a title key, or a DOI."""
    groups: dict[str, int] = defaultdict(int)
    for entry in entries:
        shared = title_key(entry.title) if key == "title" else entry.doi
        if shared:
            groups[shared] += 1
    return sum(n * (n - 1) // 2 for n in groups.values())


def main() -> None:
    entries = records(map(Path, sys.argv[1:]))
    # A journal's record says when the paper appeared no better than the others do.
    known = [KnownPaper(number, (Sighting(entry, NOW),)) for number, entry in enumerate(entries, 1)]
    own = {entry.arxiv_id: paper.paper_id for entry, paper in zip(entries, known, strict=True)}
    print(
        f"{len(entries):,} papers; pairs of two papers with one title: {twins(entries, 'title')},"
    )
    print(f"with one DOI: {twins(entries, 'doi')}\n")
    print("| record | records | own paper | another paper | a paper of its own |")
    print("|---|---|---|---|---|")
    forms = {
        "title, authors, abstract": (as_aitopics, entries),
        "title, count of authors, abstract": (as_copied_page, entries),
        "DOI, title, authors": (as_journal, [e for e in entries if e.doi]),
    }
    started = time.perf_counter()
    for name, (form, some) in forms.items():
        placed = place([form(entry) for entry in some], known)
        right = false = 0
        for entry, placement in zip(some, placed, strict=False):
            joined = placement.paper_id is not None
            right += placement.paper_id == own[entry.arxiv_id]
            false += joined and placement.paper_id != own[entry.arxiv_id]
            if joined and placement.paper_id != own[entry.arxiv_id]:
                other = entries[(placement.paper_id or 1) - 1]
                print(f"false: {entry.arxiv_id} joined {other.arxiv_id}: {placement.detail}")
        alone = len(some) - right - false
        print(f"| {name} | {len(some):,} | {right:,} | {false} | {alone} |")
    print(f"\n{time.perf_counter() - started:.1f} s")
    mixed(entries)


def mixed(entries: Sequence[Entry]) -> None:
    """Give every paper's title, and then its DOI, to another paper taken by chance.

    What joins does so since both papers share half of their last names, as the rule says.
    """
    others = list(entries)
    random.Random(7).shuffle(others)
    known = [
        KnownPaper(n, (Sighting(replace(entry, doi=f"10.5555/{n}"), NOW),))
        for n, entry in enumerate(entries, 1)
    ]
    titles = [
        replace(as_aitopics(other), title=entry.title)
        for entry, other in zip(entries, others, strict=True)
        if entry is not other
    ]
    dois = [
        replace(as_journal(other), doi=f"10.5555/{n}", title=f"{other.title} (another title)")
        for n, other in enumerate(others, 1)
        if other is not entries[n - 1]
    ]
    for name, wrong in (("title", titles), ("DOI", dois)):
        joined = sum(p.paper_id is not None for p in place(wrong, known))
        print(f"another paper under the same {name}: {len(wrong):,} tried, {joined} joined")


if __name__ == "__main__":
    main()
