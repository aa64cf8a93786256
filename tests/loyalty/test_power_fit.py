"""Power of tests of fit: the published table, semTools, and what must hold."""

from pathlib import Path

import pandas as pd
import pytest

from crmstudy.errors import ModelError, NotAvailable
from crmstudy.loyalty.power.fit_tests import (
    FIT_TESTS,
    find_minimum_n,
    plan_fit_of,
    plan_fit_tests,
    rmsea_power,
)

EXPECTED = Path(__file__).parents[1] / "reference" / "sem_power" / "expected.csv"
TESTS = {test.name.removesuffix(" fit"): test for test in FIT_TESTS}


def read_expected(kind):
    table = pd.read_csv(EXPECTED)
    return [
        pytest.param(*row, id=f"{row.test}-{row.df}-{row.n}-{row.level}")
        for row in table[table["kind"] == kind].itertuples(index=False)
    ]


@pytest.mark.parametrize(("test", "n"), [("close", 132), ("not-close", 178)])
def test_minimum_n_is_that_of_the_published_table(test, n):
    """MacCallum, Browne & Sugawara (1996), Table 4: df 100, power .80, alpha .05."""
    assert find_minimum_n(100, power=0.8, null=TESTS[test].null, true=TESTS[test].true) == n


@pytest.mark.parametrize(("test", "df", "n", "kind", "level", "value"), read_expected("power"))
def test_power_agrees_with_semtools(test, df, n, kind, level, value):
    reached = rmsea_power(n, df, null=TESTS[test].null, true=TESTS[test].true, alpha=level)
    assert reached == pytest.approx(value, abs=1e-8)


@pytest.mark.parametrize(("test", "df", "n", "kind", "level", "value"), read_expected("minimum n"))
def test_minimum_n_agrees_with_semtools(test, df, n, kind, level, value):
    least = find_minimum_n(df, power=level, null=TESTS[test].null, true=TESTS[test].true)
    assert least == value


def test_minimum_n_is_the_first_that_reaches_the_power():
    least = find_minimum_n(73, power=0.9)
    assert rmsea_power(least, 73) >= 0.9 > rmsea_power(least - 1, 73)


def test_power_is_the_level_where_null_and_truth_meet():
    assert rmsea_power(500, 40, null=0.05, true=0.05 + 1e-12) == pytest.approx(0.05, abs=1e-6)


def test_power_grows_with_n_and_with_df():
    assert rmsea_power(200, 40) < rmsea_power(300, 40) < rmsea_power(300, 60)


def test_plan_shows_the_three_tests():
    plan = plan_fit_tests(100, n_planned=178, power=0.8)
    table = plan.table().set_index("test")
    assert list(table.index) == ["close fit", "not-close fit", "exact fit"]
    assert table.loc["not-close fit", "power"] >= 0.8
    assert plan.to_metrics()["minimum_n_close_fit"] == 132


def test_plan_takes_df_and_n_of_a_result_admissible_or_not(fitted):
    assert plan_fit_of(fitted["admissible"]).df == 73
    assert plan_fit_of(fitted["full"]).n_planned == 250
    assert isinstance(plan_fit_of(NotAvailable("no survey")), NotAvailable)


def test_saturated_models_have_no_fit_to_plan():
    assert "0 degrees of freedom" in str(plan_fit_tests(0, n_planned=100))


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: rmsea_power(1, 10), "at least 2 respondents"),
        (lambda: rmsea_power(100, 0), "at least 1 degree"),
        (lambda: rmsea_power(100, 10, null=0.05, true=0.05), "two different RMSEA"),
        (lambda: rmsea_power(100, 10, alpha=1.0), "between 0 and 1"),
        (lambda: find_minimum_n(10, power=0.01), "between the level"),
        (lambda: find_minimum_n(1, null=0.05, true=0.0501), "over a million"),
    ],
)
def test_impossible_plans_are_refused(call, said):
    with pytest.raises(ModelError, match=said):
        call()
