from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from crmstudy.checks import Check
from crmstudy.errors import NotAvailable
from crmstudy.report.sentences.segmentation.networks import (
    read_map,
    read_networks,
    read_tree,
    word_leaves,
)
from crmstudy.segmentation.criteria.space import build_space
from crmstudy.segmentation.explain.layout import lay_out_customers
from crmstudy.segmentation.networks.next_value import LINE, MEAN, NETWORK, ForecastComparison
from crmstudy.segmentation.networks.reconstruction import ReconstructionResult
from crmstudy.segmentation.trees.value_tree import grow_tree

GONE = NotAvailable("the study has one period only")
HOLDS = Check("training ended", True, 1.0, "= 1", "rule", "the error is an upper limit")
FAILS = replace(HOLDS, passed=False)


def make_som(**changes):
    given = {
        "units": pd.DataFrame(index=range(12)),
        "n_customers": 900,
        "explained": 0.7,
        "explained_plane": 0.6,
        "topographic_error": 0.05,
        "quantisation_error": 1.25,
        "checks": (HOLDS,),
    }
    return SimpleNamespace(**{**given, **changes})


def make_reconstruction(lower: float, upper: float, check: Check = HOLDS) -> ReconstructionResult:
    row = {"components": 0.5, "network": 0.4, "lower": lower, "upper": upper}
    errors = pd.DataFrame([row], index=pd.Index([1], name="n_codes"))
    return ReconstructionResult(errors, (check,), 900, 6, 3, 2, "behavioural")


def make_forecasts(lower: float, upper: float, n_silent: int = 1) -> ForecastComparison:
    models = pd.DataFrame({"r2": {MEAN: 0.0, LINE: 0.5, NETWORK: 0.55}})
    rows = {MEAN: {"lower": 0.5, "upper": 0.6}, LINE: {"lower": lower, "upper": upper}}
    against = pd.DataFrame.from_dict(rows, orient="index")
    empty = pd.DataFrame()
    return ForecastComparison(
        models, against, pd.Series(), (HOLDS,), empty, 900, 0, n_silent, 5, "revenue", "behavioural"
    )


def make_tree(outcome_of) -> object:
    draw = np.random.default_rng(0)
    frame = pd.DataFrame({"visits": draw.integers(1, 9, 200), "spend": draw.normal(size=200)})
    frame["channel"] = np.where(draw.random(200) < 0.5, "web", "store")
    outcome = pd.Series(outcome_of(frame), name="revenue")
    return grow_tree(build_space(frame, name="x"), outcome, seed=1, originals=frame)


@pytest.mark.parametrize(
    ("lower", "upper", "said"),
    [
        (-0.2, -0.05, "with 1 code better than by as many principal components"),
        (0.05, 0.2, "with 1 code worse than by as many principal components"),
        (-0.1, 0.1, "no better and no worse than by as many principal components"),
    ],
)
def test_autoencoder_is_said_to_win_only_where_its_interval_does(lower, upper, said):
    assert said in read_networks(GONE, make_reconstruction(lower, upper), GONE)


@pytest.mark.parametrize(
    ("lower", "upper", "said", "advice"),
    [
        (0.01, 0.09, "better than linear regression", "finds curves or interactions"),
        (-0.09, -0.01, "worse than linear regression", "does not beat the straight line"),
        (-0.02, 0.02, "neither better nor worse than linear", "does not beat the straight line"),
    ],
)
def test_network_is_said_to_win_only_where_its_interval_does(lower, upper, said, advice):
    text = read_networks(GONE, GONE, make_forecasts(lower, upper))
    assert said in text
    assert advice in text
    assert "better than the mean of all (difference in R² from 0.500 to 0.600)" in text
    assert "900 customers (1 of them without any)" in text


def test_map_that_explains_no_more_is_said_so():
    assert "more than the plane" in read_networks(make_som(), GONE, GONE)
    said = read_networks(make_som(explained=0.5), GONE, GONE)
    assert "no more than the plane of two principal components (60.0%)" in said


def test_failed_checks_are_said_with_what_follows():
    said = read_networks(make_som(checks=(FAILS,)), make_reconstruction(-1, 1, FAILS), GONE)
    assert said.count("But training ended fails, so the error is an upper limit.") == 2


def test_what_is_absent_is_said_once_with_its_reason():
    said = read_networks(GONE, GONE, GONE)
    assert said == "Not available: the study has one period only."
    assert read_tree(GONE) is GONE
    assert read_map(GONE) is GONE
    assert word_leaves(GONE) is GONE


def test_tree_without_splits_says_that_nothing_foretells():
    draw = np.random.default_rng(7)
    tree = make_tree(lambda frame: draw.permutation(np.exp(draw.normal(3, 1, 200))))
    assert "No split of 200 customers foretells next period's revenue" in read_tree(tree)
    assert word_leaves(tree)["rule"].tolist() == ["all customers"]


def test_leaves_carry_rules_in_words_and_units():
    tree = make_tree(
        lambda frame: np.select([frame["visits"] > 4, frame["channel"] == "web"], [400, 50], 9)
    )
    rules = word_leaves(tree).set_index("segment")["rule"]
    assert rules.loc[1] == "visits > 4"
    assert {rules.loc[2], rules.loc[3]} <= {
        "visits ≤ 4 and channel is web",
        "visits ≤ 4 and channel is not web",
        "visits ≤ 4 and channel is store",
        "visits ≤ 4 and channel is not store",
    }
    said = read_tree(tree)
    assert "into 3 segments by 2 variables" in said
    assert "Segment 1 (visits > 4) holds" in said


def test_map_names_what_its_axes_go_with():
    draw = np.random.default_rng(0)
    long, short = draw.normal(size=(2, 90))
    frame = pd.DataFrame({"mean_basket": long, "n_lines": long + 0.1 * short, "visits": short})
    said = read_map(lay_out_customers(build_space(frame, name="x", log=False)))
    assert "the second with visits" in said
    assert "90 customers" in said
