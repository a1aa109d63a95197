"""How long one waits for the command line: `digest --help`, and `digest preview` on a full store.

Usage: python benchmarks/startup.py [--papers 500] [--stored 9500] [--rounds 7]

Medians of so many rounds, from the start of the process to its end. References: Python alone,
and Python with the libraries that a preview cannot do without.
"""

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

from installation import Cost, digest, fill, run, settings
from ranking_cost import Writer

LIBRARIES = "import jinja2, numpy, pydantic, scipy.sparse, sqlalchemy, typer"


def median(costs: list[Cost]) -> Cost:
    return Cost(
        statistics.median(cost.wall for cost in costs),
        statistics.median(cost.cpu for cost in costs),
        max(cost.mb for cost in costs),
    )


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--papers", type=int, default=500)
    options.add_argument("--stored", type=int, default=9_500)
    options.add_argument("--rounds", type=int, default=7)
    given = options.parse_args()
    phrase = Writer(7).pairs[3][0]
    commands = {
        "reference: `python -c pass`": [sys.executable, "-c", "pass"],
        "reference: Python with its libraries imported": [sys.executable, "-c", LIBRARIES],
        "`digest --help`": digest("--help"),
        f"`digest preview`, {given.papers:,} new papers of {given.papers + given.stored:,}": digest(
            "preview", "--phrase", phrase, "--format", "html", "--out", "preview.html"
        ),
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings(folder)
        fill(folder, papers=given.papers, stored=given.stored, readers=0)
        print("| what | seconds | processor, s | memory, MiB |\n|---|---|---|---|")
        for what, command in commands.items():
            found = median([run(folder, command) for _ in range(given.rounds)])
            print(f"| {what} | {found.wall:.2f} | {found.cpu:.2f} | {found.mb:.0f} |", flush=True)


if __name__ == "__main__":
    main()
