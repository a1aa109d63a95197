"""Sessions: open for so long, and no longer."""

from datetime import timedelta

from sqlalchemy import func, select

from digest.store.schema import sessions

IDLE, LASTS = timedelta(minutes=30), timedelta(hours=12)


def use(store, name, at) -> bool:
    return store.sessions.use(name, at, idle=IDLE, lasts=LASTS)


def test_a_session_is_open_until_it_is_closed(store, now) -> None:
    store.sessions.open("a" * 64, now, idle=IDLE, lasts=LASTS)
    assert use(store, "a" * 64, now)
    assert not use(store, "b" * 64, now)
    store.sessions.close("a" * 64)
    assert not use(store, "a" * 64, now)


def test_using_a_session_keeps_it_open(store, now) -> None:
    store.sessions.open("a", now, idle=IDLE, lasts=LASTS)
    for minutes in (29, 58, 59, 88):
        assert use(store, "a", now + timedelta(minutes=minutes))
    assert not use(store, "a", now + timedelta(minutes=118))


def test_no_session_is_open_for_longer_than_it_lasts(store, now) -> None:
    store.sessions.open("a", now, idle=IDLE, lasts=LASTS)
    for turn in range(1, 36):
        assert use(store, "a", now + turn * timedelta(minutes=20))
    assert not use(store, "a", now + LASTS)


def test_sessions_that_are_over_are_forgotten_when_another_one_opens(store, now) -> None:
    store.sessions.open("idle", now, idle=IDLE, lasts=LASTS)
    store.sessions.open("open", now + timedelta(minutes=20), idle=IDLE, lasts=LASTS)
    store.sessions.open("new", now + timedelta(minutes=40), idle=IDLE, lasts=LASTS)
    with store._database.reading() as connection:
        assert connection.scalar(select(func.count()).select_from(sessions)) == 2
