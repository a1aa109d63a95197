"""The HTTP client against a real server on loopback."""

import gzip
import ssl
import time
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
import trustme

from digest import __version__
from digest.errors import FetchError
from digest.models import FeedState
from digest.sources.base import Request
from digest.sources.fetch import Fetched, Fetcher, FetchOptions, NotModified

NOW = datetime(2026, 11, 18, 6, 0, tzinfo=UTC)
NONE = FeedState("test")


def options(**changed: object) -> FetchOptions:
    defaults = {
        "connect_timeout": 1.0,
        "read_timeout": 1.0,
        "total_timeout": 2.0,
        "allow_private": ("127.0.0.1",),
    }
    return FetchOptions(**{**defaults, **changed})  # type: ignore[arg-type]


async def get(
    url: str, state: FeedState = NONE, kind: str = "feed", **changed: object
) -> Fetched | NotModified:
    async with Fetcher(options(**changed)) as fetcher:
        return await fetcher.get(Request(url, kind), state, NOW)


async def body_of(url: str, **changed: object) -> bytes:
    fetched = await get(url, **changed)
    assert isinstance(fetched, Fetched)
    return fetched.response.body


async def refused(url: str, match: str, **changed: object) -> FetchError:
    with pytest.raises(FetchError, match=match) as caught:
        await get(url, **changed)
    assert "\n" not in str(caught.value)
    return caught.value


# ---------------------------------------------------------------- answers


async def test_a_body_comes_with_what_is_needed_to_read_and_to_ask_again(web) -> None:
    headers = {
        "Content-Type": "application/rss+xml; charset=utf-8",
        "ETag": 'W/"a1"',
        "Last-Modified": "Wed, 18 Nov 2026 05:00:00 GMT",
    }
    url = web.answer(body=b"<rss/>", headers=headers)
    fetched = await get(url)
    assert isinstance(fetched, Fetched)
    assert fetched.etag == 'W/"a1"'
    assert fetched.last_modified == "Wed, 18 Nov 2026 05:00:00 GMT"
    response = fetched.response
    assert (response.url, response.body, response.complete) == (url, b"<rss/>", True)
    assert response.content_type == "application/rss+xml; charset=utf-8"
    assert (response.received_at, response.captured_at_known) == (NOW, True)


async def test_the_operator_can_be_reached_and_nothing_is_asked_for_twice(web) -> None:
    url = web.answer(body=b"x")
    await get(url, contact="ops@lab.example\r\nX-Evil: 1")
    (_, headers), *more = web.asked
    assert more == []
    assert headers["user-agent"] == f"research-digest/{__version__} (+ops@lab.exampleX-Evil: 1)"
    assert headers["host"] == web.host
    assert not {"if-none-match", "if-modified-since", "cookie", "x-evil"} & headers.keys()


async def test_validators_are_given_back_as_they_came_and_304_is_no_news(web) -> None:
    def route(handler: BaseHTTPRequestHandler) -> None:
        fresh = handler.headers["If-None-Match"] == '"a1"'
        handler.send_response(304 if fresh else 200)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    web.routes["/feed"] = route
    known = FeedState("test", etag='"a1"', last_modified="Wed, 18 Nov 2026 05:00:00 GMT")
    assert await get(web.url(), known) == NotModified()
    assert web.asked[0][1]["if-modified-since"] == "Wed, 18 Nov 2026 05:00:00 GMT"
    assert isinstance(await get(web.url()), Fetched)


async def test_304_to_a_question_without_validators_is_refused(web) -> None:
    await refused(web.answer(status=304), "does not accept the request")


async def test_compressed_bodies_are_unpacked(web) -> None:
    text = b"<rss>" + bytes(range(256)) * 40
    packed = web.answer("/gz", gzip.compress(text), headers={"Content-Encoding": "gzip"})
    deflated = web.answer("/df", zlib.compress(text), headers={"Content-Encoding": "deflate"})
    assert await body_of(packed) == await body_of(deflated) == text


async def test_a_body_that_breaks_off_is_kept_as_incomplete(web) -> None:
    url = web.answer(body=b"<rss><item>", headers={"Content-Length": "5000"})
    fetched = await get(url)
    assert isinstance(fetched, Fetched)
    assert (fetched.response.body, fetched.response.complete) == (b"<rss><item>", False)


async def test_a_body_that_breaks_off_at_once_is_no_answer(web) -> None:
    await refused(web.answer(headers={"Content-Length": "5000"}), "broke off the answer")


async def test_cookies_are_not_kept(web) -> None:
    url = web.answer(body=b"x", headers={"Set-Cookie": "id=1"})
    async with Fetcher(options()) as fetcher:
        for _ in range(2):
            await fetcher.get(Request(url), NONE, NOW)
    assert all("cookie" not in headers for _, headers in web.asked)


async def test_absurd_validators_are_not_kept(web) -> None:
    fetched = await get(web.answer(body=b"x", headers={"ETag": '"' + "a" * 5000 + '"'}))
    assert isinstance(fetched, Fetched)
    assert (fetched.etag, fetched.last_modified) == (None, None)


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("status", "match", "permanent"),
    [
        (404, "does not exist; check the address", False),
        (410, "is gone for good; remove the feed", True),
        (401, "needs a login", False),
        (400, "does not accept the request", False),
        (500, "failed", False),
        (429, "asks to wait", False),
        (503, "asks to wait", False),
    ],
)
async def test_each_refusal_is_one_clear_sentence(web, status, match, permanent) -> None:
    url = web.answer(status=status, body=b"<rss>an error in the form of a feed</rss>")
    error = await refused(f"{url}?key=secret", match)
    assert str(error).startswith(url)
    assert "secret" not in str(error)
    assert (error.permanent, error.retry_after) == (permanent, None)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "120"}, 120.0),
        ({"Retry-After": "Wed, 18 Nov 2026 06:10:00 GMT"}, 600.0),
        ({"Retry-After": "Wed, 18 Nov 2026 05:00:00 GMT"}, 0.0),
        ({"Retry-After": "99999999999999999999"}, 7 * 24 * 3600.0),
        ({"Retry-After": "soon"}, None),
        ({"RateLimit": '"api";r=0;t=45'}, 45.0),
        ({"RateLimit": '"burst=1"; r=0; t=45, "day";r=9;t=999'}, 45.0),
        ({"RateLimit": "limit=100, remaining=0"}, None),
        ({}, None),
    ],
)
async def test_the_wait_that_a_server_asks_for_is_told(web, status, headers, seconds) -> None:
    error = await refused(web.answer(status=status, headers=headers), "asks to wait")
    assert error.retry_after == seconds


async def test_a_server_that_refuses_us_is_left_alone_for_hours(web) -> None:
    error = await refused(web.answer(status=403), "refuses us")
    assert error.retry_after == 6 * 3600
    assert not error.permanent


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://a.example/x", "feed", "", "http://", "http://[::1", "//x"]
)
async def test_only_web_addresses_are_asked(url: str) -> None:
    await refused(url, "is no")


async def test_the_words_of_a_refusal_cannot_control_a_terminal(web) -> None:
    def route(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(500, "no\x1b[2J  way")
        handler.end_headers()

    web.routes["/feed"] = route
    assert "\x1b" not in str(await refused(web.url(), r"failed \(no\[2J way\)"))


async def test_secrets_in_an_address_are_not_told() -> None:
    error = await refused("http://me:pw@127.0.0.1:9/feed?token=secret#x", "no connection")
    assert str(error).startswith("no connection to http://127.0.0.1:9/feed: ")


# ---------------------------------------------------------------- caps


async def test_a_body_over_the_cap_is_not_read_to_its_end(web) -> None:
    url = web.answer(body=b"x" * 3_000_000)
    await refused(url, "is larger than 1 MB", max_bytes=1024**2)


async def test_a_compression_bomb_is_told_from_a_feed(web) -> None:
    bomb = gzip.compress(b"\x00" * 12_000_000)
    url = web.answer(body=bomb, headers={"Content-Encoding": "gzip"})
    await refused(url, "compression bomb")


async def test_a_damaged_compressed_body_is_told(web) -> None:
    url = web.answer(body=b"not gzip at all", headers={"Content-Encoding": "gzip"})
    await refused(url, "damaged compressed body")


def dripping(web, head: bytes) -> Callable[[BaseHTTPRequestHandler], None]:
    def route(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(head)
        while not web.released.wait(0.05):
            handler.wfile.write(b"x")
            handler.wfile.flush()

    return route


@pytest.mark.parametrize(
    "head", [b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b"HTTP/1.1 200 OK\r\nX-Slow: "]
)
async def test_a_server_that_drips_ends_at_the_deadline(web, head: bytes) -> None:
    web.routes["/feed"] = dripping(web, head)
    started = time.monotonic()
    await refused(web.url(), "took longer than 0.4 s", total_timeout=0.4)
    assert time.monotonic() - started < 1.5


async def test_a_server_that_falls_silent_is_given_up(web) -> None:
    web.routes["/feed"] = lambda handler: web.released.wait(5)
    await refused(web.url(), "stopped answering", read_timeout=0.2)


# ---------------------------------------------------------------- redirects


async def test_redirects_are_followed_and_the_last_address_told(web) -> None:
    web.answer("/feed", status=302, headers={"Location": "/two?x=1"})
    web.answer("/two", status=301, headers={"Location": web.url("/three")})
    web.answer("/three", body=b"there")
    fetched = await get(web.url())
    assert isinstance(fetched, Fetched)
    assert (fetched.response.url, fetched.response.body) == (web.url("/three"), b"there")


@pytest.mark.parametrize(
    ("statuses", "lasting"),
    [((301,), True), ((308, 301), True), ((302,), False), ((301, 307), False), ((), False)],
)
async def test_a_move_for_good_is_told(web, statuses, lasting) -> None:
    for number, status in enumerate(statuses):
        web.answer(f"/{number}", status=status, headers={"Location": f"/{number + 1}#top"})
    web.answer(f"/{len(statuses)}", body=b"there")
    fetched = await get(web.url("/0"))
    assert fetched.moved_to == (web.url(f"/{len(statuses)}") if lasting else None)


async def test_an_endless_address_is_not_told(web) -> None:
    web.answer("/feed", status=301, headers={"Location": f"/x?{'y' * 3_000}"})
    web.answer("/x", body=b"there")
    assert (await get(web.url())).moved_to is None


async def test_a_redirect_loop_ends(web) -> None:
    url = web.answer(status=302, headers={"Location": "/feed"})
    await refused(url, "redirects more than 5 times")
    assert len(web.asked) == 6


@pytest.mark.parametrize(
    "target",
    ["http://10.0.0.1/", "http://localhost:9/", "http://169.254.169.254/", "http://[::1]:9/"],
)
async def test_a_redirect_into_the_private_network_is_refused(web, target: str) -> None:
    url = web.answer(status=302, headers={"Location": target})
    await refused(url, "is a private or local address", allow_private=(web.host,))


@pytest.mark.parametrize("target", ["file:///etc/passwd", "http://[::1", "gopher://a.example/"])
async def test_a_redirect_away_from_the_web_is_refused(web, target: str) -> None:
    await refused(web.answer(status=302, headers={"Location": target}), "is no")


async def test_the_deadline_counts_over_all_redirects(web) -> None:
    def route(handler: BaseHTTPRequestHandler) -> None:
        web.released.wait(0.25)
        handler.send_response(302)
        handler.send_header("Location", "/feed")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    web.routes["/feed"] = route
    await refused(web.url(), "took longer", total_timeout=0.6)
    assert len(web.asked) <= 4


# ---------------------------------------------------------------- names


async def test_a_name_that_resolves_to_loopback_is_refused(web) -> None:
    url = web.answer(body=b"secret").replace("127.0.0.1", "localhost")
    await refused(url, "localhost is a private or local address", allow_private=())
    assert web.asked == []


async def test_loopback_is_refused_unless_allowed(web) -> None:
    url = web.answer(body=b"x")
    await refused(url, "private or local", allow_private=())
    await refused(url, "private or local", allow_private=("127.0.0.1:1",))
    assert await body_of(url, allow_private=(web.host,)) == b"x"


async def test_a_name_is_resolved_once_and_sent_as_written(web) -> None:
    url = web.answer(body=b"x").replace("127.0.0.1", "localhost")
    assert await body_of(url, allow_private=("localhost",)) == b"x"
    assert web.asked[0][1]["host"] == f"localhost:{web.port}"


async def test_https_checks_the_certificate_of_the_name(
    web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    web.server.socket = context.wrap_socket(web.server.socket, server_side=True)
    trusted = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(trusted))
    url = web.answer(body=b"x").replace("http:", "https:").replace("127.0.0.1", "localhost")
    allowed = ("localhost", "127.0.0.1")
    await refused(url, "no connection", allow_private=allowed)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    assert await body_of(url, allow_private=allowed) == b"x"
    await refused(url.replace("localhost", "127.0.0.1"), "no connection", allow_private=allowed)


# ---------------------------------------------------------------- manners


async def test_a_private_server_is_not_paced_and_another_is() -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    async with Fetcher(options(), clock=lambda: 5.0, sleep=sleep) as fetcher:
        for url in ["http://127.0.0.1:9/"] * 2 + ["http://nowhere.invalid/"] * 2:
            with pytest.raises(FetchError):
                await fetcher.get(Request(url), NONE, NOW)
    assert slept == [1.0]


async def test_a_page_is_asked_for_only_where_robots_txt_allows_it(web) -> None:
    web.answer("/robots.txt", b"User-agent: *\nDisallow: /closed\n")
    web.answer("/open", b"page")
    async with Fetcher(options()) as fetcher:
        for _ in range(2):
            await fetcher.get(Request(web.url("/open"), "page"), NONE, NOW)
        with pytest.raises(FetchError, match=r"/closed is not for programs.*robots\.txt"):
            await fetcher.get(Request(web.url("/closed"), "page"), NONE, NOW)
    assert [path for path, _ in web.asked] == ["/robots.txt", "/open", "/open"]


async def test_without_robots_txt_all_is_allowed_but_not_when_it_fails(web) -> None:
    url = web.answer("/page", b"page")
    assert isinstance(await get(url, kind="page"), Fetched)
    web.answer("/robots.txt", status=500)
    with pytest.raises(FetchError, match=r"robots\.txt failed"):
        await get(url, kind="page")


async def test_feeds_do_not_need_robots_txt(web) -> None:
    await get(web.answer(body=b"x"))
    assert [path for path, _ in web.asked] == ["/feed"]
