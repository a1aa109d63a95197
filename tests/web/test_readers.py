"""Subscribers by their links: each opens what it is for, GET changes nothing, POST acts once."""

import json
import re
from datetime import date
from urllib.parse import urlsplit

import pytest
from web.conftest import BASE, link_of

from digest.models import AnswerKind, SubscriberState, Updates
from digest.tokens import Purpose


def path(link: str) -> str:
    return link.removeprefix(BASE)


@pytest.fixture
def ada(house):
    house.add_papers()
    return house.subscribe()


def links(house, address="ada@example.org"):
    return house.app.linker, house.person(address)


def manage(house, do, **fields):
    linker, person = links(house)
    return house.client.post(path(linker.manage(person)), data={"do": do} | fields)


# ---------------------------------------------------------------- leaving


@pytest.mark.parametrize("multipart", [False, True])
def test_one_click_unsubscribes_with_200_and_without_redirect_or_cookie(
    house, ada, multipart
) -> None:
    link = path(house.app.linker.unsubscribe(ada))
    body = {"List-Unsubscribe": "One-Click"}
    for _ in range(3):
        if multipart:
            answer = house.client.post(link, files={"List-Unsubscribe": (None, "One-Click")})
        else:
            answer = house.client.post(link, data=body)
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers
        assert "location" not in answer.headers
        assert house.person().state is SubscriberState.UNSUBSCRIBED
    assert house.publish().planned == 0


def test_the_page_to_leave_asks_once_and_offers_a_pause(house, ada) -> None:
    link = path(house.app.linker.unsubscribe(ada))
    page = house.client.get(link)
    assert "#pause" in page.text
    assert house.person().state is SubscriberState.ACTIVE
    assert "unsubscribed" in house.client.post(link).text
    assert house.person().state is SubscriberState.UNSUBSCRIBED


# ---------------------------------------------------------------- answers


def answer_link(house, mail=None):
    house.publish()
    person = house.person()
    (day,) = house.store.editions.dates(person.subscriber_id).items()
    edition = house.store.editions.edition(day[1])
    paper = edition.papers[0].paper
    return path(house.app.linker.answer(person, day[1], paper.paper_id)), paper


def test_an_answer_counts_after_its_button_was_pressed_and_can_be_taken_back(house, ada) -> None:
    link, paper = answer_link(house)
    for kind in AnswerKind:
        assert house.client.get(f"{link}?answer={kind.value}").status_code == 200
    assert house.app.readers.answers(house.person()) == []
    house.client.post(link, data={"answer": "more"})
    house.client.post(link, data={"answer": "more"})
    house.client.post(link, data={"answer": "save"})
    told = house.app.readers.answers(house.person())
    assert {(a.kind, p.paper_id) for a, p in told} == {
        (AnswerKind.MORE, paper.paper_id), (AnswerKind.SAVE, paper.paper_id),
    }  # fmt: skip
    house.client.post(link, data={"answer": "forget"})
    assert house.app.readers.answers(house.person()) == []


def test_the_chosen_answer_comes_first(house, ada) -> None:
    link, _ = answer_link(house)
    page = house.client.get(f"{link}?answer=less").text
    assert page.index('value="less"') < page.index('value="more"')


def test_an_author_or_a_word_is_muted_and_the_next_edition_is_without_it(house, ada) -> None:
    link, _ = answer_link(house)
    page = house.client.post(link, data={"answer": "mute_author", "value": "Ada Quill"})
    assert "Noted" in page.text
    house.client.post(link, data={"answer": "mute_word", "value": "  hype "})
    house.client.post(link, data={"answer": "mute_word", "value": "hype"})
    assert [i.value for i in house.person().profile.muted] == ["Ada Quill", "hype"]
    assert house.client.post(link, data={"answer": "mute_word", "value": " "}).status_code == 422


def test_an_answer_changes_the_next_digest(house) -> None:
    house.add_papers()
    house.subscribe("ada@example.org", "glacier acoustics", trending=1)
    house.publish()
    person = house.person()
    ((_, number),) = house.store.editions.dates(person.subscriber_id).items()
    popular = [s.paper for s in house.store.editions.edition(number).papers]
    paper = next(p for p in popular if "glacier" in p.title)
    house.client.post(
        path(house.app.linker.answer(person, number, paper.paper_id)), data={"answer": "more"}
    )
    house.move(days=1)
    house.add_papers("glacier acoustics", start=50)
    house.publish()
    newest = max(house.store.editions.dates(person.subscriber_id).items())[1]
    (scored, *_) = house.store.editions.edition(newest).papers
    told = [reason for reason in scored.reasons if reason.value == paper.title]
    assert [reason.kind.value for reason in told] == ["example"]  # it matches, and is liked: once
    assert "glacier acoustics" in told[0].words


# ---------------------------------------------------------------- the own page


def test_the_own_page_saves_a_changed_profile(house, ada) -> None:
    page = house.client.get(path(house.app.linker.manage(ada)))
    assert "glacier acoustics" in page.text
    fields = {"phrases": "harbour robots", "papers": "3", "weekdays": "mon", "send_time": "07:00"}
    assert "Saved" in manage(house, "save", **fields).text
    profile = house.person().profile
    assert ([i.value for i in profile.wanted], profile.papers) == (["harbour robots"], 3)
    assert profile.schedule.weekdays == {0}


def test_a_preview_on_the_own_page_saves_nothing(house, ada) -> None:
    page = manage(house, "preview", phrases="harbour robots", trending="0")
    assert "On harbour robots" in page.text
    assert house.person().profile == ada.profile


def test_a_pause_ends_by_itself(house, ada) -> None:
    assert "Paused" in manage(house, "pause", until="2026-11-18").text
    house.move(days=1)
    assert house.publish().planned == 0
    house.move(days=1)
    assert house.publish().planned == 1
    assert house.person().state is SubscriberState.ACTIVE


@pytest.mark.parametrize("until", ["2026-11-16", "2020-01-01", "2030-01-01", "soon"])
def test_a_pause_ends_on_a_day_that_makes_sense(house, ada, until) -> None:
    assert manage(house, "pause", until=until).status_code == 422
    assert house.person().state is SubscriberState.ACTIVE


def test_a_pause_without_end_lasts_until_the_reader_comes_back(house, ada) -> None:
    manage(house, "pause")
    house.move(days=300)
    assert house.publish().planned == 0
    manage(house, "resume")
    assert house.person().state is SubscriberState.ACTIVE


def test_what_was_learnt_is_shown_and_can_be_forgotten(house, ada) -> None:
    link, paper = answer_link(house)
    house.client.post(link, data={"answer": "more"})
    house.client.post(link, data={"answer": "save"})
    page = house.client.get(path(house.app.linker.manage(ada))).text
    assert page.count(paper.title) == 4  # twice as words, twice for who listens
    manage(house, "forget", paper=str(paper.paper_id), kind="more")
    assert [a.kind for a, _ in house.app.readers.answers(house.person())] == [AnswerKind.SAVE]
    manage(house, "forget", paper="all")
    assert house.app.readers.answers(house.person()) == []


def test_saved_papers_go_to_a_reference_manager_and_come_back(house, ada) -> None:
    from digest import libraries

    link, paper = answer_link(house)
    house.client.post(link, data={"answer": "save"})
    here = path(house.app.linker.manage(ada))
    for form, name in (("bib", "BibTeX"), ("ris", "RIS")):
        answer = house.client.get(f"{here}/saved.{form}")
        assert "attachment" in answer.headers["content-disposition"]
        read = libraries.read(answer.content, "saved")
        assert (read.format, read.items[0].title) == (name, paper.title)
        assert read.items[0].arxiv_id == paper.arxiv_id
        assert read.items[0].authors == paper.authors
    assert house.client.get(f"{here}/saved.exe").status_code == 404


def test_everything_that_is_kept_can_be_had_as_json(house, ada) -> None:
    link, paper = answer_link(house)
    house.client.post(link, data={"answer": "more"})
    told = json.loads(house.client.get(path(house.app.linker.manage(ada)) + "/data.json").text)
    assert told["address"] == "ada@example.org"
    assert told["answers"][0]["paper"] == paper.ref
    assert paper.ref in [p["paper"] for p in told["editions"][0]["papers"]]
    assert told["deliveries"][0]["state"] == "sent"


def test_erasing_leaves_a_hash_and_nothing_else(house, ada) -> None:
    link, _ = answer_link(house)
    house.client.post(link, data={"answer": "more"})
    house.sign_up()
    assert manage(house, "erase").status_code == 422
    here = path(house.app.linker.manage(ada))
    assert "Erased" in manage_at(house, here, "erase", sure="yes").text
    assert "ada@example.org" not in "\n".join(house.dump())
    assert house.client.get(here).status_code == 404
    with pytest.raises(Exception, match="erased"):
        house.app.subscriptions.add("ada@example.org", ada.profile, house.now)
    house.move(days=2)
    house.sign_up()
    house.client.post(link_of(house.letters()[-1], "confirm"))
    assert house.person().state is SubscriberState.ACTIVE


def manage_at(house, here, do, **fields):
    return house.client.post(here, data={"do": do} | fields)


def test_a_new_address_is_asked_first_and_the_old_one_is_told(house, ada) -> None:
    before = path(house.app.linker.manage(ada))
    manage(house, "readdress", address="ada@elsewhere.example")
    assert house.person() is not None
    (letter,) = house.letters()
    assert letter["To"] == "ada@elsewhere.example"
    house.client.get(link_of(letter, "confirm"))
    assert house.person("ada@elsewhere.example") is None
    assert house.client.post(link_of(letter, "confirm")).status_code == 200
    assert house.person("ada@elsewhere.example").subscriber_id == ada.subscriber_id
    assert house.client.get(before).status_code == 404  # links of the old mailbox
    assert {mail["To"] for mail in house.letters()} == {"ada@example.org", "ada@elsewhere.example"}


def test_an_address_of_somebody_else_is_not_taken_over(house, ada) -> None:
    house.subscribe("tomo@example.org")
    manage(house, "readdress", address="tomo@example.org")
    (letter,) = house.letters()
    assert house.client.post(link_of(letter, "confirm")).status_code == 409
    assert house.person().subscriber_id == ada.subscriber_id


def test_revoking_links_breaks_the_old_ones_and_sends_new_ones(house, ada) -> None:
    before = path(house.app.linker.manage(ada))
    manage(house, "revoke")
    assert house.client.get(before).status_code == 404
    (letter,) = house.letters()
    assert house.client.get(link_of(letter, "manage")).status_code == 200


# ---------------------------------------------------------------- links


def test_a_link_opens_the_page_that_it_is_for_and_no_other(house, ada) -> None:
    tokens = house.app.tokens
    for purpose in Purpose:
        token = tokens.make(purpose, ada.subscriber_id, 0, 1, 1)
        for page in ("manage", "unsubscribe", "feedback", "confirm"):
            mine = {"manage": 2, "unsubscribe": 3, "feedback": 4}.get(page) == purpose
            assert (house.client.get(f"/{page}/{token}").status_code == 200) == mine


def test_every_bad_link_gets_the_same_answer(house, ada) -> None:
    tokens = house.app.tokens
    good = tokens.make(Purpose.MANAGE, ada.subscriber_id, 0)
    bad = [
        good[:-1], good + "A", "x", "a" * 300, tokens.make(Purpose.MANAGE, 999, 0),
        tokens.make(Purpose.MANAGE, ada.subscriber_id, 1),
        tokens.make(Purpose.MANAGE, ada.subscriber_id, 0, expires_at=house.now),
        tokens.make(Purpose.UNSUBSCRIBE, ada.subscriber_id, 0),
    ]  # fmt: skip
    answers = [house.client.get(f"/manage/{token}") for token in bad]
    answers += [house.client.post(f"/manage/{token}", data={"do": "erase"}) for token in bad]
    assert {(a.status_code, a.text) for a in answers} == {(404, house.client.get("/no").text)}


def test_a_crawler_that_follows_every_link_changes_nothing(house) -> None:
    house.add_papers()
    for number in range(20):
        house.subscribe(f"reader{number}@example.org")
    house.sign_up("new@example.org")
    house.letters()
    house.publish()
    found = set()
    for mail in house.mails():
        for kind in ("plain", "html"):
            found |= set(
                re.findall(rf"{re.escape(BASE)}/[\w/.?=-]*", mail.get_body((kind,)).get_content())
            )
        found |= set(re.findall(rf"{re.escape(BASE)}/[\w/.?=-]*", str(mail["List-Unsubscribe"])))
    pages = {urlsplit(link).path.split("/")[1] for link in found}
    assert pages >= {"manage", "unsubscribe", "confirm"}
    before = house.dump()
    for _ in range(3):
        for link in sorted(found):
            house.client.get(path(link))
            house.client.head(path(link))
    assert house.dump() == before


def test_links_hold_under_a_path_too(tmp_path) -> None:
    from web.conftest import House

    house = House(tmp_path)
    house.app.close()
    text = (tmp_path / "digest.toml").read_text().replace(BASE, f"{BASE}/papers")
    (tmp_path / "digest.toml").write_text(text)
    from starlette.testclient import TestClient

    from digest.app import App
    from digest.config import load
    from digest.web import create
    from digest.web.site import Site

    app = App(load(tmp_path / "digest.toml", {}), clock=lambda: house.now)
    client = TestClient(create(Site.of(app)), base_url=BASE)
    person = app.store.people.get("ada@example.org")
    assert person is None
    for home in ("/", "/papers/"):
        page = client.get(home)
        assert 'action="/papers/"' in page.text
        assert client.get(re.search(r'href="(/papers/static/style[^"]*)"', page.text)[1]).is_success
    app.close()


def test_dates_are_of_the_readers_zone(house, ada) -> None:
    assert house.person().profile.schedule.local_date(house.now) == date(2026, 11, 16)


def test_the_page_of_ones_own_leads_to_the_archive_and_the_feeds(house, ada) -> None:
    page = house.client.get(path(house.app.linker.manage(ada))).text
    for link in (
        house.app.linker.archive(ada),
        house.app.linker.feed(ada),
        house.app.linker.feed(ada, "json"),
    ):
        assert f'href="{link}"' in page
        assert house.client.get(path(link)).status_code == 200


def test_the_preview_of_ones_own_page_counts_what_was_sent_already(house, ada) -> None:
    house.publish()
    fields = {"phrases": "glacier acoustics", "trending": "0"}
    mine = house.client.post(path(house.app.linker.manage(ada)) + "/preview", data=fields).text
    anybody = house.client.post("/preview", data=fields).text
    assert "On glacier acoustics, part 1" in anybody
    assert "On glacier acoustics, part 1" not in mine
    assert "Today it would be this" in mine
    assert house.client.post("/manage/x/preview", data=fields).status_code == 404


def test_cadence_and_news_of_sent_papers_are_chosen_on_the_page(house, ada) -> None:
    fields = {"phrases": "glacier acoustics^2 @weekly\nharbour robots", "updates": "all"}
    assert "Saved" in manage(house, "save", weekly_on="fri", **fields).text
    profile = house.person().profile
    assert [(i.value, i.weight, i.weekly) for i in profile.interests] == [
        ("glacier acoustics", 2.0, True),
        ("harbour robots", 1.0, False),
    ]
    assert (profile.updates, profile.weekly_day) == (Updates.ALL, 4)
    linker, person = links(house)
    page = house.client.get(path(linker.manage(person))).text
    assert "glacier acoustics^2 @weekly" in page
    assert '<option value="all" selected>' in page and '<option value="fri" selected>' in page


@pytest.mark.parametrize(
    "page", ["manage", "unsubscribe", "feedback", "confirm", "archive", "feed"]
)
def test_every_bad_link_costs_the_database_the_same(house, ada, page) -> None:
    from sqlalchemy import event

    purpose = Purpose[{"feedback": "ANSWER"}.get(page, page.upper())]
    make = house.app.tokens.make
    good = make(purpose, ada.subscriber_id, 0, 1, 1)
    bad = [
        "x", good[:-2] + "AA", make(Purpose.READDRESS, ada.subscriber_id, 0, 1, 1),
        make(purpose, 999, 0, 1, 1), make(purpose, ada.subscriber_id, 7, 1, 1),
        make(purpose, 999, 0, 1, 1, expires_at=house.now),
    ]  # fmt: skip
    asked: list[str] = []
    listening = (house.store._database.engine, "before_cursor_execute")
    event.listen(*listening, hear := lambda *told: asked.append(told[2]))
    costs = set()
    for token in bad:
        asked.clear()
        assert house.client.get(f"/{page}/{token}{'.atom' * (page == 'feed')}").status_code == 404
        costs.add(tuple(asked))
    event.remove(*listening, hear)
    assert len(costs) == 1
    assert costs != {()}
