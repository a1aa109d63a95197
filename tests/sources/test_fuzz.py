"""Damaged feeds of every kind: a source reads what it can, or refuses; it never fails.

`benchmarks/fuzz.py` does the same for longer.
"""

import random
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digest.errors import ParseError
from digest.sources import SOURCES
from digest.sources.base import Feed, Response
from mutations import bodies, broken_promises, mutated

OURS = bodies(Path(__file__).parent.parent / "data" / "sources")
MOST_SECONDS = 2.0

many = settings(
    max_examples=120,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)


def check(name: str, body: bytes) -> None:
    response = Response("https://a.example/?p=0", body)
    started = time.process_time()
    try:
        page = SOURCES[name].parse(response, Feed("fuzz", name))
    except ParseError as error:
        assert "\n" not in str(error)
    else:
        assert broken_promises(page) == []
    assert time.process_time() - started < MOST_SECONDS


@pytest.mark.parametrize("name", SOURCES)
@given(dice=st.randoms(use_true_random=False))
@many
def test_damaged_fixtures_are_read_or_refused(name: str, dice: random.Random) -> None:
    own = [body for home, body in OURS if home == name]
    check(name, mutated(dice.choice(own), [body for _, body in OURS], dice))


@pytest.mark.parametrize("name", SOURCES)
@given(body=st.binary(max_size=2_000))
@many
def test_any_bytes_are_read_or_refused(name: str, body: bytes) -> None:
    check(name, body)


@pytest.mark.captures
def test_damaged_captures_are_read_or_refused(captures: Path) -> None:
    pool = bodies(captures)
    others = [body for _, body in pool]
    dice = random.Random(11)
    for _ in range(600):
        home, body = dice.choice(pool)
        check(home or dice.choice(list(SOURCES)), mutated(body, others, dice))


@pytest.mark.parametrize(
    "body",
    [
        b"<rss version='2.0'><channel><item><title>&#99999999999;</title></item></channel></rss",
        b"<rss version='2.0'><channel><item><title>&#xD800;</title></item></channel></rss",
        *(
            f"<rss version='2.0'><channel><item><title>One</title><{name}>some text</{name}>"
            "</item></channel></rss>".encode()
            for name in ("links", "tags", "authors", "published_parsed", "updated_parsed")
        ),
    ],
)
def test_what_was_found_this_way(body: bytes) -> None:
    for name in SOURCES:
        check(name, body)
