"""The pages on PostgreSQL: the whole way of a reader, and of a crawler that follows every link.

All other tests of the pages run on it, too, with ``DIGEST_TESTS_DATABASE=postgresql``.
"""

import re
from concurrent.futures import ThreadPoolExecutor

import feedparser
import pytest
from web.conftest import BASE, House, link_of

from digest.models import AnswerKind, SubscriberState


@pytest.fixture
def house(tmp_path, on_postgresql, monkeypatch):
    monkeypatch.setattr(House, "database", staticmethod(on_postgresql))
    made = House(tmp_path)
    assert made.app.settings.database_url.startswith("postgresql")
    yield made
    made.app.close()


def test_a_reader_signs_up_answers_changes_pauses_and_leaves(house):
    house.add_papers()
    assert "It looks like this" in house.client.get("/").text
    assert "part 1" in house.client.post("/preview", data={"phrases": "glacier acoustics"}).text

    assert house.sign_up().status_code == 200
    confirm = link_of(house.letters()[0], "confirm")
    assert house.client.get(confirm).status_code == 200
    assert house.person() is None
    assert house.client.post(confirm).status_code == 200
    assert house.person().state is SubscriberState.ACTIVE
    assert house.client.post(confirm).status_code == 404

    assert house.publish().sent == 1
    (mail,) = [mail for mail in house.mails() if mail["List-Id"]]
    answer = re.sub(r"[?].*", "", link_of(mail, "feedback"))
    assert house.client.get(answer).status_code == 200
    for said in ("more", "less", "save", "save"):
        assert house.client.post(answer, data={"answer": said}).status_code == 200
    given = {told.kind for told, _ in house.site.readers.answers(house.person())}
    assert given == {AnswerKind.LESS, AnswerKind.SAVE}
    muted = house.client.post(answer, data={"answer": "mute_word", "value": "harbour"})
    assert (muted.status_code, len(house.person().profile.muted)) == (200, 1)

    own = link_of(mail, "manage")
    assert "Forget" in house.client.get(own).text
    assert "@" in house.client.get(f"{own}/saved.bib").text
    assert house.client.get(f"{own}/data.json").json()["address"] == "ada@example.org"
    saved = house.client.post(own, data={"do": "save", "phrases": "harbour robots"})
    assert "Saved" in saved.text
    assert [i.value for i in house.person().profile.wanted] == ["harbour robots"]
    for do, state in (("pause", SubscriberState.PAUSED), ("resume", SubscriberState.ACTIVE)):
        assert house.client.post(own, data={"do": do}).status_code == 200
        assert house.person().state is state
    assert house.client.post(own, data={"do": "forget", "paper": "all"}).status_code == 200
    assert house.site.readers.answers(house.person()) == []

    archive = house.site.linker.archive(house.person()).removeprefix(BASE)
    assert "On glacier acoustics, part 1" in house.client.get(archive).text
    assert "On glacier acoustics" in house.client.get(f"{archive}/2026-11-16").text
    feed = house.client.get(house.site.linker.feed(house.person()).removeprefix(BASE))
    assert len(feedparser.parse(feed.content).entries) == 1
    leave = link_of(mail, "unsubscribe")
    assert house.client.post(leave, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    assert house.person().state is SubscriberState.UNSUBSCRIBED

    assert house.client.post(own, data={"do": "erase", "sure": "yes"}).status_code == 200
    assert house.person() is None
    assert not any("ada@example.org" in row for row in house.dump())


def test_following_every_link_changes_nothing(house):
    house.add_papers()
    house.subscribe()
    house.publish()
    links = {
        link.partition("?")[0]
        for part in ("plain", "html")
        for link in re.findall(
            rf"{re.escape(BASE)}(/[a-z]+/[^\s\"<>]+)",
            house.mails()[0].get_body((part,)).get_content(),
        )
    }
    assert len(links) >= 4
    before = house.dump()
    for link in sorted(links) * 2:
        assert house.client.get(link).status_code == 200
        assert house.client.head(link).status_code == 200
    assert house.dump() == before


def test_readers_who_answer_at_once_are_all_heard(house):
    """On this database several write at the same time."""
    house.add_papers()
    people = [house.subscribe(f"r{number}@example.org") for number in range(8)]
    house.publish()
    numbers = [max(house.store.editions.dates(p.subscriber_id).values()) for p in people]
    links = [
        house.site.linker.answer(person, number, 1).removeprefix(BASE)
        for person, number in zip(people, numbers, strict=True)
    ]

    def say(link: str) -> list[int]:
        said = [house.client.post(link, data={"answer": kind}) for kind in ("more", "less", "save")]
        return [answer.status_code for answer in said]

    with ThreadPoolExecutor(8) as many:
        codes = list(many.map(say, links))
    assert codes == [[200] * 3] * 8
    assert house.store.answers.count() == (16, 8)


def test_links_that_were_never_given_lead_nowhere(house):
    for page in ("manage", "archive", "feedback", "unsubscribe", "confirm", "feed"):
        for token in ("x", "A" * 60, "%00", "🦉"):
            ending = ".atom" if page == "feed" else ""
            assert house.client.get(f"/{page}/{token}{ending}").status_code == 404
