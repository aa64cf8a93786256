"""Curvature, bands and the satisfied who are not loyal."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_ind

from crmstudy.errors import ModelError, NotAvailable
from crmstudy.loyalty.model.specify import Construct
from crmstudy.loyalty.moderation.bands import average_by_band, cut_bands, share_by_band
from crmstudy.loyalty.moderation.curvature import bend_loyalty, fit_square
from crmstudy.loyalty.moderation.defectors import find_defectors
from crmstudy.loyalty.moderation.scale_means import score_points
from crmstudy.shares import wilson_limits

ITEMS = [*(f"s{k}" for k in (1, 2, 3)), *(f"y{k}" for k in (1, 2, 3)), "price"]
SCALES = {item: {"minimum": 1.0, "maximum": 10.0} for item in ITEMS}
INSTRUMENT = {
    "constructs": {
        "satisfaction": {"label": "Satisfaction", "items": ITEMS[:3]},
        "loyalty": {"label": "Loyalty", "items": ITEMS[3:6]},
    },
    "focus": {"satisfaction": "satisfaction", "loyalty": "loyalty"},
    "moderators": {"price": {"label": "Price", "items": ["price"], "sign": "+"}},
}


def draw_curved(seed, n, *, squared):
    rng = np.random.default_rng(seed)
    s = rng.standard_normal(n)
    rest = np.sqrt(1 - 0.6**2 - 2 * squared**2)
    y = 0.6 * s + squared * (s**2 - 1) + rest * rng.standard_normal(n)
    return pd.DataFrame(
        {
            f"{name}{k}": 0.8 * score + 0.6 * rng.standard_normal(n)
            for name, score in (("s", s), ("y", y))
            for k in (1, 2, 3)
        }
    )


def answer(satisfaction, loyalty, price=5.0):
    """Make respondents whose items of a construct are all alike, in points of the scale."""
    columns = dict.fromkeys(ITEMS[:3], satisfaction) | dict.fromkeys(ITEMS[3:6], loyalty)
    return pd.DataFrame({**columns, "price": price}).astype(float)


@pytest.mark.parametrize("squared", [-0.15, 0.0])
def test_curvature_is_recovered_without_bias(squared):
    constructs = {
        "satisfaction": Construct("S", ["s1", "s2", "s3"]),
        "loyalty": Construct("L", ["y1", "y2", "y3"]),
    }
    found = [fit_square(draw_curved(k, 600, squared=squared), **constructs) for k in range(20)]
    effects = np.array([each.coefficients.values[1] for each in found])
    se = np.array([np.sqrt(each.coefficients.covariance[1, 1]) for each in found])
    assert abs(effects.mean() - squared) < 3 * effects.std() / np.sqrt(len(effects))
    assert (np.abs(effects - squared) < 1.96 * se).sum() >= 16


def test_a_study_that_does_not_name_its_constructs_is_refused():
    answers = answer([5, 6], [5, 6])
    with pytest.raises(ModelError, match="which construct is satisfaction"):
        bend_loyalty(answers, instrument={**INSTRUMENT, "focus": {}}, scales=SCALES)
    empty = answers * np.nan
    with pytest.raises(ModelError, match="0 respondents have a score"):
        bend_loyalty(empty, instrument=INSTRUMENT, scales=SCALES)


def test_bands_stand_where_the_square_cannot_be_estimated():
    answers = answer([2, 5, 5, 9] * 10, [3, 5, 6, 9] * 10)
    found = bend_loyalty(answers, instrument=INSTRUMENT, scales=SCALES)
    assert isinstance(found.squared, NotAvailable)
    assert isinstance(found.table(), NotAvailable)
    assert found.bands["n"].sum() == 40
    assert found.bands["mean"].is_monotonic_increasing
    assert found.to_metrics()["n_bands"] == len(found.bands)


def test_points_run_from_0_to_100_and_need_half_of_the_items():
    answers = pd.DataFrame(
        {"s1": [1.0, 10.0, 1.0, np.nan], "s2": [1, 10, np.nan, np.nan], "s3": [1, 10, 10, 4]}
    )
    points = score_points(answers, items=["s1", "s2", "s3"], scales=SCALES)
    assert points.tolist()[:3] == [0.0, 100.0, 50.0]
    assert np.isnan(points.iloc[3])
    with pytest.raises(ModelError, match="'s9'"):
        score_points(answers, items=["s9"], scales=SCALES)


def test_bands_hold_enough_respondents_and_all_of_them():
    scores = np.random.default_rng(0).beta(4, 2, 400) * 100
    edges = cut_bands(scores, least=25)
    bands = average_by_band(scores, scores, edges, level=0.95)
    assert (edges[0], edges[-1]) == (0.0, 100.0)
    assert bands["n"].sum() == 400
    assert bands["n"].min() >= 25
    assert ((bands["mean"] >= bands["from"]) & (bands["mean"] <= bands["to"])).all()
    assert cut_bands(np.array([50.0]), least=25).tolist() == [0.0, 100.0]
    assert cut_bands(np.array([100.0, 0.0]), least=1).tolist() == [0, 10, 100]


def test_share_in_a_band_has_wilsons_interval():
    # a score on an edge belongs to the band above
    scores, events = np.array([10.0, 20, 50, 90, 95]), np.array([True, False, True, True, False])
    bands = share_by_band(scores, events, np.array([0.0, 50, 100]), level=0.9)
    lower, upper = wilson_limits([1, 2], [2, 3], confidence=0.9)
    assert bands["share"].tolist() == [0.5, 2 / 3]
    assert bands["lower"].to_numpy() == pytest.approx(lower)
    assert bands["upper"].to_numpy() == pytest.approx(upper)


def find(answers, **changes):
    limits = {"satisfied_from": 75.0, "loyal_until": 50.0} | changes
    return find_defectors(answers, instrument=INSTRUMENT, scales=SCALES, **limits)


def test_four_groups_are_counted_at_the_limits():
    # 7.75 of 1..10 is 75 points exactly, 5.5 is 50 points exactly
    answers = answer([7.75, 7.75, 7.74, 7.74, 9.0], [5.5, 5.51, 5.5, 9.0, np.nan])
    found = find(answers)
    assert found.table().set_index("group")["n"].to_dict() == {
        "loyalists": 1,
        "satisfied defectors": 1,
        "hostages": 1,
        "defectors": 1,
    }
    assert found.n_dropped == 1
    assert found.share()["share"] == 0.5
    assert found.share(of="all")["share"] == 0.25
    assert found.table()["share"].sum() == pytest.approx(1.0)


def test_limits_moved_change_the_share_in_one_direction():
    rng = np.random.default_rng(1)
    found = find(answer(rng.uniform(1, 10, 200), rng.uniform(1, 10, 200)))
    table = found.sensitivity()
    assert len(table) == 9
    for _, rows in table.groupby("satisfied from"):
        assert rows.sort_values("not loyal up to")["share"].is_monotonic_increasing
    edge = find(answer([9.0] * 3, [2.0] * 3), satisfied_from=95.0).sensitivity()
    assert set(edge["satisfied from"]) == {85.0, 95.0}


def test_equal_weights_change_nothing_and_unequal_ones_widen_the_interval():
    answers = answer([9.0] * 40, [2.0] * 10 + [9.0] * 30)
    plain = find(answers).share()
    same = find(answers, weights=pd.Series(2.5, answers.index)).share()
    assert same == pytest.approx(plain)
    uneven = pd.Series([0.5, 1.5] * 20, answers.index)
    wide = find(answers, weights=uneven).share()
    assert wide["share"] == pytest.approx(0.25)
    assert wide["upper"] - wide["lower"] > plain["upper"] - plain["lower"]


def test_profile_is_welchs_comparison():
    rng = np.random.default_rng(2)
    loyalty = np.array([9.0] * 30 + [2.0] * 20)
    price = np.clip(6 + (loyalty > 5) + rng.standard_normal(50), 1, 10)
    row = find(answer([9.0] * 50, loyalty, price)).profile().iloc[0]
    points = (price - 1) / 9 * 100
    test = ttest_ind(points[loyalty < 5], points[loyalty > 5], equal_var=False)
    interval = test.confidence_interval(0.95)
    assert row["what"] == "Price"
    assert row["p value"] == pytest.approx(test.pvalue)
    assert (row["lower"], row["upper"]) == pytest.approx((interval.low, interval.high))
    assert row["difference"] < 0
    assert row["g"] < 0


def test_nobody_satisfied_or_nobody_gone_is_said():
    nobody = find(answer([2.0] * 5, [2.0] * 5))
    assert "nobody reaches 75 points" in nobody.share().reason
    assert isinstance(nobody.profile(), NotAvailable)
    none_gone = find(answer([9.0] * 5, [9.0] * 5))
    assert none_gone.share()["share"] == 0.0
    with pytest.raises(ModelError, match="no respondent"):
        find(answer([9.0], [np.nan]))
