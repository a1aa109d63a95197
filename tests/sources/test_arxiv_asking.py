"""What arXiv is asked for, and when to stop asking."""

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest

from digest.errors import ParseError, SourceError
from digest.sources.arxiv import Arxiv
from digest.sources.base import MAX_ENTRIES, Feed, Page, Request, Response

NOW = datetime(2026, 11, 18, 6, 0, tzinfo=UTC)
ARXIV = Arxiv()


def feed(location: str = "", **options: str) -> Feed:
    return Feed("x", "arxiv", location, options={k.strip("_"): v for k, v in options.items()})


def asked(location: str = "", **options: str) -> list[Request]:
    return list(ARXIV.requests(feed(location, **options), NOW))


def query(request: Request) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(request.url).query))


# ---------------------------------------------------------------- the API


@pytest.mark.parametrize(
    ("options", "search"),
    [
        ({"categories": "cs.LG", "via": "api"}, "cat:cs.LG"),
        ({"categories": "cs.LG+hep-th", "via": "api"}, "cat:cs.LG OR cat:hep-th"),
        ({"categories": "cs+q-bio", "via": "api"}, "cat:cs.* OR cat:q-bio.*"),
        ({"search": 'all:"graph  neural"'}, 'all:"graph neural"'),
        (
            {"search": "au:sample OR ti:tea", "categories": "cs.LG+stat.ML"},
            "(cat:cs.LG OR cat:stat.ML) AND (au:sample OR ti:tea)",
        ),
    ],
)
def test_a_search_is_asked_for_the_newest_first(options: dict[str, str], search: str) -> None:
    (request,) = asked(**options)
    assert request.url.startswith("https://export.arxiv.org/api/query?")
    assert request.kind == "api"
    assert query(request) == {
        "search_query": search,
        "sortBy": "submittedDate",
        "sortOrder": "descending",
        "start": "0",
        "max_results": "200",
    }


def test_a_search_by_relevance_is_never_asked_by_accident() -> None:
    (request,) = asked("https://export.arxiv.org/api/query?search_query=cat:cs.LG&max_results=50")
    assert query(request) == {
        "search_query": "cat:cs.LG",
        "max_results": "50",
        "sortBy": "submittedDate",
        "sortOrder": "descending",
    }
    for url in ("api/query?search_query=x&sortBy=relevance", "api/query?id_list=2611.90001"):
        (request,) = asked(f"https://export.arxiv.org/{url}")
        assert request.url.endswith(url)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"categories": "cs.LG", "via": "carrier pigeon"}, "via must be feed, api, oai or list"),
        ({"categories": "cs.LG", "via": "feed", "search": "x"}, 'a search needs via = "api"'),
        ({"via": "api"}, "categories must be arXiv classes"),
        ({"search": "x" * 1001}, "search is longer than 1000"),
        ({"search": "x", "days": "0"}, "days must be 1 to 3650"),
        ({"via": "oai", "categories": "cs.LG", "from": "last week"}, "from must be a day like"),
        (
            {"via": "oai", "set": "cs", "from": "2026-11-02", "until": "2026-11-01"},
            r"until \(2026-11-01\) is before from",
        ),
        ({"via": "oai", "set": "cs&verb=Identify"}, "set must be like cs:cs:LG"),
        ({"via": "list", "categories": "cs.LG/../.."}, "categories must be arXiv classes"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, str], match: str) -> None:
    with pytest.raises(SourceError, match=match):
        asked(**options)


def answer(received: int, total: int, start: int = 0, newest: datetime = NOW) -> bytes:
    """An answer of the API: papers an hour apart, the newest first."""
    entries = "".join(
        f"<entry><id>http://arxiv.org/abs/2611.{start + n:05}v1</id><title>Paper {n}</title>"
        f"<published>{newest - timedelta(hours=start + n):%Y-%m-%dT%H:%M:%SZ}</published></entry>"
        for n in range(received)
    )
    return (
        '<feed xmlns="http://www.w3.org/2005/Atom" '
        'xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/">'
        f"<id>http://arxiv.org/api/x</id><opensearch:totalResults>{total}</opensearch:totalResults>"
        f"{entries}</feed>"
    ).encode()


def page_of(body: bytes, url: str, **options: str) -> Page:
    return ARXIV.parse(Response(url, body, received_at=NOW), feed(**options))


URL = "https://export.arxiv.org/api/query?search_query=x&start=0&max_results=50"


def test_a_full_slice_names_the_next() -> None:
    page = page_of(answer(50, 1000), URL, search="x")
    assert page.next is not None
    assert query(page.next) == {"search_query": "x", "start": "50", "max_results": "50"}
    assert (page.next.kind, len(page.entries), page.complete) == ("api", 50, True)


@pytest.mark.parametrize(
    ("received", "total", "url"),
    [
        (50, 50, URL),
        (49, 49, URL),
        (50, 1000, "answer.xml"),
        (50, 1000, URL.replace("max_results=50", "max_results=x")),
        (50, 1000, "https://export.arxiv.org/api/query?search_query=x"),
    ],
)
def test_the_last_slice_and_a_file_name_none(received: int, total: int, url: str) -> None:
    page = page_of(answer(received, total), url, search="x")
    assert (page.next, len(page.entries)) == (None, received)


def test_a_location_is_asked_for_no_more_than_it_says() -> None:
    page = ARXIV.parse(Response(URL, answer(50, 1000), received_at=NOW), feed(URL))
    assert (page.next, page.problems, len(page.entries)) == (None, (), 50)
    page = ARXIV.parse(Response(URL, answer(50, 1000), received_at=NOW), feed(URL, days="9"))
    assert page.next is not None


def test_a_search_ends_where_its_papers_are_old_enough() -> None:
    page = page_of(answer(50, 1000), URL, search="x", days="1")
    assert (len(page.entries), page.next, page.complete) == (25, None, True)
    page = page_of(answer(50, 1000), URL, search="x", days="3")
    assert len(page.entries) == 50
    assert page.next is not None


def test_a_search_that_never_ends_is_left() -> None:
    slices, url = 1, URL
    while (following := page_of(answer(50, 10**6, slices), url, search="x").next) is not None:
        slices, url = slices + 1, following.url
    assert slices == MAX_ENTRIES // 50


@pytest.mark.parametrize(("received", "first_missing"), [(0, 201), (20, 221)])
def test_what_the_api_holds_back_is_told(received: int, first_missing: int) -> None:
    url = URL.replace("start=0", "start=200")
    page = page_of(answer(received, 1000), url, search="x")
    told = f"the API gave nothing from paper {first_missing} on, of 1000; ask again later"
    assert (page.problems, page.next, page.complete) == ((told,), None, False)
    assert page_of(answer(0, 0), URL, search="x") == Page(())


# ---------------------------------------------------------------- OAI-PMH


@pytest.mark.parametrize(
    ("category", "spec"),
    [
        ("cs.LG", "cs:cs:LG"),
        ("cs", "cs"),
        ("math.GT", "math:math:GT"),
        ("hep-th", "physics:hep-th"),
        ("astro-ph.GA", "physics:astro-ph:GA"),
        ("physics.optics", "physics:physics:optics"),
        ("cond-mat.mes-hall", "physics:cond-mat:mes-hall"),
    ],
)
def test_a_category_is_a_set_of_records(category: str, spec: str) -> None:
    (request,) = asked(via="oai", categories=category)
    assert request.url.startswith("https://oaipmh.arxiv.org/oai?")
    assert request.kind == "api"
    assert query(request) == {
        "verb": "ListRecords",
        "metadataPrefix": "arXiv",
        "from": "2026-11-11",
        "set": spec,
    }


def test_records_are_asked_for_by_days_and_set_by_set() -> None:
    requests = asked(via="oai", categories="cs.LG+cs.CL", from_="2026-10-01", until="2026-10-31")
    assert [query(r)["set"] for r in requests] == ["cs:cs:LG", "cs:cs:CL"]
    assert {(query(r)["from"], query(r)["until"]) for r in requests} == {
        ("2026-10-01", "2026-10-31")
    }
    (request,) = asked(via="oai", set="physics:hep-th", days="30")
    assert query(request)["from"] == "2026-10-19"


def records(token: str = "", error: str = "") -> bytes:
    record = (
        "<record><header><identifier>oai:arXiv.org:2611.90001</identifier></header><metadata>"
        '<arXiv xmlns="http://arxiv.org/OAI/arXiv/"><id>2611.90001</id><title>T</title></arXiv>'
        "</metadata></record>"
    )
    listed = f"<ListRecords>{record}<resumptionToken>{token}</resumptionToken></ListRecords>"
    return (
        '<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">'
        f"<request>https://oaipmh.arxiv.org/oai</request>{error or listed}</OAI-PMH>"
    ).encode()


def test_a_token_leads_to_the_next_records() -> None:
    url = "https://oaipmh.arxiv.org/oai?verb=ListRecords&metadataPrefix=arXiv&set=cs"
    page = page_of(records("6541102|1001&amp;x"), url)
    assert page.next is not None
    assert page.next.url.startswith("https://oaipmh.arxiv.org/oai?")
    assert query(page.next) == {"verb": "ListRecords", "resumptionToken": "6541102|1001&x"}
    for token, place in (("", url), ("6541102|1001", "records.xml"), ("a b", url)):
        assert page_of(records(token), place).next is None


def test_no_records_are_no_error() -> None:
    error = '<error code="noRecordsMatch">None</error>'
    assert page_of(records(error=error), "https://oaipmh.arxiv.org/oai") == Page(())


@pytest.mark.parametrize(
    ("body", "match"),
    [
        (records(error='<error code="badArgument">No such set</error>'), r"\(badArgument\): No su"),
        (records(error='<error code="badResumptionToken"/>'), r"refused \(badResumptionToken\)"),
        (records().replace(b"arXiv.org", b"other.example"), "not from arxiv"),
        (records()[:-30], "not readable XML"),
        (b"<!DOCTYPE x [<!ENTITY a 'b'>]>" + records(), "not from arxiv"),
        (records(error="<Identify/>"), "not from arxiv|other XML|expected"),
    ],
)
def test_errors_of_the_archive_are_refused(body: bytes, match: str) -> None:
    with pytest.raises(ParseError, match=match):
        page_of(body, "https://oaipmh.arxiv.org/oai")


def test_a_record_in_another_format_is_left_out() -> None:
    body = re.sub(rb"<arXiv .*</arXiv>", b"<dc/>", records())
    assert page_of(body, "x").problems == ("record 1: not in the format arXiv; left out",)


# ---------------------------------------------------------------- listings


def test_each_category_has_its_page_of_listings() -> None:
    requests = asked(via="list", categories="cs.LG+hep-th")
    assert [(r.url, r.kind) for r in requests] == [
        ("https://arxiv.org/list/cs.LG/new?skip=0&show=2000", "page"),
        ("https://arxiv.org/list/hep-th/new?skip=0&show=2000", "page"),
    ]
    (request,) = asked("https://arxiv.org/list/cs.AI/new")
    assert request.kind == "page"


@pytest.mark.parametrize(
    "body",
    [
        b"<html><h3>Showing new listings for Someday</h3><h3>New submissions</h3></html>",
        b"<html><h3>Showing new listings for Wednesday, 18 November 2026</h3></html>",
        b"<html><h3>Showing new listings for Friday, 31 February 2026</h3><h3>New submissions</h3>",
    ],
)
def test_a_page_that_has_changed_is_refused(body: bytes) -> None:
    with pytest.raises(ParseError, match="no day or no section"):
        page_of(body, "page")


def test_a_day_without_listings_is_fine() -> None:
    body = (
        b"<html><h3>Showing new listings for Wednesday, 18 November 2026</h3>"
        b"<h3>New submissions (showing 0 of 0 entries)</h3></html>"
    )
    assert page_of(body, "page") == Page(())
