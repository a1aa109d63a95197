import pytest

from digest.rendering.excerpts import closest_sentence, excerpt, sentences


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        (
            "Rain, e.g. Monsoon rain, i.e. A lot. Then sun.",
            ["Rain, e.g. Monsoon rain, i.e. A lot.", "Then sun."],
        ),
        ("Brandt et al. Reach 64%. We do not.", ["Brandt et al. Reach 64%.", "We do not."]),
        ("Gains of 5.84% on v1.5 models. Good.", ["Gains of 5.84% on v1.5 models.", "Good."]),
        ("See Fig. 3 and Eq. (2) of J. Doe. Done.", ["See Fig. 3 and Eq. (2) of J. Doe.", "Done."]),
        ("It ends. with a small letter. Here.", ["It ends. with a small letter.", "Here."]),
        (
            "She said “yes.” He left (too.) They too.",
            ["She said “yes.”", "He left (too.)", "They too."],
        ),
        ("Really?! Yes... No", ["Really?!", "Yes...", "No"]),
        ("雨です。「晴れ。」嵐！", ["雨です。", "「晴れ。」", "嵐！"]),
        ("No stop at all", ["No stop at all"]),
        ("", []),
    ],
)
def test_sentences_end_where_a_reader_says_they_do(block: str, expected: list[str]):
    assert list(sentences(block)) == expected


def test_an_excerpt_is_whole_sentences_and_tells_that_there_is_more():
    shown = excerpt("One. Two. Three. Four.", 3, 100)
    assert (shown.text, shown.more) == ("One. Two. Three.", True)
    shown = excerpt("One. Two.", 3, 100)
    assert (shown.text, shown.more) == ("One. Two.", False)


def test_japanese_sentences_are_joined_without_a_space():
    assert excerpt("雨です。雪です。風です。", 2, 100).text == "雨です。雪です。"


def test_a_first_sentence_that_is_too_long_is_cut_at_a_word():
    shown = excerpt("word " * 100 + "end.", 3, 50)
    assert len(shown.text) <= 50
    assert shown.text.endswith("word…")
    assert shown.more


def test_a_short_first_sentence_is_not_left_alone():
    shown = excerpt("Short. " + "word " * 100 + "end.", 3, 60)
    assert 20 < len(shown.text) <= 60
    assert shown.more


def test_no_sentences_asked_for_none_given():
    assert excerpt("One. Two.", 0, 100).text == ""


def test_a_very_long_abstract_costs_little():
    shown = excerpt("." * 200_000, 3, 660)
    assert len(shown.text) <= 660


def test_the_closest_sentence_holds_most_of_what_a_reader_wants():
    abstract = "We look at rain. A delta moves sediment. Deltas, sediment and a solver meet."
    assert closest_sentence(abstract, ["sediment", "solver"], 200) == (
        "Deltas, sediment and a solver meet."
    )
    assert closest_sentence(abstract, ["delta"], 200) == "A delta moves sediment."
    assert closest_sentence(abstract, ["elta", "", "glacier"], 200) == ""
    assert closest_sentence(abstract, ["a+(b", "rain"], 12) == "We look at…"
    assert closest_sentence("", ["rain"], 20) == ""
