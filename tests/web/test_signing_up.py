"""Signing up: nobody receives anything who did not ask, and nobody learns who is subscribed."""

import re
from datetime import timedelta

import pytest
from web.conftest import House, link_of

from digest.models import LetterKind, SubscriberState


def test_a_stranger_subscribes_confirms_and_receives(house) -> None:
    house.add_papers()
    answer = house.sign_up()
    assert (answer.status_code, "mailbox" in answer.text) == (200, True)
    assert house.person() is None
    (letter,) = house.letters()
    assert letter["To"] == "ada@example.org"
    assert letter["List-Unsubscribe"] is None
    page = house.client.get(link_of(letter, "confirm"))
    assert page.status_code == 200
    assert "glacier acoustics" in page.text
    assert house.person() is None
    assert house.client.post(link_of(letter, "confirm")).status_code == 200
    assert house.person().state is SubscriberState.ACTIVE
    assert house.publish().sent == 1
    (edition,) = [mail for mail in house.mails() if mail["List-Id"]]
    assert "glacier acoustics" in edition.get_body(("plain",)).get_content()


def test_a_link_to_confirm_works_once_and_for_48_hours(house) -> None:
    house.sign_up()
    link = link_of(house.letters()[0], "confirm")
    house.move(hours=48)
    assert house.client.post(link).status_code == 404
    house.move(hours=-1)
    assert house.client.post(link).status_code == 200
    house.app.readers.unsubscribe(house.person(), house.now)
    assert house.client.post(link).status_code == 404
    assert house.person().state is SubscriberState.UNSUBSCRIBED


def test_known_unknown_and_suppressed_addresses_get_the_same_answer(house) -> None:
    house.subscribe("ada@example.org")
    house.store.people.suppress("gone@example.org", "bounced", house.now)
    answers = [house.sign_up(f"{who}@example.org") for who in ("ada", "tomo", "gone", "tomo")]
    assert len({(a.status_code, a.text) for a in answers}) == 1
    assert min(a.elapsed for a in answers) >= timedelta(seconds=0.25)
    links = {mail["To"]: mail.get_body(("plain",)).get_content() for mail in house.letters()}
    assert links.keys() == {"ada@example.org", "tomo@example.org"}
    assert "/manage/" in links["ada@example.org"]
    assert "/confirm/" in links["tomo@example.org"]


def test_an_address_gets_one_letter_a_day_and_the_newest_wish_counts(house) -> None:
    house.sign_up()
    house.sign_up(phrases="harbour robots")
    (letter,) = house.letters()
    assert "harbour robots" in house.client.get(link_of(letter, "confirm")).text
    house.move(hours=25)
    house.sign_up()
    assert len(house.letters()) == 2


def test_one_client_and_all_together_have_a_limit(tmp_path) -> None:
    house = House(tmp_path, "letters_per_client = 2\n")
    told = [house.sign_up(f"reader{n}@example.org").status_code for n in range(4)]
    assert told == [200, 200, 429, 429]
    assert len(house.letters()) == 2
    house.app.close()


def test_a_letter_holds_no_word_that_a_stranger_chose(house) -> None:
    house.sign_up(name="BUY NOW", phrases="cheap watches http://evil.example")
    (letter,) = house.letters()
    assert b"BUY" not in letter.as_bytes()
    assert "evil" not in letter.get_body(("html",)).get_content()
    assert letter.get_body(("html",)).get_content().isascii()


def test_a_letter_speaks_the_language_that_was_chosen_and_every_kind_can_be_written(house) -> None:
    from digest.rendering import LetterWriter, RenderOptions

    writer = LetterWriter(RenderOptions(title="Ice & Snow"))
    for kind in LetterKind:
        told = writer.write(kind, "en", "https://digest.example.org/x/y")
        assert told.subject.startswith("Ice & Snow")
        assert "Ice &amp; Snow" in told.html


def test_what_robots_fill_in_sends_nothing(house) -> None:
    assert house.sign_up(website="https://spam.example").status_code == 200
    assert house.letters() == []


@pytest.mark.parametrize("address", ["ada", "a@b.org, c@d.org", "ada@example.org\nBcc: x@y.org"])
def test_what_is_no_address_is_told(house, address) -> None:
    answer = house.sign_up(address)
    assert answer.status_code == 422
    assert "is not a mail address" in answer.text
    assert "glacier acoustics" in answer.text  # what was filled in is still there


def test_a_sign_up_without_an_interest_is_asked_for_one(house) -> None:
    answer = house.sign_up(phrases="")
    assert answer.status_code == 422
    assert house.letters() == []


def test_a_profile_that_makes_no_sense_is_told_field_by_field(house) -> None:
    answer = house.sign_up(timezone="Moon/Crater", papers="1000")
    assert answer.status_code == 422
    assert "is no time zone" in answer.text
    assert "less than or equal to 200" in answer.text


def test_closed_sign_up_takes_nobody(tmp_path) -> None:
    house = House(tmp_path, "allow_signup = false\n")
    assert house.sign_up().status_code == 403
    assert house.letters() == []
    house.app.close()


def test_a_letter_that_cannot_be_handed_over_is_tried_again(house, tmp_path) -> None:
    house.sign_up()
    (tmp_path / "state").mkdir(exist_ok=True)
    (tmp_path / "state" / "outbox").write_text("a file where the folder should be")
    with pytest.raises(FileExistsError):
        (tmp_path / "state" / "outbox").mkdir()
    import asyncio

    assert asyncio.run(house.postman.send_due()).problem
    (tmp_path / "state" / "outbox").unlink()
    assert house.letters() == []
    house.move(minutes=2)
    assert len(house.letters()) == 1


def test_every_field_of_the_form_arrives_in_the_profile(house) -> None:
    house.add_papers()
    house.sign_up(
        phrases="slow light^2\nglacier acoustics", text="First thoughts.\r\n\r\nOthers.",
        authors="Ada Quill", categories=["cs.LG"], more_categories="stat.ML", examples="2611.00001",
        mute_phrases="hype", papers="7", minutes="12", bar="high", trending="0",
        weekdays=["mon", "fri"], send_time="18:30", timezone="Asia/Tokyo", format="md",
        send_empty="yes",
    )  # fmt: skip
    house.client.post(link_of(house.letters()[0], "confirm"))
    profile = house.person().profile
    wanted = [(i.kind.value, i.value, i.weight) for i in profile.wanted]
    assert wanted == [
        ("phrase", "slow light", 2.0), ("phrase", "glacier acoustics", 1.0),
        ("author", "Ada Quill", 1.0), ("category", "cs.LG", 1.0), ("category", "stat.ML", 1.0),
        ("example", "2611.00001", 1.0), ("text", "First thoughts.", 1.0), ("text", "Others.", 1.0),
    ]  # fmt: skip
    assert [i.value for i in profile.muted] == ["hype"]
    assert (profile.papers, profile.minutes, profile.bar.value, profile.trending) == (
        7,
        12,
        "high",
        0,
    )
    assert (profile.schedule.timezone, sorted(profile.schedule.weekdays)) == ("Asia/Tokyo", [0, 4])
    assert (profile.format.value, profile.send_empty) == ("md", True)


# ---------------------------------------------------------------- preview


def test_the_preview_shows_todays_papers_and_what_is_amiss(house) -> None:
    house.add_papers()
    form = {"phrases": "glacier acoustics\nglacier acustics", "do": "preview", "trending": "0"}
    page = house.client.post("/", data=form)
    assert page.status_code == 200
    assert "On glacier acoustics, part 1" in page.text
    assert "Today this would have brought about 1 paper." in page.text
    fragment = house.client.post("/preview", data=form)
    assert "On glacier acoustics, part 1" in fragment.text
    assert "<html" not in fragment.text


def test_papers_can_be_found_and_ticked(house) -> None:
    house.add_papers()
    page = house.client.post("/", data={"find": "harbour", "do": "find"})
    assert 'name="found" value="2611.00002"' in page.text
    page = house.client.post("/", data={"found": "2611.00002", "do": "preview"})
    assert re.search(r'name="examples"[^>]*>2611.00002</textarea>', page.text)


def test_an_uploaded_library_becomes_example_papers(house) -> None:
    house.add_papers()
    bib = b"@article{x, title={On protein folding, part 3}, eprint={2611.00003}}"
    page = house.client.post("/", data={"do": "preview"}, files={"library": ("a.bib", bib)})
    assert "BibTeX: known here 1, kept by title 0, skipped 0." in page.text
    assert re.search(r'name="examples"[^>]*>2611.00003</textarea>', page.text)
    page = house.client.post("/", data={"do": "preview"}, files={"library": ("a.xml", b"<html>")})
    assert "no library" in page.text


def test_previews_are_rationed(tmp_path) -> None:
    house = House(tmp_path, "previews_per_minute = 2\n")
    told = [house.client.post("/preview", data={"phrases": "ice"}).text for _ in range(3)]
    assert ["Many people" in text for text in told] == [False, False, True]
    house.app.close()


def test_the_page_shows_a_specimen_even_where_nothing_is_popular(house):
    house.add_papers()
    told = house.client.get("/").text
    assert "It looks like this" in told
    assert re.search(r"On (glacier|harbour|protein|slow) \w+, part \d", told)


def test_without_any_paper_the_page_promises_no_specimen(house):
    told = house.client.get("/").text
    assert "It looks like this" not in told
    assert "press Preview" in told
