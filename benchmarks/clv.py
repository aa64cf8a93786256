"""BG/NBD and Gamma-Gamma fits: crmstudy against lifetimes 0.11.3.

Both get the same purchase histories (CDNOW's 2,357 customers, and 100,000 simulated ones with
CDNOW's parameters) and fit both models with standard errors. crmstudy's time includes pooling
equal histories. The engines agree when the log-likelihoods at their estimates do; the last line
takes the smaller of the two ratios and the larger of the two differences.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from importlib.metadata import distribution
from time import perf_counter

import numpy as np
import pandas as pd

from crmstudy.value import PurchaseSummary, fit_bg_nbd, fit_gamma_gamma, summarise_purchases
from crmstudy.value.lifetime.gamma_gamma import GammaGammaLikelihood
from crmstudy.value.purchasing.bg_nbd import BgNbdLikelihood

SIZES = {2_357: 9, 100_000: 3}  # customers: repetitions
TOLERANCE = 1e-6
Fits = tuple[np.ndarray, np.ndarray]


def read_cdnow() -> PurchaseSummary:
    path = distribution("lifetimes").locate_file("lifetimes/datasets/CDNOW_sample.txt")
    columns = ["master_id", "customer_id", "ordered_at", "quantity", "revenue"]
    log = pd.read_csv(str(path), sep=r"\s+", header=None, names=columns, dtype={"customer_id": str})
    log["ordered_at"] = pd.to_datetime(log["ordered_at"].astype(str), format="%Y%m%d")
    return summarise_purchases(log, calibration_end="1997-09-30")


def simulate_customers(n: int, seed: int = 20261123) -> PurchaseSummary:
    """Draw customers from BG/NBD and Gamma-Gamma; all times are whole days, in weeks."""
    rng = np.random.default_rng(seed)
    age_days = rng.integers(189, 273, n)
    rate = rng.gamma(0.243, 1 / 4.414, n) / 7
    dropout = rng.beta(0.793, 2.426, n)
    x, now, last = np.zeros(n), np.zeros(n), np.zeros(n)
    active = np.ones(n, dtype=bool)
    while active.any():
        now = now + rng.exponential(1 / rate)
        active &= now <= age_days
        x[active] += 1
        last[active] = np.ceil(now[active])
        active &= rng.random(n) >= dropout
    total = rng.gamma(6.25 * np.maximum(x, 1), 1 / rng.gamma(3.74, 1 / 15.44, n))
    customers = pd.DataFrame(
        {
            "customer_id": np.arange(n).astype(str),
            "repeat_purchases": x,
            "last_purchase_weeks": last / 7,
            "age_weeks": age_days / 7,
            "mean_spend": np.divide(total, x, out=np.full(n, np.nan), where=x > 0),
            "priced_purchases": x,
        }
    )
    return PurchaseSummary(customers)


def fit_ours(summary: PurchaseSummary) -> Fits:
    return fit_bg_nbd(summary).estimates.values, fit_gamma_gamma(summary).estimates.values


def load_peer() -> Callable[[PurchaseSummary], Fits] | None:
    """Return lifetimes' fits of both models, if it is installed."""
    try:
        with warnings.catch_warnings():
            # It sets a pandas option at import that pandas 3 deprecates; nothing depends on it.
            warnings.filterwarnings("ignore", message="The 'mode.chained_assignment' option")
            from lifetimes import BetaGeoFitter, GammaGammaFitter  # type: ignore[import-untyped]
    except ImportError:
        return None

    def fit_theirs(summary: PurchaseSummary) -> Fits:
        x, mean = summary.x, summary.customers["mean_spend"].to_numpy()
        purchases = BetaGeoFitter().fit(x, summary.t_x, summary.T)
        spend = GammaGammaFitter().fit(x[x > 0], mean[x > 0])
        return purchases.params_.to_numpy(), spend.params_.to_numpy()

    return fit_theirs


def log_likelihoods(summary: PurchaseSummary, fits: Fits) -> np.ndarray:
    """Evaluate both models' likelihoods at somebody's estimates."""
    x, mean = summary.x, summary.customers["mean_spend"].to_numpy()
    purchases = BgNbdLikelihood(x, summary.t_x, summary.T, np.ones_like(x))
    spend = GammaGammaLikelihood(x[x > 0], mean[x > 0])
    return np.array([purchases(fits[0])[0], spend(fits[1])[0]])


def compare(
    summary: PurchaseSummary, fit_theirs: Callable[[PurchaseSummary], Fits], repeats: int
) -> tuple[float, float]:
    """Time both engines in turn and print a line; return the ratio and the disagreement."""
    engines = {"crmstudy": fit_ours, "lifetimes": fit_theirs}
    answers = {name: fit(summary) for name, fit in engines.items()}  # also warms up
    best = dict.fromkeys(engines, float("inf"))
    for _ in range(repeats):
        for name, fit in engines.items():
            start = perf_counter()
            fit(summary)
            best[name] = min(best[name], perf_counter() - start)
    reached = {name: log_likelihoods(summary, fits) for name, fits in answers.items()}
    agreement = float(np.abs(reached["lifetimes"] / reached["crmstudy"] - 1).max())
    parameters = np.abs(
        np.concatenate(answers["lifetimes"]) / np.concatenate(answers["crmstudy"]) - 1
    ).max()
    n = len(summary.customers)
    for name, seconds in best.items():
        print(f"{n:>9,} {name:<10} {seconds:>9.4f} {reached[name].sum():>18.6f}")
    print(f"{n:>9,} largest relative difference of a parameter {parameters:.1e}")
    ratio = best["lifetimes"] / best["crmstudy"]
    print(f"clv_{n} ratio {ratio:.1f} agreement {agreement:.1e}")
    return ratio, agreement


def main() -> int:
    fit_theirs = load_peer()
    if fit_theirs is None:
        print("clv skipped: install lifetimes")
        return 0
    print(f"{'customers':>9} {'engine':<10} {'seconds':>9} {'log-likelihood':>18}")
    results = [
        compare(read_cdnow() if n == 2_357 else simulate_customers(n), fit_theirs, repeats)
        for n, repeats in SIZES.items()
    ]
    ratio, agreement = min(r for r, _ in results), max(a for _, a in results)
    if agreement > TOLERANCE:
        print("the engines disagree", file=sys.stderr)
    print(f"clv ratio {ratio:.1f} agreement {agreement:.1e}")
    return int(agreement > TOLERANCE)


if __name__ == "__main__":
    raise SystemExit(main())
