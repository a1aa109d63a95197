"""A reader's page says in words what the answers come to."""

import re

from digest.models import AnswerKind


def answered(house, *answers: tuple[int, AnswerKind]):
    person = house.person()
    for number, kind in answers:
        house.store.answers.save(person.subscriber_id, number, kind, house.now)
    page = house.client.get(house.app.linker.manage(person)).text
    return [
        re.findall(r"<span>(.*?)</span>", block)
        for block in re.findall(r"<dt>(?:More|Less) of</dt><dd>(.*?)</dd>", page)
    ]


def test_words_of_what_was_liked_and_not(house) -> None:
    house.add_papers("glacier acoustics", "harbour robots", "protein folding")
    house.subscribe()
    assert answered(house) == []
    more, less = answered(house, (1, AnswerKind.MORE), (2, AnswerKind.LESS))
    assert any("glacier acoustics" in word for word in more)
    assert any("harbour robots" in word for word in less)
    assert "protein" not in str((more, less))
    house.app.readers.forget(house.person(), 1)
    assert "glacier" not in str(answered(house))


def test_words_of_hostile_papers_stay_text(house) -> None:
    text = "<img/src=x/onerror=alert(1)>glacier<script>alert(1)</script>"
    house.add_papers(text)
    house.subscribe()
    house.store.answers.save(1, 1, AnswerKind.MORE, house.now)
    page = house.client.get(house.app.linker.manage(house.person())).text
    assert "More of" in page
    assert "<img" not in page
    assert "<script>" not in page
