"""Rank files: the ranker alone, on papers and people from elsewhere, to compare rankers.

::

    papers.jsonl      id, title, abstract; keywords, categories, date (each optional)
    candidates.jsonl  id; date (optional): the papers that are to be ordered
    users.jsonl       id, liked: [paper ids], keywords: [phrases]
    ranking.json      {user: [candidate ids, best first]}

It is the very ranker of editions: liked papers are example interests, keywords are phrases.
The papers that are no candidates are the background, at most the newest 6,000 of them.
"""

import json
import multiprocessing
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from digest import ranking
from digest.errors import UsageError
from digest.models import Interest, InterestKind, Paper, Profile
from digest.store import text_of
from digest.text import collapse, cut

BACKGROUND = 6_000
_SHARD = 16  # users who are looked at together; it bounds the memory
_TOGETHER = 64  # texts that are embedded at once
MAX_LINE = 1_000_000  # characters of a line; longer ones are left out
_TEXTS = ("title", "abstract", "keywords")
_KNOWN_PROBLEMS = 20  # told one by one
_MAX_TEXT = 20_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which part of a user's profile counts, and which part of a paper's text.

    Attributes:
        liked: how many of the liked papers, from the first; None: all; 0: none.
        keywords: whether the keywords count.
        text: of ``title``, ``abstract``, ``keywords``.
        top: how many papers are listed for a user.
    """

    liked: int | None = None
    keywords: bool = False
    text: tuple[str, ...] = ("title", "abstract")
    top: int = 500

    def interests_of(
        self, user: Mapping[str, Any], known: Collection[str]
    ) -> tuple[list[str], list[str]]:
        """Return the liked papers and the keywords of a user that count.

        Args:
            user: a line of the users' file.
            known: the papers that the task holds.
        """
        liked = [name for name in user["liked"] if name in known][: self.liked]
        words: list[str] = []
        if self.keywords or not liked:
            words = list(dict.fromkeys(filter(None, map(collapse, user["keywords"]))))
        return liked, words


@dataclass(frozen=True, slots=True)
class Embeddings:
    """The vectors of a task's papers by their ids, and of its keywords."""

    papers: Mapping[str, bytes]
    texts: Mapping[str, bytes]

    @classmethod
    def make(
        cls,
        task: "Task",
        wanted: Wanted,
        embed: Callable[[Sequence[str]], Sequence[bytes]],
        on_texts: Callable[[int], None] = lambda _: None,
    ) -> "Embeddings":
        """Embed all that a task speaks of.

        Args:
            task: the papers and the users.
            wanted: which part of the profiles counts.
            embed: turns texts into vectors.
            on_texts: called with the number of texts that are done.
        """
        named = [(name, text_of(p.title, p.abstract)) for name, p in task.papers.items()]
        words = [("", w) for user in task.users for w in wanted.interests_of(user, task.papers)[1]]
        texts = list(dict.fromkeys(text for _, text in (*named, *words)))
        # Texts of a length together: they are padded to the longest of a batch.
        texts.sort(key=len)
        made: dict[str, bytes] = {}
        for start in range(0, len(texts), _TOGETHER):
            some = texts[start : start + _TOGETHER]
            made.update(zip(some, embed(some), strict=True))
            on_texts(len(made))
        return cls(
            {name: made[text] for name, text in named}, {text: made[text] for _, text in words}
        )


@dataclass(frozen=True, slots=True)
class Task:
    """The files, read.

    Attributes:
        papers: by id; only candidates, background and liked ones.
        candidates: ids, in the file's order.
        users: each as its line told.
        problems: one line each on what was left out.
    """

    papers: Mapping[str, Paper]
    candidates: tuple[str, ...]
    users: tuple[dict[str, Any], ...]
    problems: tuple[str, ...]


def read_task(papers: Path, candidates: Path, users: Path, wanted: Wanted) -> Task:
    """Read the files of a task; a line that cannot be used costs only itself.

    Papers that are neither candidate nor liked nor in the background are not kept, so that
    a file may be larger than the memory.

    Raises:
        UsageError: a file cannot be read, or holds nothing of use.
    """
    problems: list[str] = []
    people = list(_people(users, problems))
    dates = {str(row["id"]): row.get("date") for _, row in _rows(candidates, problems)}
    if not people or not dates:
        raise UsageError(f"{candidates if people else users} holds no line with an id")
    liked = {name for row in people for name in row["liked"]}
    others = _background(papers, dates, problems)
    kept = dates.keys() | liked | others
    found: dict[str, Paper] = {}
    for number, row in _rows(papers, []):
        name = str(row["id"])
        if name in kept and name not in found:
            found[name] = _paper(number, row, wanted.text, dates.get(name) or row.get("date"))
    if not dates.keys() & found.keys():
        raise UsageError(f"{papers} holds none of the papers that {candidates} names")
    problems += _missing(dates, found, f"candidates that {papers.name} does not hold")
    problems += _missing(liked, found, f"liked papers that {papers.name} does not hold")
    return Task(
        found, tuple(name for name in dates if name in found), tuple(people), tuple(problems)
    )


def rank_task(
    task: Task,
    wanted: Wanted,
    *,
    embeddings: Embeddings | None = None,
    jobs: int = 1,
    on_user: Callable[[], None] = lambda: None,
) -> dict[str, list[str]]:
    """Return for each user the ids of the candidates, best first.

    Args:
        task: what `read_task` returned.
        wanted: which part of the profiles counts, and how many papers are listed.
        embeddings: of the papers and keywords; None: without.
        jobs: processes that share the users.
        on_user: called for each user that is done.
    """
    chosen = set(task.candidates)
    others = [paper for name, paper in task.papers.items() if name not in chosen]
    background = _background_of(others)
    far = {paper.paper_id for paper in background}
    known = embeddings.papers.items() if embeddings else ()
    vectors = {task.papers[name].paper_id: vector for name, vector in known}
    likes = [wanted.interests_of(user, task.papers)[0] for user in task.users]
    factors = ranking.learn_factors([[task.papers[n].paper_id for n in one] for one in likes])
    taught = [p for p in others if p.paper_id in factors and p.paper_id not in far]
    prepared = ranking.prepare(
        [task.papers[name] for name in task.candidates],
        background,
        vectors=vectors,
        factors=factors,
        taught=_spaced(taught, ranking.TAUGHT),
    )
    work = _Work(prepared, task, wanted, embeddings or Embeddings({}, {}))
    shards = [task.users[start : start + _SHARD] for start in range(0, len(task.users), _SHARD)]
    if jobs == 1 or len(task.users) < 2 * jobs or not _can_fork():
        return dict(_counted(map(work.of, shards), on_user))
    _SHARED.append(work)
    try:
        with multiprocessing.get_context("fork").Pool(jobs) as pool:
            return dict(_counted(pool.imap(_of, shards), on_user))
    finally:
        _SHARED.pop()


def _background_of(papers: Sequence[Paper]) -> Sequence[Paper]:
    """Return the newest papers; without dates, some that are evenly spaced."""
    if all(paper.published_at is None for paper in papers):
        return _spaced(papers, BACKGROUND)
    newest = sorted(papers, key=lambda paper: paper.published_at or _NEVER, reverse=True)
    return newest[:BACKGROUND]


@dataclass(frozen=True)
class _Work:
    """What all users share."""

    prepared: ranking.Candidates
    task: Task
    wanted: Wanted
    embeddings: Embeddings

    def of(self, users: Sequence[dict[str, Any]]) -> list[tuple[str, list[str]]]:
        """Return some users' ids and rankings; they are looked at together, as a shard is."""
        wishes = [self._wish(user) for user in users]
        matches = ranking.match(self.prepared, wishes)
        ranked = []
        for user, wish, found in zip(users, wishes, matches, strict=True):
            judgement = ranking.Judgement(
                self.prepared, wish.profile, examples=wish.examples, below_bar=True, found=found
            )
            best = ranking.best_first(judgement.ranking(), self.wanted.top)
            ranked.append((str(user["id"]), [self._names[s.paper.paper_id] for s in best]))
        return ranked

    def _wish(self, user: dict[str, Any]) -> ranking.Wish:
        liked, words = self.wanted.interests_of(user, self.task.papers)
        interests = [Interest(InterestKind.EXAMPLE, name) for name in liked]
        interests += [Interest(InterestKind.PHRASE, word) for word in words]
        told = [(name, self.embeddings.papers.get(name)) for name in liked]
        told += [(word, self.embeddings.texts.get(word)) for word in words]
        return ranking.Wish(
            Profile(interests=tuple(interests)),
            (),
            {name: self.task.papers[name] for name in liked},
            {name: vector for name, vector in told if vector},
        )

    @cached_property
    def _names(self) -> dict[int, str]:
        return {self.task.papers[name].paper_id: name for name in self.task.candidates}


# What a forked process finds in the memory it shares; too large to be sent to it.
_SHARED: list[_Work] = []


def _of(users: Sequence[dict[str, Any]]) -> list[tuple[str, list[str]]]:
    return _SHARED[-1].of(users)


def _can_fork() -> bool:
    return "fork" in multiprocessing.get_all_start_methods()


def _counted(
    done: Iterable[list[tuple[str, list[str]]]], on_user: Callable[[], None]
) -> Iterator[tuple[str, list[str]]]:
    for shard in done:
        for one in shard:
            on_user()
            yield one


# ---------------------------------------------------------------- reading

_NEVER = datetime.min.replace(tzinfo=UTC)


def _rows(path: Path, problems: list[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the objects of a file with their line numbers; note the lines that hold none.

    Raises:
        UsageError: the file cannot be read.
    """
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            for number, text in enumerate(file, 1):
                row = _row(text)
                if row is not None:
                    yield number, row
                elif text.strip():
                    problems.append(f"{path.name}:{number}: no JSON object with an id; left out")
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error


def _row(text: str) -> dict[str, Any] | None:
    if len(text) > MAX_LINE or not text.strip():
        return None
    try:
        row = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) and isinstance(row.get("id"), str | int) else None


def _people(users: Path, problems: list[str]) -> Iterator[dict[str, Any]]:
    """Yield the users' lines, their lists in one form."""
    for number, row in _rows(users, problems):
        for name in ("liked", "keywords"):
            told = row.get(name)
            if told is not None and not isinstance(told, list):
                problems.append(f"{users.name}:{number}: {name} is no list; left out")
            row[name] = [str(one) for one in told] if isinstance(told, list) else []
        yield row


_Any = TypeVar("_Any")


def _spaced(every: Sequence[_Any], most: int) -> Sequence[_Any]:
    """Return at most so many, evenly spaced."""
    if len(every) <= most:
        return every
    return [every[place * len(every) // most] for place in range(most)]


def _background(path: Path, dates: Collection[str], problems: list[str]) -> set[str]:
    """Return the ids of the newest papers that are no candidates; without dates, of all."""
    dated = [
        (str(row.get("date") or ""), str(row["id"]))
        for _, row in _rows(path, problems)
        if str(row["id"]) not in dates
    ]
    if not any(day for day, _ in dated):
        return {name for _, name in _spaced(dated, BACKGROUND)}
    dated.sort(reverse=True)
    return {name for _, name in dated[:BACKGROUND]}


def _paper(number: int, row: dict[str, Any], text: Sequence[str], day: object) -> Paper:
    told = {name: row.get(name) for name in _TEXTS}
    keywords = told["keywords"]
    said = [
        str(told["abstract"] or "") if "abstract" in text else "",
        ". ".join(map(str, keywords)) if "keywords" in text and isinstance(keywords, list) else "",
    ]
    categories = row.get("categories")
    paper = Paper(
        paper_id=number,
        title=collapse(str(told["title"] or "")) if "title" in text else "",
        abstract=cut(collapse(". ".join(filter(None, said))), _MAX_TEXT),
        categories=tuple(map(str, categories)) if isinstance(categories, list) else (),
    )
    return replace(paper, published_at=_instant(day))


def _instant(day: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(day)[:10]).replace(tzinfo=UTC) if day else None
    except ValueError:
        return None


def _missing(names: Iterable[str], found: Collection[str], what: str) -> list[str]:
    missing = [name for name in names if name not in found]
    if not missing:
        return []
    shown = ", ".join(missing[:3]) + (", …" if len(missing) > 3 else "")
    return [f"{len(missing)} {what} ({shown}); left out"]
