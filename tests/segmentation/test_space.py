"""A block of criteria made comparable: what weighs how much, and what cannot be compared."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import DataError, ModelError, NotAvailable
from crmstudy.segmentation.criteria.levels import learn_levels
from crmstudy.segmentation.criteria.space import Space, build_space
from crmstudy.segmentation.criteria.spaces import check_spaces, tabulate_spaces
from crmstudy.segmentation.criteria.transform import transform_features

PARTS = ["share_tea", "share_nuts", "share_cups"]


def draw_customers(n: int = 200, seed: int = 0) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    shares = draw.dirichlet([0.5, 0.3, 0.2], n).round(2)
    shares[:, 0] = 1 - shares[:, 1:].sum(axis=1)
    return pd.DataFrame(
        {
            "spend": draw.lognormal(3, 1, n),
            "age": draw.normal(40, 10, n).round(),
            "sex": pd.array(draw.choice(["female", "male"], n), dtype="str"),
            "region": pd.array(draw.choice(["北京", "north", "south", None], n), dtype="str"),
            **dict(zip(PARTS, shares.clip(0).T, strict=True)),
        },
        index=pd.Index([f"c{i:03d}" for i in range(n)], name="customer_id"),
    )


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return draw_customers()


@pytest.fixture(scope="module")
def space(frame) -> Space:
    return build_space(frame, name="all", parts=PARTS)


# --- laws ------------------------------------------------------------------------------


def test_each_variable_weighs_as_one_standardised_number(frame, space):
    variance = pd.Series(space.points.var(axis=0, ddof=1))
    assert variance[:2].tolist() == pytest.approx([1.0, 1.0])
    assert variance[2:5].mean() == pytest.approx(1.0)
    n = len(frame)
    assert variance[5:7].sum() == pytest.approx(n / (n - 1))  # an indicator's is over n
    assert variance[7:].sum() == pytest.approx(n / (n - 1))
    assert space.points.mean(axis=0) == pytest.approx(0, abs=1e-12)


def test_numbers_are_those_of_the_transformation(frame, space):
    expected = transform_features(frame[["spend", "age"]], log="skewed").values
    pd.testing.assert_frame_equal(space.numeric[["spend", "age"]].loc[frame.index], expected)
    assert space.steps.loc["spend", "logged"]
    assert not space.steps.loc["age", "logged"]


def test_distances_of_parts_are_those_of_hellinger(frame):
    space = build_space(frame[PARTS], name="mix", parts=PARTS)
    roots = np.sqrt(frame[PARTS].loc[space.customers].to_numpy())
    hellinger = np.linalg.norm(roots[:, None] - roots[None], axis=2)
    ours = np.linalg.norm(space.points[:, None] - space.points[None], axis=2)
    np.testing.assert_allclose(ours, hellinger * space.recipe.weight, rtol=1e-9, atol=1e-12)
    assert np.isfinite(space.points).all()
    assert (frame[PARTS] == 0).any(axis=None)  # zeros are there, and do no harm


def test_skewed_shares_are_rooted(frame):
    draw = np.random.default_rng(4)
    coupons = draw.beta(0.3, 30, len(frame))
    coupons[0] = -0.04  # a discount taken back
    own = frame[["age"]].assign(coupons=coupons, weekend=draw.beta(2, 4, len(frame)))
    space = build_space(own, name="x", shares=["coupons", "weekend"])
    assert space.recipe.rooted == ("coupons",)
    roots = np.sign(coupons) * np.sqrt(np.abs(coupons))
    expected = transform_features(own.assign(coupons=roots), log="skewed").values
    pd.testing.assert_frame_equal(space.numeric.loc[own.index], expected)
    assert space.steps.loc["coupons", "reshaped"].startswith("root")
    assert space.steps.loc["coupons", "skewness_before"] == pytest.approx(own["coupons"].skew())
    assert space.steps.loc["weekend", "reshaped"] == "no"
    placed = space.place(own)
    pd.testing.assert_frame_equal(placed.numeric, expected)
    plain = build_space(own, name="x", shares=["coupons"], log="none")
    assert plain.recipe.rooted == ()
    assert plain.check().statistic > space.check().statistic


def test_two_levels_are_as_far_apart_as_their_shares_say():
    """Indicators of one variable: distance of two levels is the root of 2 / (1 - sum p^2)."""
    levels = pd.DataFrame({"x": ["a"] * 6 + ["b"] * 3 + ["c"]})
    space = build_space(levels, name="x")
    place = {level: space.points[space.categories["x"] == level][0] for level in "abc"}
    expected = np.sqrt(2 / (1 - 0.36 - 0.09 - 0.01))
    for one, other in ("ab", "ac", "bc"):  # a rare level is no further away
        assert np.linalg.norm(place[one] - place[other]) == pytest.approx(expected)


def test_the_order_and_the_names_of_customers_change_nothing(frame, space):
    shuffled = frame.sample(frac=1, random_state=3)
    again = build_space(shuffled, name="all", parts=PARTS)
    np.testing.assert_array_equal(space.points, again.points)
    assert again.customers.tolist() == space.customers.tolist()
    renamed = frame.set_axis([f"z{i}" for i in range(len(frame), 0, -1)])
    np.testing.assert_array_equal(
        space.points, build_space(renamed, name="all", parts=PARTS).points
    )


def test_the_unit_of_a_number_changes_nothing(frame, space):
    """A logarithm of 1 + x depends on the unit: hence of plain numbers only."""
    months = frame.assign(age=12 * frame["age"])
    np.testing.assert_allclose(
        build_space(months, name="all", parts=PARTS).points, space.points, atol=1e-9
    )


def test_inputs_are_not_changed(frame):
    before = frame.copy(deep=True)
    space = build_space(frame, name="all", parts=PARTS)
    space.place(frame)
    pd.testing.assert_frame_equal(frame, before)


# --- other customers -------------------------------------------------------------------


def test_the_same_customers_come_to_the_same_place(frame, space):
    again = space.place(frame.loc[space.customers])
    np.testing.assert_allclose(again.points, space.points, atol=1e-12)
    pd.testing.assert_frame_equal(again.categories, space.categories)
    assert again.unseen.empty
    one = space.place(frame.loc[["c007"]])
    np.testing.assert_allclose(one.points[0], space.points[space.customers == "c007"][0])


def test_a_level_that_nobody_had_says_nothing_and_is_counted(frame, space):
    new = frame.iloc[:3].assign(region=["mars", "mars", "north"], sex=[None, "male", "male"])
    placed = space.place(new)
    assert placed.unseen.to_dict("records") == [
        {"variable": "sex", "level": "unknown", "n_customers": 1},
        {"variable": "region", "level": "mars", "n_customers": 2},
    ]
    known = space.place(frame.iloc[:3].assign(region="north", sex="male"))
    assert (placed.points[:2, 7:] == 0).all()  # the middle of all regions
    assert (placed.points[0, 5:7] == 0).all()
    np.testing.assert_array_equal(placed.points[2], known.points[2])
    assert placed.categories["region"].tolist() == ["mars", "mars", "north"]


def test_customers_without_a_number_are_left_out_and_counted(frame):
    holes = frame.copy()
    holes.loc[["c001", "c002"], "age"] = np.nan
    holes.loc["c003", PARTS] = np.nan
    space = build_space(holes, name="all", parts=PARTS)
    assert space.n_left_out == 3
    assert len(space.customers) == len(space.points) == 197
    assert space.place(holes.iloc[:4]).n_left_out == 3
    assert space.to_metrics()["n_left_out"] == 3
    unknown = int(space.steps.loc["region", "n_unknown"])
    assert unknown == frame["region"].drop(["c001", "c002", "c003"]).isna().sum() > 0


def test_a_space_made_by_hand_cannot_place_others(frame):
    bare = Space("bare", np.zeros((1, 1)), frame[["age"]].iloc[:1], frame[[]].iloc[:1], frame, 0)
    with pytest.raises(ModelError, match="the space 'bare' keeps no steps"):
        bare.place(frame)


def test_take_repeats_customers(space):
    taken = space.take(np.array([3, 3, 0]))
    np.testing.assert_array_equal(taken.points, space.points[[3, 3, 0]])
    assert taken.customers.tolist() == space.customers[[3, 3, 0]].tolist()
    assert taken.categories.index.equals(taken.customers)


# --- what is said ----------------------------------------------------------------------


def test_the_table_names_every_step(space):
    table = space.table().set_index("variable")
    assert table["kind"].tolist() == ["number"] * 2 + ["part"] * 3 + ["category"] * 2
    assert table.loc["spend", "reshaped"] == "sign(x) log(1 + |x|)"
    assert table.loc["share_tea", "reshaped"] == "root"
    assert table.loc["region", "levels"] == 4  # unknown is one
    both = tabulate_spaces({"a": space, "b": NotAvailable("nothing")})
    assert both["block"].tolist() == ["a"] * 7
    assert (
        tabulate_spaces({"b": NotAvailable("nothing")}).reason
        == "no block of criteria is available"
    )


def test_one_dominating_customer_is_named(frame):
    clean = build_space(frame, name="all", parts=PARTS)
    assert clean.check().passed
    giant = frame.assign(age=frame["age"].where(frame.index != "c005", 1e9))
    check = build_space(giant, name="all", parts=PARTS, log="none").check()
    assert not check.passed
    assert check.statistic > 0.99
    assert check.consequence.startswith("distances in age are mostly those to one customer")
    cured = build_space(giant, name="all", parts=PARTS, log="none", winsorise=0.01)
    assert cured.check().passed
    levels = build_space(frame[["sex"]], name="sex")  # has no number to be dominated
    assert check_spaces({"levels": levels}) == ()
    assert [one.passed for one in check_spaces({"a": clean, "b": NotAvailable("no")})] == [True]


# --- refusals --------------------------------------------------------------------------


def test_what_cannot_be_compared(frame):
    assert build_space(NotAvailable("no such block"), name="x").reason == "no such block"
    with pytest.raises(ModelError, match="the block 'x' has no variable"):
        build_space(frame[[]], name="x")
    with pytest.raises(ModelError, match="needs 3 customers with all numbers known; of 2"):
        build_space(frame.iloc[:2], name="x")
    with pytest.raises(ModelError, match="all are equal in age"):
        build_space(frame.assign(age=7.0), name="x")
    with pytest.raises(ModelError, match="a category that is equal for all customers: sex"):
        build_space(frame[["sex"]].assign(sex="female"), name="x")
    with pytest.raises(ModelError, match="all are equal in"):  # identical customers
        build_space(pd.concat([frame.iloc[[0]]] * 9).set_axis(range(9)), name="x", parts=PARTS)
    with pytest.raises(ModelError, match="of 200 there are 0"):
        build_space(frame.assign(age=np.nan), name="x")
    with pytest.raises(DataError, match="holds customer 'c000' twice"):
        build_space(frame.iloc[[0, 0, 1, 2]], name="x")
    with pytest.raises(DataError, match="'age' holds an infinite value"):
        build_space(frame.assign(age=np.inf), name="x")
    with pytest.raises(DataError, match="lacks the column share_fish"):
        build_space(frame, name="x", parts=["share_fish"])
    with pytest.raises(DataError, match="share_tea is negative: a share of a whole cannot be"):
        build_space(frame.assign(share_tea=-0.1), name="x", parts=PARTS)


def test_who_cannot_be_placed(frame, space):
    with pytest.raises(DataError, match="lacks the column age, region"):
        space.place(frame.drop(columns=["age", "region"]))
    with pytest.raises(DataError, match="'age' is str, not a number"):
        space.place(frame.assign(age="old"))
    with pytest.raises(DataError, match="holds customer 'c000' twice"):
        space.place(frame.iloc[[0, 0]])


# --- levels ----------------------------------------------------------------------------


def levels_of(counts: dict[str, int], name: str = "x", rare: float = 0.05) -> dict[str, str]:
    values = pd.Series([level for level, n in counts.items() for _ in range(n)], dtype="str")
    return learn_levels(values, name=name, rare=rare).level_of


def test_rare_levels_go_together_but_a_single_one_stays():
    found = levels_of({"a": 50, "b": 46, "c": 2, "d": 2})
    assert found == {"a": "a", "b": "b", "c": "other", "d": "other"}
    assert levels_of({"a": 50, "b": 48, "c": 2})["c"] == "c"
    exactly = levels_of({"a": 50, "b": 40, "c": 5, "d": 5})
    assert exactly["c"] == "c"  # the very share is enough


def test_bands_go_together_with_their_neighbours():
    found = levels_of({"50-74K": 40, "Under 15K": 2, "15-24K": 30, "250K+": 3, "75K-249K": 25})
    assert found["Under 15K"] == found["15-24K"] == "Under 15K to 15-24K"
    assert found["250K+"] == found["75K-249K"] == "75K-249K to 250K+"
    assert found["50-74K"] == "50-74K"
    between = levels_of({"1": 60, "2": 3, "3": 37})
    assert between == {"1": "1", "2": "2 to 3", "3": "2 to 3"}
    assert set(levels_of({"1": 1, "2": 1, "3": 98}).values()) == {"1 to 3"}
    shops = levels_of({f"shop {i}": n for i, n in enumerate([80, 2, 16, 2])})
    assert shops["shop 1"] == shops["shop 3"] == "other"  # a number at the end is no size


def test_postcodes_are_cut_to_their_zone():
    draw = np.random.default_rng(1)
    values = pd.Series(draw.integers(10_000, 50_000, 500).astype(str), dtype="str")
    levels = learn_levels(values, name="postcode", rare=0.05)
    assert levels.prefix == 1
    assert set(levels.apply(values)) == {"1", "2", "3", "4"}
    same_start = learn_levels("D-" + values, name="zip_code", rare=0.05)
    assert same_start.prefix == 3
    assert learn_levels(values, name="street", rare=0.05).prefix == 0
    applied = levels.apply(pd.Series(["19999", "99999", None], dtype="str"))
    assert applied.tolist()[:2] == ["1", "other"]
    assert applied.isna().tolist() == [False, False, True]
