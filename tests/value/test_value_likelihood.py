"""Maximum likelihood: a model with a known answer, and likelihoods that have none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmstudy.errors import ModelError
from crmstudy.value.purchasing.likelihood import maximise
from crmstudy.value.purchasing.numerics import dot, log_rising, log_sum, pool_rows


def exponential_likelihood(total: float, n: int):
    """Waiting times with a common rate: the maximum is n / total."""

    def derivatives(values):
        rate = values[0]
        value = n * np.log(rate) - rate * total
        return value, np.array([n / rate - total]), np.array([[-n / rate**2]])

    return derivatives


@pytest.mark.parametrize("start", [1e-3, 1.0, 500.0])
def test_the_rate_of_an_exponential_is_found(start):
    found = maximise(exponential_likelihood(50.0, 400), {"rate": start}, n=400)
    assert found["rate"] == pytest.approx(8.0, rel=1e-12)
    assert found.standard_errors[0] == pytest.approx(8.0 / 20, rel=1e-9)
    assert found.log_likelihood == pytest.approx(400 * np.log(8) - 400)
    assert all(check.passed for check in found.checks)
    lower, upper = found.interval(0.95)
    assert lower[0] == pytest.approx(8 * np.exp(-1.959964 / 20), rel=1e-7)
    assert upper[0] == pytest.approx(8 * np.exp(1.959964 / 20), rel=1e-7)


@pytest.mark.parametrize(("sign", "limit"), [(1, "infinity"), (-1, "0")])
def test_a_likelihood_without_maximum_is_refused(sign, limit):
    def derivatives(values):  # rises for ever along log theta, more and more slowly
        theta = values[0] ** sign
        value, slope, bend = -1 / theta, theta**-2, -2 * theta**-3
        chain = sign * values[0] ** (sign - 1)
        return value, np.array([slope * chain]), np.array([[bend * chain**2]])

    with pytest.raises(ModelError, match=f"theta runs to {limit}; more customers or longer"):
        maximise(derivatives, {"theta": 1.0}, n=1)

    def explain(theta: float) -> str:
        return f"everybody waits {'long' if theta > 1 else 'no time'}"

    with pytest.raises(ModelError, match=f"{limit}; everybody waits (long|no time)$"):
        maximise(derivatives, {"theta": 1.0}, n=1, explain=explain)


def bowl(curvatures: list[float]):
    """A parabola over the logarithms of the parameters, with its maximum at 1."""
    bend = np.array(curvatures)

    def derivatives(values):
        logs = np.log(values)
        gradient = -bend * logs / values
        return -bend @ logs**2 / 2, gradient, np.diag(-(bend + values * gradient) / values**2)

    return derivatives


@pytest.mark.parametrize("curvature", [0.0, 1e-3, 0.1])
def test_a_flat_direction_is_refused_by_name(curvature):
    with pytest.raises(ModelError, match="the data do not determine b"):
        maximise(bowl([1.0, curvature]), {"a": 2.0, "b": 1.0}, n=10)


def test_a_shallow_direction_is_estimated_and_fails_its_check():
    found = maximise(bowl([4.0, 0.2]), {"a": 2.0, "b": 3.0}, n=10)
    np.testing.assert_allclose(found.values, 1, rtol=1e-9)
    np.testing.assert_allclose(found.covariance, np.diag([0.25, 5.0]), atol=1e-9)
    assert [check.passed for check in found.checks] == [True, True, False]


@pytest.mark.parametrize("height", [1.0, -1.0])
def test_a_maximum_behind_a_ridge_is_found_if_it_is_the_highest(height):
    """A hill at log theta = 2, with the height given, beside a plain that rises to 0 at 0."""

    def derivatives(values):
        theta, u = values[0], np.log(values[0])
        hill = (height + 3) * np.exp(-((u - 2) ** 2) / 2)
        slope = np.exp(u) / (1 + np.exp(u)) ** 2  # of the plain, -3 / (1 + exp(-u)), over 3
        by_log = -(u - 2) * hill - 3 * slope
        bend = ((u - 2) ** 2 - 1) * hill - 3 * slope * (1 - np.exp(u)) / (1 + np.exp(u))
        value = hill - 3 / (1 + np.exp(-u))
        return value, np.array([by_log / theta]), np.array([[(bend - by_log) / theta**2]])

    if height > 0:
        found = maximise(derivatives, {"theta": 0.6}, n=1)
        assert np.log(found["theta"]) == pytest.approx(2, abs=0.1)
    else:
        with pytest.raises(ModelError, match="theta runs to 0"):
            maximise(derivatives, {"theta": 0.6}, n=1)


def test_information_criteria_are_those_of_their_definitions():
    found = maximise(exponential_likelihood(50.0, 400), {"rate": 3.0}, n=400)
    assert found.aic == pytest.approx(2 - 2 * found.log_likelihood)
    assert found.bic == pytest.approx(np.log(400) - 2 * found.log_likelihood)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1))
def test_pooled_rows_can_be_put_back(rows):
    columns = np.array(rows, dtype=float).T
    representative, weight, kind = pool_rows(*columns)
    for column in columns:
        np.testing.assert_array_equal(column[representative][kind], column)
    assert weight.sum() == len(rows)
    assert weight.size == len(set(rows))


def test_dot_is_the_matrix_product():
    rng = np.random.default_rng(0)
    a, b = rng.random((3, 7)), rng.random((2, 7))
    np.testing.assert_allclose(dot(a, b), a @ b.T)
    np.testing.assert_allclose(dot(a, b[0]), a @ b[0])
    np.testing.assert_allclose(dot(a[0], b[0]), a[0] @ b[0])


def test_log_rising_counts_factors():
    """Gamma(3 + 4) / Gamma(3) is 3 * 4 * 5 * 6, and so are its derivatives."""
    factors = np.array([3.0, 4, 5, 6])
    found = log_rising(3.0, np.array([0.0, 4.0]), np.array([9.0, 2.0]))
    expected = 2 * np.array([np.log(factors).sum(), (1 / factors).sum(), -(1 / factors**2).sum()])
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_log_sum_has_the_derivatives_of_log_sum_exp():
    """Terms h = k p q^2 + c: differentiated by hand, and numerically."""
    k, c = np.array([[1.0, 2.0, -1.0], [0.5, 0.0, 3.0]]), np.array([[0.0, 1.0, 2.0], [1, 0, -9]])

    def at(p, q):
        slopes = np.stack([k * q**2, 2 * k * p * q])
        return log_sum(k * p * q**2 + c, slopes, {(0, 1): 2 * k * q, (1, 1): 2 * k * p})

    p, q, step = 0.7, 1.3, 1e-6
    logs, gradients, hessians = at(p, q)
    np.testing.assert_allclose(logs, np.log(np.exp(k * p * q**2 + c).sum(axis=1)))
    for i, (dp, dq) in enumerate([(step, 0), (0, step)]):
        up, down = at(p + dp, q + dq), at(p - dp, q - dq)
        np.testing.assert_allclose((up[0] - down[0]) / (2 * step), gradients[i], rtol=1e-7)
        np.testing.assert_allclose((up[1] - down[1]) / (2 * step), hessians[i], rtol=1e-7)


def test_log_sum_of_nothing_is_minus_infinity():
    nothing, slopes = np.full((2, 3), -np.inf), np.ones((1, 2, 3))
    logs, gradients, hessians = log_sum(nothing, slopes, {})
    assert np.isneginf(logs).all()
    assert (gradients == 0).all()
    assert (hessians == 0).all()
