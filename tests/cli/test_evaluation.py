"""The command `rank`: the ranker of editions on files."""

import json
import re
from pathlib import Path

import pytest

SUBJECTS = ("glacier acoustics", "harbour robots", "protein folding", "slow optimisers")


def lines(path: Path, *rows: object) -> Path:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path


def paper(number: int, subject: str, **more: object) -> dict[str, object]:
    return {
        "id": f"p{number}",
        "title": f"On {subject}, part {number}",
        "abstract": f"We report measurement {number} of {subject} in an invented setting.",
        **more,
    }


@pytest.fixture
def task(tmp_path: Path) -> list[str]:
    """Four papers to be ranked (p0 to p3) among forty, and three readers; as options."""
    papers = [paper(n, SUBJECTS[n % 4]) for n in range(40)]
    lines(tmp_path / "papers.jsonl", *papers)
    lines(tmp_path / "candidates.jsonl", *({"id": f"p{n}"} for n in range(4)))
    lines(
        tmp_path / "users.jsonl",
        {"id": "ice", "liked": ["p4", "p8", "p12"], "keywords": ["slow optimisers"]},
        {"id": "robots", "liked": ["p5"], "keywords": []},
        {"id": "proteins", "liked": [], "keywords": ["protein folding"]},
    )
    return options(tmp_path)


def options(folder: Path) -> list[str]:
    found = []
    for name in ("papers", "candidates", "users"):
        found += [f"--{name}", str(folder / f"{name}.jsonl")]
    return [*found, "--out", str(folder / "out" / "ranking.json")]


def ranking(folder: Path) -> dict[str, list[str]]:
    return json.loads((folder / "out" / "ranking.json").read_text())


def test_each_reader_gets_the_candidates_best_first(cli, task, tmp_path):
    told = cli("rank", *task)
    assert (told.code, told.err) == (0, "")
    assert told.out.startswith("4 candidates ranked for 3 readers: ")
    first = {user: ids[0] for user, ids in ranking(tmp_path).items()}
    assert first == {"ice": "p0", "robots": "p1", "proteins": "p2"}


def test_several_processes_give_what_one_gives(cli, task, tmp_path):
    users = [{"id": f"u{n}", "liked": [f"p{4 + n}"], "keywords": []} for n in range(9)]
    lines(tmp_path / "users.jsonl", *users)
    assert cli("rank", *task, "--jobs", "2").code == 0
    two = ranking(tmp_path)
    assert cli("rank", *task, "--jobs", "1").code == 0
    assert ranking(tmp_path) == two
    assert len(two) == 9


def test_only_the_first_liked_papers_or_only_the_keywords(cli, task, tmp_path):
    lines(
        tmp_path / "users.jsonl",
        {"id": "u", "liked": ["p5", "p4", "p8", "p12"], "keywords": ["slow optimisers"]},
    )
    cli("rank", *task, "--only", "liked:1")
    assert ranking(tmp_path)["u"][0] == "p1"
    cli("rank", *task, "--only", "keywords")
    assert ranking(tmp_path)["u"][0] == "p3"


def test_no_more_than_top_papers_are_listed(cli, task, tmp_path):
    cli("rank", *task, "--top", "1")
    assert {len(ids) for ids in ranking(tmp_path).values()} == {1}


def test_only_the_named_texts_count(cli, task, tmp_path):
    rows = [paper(n, "nothing") for n in range(20)]
    rows += [paper(n, "nothing", keywords=["protein folding"] * (n == 21)) for n in (20, 21)]
    lines(tmp_path / "papers.jsonl", *rows)
    lines(tmp_path / "candidates.jsonl", {"id": "p20"}, {"id": "p21"})
    lines(tmp_path / "users.jsonl", {"id": "u", "liked": [], "keywords": ["protein folding"]})
    cli("rank", *task, "--text", "title,abstract,keywords")
    assert ranking(tmp_path)["u"][0] == "p21"


def test_bad_lines_cost_only_themselves(cli, task, tmp_path):
    with (tmp_path / "candidates.jsonl").open("a") as file:
        file.write('{"id": "p999"}\nnot json\n[1]\n{"no": "id"}\n')
    with (tmp_path / "users.jsonl").open("a") as file:
        file.write('{"id": "odd", "liked": ["p4", "nowhere"], "keywords": null}\n')
        file.write('{"id": "string", "liked": "p4"}\n')
    told = cli("rank", *task)
    assert told.code == 3
    assert "digest: candidates.jsonl:6: no JSON object with an id; left out" in told.err
    assert "1 candidates that papers.jsonl does not hold (p999); left out" in told.err
    assert "1 liked papers that papers.jsonl does not hold (nowhere); left out" in told.err
    assert re.search(r"digest: users.jsonl:\d+: liked is no list; left out", told.err)
    assert ranking(tmp_path)["odd"][0] == "p0"


@pytest.mark.parametrize(
    ("arguments", "trouble"),
    [
        (["--only", "liked:0"], "--only takes liked:K or keywords"),
        (["--only", "titles"], "--only takes liked:K or keywords"),
        (["--text", "title,body"], "--text takes title, abstract and keywords, not body"),
        (["--papers", "nowhere.jsonl"], "nowhere.jsonl cannot be read"),
    ],
)
def test_wrong_use_is_refused_before_anything_is_written(cli, task, tmp_path, arguments, trouble):
    told = cli("rank", *task, *arguments)
    assert told.code == 2
    assert trouble in told.trouble
    assert not (tmp_path / "out").exists()


def test_papers_that_hold_no_candidate_are_refused(cli, task, tmp_path):
    (tmp_path / "papers.jsonl").write_text('{"id": "other", "title": "Another one"}\n')
    told = cli("rank", *task)
    assert (told.code, "holds none of the papers that" in told.trouble) == (2, True)
    assert not (tmp_path / "out").exists()


def test_a_file_without_users_is_refused(cli, task, tmp_path):
    (tmp_path / "users.jsonl").write_text("")
    told = cli("rank", *task)
    assert (told.code, "users.jsonl holds no line with an id" in told.trouble) == (2, True)


def test_a_ranking_that_cannot_be_written_leaves_nothing_behind(cli, task, tmp_path):
    (tmp_path / "out").write_text("in the way")
    told = cli("rank", *task)
    assert (told.code, "cannot write" in told.trouble) == (2, True)
    assert sorted(p.name for p in tmp_path.iterdir() if "part" in p.name) == []
