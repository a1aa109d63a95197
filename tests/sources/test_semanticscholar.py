import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from digest.errors import ParseError, SourceError
from digest.sources import recognise
from digest.sources.base import Feed, Page, Response
from digest.sources.common import site_of
from digest.sources.semanticscholar import API, SemanticScholar

SOURCE = SemanticScholar()
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
BULK = f"{API}/graph/v1/paper/search/bulk"


def paper(**told: Any) -> dict[str, Any]:
    return {"paperId": "ab12", "title": "A Paper"} | told


def parse(answer: object, url: str = "answer.json") -> Page:
    body = json.dumps(answer).encode()
    return SOURCE.parse(Response(url, body, received_at=NOW), Feed("s2", "semanticscholar"))


def asked(location: str = "", **options: str) -> list[tuple[str, dict[str, list[str]]]]:
    requests = SOURCE.requests(Feed("s2", "semanticscholar", location, options=options), NOW)
    assert all(request.kind == "api" for request in requests)
    split = [urlsplit(request.url) for request in requests]
    return [(f"https://{p.netloc}{p.path}", parse_qs(p.query)) for p in split]


class TestRequests:
    def test_each_paper_is_asked_for_its_recommendations(self) -> None:
        found = asked(papers="ARXIV:2106.15928, DOI:10.5555/a(b)c,ARXIV:2106.15928", limit="20")
        place = f"{API}/recommendations/v1/papers/forpaper"
        assert [url for url, _ in found] == [
            f"{place}/ARXIV:2106.15928",
            f"{place}/DOI:10.5555/a(b)c",
        ]
        assert (found[0][1]["limit"], found[0][1]["from"]) == (["20"], ["recent"])

    def test_a_search_is_asked_for_the_newest_of_the_last_days(self) -> None:
        ((url, query),) = asked(search='"sparse attention" | lanterns', days="3", fields="Biology")
        assert url == BULK
        assert query["query"] == ['"sparse attention" | lanterns']
        assert query["publicationDateOrYear"] == ["2026-02-26:"]
        assert query["sort"] == ["publicationDate:desc"]
        assert query["fieldsOfStudy"] == ["Biology"]

    def test_summaries_are_asked_for_only_where_the_api_has_them(self) -> None:
        fields = [
            asked(f"{API}/{path}?query=x")[0][1]["fields"][0].split(",")
            for path in (
                "graph/v1/paper/search",
                "graph/v1/paper/search/bulk",
                "recommendations/v1/papers/forpaper/ARXIV:2106.15928",
            )
        ]
        assert ["tldr" in named for named in fields] == [True, False, False]
        assert all({"title", "abstract", "externalIds"} <= set(named) for named in fields)

    def test_an_address_keeps_the_fields_that_it_names(self) -> None:
        ((_, query),) = asked(f"{BULK}?query=x&fields=title")
        assert query == {"query": ["x"], "fields": ["title"]}

    @pytest.mark.parametrize(
        ("location", "options"),
        [
            ("", {}),
            ("", {"papers": " , "}),
            ("", {"papers": "two words"}),
            ("", {"papers": ",".join(f"CorpusId:{n}" for n in range(21))}),
            ("", {"papers": "CorpusId:1", "search": "x"}),
            ("", {"papers": "CorpusId:1", "pool": "all"}),
            ("", {"papers": "CorpusId:1", "limit": "501"}),
            ("", {"search": ""}),
            ("", {"search": "x" * 1_001}),
            ("", {"search": "x", "days": "0"}),
            ("https://www.semanticscholar.org/paper/abc", {}),
            ("answer.json", {}),
        ],
    )
    def test_what_makes_no_sense_is_refused(self, location: str, options: dict[str, str]) -> None:
        with pytest.raises(SourceError, match="feed 's2'"):
            SOURCE.requests(Feed("s2", "semanticscholar", location, options=options), NOW)

    def test_its_addresses_and_captures_are_recognised(self) -> None:
        assert recognise(BULK) == "semanticscholar"
        assert site_of(json.dumps({"data": [paper()]}).encode()) == "semanticscholar"


class TestPaging:
    def test_a_token_leads_to_the_next_part(self) -> None:
        page = parse({"total": 2, "token": "NEXT", "data": [paper()]}, f"{BULK}?query=x")
        assert page.next is not None
        assert parse_qs(urlsplit(page.next.url).query) == {"query": ["x"], "token": ["NEXT"]}

    def test_an_offset_leads_to_the_next_part(self) -> None:
        url = f"{API}/graph/v1/paper/search?query=x&offset=100"
        page = parse({"total": 900, "offset": 100, "next": 200, "data": [paper()]}, url)
        assert page.next is not None
        assert parse_qs(urlsplit(page.next.url).query)["offset"] == ["200"]

    @pytest.mark.parametrize(
        "told",
        [
            {},
            {"token": None},
            {"token": "OLD"},
            {"token": "two words"},
            {"token": 7},
            {"next": 100},
            {"next": 1_000},
            {"next": "200"},
        ],
    )
    def test_the_last_part_and_odd_answers_end_there(self, told: dict[str, Any]) -> None:
        url = f"{BULK}?query=x&token=OLD&offset=100"
        assert parse({"data": [paper()]} | told, url).next is None

    def test_an_empty_part_and_a_file_end_there(self) -> None:
        assert parse({"data": [], "token": "NEXT"}, BULK).next is None
        assert parse({"data": [paper()], "token": "NEXT"}).next is None


class TestPapers:
    def test_ids_are_taken_from_the_external_ones(self) -> None:
        ids = {"ArXiv": "2602.00011", "DOI": "10.5555/REEF.1"}
        (entry,) = parse({"data": [paper(externalIds=ids)]}).entries
        assert (entry.external_id, entry.arxiv_id, entry.doi) == (
            "ab12",
            "2602.00011",
            "10.5555/reef.1",
        )

    def test_the_doi_of_arxiv_is_its_id(self) -> None:
        (entry,) = parse(
            {"data": [paper(externalIds={"DOI": "10.48550/arXiv.2602.00011"})]}
        ).entries
        assert (entry.arxiv_id, entry.doi) == ("2602.00011", None)

    def test_a_summary_of_the_machine_is_kept_apart_from_the_abstract(self) -> None:
        (entry,) = parse({"data": [paper(tldr={"model": "m", "text": "Short."})]}).entries
        assert (entry.ai_summary, entry.abstract) == ("Short.", "")

    @pytest.mark.parametrize(
        ("dates", "year", "flags"),
        [
            ({"publicationDate": "2026-02-27", "year": 2026}, 2026, ()),
            ({"publicationDate": None, "year": 2019}, 2019, ("year_only",)),
            ({"publicationDate": "soon", "year": 2026}, None, ()),
            ({"year": "2019"}, None, ()),
            ({"year": 0}, None, ()),
            ({"publicationDate": "2031-01-01"}, 2031, ("future_date",)),
        ],
    )
    def test_a_past_year_alone_makes_an_old_paper(
        self, dates: dict[str, Any], year: int | None, flags: tuple[str, ...]
    ) -> None:
        (entry,) = parse({"data": [paper(**dates)]}).entries
        assert (entry.published_at and entry.published_at.year, entry.flags) == (year, flags)

    @pytest.mark.parametrize("venue", ["arXiv.org", "bioRxiv", "", None])
    def test_a_preprint_server_is_no_venue(self, venue: str | None) -> None:
        (entry,) = parse({"data": [paper(venue=venue)]}).entries
        assert entry.venue is None

    def test_an_empty_address_of_a_pdf_is_none(self) -> None:
        (entry,) = parse({"data": [paper(openAccessPdf={"url": "", "status": None})]}).entries
        assert entry.pdf_url is None

    def test_one_paper_and_a_list_of_papers_are_answers_as_well(self) -> None:
        assert len(parse(paper()).entries) == 1
        assert len(parse([paper(), None]).entries) == 1

    def test_a_search_that_finds_nothing_is_no_error(self) -> None:
        assert parse({"total": 0, "offset": 0}) == Page(())
        assert parse({"recommendedPapers": []}) == Page(())


@pytest.mark.parametrize(
    "answer",
    [
        {"error": "Paper with id 1 not found"},
        {"message": "Too Many Requests. Please wait.", "code": "429"},
        {"error": "Unrecognized or unsupported fields: [tldr]"},
    ],
)
def test_an_error_is_told_in_the_words_of_the_api(answer: object) -> None:
    with pytest.raises(ParseError, match=r"the API of Semantic Scholar refused: .+"):
        parse(answer)


@pytest.mark.parametrize("answer", [{}, {"data": {}}, {"data": [{"id": 1}]}, [1, {"a": 1}]])
def test_other_json_is_refused(answer: object) -> None:
    with pytest.raises(ParseError, match="not from semanticscholar"):
        parse(answer)


def test_papers_beyond_the_limit_are_left_out_and_told() -> None:
    page = parse([paper(paperId=str(n)) for n in range(2_001)])
    assert len(page.entries) == 2_000
    assert page.problems == ("paper 2001: too many papers; the rest is left out",)
