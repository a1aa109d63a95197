"""Answers: what subscribers said of papers. The ranker learns from them; forgetting is exact.

An answer on a paper that was merged into another one counts for that one.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, func, select

from digest.models import Answer, AnswerKind
from digest.store.database import Database, chunks, insert
from digest.store.schema import answers, papers

# An answer takes back the one it contradicts.
_OPPOSITE = {AnswerKind.MORE: AnswerKind.LESS, AnswerKind.LESS: AnswerKind.MORE}


class Answers:
    """The answers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, subscriber_id: int, paper_id: int, kind: AnswerKind, now: datetime) -> None:
        """Store an answer; the same one again only renews its instant.

        Args:
            subscriber_id: who answered; must be known.
            paper_id: on which paper; must be known.
            kind: what was said. `more` takes back `less`, and the other way round.
            now: when.
        """
        row = {
            "subscriber_id": subscriber_id,
            "paper_id": paper_id,
            "kind": kind.value,
            "answered_at": now,
        }
        with self._database.writing() as connection:
            if opposite := _OPPOSITE.get(kind):
                _forget(connection, subscriber_id, paper_id, opposite)
            statement = insert(connection, answers).values(row)
            connection.execute(
                statement.on_conflict_do_update(
                    index_elements=list(answers.primary_key),
                    set_={"answered_at": statement.excluded.answered_at},
                )
            )

    def forget(
        self, subscriber_id: int, paper_id: int | None = None, kind: AnswerKind | None = None
    ) -> int:
        """Delete a subscriber's answers; return how many there were.

        Args:
            subscriber_id: whose.
            paper_id: only those on this paper, or on one merged into it.
            kind: only those of this kind.
        """
        with self._database.writing() as connection:
            return _forget(connection, subscriber_id, paper_id, kind)

    def of(self, subscriber_ids: Iterable[int]) -> dict[int, tuple[Answer, ...]]:
        """Return the answers of each of these subscribers, oldest first; none: not there."""
        found: dict[int, list[Answer]] = defaultdict(list)
        with self._database.reading() as connection:
            for some in chunks(sorted(set(subscriber_ids))):
                for subscriber_id, answer in _read(connection, some):
                    found[subscriber_id].append(answer)
        return {subscriber_id: tuple(told) for subscriber_id, told in found.items()}

    def count(self) -> tuple[int, int]:
        """Return how many answers there are, and of how many subscribers."""
        asked = select(func.count(), func.count(func.distinct(answers.c.subscriber_id)))
        with self._database.reading() as connection:
            total, people = connection.execute(asked.select_from(answers)).one()
        return total, people


# Made once: to make it takes longer than to run it.
_STANDING = func.coalesce(papers.c.superseded_by, papers.c.paper_id)
_OF = (
    select(answers.c.subscriber_id, _STANDING, answers.c.kind, answers.c.answered_at)
    .join(papers, papers.c.paper_id == answers.c.paper_id)
    .where(answers.c.subscriber_id.in_(bindparam("ids", expanding=True)))
    .order_by(answers.c.answered_at, answers.c.paper_id, answers.c.kind)
)


def _read(connection: Connection, ids: Sequence[int]) -> Iterable[tuple[int, Answer]]:
    rows = connection.execute(_OF, {"ids": ids})
    for subscriber_id, paper_id, kind, answered_at in rows:
        yield subscriber_id, Answer(paper_id, AnswerKind(kind), answered_at)


def _forget(
    connection: Connection, subscriber_id: int, paper_id: int | None, kind: AnswerKind | None
) -> int:
    unwanted = answers.c.subscriber_id == subscriber_id
    if paper_id is not None:
        merged = select(papers.c.paper_id).where(papers.c.superseded_by == paper_id)
        unwanted &= (answers.c.paper_id == paper_id) | answers.c.paper_id.in_(merged)
    if kind is not None:
        unwanted &= answers.c.kind == kind.value
    return connection.execute(delete(answers).where(unwanted)).rowcount
