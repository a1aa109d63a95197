"""Whether each capture of a real feed gives exactly the entries that it holds.

Usage: python benchmarks/captures.py FOLDER

FOLDER holds captures with a MANIFEST.md, a table of file, size and expected count, which was
counted by other means than ours. For each file: its source, what is expected, and what came:
so many entries, or the words by which it was refused. Exit code 1 if any count differs.
"""

import re
import sys
from datetime import UTC, datetime
from pathlib import Path

from digest.errors import ParseError
from digest.sources import SOURCES
from digest.sources.base import Feed, Response

# The folders of a collection of captures, and the source that reads them.
SOURCE_OF = {
    "arxiv_api": "arxiv",
    "arxiv_oai": "arxiv",
    "arxiv_rss": "arxiv",
    "biorxiv": "biorxiv",
    "encodings": "generic",
    "hardening": "arxiv",
    "hf_daily": "huggingface",
    "journals": "generic",
    "other_feeds": "generic",
    "wordpress": "arxivjp",
}
# Hardening files of another origin.
NOT_ARXIV = {"hf_archive_python_repr_strings_2024-12-17.json": "huggingface"}
ROW = re.compile(r"\| (\S+/\S+) \| \d+ \| ([^|]+) \|")
COUNT = re.compile(r"(\d+) ")


def main() -> int:
    folder = Path(sys.argv[1])
    rows = ROW.findall((folder / "MANIFEST.md").read_text(encoding="utf-8"))
    wrong = checked = 0
    print("| capture | source | expected | read |\n|---|---|---|---|")
    for name, told in rows:
        path = folder / name
        source = NOT_ARXIV.get(path.name) or SOURCE_OF.get(path.parent.name)
        if source is None:
            continue
        found, fits = read(path, source, told)
        checked += 1
        wrong += not fits
        print(f"| {name} | {source} | {told[:48].strip()} | {'' if fits else 'WRONG: '}{found} |")
    print(f"\n{checked} captures, {wrong} with another count")
    return int(wrong > 0)


def read(path: Path, source: str, told: str) -> tuple[str, bool]:
    """Return what came of a capture in words, and whether it is what was told to come."""
    counted = COUNT.match(told)
    expected = int(counted[1]) if counted else 0
    body = path.read_bytes()
    response = Response(str(path), body, received_at=datetime(2026, 11, 18, tzinfo=UTC))
    try:
        page = SOURCES[source].parse(response, Feed(path.name, source, str(path)))
    except ParseError as error:
        said = str(error).replace(f"{path}: ", "").replace(str(path), path.name)
        # An error in the form of an entry is an entry to whoever only counts.
        is_error = "refused" in told or "http400" in path.name
        return f"refused: {said}", is_error or (counted is not None and expected == 0)
    left_out = [problem for problem in page.problems if problem.startswith("item ")]
    words = f"{len(page.entries)} entries"
    if left_out:
        words += f", {len(left_out)} left out ({left_out[0]})"
    if counted is None:  # a damaged file: told what is wrong with it, not how much is in it
        others = [p for p in page.problems if p not in left_out]
        return "; ".join((words, *others)), bool(page.entries)
    usable = re.search(r"\((\d+) usable", told)
    return words, len(page.entries) + len(left_out) == expected or (
        usable is not None and len(page.entries) == int(usable[1])
    )


if __name__ == "__main__":
    sys.exit(main())
