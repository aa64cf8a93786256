"""Maximum likelihood: a model with a known answer, and likelihoods that have none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmstudy.errors import ModelError
from crmstudy.value.purchasing.likelihood import maximise
from crmstudy.value.purchasing.numerics import dot, pool_rows


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

    with pytest.raises(ModelError, match=f"theta runs to {limit}"):
        maximise(derivatives, {"theta": 1.0}, n=1)


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
