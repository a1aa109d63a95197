"""Vectors for new papers: once each, in time, and never at the cost of anything else."""

from collections.abc import Sequence

from digest.errors import EmbeddingError
from digest.models import Interest, InterestKind, Profile, SubscriberState
from digest.pipeline.embed import EmbedReport, embed_missing


class Letters:
    """An embedder that counts; it breaks when it is told to."""

    name, dimensions = "letters", 1

    def __init__(self, good: int = 10**6) -> None:
        self.texts: list[str] = []
        self._good = good

    def embed(self, texts: Sequence[str]) -> list[bytes]:
        if len(self.texts) >= self._good:
            raise EmbeddingError("the server is away")
        self.texts += texts
        return [b"\0\x3c" for _ in texts]


def test_every_paper_is_embedded_once(store, add_papers):
    add_papers(*["glacier acoustics"] * 40)
    letters = Letters()
    assert embed_missing(store, letters, seconds=60) == EmbedReport(40, 0)
    assert embed_missing(store, letters, seconds=60) == EmbedReport(0, 0)
    assert len(letters.texts) == 40
    assert letters.texts[0].startswith("On glacier acoustics, part 40. We study")
    add_papers("harbour robots")
    assert embed_missing(store, letters, seconds=60) == EmbedReport(1, 0)


def test_what_does_not_fit_into_the_time_is_left_for_the_next_run(store, add_papers):
    add_papers(*["glacier acoustics"] * 80)
    ticks = iter([0.0, 1.0, 61.0])
    report = embed_missing(store, Letters(), seconds=60, timer=lambda: next(ticks))
    assert report == EmbedReport(32, 48)
    assert embed_missing(store, Letters(), seconds=60) == EmbedReport(48, 0)


def test_an_embedder_that_fails_costs_only_what_it_did_not_do(store, add_papers):
    add_papers(*["glacier acoustics"] * 80)
    report = embed_missing(store, Letters(good=32), seconds=60)
    assert report == EmbedReport(32, 48, "the server is away")
    assert store.vectors.count("letters") == 32


def test_what_profiles_say_is_embedded_once_and_forgotten_with_them(store, clock):
    wanted = (
        Interest(InterestKind.PHRASE, "sea ice"),
        Interest(InterestKind.TEXT, "How snow creeps downhill"),
        Interest(InterestKind.AUTHOR, "Ada Quill"),
        Interest(InterestKind.PHRASE, "robots", muted=True),
    )
    store.people.add("ada@example.org", Profile(wanted), SubscriberState.ACTIVE, clock.now)
    letters = Letters()
    assert embed_missing(store, letters, seconds=60) == EmbedReport(0, 0, interests=2)
    assert letters.texts == ["How snow creeps downhill", "sea ice"]
    assert embed_missing(store, letters, seconds=60) == EmbedReport(0, 0)
    store.people.update("ada@example.org", Profile(wanted[1:]))
    assert embed_missing(store, letters, seconds=60) == EmbedReport(0, 0)
    assert set(store.vectors.of_texts(["sea ice", wanted[1].value], "letters")) == {wanted[1].value}
