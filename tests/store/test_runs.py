from datetime import datetime, timedelta

from digest.store import Run, Store


def test_the_last_run_of_a_kind_is_told_with_its_report(store: Store, now: datetime) -> None:
    later = now + timedelta(minutes=1)
    assert store.runs.last("collect") is None
    first = store.runs.start("collect", now)
    store.runs.start("publish", now)
    store.runs.finish(first, later, {"entries": 42})
    assert store.runs.last("collect") == Run(first, "collect", now, later, {"entries": 42})


def test_a_run_that_was_cut_off_has_no_end(store: Store, now: datetime) -> None:
    number = store.runs.start("collect", now)
    assert store.runs.last("collect") == Run(number, "collect", now, None, None)


def test_a_run_that_had_nothing_to_do_is_forgotten(store: Store, now: datetime) -> None:
    kept = store.runs.start("publish", now)
    idle = store.runs.start("publish", now)
    store.runs.forget(idle)
    last = store.runs.last("publish")
    assert last is not None
    assert last.run_id == kept


def test_a_turn_is_taken_by_one_and_only_so_often(store: Store, now: datetime) -> None:
    hour = timedelta(hours=1)
    first = store.runs.take_turn("watch", now, hour)
    assert first is not None
    store.runs.finish(first.run_id, now, {"told": 1})
    assert store.runs.take_turn("watch", now + timedelta(minutes=59), hour) is None
    second = store.runs.take_turn("watch", now + hour, hour)
    assert second == Run(first.run_id, "watch", now + hour, None, {"told": 1})
    assert store.runs.take_turn("other", now, hour) is not None


def test_a_turn_in_the_future_does_not_count(store: Store, now: datetime) -> None:
    hour = timedelta(hours=1)
    store.runs.take_turn("watch", now + timedelta(days=365), hour)
    assert store.runs.take_turn("watch", now, hour) is not None


def test_runs_come_in_portions_the_newest_first(store: Store, now: datetime) -> None:
    numbers = [store.runs.start(kind, now) for kind in ("publish", "watch", "restore", "publish")]
    page = store.runs.page(("publish", "restore"), limit=2)
    assert [run.run_id for run in page] == [numbers[3], numbers[2]]
    rest = store.runs.page(("publish", "restore"), before=numbers[2], limit=2)
    assert [run.run_id for run in rest] == [numbers[0]]


def test_what_was_planned_is_told_since_an_instant(store: Store, subscribe, plan, now) -> None:
    subscribe()
    plan()
    assert [count for _, count in store.runs.planned(now - timedelta(days=1))] == [1]
    assert store.runs.planned(now + timedelta(days=1)) == []
