"""Experience minus expectation: against R, on a simulated truth, and by its laws."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import ModelError, NotAvailable
from crmstudy.loyalty.questionnaire.difference import (
    difference_reliability,
    regress,
    standardised_mean_limits,
)
from crmstudy.loyalty.questionnaire.disconfirmation import SHARES
from crmstudy.loyalty.questionnaire.experience import (
    average_answered,
    compare_experience,
    rescale,
)

FOCUS = {
    "expectation": "expectation",
    "experience": "quality",
    "satisfaction": "satisfaction",
    "loyalty": "loyalty",
}
BLOCKS = {"expectation": "CUEX", "quality": "PERQ", "satisfaction": "CUSA", "loyalty": "CUSL"}


def make_instrument(columns, low=1, high=10):
    return {
        item: {
            "construct": next((c for c, prefix in BLOCKS.items() if item.startswith(prefix)), ""),
            "label": "",
            "minimum": low,
            "maximum": high,
            "reverse": False,
        }
        for item in columns
    }


@pytest.fixture(scope="module")
def reference():
    """R's numbers, by topic, name and column."""
    file = Path(__file__).parents[1] / "reference" / "questionnaire" / "expected.csv"
    table = pd.read_csv(file, dtype={"name": str})
    return table.set_index(["topic", "name", "column"]).sort_index()


@pytest.fixture(scope="module")
def instrument(mobi):
    return make_instrument(mobi)


@pytest.fixture(scope="module")
def found(mobi, instrument):
    return compare_experience(mobi, instrument=instrument, focus=FOCUS)


def simulate(n, weights, *, seed=2, noise=0.5, bend=0.0):
    """Draw one item a construct; satisfaction = weights on expectation and experience."""
    rng = np.random.default_rng(seed)
    expectation = rng.normal(5.5, 1.2, n)
    experience = rng.normal(5.5, 1.2, n) + 0.3 * (expectation - 5.5)
    satisfaction = 5.5 + weights[0] * (expectation - 5.5) + weights[1] * (experience - 5.5)
    satisfaction += bend * (experience - 5.5) ** 2 + rng.normal(0, noise, n)
    columns = {"CUEX1": expectation, "PERQ1": experience, "CUSA1": satisfaction}
    return pd.DataFrame(columns), make_instrument(columns, -20, 30)


# --- reference -----------------------------------------------------------------------------


def test_difference_and_effect_size(found, reference):
    expected = reference.loc["difference", "value"]
    row = found.table().iloc[-1]
    for ours, theirs in (("mean", "estimate"), ("lower", "lower"), ("upper", "upper")):
        assert row[ours] == pytest.approx(expected["mean", theirs], rel=1e-10)
    limits = [expected["d", part] for part in ("estimate", "lower", "upper")]
    assert found.effect_size() == pytest.approx(limits, rel=1e-8)


def test_correlations(found, reference):
    table = found.correlations()
    roles = {"experience minus expectation": "difference", "quality": "experience"}
    for row in table.to_dict("records"):
        topic = "correlation" if row["with"] == "satisfaction" else "correlation_loyalty"
        expected = reference.loc[(topic, roles.get(row["score"], row["score"])), "value"]
        for part, ours in (("estimate", "correlation"), ("lower", "lower"), ("upper", "upper")):
            assert row[ours] == pytest.approx(expected[part], rel=1e-9)
    assert len(table) == 6


def test_reliability(found, reference):
    expected = reference.loc["reliability", "value"]
    parts = [expected["parts", name] for name in ("expectation", "experience")]
    wanted = [*parts, expected["difference", "estimate"]]
    assert found.reliability["reliability"].tolist() == pytest.approx(wanted, rel=1e-10)


@pytest.mark.parametrize("name", ["linear", "quadratic"])
def test_regressions_are_those_of_lm(found, reference, name):
    fitted = getattr(found, name)
    table = fitted.table(level=0.95).rename(columns={"p value": "p"})
    for k, row in enumerate(table.to_dict("records")):
        for part, value in reference.loc[(name, str(k)), "value"].items():
            assert row[part] == pytest.approx(value, rel=1e-8), (k, part)
    expected = reference.loc[(name, "all", "r_squared"), "value"]
    assert fitted.r_squared == pytest.approx(expected, rel=1e-10)


def test_constraint_surface_and_flatness(found, reference):
    _, _, total, flat = found.conditions().to_dict("records")
    expected = reference.loc[("constraint", "F"), "value"]
    assert total["statistic"] ** 2 == pytest.approx(expected["statistic"], rel=1e-9)
    assert total["p value"] == pytest.approx(expected["p"], rel=1e-6)
    combined = reference.loc[("sum", "combined"), "value"]
    assert total["estimate"] == pytest.approx(combined["estimate"], rel=1e-9)
    expected = reference.loc[("flat", "F"), "value"]
    assert flat["statistic"] == pytest.approx(expected["statistic"], rel=1e-9)
    assert flat["p value"] == pytest.approx(expected["p"], rel=1e-9)
    for row in found.surface().to_dict("records"):
        expected = reference.loc[(row["number"], "combined"), "value"]
        assert (row["estimate"], row["se"]) == pytest.approx(expected.tolist(), rel=1e-8)


# --- recovery ------------------------------------------------------------------------------


def test_a_true_difference_is_recognised():
    survey, instrument = simulate(2000, (-0.6, 0.6))
    found = compare_experience(survey, instrument=instrument, focus={**FOCUS, "loyalty": ""})
    rises, falls, total, flat = found.conditions().to_dict("records")
    assert rises["lower"] < 0.6 < rises["upper"]
    assert falls["lower"] < -0.6 < falls["upper"]
    assert total["lower"] < 0 < total["upper"]
    assert flat["p value"] > 0.05
    assert found.verdict() == "supported"


def test_weights_that_differ_contradict_the_plain_difference():
    survey, instrument = simulate(2000, (-0.1, 0.7))
    found = compare_experience(survey, instrument=instrument, focus={**FOCUS, "loyalty": ""})
    verdicts = found.conditions()["verdict"].tolist()
    assert verdicts == ["supported", "supported", "contradicted", "supported"]
    assert found.verdict() == "contradicted"


def test_expectation_that_lifts_satisfaction_contradicts():
    survey, instrument = simulate(2000, (0.3, 0.6))
    found = compare_experience(survey, instrument=instrument, focus={**FOCUS, "loyalty": ""})
    assert found.conditions()["verdict"].tolist()[1] == "contradicted"


def test_a_bend_is_found_and_few_respondents_leave_it_open():
    survey, instrument = simulate(2000, (-0.6, 0.6), bend=0.1)
    found = compare_experience(survey, instrument=instrument, focus={**FOCUS, "loyalty": ""})
    assert found.conditions()["verdict"].tolist()[3] == "contradicted"
    # one item of 50 points: a tenth a point squared is half a unit of ten points squared
    bent = found.quadratic.coefficients[-1]
    assert bent == pytest.approx(0.1 * 5, abs=0.05)
    few, instrument = simulate(12, (-0.05, 0.05), noise=3.0, seed=3)
    found = compare_experience(few, instrument=instrument, focus={**FOCUS, "loyalty": ""})
    assert found.verdict() == "undecided"


def test_intervals_of_the_effect_size_cover():
    rng, inside = np.random.default_rng(4), 0
    for _ in range(400):
        sample = rng.normal(0.4, 1.0, 30)
        low, high = standardised_mean_limits(sample.mean() / sample.std(ddof=1), 30, level=0.95)
        inside += low < 0.4 < high
    assert 0.92 < inside / 400 < 0.98


# --- laws ----------------------------------------------------------------------------------


def test_scales_of_different_length_become_points():
    survey = pd.DataFrame({"a": [1, 4, 7.0], "b": [0, 5, 10.0]})
    spec = {"a": {"minimum": 1, "maximum": 7}, "b": {"minimum": 0, "maximum": 10}}
    points = rescale(survey, spec, ["a", "b"])
    assert points["a"].tolist() == points["b"].tolist() == [0, 50, 100]
    gaps = pd.DataFrame({"a": [0, np.nan, np.nan], "b": [50, 50, np.nan], "c": [100, 20, 30.0]})
    assert average_answered(gaps).tolist()[:2] == [50, 35]
    assert np.isnan(average_answered(gaps)[2])


def test_shares_add_up_and_half_a_step_counts_as_none():
    survey = pd.DataFrame({"CUEX1": [5, 5, 5, 5.0], "PERQ1": [5, 6, 3, 7.0]})
    found = compare_experience(
        survey,
        instrument=make_instrument(survey),
        focus={**FOCUS, "satisfaction": "", "loyalty": ""},
    )
    assert found.margin == pytest.approx(100 / 9 / 2)
    assert found.shares()["respondents"].tolist() == [1, 1, 2]
    assert found.shares()["experience was"].tolist() == list(SHARES)
    assert found.shares()["share"].sum() == pytest.approx(1)
    for absent in (found.linear, found.correlations(), found.conditions(), found.verdict()):
        assert isinstance(absent, NotAvailable)
    assert "has one item" in found.reliability.reason


def test_lords_formula():
    # equal variances: (mean reliability - correlation) / (1 - correlation)
    assert difference_reliability((0.8, 0.8), (1, 1), 0.6) == pytest.approx(0.5)
    assert difference_reliability((0.9, 0.7), (2, 2), 0.0) == pytest.approx(0.8)
    assert difference_reliability((0.5, 0.5), (1, 1), 0.5) == pytest.approx(0.0)
    with pytest.raises(ModelError, match="differ by a constant"):
        difference_reliability((0.8, 0.8), (1, 1), 1.0)


def test_half_a_step_counts_on_both_sides():
    survey = pd.DataFrame({"CUEX1": [4, 4, 2, 3.0], "CUEX2": [3, 3, 3, 3.0], "PERQ1": [3, 4, 3, 3]})
    focus = {**FOCUS, "satisfaction": "", "loyalty": ""}
    found = compare_experience(survey, instrument=make_instrument(survey), focus=focus)
    assert found.scores["difference"].abs().max() == pytest.approx(found.margin)
    assert found.shares()["respondents"].tolist() == [1, 1, 2]


@pytest.mark.parametrize(("d", "n"), [(0.0, 5), (5.0, 20_000), (-3.0, 60), (0.01, 3)])
def test_limits_of_the_effect_size_are_found_anywhere(d, n):
    low, high = standardised_mean_limits(d, n, level=0.95)
    assert low < d < high
    mirrored = standardised_mean_limits(-d, n, level=0.95)
    assert mirrored == pytest.approx((-high, -low), rel=1e-6)


def test_the_order_of_respondents_does_not_matter(mobi, instrument, found):
    turned = compare_experience(
        mobi.sample(frac=1, random_state=3), instrument=instrument, focus=FOCUS
    )
    assert turned.to_metrics() == pytest.approx(found.to_metrics(), rel=1e-9)


# --- refusals ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("focus", "said"),
    [
        ({"expectation": ""}, "names no construct for expectation under focus"),
        ({"experience": ""}, "names no construct for experience under focus"),
        ({"experience": "expectation"}, "are the same construct"),
    ],
)
def test_a_focus_without_both_is_refused(mobi, instrument, focus, said):
    with pytest.raises(ModelError, match=said):
        compare_experience(mobi, instrument=instrument, focus={**FOCUS, **focus})


def test_too_few_or_equal_respondents(mobi, instrument):
    with pytest.raises(ModelError, match="2 respondents rated both"):
        compare_experience(mobi.head(2), instrument=instrument, focus=FOCUS)
    with pytest.raises(ModelError, match="differ by the same in all respondents"):
        compare_experience(mobi * 0 + 5, instrument=instrument, focus=FOCUS)


def test_regressions_that_cannot_be():
    x = np.arange(10.0)
    with pytest.raises(ModelError, match="3 respondents are too few for a regression with 3"):
        regress(x[:3], {"a": x[:3], "b": x[:3] ** 2})
    with pytest.raises(ModelError, match="a, b determine each other"):
        regress(x, {"a": x, "b": 2 * x + 1})
    with pytest.raises(ModelError, match="a leave nothing unexplained"):
        regress(2 * x + 1, {"a": x})
    with pytest.raises(ModelError, match="needs answers that differ"):
        regress(x * 0, {"a": x})


def test_absence_is_passed_on(instrument):
    gone = NotAvailable("this study has no survey")
    assert compare_experience(gone, instrument=instrument, focus=FOCUS) is gone


# --- errors of measurement -----------------------------------------------------------------


def blur(n, weights, *, noise, seed=4):
    """Draw three items a construct, each with an error of its own."""
    rng = np.random.default_rng(seed)
    expectation = rng.normal(0, 1, n)
    experience = 0.7 * expectation + rng.normal(0, 0.7, n)
    satisfaction = weights[0] * expectation + weights[1] * experience + rng.normal(0, 0.4, n)
    latent = {"CUEX": expectation, "PERQ": experience, "CUSA": satisfaction}
    columns = {
        f"{name}{k}": 5 + score + rng.normal(0, noise, n)
        for name, score in latent.items()
        for k in (1, 2, 3)
    }
    return compare_experience(
        pd.DataFrame(columns), instrument=make_instrument(columns, -20, 30), focus=FOCUS
    )


def test_weights_freed_of_error_recover_the_truth_that_least_squares_miss():
    found = blur(200_000, (-0.1, 0.8), noise=1.2)
    assert found.linear.coefficients[1] > 0.05  # the wrong sign, lent by the error of experience
    assert found.freed_weights()["estimate"].tolist() == pytest.approx((-0.1, 0.8), abs=0.02)


def test_without_error_nothing_is_freed():
    found = blur(500, (-0.2, 0.7), noise=1e-9)
    plain = found.linear.coefficients[1:].tolist()
    assert found.freed_weights()["estimate"].tolist() == pytest.approx(plain, rel=1e-6)


def test_standard_errors_of_freed_weights_are_their_spread():
    freed = [blur(400, (-0.1, 0.8), noise=0.6, seed=k).freed_weights() for k in range(150)]
    spread = np.std([each["estimate"] for each in freed], axis=0, ddof=1)
    assert np.mean([each["se"] for each in freed], axis=0) == pytest.approx(spread, rel=0.2)
    covers = [each["lower"][0] <= -0.1 <= each["upper"][0] for each in freed]
    assert np.mean(covers) > 0.88


def test_what_reliability_does_not_tell_is_not_freed():
    survey, instrument = simulate(200, (-0.3, 0.6))
    single = compare_experience(survey, instrument=instrument, focus=FOCUS)
    assert isinstance(single.freed_weights(), NotAvailable)
