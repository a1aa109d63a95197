"""Every phrase that code and templates say is there in every language, with its placeholders."""

import re
from datetime import date
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from digest import resources
from digest import wording as said
from digest.wording import language_name, languages, wording

ROOT = Path(said.__file__).parent
KEYWORDS = {"gettext": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2), "say": None}
DAY = date(2025, 9, 14)


# The pages and letters of subscribers speak English where a catalogue does not know a phrase.
PAGES = ("web/", "letter", "rendering/letters")


def phrases(*, pages: bool) -> set[tuple[str | None, str]]:
    found = set()
    templates = extract_from_dir(
        resources.folder("templates"), method_map=[("**.j2", "jinja2")], keywords=KEYWORDS
    )
    code = extract_from_dir(ROOT, method_map=[("**.py", "python")], keywords=KEYWORDS)
    for file, _, message, _, context in (*templates, *code):
        if file.startswith(PAGES) and not pages:
            continue
        found.add((context, message[0] if isinstance(message, tuple) else message))
    return found


@pytest.mark.parametrize("language", languages()[1:])
def test_every_phrase_of_an_edition_is_said_in_every_language(language: str) -> None:
    with (ROOT / "locale" / f"{language}.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
    known = {}
    for message in catalogue:
        if message.id:
            key = message.id[0] if isinstance(message.id, tuple) else message.id
            told = message.string if isinstance(message.string, tuple) else (message.string,)
            assert all(told) and not message.fuzzy, key
            for form in told:
                assert sorted(re.findall(r"%\(\w+\)s", form)) == sorted(
                    re.findall(r"%\(\w+\)s", key)
                )
            known[message.context, key] = told
    wanted = phrases(pages=False)
    assert len(wanted) > 50
    assert wanted <= set(known) <= phrases(pages=True)


def test_dates_and_numbers_are_written_as_the_language_does() -> None:
    en, ja = wording("en"), wording("ja")
    assert (en.short_date(DAY), ja.short_date(DAY)) == ("14 Sep 2025", "2025年9月14日")
    assert (en.day_and_month(DAY), ja.day_and_month(DAY)) == ("14 Sep", "9月14日")
    assert en.full_date(DAY) == "Sunday, 14 September 2025"
    assert ja.full_date(DAY) == "2025年9月14日（日）"
    assert (en.weekday(DAY), ja.weekday(DAY)) == ("Sunday", "日曜日")
    assert (en.number(999), en.number(1_042), ja.number(1_042)) == ("999", "1,042", "1,042")


def test_a_language_that_is_not_spoken_here_is_english() -> None:
    assert languages()[0] == "en"
    assert wording("xx") is wording("en")
    assert wording("../../etc/passwd").language == "en"
    assert (language_name("en"), language_name("ja")) == ("English", "日本語")


def test_numbers_choose_the_form() -> None:
    say = wording("en").ngettext
    assert say("%(num)s upvote", "%(num)s upvotes", 1) == "1 upvote"
    assert say("%(num)s upvote", "%(num)s upvotes", 2_000) == "2,000 upvotes"
