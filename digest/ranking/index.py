"""The day's papers found by author, category, topic and identity."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from digest.models import Paper, Topic
from digest.ranking.names import Name
from digest.text import fold, parse_arxiv_id, parse_doi, title_key


@dataclass(frozen=True, slots=True)
class Index:
    """Rows of the candidates by what is known of them.

    Attributes:
        by_last_name: row, name as written, name parsed.
        by_category: rows by folded category ("cs.lg") and archive ("cs").
        topics: row, folded path, topic.
        by_identity: rows by ``id:``, ``arxiv:``, ``doi:`` and ``title:``.
    """

    by_last_name: dict[str, list[tuple[int, str, Name]]]
    by_category: dict[str, list[int]]
    topics: list[tuple[int, tuple[str, ...], Topic]]
    by_identity: dict[str, list[int]]

    @classmethod
    def of(cls, papers: Sequence[Paper]) -> "Index":
        """Index papers by their place in a list."""
        index = cls(defaultdict(list), defaultdict(list), [], defaultdict(list))
        for row, paper in enumerate(papers):
            for author in paper.authors:
                name = Name.parse(author)
                index.by_last_name[name.last].append((row, author, name))
            names = {c.casefold() for c in paper.categories}
            for category in names | {name.partition(".")[0] for name in names}:
                index.by_category[category].append(row)
            index.topics.extend((row, _path(topic.path), topic) for topic in paper.topics)
            for identity in _identities(paper):
                index.by_identity[identity].append(row)
        return index

    def authored(self, author: str) -> dict[int, tuple[float, str]]:
        """Return the rows an author may have written: how sure that is, and the name found."""
        wanted = Name.parse(author)
        rows: dict[int, tuple[float, str]] = {}
        for row, written, name in self.by_last_name.get(wanted.last, ()):
            sure = wanted.match(name)
            if sure > rows.get(row, (0.0, ""))[0]:
                rows[row] = (sure, written)
        return rows

    def in_category(self, category: str) -> list[int]:
        """Return the rows in a category ("cs.LG") or in an archive ("cs", "cs.*")."""
        return self.by_category.get(category.strip().casefold().removesuffix(".*"), [])

    def about(self, topic: str) -> dict[int, Topic]:
        """Return the rows with a topic that a path, or a part of one, names; the surest each."""
        parts = _path(topic.split(">"))
        rows: dict[int, Topic] = {}
        for row, path, found in self.topics:
            if _contains(path, parts) and (
                row not in rows or found.confidence > rows[row].confidence
            ):
                rows[row] = found
        return rows

    def named(self, value: str, paper: Paper | None) -> set[int]:
        """Return the rows of the paper that an example names by id, link or title."""
        identities = [*_identities(paper)] if paper else []
        arxiv, doi = parse_arxiv_id(value), parse_doi(value)
        if arxiv:
            identities.append(f"arxiv:{arxiv[0]}")
        elif doi:
            identities.append(f"doi:{doi}")
        elif key := title_key(value):
            identities.append(f"title:{key}")
        return {row for name in identities for row in self.by_identity.get(name, ())}


def _identities(paper: Paper) -> list[str]:
    return [
        f"{kind}:{value}"
        for kind, value in (
            ("id", paper.paper_id),
            ("arxiv", paper.arxiv_id),
            ("doi", paper.doi),
            ("title", title_key(paper.title)),
        )
        if value
    ]


def _path(parts: Sequence[str]) -> tuple[str, ...]:
    return tuple(name for part in parts if (name := fold(part)))


def _contains(path: tuple[str, ...], parts: tuple[str, ...]) -> bool:
    n = len(parts)
    return n > 0 and any(path[i : i + n] == parts for i in range(len(path) - n + 1))
