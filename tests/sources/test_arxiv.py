"""arXiv: announcements and API answers, field by field against an independent reading."""

import json
import re
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from lxml import etree

from digest.errors import ParseError, SourceError
from digest.models import Entry
from digest.sources.arxiv import Arxiv
from digest.sources.arxiv.atom import _names
from digest.sources.base import Feed, Page, Response

NOW = datetime(2026, 11, 18, 6, 0, tzinfo=UTC)
ARXIV = Arxiv()
FEED = Feed("arxiv", "arxiv")
NS = {
    "a": "http://www.w3.org/2005/Atom",
    "dc": "http://purl.org/dc/elements/1.1/",
    "arxiv": "http://arxiv.org/schemas/atom",
}


def parse(path: Path) -> Page:
    return ARXIV.parse(Response(path.name, path.read_bytes()), FEED)


def line(text: str | None) -> str:
    return " ".join((text or "").split())


def items(path: Path) -> list[etree._Element]:
    root = etree.fromstring(path.read_bytes())
    return root.findall("channel/item") or root.findall("a:entry", NS)


# ---------------------------------------------------------------- requests


def test_categories_make_the_address() -> None:
    for given in ("cs.LG+cs.CL", "cs.LG, cs.CL", " cs.LG cs.CL+"):
        feed = Feed("x", "arxiv", options={"categories": given})
        (request,) = ARXIV.requests(feed, NOW)
        assert (request.url, request.kind) == ("https://rss.arxiv.org/rss/cs.LG+cs.CL", "feed")


def test_a_location_is_asked_as_it_is() -> None:
    url = "https://export.arxiv.org/api/query?search_query=cat:cs.LG&sortBy=lastUpdatedDate"
    (request,) = ARXIV.requests(Feed("x", "arxiv", url), NOW)
    assert (request.url, request.kind) == (url, "api")
    (request,) = ARXIV.requests(Feed("x", "arxiv", "https://rss.arxiv.org/atom/math"), NOW)
    assert request.kind == "feed"


@pytest.mark.parametrize("categories", ["", "cs.LG/../x", "cs.LG?x=1", "CS LG!", "+"])
def test_categories_that_are_none_are_refused(categories: str) -> None:
    with pytest.raises(SourceError, match="categories must be arXiv classes"):
        ARXIV.requests(Feed("x", "arxiv", options={"categories": categories}), NOW)


@pytest.mark.parametrize(
    "category", ["math", "astro-ph.GA", "cond-mat.mes-hall", "q-bio.NC", "physics.acc-ph", "hep-th"]
)
def test_all_kinds_of_classes_are_categories(category: str) -> None:
    assert ARXIV.requests(Feed("x", "arxiv", options={"categories": category}), NOW)


def test_a_location_off_the_web_is_refused() -> None:
    with pytest.raises(SourceError, match="digest import arxiv"):
        ARXIV.requests(Feed("x", "arxiv", "feed.xml"), NOW)


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("body", "match"),
    [
        (b"Rate exceeded.", "holds other text"),
        (b"", "is empty"),
        (b"<html><title>503</title></html>", "holds HTML"),
        (
            b"<rss version='2.0'><channel><title>Feed error for query: cs.XX</title></channel></rss>",
            "does not know what was asked for",
        ),
        (
            b"<rss version='2.0'><channel><item><title>x</title><link>http://a.example</link></item></channel></rss>",
            "is not from arxiv",
        ),
        (b"<rss version='2.0'><channel><title>Empty</title></channel></rss>", "is not from arxiv"),
    ],
)
def test_what_is_not_from_arxiv_is_refused(body: bytes, match: str) -> None:
    with pytest.raises(ParseError, match=match):
        ARXIV.parse(Response("body", body), FEED)


def test_an_announcement_of_nothing_is_fine() -> None:
    body = b"<rss version='2.0'><channel><title>cs updates on arXiv.org</title><link>http://rss.arxiv.org/rss/cs</link></channel></rss>"
    assert ARXIV.parse(Response("weekend", body), FEED) == Page(())


# ---------------------------------------------------------------- fields


@pytest.mark.parametrize(
    ("raw", "names"),
    [
        ("", ()),
        ("A B", ("A B",)),
        ("A B (MIT, USA), C D", ("A B", "C D")),
        ("A B (X (Y, Z), W), C D (1)", ("A B", "C D")),
        ("A B (1 and 2), C D (1) ((1) MIT, (2) ETH)", ("A B", "C D")),
        ("William Sample, Jr., C D, III", ("William Sample Jr.", "C D III")),
        (r"Andr\'e, {\L}u \c{C}a", ("André", "Łu Ça")),
    ],
)
def test_names_are_split_outside_of_affiliations(raw: str, names: tuple[str, ...]) -> None:
    assert _names(raw) == (names, True)


@pytest.mark.parametrize("raw", ["A (B, C", "A) B, C", "A ((B), C"])
def test_names_with_a_stray_parenthesis_stay_whole(raw: str) -> None:
    assert _names(raw) == ((raw,), False)


def test_many_authors_take_little_time() -> None:
    names, certain = _names(", ".join(f"First{n} Last{n} (Lab {n}, City)" for n in range(5_000)))
    assert (len(names), certain) == (5_000, True)


def announced(abstract: str, extra: str = "") -> Entry:
    body = (
        '<rss version="2.0" xmlns:arxiv="http://arxiv.org/schemas/atom"><channel><item><title>t</title>'
        f"<guid>oai:arXiv.org:2611.90001v1</guid><description>{abstract}</description>{extra}</item></channel></rss>"
    )
    (entry,) = ARXIV.parse(Response("x", body.encode()), FEED).entries
    return entry


@pytest.mark.parametrize(
    ("abstract", "withdrawn"),
    [
        ("This paper has been withdrawn by the author due to an error.", True),
        ("Withdrawn.", True),
        ("The submission is now withdrawn", True),
        ("This article was withdrawn; see v3.", True),
        ("Patients whose consent was withdrawn were left out.", False),
        ("Funds are withdrawn from accounts. We study it in this paper.", False),
    ],
)
def test_a_withdrawn_paper_is_told_from_one_about_withdrawing(abstract, withdrawn) -> None:
    assert announced(abstract).withdrawn is withdrawn


@pytest.mark.parametrize(
    ("abstract", "code"),
    [
        ("Code: https://github.com/lab/tool.", "https://github.com/lab/tool"),
        (r"Code (\url{http://www.github.com/lab/my\_tool.git})", "https://github.com/lab/my_tool"),
        ("found at gitlab.com/lab/tool/tree/main, too", "https://gitlab.com/lab/tool"),
        ("on github.com, soon", None),
        ("https://github.com/lab", None),
        ("https://notgithub.com/lab/tool", None),
    ],
)
def test_a_link_to_code_is_found(abstract: str, code: str | None) -> None:
    assert announced(abstract).code_url == code


def test_the_announcement_day_is_new_yorks() -> None:
    for stamp in ("Wed, 18 Nov 2026 00:00:00 -0500", "Wed, 18 Nov 2026 05:00:00 GMT"):
        entry = announced(
            "arXiv:2611.90001v1 Announce Type: cross \nAbstract: Hi.", f"<pubDate>{stamp}</pubDate>"
        )
        assert (entry.listed_date, entry.published_at) == (date(2026, 11, 18), None)
        assert (entry.announce_type, entry.abstract) == ("cross", "Hi.")


# ---------------------------------------------------------------- captures

ANNOUNCEMENTS = {
    "laya_rss_cs.LG+cs.AI+cs.CL+stat.ML_2026-09-24.xml": {"new": 2, "cross": 1, "replace": 1},
    "tidedra_atom_cs.AI_2025-08-20.xml": {"cross": 5, "new": 2},
    "weekend_empty_rss_cs_2025-04-27.xml": {},
    "reconstructed_atom_cs.CV_2026-04-17.xml": {
        "new": 95, "cross": 19, "replace": 62, "replace-cross": 10,
    },
    "reconstructed_rss_cs.CV_2026-04-21.xml": {
        "new": 276, "cross": 48, "replace": 138, "replace-cross": 39,
    },
}  # fmt: skip


@pytest.mark.captures
@pytest.mark.parametrize("name", ANNOUNCEMENTS)
def test_announcements_agree_with_an_independent_reading(captures: Path, name: str) -> None:
    path = captures / "arxiv_rss" / name
    page = parse(path)
    assert Counter(e.announce_type for e in page.entries) == ANNOUNCEMENTS[name]
    assert (page.problems, page.complete) == ((), True)
    for entry, item in zip(page.entries, items(path), strict=True):
        summary = item.findtext("description") or item.findtext("a:summary", None, NS)
        guid = item.findtext("guid") or item.findtext("a:id", None, NS)
        tags = [
            c.text or c.get("term")
            for c in [*item.findall("category"), *item.findall("a:category", NS)]
        ]
        raw_authors = line(item.findtext("dc:creator", None, NS))
        assert entry.title == line(item.findtext("title") or item.findtext("a:title", None, NS))
        assert entry.abstract == line(summary.partition("Abstract:")[2])
        assert guid == f"oai:arXiv.org:{entry.arxiv_id}v{entry.arxiv_version}"
        assert entry.announce_type == item.findtext("arxiv:announce_type", None, NS)
        assert (entry.doi or "") == (item.findtext("arxiv:DOI", None, NS) or "").lower()
        assert (list(entry.categories), entry.authors_raw) == (tags, raw_authors)
        assert entry.listed_date is not None
        assert entry.listed_date.isoformat() in name
        assert (entry.published_at, entry.flags) == (None, ())


@pytest.mark.captures
@pytest.mark.parametrize(
    ("day", "name"),
    [
        ("2026-04-17", "reconstructed_atom_cs.CV_2026-04-17.xml"),
        ("2026-04-21", "reconstructed_rss_cs.CV_2026-04-21.xml"),
    ],
)
def test_announcements_say_what_arxivs_own_records_say(captures: Path, day: str, name: str) -> None:
    told = json.loads((captures / "arxiv_mirror" / f"{day}.json").read_text())["papers"]
    records = {record["arxiv_id"]: record for record in told}
    entries = parse(captures / "arxiv_rss" / name).entries
    assert {e.arxiv_id for e in entries} == records.keys()
    for entry in entries:
        record = records[entry.arxiv_id]
        assert entry.title == line(record["title"])
        assert entry.abstract == line(record["abstract"])
        assert list(entry.authors) == [author.strip() for author in record["authors"]]
        assert entry.n_authors == len(record["authors"])
        assert list(entry.categories) == record["categories"]
        assert entry.announce_type == record["announce_type"]


@pytest.mark.captures
def test_answers_of_the_api_agree_with_an_independent_reading(captures: Path) -> None:
    answers = sorted((captures / "arxiv_api").glob("*http200.xml"))
    answers.append(captures / "arxiv_api" / "hsjs_2025-12-31.xml")
    for path in answers:
        for entry, item in zip(parse(path).entries, items(path), strict=True):

            def said(name: str, item: etree._Element = item) -> str | None:
                return item.findtext(name, None, NS)

            assert (said("a:id") or "").endswith(f"/{entry.arxiv_id}v{entry.arxiv_version}")
            assert entry.published_at == datetime.fromisoformat(said("a:published") or "")
            assert entry.updated_at == datetime.fromisoformat(said("a:updated") or "")
            assert entry.doi == (re.split(r"\s", (said("arxiv:doi") or "").lower())[0] or None)
            assert entry.categories[0] == item.find("arxiv:primary_category", NS).get("term")
            assert entry.n_authors == len(item.findall("a:author", NS)) == len(entry.authors)
            assert (entry.announce_type, entry.listed_date) == (None, None)
            journal = line(said("arxiv:journal_ref"))
            told = [line(said("arxiv:comment")), f"Journal reference: {journal}" * bool(journal)]
            assert (entry.author_comment or "") == "; ".join(filter(None, told))
            tags = [c.get("term") for c in item.findall("a:category", NS)]
            assert set(entry.categories) == {t for t in tags if re.fullmatch(r"[a-z-]+(\.\S+)?", t)}
            assert entry.title == line(said("a:title"))
            assert entry.abstract == line(said("a:summary"))
            names = [line(a.text) for a in item.findall("a:author/a:name", NS)]
            assert list(entry.authors) == names


@pytest.mark.captures
@pytest.mark.parametrize(
    ("name", "match"),
    [
        (
            "arxiv_api/arxivpy_id_abc_s0_m100_b79c8dcf6bc3_http400.xml",
            "incorrect id format for abc",
        ),
        ("hardening/arxiv_api_rate_exceeded.txt", "holds other text"),
        ("hardening/arxiv_captcha_like.html", "holds HTML"),
        ("hardening/chinaxiv_no_right.txt", "holds other text"),
        ("journals/oup_2021-12-21.xml", "is not from arxiv"),
        ("wordpress/reconstructed_arxivjp_cs-lg_rss2.xml", "read it as arxivjp"),
    ],
)
def test_error_bodies_and_other_feeds_are_refused(captures: Path, name: str, match: str) -> None:
    with pytest.raises(ParseError, match=match):
        parse(captures / name)


@pytest.mark.captures
def test_a_truncated_announcement_keeps_its_whole_items(captures: Path) -> None:
    page = parse(captures / "hardening" / "derived_truncated_mid_item.xml")
    assert (len(page.entries), page.complete) == (2, False)
