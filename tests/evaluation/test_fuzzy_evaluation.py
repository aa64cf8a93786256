"""Fuzzy comprehensive evaluation: textbook examples, the four operators, laws, refusals."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmstudy.errors import DataError, NotAvailable, SettingsError
from crmstudy.evaluation.comprehensive.evaluate import (
    compare_operators,
    evaluate_fuzzy,
    evaluate_fuzzy_hierarchy,
)
from crmstudy.evaluation.comprehensive.grades import GRADES, GradeScale
from crmstudy.evaluation.comprehensive.operators import (
    OPERATORS,
    compose,
    judge_maximum,
    word_validity,
)
from crmstudy.evaluation.hierarchy.synthesis import HierarchyWeights, rebuild_hierarchy

FOUR = GradeScale(("best", "fair", "poor", "worst"), (4, 3, 2, 1))


def frame(rows, grades=FOUR):
    index = [f"i{k}" for k in range(len(rows))]
    return pd.DataFrame(rows, index=index, columns=list(grades.names))


def series(values):
    return pd.Series(values, index=[f"i{k}" for k in range(len(values))], dtype=float)


# Clothes and restaurant: worked examples of textbooks on fuzzy comprehensive evaluation.
CLOTHES = frame([[0.2, 0.5, 0.2, 0.1], [0.7, 0.2, 0.1, 0], [0, 0.4, 0.5, 0.1], [0.2, 0.3, 0.5, 0]])
RESTAURANT = frame(
    [[0.5, 0.3, 0.2, 0], [0.2, 0.4, 0.3, 0.1], [0.1, 0.3, 0.5, 0.1], [0, 0.2, 0.4, 0.4]]
)
# Five indicators of a garment: the worked example in the manual of SPSSAU.
DRESS = frame(
    [
        [0.2, 0.5, 0.3, 0],
        [0.1, 0.3, 0.5, 0.1],
        [0, 0.1, 0.6, 0.3],
        [0, 0.4, 0.5, 0.1],
        [0.5, 0.3, 0.2, 0],
    ]
)


@pytest.mark.parametrize(
    ("memberships", "weights", "operator", "vector", "grade"),
    [
        (CLOTHES, [0.1, 0.2, 0.3, 0.4], "min-max", [0.2, 0.3, 0.4, 0.1], "poor"),
        (CLOTHES, [0.1, 0.2, 0.3, 0.4], "product-sum", [0.24, 0.33, 0.39, 0.04], "poor"),
        (CLOTHES, [0.4, 0.35, 0.15, 0.1], "min-max", [0.35, 0.4, 0.2, 0.1], "fair"),
        (CLOTHES, [0.4, 0.35, 0.15, 0.1], "product-sum", [0.345, 0.36, 0.24, 0.055], "fair"),
        (RESTAURANT, [0.4, 0.3, 0.2, 0.1], "product-sum", [0.28, 0.32, 0.31, 0.09], "fair"),
        (RESTAURANT, [0.4, 0.3, 0.2, 0.1], "min-max", [0.4, 0.3, 0.3, 0.1], "best"),
        (DRESS, [0.1, 0.1, 0.15, 0.3, 0.35], "product-sum", [0.205, 0.32, 0.39, 0.085], "poor"),
    ],
)
def test_published_grade_vectors(memberships, weights, operator, vector, grade):
    result = evaluate_fuzzy(series(weights), memberships, operator=operator, grades=FOUR)
    np.testing.assert_allclose(result.grade_vector, vector, atol=1e-12)
    assert result.grade == grade


@pytest.mark.parametrize(
    ("operator", "vector"),
    [
        # By hand: largest products; sums of the smaller, none above 1.
        ("product-max", [0.14, 0.12, 0.2, 0.03]),
        ("min-sum", [0.1 + 0.2 + 0 + 0.2, 0.1 + 0.2 + 0.3 + 0.3, 0.1 + 0.1 + 0.3 + 0.4, 0.2]),
    ],
)
def test_the_other_operators_by_hand(operator, vector):
    weights = series([0.1, 0.2, 0.3, 0.4])
    result = evaluate_fuzzy(weights, CLOTHES, operator=operator, grades=FOUR)
    np.testing.assert_allclose(result.grade_vector, vector, atol=1e-12)


def test_bounded_sum_is_bounded():
    # Only reached by weights that sum to more than 1, which evaluate_fuzzy refuses.
    vector = compose(np.array([0.6, 0.7]), np.array([[1.0, 0.0], [0.8, 0.2]]), operator="min-sum")
    np.testing.assert_allclose(vector, [1, 0.2])


def test_disagreeing_operators_are_flagged():
    weights = series([0.4, 0.3, 0.2, 0.1])
    comparison = compare_operators(weights, RESTAURANT, grades=FOUR)
    assert not comparison.agree
    assert comparison.results["min-max"].grade == "best"
    assert list(comparison.table()["operator"]) == list(OPERATORS)
    result = evaluate_fuzzy(weights, RESTAURANT, grades=FOUR)
    agreement = result.checks[1]
    assert (agreement.passed, agreement.statistic) == (False, 2)
    assert agreement.name == "the four operators give the same grade"
    agreed = compare_operators(series([0.1, 0.2, 0.3, 0.4]), CLOTHES, grades=FOUR)
    assert agreed.agree
    assert agreed.to_metrics()["n_grades_given"] == 1


def test_score_is_the_mean_grade_value():
    result = evaluate_fuzzy(series([0.4, 0.3, 0.2, 0.1]), RESTAURANT, grades=FOUR)
    by_hand = 4 * 0.28 + 3 * 0.32 + 2 * 0.31 + 1 * 0.09
    assert result.score == pytest.approx(by_hand)
    metrics = result.to_metrics()
    assert metrics["score"] == result.score
    assert metrics["grade_value"] == 3
    assert metrics["membership_best"] == pytest.approx(0.28)
    unnormalised = evaluate_fuzzy(
        series([0.4, 0.3, 0.2, 0.1]), RESTAURANT, operator="min-max", grades=FOUR
    )
    assert unnormalised.score == pytest.approx((1.6 + 0.9 + 0.6 + 0.1) / 1.1)
    assert unnormalised.table()["share"].sum() == pytest.approx(1)


def test_validity_of_the_largest_membership():
    # (4 * .4 - 1) / (2 * .3 * 3) = 1/3; an even spread gives 0, a sole grade no limit.
    assert judge_maximum(np.array([0.2, 0.3, 0.4, 0.1])) == pytest.approx(1 / 3)
    assert judge_maximum(np.full(5, 0.2)) == pytest.approx(0, abs=1e-15)
    assert judge_maximum(np.array([0.0, 1.0, 0.0])) == np.inf
    assert judge_maximum(np.array([0.1, 0.8, 0.1])) > 1
    weak = evaluate_fuzzy(series([0.4, 0.3, 0.2, 0.1]), RESTAURANT, grades=FOUR).checks[0]
    assert not weak.passed
    assert weak.threshold == "validity of the maximum-membership rule >= 0.5"
    clear = evaluate_fuzzy(series([1.0]), frame([[0, 1, 0, 0]]), grades=FOUR)
    assert clear.checks[0].passed
    assert isinstance(clear.to_metrics()["validity"], NotAvailable)


@pytest.mark.parametrize(
    ("validity", "word"),
    [
        (np.inf, "very effective"),
        (1.0, "very effective"),
        (0.999, "fairly effective"),
        (0.5, "fairly effective"),
        (0.499, "hardly effective"),
        (0.0, "hardly effective"),
        (-1e-16, "hardly effective"),
    ],
)
def test_validity_in_words(validity, word):
    assert word_validity(validity) == word


def test_validity_places_both_leaders_on_their_ranges():
    # First: 0 at an even spread, 1 at certainty; second: 1 at the most it can have, a half.
    shares = np.array([0.55, 0.25, 0.15, 0.05])
    first, second = (0.55 - 1 / 4) / (1 - 1 / 4), 0.25 / 0.5
    assert judge_maximum(shares) == pytest.approx(first / second)
    assert judge_maximum(shares[::-1]) == pytest.approx(first / second)


def test_a_tie_goes_to_the_lower_grade_and_names_both():
    result = evaluate_fuzzy(series([0.5, 0.5]), frame([[1, 0, 0, 0], [0, 0, 1, 0]]), grades=FOUR)
    assert (result.grade, result.tied) == ("poor", ("best", "poor"))
    assert evaluate_fuzzy(series([1.0]), CLOTHES[:1], grades=FOUR).tied == ()
    assert (
        "best = poor"
        in compare_operators(series([0.5, 0.5]), frame([[1, 0, 0, 0], [0, 0, 1, 0]]), grades=FOUR)
        .table()["grade"]
        .tolist()
    )
    # .1 + .2 and .3 are one number in two roundings.
    mixed = evaluate_fuzzy(
        series([0.1, 0.2, 0.3, 0.4]),
        frame([[0, 1, 0, 0], [0, 1, 0, 0], [1, 0, 0, 0], [0.25, 0.25, 0.25, 0.25]]),
        grades=FOUR,
    )
    assert mixed.grade == "fair"


memberships_and_weights = st.integers(0, 100_000).map(
    lambda seed: (
        np.random.default_rng(seed).dirichlet(np.ones(4), size=2),
        np.random.default_rng(seed + 1).dirichlet(np.ones(5), size=(2, 4)),
    )
)


@given(memberships_and_weights)
@settings(deadline=None, max_examples=60)
def test_product_sum_is_linear_and_keeps_the_sum(drawn):
    (a, b), (r, _) = drawn
    mixed = compose(0.3 * a + 0.7 * b, r, operator="product-sum")
    parts = [compose(x, r, operator="product-sum") for x in (a, b)]
    np.testing.assert_allclose(mixed, 0.3 * parts[0] + 0.7 * parts[1], atol=1e-14)
    assert parts[0].sum() == pytest.approx(1)


@given(memberships_and_weights, st.sampled_from(list(OPERATORS)))
@settings(deadline=None, max_examples=60)
def test_order_of_indicators_and_grades_does_not_matter(drawn, operator):
    (a, _), (r, _) = drawn
    rows = frame(r, GRADES)
    straight = evaluate_fuzzy(series(a), rows, operator=operator)
    mixed = evaluate_fuzzy(
        series(a)[["i2", "i0", "i3", "i1"]], rows[rows.columns[::-1]], operator=operator
    )
    np.testing.assert_allclose(straight.grade_vector, mixed.grade_vector, atol=1e-14)
    turned = GradeScale(GRADES.names[::-1], GRADES.values[::-1])
    again = evaluate_fuzzy(series(a), rows, operator=operator, grades=turned)
    assert (again.grade, again.score) == (straight.grade, pytest.approx(straight.score))


@given(memberships_and_weights, st.sampled_from(list(OPERATORS)))
@settings(deadline=None, max_examples=60)
def test_many_draws_equal_one_by_one(drawn, operator):
    weights, rows = drawn
    batch = compose(weights, rows, operator=operator)
    for k in range(2):
        np.testing.assert_allclose(
            batch[k], compose(weights[k], rows[k], operator=operator), atol=1e-14
        )


@given(memberships_and_weights)
@settings(deadline=None, max_examples=60)
def test_operators_are_ordered(drawn):
    # Products are at most the smaller factor, and a maximum at most a sum.
    (a, _), (r, _) = drawn
    v = {name: compose(a, r, operator=name) for name in OPERATORS}
    for less, more in [
        ("product-max", "min-max"),
        ("min-max", "min-sum"),
        ("product-max", "product-sum"),
        ("product-sum", "min-sum"),
    ]:
        assert (v[less] <= v[more] + 1e-12).all()


WEIGHTS = HierarchyWeights(
    pd.Series({"quality": 0.6, "price": 0.4}),
    {"quality": pd.Series({"i0": 0.5, "i1": 0.5}), "price": pd.Series({"i2": 0.3, "i3": 0.7})},
)


def test_two_levels_with_product_sum_equal_one():
    result = evaluate_fuzzy_hierarchy(WEIGHTS, CLOTHES, grades=FOUR)
    flat = evaluate_fuzzy(WEIGHTS.overall, CLOTHES, grades=FOUR)
    np.testing.assert_allclose(result.goal.grade_vector, flat.grade_vector, atol=1e-14)
    assert result.goal.score == pytest.approx(flat.score)
    assert set(result.criteria) == {"quality", "price"}
    table = result.table()
    assert list(table["level"]) == ["quality", "price", "goal"]
    np.testing.assert_allclose(table[list(FOUR.names)].sum(axis=1), 1)


def test_two_levels_with_min_max_by_hand():
    # quality: max(min(.5, .2), min(.5, .7)) = .5 and so on -> (.5 .5 .2 .1) / 1.3;
    # price: (.2 .3 .5 .1) / 1.1.
    result = evaluate_fuzzy_hierarchy(WEIGHTS, CLOTHES, operator="min-max", grades=FOUR)
    quality, price = np.array([5, 5, 2, 1]) / 13, np.array([2, 3, 5, 1]) / 11
    np.testing.assert_allclose(result.criteria["quality"].shares, quality)
    np.testing.assert_allclose(result.criteria["price"].shares, price)
    goal = np.maximum(np.minimum(0.6, quality), np.minimum(0.4, price))
    np.testing.assert_allclose(result.goal.grade_vector, goal)
    assert result.comparison.results["min-max"] is result.goal
    assert result.to_metrics()["score_price"] == result.criteria["price"].score


def test_every_step_can_be_printed():
    steps = evaluate_fuzzy_hierarchy(WEIGHTS, CLOTHES, operator="min-max", grades=FOUR).steps()
    assert steps["level"].tolist() == ["quality"] * 4 + ["price"] * 4 + ["goal"] * 4
    assert steps["row"].tolist()[:4] == ["i0", "i1", "B", "B / sum"]
    assert steps["A"].tolist()[:2] == [0.5, 0.5]
    np.testing.assert_allclose(steps["sum"].astype(float)[:4], [1, 1, 1.3, 1])
    # What the second level starts from is what the first one ended with.
    grades = list(FOUR.names)
    ended = steps[(steps["row"] == "B / sum") & (steps["level"] != "goal")][grades]
    started = steps[(steps["level"] == "goal")][:2][grades]
    np.testing.assert_array_equal(ended.to_numpy(dtype=float), started.to_numpy(dtype=float))


def test_every_level_stands_under_every_operator():
    result = evaluate_fuzzy_hierarchy(WEIGHTS, CLOTHES, grades=FOUR)
    table = result.operators()
    assert len(table) == 3 * 4
    chosen = table[(table["level"] == "price") & (table["operator"] == "product-sum")].iloc[0]
    np.testing.assert_allclose(
        chosen[list(FOUR.names)].astype(float), [0.14, 0.33, 0.5, 0.03], atol=1e-12
    )
    assert chosen["sum"] == pytest.approx(1)
    assert list(result.levels) == ["goal", "quality", "price"]


@pytest.mark.parametrize("operator", list(OPERATORS))
def test_perfect_certainty_is_returned(operator):
    # Everything is 'fair' without doubt: so is the goal, whatever the operator and weights.
    sure = frame([[0, 1, 0, 0]] * 4)
    result = evaluate_fuzzy_hierarchy(WEIGHTS, sure, operator=operator, grades=FOUR)
    for one in result.levels.values():
        assert (one.grade, one.score) == ("fair", 3)
        assert np.isinf(one.validity)
    assert result.comparison.agree


def test_dropping_an_indicator_is_renormalising_its_neighbours():
    rebuilt = rebuild_hierarchy(
        {"quality": ["i0", "i1"], "price": ["i2", "i3"]}, ["i0", "i1", "i2"]
    )
    left = rebuilt.reweigh(WEIGHTS)
    found = evaluate_fuzzy_hierarchy(left, CLOTHES.drop("i3"), grades=FOUR)
    by_hand = HierarchyWeights(
        WEIGHTS.criteria, {"quality": WEIGHTS.local["quality"], "price": pd.Series({"i2": 1.0})}
    )
    wanted = evaluate_fuzzy_hierarchy(by_hand, CLOTHES.drop("i3"), grades=FOUR)
    np.testing.assert_allclose(found.goal.shares, wanted.goal.shares, atol=1e-14)
    np.testing.assert_allclose(found.criteria["price"].shares, CLOTHES.loc["i2"], atol=1e-14)


@pytest.mark.parametrize("operator", list(OPERATORS))
def test_order_of_criteria_does_not_matter(operator):
    turned = HierarchyWeights(
        WEIGHTS.criteria[::-1], {name: WEIGHTS.local[name][::-1] for name in ("price", "quality")}
    )
    one = evaluate_fuzzy_hierarchy(WEIGHTS, CLOTHES, operator=operator, grades=FOUR)
    two = evaluate_fuzzy_hierarchy(turned, CLOTHES[::-1], operator=operator, grades=FOUR)
    np.testing.assert_allclose(one.goal.grade_vector, two.goal.grade_vector, atol=1e-14)


@pytest.mark.parametrize(
    ("score", "name"), [(3.6, "best"), (3.5, "fair"), (2.4, "poor"), (1.0, "worst")]
)
def test_the_grade_of_a_score_is_the_nearest(score, name):
    # 3.5 lies between best (4) and fair (3): the lower one.
    assert FOUR.name_nearest(score) == name


def test_a_criterion_cannot_be_called_as_the_goal():
    named = HierarchyWeights(pd.Series({"goal": 1.0}), {"goal": pd.Series({"i0": 1.0})})
    with pytest.raises(DataError, match="a criterion is called 'goal'"):
        evaluate_fuzzy_hierarchy(named, CLOTHES[:1], grades=FOUR)


@pytest.mark.parametrize(
    ("weights", "memberships", "message"),
    [
        (series([0.5, 0.4]), CLOTHES[:2], r"weights of the indicators sum to 0.9; allowed: 1"),
        (series([0.5, 0.5]), CLOTHES[:2] * 0.9, r"memberships of 'i0' sum to 0.9; allowed: 1"),
        (series([0.5, 0.5]), CLOTHES[:3], "'i2' stands in the membership table but not in the we"),
        (
            series([0.5, 0.5]),
            CLOTHES[:2].rename(columns={"best": "bset"}),
            "'bset' stands in the membership table but not in the grades; did you mean 'best'",
        ),
        (
            series([0.5, 0.5]),
            frame([[0.7, 0.5, -0.2, 0], [1, 0, 0, 0]]),
            "memberships must lie between 0 and 1",
        ),
        (series([1.5, -0.5]), CLOTHES[:2], r"'i1' has -0.5; allowed: 0 or more"),
    ],
)
def test_refusals(weights, memberships, message):
    with pytest.raises(DataError, match=message):
        evaluate_fuzzy(weights, memberships, grades=FOUR)


def test_an_unknown_operator_is_refused():
    with pytest.raises(SettingsError, match="operator 'maxmin' is unknown; allowed: min-max, prod"):
        evaluate_fuzzy(series([1.0]), CLOTHES[:1], operator="maxmin", grades=FOUR)


def test_hands_on_what_is_not_available():
    missing = NotAvailable("no survey")
    assert evaluate_fuzzy(series([1.0]), missing) is missing
    assert evaluate_fuzzy_hierarchy(WEIGHTS, missing) is missing
