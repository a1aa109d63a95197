"""`digest admin password`: asked for twice, and only a hash of it is printed."""

import io
import re
import sys

import pytest

from digest import passwords
from digest.config import load

GOOD = "correct horse battery staple"


@pytest.fixture
def typed(monkeypatch):
    """Let somebody sit at the terminal and type these passwords."""

    def sit(*answers: str) -> list[str]:
        asked, left = [], list(answers)
        monkeypatch.setattr(sys, "stdin", io.StringIO())
        monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
        monkeypatch.setattr("getpass.getpass", lambda what, _: asked.append(what) or left.pop(0))
        return asked

    return sit


def test_what_is_printed_goes_into_the_settings(cli, typed, tmp_path) -> None:
    asked = typed(GOOD, GOOD)
    told = cli("admin", "password")
    assert told.code == 0
    assert asked == ["Password: ", "Once more: "]
    assert re.fullmatch(r'admin_password_hash = "scrypt:15:8:3:[\w-]{22}:[\w-]{43}"\n', told.out)
    assert "[web]" in told.trouble
    assert GOOD not in told.out + told.err
    file = tmp_path / "digest.toml"
    file.write_text(f"[web]\n{told.out}")
    kept = load(file, {}).web.admin_password_hash
    assert passwords.matches(GOOD, kept.get_secret_value())
    assert "scrypt" not in repr(load(file, {}))


def test_a_password_is_read_from_a_pipe(cli, monkeypatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{GOOD}\r\nsecond line\n"))
    kept = cli("admin", "password", "--stdin").out.split('"')[1]
    assert passwords.matches(GOOD, kept)


@pytest.mark.parametrize(
    ("answers", "trouble"),
    [((GOOD, GOOD + " "), "differ"), (("short", "short"), "12 to 256 characters")],
)
def test_what_cannot_be_a_password_is_told(cli, typed, answers, trouble) -> None:
    typed(*answers)
    told = cli("admin", "password")
    assert (told.code, told.out) == (2, "")
    assert trouble in told.trouble


def test_without_a_terminal_nobody_is_asked(cli, monkeypatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{GOOD}\n"))
    told = cli("admin", "password")
    assert told.code == 2
    assert "--stdin" in told.trouble
