import json
from pathlib import Path

import pytest

from bounce_corpus import report
from digest.store import open_store


@pytest.fixture
def home(cli, tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    assert cli("init").code == 0
    return tmp_path


def test_a_forged_bounce_changes_nothing(cli, home) -> None:
    mbox = home / "mbox"
    mbox.write_bytes(b"From x Mon Jan 1 00:00:00 2026\n" + report("b+1-aaaaaaaaaaaaaaaa@x.example"))
    done = cli("bounces", "--mbox", str(mbox))
    assert done.code == 0
    assert done.out == "1 mail read: 1 unsigned; 0 suppressed, 0 unsubscribed\n"
    told = json.loads(cli("bounces", "--mbox", str(mbox), "--json").out)
    assert told == {"mails": 1, "unsigned": 1, "suppressed": 0, "unsubscribed": 0}


def test_where_to_read_has_to_be_told(cli, home) -> None:
    done = cli("bounces")
    assert done.code == 2
    assert "nothing to read: give --maildir, --mbox or --stdin" in done.err
    assert cli("bounces", "--stdin", "--mbox", "x").code == 2


def test_a_maildir_of_the_settings_is_read(cli, home, monkeypatch) -> None:
    for name in ("new", "cur", "tmp"):
        (home / "Maildir" / name).mkdir(parents=True)
    (home / "Maildir" / "new" / "1.a.host").write_bytes(b"From: x@y.example\nSubject: hello\n\n")
    monkeypatch.setenv("DIGEST_BOUNCES__MAILDIR", str(home / "Maildir"))
    assert "1 mail read: 1 other" in cli("bounces").out


def test_an_address_is_suppressed_listed_and_allowed_again(cli, home) -> None:
    assert cli("suppress", "Ada@Example.org", "--reason", "asked by phone").code == 0
    assert "was suppressed already" in cli("suppress", "ada@example.org").out
    assert "asked by phone" in cli("suppress", "--list").out
    (line,) = cli("suppress", "--list", "--json").out.splitlines()
    assert json.loads(line)["address"] == "ada@example.org"
    assert cli("suppress", "ada@example.org", "--remove").code == 0
    assert cli("suppress", "--list").out == ""
    again = cli("suppress", "ada@example.org", "--remove")
    assert again.code == 2
    assert "is not suppressed" in again.err


def test_suppressing_needs_an_address_or_a_list(cli, home) -> None:
    assert cli("suppress").code == 2
    assert cli("suppress", "ada@example.org", "--list").code == 2


def test_return_paths_are_signed_where_init_made_a_secret(home) -> None:
    from digest.app import App
    from digest.config import load

    parts = App(load(home / "config" / "digest.toml", {}))
    with open_store(parts.settings.database_url):
        assert parts.tokens is not None
    parts.close()
