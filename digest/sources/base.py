"""What a source is: it names its requests and reads responses; it never fetches.

Adding a source is one file with one `Source`, one line in ``sources.SOURCES`` and its
fixtures. `Source` stands here, beside the loop's other words, so that a new one needs to
know nothing else.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from digest.models import Entry, FeedState

# FeedState is a hand-over type, since the store keeps it; a source's author finds it here.
__all__ = ["Feed", "FeedState", "Page", "Request", "Response", "Source"]

# Limits per feed and entry (SOURCES: the largest real feed had 1,783 items, 533 authors).
MAX_ENTRIES = 2_000
MAX_TITLE = 1_000
MAX_ABSTRACT = 20_000
MAX_AUTHORS = 5_000
MAX_TOPICS = 200


@dataclass(frozen=True, slots=True)
class Feed:
    """One URL, file or folder of a source, as configured.

    Attributes:
        name: unique, shown in reports; source: key in ``sources.SOURCES``.
        location: an http(s) URL, a file or a folder; may be empty where the source knows
            its own address (Hugging Face).
        options: settings of the source, like ``{"categories": "cs.LG+cs.CL"}``.
    """

    name: str
    source: str
    location: str = ""
    enabled: bool = True
    options: dict[str, str] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """A fingerprint of what this feed reads, whatever its name."""
        read = f"{self.source} {self.location} {sorted(self.options.items())}"
        return hashlib.sha256(read.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Request:
    """One GET. `kind` tells the fetcher the manners: a ``page`` asks robots.txt first."""

    url: str
    kind: str = "feed"  # feed | api | page
    accept: str = "*/*"


@dataclass(frozen=True, slots=True)
class Response:
    """Bytes that came from a URL or a file, with what is needed to read them.

    Attributes:
        url: where they came from (after redirects), or the file's path.
        content_type: the header as sent; empty for files.
        received_at: when they were fetched; for a capture, when it was captured.
        captured_at_known: False when `received_at` of a capture is only the time of reading.
        complete: False when fewer bytes came than were announced.
    """

    url: str
    body: bytes
    content_type: str = ""
    received_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    captured_at_known: bool = True
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Page:
    """What one response held.

    Attributes:
        entries: in the order of the response.
        problems: one line each, on what was refused, cut or doubtful (with line number or
            position), for the report. An entry named here is left out or flagged.
        next: the request for the next page, if there is one.
        complete: False when the response was cut short: keep the entries, store no
            validators, ask again next time.
    """

    entries: tuple[Entry, ...]
    problems: tuple[str, ...] = ()
    next: Request | None = None
    complete: bool = True


class Source(Protocol):
    """A provider with its own reading rules."""

    @property
    def name(self) -> str:
        """Key in ``sources.SOURCES``."""

    @property
    def title(self) -> str:
        """The provider's name for people, like ``Hugging Face Daily Papers``."""

    def requests(self, feed: Feed, now: datetime) -> Iterable[Request]:
        """Return the first request or requests of a collection.

        Raises:
            SourceError: the feed's location or options make no sense for this source.
        """

    def parse(self, response: Response, feed: Feed) -> Page:
        """Return the entries of a response or capture, whatever of the source's forms it has.

        Pure: no network, no clock. Runs in a worker process.

        Raises:
            ParseError: the response as a whole is not what this source says; nothing of it
                is to be used.
        """
