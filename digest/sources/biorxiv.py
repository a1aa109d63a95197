"""bioRxiv and medRxiv: the RSS 1.0 feeds of the newest preprints, and the API by days.

A feed holds about thirty preprints, which a busy subject brings within hours; the API has all
of a day, page by page, with the versions and the journals' DOIs.
Source: https://api.biorxiv.org/
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from digest import text
from digest.errors import ParseError, SourceError
from digest.models import Entry
from digest.sources.base import MAX_ENTRIES, Feed, Page, Request, Response
from digest.sources.common import (
    bounded,
    choice_option,
    dated,
    instant,
    line,
    looks_like,
    number_option,
    read_json,
    refusal,
    site_of,
    web_url,
)
from digest.sources.enrich import enriched
from digest.sources.feed import RawEntry, decode
from digest.sources.markup import plain

# The feeds at www.biorxiv.org stand behind a wall that keeps programs out; these do not.
FEEDS = {
    "biorxiv": "https://connect.biorxiv.org/biorxiv_xml.php",
    "medrxiv": "https://connect.medrxiv.org/medrxiv_xml.php",
}

API = "https://api.biorxiv.org/details"

_EXPECTED = "an RSS feed or the JSON of the API"
_DAYS, _MOST_DAYS = 3, 92
_SITES = ("biorxiv.org", "medrxiv.org")
_CURSOR = re.compile(r"(?P<before>/.+)/(?P<cursor>[0-9]{1,9})(?:/json)?")
_VERSION = re.compile(r"v(\d{1,3})(?:\.\w+)*$")
# "R. J.", "P.-L.", "Yu. A."; single letters may lack their point, but "Lu" is a last name.
_INITIALS = re.compile(r"(?:[^\W\d_](?:\.|(?=[\s-]|$)|[^\W\d_]\.)[\s-]*)+")
_SUFFIX = re.compile(r"(?:Jr|Sr|II|III|IV)\.?")


class BioRxiv:
    """The source ``biorxiv``.

    Feed options:
        ``server``: biorxiv or medrxiv.
        ``subject``: as in the feed's address, like ``genomics`` or ``cell_biology`` (all).
        ``via``: ``feed`` (the default) or ``api``.
        ``days``: how many days the API is asked for, today (UTC) included (3).
    """

    name = "biorxiv"
    title = "bioRxiv and medRxiv"

    def requests(self, feed: Feed, now: datetime) -> Iterable[Request]:
        """Return the location, or the feed or the search of the options.

        Raises:
            SourceError: the location is no http(s) address, or an option makes no sense.
        """
        if feed.location:
            if web_url(feed.location) is None:
                raise SourceError(
                    f"feed {feed.name!r}: {feed.location!r} is not an http(s) address of a feed; "
                    "read a saved feed with `digest import biorxiv FILE`"
                )
            is_api = urlsplit(feed.location).path.startswith("/details/")
            return [Request(feed.location, kind="api" if is_api else "feed")]
        server = feed.options.get("server", "biorxiv").lower()
        if server not in FEEDS:
            raise SourceError(
                f"feed {feed.name!r}: server is {server!r}; it must be biorxiv or medrxiv"
            )
        subject = quote(feed.options.get("subject", "all"), safe="+")
        if choice_option(feed, "via", ("feed", "api")) == "api":
            today = now.astimezone(UTC).date()
            since = today - timedelta(days=number_option(feed, "days", _DAYS, _MOST_DAYS) - 1)
            wanted = "" if subject == "all" else f"?category={subject}"
            return [Request(f"{API}/{server}/{since}/{today}/0/json{wanted}", kind="api")]
        return [Request(f"{FEEDS[server]}?subject={subject}", kind="feed")]

    def parse(self, response: Response, feed: Feed) -> Page:
        """Return the preprints of a feed or of an answer of the API.

        Raises:
            ParseError: it is neither, or another source's.
        """
        form = looks_like(response.body)
        if form == "json":
            return _parse_api(response)
        if form != "xml":
            raise refusal(response, self.name, _EXPECTED)
        raw = decode(response.body, response.content_type)
        foreign = site_of(response.body) != self.name
        if foreign and not any(_is_ours(item) for item in raw.entries):
            raise refusal(response, self.name, "an RSS feed of bioRxiv or medRxiv")
        entries: list[Entry] = []
        problems = [raw.problem] if raw.problem else []
        for number, item in enumerate(raw.entries[:MAX_ENTRIES], 1):
            found = _entry(item)
            if isinstance(found, Entry):
                entries.append(dated(enriched(bounded(found)), response))
            else:
                problems.append(f"item {number}: {found}; left out")
        if len(raw.entries) > MAX_ENTRIES:
            problems.append(f"item {MAX_ENTRIES + 1}: too many items; the rest is left out")
        return Page(tuple(entries), tuple(problems), complete=raw.complete and response.complete)


# ---------------------------------------------------------------- the API


def _parse_api(response: Response) -> Page:
    answer = read_json(response)
    told = answer.get("messages") if isinstance(answer, dict) else None
    message = told[0] if isinstance(told, list) and told and isinstance(told[0], dict) else None
    if message is None:
        raise refusal(response, BioRxiv.name, _EXPECTED)
    status, collection = line(message.get("status")), answer.get("collection")
    if status.lower().startswith("no posts found"):
        return Page((), complete=response.complete)
    if status != "ok":
        said = text.cut(status or "no status", 200)
        raise ParseError(f"{response.url}: the API of bioRxiv refused: {said}")
    if not isinstance(collection, list):
        raise ParseError(f"{response.url}: an answer of the API of bioRxiv without a collection")
    entries: list[Entry] = []
    problems: list[str] = []
    for number, element in enumerate(collection[:MAX_ENTRIES], 1):
        found = _preprint(element) if isinstance(element, dict) else "not an object"
        if isinstance(found, Entry):
            entries.append(dated(enriched(bounded(found)), response))
        else:
            problems.append(f"preprint {number}: {found}; left out")
    if len(collection) > MAX_ENTRIES:
        problems.append(f"preprint {MAX_ENTRIES + 1}: too many preprints; the rest is left out")
    following = _next_page(response.url, message, len(collection))
    return Page(tuple(entries), tuple(problems), following, complete=response.complete)


def _next_page(url: str, message: dict[str, Any], received: int) -> Request | None:
    """Return the request after the last preprint received; None for files, and at the end.

    The numbers come as numbers or as text, and a page holds 30 or 100: so what was received
    is counted, not what was asked for.
    """
    parts = urlsplit(url)
    place = _CURSOR.fullmatch(parts.path)
    cursor, total = (_number(message.get(name)) for name in ("cursor", "total"))
    if web_url(url) is None or place is None or total is None or not received:
        return None
    start = (int(place["cursor"]) if cursor is None else cursor) + received
    if start >= min(total, MAX_ENTRIES):
        return None
    path = f"{place['before']}/{start}/json"
    return Request(parts._replace(path=path).geturl(), kind="api")


def _number(value: object) -> int | None:
    told = str(value) if isinstance(value, int) else line(value)
    return int(told) if re.fullmatch("[0-9]{1,9}", told) else None


def _preprint(element: dict[str, Any]) -> Entry | str:
    """Return the entry of one element of the collection, or what is wrong with it."""
    title, doi = plain(line(element.get("title"))), text.parse_doi(line(element.get("doi")))
    if not title or doi is None:
        return "no DOI" if title else "no title"
    abstract = plain(line(element.get("abstract")))
    raw = line(element.get("authors"))
    # "Last, F.; Last, F.": here each pair ends for certain; a consortium has no comma.
    pairs = (re.split(r"\s*,\s*", part, maxsplit=1) for part in re.split(r"\s*;\s*", raw) if part)
    authors = tuple(" ".join(reversed(pair)) for pair in pairs)
    posted, version = instant(element.get("date")), _number(element.get("version"))
    is_first = version in (None, 1)
    category = line(element.get("category"))
    journal_doi = text.parse_doi(line(element.get("published")))
    server = line(element.get("server")).lower()
    host = "www.medrxiv.org" if server == "medrxiv" else "www.biorxiv.org"
    address = f"https://{host}/content/{doi}v{version or 1}"
    return Entry(
        source=BioRxiv.name,
        external_id=doi,
        title=title,
        abstract=abstract,
        language=text.guess_language(abstract or title),
        authors=authors,
        authors_raw=raw or None,
        n_authors=len(authors) or None,
        doi=doi,
        published_at=posted if is_first else None,
        updated_at=None if is_first else posted,
        listed_date=posted.date() if posted else None,
        announce_type=None if is_first else "replace",
        categories=(category,) if category else (),
        url=web_url(address),
        pdf_url=web_url(f"{address}.full.pdf"),
        author_comment=f"Published: https://doi.org/{journal_doi}" if journal_doi else None,
        withdrawn=line(element.get("type")).lower() == "withdrawn"
        or title.upper().startswith("WITHDRAWN:"),
    )


# ---------------------------------------------------------------- the feeds


def _is_ours(item: RawEntry) -> bool:
    host = urlsplit(web_url(item.link) or "").hostname or ""
    return host.removeprefix("www.") in _SITES


def _entry(item: RawEntry) -> Entry | str:
    """Return the entry of one item, or what is wrong with it."""
    title, abstract = plain(item.title), plain(item.summary)
    url = _without_tracking(web_url(item.link))
    doi = text.parse_doi(item.extra.get("dc_identifier", "")) or text.parse_doi(url or "")
    if not title or doi is None:
        return "no DOI" if title else "no title"
    version = _VERSION.search(urlsplit(url or "").path)
    authors_raw = text.collapse(", ".join(item.authors)) or None
    authors, certain = _names(authors_raw or "")
    is_first = version is None or int(version[1]) == 1
    return Entry(
        source=BioRxiv.name,
        external_id=doi,
        title=title,
        abstract=abstract,
        language=text.guess_language(abstract or title),
        authors=authors,
        authors_raw=authors_raw,
        n_authors=len(authors) if authors and certain else None,
        doi=doi,
        # A later version is dated by itself; the day of the first one is then not told.
        published_at=item.published_at if is_first else None,
        updated_at=None if is_first else item.published_at,
        listed_date=item.published_at.date() if item.published_at else None,
        announce_type=None if is_first else "replace",
        url=url,
        flags=() if certain else ("authors_ambiguous",),
    )


def _without_tracking(url: str | None) -> str | None:
    """Return the address without ``rss=1``."""
    if url is None:
        return None
    parts = urlsplit(url)
    query = [(name, value) for name, value in parse_qsl(parts.query) if name != "rss"]
    return urlunsplit(parts._replace(query=urlencode(query)))


def _names(raw: str) -> tuple[tuple[str, ...], bool]:
    """Return "F. Last" for each pair of "Last, F., Last, F.", and whether that is sure.

    Initials are told by their form, so a consortium, which has none, stands for itself. A
    single word without initials may be half of a pair: then the line stays whole.
    """
    parts = [part for part in re.split(r"\s*,\s*", raw) if part]
    names: list[str] = []
    at = 0
    while at < len(parts):
        last, following = parts[at], parts[at + 1] if at + 1 < len(parts) else ""
        if _SUFFIX.fullmatch(last) and names:
            names[-1] += f" {last}"
        elif _INITIALS.fullmatch(following):
            names.append(f"{following} {last}")
            at += 1
        elif " " in last:
            names.append(last)
        else:
            return (raw,), False
        at += 1
    return tuple(names), True
