"""The command that goes through past days once more."""

import json
from pathlib import Path

import pytest

RECORDS = (
    ("2611.00001", "Listening to Glaciers", "We record the acoustics of glaciers in winter."),
    ("2611.00002", "A Theory of Teacups", "Teacups are classified by their handles."),
)
WANTED = ("--phrase", "glacier acoustics")
DAYS = ("--from", "2026-11-16", "--to", "2026-11-17")


@pytest.fixture
def saved(cli, tmp_path: Path) -> Path:
    """A folder with two days of saved records; the second repeats the first."""
    folder = tmp_path / "saved"
    folder.mkdir()
    lines = [json.dumps({"id": i, "title": t, "summary": s}) for i, t, s in RECORDS]
    for day in (16, 17):
        (folder / f"2026-11-{day}.jsonl").write_text("\n".join(lines))
    return folder


def test_saved_days_are_told_with_what_was_chosen_and_why(cli, saved: Path, tmp_path: Path) -> None:
    told = cli("replay", *DAYS, *WANTED, "--arxiv", saved)
    monday, glaciers, tuesday, silence = told.out.splitlines()
    assert told.code == 0
    assert monday == "2026-11-16 Mon  2 new papers, 0 merged, 2 candidates"
    assert glaciers.startswith("    Listening to Glaciers - ")
    assert tuesday == "2026-11-17 Tue  0 new papers, 0 merged, 0 candidates"
    assert silence.strip()
    assert not (tmp_path / "digest.db").exists()


def test_one_object_a_day_as_json(cli, saved: Path) -> None:
    monday, tuesday = cli("replay", *DAYS, *WANTED, "--arxiv", saved, "--json").json_lines
    assert (monday["date"], monday["new_papers"], monday["candidates"]) == ("2026-11-16", 2, 2)
    assert [paper["ref"] for paper in monday["papers"]] == ["2611.00001"]
    assert monday["papers"][0]["reasons"]
    assert monday["files"][0]["file"] == "2026-11-16.jsonl"
    assert (tuesday["new_papers"], tuesday["papers"]) == (0, [])
    assert tuesday["silence"]


def test_without_folders_the_papers_of_the_store_are_taken(cli, collected: Path) -> None:
    from digest.app import utc_now

    today = utc_now().date().isoformat()
    (day,) = cli("replay", "--from", today, "--to", today, *WANTED, "--json").json_lines
    known = cli("papers", "--json", "--limit", "500").json_lines
    assert 0 < day["new_papers"] == sum(paper["new_at"] is not None for paper in known)
    assert day["files"] == []


def test_a_file_that_cannot_be_read_is_named_and_the_others_are_replayed(cli, saved: Path) -> None:
    (saved / "2026-11-17.jsonl").write_text("<html>")
    told = cli("replay", *DAYS, *WANTED, "--arxiv", saved)
    assert told.code == 3
    assert "2026-11-17.jsonl" in told.trouble
    (saved / "2026-11-16.jsonl").write_text("<html>")
    assert cli("replay", *DAYS, *WANTED, "--arxiv", saved).code == 1


@pytest.mark.parametrize(
    ("arguments", "trouble"),
    [
        (("--from", "2026-11-17", "--to", "2026-11-16"), "write the earlier day first"),
        (("--from", "2026-11-17", "--to", "2199-11-18"), "lies in the future"),
        (("--from", "2024-11-17", "--to", "2026-11-16"), "at most 366 days"),
        (("--from", "soon", "--to", "2026-11-16"), "is no date"),
        ((*DAYS, "--arxiv", "nowhere"), "there is no folder nowhere"),
        ((*DAYS, "--huggingface", "."), "no file is named after one of these days"),
    ],
)
def test_wrong_use_is_one_line(cli, arguments: tuple[str, ...], trouble: str) -> None:
    told = cli("replay", *arguments, *WANTED)
    assert (told.code, trouble in told.trouble) == (2, True)


def test_what_is_wanted_must_be_said(cli) -> None:
    assert "--phrase" in cli("replay", *DAYS).trouble


def test_two_profiles_are_compared_day_by_day(cli, saved: Path) -> None:
    Path("other.toml").write_text('trending = 0\n[interests]\nphrases = ["teacups"]\n')
    asked = ("replay", *DAYS, *WANTED, "--arxiv", saved, "--against", "other.toml")
    told = cli(*asked).out.splitlines()
    assert "1 only with this one, 1 only with the other, 0 with both" in told[1]
    assert told[2].startswith("    - A Theory of Teacups")
    assert told[3].startswith("    + Listening to Glaciers")
    monday, tuesday = cli(*asked, "--json").json_lines
    assert monday["against"] == {
        "only_here": ["2611.00001"],
        "only_against": ["2611.00002"],
        "both": [],
    }
    assert tuesday["against"] == {"only_here": [], "only_against": [], "both": []}


def test_papers_of_both_profiles_are_told_once(cli, saved: Path) -> None:
    Path("same.toml").write_text('[interests]\nphrases = ["glacier acoustics"]\n')
    asked = ("replay", *DAYS, *WANTED, "--arxiv", saved, "--against", "same.toml", "--json")
    assert cli(*asked).json_lines[0]["against"]["both"] == ["2611.00001"]


# ---------------------------------------------------------------- two rankers


def test_two_rankers_are_compared_day_by_day(cli, saved: Path) -> None:
    text = ("--text", "The handles of teacups.", "--trending", "0")
    asked = ("replay", *DAYS, *text, "--arxiv", saved, "--against-ranker", "plain")
    told = cli(*asked)
    assert told.code == 0
    assert "only with this one" in told.out.splitlines()[1]
    monday, tuesday = cli(*asked, "--json").json_lines
    assert set(monday["against"]) == {"only_here", "only_against", "both"}
    assert monday["against"]["both"] == ["2611.00002"]
    assert tuesday["against"] == {"only_here": [], "only_against": [], "both": []}


@pytest.mark.parametrize(
    ("ranker", "trouble"),
    [
        ("no-embeddings", "embeddings are off"),
        ("no-readers", "nothing is learnt from other readers' likes yet"),
    ],
)
def test_a_ranker_that_would_rank_the_same_is_refused(cli, home: Path, ranker, trouble) -> None:
    told = cli("replay", *DAYS, *WANTED, "--against-ranker", ranker)
    assert (told.code, told.trouble.count("\n") <= 1) == (2, True)
    assert trouble in told.trouble


@pytest.mark.parametrize(
    ("more", "trouble"),
    [
        (("--against-ranker", "no-readers"), "saved answers are replayed without"),
        (("--against-ranker", "plain", "--against", "other.toml"), "one thing at a time"),
        (("--against-ranker", "best"), "best"),
    ],
)
def test_a_comparison_that_cannot_be_made_is_one_line(
    cli, saved: Path, more: tuple[str, ...], trouble: str
) -> None:
    told = cli("replay", *DAYS, *WANTED, "--arxiv", saved, *more)
    assert (told.code, trouble in told.trouble) == (2, True)
