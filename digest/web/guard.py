"""What stands around every page: headers, bounds, and a log that holds no token and no address.

The policy (https://www.w3.org/TR/CSP3/) allows our own style sheet, script and icon and nothing
else: whatever text slips into a page, it cannot run, load or send anything.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SMALL_BODY = 256_000  # bytes of a form without files
LARGE_BODY = 3_000_000  # of a form with files
PATIENCE = 30.0  # seconds that a body may take to arrive

_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": _POLICY,
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "geolocation=(), camera=(), microphone=(), interest-cohort=()",
}

log = structlog.get_logger()


class TooLargeError(OSError):
    """The body of a request is larger than is read.

    An OSError, since those make the parser of forms close the files that it has begun.
    """


class Guard:
    """Middleware around all pages.

    Args:
        app: what answers.
        failed: makes the answer for a request that we failed on.
    """

    def __init__(self, app: ASGIApp, failed: Callable[[Scope], ASGIApp]) -> None:
        self._app = app
        self._failed = failed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, answered = time.perf_counter(), _Answered()
        bounded = _bounded(receive, _limit(Headers(scope=scope)))
        guarded = _with_headers(send, answered)
        try:
            await self._app(scope, bounded, guarded)
        except TooLargeError:
            if not answered.status:
                told = PlainTextResponse("This is too large.\n", status_code=413)
                await told(scope, receive, guarded)
        except Exception:
            log.exception("page failed", page=_page(scope), method=scope["method"])
            if not answered.status:
                await self._failed(scope)(scope, receive, guarded)
        log.info(
            "asked",
            method=scope["method"],
            page=_page(scope),
            status=answered.status,
            ms=round((time.perf_counter() - begun) * 1000, 1),
        )


class _Answered:
    """What was answered so far; status 0: nothing."""

    status = 0


def _page(scope: Scope) -> str:
    """Return the pattern of the page that was asked for, without what stands in its place."""
    return getattr(scope.get("route"), "path", "none")


def _limit(headers: Headers) -> int:
    multipart = headers.get("content-type", "").startswith("multipart/form-data")
    return LARGE_BODY if multipart else SMALL_BODY


def _bounded(receive: Receive, limit: int) -> Receive:
    """Return a way to receive that gives up after so many bytes."""
    taken = 0

    async def bounded() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > limit:
            raise TooLargeError
        return message

    return bounded


def _with_headers(send: Send, answered: _Answered) -> Callable[[Message], Awaitable[None]]:
    async def guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            answered.status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers[name] = value
            # Pages show what is somebody's own; only files that say so may be kept.
            headers.setdefault("cache-control", "no-store")
            headers.setdefault("x-robots-tag", "noindex")
        await send(message)

    return guarded


def client_of(host: str | None) -> str:
    """Return what counts as one client: an IPv4 address, or the /64 of an IPv6 address."""
    if not host:
        return "unknown"
    if ":" not in host:
        return host
    from ipaddress import IPv6Address

    try:
        address = IPv6Address(host.partition("%")[0])
    except ValueError:
        return host[:64]
    mapped = address.ipv4_mapped
    return str(mapped) if mapped else address.exploded[:19]


class Buckets:
    """How often each client may do something in a minute; the least recent ones are forgotten.

    Args:
        a_minute: how often.
        most: how many clients are remembered.
    """

    def __init__(self, a_minute: int, most: int = 10_000) -> None:
        self._rate = a_minute
        self._most = most
        self._left: dict[str, tuple[float, float]] = {}

    def take(self, client: str, now: float) -> bool:
        """Tell whether this client may do it once more.

        Args:
            client: who.
            now: seconds of a clock that only goes forward.
        """
        left, at = self._left.pop(client, (float(self._rate), now))
        left = min(self._rate, left + (now - at) * self._rate / 60)
        allowed = left >= 1
        self._left[client] = (left - 1 if allowed else left, now)
        if len(self._left) > self._most:
            del self._left[next(iter(self._left))]
        return allowed


class Turns:
    """What costs much is done by one at a time; some may wait, of each client only a few.

    Args:
        waiting: how many may wait or be served, in all.
        of_a_client: and of one client.
    """

    def __init__(self, waiting: int, of_a_client: int) -> None:
        self._most = waiting
        self._of_a_client = of_a_client
        self._here: Counter[str] = Counter()
        self._one = asyncio.Lock()

    @asynccontextmanager
    async def turn(self, client: str) -> AsyncIterator[bool]:
        """Wait for a client's turn; False, and at once: too many are here already."""
        if self._here.total() >= self._most or self._here[client] >= self._of_a_client:
            yield False
            return
        self._here[client] += 1
        try:
            async with self._one:
                yield True
        finally:
            self._here[client] -= 1
            if not self._here[client]:
                del self._here[client]
