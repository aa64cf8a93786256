"""Power and sample sizes: R's pwr, the definitions, and what must hold."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from crmstudy.design.planning.power import (
    find_n,
    power_of_correlation,
    power_of_groups,
    power_of_mediation,
    power_of_regression,
    power_of_share,
    power_of_two_groups,
)
from crmstudy.errors import ModelError, NotAvailable

EXPECTED = pd.read_csv(Path(__file__).parents[1] / "reference" / "power_planning" / "expected.csv")
POWER_OF = {
    "two_groups": lambda r: power_of_two_groups(int(r.n), difference=r.a, alpha=r.alpha),
    "groups": lambda r: power_of_groups(int(r.n), spread=r.a, n_groups=int(r.b), alpha=r.alpha),
    "correlation": lambda r: power_of_correlation(int(r.n), correlation=r.a, alpha=r.alpha),
    "regression": lambda r: power_of_regression(
        int(r.n), gain=r.a, n_tested=int(r.b), n_predictors=int(r.c), alpha=r.alpha
    ),
    "share": lambda r: power_of_share(int(r.n), base=r.a, share=r.b, alpha=r.alpha),
}
AT = {
    "n_two_groups": lambda n, r: power_of_two_groups(n, difference=r.a),
    "n_groups": lambda n, r: power_of_groups(n, spread=r.a, n_groups=4),
    "n_correlation": lambda n, r: power_of_correlation(n, correlation=r.a),
    "n_regression": lambda n, r: power_of_regression(n, gain=r.a, n_tested=1, n_predictors=3),
}


@pytest.mark.parametrize("test", POWER_OF)
def test_power_agrees_with_pwr(test):
    rows = EXPECTED[EXPECTED["test"] == test]
    assert len(rows) >= 27
    for row in rows.itertuples():
        assert POWER_OF[test](row) == pytest.approx(row.value, abs=5e-9), row


@pytest.mark.parametrize("test", AT)
def test_sizes_agree_with_pwr(test):
    for row in EXPECTED[EXPECTED["test"] == test].itertuples():
        found = find_n(lambda n, row=row: AT[test](n, row), power=row.c, least=5)
        # pwr's fraction of a case is good to about 1e-4 of it.
        assert found - 1 - 1e-4 * row.value < row.value <= found + 1e-4 * row.value, row


def test_cohens_published_sizes():
    """Cohen (1992), Table 2, alpha .05, power .80, medium effects: t 64, r 85, F of 4 groups 45."""
    assert find_n(lambda n: power_of_two_groups(n, difference=0.5), power=0.8) == 64
    assert find_n(lambda n: power_of_correlation(n, correlation=0.3), power=0.8, least=4) == 85
    assert find_n(lambda n: power_of_groups(n, spread=0.25, n_groups=4), power=0.8) == 45


def test_mediation_is_what_simulated_tests_reach():
    """Both slopes tested by regressions on drawn samples; 3,000 of them, error below .02."""
    from scipy.stats import t

    rng, n, slope, draws = np.random.default_rng(7), 60, 0.39, 3000
    x = rng.standard_normal((draws, n))
    m = slope * x + rng.standard_normal((draws, n))
    y = slope * m + rng.standard_normal((draws, n))
    found = 0
    for k in range(draws):
        steps = []
        for target, design in (
            (m[k], np.column_stack([x[k], np.ones(n)])),
            (y[k], np.column_stack([m[k], x[k], np.ones(n)])),
        ):
            inverse = np.linalg.inv(design.T @ design)
            beta = inverse @ design.T @ target
            free = n - design.shape[1]
            error = math.sqrt(((target - design @ beta) ** 2).sum() / free * inverse[0, 0])
            steps.append(abs(beta[0] / error) > t.isf(0.025, free))
        found += all(steps)
    assert power_of_mediation(n, first=slope, second=slope) == pytest.approx(
        found / draws, abs=0.025
    )


def test_a_t_test_is_an_f_test_of_two_groups():
    assert power_of_groups(40, spread=0.25, n_groups=2) == pytest.approx(
        power_of_two_groups(40, difference=0.5), abs=1e-12
    )


def test_without_an_effect_power_is_the_level():
    assert power_of_two_groups(50, difference=0.0, alpha=0.03) == pytest.approx(0.03)
    assert power_of_regression(50, gain=0.0, n_tested=2, n_predictors=3) == pytest.approx(0.05)
    assert power_of_correlation(50, correlation=0.0, alpha=0.1) == pytest.approx(0.1, abs=0.005)


def test_the_sign_of_an_effect_does_not_matter():
    for n in (10, 200):
        assert power_of_two_groups(n, difference=-0.4) == power_of_two_groups(n, difference=0.4)
        assert power_of_correlation(n, correlation=-0.3) == power_of_correlation(n, correlation=0.3)
        assert power_of_mediation(n, first=-0.3, second=0.2) == power_of_mediation(
            n, first=0.3, second=0.2
        )


def test_the_size_found_is_the_first_that_reaches_the_power():
    def at(n):
        return power_of_two_groups(n, difference=0.31)

    n = find_n(at, power=0.9)
    assert at(n) >= 0.9 > at(n - 1)


def test_no_effect_is_found_by_no_number():
    absent = find_n(lambda n: 0.05, power=0.8)
    assert isinstance(absent, NotAvailable)
    assert "more than 100,000,000" in absent.reason


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: power_of_two_groups(1, difference=0.2), "needs 2 cases at least, found 1"),
        (lambda: power_of_two_groups(9, difference=0.2, alpha=1.5), "alpha = 1.5"),
        (lambda: power_of_groups(9, spread=0.2, n_groups=1), "1 groups"),
        (lambda: power_of_correlation(9, correlation=1.0), "between -1 and 1, found 1"),
        (lambda: power_of_share(9, base=0.0, share=0.2), "a share lies between 0 and 1, found 0"),
        (
            lambda: power_of_regression(9, gain=0.1, n_tested=4, n_predictors=3),
            "4 of 3 predictors cannot be tested",
        ),
        (lambda: find_n(lambda n: 1.0, power=1.0), "a power lies between 0 and 1, found 1"),
    ],
)
def test_impossible_numbers_are_refused(call, message):
    with pytest.raises(ModelError, match=message):
        call()
