"""Measures of lists: by hand, against scikit-learn and implicit, laws."""

from __future__ import annotations

from math import comb, log2

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from crmstudy.value.recommendation.intervals import bootstrap_means, bound_leads, bound_means
from crmstudy.value.recommendation.measures import (
    MEASURES,
    expect_random,
    measure_exposure,
    measure_lists,
    trace_hit_rate,
)


def test_a_list_by_hand() -> None:
    # Hits at places 2 and 4 of five; three items could be hit.
    found = measure_lists(np.array([[0, 1, 0, 1, 0]], dtype=bool), [3], k=5).iloc[0]
    ideal = 1 + 1 / log2(3) + 1 / log2(4)
    assert found["hit_rate"] == 1
    assert found["precision"] == pytest.approx(2 / 5)
    assert found["recall"] == pytest.approx(2 / 3)
    assert found["ndcg"] == pytest.approx((1 / log2(3) + 1 / log2(5)) / ideal)
    assert found["reciprocal_rank"] == pytest.approx(1 / 2)
    assert found["average_precision"] == pytest.approx((1 / 2 + 2 / 4) / 3)


def test_only_the_first_places_count() -> None:
    hits = np.array([[0, 0, 1], [1, 0, 0]], dtype=bool)
    found = measure_lists(hits, [1, 1], k=2)
    assert found["hit_rate"].tolist() == [0, 1]
    assert found["reciprocal_rank"].tolist() == [0, 1]


def test_perfect_lists_reach_the_top_and_missed_ones_the_bottom() -> None:
    perfect = np.zeros((3, 6), dtype=bool)
    relevant = np.array([1, 4, 20])
    for row, n in enumerate(relevant):
        perfect[row, : min(n, 6)] = True
    best = measure_lists(perfect, relevant, k=6)
    for name in ("hit_rate", "ndcg", "reciprocal_rank", "average_precision"):
        assert best[name].tolist() == pytest.approx([1, 1, 1])
    assert (measure_lists(np.zeros((3, 6), dtype=bool), relevant, k=6) == 0).all(axis=None)
    assert list(best) == list(MEASURES)


def test_ndcg_is_scikit_learns() -> None:
    from sklearn.metrics import ndcg_score

    rng = np.random.default_rng(2)
    relevant, scores = rng.random((40, 30)) < 0.2, rng.random((40, 30))
    relevant[:, 0] = True
    order = np.argsort(-scores, axis=1)
    hits = np.take_along_axis(relevant, order, axis=1)
    found = measure_lists(hits, relevant.sum(axis=1), k=8)["ndcg"].mean()
    assert found == pytest.approx(ndcg_score(relevant.astype(float), scores, k=8), abs=1e-12)


def test_measures_are_implicits() -> None:
    from implicit.evaluation import ranking_metrics_at_k

    rng = np.random.default_rng(3)
    relevant, scores = rng.random((50, 25)) < 0.25, rng.random((50, 25))
    relevant[:, 3] = True
    order = np.argsort(-scores, axis=1)[:, :6].astype(np.int32)

    class Ranked:
        """Recommends by the scores above."""

        def recommend(self, users, *args, N=6, **kwargs):
            return order[users], np.take_along_axis(scores, order, axis=1)[users]

    # A purchase of each customer in learning: implicit leaves out who has none.
    bought = csr_matrix(np.ones((50, 25)))
    theirs = ranking_metrics_at_k(
        Ranked(), bought, csr_matrix(relevant.astype(float)), K=6, show_progress=False
    )
    n_relevant = relevant.sum(axis=1)
    found = measure_lists(np.take_along_axis(relevant, order, axis=1), n_relevant, k=6)
    assert found["ndcg"].mean() == pytest.approx(theirs["ndcg"], abs=1e-9)
    assert found["average_precision"].mean() == pytest.approx(theirs["map"], abs=1e-9)
    # implicit divides by what could be hit at most.
    hits = (found["precision"] * 6).sum()
    assert hits / np.minimum(n_relevant, 6).sum() == pytest.approx(theirs["precision"], abs=1e-9)


def test_order_of_customers_does_not_matter() -> None:
    rng = np.random.default_rng(4)
    hits, relevant = rng.random((30, 5)) < 0.3, rng.integers(5, 9, 30)
    turned = rng.permutation(30)
    there = measure_lists(hits, relevant, k=5).mean()
    assert np.allclose(there, measure_lists(hits[turned], relevant[turned], k=5).mean())


def test_hit_rate_rises_with_the_list() -> None:
    traced = trace_hit_rate(np.array([[0, 1, 0], [0, 0, 0]], dtype=bool))
    assert traced.tolist() == [[False, True, True], [False, False, False]]


def test_lists_by_lot_hit_as_often_as_the_hypergeometric_law_says() -> None:
    relevant, items, k = np.array([3, 0, 40]), np.array([40, 40, 40]), 5
    expected = [1 - comb(40 - n, k) / comb(40, k) for n in relevant]
    assert expect_random(relevant, items, k=k) == pytest.approx(expected, abs=1e-12)
    rng = np.random.default_rng(5)
    hits = np.array([(rng.permutation(40)[:k] < 3).any() for _ in range(4000)])
    assert hits.mean() == pytest.approx(expected[0], abs=0.025)
    # A list that holds everything hits whoever can be hit.
    assert expect_random([1], [8], k=10) == pytest.approx([1.0])


def test_exposure_knows_all_alike_and_always_the_same() -> None:
    buyers = np.array([8.0, 4.0, 2.0, 1.0])
    even = measure_exposure(np.array([[0, 1], [2, 3]]), buyers, n_customers=8)
    assert even == pytest.approx({"coverage": 1.0, "gini": 0.0, "novelty": 1.5})
    same = measure_exposure(np.array([[0], [0]]), buyers, n_customers=8)
    assert same == pytest.approx({"coverage": 0.25, "gini": 0.75, "novelty": 0.0})
    short = measure_exposure(np.array([[3, -1]]), buyers, n_customers=8)
    assert short["novelty"] == pytest.approx(3.0)


def test_bootstrap_has_the_mean_and_the_standard_error_of_theory() -> None:
    rng = np.random.default_rng(6)
    values = rng.random((400, 2))
    draws = bootstrap_means(values, seed=1, n_replicates=3000)
    assert draws.mean(axis=0) == pytest.approx(values.mean(axis=0), abs=2e-3)
    assert draws.std(axis=0) == pytest.approx(values.std(axis=0) / 20, rel=0.06)
    lower, upper = bound_means(draws)
    assert (lower < values.mean(axis=0)).all()
    assert (upper > values.mean(axis=0)).all()


def test_leads_of_several_methods_are_wider_than_of_one() -> None:
    draws = np.random.default_rng(7).normal(size=(4000, 6))
    one = bound_leads(np.zeros(1), draws[:, :1])
    six = bound_leads(np.zeros(6), draws)
    assert one[1][0] == pytest.approx(1.96, abs=0.08)
    # The .95 point of the largest of six independent absolute normals.
    assert six[1].mean() == pytest.approx(2.63, abs=0.1)


def test_equal_methods_have_a_lead_of_exactly_nothing() -> None:
    lower, upper = bound_leads(np.zeros(2), np.zeros((50, 2)))
    assert lower.tolist() == upper.tolist() == [0, 0]
