"""The commands for who runs Digest: init, status, doctor, demo."""

import json

from digest import resources
from digest.delivery import OutboxChannel, Outcome, OutcomeKind, Parcel

EXPECTED = json.loads((resources.samples() / "expected.json").read_text(encoding="utf-8"))


# ---------------------------------------------------------------- init


def test_init_writes_what_is_needed_and_tells_the_next_steps(cli, tmp_path):
    told = cli("init")
    assert (told.code, told.err) == (0, "")
    for name in ("digest.toml", "sources.toml", "profile.toml"):
        assert f"written  config/{name}\n" in told.out
        assert (tmp_path / "config" / name).is_file()
    assert f"state is kept in {tmp_path / 'state'}\n" in told.out
    assert (tmp_path / "state" / "digest.db").is_file()
    assert (tmp_path / "state" / "secret").stat().st_mode & 0o777 == 0o600
    for step in ("doctor", "collect", "preview --profile config/profile.toml", "serve"):
        assert f"\n  digest {step}\n" in told.out


def test_what_init_wrote_can_be_used_at_once(cli):
    cli("init")
    assert cli("status").code == 0
    told = cli("preview", "--profile", "config/profile.toml")
    assert (told.code, told.err) == (0, "")
    assert cli("subscriber", "add", "ada@example.org", "--profile", "config/profile.toml").code == 0


def test_init_keeps_what_its_owner_wrote(cli, tmp_path):
    cli("init")
    mine = tmp_path / "config" / "digest.toml"
    mine.write_text('sender = "Ada <ada@example.org>"\ndata_dir = "../mine"\n')
    told = cli("init")
    assert told.out.count("kept     config/") == 3
    assert "written" not in told.out
    assert f"state is kept in {tmp_path / 'mine'}\n" in told.out
    assert mine.read_text().startswith('sender = "Ada')


def test_init_in_another_folder(cli, tmp_path):
    assert cli("init", "--folder", "new/place").code == 0
    assert (tmp_path / "new" / "place" / "state" / "digest.db").is_file()
    assert cli("--config", "new/place/config/digest.toml", "status").code == 0


def test_init_makes_the_state_where_the_environment_wants_it(cli, tmp_path, monkeypatch):
    monkeypatch.setenv("DIGEST_DATA_DIR", str(tmp_path / "elsewhere"))
    assert f"state is kept in {tmp_path / 'elsewhere'}\n" in cli("init").out
    assert (tmp_path / "elsewhere" / "secret").is_file()
    assert not (tmp_path / "state").exists()


def test_init_where_nothing_can_be_written_is_one_line(cli, tmp_path):
    (tmp_path / "config").write_text("a file")
    told = cli("init")
    assert (told.code, told.trouble) == (2, "digest: cannot write to config: File exists")


# ---------------------------------------------------------------- status


def test_status_of_a_new_installation(cli, home):
    told = cli("status")
    assert (told.code, told.err) == (0, "")
    assert "feed arxiv                        last read never             unread" in told.out
    assert told.out.endswith("papers: 0 papers\nsubscribers: none\ndeliveries: none\n")


def test_status_tells_how_all_stands(cli, collected):
    cli("subscriber", "add", "ada@example.org", "--phrase", "unlearning")
    cli("publish")
    lines = cli("status").out.splitlines()
    assert [line.split()[:2] for line in lines[:3]] == [
        ["feed", "arxiv"],
        ["feed", "hf"],
        ["feed", "jp"],
    ]
    assert lines[0].endswith("fine: 25 entries")
    assert lines[-2:] == ["subscribers: 1 active", "deliveries: 1 sent"]
    facts = cli("status", "--json").json
    assert facts["subscribers"] == {"active": 1}
    assert facts["deliveries"] == {"sent": 1}
    assert facts["papers"]["arxiv"] == 25
    assert [feed["entry_count"] for feed in facts["feeds"]] == [25, 14, 6]


def test_status_tells_why_a_feed_failed(cli, collected):
    with (collected / "config" / "sources.toml").open("a") as file:
        file.write('[[feed]]\nname = "gone"\nsource = "arxiv"\nlocation = "gone.xml"\n')
    cli("collect", "--feed", "gone")
    told = cli("status")
    assert told.code == 0
    assert "last read never" in told.out
    assert "there is no file" in told.out


def test_a_mail_whose_outcome_is_unknown_is_shown_and_not_sent_again(cli, collected, monkeypatch):
    async def go_dead(self: OutboxChannel, parcel: Parcel) -> Outcome:
        return Outcome(OutcomeKind.UNKNOWN, "the line went dead")

    monkeypatch.setattr(OutboxChannel, "deliver", go_dead)
    monkeypatch.setattr(OutboxChannel, "repeatable", False)  # as with a mail server
    cli("subscriber", "add", "ada@example.org", "--phrase", "unlearning")
    told = cli("publish")
    assert (told.code, told.out) == (1, "1 delivery = 1 unknown\n")
    assert told.trouble == "digest: ada@example.org: the line went dead"
    assert cli("publish").out.startswith("nothing to send")
    assert "outcome unknown: ada@example.org, edition of " in cli("status").out


# ---------------------------------------------------------------- doctor


def test_doctor_finds_nothing_wrong_in_a_good_installation(cli, collected):
    told = cli("doctor")
    assert (told.code, told.err) == (0, "")
    assert "FAIL" not in told.out
    for check in ("settings", "database", "feed arxiv", "channel outbox", "clock"):
        assert f"ok    {check}: " in told.out


def test_doctor_says_what_to_do(cli, home):
    settings = home / "config" / "digest.toml"
    settings.write_text(settings.read_text().replace("digest@example.org", "digest@localhost"))
    (home / "config" / "sources.toml").write_text(
        '[[feed]]\nname = "gone"\nsource = "arxiv"\nlocation = "gone.xml"\n'
    )
    told = cli("doctor")
    failed = told.out.partition("FAIL")[2]
    assert told.code == 1
    assert "set `sender` to an address of yours" in failed
    assert "FAIL  feed gone: there is no file" in failed
    checks = cli("doctor", "--json").json
    assert {check["name"] for check in checks if not check["ok"]} == {"settings", "feed gone"}
    assert all(check["advice"] for check in checks if not check["ok"])


# ---------------------------------------------------------------- demo


def test_the_demo_tells_what_it_did_and_writes_the_digest(cli, tmp_path):
    told = cli("demo", "--out", "first")
    assert (told.code, told.err) == (0, "")
    markdown = (tmp_path / "first/mirela@example.org/2026-11-18.md").read_text()
    assert markdown in told.out
    assert f"{EXPECTED['entries']} entries from {len(EXPECTED['files'])} sample feeds" in told.out
    assert f"into {EXPECTED['papers']} papers" in told.out
    assert "once more on the same day sent nothing" in told.out
    written = [line.split()[0] for line in told.out.splitlines() if line.startswith("  first/")]
    assert sorted(written) == sorted(
        str(path.relative_to(tmp_path))
        for path in (tmp_path / "first").rglob("*.*")
        if path.is_file()
    )
    assert not (tmp_path / "home").exists()


def test_the_demos_digest_is_the_one_that_was_reviewed(cli, tmp_path, data):
    cli("demo", "--out", "out")
    made = (tmp_path / "out/mirela@example.org/2026-11-18.md").read_text(encoding="utf-8")
    assert made == (data / "demo.md").read_text(encoding="utf-8")


def test_on_a_terminal_the_digest_is_set_for_reading(cli, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    told = cli("demo").out
    assert "\x1b[" in told
    assert "Rising outside your profile" in told
    assert "## Rising outside your profile" not in told


def test_the_demo_is_the_same_each_time_and_touches_no_other_file(cli, tmp_path):
    (tmp_path / "NOTES.md").write_text("mine\n")
    first, second = cli("demo", "--out", "."), cli("demo", "--out", ".")
    assert first == second
    assert (tmp_path / "NOTES.md").read_text() == "mine\n"


def test_the_demo_says_where_it_cannot_write(cli, tmp_path):
    (tmp_path / "taken").write_text("a file")
    told = cli("demo", "--out", "taken")
    assert (told.code, "try another --out" in told.trouble) == (2, True)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mirela@example.org").write_text("a file")
    told = cli("demo", "--out", "out")
    assert (told.code, "a file stands where a folder is wanted" in told.trouble) == (1, True)


def test_the_demo_touches_nothing_of_a_real_installation(cli, tmp_path, monkeypatch):
    monkeypatch.setenv("DIGEST_DATA_DIR", str(tmp_path / "real"))
    monkeypatch.setenv("DIGEST_DELIVERY__CHANNELS", "smtp")
    monkeypatch.setenv("DIGEST_SMTP__PORT", "no port")
    assert cli("demo", "--out", tmp_path / "out").code == 0
    assert not (tmp_path / "real").exists()


# ---------------------------------------------------------------- backup and restore


def test_a_backup_is_restored(cli, home, tmp_path):
    cli("subscriber", "add", "ada@example.org", "--phrase", "ice")
    told = cli("backup", "copies/digest.db")
    assert (told.code, told.err) == (0, "")
    assert "keep the file `secret`" in told.out
    cli("subscriber", "remove", "ada@example.org")
    told = cli("restore", "copies/digest.db")
    assert (told.code, told.err) == (0, "")
    assert (
        f"the database that was there is now {tmp_path / 'state' / 'digest.db'}.before-" in told.out
    )
    assert "0 deliveries that waited ended, the outcome of 0 is unknown" in told.out
    assert "ada@example.org" in cli("subscriber", "list").out


def test_what_is_no_backup_is_told_in_one_line(cli, home):
    told = cli("restore", "config/digest.toml")
    assert (told.code, told.out) == (1, "")
    assert "config/digest.toml cannot be restored: file is not a database" in told.trouble
