"""What PostgreSQL does differently: how one gets in, and several who write at once."""

import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from digest.errors import StoreError
from digest.models import DeliveryState, FeedState, PaperChange, Subscriber
from digest.store import Shard, Store, open_store, restore_store
from digest.store.database import Database, open_database
from digest.store.leases import hold
from digest.store.on_postgresql import PostgresqlKind
from digest.store.quick import Prepared
from postgres import PASSWORD, PostgresServer

DELIVERIES = 40
SHARD = Shard(1, 1, 0, 1, datetime(2026, 5, 12, tzinfo=UTC))


@pytest.fixture
def url(postgres_server: PostgresServer, postgres_template: str) -> str:
    return postgres_server.url(postgres_server.database(postgres_template))


@pytest.fixture
def database(url: str):
    opened = open_database(url, timedelta(milliseconds=100))
    yield opened
    opened.close()


def refused(url: str) -> str:
    with pytest.raises(StoreError) as told:
        open_store(url)
    assert "\n" not in str(told.value)
    return str(told.value)


def test_a_server_that_is_not_there_is_told(postgres_server: PostgresServer) -> None:
    assert "does not answer; is the server running" in refused("postgresql://me@127.0.0.1:1/digest")
    nowhere = f"postgresql://me@/digest?host={postgres_server.folder}/nothing"
    assert "does not answer; is the server running" in refused(nowhere)


def test_backups_are_left_to_its_own_tools(store: Store, url: str, now, tmp_path) -> None:
    with pytest.raises(StoreError, match="pg_dump --format=custom"):
        store.back_up(tmp_path / "backup.db")
    with pytest.raises(StoreError, match="pg_restore --clean"):
        restore_store(url, tmp_path / "backup.db", now)
    assert store.end_what_waits(now) == (0, 0)


def test_a_wrong_password_is_told_and_not_shown(postgres_server: PostgresServer) -> None:
    told = refused(postgres_server.url_with_password("postgres", "battery-staple"))
    assert "does not accept the password" in told
    assert "battery" not in told


def test_a_missing_password_is_told(postgres_server: PostgresServer) -> None:
    url = f"postgresql://reader@127.0.0.1:{postgres_server.port}/postgres"
    assert "does not accept the password" in refused(url)


def test_a_database_that_is_not_there_is_told(postgres_server: PostgresServer) -> None:
    told = refused(postgres_server.url("nothing"))
    assert told.startswith("the database nothing on ")
    assert "is not there; create it with createdb" in told


def test_a_user_that_is_not_known_is_told(postgres_server: PostgresServer) -> None:
    url = postgres_server.url("postgres")
    told = refused(url.replace(f"//{postgres_server.user}@", "//nobody@"))
    assert "does not know the user" in told


def test_a_user_who_may_not_make_tables_is_told(postgres_server: PostgresServer) -> None:
    told = refused(postgres_server.url_with_password(postgres_server.database()))
    assert "may not be changed by this user" in told
    assert PASSWORD not in told


def test_a_server_that_is_too_old_is_told(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("digest.store.on_postgresql._MIN_VERSION", 999)
    assert "999 or newer is needed" in refused(url)


def test_a_driver_that_is_not_installed_is_told(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    assert "install research-digest[postgresql]" in refused(url)


def test_another_programs_database_is_left_alone(postgres_server: PostgresServer) -> None:
    name = postgres_server.database()
    postgres_server.sql("CREATE TABLE papers (mine int)", name)
    told = refused(postgres_server.url(name))
    assert "another program's tables; name another database" in told


def test_a_database_of_a_newer_version_is_told(url: str, database: Database) -> None:
    with database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert "made by a newer version" in refused(url)


def test_a_short_url_means_the_same_driver(url: str) -> None:
    with open_store(url.replace("postgresql+psycopg://", "postgresql://")) as store:
        assert store.papers.counts().papers == 0


def test_a_writer_that_waits_too_long_is_told(database: Database) -> None:
    with (
        database.writing() as holder,
        pytest.raises(StoreError, match="is locked by another process"),
        database.writing() as other,
    ):
        holder.execute(text("LOCK TABLE feeds"))
        other.execute(text("LOCK TABLE feeds"))


def test_a_reader_sees_one_state_however_long_it_reads(url: str) -> None:
    with open_store(url) as store, store._database.reading() as reader:
        asked = text("SELECT count(*) FROM feeds")
        assert reader.scalar(asked) == 0
        store.feeds.save(FeedState("arxiv"))
        assert reader.scalar(asked) == 0
        with pytest.raises(Exception, match="read-only"):
            reader.execute(text("DELETE FROM feeds"))


def test_several_processes_may_open_a_new_database_at_once(postgres_server: PostgresServer) -> None:
    url = postgres_server.url(postgres_server.database())
    code = f"from digest.store import open_store; open_store({url!r}).close()"
    command = [sys.executable, "-c", code]
    children = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(3)]
    assert [child.communicate()[1] for child in children] == [b""] * 3


def test_two_collections_at_once_make_one_paper_of_one(
    url: str, change: Callable[..., PaperChange], now: datetime
) -> None:
    with open_store(url) as store:
        both = threading.Barrier(2, timeout=5)

        def collect(name: str) -> None:
            entries = change("One and the same", arxiv_id="2605.00001").placements
            both.wait()

            def decide(known):
                if not known:
                    return [change("One and the same", arxiv_id="2605.00001")]
                return []

            store.papers.merge([p.entry for p in entries], decide, seen_at=now)

        with ThreadPoolExecutor() as pool:
            list(pool.map(collect, ["a", "b"]))
        assert store.papers.counts().papers == 1


def test_workers_that_claim_at_once_never_get_the_same_shard(
    store: Store,
    subscribe: Callable[..., Subscriber],
    plan: Callable[..., int],
    now: datetime,
    lease: timedelta,
) -> None:
    for i in range(DELIVERIES):
        subscribe(f"{i}@example.org")
    plan(shard_size=1)

    def work(owner: str) -> list[int]:
        mine = []
        while shard := store.deliveries.claim(owner, now, lease):
            (waiting,) = store.deliveries.shard_deliveries(shard.shard_id, now)
            store.deliveries.advance(
                shard, owner, starting=[waiting[0].delivery_id], now=now, lease=lease
            )
            mine.append(waiting[0].delivery_id)
        return mine

    with ThreadPoolExecutor(4) as pool:
        taken = [number for mine in pool.map(work, "abcd") for number in mine]
    assert len(taken) == len(set(taken))
    states = store.deliveries.balance().states
    assert states[DeliveryState.TRANSMITTING] == len(taken) == DELIVERIES


def test_a_lease_that_is_renewed_at_this_instant_is_not_taken_for_abandoned(
    store: Store,
    subscribe: Callable[..., Subscriber],
    plan: Callable[..., int],
    database: Database,
    now: datetime,
    lease: timedelta,
) -> None:
    """The worker was slow: its lease has run out, and its commit is on the way."""
    subscribe()
    plan()
    shard = store.deliveries.claim("slow", now, lease)
    assert shard
    ((mine, _),) = store.deliveries.shard_deliveries(shard.shard_id, now)
    late = now + lease + timedelta(seconds=1)
    store.deliveries.advance(shard, "slow", starting=[mine.delivery_id], now=now, lease=lease)
    with database.quick() as quick:
        assert hold(quick, shard, "slow", until=late + lease)
        assert store.deliveries.recover(late) == []
        assert store.deliveries.expire(late, timedelta()) == 0
    assert store.deliveries.recover(late) == []
    assert store.deliveries.balance().states[DeliveryState.TRANSMITTING] == 1
    assert len(store.deliveries.recover(late + 2 * lease)) == 1


def test_work_goes_on_after_the_server_was_stopped_at_once(
    url: str, postgres_server: PostgresServer
) -> None:
    with open_store(url) as store:
        store.feeds.save(FeedState("arxiv", etag="before"))
        postgres_server.stop("immediate")
        try:
            with pytest.raises(StoreError, match=r"does not answer|was stopped"):
                store.feeds.states()
        finally:
            postgres_server.start()
        assert store.feeds.state("arxiv").etag == "before"


def test_connections_that_the_server_closed_cost_one_quick_transaction_and_no_more(
    url: str, database: Database
) -> None:
    with open_store(url) as store:
        with ExitStack() as stack:  # some connections, which then wait to be used again
            for _ in range(4):
                stack.enter_context(store._database.reading())
        with database.writing() as connection:
            others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = "
            mine = "current_database() AND pid <> pg_backend_pid()"
            assert len(connection.execute(text(others + mine)).all()) >= 4
        with pytest.raises(StoreError, match=r"was stopped|does not answer"):
            store.deliveries.release(SHARD, "w")
        for _ in range(4):
            store.deliveries.release(SHARD, "w")


def test_a_quick_transaction_reads_what_is_committed_whatever_the_server_is_set_to(
    postgres_server: PostgresServer, url: str, database: Database
) -> None:
    with database.writing() as connection:
        name = connection.scalar(text("SELECT current_database()"))
        connection.execute(
            text(f'ALTER DATABASE "{name}" SET default_transaction_isolation = serializable')
        )
    asked = Prepared(lambda _: text("SELECT (current_setting('transaction_isolation') = :is)::int"))
    with open_store(url) as store:
        for _ in range(2):
            store.feeds.states()
            with store._database.quick() as quick:
                assert quick.number(asked, {"is": "read committed"}) == 1


@pytest.mark.parametrize(
    ("message", "meaning"),
    [
        ("server does not support SSL, but SSL was required", "offers no TLS"),
        ("FATAL:  no pg_hba.conf entry for host", "does not let this user in"),
        ("FATAL:  sorry, too many clients already", "has no connection left"),
        ("FATAL:  the database system is starting up", "is starting or stopping"),
        ("could not translate host name", "whose name is not known"),
    ],
)
def test_other_refusals_have_words_too(message: str, meaning: str) -> None:
    from sqlalchemy import make_url

    kind = PostgresqlKind(make_url("postgresql://me@db.example.org/digest"))
    assert meaning in (kind.explain(OSError(message)) or "")
