import re
import unicodedata
from datetime import UTC, datetime
from pathlib import Path

import pytest
from lxml import etree, html

from digest.errors import ParseError, SourceError
from digest.models import Entry
from digest.sources.base import MAX_ENTRIES, Feed, Response
from digest.sources.generic import Generic
from digest.sources.markup import plain, plain_lines
from digest.sources.names import told_apart

NOW = datetime(2026, 11, 18, 6, 0, tzinfo=UTC)
SOURCE = Generic()
FEED = Feed("journal", "generic")


def one(item: str) -> Entry:
    body = (
        "<rss version='2.0' xmlns:dc='http://purl.org/dc/elements/1.1/'"
        " xmlns:prism='http://prismstandard.org/namespaces/basic/2.0/'>"
        f"<channel><item><title>t</title>{item}</item></channel></rss>"
    )
    (entry,) = SOURCE.parse(Response("x", body.encode()), FEED).entries
    return entry


def test_only_an_address_can_be_asked() -> None:
    (request,) = SOURCE.requests(Feed("x", "generic", "https://a.example/feed"), NOW)
    assert request.url == "https://a.example/feed"
    for location in ("", "feed.xml", "ftp://a.example/feed"):
        with pytest.raises(SourceError, match="digest import generic"):
            SOURCE.requests(Feed("x", "generic", location), NOW)


@pytest.mark.parametrize(
    ("elements", "names"),
    [
        ([], ()),
        (["Madonna"], ("Madonna",)),
        (["Mary Sample"], ("Mary Sample",)),
        (["A B", "C D", "E"], ("A B", "C D", "E")),
        (["Sample, Mary", "Muster, Kim"], ("Mary Sample", "Kim Muster")),
        (["Sample, Mary, Jr.", "Muster, Kim"], ("Mary Sample Jr", "Kim Muster")),
        (["A B; C D"], ("A B", "C D")),
        (["Sample, M.; Muster, K."], ("M. Sample", "K. Muster")),
        (["Mary Sample, \nKim Muster"], ("Mary Sample", "Kim Muster")),
        (["Mary Sample, Kim Muster and Jo B. Doe"], ("Mary Sample", "Kim Muster", "Jo B. Doe")),
        (["Mary Sample, Jr., Kim Muster"], ("Mary Sample Jr", "Kim Muster")),
        (["Brandão S, Saeedi HK, Brandt A."], ("S Brandão", "HK Saeedi", "A Brandt")),
    ],
)
def test_names_that_are_plain_are_told_apart(elements, names) -> None:
    assert told_apart(elements) == (names, True)


def test_wiley_ends_each_author_with_a_line() -> None:
    entry = one("<dc:creator>\nMary Sample, \nKim L. Muster, \nZoë Beispiel\n</dc:creator>")
    assert entry.authors == ("Mary Sample", "Kim L. Muster", "Zoë Beispiel")
    assert (entry.n_authors, entry.flags) == (3, ())


def test_one_author_is_written_as_the_feed_writes_several() -> None:
    lists = ["Sample M, Muster K.", "Beispiel Z.", "Mary Doe", "WHO"]
    items = (f"<item><title>t</title><author>{line}</author></item>" for line in lists)
    body = f"<rss version='2.0'><channel>{''.join(items)}</channel></rss>"
    page = SOURCE.parse(Response("x", body.encode()), FEED)
    assert [e.authors for e in page.entries] == [
        ("M Sample", "K Muster"),
        ("Z Beispiel",),
        ("Mary Doe",),
        ("WHO",),
    ]
    assert one("<author>Malcolm X</author>").authors == ("Malcolm X",)


def test_an_address_does_not_change_from_day_to_day() -> None:
    entry = one("<link>https://a.example/1?utm_source=rss&amp;id=7&amp;utm_medium=x</link>")
    assert entry.url == "https://a.example/1?id=7"
    assert one("<link>https://a.example/1?utm_source=rss</link>").url == "https://a.example/1"


@pytest.mark.parametrize("line", ["Sample, Mary", "Sample, Mary, Muster, Kim", "A, B, C"])
def test_one_line_of_names_that_could_be_anything_stays_whole(line: str) -> None:
    entry = one(f"<dc:creator>{line}</dc:creator>")
    assert (entry.authors, entry.authors_raw) == ((line,), line)
    assert (entry.flags, entry.n_authors) == (("authors_ambiguous",), None)


def test_a_shortened_list_of_authors_has_no_count() -> None:
    entry = one("<dc:creator>Sample M, Muster K, et al.</dc:creator>")
    assert (entry.authors, entry.n_authors) == (("M Sample", "K Muster"), None)


@pytest.mark.parametrize(
    "item",
    [
        "<prism:doi>10.9999/X.1</prism:doi>",
        "<dc:identifier>doi:10.9999/x.1</dc:identifier>",
        "<guid>https://dx.doi.org/10.9999/X.1</guid>",
        "<link>https://publisher.example/doi/full/10.9999/x.1?af=R</link>",
        "<description>&lt;p&gt;DOI: 10.9999/x.1&lt;/p&gt;</description>",
    ],
)
def test_a_doi_is_found_wherever_feeds_put_it(item: str) -> None:
    assert one(item).doi == "10.9999/x.1"


def test_a_doi_or_id_that_is_only_mentioned_is_not_the_papers() -> None:
    entry = one("<description>We extend 10.9999/x.1 and arXiv:2611.90001.</description>")
    assert (entry.doi, entry.arxiv_id) == (None, None)


def test_an_arxiv_id_is_taken_from_arxiv_links_only() -> None:
    assert one("<link>https://arxiv.org/abs/2611.90001v2</link>").arxiv_id == "2611.90001"
    assert one("<link>https://doi.org/10.48550/arXiv.2611.90001</link>").arxiv_id == "2611.90001"
    assert one("<guid isPermaLink='false'>2611.90001</guid>").arxiv_id is None


def test_identity_is_guid_then_link_then_title() -> None:
    link = "<link>https://a.example/1</link>"
    assert one(f"<guid isPermaLink='false'>pubmed:1</guid>{link}").external_id == "pubmed:1"
    assert one(link).external_id == "https://a.example/1"
    assert one("").external_id.startswith("t-")


def test_links_that_are_none_are_left_out() -> None:
    entry = one("<link>javascript:alert(1)</link>")
    assert entry.url is None


def test_too_many_items_are_cut_and_told() -> None:
    item = "<item><title>t</title></item>"
    body = f"<rss version='2.0'><channel>{item * (MAX_ENTRIES + 5)}</channel></rss>"
    page = SOURCE.parse(Response("x", body.encode()), FEED)
    assert len(page.entries) == MAX_ENTRIES
    assert page.problems == ("item 2001: too many items; the rest is left out",)


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("a <em>b</em>c H<sub>2</sub>O", "a bc H2O"),
        ("P<Q and <SEG> & R&amp;D", "P<Q and <SEG> & R&D"),
        ("twice &amp;lt;b&amp;gt;", "twice &lt;b&gt;"),
        ("a < b > c, p<0.05", "a < b > c, p<0.05"),
        ("x<script>alert(1)</script><style>y</style>", "x"),
        ("<jats:p>One <jats:italic>two</jats:italic></jats:p>", "One two"),
        ("<b", "<b"),
        ("", ""),
    ],
)
def test_markup_goes_and_text_stays(markup: str, text: str) -> None:
    assert plain(markup) == text


def test_blocks_make_lines() -> None:
    assert plain_lines("<p>One</p>Two<br/>Three<ul><li>Four") == ["One", "Two", "Three", "Four"]


COUNTS = {
    "cnki_zh_2021-12-21.xml": 20,
    "elsevier_example.xml": 36,
    "googlescholar_example.xml": 10,
    "ijsem_2021-12-21.xml": 25,
    "jstage_ja_2021-12-21.xml": 0,
    "ojs_ce_atom_2021-12-21.xml": 9,
    "oup_2021-12-21.xml": 14,
    "pensoft_zookeys_2021-12-14.xml": 100,
    "pensoft_zookeys_2021-12-21.xml": 100,
    "pubmed_search_2021-12-14.xml": 15,
    "tandf_nnfe20_2021-12-21.xml": 95,
    "treebase.rdf": 3,
}


@pytest.mark.captures
@pytest.mark.parametrize("name", COUNTS)
def test_real_journals_are_read_in_full(captures: Path, name: str) -> None:
    body = (captures / "journals" / name).read_bytes()
    page = SOURCE.parse(Response(name, body), FEED)
    assert (len(page.entries), page.problems, page.complete) == (COUNTS[name], (), True)
    assert len({e.external_id for e in page.entries}) == COUNTS[name]
    assert all(e.url for e in page.entries)
    assert not any("<em>" in e.title or "\ufeff" in e.title for e in page.entries)
    if name.startswith(("ijsem", "oup", "pensoft", "pubmed", "tandf")):
        assert all(e.doi and not e.flags for e in page.entries)


def journal(captures: Path, name: str) -> tuple[Entry, ...]:
    body = (captures / "journals" / name).read_bytes()
    return SOURCE.parse(Response(name, body), FEED).entries


def elements(captures: Path, name: str, kind: str = "item") -> list[etree._Element]:
    """The items as lxml reads them, whatever their namespace."""
    root = etree.fromstring((captures / "journals" / name).read_bytes().strip())
    return list(root.iter(f"{{*}}{kind}"))


def texts(item: etree._Element, tag: str) -> list[str]:
    return [" ".join(e.text.split()) for e in item.iter(f"{{*}}{tag}") if (e.text or "").strip()]


# Each journal's own way of writing authors: read here by its own rule, not by ours.
DIALECTS = {
    "ijsem_2021-12-21.xml": lambda item: re.split(", | and ", texts(item, "creator")[0]),
    "ojs_ce_atom_2021-12-21.xml": lambda item: texts(item, "name"),
    "pubmed_search_2021-12-14.xml": lambda item: texts(item, "creator"),
    "tandf_nnfe20_2021-12-21.xml": lambda item: [
        re.sub(r"\s+", " ", html.fromstring(name).text_content()).strip()
        for name in texts(item, "creator")
    ],
    "oup_2021-12-21.xml": lambda item: [
        f"{initials} {last}"
        for last, initials in re.findall(r"([^,.]+?) ([A-Z]+)(?=[,.])", texts(item, "author")[0])
    ],
    "elsevier_example.xml": lambda item: next(
        (
            found[1].split(", ")
            for found in [re.search(r"Author\(s\): (.*?)</p>", texts(item, "description")[0])]
            if found
        ),
        [],
    ),
    "pensoft_zookeys_2021-12-21.xml": lambda item: re.search(
        r"<p>Authors: (.*?)</p>", texts(item, "description")[0]
    )[1].split(", "),
    "cnki_zh_2021-12-21.xml": lambda item: [
        name for name in texts(item, "description")[0].partition("</br>")[0].split(";") if name
    ],
}


@pytest.mark.captures
@pytest.mark.parametrize("name", DIALECTS)
def test_the_authors_of_real_journals_are_told_apart(captures: Path, name: str) -> None:
    items = elements(captures, name, "entry" if "ojs" in name else "item")
    for entry, item in zip(journal(captures, name), items, strict=True):
        names = [re.sub(r"^\W+", "", " ".join(n.split())) for n in DIALECTS[name](item) if n]
        assert [n.strip() for n in entry.authors] == names, entry.title
        assert entry.flags == ()
        shortened = "et al" in (entry.authors_raw or "")
        assert entry.n_authors == (None if shortened else len(names) or None)


@pytest.mark.captures
@pytest.mark.parametrize("name", COUNTS)
def test_titles_of_real_journals_are_whole_and_plain(captures: Path, name: str) -> None:
    items = elements(captures, name, "entry" if COUNTS[name] in (9, 10, 0) else "item")
    for entry, item in zip(journal(captures, name), items, strict=True):
        told = next(e.text for e in item if etree.QName(e).localname == "title")
        truth = html.fromstring(f"<p>{told}</p>").text_content().replace("\ufeff", "")
        assert entry.title == unicodedata.normalize("NFC", " ".join(truth.split()))


@pytest.mark.captures
def test_what_stands_around_an_abstract_is_left_out(captures: Path) -> None:
    for name in ("elsevier_example.xml", "tandf_nnfe20_2021-12-21.xml"):
        assert {e.abstract for e in journal(captures, name)} == {""}
    for entry in journal(captures, "googlescholar_example.xml"):
        assert not re.search(r"(?:www|journals)\.\S+$", entry.abstract)
        assert (entry.authors, entry.n_authors) == ((), None)
    for entry in journal(captures, "cnki_zh_2021-12-21.xml"):
        assert ";" not in entry.abstract.split(".")[0]


@pytest.mark.captures
def test_a_summary_that_breaks_off_gives_way_to_the_whole(captures: Path) -> None:
    entries = journal(captures, "pubmed_search_2021-12-14.xml")
    items = elements(captures, "pubmed_search_2021-12-14.xml")
    for entry, item in zip(entries, items, strict=True):
        assert entry.external_id == texts(item, "guid")[0]
        assert entry.url == f"https://pubmed.ncbi.nlm.nih.gov/{entry.external_id[7:]}/"
        assert f"doi:{entry.doi}" in [i.lower() for i in texts(item, "identifier")]
        assert not entry.abstract.endswith("...")
        assert "PMID" not in entry.abstract
        assert len(entry.abstract) >= len(texts(item, "description")[0].removesuffix("...")) - 20


@pytest.mark.captures
def test_a_week_later_the_same_papers_have_the_same_identity(captures: Path) -> None:
    first, second = (
        {
            e.external_id
            for e in SOURCE.parse(
                Response(day, (captures / "journals" / f"pensoft_zookeys_{day}.xml").read_bytes()),
                FEED,
            ).entries
        }
        for day in ("2021-12-14", "2021-12-21")
    )
    assert (len(first & second), len(second - first)) == (92, 8)


@pytest.mark.captures
@pytest.mark.parametrize(
    "name",
    [
        "hardening/arxiv_api_rate_exceeded.txt",
        "hardening/arxiv_captcha_like.html",
        "hardening/chinaxiv_no_right.txt",
        "hf_daily/2025-01-13.json",
    ],
)
def test_bodies_that_are_no_feed_are_refused(captures: Path, name: str) -> None:
    with pytest.raises(ParseError):
        SOURCE.parse(Response(name, (captures / name).read_bytes()), FEED)
