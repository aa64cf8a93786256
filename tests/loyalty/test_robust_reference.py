"""Robust standard errors, scaled tests and covariates against lavaan's MLM and MLR.

lavaan's gradient ends at 1e-15 (printed). It finds RMSEA's interval with R's `uniroot`
(1e-6) and differentiates standardised values and the Hessian numerically (1e-7).
"""

from pathlib import Path as FilePath

import numpy as np
import pandas as pd
import pytest

from crmstudy.checks import Hypothesis
from crmstudy.errors import NotAvailable
from crmstudy.loyalty.estimation.estimate import fit_sem
from crmstudy.loyalty.estimation.robust_fit import measure_robust_fit, scale_nested
from crmstudy.loyalty.estimation.scaling import scaled_difference
from crmstudy.loyalty.model.specify import Construct, Path, StructuralModel

EXPECTED = FilePath(__file__).parents[1] / "reference" / "sem_robust" / "expected.csv"

METHODS = {
    "MLM": ("satorra-bentler", "satorra_bentler"),
    "MLR": ("huber-white", "yuan_bentler"),
}
SCALED = {
    "chi2": "chisq.scaled",
    "p_value": "pvalue.scaled",
    "factor": "chisq.scaling.factor",
    "chi2_null": "baseline.chisq.scaled",
    "df_null": "baseline.df.scaled",
    "factor_null": "baseline.chisq.scaling.factor",
    "cfi": "cfi.robust",
    "tli": "tli.robust",
    "rmsea": "rmsea.robust",
    "rmsea_lower": "rmsea.ci.lower.robust",
    "rmsea_upper": "rmsea.ci.upper.robust",
    "close_fit_p": "rmsea.pvalue.robust",
    "cfi_scaled": "cfi.scaled",
    "tli_scaled": "tli.scaled",
    "rmsea_scaled": "rmsea.scaled",
}
PLAIN = {
    "chi2": "chisq",
    "df": "df",
    "p_value": "pvalue",
    "chi2_null": "baseline.chisq",
    "df_null": "baseline.df",
    "rmsea_lower": "rmsea.ci.lower",
    "rmsea_upper": "rmsea.ci.upper",
    "close_fit_p": "rmsea.pvalue",
} | {name: name for name in ("cfi", "tli", "nfi", "ifi", "rmsea", "srmr")}
OPS = {"loading": "=~", "path": "~", "variance": "~~", "covariance": "~~"}

AGE_AND_SEX = StructuralModel(
    (
        Construct("visual", ("x1", "x2", "x3")),
        Construct("textual", ("x4", "x5", "x6")),
        Construct("age", ("ageyr",)),
        Construct("gender", ("sex",)),
    ),
    (
        Path("age", "visual"),
        Path("gender", "visual"),
        Path("age", "textual"),
        Path("gender", "textual"),
        Path("visual", "textual"),
    ),
    "covariates",
)
COVARIATES = {"age": "ageyr", "gender": "sex"}


def leave_out(model, path):
    paths = tuple(each for each in model.paths if (each.source, each.target) != path)
    return StructuralModel(model.constructs, paths, model.name, model.covariances)


@pytest.fixture(scope="module")
def expected():
    return pd.read_csv(EXPECTED)


@pytest.fixture(scope="module")
def fits(fitted, mobi, democracy, holzinger):
    admissible, whole = fitted["admissible"].model, fitted["democracy"].model
    return {
        "cfa": fitted["cfa"],
        "democracy": fitted["democracy"],
        "admissible": fitted["admissible"],
        "no_value": fit_sem(mobi, model=leave_out(admissible, ("value", "satisfaction"))),
        "no_direct": fit_sem(democracy, model=leave_out(whole, ("ind60", "dem65"))),
        "covariates": fit_sem(holzinger, model=AGE_AND_SEX),
        "covariates random": fit_sem(holzinger, model=AGE_AND_SEX),
    }


def measures(expected, model):
    rows = expected[(expected["model"] == model) & (expected["kind"] == "fit")]
    return rows.set_index("left")["estimate"]


def parameters(expected, model):
    rows = expected[(expected["model"] == model) & (expected["kind"] == "parameter")]
    rows = rows[(rows["op"] != "~~") | (rows["estimate"] != 0.0)]  # a covariance fixed at zero
    return {key(row["op"], row["left"], row["right"]): row for row in rows.to_dict("records")}


def key(op, left, right):
    left, right = COVARIATES.get(left, left), COVARIATES.get(right, right)
    return (op, *sorted((left, right))) if op == "~~" else (op, left, right)


def compare(measured, names, truth):
    for name, theirs in names.items():
        rel = 1e-6 if name in ("rmsea_lower", "rmsea_upper") else 1e-7
        assert getattr(measured, name) == pytest.approx(truth[theirs], rel=rel, abs=1e-12), name


def test_lavaan_stands_at_its_optimum(expected):
    assert expected.loc[expected["kind"] == "largest_gradient", "estimate"].max() < 1e-13


MODELS_OF_BOTH = ["cfa", "democracy", "no_direct", "admissible", "no_value", "covariates random"]


@pytest.mark.parametrize("estimator", METHODS)
@pytest.mark.parametrize("model", MODELS_OF_BOTH)
def test_every_robust_error_agrees(expected, fits, model, estimator):
    truth = parameters(expected, f"{model} {estimator}")
    table = fits[model].table(errors=METHODS[estimator][0])
    rows = [row for row in table.to_dict("records") if key_of(row) in truth]
    assert len(rows) == len(truth)
    for row in rows:
        theirs = truth[key_of(row)]
        assert row["standardised se"] == pytest.approx(theirs["standardised_se"], rel=1e-6)
        if row["fixed"] == "no":
            assert row["se"] == pytest.approx(theirs["se"], rel=1e-7)
            assert row["p value"] == pytest.approx(theirs["p_value"], rel=1e-5, abs=1e-14)
            assert row["lower"] == pytest.approx(theirs["lower"], rel=1e-7, abs=1e-8)
            assert row["upper"] == pytest.approx(theirs["upper"], rel=1e-7, abs=1e-8)


def key_of(row):
    return key(OPS[row["kind"]], row["left"], row["right"])


@pytest.mark.parametrize("estimator", METHODS)
@pytest.mark.parametrize("model", MODELS_OF_BOTH)
def test_every_scaled_measure_agrees(expected, fits, model, estimator):
    robust = getattr(measure_robust_fit(fits[model]), METHODS[estimator][1])
    compare(robust, SCALED, measures(expected, f"{model} {estimator}"))


def test_the_numbers_printed_elsewhere(fits):
    cfa, mobi = measure_robust_fit(fits["cfa"]), measure_robust_fit(fits["admissible"])
    assert cfa.satorra_bentler.factor == pytest.approx(1.054824, abs=5e-7)
    assert cfa.satorra_bentler.chi2 == pytest.approx(80.8718, abs=5e-5)
    assert cfa.yuan_bentler.factor == pytest.approx(0.979042, abs=5e-7)
    assert cfa.yuan_bentler.chi2 == pytest.approx(87.1316, abs=5e-5)
    assert mobi.yuan_bentler.chi2 == pytest.approx(124.417, abs=5e-4)
    assert mobi.yuan_bentler.factor == pytest.approx(1.403, abs=5e-4)
    assert mobi.yuan_bentler.cfi == pytest.approx(0.959, abs=5e-4)
    assert mobi.yuan_bentler.rmsea == pytest.approx(0.063, abs=5e-4)


PAIRS = {"admissible": "no_value", "democracy": "no_direct"}


def differ(expected, larger, estimator, year):
    rows = expected[
        (expected["model"] == f"{larger} {estimator}") & (expected["kind"] == f"difference_{year}")
    ]
    return rows.set_index("left")["estimate"]


def numbers(fit, estimator):
    factor = getattr(measure_robust_fit(fit), METHODS[estimator][1]).factor
    return fit.fit.chi2, fit.fit.df, factor


@pytest.mark.parametrize("estimator", METHODS)
@pytest.mark.parametrize("larger", PAIRS)
def test_the_scaled_difference_of_2001_agrees(expected, fits, larger, estimator):
    truth = differ(expected, larger, estimator, 2001)
    restricted = numbers(fits[PAIRS[larger]], estimator)
    found = scaled_difference(*restricted, *numbers(fits[larger], estimator))
    if np.isnan(truth["chi2"]):  # mobi under MLM: lavaan warns of a negative factor
        assert isinstance(found, NotAvailable)
        assert "not positive" in found.reason
        return
    assert isinstance(found, Hypothesis)
    assert found.statistic == pytest.approx(truth["chi2"], rel=1e-7)
    assert found.p_value == pytest.approx(truth["p_value"], rel=1e-6)
    assert found.distribution == "chi2(1)"


@pytest.mark.parametrize("estimator", METHODS)
@pytest.mark.parametrize("larger", PAIRS)
def test_the_scaled_difference_of_2010_agrees(expected, fits, larger, estimator):
    truth = differ(expected, larger, estimator, 2010)
    small, large = fits[PAIRS[larger]], fits[larger]
    method = METHODS[estimator][1].replace("_", "-")
    factor = scale_nested(large, small, method=method)
    found = scaled_difference(*numbers(small, estimator), large.fit.chi2, large.fit.df, factor)
    assert found.statistic == pytest.approx(truth["chi2"], rel=1e-7)
    assert found.p_value == pytest.approx(truth["p_value"], rel=1e-6)


def test_only_one_of_the_four_differences_of_2001_has_a_negative_factor(expected):
    chi2 = expected[(expected["kind"] == "difference_2001") & (expected["left"] == "chi2")]
    assert chi2.loc[chi2["estimate"].isna(), "model"].tolist() == ["admissible MLM"]


def test_scale_nested_refuses_a_model_of_other_items(fits):
    found = scale_nested(fits["democracy"], fits["cfa"])
    assert found.reason == "needs two models of the same items on complete answers"
    turned = scale_nested(fits["no_value"], fits["admissible"])
    assert turned.reason == "the smaller model is not the larger one with parameters at zero"


def test_covariates_are_not_counted_twice(expected, fits):
    # lavaan's default takes covariates as given (fixed.x); so does df, and the baseline.
    fit = fits["covariates"].fit
    truth = measures(expected, "covariates")
    assert (fit.df, fit.df_null) == (16, 27)
    compare(fit, PLAIN, truth)
    theirs = parameters(expected, "covariates")
    rows = [row for row in fits["covariates"].table().to_dict("records") if row["kind"] == "path"]
    assert len(rows) == 5
    for row in rows:
        truth_row = theirs[key_of(row)]
        assert row["estimate"] == pytest.approx(truth_row["estimate"], rel=1e-8)
        assert row["se"] == pytest.approx(truth_row["se"], rel=1e-8)
        assert row["standardised"] == pytest.approx(truth_row["standardised"], rel=1e-8)


def test_likelihood_counts_covariates_as_answers(expected, fits):
    # the likelihood of all answers, covariates among them: lavaan's fixed.x = FALSE
    fit, truth = fits["covariates"].fit, measures(expected, "covariates random")
    assert fit.n_free == truth["npar"] == 20
    names = {"log_likelihood": "logl"} | {name: name for name in ("aic", "bic", "gfi", "agfi")}
    for ours, theirs in names.items():
        assert getattr(fit, ours) == pytest.approx(truth[theirs], rel=1e-9)


def test_a_regression_leaves_nothing_to_test(expected, holzinger):
    model = StructuralModel(
        (Construct("a", ("x1",)), Construct("b", ("x4",)), Construct("c", ("x7",))),
        (Path("b", "a"), Path("c", "a")),
        "regression",
    )
    result = fit_sem(holzinger, model=model)
    truth = parameters(expected, "regression")
    for row in result.paths().to_dict("records"):
        item = {"b": "x4", "c": "x7"}[row["source"]]
        assert row["estimate"] == pytest.approx(truth[("~", "x1", item)]["estimate"], rel=1e-9)
        assert row["se"] == pytest.approx(truth[("~", "x1", item)]["se"], rel=1e-9)
    assert measures(expected, "regression")["df"] == result.structure.df == 0
    assert result.fit.reason.startswith("0 degrees of freedom")
    assert measure_robust_fit(result) is result.fit
    assert [check.name for check in result.gate if not check.passed] == [
        "the model can be tested (degrees of freedom)"
    ]
    assert "the model can be tested (degrees of freedom)' fails at 0" in result.withheld
