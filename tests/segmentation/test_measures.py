"""The common measures of a segmentation, and the errors they state."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import cdist
from scipy.stats import chi2_contingency, friedmanchisquare
from sklearn.metrics import r2_score, silhouette_samples

from crmstudy.errors import NotAvailable
from crmstudy.segmentation.grid.concordance import measure_concordance, split_sources
from crmstudy.segmentation.grid.measures import (
    Estimate,
    average,
    average_replicates,
    choose_top,
    compare_estimates,
    measure_lift,
    measure_r_squared,
    measure_widths,
    separate_categories,
    separate_numbers,
    separate_variables,
)
from crmstudy.statistics.variance import split_variance


def draw(seed=0):
    return np.random.default_rng(seed)


def test_silhouette_widths_are_those_of_scikit_learn():
    points, labels = draw().normal(size=(120, 3)), draw(1).integers(4, size=120)
    widths = measure_widths(cdist(points, points), labels)
    assert widths == pytest.approx(silhouette_samples(points, labels), abs=1e-12)


def test_who_is_alone_or_like_all_has_no_silhouette():
    points = np.array([[0.0], [0.0], [9.0]])
    assert measure_widths(cdist(points, points), np.array([0, 0, 1])).tolist() == [1, 1, 0]
    same = np.zeros((4, 4))
    assert measure_widths(same, np.array([0, 0, 1, 1])).tolist() == [0, 0, 0, 0]
    assert measure_widths(same, np.zeros(4, dtype=int)).tolist() == [0, 0, 0, 0]


def test_separation_of_numbers_is_omega_squared():
    labels = draw().integers(3, size=90)
    values = draw(1).normal(size=(90, 2)) + labels[:, None] * [0.0, 1.0]
    found, _ = separate_numbers(values, labels)
    for column in range(2):
        split = split_variance([values[labels == label, column] for label in range(3)])
        assert found[column] == pytest.approx(split.omega_squared, rel=1e-12)


def test_separation_of_categories_is_bergsmas_squared_v():
    labels, codes = draw().integers(3, size=200), draw(1).integers(4, size=200)
    codes[labels == 2] = 0
    table = pd.crosstab(codes, labels).to_numpy()
    phi = chi2_contingency(table, correction=False).statistic / 200
    corrected = phi - 3 * 2 / 199
    expected = corrected / (min(4 - 9 / 199, 3 - 4 / 199) - 1)
    assert separate_categories(codes, labels)[0] == pytest.approx(expected, rel=1e-12)
    assert separate_categories(labels, labels)[0] == pytest.approx(1, abs=1e-12)
    assert separate_categories(np.zeros(200, dtype=int), labels)[0] == 0


def test_unrelated_variables_separate_nothing_on_average():
    random = draw(3)
    labels = random.integers(4, size=150)
    numbers = separate_numbers(random.normal(size=(150, 400)), labels)[0]
    levels = [separate_categories(random.integers(5, size=150), labels)[0] for _ in range(400)]
    assert abs(numbers.mean()) < 4 * numbers.std() / 20
    assert abs(np.mean(levels)) < 4 * np.std(levels) / 20


def test_variables_of_both_kinds_stand_together_and_constants_are_left_out():
    labels = np.repeat([0, 1], 20)
    frame = pd.DataFrame(
        {"x": labels * 1.0, "c": np.where(labels == 1, "b", "a"), "one": 1.0, "same": "z"}
    )
    values, parts = separate_variables(frame, labels)
    assert values == pytest.approx([1, 1])
    assert parts.shape == (40, 2)
    assert len(separate_variables(frame[["one", "same"]], labels)[0]) == 0


def bootstrap_errors(measure, n, *, n_draws=600):
    random = draw(9)
    return np.std([measure(random.integers(n, size=n)) for _ in range(n_draws)])


def test_standard_errors_are_those_of_the_bootstrap():
    n, random = 400, draw(4)
    labels = random.integers(3, size=n)
    values = (random.normal(size=(n, 1)) + 0.8 * labels[:, None]) ** 2
    codes = np.where(random.random(n) < 0.4, labels, random.integers(3, size=n))
    actual = np.exp(random.normal(size=n) + 0.5 * labels)
    predicted, baseline = labels * 0.6 + 1.0, np.full(n, actual.mean())
    weights = choose_top(predicted)
    found, parts = separate_numbers(values, labels)
    pairs = [
        (Estimate(found[0], parts[:, 0]), lambda i: separate_numbers(values[i], labels[i])[0][0]),
        (
            Estimate(*separate_categories(codes, labels)),
            lambda i: separate_categories(codes[i], labels[i])[0],
        ),
        (
            measure_r_squared(actual, predicted, baseline),
            lambda i: measure_r_squared(actual[i], predicted[i], baseline[i]).value,
        ),
        (measure_lift(actual, weights), lambda i: measure_lift(actual[i], weights[i]).value),
        (average(actual), lambda i: actual[i].mean()),
    ]
    for estimate, again in pairs:
        assert abs(estimate.parts.sum()) < 1e-9
        assert estimate.standard_error == pytest.approx(bootstrap_errors(again, n), rel=0.12)


def test_differences_are_paired():
    random = draw(5)
    common = random.normal(size=300)
    one = average(common + 0.3 + 0.1 * random.normal(size=300))
    other = average(common)
    difference, error, p_value = compare_estimates(one, other)
    assert difference == pytest.approx(0.3, abs=0.03)
    assert error < 0.2 * one.standard_error
    assert p_value < 1e-9
    assert compare_estimates(one, one) == (0, 0, 1)
    few = average_replicates(np.array([0.8, 0.9, 1.0]))
    assert few.standard_error == pytest.approx(0.1 / np.sqrt(3))
    lower, upper = few.limits  # t(2) at .975 is 4.302653
    assert (upper - lower) / 2 == pytest.approx(4.302653 * 0.1 / np.sqrt(3), abs=1e-6)
    placed = few.spread(np.array([1, 4, 5]), 7)
    assert placed.standard_error == pytest.approx(few.standard_error)
    assert placed.parts[[0, 2, 3, 6]].tolist() == [0, 0, 0, 0]


def test_r_squared_is_that_of_scikit_learn_where_the_baseline_is_the_mean():
    actual = draw().normal(size=50)
    predicted = actual + draw(1).normal(size=50)
    baseline = np.full(50, actual.mean())
    found = measure_r_squared(actual, predicted, baseline)
    assert found.value == pytest.approx(r2_score(actual, predicted), rel=1e-12)


def test_customers_on_the_edge_count_in_part():
    weights = choose_top(np.array([3.0, 1.0, 2.0, 2.0, 2.0, 2.0, 1.0, 1.0, 1.0, 1.0]), 0.3)
    assert weights == pytest.approx([1, 0, 0.5, 0.5, 0.5, 0.5, 0, 0, 0, 0])
    assert choose_top(np.ones(7)) == pytest.approx(np.full(7, 0.2))
    assert choose_top(draw().normal(size=101)).sum() == pytest.approx(20.2)


def test_lift_lies_between_chance_and_the_best_possible():
    actual = np.array([10.0, *np.zeros(9)])
    assert measure_lift(actual, choose_top(actual)).value == pytest.approx(5)
    assert measure_lift(actual, choose_top(np.ones(10))).value == pytest.approx(1)
    assert isinstance(measure_lift(np.zeros(10), choose_top(actual)), NotAvailable)


def test_concordance_is_that_behind_friedmans_test():
    # chi2 = m (n - 1) W, with the same correction for ties (Kendall & Babington Smith 1939).
    scores = pd.DataFrame(draw(7).integers(5, size=(8, 4)))  # 8 objects, 4 judges
    # friedmanchisquare takes one sample an object: its answers by judge.
    chi2 = friedmanchisquare(*scores.to_numpy()).statistic
    assert 4 * 7 * measure_concordance(scores.rank()) == pytest.approx(chi2, rel=1e-12)


def test_concordance_has_its_limits():
    order = pd.DataFrame({"a": [1.0, 2, 3], "b": [1.0, 2, 3]})
    assert measure_concordance(order) == pytest.approx(1)
    assert measure_concordance(order.assign(b=[3.0, 2, 1])) == pytest.approx(0)
    assert isinstance(measure_concordance(order[["a"]]), NotAvailable)
    assert isinstance(
        measure_concordance(pd.DataFrame({"a": [2.0] * 3, "b": [2.0] * 3})), NotAvailable
    )


def test_sources_are_split_as_in_a_balanced_two_way_table():
    values = np.array([1.0, 1.5, 4.0, 4.5, 7.0, 7.5])  # block effects -3, 0, 3; method -+ 0.25
    blocks, methods = list("aabbcc"), list("xyxyxy")
    by_block, by_method = split_sources(values, blocks, methods)
    total = ((values - values.mean()) ** 2).sum()
    assert by_block == pytest.approx(2 * 18 / total)
    assert by_method == pytest.approx(6 * 0.0625 / total)
    assert split_sources(np.ones(6), blocks, methods) is None
