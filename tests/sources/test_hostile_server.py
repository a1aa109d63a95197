"""Many hostile feeds at once beside two good ones: each fails alone, in time and in few words.

What a single answer does to the HTTP client is tested in test_fetch, and what a single body
does to the parsing process in test_worker; here they all meet in one collection.
"""

import asyncio
import re
import resource
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from digest.pipeline import Collector, FeedReport
from digest.sources.base import MAX_ENTRIES, Feed
from digest.sources.fetch import Fetcher, FetchOptions
from digest.sources.worker import ParseLimits, ParserProcess
from digest.store import open_store
from servers import Web

NOW = datetime(2026, 11, 18, 6, tzinfo=UTC)
SECONDS = 2.0  # for one answer with all its redirects
CPU_SECONDS = 2  # for one body
MB = 1024**2
STATM = Path("/proc/self/statm")

HEAD = b"<rss version='2.0'><channel><title>Pond notes</title>"
ITEM = b"<item><title>Note %d from the pond</title><link>https://pond.example/%d</link></item>"
SLOW = rf"took longer than {SECONDS:g} s"
LARGE = r"is larger than 16 MB"
BOMB = r"like a compression bomb"
PRIVATE = r"is a private or local address"

Route = Callable[[BaseHTTPRequestHandler], None]


def begin(handler: BaseHTTPRequestHandler, **headers: str) -> None:
    handler.send_response(200)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()


def dripping(web: Web, head: bytes) -> Route:
    def route(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(head)
        while not web.released.wait(0.5):
            handler.wfile.write(b"x")

    return route


def endless_headers(web: Web) -> Route:
    def route(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while not web.released.is_set():
            handler.wfile.write(b"X-More: " + b"x" * 1_000 + b"\r\n")

    return route


def endless_chunks(web: Web, size: int, pause: float) -> Route:
    chunk = b"%x\r\n%s\r\n" % (size, b"x" * size)

    def route(handler: BaseHTTPRequestHandler) -> None:
        begin(handler, Transfer_Encoding="chunked")
        while not web.released.wait(pause):
            handler.wfile.write(chunk)

    return route


def zeros(megabytes: int) -> Route:
    """Answer with zeros, a thousand times smaller on the way; nobody ever holds all of them."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    block = packer.compress(bytes(MB)) + packer.flush(zlib.Z_FULL_FLUSH)
    last = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS).flush()
    # The check is right where it is reached: a bomb is left alone before its end.
    tail = last + struct.pack("<II", zlib.crc32(bytes(MB)), megabytes * MB)

    def route(handler: BaseHTTPRequestHandler) -> None:
        begin(handler, Content_Encoding="gzip")
        handler.wfile.write(b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + block * megabytes + tail)

    return route


def fifty_megabytes(handler: BaseHTTPRequestHandler) -> None:
    some = (ITEM % (1, 1)) * 10_000
    begin(handler)
    handler.wfile.write(HEAD)
    for _ in range(50 * MB // len(some)):
        handler.wfile.write(some)


def redirect(handler: BaseHTTPRequestHandler, target: str) -> None:
    handler.send_response(302)
    handler.send_header("Location", target)
    handler.send_header("Content-Length", "0")
    handler.end_headers()


def ways_inside(port: int) -> dict[str, str]:
    """Return spellings of addresses that only this machine, or its network, can reach."""
    hosts = {
        "short": "127.1",
        "hexadecimal": "0x7f000001",
        "decimal": "2130706433",
        "octal": "017700000001",
        "any": "0.0.0.0",
        "six": "[::1]",
        "mapped": "[::ffff:127.0.0.1]",
        "mapped-hex": "[::ffff:7f00:1]",
        "dotted": "localhost.",
        "metadata": "169.254.169.254",
        "shared": "100.64.0.1",
    }
    return {name: f"http://{host}:{port}/secret" for name, host in hosts.items()}


def body_bombs() -> dict[str, bytes]:
    text = HEAD + b"<item><title>Bomb</title><description>"
    return {
        "comments": text + b"<!--" * 100_000,
        "escaped-comments": text + b"&lt;!--" * 100_000,
        "tags": text + b"<b>" * 150_000,
        "escaped-tags": text + b"&lt;b>" * 150_000 + b"</description></item></channel></rss>",
    }


REASONS = {
    "slow-headers": SLOW,
    "a-byte-at-a-time": SLOW,
    "silent": SLOW,
    "endless-headers": "broke off the answer",
    "slow-chunks": SLOW,
    "endless-chunks": LARGE,
    "fifty-megabytes": LARGE,
    "zeros-1": "is empty",
    "zeros-30": BOMB,
    "zeros-1024": BOMB,
    "loop": "redirects more than 5 times",
    **dict.fromkeys(ways_inside(1), PRIVATE),
    "dotted": f"{PRIVATE}|has no address",  # as the resolver of the machine has it
}


@dataclass(frozen=True)
class Collected:
    """What came of all feeds at once."""

    reports: dict[str, FeedReport]
    seconds: dict[str, float]
    titles: list[str]
    asked: list[str]
    grown: int


def answers(web: Web) -> None:
    """Let the server answer for all feeds."""
    web.routes["/slow-headers"] = dripping(web, b"HTTP/1.1 200 OK\r\nX-Slow: ")
    web.routes["/a-byte-at-a-time"] = dripping(web, b"HTTP/1.1 200 OK\r\n\r\n" + HEAD)
    web.routes["/endless-headers"] = endless_headers(web)
    web.routes["/silent"] = lambda handler: web.released.wait(30)
    web.routes["/slow-chunks"] = endless_chunks(web, 1, 0.3)
    web.routes["/endless-chunks"] = endless_chunks(web, MB // 4, 0)
    web.routes["/fifty-megabytes"] = fifty_megabytes
    for size in (1, 30, 1024):
        web.routes[f"/zeros-{size}"] = zeros(size)
    web.answer("/loop", status=302, headers={"Location": "/loop", "Content-Length": "0"})
    web.answer("/secret", b"<rss version='2.0'><channel><title>Secret</title></channel></rss>")
    for name, target in ways_inside(web.port).items():
        web.routes[f"/{name}"] = lambda handler, target=target: redirect(handler, target)
    for name, body in body_bombs().items():
        web.answer(f"/{name}", body)
    many = b"".join(ITEM % (n, n) for n in range(10_000))
    web.answer("/many", HEAD + many + b"</channel></rss>")
    for number, name in enumerate(("good", "good-too"), 1):
        items = b"".join(ITEM % (n, n) for n in (number * 100_000, number * 100_000 + 1))
        web.answer(f"/{name}", HEAD + items + b"</channel></rss>")


class Memory(threading.Thread):
    """Watches how much memory this process holds."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.before = self.most = self.now()
        self.over = threading.Event()

    @property
    def grown(self) -> int:
        """The most bytes that were held beyond those at the beginning."""
        return self.most - self.before

    @staticmethod
    def now() -> int:
        pages = int(STATM.read_text().split()[1]) if STATM.exists() else 0
        return pages * resource.getpagesize()

    def run(self) -> None:
        while not self.over.wait(0.01):
            self.most = max(self.most, self.now())


async def collect(web: Web, database: Path) -> Collected:
    names = ["good", *REASONS, *body_bombs(), "many", "good-too"]
    feeds = [Feed(name, "generic", web.url(f"/{name}")) for name in names]
    options = FetchOptions(
        connect_timeout=2.0, read_timeout=SECONDS * 2, total_timeout=SECONDS,
        allow_private=(web.host,),
    )  # fmt: skip
    limits = ParseLimits(cpu_seconds=CPU_SECONDS, wall_seconds=3 * CPU_SECONDS)
    seconds: dict[str, float] = {}
    memory = Memory()
    with open_store(f"sqlite:///{database}") as store:
        async with Fetcher(options) as fetcher, ParserProcess(limits) as parser:
            memory.start()
            started = time.monotonic()
            report = await Collector(store, fetcher, parser, lambda: NOW).collect(
                feeds,
                on_feed=lambda feed: seconds.update({feed.feed: time.monotonic() - started}),
            )
            memory.over.set()
        papers = store.papers.search(query=None, since=None, limit=50_000)
    return Collected(
        {feed.feed: feed for feed in report.feeds},
        seconds,
        [paper.title for paper in papers],
        [path for path, _ in web.asked],
        memory.grown,
    )


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collected]:
    web = Web()
    answers(web)
    yield asyncio.run(collect(web, tmp_path_factory.mktemp("hostile") / "digest.db"))
    web.close()


@pytest.mark.parametrize("name", REASONS)
def test_a_hostile_feed_fails_alone_with_its_own_reason(collected: Collected, name: str) -> None:
    error = collected.reports[name].error or ""
    assert re.search(REASONS[name], error), error
    assert len(error) < 300
    assert "\n" not in error
    assert collected.seconds[name] < SECONDS + 2


@pytest.mark.parametrize("name", body_bombs())
def test_a_body_that_is_hard_to_read_ends_within_its_limits(
    collected: Collected, name: str
) -> None:
    report = collected.reports[name]
    assert report.entries <= 1
    assert "\n" not in (report.error or "")
    assert collected.seconds[name] < SECONDS + len(body_bombs()) * (CPU_SECONDS + 0.5)


def test_good_feeds_are_stored_on_time(collected: Collected) -> None:
    assert {collected.reports[name].entries for name in ("good", "good-too")} == {2}
    assert {f"Note {n} from the pond" for n in (100_000, 100_001, 200_000, 200_001)} <= set(
        collected.titles
    )
    assert collected.seconds["good"] < SECONDS + 2
    # It is the last of all, and its turn comes only when the limits of the others are over.
    assert collected.seconds["good-too"] < 15


def test_of_ten_thousand_items_the_first_are_read_and_the_rest_is_told(
    collected: Collected,
) -> None:
    report = collected.reports["many"]
    assert report.new_papers == MAX_ENTRIES
    assert report.problems == ("item 2001: too many items; the rest is left out",)


def test_nothing_of_the_private_network_was_asked(collected: Collected) -> None:
    assert "/short" in collected.asked
    assert "/secret" not in collected.asked


def test_this_process_stays_small(collected: Collected) -> None:
    assert collected.grown < 100 * MB
