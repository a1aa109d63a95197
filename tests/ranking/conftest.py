"""Forty invented papers of five fields, eight each, and profiles' parts."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from digest.models import Interest, InterestKind, Paper, Profile, Topic

_FIELDS = {
    "cs.LG": (
        ("graph neural networks", "message passing", "node classification", "molecular graphs"),
        ("Mira Oldenveld", "Tomas Quiller"),
        ("Machine Learning", "Graph Learning"),
    ),
    "q-bio.BM": (
        ("protein folding", "enzyme design", "binding pockets", "amino acid sequences"),
        ("Ines Barraquero", "K. Halloway"),
        ("Science", "Biology"),
    ),
    "astro-ph.EP": (
        ("exoplanet atmospheres", "transit photometry", "stellar winds", "orbital resonance"),
        ("Sven Åkerlund", "Priya Ramanesh"),
        ("Science", "Astronomy"),
    ),
    "cs.CL": (
        ("machine translation", "low-resource dialects", "subword vocabularies", "word alignment"),
        ("Yuki Tanabata", "Laurens van der Hoek"),
        ("Natural Language", "Machine Translation"),
    ),
    "econ.GN": (
        ("auction theory", "housing markets", "minimum wages", "bidder collusion"),
        ("Orla Fenwick", "Jean-Paul Mercadier"),
        ("Law", "Economics"),
    ),
}
_PATTERNS = (
    ("{a} with {b}", "We study {a} and show how {b} help. The results on {c} improve."),
    ("A survey of {a}", "This survey reviews {a}, {b} and {d} from the last years."),
    ("{b} revisited", "Old ideas on {b} are tested again; {c} remain hard for every method."),
    ("Towards robust {c}", "A new model of {c} uses {a}. Experiments confirm the approach."),
    ("{d} at scale", "Large data on {d} are collected, and {b} are measured in them."),
    ("When does {a} fail?", "Failures of {a} are explained by {d}. We propose a remedy."),
    ("{c} and {d}", "The link between {c} and {d} is analysed in detail with simple tools."),
    ("Efficient {b}", "An efficient algorithm for {b} is given, with code and data on {a}."),
)
START = datetime(2031, 3, 3, 6, tzinfo=UTC)


def _papers() -> list[Paper]:
    papers = []
    for category, (words, authors, path) in _FIELDS.items():
        a, b, c, d = words
        for number, (title, abstract) in enumerate(_PATTERNS):
            paper_id = len(papers) + 1
            papers.append(
                Paper(
                    paper_id=paper_id,
                    title=title.format(a=a, b=b, c=c, d=d).capitalize(),
                    abstract=abstract.format(a=a, b=b, c=c, d=d),
                    authors=(authors[number % 2], f"Guest {chr(65 + number)}. Writer"),
                    arxiv_id=f"3103.{paper_id:05d}",
                    categories=(category,),
                    topics=(Topic(path, 0.5 + number / 20),),
                    upvotes=number * number if category.startswith("cs") else None,
                    sources=("huggingface" if category.startswith("cs") else "arxiv",),
                    published_at=START + timedelta(hours=paper_id),
                )
            )
    return papers


@pytest.fixture(scope="session")
def papers() -> list[Paper]:
    return _papers()


@pytest.fixture(scope="session")
def background() -> list[Paper]:
    """Two hundred more papers of the same fields, so that words have a frequency."""
    return [
        Paper(
            paper_id=1_000 + 40 * round_ + paper.paper_id,
            title=f"{paper.title}, part {round_}",
            abstract=f"{paper.abstract} {filler}",
        )
        for round_, filler in enumerate(
            (
                "The model is trained on a large dataset.",
                "We propose a framework with better performance.",
                "Experiments on a benchmark confirm the method.",
                "Theory and practice of this problem are discussed.",
                "Code is available, and the results are strong.",
            )
        )
        for paper in _papers()
    ]


@pytest.fixture(scope="session")
def profile_of() -> Callable[..., Profile]:
    """Build a profile: ``profile_of(phrase="x", mute_author="y")``; lists give several."""

    def build(**values: str | list[str]) -> Profile:
        interests = []
        for key, given in values.items():
            kind = InterestKind(key.removeprefix("mute_"))
            for value in [given] if isinstance(given, str) else given:
                interests.append(Interest(kind, value, muted=key.startswith("mute_")))
        return Profile(interests=tuple(interests))

    return build
