import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from digest.errors import ParseError, SourceError
from digest.sources.arxivjp import FEED as SITE_FEED
from digest.sources.arxivjp import ArxivJp
from digest.sources.base import Feed, Page, Request, Response

SOURCE = ArxivJp()
FEED = Feed("jp", "arxivjp")
NOW = datetime(2025, 3, 1, tzinfo=UTC)


def parse(body: str | bytes, complete: bool = True) -> Page:
    body = body.encode() if isinstance(body, str) else body
    return SOURCE.parse(Response("capture", body, received_at=NOW, complete=complete), FEED)


def record(title: str, authors: str = "Ada Brook", site: str = "arxiv_id(pdf)") -> str:
    return (
        f"{title}\n\n要約\n\n一つ目の文です。\n二つ目の文です。\n\n要約(オリジナル)\n\n"
        f"Abstract of {title}.\n\narxiv情報\n\n著者 {authors}\n発行日 2025-02-26 16:59:21+00:00\n"
        f"arxivサイト {site}\n\n提供元, 利用サービス\n\narxiv.jp, Google\n\n"
        f"カテゴリー: cs.LG, stat.ML | {title} はコメントを受け付けていません\n\n"
    )


def titles(page: Page) -> list[str]:
    return [entry.title for entry in page.entries]


class TestRequests:
    def test_the_feed_of_the_site_is_the_default(self) -> None:
        assert SOURCE.requests(FEED, NOW) == [Request(SITE_FEED, kind="feed")]

    def test_a_category_has_its_own_feed(self) -> None:
        url = "https://arxiv.jp/category/cs-lg/feed/"
        assert SOURCE.requests(Feed("jp", "arxivjp", url), NOW) == [Request(url, kind="feed")]

    def test_a_location_that_is_no_web_address_is_refused(self) -> None:
        with pytest.raises(SourceError, match="digest import arxivjp FILE"):
            SOURCE.requests(Feed("jp", "arxivjp", "page.txt"), NOW)


class TestPageText:
    def test_a_record_gives_every_field(self) -> None:
        (entry,) = parse(record("One", "Oğuzhan Ersoy,Jérémy E. Cohen")).entries
        assert entry.abstract == "Abstract of One."
        assert entry.translations == {"ja": "一つ目の文です。\n二つ目の文です。"}
        assert entry.authors == ("Oğuzhan Ersoy", "Jérémy E. Cohen")
        assert entry.n_authors == 2
        assert entry.categories == ("cs.LG", "stat.ML")
        assert entry.published_at == datetime(2025, 2, 26, 16, 59, 21, tzinfo=UTC)
        assert (entry.arxiv_id, entry.url, entry.flags) == (None, None, ())

    @pytest.mark.parametrize(
        "site", ["2502.01234v2(pdf)", "https://arxiv.org/abs/2502.01234v2 (pdf)"]
    )
    def test_an_id_is_taken_where_the_capture_kept_it(self, site: str) -> None:
        (entry,) = parse(record("One", site=site)).entries
        assert (entry.arxiv_id, entry.arxiv_version) == ("2502.01234", 2)
        assert entry.pdf_url == "https://arxiv.org/pdf/2502.01234"

    def test_a_title_may_hold_a_bar(self) -> None:
        assert titles(parse(record("P(A | B) | C"))) == ["P(A | B) | C"]

    def test_labels_may_be_wide(self) -> None:
        wide = (
            record("One")
            .replace("要約(オリジナル)", "要約（オリジナル）")
            .replace("リー: ", "リー： ")
        )
        assert parse(wide) == parse(record("One"))

    def test_line_ends_and_marks_change_nothing(self) -> None:
        plain = (record("One") + record("Two")).strip()
        expected = parse(plain)
        assert titles(expected) == ["One", "Two"]
        for variant in (plain + "\n", "\ufeff" + plain, plain.replace("\n", "\r\n")):
            assert parse(variant) == expected

    @pytest.mark.parametrize(
        "damage",
        [
            lambda text: text.replace("Two\n", "", 1),
            lambda text: text.replace("\n要約\n", "\n", 1),
            lambda text: text.replace("要約(オリジナル)", ""),
            lambda text: text.replace("arxiv情報", ""),
            lambda text: text.replace("Abstract of Two.", ""),
            lambda text: text.replace("Two はコメント", "Tw はコメント"),
            lambda text: text.replace("カテゴリー: cs.LG, stat.ML | ", ""),
            lambda text: text[: len(text) // 2],
            lambda text: text[len(text) // 2 :],
        ],
    )
    def test_a_damaged_record_costs_only_itself(self, damage: Callable[[str], str]) -> None:
        page = parse(record("One") + damage(record("Two")) + "\n" + record("Three"))
        assert titles(page) == ["One", "Three"]
        (problem,) = page.problems
        assert problem.startswith(("line 24: ", "line 25: ")), problem

    def test_a_record_without_its_date_is_kept_and_flagged(self) -> None:
        page = parse(record("One").replace("発行日 2025-02-26", "発行日 2025-02-99"))
        assert page.entries[0].published_at is None
        assert page.entries[0].flags == ("no_date",)
        assert page.problems == ("line 1: no date in: One",)

    def test_what_surrounds_the_records_is_named(self) -> None:
        page = parse("arXiv.jp\n\n" + record("One") + "投稿ナビゲーション\n")
        assert titles(page) == ["One"]
        assert [problem.partition(":")[0] for problem in page.problems] == ["line 1", "line 26"]

    @pytest.mark.parametrize(
        ("body", "told"),
        [
            ("", "is empty"),
            ("Rate exceeded.", "holds other text"),
            ("要約(オリジナル)\n\nnothing else\n", "no whole record in it; line 1"),
            ("<!doctype html><html></html>", "the layout of .* has changed"),
            ("query\nTitle\n- Europe > Iceland (0.04)", "from aitopics, not from arxivjp"),
            ("Title\n\nAbstract\n\n  • 3 authors\n·\nSep 14", "from huggingface, not from arxivjp"),
            ('[{"paper": {"id": "2605.00001"}}]', "from huggingface, not from arxivjp"),
        ],
    )
    def test_what_is_no_page_is_refused(self, body: str, told: str) -> None:
        with pytest.raises(ParseError, match=told):
            parse(body)

    def test_random_damage_raises_nothing_but_a_refusal(self, data: Path) -> None:
        body = (data / "sources" / "arxivjp" / "category.txt").read_bytes()
        for cut in range(0, len(body), 11):
            for damaged in (body[:cut], body[cut:], body[:cut] + b"\xff\n | " + body[cut + 9 :]):
                try:
                    parse(damaged)
                except ParseError:
                    continue


class TestFeed:
    def test_the_links_give_the_id_and_the_post_its_day(self, data: Path) -> None:
        body = (data / "sources" / "arxivjp" / "feed.xml").read_bytes()
        entry = parse(body).entries[0]
        assert (entry.arxiv_id, entry.arxiv_version) == ("2502.01234", 1)
        assert entry.listed_date == date(2025, 2, 27)
        assert "admin" not in entry.authors

    def test_a_feed_without_items_is_no_error(self) -> None:
        page = parse(
            '<?xml version="1.0"?><rss version="2.0"><channel><title>arXiv.jp</title></channel></rss>'
        )
        assert page == Page(())

    def test_a_feed_that_was_cut_short_is_told_incomplete(self, data: Path) -> None:
        body = (data / "sources" / "arxivjp" / "feed.xml").read_bytes()
        page = parse(body[: body.rindex(b"<guid")])
        assert titles(page) == ["Lantern Models: Dimming Experts’ Light"]
        assert not page.complete
        assert len(page.problems) == 1
        assert not parse(body, complete=False).complete

    @pytest.mark.parametrize(
        ("body", "told"),
        [
            ("<?xml version='1.0'?><opml/>", "capture: no RSS or Atom feed"),
            (
                '<rss version="2.0"><channel><item><title>A</title><link>https://blog.example/</link>'
                "</item></channel></rss>",
                "capture is not from arxivjp",
            ),
            (
                '<rss version="2.0"><channel><link>https://rss.arxiv.org/rss/cs.LG</link><item>'
                "<title>A</title><link>https://arxiv.org/abs/2502.00001</link></item></channel></rss>",
                "from arxiv, not from arxivjp",
            ),
        ],
    )
    def test_another_feed_is_refused(self, body: str, told: str) -> None:
        with pytest.raises(ParseError, match=told):
            parse(body)

    def test_unclosed_tags_by_the_thousand_are_read_in_no_time(self) -> None:
        content = "<p" * 200_000 + "<td>" * 50_000
        body = (
            '<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel>'
            "<item><title>A</title><link>https://arxiv.jp/p1</link>"
            f"<content:encoded><![CDATA[{content}]]></content:encoded></item></channel></rss>"
        )
        (entry,) = parse(body).entries
        assert entry.flags == ("no_abstract", "no_authors", "no_date")

    @pytest.mark.captures
    def test_a_feed_and_a_copied_page_give_the_same_papers(self, captures: Path) -> None:
        page = parse((captures / "wordpress" / "reconstructed_arxivjp_cs-lg_rss2.xml").read_bytes())
        expected = json.loads(
            (captures / "seeds_expected" / "002_395b32c81ab3bf0f.json").read_text()
        )
        assert page.problems == ()
        assert len(page.entries) == 10
        for number, (entry, told) in enumerate(zip(page.entries, expected["items"], strict=True)):
            assert entry.title == told["title"]
            assert entry.abstract == told["abstract"]
            assert list(entry.authors) == told["authors"]
            assert entry.translations == {"ja": "\n".join(told["abstract_ja_lines"])}
            assert entry.published_at == datetime.fromisoformat(told["published"])
            assert entry.listed_date == date(2025, 2, 27)
            assert list(entry.categories) == told["categories"]
            assert (entry.arxiv_id, entry.arxiv_version) == (f"2502.{19000 + number}", 1)
            assert entry.url == f"http://arxiv.jp/2025/02/27/p{100000 + number}/"
