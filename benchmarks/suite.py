"""The benchmark suite: ``make bench``. Prints the tables of docs/benchmarks.md.

    python benchmarks/suite.py [--full] [--only WORD]

Usual sizes take a quarter of an hour on two quiet cores; --full takes the sizes of the tables in
docs/benchmarks.md. --only runs the parts whose name holds a word. Each part is a script of its
own, whose --help says what is measured, and how.
"""

import argparse
import os
import platform
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

# Name, script with its usual options, and the options that --full adds.
PARTS = [
    ("Start-up", "startup.py", ""),
    ("Collecting one large feed", "collect.py --rounds 5", "--rounds 9"),
    ("Collecting many feeds", "feeds.py", ""),
    ("Ranking, a day part by part", "ranking_cost.py", ""),
    ("Ranking by papers and readers", "ranking_growth.py --readers 500 --svm 2",
     "--readers 1000 --svm 5"),
    ("Where the time of a mail goes", "stages.py", ""),
    ("Sending", "sending.py --subscribers 2000", "--subscribers 10000"),
    ("Growth", "growth.py --mails 1500", "--mails 5000"),
    ("Growth on PostgreSQL", "growth.py --mails 1500 --database postgresql --subscribers 10000",
     "--mails 5000 --subscribers 10000 100000"),
    ("Scaling out", "scale.py --subscribers 20000 --mails 2000", "--subscribers 100000 --mails 5000"),
    ("A simulated million", "", "scale.py --subscribers 1000000 --workers 2 --mails 5000"),
]  # fmt: skip


def machine() -> str:
    """Say in one line what it is measured on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    load = os.getloadavg()[0]
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {memory:.0f} GiB,"
        f" Python {platform.python_version()}, {platform.system()} {platform.machine()};"
        f" load when it began: {load:.1f}"
    )


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--full", action="store_true")
    options.add_argument("--only", default="")
    given = options.parse_args()
    print(machine())
    failed = []
    for name, usual, more in PARTS:
        command = f"{usual} {more if given.full else ''}".split()
        if not command or given.only.lower() not in name.lower():
            continue
        print(f"\n## {name}\n\n`python benchmarks/{' '.join(command)}`\n", flush=True)
        begun = time.perf_counter()
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
        script = Path(__file__).parent / command[0]
        ended = subprocess.run([sys.executable, script, *command[1:]], env=environment, check=False)
        print(f"\n{time.perf_counter() - begun:.0f} s", flush=True)
        failed += [name] if ended.returncode else []
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
