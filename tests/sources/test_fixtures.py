"""Each fixture stands beside what its source must read from it: a new one needs no code."""

import json
import random
from datetime import datetime
from pathlib import Path

import pytest

from digest.errors import ParseError
from digest.models import Entry
from digest.sources import SOURCES
from digest.sources.base import Feed, Response

DATA = Path(__file__).parent.parent / "data" / "sources"
OURS = tuple(SOURCES)
EXPECTED = sorted(path for name in OURS for path in (DATA / name).glob("*.expected.json"))


def fixture_of(expectation: Path) -> Path:
    stem = expectation.name.removesuffix(".expected.json")
    others = [p for p in expectation.parent.glob(f"{stem}.*") if p != expectation]
    assert len(others) == 1, f"{expectation.name} needs exactly one fixture beside it"
    return others[0]


def told(entry: Entry) -> dict[str, object]:
    """What an entry says, without the fields that say nothing."""
    silent = Entry(source="", external_id="", title="").to_dict()
    return {k: v for k, v in entry.to_dict().items() if v != silent[k]}


@pytest.mark.parametrize("expectation", EXPECTED, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_a_fixture_reads_as_expected(expectation: Path) -> None:
    expected = json.loads(expectation.read_text(encoding="utf-8"))
    fixture = fixture_of(expectation)
    response = Response(
        url=fixture.name,
        body=fixture.read_bytes(),
        received_at=datetime.fromisoformat(expected["received_at"]),
        captured_at_known=expected["captured_at_known"],
    )
    page = SOURCES[fixture.parent.name].parse(response, Feed("fixture", fixture.parent.name))
    assert [told(entry) for entry in page.entries] == expected["entries"]
    assert list(page.problems) == expected["problems"]
    assert [Entry.from_dict(entry.to_dict()) for entry in page.entries] == list(page.entries)


def damaged(body: bytes, dice: random.Random) -> bytes:
    """The body with a few pieces lost, doubled, or overwritten."""
    for _ in range(dice.randint(1, 6)):
        at = dice.randrange(len(body) + 1)
        end = min(len(body), at + dice.randint(0, 200))
        piece = dice.choice(
            [b"", body[at:end] * 2, bytes([dice.randrange(256)]), b"<", b"]]>", b"&", b'"', b"null"]
        )
        body = body[:at] + piece + body[end:]
    return body


@pytest.mark.parametrize("expectation", EXPECTED, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_damage_is_read_around_or_refused_in_one_line(expectation: Path) -> None:
    fixture, dice = fixture_of(expectation), random.Random(7)
    for _ in range(25):
        response = Response("https://a.example/?p=0", damaged(fixture.read_bytes(), dice))
        for name in (fixture.parent.name, dice.choice(OURS)):
            try:
                page = SOURCES[name].parse(response, Feed("fixture", name))
            except ParseError as error:
                assert "\n" not in str(error)
            else:
                assert [Entry.from_dict(e.to_dict()) for e in page.entries] == list(page.entries)


def test_each_source_has_a_fixture() -> None:
    assert {path.parent.name for path in EXPECTED} == set(OURS)
