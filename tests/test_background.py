"""The clock in a process of its own: what becomes of it, of the pages, and of what it had in hand."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time as clocks
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from digest import background
from digest.app import App
from digest.background import Clock, serve_apart
from digest.config import load
from digest.errors import ConfigError
from digest.merging import assemble, place
from digest.models import DeliveryState, Entry, Interest, InterestKind, Profile, Schedule
from servers import Inbox, free_port

ROOT = Path(__file__).parent.parent


def until(condition: Callable[[], object], seconds: float = 30) -> None:
    latest = clocks.monotonic() + seconds
    while not condition():
        assert clocks.monotonic() < latest, "it did not come about"
        clocks.sleep(0.02)


class Place:
    """An installation with pages whose readers were due a minute ago, and a mail server."""

    def __init__(self, folder: Path, inbox: Inbox) -> None:
        self.folder, self.inbox, self.port = folder, inbox, free_port()
        self.file = folder / "digest.toml"
        (folder / "sources.toml").write_text("")
        self.file.write_text(
            'data_dir = "state"\nsender = "Digest <digest@example.org>"\n'
            f'public_url = "http://127.0.0.1:{self.port}"\n'
            '[delivery]\nchannels = ["smtp"]\n[collect]\nsources = "sources.toml"\n'
            f"[edition]\npopularity_minutes = 0\n[web]\nport = {self.port}\n"
            f'[smtp]\nhost = "127.0.0.1"\nport = {inbox.port}\ntls = "none"\nconnections = 1\n'
            '[log]\nformat = "json"\n'
        )
        self.app = App(load(self.file, {}))
        self.started: subprocess.Popen[bytes] | None = None

    def add_readers(self, count: int) -> None:
        now = self.app.clock() - timedelta(minutes=1)
        entry = Entry("arxiv", "2611.00001", "Listening to glacier acoustics", "We listened.")
        self.app.store.papers.save(assemble(place([entry], []), [], now), seen_at=now)
        due = now.time().replace(second=0, microsecond=0)
        wanted = (Interest(InterestKind.PHRASE, "glacier acoustics"),)
        for number in range(count):
            profile = Profile(wanted, schedule=Schedule(due))
            self.app.subscriptions.add(f"r{number}@example.org", profile, now - timedelta(days=1))

    @contextmanager
    def serving(self) -> Iterator[subprocess.Popen[bytes]]:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("DIGEST_")}
        with (self.folder / "log").open("ab") as log:
            self.started = subprocess.Popen(
                [sys.executable, "-m", "digest", "--config", str(self.file), "serve"],
                cwd=self.folder, env={**environment, "PYTHONPATH": str(ROOT)}, stderr=log,
            )  # fmt: skip
        try:
            yield self.started
        finally:
            left = [*self.children(), self.started.pid]
            for number in left:
                if _lives(number):
                    os.kill(number, signal.SIGKILL)
            self.started.wait()

    def children(self) -> list[int]:
        """The child processes of ``digest serve``: one, the clock."""
        number = self.started.pid
        told = Path(f"/proc/{number}/task/{number}/children")
        return [int(child) for child in told.read_text().split()] if told.exists() else []

    def log(self, event: str) -> list[dict]:
        lines = (self.folder / "log").read_text().splitlines()
        told = [json.loads(line) for line in lines if line.startswith("{")]
        return [line for line in told if line["event"] == event]

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5) as got:
                return got.status == 200
        except OSError:
            return False


def _lives(number: int) -> bool:
    try:
        state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.fixture
def place_of(tmp_path: Path) -> Iterator[Place]:
    with Inbox() as inbox:
        made = Place(tmp_path, inbox)
        yield made
        made.app.close()


def test_a_clock_that_is_killed_in_a_run_is_started_again_and_nobody_is_mailed_twice(
    place_of: Place,
) -> None:
    place_of.add_readers(12)
    place_of.inbox.seconds = 0.15
    with place_of.serving() as served:
        until(lambda: len(place_of.inbox.mails) >= 3)
        (clock,) = place_of.children()
        assert os.getpriority(os.PRIO_PROCESS, clock) > os.getpriority(os.PRIO_PROCESS, served.pid)
        os.kill(clock, signal.SIGKILL)
        balance = place_of.app.store.deliveries.balance
        until(lambda: balance().states[DeliveryState.SENT] >= 11)
        assert place_of.answers()
        until(lambda: place_of.log("published"))
        (clock,) = place_of.children()
        served.send_signal(signal.SIGTERM)
        assert served.wait(12) == 0
        assert not _lives(clock)
    assert [len(place_of.log(event)) for event in ("started", "pages", "stopped")] == [2, 1, 1]
    assert max(Counter(place_of.inbox.recipients).values()) == 1
    assert balance().open == 0
    assert balance().states[DeliveryState.UNKNOWN] <= 1  # the mail that was on its way
    (died,) = place_of.log("the process that collects and publishes died")
    assert (died["status"], died["level"]) == (-signal.SIGKILL, "error")


def test_a_clock_whose_parent_is_killed_ends_by_itself(place_of: Place) -> None:
    with place_of.serving() as served:
        until(lambda: place_of.log("started"))
        (clock,) = place_of.children()
        served.kill()
        until(lambda: not _lives(clock))
    assert place_of.log("the process that serves pages is gone")
    assert place_of.log("stopped")


def test_what_keeps_the_clock_from_beginning_is_told_in_one_line(place_of: Place) -> None:
    (place_of.folder / "sources.toml").unlink()
    with place_of.serving() as served:
        assert served.wait(30) == 2
    lines = (place_of.folder / "log").read_text().splitlines()
    (said,) = [line for line in lines if not line.startswith("{")]
    assert said.startswith("digest: cannot read the list of feeds")


# ---------------------------------------------------------------- the parent alone


async def _no_pages(stopping: asyncio.Event) -> None:
    raise ConfigError("cannot serve pages at 127.0.0.1:8080; is another program there?")


async def test_mails_go_out_when_the_pages_cannot_be_served(place_of: Place) -> None:
    place_of.add_readers(1)
    with capture_logs() as log:
        serving = asyncio.create_task(serve_apart(place_of.app, _no_pages))
        await asyncio.to_thread(until, lambda: place_of.inbox.mails)
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(serving, 12)
    assert [line["error"] for line in log if line["event"] == "no pages"] == [
        "cannot serve pages at 127.0.0.1:8080; is another program there?"
    ]


async def test_a_clock_that_cannot_begin_again_is_tried_again_and_one_that_does_not_end_is_killed(
    place_of: Place, monkeypatch
) -> None:
    monkeypatch.setattr(background, "_PAUSES", (0.01, 0.02))
    stopping, begun = asyncio.Event(), []
    clock = Clock(place_of.app.settings, pause=0.01, farewell=0.2)
    with capture_logs() as log:
        keeping = asyncio.create_task(clock.keep(stopping))
        await asyncio.to_thread(until, lambda: clock.is_running)
        begun.append(clock.number)
        (place_of.folder / "sources.toml").rename(place_of.folder / "elsewhere")
        os.kill(clock.number, signal.SIGKILL)
        told = lambda: [line for line in log if line["event"] == "the clock cannot begin"]  # noqa: E731
        await asyncio.to_thread(until, told)
        (place_of.folder / "elsewhere").rename(place_of.folder / "sources.toml")
        await asyncio.to_thread(until, lambda: clock.is_running and clock.number not in begun)
        number = clock.number
        os.kill(number, signal.SIGSTOP)  # so that no signal reaches it but the last one
        stopping.set()
        await asyncio.wait_for(keeping, 5)
    assert not _lives(number)
    assert "is killed" in log[-1]["event"]
    assert "cannot read the list of feeds" in told()[0]["error"]
