"""What ranking costs: seconds of processor and of clock, and the most memory, part by part.

Usage: python benchmarks/ranking_cost.py [--texts TASK] [--parts day refit many svm]

day    prepare 400 candidates and 6,000 papers of the background; judge, list, compose and
       explain for 100 readers with 12 example papers, 3 phrases, an author and a category each
refit  judge for one reader after an answer: 20 example papers, the day is prepared
many   the least that 10,000 profiles can cost on 1,000 papers:
       a product of their vectors of 300 terms with these papers, the best 50 kept
svm    the reference: TF-IDF of words and pairs, and a LinearSVC for each of 20 readers on the
       day's papers; extrapolated to 100. Needs `pip install scikit-learn`, which is not among
       the tools of the project.

The papers are made up: words by Zipf's law with pairs that come back, some of them a subject's
own, about 160 words an abstract. TASK is a folder in the form that `digest rank` reads; then
its newest papers, and its readers' liked papers and keywords, are taken in their place. Each
part runs in a process of its own, so that its memory is its own.
"""

import argparse
import json
import random
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from scipy import sparse

from digest import composing, ranking
from digest.models import Interest, InterestKind, Paper, Profile

NOW = datetime(2026, 11, 20, 6, tzinfo=UTC)
PARTS = ("day", "refit", "many", "svm")
CANDIDATES, BACKGROUND, READERS = 400, 6_000, 100
EXAMPLES, PHRASES, ANSWERED = 12, 3, 20
SUBJECTS = 80
_WORDS, _OWN, _PAIRS, _ABSTRACT = 60_000, 300, 120, 160
_LETTERS = ("bcdfghklmnprstvz", "aeiou")
_GRAMMAR = "the of and in a to we for that is on with this by as are our from model method show"
_ENDINGS = ("", "", "", "s", "ing", "ed", "ation", "al")


@dataclass(frozen=True)
class World:
    """Papers and readers.

    Attributes:
        papers: newest first.
        readers: what each wants, with the papers that the profile names as examples.
    """

    papers: Sequence[Paper]
    readers: Sequence[tuple[Profile, Mapping[str, Paper]]]


# ---------------------------------------------------------------- made-up papers


class Writer:
    """Writes papers of made-up words, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self.chance = np.random.default_rng(seed)
        plain = random.Random(seed)
        self.grammar = _GRAMMAR.split()
        stems = {self._stem(plain) for _ in range(2 * _WORDS)}
        self.words = sorted(stems)[:_WORDS]
        plain.shuffle(self.words)
        ranks = 1 / np.arange(10, _WORDS + 10)
        self.shares = np.cumsum(ranks / ranks.sum())
        own = self.chance.integers(500, _WORDS, (SUBJECTS, _OWN))
        self.subjects = [[self.words[place] for place in row] for row in own]
        self.pairs = [
            [f"{words[2 * n]} {words[2 * n + 1]}" for n in range(_PAIRS)] for words in self.subjects
        ]

    def _stem(self, plain: random.Random) -> str:
        syllables = (plain.choice(_LETTERS[0]) + plain.choice(_LETTERS[1]) for _ in range(3))
        return "".join(syllables) + plain.choice(_LETTERS[0])

    def _zipf(self, number: int) -> list[str]:
        places = np.searchsorted(self.shares, self.chance.random(number))
        return [self.words[min(int(place), _WORDS - 1)] for place in places]

    def text(self, subject: int, length: int) -> str:
        """Return so many words: two fifths grammar, then the subject's, its pairs, any."""
        kinds = self.chance.random(length)
        rare = self._zipf(length)
        told = []
        for place, kind in enumerate(kinds.tolist()):
            if kind < 0.4:
                told.append(self.grammar[int(kind * 1e4) % len(self.grammar)])
            elif kind < 0.55:
                told.append(self._one(self.subjects[subject]) + _ENDINGS[int(kind * 1e4) % 8])
            elif kind < 0.62:
                told.append(self._one(self.pairs[subject]))
            else:
                told.append(rare[place] + _ENDINGS[int(kind * 1e4) % 8])
            if kind * 1e3 % 1 < 0.08:
                told[-1] += "." if kind * 1e5 % 1 < 0.5 else ","
        return " ".join(told)

    def _one(self, of: Sequence[str]) -> str:
        return of[int(len(of) * self.chance.random() ** 2)]

    def paper(self, number: int) -> Paper:
        subject = number % SUBJECTS
        return Paper(
            paper_id=number + 1,
            title=self.text(subject, 9),
            abstract=self.text(subject, _ABSTRACT),
            authors=tuple(f"{self._one(self.words)} {self._one(self.words)}" for _ in range(4)),
            categories=(f"cs.{chr(65 + subject % 12)}X", "cs.LG")[: 1 + number % 2],
            published_at=NOW - timedelta(minutes=number),
        )


def made_up(papers: int, readers: int, examples: int) -> World:
    """Return papers of as many subjects, and readers who want one or two of these."""
    writer = Writer(7)
    told = [writer.paper(number) for number in range(papers)]
    old = told[CANDIDATES:]
    people = []
    for reader in range(readers):
        subject = reader % SUBJECTS
        same = [paper for paper in old if (paper.paper_id - 1) % SUBJECTS == subject]
        other = [paper for paper in old if (paper.paper_id - 1) % SUBJECTS == (subject + 7) % 80]
        liked = [*same[reader % 5 :: 3][: examples - 3], *other[:3]]
        phrases = writer.pairs[subject][:PHRASES]
        people.append(_reader(liked, phrases, told[reader].authors[0]))
    return World(told, people)


def _reader(
    liked: Sequence[Paper], phrases: Sequence[str], author: str
) -> tuple[Profile, Mapping[str, Paper]]:
    examples = {f"example paper {paper.paper_id}": paper for paper in liked}
    wanted = [Interest(InterestKind.EXAMPLE, name) for name in examples]
    wanted += [Interest(InterestKind.PHRASE, phrase) for phrase in phrases]
    wanted.append(Interest(InterestKind.AUTHOR, author))
    wanted += [Interest(InterestKind.CATEGORY, liked[0].categories[0])]
    return Profile(interests=tuple(wanted)), examples


# ---------------------------------------------------------------- a task's papers


def of_task(folder: Path, papers: int, readers: int, examples: int) -> World:
    """Return a task's newest papers, and its readers who like enough papers."""
    rows = [json.loads(line) for line in (folder / "papers.jsonl").open(encoding="utf-8")]
    rows.sort(key=lambda row: (str(row.get("date")), row["id"]), reverse=True)
    known = {row["id"]: _told(number, row) for number, row in enumerate(rows, 1)}
    people = []
    for line in (folder / "users.jsonl").open(encoding="utf-8"):
        user = json.loads(line)
        liked = [known[name] for name in user["liked"] if name in known][:examples]
        if len(liked) >= min(examples, 12) and liked[0].categories:
            phrases = [*user["keywords"]][:PHRASES]
            people.append(_reader(liked, phrases, f"{'XYZ'[len(people) % 3]}. Wang"))
    return World(list(known.values())[:papers], people[:readers])


def _told(number: int, row: Mapping[str, object]) -> Paper:
    categories = row.get("categories")
    return Paper(
        paper_id=number,
        title=str(row["title"]),
        abstract=str(row["abstract"]),
        categories=tuple(map(str, categories)) if isinstance(categories, list) else ("cs",),
        published_at=NOW - timedelta(minutes=number),
    )


# ---------------------------------------------------------------- parts

Row = tuple[str, float, float]  # what, seconds of processor, seconds of clock


@contextmanager
def measured(rows: list[Row], what: str) -> Iterator[None]:
    cpu, wall = time.process_time(), time.perf_counter()
    yield
    rows.append((what, time.process_time() - cpu, time.perf_counter() - wall))


def day(world: World) -> list[Row]:
    """Measure a day: prepare, look at all readers together, list, compose, give reasons."""
    rows: list[Row] = []
    with measured(rows, "day: in all"):
        with measured(rows, "day: prepare"):
            prepared = ranking.prepare(*newest(world))
        with measured(rows, f"day: match {len(world.readers)} readers together"):
            wishes = [ranking.Wish(profile, (), known) for profile, known in world.readers]
            matches = ranking.match(prepared, wishes)
        with measured(rows, f"day: judge for {len(wishes)}"):
            done = [
                (w.profile, ranking.Judgement(prepared, w.profile, examples=w.examples, found=m))
                for w, m in zip(wishes, matches, strict=True)
            ]
        with measured(rows, f"day: list for {len(done)}"):
            listed = [judgement.ranking() for _, judgement in done]
        with measured(rows, f"day: compose {len(done)} editions"):
            editions = [
                composing.compose(
                    found,
                    profile,
                    edition_date=NOW.date(),
                    composed_at=NOW,
                    nearness=prepared.nearness(),
                )
                for found, (profile, _) in zip(listed, done, strict=True)
            ]
        with measured(rows, "day: reasons"):
            told = [
                scored
                for edition, (_, judgement) in zip(editions, done, strict=True)
                for section in edition.sections
                for scored in judgement.explained(section.papers)
            ]
    assert all(edition.sections for edition in editions), "somebody got an empty edition"
    assert all(scored.reasons for scored in told), "a paper came without reasons"
    return [rows[-1], *rows[:-1]]


def newest(world: World) -> tuple[Sequence[Paper], Sequence[Paper]]:
    """Return the day's candidates and their background."""
    return world.papers[:CANDIDATES], world.papers[CANDIDATES : CANDIDATES + BACKGROUND]


def refit(world: World) -> list[Row]:
    """Measure the ranking of one reader with many examples; the median of some readers."""
    prepared = ranking.prepare(*newest(world))
    each: list[Row] = []
    for profile, examples in world.readers[:21]:
        liked = tuple(i for i in profile.interests if i.kind is InterestKind.EXAMPLE)
        with measured(each, ""):
            ranking.Judgement(prepared, Profile(interests=liked), examples=examples).ranking()
    later = each[1:]  # the first one makes what is made once a day
    middle = [statistics.median(row[place] for row in later) for place in (1, 2)]
    return [(f"refit: {ANSWERED} examples, order only", middle[0], middle[1])]


def many(world: World) -> list[Row]:
    """Measure the plain product of many profiles with many papers: the least a day can cost."""
    rows: list[Row] = []
    prepared = ranking.prepare(world.papers[:1_000], world.papers[1_000:4_000])
    profiles = _vectors(prepared.matrix, 10_000, 300)
    with measured(rows, "many: reference, 10,000 x 300 terms by 1,000 papers"):
        columns = prepared.matrix.T.tocsr()
        for start in range(0, profiles.shape[0], 1_000):
            found = (profiles[start : start + 1_000] @ columns).toarray()
            np.argpartition(-found, 50, axis=1)[:, :50]
    return rows


def _vectors(matrix: sparse.csr_matrix, number: int, terms: int) -> sparse.csr_matrix:
    """Return so many profiles: the strongest terms of some papers together."""
    chance = np.random.default_rng(3)
    data, columns = [], []
    for _ in range(number):
        total = matrix[chance.integers(0, matrix.shape[0], 4)].sum(axis=0).A1
        best = np.argpartition(-total, terms)[:terms].copy()  # the rest need not be kept
        data.append(total[best])
        columns.append(best)
    ends = np.arange(0, number * terms + 1, terms)
    shape = number, matrix.shape[1]
    return sparse.csr_matrix((np.concatenate(data), np.concatenate(columns), ends), shape)


def svm(world: World) -> list[Row]:
    """Measure a linear SVM a reader, as arxiv-sanity-lite has it, on the day's papers."""
    from ranking_references import sanity_classifier, sanity_vectors

    rows: list[Row] = []
    papers = world.papers[: CANDIDATES + BACKGROUND]
    place = {paper.paper_id: row for row, paper in enumerate(papers)}
    with measured(rows, "svm: TF-IDF of the papers"):
        vectors = sanity_vectors([f"{paper.title}. {paper.abstract}" for paper in papers])
    some = world.readers[:20]
    with measured(rows, f"svm: {len(some)} readers"):
        for _, examples in some:
            wanted = np.zeros(len(papers))
            wanted[[place[p.paper_id] for p in examples.values() if p.paper_id in place]] = 1
            sanity_classifier().fit(vectors, wanted).decision_function(vectors[:CANDIDATES])
    (_, *made), (_, *told) = rows
    hundred = [once + 100 / len(some) * each for once, each in zip(made, told, strict=True)]
    return [*rows, ("svm: 100 readers, extrapolated", hundred[0], hundred[1])]


# ---------------------------------------------------------------- the door


def part(name: str, texts: Path | None) -> dict[str, object]:
    """Return what a part cost, with the most memory that this process took."""
    examples = ANSWERED if name == "refit" else EXAMPLES
    papers = CANDIDATES + BACKGROUND
    world = (
        of_task(texts, papers, READERS, examples) if texts else made_up(papers, READERS, examples)
    )
    rows = {"day": day, "refit": refit, "many": many, "svm": svm}[name](world)
    return {"rows": rows, "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--texts", type=Path, metavar="TASK")
    options.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    options.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.part:
        print(json.dumps(part(given.part, given.texts)))
        return
    print("| what | processor, s | clock, s | memory at most, MB |\n|---|---|---|---|")
    for name in given.parts:
        command = [sys.executable, __file__, "--part", name]
        command += ["--texts", str(given.texts)] if given.texts else []
        told = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        for what, cpu, wall in told["rows"]:
            print(f"| {what} | {cpu:.3f} | {wall:.3f} | {told['mb']:.0f} |", flush=True)


if __name__ == "__main__":
    main()
