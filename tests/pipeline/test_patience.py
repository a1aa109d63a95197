"""Patience: feeds that move, and servers that do not want to be asked."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from digest.errors import FetchError, ParseError
from digest.models import FeedState
from digest.pipeline import Collector, CollectReport
from digest.pipeline.patience import after_failure, moved_line
from digest.sources.base import Feed
from digest.sources.fetch import Fetcher, FetchOptions
from digest.sources.worker import ParserProcess
from digest.store import Store
from servers import Web

BODY = (
    b"<rss version='2.0'><channel><item><title>A fine paper</title>"
    b"<guid>https://pond.example/1</guid><description>We measured it.</description></item>"
    b"</channel></rss>"
)


@pytest.fixture
async def parser():
    async with ParserProcess() as started:
        yield started


@pytest.fixture
def collect(store: Store, parser: ParserProcess, clock) -> Callable[..., object]:
    """Collect a feed some times; after each, an hour goes by."""

    async def run(feed: Feed, times: int = 1, **options) -> CollectReport:
        limits = {"allow_private": ("127.0.0.1",), "read_timeout": 1, **options}
        async with Fetcher(FetchOptions(**limits)) as fetcher:
            collector = Collector(store, fetcher, parser, clock, jitter=lambda: 0.0)
            for _ in range(times):
                report = await collector.collect([feed])
                clock.move(hours=1)
        return report

    return run


def pond(web: Web, path: str = "/old") -> Feed:
    return Feed("pond", "generic", web.url(path))


def redirect(web: Web, path: str, to: str, status: int = 301) -> None:
    web.answer(path, status=status, headers={"Location": to})


def paths(web: Web) -> list[str]:
    """Return the paths asked since the last time."""
    found = [path for path, _ in web.asked]
    web.asked.clear()
    return found


# ---------------------------------------------------------------- feeds that moved


@pytest.mark.parametrize("status", [301, 308])
async def test_a_feed_that_says_three_times_that_it_moved_is_asked_there(
    collect, web, store, status
) -> None:
    redirect(web, "/old", "/between", status)
    redirect(web, "/between", "/new")
    web.answer("/new", BODY)
    feed = pond(web)
    await collect(feed, 3)
    assert paths(web) == ["/old", "/between", "/new"] * 3
    await collect(feed, 2)
    assert paths(web) == ["/new"] * 2
    told = moved_line(feed, store.feeds.state("pond"))
    assert told == f"moved to {web.url('/new')}; put it in the configuration"


async def test_an_answer_without_news_tells_of_the_move_as_well(collect, web, store) -> None:
    def not_modified(handler) -> None:
        handler.send_response(304 if handler.headers.get("If-None-Match") else 200)
        handler.send_header("ETag", '"v1"')
        handler.end_headers()
        if not handler.headers.get("If-None-Match"):
            handler.wfile.write(BODY)

    redirect(web, "/old", "/new")
    web.routes["/new"] = not_modified
    await collect(pond(web), 4)
    assert paths(web) == ["/old", "/new"] * 3 + ["/new"]


async def test_fewer_answers_are_not_believed(collect, web, store) -> None:
    redirect(web, "/old", "/new")
    web.answer("/new", BODY)
    await collect(pond(web), 2)
    assert moved_line(pond(web), store.feeds.state("pond")) is None
    web.answer("/old", BODY)
    await collect(pond(web))
    assert store.feeds.state("pond").moved_to is None
    redirect(web, "/old", "/new")
    await collect(pond(web), 2)
    assert store.feeds.state("pond").moved_count == 2


@pytest.mark.parametrize("status", [302, 303, 307])
async def test_a_redirect_for_now_is_only_followed(collect, web, store, status) -> None:
    redirect(web, "/old", "/between")
    redirect(web, "/between", "/new", status)
    web.answer("/new", BODY)
    report = await collect(pond(web), 5)
    assert not report.failed
    state = store.feeds.state("pond")
    assert (state.moved_to, state.moved_count) == (None, 0)


async def test_another_target_is_counted_anew(collect, web, store) -> None:
    for path in ("/new", "/newer"):
        web.answer(path, BODY)
    redirect(web, "/old", "/new")
    await collect(pond(web), 2)
    redirect(web, "/old", "/newer")
    await collect(pond(web), 2)
    state = store.feeds.state("pond")
    assert (state.moved_to, state.moved_count) == (web.url("/newer"), 2)


async def test_answers_that_are_no_papers_do_not_count(collect, web, store) -> None:
    redirect(web, "/old", "/portal")
    web.answer("/portal", b"<!DOCTYPE html><html><body>Log in first</body></html>")
    await collect(pond(web), 4)
    assert store.feeds.state("pond").moved_count == 0


async def test_a_feed_that_moves_on_is_found_through_its_old_address(collect, web, store) -> None:
    redirect(web, "/old", "/new")
    web.answer("/new", BODY)
    await collect(pond(web), 3)
    redirect(web, "/new", "/newer")
    web.answer("/newer", BODY)
    paths(web)
    await collect(pond(web), 4)
    assert paths(web) == [*["/new", "/newer"], *["/old", "/new", "/newer"] * 2, "/newer"]


async def test_a_feed_that_moves_back_is_asked_as_configured(collect, web, store) -> None:
    redirect(web, "/old", "/new")
    web.answer("/new", BODY)
    await collect(pond(web), 3)
    redirect(web, "/new", "/old")
    web.answer("/old", BODY)
    await collect(pond(web), 1)
    assert store.feeds.state("pond").moved_to is None


async def test_a_feed_that_is_configured_anew_has_not_moved(collect, web, store) -> None:
    redirect(web, "/old", "/new")
    for path in ("/new", "/other"):
        web.answer(path, BODY)
    await collect(pond(web), 3)
    other = pond(web, "/other")
    assert moved_line(other, store.feeds.state("pond")) is None
    paths(web)
    await collect(other)
    assert paths(web) == ["/other"]
    assert store.feeds.state("pond").moved_to is None


async def test_three_failures_where_it_moved_to_lead_back(collect, web, store) -> None:
    redirect(web, "/old", "/new")
    web.answer("/new", BODY, headers={"ETag": '"new"'})
    await collect(pond(web), 3)
    web.answer("/new", b"", 500)
    paths(web)
    await collect(pond(web), 2)
    assert moved_line(pond(web), store.feeds.state("pond"))
    web.answer("/old", BODY)
    await collect(pond(web), 2)
    assert [path for path, _ in web.asked] == ["/new"] * 3 + ["/old"]
    assert "if-none-match" not in web.asked[-1][1]
    state = store.feeds.state("pond")
    assert (state.moved_to, state.error_count) == (None, 0)


async def test_where_it_is_gone_for_good_the_old_address_is_asked_soon(
    collect, web, store, clock
) -> None:
    redirect(web, "/old", "/new")
    web.answer("/new", BODY)
    await collect(pond(web), 3)
    web.answer("/new", b"", 410)
    asked_at = clock()
    await collect(pond(web))
    state = store.feeds.state("pond")
    assert (state.moved_to, state.next_check_at) == (None, asked_at + timedelta(minutes=15))


async def test_a_source_that_builds_its_requests_just_follows(collect, web, store) -> None:
    web.routes["/api"] = lambda handler: (
        handler.send_response(301),
        handler.send_header("Location", "/new?" + handler.path.partition("?")[2]),
        handler.send_header("Content-Length", "0"),
        handler.end_headers(),
    )
    web.answer("/new", b'[{"paper": {"id": "2611.00001", "title": "A fine paper"}}]')
    report = await collect(Feed("hf", "huggingface", web.url("/api"), options={"days": "1"}), 4)
    assert not report.failed
    assert store.feeds.state("hf").moved_to is None


async def test_a_private_address_is_refused_however_often_it_is_named(collect, web, store) -> None:
    redirect(web, "/old", web.url("/new").replace("127.0.0.1", "localhost"))
    web.answer("/new", BODY)
    for _ in range(4):
        (failed,) = (await collect(pond(web))).failed
        assert "private or local" in str(failed.error)
    assert store.feeds.state("pond").moved_to is None
    assert "/new" not in paths(web)


async def test_a_page_is_asked_at_its_new_address_only_where_robots_txt_allows_it(
    collect, web, store
) -> None:
    web.answer("/robots.txt", b"User-agent: *\nDisallow: /closed\n")
    web.answer("/closed", BODY)
    feed = Feed("list", "arxiv", web.url("/list/cs.LG/new"))
    store.feeds.save(FeedState("list", feed.place, moved_to=web.url("/closed"), moved_count=3))
    (failed,) = (await collect(feed)).failed
    assert "/closed is not for programs" in str(failed.error)
    assert paths(web) == ["/robots.txt"]


# ---------------------------------------------------------------- servers that refuse


@pytest.mark.parametrize(
    ("status", "hours"),
    [(410, 30 * 24), (403, 6), (404, 0.25), (500, 0.25), (429, 0.25), (503, 0.25)],
)
async def test_each_refusal_has_its_pause(collect, web, store, clock, status, hours) -> None:
    web.answer("/old", b"", status)
    now = clock()
    await collect(pond(web))
    assert store.feeds.state("pond").next_check_at == now + timedelta(hours=hours)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    "headers", [{"Retry-After": "7200"}, {"RateLimit": '"burst=1";r=0;t=7200, "day";r=9;t=1'}]
)
async def test_the_wait_that_is_asked_for_is_given(
    collect, web, store, clock, status, headers
) -> None:
    web.answer("/old", b"", status, headers)
    now = clock()
    await collect(pond(web))
    assert store.feeds.state("pond").next_check_at == now + timedelta(hours=2)


async def test_an_address_that_is_not_there_three_times_is_asked_once_a_day(
    collect, web, store, clock
) -> None:
    web.answer("/old", b"", 404)
    pauses = []
    for _ in range(4):
        now = clock()
        await collect(pond(web))
        pauses.append((store.feeds.state("pond").next_check_at - now) / timedelta(hours=1))
    assert pauses == [0.25, 0.5, 24, 24]


@pytest.mark.parametrize(
    ("error", "most"),
    [
        (ParseError("no feed"), timedelta(minutes=18)),
        (FetchError("busy", retry_after=3600), timedelta(minutes=72)),
        (FetchError("gone", permanent=True), timedelta(days=30, hours=1)),
    ],
)
def test_jitter_only_lengthens_a_pause(clock, error, most) -> None:
    now = clock()
    least, middle, longest = (
        after_failure(FeedState("pond"), error, now, jitter).next_check_at
        for jitter in (0.0, 0.5, 1.0)
    )
    assert least < middle < longest == now + most


async def test_the_pause_with_its_jitter_is_remembered(store, web, parser, clock) -> None:
    web.answer("/old", b"", 500)
    async with Fetcher(FetchOptions(allow_private=("127.0.0.1",))) as fetcher:
        collector = Collector(store, fetcher, parser, clock, jitter=lambda: 1.0)
        await collector.collect([pond(web)])
    assert store.feeds.state("pond").next_check_at == clock() + timedelta(minutes=18)
