"""Lists of people as CSV, as spreadsheets write them: bytes to rows, and rows back to text.

The first line names the columns, in any order and case. A list needs `address` and `consent`;
`COLUMNS` are all that are known. A cell with several values has ``;``, ``|`` or a line break
between them, and where a comma cannot be part of one, a comma too. Everything is hostile: the size,
the number of rows and the length of cells are bounded.
https://www.rfc-editor.org/rfc/rfc4180
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from digest.errors import ProfileError, UsageError
from digest.models import Interest, Profile, Subscriber
from digest.profiles import KINDS, WEEKDAYS, from_mapping, weighted

MAX_BYTES = 20_000_000
MAX_ROWS = 200_000
MAX_CELL = 20_000  # characters
_MAX_SAID = 200  # characters of what a list says of a consent

_OPTIONS = (
    "name", "papers", "minutes", "bar", "trending", "language", "format", "send_time", "weekdays",
    "timezone", "send_empty", "updates", "weekly_on",
)  # fmt: skip
_INTERESTS = ("phrases", "authors", "categories", "topics", "examples", "texts")
_MUTES = ("phrases", "authors", "categories", "topics", "examples")
_CONSENT = ("consent", "consent_date", "consent_source")

# In the order in which a list is written.
COLUMNS = (
    "address", "state", *_CONSENT, *_OPTIONS, *_INTERESTS, *(f"mute_{name}" for name in _MUTES),
)  # fmt: skip

# What people write above such columns.
_ALIASES = {
    "email": "address",
    "e_mail": "address",
    "mail": "address",
    "email_address": "address",
    "keywords": "phrases",
    "phrase": "phrases",
    "author": "authors",
    "category": "categories",
    "topic": "topics",
    "example": "examples",
    "text": "texts",
    "time_zone": "timezone",
    "time": "send_time",
    "lang": "language",
    "days": "weekdays",
}
_YES = {"yes", "y", "true", "1", "x", "ja", "oui", "si", "sí", "はい"}
_NO = {"", "no", "n", "false", "0", "nein", "non", "いいえ"}
_COMMA_TOO = {"phrases", "categories", "weekdays", "mute_phrases", "mute_categories"}
_DATED = re.compile(r"(\d{4}-\d\d-\d\d)(?:[T ]\d\d:\d\d\S*)?[ ,;:]*(.*)", re.DOTALL)
_LIKE_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a list that can be used.

    Attributes:
        line: where it begins, from 1.
        consent: when and how the owner agreed, in the list's words; empty: it does not say that
            he did.
        doubt: why what stands there is no consent.
    """

    line: int
    address: str
    profile: Profile
    consent: str
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class Trouble:
    """A line that cannot be used, and why."""

    line: int
    why: str


@dataclass(slots=True)
class Sheet:
    """A list that can be read.

    Attributes:
        notes: how it was read, where that is not a matter of course.
    """

    text: str
    delimiter: str
    columns: tuple[str, ...]
    notes: list[str] = field(default_factory=list)

    def rows(self, today: date, usual: Mapping[str, Any] | None = None) -> Iterator[Row | Trouble]:
        """Yield the lines that hold something.

        Args:
            today: consents of a later day are none.
            usual: a profile, in the form of its file, that each line's own is laid over.
        """
        reader = csv.reader(io.StringIO(self.text, newline=""), delimiter=self.delimiter)
        next(reader)
        cache: dict[tuple[str, ...], Profile] = {}
        line = reader.line_num + 1
        for number in range(MAX_ROWS + 1):
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield Trouble(line, f"it cannot be read ({error}); the rest is left out")
                return
            if number == MAX_ROWS:
                yield Trouble(line, f"only {MAX_ROWS} lines are read at once; split the list")
                return
            if any(cell.strip() for cell in cells):
                yield self._row(line, cells, today, usual or {}, cache)
            line = reader.line_num + 1

    def _row(
        self,
        line: int,
        cells: Sequence[str],
        today: date,
        usual: Mapping[str, Any],
        cache: dict[tuple[str, ...], Profile],
    ) -> Row | Trouble:
        if len(cells) > len(self.columns) and any(c.strip() for c in cells[len(self.columns) :]):
            return Trouble(line, "it has more cells than the first line has names")
        if any(len(cell) > MAX_CELL for cell in cells):
            return Trouble(line, f"a cell has more than {MAX_CELL} characters")
        told = {n: _plain(c) for n, c in zip(self.columns, cells, strict=False) if n}
        if not told.get("address"):
            return Trouble(line, "there is no address")
        key = tuple(told.get(name, "") for name in COLUMNS[len(_CONSENT) + 2 :])
        if key not in cache:
            if len(cache) > 1_000:
                cache.clear()
            try:
                cache[key] = _profile(told, usual)
            except ProfileError as error:
                why = "; ".join(f"{place}: {what}" for place, what in error.problems.items())
                return Trouble(line, why or str(error))
        if not cache[key].wanted:
            return Trouble(line, "it says of no interest; fill phrases, or give --profile")
        consent, doubt = _consent(told, today)
        return Row(line, told["address"], cache[key], consent, doubt)


def read_sheet(data: bytes, encoding: str | None = None) -> Sheet:
    """Return a list from the bytes of a file.

    Args:
        data: UTF-8, UTF-16 with its mark, or Windows-1252.
        encoding: read it as this and nothing else.

    Raises:
        UsageError: it is too large, is no text, or its first line does not name an address.
    """
    if len(data) > MAX_BYTES:
        raise UsageError(f"the list has more than {MAX_BYTES // 1_000_000} MB; split it")
    text, notes = _decoded(data, encoding)
    text = text.lstrip("\r\n")
    declared = re.match(r"sep=(.)\r?\n", text)  # Excel's own way to tell its delimiter
    if declared:
        text = text[declared.end() :]
    delimiter, names = _header(text, declared and declared[1])
    columns = tuple(_column(name) for name in names)
    if "address" not in columns:
        raise UsageError(
            "the first line must name the columns, like: address,consent,phrases"
            " (separated by commas, semicolons or tabs)"
        )
    twice = sorted({c for c in columns if c and columns.count(c) > 1})
    if twice:
        raise UsageError(f"the first line names {', '.join(twice)} twice")
    ignored = [n.strip()[:40] for n, c in zip(names, columns, strict=True) if n.strip() and not c]
    if ignored:
        notes.append(f"columns that are not known were left out: {', '.join(ignored[:10])}")
    return Sheet(text, delimiter, columns, notes)


def write_sheet(rows: Iterable[Mapping[str, str]]) -> Iterator[str]:
    """Yield the lines of a list in the form that is read.

    A cell that a spreadsheet would take for a formula gets an apostrophe in front.
    https://owasp.org/www-community/attacks/CSV_Injection
    """
    for cells in ([*COLUMNS], *([row.get(name, "") for name in COLUMNS] for row in rows)):
        line = io.StringIO(newline="")
        csv.writer(line, lineterminator="\n").writerow([_harmless(cell) for cell in cells])
        yield line.getvalue()


def sheet_row(person: Subscriber, consent: str) -> dict[str, str]:
    """Return a subscriber as a line of a list."""
    profile, schedule = person.profile, person.profile.schedule
    told = {
        "address": person.address,
        "state": person.state.value,
        "consent": consent,
        "name": profile.name,
        "papers": str(profile.papers),
        "minutes": str(profile.minutes or ""),
        "bar": profile.bar.value,
        "trending": str(profile.trending),
        "language": profile.language,
        "format": profile.format.value,
        "send_time": f"{schedule.send_time:%H:%M}",
        "weekdays": ";".join(WEEKDAYS[day] for day in sorted(schedule.weekdays)),
        "timezone": schedule.timezone,
        "send_empty": "yes" if profile.send_empty else "no",
        "updates": profile.updates.value,
        "weekly_on": "" if profile.weekly_on is None else WEEKDAYS[profile.weekly_on],
    }
    for name in _INTERESTS:
        told[name] = "; ".join(_said(i) for i in profile.wanted if i.kind is KINDS[name])
    for name in _MUTES:
        told[f"mute_{name}"] = "; ".join(i.value for i in profile.muted if i.kind is KINDS[name])
    return told


def _said(interest: Interest) -> str:
    weight = "" if interest.weight == 1 else f"^{interest.weight:g}"
    return f"{interest.value}{weight}{' @weekly' if interest.weekly else ''}"


def _decoded(data: bytes, encoding: str | None) -> tuple[str, list[str]]:
    notes: list[str] = []
    try:
        if encoding:
            text = data.decode(encoding).removeprefix("\ufeff")
        elif data.startswith((b"\xff\xfe", b"\xfe\xff")):
            text = data.decode("utf-16")
        else:
            try:
                text = data.decode("utf-8-sig")
            except UnicodeDecodeError:
                text = data.decode("cp1252")
                notes.append(
                    "the list is not UTF-8 and was read as Windows-1252; if names look wrong, give"
                    " --encoding"
                )
    except LookupError:
        raise UsageError(f"there is no encoding {encoding!r}; usual are utf-8 and cp932") from None
    except UnicodeError:
        told = f"is not {encoding}" if encoding else "is no text, or in an encoding that is unknown"
        raise UsageError(f"the list {told}; save it as CSV in UTF-8") from None
    if "\0" in text:
        raise UsageError("the list is no text; save the sheet as CSV in UTF-8")
    if not text.strip():
        raise UsageError("the list is empty; its first line names the columns")
    return text, notes


def _header(text: str, declared: str | None) -> tuple[str, list[str]]:
    """Return what stands between cells, and the names above the columns."""
    best: tuple[str, list[str]] = (",", [])
    for delimiter in (declared,) if declared else (",", ";", "\t"):
        try:
            names = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
        except (csv.Error, StopIteration):
            continue
        if len([n for n in names if _column(n)]) > len([n for n in best[1] if _column(n)]):
            best = delimiter, names
    return best


def _column(name: str) -> str:
    """Return which column a name above it means; empty: none."""
    key = re.sub(r"[\s_-]+", "_", name.strip().casefold())
    key = _ALIASES.get(key, key)
    return key if key in COLUMNS else ""


def _plain(cell: str) -> str:
    cell = cell.strip()
    if cell.startswith("'") and cell[1:].startswith(_LIKE_A_FORMULA):
        return cell[1:]
    return cell


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_LIKE_A_FORMULA) else cell


def _split(name: str, cell: str) -> list[str]:
    between = r"[;|\n,]" if name in _COMMA_TOO else r"[;|\n]"
    if name == "weekdays":
        between = r"[;|\n,\s]+"
    return [part.strip() for part in re.split(between, cell) if part.strip()]


def _profile(told: Mapping[str, str], usual: Mapping[str, Any]) -> Profile:
    values: dict[str, Any] = dict(usual)
    for name in _OPTIONS:
        if cell := told.get(name):
            values[name] = cell
            if name == "weekdays":
                values[name] = [day[:3].lower() for day in _split(name, cell)]
    for table, names, prefix in (("interests", _INTERESTS, ""), ("mute", _MUTES, "mute_")):
        merged = {key: list(value) for key, value in dict(usual.get(table, {})).items()}
        for name in names:
            found = _split(prefix + name, told.get(prefix + name, ""))
            own = found if prefix else [weighted(value) for value in found]
            if own:
                merged[name] = [*merged.get(name, []), *own]
        values[table] = merged
    return from_mapping(values, "of this line")


def _consent(told: Mapping[str, str], today: date) -> tuple[str, str]:
    """Return when and how somebody agreed, or why what stands there does not say so."""
    said = told.get("consent", "")
    day, source = told.get("consent_date", ""), told.get("consent_source", "")
    if said.casefold() in _NO:
        # A date alone is one where there is no column that could say no.
        if said or not day or "consent" in told:
            return "", "there is no consent"
    elif dated := _DATED.fullmatch(said):
        day, source = day or dated[1], source or dated[2]
    elif said.casefold() not in _YES:
        return "", f"consent {said[:60]!r} is neither yes nor a date like 2026-11-02"
    if day:
        try:
            given = date.fromisoformat(day[:10])
        except ValueError:
            return "", f"consent_date {day[:30]!r} is no date; write one like 2026-11-02"
        if given > today:
            return "", f"the consent is of {given}, which is to come"
        day = given.isoformat()
    return " ".join(f"{day} {source}".split())[:_MAX_SAID] or "yes", ""
