"""Where a paper went that waits for the day of a weekly interest."""

from datetime import timedelta

from digest.models import Interest, InterestKind, Profile, SubscriberState
from digest.pipeline import EditionOptions
from digest.pipeline.traces import Stage
from digest.pipeline.why import Inquiry

ICE = Interest(InterestKind.PHRASE, "glacier acoustics", weekly=True)
ROBOTS = Interest(InterestKind.PHRASE, "harbour robots")


def ask(store, clock, ref: str):
    person = store.people.get("ada@example.org")
    trace = Inquiry(store, [], EditionOptions(), clock()).ask(ref, person)
    return trace, [line for step in trace.steps for line in step.told]


def subscribe(store, clock, *interests: Interest, **options) -> None:
    profile = Profile(interests, trending=0, **options)
    store.people.add("ada@example.org", profile, SubscriberState.ACTIVE, clock())


async def test_a_paper_waits_for_the_day_of_its_weekly_interest(
    store, clock, add_papers, publisher
):
    subscribe(store, clock, ICE, ROBOTS)
    add_papers("harbour robots")
    await publisher().publish()  # on Monday
    clock.move(days=1)
    add_papers("glacier acoustics", "harbour robots")
    for _ in range(2):  # before and after Tuesday's edition
        trace, lines = ask(store, clock, "2611.00002")
        assert trace.steps[-1].stage is Stage.CHOSEN
        assert not trace.steps[-1].passed
        assert lines[-1] == (
            "“glacier acoustics” comes once a week: it waits for Monday, 2026-11-23"
        )
        await publisher().publish()
    clock.move(days=6)
    add_papers("harbour robots")
    trace, lines = ask(store, clock, "2611.00002")
    assert "it will be in the next edition, unless better ones come" in lines
    await publisher().publish()
    trace, _ = ask(store, clock, "2611.00002")
    assert trace.steps[-1].stage is Stage.SENT
    assert trace.steps[-1].passed


async def test_what_did_not_come_on_its_day_is_told_of_that_days_edition(
    store, clock, add_papers, publisher
):
    subscribe(store, clock, ICE, papers=1)
    add_papers("harbour robots")
    await publisher().publish()
    clock.move(days=1)
    add_papers("glacier acoustics", "glacier acoustics")
    await publisher().publish()
    clock.move(days=6)
    await publisher().publish()
    clock.move(days=1)
    sent = {p.paper.arxiv_id for e in editions(store) for p in e.papers}
    (left,) = {"2611.00002", "2611.00003"} - sent
    trace, lines = ask(store, clock, left)
    assert trace.edition_date == clock().date() - timedelta(days=1)
    assert not any("waits" in line for line in lines)
    assert not trace.steps[-1].passed


async def test_a_paper_of_a_daily_interest_does_not_wait(store, clock, add_papers, publisher):
    subscribe(store, clock, ICE, ROBOTS)
    add_papers("harbour robots")
    await publisher().publish()
    clock.move(days=1)
    add_papers("glacier acoustics of harbour robots")
    _, lines = ask(store, clock, "2611.00002")
    assert "it will be in the next edition, unless better ones come" in lines


def editions(store):
    person = store.people.get("ada@example.org")
    return store.editions.by_ids(store.editions.dates(person.subscriber_id).values()).values()
