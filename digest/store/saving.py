"""Writes what merging decided: only what differs from what is stored, in few statements."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, exists, select, update

from digest.models import Entry, FeedState, Paper, PaperChange
from digest.store.columns import MAX_COUNT, storable
from digest.store.database import chunks, draw_ids, insert
from digest.store.feeds import save_states
from digest.store.schema import entries, papers, popularity
from digest.text import title_key

# Merging makes them; it knows nothing of the others.
PAPER_FIELDS = tuple(n for n in Paper.__dataclass_fields__ if n not in ("paper_id", "tldr"))

_Key = tuple[str, str, int]
_Row = dict[str, Any]
_Counts = tuple[int | None, int | None]


@dataclass(frozen=True, slots=True)
class SaveReport:
    """What saving changed.

    Attributes:
        new_papers: papers not known before.
        updated_papers: known papers of which a source said something new.
        new_entries: entries not known before.
        unchanged: known papers of which nothing new was said (but perhaps new counts).
    """

    new_papers: int = 0
    updated_papers: int = 0
    new_entries: int = 0
    unchanged: int = 0


def save_changes(
    connection: Connection,
    changes: Sequence[PaperChange],
    seen_at: datetime,
    feed_states: Iterable[FeedState],
) -> SaveReport:
    """Store papers, entries, popularity and feed states within a transaction.

    The states of feeds that brought an unknown entry note this instant.
    """
    ids = _save_papers(connection, changes, seen_at)
    new_entries = _save_entries(connection, changes, ids, seen_at)
    _save_popularity(connection, changes, ids, seen_at)
    if new_entries:
        feed_states = [replace(state, unseen_at=seen_at) for state in feed_states]
    save_states(connection, feed_states)
    known = [change for change in changes if change.paper.paper_id]
    updated = sum(change.changed for change in known)
    return SaveReport(
        new_papers=len(changes) - len(known),
        updated_papers=updated,
        new_entries=new_entries,
        unchanged=len(known) - updated,
    )


def _save_papers(
    connection: Connection, changes: Sequence[PaperChange], seen_at: datetime
) -> list[int]:
    """Store the papers; return the number of each, in the order of the changes."""
    new = [_paper_row(change.paper) for change in changes if not change.paper.paper_id]
    added = iter(_insert_papers(connection, new, seen_at))
    ids = [change.paper.paper_id or next(added) for change in changes]
    wanted = {c.paper.paper_id: _paper_row(c.paper) for c in changes if c.paper.paper_id}
    stored = _stored_papers(connection, wanted)
    differing = [
        {"id": paper_id, "changed_at": seen_at, **row}
        for paper_id, row in wanted.items()
        if row != stored.get(paper_id)
    ]
    if differing:
        connection.execute(update(papers).where(papers.c.paper_id == bindparam("id")), differing)
    return ids


def _insert_papers(
    connection: Connection, rows: Sequence[_Row], seen_at: datetime
) -> Sequence[int]:
    """Store new papers in one statement; return their numbers, drawn before."""
    if not rows:
        return ()
    ids = draw_ids(connection, papers, len(rows))
    connection.execute(
        papers.insert(),
        [
            {"paper_id": number, "changed_at": seen_at, **row}
            for number, row in zip(ids, rows, strict=True)
        ],
    )
    return ids


def _stored_papers(connection: Connection, ids: Iterable[int]) -> dict[int, _Row]:
    columns = [papers.c[name] for name in (*PAPER_FIELDS, "title_key", "superseded_by")]
    found: dict[int, _Row] = {}
    for some in chunks(sorted(ids)):
        rows = connection.execute(
            select(papers.c.paper_id, *columns).where(papers.c.paper_id.in_(some))
        )
        for paper_id, *values in rows:
            found[paper_id] = dict(zip((c.name for c in columns), values, strict=True))
    return found


def _paper_row(paper: Paper) -> _Row:
    """Return the paper's columns; a paper that receives entries stands for itself."""
    row: _Row = {name: getattr(paper, name) for name in PAPER_FIELDS}
    for name in ("authors", "categories", "sources"):
        row[name] = list(row[name])
    for name in ("translations", "provenance"):
        row[name] = dict(row[name])
    row["topics"] = [[list(topic.path), topic.confidence] for topic in paper.topics]
    return {**row, "title_key": title_key(paper.title), "superseded_by": None}


# ---------------------------------------------------------------- entries


def _save_entries(
    connection: Connection, changes: Sequence[PaperChange], ids: Sequence[int], seen_at: datetime
) -> int:
    """Store the entries; return how many are new."""
    stored = _stored_entries(connection, changes)
    new: dict[_Key, _Row] = {}
    differing: list[_Row] = []
    left: dict[int, int] = {}
    for change, paper_id in zip(changes, ids, strict=True):
        for placement in change.placements:
            entry = placement.entry
            key, row = _entry_key(entry), _entry_row(entry, paper_id, seen_at)
            reason = {"rule": placement.rule, "detail": placement.detail}
            old = stored.get(key)
            if old is None:
                # Two papers may claim one entry, if the source gives two an equal identity.
                if (other := new.get(key)) and other["paper_id"] != paper_id:
                    left[other["paper_id"]] = paper_id
                new[key] = {**row, **reason, "first_seen_at": seen_at}
            elif old["paper_id"] != paper_id:
                left[old["paper_id"]] = paper_id
                differing.append({"id": old["entry_id"], **row, **reason})
            elif old["payload"] != row["payload"]:
                kept = {"rule": old["rule"], "detail": old["detail"]}
                differing.append({"id": old["entry_id"], **row, **kept})
    if new:
        connection.execute(entries.insert(), list(new.values()))
    if differing:
        connection.execute(update(entries).where(entries.c.entry_id == bindparam("id")), differing)
    _supersede(connection, left)
    return len(new)


def _stored_entries(
    connection: Connection, changes: Iterable[PaperChange]
) -> dict[_Key, RowMapping]:
    by_source: dict[str, set[str]] = defaultdict(set)
    for change in changes:
        for placement in change.placements:
            source, external_id, _ = _entry_key(placement.entry)
            by_source[source].add(external_id)
    found: dict[_Key, RowMapping] = {}
    for source, external_ids in by_source.items():
        for some in chunks(sorted(external_ids)):
            rows = connection.execute(
                select(entries).where(entries.c.source == source, entries.c.external_id.in_(some))
            )
            for row in rows.mappings():
                found[row["source"], row["external_id"], row["version"]] = row
    return found


def _entry_key(entry: Entry) -> _Key:
    source, external_id, version = entry.key
    return source, storable(external_id), min(version, MAX_COUNT)


def _entry_row(entry: Entry, paper_id: int, seen_at: datetime) -> _Row:
    source, external_id, version = _entry_key(entry)
    plain = entry.to_dict()  # what it does not say is left out; reading it back gives the same
    return {
        "paper_id": paper_id,
        "source": source,
        "external_id": external_id,
        "version": version,
        "arxiv_id": entry.arxiv_id,
        "doi": entry.doi,
        "title_key": title_key(entry.title),
        "payload": {name: value for name, value in plain.items() if value or value == 0},
        "changed_at": seen_at,
    }


def _supersede(connection: Connection, left: Mapping[int, int]) -> None:
    """Let papers whose entries all went to another paper be found through that one."""
    for old, new in left.items():
        keeps_entries = exists().where(entries.c.paper_id == old)
        empty = (papers.c.paper_id == old) & ~keeps_entries
        if connection.execute(update(papers).where(empty).values(superseded_by=new)).rowcount:
            # Whatever was found through the old one, too.
            earlier = papers.c.superseded_by == old
            connection.execute(update(papers).where(earlier).values(superseded_by=new))


# ---------------------------------------------------------------- popularity


def _save_popularity(
    connection: Connection, changes: Sequence[PaperChange], ids: Sequence[int], seen_at: datetime
) -> None:
    """Add the readings that differ from the last one of the same paper and source."""
    readings: dict[tuple[int, str], _Counts] = {}
    for change, paper_id in zip(changes, ids, strict=True):
        for entry in (placement.entry for placement in change.placements):
            if (counts := (entry.upvotes, entry.comments)) != (None, None):
                key = paper_id, entry.source
                readings[key] = _highest(readings.get(key, (None, None)), counts)
    last = _last_readings(connection, {paper_id for paper_id, _ in readings}, seen_at)
    rows = [
        {"paper_id": key[0], "source": key[1], "read_at": seen_at,
         "upvotes": counts[0], "comments": counts[1]}
        for key, counts in readings.items()
        if counts != last.get(key)
    ]  # fmt: skip
    if rows:
        statement = insert(connection, popularity)
        told = {name: statement.excluded[name] for name in ("upvotes", "comments")}
        connection.execute(
            statement.on_conflict_do_update(index_elements=list(popularity.primary_key), set_=told),
            rows,
        )


def _last_readings(
    connection: Connection, ids: Iterable[int], seen_at: datetime
) -> dict[tuple[int, str], _Counts]:
    last: dict[tuple[int, str], _Counts] = {}
    for some in chunks(sorted(ids)):
        rows = connection.execute(
            select(popularity)
            .where(popularity.c.paper_id.in_(some), popularity.c.read_at <= seen_at)
            .order_by(popularity.c.read_at)
        )
        last.update({(row.paper_id, row.source): (row.upvotes, row.comments) for row in rows})
    return last


def _highest(one: _Counts, other: _Counts) -> _Counts:
    """Return the higher of each count, where several entries of one source tell it."""
    upvotes, comments = (
        max((count for count in pair if count is not None), default=None)
        for pair in zip(one, other, strict=True)
    )
    return upvotes, comments
