"""How the sources bear input that a fuzzer makes to reach every branch of them.

Usage: python benchmarks/fuzz_guided.py CORPUS [-runs=100000] [options of libFuzzer]

CORPUS is a folder that is filled with our fixtures first, and with what the fuzzer finds. It
needs `pip install atheris`, which is not among the tools of the project. The first byte of an
input chooses the source. A source may answer with entries that keep the promises of
tests/mutations.py, or refuse in one line; all else is a crash, which libFuzzer saves.
"""

import sys
from pathlib import Path

import atheris

TESTS = Path(__file__).parent.parent / "tests"
sys.path.insert(0, str(TESTS))

with atheris.instrument_imports(include=["digest", "feedparser"]):
    from digest.errors import ParseError
    from digest.sources import SOURCES
    from digest.sources.base import Feed, Response

from mutations import bodies, broken_promises  # noqa: E402

NAMES = list(SOURCES)


def read(data: bytes) -> None:
    if not data:
        return
    name = NAMES[data[0] % len(NAMES)]
    try:
        page = SOURCES[name].parse(Response("https://a.example/?p=0", data[1:]), Feed("fuzz", name))
    except ParseError as error:
        assert "\n" not in str(error), str(error)
        return
    faults = broken_promises(page)
    assert not faults, faults


def main() -> None:
    corpus = Path(sys.argv[1])
    corpus.mkdir(parents=True, exist_ok=True)
    for number, (home, body) in enumerate(bodies(TESTS / "data" / "sources")):
        first = NAMES.index(home) if home in NAMES else NAMES.index("generic")
        (corpus / f"seed-{number}").write_bytes(bytes([first]) + body)
    atheris.Setup(sys.argv, read)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
