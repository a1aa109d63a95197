"""Profile files: what they hold, and how their mistakes are told."""

import tomllib
from datetime import time
from pathlib import Path

import pytest

from digest.errors import ProfileError
from digest.models import Bar, Format, Interest, InterestKind, Updates
from digest.profiles import from_mapping, load, weighted, with_interests


def test_an_empty_file_is_a_profile_with_defaults(tmp_path):
    path = tmp_path / "profile.toml"
    path.write_text("")
    profile = load(path)
    assert (profile.papers, profile.interests, profile.format) == (10, (), Format.HTML)
    assert profile.schedule.send_time == time(7, 0)


def test_interests_carry_their_weights_and_mutes(tmp_path):
    path = tmp_path / "profile.toml"
    path.write_text(
        'weekdays = ["mon", "fri"]\nsend_time = 18:30:00\ntimezone = "Asia/Tokyo"\n'
        '[interests]\nphrases = ["slow light", { value = "waiting", weight = 2 }]\n'
        'authors = ["Ada Quill"]\n[mute]\nphrases = ["hype"]\n'
    )
    profile = load(path)
    assert profile.wanted == (
        Interest(InterestKind.PHRASE, "slow light"),
        Interest(InterestKind.PHRASE, "waiting", 2.0),
        Interest(InterestKind.AUTHOR, "Ada Quill"),
    )
    assert profile.muted == (Interest(InterestKind.PHRASE, "hype", muted=True),)
    assert profile.schedule.weekdays == {0, 4}
    assert profile.schedule.send_time == time(18, 30)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"colour": "red"}, "colour: is not a known key"),
        ({"interests": {"phrase": ["x"]}}, "interests.phrase: is not a known key"),
        ({"papers": 0}, "papers: input should be greater than or equal to 1"),
        ({"timezone": "Mars/Olympus"}, "'Mars/Olympus' is no time zone"),
        ({"timezone": "../../etc/passwd"}, "is no time zone"),
        ({"send_time": "25:00"}, "'25:00' is no time of day"),
        ({"weekdays": []}, "name at least one weekday"),
        ({"weekdays": ["monday"]}, "weekdays.0: input should be 'mon'"),
        ({"interests": {"phrases": [{"value": "x", "weight": -1}]}}, "interests.phrases.0"),
        ({"interests": {"phrases": ["x" * 6000]}}, "interests.phrases.0"),
        ({"interests": {"phrases": ["a"] * 501}}, "501 interests; 500 is the most"),
    ],
)
def test_each_mistake_is_named_with_its_place(values, told):
    with pytest.raises(ProfileError) as caught:
        from_mapping(values, "p.toml")
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "p.toml" in str(caught.value)


def test_all_mistakes_are_told_at_once():
    with pytest.raises(ProfileError) as caught:
        from_mapping({"papers": 0, "colour": 1}, "p.toml")
    assert "papers" in str(caught.value)
    assert "colour" in str(caught.value)


@pytest.mark.parametrize("content", [b"papers = ", b"\xff\xfe\x00", None])
def test_a_file_that_is_no_profile_is_one_line(tmp_path, content):
    path = tmp_path / "profile.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ProfileError, match=r"profile\.toml") as caught:
        load(path)
    assert "\n" not in str(caught.value)


def test_the_example_profile_can_be_used_as_it_is():
    profile = load(Path(__file__).parent.parent / "config" / "profile.example.toml")
    assert profile.wanted


# ---------------------------------------------------------------- extending


def test_interests_are_added_to_a_profile_as_people_wrote_it(tmp_path: Path) -> None:
    path = tmp_path / "profile.toml"
    path.write_text(
        '# mine\n[interests]\nphrases = ["a b"] # kept\nexamples = [\n    "2509.11452", # one\n]\n\n'
        '# never\n[mute]\nphrases = ["hype"]\n'
    )
    text = with_interests(
        path, [("examples", "2611.00001", "A # \nTitle"), ("categories", "cs.LG", "")]
    )
    for comment in ("# mine", "# kept", "# one", "# never", "# A # Title"):
        assert comment in text
    path.write_text(text)
    profile = load(path)
    assert [i.value for i in profile.interests if i.kind is InterestKind.EXAMPLE] == [
        "2509.11452",
        "2611.00001",
    ]
    assert [i.value for i in profile.muted] == ["hype"]


def test_values_of_any_kind_come_back_from_a_new_profile() -> None:
    values = ['He said "no"', "back\\slash", "日本語", "tab\there", "[brackets]", "# mark"]
    text = with_interests(None, [("examples", value, "") for value in values], name='My "own"')
    told = tomllib.loads(text)
    assert told["interests"]["examples"] == values
    assert told["name"] == 'My "own"'


def test_a_profile_is_not_made_larger_than_it_may_be() -> None:
    with pytest.raises(ProfileError, match="500 is the most"):
        with_interests(None, [("examples", f"Title number {n}", "") for n in range(501)])


def test_the_bar_and_the_minutes_are_read_and_have_bounds() -> None:
    profile = from_mapping({"bar": "high", "minutes": 15}, "here")
    assert (profile.bar, profile.minutes) == (Bar.HIGH, 15)
    assert (from_mapping({}, "here").bar, from_mapping({}, "here").minutes) == (Bar.USUAL, None)
    with pytest.raises(ProfileError, match=r"minutes: .*; bar: |bar: .*; minutes: "):
        from_mapping({"bar": "higher", "minutes": 0}, "here")


def test_a_language_that_is_not_spoken_here_is_told() -> None:
    assert from_mapping({"language": "ja"}, "p").language == "ja"
    with pytest.raises(ProfileError, match=r"'fr' is not spoken here; choose en or ja"):
        from_mapping({"language": "fr"}, "p")


def test_an_interest_may_come_once_a_week_on_a_day_of_its_own() -> None:
    values = {
        "weekdays": ["mon", "fri"],
        "interests": {"phrases": [{"value": "ice", "weekly": True}, "snow"]},
    }
    profile = from_mapping(values, "x")
    assert [i.weekly for i in profile.interests] == [True, False]
    assert profile.weekly_day == 0
    assert from_mapping(values | {"weekly_on": "fri"}, "x").weekly_day == 4
    with pytest.raises(ProfileError, match="'tue' is not among the weekdays"):
        from_mapping(values | {"weekly_on": "tue"}, "x")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("slow light", "slow light"),
        ("slow light^2", {"value": "slow light", "weight": 2.0}),
        ("slow light @weekly", {"value": "slow light", "weekly": True}),
        ("slow light^2.5 @Weekly", {"value": "slow light", "weight": 2.5, "weekly": True}),
        ("@weekly", "@weekly"),
        ("mail @weekly news", "mail @weekly news"),
    ],
)
def test_a_line_carries_weight_and_cadence(line: str, told: object) -> None:
    assert weighted(line) == told


def test_news_of_sent_papers_is_of_withdrawals_unless_told_otherwise() -> None:
    assert from_mapping({}, "x").updates is Updates.WITHDRAWN
    assert from_mapping({"updates": "all"}, "x").updates is Updates.ALL
    with pytest.raises(ProfileError, match="updates"):
        from_mapping({"updates": "some"}, "x")
