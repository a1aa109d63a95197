"""The only HTTP client: polite to servers, wary of their answers.

For each request, and again for each redirect: the host is vetted (``guard``), its turn is
awaited (``pacing``), and what comes is read under caps of time and size. What a server says
besides a body becomes one clear sentence.
"""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from http.cookiejar import CookieJar, DefaultCookiePolicy
from types import TracebackType
from urllib.robotparser import RobotFileParser

import httpx2

from digest import __version__, text
from digest.errors import FetchError
from digest.models import FeedState
from digest.sources.base import Request, Response
from digest.sources.guard import addresses, is_listed
from digest.sources.pacing import Pacing

_MAX_VALIDATOR = 1_000  # characters
_RATIO_FROM = 1024**2  # bytes; small bodies may be compressed as well as they like
_LONGEST_WAIT = 7 * 24 * 3600.0
_REFUSED_WAIT = 6 * 3600.0  # to go on asking after a refusal is taken for an attack
_MOVED = {HTTPStatus.MOVED_PERMANENTLY, HTTPStatus.PERMANENT_REDIRECT}  # RFC 9110, section 15.4
_RESET = re.compile(r";\s*t=([0-9]{1,12})")  # draft-ietf-httpapi-ratelimit-headers
_MAX_ADDRESS = 2_000  # characters of an address that may be kept


@dataclass(frozen=True, slots=True)
class FetchOptions:
    """How servers are asked. Times are in seconds, sizes in bytes.

    Attributes:
        contact: an address or a page where the operator of this installation can be reached.
        connect_timeout: for the connection; read_timeout: between two pieces of an answer;
            total_timeout: for an answer with all its redirects, waiting for a turn aside.
        max_bytes: of a body, decoded.
        max_ratio: how many times larger than its transfer a decoded body may be.
        allow_private: ``host`` or ``host:port`` of servers that may be in a private network.
    """

    contact: str = ""
    connect_timeout: float = 5.0
    read_timeout: float = 30.0
    total_timeout: float = 60.0
    max_bytes: int = 16 * 1024**2
    max_ratio: int = 20
    max_redirects: int = 5
    allow_private: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NotModified:
    """The server says that nothing changed since the validators were given.

    `moved_to` is as in `Fetched`.
    """

    moved_to: str | None = None


@dataclass(frozen=True, slots=True)
class Fetched:
    """A body, with the validators to ask the next time (verbatim; None: there is none).

    Attributes:
        moved_to: the address that answered, if every redirect on the way to it was for good
            (301, 308); None: there was no redirect, or one that holds only for now.
    """

    response: Response
    etag: str | None = None
    last_modified: str | None = None
    moved_to: str | None = None


@dataclass(slots=True)
class _Call:
    """One request with the status of each redirect, and the time that is left for it."""

    url: httpx2.URL
    headers: dict[str, str]
    now: datetime
    seconds: float
    conditional: bool = field(init=False)
    redirects: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.conditional = not self.headers.keys().isdisjoint(
            {"if-none-match", "if-modified-since"}
        )

    @property
    def moved_to(self) -> str | None:
        """The address reached, if all redirects to it were for good."""
        address = str(self.url.copy_with(fragment=None))
        lasting = bool(self.redirects) and self.redirects <= _MOVED
        return address if lasting and len(address) <= _MAX_ADDRESS else None


class Fetcher:
    """The HTTP client, an asynchronous context manager; many tasks may share it.

    Args:
        options: how servers are asked.
        clock: a monotonic clock, in seconds.
        sleep: waits for that many seconds.
    """

    def __init__(
        self,
        options: FetchOptions,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._options = options
        self._pacing = Pacing(clock, sleep)
        self._robots: dict[str, RobotFileParser] = {}
        contact = "".join(c for c in options.contact if c.isascii() and c.isprintable())
        self._agent = f"research-digest/{__version__}" + (f" (+{contact})" if contact else "")
        self._client = httpx2.AsyncClient(
            transport=httpx2.AsyncHTTPTransport(
                # Connections go to addresses: one that is kept could serve another name's.
                limits=httpx2.Limits(max_keepalive_connections=0),
            ),
            headers={"user-agent": self._agent, "accept-encoding": "gzip, deflate"},
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            timeout=httpx2.Timeout(options.read_timeout, connect=options.connect_timeout),
            trust_env=False,  # no proxies and no passwords from the environment
        )

    async def __aenter__(self) -> "Fetcher":
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._client.aclose()

    async def get(self, request: Request, state: FeedState, now: datetime) -> Fetched | NotModified:
        """Return what a server answers.

        A body of which less came than was announced is returned as not `complete`.

        Args:
            request: what to ask for; a ``page`` only if robots.txt allows it.
            state: the validators of the last answer, if there are any.
            now: the present instant, aware.

        Raises:
            FetchError: no usable answer came; it tells how long to wait, if the server did,
                and whether the address is gone for good.
        """
        url = _parsed(request.url)
        if request.kind == "page":
            await self._ask_robots(url, now)
        headers = {
            "accept": request.accept,
            "if-none-match": state.etag or "",
            "if-modified-since": state.last_modified or "",
        }
        given = {name: value for name, value in headers.items() if value}
        call = _Call(url, given, now, self._options.total_timeout)
        answer = await self._follow(call)
        return replace(answer, moved_to=call.moved_to)

    async def _follow(self, call: _Call) -> Fetched | NotModified:
        """Return the answer at the end of the redirects."""
        for _ in range(self._options.max_redirects + 1):
            answer = await self._ask(call)
            if not isinstance(answer, httpx2.URL):
                return answer
            call.url = answer
        raise FetchError(
            f"{_shown(call.url)} redirects more than {self._options.max_redirects} times; "
            "check the address"
        )

    async def _ask(self, call: _Call) -> Fetched | NotModified | httpx2.URL:
        """Return the answer to one request, which may be the address to ask instead."""
        url, options = call.url, self._options
        host, port = (
            url.raw_host.decode("ascii"),
            url.port or (443 if url.scheme == "https" else 80),
        )
        is_ours = is_listed(host, port, options.allow_private)
        async with AsyncExitStack() as turn:
            if not is_ours:
                await turn.enter_async_context(self._pacing.turn(host))
            started = asyncio.get_running_loop().time()
            try:
                async with asyncio.timeout(call.seconds):
                    vetted = await addresses(host, port, allow_private=is_ours)
                    return await self._ask_first(vetted, call)
            except TimeoutError:
                raise FetchError(
                    f"{_shown(url)} took longer than {options.total_timeout:g} s; try again later"
                ) from None
            except (httpx2.HTTPError, OSError) as error:
                raise _failure(error, url) from error
            finally:
                call.seconds -= asyncio.get_running_loop().time() - started

    async def _ask_first(
        self, vetted: list[str], call: _Call
    ) -> Fetched | NotModified | httpx2.URL:
        """Ask the first address that takes a connection."""
        for address in vetted[:-1]:
            try:
                return await self._ask_at(address, call)
            except (httpx2.ConnectError, httpx2.ConnectTimeout):
                continue
        return await self._ask_at(vetted[-1], call)

    async def _ask_at(self, address: str, call: _Call) -> Fetched | NotModified | httpx2.URL:
        url = call.url
        host = url.raw_host.decode("ascii")
        request = self._client.build_request(
            "GET",
            url.copy_with(host=address),
            headers={**call.headers, "host": url.netloc.decode("ascii")},
            # The certificate must be that of the name, not of the address.
            extensions={"sni_hostname": host} if host != address else {},
        )
        answer = await self._client.send(request, stream=True)
        try:
            if answer.has_redirect_location:
                call.redirects.add(answer.status_code)
                return _parsed(answer.headers["location"], base=url)
            if answer.status_code == HTTPStatus.NOT_MODIFIED and call.conditional:
                return NotModified()
            if not answer.is_success:
                raise _refusal(answer, call)
            body, complete = await self._read(answer, url)
        finally:
            await answer.aclose()
        response = Response(
            url=str(url),
            body=body,
            content_type=answer.headers.get("content-type", ""),
            received_at=call.now,
            complete=complete,
        )
        return Fetched(response, _validator(answer, "etag"), _validator(answer, "last-modified"))

    async def _read(self, answer: httpx2.Response, url: httpx2.URL) -> tuple[bytes, bool]:
        """Return the decoded body and whether all of it came."""
        options = self._options
        body = bytearray()
        try:
            async for piece in answer.aiter_bytes():
                body += piece
                if len(body) > options.max_bytes:
                    raise FetchError(
                        f"{_shown(url)} is larger than {options.max_bytes / 1024**2:g} MB; "
                        "this is no feed, check the address"
                    )
                limit = max(_RATIO_FROM, options.max_ratio * answer.num_bytes_downloaded)
                if len(body) > limit:
                    raise FetchError(
                        f"{_shown(url)} unpacks to more than {options.max_ratio} times its size, "
                        "like a compression bomb; it is not read"
                    )
        except (httpx2.RemoteProtocolError, httpx2.ReadError):
            if not body:
                raise
            return bytes(body), False
        return bytes(body), True

    async def _ask_robots(self, url: httpx2.URL, now: datetime) -> None:
        """Refuse a page that robots.txt does not allow. Rules: RFC 9309."""
        origin = f"{url.scheme}://{url.netloc.decode('ascii')}"
        rules = self._robots.get(origin)
        if rules is None:
            rules = RobotFileParser()
            address = _parsed(f"{origin}/robots.txt")
            try:
                found = await self._follow(_Call(address, {}, now, self._options.total_timeout))
            except _NotThereError:
                rules.parse([])
            else:
                assert isinstance(found, Fetched)
                rules.parse(found.response.body.decode("utf-8", "replace").splitlines())
            self._robots[origin] = rules
        if not rules.can_fetch(self._agent, str(url)):
            raise FetchError(f"{_shown(url)} is not for programs, says the site's robots.txt")


class _NotThereError(FetchError):
    """The server has nothing at this address, or nothing for us."""


def _parsed(address: str, base: httpx2.URL | None = None) -> httpx2.URL:
    """Return an address that can be asked; a relative one is taken from `base`.

    Raises:
        FetchError: it is none, or neither http nor https.
    """
    try:
        url = base.join(address) if base else httpx2.URL(address)
    except (httpx2.InvalidURL, ValueError) as error:
        raise FetchError(f"{address[:200]!r} is no address: {error}") from error
    if url.scheme not in ("http", "https") or not url.host:
        raise FetchError(f"{_shown(url)!r} is no http(s) address")
    return url


def _shown(url: httpx2.URL) -> str:
    """Return an address for people: without name, password and query, which may be secret."""
    return str(url.copy_with(userinfo=b"", query=None, fragment=None))


def _validator(answer: httpx2.Response, name: str) -> str | None:
    value = answer.headers.get(name, "").strip()
    usable = value and len(value) <= _MAX_VALIDATOR and value.isascii() and value.isprintable()
    return value if usable else None


def _failure(error: Exception, url: httpx2.URL) -> FetchError:
    """Return the sentence for a request that came to no answer."""
    at = _shown(url)
    if isinstance(error, httpx2.ConnectTimeout | httpx2.ConnectError):
        return FetchError(f"no connection to {at}: {_said(error)}; try again later")
    if isinstance(error, httpx2.TimeoutException):
        return FetchError(f"{at} stopped answering; try again later")
    if isinstance(error, httpx2.DecodingError):
        return FetchError(f"{at} sent a damaged compressed body")
    return FetchError(f"{at} broke off the answer: {_said(error)}; try again later")


def _said(error: Exception) -> str:
    return text.cut(text.collapse(str(error)), 200) or type(error).__name__


_SENTENCES: dict[int, str] = {
    HTTPStatus.UNAUTHORIZED: "needs a login, which is not supported",
    HTTPStatus.FORBIDDEN: "refuses us; ask again in some hours, or ask its operator",
    HTTPStatus.NOT_FOUND: "does not exist; check the address",
    HTTPStatus.GONE: "is gone for good; remove the feed",
    HTTPStatus.UNAVAILABLE_FOR_LEGAL_REASONS: "is closed for legal reasons",
}
_BUSY = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)


def _refusal(answer: httpx2.Response, call: _Call) -> FetchError:
    """Return the sentence for an answer that is no success."""
    status, wait = answer.status_code, _retry_after(answer, call.now)
    if status == HTTPStatus.FORBIDDEN:
        wait = wait or _REFUSED_WAIT
    phrase = text.cut(text.collapse(answer.reason_phrase), 80) or "no reason given"
    if status in _BUSY:
        sentence = f"asks to wait {wait:.0f} s" if wait else "asks to wait"
    elif answer.is_server_error:
        sentence = f"failed ({phrase}); try again later"
    else:
        other = f"does not accept the request ({phrase}); check the address and the options"
        sentence = _SENTENCES.get(status, other)
    is_absent = answer.is_client_error and status not in _BUSY
    kind = _NotThereError if is_absent else FetchError
    return kind(
        f"{_shown(call.url)} {sentence}",
        retry_after=wait,
        absent=status == HTTPStatus.NOT_FOUND,
        permanent=status == HTTPStatus.GONE,
    )


def _retry_after(answer: httpx2.Response, now: datetime) -> float | None:
    """Return the seconds the server asks us to wait, at most a week; None if it does not.

    Understands ``Retry-After`` in seconds or as a date, and ``RateLimit: ..;t=seconds``.
    """
    said = answer.headers.get("retry-after", "").strip()
    if not said and (reset := _RESET.search(answer.headers.get("ratelimit", ""))):
        said = reset[1]
    if said.isascii() and said.isdigit():
        return min(float(said[:12]), _LONGEST_WAIT)
    try:
        until = parsedate_to_datetime(said)
    except ValueError:
        return None
    seconds = (until.replace(tzinfo=until.tzinfo or UTC) - now).total_seconds()
    return min(max(seconds, 0.0), _LONGEST_WAIT)
