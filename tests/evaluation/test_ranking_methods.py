"""TOPSIS, VIKOR, grey relations, weighted sum: printed examples, base R, pymcdm."""

import numpy as np
import pandas as pd
import pytest

from crmstudy.evaluation.ranking.agreement import agree
from crmstudy.evaluation.ranking.rank import rank_units

EXPERTS = [0.30, 0.25, 0.20, 0.15, 0.10]


def rank(rows, weights, smaller=()):
    """Rank A1, A2 ... by c1, c2 ..., of which those at ``smaller`` are costs."""
    matrix = pd.DataFrame(
        rows,
        index=[f"A{k + 1}" for k in range(len(rows))],
        columns=[f"c{k + 1}" for k in range(len(rows[0]))],
        dtype=float,
    )
    directions = {
        name: "smaller" if name in smaller else "larger" for name in map(str, matrix.columns)
    }
    given = pd.Series(weights, matrix.columns, dtype=float)
    return rank_units(matrix, weights=given / given.sum(), directions=directions)


# Opricovic & Tzeng (2004), European J. Operational Research, 156(2), Tables 1-3: where to climb,
# by risk and altitude; the second problem is the same in other units.
MOUNTAINS = [[1, 3000], [2, 3750], [5, 4500]]
SAME_MOUNTAINS = [[6, 2.0], [7, 2.75], [10, 3.5]]


@pytest.mark.parametrize(
    ("rows", "best", "worst", "closeness"),
    [
        (MOUNTAINS, [0.114, 0.108, 0.365], [0.365, 0.280, 0.114], [0.762, 0.722, 0.238]),
        (SAME_MOUNTAINS, [0.154, 0.085, 0.147], [0.147, 0.134, 0.154], [0.489, 0.612, 0.511]),
    ],
)
def test_published_topsis_of_opricovic_and_tzeng(rows, best, worst, closeness):
    steps = rank(rows, [0.5, 0.5], smaller=["c1"]).steps["TOPSIS"]["score"]
    np.testing.assert_allclose(steps["distance from best"], best, atol=5e-4)
    np.testing.assert_allclose(steps["distance from worst"], worst, atol=5e-4)
    np.testing.assert_allclose(steps["closeness"], closeness, atol=5e-4)


@pytest.mark.parametrize("rows", [MOUNTAINS, SAME_MOUNTAINS])
def test_published_vikor_of_opricovic_and_tzeng(rows):
    ranking = rank(rows, [0.5, 0.5], smaller=["c1"])
    steps = ranking.steps["VIKOR"]["score"]
    np.testing.assert_allclose(steps["S"], [0.5, 0.375, 0.5], atol=5e-4)
    np.testing.assert_allclose(steps["R"], [0.5, 0.25, 0.5], atol=5e-4)
    np.testing.assert_allclose(steps["Q"], [1, 0, 1], atol=5e-4)
    assert ranking.compromise.units == ("A2",)
    assert ranking.compromise.acceptable_advantage
    assert ranking.compromise.acceptable_stability


def test_published_topsis_of_hwang_and_yoon():
    # Hwang & Yoon (1981), the fighter aircraft; the book rounds each step to four digits.
    rows = [
        [2.0, 1500, 20000, 5.5, 5, 9],
        [2.5, 2700, 18000, 6.5, 3, 5],
        [1.8, 2000, 21000, 4.5, 7, 7],
        [2.2, 1800, 20000, 5.0, 5, 5],
    ]
    ranking = rank(rows, [0.2, 0.1, 0.1, 0.1, 0.2, 0.3], smaller=["c4"])
    found = ranking.steps["TOPSIS"]["score"]["closeness"]
    np.testing.assert_allclose(found, [0.643, 0.268, 0.613, 0.312], atol=6e-4)


def test_published_topsis_and_vikor_of_tzeng_and_huang():
    # Tzeng & Huang (2011), Multiple Attribute Decision Making, CRC Press.
    ranking = rank([[5, 8, 4], [7, 6, 8], [8, 8, 6], [7, 4, 6]], [0.3, 0.4, 0.3])
    found = ranking.steps["TOPSIS"]["score"]["closeness"]
    np.testing.assert_allclose(found, [0.5037, 0.6581, 0.7482, 0.3340], atol=5e-5)
    steps = ranking.steps["VIKOR"]["score"]
    np.testing.assert_allclose(steps["S"], [0.6, 0.3, 0.15, 0.65], atol=5e-3)
    np.testing.assert_allclose(steps["R"], [0.3, 0.2, 0.15, 0.4], atol=5e-3)
    np.testing.assert_allclose(steps["Q"], [0.75, 0.25, 0, 1], atol=5e-3)
    # A2 is nearer than 1 / 3 to A3.
    assert ranking.compromise.units == ("A3", "A2")


# Opricovic & Tzeng (2007), European J. Operational Research, 178(2), 514-529: six designs of a
# hydropower system on the Drina river under four sets of weights.
DRINA = [
    [4184.3, 2914.0, 407.2, 251.0, 195, 244, 15, 2.41],
    [5211.9, 3630.0, 501.7, 308.3, 282, 346, 21, 1.41],
    [5021.3, 3920.5, 504.0, 278.6, 12, 56, 3, 4.42],
    [5566.1, 3957.9, 559.5, 335.3, 167, 268, 16, 3.36],
    [5060.5, 3293.5, 514.1, 284.2, 69, 90, 7, 4.04],
    [4317.9, 2925.9, 432.8, 239.3, 12, 55, 3, 4.36],
]


@pytest.mark.parametrize(
    ("weights", "s", "r", "q", "units"),
    [
        (
            [1, 1, 1, 1, 1, 1, 1, 1],
            [0.692, 0.700, 0.290, 0.423, 0.280, 0.346],
            [0.125, 0.125, 0.121, 0.125, 0.067, 0.125],
            [0.991, 1.000, 0.473, 0.670, 0.000, 0.578],
            ("A5",),
        ),
        (
            [2, 2, 2, 2, 1, 1, 1, 1],
            [0.701, 0.600, 0.386, 0.365, 0.317, 0.459],
            [0.167, 0.114, 0.161, 0.167, 0.089, 0.167],
            [1.000, 0.533, 0.552, 0.563, 0.000, 0.686],
            ("A5",),
        ),
        (
            [1, 1, 1, 1, 2, 2, 2, 2],
            [0.683, 0.800, 0.193, 0.480, 0.243, 0.232],
            [0.113, 0.167, 0.080, 0.122, 0.044, 0.083],
            [0.684, 1.000, 0.147, 0.554, 0.041, 0.191],
            ("A5", "A3", "A6"),
        ),
        (
            [1, 1, 1, 1, 3.2, 3.2, 3.2, 3.2],
            [0.678, 0.857, 0.138, 0.513, 0.222, 0.167],
            [0.129, 0.190, 0.057, 0.139, 0.042, 0.060],
            [0.668, 1.000, 0.051, 0.588, 0.058, 0.078],
            ("A3", "A5", "A6"),
        ),
    ],
)
def test_published_vikor_with_a_compromise_of_several(weights, s, r, q, units):
    ranking = rank(DRINA, weights, smaller=["c2", "c5", "c6", "c7"])
    steps = ranking.steps["VIKOR"]["score"]
    # The inputs are printed rounded too, which moves some third digits by one.
    np.testing.assert_allclose(steps["S"], s, atol=1.5e-3)
    np.testing.assert_allclose(steps["R"], r, atol=1.5e-3)
    np.testing.assert_allclose(steps["Q"], q, atol=1.5e-3)
    assert ranking.compromise.units == units


def test_published_grey_relations():
    # Si & Sun, Mathematical Modelling: Algorithms and Applications (in Chinese), example 14.5,
    # coefficients and grades as a public worked solution of it prints them: six suppliers by
    # nine criteria that count alike, three of them costs.
    rows = np.array(
        [
            [0.83, 0.90, 0.99, 0.92, 0.87, 0.95],
            [326, 295, 340, 287, 310, 303],
            [21, 38, 25, 19, 27, 10],
            [3.2, 2.4, 2.2, 2.0, 0.9, 1.7],
            [0.20, 0.25, 0.12, 0.33, 0.20, 0.09],
            [0.15, 0.20, 0.14, 0.09, 0.15, 0.17],
            [250, 180, 300, 200, 150, 175],
            [0.23, 0.15, 0.27, 0.30, 0.18, 0.26],
            [0.87, 0.95, 0.99, 0.89, 0.82, 0.94],
        ]
    ).T
    ranking = rank(rows.tolist(), np.ones(9), smaller=["c2", "c3", "c4"])
    steps = ranking.steps["grey relational"]
    first = [0.3333, 0.4046, 0.5600, 0.3333, 0.4800, 0.5238, 0.6000, 0.5172, 0.4146]
    np.testing.assert_allclose(steps["relational coefficient"].loc["A1"], first, atol=5e-5)
    grades = [0.4630, 0.5560, 0.6491, 0.6527, 0.4936, 0.6130]
    np.testing.assert_allclose(steps["score"]["grade"], grades, atol=5e-5)


@pytest.mark.parametrize(
    ("method", "quantity"),
    [
        ("weighted sum", "score"),
        ("TOPSIS", "distance from best"),
        ("TOPSIS", "distance from worst"),
        ("TOPSIS", "closeness"),
        ("VIKOR", "S"),
        ("VIKOR", "R"),
        ("VIKOR", "Q"),
        ("grey relational", "grade"),
    ],
)
def test_base_r_agrees(measured, by_r, method, quantity):
    decisions, directions = measured
    weights = pd.Series(EXPERTS, decisions.columns)
    ranking = rank_units(decisions, weights=weights, directions=directions)
    found = ranking.steps[method]["score"][quantity]
    np.testing.assert_allclose(found, by_r(method, quantity), rtol=1e-12, atol=1e-14)


def test_pymcdm_agrees_where_it_divides_by_nothing():
    from pymcdm.methods import VIKOR, WSM
    from pymcdm.normalizations import minmax_normalization

    rng = np.random.default_rng(4)
    for _ in range(20):
        rows, weights = rng.gamma(2, 1, (7, 5)), rng.dirichlet(np.ones(5))
        ranking = rank(rows.tolist(), weights, smaller=["c2", "c4"])
        given = (rows, weights, np.array([1, -1, 1, -1, 1]))
        q = VIKOR()(*given, validation=False)
        np.testing.assert_allclose(ranking.steps["VIKOR"]["score"]["Q"], q, atol=1e-12)
        total = WSM(minmax_normalization)(*given, validation=False)
        np.testing.assert_allclose(ranking.scores["weighted sum"], total, atol=1e-12)


def test_base_r_agrees_on_agreement(by_r):
    scores = -pd.DataFrame(
        {"a": [1.0, 2, 2, 4, 5, 6], "b": [2.0, 1, 3, 3, 6, 5], "c": [6.0, 4, 4, 4, 1, 2]}
    )
    found = agree(scores)
    np.testing.assert_allclose(found.table()["Kendall's tau-b"], by_r("agreement", "tau"))
    np.testing.assert_allclose(found.table()["Spearman's rho"], by_r("agreement", "rho"))
    assert found.concordance == pytest.approx(by_r("agreement", "W")[0])
    assert found.least_alike[2] == found.tau.to_numpy().min()
