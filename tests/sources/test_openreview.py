import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from digest.errors import ParseError, SourceError
from digest.sources import recognise
from digest.sources.base import Feed, Page, Response
from digest.sources.common import site_of
from digest.sources.openreview import API, OpenReview

SOURCE = OpenReview()
NOW = datetime(2026, 3, 1, tzinfo=UTC)
VENUE = "Lantern.cc/2026/Conference"


def note(number: int = 1, **content: Any) -> dict[str, Any]:
    fields = {"title": {"value": f"Paper {number}"}} | content
    return {"id": f"note{number}", "forum": f"note{number}", "content": fields}


def parse(answer: object, url: str = "notes.json") -> Page:
    body = json.dumps(answer).encode()
    return SOURCE.parse(Response(url, body, received_at=NOW), Feed("or", "openreview"))


def asked(location: str = "", **options: str) -> tuple[str, dict[str, list[str]]]:
    (request,) = SOURCE.requests(Feed("or", "openreview", location, options=options), NOW)
    assert request.kind == "api"
    parts = urlsplit(request.url)
    return f"https://{parts.netloc}{parts.path}", parse_qs(parts.query)


class TestRequests:
    def test_a_venue_is_asked_for_what_it_accepted_newest_first(self) -> None:
        listed = {"sort": ["cdate:desc"], "limit": ["1000"], "offset": ["0"]}
        assert asked(venue=VENUE) == (API, {"content.venueid": [VENUE]} | listed)

    def test_an_invitation_is_asked_for_all_that_was_submitted(self) -> None:
        _, query = asked(invitation=f"{VENUE}/-/Submission")
        assert query["invitation"] == [f"{VENUE}/-/Submission"]

    def test_a_search_is_asked_for_its_newest(self) -> None:
        place, query = asked(search=" sparse   attention ", limit="20")
        assert place == f"{API}/search"
        assert query["term"] == ["sparse attention"]
        assert (query["sort"], query["limit"]) == (["cdate:desc"], ["20"])

    def test_the_page_of_a_venue_stands_for_its_list(self) -> None:
        _, query = asked(f"https://openreview.net/group?id={VENUE}#tab-accept")
        assert query["content.venueid"] == [VENUE]

    def test_the_page_of_a_paper_stands_for_its_note(self) -> None:
        assert asked("https://openreview.net/forum?id=Lmp0") == (API, {"id": ["Lmp0"]})

    def test_an_address_of_the_api_keeps_what_it_says(self) -> None:
        _, query = asked(f"{API}?invitation=A&limit=50&sort=tmdate")
        assert query == {"invitation": ["A"], "limit": ["50"], "sort": ["tmdate"]}

    @pytest.mark.parametrize(
        ("location", "options"),
        [
            ("", {}),
            ("", {"venue": VENUE, "search": "x"}),
            ("", {"venue": "two words"}),
            ("", {"search": " "}),
            ("", {"search": "x" * 301}),
            ("", {"venue": VENUE, "limit": "1001"}),
            ("https://openreview.net/about", {}),
            ("https://openreview.net/group?id=../..%20", {}),
            ("notes.json", {}),
        ],
    )
    def test_what_makes_no_sense_is_refused(self, location: str, options: dict[str, str]) -> None:
        with pytest.raises(SourceError, match="feed 'or'"):
            SOURCE.requests(Feed("or", "openreview", location, options=options), NOW)

    def test_its_addresses_and_captures_are_recognised(self) -> None:
        assert recognise("https://api2.openreview.net/notes?id=x") == "openreview"
        assert site_of(json.dumps({"notes": [note()], "count": 1}).encode()) == "openreview"


class TestPaging:
    def test_a_full_page_is_followed_by_the_next(self) -> None:
        page = parse({"notes": [note(1), note(2)]}, f"{API}?invitation=A&limit=2&offset=4")
        assert page.next is not None
        assert parse_qs(urlsplit(page.next.url).query)["offset"] == ["6"]

    @pytest.mark.parametrize(
        "url",
        [
            f"{API}?invitation=A&limit=3&offset=0",
            f"{API}?invitation=A&limit=2&offset=x",
            f"{API}?invitation=A&limit=2&offset=19999",
            f"{API}?invitation=A",
            f"{API}/search?term=a&limit=2&offset=0",
            "notes.json",
        ],
    )
    def test_a_short_page_a_search_and_a_file_end_there(self, url: str) -> None:
        assert parse({"notes": [note(1), note(2)]}, url).next is None

    def test_no_notes_are_no_error(self) -> None:
        assert parse({"notes": [], "count": 0}) == Page(())


class TestNotes:
    def test_values_may_be_plain_as_in_version_1(self) -> None:
        plain = {"title": "Plain", "abstract": "Words.", "authors": ["Ada Brook"]}
        (entry,) = parse({"notes": [{"id": "a", "forum": "a", "content": plain}]}).entries
        assert (entry.title, entry.abstract, entry.authors) == ("Plain", "Words.", ("Ada Brook",))

    @pytest.mark.parametrize(
        "reply",
        [{"replyto": "note1"}, {"forum": "other"}, {"ddate": 1_700_000_000_000}],
    )
    def test_replies_and_deleted_notes_are_passed_over(self, reply: dict[str, Any]) -> None:
        assert parse({"notes": [note() | reply]}) == Page(())

    @pytest.mark.parametrize(
        ("told", "venue", "withdrawn"),
        [
            ("ICLR 2026 Oral", "ICLR 2026 Oral", False),
            ("Submitted to ICLR 2026", None, False),
            ("ICLR 2026 Conference Submission", None, False),
            ("ICLR 2026 Conference Desk Rejected Submission", None, False),
            ("ICLR 2026 Conference Withdrawn Submission", None, True),
            ("CoRR 2025", None, False),
        ],
    )
    def test_a_venue_is_told_only_where_it_accepted(
        self, told: str, venue: str | None, withdrawn: bool
    ) -> None:
        (entry,) = parse({"notes": [note(venue={"value": told})]}).entries
        assert (entry.venue, entry.withdrawn) == (venue, withdrawn)

    @pytest.mark.parametrize("stamp", [None, True, -1, 0, "1", 1e308, float("nan"), 10**30, []])
    def test_an_odd_stamp_is_no_date(self, stamp: object) -> None:
        odd = dict.fromkeys(("odate", "cdate", "tcdate", "pdate"), stamp)
        (entry,) = parse({"notes": [note() | odd]}).entries
        assert (entry.published_at, entry.listed_date) == (None, None)

    def test_a_date_that_the_venue_set_into_the_future_is_flagged(self) -> None:
        (entry,) = parse({"notes": [note() | {"odate": 1_900_000_000_000}]}).entries
        assert entry.flags == ("future_date",)

    def test_hidden_authors_are_not_named(self) -> None:
        (entry,) = parse({"notes": [note(authors={"value": ["Anonymous"]})]}).entries
        assert (entry.authors, entry.n_authors) == ((), None)


@pytest.mark.parametrize(
    "answer",
    [
        {"name": "Error", "message": "broken"},
        {"name": "ChallengeRequiredError", "message": "Please verify", "status": 403},
        {"error": "no"},
        {"errors": [{"type": "notFound"}], "notes": None},
    ],
)
def test_an_error_is_told_in_the_words_of_the_api(answer: object) -> None:
    with pytest.raises(ParseError, match=r"the API of OpenReview refused: .+"):
        parse(answer)


@pytest.mark.parametrize("answer", [[], {}, {"notes": {}}, {"notes": [{"id": "x"}]}, {"data": []}])
def test_other_json_is_refused(answer: object) -> None:
    with pytest.raises(ParseError, match="not from openreview"):
        parse(answer)


def test_the_page_that_asks_whether_one_is_a_person_is_refused() -> None:
    body = b"<!DOCTYPE html><title>Verifying</title><p>Are you a person?</p>"
    with pytest.raises(ParseError, match="the JSON of its notes expected, but it holds HTML"):
        SOURCE.parse(Response("https://api2.openreview.net/", body), Feed("or", "openreview"))


def test_notes_beyond_the_limit_are_left_out_and_told() -> None:
    page = parse({"notes": [note(n) for n in range(2_003)]})
    assert len(page.entries) == 2_000
    assert page.problems == ("note 2001: too many notes; the rest is left out",)
