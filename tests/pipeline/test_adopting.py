"""From the items of a library to interests."""

from digest.libraries import Reference
from digest.models import Interest, InterestKind, Paper
from digest.pipeline.adopting import Outcome, adopt

STORED = Paper(1, "Listening to Glaciers", arxiv_id="2611.00001", doi="10.5555/ice.7")
UNNUMBERED = Paper(2, "A Theory of Teacups")


def find(ref: str) -> Paper | None:
    names = {"2611.00001": STORED, "10.5555/ice.7": STORED, STORED.title: STORED}
    names |= {"https://a.example/1": UNNUMBERED}
    return (names | {UNNUMBERED.title: UNNUMBERED}).get(ref)


def adopted(*items: Reference, known: tuple[Interest, ...] = (), limit: int = 10):
    return adopt(items, find, known=known, limit=limit)


def test_known_papers_become_their_id_with_the_title_beside_it() -> None:
    for item in (
        Reference(1, arxiv_id="2611.00001"),
        Reference(1, doi="10.5555/ice.7"),
        Reference(1, STORED.title),
    ):
        (adoption,) = adopted(item)
        assert (adoption.outcome, adoption.key) == (Outcome.MATCHED, "examples")
        assert (adoption.value, adoption.comment) == ("2611.00001", STORED.title)


def test_a_link_alone_is_matched_or_said_to_tell_nothing() -> None:
    known, unknown = adopted(
        Reference(1, url="https://a.example/1"), Reference(2, url="https://a.example/2")
    )
    assert (known.outcome, known.value) == (Outcome.MATCHED, UNNUMBERED.title)
    assert "known by its link" in known.why
    assert unknown.outcome is Outcome.SKIPPED
    assert "a link tells nothing" in unknown.why


def test_a_paper_without_ids_is_named_by_its_title_since_numbers_are_of_one_store() -> None:
    (adoption,) = adopted(Reference(1, UNNUMBERED.title))
    assert (adoption.outcome, adoption.value) == (Outcome.MATCHED, UNNUMBERED.title)


def test_what_is_not_known_is_kept_as_its_title_or_else_its_id() -> None:
    title, short, japanese, bare = adopted(
        Reference(1, "On Things Unheard of", arxiv_id="2611.00009"),
        Reference(2, "Teapots", doi="10.5555/pot"),
        Reference(3, "氷河の音を聞くための新しい方法"),
        Reference(4, "Teapots"),
    )
    assert (title.outcome, title.value) == (Outcome.KEPT, "On Things Unheard of")
    assert (short.outcome, short.value) == (Outcome.KEPT, "10.5555/pot")
    assert japanese.outcome is Outcome.KEPT
    assert bare.outcome is Outcome.SKIPPED
    assert "too little" in bare.why


def test_a_paper_is_taken_once_whatever_it_is_called() -> None:
    known = (Interest(InterestKind.EXAMPLE, "https://arxiv.org/abs/2611.00001v2"),)
    assert [a.outcome for a in adopted(Reference(1, STORED.title), known=known)] == ["skipped"]
    twice = adopted(Reference(1, STORED.title), Reference(2, doi="10.5555/ice.7"))
    assert [a.outcome for a in twice] == ["matched", "skipped"]


def test_categories_of_feeds_are_interests_of_their_own() -> None:
    first, again = adopted(Reference(1, category="cs.LG"), Reference(2, category="cs.lg"))
    assert (first.key, first.value) == ("categories", "cs.LG")
    assert again.outcome is Outcome.SKIPPED


def test_beyond_the_limit_nothing_is_taken_and_what_was_skipped_does_not_count() -> None:
    items = [Reference(n, f"On a Subject Called {'x' * n}") for n in range(1, 5)]
    found = adopted(Reference(9, "Short"), *items, limit=2)
    assert [a.outcome for a in found] == ["skipped", "kept", "kept", "skipped", "skipped"]
    assert "--max" in found[-1].why
