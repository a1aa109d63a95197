"""HTML pages as lines: what people would copy, with the addresses that a copy loses.

Class names change with every redesign of a site; the words that a reader sees hardly do. So
pages are read by their lines, and only titles and links are taken from the markup.
"""

import re
from typing import NamedTuple
from urllib.parse import urljoin

from selectolax.lexbor import LexborHTMLParser

from digest import text
from digest.sources.base import Response
from digest.sources.common import decode_text, web_url
from digest.sources.markup import plain_lines

# Private characters that mark what becomes of an element; those of the page itself are dropped.
_TITLE, _TITLE_END, _LINK, _LINK_END = "\ue000", "\ue001", "\ue002", "\ue003"
_MARKS = dict.fromkeys(map(ord, (_TITLE, _TITLE_END, _LINK, _LINK_END)))
_TITLE_MARK = re.compile(f"{_TITLE}([^{_TITLE_END}]*){_TITLE_END}")
_LINK_MARK = re.compile(f"{_LINK}([^{_LINK_END}]*){_LINK_END}")
_UNSEEN = ["script", "style", "noscript", "template", "svg", "form", "iframe"]
_SPACE = re.compile(r"\s+")
# A row of a table is one line: the label in one cell, what it says in the next.
_NEXT_CELL = re.compile(r"</t[dh]\s*>\s*<t[dh]\b[^<>]*>", re.I)
_MAX_LINES = 200_000


class Line(NamedTuple):
    """One line of a page.

    Attributes:
        text: as seen.
        is_title: whether the markup says that it may be one.
        href: where a title leads.
        links: the addresses of wanted links in it.
    """

    text: str
    is_title: bool = False
    href: str | None = None
    links: tuple[str, ...] = ()


class PageLines(NamedTuple):
    """A page: its own address, its title in the window, and its lines."""

    address: str | None
    title: str
    lines: tuple[Line, ...]


def page_lines(response: Response, *, site: str, titles: str, links: str) -> PageLines:
    """Return a page as lines; empty ones, and what nobody sees, are left out.

    Args:
        response: an HTML document.
        site: the address of the site, for the links of a saved page that does not tell its own.
        titles: the elements that may hold a title, as a CSS selector.
        links: the links whose addresses are wanted, as a CSS selector.
    """
    # Line ends of the source mean nothing in HTML; those of the page are put in below.
    tree = LexborHTMLParser(_SPACE.sub(" ", decode_text(response.body).translate(_MARKS)))
    head = tree.css_first("meta[property='og:title']")
    shown = tree.css_first("title")
    named = (head and head.attributes.get("content")) or (shown and shown.text()) or ""
    canonical = tree.css_first("link[rel='canonical']")
    own = (canonical and canonical.attributes.get("href")) or ""
    address = _absolute(own, web_url(response.url) or site) or web_url(response.url)
    tree.strip_tags(_UNSEEN)
    for link in tree.css(links):
        if found := _absolute(link.attributes.get("href"), address or site):
            link.insert_after(f"{_LINK}{found}{_LINK_END}")
    for node in tree.css(titles):
        inner = node if node.tag == "a" else node.css_first("a[href]")
        href = _absolute(inner.attributes.get("href"), address or site) if inner else None
        if node.child is not None:
            node.child.insert_before(f"\n{_TITLE}{href or ''}{_TITLE_END}")
            node.insert_after("\n")
    body = _NEXT_CELL.sub(" ", (tree.body and tree.body.html) or "")
    told = (_line(each) for each in plain_lines(body)[:_MAX_LINES])
    return PageLines(address, text.collapse(named), tuple(line for line in told if line.text))


def _absolute(href: str | None, base: str) -> str | None:
    try:
        return web_url(urljoin(base, href.strip())) if href else None
    except ValueError:
        return None


def _line(marked: str) -> Line:
    title = _TITLE_MARK.search(marked)
    links = tuple(dict.fromkeys(_LINK_MARK.findall(marked)))
    seen = _LINK_MARK.sub("", _TITLE_MARK.sub("", marked)).translate(_MARKS)
    return Line(text.collapse(seen), title is not None, (title and title[1]) or None, links)
