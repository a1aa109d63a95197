"""What a profile would have brought, and what is amiss in it."""

from datetime import date, timedelta

import pytest

from digest.merging import assemble, place
from digest.models import Answer, AnswerKind, Entry, Interest, InterestKind, Profile, Schedule
from digest.pipeline import EditionOptions, days_between, replay_stored
from digest.pipeline.forecast import Finding, Forecast, forecast
from digest.store import Store

SUBJECTS = (
    "graph neural networks", "diffusion transformers", "glacier acoustics", "harbour robots",
    "protein folding", "slow optimisers", "quiet compilers", "tidal energy", "teapot geometry",
    "speech codecs",
)  # fmt: skip
TEXT = "We study {} in a carefully invented setting and report {} measurements."


@pytest.fixture
def fortnight(store: Store, clock) -> Store:
    """Three days with 30 papers each, the last one on Wednesday the 18th; 3 on each subject."""
    number = 0
    for _ in range(3):
        entries = []
        for part in range(30):
            number += 1
            subject = SUBJECTS[part % 10]
            entries.append(
                Entry(
                    source="arxiv",
                    external_id=f"2611.{number:05}",
                    arxiv_id=f"2611.{number:05}",
                    title=f"On {subject}, part {number}",
                    abstract=TEXT.format(subject, number),
                    authors=("Ada Quill", "Wei Zhang" if part % 10 == 3 else "Bo Lund"),
                    categories=("cs.LG",) if part % 2 else ("cs.SD", "stat.ML"),
                )
            )
        store.papers.save(assemble(place(entries, []), [], clock()), seen_at=clock())
        clock.move(hours=24)
    return store


def told(store: Store, clock, *interests: Interest, days: int = 4, **options) -> Forecast:
    return forecast(store, Profile(interests, **options), clock(), days)


def want(kind: str, value: str, **options) -> Interest:
    return Interest(InterestKind(kind), value, **options)


def findings(found: Forecast, kind: str) -> list[Finding]:
    return [finding for finding in found.findings if finding.kind == kind]


# ---------------------------------------------------------------- days


def test_each_day_has_its_candidates_matches_and_papers(fortnight: Store, clock) -> None:
    found = told(fortnight, clock, want("phrase", "glacier acoustics"), papers=2, trending=0)
    assert [day.day for day in found.days] == days_between(date(2026, 11, 15), date(2026, 11, 18))
    assert [day.candidates for day in found.days] == [0, 30, 30, 30]
    assert [day.matched for day in found.days] == [0, 3, 3, 3]
    assert [day.papers for day in found.days] == [0, 2, 2, 2]


def test_the_last_day_is_the_last_on_which_papers_came_not_today(fortnight: Store, clock) -> None:
    clock.move(days=90)
    assert told(fortnight, clock).days[-1].day == date(2026, 11, 18)


def test_days_begin_at_the_readers_midnight(fortnight: Store, clock) -> None:
    west = Schedule(timezone="America/Los_Angeles")  # 08:00 UTC is midnight there
    found = told(fortnight, clock, want("phrase", "glacier acoustics"), schedule=west)
    assert [day.candidates for day in found.days][-3:] == [30, 30, 30]
    behind = Schedule(timezone="Pacific/Honolulu")  # and ten at night of the day before here
    assert told(fortnight, clock, schedule=behind).days[-1].day == date(2026, 11, 17)


def test_the_forecast_brings_what_a_replay_brings(fortnight: Store, clock) -> None:
    profile = Profile((want("phrase", "tidal energy"), want("author", "Wei Zhang")), trending=0)
    found = forecast(fortnight, profile, clock(), 3)
    days = [day.day for day in found.days]
    replayed = replay_stored(fortnight, profile, days, EditionOptions())
    assert [day.papers for day in found.days] == [len(d.edition.papers) for d in replayed]


def test_a_store_without_papers_is_said_to_be_empty(store: Store, clock) -> None:
    found = told(store, clock, want("phrase", "anything"))
    assert [day.candidates for day in found.days] == [0] * 4
    assert [finding.kind for finding in found.findings] == ["days"]


# ---------------------------------------------------------------- interests


def test_interests_have_their_share_of_candidates_and_papers(fortnight: Store, clock) -> None:
    found = told(
        fortnight,
        clock,
        want("phrase", "glacier acoustics"),
        want("author", "Wei Zhang"),
        papers=4,
        trending=0,
    )
    glaciers, zhang = found.interests
    assert (glaciers.matched, zhang.matched) == (9, 9)
    assert glaciers.share == pytest.approx(0.1)
    assert glaciers.brought + zhang.brought == pytest.approx(1.0)
    assert (glaciers.papers, zhang.papers) == (6, 6)


# ---------------------------------------------------------------- findings


@pytest.mark.parametrize(
    ("kind", "value", "instead"),
    [
        ("phrase", "difusion transfomers", "diffusion transformers"),
        ("author", "Zhang Wie", "Wei Zhang"),
        ("category", "cs.LH", "cs.LG"),
    ],
)
def test_what_matches_nothing_is_named_with_near_spellings(
    fortnight: Store, clock, kind: str, value: str, instead: str
) -> None:
    found = told(fortnight, clock, want(kind, value))
    (silent,) = findings(found, "silent")
    assert silent.interest == want(kind, value)
    assert silent.instead[0] == instead


def test_an_example_beside_a_nearer_one_is_not_called_unlike_anything(
    fortnight: Store, clock
) -> None:
    near, beside = want("example", "Acoustics of glaciers"), want("example", "Glacier of glass")
    found = told(fortnight, clock, near, beside)
    assert found.interests[0].matched == 9
    (silent,) = findings(found, "silent")
    assert (silent.interest, silent.told) == (beside, "No match of 4 days is nearest to it.")


def test_words_in_another_order_are_found_again(fortnight: Store, clock) -> None:
    found = told(fortnight, clock, want("phrase", "networks neural graph"))
    (finding,) = findings(found, "loose") + findings(found, "silent")
    assert "graph neural networks" in finding.instead


def test_nothing_is_suggested_for_what_resembles_nothing(fortnight: Store, clock) -> None:
    (silent,) = findings(told(fortnight, clock, want("phrase", "zyzzyva quorum")), "silent")
    assert silent.instead == ()


def test_what_matches_most_candidates_is_too_wide(fortnight: Store, clock) -> None:
    found = told(fortnight, clock, want("author", "Ada Quill"), want("phrase", "glacier acoustics"))
    (wide,) = findings(found, "wide")
    assert wide.interest == want("author", "Ada Quill")
    assert "100% of the candidates" in wide.told


def test_mutes_tell_what_they_take_of_what_is_wanted(fortnight: Store, clock) -> None:
    found = told(
        fortnight,
        clock,
        want("phrase", "glacier acoustics"),
        want("phrase", "acoustics", muted=True),
        want("phrase", "tidal energy", muted=True),
        want("author", "Bo Lumd", muted=True),
    )
    (taking,), (idle,) = findings(found, "taking"), findings(found, "idle")
    assert taking.interest == want("phrase", "acoustics", muted=True)
    assert "9 papers" in taking.told
    assert (idle.interest.value, idle.instead) == ("Bo Lumd", ("Bo Lund",))
    assert [day.muted for day in found.days] == [0, 6, 6, 6]
    assert [day.matched for day in found.days] == [0, 0, 0, 0]


def test_examples_that_are_not_stored_are_named_once(fortnight: Store, clock) -> None:
    found = told(
        fortnight,
        clock,
        want("example", "2611.00001"),
        want("example", "2101.99999"),
        want("example", "On the sounds of glacier acoustics"),
    )
    by_id, by_title = findings(found, "unknown")
    assert "counts for nothing" in by_id.told
    assert "words of its title" in by_title.told
    assert not [f for f in findings(found, "silent") if f.interest.value == "2101.99999"]


def test_interests_that_stand_twice_or_are_muted_as_well_are_named(fortnight: Store, clock) -> None:
    found = told(
        fortnight,
        clock,
        want("phrase", "Tidal  Energy"),
        want("phrase", "tidal energy"),
        want("example", "https://arxiv.org/abs/2611.00001v2"),
        want("example", "2611.00001"),
        want("category", "cs.SD"),
        want("category", "CS.SD", muted=True),
    )
    assert [f.interest.value for f in findings(found, "duplicate")] == [
        "tidal energy",
        "2611.00001",
    ]
    assert [f.interest.value for f in findings(found, "contrary")] == ["CS.SD"]


def test_nothing_is_found_amiss_in_a_good_profile(fortnight: Store, clock) -> None:
    found = told(fortnight, clock, want("phrase", "glacier acoustics"), want("author", "Wei Zhang"))
    assert found.findings == ()


def test_papers_seen_later_than_now_do_not_count(fortnight: Store, clock) -> None:
    clock.move(hours=-30)  # Wednesday 02:00
    found = told(fortnight, clock, days=2)
    assert sum(day.candidates for day in found.days) == 60 - 30 * (
        found.days[0].day > clock().date() - timedelta(days=2)
    )


def test_of_too_many_papers_only_whole_days_are_told(fortnight: Store, clock, monkeypatch) -> None:
    monkeypatch.setattr("digest.pipeline.forecast.MAX_PAPERS", 70)
    found = told(fortnight, clock, want("phrase", "glacier acoustics"))
    assert [day.candidates for day in found.days] == [30, 30]
    assert "Only 2 of 4 days" in found.findings[0].told


def test_answers_of_the_reader_count_too(fortnight: Store, clock) -> None:
    profile = Profile((want("author", "Wei Zhang"),))
    liked = fortnight.papers.get("On tidal energy, part 8")
    assert liked is not None
    more = [Answer(liked.paper_id, AnswerKind.MORE, clock())]
    (author,) = forecast(fortnight, profile, clock(), 3).interests
    told = forecast(fortnight, profile, clock(), 3, answers=more)
    assert [part.interest.kind for part in told.interests] == [
        InterestKind.AUTHOR,
        InterestKind.ANSWERS,
    ]
    # The other papers on tidal energy come; the one that was answered on is known.
    assert (told.interests[0].matched, told.interests[1].matched) == (author.matched, 8)
    assert not told.findings


# ---------------------------------------------------------------- weekly interests


def test_a_weekly_interest_comes_on_its_day_with_what_the_week_brought(fortnight, clock):
    ice = want("phrase", "glacier acoustics", weekly=True)
    robots = want("phrase", "harbour robots")
    found = told(fortnight, clock, ice, robots, weekly_on=2, papers=20, trending=0)
    assert [(day.day.isoformat(), day.papers) for day in found.days] == [
        ("2026-11-15", 0), ("2026-11-16", 3), ("2026-11-17", 3), ("2026-11-18", 12),
    ]  # fmt: skip
    assert [(i.interest.value, i.matched, i.papers) for i in found.interests] == [
        ("glacier acoustics", 9, 9), ("harbour robots", 9, 9),
    ]  # fmt: skip


def test_on_other_days_its_papers_wait(fortnight, clock):
    ice = want("phrase", "glacier acoustics", weekly=True)
    found = told(fortnight, clock, ice, weekly_on=6, papers=20, trending=0)  # Sunday
    assert [day.papers for day in found.days] == [0, 0, 0, 0]
    assert [day.matched for day in found.days] == [0, 3, 3, 3]


def test_what_came_by_another_interest_does_not_come_again_on_the_weekly_day(fortnight, clock):
    ice = want("phrase", "glacier acoustics", weekly=True)
    daily = want("phrase", "acoustics")
    found = told(fortnight, clock, ice, daily, weekly_on=2, papers=20, trending=0)
    assert sum(day.papers for day in found.days) == 9
    assert [day.papers for day in found.days] == [0, 3, 3, 3]
