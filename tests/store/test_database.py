import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import exc, select

from digest.errors import StoreError
from digest.models import FeedState
from digest.store import Store, open_store
from digest.store.database import Database, open_database
from digest.store.schema import feeds


@pytest.fixture
def url(tmp_path: Path) -> str:
    """SQLite; what PostgreSQL does differently stands in test_postgresql."""
    return f"sqlite:///{tmp_path / 'state' / 'digest.db'}"


@pytest.fixture
def database(url: str):
    opened = open_database(url, timedelta(milliseconds=100))
    yield opened
    opened.close()


def test_opening_makes_the_folder_and_the_tables(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path}/deep/er/digest.db") as store:
        assert store.papers.counts().papers == 0


def test_what_was_stored_is_there_after_opening_again(url: str) -> None:
    with open_store(url) as store:
        store.feeds.save(FeedState("arxiv", etag='"x"'))
    with open_store(url) as store:
        assert store.feeds.state("arxiv").etag == '"x"'


def test_the_agreed_pragmas_are_set(url: str) -> None:
    database = open_database(url)
    with database.reading() as connection:
        told = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "busy_timeout", "foreign_keys")
        }
    database.close()
    normal = 1
    assert told == {
        "journal_mode": "wal",
        "synchronous": normal,
        "busy_timeout": 10_000,
        "foreign_keys": 1,
    }


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("no url at all", "cannot be read"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("sqlite:///file:x?mode=ro&uri=true", "not supported"),
        ("mysql://me:secret@db.example.org/digest", "not supported"),
        ("postgresql+asyncpg://me:secret@db.example.org/digest", "its driver"),
        ("postgresql://me@db.example.org/digest?password=secret", "not supported .password"),
        ("postgresql://me:secret@db.example.org", "names no database"),
    ],
)
def test_a_url_that_cannot_be_used_is_told(url: str, says: str) -> None:
    with pytest.raises(StoreError, match=says) as told:
        open_store(url)
    assert "secret" not in str(told.value)
    assert "\n" not in str(told.value)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(StoreError, match=r"folder .*file/state for the database cannot be made"):
        open_store(f"sqlite:///{tmp_path}/file/state/digest.db")


def test_a_place_that_is_no_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be opened"):
        open_store(f"sqlite:///{tmp_path}")


def test_a_file_that_is_no_database_is_told_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "digest.db"
    file.write_text("Dear diary, " * 1000)
    with pytest.raises(StoreError, match=r"digest\.db is not a database"):
        open_store(f"sqlite:///{file}")
    assert file.read_text().startswith("Dear diary")


def test_a_damaged_database_is_told(url: str, tmp_path: Path) -> None:
    with open_store(url):
        pass
    file = tmp_path / "state" / "digest.db"
    file.write_bytes(file.read_bytes()[:4096] + b"\xff" * 8192)
    with pytest.raises(StoreError, match="is damaged; restore it"):
        open_store(url)


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "other.db")
    connection.execute("CREATE TABLE papers (mine)")
    connection.close()
    with pytest.raises(StoreError, match="another program's tables"):
        open_store(f"sqlite:///{tmp_path}/other.db")


def test_a_database_of_a_newer_version_is_told(url: str, tmp_path: Path) -> None:
    with open_store(url):
        pass
    connection = sqlite3.connect(tmp_path / "state" / "digest.db")
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    with pytest.raises(StoreError, match="made by a newer version"):
        open_store(url)


def test_a_writer_that_waits_too_long_is_told(database: Database) -> None:
    with (
        database.writing(),
        pytest.raises(StoreError, match="is locked by another process"),
        database.writing(),
    ):
        pass


def test_readers_do_not_wait_for_a_writer(database: Database) -> None:
    with database.writing() as writer, database.reading() as reader:
        writer.execute(
            feeds.insert().values(feed="x", error_count=0, entry_count=0, refused=False, place="")
        )
        assert reader.execute(select(feeds)).all() == []


def test_a_reader_sees_one_state_however_long_it_reads(database: Database) -> None:
    with database.reading() as reader:
        assert reader.execute(select(feeds)).all() == []
        with database.writing() as writer:
            writer.execute(
                feeds.insert().values(
                    feed="x", error_count=0, entry_count=0, refused=False, place=""
                )
            )
        assert reader.execute(select(feeds)).all() == []


def test_a_full_disk_is_told_and_nothing_is_half_written(url: str, store: Store) -> None:
    with store._database.writing() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreError, match="the disk is full"):
        store.feeds.save(FeedState("big", last_error="x" * 1_000_000))
    assert store.feeds.states() == []


def test_a_read_only_database_is_told(store: Store) -> None:
    with store._database.reading() as connection:
        connection.exec_driver_sql("PRAGMA query_only = ON")
    with pytest.raises(StoreError, match="is read-only"):
        store.feeds.save(FeedState("arxiv"))


def test_a_broken_rule_is_our_mistake_and_not_told_as_trouble_of_the_disk(
    database: Database,
) -> None:
    row = {"feed": "x", "error_count": 0, "entry_count": 0}
    with pytest.raises(exc.IntegrityError), database.writing() as connection:
        connection.execute(feeds.insert(), [row, row])


def test_several_processes_may_open_a_new_database_at_once(url: str) -> None:
    code = f"from digest.store import open_store; open_store({url!r}).close()"
    command = [sys.executable, "-c", code]
    children = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(4)]
    assert [child.communicate()[1] for child in children] == [b""] * 4
    with open_store(url) as store:
        assert store.papers.counts().papers == 0


def test_instants_come_back_as_aware_utc(store: Store) -> None:
    tokyo = datetime(2026, 5, 12, 9, 0, tzinfo=timezone(timedelta(hours=9)))
    store.feeds.save(FeedState("arxiv", checked_at=tokyo))
    told = store.feeds.state("arxiv").checked_at
    assert told == tokyo
    assert told is not None
    assert told.tzinfo is UTC


def test_an_instant_without_zone_is_refused(store: Store) -> None:
    with pytest.raises(exc.StatementError, match="no time zone"):
        store.feeds.save(FeedState("arxiv", checked_at=datetime(2026, 5, 12)))
