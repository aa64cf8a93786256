import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import DataError, ModelError, NotAvailable, SettingsError
from crmstudy.segmentation.positioning.correspondence import analyse_correspondence
from crmstudy.segmentation.positioning.map_measures import compare_measures
from crmstudy.segmentation.positioning.perceptual import map_positions

LEVELS = ("tea", "coffee", "sweets", "spices")


def make_firm(n: int = 600, seed: int = 0, tilt: float = 1.0) -> tuple[pd.DataFrame, pd.Series]:
    """Three segments, each with a department of its own as far as ``tilt`` goes."""
    draw = np.random.default_rng(seed)
    segment = np.arange(n) % 3
    chances = np.ones((n, 4))
    chances[np.arange(n), segment] += 4 * tilt
    money = draw.gamma(chances, 10.0)
    index = pd.Index([f"c{i}" for i in range(n)], name="customer_id")
    labels = pd.Series(np.array(["a", "b", "c"])[segment], index=index)
    return pd.DataFrame(money, index=index, columns=list(LEVELS)), labels


def test_segments_lie_with_what_they_buy():
    spend, segments = make_firm()
    found = map_positions(spend, segments, seed=1, n_draws=40)
    points = found.points.set_index("name")
    for segment, own in zip("abc", LEVELS, strict=False):
        toward = points.loc[list(LEVELS), ["x", "y"]] @ points.loc[segment, ["x", "y"]].astype(
            float
        )
        assert toward.idxmax() == own
    assert found.difference.p_value == pytest.approx(1 / 200)
    assert all(check.passed for check in found.checks)
    assert found.share_shown == pytest.approx(1.0)


def test_the_map_is_the_analysis_of_the_sums():
    spend, segments = make_firm()
    found = map_positions(spend, segments, seed=1, n_draws=5)
    table = spend.groupby(segments).sum().T
    whole = analyse_correspondence(table, counts=False)
    assert found.analysis.total_inertia == pytest.approx(whole.total_inertia)
    assert found.points.set_index("name").loc[list("abc"), "x"].to_numpy() == pytest.approx(
        whole.columns.principal[1].to_numpy()
    )


def test_without_a_difference_the_test_keeps_its_level():
    p = []
    for seed in range(30):
        spend, segments = make_firm(120, seed=seed, tilt=0.0)
        p.append(map_positions(spend, segments, seed=seed, n_draws=2).difference.p_value)
    assert 0.25 < np.mean(p) < 0.75  # uniform: mean 1/2, standard error .05
    assert sum(value <= 0.05 for value in p) <= 5


def test_ellipses_have_the_size_of_sampling_error():
    # independent samples laid onto the axes of one scatter as its ellipse says
    spend, segments = make_firm(300)
    first = map_positions(spend, segments, seed=1, n_draws=400)
    axes = first.analysis.rows.standard
    places = []
    for seed in range(1, 301):
        spend, segments = make_firm(300, seed=seed)
        bought = spend[segments == "a"].sum()
        places.append((bought / bought.sum()) @ axes.loc[list(LEVELS)])
    said = first.points.set_index("name").loc["a", ["variance_x", "variance_y"]].to_numpy(float)
    assert np.var(places, axis=0, ddof=1)[:2] == pytest.approx(said, rel=0.35)


def test_order_of_customers_and_unit_change_nothing():
    spend, segments = make_firm(200)
    one = map_positions(spend, segments, seed=4, n_draws=20)
    mixed = segments.sample(frac=1.0, random_state=1)
    other = map_positions(spend.sample(frac=1.0, random_state=2), mixed, seed=4, n_draws=20)
    pd.testing.assert_frame_equal(one.points, other.points)
    assert one.difference == other.difference
    cents = map_positions(spend * 100, segments, seed=4, n_draws=20)
    pd.testing.assert_frame_equal(one.points, cents.points)


def test_two_segments_give_one_dimension():
    spend, segments = make_firm(300)
    found = map_positions(spend, segments[segments != "c"], seed=0, n_draws=30)
    assert found.n_shown == 1
    assert (found.points[["y", "variance_y"]] == 0).to_numpy().all()
    assert "dimension 2" not in found.table()
    assert found.share_shown == pytest.approx(1.0)


def test_rare_departments_are_joined_and_unknown_money_left_out():
    spend, segments = make_firm(300)
    spend["rare"] = 0.0
    spend.iloc[:20, spend.columns.get_loc("rare")] = 5.0
    spend["other"] = 1.0
    spend["unknown"] = 9.0
    found = map_positions(spend, segments, seed=0, n_draws=5)
    assert found.left_out.to_dict("records") == [
        {"level": "rare", "buyers": 20, "treatment": "joined in 'other'"},
        {"level": "unknown", "buyers": 300, "treatment": "left out"},
    ]
    assert set(found.points["name"]) == {*LEVELS, "other", *"abc"}
    total = spend[[*LEVELS, "rare", "other"]].to_numpy().sum()
    assert found.analysis.total == pytest.approx(total)
    alone = map_positions(spend.drop(columns="other"), segments, seed=0, n_draws=5)
    assert alone.left_out["treatment"].iloc[0] == "left out: too few buyers"


def test_returns_that_exceed_purchases_are_said():
    spend, segments = make_firm(300)
    spend.loc[segments == "a", "spices"] *= -1.0
    found = map_positions(spend, segments, seed=0, n_draws=5)
    assert "counted as 0" in found.left_out["treatment"].iloc[0]
    assert found.left_out["treatment"].iloc[0].endswith("in a")
    sums = spend.groupby(segments).sum().clip(lower=0.0)
    assert found.analysis.total == pytest.approx(sums.to_numpy().sum())


def test_a_segment_of_few_customers_has_no_ellipse():
    spend, segments = make_firm(300)
    segments = segments.copy()
    segments.iloc[:4] = "tiny"
    found = map_positions(spend, segments, seed=0, n_draws=30)
    tiny = found.points.set_index("name").loc["tiny"]
    assert tiny["n"] == 4
    assert np.isnan(tiny["variance_x"])
    assert np.isfinite(found.points.loc[found.points["name"] != "tiny", "variance_x"]).all()


@pytest.mark.parametrize("measure", ["revenue", "buyers", "shares"])
def test_measures(measure):
    spend, segments = make_firm(300)
    spend = spend.where(spend > 8, 0.0)
    total = map_positions(spend, segments, seed=0, n_draws=3, measure=measure).analysis.total
    whole = {"revenue": spend.to_numpy().sum(), "buyers": (spend > 0).to_numpy().sum()}
    assert total == pytest.approx(whole.get(measure, (spend.sum(axis=1) > 0).sum()))


def test_refusals():
    spend, segments = make_firm(200)
    with pytest.raises(SettingsError, match=r"measure = 'revenues'; did you mean 'revenue'\?"):
        map_positions(spend, segments, seed=0, measure="revenues")
    with pytest.raises(ModelError, match="two segments; there is 1"):
        map_positions(spend, segments.map(lambda _: "a"), seed=0)
    with pytest.raises(ModelError, match="two departments with 30 buyers; found: 1"):
        map_positions(spend[["tea"]], segments, seed=0)
    with pytest.raises(ModelError, match="no customer has a segment"):
        map_positions(spend, segments.rename(lambda name: f"{name}?"), seed=0)
    with pytest.raises(DataError, match="has two segments"):
        map_positions(spend, pd.concat([segments, segments.head(1)]), seed=0)
    assert isinstance(map_positions(NotAvailable("no products"), segments, seed=0), NotAvailable)


def test_measures_are_compared():
    spend, segments = make_firm(300)
    table = compare_measures(spend, segments, seed=0, n_draws=5)
    assert table["cells hold"].tolist() == ["revenue", "buyers", "shares"]
    # everybody buys everywhere, so that buyers give no map
    assert table["note"].iloc[1].startswith("not available: all rows have the same profile")
    assert np.isnan(table["p-value"].iloc[1])
    alone = map_positions(spend, segments, seed=0, measure="shares", n_draws=5)
    assert table["p-value"].iloc[2] == alone.difference.p_value
    assert table["total inertia"].iloc[2] == alone.analysis.total_inertia
