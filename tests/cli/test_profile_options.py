"""A profile told by options: all that a profile file can say, alone or over a file."""

import pytest


@pytest.fixture
def added(cli, home):
    """Subscribe with some options; return what is stored."""

    def add(*options):
        told = cli("subscriber", "add", "ada@example.org", *options)
        assert (told.code, told.err) == (0, "")
        return cli("subscriber", "show", "ada@example.org", "--json").json

    return add


def test_options_say_all_that_a_profile_file_can(added):
    person = added(
        *("--phrase", "slow light^2.5", "--phrase", "a^b", "--author", "Ada Quill"),
        *("--category", "cs.LG", "--topic", "Robots", "--example", "2611.90123"),
        *("--text", "How models forget.", "--mute", "hype", "--mute-author", "Zed Other"),
        *("--name", "Mine", "--papers", "5", "--trending", "1", "--language", "ja"),
        *("--mail-format", "txt", "--send-time", "18:30", "--weekdays", "mon,fri"),
        *("--timezone", "Asia/Tokyo", "--minutes", "12", "--bar", "high"),
    )
    wanted = {(i["kind"], i["value"]): i for i in person["interests"]}
    assert wanted["phrase", "slow light"]["weight"] == 2.5
    assert wanted["phrase", "a^b"]["weight"] == 1
    assert {kind for kind, _ in wanted} == {
        "phrase", "author", "category", "topic", "example", "text",
    }  # fmt: skip
    assert wanted["phrase", "hype"]["muted"]
    assert wanted["author", "Zed Other"]["muted"]
    assert (person["name"], person["papers"], person["trending"]) == ("Mine", 5, 1)
    assert (person["language"], person["format"]) == ("ja", "txt")
    assert (person["send_time"], person["weekdays"]) == ("18:30", ["mon", "fri"])
    assert person["timezone"] == "Asia/Tokyo"
    assert (person["minutes"], person["bar"]) == (12, "high")


def test_options_are_laid_over_a_file(added, tmp_path):
    file = tmp_path / "p.toml"
    file.write_text('papers = 9\ntimezone = "Asia/Tokyo"\n[interests]\nphrases = ["one"]\n')
    person = added("--profile", file, "--phrase", "two", "--papers", "3")
    assert [i["value"] for i in person["interests"]] == ["one", "two"]
    assert (person["papers"], person["timezone"]) == (3, "Asia/Tokyo")


@pytest.mark.parametrize(
    ("options", "trouble"),
    [
        (["--papers", "0", "--phrase", "x"], "papers: input should be greater"),
        (["--timezone", "Mars", "--phrase", "x"], "'Mars' is no time zone"),
        (["--minutes", "0", "--phrase", "x"], "minutes: input should be greater"),
        (["--bar", "huge", "--phrase", "x"], "bar: input should be 'usual' or 'high'"),
        (["--weekdays", "monday", "--phrase", "x"], "weekdays.0"),
        (["--mail-format", "pdf", "--phrase", "x"], "format: input should be 'html'"),
        (["--phrase", "x^0"], "interests.phrases.0"),
        (["--mute", "x"], "say what is wanted"),
    ],
)
def test_an_option_that_makes_no_sense_is_one_line(cli, home, options, trouble):
    told = cli("subscriber", "add", "ada@example.org", *options)
    assert told.code == 2
    assert trouble in told.trouble


def test_a_subscribers_profile_is_replaced_by_options_too(added, cli):
    added("--phrase", "one")
    cli("subscriber", "update", "ada@example.org", "--phrase", "two", "--papers", "4")
    person = cli("subscriber", "show", "ada@example.org", "--json").json
    assert ([i["value"] for i in person["interests"]], person["papers"]) == (["two"], 4)
