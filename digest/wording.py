"""Wording: all that Digest says to readers itself, in their language. The only home of babel.

English stands in code and templates; every other language is one gettext catalogue,
``digest/locale/<language>.po``, read when it is first asked for. There is nothing to compile:
a language is added by adding its file (a test names the phrases it lacks).

Phrases are Python format strings with names, ``%(value)s``, as in jinja2's "new style"; a
``%`` that stands for itself is ``%%``. What is put into them is as safe as it was before:
escaping is the work of whoever shows it.
"""

from collections.abc import Callable
from datetime import date
from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

SOURCE_LANGUAGE = "en"
_CATALOGUES = Path(__file__).parent / "locale"


class Wording:
    """What is said in one language.

    Attributes:
        language: its code, like ``ja``; fit for a lang attribute.
        catalogue: phrases as gettext keeps them, for template engines.
    """

    def __init__(self, language: str, catalogue: NullTranslations) -> None:
        self.language = language
        self.catalogue = catalogue
        self._formatted: Callable[[date, str], str] = lru_cache(512)(self._format)

    def gettext(self, phrase: str, /, **values: object) -> str:
        """Return a phrase with values in it."""
        return self.catalogue.gettext(phrase) % values

    def ngettext(self, one: str, many: str, count: int, /, **values: object) -> str:
        """Return a phrase for a number; ``%(num)s`` in it is the number, in digits."""
        values.setdefault("num", self.number(count))
        return self.catalogue.ngettext(one, many, count) % values

    def pgettext(self, context: str, phrase: str, /, **values: object) -> str:
        """Return a phrase that means different things in different places."""
        return self.catalogue.pgettext(context, phrase) % values

    def number(self, count: int) -> str:
        """Return a whole number in digits, with the language's marks between thousands."""
        if -1000 < count < 1000:
            return str(count)
        from babel.numbers import format_decimal

        return format_decimal(count, locale=self.language)

    def short_date(self, day: date) -> str:
        """Return a date like ``14 Sep 2025``."""
        return self._formatted(day, self.pgettext("date with year", "d MMM y"))

    def day_and_month(self, day: date) -> str:
        """Return a date like ``14 Sep``."""
        return self._formatted(day, self.pgettext("date without year", "d MMM"))

    def full_date(self, day: date) -> str:
        """Return a date like ``Sunday, 14 September 2025``."""
        return self._formatted(day, self.pgettext("date in full", "EEEE, d MMMM y"))

    def weekday(self, day: date) -> str:
        """Return the name of a date's weekday."""
        return self._formatted(day, "EEEE")

    def _format(self, day: date, pattern: str) -> str:
        # Not strftime: what it says depends on the locale of the process.
        from babel.dates import format_date

        return format_date(day, pattern, locale=self.language)


@lru_cache(maxsize=1)
def languages() -> tuple[str, ...]:
    """Return the codes of the languages there are, English first."""
    return SOURCE_LANGUAGE, *sorted(path.stem for path in _CATALOGUES.glob("*.po"))


@lru_cache(maxsize=64)
def language_name(language: str) -> str:
    """Return a language's name in itself, for a reader who looks for it."""
    from babel import Locale

    name = Locale.parse(language).get_display_name()
    return name[:1].upper() + name[1:] if name else language


def wording(language: str) -> Wording:
    """Return what is said in a language; in English for one that is not spoken here."""
    return _read(language if language in languages() else SOURCE_LANGUAGE)


@lru_cache(maxsize=16)
def _read(language: str) -> Wording:
    if language == SOURCE_LANGUAGE:
        return Wording(language, NullTranslations())
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    with (_CATALOGUES / f"{language}.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
    # gettext reads the compiled form, plural rules and all; it is made here, in memory.
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Wording(language, GNUTranslations(compiled))
