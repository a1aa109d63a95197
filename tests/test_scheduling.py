"""Serve: collects and publishes by itself, once, and ends when it is asked to."""

import asyncio
import os
import signal
import sys
import time as clocks
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from digest import scheduling
from digest.app import App
from digest.config import Settings, load
from digest.delivery import OutboxChannel
from digest.errors import StoreError
from digest.models import DeliveryState, FeedState, Interest, InterestKind, Profile, Schedule
from digest.pipeline import Publisher
from digest.scheduling import serve
from servers import MailServer, Web

ROOT = Path(__file__).parent.parent
FEED = b"""<rss version='2.0'><channel><item><title>Listening to glacier acoustics</title>
<guid>https://pond.example/1</guid><description>We listened to the ice.</description></item>
</channel></rss>"""
# Half a second before the send time.
EARLY = datetime(2026, 11, 16, 6, 59, 59, 500_000, tzinfo=UTC)


class RunningClock:
    """A clock that goes at the usual pace from another instant."""

    def __init__(self, start: datetime) -> None:
        self._offset = start - datetime.now(UTC)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self._offset


@pytest.fixture
def installation(tmp_path: Path, web: Web) -> Path:
    """Write settings with one feed on loopback; return the file."""
    web.answer("/feed", FEED)
    (tmp_path / "sources.toml").write_text(
        f'[[feed]]\nname = "pond"\nsource = "generic"\nlocation = "{web.url("/feed")}"\n'
    )
    file = tmp_path / "digest.toml"
    file.write_text(
        'data_dir = "state"\nsender = "Digest <digest@example.org>"\n'
        '[collect]\nallow_private_hosts = ["127.0.0.1"]\n'
        '[delivery]\nchannels = ["outbox"]\n'
    )
    return file


@pytest.fixture
def app(installation: Path):
    made = App(load(installation, {}), clock=RunningClock(EARLY))
    subscribe(made, "ada@example.org", time(7))
    yield made
    made.store.close()


def subscribe(app: App, address: str, send_time: time) -> None:
    profile = Profile(
        interests=(Interest(InterestKind.PHRASE, "glacier acoustics"),),
        schedule=Schedule(send_time),
    )
    app.subscriptions.add(address, profile, app.clock() - timedelta(days=1))


def outbox(settings: Settings) -> list[str]:
    """Return the texts of the mails that went out."""
    files = sorted(settings.delivery.outbox.glob("*.eml"))
    mails = [message_from_bytes(f.read_bytes(), policy=policy.default) for f in files]
    return [mail.get_body(("plain",)).get_content() for mail in mails]


async def until(condition: Callable[[], object], seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


@asynccontextmanager
async def serving(app: App, **options) -> AsyncIterator[list]:
    """Serve within this process; give its log; stop it in the end as an operator would."""
    with capture_logs() as log:
        before = asyncio.all_tasks()
        server = asyncio.create_task(serve(app, **{"tick_seconds": 0.05, **options}))
        await until(lambda: log)
        try:
            yield log
        finally:
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.wait_for(server, 5)
            for number in (signal.SIGTERM, signal.SIGINT):
                asyncio.get_running_loop().remove_signal_handler(number)
        assert log[-1]["event"] == "stopped"
        assert asyncio.all_tasks() == before


# ---------------------------------------------------------------- in this process


async def test_an_edition_goes_out_by_itself_at_its_time_and_only_once(app, web) -> None:
    async with serving(app) as log:
        await until(lambda: any(line["event"] == "collected" for line in log))
        assert outbox(app.settings) == []
        await until(lambda: outbox(app.settings))
        assert app.clock().time() >= time(7)
        await asyncio.sleep(0.3)
    (text,) = outbox(app.settings)
    assert "Listening to glacier acoustics" in text
    published = [line for line in log if line["event"] == "published"]
    assert [(line["planned"], line["sent"]) for line in published] == [(1, 1)]
    assert len(web.asked) == 1  # feeds are not asked at each tick


async def test_the_operator_is_told_by_mail_what_needs_him(installation, web, monkeypatch) -> None:
    web.answer("/feed", b"gone", status=404)
    monkeypatch.setenv("DIGEST_OPERATOR", "Ops <ops@example.org>")
    settings = load(installation, {})
    told = App(settings, clock=RunningClock(EARLY))
    place = told.feeds[0].place
    told.store.feeds.save(FeedState("pond", place=place, error_count=9, last_error="answers 404"))
    async with serving(told) as log:
        await until(lambda: outbox(settings))
        await until(lambda: any(line["event"] == "told the operator" for line in log))
    assert "Feed pond is failing" in outbox(settings)[0]
    told.close()


async def test_the_first_edition_after_a_start_has_the_papers_of_the_first_collection(
    app, web
) -> None:
    def slowly(handler) -> None:
        web.released.wait(0.5)
        web.answer("/feed", FEED)
        web.routes["/feed"](handler)

    web.routes["/feed"] = slowly
    late = App(app.settings, clock=RunningClock(EARLY + timedelta(hours=1)))
    async with serving(late) as log:
        await until(lambda: outbox(app.settings))
    assert "Listening to glacier acoustics" in outbox(app.settings)[0]
    assert [line["event"] for line in log[:3]] == ["started", "collected", "published"]
    late.store.close()


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (StoreError("the database is locked by another process"), "tick failed"),
        (RuntimeError("boom"), "tick failed unexpectedly"),
    ],
)
async def test_a_tick_that_fails_is_logged_and_the_next_one_comes(
    app, monkeypatch, error, told
) -> None:
    publish = Publisher.publish
    ticks = []

    async def fail_first(self, **how):
        ticks.append(how)
        if len(ticks) == 1:
            raise error
        return await publish(self, **how)

    monkeypatch.setattr(Publisher, "publish", fail_first)
    async with serving(app) as log:
        await until(lambda: outbox(app.settings))
    (line,) = [line for line in log if line["event"].startswith("tick failed")]
    assert (line["event"], line["work"]) == (told, "publish")
    assert line.get("error", str(error)) == str(error)
    assert len(outbox(app.settings)) == 1


async def test_a_feed_that_fails_does_not_keep_mails_from_going_out(app, web) -> None:
    web.answer("/feed", b"", 500)
    async with serving(app) as log:
        await until(lambda: [line for line in log if line["event"] == "published"])
    collected = [line for line in log if line["event"] == "collected"]
    assert [line["failed"] for line in collected] == [["pond"]]


async def test_work_that_takes_long_is_not_begun_twice(app, monkeypatch) -> None:
    publish = Publisher.publish
    running = []

    async def slowly(self, **how):
        running.append(how)
        await asyncio.sleep(0.3)
        assert len(running) == 1
        running.clear()
        return await publish(self, **how)

    monkeypatch.setattr(Publisher, "publish", slowly)
    async with serving(app, tick_seconds=0.02) as log:
        await until(lambda: outbox(app.settings))
    assert not [line for line in log if line["log_level"] == "error"]


async def test_a_collection_that_hangs_does_not_hold_up_the_end(app, web) -> None:
    web.routes["/feed"] = lambda handler: web.released.wait(9)
    async with serving(app):
        await until(lambda: web.asked)
        started = clocks.monotonic()
    assert clocks.monotonic() - started < 3


async def test_a_mail_that_hangs_is_left_behind_after_the_grace_period(app, monkeypatch) -> None:
    handed_over = asyncio.Event()

    async def hang(self, parcel) -> None:
        handed_over.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(OutboxChannel, "deliver", hang)
    monkeypatch.setattr(scheduling, "GRACE_SECONDS", 0.2)
    async with serving(app):
        await asyncio.wait_for(handed_over.wait(), 5)
    states = app.store.deliveries.balance().states
    assert states[DeliveryState.TRANSMITTING] == 1  # the next run calls its outcome unknown


# ---------------------------------------------------------------- in processes of their own


@dataclass
class Server:
    """``digest serve`` as a process of its own."""

    child: asyncio.subprocess.Process
    log_file: Path

    @property
    def log(self) -> str:
        return self.log_file.read_text()

    async def end(self) -> int:
        """Ask it to end; return its exit code."""
        await until(lambda: "started" in self.log)  # before, it cannot know how to end
        self.child.send_signal(signal.SIGTERM)
        return await asyncio.wait_for(self.child.wait(), 12)


@asynccontextmanager
async def process(file: Path, name: str = "one") -> AsyncIterator[Server]:
    """Run ``digest serve``; kill what is left of it in the end."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("DIGEST_")}
    log_file = file.with_name(f"{name}.log")
    with log_file.open("w") as log:
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "digest", "--config", str(file), "serve",
            env={**environment, "PYTHONPATH": str(ROOT)},
            cwd=file.parent,
            stderr=log,
        )  # fmt: skip
    try:
        yield Server(child, log_file)
    finally:
        if child.returncode is None:
            child.kill()
        await child.wait()


@pytest.fixture
async def mail(installation: Path) -> AsyncIterator[MailServer]:
    """A mail server that the installation uses, with one connection."""
    async with MailServer().running() as server:
        text = installation.read_text().replace('"outbox"', '"smtp"')
        installation.write_text(
            f'{text}[smtp]\nhost = "127.0.0.1"\nport = {server.port}\ntls = "none"\n'
            'connections = 1\n[log]\nformat = "json"\n'
        )
        yield server


@pytest.fixture
def readers(installation: Path, mail: MailServer):
    """Subscribe readers whose send time was a minute ago; give a look into the ledger."""
    app = App(load(installation, {}))
    due = (app.clock() - timedelta(minutes=1)).time().replace(second=0, microsecond=0)

    def add(count: int) -> App:
        for number in range(count):
            subscribe(app, f"reader{number}@example.org", due)
        return app

    yield add
    app.store.close()


def recipients(mail: MailServer) -> list[str]:
    return sorted(address for to, _ in mail.mails for address in to)


async def test_asked_to_end_it_finishes_the_mail_on_its_way_and_leaves_the_rest(
    installation, mail, readers
) -> None:
    app = readers(3)
    mail.seconds = 0.7
    async with process(installation) as server:
        await until(lambda: mail.begun)
        assert await server.end() == 0
    assert len(mail.mails) == 1
    assert "Traceback" not in server.log
    assert app.store.deliveries.balance().states[DeliveryState.SENT] == 1
    assert app.store.deliveries.balance().states[DeliveryState.QUEUED] == 2
    mail.seconds = 0
    async with process(installation) as server:
        await until(lambda: len(mail.mails) == 3)
        assert await server.end() == 0
    assert len(set(recipients(mail))) == 3


async def test_two_processes_on_one_database_send_each_edition_once(
    installation, mail, readers
) -> None:
    app = readers(20)
    async with process(installation) as one, process(installation, "other") as other:
        await until(lambda: len(mail.mails) >= 20)
        assert (await one.end(), await other.end()) == (0, 0)
    assert "Traceback" not in one.log + other.log
    assert len(set(recipients(mail))) == len(mail.mails) == 20
    assert app.store.papers.counts().papers == 1


async def test_without_feeds_it_says_what_is_wrong_in_one_line(installation) -> None:
    (installation.parent / "sources.toml").unlink()
    async with process(installation) as server:
        assert await asyncio.wait_for(server.child.wait(), 20) == 2
    (line,) = server.log.splitlines()
    assert line.startswith("digest: cannot read the list of feeds")


async def test_publish_asked_to_end_is_gone_within_ten_seconds_and_nothing_is_in_doubt(
    installation, mail, readers
) -> None:
    """The server takes no mail in time; what was not taken for certain stays to be sent."""
    app = readers(3)

    async def never(server, session, envelope, address, options) -> str:
        mail.begun += 1
        await asyncio.sleep(60)
        return "250 ok"

    mail.handle_RCPT = never
    environment = {k: v for k, v in os.environ.items() if not k.startswith("DIGEST_")}
    app.store.papers  # noqa: B018 - opens the store, so that the child need not migrate it
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "digest", "--config", str(installation), "publish", "--no-collect",
        env={**environment, "PYTHONPATH": str(ROOT)}, cwd=installation.parent,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    app.store.people.update(
        "reader0@example.org", Profile(send_empty=True, schedule=Schedule(time(0)))
    )
    await until(lambda: mail.begun)
    started = clocks.monotonic()
    child.send_signal(signal.SIGTERM)
    out, err = await asyncio.wait_for(child.communicate(), 10)
    assert clocks.monotonic() - started < 10
    assert b"Traceback" not in err
    assert b"program was stopped" in err
    states = app.store.deliveries.balance().states
    assert states[DeliveryState.TRANSMITTING] == states[DeliveryState.UNKNOWN] == 0
    assert states[DeliveryState.DEFERRED] == 1
    assert b"3 deliveries = " in out
    assert child.returncode in (1, 3)
