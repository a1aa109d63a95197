"""What answers come to, told in the words of the papers that were answered on."""

from digest.models import Opinion
from digest.ranking import Taught, prepare, taught


def about(papers, word: str, gain: float) -> list[Opinion]:
    return [Opinion(p, gain) for p in papers if word in f"{p.title} {p.abstract}".casefold()]


def test_words_that_answers_speak_for_and_against(papers) -> None:
    candidates = prepare(papers, [])
    opinions = about(papers, "protein folding", 1.0) + about(papers, "auction theory", -0.5)
    told = taught(candidates, opinions)
    more, less = (" | ".join(words).casefold() for words in (told.more, told.less))
    assert "protein folding" in more
    assert "auction theory" in less
    assert "auction" not in more
    assert "protein" not in less
    for words in (told.more, told.less):
        assert 0 < len(words) <= 8
        assert len({word.casefold() for word in words}) == len(words)
        text = " ".join(f"{p.title} {p.abstract}" for p in papers)
        assert all(word in text for word in words)  # as they stand in a paper


def test_what_is_forgotten_leaves_no_word(papers) -> None:
    candidates = prepare(papers, [])
    kept = about(papers, "exoplanet", 1.0)
    both = kept + about(papers, "auction theory", 1.0)
    assert any("auction" in word for word in taught(candidates, both).more)
    assert taught(candidates, kept) == taught(candidates, both[: len(kept)])
    assert not any("auction" in word for word in taught(candidates, kept).more)


def test_nothing_was_said(papers) -> None:
    assert taught(prepare(papers, []), []) == Taught()
    assert taught(prepare(papers, []), [Opinion(papers[0], 0.0)]) == Taught()
    assert taught(prepare([], []), [Opinion(papers[0], 1.0)]) == Taught()


def test_one_side_is_told_without_the_other(papers) -> None:
    told = taught(prepare(papers, []), about(papers, "auction theory", -0.5))
    assert told.less
    assert told.more == ()
