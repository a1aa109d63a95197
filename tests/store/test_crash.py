"""A worker is killed without warning while it commits; nothing that it committed may be lost."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from digest.models import DeliveryState
from digest.store import Store

DELIVERIES = 250
BATCH = 1
# Sends by writing a line to a file; tells so before the answer is committed, like a server.
WORKER = f"""
import sys
from datetime import datetime, timedelta
from digest.models import DeliveryState
from digest.store import Settlement, open_store

url, now, mailbox, lease = sys.argv[1], datetime.fromisoformat(sys.argv[2]), sys.argv[3], timedelta(minutes=5)
with open_store(url) as store, open(mailbox, "a") as mail:
    shard = store.deliveries.claim("w", now, lease)
    waiting = [d.delivery_id for d, _ in store.deliveries.shard_deliveries(shard.shard_id, now)]
    settled = []
    while waiting:
        batch, waiting = waiting[:{BATCH}], waiting[{BATCH}:]
        assert store.deliveries.advance(shard, "w", settled=settled, starting=batch, now=now, lease=lease)
        for number in batch:
            print(number, file=mail, flush=True)
        settled = [Settlement(number, DeliveryState.SENT, "250 ok") for number in batch]
    store.deliveries.advance(shard, "w", settled=settled, now=now, lease=lease)
"""


@pytest.mark.parametrize("delay", [0.0, 0.02, 0.05])
def test_a_killed_worker_leaves_only_what_it_had_started_in_doubt(
    url: str,
    store: Store,
    subscribe: Callable[..., object],
    plan: Callable[..., int],
    now: datetime,
    lease: timedelta,
    tmp_path: Path,
    delay: float,
) -> None:
    for i in range(DELIVERIES):
        subscribe(f"{i}@example.org")
    assert plan() == DELIVERIES
    mailbox = tmp_path / "mailbox"
    command = [sys.executable, "-c", WORKER, url, now.isoformat(), str(mailbox)]
    worker = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
    while not (mailbox.exists() and mailbox.stat().st_size):
        assert worker.poll() is None
        time.sleep(0.001)
    time.sleep(delay)
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    time.sleep(0.3)  # PostgreSQL may still be finishing the last commit of a client that is gone

    mailed = [int(line) for line in mailbox.read_text().splitlines()]
    states = {d.delivery_id: d.state for d, _ in store.deliveries.list_deliveries(limit=DELIVERIES)}
    assert len(states) == DELIVERIES
    started = {i for i, state in states.items() if state is DeliveryState.TRANSMITTING}
    sent = {i for i, state in states.items() if state is DeliveryState.SENT}
    assert len(started) <= BATCH
    # Whatever was mailed is known to be sent, or in doubt; whatever counts as sent was mailed.
    assert sent <= set(mailed) <= sent | started

    # The next worker takes over: each is sent once, or its outcome is unknown.
    assert {d.delivery_id for d in store.deliveries.recover(now + lease)} == started
    shard = store.deliveries.claim("next", now + lease, lease)
    waiting = store.deliveries.shard_deliveries(shard.shard_id, now + lease) if shard else []
    assert {d.delivery_id for d, _ in waiting} == set(states) - sent - started
