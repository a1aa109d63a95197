"""arXiv: announcements (RSS and Atom), API, OAI-PMH, and the page of new listings.

One provider with four ways of saying the same papers; a response is read by what it is, not
by what was asked for, so a capture of any of them can be imported.
Records that others saved as JSON Lines are read as well.

========  =====================================  ==========================================
``via``   asked                                  what only it has
========  =====================================  ==========================================
feed      the day's announcements (RSS)          announce type and version; nothing at weekends
api       a search, the newest first             any search; the first version's date
oai       what has changed since a day           names in parts; months back, without versions
list      the page of new listings               the same day as the feed, should that be stale
========  =====================================  ==========================================

Sources: https://info.arxiv.org/help/rss.html,
https://info.arxiv.org/help/api/user-manual.html, https://info.arxiv.org/help/oa/index.html
"""

from collections.abc import Iterable
from datetime import datetime

from digest.sources.arxiv import asking, atom, listing, oai, records_jsonl
from digest.sources.base import Feed, Page, Request, Response
from digest.sources.common import looks_like, refusal

_EXPECTED = "a feed of announcements, an answer of the API or of OAI-PMH, or a page of listings"


class Arxiv:
    """The source ``arxiv``.

    Feed options:
        ``categories``: joined by ``+``, like ``cs.LG+cs.CL``.
        ``via``: ``feed`` (the default), ``api``, ``oai`` or ``list``.
        ``search``: a query in the API's own words, like ``all:"graph neural"``; via ``api``.
        ``days``: how far back ``api`` and ``oai`` look (7).
        ``set``, ``from``, ``until``: for ``oai``, instead of categories and days.
    """

    name = "arxiv"
    title = "arXiv"

    def requests(self, feed: Feed, now: datetime) -> Iterable[Request]:
        """Return what the options ask for, or the location.

        Raises:
            SourceError: the location is no http(s) address, or an option makes no sense.
        """
        return asking.requests(feed, now)

    def parse(self, response: Response, feed: Feed) -> Page:
        """Return the papers of a response of any form, replacements included.

        Raises:
            ParseError: it is none of them, is another source's, or is an error in the form
                of one.
        """
        form = looks_like(response.body)
        if form == "xml" and oai.is_oai(response.body):
            return oai.parse(response)
        if form == "xml":
            return atom.parse(response, oldest=asking.oldest(feed, response.received_at))
        if form == "html" and listing.is_listing(response.body):
            return listing.parse(response)
        if form == "json" and records_jsonl.is_records(response.body):
            return records_jsonl.parse(response)
        raise refusal(response, self.name, _EXPECTED)
