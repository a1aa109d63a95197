"""Breakers: dead channels are left alone, longer each time, and by all processes."""

import pytest

from digest.delivery import Outcome, OutcomeKind
from digest.errors import DeliveryError
from digest.models import DeliveryState
from digest.pipeline.breaker import FAILURES, Breaker
from fakes import ScriptedChannel, accept

DOWN = DeliveryError("mail.example.org refuses connections")


@pytest.fixture
def breaker(store, clock):
    return lambda: Breaker(store, "smtp", clock)


def fail(breaker: Breaker) -> DeliveryError | None:
    for _ in range(FAILURES - 1):
        assert breaker.failed(DOWN) is None
    return breaker.failed(DOWN)


def test_some_failures_in_a_row_open_it_and_each_pause_is_longer(breaker, clock) -> None:
    for minutes in (1, 2, 5, 10, 15, 15):
        one = breaker()
        assert one.paused() is None
        assert "left alone until" in str(fail(one))
        clock.move(minutes=minutes, seconds=-1)
        assert "refuses connections" in (breaker().paused() or "")  # a restart does not ask again
        clock.move(seconds=1)


def test_a_success_in_between_counts(breaker) -> None:
    one = breaker()
    for _ in range(5):
        assert one.failed(DOWN) is None
        assert one.failed(DOWN) is None
        one.worked()
    assert one.paused() is None


def test_a_lasting_failure_opens_it_at_once(breaker) -> None:
    one = breaker()
    assert one.failed(DeliveryError("the login was refused", lasting=True)) is not None
    assert "login was refused" in (one.paused() or "")


def test_what_works_again_is_forgotten(breaker, store, clock) -> None:
    fail(breaker())
    clock.move(minutes=1)
    one = breaker()
    assert one.paused() is None
    one.worked()
    assert store.channels.all() == {}


def test_a_pause_begun_by_a_clock_that_was_set_back_binds_nobody(breaker, clock) -> None:
    fail(breaker())
    clock.move(hours=-5)
    assert breaker().paused() is None


def test_one_recipients_filter_does_not_stop_the_others(breaker) -> None:
    one = breaker()
    theirs = Outcome(OutcomeKind.FAILED, "550 5.7.1 no", 550, "5.7.1", ours=True, policy=True)
    assert one.refused(theirs) is None
    one.worked()
    assert one.refused(theirs) is None
    assert one.refused(theirs) is None
    assert "refuses our mail" in str(one.refused(theirs))


# ---------------------------------------------------------------- in a run


async def test_while_it_is_open_a_tick_asks_nobody_but_a_person_may(
    publisher, add_papers, subscribe, clock
) -> None:
    add_papers()
    subscribe(send_time="07:30")

    def refuse(parcel):
        raise DOWN

    down, up = ScriptedChannel(refuse), ScriptedChannel(accept)
    await publisher(down).publish(on_time=True)
    assert len(down.parcels) == FAILURES
    report = await publisher(up).publish(on_time=True)
    assert (up.parcels, report.planned) == ([], 0)
    assert "left alone until 08:01" in report.problems[0]
    report = await publisher(up).publish()
    assert report.states[DeliveryState.SENT] == 1
    assert (await publisher(up).publish(on_time=True)).problems == ()


@pytest.mark.parametrize("kind", [OutcomeKind.DEFERRED, OutcomeKind.UNKNOWN])
async def test_a_server_that_breaks_at_each_mail_is_not_given_all_of_them(
    publisher, add_papers, subscribe, kind
) -> None:
    add_papers()
    for number in range(20):
        subscribe(f"reader{number}")
    channel = ScriptedChannel(lambda parcel: Outcome(kind, "the connection broke"))
    report = await publisher(channel).publish()
    assert len(channel.parcels) == FAILURES
    assert report.states[DeliveryState.QUEUED] == 20 - FAILURES


async def test_a_dead_channel_keeps_no_other_from_any_shard(
    publisher, add_papers, subscribe, store
) -> None:
    add_papers()
    for number in range(4):
        subscribe(f"reader{number}")

    def refuse(parcel):
        raise DeliveryError("the disk is full", lasting=True)

    plan = store.deliveries.plan
    store.deliveries.plan = lambda *a, **k: plan(*a, **{**k, "shard_size": 1})
    dead, alive = ScriptedChannel(refuse, "dead"), ScriptedChannel(accept, "alive")
    report = await publisher(dead, alive).publish()
    assert report.states[DeliveryState.SENT] == 4
    assert len(dead.parcels) == 1


async def test_an_address_that_is_none_is_never_mailed_again(
    publisher, add_papers, subscribe, store, clock
) -> None:
    add_papers()
    address = subscribe()
    gone = Outcome(OutcomeKind.FAILED, "550 5.1.1 no such user", 550, "5.1.1", gone=True)
    await publisher(ScriptedChannel(lambda parcel: gone)).publish()
    assert "5.1.1" in store.people.suppressions()[address]
    clock.move(days=1)
    add_papers("glacier acoustics")
    assert (await publisher().publish()).planned == 0


async def test_a_channel_that_breaks_unexpectedly_costs_one_mail_whose_outcome_is_unknown(
    publisher, add_papers, subscribe
) -> None:
    add_papers()
    for name in ("ada", "tomo"):
        subscribe(name)

    def answer(parcel):
        if parcel.address.startswith("ada"):
            raise RuntimeError("boom")
        return accept(parcel)

    report = await publisher(ScriptedChannel(answer)).publish()
    assert report.states[DeliveryState.UNKNOWN] == 1
    assert report.states[DeliveryState.SENT] == 1


async def test_a_server_that_takes_no_mail_for_now_costs_nobody_an_attempt(
    publisher, add_papers, subscribe, store
) -> None:
    add_papers()
    for number in range(9):
        subscribe(f"reader{number}")
    slow = Outcome(OutcomeKind.DEFERRED, "450 4.7.1 too much mail", 450, "4.7.1", ours=True)
    channel = ScriptedChannel(lambda parcel: accept(parcel) if len(channel.parcels) < 4 else slow)
    report = await publisher(channel).publish()
    assert report.states[DeliveryState.SENT] == 3
    assert report.states[DeliveryState.QUEUED] == 6
    assert len(channel.parcels) == 3 + FAILURES
    assert {d.attempts for d, _ in store.deliveries.list_deliveries(DeliveryState.QUEUED)} == {0}
    assert "takes no mail from us for now" in report.problems[-1]
