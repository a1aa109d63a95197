"""Hugging Face Daily Papers: the API's JSON, and the text of a page as people copy it."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

from digest.errors import SourceError
from digest.sources.base import Feed, Page, Request, Response
from digest.sources.common import (
    choice_option,
    looks_like,
    number_option,
    refusal,
    site_of,
    web_url,
)
from digest.sources.huggingface import api, page_text
from digest.sources.huggingface.api import API

__all__ = ["API", "HuggingFace"]

# A list fills up during its day, and a job at 06:00 UTC sees next to nothing of it: so the
# day before is asked for again.
_DAYS, _MAX_DAYS = 2, 31
_EXPECTED = "the JSON of the Daily Papers API or the text of a Daily Papers page"


class HuggingFace:
    """The source ``huggingface``.

    Feed options:
        ``days``: how many days to look back, today (UTC) included (2).
        ``period``: whose lists hold these days: ``day`` (the default), ``week`` or ``month``.
        ``sort``: ``publishedAt`` or ``trending``; what is trending now, of whatever day, where
        neither days nor a period are named.
    """

    name = "huggingface"
    title = "Hugging Face Daily Papers"

    def requests(self, feed: Feed, now: datetime) -> Iterable[Request]:
        """Return the first page of the list of each day, week or month, the newest first.

        A location that names its own ``date``, ``week`` or ``month`` is asked for just that.

        Raises:
            SourceError: an option makes no sense, or the location is no http(s) address.
        """
        location = feed.location or API
        if web_url(location) is None:
            raise SourceError(
                f"feed {feed.name!r}: {location!r} is not an http(s) address of the API; "
                "read a saved answer with `digest import huggingface FILE`"
            )
        asked = dict(parse_qsl(urlsplit(location).query))
        if asked.keys() & api.PERIODS:
            return [api.page_request(location, {})]
        sort = choice_option(feed, "sort", ("publishedAt", "trending"))
        order = {"sort": sort} if "sort" in feed.options else {}
        period = choice_option(feed, "period", ("day", "week", "month"))
        days = number_option(feed, "days", _DAYS, _MAX_DAYS)
        if sort == "trending" and not feed.options.keys() & {"days", "period"}:
            return [api.page_request(location, order)]
        today = now.astimezone(UTC).date()
        lists = (_list_of(today - timedelta(days=n), period) for n in range(days))
        # Several days may stand in one list.
        return [api.page_request(location, {k: v} | order) for k, v in dict.fromkeys(lists)]

    def parse(self, response: Response, feed: Feed) -> Page:
        """Return the papers of an API answer or of a page's text.

        Raises:
            ParseError: it is neither, is another source's, or is the API's error message.
        """
        if looks_like(response.body) == "json":
            return api.parse(response)
        if site_of(response.body) != self.name:
            raise refusal(response, self.name, _EXPECTED)
        return page_text.parse(response)


def _list_of(day: date, period: str) -> tuple[str, str]:
    """Return the name and the value that the API wants for the list of a day."""
    if period == "week":
        year, week, _ = day.isocalendar()
        return "week", f"{year}-W{week:02}"
    return ("month", f"{day:%Y-%m}") if period == "month" else ("date", day.isoformat())
