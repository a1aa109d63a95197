"""How well the ranker orders papers that nobody has seen, beside what others order them by.

Usage: python benchmarks/ranking.py PACK [TASK ...] [--profiles liked liked:1 liked:5 keywords]

PACK holds a folder for each task, in the form that `digest rank` reads, with a truth.jsonl; and
scorer.py, which gives the figures. The references (ranking_references.py) are computed in the
same run from the same texts. Intervals hold 95 % of 2,000 samples of readers with replacement;
the difference is taken on the same samples, to the reference that did best. What is printed is a
table in Markdown. Needs `pip install scikit-learn`, which is not among the tools of the project.
"""

import argparse
import importlib.util
import os
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np
from numpy.typing import NDArray
from ranking_references import References, Wish

from digest.embedding import EmbeddingOptions, open_embedder
from digest.pipeline.evaluation import Embeddings, Task, Wanted, rank_task, read_task

# The figure that counts, by task; of a loss, less is better.
FIGURES = {"arxiv": "day_ndcg@10", "citeulike": "recall@20", "experts": "loss"}
SAMPLES = 2_000

Lists = Mapping[str, Sequence[str]]
Pairs = NDArray[np.float64]  # a row a reader: a sum, and what it is divided by


# ---------------------------------------------------------------- figures


class Scorer:
    """A task's figure, reader by reader, by the functions of PACK's scorer.py.

    Args:
        pack: the folder with scorer.py.
        name: the task.
    """

    def __init__(self, pack: Path, name: str) -> None:
        self._told = _module(pack / "scorer.py")
        home = pack / name
        self.figure = FIGURES[name]
        self._truth = self._told.jsonl(home / "truth.jsonl")
        rows = self._told.jsonl(home / "candidates.jsonl")
        self._day = {row["id"]: row.get("date") for row in rows}
        self.readers = [row["user"] for row in self._truth]
        self.less_is_better = self.figure == "loss"

    def pairs(self, lists: Lists) -> Pairs:
        """Return for each reader a sum and its divisor; the sums' ratio is the figure."""
        return np.array([self._pair(row, lists.get(row["user"], [])) for row in self._truth])

    def _pair(self, row: Mapping[str, object], ranked: Sequence[str]) -> tuple[float, float]:
        if self.less_is_better:
            lost, total = self._told.pair_loss(ranked, row["relevant"])
            return lost, total
        left_out, relevant = set(row.get("exclude", ())), set(row["relevant"])
        ranked = [paper for paper in ranked if paper not in left_out]
        if not self.figure.startswith("day_"):
            return self._told.score_list(ranked, relevant)[self.figure], 1.0
        measure = self.figure.removeprefix("day_")
        days = {self._day[paper] for paper in relevant}
        found = [self._on(day, ranked, relevant)[measure] for day in sorted(days)]
        return sum(found), len(found)

    def _on(self, day: str, ranked: Sequence[str], relevant: set[str]) -> Mapping[str, float]:
        those = [paper for paper in ranked if self._day[paper] == day]
        return self._told.score_list(those, {p for p in relevant if self._day[p] == day})


def _module(path: Path) -> ModuleType:
    told = importlib.util.spec_from_file_location("scorer", path)
    assert told is not None
    assert told.loader is not None
    module = importlib.util.module_from_spec(told)
    told.loader.exec_module(module)
    return module


def figure(pairs: Pairs) -> float:
    total = pairs.sum(axis=0)
    return float(total[0] / total[1])


def interval(mine: Pairs, other: Pairs | None = None) -> tuple[float, float]:
    """Return between what the figure, or its difference to another, lies in 95 % of samples."""
    chance = np.random.default_rng(1)
    n = len(mine)
    told = []
    for _ in range(SAMPLES):
        some = chance.integers(0, n, n)
        less = figure(other[some]) if other is not None else 0.0
        told.append(figure(mine[some]) - less)
    low, high = np.quantile(told, (0.025, 0.975))
    return float(low), float(high)


# ---------------------------------------------------------------- lists


def wanted(profile: str, top: int) -> Wanted:
    """Return what of a profile counts."""
    kind, _, first = profile.partition(":")
    if kind == "keywords":
        return Wanted(liked=0, keywords=True, top=top)
    return Wanted(liked=int(first) if first else None, top=top)


def listed(
    task: Task, what: Wanted, ranker: Callable[[Wish], NDArray[np.float64] | None]
) -> dict[str, list[str]]:
    """Return a reference's lists; empty: it can make nothing of such profiles."""
    lists = {}
    for user in task.users:
        scores = ranker(Wish(*what.interests_of(user, task.papers)))
        if scores is None:
            return {}
        best = np.argsort(-scores, kind="stable")[: what.top]
        lists[str(user["id"])] = [task.candidates[row] for row in best.tolist()]
    return lists


def only(task: Task, readers: set[str]) -> Task:
    users = tuple(user for user in task.users if str(user["id"]) in readers)
    return Task(task.papers, task.candidates, users, task.problems)


@dataclass(frozen=True)
class Result:
    """What one profile of one task came to.

    Attributes:
        digest: a row a reader; others: the same by reference, empty: it has no list.
        sampled: how many readers the SVM was tried with.
        seconds: of Digest, vectors of texts not counted.
    """

    digest: Pairs
    others: Mapping[str, Pairs]
    sampled: NDArray[np.int64]
    seconds: float


def measure(scorer: Scorer, task: Task, what: Wanted, options: argparse.Namespace) -> Result:
    made = None
    if options.embeddings:
        embedder = open_embedder(EmbeddingOptions("minilm", options.folder), os.environ)
        assert embedder is not None
        made = Embeddings.make(task, what, embedder.embed)
    started = time.perf_counter()
    mine = scorer.pairs(rank_task(task, what, embeddings=made, jobs=options.jobs))
    seconds = time.perf_counter() - started
    chosen = random.Random(0).sample(
        range(len(scorer.readers)), min(options.svm_readers, len(scorer.readers))
    )
    sampled = np.array(sorted(chosen))
    some = only(task, {scorer.readers[row] for row in chosen})
    others = {}
    for name, ranker in References(task, made).rankers().items():
        lists = listed(some if name == "SVM" else task, what, ranker)
        pairs = scorer.pairs(lists) if lists else np.empty((0, 2))
        others[name] = pairs[sampled] if lists and name == "SVM" else pairs
    return Result(mine, others, sampled, seconds)


# ---------------------------------------------------------------- the table


def row(scorer: Scorer, told: Result, names: Sequence[str]) -> list[str]:
    """Return the cells of one line, from the references on."""
    cells = []
    best, best_name = None, ""
    for name in names:
        pairs = told.others.get(name, np.empty((0, 2)))
        if not len(pairs):
            cells.append("—")
            continue
        cells.append(f"{figure(pairs):.3f}")
        of_all = len(pairs) == len(told.digest)
        # A figure of some readers is compared with that of the same readers.
        same = told.digest if of_all else told.digest[told.sampled]
        ahead = (figure(same) - figure(pairs)) * (-1 if scorer.less_is_better else 1)
        if not of_all:
            cells[-1] += f" ({len(pairs)} readers; Digest {figure(same):.3f})"
        if best is None or ahead < best:
            best, best_name, best_pairs, best_same = ahead, name, pairs, same
    low, high = interval(told.digest)
    cells.append(f"**{figure(told.digest):.3f}** ({low:.3f} to {high:.3f})")
    low, high = interval(best_same, best_pairs)
    difference = figure(best_same) - figure(best_pairs)
    cells.append(f"{difference:+.3f} ({low:+.3f} to {high:+.3f}), {best_name}")
    return [*cells, f"{told.seconds:.0f}"]


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("pack", type=Path)
    options.add_argument("tasks", nargs="*", default=list(FIGURES))
    options.add_argument(
        "--profiles", nargs="+", default=["liked", "liked:1", "liked:5", "keywords"]
    )
    options.add_argument("--top", type=int, default=500, help="papers that are listed at most")
    options.add_argument("--embeddings", action="store_true", help="with all-MiniLM-L6-v2")
    options.add_argument("--folder", type=Path, help="of its weights; otherwise looked for")
    options.add_argument("--svm-readers", type=int, default=400, help="at most, taken by chance")
    options.add_argument("--jobs", type=int, default=2)
    given = options.parse_args()
    names = ["centroid", "stemmed", "BM25", "mean"]
    names += ["mean, MiniLM"] if given.embeddings else []
    names.append("SVM")
    heads = ["task, figure", "profile", *names, "Digest", "Digest − best reference", "seconds"]
    print(f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}", flush=True)
    for name in given.tasks:
        scorer = Scorer(given.pack, name)
        files = [given.pack / name / f"{p}.jsonl" for p in ("papers", "candidates", "users")]
        for profile in given.profiles:
            what = wanted(profile, given.top)
            task = only(read_task(*files, what), set(scorer.readers))
            cells = row(scorer, measure(scorer, task, what, given), names)
            print(f"| {name}, {scorer.figure} | {profile} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
