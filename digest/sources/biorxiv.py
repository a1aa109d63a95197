"""bioRxiv and medRxiv: the RSS 1.0 feeds of the newest preprints, by subject."""

import re
from collections.abc import Iterable
from datetime import datetime
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from digest import text
from digest.errors import SourceError
from digest.models import Entry
from digest.sources.base import MAX_ENTRIES, Feed, Page, Request, Response
from digest.sources.common import bounded, dated, looks_like, refusal, site_of, web_url
from digest.sources.feed import RawEntry, decode
from digest.sources.markup import plain

# The feeds at www.biorxiv.org stand behind a wall that keeps programs out; these do not.
FEEDS = {
    "biorxiv": "https://connect.biorxiv.org/biorxiv_xml.php",
    "medrxiv": "https://connect.medrxiv.org/medrxiv_xml.php",
}

_SITES = ("biorxiv.org", "medrxiv.org")
_VERSION = re.compile(r"v(\d{1,3})(?:\.\w+)*$")
# "R. J.", "P.-L.", "Yu. A."; single letters may lack their point, but "Lu" is a last name.
_INITIALS = re.compile(r"(?:[^\W\d_](?:\.|(?=[\s-]|$)|[^\W\d_]\.)[\s-]*)+")
_SUFFIX = re.compile(r"(?:Jr|Sr|II|III|IV)\.?")


class BioRxiv:
    """The source ``biorxiv``.

    Feed options: ``server`` (biorxiv or medrxiv), ``subject`` (as in the feed's address, like
    ``genomics``; all).
    """

    name = "biorxiv"
    title = "bioRxiv and medRxiv"

    def requests(self, feed: Feed, now: datetime) -> Iterable[Request]:
        """Return the feed: the location, or that of the subject.

        Raises:
            SourceError: the location is no http(s) address, or there is no such server.
        """
        if feed.location:
            if web_url(feed.location) is None:
                raise SourceError(
                    f"feed {feed.name!r}: {feed.location!r} is not an http(s) address of a feed; "
                    "read a saved feed with `digest import biorxiv FILE`"
                )
            return [Request(feed.location, kind="feed")]
        server = feed.options.get("server", "biorxiv").lower()
        if server not in FEEDS:
            raise SourceError(
                f"feed {feed.name!r}: server is {server!r}; it must be biorxiv or medrxiv"
            )
        subject = quote(feed.options.get("subject", "all"), safe="+")
        return [Request(f"{FEEDS[server]}?subject={subject}", kind="feed")]

    def parse(self, response: Response, feed: Feed) -> Page:
        """Return the preprints of a feed.

        Raises:
            ParseError: it is no feed, or another source's.
        """
        if looks_like(response.body) != "xml":
            raise refusal(response, self.name, "an RSS feed")
        raw = decode(response.body, response.content_type)
        foreign = site_of(response.body) != self.name
        if foreign and not any(_is_ours(item) for item in raw.entries):
            raise refusal(response, self.name, "an RSS feed of bioRxiv or medRxiv")
        entries: list[Entry] = []
        problems = [raw.problem] if raw.problem else []
        for number, item in enumerate(raw.entries[:MAX_ENTRIES], 1):
            found = _entry(item)
            if isinstance(found, Entry):
                entries.append(dated(bounded(found), response))
            else:
                problems.append(f"item {number}: {found}; left out")
        if len(raw.entries) > MAX_ENTRIES:
            problems.append(f"item {MAX_ENTRIES + 1}: too many items; the rest is left out")
        return Page(tuple(entries), tuple(problems), complete=raw.complete and response.complete)


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
