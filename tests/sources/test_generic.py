from datetime import UTC, datetime
from pathlib import Path

import pytest

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
