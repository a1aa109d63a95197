"""Weekly interests among daily ones."""

from datetime import date, timedelta

import pytest

from digest.models import Interest, InterestKind, Profile, Schedule
from digest.pipeline import EditionOptions
from digest.pipeline.cadence import is_due
from digest.pipeline.editions import Day

MONDAY = date(2026, 11, 16)
ICE = Interest(InterestKind.PHRASE, "glacier acoustics", weekly=True)
ROBOTS = Interest(InterestKind.PHRASE, "harbour robots")


@pytest.mark.parametrize(
    ("day", "since", "due"),
    [
        (0, 1, True),  # Monday, after Sunday's
        (1, 1, False),
        (4, 1, False),
        (1, 2, True),  # Tuesday after Sunday: Monday's was missed
        (0, 0, False),  # a second one on Monday
        (3, 9, True),
        (3, None, True),  # the first one ever
    ],
)
def test_a_weekly_interest_is_due_on_its_day_or_with_the_next_edition(day, since, due):
    profile = Profile((ICE, ROBOTS))
    today = MONDAY + timedelta(days=day)
    before = None if since is None else today - timedelta(days=since)
    assert is_due(profile, today, before) is due
    assert not is_due(Profile((ROBOTS,)), today, before)


def test_the_day_is_the_first_chosen_one_or_the_one_that_is_named():
    weekend = Schedule(weekdays=frozenset({5, 6}))
    assert Profile((ICE,), schedule=weekend).weekly_day == 5
    assert Profile((ICE,), schedule=weekend, weekly_on=6).weekly_day == 6


def test_a_weekly_interest_brings_the_week_on_its_day_and_nothing_on_others(
    store, clock, add_papers
):
    profile = Profile((ICE, ROBOTS), trending=5)
    add_papers("glacier acoustics", "harbour robots")
    cut = clock()
    clock.move(days=2)
    add_papers("harbour robots")

    def edition(day, **options):
        made = Day(store, [], EditionOptions(), clock()).edition(profile, day, **options)
        return {s.title: len(s.papers) for s in made.sections}, made

    wednesday, made = edition(MONDAY + timedelta(days=2), since=cut)
    assert wednesday == {"harbour robots": 1}
    assert [(c.title, c.papers) for c in made.remarks.week] == [
        ("harbour robots", 2),
        ("glacier acoustics", 1),
    ]
    clock.move(days=3)
    cut = clock() - timedelta(days=1)
    add_papers("harbour robots")
    monday, _ = edition(MONDAY + timedelta(days=7), since=cut)
    assert monday["glacier acoustics: this week"] == 1


def test_what_waits_for_the_weekly_day_is_not_outside_the_profile(store, clock, add_papers):
    add_papers("glacier acoustics")
    day = Day(store, [], EditionOptions(), clock())
    tuesday = MONDAY + timedelta(days=1)
    made = day.edition(Profile((ICE,), trending=5), tuesday, since=clock())
    assert made.papers == ()
