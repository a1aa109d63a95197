from datetime import UTC, datetime
from pathlib import Path

import pytest

from digest.errors import SourceError
from digest.sources.local import MAX_BYTES, read

NOW = datetime(2026, 11, 18, 6, 0, tzinfo=UTC)
THEN = datetime(2026, 11, 1, tzinfo=UTC)


def test_a_file_is_read_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "page.txt"
    file.write_bytes(b"\xff\x00text")
    (response,) = read(str(file), NOW, None).responses
    assert (response.url, response.body, response.content_type) == (str(file), b"\xff\x00text", "")
    assert (response.received_at, response.captured_at_known) == (NOW, False)


def test_the_day_of_the_capture_is_kept_where_it_is_known(tmp_path: Path) -> None:
    (tmp_path / "page.txt").write_bytes(b"x")
    (response,) = read(str(tmp_path / "page.txt"), NOW, THEN).responses
    assert (response.received_at, response.captured_at_known) == (THEN, True)


def test_a_folder_gives_its_files_in_order_and_nothing_else(tmp_path: Path) -> None:
    for name in ("b.txt", "a.txt", ".hidden"):
        (tmp_path / name).write_text(name)
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "c.txt").write_text("c")
    found = read(str(tmp_path), NOW, None)
    assert [r.body for r in found.responses] == [b"a.txt", b"b.txt"]
    assert found.unread == {}


def test_a_file_of_a_folder_that_is_too_large_costs_only_itself(tmp_path: Path) -> None:
    large = tmp_path / "b.txt"
    with large.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    for name in ("a.txt", "c.txt"):
        (tmp_path / name).write_text(name)
    found = read(str(tmp_path), NOW, None)
    assert [r.body for r in found.responses] == [b"a.txt", b"c.txt"]
    assert found.unread == {str(large): f"{large} is larger than 16 MB; split it"}
    for name in ("a.txt", "c.txt"):
        (tmp_path / name).unlink()
    with pytest.raises(SourceError, match=r"no file of the folder can be read.*16 MB"):
        read(str(tmp_path), NOW, None)


def test_the_home_folder_may_be_written_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "x").write_text("x")
    assert read("~/x", NOW, None).responses[0].body == b"x"


def test_what_cannot_be_read_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    for location, match in [
        (str(tmp_path / "none"), "there is no file"),
        (str(tmp_path / "empty"), "holds no file"),
        (str(large), "is larger than 16 MB"),
        ("/dev/null", "is no regular file"),
        ("a\x00b", "there is no file"),
        ("x" * 5000, "cannot be read"),
    ]:
        with pytest.raises(SourceError, match=match):
            read(location, NOW, None)
