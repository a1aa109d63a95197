"""Fills the templates of the web pages, which stand in ``templates/web``.

Everything that a template is given is text and is escaped; no view hands over markup.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2

from digest.errors import RenderError
from digest.models import Edition
from digest.rendering import cards
from digest.rendering.escaping import clean, safe_link
from digest.rendering.view import Listed
from digest.rendering.words import shown_text
from digest.wording import language_name, languages, wording


class Pages:
    """The templates of the web pages, each read once.

    Args:
        templates: the folder with ``web/``.
        title: name of the publication.
        base: path under which the pages are, without a slash at its end.
        statics: address of each static file, by its name.

    Raises:
        RenderError: the templates are not there.
    """

    def __init__(
        self, templates: Path, *, title: str, base: str = "", statics: Mapping[str, str]
    ) -> None:
        if not (templates / "web").is_dir():
            raise RenderError(f"the templates of the web pages are missing from {templates}")
        self._environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(templates),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters |= {"shown": shown_text, "safe_link": safe_link}
        self._environment.globals |= {
            "site": clean(title),
            "base": base,
            "static": dict(statics),
            "languages": [(code, language_name(code)) for code in languages()],
        }

    def page(self, name: str, language: str, /, **view: Any) -> str:
        """Return a page.

        Args:
            name: of the template, like ``home``.
            language: in which it speaks; English for one that is not spoken here.
            view: what the template shows.

        Raises:
            RenderError: the template failed.
        """
        words = wording(language)
        told = {
            "language": words.language,
            "gettext": words.gettext,
            "ngettext": words.ngettext,
            "pgettext": words.pgettext,
            "words": words,
        }
        try:
            return self._environment.get_template(f"web/{name}.html.j2").render(told | view)
        except jinja2.TemplateError as error:
            raise RenderError(f"the page {name} failed ({clean(str(error))})") from error

    def edition(self, edition: Edition, sentences: int = 3) -> cards.Page:
        """Return an edition as its template shows it, without links of anybody."""
        return cards.page(edition, str(self._environment.globals["site"]), [], sentences)

    def listed(self, edition: Edition) -> Listed:
        """Return what a list of editions says of one."""
        return cards.listed(edition)

    def atom(self, editions: Sequence[Edition], language: str, *, here: str, feed: str) -> str:
        """Return editions, newest first, as an Atom feed (RFC 4287).

        Args:
            editions: what it holds.
            language: in which it speaks.
            here: address of the list of editions; each one's is below it.
            feed: address of the feed itself.
        """
        told = self._feed(editions, language, here)
        updated = told["entries"][0]["at"] if told["entries"] else "1970-01-01T00:00:00+00:00"
        return self._template("feed.atom").render(told | {"feed": feed, "updated": updated})

    def json_feed(self, editions: Sequence[Edition], language: str, *, here: str, feed: str) -> str:
        """Return the same as JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/)."""
        told = self._feed(editions, language, here)
        items = [
            {
                "id": entry["url"],
                "url": entry["url"],
                "title": entry["title"],
                "content_html": str(entry["html"]),
                "date_published": entry["at"],
            }
            for entry in told["entries"]
        ]
        head = {
            "version": "https://jsonfeed.org/version/1.1",
            "title": told["title"],
            "home_page_url": here,
            "feed_url": feed,
            "language": told["language"],
            "items": items,
        }
        return json.dumps(head, ensure_ascii=False)

    def _feed(self, editions: Sequence[Edition], language: str, here: str) -> dict[str, Any]:
        words = wording(language)
        site = str(self._environment.globals["site"])
        name = next((clean(e.name) for e in editions if e.name), "")
        return {
            "language": words.language,
            "title": f"{site}: {name}" if name else site,
            "here": here,
            "entries": [self._entry(edition, here) for edition in editions],
        }

    def _entry(self, edition: Edition, here: str) -> dict[str, Any]:
        view = self.edition(edition)
        return {
            "url": f"{here}/{view.iso_date}",
            "title": view.subject,
            "at": edition.composed_at.isoformat(timespec="seconds"),
            "html": self.page("feed-entry", edition.language, edition=view).strip(),
        }

    def _template(self, name: str) -> jinja2.Template:
        return self._environment.get_template(f"web/{name}.j2")
