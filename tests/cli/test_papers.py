"""The commands on papers: collect, parse, import, papers."""

import json
import shutil
from datetime import date
from pathlib import Path

import pytest

from digest import resources

DATA = Path(__file__).parent.parent / "data" / "sources"
FIXTURES = sorted(DATA.glob("*/*.expected.json"))
PARSED_FIELDS = {
    "title", "abstract", "authors", "n_authors", "arxiv_id", "arxiv_version", "doi",
    "published_at", "categories", "topics", "comments", "upvotes", "translations", "url",
}  # fmt: skip

FEEDS = resources.samples() / "feeds"


def fixture_of(expectation: Path) -> Path:
    stem = expectation.name.removesuffix(".expected.json")
    return next(p for p in expectation.parent.glob(f"{stem}.*") if p != expectation)


def add_feed(home: Path, name: str, source: str, location: str, *more: str) -> None:
    with (home / "config" / "sources.toml").open("a") as file:
        lines = (f'name = "{name}"', f'source = "{source}"', f'location = "{location}"', *more)
        file.write("\n".join(("\n[[feed]]", *lines, "")))


# ---------------------------------------------------------------- collect


def test_collect_reads_all_feeds_and_a_second_run_finds_nothing_new(cli, home):
    first, second = cli("collect"), cli("collect")
    assert (first.code, first.err, second.code, second.err) == (0, "", 0, "")
    lines = first.out.splitlines()
    assert [line.split()[0] for line in lines[:-1]] == ["arxiv", "hf", "jp"]
    assert lines[-1].startswith("45 entries: ")
    assert lines[-1].endswith("0 refused or doubtful, 0 feeds failed")
    assert second.out.count("unchanged") == 3


def test_collect_tells_its_numbers_as_json(cli, home):
    feeds = cli("collect", "--json").json
    assert [(f["feed"], f["entries"], f["error"]) for f in feeds] == [
        ("arxiv", 25, None),
        ("hf", 14, None),
        ("jp", 6, None),
    ]
    assert all(feed["new_papers"] + feed["merged"] <= feed["entries"] for feed in feeds)


def test_a_folder_of_captures_is_a_feed(cli, home):
    folder = home / "config" / "saved"
    folder.mkdir()
    for name in ("category.txt", "feed.xml"):
        (folder / name).write_bytes((DATA / "arxivjp" / name).read_bytes())
    add_feed(home, "saved", "arxivjp", "saved")
    told = cli("collect", "--feed", "saved")
    assert told.code == 0
    assert "saved" in told.out
    assert "digest: saved: category.txt: line 24: not a whole record" in told.err


def test_only_the_feeds_that_are_named_are_read_even_if_they_are_off(cli, home):
    add_feed(home, "blog", "generic", str(DATA / "generic" / "blog.xml"), "enabled = false")
    assert "blog" not in cli("collect").out
    assert cli("collect", "--feed", "blog").out.startswith("blog ")


def test_an_unknown_feed_is_wrong_use_and_the_known_ones_are_told(cli, home):
    told = cli("collect", "--feed", "arxif")
    assert (told.code, told.trouble) == (
        2,
        "digest: no feed is called arxif; known are arxiv, hf, jp",
    )


def test_a_feed_that_fails_costs_only_itself_and_is_named(cli, home):
    add_feed(home, "gone", "arxiv", "gone.xml")
    told = cli("collect")
    assert told.code == 3
    assert told.trouble.startswith("digest: gone: there is no file")
    assert "1 feed failed" in told.out
    assert len(cli("papers", "--json").json_lines) > 30


def test_when_all_feeds_fail_the_command_failed(cli, home):
    add_feed(home, "gone", "arxiv", "gone.xml")
    assert cli("collect", "--feed", "gone").code == 1


def test_no_feed_that_is_on_is_wrong_use(cli, home):
    (home / "config" / "sources.toml").write_text("")
    told = cli("collect")
    assert (told.code, "no feed is on" in told.trouble) == (2, True)


def test_a_list_of_feeds_that_cannot_be_used_is_one_line(cli, home):
    add_feed(home, "odd", "arxif", "x.xml")
    add_feed(home, "jp", "arxivjp", "x.xml")
    told = cli("collect")
    assert told.code == 2
    assert "source 'arxif' is none of arxiv," in told.trouble
    assert "jp: the name stands twice" in told.trouble


# ---------------------------------------------------------------- parse


@pytest.mark.parametrize("expectation", FIXTURES, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_parse_prints_each_entry_of_a_file_as_json(cli, expectation):
    expected = json.loads(expectation.read_text(encoding="utf-8"))
    known = expected["captured_at_known"]
    told = cli(
        "parse", expectation.parent.name, fixture_of(expectation), "--json",
        *(["--captured-at", expected["received_at"]] if known else []),
    )  # fmt: skip
    # Without the day of the capture, years that are not written depend on today.
    unsure = set() if known else {"published_at", "listed_date", "flags"}
    assert told.code == 0
    assert told.err == "".join(f"digest: {problem}\n" for problem in expected["problems"])
    assert [
        {key: entry[key] for key in wanted if key not in unsure}
        for entry, wanted in zip(told.json_lines, expected["entries"], strict=True)
    ] == [
        {key: value for key, value in wanted.items() if key not in unsure}
        for wanted in expected["entries"]
    ]
    assert all(entry.keys() >= PARSED_FIELDS for entry in told.json_lines)


def test_parse_counts_authors_where_names_are_given(cli):
    entries = cli("parse", "arxiv", DATA / "arxiv" / "api.xml", "--json").json_lines
    assert all(entry["n_authors"] == len(entry["authors"]) for entry in entries)


def test_parse_tells_people_day_and_title(cli):
    told = cli("parse", "arxivjp", DATA / "arxivjp" / "feed.xml")
    *entries, count = told.out.splitlines()
    assert count == f"{len(entries)} entries"
    assert all(date.fromisoformat(line[:10]) and line[12:] for line in entries)


def test_the_day_of_the_capture_decides_years(cli):
    def years(captured: str) -> list[int]:
        page = DATA / "huggingface" / "page.txt"
        told = cli("parse", "huggingface", page, "--json", "--captured-at", captured)
        return [int(e["published_at"][:4]) for e in told.json_lines if e["published_at"]]

    apart = [
        late - early for late, early in zip(years("2025-11-05"), years("2024-11-05"), strict=True)
    ]
    assert set(apart) == {0, 1}  # years that are written stay


def test_parse_reads_a_folder_and_names_the_file_that_is_not_of_the_source(cli, tmp_path):
    folder = tmp_path / "saved"
    folder.mkdir()
    for path in ("arxivjp/category.txt", "arxivjp/feed.xml", "aitopics/search.txt"):
        (folder / Path(path).name).write_bytes((DATA / path).read_bytes())
    told = cli("parse", "arxivjp", folder, "--json")
    alone = [cli("parse", "arxivjp", DATA / "arxivjp" / n) for n in ("category.txt", "feed.xml")]
    assert told.code == 3
    assert len(told.json_lines) == sum(len(one.out.splitlines()) - 1 for one in alone)
    assert "category.txt: line 24" in told.err
    assert "search.txt looks like it is from aitopics, not from arxivjp" in told.err


@pytest.mark.parametrize(
    ("arguments", "code", "trouble"),
    [
        (["arxiv", "nowhere.xml"], 1, "there is no file nowhere.xml"),
        (["arxiv", "/dev/null"], 1, "no regular file"),
        (["arxiv", "empty"], 1, "holds no file"),
        (["arxiv", "cut.xml"], 1, "cut.xml"),
        (["arxiv", DATA / "aitopics" / "search.txt"], 1, "from aitopics"),
        (["aitopics", DATA / "huggingface" / "page.txt"], 1, "from huggingface"),
        (["arxif", "cut.xml"], 2, "no source is called 'arxif'; the sources are"),
        (["arxiv", "cut.xml", "--captured-at", "soon"], 2, "'soon' is no date"),
        (["arxiv", "cut.xml", "--captured-at", "0001-01-01"], 2, "out of range"),
    ],
)
def test_what_cannot_be_parsed_is_one_line(cli, tmp_path, arguments, code, trouble):
    (tmp_path / "empty").mkdir()
    (tmp_path / "cut.xml").write_bytes(b"<html><body>Sorry, we are closed.")
    told = cli("parse", *arguments)
    assert (told.code, told.out) == (code, "")
    assert trouble in told.trouble


def test_parse_stores_nothing(cli, home):
    cli("parse", "arxiv", DATA / "arxiv" / "api.xml")
    assert cli("papers").out == ""


# ---------------------------------------------------------------- import


def test_import_stores_papers_and_a_second_time_changes_nothing(cli, home):
    files = [DATA / "aitopics" / "search.txt", DATA / "huggingface" / "page.txt"]
    first = cli("import", "aitopics", files[0])
    before = cli("papers", "--json").out
    second = cli("import", "aitopics", files[0])
    assert (first.code, second.code) == (0, 0)
    assert " 0 new papers, 0 merged, 0 updated" in second.out
    assert cli("papers", "--json").out == before != ""
    assert cli("import", "huggingface", files[1], "--captured-at", "2025-11-05").code == 0


def test_a_bad_file_among_good_ones_costs_only_itself(cli, home):
    good = DATA / "arxiv" / "api.xml"
    bad = DATA / "aitopics" / "search.txt"
    told = cli("import", "arxiv", good, bad, "nowhere.xml", "--json")
    assert told.code == 3
    assert [bool(feed["error"]) for feed in told.json] == [False, True, True]
    assert "digest: search.txt: " in told.err
    assert "digest: nowhere.xml: there is no file" in told.err
    assert len(cli("papers", "--json").json_lines) == told.json[0]["new_papers"]
    assert cli("import", "arxiv", bad, "nowhere.xml").code == 1


def test_a_file_of_a_folder_that_is_too_large_costs_only_itself(cli, home):
    folder = home / "saved"
    folder.mkdir()
    shutil.copy(DATA / "arxiv" / "api.xml", folder)
    with (folder / "big.xml").open("wb") as file:
        file.truncate(17 * 2**20)
    told = cli("import", "arxiv", folder, "--json")
    assert (told.code, [bool(feed["error"]) for feed in told.json]) == (3, [False, True])
    assert "big.xml is larger than 16 MB; split it" in told.err


def test_import_refuses_wrong_use_before_it_reads(cli, home):
    assert cli("import", "arxif", "nowhere.xml").code == 2
    assert cli("import", "arxiv", "nowhere.xml", "--captured-at", "soon").code == 2


# ---------------------------------------------------------------- papers


def test_what_a_sources_language_model_made_is_said_to_be_so(cli, home):
    paper = {
        "id": "2611.00042",
        "title": "On glacier acoustics",
        "ai_summary": "It listens to ice.",
        "ai_keywords": ["ice", "sound"],
    }
    (home / "daily.json").write_text(json.dumps([{"paper": paper}]))
    cli("import", "huggingface", "daily.json")
    lines = cli("papers", "show", "2611.00042").out.splitlines()
    assert "  by huggingface's language model: It listens to ice." in lines
    assert "  keywords by huggingface's model: ice, sound" in lines


def test_papers_are_listed_with_the_sources_that_saw_them(cli, collected):
    lines = cli("papers").out.splitlines()
    assert any("arxiv+huggingface" in line or "huggingface+arxiv" in line for line in lines)
    assert len(cli("papers", "--limit", "3").out.splitlines()) == 3


def test_papers_are_found_by_words_and_by_day(cli, collected):
    found = cli("papers", "--query", "UNLEARNING", "--json").json_lines
    assert found
    assert all("unlearning" in (p["title"] + p["abstract"]).lower() for p in found)
    assert cli("papers", "--query", "no such word anywhere").out == ""
    assert cli("papers", "--since", "2199-01-01").out == ""
    assert cli("papers", "--since", "2000-01-01").out == cli("papers").out
    told = cli("papers", "--since", "yesterday")
    assert (told.code, "--since 'yesterday' is no date" in told.trouble) == (2, True)


def test_papers_carry_their_provenance_in_json(cli, collected):
    (paper,) = cli("papers", "--query", "Knows When to Stop", "--json").json_lines
    assert paper["ref"] == "2611.90123"
    assert {seen["source"] for seen in paper["seen_by"]} == {"arxiv", "huggingface", "arxivjp"}
    assert all(seen["rule"] and seen["first_seen_at"] for seen in paper["seen_by"])
    assert paper["translations"]["ja"]


def test_a_paper_is_shown_with_what_each_source_said_and_why(cli, collected):
    cli("import", "aitopics", FEEDS / "aitopics-capture.txt")
    told = cli("papers", "show", "2611.90951")
    assert told.code == 0
    assert "topics           from aitopics" in told.out
    assert "same title (equal titles, 100% of the last names shared)" in told.out
    assert cli("papers", "show", "2611.90951", "--json").json["seen_by"]
    assert "no paper is known as 'nope'" in cli("papers", "show", "nope").trouble


def test_a_merge_is_undone_for_good(cli, collected):
    cli("import", "aitopics", FEEDS / "aitopics-capture.txt")
    told = cli("papers", "split", "2611.90951", "--source", "aitopics")
    assert told.out.startswith("what aitopics said is now #")
    cli("import", "aitopics", FEEDS / "aitopics-capture.txt")
    assert "aitopics" not in cli("papers", "show", "2611.90951").out
    again = cli("papers", "split", "2611.90951", "--source", "aitopics")
    assert again.code == 2
