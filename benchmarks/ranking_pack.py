"""Run the ranker on an evaluation pack and print its figures beside the pack's own baseline.

Usage: python benchmarks/ranking_pack.py PACK TASK [--profile liked|liked:K|keywords]
           [--out ranking.json] [--baseline] [--tags]

PACK holds scorer.py and a folder TASK with papers.jsonl, users.jsonl and candidates.jsonl.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from digest.models import Interest, InterestKind, Paper, Profile
from digest.ranking import Candidates, best_first, prepare, rank

BACKGROUND = 6_000


def rows(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]


def as_paper(number: int, row: dict[str, Any], *, tags: bool) -> Paper:
    words = ". ".join(row.get("keywords", ())) if tags else ""
    return Paper(
        paper_id=number,
        title=row["title"],
        abstract=f"{row['abstract']} {words}".strip(),
        categories=tuple(row.get("categories", ())),
    )


def as_profile(user: dict[str, Any], kind: str) -> Profile:
    if kind == "keywords":
        wanted = [Interest(InterestKind.PHRASE, keyword) for keyword in user["keywords"]]
    else:
        _, _, first = kind.partition(":")
        liked = user["liked"][: int(first)] if first else user["liked"]
        wanted = [Interest(InterestKind.EXAMPLE, paper) for paper in liked]
    return Profile(interests=tuple(wanted))


def load(task: Path, *, tags: bool) -> tuple[Candidates, dict[int, str], dict[str, Paper]]:
    """Return the prepared candidates, the pack's id of each, and all papers by that id."""
    named = {
        row["id"]: as_paper(number, row, tags=tags)
        for number, row in enumerate(rows(task / "papers.jsonl"), start=1)
    }
    wanted = [row["id"] for row in rows(task / "candidates.jsonl")]
    others = [paper for name, paper in named.items() if name not in set(wanted)]
    step = max(1, -(-len(others) // BACKGROUND))
    prepared = prepare([named[name] for name in wanted], others[::step])
    return prepared, {named[name].paper_id: name for name in wanted}, named


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("pack", type=Path)
    parser.add_argument("task")
    parser.add_argument("--profile", default="liked", help="liked, liked:K or keywords")
    parser.add_argument("--out", type=Path, default=Path("ranking.json"))
    parser.add_argument("--baseline", action="store_true", help="run the pack's baseline too")
    parser.add_argument(
        "--tags", action="store_true", help="add the papers' keywords to their text"
    )
    options = parser.parse_args()
    task = options.pack / options.task
    start = time.perf_counter()
    prepared, names, papers = load(task, tags=options.tags)
    print(f"prepared in {time.perf_counter() - start:.1f} s")
    scored = {row["user"] for row in rows(task / "truth.jsonl")}
    users = [user for user in rows(task / "users.jsonl") if user["id"] in scored]
    start = time.perf_counter()
    rankings = {}
    for user in users:
        profile = as_profile(user, options.profile)
        ranked = best_first(rank(prepared, profile, examples=papers, below_bar=True))
        rankings[user["id"]] = [names[s.paper.paper_id] for s in ranked]
    seconds = time.perf_counter() - start
    print(
        f"ranked {len(users)} profiles in {seconds:.1f} s, {1000 * seconds / len(users):.1f} ms each"
    )
    options.out.write_text(json.dumps(rankings), encoding="utf-8")
    print(f"digest, {options.profile}:")
    score(options.pack, task, options.out)
    if options.baseline:
        out = options.out.with_suffix(".baseline.json")
        flags = ["--tags"] * options.tags
        kind, _, first = options.profile.partition(":")
        flags += ["--keywords"] if kind == "keywords" else ["--k", first] * bool(first)
        run(options.pack / "baseline_tfidf.py", task, out, *flags)
        print(f"baseline, {options.profile}:")
        score(options.pack, task, out)


def score(pack: Path, task: Path, ranking: Path) -> None:
    run(pack / "scorer.py", task, ranking)


def run(script: Path, *arguments: Path | str) -> None:
    sys.stdout.flush()
    subprocess.run([sys.executable, script, *arguments], check=True)


if __name__ == "__main__":
    main()
