"""Factor analysis: against R, published results, laws, and data it must refuse."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import DataError, ModelError, NotAvailable, SettingsError
from crmstudy.statistics.correlations import correlate
from crmstudy.statistics.extraction import count_identified, degrees_of_freedom, extract_factors
from crmstudy.statistics.factor_screen import screen_factors
from crmstudy.statistics.factors import fit_factors, score_factors
from crmstudy.statistics.parallel import analyse_parallel, draw_correlations
from crmstudy.statistics.rotation import rotate_loadings

PLACE = Path(__file__).parent.parent / "reference" / "factors"
EXPECTED = pd.read_csv(PLACE / "expected.csv")
ITEMS = pd.read_csv(PLACE / "items.csv")
HARMAN = pd.read_csv(PLACE / "harman.csv", index_col=0)
SETS = ("harman", "items")


def expected(data: str, quantity: str) -> np.ndarray:
    rows = EXPECTED[(EXPECTED["data"] == data) & (EXPECTED["quantity"] == quantity)]
    assert len(rows)
    return rows.sort_values("place")["value"].to_numpy()


def rows_with(correlations: pd.DataFrame, n: int) -> pd.DataFrame:
    """Make n rows whose correlations are exactly these."""
    rng = np.random.default_rng(7)
    raw = rng.normal(size=(n, len(correlations)))
    raw -= raw.mean(axis=0)
    exact = np.linalg.qr(raw)[0] @ np.linalg.cholesky(correlations.to_numpy()).T
    return pd.DataFrame(exact * 3 + 10, columns=correlations.columns)


FRAMES = {"harman": rows_with(HARMAN, 145), "items": ITEMS}
FACTORS = {"harman": 4, "items": 3}


@pytest.mark.parametrize("data", SETS)
def test_adequacy_and_eigenvalues_as_in_psych(data):
    screen = screen_factors(FRAMES[data], seed=1, n_draws=20)
    assert screen.kmo == pytest.approx(expected(data, "kmo")[0], abs=1e-9)
    np.testing.assert_allclose(screen.variables["msa"], expected(data, "msa"), atol=1e-9)
    np.testing.assert_allclose(screen.variables["smc"], expected(data, "smc"), atol=1e-9)
    chi2, p, df = expected(data, "bartlett")
    assert screen.sphericity.statistic == pytest.approx(chi2, rel=1e-9)
    assert screen.sphericity.p_value == pytest.approx(p, rel=1e-6)
    assert screen.sphericity.distribution == f"chi2({df:g})"
    found = screen.parallel.eigenvalues
    np.testing.assert_allclose(found["component"], expected(data, "component"), atol=1e-9)
    np.testing.assert_allclose(found["factor"], expected(data, "factor"), atol=1e-9)


@pytest.mark.parametrize("data", SETS)
@pytest.mark.parametrize("rotation", ["varimax", "oblimin", "promax"])
def test_minres_loadings_and_scores_as_in_r(data, rotation):
    how = {"seed": 1, "n_factors": FACTORS[data], "rotation": rotation, "n_draws": 20}
    result = fit_factors(FRAMES[data], **how)
    shape = result.loadings.shape
    key = f"minres:{rotation}"
    np.testing.assert_allclose(result.uniquenesses, expected(data, "minres:psi"), atol=1e-6)
    loadings = expected(data, f"{key}:loadings").reshape(shape)
    np.testing.assert_allclose(result.loadings, loadings, atol=2e-6)
    between = expected(data, f"{key}:between").reshape(shape[1], shape[1])
    np.testing.assert_allclose(result.factor_correlations, between, atol=2e-6)
    for scoring in ("regression", "bartlett"):
        weights = fit_factors(FRAMES[data], scoring=scoring, **how).weights
        wanted = expected(data, f"{key}:{scoring}").reshape(shape)
        np.testing.assert_allclose(weights, wanted, atol=5e-6)


@pytest.mark.parametrize("data", SETS)
def test_psych_agrees_as_far_as_its_search_goes(data):
    m = FACTORS[data]
    loose = fit_factors(FRAMES[data], seed=1, n_factors=m, n_draws=20)
    shape, key = loose.loadings.shape, "psych minres:oblimin"
    for name, found in {"loadings": loose.loadings, "weights": loose.weights}.items():
        wanted = expected(data, f"{key}:{name}").reshape(shape)
        np.testing.assert_allclose(found, wanted, atol=2e-3)
    explained = expected(data, f"{key}:explained")
    np.testing.assert_allclose(loose.explained["ss_loadings"], explained, atol=2e-3)
    axes = fit_factors(
        FRAMES[data],
        seed=1,
        n_factors=m,
        method="principal axis",
        rotation="varimax",
        n_draws=20,
    )
    key = "psych principal axis:varimax"
    wanted = expected(data, f"{key}:loadings").reshape(shape)
    np.testing.assert_allclose(axes.loadings, wanted, atol=1e-3)
    communalities = expected(data, "psych principal axis:communality")
    np.testing.assert_allclose(axes.communalities, communalities, atol=1e-8)


@pytest.mark.parametrize("data", SETS)
def test_likelihood_as_in_factanal(data):
    how = {"seed": 1, "method": "ml", "rotation": "varimax", "n_draws": 20}
    result = fit_factors(FRAMES[data], n_factors=FACTORS[data], **how)
    np.testing.assert_allclose(result.uniquenesses, expected(data, "factanal ml:psi"), atol=2e-6)
    loadings = expected(data, "factanal ml:varimax:loadings").reshape(result.loadings.shape)
    np.testing.assert_allclose(result.loadings, loadings, atol=5e-6)
    statistic, p_value, df = expected(data, "factanal ml:fit")
    assert result.fit.statistic == pytest.approx(statistic, abs=1e-6)
    assert result.fit.p_value == pytest.approx(p_value, rel=1e-6)
    assert result.fit.distribution == f"chi2({df:g})"


def test_published_fit_of_four_factors_to_24_tests():
    """Harman (1976) data; chi-square 226.68 on 186 df, printed by R's example(Harman74.cor)."""
    fit = fit_factors(FRAMES["harman"], seed=1, n_factors=4, method="ml", n_draws=20).fit
    assert fit.statistic == pytest.approx(226.68, abs=0.005)
    assert fit.distribution == "chi2(186)"


def test_random_eigenvalues_as_in_psych():
    # Percentiles of 1,000 draws each; a standard error of both together is below .012.
    found = screen_factors(ITEMS, seed=3, n_draws=4_000).parallel.eigenvalues
    for ours, theirs in (
        ("random_component", "random component"),
        ("random_factor", "random factor"),
    ):
        np.testing.assert_allclose(found[ours], expected("items", theirs), atol=0.03)


def test_drawn_correlations_are_those_of_normal_rows():
    n, p = 30, 4
    drawn = draw_correlations(p, n=n, seed=1, n_draws=20_000)
    np.testing.assert_allclose(drawn[:, range(p), range(p)], 1.0)
    # Of unrelated normal rows a correlation has mean 0 and variance 1 / (n - 1).
    for i, j in ((0, 1), (0, 3), (2, 3)):
        assert drawn[:, i, j].mean() == pytest.approx(0, abs=0.006)
        assert drawn[:, i, j].var() == pytest.approx(1 / (n - 1), rel=0.04)
    again = draw_correlations(p, n=n, seed=1, n_draws=20_000)
    assert np.array_equal(drawn, again)


def test_principal_axes_end_where_minimum_residuals_do():
    matrix = HARMAN.to_numpy()
    axes = extract_factors(matrix, n_factors=3, method="principal axis")[1]
    searched = extract_factors(matrix, n_factors=3, method="minres")[1]
    np.testing.assert_allclose(axes, searched, atol=1e-7)


def test_factors_that_made_the_data_are_recovered():
    rng = np.random.default_rng(5)
    between = np.array([[1, 0.5], [0.5, 1]])
    factors = rng.multivariate_normal([0, 0], between, size=20_000)
    pattern = np.array([[0.9, 0], [0.8, 0], [0.7, 0], [0.6, 0], [0, 0.85], [0, 0.7], [0, 0.5]])
    psi = 1 - np.diag(pattern @ between @ pattern.T)
    frame = pd.DataFrame(
        factors @ pattern.T + rng.normal(size=(20_000, 7)) * np.sqrt(psi), columns=list("abcdefg")
    )
    result = fit_factors(frame, seed=1)
    assert result.n_factors == 2
    assert result.chosen
    np.testing.assert_allclose(result.loadings, pattern, atol=0.03)
    np.testing.assert_allclose(result.factor_correlations, between, atol=0.03)
    for j, name in enumerate(result.scores):
        squared = np.corrcoef(result.scores[name], factors[:, j])[0, 1] ** 2
        assert result.explained["determinacy"].iloc[j] == pytest.approx(squared, abs=0.02)
    assert all(check.passed for check in result.checks)


@pytest.mark.parametrize("rotation", ["varimax", "oblimin", "promax", "none"])
def test_rotation_changes_no_implied_correlation(rotation):
    loadings = extract_factors(HARMAN.to_numpy(), n_factors=4, method="minres")[0]
    pattern, between = rotate_loadings(loadings, rotation=rotation)
    np.testing.assert_allclose(pattern @ between @ pattern.T, loadings @ loadings.T, atol=1e-9)
    np.testing.assert_allclose(np.diag(between), 1.0, atol=1e-12)
    assert ((pattern**3).sum(axis=0) >= 0).all()
    # Where one starts from does not matter: signs and order are set by rule.
    turned = loadings[:, ::-1] * [1, -1, 1, -1]
    again = rotate_loadings(turned, rotation=rotation)[0]
    np.testing.assert_allclose(again, pattern, atol=1e-5)


def test_scales_and_order_of_rows_and_variables_change_nothing():
    result = fit_factors(ITEMS, seed=1, n_factors=3)
    shuffled = ITEMS.sample(frac=1, random_state=1)
    again = fit_factors(shuffled, seed=1, n_factors=3)
    pd.testing.assert_frame_equal(again.loadings, result.loadings, check_exact=True)
    pd.testing.assert_frame_equal(again.scores.loc[ITEMS.index], result.scores, check_exact=True)
    scaled = fit_factors(ITEMS * 7 - 3, seed=1, n_factors=3)
    np.testing.assert_allclose(scaled.loadings, result.loadings, atol=1e-6)
    turned = fit_factors(ITEMS[ITEMS.columns[::-1]], seed=1, n_factors=3)
    np.testing.assert_allclose(turned.loadings.loc[ITEMS.columns], result.loadings, atol=1e-5)


def test_scores_of_the_same_rows_are_the_same():
    result = fit_factors(ITEMS, seed=1, n_factors=3, scoring="bartlett")
    scores = score_factors(ITEMS.head(5), result)
    np.testing.assert_allclose(scores, result.scores.head(5), atol=1e-12)
    np.testing.assert_allclose(result.scores.mean(), 0, atol=1e-12)
    with pytest.raises(ModelError, match="lacking: Q9"):
        score_factors(ITEMS.drop(columns="Q9"), result)


def test_no_factor_in_unrelated_variables():
    frame = pd.DataFrame(np.random.default_rng(2).normal(size=(300, 8)), columns=list("abcdefgh"))
    screen = screen_factors(frame, seed=1)
    assert screen.n_factors == 0
    assert [check.passed for check in screen.checks] == [False, False, True]
    with pytest.raises(ModelError, match="finds no factor"):
        fit_factors(frame, seed=1)


def test_variables_that_determine_one_another_are_named():
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(rng.normal(size=(200, 4)), columns=["purchases", "basket", "days", "web"])
    frame["days"] += frame["basket"]
    frame.insert(3, "revenue", frame["purchases"] + frame["basket"])
    frame["weeks"] = frame["days"] / 7
    frame["same"] = 1.0
    frame["rare"] = np.where(np.arange(200) < 90, rng.normal(size=200), np.nan)
    frame.loc[0, "web"] = np.nan
    found = correlate(frame)
    assert found.variables == ["purchases", "basket", "days", "web"]
    assert (found.n, found.n_left_out) == (199, 1)
    left = found.left_out.set_index("variable")
    assert left.loc["revenue", "determined_by"] == "purchases, basket"
    assert left.loc["revenue", "r_squared"] == pytest.approx(1)
    assert left.loc["weeks", "determined_by"] == "days"
    assert left["reason"].to_dict() == {
        "rare": "known for too few",
        "same": "equal for all",
        "revenue": "determined by others",
        "weeks": "determined by others",
    }
    assert left.loc["rare", "share_known"] == pytest.approx(0.45)
    kept = correlate(frame[["purchases", "basket", "revenue"]], drop_redundant=False)
    assert kept.variables == ["purchases", "basket", "revenue"]


def test_heywood_cases_are_flagged_or_refused():
    # One factor cannot imply these correlations: the first would need a communality of 1.28.
    names = list("abc")
    matrix = pd.DataFrame([[1, 0.8, 0.8], [0.8, 1, 0.5], [0.8, 0.5, 1]], names, names)
    frame = rows_with(matrix, 100)
    result = fit_factors(frame, seed=1, n_factors=1, n_draws=20)
    assert result.heywood == ("a",)
    assert not result.checks[3].passed
    assert "(a)" in result.checks[3].consequence
    assert result.explained["determinacy"].max() <= 1
    with pytest.raises(ModelError, match="communality passes 1"):
        fit_factors(frame, seed=1, n_factors=1, method="principal axis")


def test_three_variables_are_solved_by_hand():
    # One factor of three variables: loading a = sqrt(r_ab * r_ac / r_bc).
    names = list("abc")
    matrix = pd.DataFrame([[1, 0.6, 0.5], [0.6, 1, 0.4], [0.5, 0.4, 1]], names, names)
    for method in ("minres", "principal axis", "ml"):
        result = fit_factors(rows_with(matrix, 50), seed=1, n_factors=1, method=method)
        by_hand = np.sqrt([0.6 * 0.5 / 0.4, 0.6 * 0.4 / 0.5, 0.5 * 0.4 / 0.6])
        np.testing.assert_allclose(result.loadings["factor 1"], by_hand, atol=1e-5)
        assert result.fit is None
        assert result.residual < 1e-5


def test_counts_of_identified_factors():
    assert [count_identified(p) for p in (3, 4, 5, 6, 8, 9)] == [1, 1, 2, 3, 4, 5]
    assert degrees_of_freedom(24, 4) == 186


def test_tables_and_metrics_are_complete():
    result = fit_factors(ITEMS, seed=1)
    assert list(result.table()) == ["variable", "factor 1", "factor 2", "factor 3", "communality"]
    assert result.table()["variable"].head(3).isin(["Q1", "Q2", "Q3"]).all() or result.n_factors
    assert result.variance()["share of what is explained"].sum() == pytest.approx(1)
    assert result.to_metrics()["n_factors"] == 3
    assert list(result.screen.table()) == [
        "variable",
        "sampling adequacy",
        "variance shared with the others",
    ]
    assert len(result.screen.parallel.table()) == 9


def test_refusals():
    with pytest.raises(SettingsError, match="did you mean 'oblimin'"):
        fit_factors(ITEMS, seed=1, rotation="oblimn")
    with pytest.raises(SettingsError, match="n_factors = -1"):
        fit_factors(ITEMS, seed=1, n_factors=-1)
    with pytest.raises(SettingsError, match="at least 20 draws"):
        screen_factors(ITEMS, seed=1, n_draws=5)
    with pytest.raises(SettingsError, match="percentile = 100"):
        screen_factors(ITEMS, seed=1, percentile=100)
    with pytest.raises(ModelError, match="6 factors cannot be told apart from 9 variables"):
        fit_factors(ITEMS, seed=1, n_factors=6)
    with pytest.raises(ModelError, match=r"variables: 2 \(left out: c: equal for all\)"):
        screen_factors(ITEMS[["Q1", "Q2"]].assign(c=1), seed=1)
    with pytest.raises(ModelError, match="more complete rows than variables"):
        screen_factors(ITEMS.head(9), seed=1)
    with pytest.raises(ModelError, match="two variables that vary"):
        screen_factors(ITEMS.head(0), seed=1)
    with pytest.raises(DataError, match="'Q1' is str"):
        screen_factors(ITEMS.assign(Q1="a"), seed=1)
    with pytest.raises(DataError, match="infinite"):
        screen_factors(ITEMS.assign(Q1=np.inf), seed=1)
    with pytest.raises(DataError, match="stands twice"):
        screen_factors(pd.concat([ITEMS, ITEMS], axis=1), seed=1)
    assert not fit_factors(NotAvailable("no survey"), seed=1)
    assert analyse_parallel(np.eye(3), n=50, seed=1, n_draws=20).n_components in (0, 1)
