"""Links: each reader's own, each for one purpose, and none where there are no pages."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from urllib.parse import unquote, urlsplit

import pytest

from digest.errors import ConfigError
from digest.links import Linker
from digest.models import (
    AnswerKind,
    Edition,
    Paper,
    Profile,
    ScoredPaper,
    Section,
    Subscriber,
    SubscriberState,
)
from digest.rendering import Links
from digest.tokens import Claim, Purpose, Tokens

NOW = datetime(2026, 11, 16, 8, tzinfo=UTC)
TOKENS = Tokens(["a secret of enough characters"])
ADA = Subscriber(7, "ada@example.org", SubscriberState.ACTIVE, Profile(), NOW, link_generation=3)
EDITION = Edition(
    date(2026, 11, 16),
    NOW,
    "",
    "en",
    (Section("Ice", None, tuple(ScoredPaper(Paper(n, f"Paper {n}"), 1.0, None) for n in (4, 9))),),
    2,
)
linker = Linker("https://digest.example.org", TOKENS, "off@example.org")


def claim(link: str, purpose: Purpose, now: datetime = NOW) -> Claim | None:
    return TOKENS.read(urlsplit(link).path.split("/")[2].partition(".")[0], purpose, now)


def test_an_edition_links_to_its_readers_pages_and_to_an_answer_on_each_paper():
    links = linker.for_edition(ADA, 11, EDITION)
    assert claim(links.unsubscribe, Purpose.UNSUBSCRIBE) == Claim(Purpose.UNSUBSCRIBE, 7, 3)
    assert claim(links.manage, Purpose.MANAGE) == Claim(Purpose.MANAGE, 7, 3)
    assert links.view == f"{links.archive}/2026-11-16"
    assert claim(links.view, Purpose.ARCHIVE) == Claim(Purpose.ARCHIVE, 7, 3)
    assert links.answers.keys() == {4, 9}
    assert claim(links.answers[9], Purpose.ANSWER) == Claim(Purpose.ANSWER, 7, 3, (11, 9))
    assert all(x.startswith("https://digest.example.org/") for x in (links.manage, links.view))


def test_an_edition_that_is_not_stored_links_to_nothing_that_would_need_it():
    links = linker.for_edition(ADA, None, EDITION)
    assert (links.archive, links.view, links.answers) == ("", "", {})
    assert links.manage


def test_without_pages_a_reader_can_leave_by_mail_and_nothing_else():
    links = Linker("", TOKENS, "off@example.org").for_edition(ADA, 11, EDITION)
    assert links == Links(unsubscribe=links.unsubscribe)
    token = unquote(urlsplit(links.unsubscribe).query).rpartition(" ")[2]
    assert TOKENS.read(token, Purpose.UNSUBSCRIBE, NOW) == Claim(Purpose.UNSUBSCRIBE, 7, 3)
    bare = Linker("", None, "off@example.org").for_edition(ADA, 11, EDITION)
    assert bare == Links(unsubscribe="mailto:off@example.org?subject=unsubscribe")
    assert Linker().for_edition(ADA, 11, EDITION) == Links()


def test_feeds_and_chosen_answers_have_their_links():
    assert linker.feed(ADA).endswith(".atom")
    assert claim(linker.feed(ADA, "json"), Purpose.FEED) == Claim(Purpose.FEED, 7, 3)
    assert linker.answer(ADA, 11, 9, AnswerKind.MORE).endswith("?answer=more")
    assert Linker().feed(ADA) == Linker().archive(ADA, NOW.date()) == Linker().home() == ""
    assert linker.home() == "https://digest.example.org/"


def test_links_that_confirm_an_address_last_as_long_as_they_are_told_to():
    until = NOW + timedelta(hours=48)
    for link, purpose, expected in (
        (linker.confirm(5, until), Purpose.CONFIRM, Claim(Purpose.CONFIRM, 5, 0)),
        (linker.readdress(ADA, 5, until), Purpose.READDRESS, Claim(Purpose.READDRESS, 7, 3, (5,))),
    ):
        assert claim(link, purpose) == expected
        assert claim(link, purpose, until) is None


def test_a_newer_generation_makes_other_links():
    assert linker.manage(ADA) != linker.manage(replace(ADA, link_generation=4))


def test_pages_without_a_secret_are_refused():
    with pytest.raises(ConfigError, match="digest init"):
        Linker("https://digest.example.org", None)
