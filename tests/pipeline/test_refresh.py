"""Refresh: an edition shows the counts of its hour, and no mail waits for them."""

import asyncio
import json
import time
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from digest.app import App
from digest.config import load
from digest.models import DeliveryState, Interest, InterestKind, Profile, SubscriberState
from digest.pipeline import PublishReport
from digest.pipeline.refresh import with_old_counts
from digest.sources.base import Feed
from digest.store.schema import popularity
from servers import Web


def daily(upvotes: int, *more: str) -> bytes:
    papers = [
        {"id": f"2611.{n:05}", "title": title, "summary": f"We study {title}.", "upvotes": upvotes}
        for n, title in enumerate(("On glacier acoustics", *more), 1)
    ]
    return json.dumps([{"paper": paper, "numComments": 2} for paper in papers]).encode()


@pytest.fixture
def app(tmp_path: Path, web: Web, clock):
    """An installation with Hugging Face on loopback, collected once with 3 upvotes."""
    web.answer("/api", daily(3))
    (tmp_path / "sources.toml").write_text(
        f'[[feed]]\nname = "hf"\nsource = "huggingface"\nlocation = "{web.url("/api")}"\n'
        '[feed.options]\ndays = "1"\n'
    )
    file = tmp_path / "digest.toml"
    file.write_text(
        'data_dir = "state"\nsender = "Digest <digest@example.org>"\n'
        '[collect]\nallow_private_hosts = ["127.0.0.1"]\n[delivery]\nchannels = ["outbox"]\n'
    )
    made = App(load(file, {}), clock=clock)
    wanted = Profile(interests=(Interest(InterestKind.PHRASE, "glacier acoustics"),))
    made.store.people.add("ada@example.org", wanted, SubscriberState.ACTIVE, clock())
    asyncio.run(collect(made))
    web.asked.clear()
    yield made
    made.close()


async def collect(app: App) -> None:
    async with app.collector() as collector:
        await collector.collect(app.enabled_feeds)


def publish(app: App, seconds: float = 60, **how) -> PublishReport:
    publisher = app.publisher(**how)
    publisher._options = type(publisher._options)(refresh_limit=timedelta(seconds=seconds))
    return asyncio.run(publisher.publish())


def mail(app: App) -> str:
    """Return the text of the one mail that went out."""
    (file,) = app.settings.delivery.outbox.rglob("*.eml")
    body = message_from_bytes(file.read_bytes(), policy=policy.default).get_body(("plain",))
    return body.get_content()


def test_an_edition_shows_counts_that_grew_since_the_collection(app, web, clock) -> None:
    clock.move(minutes=31)
    web.answer("/api", daily(57))
    report = publish(app)
    assert report.states[DeliveryState.SENT] == 1
    assert "57 upvotes" in mail(app)
    with app.store.feeds._database.reading() as connection:
        rows = connection.execute(popularity.select().order_by(popularity.c.read_at)).all()
    assert [(row.upvotes, row.read_at) for row in rows] == [
        (3, clock() - timedelta(minutes=31)),
        (57, clock()),
    ]


def test_a_paper_that_comes_with_the_counts_is_in_the_edition(app, web, clock) -> None:
    clock.move(minutes=31)
    web.answer("/api", daily(57, "More on glacier acoustics"))
    publish(app)
    assert "More on glacier acoustics" in mail(app)


@pytest.mark.parametrize(
    ("minutes", "how"), [(29, {}), (31, {"collect": False})], ids=["fresh enough", "not wanted"]
)
def test_counts_are_not_read_again(app, web, clock, minutes, how) -> None:
    clock.move(minutes=minutes)
    publish(app, **how)
    assert web.asked == []
    assert "3 upvotes" in mail(app)


def test_the_age_of_counts_is_a_setting(app, web, clock) -> None:
    app.settings.edition.popularity_minutes = 0
    clock.move(hours=5)
    publish(app)
    assert web.asked == []


def test_nothing_is_asked_when_nothing_is_due(app, web, clock) -> None:
    clock.move(minutes=31)
    publish(app)
    web.asked.clear()
    clock.move(minutes=31)
    assert publish(app).total == 0
    assert web.asked == []


def test_when_the_source_is_down_the_edition_goes_out_with_the_old_counts(app, web, clock) -> None:
    clock.move(minutes=31)
    web.answer("/api", b"", 500)
    report = publish(app)
    assert (report.states[DeliveryState.SENT], report.problems) == (1, ())
    assert "3 upvotes" in mail(app)
    assert app.store.feeds.state("hf").error_count == 1
    # A source in trouble is not asked again for the next one.
    web.asked.clear()
    clock.move(minutes=1)
    assert with_old_counts(app.feeds, _states(app), timedelta(), clock()) == []


def test_no_mail_waits_for_a_slow_source(app, web, clock) -> None:
    clock.move(minutes=31)
    web.routes["/api"] = lambda handler: web.released.wait(9)
    started = time.monotonic()
    with capture_logs() as log:
        report = publish(app, seconds=0.3)
    assert time.monotonic() - started < 4
    assert report.states[DeliveryState.SENT] == 1
    assert "3 upvotes" in mail(app)
    (line,) = [line for line in log if "counts" in line["event"]]
    assert line["error"] == "not done after 0.3 s"


def test_a_refresh_that_breaks_costs_nobody_a_mail(app, clock, monkeypatch) -> None:
    async def broken(self) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr(App, "refresh_counts", broken)
    assert publish(app).states[DeliveryState.SENT] == 1


async def test_asked_to_stop_it_does_not_wait_for_counts(app, web, clock) -> None:
    clock.move(minutes=31)
    web.routes["/api"] = lambda handler: web.released.wait(9)
    publisher = app.publisher()
    running = asyncio.create_task(publisher.publish())
    while not web.asked:
        await asyncio.sleep(0.01)
    publisher.stop()
    report = await asyncio.wait_for(running, 4)
    assert report.sent == 0
    again = await app.publisher(collect=False).publish()
    assert again.sent == 1  # nothing is lost, and no lease is in the way


def _states(app: App) -> dict[str, object]:
    return {state.feed: state for state in app.store.feeds.states()}


def test_only_feeds_that_were_read_from_the_web_and_count_are_read_again(app, clock) -> None:
    (read,) = app.store.feeds.states()
    (hf,) = app.feeds
    clock.move(minutes=31)
    others = (
        Feed("saved", "huggingface", "/saved/answers"),
        Feed("pond", "generic", "https://pond.example/feed"),
        Feed("never", "huggingface"),
        Feed("hf", "huggingface", "https://elsewhere.example/api"),
    )
    states = {
        feed.name: type(read)(feed.name, feed.place, succeeded_at=read.succeeded_at)
        for feed in others[:2]
    } | {"hf": read}
    found = with_old_counts([hf, *others], states, timedelta(minutes=30), clock())
    assert found == [hf]
