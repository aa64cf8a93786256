"""Sentences on the gate, robust statistics and missing answers are true on any data."""

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import NotAvailable
from crmstudy.loyalty.estimation.comparisons import compare_missing
from crmstudy.loyalty.estimation.estimate import fit_sem
from crmstudy.loyalty.estimation.robust_fit import measure_robust_fit
from crmstudy.loyalty.model.specify import Construct, Path, StructuralModel
from crmstudy.report.sentences.loyalty.estimation import read_gate, read_missing, read_robust_fit

TWO = StructuralModel(
    (Construct("a", ("a1", "a2", "a3"), "Image"), Construct("b", ("b1", "b2", "b3"))),
    (Path("a", "b"),),
    "two",
)
ONE = StructuralModel((Construct("a", ("a1", "a2", "a3")),), (), "one")


@pytest.fixture
def survey():
    rng = np.random.default_rng(3)
    a = rng.normal(size=(200, 1))
    b = 0.6 * a + 0.8 * rng.normal(size=(200, 1))
    answers = 0.8 * np.hstack([a, a, a, b, b, b]) + 0.6 * rng.normal(size=(200, 6))
    return pd.DataFrame(answers, columns=list(TWO.items))


def test_a_model_that_passes(survey):
    assert read_gate(fit_sem(survey, model=TWO)) == (
        "200 respondents answered all items of the model. "
        "All 9 checks of the gate pass: the model may be shown."
    )


def test_who_was_left_out(survey):
    survey.loc[0, "a1"] = np.nan
    assert (
        "199 respondents answered all items of the model; 1 skipped an item and was left out."
        in (read_gate(fit_sem(survey, model=TWO)))
    )
    survey.loc[1:2] = np.nan
    full = read_gate(fit_sem(survey, model=TWO, missing="fiml"))
    assert full.startswith("198 respondents answered at least one item of the model; 2 answered")
    assert "All 10 checks" in full  # coverage too


def test_few_respondents(survey):
    said = read_gate(fit_sem(survey.iloc[:40], model=TWO))
    assert "There are 3.1 respondents for each of 13 free parameters, fewer than the 5" in said


def test_a_refused_model_says_what_to_try(survey):
    survey["b3"] = 2.0 * survey["a1"]
    said = read_gate(fit_sem(survey, model=TWO))
    assert (
        "1 check of the gate fails ('sample covariance of the items is positive definite')" in said
    )
    assert (
        "estimates, fit and verdicts are withheld. What to try next: Leave out one of the" in said
    )
    assert "a1 and b3. A model changed until it passes" in said


def test_a_model_that_cannot_be_tested_keeps_its_estimates(survey):
    said = read_gate(fit_sem(survey, model=ONE))
    assert "fit and verdicts are withheld, estimates are shown" in said


def test_robust_statistics(survey):
    fit = fit_sem(survey, model=TWO)
    said = read_robust_fit(measure_robust_fit(fit), fit)
    assert said.count("Scaled after") == 2
    assert "Satorra-Bentler (factor" in said
    assert "exact fit is not rejected, as before" in said
    assert said.endswith("(Huber-White) the path keeps the decision at the 5% level.")


def test_a_path_that_robust_errors_decide_otherwise(survey):
    # many small differences, one respondent far out who carries the path alone
    rng = np.random.default_rng(0)
    loud = pd.DataFrame(rng.normal(size=(200, 6)), columns=list(TWO.items))
    loud[["a1", "a2", "a3"]] += 1.5 * rng.normal(size=(200, 1))
    loud[["b1", "b2", "b3"]] += 1.5 * rng.normal(size=(200, 1))
    loud.iloc[0] = 12.0
    fit = fit_sem(loud, model=TWO)
    normal, robust = (fit.paths(errors=e)["p value"].iloc[0] for e in ("normal", "huber-white"))
    assert normal < 0.05 < robust
    said = read_robust_fit(measure_robust_fit(fit), fit)
    assert "1 of 1 path changes the decision at the 5% level: Image to b (p = " in said


def test_a_model_without_paths_says_nothing_of_paths(survey):
    cfa = StructuralModel(TWO.constructs, (), "cfa")
    fit = fit_sem(survey, model=cfa)
    assert "Huber-White" not in read_robust_fit(measure_robust_fit(fit), fit)


def test_missing_answers(survey):
    survey.loc[0:19, "b2"] = np.nan
    survey.loc[10:29, "a1"] = np.nan
    said = read_missing(compare_missing(survey, model=TWO))
    assert said.startswith(
        "Of 200 respondents 30 left out an item of the model; 3.3% of the answers are missing."
    )
    assert "rejected by Little's test (chi-squared(" in said
    assert "the standardised path from Image to b most" in said


def test_missing_answers_that_hang_on_others(survey):
    survey.loc[survey["a2"] > 0.5, "a1"] = np.nan
    said = read_missing(compare_missing(survey, model=TWO))
    assert "is rejected by Little's test" in said
    assert "listwise deletion may bend the result" in said


def test_absence_is_passed_on():
    gone = NotAvailable("this study has no survey")
    assert read_gate(gone) is gone
    assert read_robust_fit(gone, gone) is gone
    assert read_missing(gone) is gone
