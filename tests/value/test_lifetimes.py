"""A second engine: estimates and predictions of lifetimes 0.11.3 (tests/reference/lifetimes)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad

from crmstudy.value.histories.purchases import PurchaseSummary
from crmstudy.value.lifetime.gamma_gamma import GammaGammaLikelihood, fit_gamma_gamma
from crmstudy.value.purchasing import bg_nbd, mbg_nbd, pareto_nbd
from crmstudy.value.purchasing.btyd import fit_bg_nbd, fit_mbg_nbd, fit_pareto_nbd

FOLDER = Path(__file__).parents[1] / "reference" / "lifetimes"
FITS = {"BG/NBD": fit_bg_nbd, "MBG/NBD": fit_mbg_nbd, "Pareto/NBD": fit_pareto_nbd}
FORMULAS = {"BG/NBD": bg_nbd, "MBG/NBD": mbg_nbd, "Pareto/NBD": pareto_nbd}
LIKELIHOODS = {
    "BG/NBD": bg_nbd.BgNbdLikelihood,
    "MBG/NBD": mbg_nbd.MbgNbdLikelihood,
    "Pareto/NBD": pareto_nbd.ParetoNbdLikelihood,
}
EXPECTED = pd.read_csv(FOLDER / "expected.csv")
PREDICTIONS = pd.read_csv(FOLDER / "predictions.csv")
EDGES = pd.read_csv(FOLDER / "edges.csv")

each_model = pytest.mark.parametrize("name", list(FITS))
each_data = pytest.mark.parametrize("data", ["cdnow", "simulated"])


@pytest.fixture(scope="module")
def summaries(cdnow, summary_of) -> dict[str, PurchaseSummary]:
    rows = pd.read_csv(FOLDER / "histories.csv")
    mean = rows["mean_spend"].where(rows["x"] > 0)
    return {"cdnow": cdnow, "simulated": summary_of(rows["x"], rows["t_x"], rows["T"], mean)}


def estimates_of(data: str, name: str) -> dict[str, float]:
    rows = EXPECTED[(EXPECTED["data"] == data) & (EXPECTED["model"] == name)]
    return dict(zip(rows["quantity"], rows["value"], strict=True))


@each_data
@each_model
def test_purchase_models_reach_the_same_maximum(summaries, data, name):
    theirs, summary = estimates_of(data, name), summaries[data]
    reached = theirs.pop("log_likelihood")
    likelihood = LIKELIHOODS[name](summary.x, summary.t_x, summary.T, np.ones(summary.x.size))
    assert likelihood(np.array(list(theirs.values())))[0] == pytest.approx(reached, rel=1e-11)
    ours = FITS[name](summary).estimates
    assert reached - 1e-8 <= ours.log_likelihood <= reached + 1e-6
    np.testing.assert_allclose(ours.values, list(theirs.values()), rtol=2e-5)


@each_data
def test_gamma_gamma_reaches_the_same_maximum(summaries, data):
    theirs, summary = estimates_of(data, "Gamma-Gamma"), summaries[data]
    values = np.array([theirs["p"], theirs["q"], theirs["v"]])
    back = summary.customers[summary.customers["priced_purchases"] > 0]
    likelihood = GammaGammaLikelihood(
        back["repeat_purchases"].to_numpy(np.float64), back["mean_spend"].to_numpy()
    )
    assert likelihood(values)[0] == pytest.approx(theirs["log_likelihood"], rel=1e-11)
    ours = fit_gamma_gamma(summary)
    assert ours.estimates.log_likelihood == pytest.approx(theirs["log_likelihood"], abs=1e-6)
    np.testing.assert_allclose(ours.estimates.values, values, rtol=2e-5)
    spend = ours.expected_spend([0, 1, 3, 29], [np.nan, 12.5, 80, 35])
    np.testing.assert_allclose(spend, [theirs[f"spend_{i}"] for i in range(4)], rtol=1e-5)


@each_data
@each_model
def test_predictions_are_the_same_at_the_same_estimates(data, name):
    values = estimates_of(data, name)
    del values["log_likelihood"]
    rows = PREDICTIONS[(PREDICTIONS["data"] == data) & (PREDICTIONS["model"] == name)]
    x, t_x, T = (rows[column].to_numpy() for column in ("x", "t_x", "T"))
    alive = FORMULAS[name].probability_alive(x, t_x, T, **values)
    np.testing.assert_allclose(alive, rows["alive"], rtol=1e-9, atol=1e-300)
    for horizon in (1, 39, 520):
        ahead = FORMULAS[name].purchases_while_alive(x, T, np.full(x.size, 1.0 * horizon), **values)
        np.testing.assert_allclose(alive * ahead, rows[f"next_{horizon}"], rtol=1e-9, atol=1e-300)


def predict(row: pd.Series, shift: float = 0.0) -> tuple[float, float]:
    """P(alive) and purchases of the next 39 weeks; the dropout shape (a or s) moved a little."""
    third = "s" if row["model"] == "Pareto/NBD" else "a"
    names = ["r", "alpha", third, "beta" if third == "s" else "b"]
    values = dict(zip(names, row[["p1", "p2", "p3", "p4"]].astype(float), strict=True))
    values[third] *= 1 + shift
    x, t_x, T = (np.array([float(row[column])]) for column in ("x", "t_x", "T"))
    formulas = FORMULAS[row["model"]]
    alive = formulas.probability_alive(x, t_x, T, **values)[0]
    ahead = formulas.purchases_while_alive(x, T, np.array([39.0]), **values)[0]
    return float(alive), float(alive * ahead)


def test_lifetimes_differs_only_where_its_formulas_break():
    """The list of its README: a = 1, s = 1, a + b = 1 with x = 0, and 800 purchases."""
    broken = EDGES[~np.isfinite(EDGES["next_39"])]
    new = (broken["model"] == "BG/NBD") & (broken["p3"] + broken["p4"] == 1) & (broken["x"] == 0)
    many = (broken["model"] == "Pareto/NBD") & (broken["x"] == 800)
    assert ((broken["p3"] == 1) | new | many).all()
    assert len(broken) == 17
    for _, row in EDGES[np.isfinite(EDGES["next_39"])].iterrows():
        assert predict(row) == pytest.approx((row["alive"], row["next_39"]), rel=2e-8)


def test_where_lifetimes_breaks_the_limit_is_found():
    """Smooth in the dropout shape: what stands there is the mean of its neighbours."""
    broken = EDGES[~np.isfinite(EDGES["next_39"])]
    for _, row in broken.iterrows():
        at, above, below = (predict(row, shift)[1] for shift in (0, 1e-4, -1e-4))
        assert at == pytest.approx((above + below) / 2, rel=1e-6)


def test_eight_hundred_purchases_are_no_trouble():
    """Where lifetimes says nan: the integral over the time of leaving, relative to staying."""
    row = EDGES[EDGES["alive"].isna()].iloc[0]
    r, alpha, s, beta = row[["p1", "p2", "p3", "p4"]].astype(float)
    x, t_x, T = float(row["x"]), float(row["t_x"]), float(row["T"])

    def relative(u: float) -> float:
        return np.exp(
            (r + x) * np.log((alpha + T) / (alpha + u))
            + s * np.log((beta + T) / (beta + u))
            + np.log(s / (beta + u))
        )

    left = quad(relative, t_x, T, epsabs=0, epsrel=1e-12)[0]
    assert predict(row)[0] == pytest.approx(1 / (1 + left), rel=1e-10)
