"""Commands on profile files."""

import tomllib
from pathlib import Path

import pytest

from digest.profiles import load

LIBRARY = """
@misc{known, title = {%s}}
@misc{other, title = {A Study of Things Unheard of}, eprint = {2101.99999}}
@misc{short, title = {Teapots}}
@misc{damaged, title = {Teapots {
"""


@pytest.fixture
def known(cli, collected: Path) -> dict:
    """A paper of the store with an arXiv id."""
    papers = cli("papers", "--json", "--limit", "500").json_lines
    return next(paper for paper in papers if paper["arxiv_id"])


@pytest.fixture
def library(known: dict, collected: Path) -> Path:
    path = collected / "refs.bib"
    path.write_text(LIBRARY % known["title"])
    return path


def test_a_library_becomes_a_profile_and_each_item_is_accounted_for(
    cli, library: Path, known: dict
) -> None:
    told = cli("profile", "import", library, "--out", "mine.toml")
    assert told.code == 3
    matched, kept, skipped, total = told.out.splitlines()
    assert matched.startswith("item 1 matched: ")
    assert kept.startswith("item 2 kept: A Study of Things Unheard of")
    assert skipped.startswith("item 3 skipped: Teapots")
    assert total == "BibTeX of 3 items: 1 matched, 1 kept, 1 skipped"
    assert "item 4 (line 5)" in told.trouble
    values = [interest.value for interest in load(Path("mine.toml")).interests]
    assert values == [known["arxiv_id"], "A Study of Things Unheard of"]


def test_a_profile_is_extended_and_keeps_its_comments(cli, library: Path, known: dict) -> None:
    mine = Path("mine.toml")
    mine.write_text('# my own words\n[interests]\nphrases = ["x y"] # kept\n')
    again = cli("profile", "import", library, "--profile", mine, "--out", mine)
    assert (again.code, "--force" in again.trouble) == (2, True)
    assert "# kept" in mine.read_text()
    assert cli("profile", "import", library, "--profile", mine, "--out", mine, "--force").code == 3
    text = mine.read_text()
    assert "# my own words" in text
    assert "# kept" in text
    assert known["arxiv_id"] in tomllib.loads(text)["interests"]["examples"]
    twice = cli("profile", "import", library, "--profile", mine)
    assert (twice.code, twice.out) == (1, text)


def test_the_profile_is_printed_where_no_file_is_named(cli, library: Path, known: dict) -> None:
    told = cli("profile", "import", library, "--max", "1")
    assert tomllib.loads(told.out)["interests"]["examples"] == [known["arxiv_id"]]
    assert "digest: BibTeX of 3 items: 1 matched, 0 kept, 2 skipped" in told.err


def test_an_import_as_json(cli, library: Path, known: dict) -> None:
    told = cli("profile", "import", library, "--json").json
    assert [item["outcome"] for item in told["items"]] == ["matched", "kept", "skipped"]
    assert (told["format"], len(told["problems"])) == ("BibTeX", 1)
    assert known["arxiv_id"] in told["profile"]


@pytest.mark.parametrize(
    ("body", "trouble"),
    [(None, "cannot read refs"), (b"", "refs is empty"), (b"\0\1", "no text file")],
)
def test_a_file_that_is_no_library_is_one_line(cli, home: Path, body, trouble: str) -> None:
    if body is not None:
        Path("refs").write_bytes(body)
    told = cli("profile", "import", "refs")
    assert (told.code, trouble in told.trouble) == (2, True)


def test_a_check_prints_days_interests_and_findings(cli, collected: Path) -> None:
    Path("mine.toml").write_text('[interests]\nphrases = ["zyzzyva quorum"]\n')
    told = cli("profile", "check", "mine.toml", "--days", "3")
    assert told.code == 0
    lines = told.out.splitlines()
    assert " of " in lines[2]
    assert "█" in lines[2]
    assert any(line.startswith("phrase zyzzyva quorum ") for line in lines)
    assert "phrase zyzzyva quorum: Nothing of 3 days matches." in lines


def test_a_check_calls_example_papers_by_their_titles(cli, known: dict) -> None:
    Path("mine.toml").write_text(f'[interests]\nexamples = ["{known["arxiv_id"]}"]\n')
    lines = cli("profile", "check", "mine.toml").out.splitlines()
    (line,) = (line for line in lines if line.startswith(f"example {known['arxiv_id']} "))
    assert known["title"][:40] in line


def test_a_check_as_json(cli, collected: Path) -> None:
    Path("mine.toml").write_text('[interests]\nphrases = ["zyzzyva quorum"]\n')
    told = cli("profile", "check", "mine.toml", "--json").json
    assert len(told["days"]) == 14
    assert told["days"][-1]["candidates"] > 0
    assert told["interests"][0] == {
        "kind": "phrase",
        "value": "zyzzyva quorum",
        "muted": False,
        "matched": 0,
        "share": 0.0,
        "papers": 0,
        "brought": 0.0,
    }
    assert [finding["kind"] for finding in told["findings"]] == ["silent"]


def test_a_profile_that_cannot_be_used_is_one_line(cli, home: Path) -> None:
    Path("mine.toml").write_text("[interest]\n")
    told = cli("profile", "check", "mine.toml")
    assert (told.code, "is not a known key" in told.trouble) == (2, True)


def test_a_check_for_a_stranger_is_one_line(cli, collected: Path) -> None:
    Path("mine.toml").write_text('[interests]\nphrases = ["zyzzyva quorum"]\n')
    told = cli("profile", "check", "mine.toml", "--for", "nobody@example.org")
    assert (told.code, "nobody@example.org" in told.trouble) == (2, True)
