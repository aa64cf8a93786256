"""Weights and consistency: published numbers, R's eigen(), laws, recovery, refusals."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmstudy.errors import JudgementError, ModelError, NotAvailable, SettingsError
from crmstudy.evaluation.judgements.reading import read_judgements
from crmstudy.evaluation.priorities.consistency import RANDOM_INDICES, SAATY_1980, SAATY_2005
from crmstudy.evaluation.priorities.derive import prioritise, prioritise_many

METHODS = ("eigenvector", "geometric_mean", "column_mean")
MATRICES = [
    "drinks",
    "city",
    "leader",
    "experience",
    "education",
    "charisma",
    "age",
    "car",
    "intransitive",
    "twelve",
]


def matrix_of(weights):
    values = np.asarray(weights, dtype=float)
    names = [f"n{i}" for i in range(len(values))]
    return pd.DataFrame(values[:, None] / values[None, :], index=names, columns=names)


@pytest.mark.parametrize(
    ("matrix", "weights", "half_digit"),
    [
        # Saaty (2008), Int. J. Services Sciences, 1(1), table 2.
        ("drinks", [0.177, 0.019, 0.042, 0.116, 0.190, 0.129, 0.327], 5e-4),
        # Saaty (2004), as printed by the R package ahpsurvey.
        ("city", [0.152167, 0.433454, 0.071556, 0.305006, 0.037816], 5e-7),
        # Wikipedia's examples of choosing a leader (it cuts .5476 to .547) and a car.
        ("leader", [0.548, 0.127, 0.270, 0.056], 5e-4),
        ("car", [0.510, 0.234, 0.041, 0.215], 5e-4),
    ],
)
def test_published_weights(published, matrix, weights, half_digit):
    result = prioritise(read_judgements(published, matrix=matrix))
    np.testing.assert_allclose(result.weights, weights, atol=half_digit)


@pytest.mark.parametrize(
    ("matrix", "table", "ratio", "half_digit"),
    [
        ("drinks", SAATY_1980, 0.022, 5e-4),
        ("drinks", SAATY_2005, 0.022, 5e-4),
        ("city", SAATY_1980, 0.0503, 5e-5),
        ("city", SAATY_2005, 0.0507, 5e-5),
        ("leader", SAATY_2005, 0.044, 5e-4),
    ],
)
def test_published_consistency_ratio(published, matrix, table, ratio, half_digit):
    result = prioritise(read_judgements(published, matrix=matrix), random_index=table)
    assert result.cr == pytest.approx(ratio, abs=half_digit)
    assert result.checks[0].passed
    assert table.name in result.checks[0].name


@pytest.mark.parametrize("matrix", MATRICES)
@pytest.mark.parametrize(
    ("method", "column"),
    [("eigenvector", "eigenvector"), ("geometric_mean", "geometric"), ("column_mean", "column")],
)
def test_weights_equal_r(published, expected, matrix, method, column):
    result = prioritise(read_judgements(published, matrix=matrix), method=method)
    rows = expected[(expected["matrix"] == matrix) & (expected["quantity"] == column)]
    assert list(result.weights.index) == list(rows["name"])
    np.testing.assert_allclose(result.weights, rows["value"], rtol=1e-12)


@pytest.mark.parametrize("matrix", MATRICES)
def test_consistency_equals_r(published, expected, matrix):
    r = expected[expected["matrix"] == matrix].set_index("quantity")["value"]
    result = prioritise(read_judgements(published, matrix=matrix))
    assert result.lambda_max == pytest.approx(r["lambda_max"], rel=1e-13)
    assert result.ci == pytest.approx(r["ci"], rel=1e-12)
    assert result.cr == pytest.approx(r["cr_2005"], rel=1e-12)
    assert result.gci == pytest.approx(r["gci"], rel=1e-12)
    for method in ("geometric", "column"):
        estimate = prioritise(read_judgements(published, matrix=matrix), method=f"{method}_mean")
        assert estimate.lambda_max == pytest.approx(r[f"lambda_{method}"], rel=1e-13)
    if "cr_1980" in r:
        older = prioritise(read_judgements(published, matrix=matrix), random_index=SAATY_1980)
        assert older.cr == pytest.approx(r["cr_1980"], rel=1e-12)


def test_circular_preferences_give_equal_weights_and_fail(published):
    result = prioritise(read_judgements(published, matrix="intransitive"), method="geometric_mean")
    np.testing.assert_allclose(result.weights, 1 / 3, rtol=1e-14)
    assert result.cr > 6
    assert [check.passed for check in result.checks] == [False, False]
    assert result.checks[1].threshold == "geometric consistency index < 0.31"


def test_both_random_index_tables():
    # Saaty (1980) and Saaty (2005, p. 31), from n = 3.
    assert [SAATY_1980.of(n) for n in range(3, 11)] == [
        0.58, 0.90, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49,
    ]  # fmt: skip
    assert [SAATY_2005.of(n) for n in range(3, 16)] == [
        0.52, 0.89, 1.11, 1.25, 1.35, 1.40, 1.45, 1.49, 1.52, 1.54, 1.56, 1.58, 1.59,
    ]  # fmt: skip
    assert [table.of(n) for table in RANDOM_INDICES.values() for n in (1, 2)] == [0, 0, 0, 0]


weights_of_names = st.lists(st.floats(0.05, 20), min_size=1, max_size=10)


@given(weights_of_names, st.sampled_from(METHODS))
@settings(deadline=None, max_examples=60)
def test_consistent_judgements_return_their_weights(weights, method):
    result = prioritise(matrix_of(weights), method=method)
    np.testing.assert_allclose(result.weights, np.array(weights) / sum(weights), rtol=1e-10)
    assert result.lambda_max == pytest.approx(len(weights), rel=1e-12)
    assert 0 <= result.cr < 1e-12
    assert result.gci < 1e-20


@given(st.integers(0, 10_000), st.integers(2, 9), st.sampled_from(METHODS))
@settings(deadline=None, max_examples=60)
def test_names_may_come_in_any_order(seed, n, method):
    rng = np.random.default_rng(seed)
    logs = np.triu(rng.normal(0, 1, (n, n)), 1)
    names = [f"n{i}" for i in range(n)]
    matrix = pd.DataFrame(np.exp(logs - logs.T), index=names, columns=names)
    order = list(rng.permutation(names))
    straight = prioritise(matrix, method=method)
    mixed = prioritise(matrix.loc[order, order], method=method)
    np.testing.assert_allclose(mixed.weights, straight.weights[order], rtol=1e-12)
    assert mixed.cr == pytest.approx(straight.cr, rel=1e-9, abs=1e-12)


@given(st.integers(0, 10_000))
@settings(deadline=None, max_examples=60)
def test_three_names_eigenvector_is_geometric_mean(seed):
    # Crawford & Williams (1985): for n = 3 the two agree on any judgements.
    logs = np.triu(np.random.default_rng(seed).normal(0, 1, (3, 3)), 1)
    matrix = pd.DataFrame(np.exp(logs - logs.T), index=list("abc"), columns=list("abc"))
    eigen, geometric = (prioritise(matrix, method=m) for m in ("eigenvector", "geometric_mean"))
    np.testing.assert_allclose(eigen.weights, geometric.weights, rtol=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_lambda_max_is_at_least_n(noisy, method):
    for n in (2, 4, 8):
        assert (prioritise_many(noisy(200, n, 1.5), method=method).lambda_max >= n).all()


def test_reversed_judgements_reverse_geometric_weights(noisy):
    values = noisy(50, 6, 0.5)
    there = prioritise_many(values, method="geometric_mean").weights
    back = prioritise_many(values.swapaxes(1, 2), method="geometric_mean").weights
    products = there * back
    np.testing.assert_allclose(products, products[:, :1].repeat(6, axis=1), rtol=1e-12)


@pytest.mark.parametrize("n", [1, 2])
def test_up_to_two_names_are_consistent(n):
    result = prioritise(matrix_of([3.0, 1.0][:n]))
    assert (result.ci, result.cr, result.gci) == (0, 0, 0)
    assert result.weights.iloc[0] == pytest.approx(0.75 if n == 2 else 1.0, rel=1e-15)


@pytest.mark.parametrize("noise", [0.0, 0.3, 1.0, 3.0])
@pytest.mark.parametrize("n", [2, 3, 5, 12, 15])
def test_batch_equals_lapack(noisy, n, noise):
    # Noise of 3 is past all reason: many of these matrices never settle by powers alone.
    values = noisy(300, n, noise, seed=n)
    roots, vectors = np.linalg.eig(values)
    at = roots.real.argmax(axis=1)
    principal = np.abs(vectors[np.arange(len(values)), :, at].real)
    principal /= principal.sum(axis=1, keepdims=True)
    batch = prioritise_many(values)
    np.testing.assert_allclose(batch.weights, principal, atol=1e-12)
    np.testing.assert_allclose(batch.lambda_max, roots.real.max(axis=1), rtol=1e-11)


@pytest.mark.parametrize("noise", [0.4, 3.0])
def test_batch_equals_one_by_one_over_several_blocks(noisy, noise):
    values = noisy(2_500, 9, noise)
    batch = prioritise_many(values)
    names = list("abcdefghi")
    for at in (0, 1_233, *range(2_400, 2_500)):
        one = prioritise(pd.DataFrame(values[at], index=names, columns=names))
        np.testing.assert_allclose(batch.weights[at], one.weights, rtol=1e-13)
        assert batch.cr[at] == pytest.approx(one.cr, rel=1e-10)


def test_an_empty_batch_is_empty():
    assert prioritise_many(np.ones((0, 4, 4))).weights.shape == (0, 4)


def test_noise_is_recovered_from(consistent):
    truth = pd.Series([0.4, 0.3, 0.15, 0.1, 0.05], index=list("abcde"))
    rng = np.random.default_rng(7)
    logs = np.triu(rng.normal(0, 0.15, (400, 5, 5)), 1)
    values = consistent(truth).to_numpy() * np.exp(logs - logs.swapaxes(1, 2))
    for method in METHODS:
        batch = prioritise_many(values, method=method)
        error = batch.weights.mean(axis=0) - truth.to_numpy()
        standard_error = batch.weights.std(axis=0, ddof=1) / 20
        assert (np.abs(error) < 4 * standard_error + 0.001).all()
        assert (batch.cr < 0.1).all()


def test_result_is_frozen_and_says_everything(published):
    result = prioritise(read_judgements(published, matrix="drinks"))
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.cr = 0.0
    table = result.table()
    assert list(table.columns) == ["name", "weight", "rank"]
    assert table.set_index("name")["rank"]["water"] == 1
    metrics = result.to_metrics()
    assert metrics["weight_water"] == result.weights["water"]
    assert metrics["n_names"] == 7
    assert {type(value) for value in metrics.values()} <= {int, float}


def test_metrics_of_chinese_names_are_ascii():
    matrix = pd.DataFrame(
        [[1, 2], [0.5, 1]], index=["滿意度", "忠誠度"], columns=["滿意度", "忠誠度"]
    )
    metrics = prioritise(matrix).to_metrics()
    assert metrics["weight_1"] == pytest.approx(2 / 3)
    assert metrics["weight_2"] == pytest.approx(1 / 3)


def test_limit_of_consistency_is_a_parameter(published):
    car = read_judgements(published, matrix="car")
    assert prioritise(car).checks[0].passed
    strict = prioritise(car, cr_limit=0.05).checks[0]
    assert not strict.passed
    assert strict.threshold == "consistency ratio < 0.05"


def test_columns_may_be_in_another_order_than_rows(published):
    drinks = read_judgements(published, matrix="drinks")
    mixed = drinks[drinks.columns[::-1]]
    np.testing.assert_array_equal(prioritise(mixed).weights, prioritise(drinks).weights)


def test_refuses_a_matrix_that_is_not_reciprocal():
    matrix = pd.DataFrame([[1, 3], [0.5, 1]], index=["a", "b"], columns=["a", "b"])
    with pytest.raises(
        JudgementError, match=r"row 'a', column 'b': found 3 against 0.5, product 1.5; allowed"
    ):
        prioritise(matrix)


@pytest.mark.parametrize("bad", [0.0, -2.0, np.nan])
def test_refuses_judgements_that_are_not_positive(bad):
    matrix = pd.DataFrame([[1, bad], [0.5, 1]], index=["a", "b"], columns=["a", "b"])
    with pytest.raises(JudgementError, match=r"row 'a', column 'b': found .*a positive number"):
        prioritise(matrix)


def test_refuses_a_diagonal_other_than_one():
    matrix = pd.DataFrame([[2, 1], [1, 1]], index=["a", "b"], columns=["a", "b"])
    with pytest.raises(JudgementError, match="row 'a', column 'a'"):
        prioritise(matrix)


def test_refuses_names_that_differ():
    matrix = pd.DataFrame([[1, 1], [1, 1]], index=["a", "b"], columns=["a", "c"])
    with pytest.raises(JudgementError, match="rows are named a, b and columns a, c; allowed"):
        prioritise(matrix)
    with pytest.raises(JudgementError, match="the same names, each once"):
        prioritise(pd.DataFrame([[1, 1], [1, 1]], index=["a", "a"], columns=["a", "a"]))


def test_batch_names_the_matrix_at_fault():
    values = np.ones((3, 2, 2))
    values[1, 0, 1] = 4
    with pytest.raises(JudgementError, match="matrix 2 of 3, row '1', column '2': found 4 against"):
        prioritise_many(values)
    many = np.ones((40_000, 2, 2))
    many[39_000, 1, 0] = 0
    with pytest.raises(JudgementError, match="matrix 39001 of 40000, row '2', column '1': found 0"):
        prioritise_many(many)
    with pytest.raises(JudgementError, match=r"shape \(3, 2\); allowed"):
        prioritise_many(values[:, 0])


def test_a_size_beyond_the_table_has_weights_but_no_ratio():
    result = prioritise(matrix_of(np.arange(1.0, 12.0)), random_index=SAATY_1980)
    assert result.weights.iloc[-1] == pytest.approx(11 / 66)
    assert isinstance(result.cr, NotAvailable)
    assert "Saaty 1980 ends at 10 names, the matrix has 11" in result.cr.reason
    assert result.to_metrics()["consistency_ratio"] is result.cr
    # The geometric index needs no table, so it is looked at instead.
    assert [check.threshold for check in result.checks] == ["geometric consistency index < 0.37"]
    assert prioritise(matrix_of([1.0] * 15)).cr == 0
    batch = prioritise_many(np.ones((3, 16, 16)))
    np.testing.assert_allclose(batch.weights, 1 / 16)
    with pytest.raises(ModelError, match="Saaty 2005 ends at 15 names, the matrix has 16"):
        _ = batch.cr


def test_refuses_an_unknown_method():
    with pytest.raises(SettingsError, match="method 'eigen' is unknown; allowed: eigenvector"):
        prioritise(matrix_of([1.0, 2.0]), method="eigen")


def test_hands_on_what_is_not_available():
    missing = NotAvailable("no judgements")
    assert prioritise(missing) is missing
