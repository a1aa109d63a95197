"""The ledger at a scale: planning, asking for shards, claiming and balancing, on PostgreSQL.

python benchmarks/ledger.py [READERS ...]

Starts a PostgreSQL server of its own (Debian: postgresql), which does not wait for the disk.
"""

import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from digest.models import Interest, InterestKind, Profile, Schedule, SubscriberState
from digest.store import Due, open_store

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from postgres import PostgresServer

NOW = datetime(2026, 11, 16, 8, tzinfo=UTC)
LEASE = timedelta(minutes=2)
PROFILE = Profile(
    interests=tuple(
        Interest(InterestKind.PHRASE, phrase)
        for phrase in ("glacier acoustics", "harbour robots", "protein folding")
    ),
    schedule=Schedule(),
)
FILL = """
INSERT INTO subscribers (address, address_key, state, profile, timezone, send_minute, weekdays,
                         created_at, state_at)
SELECT who, who, 'active', profile, timezone, send_minute, weekdays, created_at, state_at
FROM subscribers, generate_series(1, %s) AS n, LATERAL (SELECT 'r' || n || '@example.org' AS who) w
WHERE subscriber_id = (SELECT min(subscriber_id) FROM subscribers)
"""


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def measure(server: PostgresServer, readers: int) -> str:
    url = server.url(server.database())
    with open_store(url) as store, psycopg.connect(url.replace("+psycopg", "")) as connection:
        store.people.add("first@example.org", PROFILE, SubscriberState.ACTIVE, NOW)
        connection.execute(FILL, (readers - 1,))
        connection.commit()
        connection.autocommit = True
        connection.execute("ANALYZE")
        before = _size(connection)
        run = store.runs.start("publish", NOW)
        due = [Due(PROFILE.schedule, NOW.date())]
        ledger = store.deliveries
        planning, planned = timed(lambda: ledger.plan(run, due, channels=["smtp"], now=NOW))
        assert planned == readers
        again, none = timed(lambda: ledger.plan(run, due, channels=["smtp"], now=NOW))
        assert none == 0
        connection.execute("ANALYZE")
        asking, keys = timed(lambda: ledger.claimable(NOW))
        claims = [
            timed(lambda key=key: ledger.claim("w", NOW, LEASE, of=key))[0] for key in keys[-100:]
        ]
        balancing, _ = timed(lambda: ledger.balance(run))
        grown = _size(connection) - before
    return (
        f"| {readers:,} | {len(keys):,} | {planning:.1f} s | {again:.1f} s | {asking * 1000:.0f} ms"
        f" | {statistics.median(claims) * 1000:.1f} ms | {balancing * 1000:.0f} ms"
        f" | {before / 2**20:.0f} MiB | {grown / 2**20:.0f} MiB |"
    )


def _size(connection: psycopg.Connection[Any]) -> int:
    row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    assert row
    return int(row[0])


def main() -> None:
    sizes = [int(told) for told in sys.argv[1:]] or [10_000, 100_000, 1_000_000]
    server = PostgresServer()
    try:
        print("| readers | shards | plan | plan again | unfinished shards | claim one | balance"
              " | readers' size | a day's ledger |\n|---|---|---|---|---|---|---|---|---|")  # fmt: skip
        for readers in sizes:
            print(measure(server, readers), flush=True)
    finally:
        server.remove()


if __name__ == "__main__":
    main()
