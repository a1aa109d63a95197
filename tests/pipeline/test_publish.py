"""Publish: each edition once, nothing lost, and trouble that stays where it is."""

import asyncio
import gc
from datetime import date, timedelta
from email import message_from_bytes, policy

import pytest

from digest.delivery import MailOptions, OutboxChannel, Outcome, OutcomeKind
from digest.errors import DeliveryError
from digest.links import Linker
from digest.merging import assemble, place
from digest.models import DeliveryState, Entry, FeedState, Schedule, Updates
from digest.pipeline import Publisher
from digest.sources.base import Feed
from digest.tokens import Tokens
from fakes import ScriptedChannel, accept, outbox


@pytest.fixture
def store_url(database_url: str) -> str:
    """Both kinds of database."""
    return database_url


SENT, QUEUED = DeliveryState.SENT, DeliveryState.QUEUED


def states(report):
    return {state: count for state, count in report.states.items() if count}


def titles(parcel):
    return parcel.rendering.markdown


async def test_a_subscriber_gets_the_papers_that_fit(publisher, add_papers, subscribe):
    add_papers()
    subscribe("ada", "glacier acoustics", trending=0)
    box = outbox()
    report = await publisher(box).publish()
    assert (report.planned, states(report)) == (1, {SENT: 1})
    (mail,) = box.messages
    text = message_from_bytes(mail, policy=policy.default).get_body(("plain",)).get_content()
    assert "glacier acoustics" in text
    assert "harbour robots" not in text


async def test_each_mail_has_its_readers_own_links_in_text_and_header(
    publisher, add_papers, subscribe
):
    add_papers()
    subscribe("ada")
    subscribe("tomo")
    box = OutboxChannel(MailOptions("digest@example.org", unsubscribe_mailto="off@example.org"))
    base = "https://digest.example.org/" + "a" * 172  # 200 characters
    linker = Linker(base, Tokens(["a secret of enough characters"]), "off@example.org")
    await publisher(box, linker=linker).publish()
    headers = set()
    for mail in box.messages:
        read = message_from_bytes(mail, policy=policy.default)
        lines = mail.decode().partition("\r\n\r\n")[0].split("\r\n")
        (start,) = (n for n, line in enumerate(lines) if line.startswith("List-Unsubscribe: "))
        assert lines[start].startswith(f"List-Unsubscribe: <{base}/unsubscribe/")
        assert lines[start + 1].startswith(" <mailto:off@example.org?subject=unsubscribe%20")
        assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click" in lines
        link = lines[start].partition("<")[2].rstrip(">,")
        assert link in read.get_body(("plain",)).get_content()
        assert link in read.get_body(("html",)).get_content()
        headers.add(link)
    assert len(headers) == 2


async def test_editions_are_stored_some_at_a_time_so_that_nobody_waits_long_to_write(
    publisher, add_papers, subscribe, store, monkeypatch
):
    add_papers()
    for number in range(45):
        subscribe(f"reader{number}")
    save, stored = store.deliveries.save_editions, []

    def save_and_count(shard, owner, items, **told):
        stored.append(len(items))
        return save(shard, owner, items, **told)

    monkeypatch.setattr(store.deliveries, "save_editions", save_and_count)
    box = outbox()
    report = await publisher(box).publish()
    assert stored == [20, 20, 5]
    assert (states(report), len(box.messages)) == ({SENT: 45}, 45)


async def test_what_was_just_composed_is_sent_without_being_read_again_and_says_the_same(
    publisher, add_papers, subscribe, store, renderer, monkeypatch
):
    add_papers()
    subscribe("ada", "glacier acoustics", "harbour robots")
    subscribe("tomo", "protein folding")
    read, asked = store.editions.by_ids, []
    monkeypatch.setattr(store.editions, "by_ids", lambda ids: asked.append(ids) or read(ids))
    channel = ScriptedChannel(accept)
    await publisher(channel, linker=Linker()).publish()
    assert (len(channel.parcels), asked) == (2, [])
    for parcel in channel.parcels:
        (edition,) = read([parcel.edition_id]).values()
        links = Linker().for_edition(store.people.get(parcel.address), parcel.edition_id, edition)
        assert renderer.render(edition, links, channel.forms(parcel.format)) == parcel.rendering


async def test_what_is_tried_again_is_the_edition_that_was_stored(
    publisher, add_papers, subscribe, clock
):
    add_papers()
    subscribe()
    later = Outcome(OutcomeKind.DEFERRED, "451 later", 451)
    channel = ScriptedChannel(lambda parcel: later)
    await publisher(channel).publish()
    clock.move(minutes=10)
    add_papers("glacier acoustics")
    channel.answer = accept
    report = await publisher(channel).publish()
    first, second = channel.parcels
    assert states(report) == {SENT: 1}
    assert (first.edition_id, first.rendering) == (second.edition_id, second.rendering)


async def test_the_collector_looks_as_usual_after_a_run(publisher, add_papers, subscribe):
    add_papers()
    subscribe()
    passed_over = []
    channel = ScriptedChannel(lambda p: passed_over.append(gc.get_freeze_count()) or accept(p))
    await publisher(channel).publish()
    assert passed_over[0] > 0
    assert gc.get_freeze_count() == 0


async def test_editions_older_than_they_are_kept_are_deleted(
    publisher, add_papers, subscribe, store, clock
):
    add_papers()
    subscribe()
    for days in (60, 20, 20):
        await publisher(keep_days=90).publish()
        clock.move(days=days)
        add_papers("glacier acoustics")
    assert len(store.editions.dates(1)) == 3
    await publisher().publish()  # unless told otherwise, all are kept
    assert len(store.editions.dates(1)) == 4
    report = await publisher(keep_days=90).publish()
    assert len(store.editions.dates(1)) == 3
    assert (report.mistakes, store.deliveries.totals()[SENT]) == ((), 4)


async def test_a_second_run_of_the_day_sends_nothing(publisher, add_papers, subscribe):
    add_papers()
    subscribe()
    box = outbox()
    await publisher(box).publish()
    again = await publisher(box).publish()
    assert (again.planned, again.total, len(box.messages)) == (0, 0, 1)


async def test_the_next_day_brings_only_what_is_new(publisher, add_papers, subscribe, clock):
    add_papers("glacier acoustics")
    subscribe()
    channel = ScriptedChannel(accept)
    await publisher(channel).publish()
    clock.move(days=1)
    add_papers("glacier acoustics")
    await publisher(channel).publish()
    first, second = channel.parcels
    assert "part 1" in titles(first)
    assert "part 2" in titles(second)
    assert "part 1" not in titles(second)


async def test_a_day_without_papers_is_silent_and_is_not_planned_again(publisher, subscribe, store):
    subscribe()
    box = outbox()
    report = await publisher(box).publish()
    assert states(report) == {DeliveryState.SILENT: 1}
    again = await publisher(box).publish()
    assert (again.planned, box.messages) == (0, [])
    assert store.runs.last("publish").report["states"] == {"silent": 1}


async def test_an_empty_day_brings_a_mail_that_says_why_to_who_wants_it(publisher, subscribe):
    subscribe(send_empty=True)
    channel = ScriptedChannel(accept)
    report = await publisher(channel).publish()
    assert states(report) == {SENT: 1}
    assert "No new papers" in channel.parcels[0].rendering.text


async def test_an_idle_tick_leaves_no_trace(publisher, subscribe, store):
    subscribe(send_time="23:00")
    report = await publisher().publish(on_time=True)
    assert report.total == 0
    assert store.runs.last("publish") is None


@pytest.mark.parametrize(
    ("hours", "planned"), [(-2, 0), (-1, 1), (0, 1), (4.9, 1), (5, 0), (23, 1)]
)
async def test_on_time_waits_for_the_send_time_and_catches_up_within_the_freshness_limit(
    publisher, add_papers, subscribe, clock, hours, planned
):
    """The clock stands at 08:00; the send time is 07:00, the limit 6 hours."""
    add_papers()
    subscribe(send_time="07:00")
    clock.move(hours=hours)
    report = await publisher().publish(on_time=True)
    assert report.planned == planned


async def test_without_a_chosen_weekday_nothing_is_sent_but_a_named_subscriber_gets_it(
    publisher, add_papers, subscribe
):
    add_papers()
    address = subscribe(schedule=Schedule(weekdays=frozenset({6})))
    assert (await publisher().publish()).planned == 0
    assert (await publisher().publish(only=address)).planned == 1


async def test_only_the_named_subscriber_is_served(publisher, add_papers, subscribe):
    add_papers()
    subscribe("ada")
    other = subscribe("tomo")
    channel = ScriptedChannel(accept)
    await publisher(channel).publish(only=other)
    assert [p.address for p in channel.parcels] == [other]


async def test_another_day_can_be_published(publisher, add_papers, subscribe):
    add_papers()
    subscribe()
    channel = ScriptedChannel(accept)
    await publisher(channel).publish(edition_date=date(2026, 11, 15))
    assert channel.parcels[0].edition_date == date(2026, 11, 15)


async def test_two_channels_carry_the_same_edition(publisher, add_papers, subscribe):
    add_papers()
    subscribe()
    one, other = ScriptedChannel(accept, "one"), ScriptedChannel(accept, "other")
    report = await publisher(one, other).publish()
    assert states(report) == {SENT: 2}
    assert one.parcels[0].edition_id == other.parcels[0].edition_id


async def test_days_caught_up_share_no_paper(publisher, add_papers, subscribe, clock):
    add_papers()
    subscribe(send_time="23:00")
    clock.move(hours=17)  # 01:00 of the next day: yesterday's edition is due, today's is not yet
    channel = ScriptedChannel(accept)
    report = await publisher(channel, freshness=timedelta(hours=26)).publish(on_time=True)
    assert report.planned == 1
    assert channel.parcels[0].edition_date == date(2026, 11, 16)


# ---------------------------------------------------------------- failures


async def test_a_refused_recipient_costs_only_itself(publisher, add_papers, subscribe):
    add_papers()
    bad, good = subscribe("bad"), subscribe("good")

    def answer(parcel):
        if parcel.address == bad:
            return Outcome(OutcomeKind.FAILED, "550 5.1.1 no such user", 550, "5.1.1")
        return accept(parcel)

    report = await publisher(ScriptedChannel(answer)).publish()
    assert states(report) == {SENT: 1, DeliveryState.FAILED: 1}
    assert report.problems == (f"{bad}: 550 5.1.1 no such user",)
    assert good != bad


async def test_a_deferred_mail_is_tried_again_later_and_sent_once(
    publisher, add_papers, subscribe, clock
):
    add_papers()
    subscribe()
    busy = ScriptedChannel(lambda parcel: Outcome(OutcomeKind.DEFERRED, "451 busy", 451))
    report = await publisher(busy).publish()
    assert states(report) == {DeliveryState.DEFERRED: 1}
    ready = ScriptedChannel(accept)
    assert (await publisher(ready).publish()).total == 0
    clock.move(minutes=2)
    later = await publisher(ready).publish()
    assert states(later) == {SENT: 1}
    assert ready.parcels[0].edition_id == busy.parcels[0].edition_id
    assert ready.parcels[0].composed_at == busy.parcels[0].composed_at


async def test_what_cannot_be_sent_in_time_expires_and_its_papers_come_again(
    publisher, add_papers, subscribe, clock
):
    add_papers("glacier acoustics")
    subscribe()
    busy = ScriptedChannel(lambda parcel: Outcome(OutcomeKind.DEFERRED, "451 busy", 451))
    await publisher(busy).publish()
    clock.move(days=1)
    ready = ScriptedChannel(accept)
    await publisher(ready).publish()
    assert [p.edition_date for p in ready.parcels] == [date(2026, 11, 17)]
    assert "part 1" in titles(ready.parcels[0])


async def test_a_channel_out_of_order_stops_the_run_and_burns_no_attempts(
    publisher, add_papers, subscribe, store
):
    add_papers()
    for name in ("ada", "tomo", "zed"):
        subscribe(name)

    def refuse(parcel):
        raise DeliveryError("mail.example.org refuses connections; is it running?")

    channel = ScriptedChannel(refuse)
    report = await publisher(channel).publish()
    assert states(report) == {QUEUED: 3}
    assert [p.address for p in channel.parcels] == ["ada@example.org"] * 3
    assert "refuses connections" in report.problems[-1]
    assert {d.attempts for d, _ in store.deliveries.list_deliveries()} == {0}
    again = await publisher(ScriptedChannel(accept)).publish()
    assert states(again) == {SENT: 3}


async def test_one_broken_channel_does_not_keep_another_from_working(
    publisher, add_papers, subscribe
):
    add_papers()
    subscribe()

    def refuse(parcel):
        raise DeliveryError("down")

    broken, working = ScriptedChannel(refuse, "broken"), ScriptedChannel(accept, "working")
    report = await publisher(broken, working).publish()
    assert states(report) == {QUEUED: 1, SENT: 1}


async def test_a_refusal_of_our_mail_as_such_stops_the_run_and_blames_nobody(
    publisher, add_papers, subscribe
):
    add_papers()
    subscribe("ada")
    subscribe("tomo")
    policy_refusal = Outcome(OutcomeKind.FAILED, "554 5.7.1 spam", 554, "5.7.1", ours=True)
    channel = ScriptedChannel(lambda parcel: policy_refusal)
    report = await publisher(channel).publish()
    assert states(report) == {QUEUED: 2}
    assert len(channel.parcels) == 1
    assert "check `sender`" in report.problems[-1]


async def test_an_unknown_outcome_is_held_and_its_papers_come_again(
    publisher, add_papers, subscribe, clock
):
    add_papers("glacier acoustics")
    subscribe()
    lost = ScriptedChannel(lambda parcel: Outcome(OutcomeKind.UNKNOWN, "no answer after the dot"))
    report = await publisher(lost).publish()
    assert states(report) == {DeliveryState.UNKNOWN: 1}
    ready = ScriptedChannel(accept)
    assert (await publisher(ready).publish()).total == 0
    clock.move(days=1)
    await publisher(ready).publish()
    assert "part 1" in titles(ready.parcels[0])


async def test_with_resend_a_mail_whose_answer_was_lost_goes_out_again_as_the_same_mail(
    publisher, add_papers, subscribe, clock
):
    add_papers("glacier acoustics")
    subscribe()
    lost = ScriptedChannel(lambda parcel: Outcome(OutcomeKind.UNKNOWN, "no answer after the dot"))
    report = await publisher(lost, unknown="resend").publish()
    assert states(report) == {DeliveryState.DEFERRED: 1}
    clock.move(minutes=2)
    ready = ScriptedChannel(accept)
    again = await publisher(ready, unknown="resend").publish()
    assert states(again) == {SENT: 1}
    assert ready.parcels[0].reference == lost.parcels[0].reference
    assert ready.parcels[0].composed_at == lost.parcels[0].composed_at


@pytest.mark.parametrize(("policy_name", "sent_again"), [("hold", 0), ("resend", 1)])
async def test_a_crash_while_sending_leaves_one_unknown_outcome(
    publisher, add_papers, subscribe, clock, policy_name, sent_again
):
    add_papers()
    subscribe("ada")
    subscribe("tomo")

    def die(parcel):
        raise asyncio.CancelledError

    dying = ScriptedChannel(die)
    with pytest.raises(asyncio.CancelledError):
        await publisher(dying, unknown=policy_name).publish()
    clock.move(minutes=6)  # the lease is over
    ready = ScriptedChannel(accept)
    report = await publisher(ready, unknown=policy_name).publish()
    assert report.unknown == 1
    assert "outcome is unknown" in report.problems[0]
    assert len(ready.parcels) == 1 + sent_again


async def test_a_subscriber_who_paused_after_planning_gets_nothing(
    publisher, add_papers, subscribe, store, clock
):
    from digest.models import SubscriberState

    add_papers()
    address = subscribe()
    busy = ScriptedChannel(lambda parcel: Outcome(OutcomeKind.DEFERRED, "451 busy", 451))
    await publisher(busy).publish()
    store.people.set_state(address, SubscriberState.PAUSED, clock())
    clock.move(minutes=2)
    ready = ScriptedChannel(accept)
    report = await publisher(ready).publish()
    assert ready.parcels == []
    assert states(report) == {DeliveryState.SUPPRESSED: 1}


async def test_an_edition_that_cannot_be_rendered_costs_only_itself(
    publisher, add_papers, subscribe, renderer, monkeypatch
):
    add_papers()
    subscribe("ada", "glacier acoustics")
    subscribe("tomo", "harbour robots")
    render = type(renderer).render

    def fail_for_ada(self, edition, links, forms):
        if "harbour" not in edition.papers[0].paper.title:
            raise RuntimeError("boom")
        return render(self, edition, links, forms)

    monkeypatch.setattr(type(renderer), "render", fail_for_ada)
    channel = ScriptedChannel(accept)
    report = await publisher(channel).publish()
    assert states(report) == {SENT: 1, DeliveryState.FAILED: 1}
    assert report.problems == ("ada@example.org: the edition could not be rendered: boom",)


async def test_stopping_leaves_the_rest_queued_for_the_next_run(publisher, add_papers, subscribe):
    add_papers()
    for name in ("ada", "tomo", "zed"):
        subscribe(name)
    running: list[Publisher] = []

    def stop_after_this(parcel):
        running[0].stop()
        return accept(parcel)

    running.append(publisher(ScriptedChannel(stop_after_this)))
    report = await running[0].publish()
    assert states(report) == {SENT: 1, QUEUED: 2}
    rest = await publisher(ScriptedChannel(accept)).publish()
    assert states(rest) == {SENT: 3}


async def test_a_worker_that_lost_its_lease_sends_nothing_more(
    publisher, add_papers, subscribe, store, clock
):
    add_papers()
    for name in ("ada", "tomo", "zed"):
        subscribe(name)
    thief = []

    def lose_the_lease(parcel):
        clock.move(minutes=6)
        thief.append(store.deliveries.claim("thief", clock(), timedelta(minutes=5)))
        return accept(parcel)

    channel = ScriptedChannel(lose_the_lease)
    await publisher(channel).publish()
    assert len(channel.parcels) == 1
    assert thief[0] is not None


async def test_several_connections_share_the_work_and_send_each_mail_once(
    publisher, add_papers, subscribe
):
    add_papers()
    addresses = {subscribe(f"reader{n}") for n in range(12)}
    channel = ScriptedChannel(accept, connections=4)
    report = await publisher(channel).publish()
    assert states(report) == {SENT: 12}
    assert sorted(p.address for p in channel.parcels) == sorted(addresses)


async def test_a_delivery_by_a_channel_that_was_taken_out_fails_with_a_word(
    publisher, add_papers, subscribe, clock
):
    add_papers()
    subscribe()
    busy = ScriptedChannel(lambda parcel: Outcome(OutcomeKind.DEFERRED, "451", 451), "old")
    await publisher(busy).publish()
    clock.move(minutes=2)
    report = await publisher(ScriptedChannel(accept, "new")).publish()
    assert any("old is not in the settings" in problem for problem in report.problems)


async def test_a_feed_that_fails_is_named_in_the_edition(
    store, renderer, subscribe, add_papers, clock
):
    from digest.pipeline import EditionOptions, PublishOptions

    add_papers()
    subscribe()
    store.feeds.save(FeedState("pond", error_count=3, last_error="pond.example gave no answer"))
    channel = ScriptedChannel(accept)
    await Publisher(
        store,
        renderer=renderer,
        channels={"scripted": channel},
        feeds=[Feed("pond", "generic", "https://pond.example/feed")],
        options=PublishOptions(),
        edition_options=EditionOptions(),
        clock=clock,
    ).publish()
    assert "pond could not be read (3 times in a row)" in channel.parcels[0].rendering.text


def revise(store, clock, **changes):
    """A second version of the first paper is read."""
    entry = Entry(
        source="arxiv",
        external_id="2611.00001",
        arxiv_id="2611.00001",
        arxiv_version=2,
        title="On glacier acoustics, part 1",
        announce_type="replace",
        **changes,
    )
    known = store.papers.related([entry])
    store.papers.save(assemble(place([entry], known), known, clock()), seen_at=clock())


@pytest.mark.parametrize(
    ("updates", "withdrawn", "told"),
    [
        (Updates.ALL, False, "version 2; you were sent it on 16 Nov"),
        (Updates.ALL, True, "withdrawn by its authors; you were sent it on 16 Nov"),
        (Updates.WITHDRAWN, True, "withdrawn by its authors; you were sent it on 16 Nov"),
        (Updates.WITHDRAWN, False, None),
        (Updates.NONE, True, None),
    ],
)
async def test_news_of_a_sent_paper_comes_once_to_who_asked_for_it(
    publisher, add_papers, subscribe, clock, store, updates, withdrawn, told
):
    add_papers("glacier acoustics")
    subscribe(updates=updates)
    channel = ScriptedChannel(accept)
    await publisher(channel).publish()
    clock.move(days=1)
    subscribe("tomo")  # was never sent it
    revise(store, clock, withdrawn=withdrawn)
    await publisher(channel).publish(only="ada@example.org")
    clock.move(days=1)
    await publisher(channel).publish()
    ada = [p for p in channel.parcels if p.address == "ada@example.org"]
    assert not any("Updates to papers" in p.rendering.text for p in channel.parcels if p not in ada)
    if told is None:
        assert len(ada) == 1
    else:
        assert len(ada) == 2
        text = ada[1].rendering.text
        assert "Updates to papers you were sent" in text and told in text
        assert "No new papers were collected" in text
        assert len(store.editions.by_ids([2])[2].papers) == 1


async def test_a_weekly_edition_sums_up_the_week(publisher, add_papers, subscribe, clock, store):
    subscribe(schedule=Schedule(weekdays=frozenset({0})))
    add_papers("glacier acoustics")
    await publisher().publish()
    for _ in range(7):
        clock.move(days=1)
        add_papers("glacier acoustics", "harbour robots")
        await publisher().publish()
    first, second = store.editions.by_ids(store.editions.dates(1).values()).values()
    assert (first.remarks.since, len(first.papers)) == (None, 1)
    assert (second.remarks.since, second.remarks.weekly) == (first.edition_date, True)
    assert [(count.title, count.papers) for count in second.remarks.week] == [
        ("glacier acoustics", 7)
    ]
    assert second.remarks.thin == ""  # the others say nearly the same
