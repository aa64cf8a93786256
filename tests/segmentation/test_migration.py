from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmstudy.checks import Hypothesis
from crmstudy.errors import DataError, ModelError, NotAvailable, SettingsError
from crmstudy.segmentation.criteria.transform import transform_features
from crmstudy.segmentation.rfm.cutpoints import give_cuts
from crmstudy.segmentation.rfm.journey import assign_by_centres, follow_rfm, follow_segments
from crmstudy.segmentation.rfm.migration import Migration, migrate_segments
from crmstudy.segmentation.rfm.periods import Window, plan_windows, read_windows, require_equal
from crmstudy.segmentation.rfm.square import (
    compare_directions,
    compare_margins,
    compare_origins,
    cramers_v,
)
from crmstudy.shares import wilson_limits

REFERENCE = Path(__file__).parents[1] / "reference" / "migration" / "expected.csv"
TABLES = {
    "vision": [
        [1520, 266, 124, 66],
        [234, 1512, 432, 78],
        [117, 362, 1772, 205],
        [36, 82, 179, 492],
    ],
    "moves": [
        [40, 9, 3, 0, 1],
        [12, 31, 8, 2, 2],
        [5, 11, 22, 7, 4],
        [1, 3, 6, 18, 9],
        [0, 2, 1, 14, 27],
    ],
}


def worth(labels: pd.Series, amounts: dict[str, float]) -> pd.Series:
    return labels.map(amounts).astype(float)


def migrate(before: dict, after: dict, **how: object) -> Migration:
    first, second = (pd.Series(labels, dtype="str") for labels in (before, after))
    amounts = {"good": 100.0, "fair": 40.0, "poor": 10.0}
    return migrate_segments(
        first,
        second,
        value_before=worth(first, amounts),
        value_after=worth(second, amounts),
        **how,
    )


BEFORE = {"a": "good", "b": "good", "c": "fair", "d": "fair", "e": "poor", "f": "poor"}
AFTER = {"a": "good", "b": "poor", "c": "fair", "d": "good", "e": "poor", "g": "poor"}


def features(n: int, seed: int) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "days_since_last_purchase": draw.integers(0, 180, n),
            "n_purchases": draw.geometric(0.2, n),
            "revenue": draw.gamma(2.0, 100.0, n),
        },
        index=pd.Index([f"c{i}" for i in range(n)], name="customer_id"),
    )


# ------------------------------------------------------------------ published and reference


@pytest.mark.parametrize("name", TABLES)
def test_square_tables_are_those_of_r(name):
    counts = pd.DataFrame(TABLES[name])
    expected = pd.read_csv(REFERENCE).query("table == @name").set_index("quantity")["value"]
    for quantity, test in (
        ("bowker", compare_directions(counts)),
        ("stuart_maxwell", compare_margins(counts)),
    ):
        assert test.statistic == pytest.approx(expected[quantity], rel=1e-9)
        assert test.p_value == pytest.approx(expected[f"{quantity}_p"], rel=1e-9)
        assert test.distribution == f"chi2({expected[f'{quantity}_df']:.0f})"
    origins = compare_origins(counts)
    assert origins.statistic == pytest.approx(expected["pearson"], rel=1e-9)
    assert origins.distribution == f"chi2({expected['pearson_df']:.0f})"
    assert cramers_v(counts) == pytest.approx(expected["cramers_v"], rel=1e-9)


def test_vision_of_7477_women_as_published():
    """Stuart (1955), as the documentation of R's coin quotes it: Q = 11.96."""
    counts = pd.DataFrame(TABLES["vision"])
    assert counts.to_numpy().sum() == 7477
    assert compare_margins(counts).statistic == pytest.approx(11.96, abs=0.005)


def test_a_category_without_moves_as_published():
    """Output of Uebersax's program MH 1.2: Stuart-Maxwell .667, nonconservative df 1, p .414."""
    counts = pd.DataFrame([[30, 0, 0], [0, 10, 2], [0, 4, 8]])
    for test in (compare_margins(counts), compare_directions(counts)):
        assert test.statistic == pytest.approx(0.667, abs=0.0005)
        assert test.p_value == pytest.approx(0.414, abs=0.0005)
        assert test.distribution == "chi2(1)"


# ------------------------------------------------------------------ by hand


def test_moves_counted_by_hand():
    moved = migrate(BEFORE, AFTER)
    assert moved.order == ("good", "fair", "poor")
    assert moved.counts.loc["good"].tolist() == [1, 0, 1, 0]
    assert moved.counts.loc["fair"].tolist() == [1, 1, 0, 0]
    assert moved.counts.loc["poor"].tolist() == [0, 0, 1, 1]
    assert moved.counts.loc["new"].tolist() == [0, 0, 1, 0]
    assert moved.counts.columns.tolist() == ["good", "fair", "poor", "no purchase"]
    counts = moved.movement["n_customers"]
    assert counts.to_dict() == {"stayed": 3, "up": 1, "down": 1, "no purchase": 1, "new": 1}
    assert (moved.n_before, moved.n_after) == (6, 6)
    values = moved.movement[["value_before", "value_after"]].sum().tolist()
    assert values == [300.0, 100 + 10 + 40 + 100 + 10 + 10]
    assert moved.movement.loc["down", ["value_before", "value_after"]].tolist() == [100.0, 10.0]


def test_shares_carry_wilsons_limits():
    moved = migrate(BEFORE, AFTER)
    flow = moved.flows.set_index(["origin", "target"]).loc[("good", "poor")]
    lower, upper = wilson_limits(1, 2)
    assert flow["share_origin"] == 0.5
    assert (flow["lower"], flow["upper"]) == (float(lower), float(upper))
    stayed = moved.movement.loc["stayed"]
    assert stayed["share_customers"] == 3 / 6
    assert stayed["lower"] == float(wilson_limits(3, 6)[0])
    assert moved.movement.loc["new", "share_customers"] == 1 / 6
    more = migrate(BEFORE, AFTER | {"h": "good", "i": "good"}).movement["share_customers"]
    assert more["new"] == 3 / 8  # of the second period; all others of the first
    assert more["stayed"] == 3 / 6


# ------------------------------------------------------------------ laws


@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.sampled_from("xyz"), st.sampled_from("xyz")), min_size=1
    )
)
def test_nobody_is_lost_or_counted_twice(rows):
    before = pd.Series({f"a{i}": b for i, b, _ in rows}, dtype="str")
    after = pd.Series({f"a{i + 3}": c for i, _, c in rows}, dtype="str")
    one = pd.Series(1.0, index=before.index.union(after.index))
    moved = migrate_segments(before, after, value_before=one, value_after=one)
    assert moved.counts.to_numpy().sum() == len(before.index.union(after.index))
    assert moved.n_before == len(before)
    assert moved.n_after == len(after)
    assert moved.counts.loc["new", "no purchase"] == 0
    assert moved.flows["n_customers"].sum() == moved.counts.to_numpy().sum()
    assert moved.movement["value_before"].sum() == len(before)
    assert moved.movement["value_after"].sum() == len(after)
    shares = moved.shares().dropna(how="all").sum(axis=1)
    assert shares.to_numpy() == pytest.approx(np.ones(len(shares)))


def test_order_of_customers_does_not_matter():
    before, after = pd.Series(BEFORE), pd.Series(AFTER)
    value = pd.Series({name: float(i) + 1 for i, name in enumerate("abcdefg")})
    moved = migrate_segments(before, after, value_before=value, value_after=value)
    again = migrate_segments(before[::-1], after[::-1], value_before=value, value_after=value[::-1])
    pd.testing.assert_frame_equal(moved.flows, again.flows)
    pd.testing.assert_frame_equal(moved.movement, again.movement)


def test_who_stays_stays_and_moves_swap_when_time_is_reversed():
    forth, back = migrate(BEFORE, AFTER), migrate(AFTER, BEFORE)
    counts, reverse = forth.movement["n_customers"], back.movement["n_customers"]
    assert counts["stayed"] == reverse["stayed"]
    assert (counts["up"], counts["no purchase"]) == (reverse["down"], reverse["new"])
    assert forth.symmetry.statistic == pytest.approx(back.symmetry.statistic)
    assert forth.margins.statistic == pytest.approx(back.margins.statistic)


def test_nobody_moves_between_equal_periods():
    first = features(80, 1)
    journey = follow_rfm([first, first, first])
    for step in journey.migrations:
        assert step.movement["n_customers"].to_dict() == {
            "stayed": 80,
            "up": 0,
            "down": 0,
            "no purchase": 0,
            "new": 0,
        }
        assert step.symmetry == NotAvailable("nobody moved between two segments")
    assert journey.sizes.groupby("period")["share_customers"].sum().tolist() == [1, 1, 1]


def test_segments_are_cut_alike_in_all_periods():
    # Everyone buys twice as much: with cut-points of the first period they rise; with
    # quantiles anew nobody would.
    first = features(200, 2)
    richer = first.assign(revenue=first["revenue"] * 4, n_purchases=first["n_purchases"] * 4)
    step = follow_rfm([first, richer]).migrations[0]
    assert step.movement.loc["up", "n_customers"] > 60
    assert step.movement.loc["down", "n_customers"] == 0
    given_cuts = give_cuts(days=(30, 90), purchases=(3, 6), revenue=(100, 200))
    journey = follow_rfm([first, richer], cuts=given_cuts)
    assert journey.cuts == given_cuts


def test_margins_keep_their_level_when_nothing_changes():
    # Recovery: both periods are draws from one transition law with equal margins.
    draw = np.random.default_rng(5)
    law = np.array([[0.2, 0.05, 0.05], [0.05, 0.2, 0.1], [0.05, 0.1, 0.2]])
    rejected = [
        compare_margins(pd.DataFrame(draw.multinomial(400, law.ravel()).reshape(3, 3))).p_value
        < 0.05
        for _ in range(1000)
    ]
    assert 0.03 <= np.mean(rejected) <= 0.07


def test_customers_are_given_to_the_nearest_centre():
    first = features(120, 3)
    transformed = transform_features(first)
    from sklearn.cluster import KMeans

    model = KMeans(4, n_init=5, random_state=1, tol=0.0).fit(transformed.values.to_numpy())
    labels = pd.Series(model.labels_, index=first.index)
    later = features(90, 4)
    expected = model.predict(transformed.apply(later).to_numpy())
    assert assign_by_centres(transformed, labels, later).tolist() == expected.tolist()
    assert assign_by_centres(transformed, labels, first).tolist() == labels.tolist()


# ------------------------------------------------------------------ windows


def test_windows_are_equal_and_end_with_the_last_day():
    windows = plan_windows("2024-01-01", "2024-12-31", n_windows=4)
    assert [window.days for window in windows] == [91] * 4  # 366 days: the first two are left out
    assert windows[0].since == "2024-01-03"
    assert windows[-1] == Window("2024-10-02", "2024-12-31")
    require_equal(windows)
    two = plan_windows(pd.Timestamp("2024-01-01 09:30"), pd.Timestamp("2024-12-31 18:00"))
    assert [str(window) for window in two] == [
        "2024-01-01 to 2024-07-01",
        "2024-07-02 to 2024-12-31",
    ]


def test_windows_are_read_one_after_the_other():
    asked = []

    def read(*, since: str, until: str) -> pd.DataFrame:
        asked.append((since, until))
        return features(5, 1)

    windows = plan_windows("2024-01-01", "2024-03-31")
    periods = read_windows(read, windows)
    assert len(periods.frames) == 2
    assert periods.windows == windows
    assert periods.last is periods.frames[1]
    assert asked == [(window.since, window.until) for window in windows]
    assert read_windows(lambda **_: NotAvailable("no purchases"), windows) == NotAvailable(
        "no purchases"
    )
    absent = NotAvailable("too short")
    assert read_windows(read, absent) == absent
    assert follow_rfm(absent) == absent


@pytest.mark.parametrize(
    ("windows", "message"),
    [
        (
            (Window("2024-01-01", "2024-03-31"), Window("2024-04-01", "2024-04-30")),
            "unequal length",
        ),
        ((Window("2024-01-01", "2024-01-07"), Window("2024-01-08", "2024-01-14")), "28 days are"),
        ((Window("2024-01-01", "2024-02-29"), Window("2024-02-01", "2024-03-31")), "overlap"),
    ],
)
def test_windows_that_are_refused(windows, message):
    with pytest.raises(ModelError, match=message):
        migrate(BEFORE, AFTER, windows=windows)


def test_too_few_days_are_refused():
    with pytest.raises(
        ModelError, match="2 windows from 2024-01-01 to 2024-02-09 hold too few days each: 20"
    ):
        plan_windows("2024-01-01", "2024-02-09")
    with pytest.raises(SettingsError, match="n_windows = 1: a movement needs two windows"):
        plan_windows("2024-01-01", "2024-12-31", n_windows=1)


# ------------------------------------------------------------------ bad input


def test_refusals():
    series = pd.Series(BEFORE)
    value = pd.Series(1.0, index=series.index)
    good = {"value_before": value, "value_after": value}
    with pytest.raises(ModelError, match="nobody bought in the second period"):
        migrate_segments(series, series.iloc[:0], **good)
    with pytest.raises(DataError, match="6 customers of the first period have no segment or no"):
        migrate_segments(series, series, value_before=value.iloc[:0], value_after=value)
    with pytest.raises(DataError, match="twice in the first period"):
        migrate_segments(pd.concat([series, series]), series, **good)
    with pytest.raises(DataError, match="segment 'fair' is not in the order good, poor"):
        migrate_segments(series, series, order=["good", "poor"], **good)
    with pytest.raises(DataError, match="may not be called 'new': it is a state"):
        migrate_segments(series.replace("fair", "new"), series, **good)
    with pytest.raises(ModelError, match="needs two periods, not 1"):
        follow_segments([series], [value])
    with pytest.raises(ModelError, match="2 periods and 1 windows"):
        follow_segments([series] * 2, [value] * 2, windows=[Window("2024-01-01", "2024-12-31")])


def test_one_segment_has_nothing_to_test():
    only = pd.Series({"a": "all", "b": "all"})
    value = pd.Series({"a": 1.0, "b": 2.0})
    moved = migrate_segments(only, only, value_before=value, value_after=value)
    assert moved.order == ("all",)
    for test in (moved.symmetry, moved.margins, moved.origins):
        assert isinstance(test, NotAvailable)
    assert moved.cramers_v is None
    assert moved.tests()["null hypothesis"].str.startswith("not available: ").all()
    assert moved.to_metrics()["share_stayed"] == 1
    assert moved.table()["customers"].tolist() == [2, 0, 0, 0, 0]


def test_table_and_metrics_tell_the_same():
    moved = migrate(BEFORE, AFTER)
    table = moved.table().set_index("direction")
    before = moved.movement["value_before"]
    assert table.loc["down", "value after"] - table.loc["down", "value before"] == -90.0
    assert table.loc["down", "change of value, share of all before"] == -90.0 / before.sum()
    assert moved.to_metrics()["n_down"] == 1
    assert isinstance(moved.origins, Hypothesis)
    assert moved.to_metrics()["pearson_p_value"] == moved.origins.p_value
    assert not moved.checks[0].passed  # six customers in nine cells
