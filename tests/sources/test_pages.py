"""Pages of AITopics and arXiv.jp as HTML: what is asked for, and what damage costs."""

from datetime import UTC, datetime

import pytest

from digest.errors import ParseError, SourceError
from digest.sources import source
from digest.sources.base import Feed, Page, Request, Response
from digest.sources.common import site_of
from digest.sources.pages import page_lines

NOW = datetime(2025, 3, 2, tzinfo=UTC)
PROSE = "We ask a question about lanterns, and we answer it. " * 6


def parse(name: str, body: str, url: str = "saved.html") -> Page:
    told = f"<!doctype html><html><body>{body}</body></html>"
    return source(name).parse(Response(url, told.encode(), received_at=NOW), Feed("page", name))


def post(title: str = "<h2>One</h2>", facts: str = "<p>著者 Ada Brook</p>") -> str:
    return (
        f"{title}<h3>要約</h3><p>一つ。</p><h3>要約(オリジナル)</h3><p>Abstract of it.</p>"
        f"<h3>arxiv情報</h3>{facts}"
    )


def card(title: str = "One", identity: str = "arxivorg:0A", more: str = "") -> str:
    return f'<h3><a href="/doc/{identity}">{title}</a></h3>{more}<p>{PROSE}</p>'


class TestLines:
    def test_what_nobody_sees_is_left_out(self) -> None:
        body = b"<html><body><script>a()</script><style>b</style><p>seen</p><p> </p></body></html>"
        page = page_lines(Response("x", body), site="https://a.example/", titles="h1", links="a")
        assert [line.text for line in page.lines] == ["seen"]

    def test_marks_that_stand_in_the_page_mean_nothing(self) -> None:
        body = "<html><body><p>\ue000https://evil.example\ue001no &#xE000;title</p></body></html>"
        page = page_lines(
            Response("x", body.encode()), site="https://a.example/", titles="h1", links="a"
        )
        (line,) = page.lines
        assert (line.is_title, line.href, line.links) == (False, None, ())
        assert line.text == "https://evil.exampleno title"

    @pytest.mark.parametrize(
        ("href", "told"),
        [
            ("/doc/x", "https://a.example/doc/x"),
            ("https://b.example/", "https://b.example/"),
            ("javascript:alert(1)", None),
            ("http://[", None),
            ("", None),
        ],
    )
    def test_only_web_addresses_are_kept(self, href: str, told: str | None) -> None:
        body = f'<html><body><h1><a href="{href}">T</a></h1></body></html>'
        page = page_lines(
            Response("x", body.encode()), site="https://a.example/", titles="h1", links="a"
        )
        (line,) = page.lines
        assert (line.text, line.href) == ("T", told)


class TestArxivJpRequests:
    def test_a_page_is_asked_for_only_if_the_feed_says_so(self) -> None:
        feed = Feed("jp", "arxivjp", options={"via": "page"})
        assert source("arxivjp").requests(feed, NOW) == [Request("https://arxiv.jp/", kind="page")]

    def test_the_page_may_be_that_of_a_category(self) -> None:
        url = "https://arxiv.jp/category/cs-lg/"
        feed = Feed("jp", "arxivjp", url, options={"via": "page"})
        assert source("arxivjp").requests(feed, NOW) == [Request(url, kind="page")]

    def test_another_way_is_refused(self) -> None:
        with pytest.raises(SourceError, match="via must be feed or page, not 'list'"):
            source("arxivjp").requests(Feed("jp", "arxivjp", options={"via": "list"}), NOW)


class TestArxivJpPages:
    def test_a_heading_above_the_labels_is_the_title(self) -> None:
        page = parse("arxivjp", "<h1>arxiv.jp</h1>" + post("<h2>One</h2><p>admin</p>"))
        assert [entry.title for entry in page.entries] == ["One"]

    def test_a_closing_line_gives_a_title_that_no_heading_does(self) -> None:
        closed = "<p>カテゴリー: cs.LG | One はコメントを受け付けていません</p>"
        (entry,) = parse("arxivjp", post("<p>One</p>") + closed).entries
        assert (entry.title, entry.categories) == ("One", ("cs.LG",))

    def test_the_next_post_is_not_taken_for_the_end_of_this_one(self) -> None:
        facts = "<p>発行日 2025-02-26 16:59:21+00:00</p>"
        page = parse("arxivjp", post(facts="<p></p>") + post("<h2>Two</h2>", facts))
        one, two = page.entries
        assert (one.flags, two.flags) == (("no_authors", "no_date"), ("no_authors",))

    def test_a_link_in_an_abstract_is_not_the_paper(self) -> None:
        linked = post().replace(
            "Abstract of it", '<a href="https://arxiv.org/abs/2401.00001">Abstract</a> of it'
        )
        (entry,) = parse("arxivjp", linked).entries
        assert (entry.arxiv_id, entry.abstract) == (None, "Abstract of it.")

    def test_a_record_without_any_title_is_left_out_and_told(self) -> None:
        page = parse("arxivjp", post("<p>no heading</p>") + post("<h2>Two</h2>"))
        assert [entry.title for entry in page.entries] == ["Two"]
        assert page.problems[0] == "paper 1: no title; left out"

    def test_a_page_without_a_paper_has_changed(self) -> None:
        with pytest.raises(ParseError, match=r"the layout of arXiv\.jp has changed"):
            parse("arxivjp", "<h1>arxiv.jp</h1><h2>One</h2><p>an excerpt […]</p>")

    def test_a_page_that_is_xhtml_is_a_page(self) -> None:
        body = (
            '<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0'
            ' Strict//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd">'
            f'<html xmlns="http://www.w3.org/1999/xhtml"><body>{post()}</body></html>'
        )
        page = source("arxivjp").parse(Response("x", body.encode()), Feed("jp", "arxivjp"))
        assert [entry.title for entry in page.entries] == ["One"]

    def test_posts_beyond_the_limit_are_left_out_and_told(self) -> None:
        page = parse("arxivjp", post() * 2_001)
        assert len(page.entries) == 2_000
        assert page.problems[-1] == "paper 2001: too many papers; the rest is left out"


class TestAITopicsRequests:
    @pytest.mark.parametrize("told", ["true", "True", "yes"])
    def test_a_page_is_asked_for_only_if_the_feed_says_so(self, told: str) -> None:
        url = "https://aitopics.org/search?q=lanterns"
        feed = Feed("topics", "aitopics", url, options={"fetch": told})
        assert source("aitopics").requests(feed, NOW) == [Request(url, kind="page")]

    @pytest.mark.parametrize("options", [{}, {"fetch": "false"}, {"fetch": "False"}])
    def test_else_files_are_asked_for(self, options: dict[str, str]) -> None:
        feed = Feed("topics", "aitopics", "https://aitopics.org/search", options=options)
        with pytest.raises(SourceError, match="digest import aitopics FILE"):
            source("aitopics").requests(feed, NOW)

    @pytest.mark.parametrize(
        ("location", "told"), [("", "true"), ("saved.html", "true"), ("https://a.example", "maybe")]
    )
    def test_what_makes_no_sense_is_refused(self, location: str, told: str) -> None:
        feed = Feed("topics", "aitopics", location, options={"fetch": told})
        with pytest.raises(SourceError, match="feed 'topics'"):
            source("aitopics").requests(feed, NOW)


class TestAITopicsPages:
    @pytest.mark.parametrize(
        ("told", "day"),
        [
            ("Aug-28-2025", (2025, 8, 28)),
            ("August 28, 2025", (2025, 8, 28)),
            ("28 August 2025", (2025, 8, 28)),
            ("The Review | 2025-08-28", (2025, 8, 28)),
            ("Feb-31-2025", None),
            ("2025", None),
        ],
    )
    def test_days_are_read_in_every_form(self, told: str, day: tuple[int, int, int] | None) -> None:
        (entry,) = parse("aitopics", card(more=f"<div>{told}</div>")).entries
        expected = datetime(*day, tzinfo=UTC) if day else None
        assert entry.published_at == expected

    def test_links_to_several_papers_name_none(self) -> None:
        links = "".join(f'<a href="https://arxiv.org/abs/2501.0000{n}">cited</a> ' for n in (1, 2))
        (entry,) = parse("aitopics", card(more=links)).entries
        assert entry.arxiv_id is None

    def test_a_link_repeated_in_a_card_begins_no_other(self) -> None:
        page = parse("aitopics", card(more='<a href="/doc/arxivorg:0A">Full text</a>'))
        assert [entry.title for entry in page.entries] == ["One"]
        assert page.problems == ()

    def test_a_page_tells_its_own_address(self) -> None:
        url = "https://aitopics.org/doc/conf:7B"
        (entry,) = parse("aitopics", f"<h1>One</h1><p>{PROSE}</p>", url).entries
        assert (entry.title, entry.external_id, entry.url) == ("One", "conf:7B", url)

    @pytest.mark.parametrize("body", ["", "<p>Please verify</p>", "<h1>AITopics</h1>", card()[:60]])
    def test_a_page_without_a_paper_has_changed(self, body: str) -> None:
        with pytest.raises(ParseError, match="the layout of AITopics has changed"):
            parse("aitopics", body)

    def test_papers_beyond_the_limit_are_left_out_and_told(self) -> None:
        page = parse("aitopics", "".join(card(identity=f"a:{n:X}") for n in range(2_001)))
        assert len(page.entries) == 2_000
        assert page.problems == ("more than 2000 papers; the rest is left out",)


def test_mixed_up_pages_are_told_apart() -> None:
    ours = f"<!doctype html><html><body>{card()}</body></html>"
    assert site_of(ours.encode()) == "aitopics"
    with pytest.raises(ParseError, match="from aitopics, not from arxivjp"):
        parse("arxivjp", card())
    with pytest.raises(ParseError, match="from arxivjp, not from aitopics"):
        parse("aitopics", post())
