import pytest

from digest.errors import UsageError
from digest.sources import SOURCES, source


def test_every_source_stands_under_its_own_name() -> None:
    assert {name: s.name for name, s in SOURCES.items()} == {name: name for name in SOURCES}
    assert len({s.title for s in SOURCES.values()}) == len(SOURCES)


def test_a_source_is_found_by_its_name() -> None:
    assert source("arxivjp").title == "arXiv.jp"


def test_an_unknown_name_is_told_with_those_that_are_known() -> None:
    with pytest.raises(UsageError, match=r"'arxiv\.jp'; the sources are aitopics, .*huggingface"):
        source("arxiv.jp")
