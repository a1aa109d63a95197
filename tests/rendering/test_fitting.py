from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digest.models import Edition, Section
from digest.rendering import Links, Renderer, RenderOptions, cards, fitting, renderer
from digest.rendering.view import Page

LONG = "A sentence of some length that says what was measured, and how well & how often. " * 8


def big_edition(edition: Edition, papers: int) -> Edition:
    """The edition with so many papers in its first section."""
    first = edition.sections[0]
    many = tuple(
        replace(
            first.papers[n % 2],
            paper=replace(first.papers[n % 2].paper, paper_id=n, abstract=f"On {n}. {LONG}"),
        )
        for n in range(papers)
    )
    return replace(edition, sections=(Section(first.title, first.interest, many),))


def page_of(edition: Edition) -> Page:
    return cards.page(edition, "Digest", [("view", "https://digest.example/v")], 3)


@pytest.fixture
def big(pleasant: Edition) -> Page:
    return page_of(big_edition(pleasant, 20))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fewest=st.integers(1, 60), excess=st.integers(1, 90_000))
def test_the_fewest_steps_are_found_whatever_was_guessed(fewest: int, excess: int, big: Page):
    tried: list[int] = []

    def fits(steps: int) -> bool:
        assert 0 < steps < 60 and steps not in tried
        tried.append(steps)
        return steps >= fewest

    assert fitting.fewest_steps(big, excess, fits) == fewest
    assert len(tried) <= 12


def test_a_page_is_rendered_a_few_times_until_it_fits(pleasant: Edition, monkeypatch: Any) -> None:
    for papers in (40, 60, 90):
        rendered: list[int] = []
        plain = Renderer._mail_html

        def counted(self: Renderer, view: Page, plain: Any = plain, seen: Any = rendered) -> str:
            html: str = plain(self, view)
            seen.append(len(html.encode()))
            return html

        with monkeypatch.context() as patched:
            patched.setattr(Renderer, "_mail_html", counted)
            shown = Renderer(RenderOptions()).render(
                big_edition(pleasant, papers), Links(view="https://digest.example/v")
            )
        assert rendered[0] > renderer.MAX_HTML >= len(shown.html.encode())
        assert len(rendered) <= 6, (papers, rendered)
