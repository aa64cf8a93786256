"""Inadmissible solutions are withheld with their reasons; unusable data are refused."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from crmstudy.checks import failed
from crmstudy.errors import DataError, ModelError, NotAvailable
from crmstudy.loyalty import (
    Construct,
    Path,
    StructuralModel,
    assess_reliability,
    fit_sem,
    trace_effects,
)
from crmstudy.loyalty.estimation.admissible import check_solution, explain, name_failures
from crmstudy.loyalty.estimation.comparisons import tabulate_paths
from crmstudy.loyalty.estimation.remedies import suggest_remedies


def factor(*names, items=3):
    return StructuralModel(
        tuple(Construct(n, tuple(f"{n}{k}" for k in range(1, items + 1))) for n in names), ()
    )


@pytest.fixture
def survey():
    """Sixty respondents, three traits with three clean items each."""
    rng = np.random.default_rng(11)
    traits = rng.normal(size=(60, 3)).cumsum(axis=1)
    items = [f"{n}{k}" for n in "abc" for k in (1, 2, 3)]
    return pd.DataFrame(np.repeat(traits, 3, axis=1) + rng.normal(size=(60, 9)), columns=items)


def names_of_failed(result):
    return [check.name for check in failed(result.checks)]


def test_the_admissible_ecsi_model_passes_every_check(fitted):
    assert fitted["admissible"].admissible
    assert len(fitted["admissible"].checks) == 8
    assert len(fitted["democracy"].checks) == 9  # with its residual covariances


def test_the_full_ecsi_model_is_withheld(fitted):
    result = fitted["full"]
    assert not result.admissible
    [check] = failed(result.checks)
    assert check.name.endswith("(largest: satisfaction → loyalty)")
    assert check.statistic == pytest.approx(3.270, abs=0.0005)  # lavaan
    for shown in (
        result.fit,
        result.table(),
        result.loadings(),
        result.paths(),
        result.r_squared(),
        trace_effects(result),
    ):
        assert isinstance(shown, NotAvailable)
        assert "satisfaction → loyalty)' fails at 3.27, rule <= 1" in shown.reason
    assert result.to_metrics() == {
        "n_used": 250,
        "n_dropped": 0,
        "admissible": 0,
        "n_checks_failed": 1,
    }
    assert result.notes == ("complaints has one item (CUSCO): taken as measured without error",)


def test_alpha_needs_no_admissible_model(fitted):
    reliability = assess_reliability(fitted["full"])
    columns = list(reliability.table().columns)
    assert {"construct", "alpha", "standardised alpha", "omega"} <= set(columns)
    assert not {"composite reliability", "average variance extracted"} & set(columns)
    assert any("not available: the model is inadmissible" in note for note in reliability.notes)
    assert reliability.notes[0].endswith("cannot be estimated: complaints")


def test_too_many_parameters_are_not_estimated(survey):
    result = fit_sem(survey, model=factor("a", items=2))
    assert names_of_failed(result) == ["degrees of freedom are not negative"]
    assert failed(result.checks)[0].statistic == -1
    assert isinstance(result.solution, NotAvailable)
    assert "'degrees of freedom are not negative' fails at −1, rule >= 0" in result.paths().reason


def test_fewer_respondents_than_parameters_are_not_estimated(survey):
    model = factor("a", "b", "c")  # 21 parameters
    for n, passed in ((21, False), (22, True)):
        result = fit_sem(survey.iloc[:n], model=model)
        [check] = [c for c in result.checks if c.name.startswith("more respondents")]
        assert check.passed is passed
        assert check.threshold == "> 21"
    assert isinstance(fit_sem(survey.iloc[:21], model=model).solution, NotAvailable)


def test_a_model_without_degrees_of_freedom_shows_estimates_and_withholds_verdicts(survey):
    result = fit_sem(survey, model=factor("a"))
    assert result.admissible
    assert len(result.loadings()) == 3
    assert result.fit.reason.startswith("0 degrees of freedom")
    assert names_of_gate(result) == ["the model can be tested (degrees of freedom)"]
    assert result.withheld.endswith("(degrees of freedom)' fails at 0, rule > 0")
    assert suggest_remedies(result)["what to try"].tolist() == [
        "leave out a path, or add an item: a model has to leave something that could be wrong"
    ]


def names_of_gate(result):
    return [check.name for check in failed(result.gate)]


def test_an_admissible_model_withholds_nothing(fitted):
    assert fitted["admissible"].withheld == ""
    assert len(fitted["admissible"].gate) == 9
    assert suggest_remedies(fitted["admissible"]).reason == "every check of the gate passed"


def test_remedies_name_what_to_change(fitted, survey):
    [advice] = suggest_remedies(fitted["full"])["what to try"]
    assert advice.startswith("merge ")
    assert "which the answers cannot tell apart" in advice
    few = suggest_remedies(fit_sem(survey.iloc[:20], model=factor("a", "b", "c")))
    assert "ask more respondents (105 or more for 21 free parameters" in few["what to try"][0]
    twins = survey.assign(a3=survey["a1"] * 2.0)
    [advice] = suggest_remedies(fit_sem(twins, model=factor("a", "b")))["what to try"]
    assert advice == "leave out one of the items that say the same: a1 and a3"
    under = suggest_remedies(fit_sem(survey, model=factor("a", items=2)))["what to try"]
    assert "until the model has 3 free parameters or fewer" in under[0]


def test_remedies_name_the_item_of_a_heywood_case():
    noise = np.random.default_rng(2).normal(size=(100, 3))
    noise = np.linalg.qr(noise - noise.mean(axis=0))[0] * 10
    wanted = np.array([[1.0, 0.6, 0.6], [0.6, 1.0, 0.2], [0.6, 0.2, 1.0]])
    answers = pd.DataFrame(noise @ np.linalg.cholesky(wanted).T, columns=["a1", "a2", "a3"])
    first = suggest_remedies(fit_sem(answers, model=factor("a")))["what to try"][0]
    assert first.startswith("leave out a1 or give its construct a third item")


def test_a_path_and_a_covariance_of_the_same_pair_are_not_identified(survey):
    model = StructuralModel(
        factor("a", "b").constructs, (Path("a", "b"),), covariances=(("a", "b"),)
    )
    assert any("identified" in name for name in names_of_failed(fit_sem(survey, model=model)))


def test_a_redundant_item_is_not_estimated(survey):
    survey["a3"] = survey["a1"] + survey["a2"]
    result = fit_sem(survey, model=factor("a", "b"))
    assert names_of_failed(result) == ["sample covariance of the items is positive definite"]
    assert isinstance(result.solution, NotAvailable)


def test_a_heywood_case_is_withheld(survey):
    # One-factor covariances solved by hand: loading1^2 = r12 r13 / r23 = 1.8 > 1.
    wanted = np.array([[1.0, 0.6, 0.6], [0.6, 1.0, 0.2], [0.6, 0.2, 1.0]])
    noise = np.random.default_rng(2).normal(size=(100, 3))
    noise = np.linalg.qr(noise - noise.mean(axis=0))[0] * 10
    answers = pd.DataFrame(noise @ np.linalg.cholesky(wanted).T, columns=["a1", "a2", "a3"])
    result = fit_sem(answers, model=factor("a"))
    heywood, beyond = failed(result.checks)
    assert heywood.name == "unexplained variances are positive (smallest share: a1)"
    assert heywood.statistic == pytest.approx(1 - 1.8, abs=1e-8)
    assert beyond.name.endswith("(largest: a → a1)")
    assert beyond.statistic == pytest.approx(np.sqrt(1.8), abs=1e-8)


def test_checks_and_reasons_call_constructs_by_their_labels(survey):
    constructs = (Construct("a", ("a1", "a2", "a3"), "Image"), Construct("b", ("b1", "b2", "b3")))
    result = fit_sem(survey, model=StructuralModel(constructs, (Path("a", "b"),)))
    shown = " ".join(check.name for check in result.checks)
    assert "->" not in shown
    assert "(largest: Image → " in shown or "(largest: b → " in shown
    refused = replace(result.checks[0], passed=False, statistic=-0.5)
    assert explain((refused,)) == (
        f"the model is inadmissible: '{refused.name}' fails at −0.5, rule {refused.threshold}"
    )
    assert name_failures((refused, result.checks[1])) == f"'{refused.name}' fails"


def test_paths_are_printed_by_labels(survey):
    constructs = (Construct("a", ("a1", "a2", "a3"), "Image"), Construct("b", ("b1", "b2", "b3")))
    result = fit_sem(survey, model=StructuralModel(constructs, (Path("a", "b"),)))
    printed, known = tabulate_paths(result), result.paths()
    assert printed[["from", "to"]].to_numpy().tolist() == [["Image", "b"]]
    assert not {"label", "fixed"} & set(printed.columns)
    assert printed["estimate"].equals(known["estimate"])
    named = replace(result.model, paths=(Path("a", "b", "H1"),))
    assert tabulate_paths(fit_sem(survey, model=named))["label"].tolist() == ["H1"]
    broken = replace(result, checks=(replace(result.checks[0], passed=False),))
    assert isinstance(tabulate_paths(broken), NotAvailable)


def test_constructs_that_correlate_beyond_one_are_withheld(survey):
    noise = np.random.default_rng(3).normal(size=(100, 6))
    noise = np.linalg.qr(noise - noise.mean(axis=0))[0] * 10
    wanted = np.full((6, 6), 0.6)  # between constructs more than within
    wanted[:3, :3] = wanted[3:, 3:] = 0.5
    np.fill_diagonal(wanted, 1.0)
    answers = pd.DataFrame(
        noise @ np.linalg.cholesky(wanted).T, columns=[f"{n}{k}" for n in "ab" for k in (1, 2, 3)]
    )
    result = fit_sem(answers, model=factor("a", "b"))
    [check] = failed(result.checks)
    assert check.name == "latent covariance is positive definite"
    assert check.statistic == pytest.approx(1 - 0.6 / 0.5, abs=1e-8)


def test_a_point_short_of_the_optimum_is_withheld(fitted):
    structure = fitted["cfa"].structure
    theta = fitted["cfa"].solution.theta
    information = np.diag(np.full(len(theta), 4.0))
    for slope, passed in ((1e-6, True), (3e-6, False)):  # scaled: half of it
        check = check_solution(structure, theta, np.full(len(theta), slope), information)[0]
        assert check.passed is passed
        assert check.statistic == pytest.approx(slope / 2)


def test_pure_noise_is_withheld_or_refused_without_a_warning():
    for seed in range(8):
        noise = np.random.default_rng(seed).normal(size=(30, 6))
        survey = pd.DataFrame(noise, columns=[f"{n}{k}" for n in "ab" for k in (1, 2, 3)])
        result = fit_sem(survey, model=factor("a", "b"))
        assert result.admissible or isinstance(result.fit, NotAvailable)


def test_an_item_that_the_survey_lacks_is_named_with_the_nearest_column(survey):
    with pytest.raises(ModelError, match="item 'a3' of a is not a column of the survey; did you"):
        fit_sem(survey.rename(columns={"a3": "a_3"}), model=factor("a", "b"))


def test_a_constant_item_is_refused(survey):
    survey["b2"] = 7
    with pytest.raises(ModelError, match="item 'b2' is constant: 7 in all 60 complete rows"):
        fit_sem(survey, model=factor("a", "b"))


def test_too_few_complete_respondents_are_refused(survey):
    survey.loc[6:, "b1"] = np.nan
    with pytest.raises(ModelError, match=r"6 complete respondents \(54 left out .* for 6 items"):
        fit_sem(survey, model=factor("a", "b"))


def test_an_empty_survey_is_refused(survey):
    with pytest.raises(ModelError, match="0 complete respondents"):
        fit_sem(survey.iloc[:0], model=factor("a", "b"))


@pytest.mark.parametrize("word", ["often", np.inf])
def test_an_answer_that_is_no_number_is_refused(survey, word):
    survey = survey.astype(object)
    survey.loc[4, "a2"] = word
    with pytest.raises(DataError, match=r"item 'a2', row 4: .* is not a finite number"):
        fit_sem(survey, model=factor("a", "b"))


def test_an_unknown_way_with_gaps_is_refused(survey):
    with pytest.raises(ModelError, match="'listwise' or 'fiml', not 'mean'"):
        fit_sem(survey, model=factor("a", "b"), missing="mean")


def test_an_unknown_divisor_is_refused(survey):
    with pytest.raises(ModelError, match="'n' or 'n-1', not 'N'"):
        fit_sem(survey, model=factor("a", "b"), divisor="N")


def test_absence_is_passed_on():
    gone = NotAvailable("this study has no survey")
    result = fit_sem(gone, model=factor("a"))
    assert result is gone
    assert trace_effects(result) is gone
    assert assess_reliability(result) is gone
