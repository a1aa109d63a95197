"""Whether a mail costs the same for many subscribers as for few, and how much memory they take.

Usage: python benchmarks/growth.py [--subscribers 1000 10000 100000] [--mails 3000]
                                   [--papers 500] [--stored 2000] [--database sqlite|postgresql]

For each number of subscribers: plan all of them, then send by one `digest publish` process into
`smtp-sink`, until so many mails are out or all of them (--mails 0: always all); then it is
told to stop, as an operator would. A mail's cost is that of the process from its 250th mail on:
what comes before (the start, preparing the day's papers, the first shard's editions) is a column
of its own, and so is planning, which is one statement, by a process that does nothing else. Memory is the most that any of the
processes took. It needs Debian's postfix, and postgresql where that is asked for.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from installation import ENVIRONMENT, ROOT, Program, digest, fill, run, settings
from mailservers import Sink, free_port, sink

from digest.app import App
from digest.config import load

sys.path.insert(0, str(ROOT / "tests"))
from postgres import PostgresServer

FIRST = 250  # mails of the first shard


def planned() -> None:
    """Plan what is due in this folder's installation, in a process of its own."""
    app = App(load(Path("digest.toml"), ENVIRONMENT))
    app.publisher(collect=False).plan(edition_date=datetime.now(UTC).date())
    app.close()


def followed(program: Program, server: Sink, mails: int) -> tuple[float, float, int, float]:
    """Watch a program send, and stop it after so many mails.

    Returns:
        Seconds of processor until it has sent the first shard, from then on to the end, how many
        mails the latter are for, and how many seconds they took.
    """
    marks: list[tuple[float, int, float]] = []
    while program.look():
        if server.mails >= FIRST:
            marks.append((program.cpu(), server.mails, time.perf_counter()))
        if server.mails >= mails:
            program.stop()
            break
        time.sleep(0.02)
    program.ended(0, 1, 3)
    (early, some, begun), (late, all_of_them, ended) = marks[0], marks[-1]
    return early, late - early, all_of_them - some, ended - begun


@contextmanager
def database(kind: str) -> Iterator[Callable[[], str]]:
    """Yield what makes the URL of an empty database; empty: SQLite in the data folder."""
    if kind == "sqlite":
        yield lambda: ""
        return
    server = PostgresServer()
    try:
        yield lambda: server.url(server.database())
    finally:
        server.remove()


def measure(given: argparse.Namespace, subscribers: int, url: str) -> str:
    port, mails = free_port(), min(given.mails or subscribers, subscribers)
    with tempfile.TemporaryDirectory() as name, sink(port) as server:
        folder = Path(name)
        settings(folder, smtp=port, database=url)
        fill(folder, papers=given.papers, stored=given.stored, readers=subscribers)
        planning = run(folder, [sys.executable, __file__, "--plan"])
        sending = Program(folder, *digest("publish"))
        early, later, sent, seconds = followed(sending, server, mails)
        size = database_size(url) if url else folder_size(folder / "state")
    return (
        f"| {subscribers:,} | {planning.cpu:.1f} | {planning.wall:.1f} | {early:.1f} | {sent:,}"
        f" | {1000 * later / sent:.2f} | {sent / seconds:,.0f}"
        f" | {max(planning.mb, sending.mb):.0f} | {size / 2**20:.0f} |"
    )


def database_size(url: str) -> int:
    """Return the size of a database on PostgreSQL, in bytes."""
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    assert row
    return int(row[0])


def folder_size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--subscribers", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    options.add_argument("--mails", type=int, default=3_000)
    options.add_argument("--papers", type=int, default=500)
    options.add_argument("--stored", type=int, default=2_000)
    options.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    options.add_argument("--plan", action="store_true", help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.plan:
        planned()
        return
    print(f"{given.database}, {given.papers} new papers, {given.stored} older ones\n")
    print("| subscribers | plan, s of processor | plan, s | until the first shard is out, s of"
          " processor | mails after that | processor, ms a mail | mails a second"
          " | memory at most, MiB | database, MiB |\n|---|---|---|---|---|---|---|---|---|")  # fmt: skip
    with database(given.database) as make:
        for subscribers in given.subscribers:
            print(measure(given, subscribers, make()), flush=True)


if __name__ == "__main__":
    main()
