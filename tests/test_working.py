"""One contract for both engines: whatever happens to workers and hints, each gets one mail.

A worker is a process of its own: ``digest tick`` delivers by itself with the engine `inline`,
``digest worker`` what it is told with `cluster`.
"""

import asyncio
import os
import signal
import sys
import time as clocks
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import time
from pathlib import Path

import psycopg
import pytest

from digest import scaling
from digest.app import App
from digest.config import load
from digest.errors import ConfigError, QueueError
from digest.models import DeliveryState, Interest, InterestKind, Profile, Schedule, SubscriberState
from digest.scaling import open_queue
from digest.store import Due, ShardKey
from digest.working import open_engine, work, work_until
from postgres import PostgresServer
from servers import MailServer

ROOT = Path(__file__).parent.parent
READERS = 12
OPEN = (DeliveryState.QUEUED, DeliveryState.TRANSMITTING, DeliveryState.DEFERRED)


class Mailbox(MailServer):
    """Keeps each mail before it answers; from mail number `holds_from` on it never answers."""

    holds_from = 10**9
    held = 0

    async def handle_DATA(self, server, session, envelope) -> str:
        self.mails.append((envelope.rcpt_tos, envelope.original_content))
        await asyncio.sleep(self.seconds)
        if len(self.mails) > self.holds_from:
            self.held += 1
            await asyncio.sleep(60)
        return "250 2.0.0 queued"

    @property
    def received(self) -> Counter[str]:
        return Counter(address for to, _ in self.mails for address in to)


async def until(condition: Callable[[], object], seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


@dataclass
class Site:
    """An installation, its mail server, and its workers."""

    engine: str
    file: Path
    app: App
    box: Mailbox

    def add_readers(self, count: int = READERS, *, shard_size: int = 250) -> None:
        """Subscribe readers, and plan their editions."""
        now = self.app.clock()
        today = Schedule(time(0), weekdays=frozenset({now.weekday()}))
        profile = Profile(
            interests=(Interest(InterestKind.PHRASE, "ice"),), schedule=today, send_empty=True
        )
        for number in range(count):
            address = f"reader{number}@example.org"
            self.app.store.people.add(address, profile, SubscriberState.ACTIVE, now)
        run = self.app.store.runs.start("publish", now)
        self.app.store.deliveries.plan(
            run, [Due(today, now.date())], channels=["smtp"], shard_size=shard_size, now=now
        )

    @property
    def states(self) -> dict[str, int]:
        found = self.app.store.deliveries.balance().states
        return {state.value: count for state, count in found.items() if count}

    @property
    def is_done(self) -> bool:
        return not any(self.states.get(state.value) for state in OPEN)

    async def tick(self) -> None:
        if self.engine == "cluster":
            async with open_engine(self.app) as engine:
                await engine.tick()

    @asynccontextmanager
    async def worker(self) -> AsyncIterator[asyncio.subprocess.Process]:
        """Run a worker; kill what is left of it in the end."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("DIGEST_")}
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "digest", "--config", str(self.file),
            "worker" if self.engine == "cluster" else "tick",
            env={**environment, "PYTHONPATH": str(ROOT)}, cwd=self.file.parent,
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            yield child
        finally:
            if child.returncode is None:
                child.kill()
            await child.wait()

    async def finish(self, workers: int = 1) -> None:
        """Tick until nothing is open, with workers in this process."""
        stopping = asyncio.Event()
        async with open_engine(self.app) as engine:
            working = [
                asyncio.create_task(work_until(self.app, stopping))
                for _ in range(workers if self.engine == "cluster" else 0)
            ]
            async with asyncio.timeout(60):
                while not self.is_done:
                    await engine.tick()
                    await asyncio.sleep(0.1)
            stopping.set()
            await asyncio.gather(*working)
            await engine.tick()

    def lose_hints(self) -> int:
        """Empty the queue, if there is one; tell how many hints there were."""
        return self._on_the_queue("DELETE FROM procrastinate_jobs")

    def double_hints(self) -> None:
        """Double each hint, twice."""
        for _ in range(2 if self.engine == "cluster" else 0):
            self._on_the_queue(
                "INSERT INTO procrastinate_jobs (queue_name, task_name, args)"
                " SELECT queue_name, task_name, args FROM procrastinate_jobs"
            )

    def _on_the_queue(self, statement: str) -> int:
        if self.engine != "cluster":
            return 0
        url = self.app.settings.database_url.replace("+psycopg", "")
        with psycopg.connect(url) as connection:
            connection.execute(f"SET search_path TO {scaling.schema_name()}")
            return connection.execute(statement).rowcount


@pytest.fixture
async def box() -> AsyncIterator[Mailbox]:
    async with Mailbox().running() as server:
        yield server


def installed(folder: Path, engine: str, url: str, port: int) -> Path:
    (folder / "sources.toml").write_text("")
    file = folder / "digest.toml"
    file.write_text(
        f'data_dir = "state"\nsender = "Digest <digest@example.org>"\nengine = "{engine}"\n'
        f'[database]\nurl = "{url}"\n[edition]\npopularity_minutes = 0\n'
        f'[smtp]\nhost = "127.0.0.1"\nport = {port}\ntls = "none"\nconnections = 2\n'
        "[delivery]\nfreshness_hours = 48\n"
    )
    return file


@pytest.fixture(params=["inline", "cluster"])
def site(request, tmp_path, box):
    url = ""
    if request.param == "cluster":
        server: PostgresServer = request.getfixturevalue("postgres_server")
        url = server.url(server.database(request.getfixturevalue("postgres_template")))
    file = installed(tmp_path, request.param, url, box.port)
    app = App(load(file, {}))
    app.store  # noqa: B018 - made here, so that no worker has to
    yield Site(request.param, file, app, box)
    app.close()


@pytest.fixture
def cluster_url(postgres_server: PostgresServer, postgres_template: str) -> str:
    return postgres_server.url(postgres_server.database(postgres_template))


def everybody_got_one(site: Site, count: int = READERS) -> bool:
    return site.box.received == Counter(f"reader{n}@example.org" for n in range(count))


# ---------------------------------------------------------------- the contract


async def test_everybody_gets_one_mail_and_no_second_one_from_a_further_tick(site: Site) -> None:
    site.add_readers()
    await site.finish()
    await site.finish()
    assert site.states == {"sent": READERS}
    assert everybody_got_one(site)
    if site.engine == "cluster":  # whoever planned learns how it ended
        (run,) = [site.app.store.runs.last("publish")]
        assert run.finished_at
        assert run.report["states"] == {"sent": READERS}


async def test_hints_that_are_lost_are_given_again(site: Site) -> None:
    site.add_readers(shard_size=4)
    await site.tick()
    assert site.lose_hints() == (3 if site.engine == "cluster" else 0)
    await site.finish()
    assert site.states == {"sent": READERS}
    assert everybody_got_one(site)


async def test_after_a_kill_and_a_loss_of_all_hints_only_mails_that_were_taken_are_held(
    site: Site,
) -> None:
    site.add_readers(shard_size=4)
    site.box.holds_from = 2
    async with site.worker() as worker:
        await site.tick()
        await until(lambda: site.box.held == 2)
        worker.send_signal(signal.SIGKILL)
        await worker.wait()
    site.lose_hints()
    site.box.holds_from = 10**9
    await site.finish()
    assert site.states == {"sent": READERS - 2, "unknown": 2}
    assert everybody_got_one(site)


async def test_hints_that_come_several_times_send_nothing_twice(site: Site) -> None:
    site.add_readers(shard_size=3)
    site.box.seconds = 0.02
    await site.tick()
    site.double_hints()
    await site.finish(workers=2)
    assert site.states == {"sent": READERS}
    assert everybody_got_one(site)


async def test_a_worker_that_is_asked_to_stop_ends_its_mails_and_leaves_the_rest(
    site: Site,
) -> None:
    site.add_readers()
    site.box.seconds = 0.5
    async with site.worker() as worker:
        await site.tick()
        await until(lambda: len(site.box.mails) >= 2)
        started = clocks.monotonic()
        worker.send_signal(signal.SIGTERM)
        await asyncio.wait_for(worker.wait(), 10)
        assert clocks.monotonic() - started < 10
    assert worker.returncode == (0 if site.engine == "cluster" else 3)
    assert site.states == {
        "sent": len(site.box.mails),
        "queued": READERS - len(site.box.mails),
    }
    site.box.seconds = 0
    await site.finish()
    assert everybody_got_one(site)


# ---------------------------------------------------------------- the cluster's own


async def test_hints_that_wait_are_not_given_again(cluster_url: str) -> None:
    keys = [ShardKey(1, number) for number in range(3)]
    async with open_queue(cluster_url) as queue:
        assert await queue.submit(keys[:2]) == 2
        assert await queue.submit(keys) == 1
        assert await queue.submit([]) == 0


async def test_workers_at_once_share_the_hints(cluster_url: str) -> None:
    keys = [ShardKey(1, number) for number in range(20)]
    told: list[ShardKey] = []
    stopping = asyncio.Event()

    async def deliver(key: ShardKey) -> None:
        told.append(key)
        await asyncio.sleep(0.01)

    async with open_queue(cluster_url) as one, open_queue(cluster_url) as other:
        working = [asyncio.create_task(queue.work(deliver, stopping)) for queue in (one, other)]
        async with open_queue(cluster_url) as third:
            await third.submit(keys)
        await until(lambda: len(told) == 20)
        stopping.set()
        await asyncio.gather(*working)
    assert sorted(told, key=lambda key: key.number) == keys


async def test_a_worker_waits_for_a_database_that_is_away(
    postgres_server: PostgresServer, cluster_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scaling, "_RETRY_SECONDS", 0.2)
    told = asyncio.Event()
    stopping = asyncio.Event()

    async def deliver(_: ShardKey) -> None:
        told.set()

    async with open_queue(cluster_url) as queue:
        working = asyncio.create_task(queue.work(deliver, stopping))
        await asyncio.sleep(0.3)
        await asyncio.to_thread(postgres_server.stop, "immediate")
        await asyncio.sleep(0.3)
        await asyncio.to_thread(postgres_server.start)
        async with open_queue(cluster_url) as other:
            await other.submit([ShardKey(1, 1)])
        await asyncio.wait_for(told.wait(), 20)
        stopping.set()
        await asyncio.wait_for(working, 10)


async def test_a_cluster_needs_postgresql(tmp_path, box) -> None:
    app = App(load(installed(tmp_path, "cluster", "", box.port), {}))
    with pytest.raises(ConfigError, match=r"needs PostgreSQL; set database\.url"):
        async with open_engine(app):
            pass
    app.close()


async def test_a_library_that_is_not_installed_is_told(
    cluster_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "procrastinate", None)
    with pytest.raises(ConfigError, match=r"install research-digest\[cluster\]"):
        async with open_queue(cluster_url):
            pass


async def test_a_user_who_may_not_make_the_queue_is_told(postgres_server: PostgresServer) -> None:
    url = postgres_server.url_with_password(postgres_server.database())
    with pytest.raises(QueueError, match="GRANT CREATE ON DATABASE") as told:
        async with open_queue(url):
            pass
    assert "\n" not in str(told.value)


async def test_a_queue_that_cannot_be_reached_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scaling, "_CONNECT_SECONDS", 1)
    with pytest.raises(QueueError, match="does not answer") as told:
        async with open_queue("postgresql+psycopg://me@127.0.0.1:1/digest"):
            pass
    assert "\n" not in str(told.value)


async def test_there_are_no_workers_where_one_process_does_it_all(tmp_path, box) -> None:
    app = App(load(installed(tmp_path, "inline", "", box.port), {}))
    with pytest.raises(ConfigError, match="`digest serve` delivers by itself"):
        await work(app)
    app.close()
