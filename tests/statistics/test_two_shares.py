"""Two shares: against published tables, R and statsmodels, laws, coverage, refusals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import confint_proportions_2indep

from crmstudy.errors import ModelError, NotAvailable
from crmstudy.statistics.two_shares import (
    Arm,
    compare_shares,
    koopman_limits,
    miettinen_nurminen_limits,
    newcombe_limits,
)
from crmstudy.statistics.two_shares_size import (
    customers_per_arm,
    find_power,
    find_smallest_share,
    trace_false_alarms,
)

EXPECTED = pd.read_csv(
    Path(__file__).parent.parent / "reference" / "two_shares" / "expected.csv"
).set_index(["case", "quantity"])["value"]

#: Newcombe (1998), table II: treated, control, method 10, method 6 (Miettinen-Nurminen).
NEWCOMBE = {
    "a": ((56, 70, 48, 80), (0.0524, 0.3339), (0.0528, 0.3382)),
    "b": ((9, 10, 3, 10), (0.1705, 0.8090), (0.1700, 0.8406)),
    "c": ((6, 7, 2, 7), (0.0582, 0.8062), (0.0342, 0.8534)),
    "d": ((5, 56, 0, 29), (-0.0381, 0.1926), (-0.0326, 0.1933)),
    "e": ((0, 10, 0, 20), (-0.1611, 0.2775), (-0.1658, 0.2844)),
    "f": ((0, 10, 0, 10), (-0.2775, 0.2775), (-0.2879, 0.2879)),
    "g": ((10, 10, 0, 20), (0.6791, 1.0), (0.7156, 1.0)),
    "h": ((10, 10, 0, 10), (0.6075, 1.0), (0.6636, 1.0)),
}
CASES = {
    **{name: rows[0] for name, rows in NEWCOMBE.items()},
    "shop": (412, 1190, 355, 1204),
    "big": (5300, 100000, 5000, 100000),
    "less": (11, 90, 33, 120),
    "none": (0, 40, 6, 50),
    "all": (60, 60, 44, 52),
}


def arms(x1: int, n1: int, x2: int, n2: int) -> tuple[Arm, Arm]:
    return Arm(x1, n1), Arm(x2, n2)


@pytest.mark.parametrize("name", NEWCOMBE)
def test_newcombes_table_comes_out(name: str) -> None:
    counts, hybrid, score = NEWCOMBE[name]
    assert newcombe_limits(*arms(*counts)) == pytest.approx(hybrid, abs=5e-5)
    assert miettinen_nurminen_limits(*arms(*counts)) == pytest.approx(score, abs=5e-5)


def test_koopmans_example_comes_out() -> None:
    # Koopman (1984, p. 516): 36 of 40 against 16 of 80.
    assert koopman_limits(Arm(36, 40), Arm(16, 80)) == pytest.approx((2.94, 7.15), abs=5e-3)


@pytest.mark.parametrize("name", CASES)
def test_limits_and_tests_are_rs(name: str) -> None:
    treated, control = arms(*CASES[name])
    found = compare_shares(treated, control)
    quantities = {
        "newcombe": (found.difference_limits, 1e-10),
        "mn": (found.score_limits, 1e-7),
        "koopman": (found.ratio_limits, 1e-6),
    }
    for quantity, (limits, tolerance) in quantities.items():
        for side, limit in zip(("lower", "upper"), limits, strict=True):
            if (name, f"{quantity}_{side}") in EXPECTED.index:
                expected = EXPECTED[name, f"{quantity}_{side}"]
                assert limit == pytest.approx(expected, abs=tolerance)
    kind = "fisher_p" if "Fisher" in found.test.distribution else "score_p"
    assert found.test.p_value == pytest.approx(EXPECTED[name, kind], abs=1e-10)


def test_cochrans_rule_chooses_the_test() -> None:
    assert compare_shares(Arm(5, 10), Arm(5, 10)).test.distribution == "normal"
    assert "Fisher" in compare_shares(Arm(5, 10), Arm(4, 10)).test.distribution
    assert "Fisher" in compare_shares(Arm(5, 10), Arm(6, 10)).test.distribution


@pytest.mark.parametrize("name", ["a", "shop", "big", "less"])
def test_statsmodels_agrees(name: str) -> None:
    counts = CASES[name]
    hybrid = confint_proportions_2indep(*counts, method="newcomb")
    ratio = confint_proportions_2indep(*counts, method="score", compare="ratio", correction=False)
    assert newcombe_limits(*arms(*counts)) == pytest.approx(hybrid, abs=1e-10)
    assert koopman_limits(*arms(*counts)) == pytest.approx(ratio, abs=1e-6)


@pytest.mark.parametrize("name", CASES)
def test_exchanging_the_groups_turns_the_sign(name: str) -> None:
    treated, control = arms(*CASES[name])
    there, back = compare_shares(treated, control), compare_shares(control, treated)
    for limits in ("difference_limits", "score_limits"):
        lower, upper = getattr(there, limits)
        assert getattr(back, limits) == pytest.approx((-upper, -lower), abs=1e-9)
    lower, upper = there.ratio_limits
    turned = [1 / limit if limit else np.inf for limit in (upper, lower)]
    assert back.ratio_limits == pytest.approx(tuple(turned), rel=1e-8)
    assert back.test.p_value == pytest.approx(there.test.p_value, abs=1e-12)


def test_counting_failures_turns_the_sign() -> None:
    there = compare_shares(Arm(30, 100), Arm(20, 90))
    back = compare_shares(Arm(70, 100), Arm(70, 90))
    for limits in ("difference_limits", "score_limits"):
        lower, upper = getattr(there, limits)
        assert getattr(back, limits) == pytest.approx((-upper, -lower), abs=1e-9)


def test_equal_shares_are_not_told_apart_and_large_samples_are_narrow() -> None:
    same = compare_shares(Arm(40, 100), Arm(40, 100))
    assert same.difference == 0
    assert same.ratio == 1
    assert not same.told_apart
    assert same.test.p_value == pytest.approx(1.0)
    large = compare_shares(Arm(400_000, 1_000_000), Arm(390_000, 1_000_000))
    assert large.told_apart
    assert np.ptp(large.difference_limits) < 0.003


def test_nobody_converts() -> None:
    found = compare_shares(Arm(0, 50), Arm(0, 50))
    assert isinstance(found.ratio, NotAvailable)
    assert found.ratio_limits == (0.0, np.inf)
    assert found.test.p_value == 1
    assert not found.told_apart


def test_one_customer_a_group_is_no_error() -> None:
    for counts in ((0, 1, 0, 1), (1, 1, 0, 1), (0, 1, 1, 1), (1, 1, 1, 1)):
        found = compare_shares(*arms(*counts))
        for lower, upper in (found.difference_limits, found.score_limits):
            assert -1 - 1e-12 <= lower <= found.difference <= upper <= 1 + 1e-12


def test_intervals_cover_as_often_as_they_say() -> None:
    """Exact coverage over all tables that two groups of 40 and 55 can show."""
    from scipy.stats import binom

    p1, p2, n1, n2 = 0.30, 0.18, 40, 55
    weights = np.outer(binom.pmf(range(n1 + 1), n1, p1), binom.pmf(range(n2 + 1), n2, p2))
    covered = {newcombe_limits: 0.0, miettinen_nurminen_limits: 0.0, koopman_limits: 0.0}
    for x1, x2 in zip(*np.nonzero(weights > 2e-4), strict=True):
        pair = Arm(int(x1), n1), Arm(int(x2), n2)
        for method in covered:
            lower, upper = method(*pair)
            truth = p1 / p2 if method is koopman_limits else p1 - p2
            covered[method] += weights[x1, x2] * (lower <= truth <= upper)
    total = weights[weights > 2e-4].sum()
    for method, share in covered.items():
        assert share / total == pytest.approx(0.95, abs=0.02), method.__name__


@pytest.mark.parametrize("base", [0.02, 0.1, 0.3, 0.6])
@pytest.mark.parametrize("uplift", [0.05, 0.15, 0.3])
@pytest.mark.parametrize("power", [0.8, 0.9])
def test_customers_are_those_of_power_prop_test(base: float, uplift: float, power: float) -> None:
    case = f"{base:g} {uplift:g} {power:g}"
    found = customers_per_arm(base, base * (1 + uplift), power=power)
    assert found == np.ceil(EXPECTED[case, "customers"])
    # Cohen's h is another approximation: near, not equal.
    assert found == pytest.approx(EXPECTED[case, "customers_arcsine"], rel=0.06, abs=2)


@pytest.mark.parametrize("n", [200, 1000, 20000])
@pytest.mark.parametrize("base", [0.05, 0.4])
def test_power_and_smallest_share_are_rs(n: int, base: float) -> None:
    sizes = {"n_control": n, "n_treated": n}
    case = f"{n} {base:g}"
    smallest = find_smallest_share(base, **sizes)
    assert smallest == pytest.approx(EXPECTED[case, "smallest"], abs=1e-8)
    assert find_power(base, base * 1.15, **sizes) == pytest.approx(
        EXPECTED[case, "power"], abs=1e-8
    )


def test_planning_functions_agree_with_each_other() -> None:
    n = customers_per_arm(0.2, 0.23)
    assert find_power(0.2, 0.23, n_control=n, n_treated=n) >= 0.8
    assert find_power(0.2, 0.23, n_control=n - 1, n_treated=n - 1) < 0.8
    assert find_smallest_share(0.2, n_control=n, n_treated=n) == pytest.approx(0.23, abs=1e-5)
    even = find_power(0.2, 0.23, n_control=n, n_treated=n)
    assert find_power(0.2, 0.23, n_control=n // 2, n_treated=2 * n - n // 2) < even


def test_power_is_what_simulated_tests_reach() -> None:
    rng = np.random.default_rng(5)
    n = customers_per_arm(0.2, 0.28)
    x = rng.binomial(n, [0.28, 0.2], size=(4000, 2))
    pooled = x.sum(axis=1) / (2 * n)
    z = (x[:, 0] - x[:, 1]) / n / np.sqrt(pooled * (1 - pooled) * 2 / n)
    assert (np.abs(z) > 1.959964).mean() == pytest.approx(0.8, abs=0.02)


@pytest.mark.parametrize(
    ("looks", "printed"),
    [(1, 0.05), (2, 0.083), (3, 0.107), (4, 0.126), (5, 0.142), (10, 0.193), (20, 0.248)],
)
def test_peeking_costs_what_armitage_mcpherson_and_rowe_print(looks: int, printed: float) -> None:
    assert trace_false_alarms(looks)[-1] == pytest.approx(printed, abs=5e-4)


def test_what_cannot_be_planned() -> None:
    assert isinstance(customers_per_arm(0.9, 1.035), NotAvailable)
    tiny = find_smallest_share(0.9, n_control=3, n_treated=3)
    assert isinstance(tiny, NotAvailable)
    assert "too few" in str(tiny)
    with pytest.raises(ModelError, match="two equal shares"):
        customers_per_arm(0.2, 0.2)
    with pytest.raises(ModelError, match=r"base = 0: a number between 0 and 1"):
        customers_per_arm(0.0, 0.2)
    with pytest.raises(ModelError, match="0 looks"):
        trace_false_alarms(0)
    with pytest.raises(ModelError, match="both groups"):
        find_smallest_share(0.2, n_control=0, n_treated=3)


@pytest.mark.parametrize(("successes", "n"), [(0, 0), (3, 2), (-1, 5)])
def test_impossible_groups_are_refused(successes: int, n: int) -> None:
    with pytest.raises(ModelError, match="no more conversions than customers"):
        Arm(successes, n)
