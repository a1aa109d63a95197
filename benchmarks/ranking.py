"""How well the ranker orders papers that nobody has seen, beside the simplest ranker.

Usage: python benchmarks/ranking.py PACK [TASK ...] [--profiles liked liked:1 liked:5 keywords]

PACK holds a folder for each task, in the form that `digest rank` reads, with a truth.jsonl; and
two programs: scorer.py, which gives the figures, and baseline_tfidf.py, the reference: the
centroid of the profile's papers by TF-IDF. Both see the same files in the same run; so the ratio
of their figures is the result. What is printed is a table in Markdown. The reference needs
`pip install scikit-learn`, which is not among the tools of the project.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from digest.pipeline.evaluation import Wanted, rank_task, read_task

# The figure that counts, by task; of a loss, less is better.
FIGURES = {"arxiv": "day_ndcg@10", "citeulike": "recall@20", "experts": "loss"}


def wanted(profile: str) -> Wanted:
    """Return what of a profile counts; lists are not cut, so that each day's is whole."""
    kind, _, first = profile.partition(":")
    if kind == "keywords":
        return Wanted(liked=0, keywords=True, top=10**6)
    return Wanted(liked=int(first) if first else None, top=10**6)


def figures(pack: Path, task: Path, ranking: Path) -> dict[str, float]:
    told = subprocess.run(
        [sys.executable, pack / "scorer.py", task, ranking, "--json"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return json.loads(told)


def baseline(pack: Path, task: Path, profile: str, out: Path) -> None:
    kind, _, first = profile.partition(":")
    flags = ["--keywords"] if kind == "keywords" else ["--k", first] if first else []
    subprocess.run(
        [sys.executable, pack / "baseline_tfidf.py", task, out, *flags],
        check=True,
        capture_output=True,
    )


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("pack", type=Path)
    options.add_argument("tasks", nargs="*", default=list(FIGURES))
    options.add_argument(
        "--profiles", nargs="+", default=["liked", "liked:1", "liked:5", "keywords"]
    )
    options.add_argument("--jobs", type=int, default=2)
    given = options.parse_args()
    print("| task, figure | profile | centroid | digest | ratio | seconds |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        mine, other = Path(folder) / "mine.json", Path(folder) / "other.json"
        for name in given.tasks:
            home = given.pack / name
            files = [home / f"{part}.jsonl" for part in ("papers", "candidates", "users")]
            figure = FIGURES[name]
            truth = (home / "truth.jsonl").read_text(encoding="utf-8").splitlines()
            scored = {json.loads(line)["user"] for line in truth}
            for profile in given.profiles:
                started = time.perf_counter()
                what = wanted(profile)
                ranked = rank_task(read_task(*files, what), what, jobs=given.jobs)
                seconds = time.perf_counter() - started
                mine.write_text(json.dumps({u: ranked[u] for u in scored & ranked.keys()}))
                baseline(given.pack, home, profile, other)
                ours, theirs = (figures(given.pack, home, r)[figure] for r in (mine, other))
                print(
                    f"| {name}, {figure} | {profile} | {theirs:.3f} | {ours:.3f}"
                    f" | {ours / theirs:.2f} | {seconds:.0f} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
