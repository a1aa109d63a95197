"""Whatever the bytes: items, problems or our own error, in bounded time."""

import random
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digest.errors import LibraryError
from digest.libraries import MAX_BYTES, read

SHELVES = sorted((Path(__file__).parent.parent / "data" / "libraries").iterdir())
QUICK = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
STARTS = [b"", b"@misc{a, title={", b"TY  - JOUR\nTI  - ", b'[{"title": "', b"<opml><body>",
          b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">']  # fmt: skip


def attempt(data: bytes) -> None:
    """Read; the result holds only what it promises."""
    try:
        library = read(data, "shelf")
    except LibraryError as error:
        assert "\n" not in str(error)
        return
    for item in library.items:
        assert item.title or item.arxiv_id or item.doi or item.category or item.url
        assert len(item.title) <= 500
        assert "\n" not in item.title
        assert all(name and len(name) <= 400 for name in item.authors)
    assert all(len(problem) < 400 for problem in library.problems)


@QUICK
@given(st.sampled_from(STARTS), st.binary(max_size=400))
def test_random_bytes(start: bytes, data: bytes) -> None:
    attempt(start + data)


@QUICK
@given(
    st.sampled_from(STARTS),
    st.text(st.sampled_from('@{}()"\\,=$#%<>&/[]:;-TYERAU \n\té¨0110.v'), max_size=300),
)
def test_random_marks(start: bytes, text: str) -> None:
    attempt(start + text.encode())


@pytest.mark.parametrize("shelf", SHELVES, ids=lambda path: path.suffix[1:])
@QUICK
@given(seed=st.integers(0, 2**32))
def test_mutated_libraries(shelf: Path, seed: int) -> None:
    data, dice = bytearray(shelf.read_bytes()), random.Random(seed)
    for _ in range(dice.randint(1, 12)):
        at = dice.randrange(len(data))
        match dice.randrange(4):
            case 0:
                data[at] = dice.randrange(256)
            case 1:
                del data[at : at + dice.randint(1, 60)]
            case 2:
                data[at:at] = data[dice.randrange(len(data)) :][: dice.randint(1, 200)]
            case _:
                data[at:at] = dice.choice([b"{", b"}", b'"', b"<", b"@a{", b"\\", b"TY  - ", b"[{"])
        data = data or bytearray(b" ")
    attempt(bytes(data))


BOMBS = {
    "blocks": "@a{k,\n",
    "quotes": '"',
    "braces": "{",
    "closing": "}",
    "authors": " and ",
    "tex": '\\"{',
    "commas": ",a=b",
    "arrays": '[{"a":',
    "records": "TY  - JOUR\n",
    "elements": "<a>",
    "outlines": '<outline text="2611.00001"/>',
    "dois": "10.1234/(v1v1\n",
    "spaces": " ",
}


@pytest.mark.parametrize("start", ["", "@a{k, title={", "[", "<opml><body>", "TY  - JOUR\nTI  - "])
@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_a_megabyte_of_anything_takes_seconds_at_most(start: str, bomb: str) -> None:
    size = MAX_BYTES // 8
    data = (start + bomb * (size // len(bomb))).encode()
    begun = time.process_time()
    attempt(data)
    assert time.process_time() - begun < 5


def test_large_items_before_the_end_of_the_file_are_not_read_again_and_again() -> None:
    nest = "[" + "".join('{"a":[' + "{}," * 300 for _ in range(1_000))
    begun = time.process_time()
    attempt(nest.encode())
    assert time.process_time() - begun < 5
