"""Vectors: embeddings of papers and of interests, made once for each text and model."""

import hashlib
from collections.abc import Iterable, Mapping

from sqlalchemy import delete, func, select

from digest.models import Paper
from digest.store.database import LEARNING, Database, chunks, insert
from digest.store.papers import Papers
from digest.store.schema import papers, text_vectors, vectors

# Papers that are looked at in one go for whether they have a vector.
_LOOKED_AT = 2_000


class Vectors:
    """The embeddings."""

    def __init__(self, database: Database, known: Papers) -> None:
        self._database = database
        self._papers = known

    def of(self, paper_ids: Iterable[int], model: str) -> dict[int, bytes]:
        """Return the vectors of papers, by number; those that have none are left out."""
        found: dict[int, bytes] = {}
        with self._database.reading() as connection:
            for some in chunks(sorted(set(paper_ids))):
                rows = connection.execute(
                    select(vectors.c.paper_id, vectors.c.vector).where(
                        vectors.c.model == model, vectors.c.paper_id.in_(some)
                    )
                )
                found.update((paper_id, vector) for paper_id, vector in rows)
        return found

    def newest(self, model: str, limit: int) -> dict[int, bytes]:
        """Return the vectors of the papers with the highest numbers, by number.

        Args:
            model: the embedder's name.
            limit: how many at most.
        """
        asked = select(vectors.c.paper_id, vectors.c.vector).where(vectors.c.model == model)
        with self._database.reading() as connection:
            rows = connection.execute(asked.order_by(vectors.c.paper_id.desc()).limit(limit))
            return {row.paper_id: row.vector for row in rows}

    def missing(self, model: str, limit: int) -> list[Paper]:
        """Return the newest papers whose vector is not there, or is of another text.

        Args:
            model: the embedder's name.
            limit: how many at most; only the newest 2,000 papers are looked at.
        """
        newest = papers.c.first_seen_at.desc(), papers.c.paper_id.desc()
        asked = (
            select(papers.c.paper_id, papers.c.title, papers.c.abstract, vectors.c.text_hash)
            .outerjoin(
                vectors, (vectors.c.paper_id == papers.c.paper_id) & (vectors.c.model == model)
            )
            .where(papers.c.superseded_by.is_(None))
            .order_by(*newest)
            .limit(_LOOKED_AT)
        )
        with self._database.reading() as connection:
            wanted = [
                paper_id
                for paper_id, title, abstract, known in connection.execute(asked)
                if known != _hash(text_of(title, abstract))
            ]
        return self._papers.by_ids(wanted[:limit])

    def save(self, model: str, made: Iterable[tuple[Paper, bytes]]) -> None:
        """Store vectors, over ones of an older text.

        Args:
            model: the embedder's name.
            made: each paper as it was embedded, with its vector.
        """
        rows = [
            {
                "paper_id": paper.paper_id,
                "model": model,
                "text_hash": _hash(text_of(paper.title, paper.abstract)),
                "vector": vector,
            }
            for paper, vector in made
        ]
        if not rows:
            return
        with self._database.writing() as connection:
            statement = insert(connection, vectors)
            told = {name: statement.excluded[name] for name in ("text_hash", "vector")}
            connection.execute(
                statement.on_conflict_do_update(
                    index_elements=list(vectors.primary_key), set_=told
                ),
                rows,
            )

    def replace(self, model: str, made: Mapping[int, bytes]) -> None:
        """Store vectors that were made all together, by paper number, for all those before."""
        rows = [
            {"paper_id": number, "model": model, "text_hash": "", "vector": vector}
            for number, vector in made.items()
        ]
        with self._database.writing() as connection:
            self._database.alone(connection, LEARNING)
            connection.execute(delete(vectors).where(vectors.c.model == model))
            if rows:
                connection.execute(insert(connection, vectors), rows)

    def of_texts(self, texts: Iterable[str], model: str) -> dict[str, bytes]:
        """Return the vectors of interests, by their texts; those that have none are left out."""
        by_hash = {_hash(text): text for text in texts}
        found: dict[str, bytes] = {}
        with self._database.reading() as connection:
            for some in chunks(sorted(by_hash)):
                rows = connection.execute(
                    select(text_vectors.c.text_hash, text_vectors.c.vector).where(
                        text_vectors.c.model == model, text_vectors.c.text_hash.in_(some)
                    )
                )
                found.update((by_hash[text_hash], vector) for text_hash, vector in rows)
        return found

    def save_texts(self, model: str, made: Iterable[tuple[str, bytes]]) -> None:
        """Store the vectors of interests, by their texts."""
        rows = [
            {"text_hash": _hash(text), "model": model, "vector": vector} for text, vector in made
        ]
        if rows:
            with self._database.writing() as connection:
                statement = insert(connection, text_vectors)
                connection.execute(statement.on_conflict_do_nothing(), rows)

    def keep_texts(self, texts: Iterable[str]) -> int:
        """Forget the vectors of all other texts, of any model; return how many there were."""
        kept = {_hash(text) for text in texts}
        with self._database.writing() as connection:
            known = set(connection.scalars(select(text_vectors.c.text_hash)))
            for some in chunks(sorted(known - kept)):
                connection.execute(delete(text_vectors).where(text_vectors.c.text_hash.in_(some)))
        return len(known - kept)

    def count(self, model: str) -> int:
        """Return how many papers have a vector of this model."""
        asked = select(func.count()).select_from(vectors).where(vectors.c.model == model)
        with self._database.reading() as connection:
            return connection.execute(asked).scalar_one()


def text_of(title: str, abstract: str) -> str:
    """Return what of a paper is embedded."""
    return f"{title}. {abstract}" if abstract else title


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
