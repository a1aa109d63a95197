"""A database that is backed up, lost and put back: nothing is sent twice, nothing is stale."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import time
from pathlib import Path

import pytest

from digest.app import App, Restored
from digest.config import load
from digest.errors import StoreError
from digest.models import (
    DeliveryState,
    Interest,
    InterestKind,
    Profile,
    Schedule,
    SubscriberState,
)
from digest.pipeline import PublishReport
from digest.store import open_store

SETTINGS = """
data_dir = "state"
sender = "Digest <digest@example.org>"
[delivery]
channels = ["outbox"]
[edition]
popularity_minutes = 0
"""
ADA = "ada@example.org"


@pytest.fixture
def opened(tmp_path: Path, clock) -> Callable[[], Iterator[App]]:
    """Open the installation, as each command does."""
    (tmp_path / "sources.toml").write_text("")
    (tmp_path / "digest.toml").write_text(SETTINGS)

    @contextmanager
    def open_() -> Iterator[App]:
        app = App(load(tmp_path / "digest.toml", {}), clock=clock)
        try:
            yield app
        finally:
            app.close()

    return open_


@pytest.fixture
def backup(opened, clock, tmp_path) -> Path:
    """A backup of Monday, 8:00 UTC, before anything was sent to the one subscriber."""
    with opened() as app:
        profile = Profile(
            (Interest(InterestKind.PHRASE, "ice"),),
            schedule=Schedule(time(7)),
            send_empty=True,
        )
        app.subscriptions.add(ADA, profile, clock())
        app.store.back_up(tmp_path / "backup.db")
    return tmp_path / "backup.db"


@pytest.fixture
def restore(opened, backup):
    def put_back() -> Restored:
        with opened() as app:
            return app.restore(backup)

    return put_back


@pytest.fixture
def publish(opened):
    async def run(**options) -> PublishReport:
        with opened() as app:
            return await app.publisher().publish(**options)

    return run


@pytest.mark.parametrize("on_time", [True, False])
async def test_what_was_sent_after_the_backup_is_not_sent_again(restore, publish, clock, on_time):
    assert (await publish(on_time=True)).sent == 1
    clock.move(hours=2)
    restore()
    report = await publish(on_time=on_time)
    assert (report.planned, report.sent) == (0, 0)


async def test_the_next_edition_comes_at_its_time(restore, publish, clock):
    restore()
    clock.move(hours=22, minutes=59)
    assert (await publish(on_time=True)).planned == 0
    clock.move(minutes=1)
    assert (await publish(on_time=True)).sent == 1


async def test_a_restore_before_the_send_time_leaves_that_days_edition(restore, publish, clock):
    clock.move(hours=-2)
    restore()
    clock.move(hours=2)
    assert (await publish(on_time=True)).sent == 1


async def test_an_edition_can_be_had_by_hand(restore, publish, clock):
    clock.move(hours=2)
    restore()
    assert (await publish(only=ADA)).sent == 1


async def test_a_backup_of_days_ago_sends_nothing_that_waited_in_it(
    opened, publish, clock, tmp_path, backup
):
    with opened() as app:
        _, planned, _ = app.publisher().plan()
        assert planned == 1
        app.store.back_up(backup)
    clock.move(hours=1)
    with opened() as app:
        done = app.restore(backup)
        assert (done.expired, done.unknown) == (1, 0)
        [(delivery, _)] = app.store.deliveries.list_deliveries()
        assert delivery.state is DeliveryState.EXPIRED
        assert delivery.detail is not None
        assert "restored from a backup" in delivery.detail
    report = await publish(on_time=True)
    assert (report.planned, report.sent) == (0, 0)


async def test_what_was_on_its_way_when_the_backup_was_made_is_told_as_unknown(
    opened, publish, clock, backup
):
    with opened() as app:
        app.publisher().plan()
    with closing(sqlite3.connect(backup.with_name("state") / "digest.db")) as database:
        database.execute("UPDATE deliveries SET state = 'transmitting'")
        database.commit()
    with opened() as app:
        app.store.back_up(backup)
    with opened() as app:
        assert app.restore(backup).unknown == 1
        assert len(app.standing().unknown) == 1
    assert (await publish(on_time=True)).sent == 0


async def test_who_left_since_the_backup_stays_gone(opened, clock, backup, publish):
    profile = Profile((Interest(InterestKind.PHRASE, "ice"),), send_empty=True)
    with opened() as app:
        for name in ("ben", "eva", "tom"):
            app.subscriptions.add(f"{name}@example.org", profile, clock())
        app.store.back_up(backup)
        people = app.store.people
        people.set_state("ben@example.org", SubscriberState.UNSUBSCRIBED, clock())
        people.erase("eva@example.org", clock())
        people.suppress("tom@example.org", "hard bounce", clock())
    with opened() as app:
        assert app.restore(backup).left == 2
        states = {p.address: p.state for p in app.subscriptions.all()}
        assert states == {
            ADA: SubscriberState.ACTIVE,
            "ben@example.org": SubscriberState.UNSUBSCRIBED,
            "tom@example.org": SubscriberState.ACTIVE,
        }
        assert app.store.people.is_suppressed("tom@example.org")
        assert app.store.people.was_erased("eva@example.org")
    assert (await publish(only="tom@example.org")).sent == 0


async def test_the_database_that_was_there_is_kept(opened, restore, publish, clock):
    await publish(on_time=True)
    moved = restore().moved
    assert moved is not None
    with open_store(f"sqlite:///{moved}") as old:
        assert old.deliveries.balance().states[DeliveryState.SENT] == 1


def test_a_database_that_was_lost_is_put_back(opened, restore, backup):
    for file in (backup.parent / "state").glob("digest.db*"):
        file.unlink()
    assert restore().moved is None
    with opened() as app:
        assert app.subscriptions.get(ADA).address == ADA


def test_a_damaged_database_is_replaced_and_kept(opened, restore, backup):
    place = backup.parent / "state" / "digest.db"
    place.write_bytes(b"no database" * 100)
    done = restore()
    moved = done.moved
    assert done.left is None
    assert moved is not None
    assert moved.read_bytes().startswith(b"no database")


def test_a_database_that_another_program_uses_is_left_alone(restore, backup):
    place = backup.parent / "state" / "digest.db"
    with closing(sqlite3.connect(place)) as other:
        other.execute("SELECT count(*) FROM deliveries").fetchall()
        before = place.read_bytes()
        with pytest.raises(StoreError, match=r"another program has .* open; stop it"):
            restore()
        assert place.read_bytes() == before


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda path: None, "cannot be restored: unable to open"),
        (lambda path: path.write_text("hello" * 100), "cannot be restored: file is not a database"),
        (lambda path: sqlite3.connect(path).executescript("CREATE TABLE x (y)"), "no database of"),
    ],
)
def test_what_is_no_backup_is_told_and_nothing_is_changed(opened, backup, tmp_path, make, told):
    other = tmp_path / "other.db"
    make(other)
    with opened() as app, pytest.raises(StoreError, match=told):
        app.restore(other)
    with opened() as app:
        assert app.subscriptions.get(ADA).address == ADA
    assert [f.name for f in (tmp_path / "state").glob("*before*")] == []


def test_a_backup_is_readable_by_its_owner_alone_and_is_whole_while_others_write(opened, backup):
    assert backup.stat().st_mode & 0o077 == 0
    place = backup.parent / "state" / "digest.db"
    with opened() as app, closing(sqlite3.connect(place)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("DELETE FROM subscribers")
        app.store.back_up(backup)
        writer.rollback()
    with open_store(f"sqlite:///{backup}") as copy:
        assert [person.address for person in copy.people.all()] == [ADA]


def test_a_backup_that_cannot_be_written_leaves_nothing_behind(opened, backup, tmp_path):
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "x").write_text("")
    with opened() as app, pytest.raises(StoreError, match=r"cannot back up .* to .*taken"):
        app.store.back_up(tmp_path / "taken")
    assert [f.name for f in tmp_path.glob(".*part*")] == []
