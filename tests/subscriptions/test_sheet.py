"""Lists of people, as spreadsheets write them."""

from datetime import date

import pytest

from digest.errors import UsageError
from digest.models import Interest, InterestKind, Profile
from digest.subscriptions import read_sheet, sheet_row, write_sheet
from digest.subscriptions.sheet import MAX_BYTES, Row, Trouble

TODAY = date(2026, 11, 16)
ICE = "address,consent,phrases\nada@example.org,yes,glacier acoustics\n"


def rows(data: bytes | str, **usual):
    raw = data if isinstance(data, bytes) else data.encode()
    return list(read_sheet(raw).rows(TODAY, usual))


@pytest.mark.parametrize(
    "data",
    [
        ICE.encode(),
        ICE.encode("utf-8-sig"),
        ICE.encode("utf-16"),
        ICE.replace("\n", "\r\n").encode(),
        ICE.replace(",", ";").encode(),
        ICE.replace(",", "\t").encode(),
        ("sep=;\r\n" + ICE.replace(",", ";")).encode(),
        b"E-Mail;Consent;Keywords;Department\nada@example.org;x;glacier acoustics;Physics\n",
        b"\n\naddress,consent,phrases\n,,\nada@example.org,2026-11-02,glacier acoustics\n",
    ],
)
def test_a_list_is_read_however_a_spreadsheet_wrote_it(data) -> None:
    (row,) = rows(data)
    assert row.address == "ada@example.org"
    assert row.profile == Profile((Interest(InterestKind.PHRASE, "glacier acoustics"),))
    assert row.consent


def test_a_list_of_windows_is_read_and_told() -> None:
    sheet = read_sheet("address,consent,phrases,name\na@b.example,yes,ice,Zoë\n".encode("cp1252"))
    (row,) = sheet.rows(TODAY)
    assert row.profile.name == "Zoë"
    assert "Windows-1252" in sheet.notes[0]


def test_columns_that_are_not_known_are_told() -> None:
    assert "Department" in read_sheet(b"address,consent,Department\n").notes[0]


@pytest.mark.parametrize(
    ("data", "trouble"),
    [
        (b"", "empty"),
        (b" \n\n", "empty"),
        (b"\x00\x01\x02" * 50, "no text"),
        (b"PK\x03\x04\x81\x8d\x8f", "no text"),
        (b"name,consent\nAda,yes\n", "must name the columns"),
        (b"address,email,consent\n", "names address twice"),
        (b"a" * (MAX_BYTES + 1), "split it"),
    ],
)
def test_what_is_no_list_is_refused_in_one_line(data, trouble) -> None:
    with pytest.raises(UsageError, match=trouble):
        read_sheet(data)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("yes", "yes"),
        ("2026-11-02", "2026-11-02"),
        ("2026-11-02 summer school", "2026-11-02 summer school"),
        ("2026-11-02T10:00:00Z web form", "2026-11-02 web form"),
        ("no", ""),
        ("", ""),
        ("pending", ""),
        ("2026-11-17", ""),
        ("2026-13-40", ""),
    ],
)
def test_consent_is_a_yes_or_a_day_that_is_not_to_come(said, kept) -> None:
    (row,) = rows(f"address,consent,phrases\nada@example.org,{said},ice\n")
    assert row.consent == kept
    assert bool(row.doubt) == (not kept)


def test_consent_may_stand_in_two_columns() -> None:
    head = "address,consent_date,consent_source,phrases\n"
    (row,) = rows(head + "ada@example.org,2026-11-02,paper form,ice\n")
    assert row.consent == "2026-11-02 paper form"
    (row,) = rows(head + "ada@example.org,,paper form,ice\n")
    assert row.consent == ""


def test_a_line_says_all_that_a_profile_can() -> None:
    (row,) = rows(
        "address,consent,phrases,authors,categories,weekdays,send_time,timezone,language,papers\n"
        'ada@example.org,yes,"ice^2, moss; tar",'
        '"Quill, Ada; Tomo Reed",cs.LG cs|stat.ML,Mon fri,06:30,Asia/Tokyo,ja,5\n'
    )
    wanted = [(i.kind.value, i.value, i.weight) for i in row.profile.wanted]
    assert wanted[:5] == [
        ("phrase", "ice", 2.0), ("phrase", "moss", 1.0), ("phrase", "tar", 1.0),
        ("author", "Quill, Ada", 1.0), ("author", "Tomo Reed", 1.0),
    ]  # fmt: skip
    schedule = row.profile.schedule
    assert (sorted(schedule.weekdays), f"{schedule.send_time:%H:%M}") == ([0, 4], "06:30")
    assert (schedule.timezone, row.profile.language, row.profile.papers) == ("Asia/Tokyo", "ja", 5)


def test_what_a_line_leaves_open_comes_from_the_usual_profile() -> None:
    usual = {"papers": 3, "interests": {"phrases": ["moss"]}}
    plain, own = rows(ICE.replace("glacier acoustics", "") + "b@c.example,yes,ice\n", **usual)
    assert [i.value for i in plain.profile.wanted] == ["moss"]
    assert [i.value for i in own.profile.wanted] == ["moss", "ice"]
    assert plain.profile.papers == own.profile.papers == 3


def test_bad_lines_are_named_and_the_others_go_on() -> None:
    told = rows(
        "address,consent,phrases,timezone\n"
        "a@example.org,yes,ice,Mars/North\n"
        ",yes,ice,\n"
        '"b@example.org",yes,"ice\nmoss",\n'
        "c@example.org,yes,,\n"
        "d@example.org,yes,ice,,spare\n"
        "e@example.org,yes,ice,\n"
    )
    assert [t.line for t in told] == [2, 3, 4, 6, 7, 8]
    assert [type(t) for t in told] == [Trouble, Trouble, Row, Trouble, Trouble, Row]
    assert "'Mars/North' is no time zone" in told[0].why
    assert "no interest" in told[3].why


def test_a_cell_beyond_all_bounds_costs_its_line() -> None:
    told = rows(f"address,consent,phrases\na@example.org,yes,{'x' * 30_000}\nb@c.example,yes,ice\n")
    assert [type(t) for t in told] == [Trouble, Row]


class Someone:
    def __init__(self, profile) -> None:
        self.address, self.profile = "ada@example.org", profile
        self.state = type("State", (), {"value": "active"})


def test_what_is_written_is_read_as_the_same() -> None:
    (row,) = rows(
        "address,consent,name,phrases,mute_authors,weekdays,send_empty,weekly_on\n"
        "ada@example.org,2026-11-02 form,=2+2,slow light^2; tar @weekly,Tomo Reed,mon wed,yes,mon\n"
    )
    text = "".join(write_sheet([sheet_row(Someone(row.profile), row.consent)]))
    assert "'=2+2" in text  # no spreadsheet computes it
    (again,) = rows(text)
    assert (again.profile, again.consent) == (row.profile, row.consent)
