"""AITopics: its search pages and pages of documents, saved as HTML or copied as text.

::

    file = QUERY tag* item*
    item = TITLE [AUTHORS] ABSTRACT tag*
    tag  = "- Europe > Belgium (0.04)" | "- (2 more...)"

In a copied text nothing marks the kinds of lines but their content, and there are no dates, ids
or addresses; a saved page has them. No feed is known. A page is fetched only where a feed says
so, and robots.txt allows it.
"""

from collections.abc import Iterable
from datetime import datetime

from digest.errors import SourceError
from digest.sources.aitopics import page, page_text
from digest.sources.aitopics.page_text import NAME
from digest.sources.base import Feed, Page, Request, Response
from digest.sources.common import choice_option, looks_like, refusal, site_of, web_url

_EXPECTED = "a search page, as HTML or as text"
_YES = ("true", "yes")


class AITopics:
    """The source ``aitopics``.

    Feed options:
        ``fetch``: ``true`` to ask for the page at the location; else only files are read.
    """

    name = NAME
    title = "AITopics"

    def requests(self, feed: Feed, now: datetime) -> Iterable[Request]:
        """Return the page at the location, if the feed is to fetch it.

        Raises:
            SourceError: it is not, or the location is no http(s) address; the message says
                what to do instead.
        """
        told = choice_option(feed, "fetch", ("false", "False", "no", "true", "True", "yes"))
        if told.lower() not in _YES:
            raise SourceError(
                f"feed {feed.name!r}: AITopics has no feed to fetch; save a search page, or copy "
                "its text, into a file and read it with `digest import aitopics FILE`; or let "
                "the page itself be asked for with fetch = true"
            )
        if web_url(feed.location) is None:
            raise SourceError(
                f"feed {feed.name!r}: {feed.location!r} is not an http(s) address of a search page"
            )
        return [Request(feed.location, kind="page")]

    def parse(self, response: Response, feed: Feed) -> Page:
        """Return the papers of a search page or of a document's page, or of its text.

        Raises:
            ParseError: it is neither HTML nor text, is another source's, or holds no paper.
        """
        form, site = looks_like(response.body), site_of(response.body)
        if form not in ("html", "text") or site not in (None, self.name):
            raise refusal(response, self.name, _EXPECTED)
        return page.parse(response) if form == "html" else page_text.parse(response)
