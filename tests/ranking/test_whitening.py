"""The ridge's operator: the same whichever way its sums are made, and what its formula says."""

import numpy as np
import pytest
from scipy import sparse

from digest.ranking import whitening
from digest.ranking.whitening import Common, Whitening

SCORED, BACKGROUND, TERMS, PENALTY = 40, 30, 200, 10.0


@pytest.fixture
def whole() -> sparse.csr_matrix:
    """Unit rows, some of whose terms stand in one row only."""
    chance = np.random.default_rng(5)
    rows = chance.random((SCORED + BACKGROUND, TERMS)) * (
        chance.random((SCORED + BACKGROUND, TERMS)) < 0.1
    )
    return sparse.csr_matrix(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def _operator(whole: sparse.csr_matrix) -> Whitening:
    shown = np.arange(0, BACKGROUND, 3)
    return Whitening(whole, Common.of(whole, SCORED), SCORED, shown, PENALTY)


def test_scores_are_those_of_the_ridge(whole) -> None:
    liked = whole[[2, 7]].toarray()
    background = whole[SCORED:].toarray()
    ridge = np.linalg.inv(background.T @ background + PENALTY * np.eye(TERMS))
    rows = [*range(SCORED), *range(SCORED, SCORED + BACKGROUND, 3)]
    expected = liked @ ridge @ whole[rows].toarray().T
    found = _operator(whole).scores(liked @ whole.toarray().T)
    np.testing.assert_allclose(found, expected, atol=1e-7)


def test_many_papers_are_scored_like_few(whole, monkeypatch) -> None:
    products = whole[:20].toarray() @ whole.toarray().T  # of more readers than go at once
    few = _operator(whole)
    monkeypatch.setattr(whitening, "_MANY", 0)
    many = _operator(whole)
    assert many._common.products.shape == (BACKGROUND, BACKGROUND)
    np.testing.assert_allclose(many.scores(products), few.scores(products), atol=1e-6)
    np.testing.assert_allclose(many.crowding, few.crowding, atol=1e-6)


def test_it_is_crowded_where_many_are_near(whole) -> None:
    hub = sparse.csr_matrix(whole[SCORED:].mean(axis=0))
    hub = hub / sparse.linalg.norm(hub)
    with_hub = sparse.vstack([hub, whole[1:]]).tocsr()
    assert np.argmax(_operator(with_hub).crowding) == 0


def test_without_a_background_the_ridge_is_the_sum_itself(whole) -> None:
    alone = whole[:SCORED]
    operator = Whitening(alone, Common.of(alone, SCORED), SCORED, np.arange(0), PENALTY)
    products = alone[:2].toarray() @ alone.toarray().T
    np.testing.assert_allclose(operator.scores(products), products / PENALTY)
