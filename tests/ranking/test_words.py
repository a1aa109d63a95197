import pytest

from digest.ranking.words import BREAK, UNKNOWN, Lexicon, plain


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("neural networks", "Neural Network"),
        ("few-shot", "few shot"),
        ("Schrödinger", "schrodinger"),
        ("Parkinson's", "parkinson’s"),
        ("ＬＬＭ", "llm"),
    ],
)
def test_spellings_of_one_word_have_the_same_numbers(one: str, other: str) -> None:
    lexicon = Lexicon()
    assert lexicon.learn(one) == lexicon.learn(other)


@pytest.mark.parametrize(
    ("one", "other"), [("C++", "C"), ("C#", "C"), ("バス", "パス"), ("GPT 3.5", "GPT 3. 5")]
)
def test_different_words_stay_apart(one: str, other: str) -> None:
    lexicon = Lexicon()
    assert lexicon.learn(one) != lexicon.learn(other)


def test_japanese_is_read_character_by_character() -> None:
    assert len(Lexicon().learn("強化学習")) == 4


def test_reading_never_learns() -> None:
    lexicon = Lexicon()
    lexicon.learn("known words")
    size = len(lexicon)
    assert UNKNOWN in lexicon.read("strange known")
    assert len(lexicon) == size
    assert BREAK not in lexicon.read("...")


def test_tex_commands_are_no_words() -> None:
    assert plain(r"Schr\"odinger's $\mathcal{O}(n)$ \emph{bound}").split() == [
        "Schrodinger's",
        "O(n)",
        "bound",
    ]
