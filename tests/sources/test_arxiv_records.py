"""OAI-PMH and listings: every field of real records against an independent reading."""

import re
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from lxml import etree, html

from digest.sources.arxiv import Arxiv
from digest.sources.base import Feed, Page, Response
from digest.text import parse_arxiv_id

OAI = "{http://www.openarchives.org/OAI/2.0/}"
ARXIV = "{http://arxiv.org/OAI/arXiv/}"

pytestmark = pytest.mark.captures


def parse(path: Path) -> Page:
    return Arxiv().parse(Response(path.name, path.read_bytes()), Feed("arxiv", "arxiv"))


def line(text: str | None) -> str:
    return " ".join((text or "").split())


def day(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None


def test_every_field_of_real_records_is_read(captures: Path) -> None:
    path = captures / "arxiv_oai" / "shishir_103.xml"
    records = etree.fromstring(path.read_bytes()).findall(f".//{OAI}record")
    page = parse(path)
    assert (len(page.entries), len(records)) == (538, 538)
    assert (page.problems, page.next, page.complete) == ((), None, True)
    for entry, record in zip(page.entries, records, strict=True):
        paper = record.find(f".//{ARXIV}arXiv")

        def said(name: str, paper: etree._Element = paper) -> str | None:
            return paper.findtext(f"{ARXIV}{name}")

        assert entry.arxiv_id == entry.external_id == said("id")
        assert (entry.title, entry.abstract) == (line(said("title")), line(said("abstract")))
        assert entry.published_at == day(said("created"))
        assert entry.updated_at == day(said("updated") or said("created"))
        assert entry.categories == tuple((said("categories") or "").split())
        assert entry.doi == (re.split(r"\s", (said("doi") or "").lower())[0] or None)
        parts = [line(said("comments"))]
        parts += [f"Journal reference: {line(said('journal-ref'))}"] * bool(said("journal-ref"))
        assert entry.author_comment == ("; ".join(filter(None, parts))[:1000] or None)
        names = [
            " ".join(a.findtext(f"{ARXIV}{n}") for n in parts if a.findtext(f"{ARXIV}{n}"))
            for a in paper.iter(f"{ARXIV}author")
            for parts in [("forenames", "keyname", "suffix")]
        ]
        assert list(entry.authors) == [line(name) for name in names]
        assert entry.n_authors == len(names)
        # All are years old in this capture: none of them is news.
        assert entry.announce_type == ("replace" if said("updated") else "absonly")
        assert not entry.is_news
        assert (entry.arxiv_version, entry.flags) == (None, ())


def test_every_field_of_a_real_listing_is_read(captures: Path) -> None:
    path = captures / "arxiv_rss" / "polaris_arxiv_listing_new.html"
    page, root = parse(path), html.fromstring(path.read_bytes().decode())
    assert Counter(e.announce_type for e in page.entries) == {"new": 2, "cross": 2, "replace": 2}
    assert (page.problems, page.complete) == ((), True)
    for entry, term, told in zip(page.entries, root.iter("dt"), root.iter("dd"), strict=True):

        def field(name: str, told: html.HtmlElement = told) -> str:
            found = told.find_class(name)
            return line(found[0].text_content()).partition(":")[2].strip() if found else ""

        assert (entry.arxiv_id, None) == parse_arxiv_id("arXiv:" + term.find("a[@id]").get("id"))
        assert entry.title == field("list-title")
        assert entry.abstract == line(told.find(".//p").text_content())
        authors = told.find_class("list-authors")[0]
        assert list(entry.authors) == [line(a.text_content()) for a in authors.iter("a")]
        assert entry.n_authors == len(entry.authors)
        assert list(entry.categories) == re.findall(r"\((\S+?)\)", field("list-subjects"))
        version = re.search(r"/html/\S+?v(\d+)", etree.tostring(term).decode())
        assert entry.arxiv_version == (int(version[1]) if version else None)
        assert (entry.author_comment or "").startswith(
            field("list-comments").split("this https")[0]
        )
        assert field("list-journal-ref") in (entry.author_comment or "")
        assert entry.listed_date == date(2026, 8, 12)
    assert page.entries[-1].code_url == "https://github.com/jushengzhang/Gam-Agent"
    assert page.entries[-1].venue == "NeurIPS 2025"
