"""The commands `answer` and `why`: what a subscriber says, and where a paper's way can end."""

import re

import pytest

ADA = "ada@example.org"
SENT = "Unlearning Objectives"


@pytest.fixture
def ada(cli, collected) -> str:
    assert (
        cli(
            "subscriber", "add", ADA, "--phrase", "unlearning", "--papers", "2", "--trending", "0"
        ).code
        == 0
    )
    return ADA


def paper(cli, words: str) -> str:
    (found, *_) = cli("papers", "--query", words, "--json").json_lines
    return found["ref"]


def steps(cli, ref: str) -> list[tuple[str, bool]]:
    told = cli("why", ref, "--for", ADA, "--json")
    assert told.code == 0
    return [(step["stage"], step["passed"]) for step in told.json["steps"]]


def test_a_paper_that_was_sent_passed_every_stage(cli, ada):
    cli("publish")
    ref = paper(cli, SENT)
    told = cli("why", ref, "--for", ada)
    assert [passed for _, passed in steps(cli, ref)] == [True] * 6
    assert "✓ sent       outbox: sent" in told.out
    assert "phrase “unlearning”, weight 1" in told.out
    assert "number 1 of" in told.out


def test_the_scores_of_reasons_are_those_of_the_edition(cli, ada):
    cli("publish")
    table = cli("why", paper(cli, SENT), "--for", ada, "--json").json["table"]
    (part,) = table
    assert part["score"] == pytest.approx(sum(r["contribution"] for r in part["reasons"]), abs=1e-5)


def test_a_paper_that_was_sent_is_told_what_each_interest_makes_of_it(cli, ada):
    wanted = ("--phrase", "unlearning", "--phrase", "gripper", "--trending", "0")
    cli("subscriber", "update", ada, *wanted)
    cli("publish")
    ref = paper(cli, SENT)
    table = cli("why", ref, "--for", ada, "--json").json["table"]
    assert [part["interest"]["value"] for part in table] == ["unlearning", "gripper"]
    assert table[0]["likeness"] > 0 == table[1]["score"]
    cli("subscriber", "update", ada, "--phrase", "gripper", "--trending", "0")
    (kept,) = cli("why", ref, "--for", ada, "--json").json["table"]
    assert (kept["interest"]["value"], kept["likeness"]) == ("unlearning", None)
    assert kept["score"] == table[0]["score"]
    assert "—  phrase “unlearning”" in cli("why", ref, "--for", ada).out


def test_a_paper_that_lost_its_place_is_compared_with_those_that_had_one(cli, ada):
    found = cli("papers", "--json").json_lines
    cli("subscriber", "update", ada, "--category", "cs.LG", "--papers", "1", "--trending", "0")
    cli("publish")
    refs = [p["ref"] for p in found if "cs.LG" in p["categories"]]
    ends = {steps(cli, ref)[-1]: cli("why", ref, "--for", ada).out for ref in refs}
    left = ends["chosen", False]
    assert "the edition has 1 places, and others come before" in left
    number = re.search("one of (\\d+) new papers", ends["sent", True])[1]
    assert f"one of {number} for the edition of" in left


def test_a_paper_of_the_next_edition_is_told_to_be_on_its_way(cli, ada):
    told = cli("why", paper(cli, SENT), "--for", ada)
    assert "it will be in the next edition" in told.out


def test_a_paper_that_matches_nothing_ends_at_its_score_with_the_nearest_interest(cli, ada):
    found = cli("papers", "--json").json_lines
    other = next(p for p in found if "nlearning" not in p["title"] + p["abstract"])
    cli("subscriber", "update", ada, "--phrase", "unlearning", "--trending", "0")
    told = cli("why", other["ref"], "--for", ada)
    assert steps(cli, other["ref"])[-1] == ("scored", False)
    assert "no interest matches; “unlearning” is nearest" in told.out


def test_a_muted_paper_ends_at_the_mute(cli, ada):
    cli("subscriber", "update", ada, "--phrase", "unlearning", "--mute", "objectives")
    ref = paper(cli, SENT)
    assert steps(cli, ref)[-1] == ("scored", False)
    assert "muted by “objectives”" in cli("why", ref, "--for", ada).out


def test_a_paper_without_a_place_ends_at_the_choice(cli, ada):
    found = cli("papers", "--json").json_lines
    cli("subscriber", "update", ada, "--category", "cs.LG", "--papers", "1", "--trending", "0")
    refs = [p["ref"] for p in found if "cs.LG" in p["categories"]]
    ends = {steps(cli, ref)[-1] for ref in refs}
    assert {("chosen", True), ("chosen", False)} <= ends
    last = next(ref for ref in refs if steps(cli, ref)[-1] == ("chosen", False))
    assert "the edition has 1 places, and others come before" in cli("why", last, "--for", ada).out


def test_a_paper_that_was_up_for_an_earlier_edition_is_looked_at_there(cli, ada):
    cli("publish")
    found = cli("papers", "--json").json_lines
    other = next(p for p in found if "nlearning" not in p["title"] + p["abstract"])
    told = cli("why", other["ref"], "--for", ada)
    assert "for the edition of 20" in told.out


def test_a_paper_that_was_never_collected_is_answered_with_the_feeds_and_what_is_like_it(cli, ada):
    told = cli("why", "2401.99999", "--for", ada)
    assert told.code == 0
    assert "✗ collected  no feed brought a paper known as '2401.99999'" in told.out
    assert "feeds in use: arxiv, hf, jp" in told.out
    assert "did you mean" in cli("why", "unlearning objectives", "--for", ada).out


def test_nobody_can_be_asked_about(cli, collected):
    told = cli("why", "2401.99999", "--for", "nobody@example.org")
    assert (told.code, "nobody is subscribed" in told.trouble) == (2, True)


# ---------------------------------------------------------------- answer


def test_an_answer_is_kept_shown_and_forgotten(cli, ada):
    ref = paper(cli, SENT)
    assert cli("answer", ref, "less", "--for", ada).out.startswith(f"less: {ref}: ")
    assert cli("answer", ref, "more", "--for", ada).code == 0
    (told,) = cli("subscriber", "show", ada, "--json").json["answers"]
    assert (told["paper"], told["kind"]) == (ref, "more")
    assert f"{ref} " in cli("subscriber", "show", ada).out
    assert cli("answer", ref, "forget", "--for", ada).code == 0
    assert cli("subscriber", "show", ada, "--json").json["answers"] == []
    told = cli("answer", ref, "forget", "--for", ada)
    assert (told.code, "never answered" in told.trouble) == (2, True)


def test_answers_on_unknown_papers_or_of_nobody_are_refused(cli, ada):
    told = cli("answer", "2401.99999", "more", "--for", ada)
    assert (told.code, "no paper is known" in told.trouble) == (2, True)
    told = cli("answer", paper(cli, SENT), "more", "--for", "no@example.org")
    assert (told.code, "nobody is subscribed" in told.trouble) == (2, True)


# ---------------------------------------------------------------- evaluate


def test_a_ranking_is_judged_by_answers(cli, ada, collected):
    told = cli("evaluate", "--for", ada)
    assert (told.code, "has not liked a paper" in told.trouble) == (2, True)
    cli("publish")
    cli("answer", paper(cli, SENT), "more", "--for", ada)
    told = cli("evaluate", "--for", ada, "--against", "config/profile.toml")
    mine, other = told.out.splitlines()
    assert mine.startswith("profile: nDCG@10 ")
    assert mine.endswith("over 1 day")
    assert other.startswith("profile.toml: ")
    found = cli("evaluate", "--for", ada, "--json").json["profile"]
    # One good day is no proof.
    assert (found["hit_rate"]["mean"], found["hit_rate"]["high"]) == (1.0, 1.0)
    assert 0 < found["hit_rate"]["low"] < 0.2
    assert found["days"][0]["liked"] == 1


def test_the_next_edition_follows_an_answer_and_forgets_it_as_if_it_had_never_been(cli, ada):
    found = cli("papers", "--json").json_lines
    other = next(p["ref"] for p in found if "nlearning" not in p["title"] + p["abstract"])
    before = cli("preview", "--for", ada).out
    assert "Like what you liked" not in before
    assert cli("answer", other, "more", "--for", ada).code == 0
    after = cli("preview", "--for", ada).out
    assert after != before
    assert cli("answer", other, "forget", "--for", ada).code == 0
    assert cli("preview", "--for", ada).out == before


def test_why_tells_the_words_behind_a_score_with_the_part_of_each(cli, ada):
    told = cli("why", paper(cli, SENT), "--for", ada)
    assert "its words, each with its part of the likeness:" in told.out
    assert "all others" in told.out
    (part, *_) = cli("why", paper(cli, SENT), "--for", ada, "--json").json["table"]
    assert part["score"] == pytest.approx(sum(r["contribution"] for r in part["reasons"]), abs=1e-5)
    assert "nlearn" in part["terms"][0]["term"]


def test_small_parts_are_told_to_three_digits(cli, ada):
    liked = [p["title"] for p in cli("papers", "--json").json_lines if "earning" in p["title"]]
    examples = [word for title in liked[:3] for word in ("--example", title)]
    assert len(examples) == 6
    cli("subscriber", "update", ada, *examples, "--trending", "0")
    tables = (cli("why", p["ref"], "--for", ada) for p in cli("papers", "--json").json_lines)
    told = next(t.out for t in tables if "its words, each" in t.out)
    first = told.partition("its words, each with its part of the likeness:")[2].splitlines()[1]
    digits = re.search(r"\+0\.0*(\d+) ", first)
    assert digits
    assert len(digits[1]) >= 3
    assert digits[1][0] != "0"
