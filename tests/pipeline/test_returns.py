"""Mails that came back, and what becomes of their addresses, on both databases."""

from datetime import timedelta

import pytest

from bounce_corpus import corpus, report
from digest.models import SubscriberState
from digest.pipeline.returns import ReturnsReport, take_returns
from digest.store import SoftLimit
from digest.tokens import Purpose, Tokens

TOKENS = Tokens(["a secret that is long enough"])
SOFT, DELAYED, OURS, COMPLAINT = 5, 8, 10, "complaint: abuse"


@pytest.fixture
def store_url(database_url: str) -> str:
    """Both kinds of database."""
    return database_url


@pytest.fixture
async def path(store, subscribe, publisher, add_papers) -> str:
    """The return path of a mail that was sent to ada@example.org."""
    add_papers()
    subscribe("ada")
    await publisher().publish()
    ((delivery, who),) = store.deliveries.list_deliveries()
    return f"bounces+{TOKENS.for_bounce(delivery.delivery_id, who.address)}@example.org"


@pytest.fixture
def take(store, clock):
    def run(*mails: bytes, limit: SoftLimit | None = None) -> ReturnsReport:
        return take_returns(store, TOKENS, mails, limit or SoftLimit(), clock())

    return run


def suppressed(store) -> bool:
    return store.people.is_suppressed("ada@example.org")


async def test_an_address_that_is_not_there_is_not_mailed_again(store, path, take) -> None:
    assert take(report(path)).suppressed == 1
    assert suppressed(store)
    assert "5.1.1" in store.people.suppressions()["ada@example.org"]


async def test_a_complaint_suppresses(store, path, take) -> None:
    (mail,) = (odd.raw for odd in corpus(path) if odd.name == COMPLAINT)
    assert take(mail).suppressed == 1


async def test_a_forged_report_changes_nothing(store, path, take) -> None:
    number = path.partition("+")[2].partition("-")[0]
    forged = take(
        report(f"bounces+{number}-aaaaaaaaaaaaaaaa@example.org"),
        report(f"bounces+999-{path.partition('-')[2]}"),
        report("reader@example.org"),
    )
    assert forged.counts == {"unsigned": 3}
    assert not suppressed(store)
    assert store.bounces.count() == 0


async def test_a_report_on_an_earlier_address_does_not_touch_the_new_one(
    store, path, take, subscribe
) -> None:
    store.people.remove("ada@example.org")
    subscribe("ada")
    assert take(report(path)).counts == {"unsigned": 1}
    assert not suppressed(store)


async def test_a_refusal_of_us_is_told_and_blames_nobody(store, path, take) -> None:
    done = take(report(path, case=OURS))
    assert list(done.about_us) == ["smtp; 550 5.7.1 message refused, poor reputation"]
    assert not suppressed(store)


async def test_a_full_mailbox_is_given_up_only_after_many_days(store, path, take, clock) -> None:
    for day in range(8):
        assert not suppressed(store), day
        take(report(path, case=SOFT, subject=f"number {day}"))
        clock.move(days=1)
    assert suppressed(store)
    assert "came back too often" in store.people.suppressions()["ada@example.org"]


async def test_many_soft_bounces_of_one_day_are_one_trouble(store, path, take) -> None:
    take(*(report(path, case=SOFT, subject=f"number {i}") for i in range(20)))
    assert store.bounces.count("soft") == 20
    assert not suppressed(store)


async def test_soft_bounces_among_mails_that_arrive_are_forgiven(
    store, path, take, clock, publisher, add_papers
) -> None:
    for day in range(15):
        clock.move(days=1)
        add_papers()
        await publisher().publish()
        if day % 3 == 0:
            take(report(path, case=SOFT, subject=f"number {day}"))
    assert store.bounces.count("soft") == 5
    assert not suppressed(store)


async def test_the_same_mail_counts_once(store, path, take) -> None:
    mail = report(path, case=SOFT)
    assert take(mail, mail).counts == {"soft": 1, "known": 1}


async def test_an_address_that_is_allowed_again_starts_anew(store, path, take, clock) -> None:
    for day in range(8):
        take(report(path, case=SOFT, subject=f"number {day}"))
        clock.move(days=1)
    assert store.people.unsuppress("ada@example.org")
    store.bounces.forget("ada@example.org")
    take(report(path, case=SOFT, subject="once more"))
    assert not suppressed(store)


async def test_a_mail_unsubscribes_whom_its_token_names(store, path, take, clock) -> None:
    person = store.people.get("ada@example.org")
    token = TOKENS.make(Purpose.UNSUBSCRIBE, person.subscriber_id, person.link_generation)
    manage = TOKENS.make(Purpose.MANAGE, person.subscriber_id, person.link_generation)
    wrong = take(f"From: x@y.example\nSubject: unsubscribe {manage}\n\n".encode())
    assert wrong.counts == {"unsigned": 1}
    done = take(f"From: x@y.example\nSubject: unsubscribe {token}\n\n".encode())
    assert done.unsubscribed == 1
    assert store.people.get("ada@example.org").state is SubscriberState.UNSUBSCRIBED


async def test_of_all_odd_mails_only_those_that_say_so_suppress(store, path, take) -> None:
    for odd in corpus(path):
        take(odd.raw, limit=SoftLimit(count=1_000, over=timedelta(days=90)))
        assert suppressed(store) == (odd.kind in {"hard", "complaint"}), odd.name
        store.people.unsuppress("ada@example.org")
