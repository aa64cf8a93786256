from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmstudy.collection.fieldwork.raking import trim_weights
from crmstudy.collection.fieldwork.weighted import estimate_means
from crmstudy.collection.fieldwork.weighting import (
    attach_levels,
    frame_cells,
    frame_margins,
    poststratify,
    rake,
)
from crmstudy.errors import DataError, ModelError, NotAvailable, SettingsError

REFERENCE = Path(__file__).parents[1] / "reference" / "weighting"
SAMPLE = pd.read_csv(REFERENCE / "sample.csv")
EXPECTED = pd.read_csv(REFERENCE / "expected.csv").set_index(["case", "quantity"])["value"]
REGION = {"east": 0.4, "north": 0.35, "west": 0.25}
SEX = {"f": 0.5, "m": 0.5}
MARGINS = {"region": REGION, "sex": SEX}
CELLS = pd.Series(
    [0.22, 0.15, 0.12, 0.18, 0.20, 0.13],
    index=pd.MultiIndex.from_product([["f", "m"], list(REGION)]).swaplevel(),
)
SHOWN = [1, 2, 3, 10, 50, 160]


def weigh(case: str, **settings):
    if case == "one":
        return poststratify(SAMPLE, REGION, by=["region"], **settings)
    if case == "crossed":
        return poststratify(SAMPLE, CELLS, by=["region", "sex"], **settings)
    return rake(SAMPLE, MARGINS, tolerance=1e-14, **settings)


@pytest.mark.parametrize("case", ["one", "crossed", "raked", "ipf"])
def test_weights_are_those_of_survey(case):
    found = weigh(case).weights
    for place in SHOWN:
        assert found.iloc[place - 1] == pytest.approx(EXPECTED[case, f"weight_{place}"], rel=1e-9)


@pytest.mark.parametrize("case", ["one", "crossed", "raked"])
@pytest.mark.parametrize("variable", ["satisfaction", "spend"])
def test_means_and_errors_are_those_of_survey(case, variable):
    weights = weigh(case)
    row = estimate_means(SAMPLE, weights, columns=[variable]).iloc[0]
    assert row["mean"] == pytest.approx(EXPECTED[case, f"{variable}_mean"], rel=1e-9)
    assert row["standard_error"] == pytest.approx(EXPECTED[case, f"{variable}_se"], rel=1e-8)
    fixed = EXPECTED[case, f"{variable}_se_fixed"]
    assert row["standard_error_fixed"] == pytest.approx(fixed, rel=1e-9)
    assert weights.design_effect == pytest.approx(EXPECTED[case, "kish"], rel=1e-10)
    assert row["n"] == SAMPLE[variable].notna().sum()
    assert row["shift"] == pytest.approx(row["mean"] - SAMPLE[variable].mean())


def test_trimming_is_that_of_survey():
    found = weigh("raked", trim=1.3)
    for place in SHOWN:
        expected = EXPECTED["trimmed", f"weight_{place}"]
        assert found.weights.iloc[place - 1] == pytest.approx(expected, rel=1e-8)
    assert found.weights.max() <= 1.3 + 1e-12
    assert found.weights.min() >= 1 / 1.3 - 1e-12
    assert found.weights.mean() == pytest.approx(1)
    assert found.trimmed > 0
    assert found.largest_gap > 0
    assert not found.checks[0].passed
    assert found.design_effect < weigh("raked").design_effect
    assert weigh("raked", trim=50).trimmed == 0


def test_kish_1965():
    # Half of the respondents weigh three times as much: 1 + cv^2 = 1.25.
    sample = pd.DataFrame({"g": ["a"] * 50 + ["b"] * 50})
    found = poststratify(sample, {"a": 0.25, "b": 0.75}, by=["g"])
    assert found.design_effect == pytest.approx(1.25)
    assert found.effective_n == pytest.approx(80)


shares = st.lists(st.integers(1, 9), min_size=2, max_size=4)


@settings(max_examples=30)
@given(st.integers(0, 10_000), shares, shares)
def test_margins_are_met_and_order_does_not_matter(seed, first, second):
    rng = np.random.default_rng(seed)
    n = 60
    sample = pd.DataFrame(
        {"a": rng.integers(0, len(first), n), "b": rng.integers(0, len(second), n)}
    )
    crossed = pd.MultiIndex.from_product([range(len(first)), range(len(second))], names=["a", "b"])
    sample = pd.concat([crossed.to_frame(index=False), sample], ignore_index=True)
    population = {
        name: {str(i): v / sum(part) for i, v in enumerate(part)}
        for name, part in (("a", first), ("b", second))
    }
    found = rake(sample, population)
    assert found.converged
    assert found.largest_gap < 1e-9
    assert found.weights.mean() == pytest.approx(1)
    assert (found.weights > 0).all()
    for name, part in population.items():
        weighted = found.weights.groupby(sample[name].astype("str")).sum() / len(sample)
        assert weighted.to_dict() == pytest.approx(part, abs=1e-9)
    turned = rake(sample.iloc[::-1], population, by=["b", "a"], tolerance=1e-13)
    assert turned.weights.sort_index().to_numpy() == pytest.approx(
        found.weights.to_numpy(), abs=1e-6
    )
    # One margin alone is post-stratification.
    one = rake(sample, population, by=["a"])
    assert one.weights.to_numpy() == pytest.approx(
        poststratify(sample, population["a"], by=["a"]).weights.to_numpy()
    )
    assert one.iterations == 1


def test_a_population_like_the_sample_gives_weights_of_one():
    by = ["region", "sex"]
    cells = poststratify(SAMPLE, frame_cells(SAMPLE, by=by), by=by)
    margins = rake(SAMPLE, frame_margins(SAMPLE, by=by))
    for found in (cells, margins):
        assert found.weights.to_numpy() == pytest.approx(np.ones(len(SAMPLE)), abs=1e-9)
        assert found.design_effect == pytest.approx(1)
        assert all(check.passed for check in found.checks)
        row = estimate_means(SAMPLE, found, columns=["spend"]).iloc[0]
        assert row["mean"] == pytest.approx(SAMPLE["spend"].mean())
        plain = SAMPLE["spend"].std() / np.sqrt(len(SAMPLE))
        assert row["standard_error_fixed"] == pytest.approx(plain)
        assert row["standard_error"] < plain  # the margins explain part of it


def test_weights_take_away_the_bias_of_who_answers():
    rng = np.random.default_rng(1)
    hits, weighted, plain = 0, [], []
    for _ in range(100):
        region = rng.choice(["e", "w"], 400, p=[0.8, 0.2])  # 50 : 50 in truth
        y = rng.normal(5 + 2 * (region == "w"), 1)
        sample = pd.DataFrame({"region": region, "y": y})
        weights = poststratify(sample, {"e": 0.5, "w": 0.5}, by=["region"])
        row = estimate_means(sample, weights, columns=["y"]).iloc[0]
        hits += row["lower"] <= 6 <= row["upper"]
        weighted.append(row["mean"])
        plain.append(row["unweighted_mean"])
    assert np.mean(weighted) == pytest.approx(6, abs=0.03)
    assert np.mean(plain) == pytest.approx(5.4, abs=0.03)
    assert 0.90 <= hits / 100 <= 0.99


def test_raking_says_when_it_did_not_converge():
    # A structural zero: both margins cannot be met.
    sample = pd.DataFrame({"a": ["x", "y", "y"], "b": ["u", "v", "v"]})
    found = rake(sample, {"a": {"x": 0.5, "y": 0.5}, "b": {"u": 0.2, "v": 0.8}}, max_iterations=20)
    assert not found.converged
    assert found.iterations == 20
    assert found.largest_gap == pytest.approx(0.3)
    assert not found.checks[0].passed


def test_respondents_without_a_level_get_no_weight():
    sample = SAMPLE.assign(region=SAMPLE["region"].where(SAMPLE.index >= 7))
    found = poststratify(sample, REGION, by=["region"])
    assert found.n_left_out == 7
    assert found.weights.index.tolist() == list(range(7, 160))
    assert found.weights.mean() == pytest.approx(1)
    row = estimate_means(sample, found, columns=["spend"]).iloc[0]
    assert row["n"] == 153
    gone = sample.assign(y=np.nan)
    empty = estimate_means(gone, found, columns=["y"]).iloc[0]
    assert np.isnan(empty["mean"])
    assert empty["note"] == "0 answers: nothing to estimate"


def test_levels_come_through_the_customers():
    customers = pd.DataFrame({"customer_id": ["C1", "C2", "C3"], "level": [1.0, 2.0, 2.0]})
    survey = pd.DataFrame({"customer_id": ["C2", "C1", None], "x": [1, 2, 3]})
    before = survey.copy()
    linked = attach_levels(survey, customers, by=["level"])
    assert linked["level"].tolist()[:2] == [2.0, 1.0]
    assert survey.equals(before)
    found = poststratify(linked, frame_cells(customers, by=["level"]), by=["level"])
    assert found.n_left_out == 1
    # Whole numbers are named without decimals, as study.yml writes them.
    assert found.margins["level"].tolist() == ["1", "2"]
    assert found.weights.tolist() == pytest.approx([4 / 3, 2 / 3])


@given(st.lists(st.floats(0.01, 20), min_size=2, max_size=30), st.floats(1.05, 6))
def test_trimmed_weights_keep_their_sum_and_their_order(raw, largest):
    weights = np.array(raw) / np.mean(raw)
    try:
        found = trim_weights(weights, largest=largest)
    except ModelError:
        return  # every weight is outside, see below
    assert found.sum() == pytest.approx(weights.sum(), rel=1e-9)
    assert (np.diff(found[np.argsort(weights)]) >= -1e-9).all()
    assert found.max() <= largest + 1e-9
    assert found.min() >= 1 / largest - 1e-9


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda s: poststratify(s, REGION | {"east": 0.3, "south": 0.1}, by=["region"]),
            ModelError,
            r"no respondent in 'south' \(10.0%\) of the population; merge it .* or do not weight",
        ),
        (
            lambda s: poststratify(
                s[(s["region"] != "north") | (s["sex"] != "f")], CELLS, by=["region", "sex"]
            ),
            ModelError,
            r"'north × f' \(15.0%\).* or rake the variables instead",
        ),
        (
            lambda s: rake(s.replace("west", "West"), MARGINS),
            ModelError,
            "no respondent in 'west'",
        ),
        (
            lambda s: rake(s, {"sex": {"f": 1.0}}),
            ModelError,
            "the population gives no share for 'm'",
        ),
        (lambda s: rake(s, MARGINS, by=["regoin"]), SettingsError, "did you mean 'region'"),
        (lambda s: rake(s, {}), SettingsError, "one variable or more"),
        (lambda s: rake(s, MARGINS, tolerance=0), SettingsError, "must be above 0"),
        (lambda s: rake(s, MARGINS, trim=0.9), SettingsError, "must be above 1"),
        (
            lambda s: rake(s, {"sex": {"f": 0.1, "m": 0.9}}, trim=1.01),
            ModelError,
            "every weight lies outside 1/1.01 to 1.01; take a larger one",
        ),
        (lambda s: rake(s.drop(columns="sex"), MARGINS), DataError, "survey has no column 'sex'"),
        (lambda s: poststratify(s, REGION, by=[]), SettingsError, "one variable or more"),
        (
            lambda s: poststratify(s, {"east": 0.5, "west": 0.2}, by=["region"]),
            SettingsError,
            "add up to 0.7",
        ),
        (
            lambda s: poststratify(s, {"east": 0.5, "west": -0.5}, by=["region"]),
            SettingsError,
            "above 0",
        ),
        (
            lambda s: rake(s.assign(sex=None), {"sex": SEX}),
            ModelError,
            "no row of survey has a level of sex",
        ),
        (
            lambda s: estimate_means(s, weigh("one"), columns=["region"]),
            DataError,
            "'region' is str, not a number",
        ),
    ],
)
def test_what_cannot_be_weighted_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call(SAMPLE)


def test_absence_passes_through():
    absent = NotAvailable("the study has no table survey")
    assert rake(absent, MARGINS) is absent
    assert poststratify(absent, REGION, by=["region"]) is absent
    assert estimate_means(SAMPLE, absent, columns=["spend"]) is absent
