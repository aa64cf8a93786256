"""Full information: what must hold whatever the data, known truths, refusals."""

import numpy as np
import pandas as pd
import pytest

from crmstudy.checks import Hypothesis, failed
from crmstudy.errors import ModelError, NotAvailable
from crmstudy.loyalty.estimation.comparisons import compare_missing
from crmstudy.loyalty.estimation.estimate import fit_sem
from crmstudy.loyalty.estimation.likelihood import Likelihood, bend, flatten, score_rows
from crmstudy.loyalty.estimation.patterns import group_answers
from crmstudy.loyalty.estimation.robust_fit import measure_robust_fit
from crmstudy.loyalty.estimation.saturated import (
    Baseline,
    estimate_baseline,
    estimate_saturated,
    fill_gaps,
    saturated_cells,
)
from crmstudy.loyalty.model.specify import Construct, Path, StructuralModel

TWO = StructuralModel(
    (Construct("a", ("a1", "a2", "a3"), "Ansehen"), Construct("b", ("b1", "b2", "b3"))),
    (Path("a", "b"),),
    "two",
)
TRUTH = 0.5


def draw_survey(rng, n):
    """Two constructs, b = .5 a + rest, three items each."""
    a = rng.normal(size=(n, 1))
    b = TRUTH * a + np.sqrt(0.75) * rng.normal(size=(n, 1))
    answers = 0.8 * np.hstack([a, a, a, b, b, b]) + 0.6 * rng.normal(size=(n, 6))
    return pd.DataFrame(answers, columns=list(TWO.items))


@pytest.fixture
def complete():
    return draw_survey(np.random.default_rng(31), 250)


@pytest.fixture
def holes(complete):
    gone = np.random.default_rng(32).random(complete.shape) < 0.1
    return complete.mask(gone)


def test_without_gaps_it_is_the_ordinary_fit(complete):
    one, other = (fit_sem(complete, model=TWO, missing=each) for each in ("listwise", "fiml"))
    assert other.solution.theta == pytest.approx(one.solution.theta, rel=1e-7)
    for name in ("chi2", "chi2_null", "cfi", "rmsea", "srmr", "gfi", "agfi", "log_likelihood"):
        assert getattr(other.fit, name) == pytest.approx(getattr(one.fit, name), rel=1e-7)
    assert other.means.model == pytest.approx(complete.mean().to_numpy(), abs=1e-9)
    assert other.sample == pytest.approx(one.sample, rel=1e-8, abs=1e-10)
    assert other.paths(errors="huber-white")["se"].to_numpy() == pytest.approx(
        one.paths(errors="huber-white")["se"].to_numpy(), rel=1e-7
    )
    ours, theirs = (measure_robust_fit(each).yuan_bentler for each in (one, other))
    # the robust indices differ: under full information they are weighed at the saturated model
    for name in ("chi2", "factor", "factor_null", "cfi_scaled", "tli_scaled", "rmsea_scaled"):
        assert getattr(theirs, name) == pytest.approx(getattr(ours, name), rel=1e-6)


def test_order_of_respondents_does_not_matter(holes):
    one, other = (fit_sem(each, model=TWO, missing="fiml") for each in (holes, holes.iloc[::-1]))
    assert one.solution.theta == pytest.approx(other.solution.theta, rel=1e-8)
    assert one.fit.chi2 == pytest.approx(other.fit.chi2, rel=1e-8)


def test_two_runs_are_equal_to_the_last_byte(holes):
    one, other = (fit_sem(holes, model=TWO, missing="fiml") for _ in range(2))
    assert one.solution.theta.tobytes() == other.solution.theta.tobytes()
    assert one.solution.covariance.tobytes() == other.solution.covariance.tobytes()


def test_units_do_not_matter(holes):
    one = fit_sem(holes, model=TWO, missing="fiml")
    scaled = holes.assign(a2=100.0 + 1000.0 * holes["a2"])
    other = fit_sem(scaled, model=TWO, missing="fiml")
    assert other.fit.chi2 == pytest.approx(one.fit.chi2, rel=1e-7)
    ours, theirs = (each.paths()["standardised"].to_numpy() for each in (one, other))
    assert theirs == pytest.approx(ours, rel=1e-7)
    loadings = [each.loadings().set_index("item").loc["a2", "estimate"] for each in (one, other)]
    assert loadings[1] == pytest.approx(1000.0 * loadings[0], rel=1e-7)
    n_answers = holes["a2"].notna().sum()
    shift = one.fit.log_likelihood - other.fit.log_likelihood
    assert shift == pytest.approx(n_answers * np.log(1000.0), rel=1e-9)


def test_the_survey_is_not_changed(holes):
    before = holes.copy()
    fit_sem(holes, model=TWO, missing="fiml")
    pd.testing.assert_frame_equal(holes, before)


def test_respondents_without_any_answer_are_counted_out(holes):
    empty = pd.DataFrame(np.nan, index=range(7), columns=holes.columns)
    one = fit_sem(holes, model=TWO, missing="fiml")
    other = fit_sem(pd.concat([holes, empty], ignore_index=True), model=TWO, missing="fiml")
    assert (other.n_used, other.n_dropped) == (len(holes.dropna(how="all")), 7)
    assert other.fit.chi2 == pytest.approx(one.fit.chi2, rel=1e-12)
    assert np.isnan(other.answers).any()


def test_slope_and_curvature_are_those_of_the_likelihood(holes):
    result = fit_sem(holes, model=TWO, missing="fiml")
    structure, patterns = result.structure, result.patterns
    theta = result.evidence.theta * 1.05  # away from the optimum
    mean = np.linspace(-0.1, 0.1, 6)

    def at(moved):
        point = Likelihood(patterns, moved[:6], structure.implied(moved[6:]))
        return point.discrepancy()

    start = np.concatenate([mean, theta])
    point = Likelihood(patterns, mean, structure.implied(theta))
    flat = flatten(structure.jacobian(theta))
    gradient = np.concatenate([-2.0 * point.pull(), flat @ point.slope().ravel()])
    curvature = point.observed(flat)
    curvature[6:, 6:] += bend(structure, theta, point.slope())
    step = 1e-4 * np.eye(len(start))
    numeric = [(at(start + h) - at(start - h)) / 2e-4 for h in step]
    assert gradient == pytest.approx(np.array(numeric), abs=1e-7)
    second = [
        [
            (at(start + h + k) - at(start + h - k) - at(start - h + k) + at(start - h - k))
            for k in step
        ]
        for h in step
    ]
    assert curvature == pytest.approx(np.array(second) / 4e-8, abs=1e-5)
    scores = score_rows(point, structure.jacobian(theta))
    assert -2.0 * scores.mean(axis=0) == pytest.approx(gradient, abs=1e-12)


def test_few_and_many_patterns_are_weighed_alike(holes):
    patterns = group_answers(holes.dropna(how="all").to_numpy())
    point = Likelihood(patterns, np.zeros(6), np.eye(6) + 0.3)
    flat = saturated_cells(6).toarray()
    whole = point.observed(flat)  # many patterns: one product
    assert len(patterns.seen) > 8
    parts = [
        Likelihood(group_answers(patterns.answers[rows]), point.mean, point.implied).observed(flat)
        for _, rows in patterns.rows()  # one pattern each: a loop
    ]
    assert whole == pytest.approx(np.tensordot(patterns.weights, parts, axes=1), abs=1e-12)
    assert point.observed(saturated_cells(6)) == pytest.approx(whole, abs=1e-12)


def test_em_ends_where_the_likelihood_is_flat(holes):
    given = holes.dropna(how="all").to_numpy()
    scaled = (given - np.nanmean(given, axis=0)) / np.nanstd(given, axis=0)
    point = estimate_saturated(group_answers(scaled))
    assert np.abs(point.pull()).max() < 1e-11
    assert np.abs(point.slope()).max() < 1e-11
    filled = fill_gaps(point)
    assert np.array_equal(filled[~np.isnan(scaled)], scaled[~np.isnan(scaled)])
    assert filled.mean(axis=0) == pytest.approx(point.mean, abs=1e-10)


def test_the_baseline_keeps_covariates_together(complete):
    patterns = group_answers(complete.to_numpy() - complete.mean().to_numpy())
    baseline = Baseline(6, (0, 2))
    assert baseline.df == 14
    found = estimate_baseline(baseline, patterns)
    sample = np.cov(complete.to_numpy(), rowvar=False, ddof=0)
    assert found.implied == pytest.approx(baseline.restrict(sample), abs=1e-9)
    assert found.implied[0, 2] == pytest.approx(sample[0, 2])
    assert found.implied[0, 1] == 0.0


def test_gaps_that_follow_answers_do_not_bend_full_information():
    # b is asked only where a1 is high: the listwise variance of a is cut, and a1's mean
    survey = draw_survey(np.random.default_rng(41), 6_000)
    cut = survey["a1"] < 0.3
    survey.loc[cut, ["b1", "b2", "b3"]] = np.nan
    full = fit_sem(survey, model=TWO, missing="fiml")
    row = full.paths().iloc[0]
    assert row["standardised"] == pytest.approx(TRUTH, abs=3 * row["standardised se"])
    listwise = fit_sem(survey, model=TWO).paths().iloc[0]
    assert listwise["standardised"] < TRUTH - 3 * listwise["standardised se"]
    assert full.means.model[3] == pytest.approx(0.0, abs=0.06)
    assert survey["b1"].mean() > 0.2


def test_intervals_cover_the_truth():
    rng, inside, n_draws = np.random.default_rng(43), 0, 80
    for _ in range(n_draws):
        survey = draw_survey(rng, 200)
        survey = survey.mask(rng.random(survey.shape) < 0.15)
        row = fit_sem(survey, model=TWO, missing="fiml").paths().iloc[0]
        inside += row["lower"] <= TRUTH <= row["upper"]
    # 95% of 80: 76, standard deviation 1.95
    assert 76 - 4 * 1.95 <= inside <= n_draws


def test_the_wishart_divisor_is_not_used_and_that_is_said(holes):
    result = fit_sem(holes, model=TWO, missing="fiml", divisor="n-1")
    assert result.divisor == "n"
    assert result.notes == ("full information has no divisor n - 1: n is used",)


def test_what_needs_complete_answers_says_so(holes, complete):
    result = fit_sem(holes, model=TWO, missing="fiml")
    assert isinstance(result.complete, NotAvailable)
    assert fit_sem(complete, model=TWO).complete.shape == (250, 6)
    assert "complete answers" in result.paths(errors="satorra-bentler").reason
    robust = measure_robust_fit(result)
    assert isinstance(robust.satorra_bentler, NotAvailable)
    assert list(robust.table().columns) == [
        "measure",
        "normal",
        "Yuan-Bentler",
        "convention",
        "source",
    ]


def test_items_never_answered_together_are_refused(complete):
    complete.loc[:120, "a1"] = np.nan
    complete.loc[121:, "b3"] = np.nan
    with pytest.raises(ModelError, match="no respondent answered both 'a1' and 'b3'"):
        fit_sem(complete, model=TWO, missing="fiml")


def test_items_rarely_answered_together_are_withheld(complete):
    complete.loc[20:, "a1"] = np.nan  # 20 of 250
    result = fit_sem(complete, model=TWO, missing="fiml")
    [check] = failed(result.checks)
    assert "answered together by enough respondents (smallest share: a1)" in check.name
    assert check.statistic == pytest.approx(0.08)
    assert isinstance(result.fit, NotAvailable)


def test_an_item_nobody_answered_is_named(complete):
    with pytest.raises(ModelError, match="item 'b1' was answered by none of 250 respondents"):
        fit_sem(complete.assign(b1=np.nan), model=TWO, missing="fiml")


def test_too_few_respondents_are_refused(holes):
    with pytest.raises(ModelError, match=r"6 respondents \(0 left out .* for 6 items"):
        fit_sem(holes.iloc[:6], model=TWO, missing="fiml")


def test_both_ways_beside_each_other(holes):
    found = compare_missing(holes, model=TWO)
    table = found.table()
    assert list(table.columns) == [
        "source",
        "target",
        "listwise",
        "standard error, listwise",
        "full information",
        "standard error, full information",
        "change",
    ]
    assert table["source"].tolist() == ["Ansehen"]
    assert found.n_respondents == len(holes.dropna(how="all"))
    assert found.n_complete == len(holes.dropna())
    assert isinstance(found.randomness, Hypothesis)
    metrics = found.to_metrics()
    assert metrics["mean_ratio_of_errors"] < 1.0  # more answers, less error
    assert metrics["largest_change"] == pytest.approx(abs(table["change"][0]))


def test_without_gaps_there_is_nothing_to_compare(complete):
    with pytest.raises(ModelError, match="no answer to the model's items is missing"):
        compare_missing(complete, model=TWO)


def test_too_few_complete_respondents_leave_full_information_standing(complete):
    for row in range(len(complete)):
        complete.iloc[row, row % 6] = np.nan
    found = compare_missing(complete, model=TWO)
    assert found.n_complete == 0
    assert isinstance(found.listwise, NotAvailable)
    assert found.full.admissible
    assert "0 complete respondents" in found.table().reason
