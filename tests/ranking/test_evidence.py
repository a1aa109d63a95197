"""What counts as evidence: rare words and pairs of an interest, not what every paper says."""

from collections.abc import Callable

import pytest

from digest.models import Paper, Profile, ReasonKind
from digest.ranking import prepare, rank

Profiles = Callable[..., Profile]

_THEMES = [
    "caching",
    "routing",
    "decoding",
    "pruning",
    "tutoring",
    "dialogue",
    "safety",
    "summaries",
    "poetry",
    "law",
]
_FILLER = (
    "Large language models are used everywhere. We study {a} for large language models and"
    " propose a method for {a}; experiments with several language models show that {b} matter."
)


def _common_papers(count: int, first: int = 1) -> list[Paper]:
    """Papers that all speak of large language models, and of one theme or two."""
    return [
        Paper(
            first + n,
            f"{_THEMES[n % 10].capitalize()} and {_THEMES[n // 10 % 10]} in large language models",
            _FILLER.format(a=_THEMES[n % 10], b=_THEMES[n // 10 % 10]),
        )
        for n in range(count)
    ]


_RARE = Paper(
    9_001,
    "Reshaping the weight distribution in LLMs",
    "What a language model can do depends on many parts. We look at how weights spread over the"
    " layers, and reshape their distribution after training.",
)


def _best(papers: list[Paper], background: list[Paper], profile: Profile) -> list[int]:
    ranking = rank(prepare(papers, background), profile)
    return [scored.paper.paper_id for scored in ranking.by_interest[0][1]]


@pytest.mark.parametrize("known", [0, 600])
@pytest.mark.parametrize("kind", ["text", "phrase"])
def test_a_rare_pair_that_stands_in_one_paper_only_is_the_best_evidence(
    profile_of: Profiles, known: int, kind: str
) -> None:
    papers = [*_common_papers(50), _RARE]
    profile = profile_of(**{kind: "weight distribution of large language models"})
    assert _best(papers, _common_papers(known, 1_000), profile) == [_RARE.paper_id]


@pytest.mark.parametrize("known", [0, 600])
def test_two_rare_words_beat_a_pair_that_many_papers_have(profile_of: Profiles, known: int) -> None:
    apart = Paper(
        9_002, "Weights of models and their distribution", "Seen by entropy and kurtosis."
    )
    papers = [*_common_papers(50), apart]
    profile = profile_of(text="kurtosis of the weights in large language models, or their entropy")
    assert _best(papers, _common_papers(known, 1_000), profile)[0] == apart.paper_id


@pytest.mark.parametrize("known", [0, 600])
def test_an_interest_of_common_words_only_is_still_served(profile_of: Profiles, known: int) -> None:
    birds = [
        Paper(n, f"Owls of island {n}", f"We count owls {n} and new birds.")
        for n in range(100, 190)
    ]
    papers = [*_common_papers(20), *birds]
    found = _best(papers, _common_papers(known, 1_000), profile_of(text="large language models"))
    assert sorted(found) == list(range(1, 21))


def test_one_word_of_a_longer_interest_is_weak_evidence(profile_of: Profiles) -> None:
    light = Paper(9_003, "Light transport in a renderer", "Transport of photons by Markov chains.")
    optimal = Paper(9_004, "Entropic optimal transport", "Wasserstein distances and their flows.")
    papers = [*_common_papers(50), light, optimal]
    profile = profile_of(
        text="optimal transport, Wasserstein gradient flows and Sinkhorn iterations"
    )
    ranking = rank(prepare(papers, _common_papers(600, 1_000)), profile)
    strong, weak = ranking.by_interest[0][1]
    assert (strong.paper, weak.paper) == (optimal, light)
    assert weak.score < 0.75 * strong.score


def test_words_that_only_go_with_an_interest_are_no_match(profile_of: Profiles) -> None:
    background = [
        Paper(2_000 + n, "Forgetting by ascent", "Forgetting of facts surpasses and smooths all.")
        for n in range(30)
    ]
    drifted = Paper(9_005, "A remark that surpasses", "It smooths and surpasses by ascent.")
    papers = [*_common_papers(50), drifted]
    profile = profile_of(text="forgetting of single facts", phrase="forgetting facts")
    ranking = rank(prepare(papers, [*_common_papers(300, 1_000), *background]), profile)
    assert [found for _, found in ranking.by_interest] == [(), ()]


def test_abbreviations_match_their_plural(profile_of: Profiles) -> None:
    papers = [Paper(1, "GNNs for maps", "About LLMs."), Paper(2, "Owls", "About birds.")]
    assert _best(papers, [], profile_of(phrase="GNN")) == [1]
    assert _best(papers, [], profile_of(phrase="llm")) == [1]


def test_reasons_say_each_word_once_and_in_the_longest_form(profile_of: Profiles) -> None:
    paper = Paper(
        9_006,
        "Splatting for all",
        "Language matters here. We use Gaussian blobs, sparse views, and 3D Gaussian splatting"
        " of moving scenes; the views are sparse.",
    )
    profile = profile_of(text="3D Gaussian splatting from sparse views of moving scenes")
    ranking = rank(prepare([paper, *_common_papers(50)], _common_papers(600, 1_000)), profile)
    reason, *_ = ranking.by_interest[0][1][0].reasons
    assert reason.kind is ReasonKind.WORDS
    assert set(reason.words) == {"3D Gaussian splatting", "sparse views", "moving scenes"}


def test_reasons_name_the_interests_own_words_only(profile_of: Profiles) -> None:
    background = [
        Paper(2_000 + n, "Owls at night", "Owls hunt voles with silent feathers.")
        for n in range(30)
    ]
    paper = Paper(9_007, "Owls again", "Owls hunt voles with silent feathers at night.")
    ranking = rank(
        prepare([paper, *_common_papers(50)], [*_common_papers(300, 1_000), *background]),
        profile_of(text="owls and their calls"),
    )
    assert ranking.by_interest[0][1][0].reasons[0].words == ("Owls",)


# ---------------------------------------------------------------- Japanese

_JA = {
    1: "大規模言語モデルの忘却を提案します。個々の事実を忘れさせる手法です。",
    2: "タンパク質の折りたたみを予測するモデルを提案します。結果は良好です。",
    3: "強化学習によるロボットの制御を研究します。実験の結果を示します。",
    4: "大規模言語モデルの評価を提案します。データと結果を示します。",
}


@pytest.mark.parametrize(
    ("text", "expected", "word"),
    [
        ("タンパク質の構造の予測に興味があります。", 2, "タンパク質"),
        ("ロボットの強化学習を研究しています。", 3, "強化学習"),
        ("言語モデルに事実を忘れさせる忘却の研究", 1, "忘却"),
    ],
)
def test_a_japanese_text_finds_the_translation_that_speaks_of_it(
    profile_of: Profiles, text: str, expected: int, word: str
) -> None:
    papers = [
        Paper(n, f"Title {n}", "An abstract.", translations={"ja": ja}) for n, ja in _JA.items()
    ]
    ranking = rank(prepare(papers, []), profile_of(text=text))
    found = ranking.by_interest[0][1]
    assert [scored.paper.paper_id for scored in found] == [expected]
    assert word in found[0].reasons[0].words


def test_a_part_of_a_word_in_katakana_is_no_match(profile_of: Profiles) -> None:
    papers = [
        Paper(1, "One", translations={"ja": "ディープラーニングの応用を調べます。"}),
        Paper(2, "Two", translations={"ja": "アンラーニングの応用を調べます。"}),
    ]
    profile = profile_of(text="アンラーニングの研究", phrase="ラーニング")
    ranking = rank(prepare(papers, []), profile)
    assert [[s.paper.paper_id for s in found] for _, found in ranking.by_interest] == [[2], []]


def test_japanese_grammar_is_no_match(profile_of: Profiles) -> None:
    papers = [Paper(n, f"Title {n}", "", translations={"ja": ja}) for n, ja in _JA.items()]
    profile = profile_of(text="私はこのようなものによる、それらをさせるためのことをします。")
    assert rank(prepare(papers, []), profile).by_interest[0][1] == ()
