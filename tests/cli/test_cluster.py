"""The commands for several processes."""

from datetime import UTC, datetime, timedelta


def test_a_tick_sends_what_is_due_and_the_next_one_nothing(cli, collected):
    at = f"{datetime.now(UTC) - timedelta(minutes=1):%H:%M}"
    cli("subscriber", "add", "ada@example.org", "--phrase", "unlearning", "--send-time", at)
    told = cli("tick")
    assert told.out == "1 delivery planned, 0 shards handed out, 1 sent\n"
    assert told.code == 0
    assert cli("tick").out == "0 deliveries planned, 0 shards handed out, 0 sent\n"


def test_a_worker_needs_the_engine_that_has_workers(cli, collected):
    told = cli("worker")
    assert told.code == 2
    assert 'engine = "cluster"' in told.trouble


def test_a_cluster_on_sqlite_is_told_in_one_line(cli, collected, monkeypatch):
    monkeypatch.setenv("DIGEST_ENGINE", "cluster")
    for command in ("worker", "tick"):
        told = cli(command)
        assert told.code == 2
        assert "needs PostgreSQL" in told.trouble
