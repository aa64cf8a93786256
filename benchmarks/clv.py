"""Purchase and spend models, and what follows from them: crmstudy against lifetimes 0.11.3.

Both get the same purchase histories: CDNOW's 2,357 customers, and 100,000 and 1,000,000
simulated ones with CDNOW's parameters. ``clv_<n>`` times BG/NBD and Gamma-Gamma with standard
errors; crmstudy's time includes pooling equal histories. MBG/NBD and Pareto/NBD follow, each at
lifetimes' own tolerance; its Pareto/NBD gives no standard errors. The best of several runs counts.
The engines agree when the log-likelihoods at their estimates do. The last line takes the
smallest of the ``clv_<n>`` ratios and the largest of all differences.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from importlib.metadata import distribution
from itertools import pairwise
from time import perf_counter
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd

from crmstudy.value.histories.purchases import PurchaseSummary, summarise_purchases
from crmstudy.value.lifetime.clv import lifetime_value
from crmstudy.value.lifetime.gamma_gamma import GammaGammaLikelihood, fit_gamma_gamma
from crmstudy.value.purchasing.bg_nbd import BgNbdLikelihood
from crmstudy.value.purchasing.btyd import fit_bg_nbd, fit_mbg_nbd, fit_pareto_nbd
from crmstudy.value.purchasing.mbg_nbd import MbgNbdLikelihood
from crmstudy.value.purchasing.pareto_nbd import ParetoNbdLikelihood

SIZES = {2_357: 9, 100_000: 3, 1_000_000: 1}  # customers: runs of lifetimes
RUNS = 5  # of crmstudy, at least
PREDICTED = 1_000_000
TOLERANCE = 1e-6
START = 1  # seed of the peer's first guess

OURS = {"BG/NBD": fit_bg_nbd, "MBG/NBD": fit_mbg_nbd, "Pareto/NBD": fit_pareto_nbd}
LIKELIHOODS = {
    "BG/NBD": BgNbdLikelihood,
    "MBG/NBD": MbgNbdLikelihood,
    "Pareto/NBD": ParetoNbdLikelihood,
}
THEIRS = {
    "BG/NBD": "BetaGeoFitter",
    "MBG/NBD": "ModifiedBetaGeoFitter",
    "Pareto/NBD": "ParetoNBDFitter",
}
LIMITS = {"BG/NBD": 1_000_000, "MBG/NBD": 100_000, "Pareto/NBD": 100_000}  # sizes left to lifetimes
Estimates = dict[str, np.ndarray]
Engine = Callable[[PurchaseSummary], Estimates]


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


def load_peer() -> ModuleType | None:
    """Return lifetimes, if it is installed."""
    try:
        with warnings.catch_warnings():
            # It sets a pandas option at import that pandas 3 deprecates; nothing depends on it.
            warnings.filterwarnings("ignore", message="The 'mode.chained_assignment' option")
            import lifetimes  # type: ignore[import-untyped]
    except ImportError:
        return None
    return lifetimes


def our_engine(name: str, *, with_spend: bool) -> Engine:
    def fit(summary: PurchaseSummary) -> Estimates:
        answers = {name: OURS[name](summary).estimates.values}
        if with_spend:
            answers["Gamma-Gamma"] = fit_gamma_gamma(summary).estimates.values
        return answers

    return fit


def their_engine(name: str, peer: ModuleType, *, with_spend: bool) -> Engine:
    def fit(summary: PurchaseSummary) -> Estimates:
        x, mean = summary.x, summary.customers["mean_spend"].to_numpy()
        model: Any = getattr(peer, THEIRS[name])().fit(x, summary.t_x, summary.T)
        answers = {name: model.params_.to_numpy()}
        if with_spend:
            spend = peer.GammaGammaFitter().fit(x[x > 0], mean[x > 0])
            answers["Gamma-Gamma"] = spend.params_.to_numpy()
        return answers

    return fit


def log_likelihoods(summary: PurchaseSummary, answers: Estimates) -> np.ndarray:
    """Evaluate our likelihoods at somebody's estimates."""
    x, mean = summary.x, summary.customers["mean_spend"].to_numpy()
    found = []
    for name, values in answers.items():
        if name == "Gamma-Gamma":
            found.append(GammaGammaLikelihood(x[x > 0], mean[x > 0])(values)[0])
        else:
            weights = np.ones_like(x)
            found.append(LIKELIHOODS[name](x, summary.t_x, summary.T, weights)(values)[0])
    return np.array(found)


def compare(
    label: str, summary: PurchaseSummary, engines: dict[str, Engine], repeats: int
) -> tuple[float, float, float]:
    """Time both engines in turn; return the ratio, the disagreement and our seconds."""
    best, answers = dict.fromkeys(engines, float("inf")), {}
    runs = {"crmstudy": max(repeats, RUNS), "lifetimes": repeats}
    for run in range(max(runs.values())):
        for name, fit in engines.items():
            if run >= runs[name]:
                continue
            # lifetimes draws where it starts from NumPy's global generator; from some starts it
            # stops short of the maximum.
            np.random.seed(START)  # noqa: NPY002
            start = perf_counter()
            answers[name] = fit(summary)
            best[name] = min(best[name], perf_counter() - start)
    reached = {name: log_likelihoods(summary, found) for name, found in answers.items()}
    agreement = float(np.abs(reached["lifetimes"] / reached["crmstudy"] - 1).max())
    for name, seconds in best.items():
        print(f"{label:<20} {name:<10} {seconds:>9.4f} {reached[name].sum():>18.6f}", flush=True)
    ratio = best["lifetimes"] / best["crmstudy"]
    print(f"{label} ratio {ratio:.1f} agreement {agreement:.1e}", flush=True)
    return ratio, agreement, best["crmstudy"]


def compare_all(
    summaries: dict[int, PurchaseSummary], peer: ModuleType
) -> tuple[list[float], list[float]]:
    """All models at all sizes that lifetimes can do; the ratios are those of ``clv_<n>``."""
    ratios, differences = [], []
    for name in OURS:
        with_spend, seconds = name == "BG/NBD", {}
        engines = {
            "crmstudy": our_engine(name, with_spend=with_spend),
            "lifetimes": their_engine(name, peer, with_spend=with_spend),
        }
        word = "clv" if with_spend else name.lower().replace("/", "_")
        for n, repeats in SIZES.items():
            if n > LIMITS[name]:
                seconds[n] = time_alone(engines["crmstudy"], summaries[n])
                print(f"{word}_{n:<12} crmstudy   {seconds[n]:>9.4f}", flush=True)
                continue
            ratio, difference, seconds[n] = compare(f"{word}_{n}", summaries[n], engines, repeats)
            differences.append(difference)
            if with_spend:
                ratios.append(ratio)
        print_growth(word, seconds)
    return ratios, differences


def time_alone(fit: Engine, summary: PurchaseSummary) -> float:
    taken = []
    for _ in range(RUNS):
        start = perf_counter()
        fit(summary)
        taken.append(perf_counter() - start)
    return min(taken)


def print_growth(word: str, seconds: dict[int, float]) -> None:
    for small, large in pairwise(seconds):
        print(
            f"{word} growth x {seconds[large] / seconds[small]:.1f} "
            f"for x {large / small:.1f} customers"
        )


def time_predictions(summary: PurchaseSummary) -> None:
    """Seconds to predict all customers one by one: alive, purchases of a year, lifetime value."""
    history, spend = (summary.x, summary.t_x, summary.T), fit_gamma_gamma(summary)
    for name, fit in OURS.items():
        model = fit(summary)
        jobs = {
            "alive": lambda model=model: model.probability_alive(*history),
            "purchases": lambda model=model: model.conditional_expected_purchases(*history, 52),
            "value": lambda model=model: lifetime_value(
                model, spend, summary, horizon_weeks=52, annual_discount_rate=0.1, margin=0.3
            ),
        }
        taken = []
        for job, run in jobs.items():
            start = perf_counter()
            run()
            taken.append(f"{job} {perf_counter() - start:.2f}")
        print(f"predict_{summary.x.size} {name} seconds: {', '.join(taken)}", flush=True)


def main() -> int:
    peer = load_peer()
    if peer is None:
        print("clv skipped: install lifetimes")
        return 0
    summaries = {n: read_cdnow() if n == 2_357 else simulate_customers(n) for n in SIZES}
    print(f"{'fit_customers':<20} {'engine':<10} {'seconds':>9} {'log-likelihood':>18}")
    ratios, differences = compare_all(summaries, peer)
    time_predictions(summaries[PREDICTED])
    if max(differences) > TOLERANCE:
        print("the engines disagree", file=sys.stderr)
    print(f"clv ratio {min(ratios):.1f} agreement {max(differences):.1e}")
    return int(max(differences) > TOLERANCE)


if __name__ == "__main__":
    raise SystemExit(main())
