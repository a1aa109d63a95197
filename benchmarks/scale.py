"""How planning grows to a million readers, and how workers share the mails of a morning.

python benchmarks/scale.py [--planned 100000 1000000] [--readers 2000] [--workers 1 2 4]

On a PostgreSQL server of its own, that is safe against no power cut (fsync is off).

plan   So many subscribers of one send time are stored and planned; then every shard is claimed and
       given back, as workers do it, and the size of the database is looked at.
work   So many readers with profiles of their own (three phrases, 300 papers, 10 a digest), all due,
       are delivered by so many `digest worker` processes into Postfix's `smtp-sink`; the clock runs
       from the first row that is `sent` to the last one. Each worker has two connections.
"""

import argparse
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path

import psycopg

from digest.app import App
from digest.config import load
from digest.merging import assemble, place
from digest.models import Entry, Interest, InterestKind, Profile, Schedule, SubscriberState
from digest.store import Due, open_store

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from postgres import PostgresServer

SINK = shutil.which("smtp-sink", path=f"/usr/sbin:{os.defpath}")
WORDS = [f"{a}{b}" for a in "bdfgklmnprst" for b in ("ara", "eno", "ilo", "osu", "uta", "eris")]
MOST_SECONDS = 600

COPIES = """
INSERT INTO subscribers (address, address_key, state, profile, timezone, send_minute, weekdays,
                         created_at, state_at)
SELECT n || '@example.org', n || '@example.org', state, profile, timezone, send_minute, weekdays,
       created_at, state_at
FROM subscribers, generate_series(1, %s) AS n
"""


def libpq(url: str) -> str:
    return url.replace("+psycopg", "")


def plan(server: PostgresServer, count: int) -> None:
    """Plan for so many, and claim all of it."""
    now = datetime.now(UTC)
    url = server.url(server.database())
    with open_store(url, busy_timeout=timedelta(minutes=5)) as store:
        store.people.add("0@example.org", Profile(), SubscriberState.ACTIVE, now)
        with psycopg.connect(libpq(url), autocommit=True) as connection:
            connection.execute(COPIES, (count - 1,))
            connection.execute("ANALYZE")
            before = size(connection)
            run = store.runs.start("publish", now)
            began = time.perf_counter()
            due = [Due(schedule, now.date()) for schedule in store.people.schedules()]
            planned = store.deliveries.plan(run, due, channels=["smtp"], now=now)
            took = time.perf_counter() - began
            grown = size(connection) - before
        began = time.perf_counter()
        shards = store.deliveries.claimable(now)
        asked = time.perf_counter() - began
        some = shards[:: max(1, len(shards) // 200)]
        began = time.perf_counter()
        for key in some:
            shard = store.deliveries.claim("w", now, timedelta(minutes=2), of=key)
            assert shard
            store.deliveries.release(shard, "w")
        claimed = (time.perf_counter() - began) / len(some)
    print(
        f"| {planned:,} | {len(shards):,} | {took:.1f} s | {asked:.2f} s | {1000 * claimed:.1f} ms"
        f" | {before / 2**20:,.0f} + {grown / 2**20:,.0f} MiB |",
        flush=True,
    )


def size(connection: psycopg.Connection) -> int:
    row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    assert row
    return int(row[0])


def fill(app: App, readers: int, papers: int = 300) -> None:
    """Store papers of made-up words, and readers of whom no two want the same."""
    chance = random.Random(7)

    def some(number: int) -> str:
        return " ".join(chance.choice(WORDS) for _ in range(number))

    entries = [
        Entry(
            "arxiv",
            f"2611.{n:05}",
            f"{some(6).capitalize()} {n}",
            abstract=". ".join(some(18).capitalize() for _ in range(8)) + ".",
            arxiv_id=f"2611.{n:05}",
            authors=("Ada Quill",),
        )
        for n in range(papers)
    ]
    now = app.clock()
    app.store.papers.save(assemble(place(entries, []), [], now), seen_at=now)
    for n in range(readers):
        phrases = tuple(Interest(InterestKind.PHRASE, word) for word in chance.sample(WORDS, 3))
        profile = Profile(interests=phrases, papers=10, schedule=Schedule(clock_time(0, 0)))
        app.store.people.add(f"reader{n}@example.org", profile, SubscriberState.ACTIVE, now)


def work(server: PostgresServer, readers: int, workers: int) -> None:
    """Deliver to so many by so many processes."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert SINK, "Postfix's smtp-sink is not installed"
    url = server.url(server.database())
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "digest.toml"
        (Path(folder) / "sources.toml").write_text("")
        file.write_text(
            f'engine = "cluster"\ndata_dir = "state"\nsender = "Digest <digest@example.org>"\n'
            f'[database]\nurl = "{url}"\n[edition]\npopularity_minutes = 0\n'
            f"[delivery]\nfreshness_hours = 24\n"
            f'[smtp]\nhost = "127.0.0.1"\nport = {port}\ntls = "none"\nconnections = 2\n'
        )
        app = App(load(file, {}))
        fill(app, readers)
        start = [sys.executable, "-m", "digest", "--config", str(file)]
        env = {"PATH": os.defpath, "HOME": folder, "OPENBLAS_NUM_THREADS": "1"}
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": env}
        sink = subprocess.Popen(
            [SINK, *(("-u", "nobody") if os.geteuid() == 0 else ()), f"127.0.0.1:{port}", "100"],
            **quiet,
        )
        running = [subprocess.Popen([*start, "worker"], **quiet) for _ in range(workers)]
        try:
            subprocess.run([*start, "tick"], check=False, **quiet)
            deadline = time.monotonic() + MOST_SECONDS
            while app.store.deliveries.balance().open and time.monotonic() < deadline:
                time.sleep(0.2)
            with psycopg.connect(libpq(url)) as connection:
                row = connection.execute(
                    "SELECT count(*), extract(epoch FROM max(state_at) - min(state_at))"
                    " FROM deliveries WHERE state = 'sent'"
                ).fetchone()
        finally:
            for process in running:
                process.send_signal(signal.SIGTERM)
            used = [os.wait4(process.pid, 0)[2] for process in running]
            sink.kill()
            sink.wait()
            app.close()
    assert row
    cpu = sum(u.ru_utime + u.ru_stime for u in used)
    print(
        f"| {workers} | {row[0]:,} | {row[1]:.0f} s | {row[0] / float(row[1]):.0f}"
        f" | {1000 * cpu / row[0]:.0f} ms | {max(u.ru_maxrss for u in used) / 1024:.0f} MiB |",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--planned", type=int, nargs="*", default=[100_000, 1_000_000])
    parser.add_argument("--readers", type=int, default=2_000)
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2, 4])
    told = parser.parse_args()
    server = PostgresServer()
    try:
        print("| planned | shards | to plan | to list shards | to claim one | database |")
        print("|---|---|---|---|---|---|")
        for count in told.planned:
            plan(server, count)
        print("\n| workers | mails | time | mails/s | CPU a mail, workers | highest memory |")
        print("|---|---|---|---|---|---|")
        for workers in told.workers:
            work(server, told.readers, workers)
    finally:
        server.remove()


if __name__ == "__main__":
    main()
