"""Invented editions: one to be glad about, one in Japanese, one of the worst, one silent."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from digest.models import (
    Edition,
    FeedHealth,
    Interest,
    InterestCount,
    InterestKind,
    Lesson,
    Paper,
    Reason,
    ReasonKind,
    Remarks,
    ScoredPaper,
    Section,
    Topic,
)
from digest.rendering import Links, Renderer, RenderOptions

DAY = date(2025, 11, 21)
COMPOSED_AT = datetime(2025, 11, 21, 6, 0, tzinfo=UTC)
RIVERS = Interest(InterestKind.PHRASE, "river forecasting")
HANDS = Interest(InterestKind.PHRASE, "robot hands")
LINKS = Links(
    unsubscribe="https://digest.example/unsubscribe/abc",
    manage="https://digest.example/manage/abc",
    archive="https://digest.example/archive/abc",
    view="https://digest.example/archive/abc/2025-11-21",
    answers={n: f"https://digest.example/feedback/paper{n}" for n in range(1, 5)},
)

WEEK = Remarks(
    week=(InterestCount("River forecasting", 41), InterestCount("Robot hands", 7)),
    read=("arxiv", "huggingface", "aitopics"),
    lessons=(Lesson("graph network", date(2025, 11, 18)),),
)


def scored(paper: Paper, *reasons: Reason) -> ScoredPaper:
    return ScoredPaper(paper, 1.0, RIVERS, reasons)


def make_edition(*sections: Section, **changes: object) -> Edition:
    fields: dict[str, object] = {
        "edition_date": DAY,
        "composed_at": COMPOSED_AT,
        "name": "",
        "language": "en",
        "sections": sections,
        "candidates": 187,
    }
    return Edition(**(fields | changes))  # type: ignore[arg-type]


def edition_of_one(**fields: object) -> Edition:
    paper = Paper(**({"paper_id": 1, "title": "A title"} | fields))  # type: ignore[arg-type]
    return make_edition(Section("River forecasting", RIVERS, (scored(paper),)))


FLOODS = Paper(
    paper_id=1,
    title="Flood Forecasts That Know What They Do Not Know: Graph Networks for Ungauged Rivers",
    abstract="Most of the world's rivers have no gauge, and a forecast without one is a guess. We"
    " train a graph network on 4,812 gauged basins and show that it carries over to rivers it has"
    " never seen, e.g. in mountain terrain. Its intervals hold the true peak in 91.3% of floods,"
    " where Brandt et al. reach 64%. A second part of the paper studies what the network has"
    " learned about snow. All models and data are released.",
    authors=("Ilse Brandt", "Tomás Arriaga", "Wen Qiu", "Noor Haddad", "Per Lindqvist", "Ada Obi"),
    arxiv_id="2511.09001",
    arxiv_version=2,
    published_at=datetime(2025, 11, 14, 9, 30, tzinfo=UTC),
    categories=("cs.LG", "physics.geo-ph"),
    comments=3,
    upvotes=57,
    url="https://arxiv.org/abs/2511.09001",
    pdf_url="https://arxiv.org/pdf/2511.09001",
    code_url="https://github.com/example/floods",
    project_url="https://floods.example",
    sources=("arxiv", "huggingface"),
    translations={
        "ja": "世界の河川の多くには水位計がなく、水位計のない予報は推測にすぎません。"
        "4,812の流域でグラフネットワークを学習し、未知の河川にも適用できることを示します。"
        "予測区間は洪水の91.3%で実際のピークを含みます。"
        "論文の後半では、ネットワークが雪について何を学んだかを調べます。"
    },
)
SEDIMENT = Paper(
    paper_id=2,
    title="A Small Model for Large Deltas",
    abstract="River deltas move slowly, and models of them run slower still. We replace the inner"
    " loop of a sediment solver by a network of 90,000 weights. A century of the delta then takes"
    " four minutes on a laptop.",
    authors=("Mirela Sánta", "J. R. Okafor"),
    arxiv_id="2511.09417",
    published_at=datetime(2025, 11, 20, 17, 0, tzinfo=UTC),
    categories=("physics.flu-dyn",),
    url="https://arxiv.org/abs/2511.09417",
    sources=("arxiv",),
)
HAND = Paper(
    paper_id=3,
    title="Feeling for the Edge: Tactile Regrasping with Eleven Sensors",
    abstract="A hand that drops a cup should notice before the cup lands. Eleven pressure sensors"
    " and a policy trained wholly in simulation let a three-fingered hand regrasp 38 household"
    " objects after a push. We report what fails: glass, wet soap, and anything thinner than a"
    " card. Videos are on the project page.",
    authors=("Yuki Tanabe", "Lena Vogt", "Samuel Oyelaran"),
    published_at=datetime(2025, 11, 19, tzinfo=UTC),
    topics=(
        Topic(("Technology", "Information Technology", "Robots"), 0.98),
        Topic(("Technology", "Artificial Intelligence", "Machine Learning"), 0.71),
    ),
    url="https://www.robots.example/regrasp",
    project_url="https://www.robots.example/regrasp/videos",
    sources=("aitopics",),
)
COMPILERS = Paper(
    paper_id=4,
    title="Nobody Reads the Warnings: Eight Years of Compiler Output",
    abstract="We collected 2.1 billion compiler warnings from open projects and asked which of"
    " them were ever acted upon. One in nine hundred was. Those that were had three things in"
    " common, and none of them is severity.",
    n_authors=7,
    arxiv_id="2511.08800",
    published_at=datetime(2025, 11, 12, tzinfo=UTC),
    comments=41,
    upvotes=212,
    url="https://huggingface.co/papers/2511.08800",
    sources=("huggingface",),
    tldr="One compiler warning in nine hundred is ever acted upon.",
)


def pleasant_sections() -> tuple[Section, ...]:
    return (
        Section(
            "River forecasting",
            RIVERS,
            (
                scored(
                    FLOODS,
                    Reason(ReasonKind.PHRASE, "ungauged rivers"),
                    Reason(ReasonKind.AUTHOR, "Tomás Arriaga", ("Tomás Arriaga",)),
                    Reason(
                        ReasonKind.EXAMPLE,
                        "Rain to River in One Network",
                        ("basins", "peak flow", "graph network"),
                    ),
                ),
                scored(
                    SEDIMENT,
                    Reason(ReasonKind.WORDS, "river forecasting", ("delta", "sediment", "solver")),
                ),
            ),
        ),
        Section(
            "Robot hands",
            HANDS,
            (
                scored(
                    HAND,
                    Reason(ReasonKind.WORDS, "robot hands", ("tactile", "regrasp", "hand")),
                    Reason(
                        ReasonKind.TOPIC, "Technology > Information Technology > Robots", ("0.98",)
                    ),
                ),
            ),
        ),
        Section(
            "Rising outside your profile",
            None,
            (
                scored(
                    COMPILERS,
                    Reason(ReasonKind.POPULARITY, "huggingface", ("212 upvotes", "41 comments")),
                ),
            ),
        ),
    )


@pytest.fixture
def pleasant() -> Edition:
    """What a reader may find on a good morning."""
    return make_edition(*pleasant_sections(), name="Rivers and robots", remarks=WEEK)


@pytest.fixture
def japanese() -> Edition:
    """The same morning for a reader of Japanese."""
    remarks = replace(WEEK, since=date(2025, 11, 14), weekly=True)
    sections = pleasant_sections()
    return make_edition(*sections, name="河川とロボット", language="ja", remarks=remarks)


@pytest.fixture
def silent() -> Edition:
    """A day without papers, and a feed that failed."""
    return make_edition(
        silence="It is a weekend: arXiv announced nothing.",
        health=(
            FeedHealth("arxiv-jp", "arxivjp", 0, "no answer within 20 s, 3 times in a row"),
            FeedHealth("arxiv-cs", "arxiv", 42),
            FeedHealth("deltas", "generic", 0, "HTTP 503", "failing", 4),
        ),
        remarks=Remarks(read=("arxiv", "huggingface"), quiet=("arxiv",)),
    )


@pytest.fixture
def renderer() -> Renderer:
    return Renderer(RenderOptions())


@pytest.fixture
def links() -> Links:
    return LINKS


@pytest.fixture
def one_paper() -> Callable[..., Edition]:
    """Makes an edition of one paper with the given fields."""
    return edition_of_one
