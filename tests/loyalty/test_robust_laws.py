"""Robust statistics: what must hold whatever the data, known truths, refusals."""

import numpy as np
import pandas as pd
import pytest

from crmstudy.checks import Hypothesis
from crmstudy.errors import ModelError, NotAvailable
from crmstudy.loyalty.estimation.comparisons import compare_errors
from crmstudy.loyalty.estimation.estimate import fit_sem
from crmstudy.loyalty.estimation.fit import cfi, close_fit_p, rmsea, rmsea_interval, tli
from crmstudy.loyalty.estimation.robust_fit import measure_robust_fit
from crmstudy.loyalty.estimation.scaling import (
    robust_cfi,
    robust_close_fit_p,
    robust_rmsea,
    robust_rmsea_interval,
    robust_tli,
    scaled_difference,
)
from crmstudy.loyalty.model.moments import differentiate
from crmstudy.loyalty.model.specify import Construct, Path, StructuralModel

TWO = StructuralModel(
    (Construct("a", ("a1", "a2", "a3")), Construct("b", ("b1", "b2", "b3"))),
    (Path("a", "b"),),
    "two",
)
TEST, NULL = (60.0, 24), (900.0, 36)  # chi2 and degrees of freedom


def draw_survey(rng, n, *, heavy):
    """Two constructs, b = .5 a + rest; a common scale gives answers heavy tails, if asked."""
    scale = np.sqrt(3.0 / rng.chisquare(5, size=(n, 1))) if heavy else 1.0
    a = rng.normal(size=(n, 1))
    b = 0.5 * a + np.sqrt(0.75) * rng.normal(size=(n, 1))
    answers = 0.8 * np.hstack([a, a, a, b, b, b]) + 0.6 * rng.normal(size=(n, 6))
    return pd.DataFrame(answers * scale, columns=[f"{c}{k}" for c in "ab" for k in (1, 2, 3)])


@pytest.fixture(scope="module")
def survey():
    return draw_survey(np.random.default_rng(5), 400, heavy=True)


def test_a_factor_of_one_changes_nothing():
    chi2, df = TEST
    plain, scaled = (*TEST, *NULL), (*TEST, 1.0, *NULL, 1.0)
    assert robust_cfi(*scaled) == cfi(*plain)
    assert robust_tli(*scaled) == pytest.approx(tli(*plain), rel=1e-14)
    assert robust_rmsea(chi2, df, 1.0, 300) == rmsea(chi2, df, 300)
    assert robust_rmsea_interval(chi2, df, 1.0, 300) == rmsea_interval(chi2, df, 300)
    assert robust_close_fit_p(chi2, df, 1.0, 300) == close_fit_p(chi2, df, 300)


def test_a_common_factor_shrinks_excess_but_not_the_scaled_formula():
    # c = 2 for both: chi2 - 2 df against chi2_null - 2 df_null, by hand
    assert robust_cfi(60, 24, 2.0, 900, 36, 2.0) == pytest.approx(1 - 12 / 828)
    assert robust_tli(60, 24, 2.0, 900, 36, 2.0) == pytest.approx(1 - 12 * 36 / (828 * 24))
    assert robust_rmsea(60, 24, 2.0, 300) == pytest.approx(np.sqrt(12 / (24 * 300)))
    assert robust_cfi(40, 24, 2.0, 900, 36, 2.0) == 1.0
    assert robust_rmsea(40, 24, 2.0, 300) == 0.0


def test_the_scaled_difference_by_hand():
    found = scaled_difference(100.0, 25, 1.2, 80.0, 24, 1.1)
    assert found.statistic == pytest.approx(20.0 / (25 * 1.2 - 24 * 1.1))
    assert found.distribution == "chi2(1)"
    against_saturated = scaled_difference(100.0, 25, 1.2, 0.0, 0, 1.0)
    assert against_saturated.statistic == pytest.approx(100 / 1.2)


def test_equal_factors_scale_the_difference_by_themselves():
    found = scaled_difference(100.0, 30, 1.3, 80.0, 24, 1.3)
    assert found.statistic == pytest.approx(20.0 / 1.3)


def test_a_difference_in_the_wrong_order_is_refused():
    with pytest.raises(ModelError, match="24 degrees of freedom and the larger one 25"):
        scaled_difference(80.0, 24, 1.1, 100.0, 25, 1.2)


def test_a_negative_factor_is_said():
    found = scaled_difference(100.0, 25, 1.0, 80.0, 24, 1.1)
    assert isinstance(found, NotAvailable)
    assert "the scaling factor of the difference is -1.4, not positive" in found.reason


def test_order_of_respondents_does_not_matter(survey):
    one = fit_sem(survey, model=TWO)
    other = fit_sem(survey.iloc[::-1], model=TWO)
    for errors in ("satorra-bentler", "huber-white"):
        assert one.table(errors=errors)["se"].to_numpy() == pytest.approx(
            other.table(errors=errors)["se"].to_numpy(), rel=1e-7, nan_ok=True
        )
    ours, theirs = measure_robust_fit(one).to_metrics(), measure_robust_fit(other).to_metrics()
    assert ours == pytest.approx(theirs, rel=1e-7)


def test_units_of_an_item_do_not_matter_to_the_tests(survey):
    one = fit_sem(survey, model=TWO)
    other = fit_sem(survey.assign(a2=1000.0 * survey["a2"], b1=0.01 * survey["b1"]), model=TWO)
    ours, theirs = measure_robust_fit(one).to_metrics(), measure_robust_fit(other).to_metrics()
    assert ours == pytest.approx(theirs, rel=1e-6)
    standardised = [
        each.table(errors="huber-white")["standardised se"].to_numpy() for each in (one, other)
    ]
    assert standardised[0] == pytest.approx(standardised[1], rel=1e-6)


def test_the_divisor_leaves_factors_alone(survey):
    one, other = (fit_sem(survey, model=TWO, divisor=each) for each in ("n", "n-1"))
    n = len(survey)
    for name in ("satorra_bentler", "yuan_bentler"):
        ours, theirs = (getattr(measure_robust_fit(each), name) for each in (one, other))
        assert theirs.factor == pytest.approx(ours.factor, rel=1e-8)
        assert theirs.factor_null == pytest.approx(ours.factor_null, rel=1e-8)
        assert theirs.chi2 == pytest.approx(ours.chi2 * (n - 1) / n, rel=1e-7)
    for errors in ("satorra-bentler", "huber-white"):
        ours, theirs = (each.paths(errors=errors)["se"].iloc[0] for each in (one, other))
        assert theirs == pytest.approx(ours * np.sqrt(n / (n - 1)), rel=1e-7)


def test_robust_errors_tell_the_truth_where_normal_ones_do_not():
    rng = np.random.default_rng(17)
    drawn, normal, robust, chi2, scaled = [], [], [], [], []
    for _ in range(60):
        result = fit_sem(draw_survey(rng, 300, heavy=True), model=TWO)
        if not result.admissible:
            continue
        drawn.append(result.paths()["estimate"].iloc[0])
        normal.append(result.paths()["se"].iloc[0])
        robust.append(result.paths(errors="huber-white")["se"].iloc[0])
        chi2.append(result.fit.chi2)
        scaled.append(measure_robust_fit(result).satorra_bentler.chi2)
    assert len(drawn) >= 55
    spread = np.std(drawn, ddof=1)  # its own standard error: about 9%
    assert np.mean(normal) < 0.8 * spread
    assert np.mean(robust) == pytest.approx(spread, rel=0.25)
    df = result.fit.df
    # mean of 55 chi2(8): standard error .54
    assert np.mean(chi2) > df + 4 * 0.54
    assert np.mean(scaled) == pytest.approx(df, abs=4 * 0.54)


def test_normal_answers_give_factors_near_one():
    result = fit_sem(draw_survey(np.random.default_rng(23), 20_000, heavy=False), model=TWO)
    robust = measure_robust_fit(result)
    for scaled in robust.scaled:
        assert scaled.factor == pytest.approx(1.0, abs=0.05)
        assert scaled.cfi == pytest.approx(result.fit.cfi, abs=0.001)
    normal, white = (result.paths(errors=e)["se"].iloc[0] for e in ("normal", "huber-white"))
    assert white == pytest.approx(normal, rel=0.03)


def test_the_jacobian_takes_complex_parameters(fitted):
    structure, theta = fitted["democracy"].structure, fitted["democracy"].solution.theta
    ours = structure.jacobian(theta)
    size = ours.shape[1]
    theirs = differentiate(lambda t: structure.implied(t).ravel(), theta).T
    assert ours.reshape(len(theta), -1) == pytest.approx(theirs, rel=1e-10, abs=1e-12)
    bent = differentiate(lambda t: structure.jacobian(t).ravel(), theta)
    assert np.abs(bent).max() > 0
    symmetric = bent.reshape(len(theta), size, size, len(theta))
    assert symmetric == pytest.approx(symmetric.transpose(3, 1, 2, 0), rel=1e-9, abs=1e-12)


def test_errors_beside_each_other(fitted):
    paths = compare_errors(fitted["admissible"])
    assert list(paths.columns) == [
        "source",
        "target",
        "estimate",
        "standard error, normal",
        "p value, normal",
        "standard error, Satorra-Bentler",
        "p value, Satorra-Bentler",
        "standard error, Huber-White",
        "p value, Huber-White",
    ]
    assert paths["source"].tolist()[0] == "Perceived quality"  # its label
    loadings = compare_errors(fitted["admissible"], kind="loading", standardised=True)
    assert list(loadings.columns[:3]) == ["construct", "item", "standardised"]
    assert loadings["standard error, Huber-White"].notna().all()  # markers too


def test_the_table_has_a_column_a_test(fitted):
    table = measure_robust_fit(fitted["cfa"]).table()
    assert list(table.columns) == [
        "measure",
        "normal",
        "Satorra-Bentler",
        "Yuan-Bentler",
        "convention",
        "source",
    ]
    assert len(table) == 10
    row = table.set_index("measure").loc["scaling factor of chi2"]
    assert row["normal"] == 1.0
    assert row["Satorra-Bentler"] == pytest.approx(1.054824, abs=5e-7)


def test_a_withheld_model_has_no_robust_numbers(fitted):
    full = fitted["full"]
    for shown in (
        measure_robust_fit(full),
        full.covariance(errors="huber-white"),
        full.paths(errors="satorra-bentler"),
        compare_errors(full),
    ):
        assert isinstance(shown, NotAvailable)
        assert "the model is inadmissible" in shown.reason


def test_unknown_errors_are_refused(fitted):
    with pytest.raises(ModelError, match=r"errors are 'normal', .*, not 'robust'"):
        fitted["cfa"].table(errors="robust")


def test_exact_fit_is_a_hypothesis(fitted):
    found = measure_robust_fit(fitted["cfa"]).yuan_bentler.exact_fit
    assert isinstance(found, Hypothesis)
    assert found.distribution == "chi2(24), scaled"
