"""The whole way of a reader in a real browser: narrow and wide, with and without JavaScript."""

import re

import pytest
from browser.conftest import DESKTOP, PHONE, visiting
from web.conftest import link_of

from digest.models import AnswerKind, SubscriberState

FIRST, OTHER, LATER = "glacier acoustics", "harbour robots", "glacier dust"


@pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_a_reader_subscribes_answers_changes_pauses_and_leaves(
    chromium,
    living,
    size,
    script,
) -> None:
    living.add_papers()
    zone = {"timezone_id": "Asia/Tokyo"} if script else {}
    with visiting(chromium, size, script=script, **zone) as visit:
        subscribe(visit, living, script=script)
        (letter,) = living.letters()
        confirm(visit, living, letter)
        assert living.publish().sent == 1
        (edition,) = living.editions()
        answer(visit, living, edition)
        changed_next_morning(living)
        visit.open(living.base + link_of(living.editions()[-1], "archive", living.base))
        assert visit.page.get_by_role("link", name=f"On {LATER}, part 11", exact=True).is_visible()
        pause_and_come_back(visit, living)
        leave(visit, living, edition)
        assert {url.split("/")[2] for url in visit.asked} == {living.base.split("/")[2]}


def subscribe(visit, living, *, script) -> None:
    page = visit.open(living.base)
    assert page.get_by_role("heading", level=1).is_visible()
    assert page.get_by_text("It looks like this").is_visible()
    assert not visit.is_wider_than_its_window()
    page.get_by_label("Words and phrases").fill(FIRST)
    if script:  # it follows by itself
        assert page.get_by_label("Time zone").input_value() == "Asia/Tokyo"
        page.get_by_text("Today it would be this").wait_for()
    else:
        visit.press("Preview")
    assert page.get_by_text("brought about 1 paper").is_visible()
    assert page.get_by_role("link", name=f"On {FIRST}, part 1", exact=True).is_visible()
    assert page.get_by_label("Words and phrases").input_value() == FIRST
    page.get_by_label("Your mail address").fill("ada@example.org")
    visit.press("Subscribe")
    assert page.get_by_role("heading", name="Look into your mailbox").is_visible()
    assert living.person() is None


def confirm(visit, living, letter) -> None:
    page = visit.open(living.base + link_of(letter, "confirm", living.base))
    assert page.get_by_text(FIRST).is_visible()
    assert living.person() is None
    visit.press("Confirm")
    assert page.get_by_role("heading", name="Confirmed").is_visible()
    assert living.person().state is SubscriberState.ACTIVE


def answer(visit, living, edition) -> None:
    text = edition.get_body(("plain",)).get_content()
    links = dict(
        re.findall(r"\d+\.  On (\w+ \w+), part.*?mute: (\S+)", text, re.S),
    )
    page = visit.open(links[FIRST])
    assert page.get_by_role("heading", name=f"On {FIRST}").is_visible()
    assert not living.app.readers.answers(living.person())
    visit.press("More like this")
    assert page.get_by_role("status").is_visible()
    visit.press("Save for later")
    page.get_by_label("Never a word again").fill("dust storms")
    visit.press("Mute")
    told = {a.kind for a, _ in living.app.readers.answers(living.person())}
    assert told == {AnswerKind.MORE, AnswerKind.SAVE}
    assert "dust storms" in [i.value for i in living.person().profile.muted]
    assert not visit.is_wider_than_its_window()


def changed_next_morning(living) -> None:
    living.move(days=1)
    living.add_papers(LATER, OTHER, "glacier dust storms", start=11)
    assert living.publish().sent == 1
    text = living.editions()[-1].get_body(("plain",)).get_content()
    assert f"On {LATER}, part 11" in text
    assert "dust storms" not in text


def pause_and_come_back(visit, living) -> None:
    page = visit.open(living.app.linker.manage(living.person()))
    assert page.get_by_text("more On glacier acoustics").is_visible()
    assert not visit.is_wider_than_its_window()
    page.get_by_label("Words and phrases").fill(f"{FIRST}\n{OTHER}")
    visit.press("Save")
    assert page.get_by_role("status").is_visible()
    assert [i.value for i in living.person().profile.wanted] == [FIRST, OTHER]
    page.get_by_label("Until").fill("2026-12-01")
    visit.press("Pause")
    assert living.person().state is SubscriberState.PAUSED
    visit.press("Receive again")
    assert living.person().state is SubscriberState.ACTIVE


def leave(visit, living, edition) -> None:
    page = visit.open(living.base + link_of(edition, "unsubscribe", living.base))
    assert living.person().state is SubscriberState.ACTIVE
    visit.press("Unsubscribe")
    assert page.get_by_role("heading", name="You are unsubscribed").is_visible()
    assert living.person().state is SubscriberState.UNSUBSCRIBED
    living.move(days=1)
    assert living.publish().planned == 0
