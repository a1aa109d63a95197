"""Editions: stored before anything of them is sent, and read back as they were."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, func, select, update

from digest.models import DeliveryState, Edition, FeedHealth, Interest, Paper, ScoredPaper, Section
from digest.store.columns import Encoded
from digest.store.database import Database, chunks, insert, to_json
from digest.store.papers import papers_by_id
from digest.store.quick import Prepared, Quick
from digest.store.schema import deliveries, edition_papers, editions, papers
from digest.store.serial import (
    health_from_json,
    health_to_json,
    interest_from_json,
    interest_to_json,
    reasons_from_json,
    reasons_to_json,
    remarks_from_json,
    remarks_to_json,
)

# What a subscriber has, or will have: these papers are not to come again.
_HAD = (
    DeliveryState.QUEUED,
    DeliveryState.TRANSMITTING,
    DeliveryState.DEFERRED,
    DeliveryState.SENT,
)

# Deliveries of which more may become: their editions are not deleted.
_UNCERTAIN = (
    DeliveryState.QUEUED,
    DeliveryState.TRANSMITTING,
    DeliveryState.DEFERRED,
    DeliveryState.UNKNOWN,
)
_AT_ONCE = 500  # editions that are deleted in one transaction

# Made once: to make them takes longer than to run them.
_OLDEST = (
    select(editions.c.edition_id, editions.c.composed_at)
    .where(editions.c.edition_id > bindparam("after"))
    .order_by(editions.c.edition_id)
    .limit(bindparam("most"))
)
_BY_ID = select(editions).where(editions.c.edition_id.in_(bindparam("ids", expanding=True)))
_PLACED = (
    select(edition_papers)
    .where(edition_papers.c.edition_id.in_(bindparam("ids", expanding=True)))
    .order_by(edition_papers.c.edition_id, edition_papers.c.position)
)
_DATES = (
    select(editions.c.edition_date, editions.c.edition_id)
    .where(editions.c.subscriber_id == bindparam("who"))
    .order_by(editions.c.edition_date.desc())
)
_KNOWN = Prepared(
    lambda _: select(editions.c.edition_id).where(
        editions.c.subscriber_id == bindparam("who"), editions.c.edition_date == bindparam("day")
    )
)
_INSERT = Prepared(
    lambda dialect: (
        insert(dialect, editions)
        .values({c.name: bindparam(c.name) for c in editions.c if not c.primary_key})
        .on_conflict_do_nothing(index_elements=[editions.c.subscriber_id, editions.c.edition_date])
        .returning(editions.c.edition_id)
    )
)
_PLACE = Prepared(lambda _: edition_papers.insert())


@dataclass(frozen=True, slots=True)
class History:
    """What a subscriber was sent.

    Attributes:
        sent_papers: numbers of the papers.
        cut: when the newest edition was composed, silent ones included; None: never.
    """

    sent_papers: frozenset[int] = frozenset()
    cut: datetime | None = None


class Editions:
    """The editions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def edition(self, edition_id: int) -> Edition | None:
        """Return the edition with this number, its papers as they are known now."""
        return self.by_ids([edition_id]).get(edition_id)

    def by_ids(self, ids: Iterable[int]) -> dict[int, Edition]:
        """Return editions by number; unknown ones are left out."""
        found: dict[int, Edition] = {}
        with self._database.reading() as connection:
            for some in chunks(sorted(set(ids))):
                found |= _read(connection, some)
        return found

    def dates(self, subscriber_id: int) -> dict[date, int]:
        """Return a subscriber's edition numbers by day, newest first."""
        with self._database.reading() as connection:
            return dict(connection.execute(_DATES, {"who": subscriber_id}).all())

    def with_paper(self, subscriber_id: int, paper_id: int) -> list[tuple[date, int]]:
        """Return day and number of a subscriber's editions that hold a paper, newest first."""
        standing = func.coalesce(papers.c.superseded_by, papers.c.paper_id)
        asked = (
            select(editions.c.edition_date, editions.c.edition_id)
            .distinct()
            .join(edition_papers, edition_papers.c.edition_id == editions.c.edition_id)
            .join(papers, papers.c.paper_id == edition_papers.c.paper_id)
            .where(editions.c.subscriber_id == subscriber_id, standing == paper_id)
            .order_by(editions.c.edition_date.desc())
        )
        with self._database.reading() as connection:
            return [(day, number) for day, number in connection.execute(asked)]

    def history(
        self,
        subscriber_ids: Iterable[int],
        *,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> dict[int, History]:
        """Return what each of these subscribers was sent, or is about to be.

        Papers of editions whose delivery is unknown, failed or expired do not count: they may
        come again.

        Args:
            subscriber_ids: of whom.
            since: leave out papers of editions composed before; a year of a shard's papers
                is a million rows.
            until: leave out papers of editions composed at this instant or later, so that a
                past edition is looked at as it was; None: none of them.
        """
        ids = sorted(set(subscriber_ids))
        sent: dict[int, set[int]] = defaultdict(set)
        cuts: dict[int, datetime] = {}
        with self._database.reading() as connection:
            for some in chunks(ids):
                for subscriber_id, paper_id in _sent_papers(connection, some, since, until):
                    sent[subscriber_id].add(paper_id)
                cuts.update(_cuts(connection, some))
        return {i: History(frozenset(sent.get(i, ())), cuts.get(i)) for i in ids}

    def received(
        self, subscriber_ids: Iterable[int], paper_ids: Iterable[int]
    ) -> dict[int, dict[int, datetime]]:
        """Return which of these papers each subscriber was sent, and when last, however long ago."""
        ids, wanted = sorted(set(subscriber_ids)), sorted(set(paper_ids))
        found: dict[int, dict[int, datetime]] = {number: {} for number in ids}
        with self._database.reading() as connection:
            for some in chunks(ids):
                for few in chunks(wanted):
                    for who, paper_id, at in _received(connection, some, few):
                        found[who][paper_id] = at
        return found

    def forget(self, before: datetime, most: int) -> int:
        """Delete the oldest editions composed before an instant; return how many.

        Their deliveries stay, without an edition. What may still be sent, or was perhaps not
        received, stays whole.

        Args:
            before: the instant.
            most: about how many at most.
        """
        count = after = 0
        while count < most:
            with self._database.writing() as connection:
                # Their numbers are given in the order of time: what is recent is not looked at.
                rows = connection.execute(_OLDEST, {"after": after, "most": _AT_ONCE}).all()
                old = [row.edition_id for row in rows if row.composed_at < before]
                gone = _without_open(connection, old)
                these = deliveries.c.edition_id.in_(gone)
                connection.execute(update(deliveries).where(these).values(edition_id=None))
                connection.execute(delete(editions).where(editions.c.edition_id.in_(gone)))
            count += len(gone)
            if not rows or len(old) < len(rows):
                break
            after = old[-1]
        return count


def _without_open(connection: Connection, ids: Sequence[int]) -> list[int]:
    """Return those of some editions whose deliveries have all come to a certain end."""
    open_ = select(deliveries.c.edition_id).where(
        deliveries.c.edition_id.in_(ids), deliveries.c.state.in_(_UNCERTAIN)
    )
    return sorted(set(ids).difference(connection.scalars(open_)))


def _received(
    connection: Connection, ids: Sequence[int], paper_ids: Sequence[int]
) -> Iterable[tuple[int, int, datetime]]:
    standing = func.coalesce(papers.c.superseded_by, papers.c.paper_id)
    asked = (
        select(deliveries.c.subscriber_id, standing, func.max(editions.c.composed_at))
        .join(editions, editions.c.edition_id == deliveries.c.edition_id)
        .join(edition_papers, edition_papers.c.edition_id == editions.c.edition_id)
        .join(papers, papers.c.paper_id == edition_papers.c.paper_id)
        .where(
            deliveries.c.subscriber_id.in_(ids),
            deliveries.c.state.in_(_HAD),
            standing.in_(paper_ids),
        )
        .group_by(deliveries.c.subscriber_id, standing)
    )
    return ((who, paper_id, at) for who, paper_id, at in connection.execute(asked))


def insert_edition(quick: Quick, subscriber_id: int, edition: Edition) -> tuple[int, bool]:
    """Store an edition within a transaction.

    One that is there already, of this subscriber and day, stays as it is: editions are
    unchangeable.

    Returns:
        Its number, and whether it was added.
    """
    added = quick.number(_INSERT, _edition_row(subscriber_id, edition))
    if added is None:
        known = quick.number(_KNOWN, {"who": subscriber_id, "day": edition.edition_date})
        assert known is not None
        return known, False
    quick.run_each(_PLACE, _paper_rows(added, edition))
    return added, True


def _edition_row(subscriber_id: int, edition: Edition) -> dict[str, Any]:
    return {
        "subscriber_id": subscriber_id,
        "edition_date": edition.edition_date,
        "composed_at": edition.composed_at,
        "name": edition.name,
        "language": edition.language,
        "sections": [
            [s.title, interest_to_json(s.interest), *(["updates"] if s.updates else [])]
            for s in edition.sections
        ],
        "candidates": edition.candidates,
        "silence": edition.silence,
        "health": _health_text(edition.health),
        "remarks": remarks_to_json(edition.remarks),
    }


def _paper_rows(edition_id: int, edition: Edition) -> list[dict[str, Any]]:
    placed = (
        (number, scored)
        for number, section in enumerate(edition.sections)
        for scored in section.papers
    )
    return [
        {
            "edition_id": edition_id,
            "position": position,
            "paper_id": scored.paper.paper_id,
            "section": number,
            "score": float(scored.score),
            "interest": scored.interest and _interest_text(scored.interest),
            "reasons": reasons_to_json(scored.reasons),
        }
        for position, (number, scored) in enumerate(placed)
    ]


@lru_cache(maxsize=4_096)  # most papers of an edition were chosen for a few interests
def _interest_text(interest: Interest) -> Encoded:
    return Encoded(to_json(interest_to_json(interest)))


@lru_cache(maxsize=16)  # it is the same in all editions of a run
def _health_text(health: tuple[FeedHealth, ...]) -> Encoded:
    return Encoded(to_json(health_to_json(health)))


def _read(connection: Connection, ids: Sequence[int]) -> dict[int, Edition]:
    placed = connection.execute(_PLACED, {"ids": ids}).all()
    known = papers_by_id(connection, {row.paper_id for row in placed}, superseded=True)
    sections: dict[tuple[int, int], list[ScoredPaper]] = defaultdict(list)
    for row in placed:
        sections[row.edition_id, row.section].append(_scored(row, known))
    rows = connection.execute(_BY_ID, {"ids": ids})
    return {row.edition_id: _edition(row, sections) for row in rows}


def _scored(row: Row[*tuple[Any, ...]], known: Mapping[int, Paper]) -> ScoredPaper:
    return ScoredPaper(
        paper=known[row.paper_id],
        score=row.score,
        interest=interest_from_json(row.interest),
        reasons=reasons_from_json(row.reasons),
    )


def _edition(
    row: Row[*tuple[Any, ...]], sections: Mapping[tuple[int, int], Sequence[ScoredPaper]]
) -> Edition:
    return Edition(
        edition_date=row.edition_date,
        composed_at=row.composed_at,
        name=row.name,
        language=row.language,
        sections=tuple(
            Section(
                title,
                interest_from_json(interest),
                tuple(sections.get((row.edition_id, i), ())),
                updates=bool(kind),
            )
            for i, (title, interest, *kind) in enumerate(row.sections)
        ),
        candidates=row.candidates,
        silence=row.silence,
        health=health_from_json(row.health),
        remarks=remarks_from_json(row.remarks),
    )


def _sent_papers(
    connection: Connection, ids: Sequence[int], since: datetime | None, until: datetime | None
) -> Iterable[tuple[int, int]]:
    standing = func.coalesce(papers.c.superseded_by, papers.c.paper_id)
    asked = (
        select(deliveries.c.subscriber_id, standing)
        .join(editions, editions.c.edition_id == deliveries.c.edition_id)
        .join(edition_papers, edition_papers.c.edition_id == editions.c.edition_id)
        .join(papers, papers.c.paper_id == edition_papers.c.paper_id)
        .where(deliveries.c.subscriber_id.in_(ids), deliveries.c.state.in_(_HAD))
    )
    if since is not None:
        asked = asked.where(editions.c.composed_at >= since)
    if until is not None:
        asked = asked.where(editions.c.composed_at < until)
    return ((subscriber_id, paper_id) for subscriber_id, paper_id in connection.execute(asked))


def _cuts(connection: Connection, ids: Sequence[int]) -> dict[int, datetime]:
    counted = deliveries.c.state.in_((*_HAD, DeliveryState.SILENT))
    asked = (
        select(deliveries.c.subscriber_id, func.max(editions.c.composed_at))
        .join(editions, editions.c.edition_id == deliveries.c.edition_id)
        .where(deliveries.c.subscriber_id.in_(ids), counted)
        .group_by(deliveries.c.subscriber_id)
    )
    return dict(connection.execute(asked).all())
