"""Papers: finding them, with the entries they were made of."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    String,
    bindparam,
    cast,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from digest.errors import StoreError
from digest.garbage import collector_paused
from digest.models import SPLIT, Entry, FeedState, KnownPaper, Paper, PaperChange, Sighting, Topic
from digest.store.database import MERGING, Database, chunks
from digest.store.saving import PAPER_FIELDS, SaveReport, save_changes
from digest.store.schema import entries, papers
from digest.text import parse_arxiv_id, parse_doi, same_pages, title_key

_NUMBER = re.compile(r"#(\d{1,9})")
_PAPER_COLUMNS = [papers.c.paper_id, papers.c.tldr, *(papers.c[name] for name in PAPER_FIELDS)]
# A paper whose entries all moved to another one is found through that one.
_STANDS = papers.c.superseded_by.is_(None)
# Made once: to make them takes longer than to run them.
_ANY_BY_ID = select(*_PAPER_COLUMNS).where(papers.c.paper_id.in_(bindparam("ids", expanding=True)))
_BY_ID = _ANY_BY_ID.where(_STANDS)
# By what a paper is named, the surest first: the column, and what a text says of it.
_NAMES: tuple[tuple[ColumnElement[str], Callable[[str], str | None]], ...] = (
    (papers.c.arxiv_id, lambda ref: (parse_arxiv_id(ref) or (None,))[0]),
    (papers.c.doi, parse_doi),
    (papers.c.title_key, title_key),
)


@dataclass(frozen=True, slots=True)
class Provenance:
    """One entry of a paper, and the rule and evidence that placed it there."""

    sighting: Sighting
    rule: str
    detail: str


@dataclass(frozen=True, slots=True)
class Counts:
    """How much is known: papers, and entries by source."""

    papers: int
    entries: dict[str, int]


class Papers:
    """The papers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def related(self, batch: Sequence[Entry]) -> list[KnownPaper]:
        """Return the papers that may be what these entries speak of, with all their sightings.

        That is every paper that shares with any of them the identity within its source, the
        arXiv id, the DOI or the title key.
        """
        with self._database.reading() as connection:
            return _related(connection, batch)

    def merge(
        self,
        batch: Sequence[Entry],
        decide: Callable[[list[KnownPaper]], Sequence[PaperChange]],
        *,
        seen_at: datetime,
        feed_states: Sequence[FeedState] = (),
    ) -> SaveReport:
        """Store what `decide` makes of entries and of the papers `related` to them, or nothing.

        Nobody else writes in between: two collections at once make one paper of one.

        Args:
            batch: the entries of a feed.
            decide: returns papers with the entries that were placed in them.
            seen_at: the instant of this collection.
            feed_states: of the feeds whose entries these are.
        """
        with collector_paused(), self._database.writing() as connection:
            self._database.alone(connection, MERGING)
            changes = decide(_related(connection, batch))
            return save_changes(connection, changes, seen_at, feed_states)

    def save(
        self,
        changes: Sequence[PaperChange],
        *,
        seen_at: datetime,
        feed_states: Sequence[FeedState] = (),
    ) -> SaveReport:
        """Store what merging decided and the states of the feeds it came from, or nothing.

        Args:
            changes: papers with the entries that were placed in them.
            seen_at: the instant of this collection.
            feed_states: of the feeds whose entries these are.

        Raises:
            StoreError: another collection stored the same papers since `related` was asked;
                nothing is stored, and the collection is to be repeated.
        """
        try:
            with self._database.writing() as connection:
                self._database.alone(connection, MERGING)
                return save_changes(connection, changes, seen_at, feed_states)
        except IntegrityError as error:
            raise StoreError(
                "another collection stored the same papers at the same time;"
                " nothing was stored, collect again"
            ) from error

    def candidates(self, since: datetime, until: datetime) -> list[Paper]:
        """Return the papers first presented as new after `since`, up to `until`, newest first.

        Withdrawn papers are left out.
        """
        return self._select(
            _papers()
            .where(papers.c.new_at > since, papers.c.new_at <= until, ~papers.c.withdrawn)
            .order_by(papers.c.new_at.desc(), papers.c.paper_id)
        )

    def revised(self, since: datetime, until: datetime) -> list[Paper]:
        """Return the papers of which a later version came after `since`, up to `until`."""
        return self._select(
            _papers()
            .where(papers.c.revised_at > since, papers.c.revised_at <= until)
            .order_by(papers.c.revised_at.desc(), papers.c.paper_id)
        )

    def without_tldr(self, limit: int) -> list[Paper]:
        """Return the newest papers that have an abstract and no sentence by a language model."""
        newest = papers.c.first_seen_at.desc(), papers.c.paper_id.desc()
        asked = _papers().where(papers.c.tldr.is_(None), papers.c.abstract != "")
        return self._select(asked.order_by(*newest).limit(limit))

    def save_tldr(self, paper_id: int, sentence: str) -> None:
        """Keep a language model's sentence on a paper; empty: it gave none of use."""
        with self._database.writing() as connection:
            connection.execute(
                update(papers).where(papers.c.paper_id == paper_id).values(tldr=sentence)
            )

    def background(self, limit: int, until: datetime | None = None) -> list[Paper]:
        """Return the papers that were seen first most recently, the newest first.

        Args:
            limit: how many at most.
            until: only papers first seen up to this instant, so that a past day is not ranked
                by what came after it; None: all.
        """
        asked = _papers()
        if until is not None:
            asked = asked.where(papers.c.first_seen_at <= until)
        newest = papers.c.first_seen_at.desc(), papers.c.paper_id.desc()
        return self._select(asked.order_by(*newest).limit(limit))

    def get(self, ref: str) -> Paper | None:
        """Return the paper that `ref` names: ``#17``, an arXiv id, a DOI, a link, or its title."""
        return self.named([ref]).get(ref)

    def named(self, refs: Iterable[str]) -> dict[str, Paper]:
        """Return the papers that some `refs` name, as `get` reads them, by these; found at once.

        A number says all; else the first of arXiv id, DOI, title and link that is known counts.
        """
        left = dict.fromkeys(refs)
        numbers = {ref: int(n[1]) for ref in left if (n := _NUMBER.fullmatch(ref.strip()))}
        for column, read in _NAMES:
            keys = {ref: key for ref in left if ref not in numbers and (key := read(ref))}
            known = self._first_by(column, keys.values())
            numbers |= {ref: known[key] for ref, key in keys.items() if key in known}
        numbers |= self._by_links(ref for ref in left if ref not in numbers)
        found = self._by_numbers(numbers.values())
        return {ref: found[number] for ref, number in numbers.items() if number in found}

    def known(self, paper_id: int) -> KnownPaper:
        """Return a stored paper as merging sees it, with all its sightings."""
        with self._database.reading() as connection:
            (paper,) = _known(connection, [paper_id])
        return paper

    def by_ids(self, ids: Iterable[int]) -> list[Paper]:
        """Return the papers with these numbers, in this order; unknown ones are left out.

        For a paper that was superseded, the one that took its entries is returned.
        """
        wanted = list(ids)
        found = self._by_numbers(wanted)
        return [found[number] for number in wanted if number in found]

    def search(self, *, query: str | None, since: datetime | None, limit: int) -> list[Paper]:
        """Return the newest papers whose title, abstract or authors hold every word of `query`.

        Args:
            query: words in any order; None: every paper.
            since: only papers first seen at or after this instant.
            limit: how many at most.
        """
        asked = _papers()
        for word in (query or "").split():
            asked = asked.where(_holds(word))
        if since is not None:
            asked = asked.where(papers.c.first_seen_at >= since)
        newest = papers.c.first_seen_at.desc(), papers.c.paper_id.desc()
        return self._select(asked.order_by(*newest).limit(limit))

    def provenance(self, paper_id: int) -> list[Provenance]:
        """Return the entries of a paper in the order they came, each with why it belongs there."""
        asked = (
            select(entries.c.payload, entries.c.first_seen_at, entries.c.rule, entries.c.detail)
            .where(entries.c.paper_id == paper_id)
            .order_by(entries.c.first_seen_at, entries.c.entry_id)
        )
        with self._database.reading() as connection:
            return [
                Provenance(Sighting(Entry.from_dict(payload), first_seen_at), rule, detail)
                for payload, first_seen_at, rule, detail in connection.execute(asked)
            ]

    def counts(self) -> Counts:
        """Return how much is known."""
        by_source = select(entries.c.source, func.count()).group_by(entries.c.source)
        with self._database.reading() as connection:
            total = connection.scalar(select(func.count()).select_from(papers).where(_STANDS))
            counted = connection.execute(by_source.order_by(entries.c.source)).all()
            return Counts(total or 0, dict(counted))

    def first_seen(self, since: datetime, until: datetime) -> int:
        """Return how many papers were seen for the first time within these instants."""
        within = (papers.c.first_seen_at >= since) & (papers.c.first_seen_at < until)
        counted = select(func.count()).select_from(papers).where(within, _STANDS)
        with self._database.reading() as connection:
            return connection.execute(counted).scalar_one()

    def _by_numbers(self, wanted: Iterable[int]) -> dict[int, Paper]:
        numbers = set(wanted)
        with self._database.reading() as connection:
            found = papers_by_id(connection, numbers)
            elsewhere = _successors(connection, numbers - found.keys())
            theirs = papers_by_id(connection, elsewhere.values())
        return found | {old: theirs[new] for old, new in elsewhere.items() if new in theirs}

    def _first_by(self, column: ColumnElement[str], keys: Iterable[str]) -> dict[str, int]:
        """Return for each key the number of the first paper that has it."""
        found: dict[str, int] = {}
        with self._database.reading() as connection:
            for some in chunks(sorted(set(keys))):
                asked = (
                    select(column, func.min(papers.c.paper_id))
                    .where(_STANDS, column.in_(some))
                    .group_by(column)
                )
                found.update((key, number) for key, number in connection.execute(asked))
        return found

    def _by_links(self, refs: Iterable[str]) -> dict[str, int]:
        """Return for each link the number of the first paper whose page it is."""
        pages = {ref: found for ref in refs if (found := same_pages(ref))}
        wanted = sorted({page for found in pages.values() for page in found})
        known: dict[str, int] = {}
        with self._database.reading() as connection:
            for some in chunks(wanted):
                # Those of arXiv are found by their ids; without them the index stays small.
                asked = (
                    select(papers.c.url, func.min(papers.c.paper_id))
                    .where(_STANDS, papers.c.arxiv_id.is_(None), papers.c.url.in_(some))
                    .group_by(papers.c.url)
                )
                known.update((page, number) for page, number in connection.execute(asked))
        numbers = {ref: [known[p] for p in some if p in known] for ref, some in pages.items()}
        return {ref: min(found) for ref, found in numbers.items() if found}

    def _select(self, asked: Select[Any]) -> list[Paper]:
        with self._database.reading() as connection:
            return [_paper(row) for row in connection.execute(asked)]


def papers_by_id(
    connection: Connection, ids: Iterable[int], *, superseded: bool = False
) -> dict[int, Paper]:
    """Return papers by number: those that stand for themselves, or `superseded` ones too."""
    asked = _ANY_BY_ID if superseded else _BY_ID
    found: dict[int, Paper] = {}
    for some in chunks(sorted(set(ids))):
        rows = connection.execute(asked, {"ids": some})
        found.update((row.paper_id, _paper(row)) for row in rows)
    return found


def _papers() -> Select[Any]:
    return select(*_PAPER_COLUMNS).where(_STANDS)


def _paper(row: Row[*tuple[Any, ...]]) -> Paper:
    values = dict(row._mapping)
    for name in ("authors", "categories", "sources"):
        values[name] = tuple(values[name])
    values["topics"] = tuple(Topic(tuple(path), sure) for path, sure in values["topics"])
    return Paper(**values)


def _related(connection: Connection, batch: Sequence[Entry]) -> list[KnownPaper]:
    by_source: dict[str, set[str]] = defaultdict(set)
    for entry in batch:
        by_source[entry.source].add(entry.external_id)
    questions: list[tuple[Iterable[str], ColumnElement[str], ColumnElement[bool] | None]] = [
        ({e.arxiv_id for e in batch if e.arxiv_id}, entries.c.arxiv_id, None),
        ({e.doi for e in batch if e.doi}, entries.c.doi, None),
        ({title_key(e.title) for e in batch} - {""}, entries.c.title_key, None),
        *(
            (ids, entries.c.external_id, entries.c.source == source)
            for source, ids in by_source.items()
        ),
    ]
    found: set[int] = set()
    for keys, column, within in questions:
        for some in chunks(sorted(keys)):
            asked = select(entries.c.paper_id).where(column.in_(some))
            asked = asked if within is None else asked.where(within)
            found.update(connection.scalars(asked))
    return _known(connection, found)


def _known(connection: Connection, ids: Iterable[int]) -> list[KnownPaper]:
    sightings: dict[int, list[Sighting]] = defaultdict(list)
    for some in chunks(sorted(ids)):
        rows = connection.execute(
            select(entries.c.paper_id, entries.c.payload, entries.c.first_seen_at, entries.c.rule)
            .where(entries.c.paper_id.in_(some))
            .order_by(entries.c.paper_id, entries.c.entry_id)
        )
        for paper_id, payload, first_seen_at, rule in rows:
            entry = Entry.from_dict(payload)
            sightings[paper_id].append(Sighting(entry, first_seen_at, rule == SPLIT))
    return [KnownPaper(paper_id, tuple(seen)) for paper_id, seen in sightings.items()]


def _successors(connection: Connection, ids: Iterable[int]) -> dict[int, int]:
    found: dict[int, int] = {}
    for some in chunks(sorted(ids)):
        rows = connection.execute(
            select(papers.c.paper_id, papers.c.superseded_by).where(
                papers.c.paper_id.in_(some), ~_STANDS
            )
        )
        found.update((old, new) for old, new in rows)
    return found


def _holds(word: str) -> ColumnElement[bool]:
    """Return the condition that a paper holds a word; JSON text holds the names as written."""
    places = papers.c.title, papers.c.abstract, cast(papers.c.authors, String)
    return or_(*(place.icontains(word, autoescape=True) for place in places))
