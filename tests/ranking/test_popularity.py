from digest.models import Paper
from digest.ranking.popularity import popularity, popularity_reason


def _paper(paper_id: int, source: str, upvotes: int | None, comments: int | None = None) -> Paper:
    return Paper(
        paper_id, f"Paper {paper_id}", upvotes=upvotes, comments=comments, sources=(source,)
    )


def test_counts_are_compared_within_their_source_only() -> None:
    quiet = [_paper(i, "quiet", i) for i in range(5)]
    loud = [_paper(10 + i, "loud", 1000 * i) for i in range(5)]
    scores, popular = popularity([*quiet, *loud])
    assert scores[4] > scores[6]
    assert {4, 9} <= set(popular)
    assert 0 not in popular
    assert 5 not in popular


def test_a_paper_without_counts_is_neither_popular_nor_unpopular() -> None:
    scores, popular = popularity([_paper(1, "a", None), _paper(2, "a", 0)])
    assert scores.tolist() == [0, 0]
    assert popular == []


def test_the_only_paper_that_somebody_liked_is_popular() -> None:
    assert popularity([_paper(1, "a", 7)])[1] == [0]


def test_comments_count_less_than_upvotes() -> None:
    scores, _ = popularity([_paper(1, "a", 9, 0), _paper(2, "a", 0, 9), _paper(3, "a", 0, 0)])
    assert scores[0] > scores[1] > scores[2]


def test_negative_counts_do_no_harm() -> None:
    scores, popular = popularity([_paper(i, "a", -i) for i in range(4)])
    assert scores.tolist() == [0, 0, 0, 0]
    assert popular == []


def test_the_reason_tells_the_counts() -> None:
    reason = popularity_reason(_paper(1, "huggingface", 57, 1), 0.1)
    assert (reason.value, reason.words) == ("huggingface", ("57 upvotes", "1 comment"))
