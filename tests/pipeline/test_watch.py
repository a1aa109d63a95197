"""The watch: tells the operator by mail, once, through restarts and several processes."""

from email import message_from_bytes, policy

import pytest
from structlog.testing import capture_logs

from digest.errors import DeliveryError
from digest.models import FeedState
from digest.pipeline.standing import standing
from digest.pipeline.watch import Watch
from digest.rendering import LetterWriter, RenderOptions
from digest.sources.base import Feed
from fakes import outbox

FEEDS = [Feed(name, "generic", f"https://{name}.example/feed") for name in ("pond", "lake")]


class Dead:
    """A channel that is out of order."""

    name = "smtp"

    def session(self):
        raise DeliveryError("the mail server smtp.example does not answer")


@pytest.fixture
def way_out():
    return outbox()


@pytest.fixture
def watch(store, clock, way_out):
    def make(channel=way_out) -> Watch:
        return Watch(
            store,
            look=lambda: standing(store, FEEDS, clock()),
            writer=LetterWriter(RenderOptions(title="Morning papers")),
            channel=channel,
            address="ops@example.org",
            clock=clock,
        )

    return make


@pytest.fixture
def fail(store):
    def note(feed: str, error: str = "answers 503") -> None:
        store.feeds.save(FeedState(feed, error_count=9, last_error=error))

    return note


def read(channel) -> list:
    return [message_from_bytes(mail, policy=policy.default) for mail in channel.messages]


@pytest.mark.asyncio
async def test_the_operator_is_told_what_is_the_matter(watch, way_out, fail):
    fail("pond", "answers 503 & <b>no</b>")
    assert await watch().look() == 1
    [mail] = read(way_out)
    assert mail["To"] == "ops@example.org"
    assert mail["Subject"] == "Morning papers: 1 thing needs you"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["List-Unsubscribe"] is None
    text = " ".join(mail.get_body(("plain",)).get_content().split())
    assert "Feed pond is failing, last read never: answers 503 & <b>no</b> (9 times" in text
    assert "answers 503 &amp; &lt;b&gt;no" in mail.get_body(("html",)).get_content()


@pytest.mark.asyncio
async def test_no_mail_goes_out_when_nothing_is_the_matter(watch, way_out):
    assert await watch().look() == 0
    assert way_out.messages == []


@pytest.mark.asyncio
async def test_what_lasts_is_told_once_a_week_and_what_is_new_within_the_hour(
    watch, way_out, fail, clock
):
    fail("pond")
    one = watch()
    await one.look()
    clock.move(hours=2)
    fail("lake")
    assert await one.look() == 1
    clock.move(days=6, hours=20)
    assert await one.look() == 0
    clock.move(hours=4)
    assert await one.look() == 2
    assert [mail["Subject"][16:] for mail in read(way_out)] == [
        "1 thing needs you",
        "1 thing needs you",
        "2 things need you",
    ]


@pytest.mark.asyncio
async def test_what_was_mended_and_comes_back_is_told_again(watch, way_out, fail, store, clock):
    one = watch()
    fail("pond")
    await one.look()
    store.feeds.save(FeedState("pond", succeeded_at=clock()))
    clock.move(hours=2)
    assert await one.look() == 0
    fail("pond")
    clock.move(hours=2)
    assert await one.look() == 1


@pytest.mark.asyncio
async def test_a_restart_or_one_more_process_does_not_tell_it_again(watch, way_out, fail, clock):
    fail("pond")
    assert await watch().look() == 1
    assert await watch().look() == 0
    clock.move(hours=2)
    assert await watch().look() == 0
    assert len(way_out.messages) == 1


@pytest.mark.asyncio
async def test_a_clock_that_was_set_back_does_not_silence_it(watch, fail, clock):
    one = watch()
    await one.look()
    clock.move(days=-2)
    fail("pond")
    assert await one.look() == 1


@pytest.mark.asyncio
async def test_what_did_not_go_out_is_told_when_the_mail_server_answers_again(
    watch, way_out, fail, clock
):
    fail("pond")
    with capture_logs() as logs:
        assert await watch(Dead()).look() == 0
    assert [line["error"] for line in logs] == ["the mail server smtp.example does not answer"]
    clock.move(hours=1)
    assert await watch().look() == 1
    assert len(way_out.messages) == 1
