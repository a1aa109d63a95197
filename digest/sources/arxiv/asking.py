"""What to ask arXiv for: addresses made of a feed's options, and those of the pages after."""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit

from digest import text
from digest.errors import SourceError
from digest.sources.arxiv.fields import CATEGORY
from digest.sources.base import MAX_ENTRIES, Feed, Request
from digest.sources.common import choice_option, number_option, web_url

FEEDS = "https://rss.arxiv.org/rss/"
API = "https://export.arxiv.org/api/query"
OAI = "https://oaipmh.arxiv.org/oai"
LISTS = "https://arxiv.org/list/"

_DAYS, _MOST_DAYS = 7, 3_650
_SLICE = 200  # papers a page: a few seconds' work for the API, and a busy day of one category
_MAX_SEARCH = 1_000
# Relevance is the default: it gives the same papers every day.
_NEWEST_FIRST = {"sortBy": "submittedDate", "sortOrder": "descending"}
_OAI_SET = re.compile(r"[a-z-]+(?::[A-Za-z-]+){0,2}")
_OAI_TOKEN = re.compile(r"[\x21-\x7e]{1,500}")
# Archives with classes of their own, and those that make up the group "physics".
_WITH_CLASSES = frozenset((
    "astro-ph", "cond-mat", "cs", "econ", "eess", "math", "nlin", "physics", "q-bio", "q-fin",
    "stat",
))  # fmt: skip
_PHYSICS = frozenset((
    "astro-ph", "cond-mat", "gr-qc", "hep-ex", "hep-lat", "hep-ph", "hep-th", "math-ph",
    "nlin", "nucl-ex", "nucl-th", "physics", "quant-ph",
))  # fmt: skip


def requests(feed: Feed, now: datetime) -> Iterable[Request]:
    """Return the first request or requests of a collection.

    Raises:
        SourceError: as `Arxiv.requests` says.
    """
    if feed.location:
        return [_at_location(feed)]
    via = _via(feed)
    if via == "api":
        return [_search(feed)]
    if via == "oai":
        return _changes(feed, now)
    named = _categories(feed)
    if via == "list":
        return [Request(f"{LISTS}{c}/new?skip=0&show={MAX_ENTRIES}", kind="page") for c in named]
    return [Request(FEEDS + "+".join(named), kind="feed")]


def oldest(feed: Feed, received_at: datetime) -> datetime | None:
    """Return the instant before which papers of an API answer are not wanted; None: no such."""
    if "days" not in feed.options and (feed.location or _via(feed) != "api"):
        return None
    return received_at - timedelta(days=number_option(feed, "days", _DAYS, _MOST_DAYS))


def next_slice(url: str, received: int, total: int) -> Request | None:
    """Return the request after one slice of a search; None after the last, and for files."""
    before = start_of(url)
    query = dict(parse_qsl(urlsplit(url).query))
    size = query.get("max_results", "")
    if before is None or not re.fullmatch("[0-9]{1,5}", size) or received < max(1, int(size)):
        return None
    start = before + received
    if start >= min(total, MAX_ENTRIES):
        return None
    return Request(_with(url, query | {"start": str(start)}), kind="api")


def start_of(url: str) -> int | None:
    """Return the number of papers before a slice of a search; None: the address tells none."""
    told = dict(parse_qsl(urlsplit(url).query)).get("start", "") if web_url(url) else ""
    return int(told) if re.fullmatch("[0-9]{1,5}", told) else None


def next_records(url: str, token: str) -> Request | None:
    """Return the request for the records after a resumption token; None where there is none."""
    if web_url(url) is None or not _OAI_TOKEN.fullmatch(token):
        return None
    return Request(_with(url, {"verb": "ListRecords", "resumptionToken": token}), kind="api")


def _with(url: str, query: dict[str, str]) -> str:
    return urlsplit(url)._replace(query=urlencode(query), fragment="").geturl()


def _via(feed: Feed) -> str:
    """Return the way to ask; a search can only be asked of the API."""
    if "search" in feed.options and "via" not in feed.options:
        return "api"
    via = choice_option(feed, "via", ("feed", "api", "oai", "list"))
    if "search" in feed.options and via != "api":
        raise SourceError(f'feed {feed.name!r}: a search needs via = "api", not {via!r}')
    return via


def _categories(feed: Feed) -> list[str]:
    told = feed.options.get("categories", "")
    named = re.split(r"[+,\s]+", told.strip("+, "))
    if not all(CATEGORY.fullmatch(category) for category in named):
        raise SourceError(
            f"feed {feed.name!r}: categories must be arXiv classes joined by +, "
            f"like cs.LG+cs.CL; they are {told!r}"
        )
    return list(dict.fromkeys(named))


def _at_location(feed: Feed) -> Request:
    """Return the location; a search there without an order is asked for the newest first."""
    if web_url(feed.location) is None:
        raise SourceError(
            f"feed {feed.name!r}: {feed.location!r} is not an http(s) address of a feed; "
            "read a saved feed with `digest import arxiv FILE`"
        )
    parts = urlsplit(feed.location)
    if parts.path.startswith("/list/"):
        return Request(feed.location, kind="page")
    if parts.path.startswith("/oai"):
        return Request(feed.location, kind="api")
    if not parts.path.startswith("/api/"):
        return Request(feed.location, kind="feed")
    query = dict(parse_qsl(parts.query))
    ordered = "id_list" in query or "sortBy" in query
    url = feed.location if ordered else _with(feed.location, query | _NEWEST_FIRST)
    return Request(url, kind="api")


def _search(feed: Feed) -> Request:
    number_option(feed, "days", _DAYS, _MOST_DAYS)
    search = text.collapse(feed.options.get("search", ""))
    clauses = []
    if "categories" in feed.options or not search:
        named = [c if c not in _WITH_CLASSES else f"{c}.*" for c in _categories(feed)]
        clauses.append(" OR ".join(f"cat:{category}" for category in named))
    if search:
        clauses.append(search)
    if len(search) > _MAX_SEARCH:
        raise SourceError(f"feed {feed.name!r}: search is longer than {_MAX_SEARCH} characters")
    asked = clauses[0] if len(clauses) == 1 else " AND ".join(f"({c})" for c in clauses)
    slices = {"start": "0", "max_results": str(_SLICE)}
    return Request(_with(API, {"search_query": asked} | _NEWEST_FIRST | slices), kind="api")


def _changes(feed: Feed, now: datetime) -> list[Request]:
    """Return one request for each set: records are harvested set by set."""
    days = number_option(feed, "days", _DAYS, _MOST_DAYS)
    since = _day(feed, "from") or (now.astimezone(UTC) - timedelta(days=days)).date()
    until = _day(feed, "until")
    if until and until < since:
        raise SourceError(f"feed {feed.name!r}: until ({until}) is before from ({since})")
    spec = feed.options.get("set")
    if spec is not None and not _OAI_SET.fullmatch(spec):
        raise SourceError(f"feed {feed.name!r}: set must be like cs:cs:LG, not {spec!r}")
    query = {"verb": "ListRecords", "metadataPrefix": "arXiv", "from": since.isoformat()}
    if until:
        query["until"] = until.isoformat()
    specs = [spec] if spec else [_set(category) for category in _categories(feed)]
    return [Request(_with(OAI, query | {"set": s}), kind="api") for s in specs]


def _day(feed: Feed, name: str) -> date | None:
    told = feed.options.get(name)
    try:
        return date.fromisoformat(told) if told is not None else None
    except ValueError:
        raise SourceError(
            f"feed {feed.name!r}: {name} must be a day like 2026-11-01, not {told!r}"
        ) from None


def _set(category: str) -> str:
    """Return the set of a category: cs.LG is ``cs:cs:LG``, hep-th is ``physics:hep-th``."""
    archive, dot, subject = category.partition(".")
    group = "physics" if archive in _PHYSICS else archive
    if dot:
        return f"{group}:{archive}:{subject}"
    return f"{group}:{archive}" if group == "physics" else group
