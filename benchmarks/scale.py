"""Scaling out: many subscribers on PostgreSQL, and so many worker processes.

Usage: python benchmarks/scale.py [--subscribers 100000] [--workers 1 2 4] [--mails 3000]
                                  [--papers 500] [--stored 2000]

A PostgreSQL server of its own, which does not wait for the disk; `engine = "cluster"`. One
`digest tick` plans all subscribers and hands their shards out; `digest worker` processes claim,
rank, compose, render and send them into `smtp-sink` over two connections each, until so many
mails are out (--mails 0: all of them), and are then told to stop. Each number of workers begins
with a copy of the same database. Rates and processor time are those of the second half of the
mails, when all workers have prepared their papers. Beyond 100,000 subscribers profiles come back, in
other shards: what a shard costs stays the same.

Below the table stands what all of them would take by these figures. It needs Debian's postfix
and postgresql, and research-digest[cluster].
"""

import argparse
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from growth import database_size
from installation import ROOT, Cost, Program, digest, fill, run, settings
from mailservers import Sink, free_port, sink

sys.path.insert(0, str(ROOT / "tests"))
from postgres import PostgresServer

DISTINCT = 100_000
COPY = """
INSERT INTO subscribers (address, address_key, state, profile, timezone, send_minute, weekdays,
                         created_at, state_at)
SELECT n || address, n || address_key, state, profile, timezone, send_minute, weekdays,
       created_at, state_at
FROM generate_series(1, %s) AS n, subscribers
"""


@dataclass(frozen=True)
class Try:
    """What so many workers did.

    Attributes:
        planning: what the tick cost; planned: by how many bytes it let the database grow.
        mails: how many went out in all.
        rate: mails a second; ms: of the workers' processor a mail; server_ms: of PostgreSQL's.
        mb: the most memory that a worker took, in MiB.
        grown: bytes by which the database grew a mail while workers were at work.
    """

    planning: Cost
    planned: int
    mails: int
    rate: float
    ms: float
    server_ms: float
    mb: float
    grown: float


def filled(server: PostgresServer, folder: Path, given: argparse.Namespace) -> str:
    """Make a database with all papers and subscribers; return its name."""
    name = server.database()
    settings(folder, database=server.url(name))
    distinct = min(DISTINCT, given.subscribers)
    fill(folder, papers=given.papers, stored=given.stored, readers=distinct)
    with psycopg.connect(address(server, name), autocommit=True) as connection:
        if given.subscribers > distinct:
            connection.execute(COPY, (given.subscribers // distinct - 1,))
        connection.execute("VACUUM ANALYZE")  # as PostgreSQL does by itself, a little later
    return name


def address(server: PostgresServer, name: str) -> str:
    return server.url(name).replace("+psycopg", "")


def attempt(server: PostgresServer, folder: Path, url: str, workers: int, mails: int) -> Try:
    """Plan all, and have so many workers send so many mails."""
    port = free_port()
    settings(folder, smtp=port, database=url)
    sizes = [database_size(url)]
    planning = run(folder, digest("tick"), good=(0, 3))  # 3: what is planned is not sent yet
    sizes.append(database_size(url))
    with sink(port) as taken:
        programs = [Program(folder, *digest("worker")) for _ in range(workers)]
        half = mark(programs, server, taken, mails // 2)
        end = mark(programs, server, taken, mails)
        for program in programs:
            program.stop()
        costs = [program.ended() for program in programs]
        sizes.append(database_size(url))
        sent = taken.mails
    count = end.mails - half.mails
    return Try(
        planning,
        sizes[1] - sizes[0],
        sent,
        count / (end.at - half.at),
        1000 * (end.workers - half.workers) / count,
        1000 * (end.server - half.server) / count,
        max(cost.mb for cost in costs),
        (sizes[2] - sizes[1]) / sent,
    )


@dataclass(frozen=True)
class Mark:
    """An instant: how many mails are out, and the seconds of processor used until then."""

    at: float
    mails: int
    workers: float
    server: float


def mark(programs: list[Program], server: PostgresServer, taken: Sink, mails: int) -> Mark:
    """Wait until so many mails are out."""
    while taken.mails < mails:
        time.sleep(0.05)
        if sum(program.look() for program in programs) < len(programs):
            raise SystemExit("a worker has ended; see what it said:\n" + told(programs))
    cpu = sum(program.cpu() for program in programs)
    return Mark(time.perf_counter(), taken.mails, cpu, server_cpu(server))


def told(programs: list[Program]) -> str:
    return "\n".join(program.cost.out[-1000:] for program in programs if program.cost)


def server_cpu(server: PostgresServer) -> float:
    """Return the seconds of processor of a PostgreSQL server and all its processes so far."""
    first = int((server.data / "postmaster.pid").read_text().split()[0])
    ticks = 0
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            told = file.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(file.parent.name) == first:
            ticks += sum(map(int, told[11:15]))  # with those that have ended
        elif int(told[1]) == first:
            ticks += sum(map(int, told[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


def on_paper(given: argparse.Namespace, readers: int, size: int, one: Try, best: Try) -> None:
    """Print what a morning for all of them would take, by what was measured."""
    total = given.subscribers
    cpu = one.ms + one.server_ms
    day = total * one.grown + one.planned
    gib = 2**30
    print(f"\nAll {total:,}, by these figures: {total / best.rate / 60:,.0f} min at"
          f" {best.rate:,.0f} mails a second; {total * cpu / 3.6e6:,.1f} hours of one core;"
          f" a database of {size / gib:.2f} GiB ({readers / total:,.0f} bytes a subscriber, the rest"
          f" are papers), and {day / gib:.2f} GiB more for each day that is kept"
          f" ({day / total:,.0f} bytes a mail).")  # fmt: skip


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--subscribers", type=int, default=100_000)
    options.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    options.add_argument("--mails", type=int, default=3_000)
    options.add_argument("--papers", type=int, default=500)
    options.add_argument("--stored", type=int, default=2_000)
    given = options.parse_args()
    mails = min(given.mails or given.subscribers, given.subscribers)
    server = PostgresServer()
    try:
        with tempfile.TemporaryDirectory() as name:
            compare(server, Path(name), given, mails)
    finally:
        server.remove()


def compare(server: PostgresServer, folder: Path, given: argparse.Namespace, mails: int) -> None:
    """Print a line for each number of workers."""
    template = filled(server, folder, given)
    with psycopg.connect(address(server, template)) as connection:
        row = connection.execute("SELECT pg_total_relation_size('subscribers')").fetchone()
    assert row
    size = database_size(server.url(template))
    print(f"{given.subscribers:,} subscribers, {given.papers} new papers, PostgreSQL"
          f" {server.version // 10_000}, {datetime.now(UTC):%Y-%m-%d}\n")  # fmt: skip
    print("| workers | plan and hand out, s | mails sent | mails a second | workers' processor,"
          " ms a mail | PostgreSQL's, ms a mail | a worker's memory at most, MiB |\n"
          "|---|---|---|---|---|---|---|")  # fmt: skip
    tries = []
    for workers in given.workers:
        url = server.url(server.database(template))
        tries.append(one := attempt(server, folder, url, workers, mails))
        print(f"| {workers} | {one.planning.wall:.1f} | {one.mails:,} | {one.rate:,.0f} | {one.ms:.2f}"
              f" | {one.server_ms:.2f} | {one.mb:.0f} |", flush=True)  # fmt: skip
    on_paper(given, int(row[0]), size, tries[0], max(tries, key=lambda one: one.rate))


if __name__ == "__main__":
    main()
