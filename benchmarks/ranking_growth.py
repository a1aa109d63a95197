"""What ranking costs by the number of papers and of readers, beside a linear SVM a reader.

Usage: python benchmarks/ranking_growth.py [--sizes 2000x100 2000x1000 30000x100 1000x100000]
                                           [--readers 1000] [--svm 5] [--background 6000]

Each size is new papers x readers. Digest: the papers are prepared once, with a background of
older ones, and each shard of 250 readers is looked at together; then each reader's papers are
judged and listed, as for editions. A reader has 12 example papers, 3 phrases, an author and a
category; papers are made up as in ranking_cost.py. Of so many readers at most (--readers) the
cost is measured, and of more it is scaled: each shard costs the same.

The reference is arxiv-sanity-lite's way, derived again in ranking_references.py: TF-IDF of words
and pairs for the same papers, and a linear SVM for each reader's example papers, measured for so
many readers (--svm) and scaled; it gives no reasons. Needs `pip install scikit-learn`, which is
not among the tools of the project (`make bench` sees to it).

Each line is a process of its own, with one thread for sums.
"""

import argparse
import json
import os
import pickle
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from ranking_cost import EXAMPLES, PHRASES, SUBJECTS, Writer, _reader

from digest import ranking
from digest.models import Paper

SHARD = 250
Seconds = tuple[float, float]  # once for all readers, and for each


def told(papers: Sequence[Paper], writer: Writer, reader: int) -> ranking.Wish:
    """Return what a reader wants; `papers` are those that he may like."""
    subject = reader % SUBJECTS
    rows = range(subject, len(papers), SUBJECTS)
    of_subject = [papers[row] for row in rows]
    start = reader // SUBJECTS % max(len(of_subject) - EXAMPLES, 1)
    liked = of_subject[start : start + EXAMPLES - 3]
    liked += [papers[(7 + reader * n) % len(papers)] for n in (1, 2, 3)]
    pairs = writer.pairs[subject]
    phrases = [pairs[(reader // SUBJECTS + n) % len(pairs)] for n in range(PHRASES)]
    liked = list({paper.paper_id: paper for paper in liked}.values())
    profile, examples = _reader(liked, phrases, papers[reader % len(papers)].authors[0])
    return ranking.Wish(profile, (), examples)


def ours(papers: Sequence[Paper], new: int, readers: int) -> Seconds:
    """Rank for so many readers; return seconds of processor."""
    writer = Writer(7)
    begun = time.process_time()
    prepared = ranking.prepare(papers[:new], papers[new:])
    once, each = time.process_time() - begun, 0.0
    for start in range(0, readers, SHARD):
        shard = range(start, min(start + SHARD, readers))
        wishes = [told(papers[new:], writer, reader) for reader in shard]
        begun = time.process_time()
        for wish, found in zip(wishes, ranking.match(prepared, wishes), strict=True):
            judgement = ranking.Judgement(
                prepared, wish.profile, examples=wish.examples, found=found
            )
            judgement.ranking()
        each += time.process_time() - begun
    return once, each / readers


def svm(papers: Sequence[Paper], new: int, readers: int) -> Seconds:
    """Do the same by a linear SVM for each of so many readers."""
    from ranking_references import sanity_classifier, sanity_vectors

    writer = Writer(7)
    place = {paper.paper_id: row for row, paper in enumerate(papers)}
    begun = time.process_time()
    vectors = sanity_vectors([f"{paper.title}. {paper.abstract}" for paper in papers])
    once = time.process_time() - begun
    wishes = [told(papers[new:], writer, reader) for reader in range(readers)]
    begun = time.process_time()
    for wish in wishes:
        wanted = np.zeros(len(papers))
        wanted[[place[paper.paper_id] for paper in wish.examples.values()]] = 1
        sanity_classifier().fit(vectors, wanted).decision_function(vectors[:new])
    return once, (time.process_time() - begun) / readers


# ---------------------------------------------------------------- the door


def apart(way: str, file: Path, new: int, readers: int) -> dict[str, float]:
    """Measure in a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__, "--way", way, str(file), str(new), str(readers)],
        check=True, stdout=subprocess.PIPE, env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )  # fmt: skip
    found: dict[str, float] = json.loads(done.stdout)
    return found


def measured(way: str, file: Path, new: int, readers: int) -> None:
    """Print what one way costs in this process."""
    with file.open("rb") as stored:
        papers = pickle.load(stored)
    once, each = {"ours": ours, "svm": svm}[way](papers, new, readers)
    print(json.dumps({"once": once, "each": each, "mb": most_memory()}))


def most_memory() -> float:
    """Return the most memory this process took, in MiB.

    `ru_maxrss` would count what the process had that started this one.
    """
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def compare(size: str, given: argparse.Namespace, folder: Path) -> None:
    """Print one line."""
    new, readers = map(int, size.split("x"))
    writer, file = Writer(7), folder / "papers"
    file.write_bytes(pickle.dumps([writer.paper(n) for n in range(new + given.background)]))
    some = min(readers, given.readers)
    found = apart("ours", file, new, some)
    other = apart("svm", file, new, given.svm)
    total = found["once"] + readers * found["each"]
    theirs = other["once"] + readers * other["each"]
    scaled = "" if some == readers else f" (of {some:,})"
    print(f"| {new:,} x {readers:,}{scaled} | {found['once']:.1f} | {1000 * found['each']:.1f}"
          f" | {total:,.1f} | {found['mb']:.0f} | {other['once']:.1f} | {1000 * other['each']:,.0f}"
          f" | {theirs:,.0f} | {other['mb']:.0f} | {total / theirs:.1%} |", flush=True)  # fmt: skip


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    sizes = ["2000x100", "2000x1000", "30000x100", "1000x100000"]
    options.add_argument("--sizes", nargs="+", default=sizes)
    options.add_argument("--readers", type=int, default=1_000)
    options.add_argument("--svm", type=int, default=5)
    options.add_argument("--background", type=int, default=6_000)
    options.add_argument("--way", nargs=4, help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.way:
        way, file, new, readers = given.way
        measured(way, Path(file), int(new), int(readers))
        return
    print("| new papers x readers | once, s | a reader, ms | in all, s | MiB | SVM: once, s"
          " | a reader, ms | in all, s | MiB | Digest / SVM |\n"
          "|---|---|---|---|---|---|---|---|---|---|")  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        for size in given.sizes:
            compare(size, given, Path(folder))


if __name__ == "__main__":
    main()
