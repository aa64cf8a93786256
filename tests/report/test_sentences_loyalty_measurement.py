"""What is said of measurement is true of any survey."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from crmstudy.checks import Hypothesis
from crmstudy.errors import NotAvailable
from crmstudy.loyalty.estimation.estimate import fit_sem
from crmstudy.loyalty.measurement.common_factor import NONE_SEEN
from crmstudy.loyalty.measurement.common_method import check_common_method
from crmstudy.loyalty.measurement.discriminant import tell_apart
from crmstudy.loyalty.measurement.exploration import explore_constructs
from crmstudy.loyalty.measurement.htmt import measure_htmt
from crmstudy.loyalty.measurement.items import examine_items
from crmstudy.loyalty.measurement.reliability import assess_reliability
from crmstudy.loyalty.model.specify import Construct, StructuralModel
from crmstudy.report.sentences.loyalty.measurement import (
    read_common_method,
    read_discrimination,
    read_exploration,
    read_measurement,
    read_reliability,
)

GONE = NotAvailable("the study has no survey")
A = Construct("a", ("a1", "a2", "a3"), "Trust")
B = Construct("b", ("b1", "b2", "b3"), "Value for money")
MODEL = StructuralModel((A, B), (), "two")


def draw_survey(n=300, *, correlation=0.4, seed=1):
    rng = np.random.default_rng(seed)
    scores = rng.multivariate_normal([0, 0], [[1, correlation], [correlation, 1]], n)
    columns = {}
    for place, construct in enumerate((A, B)):
        for item, loading in zip(construct.items, (0.8, 0.8, 0.8), strict=True):
            noise = rng.standard_normal(n) * np.sqrt(1 - loading**2)
            columns[item] = loading * scores[:, place] + noise
    return pd.DataFrame(columns)


@pytest.fixture(scope="module")
def survey():
    return draw_survey()


@pytest.fixture(scope="module")
def result(survey):
    return fit_sem(survey, model=MODEL)


@pytest.fixture(scope="module")
def ratios(survey):
    return measure_htmt(survey, constructs=(A, B), seed=1, n_draws=200)


def test_the_basis_is_named(result):
    assert "A model of 2 constructs that may all covary is admissible" in read_measurement(
        result, GONE
    )
    alone = fit_sem(draw_survey(), model=StructuralModel((A,), ()))
    assert "A model of 1 construct by itself is admissible" in read_measurement(alone, GONE)
    broken = replace(result, checks=(replace(result.checks[0], passed=False),))
    said = read_measurement(broken, result)
    assert f"is not admissible: '{broken.checks[0].name}' fails. The structural" in said
    assert "The structural model is, because its paths restrict" in said
    assert "No loading and no correlation of constructs is shown" in read_measurement(broken, GONE)
    assert read_measurement(GONE, result) == "Not available: the study has no survey."


def test_reliability_names_what_is_low(survey, result):
    items = examine_items(survey, constructs=(A, B))
    said = read_reliability(assess_reliability(result), items)
    assert "Alpha is 0.70 or more for every construct" in said
    assert "No item stands out from its scale." in said
    noise = np.random.default_rng(3).standard_normal((300, 2))
    poor = survey.assign(a2=noise[:, 0], a3=0.1 * survey["a1"] + noise[:, 1])
    fitted = fit_sem(poor, model=StructuralModel((A, B), ()))
    doubted = examine_items(poor, constructs=(A, B))
    said = read_reliability(assess_reliability(fitted), doubted)
    assert "Alpha is below 0.70 for Trust" in said
    assert "Of 6 items in scales of several, 3 stand out from their scales (a1, a2 and a3)" in said
    one = examine_items(survey.assign(a3=noise[:, 0]), constructs=(A, B))
    assert "Of 6 items in scales of several, 1 stands out from its scale (a3)" in read_reliability(
        GONE, one
    )


def test_reliability_says_that_alpha_may_be_low(result):
    found = assess_reliability(result)
    wide = found.constructs.assign(**{"alpha lower": [0.6, 0.8]})
    said = read_reliability(replace(found, constructs=wide), GONE)
    assert "The interval of alpha begins below 0.70 for Trust." in said


def test_reliability_of_single_items(survey):
    single = StructuralModel((Construct("d", ("a1",)), Construct("e", ("b1",), "Echo")), ())
    said = read_reliability(assess_reliability(fit_sem(survey, model=single)), GONE)
    assert "No construct has several items" in said
    assert "One item, so that reliability cannot be estimated: d; Echo." in said


def test_constructs_told_apart(result, ratios):
    said = read_discrimination(tell_apart(result), ratios)
    assert "Fornell and Larcker's criterion is met" in said
    assert "The constructs most alike are Trust and Value for money" in said
    assert "no pair of constructs is a problem" in said
    assert "The only pair stays below .85." in said
    assert "No interval reaches 1." in said


def test_constructs_not_told_apart():
    answers = draw_survey(150, correlation=0.99, seed=2)
    fitted = fit_sem(answers, model=MODEL)
    ratios = measure_htmt(answers, constructs=(A, B), seed=1, n_draws=200)
    said = read_discrimination(tell_apart(fitted), ratios)
    assert "Of 1 pair, 1 reaches .90 and none lies between .85 and .90." in said
    assert "The interval of one pair does not exclude 1: the two may be one." in said
    if fitted.admissible:
        assert "is not met: Trust and Value for money do not share" in said


def test_ratios_without_intervals(ratios, result):
    bare = ratios.pairs.assign(**{"htmt lower": np.nan, "htmt upper": np.nan})
    said = read_discrimination(GONE, replace(ratios, pairs=bare))
    assert said.startswith("Not available: the study has no survey. HTMT is largest for Trust")
    assert "interval" not in said
    none = ratios.pairs.assign(htmt=np.nan)
    said = read_discrimination(GONE, replace(ratios, pairs=none, notes=("ratios of Trust: none",)))
    assert said.endswith("Ratios of Trust: none.")


def test_exploration_counts(survey):
    said = read_exploration(explore_constructs(survey, constructs=(A, B), seed=1))
    assert "suggests 2 factors, as many as the 2 constructs" in said
    assert "none of 6 items has its largest loading on another" in said
    assert "2 of 2 factors resemble their constructs" in said
    mixed = (Construct("a", ("b1", "a2", "a3")), Construct("b", ("a1", "b2", "b3")))
    said = read_exploration(explore_constructs(survey, constructs=mixed, seed=1))
    assert (
        "2 of 6 items have their largest loading on another construct's factor (b1 and a1)" in said
    )
    said = read_exploration(explore_constructs(survey, constructs=(A,), seed=1))
    assert "suggests 1 factor, as many as the 1 construct" in said
    assert "1 of 1 factor resembles its construct" in said
    assert read_exploration(GONE) is GONE


def test_common_method(result):
    found = check_common_method(result)
    said = read_common_method(found)
    assert "One factor in place of the constructs fits worse" in said
    assert said.endswith("does not show that there is none.")
    same = replace(found, one_factor=Hypothesis("", 0.1, 0.75, "chi2(1)"), first_component=0.5)
    said = read_common_method(same)
    assert "50.0% of the items' variance, half or more" in said
    assert "fits no worse" in said
    unseen = replace(found, common=NotAvailable(NONE_SEEN))
    assert "A common factor with equal loadings would need a negative" in read_common_method(unseen)
    twice = replace(found, one_factor=GONE, common=GONE)
    assert read_common_method(twice).count("the study has no survey") == 1
    lost = replace(found, common=NotAvailable("the model with a common factor is inadmissible"))
    assert "equal loadings is not available: the model with" in read_common_method(lost)
    assert read_common_method(GONE) is GONE
