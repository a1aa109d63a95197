"""axe-core finds nothing serious on any page, in any mail, light and dark."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from browser.conftest import DESKTOP, PHONE, visiting
from web.conftest import link_of

from digest.models import AnswerKind

SERIOUS = ("serious", "critical")


@pytest.fixture
def lived_in(living):
    """A house with a reader who has answered on a paper of two editions."""
    living.add_papers()
    person = living.subscribe("ada@example.org", "glacier acoustics", "harbour robots")
    living.publish()
    living.move(days=1)
    living.add_papers("glacier dust", "harbour seals", start=11)
    living.publish()
    number = next(iter(living.store.editions.dates(person.subscriber_id).values()))
    paper = living.store.editions.edition(number).papers[0].paper
    question = living.app.readers.asked(
        living.app.linker.answer(person, number, paper.paper_id).rpartition("/")[2], living.now
    )
    for kind in (AnswerKind.MORE, AnswerKind.SAVE):
        living.app.readers.answer(question, kind, living.now)
    living.sign_up("new@example.org")
    return living


def serious(page) -> list[str]:
    """Return what axe-core calls serious or worse, with where it is."""
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [
        f"{one['id']}: {node['target']} {node['failureSummary']}"
        for one in found
        if one["impact"] in SERIOUS
        for node in one["nodes"]
    ]


def pages(living) -> dict[str, str]:
    person, linker = living.person(), living.app.linker
    text = living.editions()[-1].get_body(("plain",)).get_content()
    return {
        "home": living.base,
        "home in Japanese": f"{living.base}/?lang=ja",
        "confirm": living.base + link_of(living.letters()[-1], "confirm", living.base),
        "manage": linker.manage(person),
        "unsubscribe": linker.unsubscribe(person),
        "feedback": re.search(r"mute: (\S+)", text)[1],
        "archive": linker.archive(person),
        "edition": living.base + link_of(living.editions()[-1], "archive", living.base),
        "nowhere": f"{living.base}/nothing",
    }


@pytest.mark.parametrize(
    ("scheme", "size"), [("light", DESKTOP), ("dark", PHONE)], ids=["light", "dark"]
)
def test_no_page_has_a_serious_fault(chromium, lived_in, scheme, size) -> None:
    with visiting(chromium, size, color_scheme=scheme) as visit:
        for name, link in pages(lived_in).items():
            page = visit.open(link)
            for each in page.locator("details").all():
                each.evaluate("element => element.open = true")
            assert (name, serious(page)) == (name, [])
            assert (name, visit.is_wider_than_its_window()) == (name, False)
        after_buttons(visit, lived_in)


def after_buttons(visit, living) -> None:
    """Look at what pages say after their buttons: previews, problems, thanks."""
    page = visit.open(living.base)
    page.get_by_label("Words and phrases").fill("glacier acoustics\nglacier acustics")
    page.get_by_text("Papers you like").click()
    page.get_by_label("Find a paper by its title").fill("harbour")
    visit.press("Find")
    assert page.get_by_role("checkbox", name=re.compile("harbour robots")).is_visible()
    assert page.get_by_text("never stands word for word").is_visible()
    assert ("preview", serious(page)) == ("preview", [])
    page.get_by_label("Time zone").fill("Moon/Crater")
    page.get_by_label("Your mail address").fill("ada@example.org")
    visit.press("Subscribe")
    assert page.get_by_role("alert").is_visible()
    assert ("problems", serious(page)) == ("problems", [])
    page = visit.open(pages(living)["confirm"])
    visit.press("Confirm")
    assert ("confirmed", serious(page)) == ("confirmed", [])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_mail_has_a_serious_fault(chromium, lived_in, scheme) -> None:
    mails = {"edition": lived_in.editions()[-1], "letter": lived_in.letters()[-1]}
    for name, mail in mails.items():
        with visiting(chromium, PHONE, color_scheme=scheme) as visit:
            visit.page.set_content(mail.get_body(("html",)).get_content())
            assert (name, serious(visit.page)) == (name, [])
            assert not visit.is_wider_than_its_window()
            assert visit.asked == set()  # nothing is fetched
