"""How long a thousand bounces take: read, verified, noted in the ledger, on SQLite.

python benchmarks/bounces.py [COUNT]
"""

import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from digest.models import Profile, SubscriberState
from digest.pipeline.returns import take_returns
from digest.store import Due, SoftLimit, open_store
from digest.tokens import Tokens

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from bounce_corpus import report

NOW = datetime(2026, 11, 16, 8, tzinfo=UTC)


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    tokens = Tokens(["a secret that is long enough"])
    with (
        tempfile.TemporaryDirectory() as folder,
        open_store(f"sqlite:///{folder}/digest.db") as store,
    ):
        profile = Profile()
        for i in range(count):
            store.people.add(f"{i}@example.org", profile, SubscriberState.ACTIVE, NOW)
        run = store.runs.start("publish", NOW)
        due = [Due(profile.schedule, NOW.date())]
        store.deliveries.plan(run, due, channels=["smtp"], now=NOW)
        mails = [
            report(f"b+{tokens.for_bounce(d.delivery_id, who.address)}@example.org", d.delivery_id)
            for d, who in store.deliveries.list_deliveries(limit=count)
        ]
        start, cpu = time.perf_counter(), time.process_time()
        done = take_returns(store, tokens, mails, SoftLimit(), NOW)
        wall, cpu = time.perf_counter() - start, time.process_time() - cpu
    print(f"{done.total} bounces: {done.suppressed} suppressed, {wall:.1f} s, {cpu:.1f} s CPU")


if __name__ == "__main__":
    main()
