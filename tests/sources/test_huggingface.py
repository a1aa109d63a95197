import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from digest.errors import ParseError, SourceError
from digest.sources.base import MAX_ABSTRACT, MAX_ENTRIES, MAX_TITLE, Feed, Page, Response
from digest.sources.huggingface import API, HuggingFace

SOURCE = HuggingFace()
FEED = Feed("daily", "huggingface")
NOW = datetime(2026, 5, 6, 6, 0, tzinfo=UTC)
HEAD = (
    "new\n\nGet trending papers in your email inbox!\n\nSubscribe\n\nDaily Papers\n\n"
    "byAK and the research community\n\n"
)


def parse(body: bytes, url: str = "capture.json", at: datetime = NOW, known: bool = True) -> Page:
    return SOURCE.parse(Response(url, body, received_at=at, captured_at_known=known), FEED)


def query(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query))


def element(number: int = 1, **changes: Any) -> dict[str, Any]:
    paper = {"id": f"2605.{number:05}", "title": f"Paper {number}", "authors": []}
    return {"paper": paper | changes}


def answer(*elements: object) -> bytes:
    return json.dumps(elements).encode()


def one_line(told: str | None) -> str:
    return " ".join((told or "").split())


def card(title: str, stamp: str | None, n_authors: int = 2) -> str:
    meta = f"\n\n  • {n_authors} authors\n·\n{stamp}" if stamp else ""
    return f"{title}\n\nAn abstract that is longer than the title of {title}.{meta}\n\n"


def capture(day: str, *cards: str) -> bytes:
    return (HEAD + f"{day}\n\n" + "".join(cards)).strip().encode()


class TestRequests:
    def test_today_and_yesterday_are_asked_for(self) -> None:
        requests = list(SOURCE.requests(FEED, NOW))
        assert [query(r.url)["date"] for r in requests] == ["2026-05-06", "2026-05-05"]
        assert all(r.url.startswith(API + "?") and r.kind == "api" for r in requests)
        assert all(query(r.url) | {"p": "0", "limit": "100"} == query(r.url) for r in requests)

    def test_the_day_is_that_of_utc(self) -> None:
        tokyo = datetime.fromisoformat("2026-05-06T08:59:00+09:00")
        assert query(next(iter(SOURCE.requests(FEED, tokyo))).url)["date"] == "2026-05-05"

    def test_a_mirror_may_stand_in_for_the_api(self) -> None:
        feed = Feed("mirror", "huggingface", "http://127.0.0.1:8000/daily?limit=50")
        url = next(iter(SOURCE.requests(feed, NOW))).url
        assert url.startswith("http://127.0.0.1:8000/daily?")
        assert query(url) == {"limit": "50", "p": "0", "date": "2026-05-06"}

    def test_a_location_with_its_own_week_is_asked_for_just_that(self) -> None:
        feed = Feed("week", "huggingface", f"{API}?week=2026-W18")
        (request,) = SOURCE.requests(feed, NOW)
        assert query(request.url) == {"week": "2026-W18", "p": "0", "limit": "100"}

    def test_more_days_can_be_asked_for(self) -> None:
        feed = Feed("daily", "huggingface", options={"days": "5"})
        assert len(list(SOURCE.requests(feed, NOW))) == 5

    @pytest.mark.parametrize(
        ("options", "lists"),
        [
            ({"period": "week"}, [("week", "2026-W19")]),
            ({"period": "week", "days": "4"}, [("week", "2026-W19"), ("week", "2026-W18")]),
            ({"period": "month"}, [("month", "2026-05")]),
            ({"period": "month", "days": "7"}, [("month", "2026-05"), ("month", "2026-04")]),
            ({"period": "day", "days": "1"}, [("date", "2026-05-06")]),
        ],
    )
    def test_the_lists_that_hold_the_last_days_are_asked_for(
        self, options: dict[str, str], lists: list[tuple[str, str]]
    ) -> None:
        requests = list(SOURCE.requests(Feed("x", "huggingface", options=options), NOW))
        assert [query(r.url) for r in requests] == [
            {"p": "0", "limit": "100", name: value} for name, value in lists
        ]

    def test_a_week_is_that_of_the_iso_year(self) -> None:
        feed = Feed("x", "huggingface", options={"period": "week", "days": "1"})
        (request,) = SOURCE.requests(feed, datetime(2027, 1, 2, tzinfo=UTC))
        assert query(request.url)["week"] == "2026-W53"

    def test_what_is_trending_is_one_page_of_whatever_day(self) -> None:
        feed = Feed("x", "huggingface", options={"sort": "trending"})
        (request,) = SOURCE.requests(feed, NOW)
        assert query(request.url) == {"p": "0", "limit": "100", "sort": "trending"}
        body = answer(*(element(n) for n in range(100)))
        assert parse(body, request.url).next is None

    def test_a_period_can_be_sorted_by_trend(self) -> None:
        feed = Feed("x", "huggingface", options={"sort": "trending", "period": "month"})
        (request,) = SOURCE.requests(feed, NOW)
        assert query(request.url)["sort"] == "trending"
        assert query(request.url)["month"] == "2026-05"
        body = answer(*(element(n) for n in range(100)))
        assert parse(body, request.url).next is not None

    @pytest.mark.parametrize(
        ("options", "match"),
        [
            ({"period": "year"}, "period must be day, week or month"),
            ({"sort": "upvotes"}, "sort must be publishedAt or trending"),
        ],
    )
    def test_options_that_make_no_sense_are_refused(
        self, options: dict[str, str], match: str
    ) -> None:
        with pytest.raises(SourceError, match=match):
            SOURCE.requests(Feed("x", "huggingface", options=options), NOW)

    @pytest.mark.parametrize("days", ["0", "32", "-1", "two", "", "٣", "9" * 5000])
    def test_days_that_make_no_sense_are_refused(self, days: str) -> None:
        feed = Feed("daily", "huggingface", options={"days": days})
        with pytest.raises(SourceError, match="'daily': days must be 1 to 31"):
            SOURCE.requests(feed, NOW)

    @pytest.mark.parametrize("location", ["papers.json", "file:///etc/passwd", "ftp://a.example/"])
    def test_a_location_that_is_no_web_address_is_refused(self, location: str) -> None:
        with pytest.raises(SourceError, match="digest import huggingface"):
            SOURCE.requests(Feed("daily", "huggingface", location), NOW)


class TestPaging:
    URL = f"{API}?date=2026-05-05&p=0&limit=100"

    def test_a_full_page_names_the_next(self) -> None:
        page = parse(answer(*(element(n) for n in range(100))), self.URL)
        assert page.next is not None
        assert query(page.next.url) == {"date": "2026-05-05", "p": "1", "limit": "100"}
        assert page.next.kind == "api"

    def test_a_server_that_grants_no_more_than_its_default_is_asked_on(self) -> None:
        page = parse(answer(*(element(n) for n in range(50))), self.URL)
        assert page.next is not None

    @pytest.mark.parametrize("received", [0, 1, 49])
    def test_a_short_page_is_the_last(self, received: int) -> None:
        page = parse(answer(*(element(n) for n in range(received))), self.URL)
        assert page.next is None
        assert len(page.entries) == received

    def test_the_limit_is_that_of_the_address(self) -> None:
        body = answer(*(element(n) for n in range(10)))
        assert parse(body, f"{API}?p=3&limit=10").next is not None
        assert parse(body, f"{API}?p=3&limit=11").next is None

    def test_elements_that_are_left_out_still_fill_a_page(self) -> None:
        assert parse(answer(*[None] * 100), self.URL).next is not None

    def test_a_server_that_never_ends_is_left(self) -> None:
        body = answer(*(element(n) for n in range(50)))
        asked, url = 1, self.URL
        while (following := parse(body, url).next) is not None:
            asked, url = asked + 1, following.url
        assert asked == MAX_ENTRIES // 50

    @pytest.mark.parametrize(
        "url", ["2026-05-05.json", API, f"{API}?p=x&limit=1", f"{API}?p=0&limit=all"]
    )
    def test_a_file_has_no_next_page(self, url: str) -> None:
        assert parse(answer(*(element(n) for n in range(100))), url).next is None


class TestApi:
    @pytest.mark.parametrize(
        ("body", "told"),
        [
            (
                b'{"error": "Rate limit reached\\nplease wait"}',
                "refused: Rate limit reached please",
            ),
            (b'{"results": []}', "not a list of Daily Papers"),
            (b'[{"title": "A list of something else"}]', "not a list of Daily Papers"),
            (b'[{"paper": {"id": ', "not readable JSON"),
            (b'[{"a":' * 50_000, "not readable JSON"),
            (b"", "is empty"),
            (b" \n\t ", "is empty"),
            (b"\xef\xbb\xbf", "is empty"),
            (b"<!DOCTYPE html><html><title>Sign in</title></html>", "holds HTML"),
            (b"Rate exceeded.", "holds other text"),
        ],
    )
    def test_what_is_no_list_of_papers_is_refused(self, body: bytes, told: str) -> None:
        with pytest.raises(ParseError, match=told) as refused:
            parse(body, "the-file")
        assert "the-file" in str(refused.value)
        assert "\n" not in str(refused.value)

    def test_a_day_without_a_list_is_no_error(self) -> None:
        assert parse(b"[]") == Page(())

    def test_a_byte_order_mark_changes_nothing(self) -> None:
        body = answer(element())
        assert parse(b"\xef\xbb\xbf" + body) == parse(body)

    @pytest.mark.parametrize(
        ("told", "organisation"),
        [
            ({"name": "lab", "fullname": "The Lab"}, "The Lab"),
            ({"name": "lab", "fullname": ""}, "lab"),
            ({"fullname": 3}, None),
            ("lab", None),
            (None, None),
        ],
    )
    def test_an_organisation_is_told_by_its_name_for_people(
        self, told: object, organisation: str | None
    ) -> None:
        (entry,) = parse(answer(element(organization=told))).entries
        assert entry.organisation == organisation

    def test_what_its_machine_says_is_kept_apart_from_the_abstract(self) -> None:
        given = {
            "summary": "Ours.",
            "ai_summary": " Its\nown. ",
            "ai_keywords": ["a", None, "a ", "b"],
        }
        (entry,) = parse(answer(element(**given))).entries
        assert (entry.abstract, entry.ai_summary) == ("Ours.", "Its own.")
        assert entry.ai_keywords == ("a", "b")
        (entry,) = parse(answer(element(ai_summary=7, ai_keywords="a, b"))).entries
        assert (entry.ai_summary, entry.ai_keywords) == (None, ())

    def test_texts_are_cut_at_the_limits_and_flagged(self) -> None:
        (entry,) = parse(answer(element(title="word " * 300, summary="word " * 5000))).entries
        assert len(entry.title) <= MAX_TITLE
        assert len(entry.abstract) <= MAX_ABSTRACT
        assert entry.flags == ("title_cut", "abstract_cut")

    def test_more_elements_than_the_limit_are_cut_and_told(self) -> None:
        page = parse(answer(*(element(n) for n in range(MAX_ENTRIES + 1))))
        assert len(page.entries) == MAX_ENTRIES
        assert page.problems == ("element 2001: too many elements; the rest is left out",)

    @pytest.mark.parametrize(
        "stamp", ["", "soon", 17, None, "0001-01-01T00:00:00+14:00", "2026-13-01"]
    )
    def test_a_date_that_is_none_is_left_open(self, stamp: object) -> None:
        page = parse(answer(element(publishedAt=stamp, submittedOnDailyAt=stamp)))
        assert page.entries[0].published_at is None
        assert page.entries[0].listed_date is None

    def test_a_date_in_the_future_is_flagged(self) -> None:
        (entry,) = parse(answer(element(publishedAt="2099-01-01T00:00:00Z"))).entries
        assert entry.flags == ("future_date",)

    @pytest.mark.parametrize("count", [None, "12", 1.5, True, -1, 10**30])
    def test_a_count_that_is_none_is_left_open(self, count: object) -> None:
        (entry,) = parse(answer(element(upvotes=count) | {"numComments": count})).entries
        assert (entry.upvotes, entry.comments) == (None, None)

    @pytest.mark.parametrize(
        "link",
        ["javascript:alert(1)", "//a.example", "http://", "https://a b", "http://[", 4, None],
    )
    def test_only_web_addresses_become_links(self, link: object) -> None:
        (entry,) = parse(answer(element(githubRepo=link, projectPage=link))).entries
        assert (entry.code_url, entry.project_url) == (None, None)

    def test_a_version_in_the_id_is_taken_off(self) -> None:
        (entry,) = parse(answer(element(id="2605.00001v3"))).entries
        assert (entry.arxiv_id, entry.arxiv_version, entry.external_id) == (
            "2605.00001",
            3,
            "2605.00001",
        )

    def test_text_that_utf8_cannot_hold_is_taken_out(self) -> None:
        (entry,) = parse(b'[{"paper": {"id": "2605.00001", "title": "A \\ud800\\u0000B"}}]').entries
        assert entry.title == "A B"


class TestPageText:
    def test_line_ends_marks_and_a_last_line_feed_change_nothing(self) -> None:
        body = capture(
            "Nov 5", card("One", "Sep 14 3"), card("Two", None), card("Three", "Oct 6, 2023")
        )
        plain = parse(body)
        assert len(plain.entries) == 3
        variants = (
            body + b"\n",
            body + b"\n\n\n",
            b"\xef\xbb\xbf" + body,
            body.replace(b"\n", b"\r\n"),
            body.replace(b"\n", b"\r"),
            body.decode().encode("utf-16"),
        )
        for variant in variants:
            assert parse(variant) == plain

    def test_a_card_without_meta_tells_no_counts(self) -> None:
        (entry,) = parse(capture("Nov 5", card("One", None))).entries
        assert (entry.n_authors, entry.comments, entry.published_at) == (None, None, None)

    def test_line_separators_inside_an_abstract_break_no_line(self) -> None:
        body = capture("Nov 5", "Title\n\nAn abstract with\u2028a separator and\x0ba tab.\n\n")
        (entry,) = parse(body).entries
        assert entry.abstract == "An abstract with a separator and a tab."

    @pytest.mark.parametrize(
        "broken",
        [
            "A title\n\nAn abstract\nof two lines\n\n",
            "A title\nof two lines\n\nAn abstract of it\n\n",
            "  • 3 authors\n·\nSep 14\n\n",
            "A title alone\n\n",
            "An abstract where a title should stand, longer than\n\nthe title\n\n",
        ],
    )
    def test_another_shape_stops_the_reading_and_keeps_what_was_read(self, broken: str) -> None:
        page = parse(capture("Nov 5", card("One", "Sep 14"), broken, card("Lost", "Sep 15")))
        assert [entry.title for entry in page.entries] == ["One"]
        (problem,) = page.problems
        assert problem.startswith("line 21: ")
        assert problem.endswith("; stopped here")

    @pytest.mark.parametrize(
        "meta",
        [
            "  • many authors\n·\nSep 14",
            "  • 3 authors\nSep 14",
            "  • 3 authors\n·\nSept 14",
            "• 3",
        ],
    )
    def test_odd_meta_stops_after_its_paper(self, meta: str) -> None:
        first = f"One\n\nAn abstract longer than its title.\n\n{meta}\n\n"
        page = parse(capture("Nov 5", first, card("Two", "Sep 15")))
        assert [entry.title for entry in page.entries] == ["One"]
        assert page.problems == ("line 17: authors and date not as usual; stopped here",)

    def test_a_page_without_its_heading_is_read_without_a_day(self) -> None:
        page = parse((card("One", "Sep 14, 2024") + card("Two", None)).encode())
        assert [entry.title for entry in page.entries] == ["One", "Two"]
        assert {entry.listed_date for entry in page.entries} == {None}
        assert page.problems == ("line 1: no day above the first paper; listing day unknown",)

    def test_a_heading_alone_is_refused(self) -> None:
        with pytest.raises(ParseError, match="no paper in it"):
            parse(capture("Nov 5"))

    @pytest.mark.parametrize(
        ("body", "site"),
        [
            ("query\nTitle\nAbstract.\n- Europe > Iceland (0.04)\n", "aitopics"),
            ("Title\n\n要約（オリジナル）\n\nText\n", "arxivjp"),
            ('<?xml version="1.0"?><rss><link>https://arxiv.jp</link></rss>', "arxivjp"),
        ],
    )
    def test_a_capture_of_another_site_is_named(self, body: str, site: str) -> None:
        with pytest.raises(ParseError, match=f"looks like it is from {site}, not from huggingface"):
            parse(body.encode())

    def test_random_damage_raises_nothing_but_a_refusal(self, data: Path) -> None:
        body = (data / "sources" / "huggingface" / "page.txt").read_bytes()
        for cut in range(0, len(body), 7):
            for damaged in (body[:cut], body[cut:], body[:cut] + b"\xff\n\n" + body[cut + 9 :]):
                try:
                    parse(damaged)
                except ParseError:
                    continue


class TestYears:
    def day(self, page: Page, number: int = 0) -> date:
        published_at = page.entries[number].published_at
        assert published_at is not None
        return published_at.date()

    def test_a_known_capture_gives_its_year(self) -> None:
        body = capture("Nov 5", card("One", "Sep 14"), card("Two", "Feb 11, 2020"))
        page = parse(body, at=datetime(2023, 11, 5, tzinfo=UTC))
        assert self.day(page) == date(2023, 9, 14)
        assert self.day(page, 1) == date(2020, 2, 11)
        assert page.entries[0].listed_date == date(2023, 11, 5)
        assert page.entries[0].flags == ()

    def test_decembers_list_seen_in_january_is_last_years(self) -> None:
        body = capture("Dec 31", card("One", "Jan 1"))
        page = parse(body, at=datetime(2026, 1, 1, 9, tzinfo=UTC))
        assert page.entries[0].listed_date == date(2025, 12, 31)
        assert self.day(page) == date(2026, 1, 1)

    def test_a_capture_dated_by_a_western_clock_keeps_its_year(self) -> None:
        page = parse(capture("Nov 6", card("One", None)), at=datetime(2025, 11, 5, tzinfo=UTC))
        assert page.entries[0].listed_date == date(2025, 11, 6)

    def test_unknown_the_year_after_the_newest_written_is_taken(self) -> None:
        body = capture("Nov 5", card("One", "Sep 14"), card("Two", "Dec 1, 2023"))
        page = parse(body, at=datetime(2026, 11, 21, tzinfo=UTC), known=False)
        assert self.day(page) == date(2024, 9, 14)
        assert page.entries[0].listed_date == date(2024, 11, 5)
        assert page.entries[0].flags == ("year_inferred",)
        assert page.entries[1].flags == ()

    def test_unknown_the_newest_written_is_taken_where_the_next_lies_in_the_future(self) -> None:
        body = capture("Nov 5", card("One", "Sep 14"), card("Two", "Jan 1, 2025"))
        page = parse(body, at=datetime(2026, 10, 1, tzinfo=UTC), known=False)
        assert self.day(page) == date(2025, 9, 14)
        assert page.entries[0].listed_date == date(2025, 11, 5)

    @pytest.mark.parametrize(
        ("today", "year"), [(date(2026, 11, 5), 2026), (date(2026, 11, 4), 2025)]
    )
    def test_unknown_and_none_written_the_latest_possible_is_taken(
        self, today: date, year: int
    ) -> None:
        at = datetime(today.year, today.month, today.day, 12, tzinfo=UTC)
        page = parse(capture("Nov 5", card("One", "Sep 14")), at=at, known=False)
        assert self.day(page) == date(year, 9, 14)

    def test_unknown_a_leap_day_tells_its_year(self) -> None:
        page = parse(capture("Mar 1", card("One", "Feb 29")), known=False)
        assert self.day(page) == date(2024, 2, 29)

    def test_a_day_that_never_was_is_left_open(self) -> None:
        page = parse(capture("Nov 5", card("One", "Feb 30, 2024"), card("Two", "Jan 1, 0000")))
        assert [entry.published_at for entry in page.entries] == [None, None]
        assert [entry.n_authors for entry in page.entries] == [2, 2]


# Counted independently of this project (elements of the top-level list).
COUNTS = {
    "2024-05-27": 13, "2024-08-01": 11, "2025-01-13": 5, "2025-03-11": 26, "2025-05-22": 27,
    "2025-07-01": 14, "2025-09-30": 50, "2025-10-03": 39, "2025-12-11": 14, "2026-04-10": 35,
    "2026-04-16": 22, "2026-06-23": 37, "2026-08-20": 15,
}  # fmt: skip


@pytest.mark.captures
class TestRealAnswers:
    @pytest.mark.parametrize("day", COUNTS)
    def test_every_field_of_a_real_day_is_read(self, captures: Path, day: str) -> None:
        file = captures / "hf_daily" / f"{day}.json"
        raw = json.loads(file.read_text(encoding="utf-8"))
        at = datetime.fromisoformat(f"{day}T23:00:00+00:00")
        page = parse(file.read_bytes(), file.name, at=at + timedelta(days=1))
        assert len(page.entries) == len(raw) == COUNTS[day]
        assert page.problems == ()
        for entry, told in zip(page.entries, raw, strict=True):
            paper = told["paper"]
            shown = [a["name"] for a in paper["authors"] if not a.get("hidden")]
            listed = paper.get("submittedOnDailyAt")
            assert entry.arxiv_id == entry.external_id == paper["id"]
            assert entry.title == " ".join(paper["title"].split())
            assert entry.abstract == " ".join(paper["summary"].split())
            assert list(entry.authors) == [" ".join(name.split()) for name in shown]
            assert entry.n_authors == len(paper["authors"])
            assert entry.published_at == datetime.fromisoformat(paper["publishedAt"])
            assert entry.listed_date == (date.fromisoformat(listed[:10]) if listed else None)
            assert entry.listed_date in (None, date.fromisoformat(day))
            assert entry.upvotes == paper["upvotes"]
            assert entry.comments == told["numComments"]
            assert entry.code_url == paper.get("githubRepo", entry.code_url)
            assert entry.project_url == paper.get("projectPage", entry.project_url)
            assert (entry.code_url or "").removeprefix("https://") in json.dumps(paper)
            organisation = paper.get("organization") or told.get("organization") or {}
            assert (entry.organisation or "") == one_line(organisation.get("fullname"))
            assert (entry.ai_summary or "") == one_line(paper.get("ai_summary"))
            words = map(one_line, paper.get("ai_keywords") or [])
            assert list(entry.ai_keywords) == list(dict.fromkeys(words))
            assert entry.flags == ()

    def test_elements_that_an_archive_spoiled_are_named_one_by_one(self, captures: Path) -> None:
        file = captures / "hardening" / "hf_archive_python_repr_strings_2024-12-17.json"
        page = parse(file.read_bytes())
        assert page.entries == ()
        assert len(page.problems) == 23

    def test_what_is_no_answer_is_refused(self, captures: Path) -> None:
        names = ("arxiv_captcha_like.html", "arxiv_api_rate_exceeded.txt", "chinaxiv_no_right.txt")
        for name in (*names, "derived_truncated_mid_item.xml"):
            with pytest.raises(ParseError):
                parse((captures / "hardening" / name).read_bytes())
        with pytest.raises(ParseError, match="not a list"):
            parse((captures / "journals" / "doaj_api_2026-02-05.json").read_bytes())
