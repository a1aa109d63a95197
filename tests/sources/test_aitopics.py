from datetime import UTC, datetime
from pathlib import Path

import pytest

from digest.errors import ParseError, SourceError
from digest.models import Topic
from digest.sources.aitopics import AITopics
from digest.sources.base import MAX_AUTHORS, MAX_TOPICS, Feed, Page, Response

SOURCE = AITopics()
FEED = Feed("topics", "aitopics")
NOW = datetime(2025, 11, 5, tzinfo=UTC)
PROSE = "We ask a question, and we answer it. " * 10
TAG = "- Europe > Iceland (0.29)"


def parse(*lines: str) -> Page:
    return SOURCE.parse(Response("capture.txt", "\n".join(lines).encode(), received_at=NOW), FEED)


def titles(page: Page) -> list[str]:
    return [entry.title for entry in page.entries]


def test_there_is_nothing_to_fetch() -> None:
    feed = Feed("topics", "aitopics", "https://aitopics.org/search?q=agents")
    with pytest.raises(SourceError, match="digest import aitopics FILE"):
        SOURCE.requests(feed, NOW)


def test_the_query_is_never_a_title() -> None:
    page = parse("Graph Theory", "A Title", PROSE, TAG)
    assert titles(page) == ["A Title"]
    assert page.problems == ()


def test_topics_without_a_title_are_attached_to_nothing() -> None:
    page = parse("query", TAG, "- Government (0.46)", "A Title", PROSE)
    assert page.entries[0].topics == ()
    (problem,) = page.problems
    assert problem.startswith("line 2: 2 topics of a card whose title is lost")


def test_an_item_without_topics_ends_at_the_next_title() -> None:
    page = parse("query", "One", PROSE, "Two", "Doe, Jo, Roe, Al", PROSE, "Three", PROSE, TAG)
    assert titles(page) == ["One", "Two", "Three"]
    assert [len(entry.topics) for entry in page.entries] == [0, 0, 1]
    assert page.entries[1].authors == ("Jo Doe", "Al Roe")


def test_hidden_topics_are_counted_not_invented() -> None:
    page = parse("query", "One", PROSE, TAG, "- (2 more...)")
    (entry,) = page.entries
    assert entry.tags_more == 2
    assert entry.topics == (Topic(("Europe", "Iceland"), 0.29),)


@pytest.mark.parametrize("tag", ["- Europe", "- Europe (1)", "- Europe (7.00)", "- (x more...)"])
def test_a_damaged_topic_costs_only_itself(tag: str) -> None:
    page = parse("query", "One", PROSE, tag, TAG)
    assert page.entries[0].topics == (Topic(("Europe", "Iceland"), 0.29),)
    assert page.problems[0] == f"line 4: a topic without a confidence; left out: {tag}"


@pytest.mark.parametrize(
    ("raw", "authors"),
    [
        ("Xu, Xu", ("Xu Xu",)),
        ("Bogaert, Jeremie, de Marneffe, Marie-Catherine", ("Jeremie Bogaert", "Marie-Catherine de Marneffe")),
        ("Erdogdu, Murat A., Farahmand, Amir-massoud", ("Murat A. Erdogdu", "Amir-massoud Farahmand")),
        ("O'Neil, Séan, 李, 明", ("Séan O'Neil", "明 李")),
    ],
)  # fmt: skip
def test_names_are_paired_last_first(raw: str, authors: tuple[str, ...]) -> None:
    (entry,) = parse("query", "One", raw, PROSE).entries
    assert entry.authors == authors
    assert entry.authors_raw == raw
    assert entry.n_authors == len(authors)
    assert entry.flags == ()


@pytest.mark.parametrize(
    "raw",
    [
        "Doe, Jo, Plato",
        "the ATLAS Collaboration, Doe, Jo, Plato",
        "GLM Team, Doe, Jo, Aristotle",
        "OpenLab",
    ],
)
def test_names_that_cannot_be_paired_for_certain_stay_whole(raw: str) -> None:
    (entry,) = parse("query", "One", raw, PROSE).entries
    assert entry.authors == (raw,)
    assert entry.authors_raw == raw
    assert entry.n_authors is None
    assert entry.flags == ("authors_ambiguous",)


def test_a_long_list_of_names_is_no_abstract() -> None:
    raw = ", ".join(f"Last{n}, First{n}" for n in range(287))
    (entry,) = parse("query", "One", raw, PROSE).entries
    assert entry.n_authors == 287
    assert entry.abstract == PROSE.strip()


def test_a_title_may_look_like_prose_or_names() -> None:
    page = parse(
        "query",
        "Are We There Yet? Measuring Roads.",
        PROSE,
        "Fair, Private, Robust",
        "Doe, Jo",
        PROSE,
        "Speech, Sound, Music, Noise",
        "Roe, Al",
        PROSE,
    )
    assert len(page.entries) == 3
    assert page.entries[1].authors == ("Jo Doe",)
    assert titles(page)[2] == "Speech, Sound, Music, Noise"


class TestDamage:
    """A card that lost a part is left out; the next one is read."""

    def test_a_title_without_an_abstract(self) -> None:
        page = parse("query", "Lost, and Never Found Again", TAG, "Two", PROSE)
        assert titles(page) == ["Two"]
        assert page.problems[0].startswith("line 2: a title without an abstract; left out: Lost")
        assert page.problems[1].startswith("line 3: 1 topic of a card whose title is lost")

    def test_authors_without_an_abstract(self) -> None:
        page = parse("query", "Lost", "Doe, Jo, Roe, Al", TAG, "Two", PROSE)
        assert titles(page) == ["Two"]
        assert page.problems[0].startswith("line 2: a title without an abstract")

    def test_an_abstract_without_a_title(self) -> None:
        page = parse("query", "One", PROSE, TAG, PROSE, TAG, "Two", PROSE)
        assert titles(page) == ["One", "Two"]
        assert [len(entry.topics) for entry in page.entries] == [1, 0]
        assert page.problems[0].startswith("line 5: an abstract without a title")

    def test_authors_and_an_abstract_without_a_title(self) -> None:
        page = parse("query", "One", PROSE, TAG, "Doe, Jo, Roe, Al", PROSE, TAG, "Two", PROSE)
        assert titles(page) == ["One", "Two"]
        assert page.problems[0].startswith("line 5: authors and an abstract without a title")

    def test_an_end_in_the_middle(self) -> None:
        assert titles(parse("query", "One", PROSE, TAG, "Two")) == ["One"]
        assert titles(parse("query", "One", PROSE, TAG, "Two", "Doe, Jo")) == ["One"]


def test_line_ends_and_marks_change_nothing(data: Path) -> None:
    body = (data / "sources" / "aitopics" / "search.txt").read_bytes()
    plain = SOURCE.parse(Response("f", body, received_at=NOW), FEED)
    for variant in (body + b"\n", b"\xef\xbb\xbf" + body, body.replace(b"\n", b"\r\n")):
        assert SOURCE.parse(Response("f", variant, received_at=NOW), FEED) == plain


def test_too_much_is_cut_and_flagged() -> None:
    raw = ", ".join(f"Last{n}, First{n}" for n in range(MAX_AUTHORS + 1))
    page = parse("query", "One", raw, PROSE, *[TAG] * (MAX_TOPICS + 1))
    (entry,) = page.entries
    assert (len(entry.authors), entry.n_authors) == (MAX_AUTHORS, MAX_AUTHORS + 1)
    assert len(entry.topics) == MAX_TOPICS
    assert entry.flags == ("authors_cut", "topics_cut")


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("", "is empty"),
        ("query", "no paper in it"),
        ("Rate exceeded.", "no paper in it"),
        ("<html><body>Please verify</body></html>", "the layout of .* has changed"),
        ("<?xml version='1.0'?><rss/>", "holds XML"),
        ('[{"paper": {}}]', "from huggingface, not from aitopics"),
        ("Daily Papers\n\nbyAK and the research community\n\nNov 5\n", "from huggingface"),
        ("T\n\n要約(オリジナル)\n\nA\n", "from arxivjp, not from aitopics"),
    ],
)
def test_what_is_no_search_page_is_refused(body: str, told: str) -> None:
    with pytest.raises(ParseError, match=told):
        parse(body)


def test_random_damage_raises_nothing_but_a_refusal(data: Path) -> None:
    body = (data / "sources" / "aitopics" / "search.txt").read_bytes()
    for cut in range(0, len(body), 11):
        for damaged in (body[:cut], body[cut:], body[:cut] + b"\xff\n\n- " + body[cut + 9 :]):
            try:
                SOURCE.parse(Response("f", damaged, received_at=NOW), FEED)
            except ParseError:
                continue
