"""The command tree: help, version, wrong use and settings that cannot be used."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from digest import __version__

COMMANDS = (
    "demo", "init", "status", "backup", "restore", "doctor", "collect", "parse", "import", "preview",
    "publish", "serve", "web", "worker", "tick", "deliveries", "resolve", "bounces", "suppress", "answer", "why", "replay", "evaluate", "rank", "feeds", "feeds list", "feeds add", "feeds remove", "feeds check",
    "feeds import", "feeds export", "papers", "papers show", "papers split", "subscriber", "subscriber add", "subscriber update", "subscriber list",
    "subscriber show", "subscriber pause", "subscriber resume", "subscriber remove",
    "subscriber import", "subscriber export", "subscriber erase", "subscriber resend",
    "profile", "profile check", "profile import", "admin", "admin password",
)  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_help_explains_a_command_by_an_example_that_fits_on_its_line(cli, command):
    told = cli(*command.split(), "--help")
    (example,) = re.findall(r"^  Example:  (digest .+)$", told.out, re.MULTILINE)
    assert told.code == 0
    assert f" {command.split()[0]}" in example
    assert max(map(len, told.out.splitlines())) <= 80


@pytest.mark.parametrize("group", ["", "feeds", "subscriber", "profile", "admin"])
def test_help_lists_the_commands_there_are_with_whole_sentences(cli, group):
    listed = cli(*group.split(), "--help").out.partition("Commands:\n")[2].partition("\n\n")[0]
    names = [line.split()[0] for line in listed.splitlines()]
    assert names == [c.split()[-1] for c in COMMANDS if c.rpartition(" ")[0] == group]
    assert "..." not in listed


@pytest.mark.parametrize("group", ["", "feeds", "subscriber", "profile", "admin"])
def test_without_a_command_the_help_comes_as_wrong_use(cli, group):
    told = cli(*group.split())
    assert (told.code, told.out) == (2, "")
    assert told.err.startswith("Usage: digest")


def test_the_version_is_told(cli):
    assert cli("--version").out == f"digest {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "trouble"),
    [
        (["nope"], "No such command 'nope'"),
        (["subscriber", "nope"], "No such command 'nope'"),
        (["collect", "--nope"], "No such option: --nope"),
        (["parse"], "Missing argument 'SOURCE'"),
        (["preview", "--format", "pdf"], "'pdf' is not one of"),
        (["papers", "--limit", "0"], "--limit"),
        (["--config"], "'--config' requires an argument"),
    ],
)
def test_wrong_use_is_one_line_that_names_the_help(cli, arguments, trouble):
    told = cli(*arguments)
    assert told.code == 2
    assert told.trouble.startswith("digest: ")
    assert trouble in told.trouble
    assert "--help`" in told.trouble


@pytest.mark.parametrize(
    ("text", "trouble"),
    [
        ('sendr = "x"', "sendr: is not a known key"),
        ("sender = x", "not valid TOML"),
        ('sender = "x"\npublic_url = "y"', "public_url: 'y' is no http(s) address"),
        ("[smtp]\nport = 99999", "smtp.port"),
        ('[delivery]\nchannels = ["pigeon"]', "pigeon is no channel"),
        ("sender = '\xff'", "not UTF-8"),
    ],
)
def test_settings_that_cannot_be_used_are_one_line(cli, tmp_path, text, trouble):
    (tmp_path / "own.toml").write_bytes(text.encode("latin-1"))
    told = cli("--config", "own.toml", "status")
    assert told.code == 2
    assert trouble in told.trouble
    assert "own.toml" in told.trouble


def test_a_settings_file_that_is_named_must_exist(cli, monkeypatch):
    assert "digest init" in cli("--config", "nope.toml", "status").trouble
    monkeypatch.setenv("DIGEST_CONFIG", "other.toml")
    told = cli("status")
    assert told.code == 2
    assert "other.toml" in told.trouble


def test_variables_of_the_environment_are_settings_too(cli, monkeypatch, tmp_path):
    monkeypatch.setenv("DIGEST_DATA_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("DIGEST_COLLECT__SOURCES", str(tmp_path / "feeds.toml"))
    (tmp_path / "feeds.toml").write_text("")
    assert cli("status").code == 0
    assert (tmp_path / "elsewhere" / "digest.db").is_file()
    monkeypatch.setenv("DIGEST_SMTP__HOTS", "mail.example.org")
    told = cli("status")
    assert (told.code, "DIGEST_SMTP__HOTS" in told.trouble) == (2, True)


@pytest.mark.parametrize(
    ("url", "trouble"),
    [
        ("sqlite:///notes.txt", "is not a database"),
        ("oracle://somewhere/db", "not supported"),
        ("nonsense", "cannot be read"),
    ],
)
def test_a_database_that_cannot_be_opened_is_one_line(cli, tmp_path, monkeypatch, url, trouble):
    (tmp_path / "notes.txt").write_text("no database at all, but somebody's notes\n" * 50)
    monkeypatch.setenv("DIGEST_DATABASE__URL", url)
    told = cli("subscriber", "list")
    assert (told.code, trouble in told.trouble) == (1, True)


def test_help_comes_at_once():
    command = [sys.executable, "-m", "digest", "--help"]
    took = []
    for _ in range(3):
        before = os.times()
        subprocess.run(command, check=True, capture_output=True)
        after = os.times()  # of processor: what else the machine does is no matter
        took.append(after.children_user + after.children_system)
        took[-1] -= before.children_user + before.children_system
    assert min(took) < 0.6


def test_help_loads_nothing_heavy():
    code = (
        "import sys; from digest.cli import run; run(['--help']);"
        "print(*sys.modules, file=sys.stderr)"
    )
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    heavy = {
        "sqlalchemy",
        "numpy",
        "scipy",
        "jinja2",
        "feedparser",
        "httpx2",
        "rich",
        "pydantic",
        "asyncio",
        "digest.models",
    }
    assert not heavy & set(told.stderr.split())


def test_output_is_utf8_whatever_the_terminal_speaks(tmp_path: Path):
    page = Path(__file__).parent.parent / "data" / "sources" / "arxivjp" / "category.txt"
    told = subprocess.run(
        [sys.executable, "-m", "digest", "parse", "arxivjp", page, "--json"],
        check=True,
        capture_output=True,
        cwd=tmp_path,
        env={"PYTHONIOENCODING": "ascii", "PATH": "/usr/bin:/bin"},
    )
    assert "。" in told.stdout.decode("utf-8")


def test_a_reader_who_leaves_early_is_no_error(tmp_path: Path):
    folder = Path(__file__).parent.parent / "data" / "sources" / "arxiv"
    with subprocess.Popen(
        [sys.executable, "-m", "digest", "parse", "arxiv", folder / "api.xml", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
    ) as process:
        assert process.stdout and process.stderr
        process.stdout.close()
        told = process.stderr.read()
    assert b"Traceback" not in told
    assert b"Exception" not in told


def test_ctrl_c_ends_a_command_with_a_word(cli, home, monkeypatch):
    def interrupt(*told: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("digest.subscriptions.Subscriptions.walk", interrupt)
    told = cli("subscriber", "list")
    assert (told.code, told.err) == (130, "digest: stopped\n")
