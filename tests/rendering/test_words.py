import pytest

from digest.models import Reason, ReasonKind
from digest.rendering import reason_text
from digest.rendering.words import source_title
from digest.wording import wording


@pytest.mark.parametrize(
    ("reason", "english", "japanese"),
    [
        (Reason(ReasonKind.PHRASE, "flood"), "mentions “flood”", "「flood」を含む"),
        (
            Reason(ReasonKind.WORDS, "floods", ("rain", "basin")),
            "close to “floods”: rain, basin",
            "「floods」に近い（rain, basin）",
        ),
        (Reason(ReasonKind.WORDS, "floods"), "close to “floods”", "「floods」に近い"),
        (
            Reason(ReasonKind.AUTHOR, "Obi", ("Ada Obi",)),
            "by Ada Obi, whom you follow",
            "フォロー中の著者 Ada Obi",
        ),
        (
            Reason(ReasonKind.NAMESAKE, "A. Obi", ("Ada Obi",)),
            "by Ada Obi, perhaps the A. Obi you follow",
            "著者 Ada Obi（フォロー中の A. Obi かもしれません）",
        ),
        (
            Reason(ReasonKind.CATEGORY, "cs.LG"),
            "in cs.LG, which you follow",
            "フォロー中の分野 cs.LG",
        ),
        (
            Reason(ReasonKind.TOPIC, "Technology > Robots", ("0.98",)),
            "on Robots (confidence 0.98)",
            "トピック Robots（確信度 0.98）",
        ),
        (
            Reason(ReasonKind.EXAMPLE, "Rain to River", ("basin",)),
            "like “Rain to River”: basin",
            "「Rain to River」に似ている（basin）",
        ),
        (
            Reason(ReasonKind.POPULARITY, "huggingface", ("57 upvotes", "1 comment")),
            "57 upvotes, 1 comment on Hugging Face",
            "Hugging Faceで高評価57件, コメント1件",
        ),
    ],
)
def test_every_reason_has_its_words(reason: Reason, english: str, japanese: str):
    assert reason_text(reason, "en") == english
    assert reason_text(reason, "ja") == japanese


@pytest.mark.parametrize("kind", list(ReasonKind))
@pytest.mark.parametrize("language", ["en", "ja"])
def test_hostile_reasons_stay_one_short_line(kind: ReasonKind, language: str):
    nasty = "x\r\n\u2028\x00" + "y " * 5_000
    shown = reason_text(Reason(kind, nasty, (nasty,) * 50), language)
    assert shown.isprintable()
    assert len(shown) < 700


def test_a_source_without_a_title_stands_for_itself():
    assert source_title("arxivjp", wording("en")) == "arXiv.jp"
    assert source_title("newsource", wording("en")) == "newsource"
    assert source_title("generic", wording("ja")) == "ウェブフィード"
