from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats.mstats import winsorize
from sklearn.preprocessing import PowerTransformer

from crmstudy.errors import DataError, ModelError, NotAvailable, SettingsError
from crmstudy.segmentation.criteria.outliers import report_outliers
from crmstudy.segmentation.criteria.transform import keep_complete, transform_features

REFERENCE = Path(__file__).parents[1] / "reference" / "migration" / "expected.csv"
COUNTS = [1, 1, 1, 2, 2, 3, 3, 4, 5, 7, 9, 14, 22, 40, 75]


def make_features(n: int = 200, seed: int = 0) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "days": 300 - draw.exponential(40.0, n),  # skewed to the left
            "height": draw.normal(170.0, 8.0, n),
            "revenue": draw.lognormal(4.0, 1.2, n),
        },
        index=pd.Index([f"c{i}" for i in range(n)], name="customer_id"),
    )


# ------------------------------------------------------------------ reference


def test_yeo_johnson_is_that_of_r_and_of_scikit_learn():
    expected = pd.read_csv(REFERENCE).query("table == 'yeo_johnson'").set_index("quantity")["value"]
    features = pd.DataFrame({"n": COUNTS})
    result = transform_features(features, log="yeo-johnson", standardise="none")
    assert result.steps.loc["n", "exponent"] == pytest.approx(expected["exponent"], abs=1e-5)
    frame = make_features()
    ours = transform_features(frame, log="yeo-johnson", standardise="none").values.to_numpy()
    theirs = PowerTransformer(standardize=False).fit_transform(frame)
    assert ours == pytest.approx(theirs, rel=1e-4)


@pytest.mark.parametrize("share", [0.01, 0.05, 0.1])
def test_winsorised_values_are_those_of_scipy(share):
    frame = make_features(137)
    result = transform_features(frame, log="none", winsorise=share, standardise="none")
    for name in frame:
        expected = winsorize(frame[name].to_numpy(), limits=(share, share))
        assert result.values[name].to_numpy() == pytest.approx(expected.data, rel=1e-12)
        assert result.steps.loc[name, "n_winsorised"] == 2 * int(share * 137)


# ------------------------------------------------------------------ laws


def test_skewed_features_are_logged_and_no_others():
    result = transform_features(make_features(), log="skewed")
    assert result.steps["logged"].to_dict() == {"days": False, "height": False, "revenue": True}
    assert result.steps.loc["days", "skewness_before"] < -1  # a logarithm would make it worse
    assert abs(result.steps.loc["revenue", "skewness_after"]) < 1
    assert result.log == "skewed"


def test_skewness_to_the_left_is_logged_where_that_helps():
    frame = make_features().assign(returns=lambda f: -f["revenue"])
    logged = transform_features(frame, log="skewed").steps["logged"]
    assert logged["returns"]  # a mirror of revenue, and treated as its mirror
    assert not logged["days"]


@pytest.mark.parametrize(("given", "rule"), [(True, "all"), (False, "none")])
def test_a_yes_or_no_is_still_understood(given, rule):
    frame = make_features()
    pd.testing.assert_frame_equal(
        transform_features(frame, log=given).values, transform_features(frame, log=rule).values
    )


@pytest.mark.parametrize("log", ["all", "skewed", "none", "yeo-johnson"])
@pytest.mark.parametrize("standardise", ["zscore", "robust", "none"])
@pytest.mark.parametrize("winsorise", [0.0, 0.05])
def test_steps_applied_again_give_the_same_values(log, standardise, winsorise):
    frame = make_features()
    result = transform_features(frame, log=log, standardise=standardise, winsorise=winsorise)
    pd.testing.assert_frame_equal(result.apply(frame), result.values)
    far = frame.head(1).assign(revenue=1e9)
    if winsorise:  # another customer beyond the bounds is moved to them
        assert result.apply(far)["revenue"].iloc[0] == result.values["revenue"].max()


def test_winsorising_first_or_taking_logarithms_first_is_the_same():
    frame = make_features()
    logged = transform_features(frame, log="all", standardise="none").values
    one = transform_features(logged, log="none", winsorise=0.05, standardise="none").values
    other = transform_features(frame, log="all", winsorise=0.05, standardise="none").values
    assert one.to_numpy() == pytest.approx(other.to_numpy(), rel=1e-12)


def test_one_outlier_moves_the_robust_scale_hardly_and_the_standard_deviation_much():
    frame = make_features()
    spoilt = frame.copy()
    spoilt.iloc[0, 1] = 1e6
    for standardise, limit in (("robust", 0.05), ("zscore", 1000)):
        before, after = (
            transform_features(data, log="none", standardise=standardise).steps.loc[
                "height", "scale"
            ]
            for data in (frame, spoilt)
        )
        moved = abs(after / before - 1)
        assert (moved < limit) == (standardise == "robust")


def test_order_of_customers_does_not_matter():
    frame = make_features()
    shuffled = frame.sample(frac=1, random_state=2)
    one = transform_features(frame, log="skewed", winsorise=0.01)
    other = transform_features(shuffled, log="skewed", winsorise=0.01)
    assert one.values.to_numpy() == pytest.approx(
        other.values.loc[frame.index].to_numpy(), abs=1e-12
    )


def test_table_says_what_was_done():
    table = transform_features(make_features(), log="skewed", winsorise=0.01).table()
    assert table.set_index("feature")["logged"].to_dict() == {
        "days": "no",
        "height": "no",
        "revenue": "sign(x) log(1 + |x|)",
    }
    assert (table["customers winsorised"] == 4).all()
    power = transform_features(make_features(), log="yeo-johnson").table()["logged"]
    assert power.str.match(r"Yeo-Johnson, exponent -?\d+\.\d\d").all()


# ------------------------------------------------------------------ outliers


def test_planted_outliers_are_found_and_few_others():
    # Recovery: 500 customers of one normal cloud, ten far away from it.
    draw = np.random.default_rng(3)
    cloud = draw.multivariate_normal([0, 0], [[1, 0.8], [0.8, 1]], 500)
    cloud[:10] = np.array([4.0, -4.0]) + draw.normal(
        0, 0.1, (10, 2)
    )  # inside of each margin's range
    frame = pd.DataFrame(cloud, columns=["a", "b"], index=[f"c{i}" for i in range(500)])
    value = pd.Series(1.0, frame.index)
    report = report_outliers(transform_features(frame, log="none"), value, seed=1)
    found = report.is_outlier()
    assert found.iloc[:10].all()
    assert found.iloc[10:].sum() <= 4
    row = report.counts.set_index("quantile").loc[0.999]
    assert row["n_customers"] == found.sum()
    assert row["share_value"] == pytest.approx(found.mean())
    normal = report.counts.set_index("quantile").loc[0.975]
    assert 0.02 + 0.01 <= normal["share_customers"] <= 0.02 + 0.05


def test_outliers_do_not_depend_on_the_order_of_customers():
    frame = make_features(300)
    shuffled = frame.sample(frac=1, random_state=5)
    one, other = (
        report_outliers(transform_features(data), data["revenue"], seed=1)
        for data in (frame, shuffled)
    )
    assert other.distances.loc[frame.index].to_numpy() == pytest.approx(
        one.distances.to_numpy(), rel=1e-9
    )
    assert one.distances.index.tolist() == frame.index.tolist()
    assert one.to_metrics() == pytest.approx(other.to_metrics(), rel=1e-9)


def test_one_dominating_outlier_is_named():
    frame = make_features(100)
    frame.iloc[7, 2] = 1e7
    raw = report_outliers(transform_features(frame, log="none"), frame["revenue"], seed=1)
    check = raw.checks[0]
    assert not check.passed
    assert check.name.endswith("(largest share of spread: revenue)")
    assert check.statistic > 0.98
    assert "take logarithms, winsorise" in check.consequence
    logged = report_outliers(transform_features(frame), frame["revenue"], seed=1)
    assert logged.checks[0].statistic < check.statistic
    # One of 100 brings nearly all: the top per cent of the customers is he.
    assert raw.top_share == pytest.approx(1e7 / frame["revenue"].sum())
    winsorised = transform_features(frame, log="none", winsorise=0.01)
    assert report_outliers(winsorised, frame["revenue"], seed=1).checks[0].passed


def test_influence_by_hand():
    # Values 0, 0, 0, 4: mean 1, squares 1, 1, 1, 9, of which 9 / 12 are one customer's.
    frame = pd.DataFrame({"x": [0.0, 0.0, 0.0, 4.0]})
    report = report_outliers(
        transform_features(frame, log="none", standardise="none"), pd.Series([1.0] * 4), seed=1
    )
    assert report.influence["largest_share"].tolist() == [0.75]
    assert report.influence["largest"].tolist() == pytest.approx([3 / 2])
    assert isinstance(report.distances, NotAvailable)


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (
            pd.DataFrame({"a": [1.0] * 11 + list(range(9)), "n_b": range(20)}),
            "more than half of them are equal in a",
        ),
        (pd.DataFrame({"a": range(20), "b": range(20)}).astype(float), "the closest half of them"),
        (pd.DataFrame({"a": range(4), "b": [3.0, 1, 4, 1]}), "need 10 customers, not 4"),
    ],
)
def test_distances_that_cannot_be_had_say_why(frame, reason):
    value = pd.Series(1.0, frame.index)
    transformed = transform_features(frame, log="none")
    report = report_outliers(transformed, value, seed=1)
    assert isinstance(report.distances, NotAvailable)
    assert reason in report.distances.reason
    assert report.is_outlier() == report.distances
    assert report.table()["customers beyond"].isna().all()
    assert set(report.to_metrics()) == {"n_customers", "top_share", "largest_influence"}


# ------------------------------------------------------------------ bad input


def test_refusals():
    frame = make_features(50)
    with pytest.raises(SettingsError, match=r"log = 'skewd': allowed are .*did you mean 'skewed'"):
        transform_features(frame, log="skewd")
    for share in (-0.1, 0.25, 0.6):
        with pytest.raises(SettingsError, match=r"winsorise = .*from 0 to below 0.25"):
            transform_features(frame, winsorise=share)
    with pytest.raises(SettingsError, match="standardise = 'z': allowed are zscore"):
        transform_features(frame, standardise="z")
    with pytest.raises(ModelError, match="all are equal in height"):
        transform_features(frame.assign(height=1.0))
    with pytest.raises(ModelError, match="need three complete customers, not 0"):
        transform_features(frame.assign(height=np.nan))
    few = frame.assign(height=[1.0] * 48 + [2.0, 3.0])
    with pytest.raises(ModelError, match=r"winsorising 5% on each side leaves all .* in height"):
        transform_features(few, winsorise=0.05)
    with pytest.raises(ModelError, match="half of the customers are equal in height"):
        transform_features(few, standardise="robust")
    with pytest.raises(DataError, match="features lack the column 'height'"):
        transform_features(frame).apply(frame.drop(columns="height"))
    with pytest.raises(DataError, match="'days' holds an infinite value"):
        keep_complete(frame.assign(days=np.inf), ["days"])


def test_missing_values_are_counted_and_absence_is_handed_on():
    frame = make_features(50)
    frame.iloc[:3, 0] = np.nan
    assert transform_features(frame).n_left_out == 3
    assert transform_features(NotAvailable("no purchases")) == NotAvailable("no purchases")


def test_no_share_is_given_of_a_value_that_is_not_positive():
    frame = make_features(60)
    report = report_outliers(transform_features(frame), pd.Series(-1.0, frame.index), seed=1)
    assert "not positive" in report.top_share.reason
    assert "top_share" not in report.to_metrics()
