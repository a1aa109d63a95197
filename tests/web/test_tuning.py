"""More, less or none of what a reason names: a link of the mail, a page, and a button that acts."""

import re
from dataclasses import replace

import pytest

from digest.models import AnswerKind, Interest, InterestKind, Profile, Reason, ReasonKind, Updates
from digest.subscriptions.tuning import Wish, tuned

ICE = Interest(InterestKind.PHRASE, "glacier acoustics")
ADA = Interest(InterestKind.AUTHOR, "Ada Quill")
RAIN = Interest(InterestKind.TEXT, "I listen to rain.")
LIKE = Interest(InterestKind.EXAMPLE, "2611.00001")
TOPIC = Interest(InterestKind.TOPIC, "Robots")
PROFILE = Profile((ICE, ADA, RAIN, LIKE, TOPIC))


def said(kind: ReasonKind, value: str) -> Reason:
    return Reason(kind, value)


@pytest.mark.parametrize(
    ("reason", "interest"),
    [
        (said(ReasonKind.PHRASE, "Glacier Acoustics"), ICE),
        (said(ReasonKind.WORDS, "glacier acoustics"), ICE),
        (said(ReasonKind.AUTHOR, "Ada Quill"), ADA),
        (said(ReasonKind.NAMESAKE, "Ada Quill"), ADA),
        (said(ReasonKind.WORDS, "I listen to rain."), RAIN),
        (said(ReasonKind.EXAMPLE, "On ice"), LIKE),
        (said(ReasonKind.TOPIC, "Technology > Robots"), TOPIC),
    ],
)
def test_a_wish_changes_the_interest_that_the_reason_names_and_no_other(reason, interest) -> None:
    titles = {"2611.00001": "On ice"}
    more = tuned(PROFILE, reason, Wish.MORE, titles)
    assert more == replace(
        PROFILE,
        interests=tuple(replace(i, weight=2.0) if i == interest else i for i in PROFILE.interests),
    )
    assert tuned(more, reason, Wish.MORE, titles) == more
    less = tuned(PROFILE, reason, Wish.LESS, titles)
    assert less is not None and [i.weight for i in less.interests if i.value == interest.value] == [
        0.5
    ]
    none = tuned(PROFILE, reason, Wish.NONE, titles)
    assert none is not None and interest not in none.interests
    muted = [i.value for i in none.muted]
    assert muted == ([] if interest is RAIN else [interest.value])
    assert tuned(none, reason, Wish.NONE, titles) is None


def test_popular_papers_and_updates_have_their_own_measure() -> None:
    popular, update = said(ReasonKind.POPULARITY, "arxiv"), said(ReasonKind.UPDATE, "2")
    counts = [tuned(PROFILE, popular, wish, {}).trending for wish in Wish]  # type: ignore[union-attr]
    assert counts == [4, 1, 0]
    updates = [tuned(PROFILE, update, wish, {}).updates for wish in Wish]  # type: ignore[union-attr]
    assert updates == [Updates.ALL, Updates.WITHDRAWN, Updates.NONE]


@pytest.fixture
def link(house) -> str:
    """The link beside the first reason in the mail."""
    house.add_papers()
    house.subscribe()
    house.publish()
    html = house.mails()[-1].get_body(("html",)).get_content()
    found = re.search(r"href=\"https://digest\.example\.org(/feedback/[\w-]+\?why=0)\"", html)
    assert found
    return found[1]


def test_the_link_beside_a_reason_shows_it_with_buttons_and_changes_nothing(house, link) -> None:
    before = house.dump()
    for _ in range(3):
        page = house.client.get(link)
        house.client.head(link)
        assert page.text.index("mentions “glacier acoustics”") < page.text.index("Or rather")
        assert page.text.count('value="tune_more"') == 1
    assert house.dump() == before


@pytest.mark.parametrize(
    ("wish", "weights", "muted"),
    [
        ("tune_more", [2.0], []),
        ("tune_less", [0.5], []),
        ("tune_none", [], ["glacier acoustics"]),
    ],
)
def test_a_button_acts_and_pressing_it_twice_changes_nothing_more(
    house, link, wish, weights, muted
) -> None:
    path = link.partition("?")[0]
    for _ in range(2):
        house.client.post(path, data={"answer": wish, "why": "0"})
        profile = house.person().profile
        assert [i.weight for i in profile.wanted] == weights
        assert [i.value for i in profile.muted] == muted


@pytest.mark.parametrize("why", ["", "7", "-1", "x", "²"])
def test_a_reason_that_is_not_there_is_told(house, link, why) -> None:
    before = house.person()
    answer = house.client.post(link.partition("?")[0], data={"answer": "tune_less", "why": why})
    assert answer.status_code == 422
    assert "not in your profile any more" in answer.text
    assert house.person() == before
    assert house.client.get(link.replace("why=0", f"why={why}")).status_code == 200


def test_what_a_liked_paper_brought_says_so_and_less_of_it_forgets_the_like(house, link) -> None:
    path = link.partition("?")[0]
    house.client.post(path, data={"answer": "more"})
    house.move(days=1)
    house.add_papers("glacier acoustics at night", start=50)
    house.publish()
    text = house.mails()[-1].get_body(("plain",)).get_content()
    line = re.search(r"^More on “.+” since Monday", text, re.MULTILINE)
    assert line, text
    (edition,) = house.store.editions.by_ids([2]).values()
    kinds = [r.kind for r in edition.papers[0].reasons if r.kind is not ReasonKind.TASTE]
    place = next(n for n, k in enumerate(kinds) if k in (ReasonKind.LIKED, ReasonKind.EXAMPLE))
    person, paper = house.person(), edition.papers[0].paper.paper_id
    page = house.site.linker.answer(person, 2, paper).removeprefix("https://digest.example.org")
    ((answer, _),) = house.site.readers.answers(person)
    assert answer.kind is AnswerKind.MORE
    house.client.post(page, data={"answer": "tune_less", "why": str(place)})
    assert house.site.readers.answers(person) == []
