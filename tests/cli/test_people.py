"""The commands on subscribers."""

from pathlib import Path

import pytest

ADA = "ada@example.org"


@pytest.fixture
def ada(cli, home) -> str:
    assert cli("subscriber", "add", ADA, "--phrase", "unlearning").code == 0
    return ADA


def write_profile(folder: Path, text: str) -> Path:
    path = folder / "own.toml"
    path.write_text(text)
    return path


def test_a_subscriber_is_added_with_a_profile_file_and_options_together(cli, home):
    told = cli(
        "subscriber", "add", ADA, "--profile", "config/profile.toml", "--author", "Ada Quill",
        "--category", "cs.LG", "--topic", "Robots", "--example", "2611.90123", "--confirmed",
    )  # fmt: skip
    assert told.code == 0
    assert told.out.startswith("ada@example.org is subscribed: 9 interests, 10 papers as html")
    shown = cli("subscriber", "show", ADA)
    assert "  author: Ada Quill\n" in shown.out
    assert "  phrase: test-time training (weight 2)\n" in shown.out
    assert "  mute phrase: blockchain\n" in shown.out


def test_a_subscriber_is_shown_and_listed_as_json(cli, ada):
    shown = cli("subscriber", "show", ada, "--json").json
    (listed,) = cli("subscriber", "list", "--json").json_lines
    assert listed == {name: value for name, value in shown.items() if name in listed}
    assert set(shown) - set(listed) == {
        "answers", "consent", "deliveries", "paused_until", "suppressed"
    }  # fmt: skip
    assert (shown["address"], shown["state"], shown["format"]) == (ada, "active", "html")
    assert shown["interests"] == [
        {"kind": "phrase", "value": "unlearning", "weight": 1.0, "muted": False, "weekly": False}
    ]


def test_the_list_tells_each_subscriber_on_a_line(cli, ada):
    cli("subscriber", "add", "ben@example.org", "--author", "Ada Quill", "--phrase", "moss")
    lines = cli("subscriber", "list").out.splitlines()
    assert [line.split()[:4] for line in lines] == [
        [ada, "active", "1", "interest,"],
        ["ben@example.org", "active", "2", "interests,"],
    ]


def test_update_replaces_the_whole_profile(cli, home, ada):
    text = 'papers = 3\nsend_time = "06:30"\nweekdays = ["mon", "fri"]\ntimezone = "Asia/Tokyo"\n'
    path = write_profile(home, text + '[interests]\nphrases = ["moss"]\n')
    told = cli("subscriber", "update", ada, "--profile", path)
    assert told.out == (
        "ada@example.org: 1 interest, 3 papers as html, mon, fri at 06:30 Asia/Tokyo\n"
    )


def test_pause_resume_and_remove(cli, ada):
    assert cli("subscriber", "pause", ada).out == f"{ada} is paused\n"
    assert cli("subscriber", "show", ada).out.startswith(f"{ada}: paused\n")
    assert cli("subscriber", "resume", ada).out == f"{ada} is active\n"
    assert cli("subscriber", "remove", ada).out == f"{ada} is removed\n"
    assert cli("subscriber", "list").out == ""


@pytest.mark.parametrize("command", ["show", "pause", "resume", "remove"])
def test_nobody_can_be_changed_who_is_not_there(cli, ada, command):
    told = cli("subscriber", command, "nobody@example.org")
    assert told.code == 2
    assert "nobody is subscribed as nobody@example.org" in told.trouble


def test_the_profile_of_nobody_cannot_be_changed(cli, home):
    profile = home / "config" / "profile.toml"
    assert cli("subscriber", "update", ADA, "--profile", profile).code == 2


def test_nobody_is_subscribed_twice(cli, ada):
    told = cli("subscriber", "add", ada.upper(), "--phrase", "moss")
    assert (told.code, "already" in told.trouble) == (2, True)


@pytest.mark.parametrize("address", ["ada", "ada@", "a b@example.org", "ada@exa\nmple.org"])
def test_an_address_must_be_one(cli, home, address):
    told = cli("subscriber", "add", address, "--phrase", "moss")
    assert (told.code, "address" in told.trouble) == (2, True)
    assert cli("subscriber", "list").out == ""


@pytest.mark.parametrize(
    ("text", "trouble"),
    [
        ("papers = 0", "papers: "),
        ("paper = 10", "paper: is not a known key"),
        ("papers = ", "not valid TOML"),
        ('timezone = "Mars/North"', "'Mars/North' is no time zone"),
        ('send_time = "25:00"', "'25:00' is no time of day"),
        ("weekdays = []", "at least one weekday"),
        ('[interests]\nphrases = [{ value = "moss", weight = -1 }]', "interests.phrases"),
        ('papers = 0\ntimezone = "Mars/North"', "papers: "),
    ],
)
def test_a_bad_profile_is_one_line(cli, home, text, trouble):
    told = cli("subscriber", "add", ADA, "--profile", write_profile(home, text))
    assert told.code == 2
    assert trouble in told.trouble
    assert "own.toml" in told.trouble


def test_a_subscriber_needs_a_profile_that_is_there(cli, home):
    assert "--profile FILE, or options" in cli("subscriber", "add", ADA).trouble
    told = cli("subscriber", "add", ADA, "--profile", "nowhere.toml")
    assert (told.code, "nowhere.toml" in told.trouble) == (2, True)
