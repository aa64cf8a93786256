"""Fuzzy weights: R's and pyDecision's numbers, laws, Chang's flaw, refusals."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmstudy.errors import JudgementError, NotAvailable, SettingsError
from crmstudy.evaluation.fuzzy_priorities.derive import prioritise_fuzzy, vary_spread
from crmstudy.evaluation.fuzzy_priorities.extents import compare_extents
from crmstudy.evaluation.fuzzy_priorities.hierarchy import prioritise_fuzzy_hierarchy
from crmstudy.evaluation.fuzzy_priorities.triangular import (
    FuzzyJudgements,
    fuzzify,
    fuzzify_panel,
)
from crmstudy.evaluation.judgements.reading import read_judgements
from crmstudy.evaluation.priorities.derive import prioritise
from crmstudy.evaluation.priorities.scale import SAATY_SCALE

REFERENCE = Path(__file__).parents[1] / "reference" / "fuzzy_ahp"
MATRICES = [
    "drinks",
    "city",
    "leader",
    "experience",
    "education",
    "charisma",
    "age",
    "car",
    "intransitive",
    "twelve",
]


def matrix_of(weights):
    values = np.asarray(weights, dtype=float)
    names = [f"n{i}" for i in range(len(values))]
    return pd.DataFrame(values[:, None] / values[None, :], index=names, columns=names)


def random_matrix(seed, n):
    rng = np.random.default_rng(seed)
    matrix = np.ones((n, n))
    rows, columns = np.triu_indices(n, 1)
    matrix[rows, columns] = rng.choice(SAATY_SCALE, len(rows))
    matrix[columns, rows] = 1 / matrix[rows, columns]
    names = [f"n{k}" for k in range(n)]
    return pd.DataFrame(matrix, index=names, columns=names)


def build(cells):
    """Fuzzy judgements from an upper triangle by rows."""
    n = int((1 + (1 + 8 * len(cells)) ** 0.5) / 2)
    parts = [np.ones((n, n)) for _ in range(3)]
    for (i, j), ends in zip(zip(*np.triu_indices(n, 1), strict=True), cells, strict=True):
        for part, there, back in zip(parts, ends, reversed(ends), strict=True):
            part[i, j], part[j, i] = there, 1 / back
    return FuzzyJudgements(tuple(f"g{k + 1}" for k in range(n)), *parts, "typed")


@pytest.fixture(scope="module")
def r_fuzzy():
    return pd.read_csv(REFERENCE / "expected.csv")


@pytest.mark.parametrize("matrix", MATRICES)
def test_weights_equal_r(published, r_fuzzy, matrix):
    found = prioritise_fuzzy(fuzzify(read_judgements(published, matrix=matrix)))
    r = r_fuzzy[r_fuzzy["matrix"] == matrix].pivot_table(
        index="name", columns="quantity", values="value"
    )
    r = r.loc[list(found.crisp.index)]
    for end in ("lower", "middle", "upper"):
        np.testing.assert_allclose(found.fuzzy_weights[end], r[end], rtol=1e-12)
        np.testing.assert_allclose(found.extents[end], r[f"extent_{end}"], rtol=1e-12)
    np.testing.assert_allclose(found.buckley, r["buckley"], rtol=1e-12)
    np.testing.assert_allclose(found.chang, r["chang"], rtol=1e-11, atol=1e-15)
    assert set(found.zeros) == set(r.index[r["chang"] == 0])


def test_buckley_equals_pydecision():
    expected = pd.read_csv(REFERENCE / "expected_pydecision.csv")
    cases = {
        "pydecision": [(4, 5, 6), (3, 4, 5), (6, 7, 8), (1 / 3, 1 / 2, 1), (2, 3, 4), (2, 3, 4)],
        "uneven": [(1.5, 2, 2.5), (2 / 3, 1, 1.5), (1.5, 2, 2.5)],
        "equal": [(0.5, 1, 2), (2, 3, 4), (4, 5, 6)],
    }
    assert set(cases) == set(expected["case"])
    for case, cells in cases.items():
        found = prioritise_fuzzy(build(cells))
        theirs = expected[expected["case"] == case].pivot_table(
            index="name", columns="quantity", values="value"
        )
        for end in ("lower", "middle", "upper"):
            np.testing.assert_allclose(found.fuzzy_weights[end], theirs[end], rtol=1e-12)
        np.testing.assert_allclose(found.buckley, theirs["weight"], rtol=1e-12)


def test_chang_by_hand():
    # Three names, sums and crossings done in fractions: S1 = (19/6, 4, 5) over (37/3, 10, 122/15).
    found = prioritise_fuzzy(build([(1.5, 2, 2.5), (2 / 3, 1, 1.5), (1.5, 2, 2.5)]))
    rows = [
        [Fraction(19, 6), Fraction(4), Fraction(5)],
        [Fraction(29, 10), Fraction(7, 2), Fraction(25, 6)],
        [Fraction(31, 15), Fraction(5, 2), Fraction(19, 6)],
    ]
    total = [sum(row[k] for row in rows) for k in range(3)]
    extents = [[row[k] / total[2 - k] for k in range(3)] for row in rows]
    np.testing.assert_allclose(found.extents, np.array(extents, dtype=float), rtol=1e-14)

    def cross(i, k):
        (_, mi, ui), (lk, mk, _) = extents[i], extents[k]
        return (lk - ui) / ((mi - ui) - (mk - lk))

    least = [1.0, float(cross(1, 0)), float(min(cross(2, 0), cross(2, 1)))]
    np.testing.assert_allclose(found.chang, np.array(least) / sum(least), rtol=1e-13)
    assert found.possibility.loc["g1"].tolist() == [1, 1, 1]


def test_crisp_judgements_become_fuzzy_as_said():
    names = list("abcdefgh")
    row = [1, 2, 3, 8, 9, 1 / 2, 1 / 3, 1 / 9]
    values = np.array(row)[None, :] / np.array(row)[:, None]
    values = np.where(np.eye(8) > 0, 1, values)
    values[0] = row
    values[:, 0] = 1 / np.array(row)
    fuzzy = fuzzify(pd.DataFrame(values, index=names, columns=names))
    ends = np.stack([fuzzy.lower[0], fuzzy.middle[0], fuzzy.upper[0]], axis=1)
    wanted = [
        (1, 1, 1),
        (1, 2, 3),
        (2, 3, 4),
        (7, 8, 9),
        (8, 9, 9),
        (1 / 3, 1 / 2, 1),
        (1 / 4, 1 / 3, 1 / 2),
        (1 / 9, 1 / 9, 1 / 8),
    ]
    np.testing.assert_allclose(ends, wanted, rtol=1e-14)
    equal = fuzzify(matrix_of([1.0, 1.0]))
    assert equal.table()[["lower", "middle", "upper"]].to_numpy().tolist() == [[0.5, 1, 2]]


@given(st.integers(0, 1_000), st.integers(1, 8), st.floats(0, 9))
@settings(deadline=None, max_examples=60)
def test_fuzzy_judgements_are_reciprocal_and_stay_on_the_scale(seed, n, spread):
    fuzzy = fuzzify(random_matrix(seed, n), spread=spread)
    np.testing.assert_allclose(fuzzy.lower * fuzzy.upper.T, 1, rtol=1e-14)
    assert (fuzzy.lower <= fuzzy.middle).all()
    assert (fuzzy.middle <= fuzzy.upper).all()
    assert fuzzy.upper.max() <= 9
    assert fuzzy.lower.min() >= 1 / 9 - 1e-15
    assert (np.diagonal(fuzzy.upper) == 1).all()


@given(st.integers(0, 1_000), st.integers(1, 8))
@settings(deadline=None, max_examples=40)
def test_no_spread_gives_the_geometric_mean(seed, n):
    matrix = random_matrix(seed, n)
    found = prioritise_fuzzy(fuzzify(matrix, spread=0))
    geometric = prioritise(matrix, method="geometric_mean").weights
    np.testing.assert_allclose(found.buckley, geometric, rtol=1e-12)
    for end in ("lower", "middle", "upper"):
        np.testing.assert_allclose(found.fuzzy_weights[end], geometric, rtol=1e-12)
    np.testing.assert_array_equal(found.crisp, geometric)
    assert found.largest_difference < 1e-12


def test_no_spread_makes_chang_give_everything_to_the_largest_row_sum():
    found = prioritise_fuzzy(fuzzify(matrix_of([5.0, 4.0, 1.0]), spread=0))
    assert found.chang.tolist() == [1, 0, 0]
    assert found.zeros == ("n1", "n2")
    # Equal row sums share it, although they differ by rounding.
    tied = prioritise_fuzzy(fuzzify(matrix_of([3.0, 3.0, 1.0]), spread=0))
    assert tied.chang.tolist() == [0.5, 0.5, 0]


@given(st.integers(0, 1_000), st.integers(2, 7), st.floats(0, 3))
@settings(deadline=None, max_examples=40)
def test_names_may_come_in_any_order(seed, n, spread):
    matrix = random_matrix(seed, n)
    order = list(np.random.default_rng(seed).permutation(matrix.index))
    one, other = (
        prioritise_fuzzy(fuzzify(m, spread=spread)) for m in (matrix, matrix.loc[order, order])
    )
    np.testing.assert_allclose(other.buckley, one.buckley[order], rtol=1e-12)
    np.testing.assert_allclose(other.chang, one.chang[order], rtol=1e-9, atol=1e-12)
    assert set(one.zeros) == set(other.zeros)


@given(st.integers(0, 1_000), st.integers(2, 7), st.floats(0, 3))
@settings(deadline=None, max_examples=40)
def test_fuzzy_weights_hold_their_peaks_and_sum_to_one(seed, n, spread):
    found = prioritise_fuzzy(fuzzify(random_matrix(seed, n), spread=spread))
    ends = found.fuzzy_weights
    assert (ends["lower"] <= ends["middle"] + 1e-15).all()
    assert (ends["middle"] <= ends["upper"] + 1e-15).all()
    for weights in (found.buckley, found.chang, found.crisp, ends["middle"]):
        assert weights.sum() == pytest.approx(1, rel=1e-12)
    assert found.possibility.to_numpy().min() >= 0
    assert found.possibility.to_numpy().max() <= 1
    assert (np.maximum(found.possibility, found.possibility.T) == 1).all().all()


def test_reversed_judgements_reverse_the_fuzzy_weights():
    matrix = random_matrix(3, 5)
    there, back = (prioritise_fuzzy(fuzzify(m)) for m in (matrix, matrix.T))
    # Each row's fuzzy mean becomes the reciprocal with its ends swapped.
    means = {
        one: np.exp(np.log(getattr(there.judgements, one)).mean(axis=1))
        for one in ("lower", "upper")
    }
    mirrored = np.exp(np.log(back.judgements.upper).mean(axis=1))
    np.testing.assert_allclose(mirrored, 1 / means["lower"], rtol=1e-12)
    products = there.fuzzy_weights["middle"] * back.fuzzy_weights["middle"]
    np.testing.assert_allclose(products, products.iloc[0], rtol=1e-12)


def test_degree_of_possibility_is_the_height_of_the_crossing():
    # Triangles (0, 1, 3) and (1, 2, 4) cross where 1 - (x - 1) / 2 = x - 1, at height 2/3.
    found = compare_extents(np.array([[0.0, 1.0, 3.0], [1.0, 2.0, 4.0]]))
    np.testing.assert_allclose(found, [[1, 2 / 3], [1, 1]], rtol=1e-15)
    apart = compare_extents(np.array([[0.0, 1.0, 1.0], [1.0, 2.0, 4.0]]))
    np.testing.assert_array_equal(apart, [[1, 0], [1, 1]])


def test_the_zero_weight_flaw_is_shown(published):
    # Style is judged a seventh of cost, no less: Chang calls it irrelevant.
    found = prioritise_fuzzy(fuzzify(read_judgements(published, matrix="car")))
    assert found.zeros == ("style",)
    row = found.zero_table().iloc[0]
    assert row["Chang"] == 0
    assert row["judged"] == pytest.approx(1 / 7)
    assert row["highest against"] in {"cost", "capacity"}
    assert row["crisp"] == pytest.approx(0.039, abs=5e-4)
    table = found.table().set_index("name")
    assert table.loc["style", "Chang gives zero"] == "yes"
    assert (table.drop("style")["Chang gives zero"] == "no").all()
    assert found.to_metrics()["n_zero_weights_by_chang"] == 1
    # Preferred three times over another name, and yet of no weight.
    city = prioritise_fuzzy(fuzzify(read_judgements(published, matrix="city")))
    housing = city.zero_table().set_index("name").loc["housing"]
    assert (housing["highest against"], housing["judged"]) == ("transport", 3)


def test_a_wider_spread_need_not_heal_the_flaw(published):
    found = vary_spread(read_judgements(published, matrix="car"), spreads=(0, 1, 3))
    zeros = found[found["Chang"] == 0].groupby("spread")["name"].count()
    assert zeros.to_dict() == {0: 3, 1: 1, 3: 1}
    assert list(found.columns) == ["spread", "name", "Buckley", "Chang"]
    np.testing.assert_allclose(found.groupby("spread")[["Buckley", "Chang"]].sum(), 1)


@pytest.mark.parametrize("n", [1, 2])
def test_one_and_two_names(n):
    found = prioritise_fuzzy(fuzzify(matrix_of([3.0, 1.0][:n])))
    assert found.crisp.iloc[0] == pytest.approx(1.0 if n == 1 else 0.75)
    assert found.buckley.sum() == pytest.approx(1)
    assert found.chang.iloc[0] == 1
    assert len(found.zero_table()) == n - 1
    assert len(fuzzify(matrix_of([3.0, 1.0][:n])).table()) == n - 1


def test_disagreement_of_experts_is_fuzziness(noisy):
    values = noisy(5, 4, 0.4)
    names = tuple("abcd")
    fuzzy = fuzzify_panel(values, names=names)
    np.testing.assert_allclose(fuzzy.upper, values.max(axis=0), rtol=1e-14)
    np.testing.assert_allclose(fuzzy.lower, values.min(axis=0), rtol=1e-12)
    np.testing.assert_allclose(fuzzy.middle, np.exp(np.log(values).mean(axis=0)), rtol=1e-14)
    assert fuzzy.origin == "range of 5 experts"
    turned = fuzzify_panel(values[::-1], names=names)
    np.testing.assert_allclose(turned.middle, fuzzy.middle, rtol=1e-14)
    one = prioritise_fuzzy(fuzzify_panel(values[:1], names=names))
    assert one.largest_difference < 1e-12


@pytest.fixture
def hierarchy():
    return {"x": ("x1", "x2", "x3"), "y": ("y1",), "z": ("z1", "z2")}


@pytest.fixture
def results(hierarchy):
    def judge(names, seed):
        matrix = random_matrix(seed, len(names))
        return prioritise(matrix.set_axis(list(names)).set_axis(list(names), axis=1))

    return {
        "criteria": judge(tuple(hierarchy), 4),
        "x": judge(hierarchy["x"], 2),
        "z": judge(hierarchy["z"], 3),
    }


def test_hierarchy_multiplies_the_levels(hierarchy, results):
    fuzzy = prioritise_fuzzy_hierarchy(results, hierarchy=hierarchy)
    criteria = fuzzy.matrices["criteria"]
    overall = fuzzy.overall_table().set_index("indicator")
    assert list(overall.index) == ["x1", "x2", "x3", "y1", "z1", "z2"]
    for kind, column in (("buckley", "Buckley"), ("chang", "Chang"), ("crisp", "crisp")):
        level = getattr(criteria, kind)
        assert overall.loc["y1", column] == pytest.approx(level["y"])
        x2 = level["x"] * getattr(fuzzy.matrices["x"], kind)["x2"]
        assert overall.loc["x2", column] == pytest.approx(x2)
        assert overall[column].sum() == pytest.approx(1)
    assert set(fuzzy.table()["matrix"]) == {"criteria", "x", "z"}
    assert len(fuzzy.zero_table()) == len(fuzzy.zeros) > 0
    metrics = fuzzy.to_metrics()
    assert metrics["n_zero_weights_by_chang"] == len(fuzzy.zeros)
    assert metrics["weight_y1"] == overall.loc["y1", "Buckley"]


def test_hierarchy_without_spread_is_crisp(hierarchy, results):
    fuzzy = prioritise_fuzzy_hierarchy(results, hierarchy=hierarchy, spread=0)
    metrics = fuzzy.to_metrics()
    assert metrics["largest_difference"] < 1e-12
    assert metrics["n_ranks_changed"] == 0


def test_a_hierarchy_without_zeros_has_an_empty_table():
    judged = pd.DataFrame([[1, 1], [1, 1]], index=["x", "y"], columns=["x", "y"])
    fuzzy = prioritise_fuzzy_hierarchy(
        {"criteria": prioritise(judged)}, hierarchy={"x": ("x1",), "y": ("y1",)}
    )
    assert fuzzy.zeros == ()
    assert fuzzy.zero_table().empty
    assert "matrix" in fuzzy.zero_table()


def test_refuses_a_negative_spread():
    for spread in (-1, np.nan, np.inf):
        with pytest.raises(SettingsError, match=r"spread is .*; allowed: 0 or more steps"):
            fuzzify(matrix_of([1.0, 2.0]), spread=spread)


def test_refuses_fuzzy_numbers_that_are_none():
    one = np.ones((2, 2))
    with pytest.raises(JudgementError, match=r"row 'a', column 'b': found \(3, 2, 4\) against"):
        FuzzyJudgements(
            ("a", "b"),
            np.array([[1, 3], [1 / 4, 1]]),
            np.array([[1, 2], [1 / 2, 1]]),
            np.array([[1, 4], [1 / 3, 1]]),
            "typed",
        )
    with pytest.raises(JudgementError, match="the reciprocals in reverse order"):
        FuzzyJudgements(("a", "b"), one, one, np.array([[1, 2], [2, 1]]), "typed")
    with pytest.raises(JudgementError, match=r"shape \(2, 2\); allowed: \(3, 3\)"):
        FuzzyJudgements(("a", "b", "c"), one, one, one, "typed")
    with pytest.raises(JudgementError, match=r"shape \(0, 2, 2\); allowed: \(experts"):
        fuzzify_panel(np.ones((0, 2, 2)), names=("a", "b"))


def test_refuses_what_is_no_judgement_matrix():
    bad = pd.DataFrame([[1, 3], [0.5, 1]], index=["a", "b"], columns=["a", "b"])
    with pytest.raises(JudgementError, match="row 'a', column 'b'"):
        fuzzify(bad)
    with pytest.raises(JudgementError, match="the same names, each once"):
        fuzzify(bad.set_axis(["a", "c"], axis=1))


def test_hands_on_what_is_not_available():
    missing = NotAvailable("no judgements")
    assert fuzzify(missing) is missing
    assert prioritise_fuzzy(missing) is missing
    assert vary_spread(missing) is missing
    assert fuzzify_panel(missing, names=("a",)) is missing
    assert prioritise_fuzzy_hierarchy(missing, hierarchy={"a": ("b",)}) is missing
