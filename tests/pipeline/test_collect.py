"""Collect: feeds from a real server, each alone in its failure, and nothing stored twice."""

import asyncio
import json
import re
import socket
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import pytest_asyncio

from digest import merging
from digest.errors import StoreError
from digest.models import FeedState
from digest.pipeline import Collector, CollectReport
from digest.pipeline.collect import MAX_PAGES
from digest.sources.base import Feed, Page, Response
from digest.sources.fetch import Fetcher, FetchOptions
from digest.sources.local import MAX_BYTES, read
from digest.sources.worker import ParserProcess
from digest.store import Store, open_store
from servers import Web

pytestmark = pytest.mark.asyncio(loop_scope="module")

HTML = b"<!DOCTYPE html><html><body><h1>Back soon</h1></body></html>"


class CountingParser(ParserProcess):
    """A parsing process that remembers the feeds it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.parsed: list[str] = []

    async def parse(self, source_name: str, response: Response, feed: Feed) -> Page:
        self.parsed.append(feed.name)
        return await super().parse(source_name, response, feed)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def process():
    async with CountingParser() as started:
        yield started


@pytest.fixture
def parser(process: CountingParser) -> CountingParser:
    process.parsed.clear()
    return process


@pytest.fixture
def collect(store: Store, parser: CountingParser, clock) -> Callable[..., object]:
    """Collect feeds into the store, or into the one given."""

    async def run(*feeds: Feed, into: Store = store, **how) -> CollectReport:
        options = FetchOptions(
            allow_private=("127.0.0.1",), connect_timeout=1, read_timeout=1, total_timeout=1
        )
        async with Fetcher(options) as fetcher:
            collector = Collector(into, fetcher, parser, clock, jitter=lambda: 0.0)
            return await collector.collect(feeds, **how)

    return run


def rss(*titles: str, more: str = "") -> bytes:
    items = (
        f"<item><title>{t}</title><guid>https://pond.example/{t.replace(' ', '-')}</guid>"
        f"<link>https://pond.example/{t.replace(' ', '-')}</link>"
        f"<description>We measured {t} with care.</description>{more}</item>"
        for t in titles
    )
    return f"<rss version='2.0'><channel>{''.join(items)}</channel></rss>".encode()


def daily(first: int, count: int) -> bytes:
    """Answer like the Daily Papers API."""
    papers = (
        {"id": f"2611.{n:05}", "title": f"Paper number {n}", "authors": [{"name": "Ada Quill"}]}
        for n in range(first, first + count)
    )
    return json.dumps([{"paper": paper} for paper in papers]).encode()


def pond(web: Web, path: str = "/feed", name: str = "pond") -> Feed:
    return Feed(name, "generic", web.url(path))


def titles(store: Store) -> list[str]:
    return sorted(p.title for p in store.papers.search(query=None, since=None, limit=2_000))


def rows(store: Store) -> dict[str, int]:
    """Count the rows of every table."""
    with closing(sqlite3.connect(store.feeds._database.place)) as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        return {
            name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0]
            for (name,) in names
        }


def respond(handler: BaseHTTPRequestHandler, body: bytes, status: int = 200, **headers) -> None:
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(body)))
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)


def asked(web: Web, name: str) -> list[str | None]:
    """Return a header of each request that came."""
    return [headers.get(name) for _, headers in web.asked]


# ---------------------------------------------------------------- what comes in


async def test_feeds_are_read_at_once_and_reported_in_their_order(collect, web, store) -> None:
    meeting = threading.Barrier(3)

    def route(body: bytes):
        def answer(handler: BaseHTTPRequestHandler) -> None:
            meeting.wait(timeout=5)
            respond(handler, body)

        return answer

    names = ("pond", "lake", "sea")
    for name in names:
        web.routes[f"/{name}"] = route(rss(f"Notes from the {name}"))
    seen: list[str] = []
    report = await collect(
        *(pond(web, f"/{name}", name) for name in names),
        on_feed=lambda feed: seen.append(feed.feed),
    )
    assert [r.feed for r in report.feeds] == seen == list(names)
    assert (report.total("entries"), report.total("new_papers"), report.failed) == (3, 3, ())
    assert titles(store) == ["Notes from the lake", "Notes from the pond", "Notes from the sea"]


async def test_the_same_feeds_give_the_same_papers_in_whatever_order_they_answer(
    collect, web, tmp_path
) -> None:
    done = {"/pond": threading.Event(), "/lake": threading.Event()}
    bodies = {
        "/pond": rss("Listening to the ice of old glaciers", more="<author>A. Quill</author>"),
        "/lake": rss("Listening To The Ice Of Old Glaciers", "A second paper on shores"),
    }

    def route(path: str, after: str | None):
        def answer(handler: BaseHTTPRequestHandler) -> None:
            assert after is None or done[after].wait(5)
            respond(handler, bodies[path])
            done[path].set()

        return answer

    found = []
    for last, other in (("/pond", "/lake"), ("/lake", "/pond")):
        for event in done.values():
            event.clear()
        web.routes = {last: route(last, other), other: route(other, None)}
        with open_store(f"sqlite:///{tmp_path}{last}.db") as fresh:
            report = await collect(pond(web, "/pond"), pond(web, "/lake", "lake"), into=fresh)
            assert not report.failed
            found.append(fresh.papers.search(query=None, since=None, limit=10))
    assert found[0] == found[1]


async def test_papers_of_two_feeds_become_one_and_both_are_told(collect, web, store) -> None:
    doi = (
        "<dc:identifier xmlns:dc='http://purl.org/dc/elements/1.1/'>doi:10.5555/ice</dc:identifier>"
    )
    web.answer("/pond", rss("Listening to the ice of old glaciers", more=doi))
    web.answer(
        "/lake",
        rss("Listening to the ice of old glaciers", more=doi).replace(b"pond.ex", b"lake.ex"),
    )
    report = await collect(pond(web, "/pond"), pond(web, "/lake", "lake"))
    assert [(r.new_papers, r.merged) for r in report.feeds] == [(1, 0), (0, 1)]
    assert store.papers.counts().papers == 1


# ---------------------------------------------------------------- one feed's trouble


def nobody_listens(web: Web) -> str:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{closed.getsockname()[1]}/feed"


def hangs(web: Web) -> str:
    web.routes["/bad"] = lambda handler: web.released.wait(5)
    return web.url("/bad")


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        (nobody_listens, "no connection to http://127.0.0.1"),
        (lambda web: web.answer("/bad", b"", 500), "failed"),
        (lambda web: web.answer("/bad", b"", 404), "does not exist"),
        (lambda web: web.answer("/bad", HTML, headers={"Content-Type": "text/html"}), "generic"),
        (lambda web: web.answer("/bad", b""), "generic"),
        (lambda web: web.answer("/bad", daily(1, 2)), "generic|JSON"),
        (hangs, "stopped answering|longer than"),
        (lambda web: "https://", "not an http"),
        (lambda web: "/no/such/folder", "no file /no/such/folder"),
    ],
    ids=["down", "500", "404", "html", "empty", "json", "slow", "address", "file"],
)
async def test_a_feed_that_fails_costs_only_itself_and_is_named(
    collect, web, store, clock, bad, told
) -> None:
    web.answer("/feed", rss("A fine paper"))
    report = await collect(Feed("bad", "generic", bad(web)), pond(web))
    (failed,) = report.failed
    assert failed.feed == "bad"
    assert failed.error is not None
    assert re.search(told, failed.error)
    assert "\n" not in failed.error
    assert titles(store) == ["A fine paper"]
    state = store.feeds.state("bad")
    assert (state.error_count, state.last_error) == (1, failed.error)
    assert (state.checked_at, state.succeeded_at) == (clock(), None)
    assert state.etag is None
    assert store.feeds.state("pond").error_count == 0


async def test_a_truncated_body_gives_its_whole_entries_and_is_asked_for_again(
    collect, web, store
) -> None:
    whole = rss("The first paper", "The second paper")
    cut = whole[: whole.index(b"The second") + 5]
    headers = {"Content-Length": str(len(whole)), "ETag": '"v1"'}
    web.answer("/feed", cut, headers=headers)
    report = await collect(pond(web))
    assert not report.failed
    assert "The first paper" in titles(store)
    state = store.feeds.state("pond")
    assert (state.etag, state.body_hash) == (None, None)
    web.answer("/feed", whole, headers=headers)
    await collect(pond(web))
    assert asked(web, "if-none-match") == [None, None]
    assert titles(store) == ["The first paper", "The second paper"]
    assert store.feeds.state("pond").etag == '"v1"'


async def test_one_refused_entry_is_named_with_its_feed(collect, web) -> None:
    web.answer("/feed", rss("A fine paper").replace(b"</channel>", b"<item/></channel>"))
    report = await collect(pond(web))
    assert report.total("entries") == 1
    (problem,) = report.problems
    assert problem.startswith("pond: item 2: no title")


# ---------------------------------------------------------------- nothing new


def with_etag(body: bytes, tag: str):
    def route(handler: BaseHTTPRequestHandler) -> None:
        if handler.headers.get("If-None-Match") == tag:
            respond(handler, b"", 304)
        else:
            respond(handler, body, ETag=tag)

    return route


async def test_not_modified_is_unchanged_and_parses_nothing(
    collect, web, store, parser, clock
) -> None:
    web.routes["/feed"] = with_etag(rss("A fine paper"), '"v1"')
    await collect(pond(web))
    clock.move(hours=1)
    (again,) = (await collect(pond(web))).feeds
    assert (again.unchanged, again.entries, again.error) == (True, 0, None)
    assert asked(web, "if-none-match") == [None, '"v1"']
    assert parser.parsed == ["pond"]
    state = store.feeds.state("pond")
    assert (state.checked_at, state.succeeded_at, state.entry_count) == (clock(), clock(), 1)


async def test_the_same_body_is_unchanged_and_parses_nothing(collect, web, store, parser) -> None:
    web.answer("/feed", rss("A fine paper"))
    await collect(pond(web))
    web.answer("/feed", rss("A fine paper"), headers={"ETag": '"new name"'})
    (again,) = (await collect(pond(web))).feeds
    assert (again.unchanged, parser.parsed) == (True, ["pond"])
    # The next answer can be a short one.
    assert store.feeds.state("pond").etag == '"new name"'


async def test_collecting_twice_changes_nothing(collect, web, store, parser) -> None:
    feeds = [pond(web), Feed("daily", "huggingface", web.url("/api"), options={"days": "2"})]
    web.answer("/feed", rss("A fine paper", "Another fine paper"))
    web.answer("/api", daily(1, 5))
    await collect(*feeds)
    before, papers = rows(store), store.papers.search(query=None, since=None, limit=10)
    for body in (rss("A fine paper", "Another fine paper"), rss("A fine paper") + b"<!-- -->"):
        web.answer("/feed", body)
        report = await collect(*feeds)
        changes = ("new_papers", "updated_papers", "merged")
        assert [report.total(name) for name in changes] == [0, 0, 0]
        assert rows(store) == before
        assert store.papers.search(query=None, since=None, limit=10) == papers
    assert parser.parsed.count("pond") == 2


async def test_validators_are_stored_only_with_the_entries(
    collect, web, store, monkeypatch
) -> None:
    web.routes["/feed"] = with_etag(rss("A fine paper"), '"v1"')

    def full(*given, **named):
        raise StoreError("the database cannot grow: the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(store.papers, "merge", full)
        with pytest.raises(StoreError, match="disk is full"):
            await collect(pond(web))
    assert store.feeds.state("pond") == FeedState("pond")
    await collect(pond(web))
    assert titles(store) == ["A fine paper"]
    assert asked(web, "if-none-match") == [None, None]
    await collect(pond(web))
    assert asked(web, "if-none-match")[2] == '"v1"'


# ---------------------------------------------------------------- several responses


def hugging_face(web: Web, days: int = 1) -> Feed:
    return Feed("daily", "huggingface", web.url("/api"), options={"days": str(days)})


def by_query(web: Web, answer: Callable[[str, int], tuple[int, bytes]]) -> None:
    """Answer requests to the API by their date and page."""

    def route(handler: BaseHTTPRequestHandler) -> None:
        query = parse_qs(urlsplit(handler.path).query)
        status, body = answer(query["date"][0], int(query["p"][0]))
        respond(handler, body, status, ETag='"v1"')

    web.routes["/api"] = route


async def test_next_pages_are_followed(collect, web, store) -> None:
    by_query(web, lambda day, page: (200, daily(1 + 50 * page, 50 if page < 2 else 3)))
    report = await collect(hugging_face(web))
    assert (report.total("new_papers"), report.problems) == (103, ())
    assert store.feeds.state("daily").entry_count == 103


async def test_validators_of_a_first_page_do_not_stand_for_the_others(collect, web, store) -> None:
    by_query(web, lambda day, page: (200, daily(1 + 50 * page, 50 if page < 1 else 3)))
    await collect(hugging_face(web))
    await collect(hugging_face(web))
    assert set(asked(web, "if-none-match")) == {None}
    assert len(web.asked) == 4


async def test_endless_pages_end(collect, web) -> None:
    by_query(web, lambda day, page: (200, daily(1, 50)))
    report = await collect(hugging_face(web))
    assert len(web.asked) <= MAX_PAGES + 1
    assert (report.total("new_papers"), report.failed) == (50, ())
    assert report.problems == (f"daily: stopped after {MAX_PAGES} pages",)


async def test_a_failing_next_page_keeps_the_pages_before(collect, web, store) -> None:
    by_query(web, lambda day, page: (200, daily(1, 50)) if page == 0 else (500, b""))
    report = await collect(hugging_face(web))
    assert (report.total("new_papers"), report.failed) == (50, ())
    assert "failed" in report.problems[0]
    state = store.feeds.state("daily")
    assert (state.etag, state.body_hash, state.entry_count) == (None, None, 50)


async def test_one_failing_request_of_several_costs_only_itself(collect, web, store) -> None:
    by_query(web, lambda day, page: (200, daily(1, 3)) if day == "2026-11-15" else (500, b""))
    report = await collect(hugging_face(web, days=3))
    assert (report.total("new_papers"), report.failed) == (3, ())
    assert len(report.problems) == 2
    assert "127.0.0.1" in report.problems[0]
    assert store.feeds.state("daily").entry_count == 3


async def test_a_feed_of_several_requests_fails_when_all_of_them_do(collect, web, store) -> None:
    by_query(web, lambda day, page: (500, b""))
    report = await collect(hugging_face(web, days=2))
    assert [r.feed for r in report.failed] == ["daily"]
    assert store.feeds.state("daily").error_count == 1


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of captures, one of which is none."""
    made = tmp_path / "captures"
    made.mkdir()
    (made / "a.xml").write_bytes(rss("From the first file"))
    (made / "b.html").write_bytes(HTML)
    (made / "c.xml").write_bytes(rss("From the last file"))
    return made


async def test_a_bad_file_in_a_folder_costs_only_itself(collect, store, folder, parser) -> None:
    feed = Feed("folder", "generic", str(folder))
    report = await collect(feed)
    assert not report.failed
    assert titles(store) == ["From the first file", "From the last file"]
    (problem,) = report.problems
    assert "b.html" in problem
    assert (await collect(feed)).feeds[0].unchanged
    (folder / "d.xml").write_bytes(rss("From a new file"))
    assert (await collect(feed)).total("new_papers") == 1


async def test_a_file_that_is_too_large_costs_only_itself(collect, store, folder) -> None:
    with (folder / "b.html").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    report = await collect(Feed("folder", "generic", str(folder)))
    assert not report.failed
    assert titles(store) == ["From the first file", "From the last file"]
    (problem,) = report.problems
    assert "b.html is larger than 16 MB" in problem


async def test_a_folder_of_bad_files_fails(collect, folder) -> None:
    for name in ("a.xml", "c.xml"):
        (folder / name).write_bytes(HTML)
    (failed,) = (await collect(Feed("folder", "generic", str(folder)))).failed
    assert "a.xml" in str(failed.error)


async def test_captures_are_imported_each_for_itself(store, parser, clock, folder) -> None:
    responses = read(str(folder), clock(), clock() - timedelta(days=3)).responses
    async with Fetcher(FetchOptions()) as fetcher:
        collector = Collector(store, fetcher, parser, clock)
        report = await collector.import_captures(responses, Feed("import", "generic"))
        again = await collector.import_captures(responses, Feed("import", "generic"))
    assert [(r.feed, r.new_papers, bool(r.error)) for r in report.feeds] == [
        ("a.xml", 1, False), ("b.html", 0, True), ("c.xml", 1, False),
    ]  # fmt: skip
    assert (again.total("entries"), again.total("new_papers")) == (2, 0)
    assert titles(store) == ["From the first file", "From the last file"]
    assert store.feeds.states() == []  # an import is no feed that could be behind


# ---------------------------------------------------------------- patience


async def test_a_failing_feed_is_left_alone_for_ever_longer_up_to_a_day(
    collect, web, store, clock
) -> None:
    web.answer("/feed", b"", 500)
    pauses = []
    for _ in range(9):
        await collect(pond(web))
        state = store.feeds.state("pond")
        pauses.append((state.next_check_at - clock()) / timedelta(minutes=1))
        clock.now = state.next_check_at
    assert pauses == [15, 30, 60, 120, 240, 480, 960, 1440, 1440]
    assert state.error_count == 9


@pytest.mark.parametrize(
    ("said", "minutes"), [("7200", 120), ("60", 15), ("Mon, 16 Nov 2026 18:00:00 GMT", 600)]
)
async def test_a_server_that_asks_to_wait_is_obeyed(
    collect, web, store, clock, said, minutes
) -> None:
    web.answer("/feed", b"", 429, {"Retry-After": said})
    await collect(pond(web))
    assert store.feeds.state("pond").next_check_at == clock() + timedelta(minutes=minutes)


async def test_a_server_that_asks_one_of_several_requests_to_wait_is_obeyed(
    collect, web, store, clock
) -> None:
    def route(handler: BaseHTTPRequestHandler) -> None:
        if "2026-11-15" in handler.path:
            respond(handler, b"", 429, **{"Retry-After": "7200"})
        else:
            respond(handler, daily(1, 3))

    web.routes["/api"] = route
    report = await collect(hugging_face(web, days=2))
    assert (report.total("entries"), report.failed) == (3, ())
    state = store.feeds.state("daily")
    assert (state.next_check_at, state.error_count) == (clock() + timedelta(hours=2), 0)


async def test_only_feeds_that_are_due_are_read(collect, web, store, clock) -> None:
    hour = timedelta(hours=1)
    web.answer("/bad", b"", 500)
    web.answer("/feed", rss("A fine paper"))
    feeds = [pond(web, "/bad", "bad"), pond(web)]

    async def due() -> list[str]:
        return [r.feed for r in (await collect(*feeds, every=hour)).feeds]

    assert await due() == ["bad", "pond"]
    assert await due() == []
    clock.move(minutes=15)
    assert await due() == ["bad"]
    clock.move(minutes=29)
    assert await due() == []
    clock.move(minutes=16)
    assert await due() == ["bad", "pond"]
    # Whoever collects by hand wants to know now.
    assert [r.feed for r in (await collect(*feeds)).feeds] == ["bad", "pond"]


async def test_success_ends_the_trouble(collect, web, store, clock) -> None:
    web.answer("/feed", b"", 500)
    await collect(pond(web))
    await collect(pond(web))
    web.answer("/feed", rss("A fine paper"))
    await collect(pond(web))
    state = store.feeds.state("pond")
    assert (state.error_count, state.last_error, state.next_check_at) == (0, None, None)
    assert state.succeeded_at == clock()


async def test_a_failure_keeps_what_was_known_of_the_feed(collect, web, store, clock) -> None:
    web.routes["/feed"] = with_etag(rss("A fine paper"), '"v1"')
    await collect(pond(web))
    good = store.feeds.state("pond")
    web.answer("/feed", b"", 500)
    clock.move(hours=1)
    await collect(pond(web))
    bad = store.feeds.state("pond")
    assert (bad.etag, bad.body_hash, bad.succeeded_at) == (
        good.etag, good.body_hash, good.succeeded_at,
    )  # fmt: skip


# ---------------------------------------------------------------- stopping


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_cancelled_collection_leaves_no_task_behind(collect, web) -> None:
    feeds = [Feed(name, "generic", hangs(web)) for name in ("pond", "lake")]
    before = asyncio.all_tasks()
    running = asyncio.create_task(collect(*feeds))
    await until(lambda: len(web.asked) == 2)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert asyncio.all_tasks() == before


async def test_a_collection_that_cannot_be_stored_leaves_no_task_behind(
    collect, web, store, monkeypatch
) -> None:
    def full(*given, **named):
        raise StoreError("the disk is full")

    monkeypatch.setattr(store.papers, "merge", full)
    web.answer("/feed", rss("A fine paper"))
    before = asyncio.all_tasks()
    with pytest.raises(StoreError):
        await collect(pond(web), Feed("slow", "generic", hangs(web)))
    assert asyncio.all_tasks() == before


# ---------------------------------------------------------------- two at once


async def test_two_collections_at_once_make_one_paper_of_one(
    collect, web, store, monkeypatch
) -> None:
    """The first takes its time to decide what is new; the other one comes in between."""
    web.answer("/feed", rss("A fine paper"))
    place, waiting = merging.place, threading.Event()

    def slowly(entries, known):
        waiting.wait(timeout=0.3)
        return place(entries, known)

    monkeypatch.setattr(merging, "place", slowly)
    reports = await asyncio.gather(collect(pond(web)), collect(pond(web)))
    assert sorted(report.total("new_papers") for report in reports) == [0, 1]
    assert {report.total("merged") for report in reports} == {0}
    assert (rows(store)["papers"], rows(store)["entries"]) == (1, 1)
