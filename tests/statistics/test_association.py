"""Association, shares explained, many tests at once: against R, laws, coverage, refusals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import ModelError
from crmstudy.statistics.association import allows_chi_square, associate, expect_independence
from crmstudy.statistics.effects import measure_means, measure_ranks, measure_table
from crmstudy.statistics.multiplicity import adjust_p_values

PLACE = Path(__file__).parent.parent / "reference" / "association"
EXPECTED = pd.read_csv(PLACE / "expected.csv")
CHICKS = pd.read_csv(PLACE / "chicks.csv")
HAIR = pd.read_csv(PLACE / "hair.csv").pivot_table(index="hair", columns="eye", values="n")
RARE = np.array([[7, 1, 0], [2, 3, 4], [0, 1, 6]])
TEA = np.array([[8, 2], [1, 5]])


def expected(data: str, quantity: str) -> np.ndarray:
    rows = EXPECTED[(EXPECTED["data"] == data) & (EXPECTED["quantity"] == quantity)]
    assert len(rows)
    return rows["value"].to_numpy()


def cases(counts: np.ndarray) -> tuple[pd.Series, pd.Series]:
    """Write a table of counts as one row a case."""
    rows, columns = np.indices(counts.shape)
    times = counts.ravel().astype(int)
    first, second = np.repeat(rows.ravel(), times), np.repeat(columns.ravel(), times)
    return pd.Series(first).map("r{}".format), pd.Series(second).map("c{}".format)


def feeds() -> list[np.ndarray]:
    return [group["weight"].to_numpy(dtype=float) for _, group in CHICKS.groupby("feed")]


def test_chi_square_and_v_as_in_r():
    found = associate(*cases(HAIR.to_numpy()), seed=1)
    assert found.method == "chi-square"
    assert found.test.statistic == pytest.approx(expected("hair", "chi2")[0], rel=1e-12)
    assert found.test.p_value == pytest.approx(expected("hair", "chi2 p")[0], rel=1e-9)
    assert found.test.distribution == "chi2(9)"
    assert found.effect.size == pytest.approx(expected("hair", "v")[0], rel=1e-12)
    assert found.effect.lower < found.effect.share < found.effect.upper
    assert (found.n, found.share_small) == (592, 0)


def test_small_tables_as_in_r():
    found = associate(*cases(RARE), seed=1)
    assert found.method == "Monte Carlo chi-square"
    assert found.test.statistic == pytest.approx(expected("rare", "chi2")[0], rel=1e-12)
    error = np.sqrt(0.0015 / 9_999)
    assert found.test.p_value == pytest.approx(expected("rare", "drawn p")[0], abs=4 * error)
    assert found.effect.size == pytest.approx(expected("rare", "v")[0], rel=1e-12)
    np.testing.assert_allclose(
        expect_independence(RARE.astype(float)).ravel(), expected("rare", "expected")
    )
    assert found.smallest_expected == pytest.approx(expected("rare", "expected").min())
    two = associate(*cases(TEA), seed=1)
    assert two.method == "Fisher's exact test"
    assert two.test.p_value == pytest.approx(expected("tea", "fisher p")[0], rel=1e-9)
    assert two.test.statistic == expected("tea", "odds")[0]


def test_cochran_decides_which_test():
    assert allows_chi_square(np.full((2, 5), 5.0))
    assert allows_chi_square(np.array([[4.9, 9], [9, 9], [9, 9]]))
    assert not allows_chi_square(np.array([[4.9, 4.9], [9, 9], [9, 9]]))
    assert not allows_chi_square(np.array([[0.9] + [9.0] * 9]))


def test_shares_of_variance_as_in_r():
    assert measure_means(feeds()).share == pytest.approx(expected("chicks", "omega2")[0], rel=1e-9)
    ranks = measure_ranks(feeds())
    assert ranks.share == pytest.approx(expected("chicks", "epsilon2")[0], rel=1e-9)
    assert (ranks.measure, measure_means(feeds()).measure) == ("epsilon squared", "omega squared")


def test_adjusted_p_values_as_in_r():
    given = pd.Series([*expected("p", "given"), np.nan], index=list("abcdefgh"))
    adjusted = adjust_p_values(given)
    np.testing.assert_allclose(adjusted["p_holm"].iloc[:-1], expected("p", "holm"))
    np.testing.assert_allclose(adjusted["p_bh"].iloc[:-1], expected("p", "bh"))
    assert adjusted.loc["h"].isna().all()
    assert adjust_p_values(pd.Series([np.nan, np.nan])).isna().all(axis=None)
    with pytest.raises(ModelError, match="between 0 and 1"):
        adjust_p_values(pd.Series([0.5, 1.5]))


def test_the_spread_of_both_shares_is_that_of_the_bootstrap():
    rng = np.random.default_rng(1)
    groups = [rng.lognormal(0.4 * j, 0.3 + 0.2 * j, size=400) for j in range(3)]
    values, group = np.concatenate(groups), np.repeat([0, 1, 2], 400)
    found = measure_means(groups)
    counts = rng.multinomial(900, [0.25, 0.1, 0.05, 0.05, 0.25, 0.3]).reshape(2, 3)
    table = measure_table(counts.astype(float))
    means, tables = [], []
    for _ in range(400):
        rows = rng.integers(1_200, size=1_200)
        means.append(measure_means([values[rows][group[rows] == j] for j in range(3)]).share)
        again = rng.multinomial(900, counts.ravel() / 900).reshape(2, 3)
        tables.append(measure_table(again.astype(float)).share)
    for effect, draws in ((found, means), (table, tables)):
        assert (effect.upper - effect.lower) / 3.92 == pytest.approx(np.std(draws), rel=0.12)


@pytest.mark.parametrize("strength", [0.0, 0.1, 0.5])
def test_intervals_cover_what_is_true(strength):
    rng = np.random.default_rng(11)
    independent = np.outer([0.5, 0.3, 0.2], [0.4, 0.35, 0.25])
    joint = (1 - strength) * independent + strength * np.diag([0.45, 0.3, 0.25])
    row, column = joint.sum(axis=1, keepdims=True), joint.sum(axis=0, keepdims=True)
    v2 = ((joint**2 / (row * column)).sum() - 1) / 2
    shift = strength * np.array([0, 1, 2])
    sizes = np.array([150, 90, 60])
    between = np.average((shift - np.average(shift, weights=sizes)) ** 2, weights=sizes)
    eta2 = between / (between + np.average([1, 4, 0.25], weights=sizes))
    held = np.zeros(2)
    for _ in range(300):
        table = measure_table(rng.multinomial(300, joint.ravel()).reshape(3, 3).astype(float))
        samples = [
            m + s * rng.normal(size=n) for m, s, n in zip(shift, [1, 2, 0.5], sizes, strict=True)
        ]
        means = measure_means(samples)
        held += [table.lower <= v2 <= table.upper, means.lower <= eta2 <= means.upper]
    assert (held / 300 >= 0.92).all()


def test_effects_have_the_right_ends():
    rng = np.random.default_rng(3)
    whole = measure_table(np.diag([40.0, 30.0, 20.0]))
    assert whole.size == pytest.approx(1, abs=0.01)
    assert whole.upper == 1
    nothing = measure_table(np.outer([40, 60], [30, 30, 40]).astype(float))
    assert (nothing.share, nothing.lower) == (0, 0)
    apart = measure_means([np.full(20, 1.0), np.full(30, 5.0)])
    assert apart.share == pytest.approx(1)
    noise = measure_means([rng.normal(size=500) for _ in range(3)])
    assert noise.lower == 0
    assert measure_table(np.eye(3)).upper == 1  # one case a level: nothing can be said


def test_scale_and_order_change_nothing():
    samples = feeds()
    same = measure_means([sample * 1000 - 7 for sample in reversed(samples)])
    assert same.share == pytest.approx(measure_means(samples).share, rel=1e-12)
    curved = [np.exp(sample / 50) for sample in samples]
    assert measure_ranks(curved).share == measure_ranks(samples).share
    turned = measure_table(HAIR.to_numpy(dtype=float).T)
    assert turned.share == pytest.approx(measure_table(HAIR.to_numpy(dtype=float)).share)
    first, second = cases(RARE)
    drawn = associate(first, second, seed=4).test.p_value
    order = np.random.default_rng(1).permutation(len(first))
    assert associate(first.iloc[order], second.iloc[order], seed=4).test.p_value == drawn


def test_one_level_is_refused():
    with pytest.raises(ModelError, match="two levels"):
        associate(pd.Series(["a", "a"]), pd.Series(["b", "c"]), seed=1)
